"""The matching form: one spelling for what is the same to a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.explain.normalise import LONGEST_TEXT, normalise

TEXTS = [
    # Realistic.
    ("User Unknown", " user unknown "),
    ("<anna@example.com>: User unknown.", " anna@example.com user unknown "),
    ("User\r\n\tunknown", " user unknown "),
    ("mailbox-full", " mailbox full "),
    ("couldn't, couldn’t, couldn`t", " couldnt couldnt couldnt "),
    ("Příjemce neexistuje", " prijemce neexistuje "),
    ("Empfänger", " empfanger "),
    ("„Postfach“ «voll»", " postfach voll "),
    ("mx.example.com. said", " mx.example.com said "),
    ("retry... later", " retry later "),
    ("retry… later", " retry later "),
    ("see https://example.com/a?b=1", " see https example.com a b 1 "),
    ("5.7.1 S&T+x", " 5.7.1 s&t+x "),
    ("用户不存在。请检查", " 用户不存在 请检查 "),
    # Realistic: full-width letters, ligatures, signs, soft hyphens.
    ("Ｕｓｅｒ　ｕｎｋｎｏｗｎ", " user unknown "),
    ("oﬃce", " office "),
    ("№ 5", " no 5 "),
    ("İSTANBUL", " istanbul "),
    ("de\u00adlivery\u200b", " delivery "),
    # Synthetic.
    ("a..b", " a b "),
    ("a . b", " a b "),
    (".a", " .a "),
    # Pathological: no word.
    ("", " "),
    ("  \n ", " "),
    ("...", " "),
    ("***", " "),
    ("\x00\x07", " "),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_the_matching_form_is_what_words_remain(text: str, expected: str) -> None:
    """Case, accents, punctuation, widths and line ends tell no failures apart."""
    assert normalise(text) == expected


def test_long_texts_are_cut() -> None:
    """The work for one text is bounded."""
    assert len(normalise("ab " * LONGEST_TEXT)) <= LONGEST_TEXT + 2


@given(st.text())
def test_words_are_parted_by_single_spaces(text: str) -> None:
    """Phrases look for single spaces between words, and one at each end."""
    form = normalise(text)
    assert form == " " or (form[0] == form[-1] == " " and "  " not in form)


@given(st.text())
def test_the_matching_form_of_a_matching_form_is_itself(text: str) -> None:
    """A text and a phrase copied from its matching form meet."""
    form = normalise(text)
    assert normalise(form) == form


@given(st.text(), st.text())
def test_line_ends_and_case_decide_nothing(one: str, other: str) -> None:
    """A reply wrapped or shouted is the same reply."""
    assert normalise(f"{one} {other}") == normalise(f"{one}\r\n  {other}")
    assert normalise("user unknown " + one) == normalise("USER UNKNOWN " + one)
