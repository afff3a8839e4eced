"""Outgoing: a message from a file or standard input, read in pieces however large it is, with what it lacks added."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import BinaryIO

from mailwright.deliver.facts import Facts, scan
from mailwright.smtp.content import Content

#: Octets that are read at a time.
PIECE = 256 * 1024
#: Octets of standard input that are kept in memory; more goes into a temporary file.
IN_MEMORY = 8 * 1024 * 1024


class OutgoingFault(ValueError):
    """A message cannot be read.  source: path or "-".  why: "missing", "empty", or the operating system's words."""

    def __init__(self, source: str, why: str) -> None:
        """Keep both."""
        super().__init__(f"{source}: {why}")
        self.source = source
        self.why = why


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send.

    source: path, "-" for standard input, or "" for one that was composed.
    added: the header fields that it lacked and got, by name.
    """

    source: str
    content: Content
    facts: Facts
    added: tuple[str, ...] = ()


class Pieces:
    """The octets of an open file, behind some that come first; each iteration begins anew."""

    def __init__(self, file: BinaryIO, before: bytes = b"") -> None:
        """Read from ``file``, which stays open as long as this is used."""
        self._file = file
        self._before = before

    def __iter__(self) -> Iterator[bytes]:
        """Yield the octets in pieces."""
        if self._before:
            yield self._before
        # Several destinations may be served at the same time: each has its own place in the file.
        place = 0
        while piece := self._read(place):
            place += len(piece)
            yield piece

    def _read(self, place: int) -> bytes:
        self._file.seek(place)
        return self._file.read(PIECE)


def composed(raw: bytes) -> Outgoing:
    """Return a message that was made in memory."""
    return Outgoing("", Content.of(raw), scan((raw,)))


def read_outgoing(source: str) -> tuple[Outgoing, BinaryIO]:
    """Return the message in ``source`` ("-" is standard input), and the file to close when it was sent.

    Raises OutgoingFault for what cannot be read or is empty.
    """
    file = _opened(source)
    facts = scan(Pieces(file))
    if facts.size == 0:
        file.close()
        raise OutgoingFault(source, "empty")
    return Outgoing(source, _content(Pieces(file), facts, 0), facts), file


def completed(outgoing: Outgoing, file: BinaryIO, now: datetime, message_id: str) -> Outgoing:
    """Return the message with Date and Message-ID where it lacks them, put before all others.

    RFC 6409 8: whoever submits a message may complete it so.  What stands in it stays as it is: a signature
    (RFC 6376) covers no field that is not there, unless it says so.
    """
    fields = {"Date": format_datetime(now), "Message-ID": message_id}
    missing = {name: value for name, value in fields.items() if name.lower() not in outgoing.facts.fields}
    # Without any header field at all it is no message that could be completed.
    if not missing or not outgoing.facts.fields:
        return outgoing
    before = "".join(f"{name}: {value}\r\n" for name, value in missing.items()).encode("ascii")
    content = _content(Pieces(file, before), outgoing.facts, len(before))
    return Outgoing(outgoing.source, content, outgoing.facts, tuple(missing))


def _content(pieces: Pieces, facts: Facts, more: int) -> Content:
    return Content(pieces, facts.size + more, facts.eight_bit, facts.bare_line_ends > 0)


def _opened(source: str) -> BinaryIO:
    if source == "-":
        spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
        while piece := sys.stdin.buffer.read(PIECE):
            spool.write(piece)
        return spool  # type: ignore[return-value]  # it is a BinaryIO in all but name until Python 3.11's stubs
    path = Path(source)
    try:
        if path.is_dir():
            raise OutgoingFault(source, os.strerror(21))
        return path.open("rb")
    except FileNotFoundError:
        raise OutgoingFault(source, "missing") from None
    except OSError as error:
        raise OutgoingFault(source, error.strerror or type(error).__name__) from error
