"""Reports in the mail: which parts of a message are an aggregate or TLS report (RFC 9990 3.5.2, RFC 8460 5.3).

RFC 9990 names application/gzip and text/xml, RFC 8460 application/tlsrpt+gzip and +json; programs also send zip files
and call them application/octet-stream, so the file's name counts too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mailwright.authentication.report_container import LARGEST_PACKED
from mailwright.mail.decoding import decode_transfer
from mailwright.mail.message import Message, Part, parameter

#: Reports of one message that are looked at; it carries one, rarely two.
MOST_REPORTS = 10

_TYPES = frozenset(
    (
        "application/gzip",
        "application/x-gzip",
        "application/gzip-compressed",
        "application/zip",
        "application/x-zip",
        "application/x-zip-compressed",
        "application/tlsrpt+gzip",
        "application/tlsrpt+json",
        "application/xml",
        "text/xml",
    )
)
_ENDINGS = (".xml", ".xml.gz", ".json", ".json.gz", ".zip", ".gz")


class AttachedReport(NamedTuple):
    """A part that is meant to be a report.

    name: the file's name; "" where it has none.  octets: its content, transfer encoding undone, still packed.
    """

    name: str
    octets: bytes


def attached_reports(message: Message) -> tuple[AttachedReport, ...]:
    """Return the parts of ``message`` that look like reports, at most MOST_REPORTS; none for ordinary mail.

    Whether they are reports is told by reading them.
    """
    found = []
    for name, part in _candidates(message):
        encoding = part.headers.get(b"content-transfer-encoding").strip().lower()
        # Base64 takes four octets for three, and some for line ends.
        body = part.body[: LARGEST_PACKED * 3 // 2]
        plain = encoding in ("", "7bit", "8bit", "binary")
        found.append(AttachedReport(name, body if plain else decode_transfer(body, encoding)))
        if len(found) == MOST_REPORTS:
            break
    return tuple(found)


def _candidates(message: Message) -> Iterator[tuple[str, Part]]:
    for part in message.parts:
        name = (
            parameter(part.headers.get(b"content-disposition"), "filename") or parameter(part.parameters, "name") or ""
        )
        if part.media_type in _TYPES or (part.media_type[:12] == "application/" and name.lower().endswith(_ENDINGS)):
            yield name[:255], part
