"""TextWriter: a message on its way to the client: transparent, its line ends put right, cut where TOP wants it."""

from __future__ import annotations

from mailwright.smtp.data import DotStuffer, LineEnds


class TextWriter:
    """Pieces of a message in, octets for the wire out.

    lines: how many lines of the body follow the headers and the blank line (RFC 1939 7, TOP); None for all.
    enough: whether nothing that follows is wanted any more.
    """

    __slots__ = ("_at_line_start", "_in_headers", "_left", "_stuffer", "enough")

    def __init__(self, lines: int | None = None) -> None:
        self._stuffer = DotStuffer(LineEnds.NORMALISE)
        self._left = lines
        self._in_headers = True
        self._at_line_start = True
        self.enough = False

    def write(self, text: bytes) -> bytes:
        """Return what to send for the next piece; b"" once there is enough."""
        if self.enough:
            return b""
        # Nothing that is added for transparency makes a line blank or ends one, so cutting may follow it.
        return self._cut(self._stuffer.stuff(text))

    def end(self) -> bytes:
        """Return what ends the message."""
        # RFC 1939 3: the lines are followed by a line of a dot alone.
        return b".\r\n" if self.enough else self._cut(self._stuffer.end(), ending=True)

    def _cut(self, text: bytes, *, ending: bool = False) -> bytes:
        """Return of ``text``, whose lines all end in CRLF that no piece splits, what TOP wants."""
        if self._left is None or ending or not text:
            return text
        place = self._body_begins(text) if self._in_headers else 0
        self._at_line_start = text[-2:] == b"\r\n"
        if place < 0:
            return text
        self._in_headers = False
        while self._left:
            at = text.find(b"\r\n", place)
            if at < 0:
                return text
            place = at + 2
            self._left -= 1
        self.enough = True
        return text[:place]

    def _body_begins(self, text: bytes) -> int:
        """Return where the body begins, after the blank line; -1 where that is further on."""
        if self._at_line_start and text[:2] == b"\r\n":
            return 2
        at = text.find(b"\r\n\r\n")
        return at + 4 if at >= 0 else -1
