"""Reports as they arrive: XML or JSON, plain, in gzip or in a zip file, unpacked in pieces and within limits.

Aggregate reports (RFC 9990 3.5) and TLS reports (RFC 8460 5.3) come from strangers, and a kilobyte can unpack to a
gigabyte.  So nothing is unpacked further than it is read, every limit has a number, and an archive in an archive is
refused.  A zip file is read from its central directory as far as a report needs it: one member, stored or deflated.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from enum import StrEnum
from itertools import chain
from struct import Struct
from typing import NamedTuple

#: Octets of the packed report; large mail providers let messages have 25 MB to 50 MB, reports in use have up to 10 MB.
LARGEST_PACKED = 25 * 1024 * 1024
#: Octets of the unpacked report: some 100,000 records of 500 octets.
LARGEST_UNPACKED = 50 * 1024 * 1024
#: How many times larger the unpacked report may be, and from which size on; deflate reaches 1,032 at most, reports in
#: use 10 to 60, one whose records differ in nothing but the address 130.
HIGHEST_RATIO = 500
RATIO_COUNTS_FROM = 1024 * 1024
#: Members of one archive; a report is one, some programs add a folder or notes of their own.
MOST_MEMBERS = 10
#: Octets that are unpacked at a time.
CHUNK = 64 * 1024


class Limits(NamedTuple):
    """How much is let in; octets but ``ratio``."""

    packed: int = LARGEST_PACKED
    unpacked: int = LARGEST_UNPACKED
    ratio: int = HIGHEST_RATIO


STANDARD = Limits()


class ReportTrouble(StrEnum):
    """Why something is not read as a report."""

    TOO_BIG = "too-big"  # more octets than the limits, packed or unpacked
    RATIO = "ratio"  # it unpacks to many times its size, as a decompression bomb does
    NESTED = "nested"  # an archive in an archive
    MANY = "many"  # an archive with several files that could be meant, or with too many
    ENCRYPTED = "encrypted"  # a zip file with a password
    NOT_A_REPORT = "not-a-report"  # neither XML nor JSON, or not the XML or JSON that is looked for
    BROKEN = "broken"  # cut short or damaged
    FORBIDDEN = "forbidden"  # XML with a document type or entities


class ReportFault(ValueError):
    """Something is not read as a report.

    why: the reason.  detail: what exactly, for people; at most 200 characters.
    """

    def __init__(self, why: ReportTrouble, detail: str = "") -> None:
        """Keep both."""
        self.why = why
        self.detail = detail[:200]
        super().__init__(f"{why}: {self.detail}" if detail else str(why))


class Form(StrEnum):
    """What a report is written in."""

    XML = "xml"
    JSON = "json"


class Container(NamedTuple):
    """An opened report.

    form: XML or JSON.  name: the file's name in a zip file; "" elsewhere.
    chunks: the unpacked report in pieces; reading it can raise ReportFault, and it can be read once.
    """

    form: Form
    name: str
    chunks: Iterator[bytes]


def open_report(packed: bytes, limits: Limits = STANDARD) -> Container:
    """Return the report in ``packed``, unpacked only as far as to see what it is written in.  Raises ReportFault."""
    if len(packed) > limits.packed:
        raise ReportFault(ReportTrouble.TOO_BIG, f"{len(packed)} octets packed")
    name = ""
    if packed.startswith(_ZIP):
        name, pieces = _zip_member(packed)
    elif packed.startswith(_GZIP):
        pieces = _gunzip(packed)
    else:
        pieces = iter((packed,))
    chunks = _bounded(pieces, len(packed), limits)
    head = b""
    for chunk in chunks:
        head += chunk
        if head.lstrip(_BEFORE_TEXT) or len(head) >= CHUNK:
            break
    return Container(_form_of(head), name, chain((head,), chunks))


def unpack_report(packed: bytes, limits: Limits = STANDARD) -> tuple[Form, bytes]:
    """Return what a report is written in, and all of it.  Raises ReportFault."""
    opened = open_report(packed, limits)
    return opened.form, b"".join(opened.chunks)


_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"
#: What may stand before the first character: byte order marks, the other octet of UTF-16, white space.
_BEFORE_TEXT = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_OTHER_ARCHIVES = (b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")


def _form_of(head: bytes) -> Form:
    """Return what the unpacked report is written in."""
    if head.startswith((_ZIP, _GZIP)):
        raise ReportFault(ReportTrouble.NESTED)
    first = head.lstrip(_BEFORE_TEXT)[:1]
    if first in (b"<", b"{"):
        return Form.XML if first == b"<" else Form.JSON
    if head.startswith(_OTHER_ARCHIVES):
        raise ReportFault(ReportTrouble.NOT_A_REPORT, "packed in another way than gzip or zip")
    raise ReportFault(ReportTrouble.NOT_A_REPORT, "neither XML nor JSON" if head else "nothing in it")


def _bounded(pieces: Iterator[bytes], packed: int, limits: Limits) -> Iterator[bytes]:
    """Yield ``pieces``; raise ReportFault as soon as they are more than allowed."""
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limits.unpacked:
            raise ReportFault(ReportTrouble.TOO_BIG, f"more than {limits.unpacked} octets unpacked")
        if total > RATIO_COUNTS_FROM and total > packed * limits.ratio:
            raise ReportFault(ReportTrouble.RATIO, f"more than {limits.ratio} times its size")
        yield piece


def _gunzip(packed: bytes) -> Iterator[bytes]:
    """Yield what a gzip file holds (RFC 1952): one member after the other; what follows and is none is left out."""
    place = 0
    for _ in range(MOST_MEMBERS):
        place = yield from _inflate(packed, place, len(packed), zlib.MAX_WBITS | 16)
        if packed[place : place + 2] != _GZIP:
            return
    raise ReportFault(ReportTrouble.MANY, f"more than {MOST_MEMBERS} members")


def _inflate(packed: bytes, begin: int, end: int, window: int) -> Generator[bytes, None, int]:
    """Yield what the stream at ``begin`` holds, at most CHUNK octets at a time; return where it ends."""
    engine = zlib.decompressobj(window)
    place = begin
    try:
        while not engine.eof:
            if not engine.unconsumed_tail and place >= end:
                raise ReportFault(ReportTrouble.BROKEN, "cut short")
            fed = engine.unconsumed_tail or packed[place : min(place + CHUNK, end)]
            place += 0 if engine.unconsumed_tail else len(fed)
            piece = engine.decompress(fed, CHUNK)
            if piece:
                yield piece
    except zlib.error as error:
        raise ReportFault(ReportTrouble.BROKEN, str(error)) from error
    return place - len(engine.unused_data)


#: The records of a zip file that are read (APPNOTE 4.3.16, 4.3.12, 4.3.7), little-endian, from their signatures on.
_END = Struct("<4s4H2LH")
_ENTRY = Struct("<4s6H3L5H2L")
_LOCAL = Struct("<4s5H3L2H")
#: Octets in which the end record is looked for: itself and the longest comment.
_END_WITHIN = 65_535 + _END.size
#: What a size or place is where another record has it (APPNOTE 4.3.9.2, ZIP64).
_ELSEWHERE = 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED_FLAG = 1


class _Member(NamedTuple):
    """One member of a zip file, as its central directory has it."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    place: int


