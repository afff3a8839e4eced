"""The reader's language: asked for, else the locale's, else English."""

from __future__ import annotations

import pytest

from mailwright.app.language import UnknownLanguage, choose_language

KNOWN = ("en", "cs", "de", "zh")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("de", "de"), ("DE", "de"), ("de_AT", "de"), ("de-CH", "de"), ("zh-Hans-CN", "zh"), ("zh_CN.UTF-8", "zh")],
)
def test_a_language_is_asked_for_in_any_spelling(asked: str, expected: str) -> None:
    """BCP 47 and POSIX both; the locale has no say then."""
    assert choose_language(asked, {"LC_ALL": "cs_CZ.UTF-8"}, KNOWN) == expected


@pytest.mark.parametrize("asked", ["fr", "xx", "", "deutsch", "-", "../de"])
def test_an_unknown_language_is_refused_with_those_there_are(asked: str) -> None:
    """A wrong word is not silently English."""
    with pytest.raises(UnknownLanguage) as refused:
        choose_language(asked, {}, KNOWN)
    assert (refused.value.asked, refused.value.known) == (asked, KNOWN)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "zh_TW.Big5"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "de_DE", "LC_MESSAGES": "cs_CZ"}, "cs"),
        ({"LANG": "de_DE", "LC_MESSAGES": "cs_CZ", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE", "LC_ALL": ""}, "de"),
        ({"LANG": "de_DE", "LC_ALL": "C"}, "en"),
        ({"LC_CTYPE": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de@euro"}, "en"),
    ],
)
def test_the_locale_decides_where_nothing_is_asked(environment: dict[str, str], expected: str) -> None:
    """The first of LC_ALL, LC_MESSAGES and LANG that is set wins; what is not known is English, not an error."""
    assert choose_language(None, environment, KNOWN) == expected
