"""LineBuffer: only CRLF ends a line."""

from __future__ import annotations

import pytest

from mailwright.pop3.lines import LineBuffer
from mailwright.smtp.errors import RemoteProtocolError


def lines_of(data: bytes, longest: int, piece: int) -> list[bytes]:
    """Return the lines that come out when ``data`` goes in piece by piece."""
    buffer, found = LineBuffer(), []
    for begin in range(0, len(data), piece):
        buffer.feed(data[begin : begin + piece])
        while (line := buffer.next_line(longest)) is not None:
            found.append(line)
    return found


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\r\n", [b""]),
        (b"one\r\ntwo\r\n", [b"one", b"two"]),
        (b"one\r\ntw", [b"one"]),
        (b"12345678\r\n", [b"12345678"]),
    ],
    ids=repr,
)
def test_lines_come_out_whatever_the_pieces(data: bytes, lines: list[bytes], piece: int) -> None:
    """The longest line, of ten octets with its CRLF, is among them."""
    assert lines_of(data, 10, piece) == lines


@pytest.mark.parametrize("piece", [1, 2, 1000])
@pytest.mark.parametrize(
    "data", [b"one\ntwo\r\n", b"\n", b"one\rtwo\r\n", b"\r\r\n", b"123456789\r\n", b"1234567890"], ids=repr
)
def test_bare_line_ends_and_long_lines_are_refused(data: bytes, piece: int) -> None:
    """A longer line before its end is there."""
    with pytest.raises(RemoteProtocolError):
        lines_of(data, 10, piece)


def test_what_is_held_can_be_seen_and_taken() -> None:
    """Peeking keeps it, taking empties the buffer."""
    buffer = LineBuffer()
    buffer.feed(b"one\r\nrest")
    assert buffer.next_line(10) == b"one"
    assert (len(buffer), buffer.peek(2), buffer.peek(9)) == (4, b"re", b"rest")
    assert (buffer.take(), len(buffer), buffer.take()) == (b"rest", 0, b"")
