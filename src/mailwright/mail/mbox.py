"""Split a mailbox file (RFC 4155 and its kin) into messages, streamed, with LF, CRLF or CR line ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailwright.mail.message import LONGEST_MESSAGE

#: The end of a line and of the empty one behind it.
_EMPTY_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")

#: Octets of a "From " line that are looked at.
LONGEST_FROM_LINE = 1_000


def looks_like_mbox(head: bytes) -> bool:
    """Tell whether a file that begins with ``head`` is a mailbox: it begins with a "From " line with a time in it."""
    return head.startswith(b"From ") and _is_from_line(head, 0)


def split_mbox(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the messages of a mailbox given as chunks of any size.

    Never holds more than two messages and a chunk; what a message has beyond LONGEST_MESSAGE is dropped.
    """
    buffer = b""
    searched = 0
    for chunk in chunks:
        buffer += chunk
        begin = 0
        for end, following in _cuts(buffer, searched):
            yield buffer[begin:end]
            begin = following
        buffer = buffer[begin:]
        # A separator and its line may be cut by the chunk's end.
        searched = max(0, len(buffer) - LONGEST_FROM_LINE)
        if len(buffer) > 2 * LONGEST_MESSAGE:
            buffer = buffer[:LONGEST_MESSAGE] + buffer[-LONGEST_FROM_LINE:]
            searched = LONGEST_MESSAGE
    if buffer.strip():
        yield buffer


def _cuts(buffer: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield (end of a message, begin of the next) at every separator whose "From " stands at or after ``start``."""
    begin = buffer.find(b"From ", start)
    while begin >= 0:
        empty_line = _empty_line_before(buffer, begin)
        if empty_line and _is_from_line(buffer, begin):
            yield begin - empty_line, begin
        begin = buffer.find(b"From ", begin + 5)


def _empty_line_before(buffer: bytes, begin: int) -> int:
    """Return the octets of the empty line that ends at ``begin``; 0 where the line before is not empty."""
    if begin and buffer[begin - 1] in b"\r\n":
        for two_ends in _EMPTY_LINES:
            if buffer.endswith(two_ends, 0, begin):
                return len(two_ends) // 2
    return 0


def _is_from_line(buffer: bytes, begin: int) -> bool:
    """Tell whether the line at ``begin`` is "From ADDRESS DATE" whole: it has a time of day and a year in it."""
    line = buffer[begin : begin + LONGEST_FROM_LINE]
    end = min((at for at in (line.find(b"\n"), line.find(b"\r")) if at >= 0), default=-1)
    if end < 0:
        return False
    line = line[:end]
    colon = line.rfind(b":")
    return colon > 5 and line[colon - 1 : colon].isdigit() and line[colon + 1 : colon + 2].isdigit()
