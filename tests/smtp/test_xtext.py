"""xtext and utf-8-addr-xtext, both ways."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.smtp.xtext import XtextFault, decode_unicode, decode_xtext, encode_unicode, encode_xtext

XTEXT = [
    # Realistic.
    ("anna@example.test", "anna@example.test"),
    ("a+b@example.test", "a+2Bb@example.test"),
    ("e=mc2", "e+3Dmc2"),
    ("two words", "two+20words"),
    # Synthetic: nothing, and the ends of the plain range.
    ("", ""),
    ("!~", "!~"),
]


@pytest.mark.parametrize(("text", "encoded"), XTEXT)
def test_xtext_is_written_and_read(text: str, encoded: str) -> None:
    """What one half writes the other reads."""
    assert encode_xtext(text) == encoded
    assert decode_xtext(encoded) == text


@pytest.mark.parametrize(
    "encoded",
    ["a=b", "a b", "a+", "a+2", "a+2b", "a+GG", "a+0D+0A", "a+00", "a+7F", "a+FF", "a\tb", "é", "+"],
)
def test_what_is_no_xtext_is_refused(encoded: str) -> None:
    """Half an escape, small digits, bare signs and hidden line ends are no xtext."""
    with pytest.raises(XtextFault):
        decode_xtext(encoded)


def test_xtext_of_utf8_is_read_where_that_is_asked_for() -> None:
    """Whole printable characters are; halves of them, and octets of no character, are not."""
    assert decode_xtext("j+C3+BCrgen+2B", utf8=True) == "jürgen+"
    assert decode_xtext("anna", utf8=True) == "anna"
    for encoded in ("j+C3+BCrgen", "j+C3rgen"):
        with pytest.raises(XtextFault):
            decode_xtext(encoded)
    for encoded in ("j+C3rgen", "+FF", "+C2+85", "+E2+80+A8", "+ED+A0+80", "+0D+0A", "+C3+BC+0A", "+C3+BC=", "ü"):
        with pytest.raises(XtextFault):
            decode_xtext(encoded, utf8=True)


def test_xtext_carries_ascii_only() -> None:
    """Letters beyond ASCII have another encoding."""
    with pytest.raises(XtextFault):
        encode_xtext("é")


UNICODE = [
    ("anna@example.test", "anna@example.test"),
    ("用户@例子.test", "\\x{7528}\\x{6237}@\\x{4F8B}\\x{5B50}.test"),
    ("a+b", "a\\x{2B}b"),
    ("back\\slash", "back\\x{5C}slash"),
    ("😀@example.test", "\\x{1F600}@example.test"),
]


@pytest.mark.parametrize(("text", "encoded"), UNICODE)
def test_unicode_is_written_and_read(text: str, encoded: str) -> None:
    """What one half writes the other reads, in ASCII."""
    assert encode_unicode(text) == encoded
    assert decode_unicode(encoded) == text


def test_unicode_may_stand_as_it_is() -> None:
    """utf-8-addr-unitext has the letters themselves (RFC 6533 3)."""
    assert decode_unicode("用户@例子.test") == "用户@例子.test"


@pytest.mark.parametrize(
    "encoded",
    ["\\", "\\x", "\\x{", "\\x{}", "\\x{110000}", "\\x{D800}", "\\x{1234567}", "\\x{zz}", "a b", "a+b", "\\x{A}"],
)
def test_what_is_no_unicode_address_is_refused(encoded: str) -> None:
    """Half an escape, half a character and hidden line ends are refused."""
    with pytest.raises(XtextFault):
        decode_unicode(encoded)


@given(st.text())
def test_whatever_is_read_is_printable(text: str) -> None:
    """No value that is read could break the line of a report."""
    for decode in (decode_xtext, partial(decode_xtext, utf8=True), decode_unicode):
        try:
            decoded = decode(text)
        except XtextFault:
            continue
        assert decoded.isprintable()
