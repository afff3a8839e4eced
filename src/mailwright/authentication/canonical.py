"""Canonical forms of header fields and bodies (RFC 6376 3.4), and the hash of a body taken piece by piece.

All work is done by whole-buffer operations of bytes; nothing goes line by line.  A body is hashed in the pieces in
which it arrives, and of it only a few octets are held back: white space and empty lines at its end do not count, and
whether they are at its end only the next piece tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from mailwright.authentication.header_fields import CRLF, HeaderField

#: Octets of a body that are worked on at a time.
PIECE = 64 * 1024


class Form(StrEnum):
    """A canonicalisation algorithm (RFC 6376 3.4)."""

    SIMPLE = "simple"
    RELAXED = "relaxed"


def header_in_form(field: HeaderField, form: Form) -> bytes:
    """Return the field as it is signed, without the CRLF at its end."""
    return relaxed_header(field) if form is Form.RELAXED else field.raw


def relaxed_header(field: HeaderField) -> bytes:
    """Return a field in relaxed form (RFC 6376 3.4.2), without the CRLF at its end."""
    value = field.value
    # Unfold: a CRLF within a field is always one before white space.
    if CRLF in value:
        value = value.replace(CRLF, b"")
    if b"\t" in value:
        value = value.replace(b"\t", b" ")
    # All runs of white space become one space, and the ones at the ends go.
    value = b" ".join(filter(None, value.split(b" "))) if b"  " in value else value.strip(b" ")
    # Any white space before and after the colon MUST go, and the name be in lower case.
    return field.name + b":" + value


def relaxed_headers(fields: Sequence[HeaderField]) -> bytes:
    """Return fields in relaxed form, joined by CRLF: what ``relaxed_header`` makes of each, but all at once."""
    if not fields:
        return b""
    # Within a value a CRLF stands before white space only, so that this parts the values from each other.
    text = _BETWEEN.join([raw[raw.find(b":") + 1 :] for _, raw in fields])
    text = text.replace(b"\t", b" ").replace(b"\r\n ", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    values = text.strip(b" ").replace(_BETWEEN + b" ", _BETWEEN).replace(b" " + _BETWEEN, _BETWEEN).split(_BETWEEN)
    return CRLF.join([name + b":" + value for (name, _), value in zip(fields, values, strict=True)])


_BETWEEN = b"\r\n:"


def relaxed_lines(body: bytes) -> bytes:
    """Return ``body`` with each run of white space as one space and none at the ends of lines (RFC 6376 3.4.4 a)."""
    if b"\t" in body:
        body = body.replace(b"\t", b" ")
    # Each pass halves the longest run.
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    return body.replace(b" \r\n", CRLF)


def body_in_form(body: bytes, form: Form) -> bytes:
    """Return the body as it is signed (RFC 6376 3.4.3, 3.4.4)."""
    if form is Form.RELAXED:
        body = relaxed_lines(body)
        if body.endswith(b" "):
            body = body[:-1]
    body = body[: _without_empty_lines(body)]
    # Simple: an empty body is a CRLF.  Relaxed: it is nothing.
    return body + CRLF if body or form is Form.SIMPLE else b""


def _without_empty_lines(body: bytes) -> int:
    """Return how many octets are left of ``body`` without the CRLFs at its end."""
    if not body.endswith(CRLF):
        return len(body)
    kept = len(body.rstrip(b"\r\n"))
    tail = body[kept:]
    # A lone CR or LF among them is content; two octets stand for each CRLF, so that the place is found in bulk.
    return kept + len(tail.replace(CRLF, b"\0\0").rstrip(b"\0"))


class BodyHash:
    """The SHA-256 of a body in canonical form, taken piece by piece.

    length: octets of the canonical form so far; after ``digest`` all of them, those beyond ``limit`` too.
    """

    __slots__ = ("_begun", "_empty_lines", "_hash", "_held", "_relaxed", "length", "limit")

    def __init__(self, form: Form, limit: int | None = None) -> None:
        """Begin; ``limit``: octets of the canonical form that are hashed (l= of RFC 6376 3.5), None for all."""
        self.limit = limit
        self.length = 0
        self._relaxed = form is Form.RELAXED
        self._hash = hashlib.sha256()
        # What cannot be judged before more is known: a space or a CR at the end of a piece, and empty lines.
        self._held = b""
        self._empty_lines = 0
        self._begun = False

    def update(self, piece: bytes) -> None:
        """Take the next octets of the body."""
        if len(piece) <= PIECE:
            self._take(piece)
            return
        for begin in range(0, len(piece), PIECE):
            self._take(piece[begin : begin + PIECE])

    def _take(self, piece: bytes) -> None:
        if self._held:
            piece = self._held + piece
        if self._relaxed:
            piece = relaxed_lines(piece)
        end = len(piece) - piece.endswith(b"\r")
        if self._relaxed and piece.endswith(b" ", 0, end):
            end -= 1
        self._held = piece[end:]
        if self._held:
            piece = piece[:end]
        self._take_lines(piece)

    def _take_lines(self, piece: bytes) -> None:
        """Hash ``piece`` but for the CRLFs at its end, which are counted."""
        kept = _without_empty_lines(piece)
        if kept:
            if self._empty_lines:
                self._hash_octets(CRLF * self._empty_lines)
                self._empty_lines = 0
            self._hash_octets(piece if kept == len(piece) else piece[:kept])
            self._begun = True
        self._empty_lines += (len(piece) - kept) // 2

    def _hash_octets(self, octets: bytes) -> None:
        if self.limit is not None and self.length + len(octets) > self.limit:
            self._hash.update(octets[: max(0, self.limit - self.length)])
        else:
            self._hash.update(octets)
        self.length += len(octets)

    def digest(self) -> bytes:
        """Return the hash; the body has ended, and nothing may be added any more."""
        if self._held:
            held, self._held = self._held, b""
            # A space at the end of the body is white space at the end of a line; a lone CR is content.
            self._take_lines(held[:-1] if held.endswith(b" ") else held)
        if self._begun or not self._relaxed:
            # All the empty lines at the end are one CRLF, and one is added where there is none.
            self._hash_octets(CRLF)
        # Asked again, nothing is added again.
        self._begun, self._relaxed = False, True
        return self._hash.digest()
