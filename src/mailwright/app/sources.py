"""Sources: paths in, messages out.

Files, mailboxes, Maildirs, folders and standard input; trouble is told, not raised.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailwright.authentication.report_container import LARGEST_PACKED, ReportFault, open_report
from mailwright.mail.mbox import looks_like_mbox, split_mbox
from mailwright.mail.message import LONGEST_MESSAGE

#: Octets that are read at a time.
CHUNK = 1 << 20
#: Octets at the beginning of a file by which its kind is told.
HEAD = 4096

#: Endings of files that are taken for mail in a folder, whatever they begin with.
_MAIL_ENDINGS = (".eml", ".mbox", ".mbx", ".msg", ".txt")

#: What compressed files begin with: gzip, zip, bzip2, xz, zstandard.
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")

#: What may hold a report of a receiver (RFC 9990 3.5, RFC 8460 5.3): gzip and zip files, and texts that begin so and
#: have one of these words near their beginning.
_REPORT_PACKED = _COMPRESSED[:2]
_REPORT_WORDS = {b"<": (b"<feedback",), b"{": (b'"policies"', b'"organization-name"', b'"report-id"')}
_REPORT_ENDINGS = (".xml", ".xml.gz", ".json", ".json.gz", ".zip")


class SourceMessage(NamedTuple):
    """A message and where it came from: a path, "-" for standard input, with "#N" for the Nth of a mailbox."""

    source: str
    raw: bytes


class SourceTrouble(NamedTuple):
    """A source that could not be read: the path as given, and why in words for the reader."""

    source: str
    why: str


class SourceReport(NamedTuple):
    """What may be a report of a receiver, packed as it came.

    otherwise: what it is taken for where it is none.  broken: the same where it begins as one and cannot be read.
    """

    source: str
    raw: bytes
    otherwise: SourceMessage | SourceTrouble
    broken: SourceTrouble


Source = SourceMessage | SourceReport | SourceTrouble


def read_sources(paths: Sequence[str], explain_trouble: Callable[[str], str]) -> Iterator[Source]:
    """Yield every message and report below ``paths``, in order; "-" is standard input.

    ``explain_trouble`` turns "missing", "no-mail", "binary", "compressed", "broken-report", "empty" or an operating
    system's words into words for the reader.  One bad path never stops the others.
    """
    for path in paths:
        if path == "-":
            yield from _from_stream("-", sys.stdin.buffer, explain_trouble)
            continue
        place = Path(path)
        try:
            if place.is_dir():
                yield from _from_folder(place, explain_trouble)
            elif place.exists():
                yield from _from_file(place, explain_trouble)
            else:
                yield SourceTrouble(path, explain_trouble("missing"))
        except OSError as error:
            yield SourceTrouble(path, explain_trouble(error.strerror or type(error).__name__))


def _from_folder(folder: Path, explain_trouble: Callable[[str], str]) -> Iterator[Source]:
    """Yield the mail in ``folder`` and below; files that are no mail are passed over unless nothing else is there."""
    seen = False
    for file in _files(folder):
        if isinstance(file, OSError):
            seen = True
            yield SourceTrouble(str(file.filename), explain_trouble(file.strerror or type(file).__name__))
            continue
        try:
            if not file.is_file() or not _may_be_mail(file):
                continue
            for found in _from_file(file, explain_trouble):
                if isinstance(found, SourceReport) and not _opens(found.raw):
                    continue
                seen = True
                yield found
        except OSError as error:
            seen = True
            yield SourceTrouble(str(file), explain_trouble(error.strerror or type(error).__name__))
    if not seen:
        yield SourceTrouble(str(folder), explain_trouble("no-mail"))


def _files(folder: Path) -> Iterator[Path | OSError]:
    """Yield the files of ``folder`` by name, then those of its folders; an error in place of a folder closed to us."""
    closed: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        yield from closed
        closed.clear()
        folders.sort()
        # tmp/ of a Maildir holds messages that are still being written.
        if "tmp" in folders and "cur" in folders:
            folders.remove("tmp")
        for name in sorted(names):
            yield Path(place, name)
    yield from closed


def _may_be_mail(file: Path) -> bool:
    if file.name.startswith("."):
        return False
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if _may_be_report(head) and file.name.lower().endswith(_REPORT_ENDINGS):
        return True
    if is_binary(head):
        return False
    if file.suffix.lower() in _MAIL_ENDINGS:
        return True
    return looks_like_mbox(head) or _begins_with_header(head)


def _from_file(file: Path, explain_trouble: Callable[[str], str]) -> Iterator[Source]:
    with file.open("rb") as stream:
        yield from _from_stream(str(file), stream, explain_trouble)


def _from_stream(source: str, stream: BinaryIO, explain_trouble: Callable[[str], str]) -> Iterator[Source]:
    head = stream.read(HEAD)
    if not head.strip():
        yield SourceTrouble(source, explain_trouble("empty"))
    elif _may_be_report(head):
        raw = head + stream.read(LARGEST_PACKED + 1 - len(head))
        broken = SourceTrouble(source, explain_trouble("broken-report"))
        otherwise: SourceMessage | SourceTrouble = SourceMessage(source, raw[:LONGEST_MESSAGE])
        if head.startswith(_COMPRESSED):
            otherwise = SourceTrouble(source, explain_trouble("compressed"))
        yield SourceReport(source, raw, otherwise, broken)
    elif head.startswith(_COMPRESSED):
        yield SourceTrouble(source, explain_trouble("compressed"))
    elif is_binary(head):
        yield SourceTrouble(source, explain_trouble("binary"))
    elif looks_like_mbox(head):
        for number, raw in enumerate(split_mbox(_chunks(head, stream)), 1):
            yield SourceMessage(f"{source}#{number}", raw)
    else:
        yield SourceMessage(source, head + stream.read(LONGEST_MESSAGE - len(head)))


def _may_be_report(head: bytes) -> bool:
    """Tell whether a file that begins with ``head`` may be a report; reading it tells for sure."""
    if head.startswith(_REPORT_PACKED):
        return True
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return any(word in text for word in _REPORT_WORDS.get(text[:1], ()))


def _opens(packed: bytes) -> bool:
    """Tell whether XML or JSON stands in a file, packed or not; other archives in a folder are nobody's reports."""
    try:
        open_report(packed)
    except ReportFault:
        return False
    return True


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield head
    while chunk := stream.read(CHUNK):
        yield chunk


def is_binary(head: bytes) -> bool:
    """Tell whether ``head`` is no text: it has many control characters, NULs among them, and begins with no field."""
    if _begins_with_field(head) or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    controls = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 27))
    return controls * 50 > len(head)


def _begins_with_field(head: bytes) -> bool:
    """Tell whether ``head`` begins like a message: with a field name and a colon (RFC 5322 2.2)."""
    return _is_field(head.lstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf")[:200])


def _begins_with_header(head: bytes) -> bool:
    """Tell whether ``head`` begins with two lines of a header, which notes, logs and JSON seldom do by chance."""
    first, _, rest = head.lstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").partition(b"\n")
    second = rest.lstrip(b"\n")[:200]
    return _is_field(first[:200]) and (second[:1] in (b"", b" ", b"\t") or _is_field(second))


def _is_field(line: bytes) -> bool:
    """Tell whether ``line`` is a field, its name of letters, digits and hyphens as all names in use are."""
    name, colon, _ = line.partition(b":")
    return bool(colon) and 0 < len(name) < 78 and name.replace(b"-", b"").replace(b"_", b"").isalnum()
