"""LineBuffer: octets in, lines out, for both sides.

Only CRLF ends a line (RFC 1939 3).  A bare CR or LF is refused: whether what follows it is another line would depend on
who reads it.
"""

from __future__ import annotations

from mailwright.smtp.errors import RemoteProtocolError


class LineBuffer:
    """Holds what was received and not read yet; how much of it may be held is for the owner to watch."""

    __slots__ = ("_buffer", "_place")

    def __init__(self) -> None:
        self._buffer = b""
        self._place = 0

    def __len__(self) -> int:
        """Return how many octets are held."""
        return len(self._buffer) - self._place

    def feed(self, data: bytes) -> None:
        """Add octets."""
        rest = self._buffer[self._place :]
        self._buffer = rest + data if rest else data
        self._place = 0

    def peek(self, octets: int) -> bytes:
        """Return the first ``octets`` of what is held, or fewer, and keep them."""
        return self._buffer[self._place : self._place + octets]

    def take(self) -> bytes:
        """Return all that is held and hold nothing."""
        rest, self._buffer, self._place = self._buffer[self._place :], b"", 0
        return rest

    def next_line(self, longest: int) -> bytes | None:
        """Return the next line without its CRLF; None where it is not whole.

        longest: octets of a line with its CRLF.
        Raises RemoteProtocolError for a longer line, before its end is there, and for a bare CR or LF.
        """
        # No further than a line may reach: what is held can be much more.
        limit = self._place + longest
        end = self._buffer.find(b"\n", self._place, limit)
        if end < 0:
            if len(self) >= longest:
                raise RemoteProtocolError(f"A line is longer than {longest} octets")
            return None
        line = self._buffer[self._place : end]
        if line[-1:] != b"\r" or line.find(b"\r") != len(line) - 1:
            raise RemoteProtocolError("A bare CR or LF is not allowed, lines end in CRLF")
        self._place = end + 1
        return line[:-1]
