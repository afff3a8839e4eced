"""Split a mailbox file (RFC 4155 and its kin) into messages, streamed, with LF, CRLF or CR line ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailwright.mail.message import LONGEST_MESSAGE

_SEPARATORS = (b"\n\nFrom ", b"\r\n\r\nFrom ", b"\r\rFrom ")

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
        while True:
            cut = _next_message(buffer, searched)
            if cut is None:
                break
            yield buffer[: cut[0]]
            buffer = buffer[cut[1] :]
            searched = 0
        # A separator and its line may be cut by the chunk's end.
        searched = max(0, len(buffer) - LONGEST_FROM_LINE)
        if len(buffer) > 2 * LONGEST_MESSAGE:
            buffer = buffer[:LONGEST_MESSAGE] + buffer[-LONGEST_FROM_LINE:]
            searched = LONGEST_MESSAGE
    if buffer.strip():
        yield buffer


def _next_message(buffer: bytes, start: int) -> tuple[int, int] | None:
    """Return (end of this message, begin of the next) at the first separator at or after ``start``."""
    best: tuple[int, int] | None = None
    for separator in _SEPARATORS:
        at = buffer.find(separator, start)
        while at >= 0 and (best is None or at < best[0]):
            begin = at + len(separator) - 5
            if _is_from_line(buffer, begin):
                best = at + (len(separator) - 5) // 2, begin
                break
            at = buffer.find(separator, at + 1)
    return best


def _is_from_line(buffer: bytes, begin: int) -> bool:
    """Tell whether the line at ``begin`` is "From ADDRESS DATE" whole: it has a time of day and a year in it."""
    line = buffer[begin : begin + LONGEST_FROM_LINE]
    end = min((at for at in (line.find(b"\n"), line.find(b"\r")) if at >= 0), default=-1)
    if end < 0:
        return False
    line = line[:end]
    colon = line.rfind(b":")
    return colon > 5 and line[colon - 1 : colon].isdigit() and line[colon + 1 : colon + 2].isdigit()
