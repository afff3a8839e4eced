"""Facts: what a client must know of a message before it sends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.deliver.facts import LONGEST_HEADER, scan

MAIL = b"From: a@example.com\r\nSubject: x\r\n y\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    ("raw", "size", "longest", "bare"),
    [
        (b"", 0, 0, 0),
        (b"a", 1, 1, 0),
        (b"a\r\n", 3, 3, 0),
        (b"a\n", 3, 3, 1),
        (b"a\rb\n", 6, 5, 2),
        (b"\r", 2, 1, 1),
        (b"\n\n", 4, 2, 2),
        (b"\r\r\n", 4, 3, 1),
        (MAIL, len(MAIL), 21, 0),
        (MAIL.replace(b"\r\n", b"\n"), len(MAIL), 21, 5),
    ],
)
def test_size_counts_every_line_end_as_crlf(raw: bytes, size: int, longest: int, bare: int) -> None:
    """RFC 1870 3: the size is that of the message as it is transferred."""
    facts = scan((raw,))
    assert (facts.size, facts.longest_line, facts.bare_line_ends) == (size, longest, bare)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (MAIL, ("from", "subject")),
        (MAIL.replace(b"\r\n", b"\n"), ("from", "subject")),
        (b"From: a\r\nno field\r\nTo: b\r\n\r\n", ("from",)),
        (b"\r\nFrom: a\r\n", ()),
        (b"Hello\r\n", ()),
        (b"X : 1\r\nX: 2\r\n\r\n", ("x", "x")),
        (b"From: a", ("from",)),
        ("Ünder: a\r\n\r\n".encode(), ()),
    ],
)
def test_the_names_of_header_fields_are_told(raw: bytes, fields: tuple[str, ...]) -> None:
    """Lower case, in order; what is no field ends the reading."""
    assert scan((raw,)).fields == fields


@pytest.mark.parametrize(
    ("raw", "eight_bit", "nul", "utf8_header"),
    [
        (MAIL, False, False, False),
        (MAIL + "ü".encode(), True, False, False),
        (b"Subject: \xc3\xbc\r\n\r\n", True, False, True),
        (MAIL + b"\x00", False, True, False),
    ],
)
def test_what_needs_an_extension_is_seen(raw: bytes, eight_bit: bool, nul: bool, utf8_header: bool) -> None:
    """8BITMIME, BINARYMIME and SMTPUTF8 have their own signs."""
    facts = scan((raw,))
    assert (facts.eight_bit, facts.nul, facts.utf8_header) == (eight_bit, nul, utf8_header)


def test_a_header_section_longer_than_the_limit_is_read_to_the_limit() -> None:
    """Memory stays bounded whatever is sent."""
    line = b"X: " + b"a" * 95 + b"\r\n"
    facts = scan([line] * 2_000)
    assert len(facts.fields) == -(-LONGEST_HEADER // len(line))
    assert facts.size == 2_000 * len(line)


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"bc", b"\xff"]), max_size=30))
def test_chunks_make_no_difference(pieces: list[bytes]) -> None:
    """A message cut anywhere has the facts of the whole one."""
    assert scan(pieces) == scan((b"".join(pieces),))
