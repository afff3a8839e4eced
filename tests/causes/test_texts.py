"""Texts of causes: filled in, in every language, with and without the evidence's values."""

from __future__ import annotations

import re
from itertools import product

import pytest

from mailwright.causes.catalogue import catalogue
from mailwright.causes.texts import FILLERS, CauseTexts, languages, texts_in

KNOWN = {"recipient": "anna@example.com", "domain": "example.com", "host": "mx.example.com"}
CAUSES = list(catalogue().values())

#: An open place, a doubled space, a space before a full stop, or one at an end.
GAP = re.compile(r"[{}]| {2}| [.,;:!?](\s|$)| [。，；：]|^ | $")

every_language = pytest.mark.parametrize("language", languages())


def all_texts(texts: CauseTexts, values: dict[str, str | None]) -> list[str]:
    """Return every text of every cause, filled in."""
    return [
        text
        for cause in CAUSES
        for text in (texts.title(cause), texts.explanation(cause, values), *texts.fixes(cause, values))
    ]


@every_language
@pytest.mark.parametrize("missing", list(product([False, True], repeat=3)), ids=str)
def test_texts_are_whole_whatever_is_known(language: str, missing: tuple[bool, ...]) -> None:
    """No place is left open, and no gap shows where a value is not known."""
    values: dict[str, str | None] = {
        name: None if gone else value for (name, value), gone in zip(KNOWN.items(), missing, strict=True)
    }
    assert [text for text in all_texts(texts_in(language), values) if GAP.search(text)] == []


@every_language
def test_what_is_known_stands_in_the_texts(language: str) -> None:
    """A text with a place for the recipient names the recipient."""
    texts = texts_in(language)
    for cause in CAUSES:
        shown = " ".join([texts.explanation(cause, KNOWN), *texts.fixes(cause, KNOWN)])
        wanted = [KNOWN[name] for name in FILLERS if "{" + name + "}" in " ".join([cause.explanation, *cause.fixes])]
        assert [value for value in wanted if value not in shown] == [], cause.id


@every_language
def test_values_are_put_in_as_they_are(language: str) -> None:
    """An address with braces in it is data, not a place to fill."""
    values: dict[str, str | None] = {"recipient": "{host}@example.com", "domain": "example.com", "host": None}
    cause = catalogue()["address-unknown"]
    assert "{host}@example.com" in " ".join(texts_in(language).fixes(cause, values))


@every_language
def test_titles_tell_the_causes_apart(language: str) -> None:
    """Two causes of one reason are still two titles for the reader."""
    titles = [texts_in(language).title(cause) for cause in CAUSES]
    assert sorted(title for title in titles if titles.count(title) > 1) == []


def test_english_is_the_source() -> None:
    """English comes first and says what the catalogue says."""
    cause = catalogue()["mailbox-full"]
    assert languages()[0] == "en"
    assert texts_in("en").title(cause) == cause.title


def test_other_languages_differ_from_english() -> None:
    """A language whose texts are English is not translated."""
    for language in languages()[1:]:
        same = [cause.id for cause in CAUSES if texts_in(language).explanation(cause, {}) == cause.explanation]
        assert same == [], language


def test_an_unknown_language_is_refused() -> None:
    """The caller decides what to speak instead."""
    with pytest.raises(LookupError):
        CauseTexts("tlh")
