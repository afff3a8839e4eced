"""TextWriter: transparent, with CRLF, and cut for TOP, whatever the pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.pop3.text_writer import TextWriter

MESSAGE = b"From: a\r\nTo: b\r\n\r\none\r\n.two\r\n\r\nthree\r\n"


def written(message: bytes, lines: int | None, piece: int) -> bytes:
    """Return what goes out for a message given in pieces."""
    writer, out = TextWriter(lines), b""
    for begin in range(0, len(message), piece):
        out += writer.write(message[begin : begin + piece])
    return out + writer.end()


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("message", "lines", "expected"),
    [
        (b"", None, b".\r\n"),
        (b".", None, b"..\r\n.\r\n"),
        (b"no end", None, b"no end\r\n.\r\n"),
        (b"a\nb\r\nc\r", None, b"a\r\nb\r\nc\r\n.\r\n"),
        (b"a\r\n.\r\nb\r\n", None, b"a\r\n..\r\nb\r\n.\r\n"),
        (MESSAGE, None, MESSAGE.replace(b".two", b"..two") + b".\r\n"),
        (MESSAGE, 0, b"From: a\r\nTo: b\r\n\r\n.\r\n"),
        (MESSAGE, 1, b"From: a\r\nTo: b\r\n\r\none\r\n.\r\n"),
        (MESSAGE, 2, b"From: a\r\nTo: b\r\n\r\none\r\n..two\r\n.\r\n"),
        (MESSAGE, 3, b"From: a\r\nTo: b\r\n\r\none\r\n..two\r\n\r\n.\r\n"),
        (MESSAGE, 99, MESSAGE.replace(b".two", b"..two") + b".\r\n"),
        (b"H: x\n\nb\nc\n", 1, b"H: x\r\n\r\nb\r\n.\r\n"),
        (b"H: x", 0, b"H: x\r\n.\r\n"),
        (b"\r\nbody\r\n", 0, b"\r\n.\r\n"),
        (b"\r\nbody\r\n", 1, b"\r\nbody\r\n.\r\n"),
        (b"\r\nbody", 1, b"\r\nbody\r\n.\r\n"),
        (b"", 5, b".\r\n"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_messages_are_written(message: bytes, lines: int | None, expected: bytes, piece: int) -> None:
    """The end stands on a line of its own, and TOP gets the headers, the blank line and as many lines as it wants."""
    assert written(message, lines, piece) == expected


def test_nothing_more_is_wanted_once_there_is_enough() -> None:
    """A message of any length costs what TOP asks for."""
    writer = TextWriter(1)
    writer.write(MESSAGE)
    assert writer.enough
    assert writer.write(b"more\r\n") == b""
    assert not TextWriter(1).enough


@given(st.binary(max_size=80), st.one_of(st.none(), st.integers(0, 5)), st.integers(1, 7))
def test_pieces_do_not_matter(message: bytes, lines: int | None, piece: int) -> None:
    """However a message is cut into pieces, the same goes out, and only its end is a line of a dot alone."""
    out = written(message, lines, piece)
    assert out == written(message, lines, 1000)
    assert (b"\r\n" + out).count(b"\r\n.\r\n") == 1