def _zip_member(packed: bytes) -> tuple[str, Iterator[bytes]]:
    """Return the name of the one member that can be a report, and its pieces."""
    members, directory = _members(packed)
    files = [member for member in members if not member.name.endswith("/") and "__MACOSX" not in member.name]
    named = [member for member in files if member.name.lower().endswith((".xml", ".json"))]
    candidates = named if len(named) == 1 else files
    if len(candidates) != 1:
        why = ReportTrouble.MANY if candidates else ReportTrouble.NOT_A_REPORT
        raise ReportFault(why, f"{len(candidates)} files")
    member = candidates[0]
    if member.flags & _ENCRYPTED_FLAG:
        raise ReportFault(ReportTrouble.ENCRYPTED, member.name)
    if member.name.lower().endswith((".zip", ".gz", ".tgz")):
        raise ReportFault(ReportTrouble.NESTED, member.name)
    return member.name, _checked(_member_pieces(packed, member, directory), member)


def _members(packed: bytes) -> tuple[list[_Member], int]:
    """Return the members of a zip file and where its central directory begins."""
    place = packed.rfind(b"PK\x05\x06", max(0, len(packed) - _END_WITHIN))
    if place < 0 or place + _END.size > len(packed):
        raise ReportFault(ReportTrouble.BROKEN, "no end of a zip file")
    _, _, _, _, count, _, directory, _ = _END.unpack_from(packed, place)
    if count > MOST_MEMBERS:
        raise ReportFault(ReportTrouble.MANY, f"{count} members")
    members: list[_Member] = []
    at = directory
    for _ in range(count):
        if at + _ENTRY.size > len(packed):
            raise ReportFault(ReportTrouble.BROKEN, "central directory")
        entry = _ENTRY.unpack_from(packed, at)
        if entry[0] != b"PK\x01\x02":
            raise ReportFault(ReportTrouble.BROKEN, "central directory")
        name_size, extra_size, comment_size = entry[10:13]
        name = packed[at + _ENTRY.size : at + _ENTRY.size + name_size].decode("utf-8", "replace")
        members.append(_Member(name, entry[3], entry[4], entry[7], entry[8], entry[9], entry[16]))
        at += _ENTRY.size + name_size + extra_size + comment_size
    return members, directory


def _member_pieces(packed: bytes, member: _Member, directory: int) -> Iterator[bytes]:
    """Yield what a member holds."""
    if member.place + _LOCAL.size > len(packed) or packed[member.place : member.place + 4] != b"PK\x03\x04":
        raise ReportFault(ReportTrouble.BROKEN, "no file where the directory says")
    name_size, extra_size = _LOCAL.unpack_from(packed, member.place)[9:11]
    begin = member.place + _LOCAL.size + name_size + extra_size
    end = min(directory, len(packed))
    if member.packed != _ELSEWHERE:
        end = min(end, begin + member.packed)
    if member.method == _DEFLATED:
        yield from _inflate(packed, begin, end, -zlib.MAX_WBITS)
    elif member.method == _STORED:
        yield from (packed[place : min(place + CHUNK, end)] for place in range(begin, end, CHUNK))
    else:
        raise ReportFault(ReportTrouble.NOT_A_REPORT, f"packed by method {member.method}")


def _checked(pieces: Iterator[bytes], member: _Member) -> Iterator[bytes]:
    """Yield ``pieces``; raise ReportFault at their end where the checksum or the size is another."""
    crc = size = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        yield piece
    if crc != member.crc or member.size not in (size, _ELSEWHERE):
        raise ReportFault(ReportTrouble.BROKEN, "checksum")
