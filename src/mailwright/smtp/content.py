"""Content: the text of a message as it goes out, in pieces, with what must be known before the first is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailwright.smtp.data import has_bare_line_ends

#: Octets of the pieces that long ones are cut into (own choice: what one write takes well).
PIECE = 262_144


@dataclass(frozen=True, slots=True)
class Content:
    """A message.

    pieces: its octets, as they are stored, without dots added; iterated once for each attempt.  A list or an object
    that begins anew can be sent again, a generator cannot.
    size: octets, by which SIZE is told (RFC 1870).
    eight_bit: whether an octet has its high bit set.
    bare_line_ends: whether a CR or LF stands alone, which only BINARYMIME carries.
    """

    pieces: Iterable[bytes]
    size: int
    eight_bit: bool = False
    bare_line_ends: bool = False

    @classmethod
    def of(cls, message: bytes) -> Content:
        """Return the content that ``message`` is, in memory."""
        return cls((message,), len(message), not message.isascii(), has_bare_line_ends(message))

    @classmethod
    def looked_through(cls, pieces: Iterable[bytes]) -> Content:
        """Return the content of pieces that can be iterated again, after one look through all of them."""
        size, eight_bit, bare = 0, False, False
        held = b""
        for piece in pieces:
            size += len(piece)
            eight_bit = eight_bit or not piece.isascii()
            # A CR at the end of a piece waits for its LF.
            text = held + piece
            held = b"\r" if text.endswith(b"\r") else b""
            bare = bare or has_bare_line_ends(text.removesuffix(b"\r"))
        return cls(pieces, size, eight_bit, bare or bool(held))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces, none of them longer than PIECE."""
        for piece in self.pieces:
            if len(piece) <= PIECE:
                yield piece
            else:
                yield from (piece[start : start + PIECE] for start in range(0, len(piece), PIECE))
