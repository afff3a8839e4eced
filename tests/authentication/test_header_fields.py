"""Header fields with their exact octets: where they begin and end, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.header_fields import (
    LONGEST_HEADER,
    LONGEST_NAME,
    MOST_FIELDS,
    Header,
    HeaderFault,
    HeaderField,
    split_message,
    with_crlf,
)

BLOCKS = [
    # Realistic.
    (b"From: a\r\nTo: b\r\n", [(b"from", b"From: a"), (b"to", b"To: b")]),
    (b"A: 1\r\n\t2\r\n 3\r\nB: 4", [(b"a", b"A: 1\r\n\t2\r\n 3"), (b"b", b"B: 4")]),
    (b"A: 1\r\n\r\nB: 2", [(b"a", b"A: 1")]),
    # Synthetic: what is a field and what is not.
    (b"A \t: 1", [(b"a", b"A \t: 1")]),
    (b"no colon\r\nA: 1", [(b"", b"no colon"), (b"a", b"A: 1")]),
    (b"a b: 1", [(b"", b"a b: 1")]),
    (b": 1", [(b"", b": 1")]),
    (b"\xc3\xa4: 1", [(b"", b"\xc3\xa4: 1")]),
    (b" begins folded\r\nA: 1", [(b"", b" begins folded"), (b"a", b"A: 1")]),
    (
        b"From a@example.com Mon Jan  1 00:00:00 2024\r\nA: 1",
        [(b"", b"From a@example.com Mon Jan  1 00:00:00 2024"), (b"a", b"A: 1")],
    ),
    (b"A: 1\r\n \r\nB: 2", [(b"a", b"A: 1\r\n "), (b"b", b"B: 2")]),
    # Pathological: lone CR and LF are octets like any other.
    (b"A: 1\nB: 2\r\nC: 3\r", [(b"a", b"A: 1\nB: 2"), (b"c", b"C: 3\r")]),
    (b"A: 1\r\r\n", [(b"a", b"A: 1\r")]),
    (b"", []),
    (b"\r\n", []),
]


@pytest.mark.parametrize(("block", "expected"), BLOCKS)
def test_fields_are_read_with_all_their_octets(block: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    """Names are folded to lower case, octets are left as they are."""
    assert [(field.name, field.raw) for field in Header.parse(block).fields] == expected


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: 1\r\n\r\nbody\r\n", 1, b"body\r\n"),
        (b"A: 1\nB: 2\n\nbody\n", 2, b"body\r\n"),
        (b"A: 1\n\na\r\nb\n", 1, b"a\r\nb\r\n"),
        (b"A: 1\r\n\r\na\nb\r\n", 1, b"a\nb\r\n"),
        (b"\r\nbody", 0, b"body"),
        (b"A: 1\r\n", 1, b""),
        (b"A: 1\r\n\r\n", 1, b""),
        (b"", 0, b""),
        (b"\n", 0, b""),
    ],
)
def test_a_message_is_split_at_its_first_empty_line(raw: bytes, fields: int, body: bytes) -> None:
    """LF are line ends only where the first line ends with one."""
    header, found = split_message(raw)
    assert (len(header.fields), found) == (fields, body)


def test_limits_reached_and_passed_by_one() -> None:
    """A header as long as the limit is read, one octet or field more is refused."""
    assert len(Header.parse(b"A: 1\r\n" * MOST_FIELDS).fields) == MOST_FIELDS
    with pytest.raises(HeaderFault):
        Header.parse(b"A: 1\r\n" * (MOST_FIELDS + 1))
    longest = b"A: " + b"x" * (LONGEST_HEADER - 3)
    assert len(Header.parse(longest).fields) == 1
    for raw in (longest + b"x", longest + b"x\r\n\r\nbody"):
        with pytest.raises(HeaderFault):
            split_message(raw)
    assert split_message(longest + b"\r\n\r\nbody")[1] == b"body"
    assert HeaderField.read(b"n" * LONGEST_NAME + b": 1").name == b"n" * LONGEST_NAME
    assert HeaderField.read(b"n" * (LONGEST_NAME + 1) + b": 1").name == b""


def test_many_continuation_lines_take_linear_time() -> None:
    """A field of a hundred thousand lines is one field."""
    block = b"A: 1" + b"\r\n x" * 100_000
    assert Header.parse(block).fields[0].raw == block


def test_fields_are_found_by_name() -> None:
    """All of a name from the top, and the first; the value is unfolded for reading only."""
    header = Header.parse(b"A: 1\r\nB: x\r\n\ty \xff\r\na: 2\r\n")
    assert [field.value for field in header.all(b"a")] == [b" 1", b" 2"]
    first = header.first(b"b")
    assert first is not None
    assert (first.value, first.text) == (b" x\r\n\ty \xff", "x\ty \ufffd")
    assert header.first(b"c") is None
    assert header.all(b"c") == ()


@given(st.binary())
def test_nothing_is_lost(raw: bytes) -> None:
    """Fields, empty line and body are the message again."""
    header, body = split_message(raw)
    joined = b"\r\n".join(field.raw for field in header.fields)
    whole = with_crlf(raw)
    candidates = (joined, joined + b"\r\n", joined + b"\r\n\r\n" + body, b"\r\n" + body)
    assert whole in candidates
