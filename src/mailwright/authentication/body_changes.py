"""What was done to a body whose hash is not the one that was signed: see dkim_changes."""

from __future__ import annotations

import binascii
import hashlib
from base64 import encodebytes
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.canonical import Form, body_in_form
from mailwright.authentication.dkim_signature import DkimSignature
from mailwright.authentication.header_fields import CRLF, Header
from mailwright.authentication.signed_octets import sha256
from mailwright.mail.decoding import decode_transfer
from mailwright.mail.message import parameter

#: Octets of a body that trials are made with; each trial reads it once.
LONGEST_BODY = 4 * 1024 * 1024
#: Lines that are cut from the end (footers of lists and scanners have up to 30), and from the top (banners up to 10).
MOST_LINES_CUT = 200
MOST_LINES_BEFORE = 30
#: Octets of an excerpt.
LONGEST_EXCERPT = 200


class ChangeKind(StrEnum):
    """What was done to a message."""

    # To the body.
    FOOTER = "footer"  # lines were added at the end
    BANNER = "banner"  # lines were added on top
    WRAPPED = "wrapped"  # the body was put into a part of a new multipart
    PART_ADDED = "part-added"  # a part was added at the end of the multipart
    LINE_ENDS = "line-ends"  # lone LF or CR became CRLF, or the other way
    TRAILING_SPACE = "trailing-space"  # white space at the ends of lines was added
    DOTS = "dots"  # dots at the beginning of lines were doubled or halved (RFC 5321 4.5.2)
    FROM_QUOTED = "from-quoted"  # ">" was put before "From " at the beginning of a line
    TRANSFER_ENCODING = "transfer-encoding"  # it was encoded anew: quoted-printable, base64, 8bit
    LENGTH = "length"  # fewer octets than l= are left
    # To the header.
    SUBJECT_TAG = "subject-tag"  # "[tag]" was put into the subject
    FIELD_ADDED = "field-added"  # a field was added of which there must be no other
    FIELD_CHANGED = "field-changed"  # a field differs from its copy in the signature (z=)
    FROM_REWRITTEN = "from-rewritten"  # From was replaced
    ENCODING_FIELD = "encoding-field"  # Content-Transfer-Encoding says another encoding
    REFOLDED = "refolded"  # lines were folded
    NOT_BY_KEY = "not-by-key"  # the signature was not made with the published key, or b= was damaged
    # To either.
    FORM = "form"  # signed in the other form (simple, relaxed) than c= says
    UNKNOWN = "unknown"  # none of these


class Change(NamedTuple):
    """One change.

    part: "header" or "body".  field: the name in lower case, of several with spaces between; "" for none.
    detail: an excerpt of what was added, or of what stood there.  proven: the signature fits once it is undone.
    """

    part: str
    kind: ChangeKind
    field: str = ""
    detail: str = ""
    proven: bool = False


def excerpt(octets: bytes) -> str:
    """Return the beginning of ``octets`` as text on one line."""
    text = b" ".join(octets[: LONGEST_EXCERPT * 4].split()).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)[:LONGEST_EXCERPT]


def body_changes(header: Header, body: bytes, signature: DkimSignature) -> list[Change]:
    """Return what was changed in the body: one proven change, or what is seen."""
    form, length, wanted = signature.body_form, signature.length, signature.body_hash
    canonical = body_in_form(body, form) if len(body) <= LONGEST_BODY else b""
    if length is not None and length > len(canonical):
        return [Change("body", ChangeKind.LENGTH, detail=f"{len(canonical)} of {length}")]
    if not canonical:
        return [Change("body", ChangeKind.UNKNOWN)]
    for change, changed in _undone(header, body, form):
        if sha256(changed[:length]) == wanted:
            return [change._replace(proven=True)]
    # Lines that stand before l= octets, or behind them, were not added at an end.
    found = (_footer(canonical, wanted) or _banner(canonical, wanted)) if length is None else None
    return [found or Change("body", ChangeKind.UNKNOWN)]


def _footer(canonical: bytes, wanted: bytes) -> Change | None:
    """Return the lines at the end without which the hash fits."""
    cuts: list[int] = []
    at = len(canonical) - len(CRLF)
    while len(cuts) < MOST_LINES_CUT and (at := canonical.rfind(CRLF, 0, at)) > 0:
        # Empty lines before the footer are not signed.
        if not canonical.endswith(CRLF, 0, at):
            cuts.append(at)
    hashed, begin = hashlib.sha256(), 0
    for cut in reversed(cuts):
        hashed.update(canonical[begin:cut])
        begin = cut
        ended = hashed.copy()
        ended.update(CRLF)
        if ended.digest() == wanted:
            return Change("body", ChangeKind.FOOTER, detail=excerpt(canonical[cut:]), proven=True)
    return None


def _banner(canonical: bytes, wanted: bytes) -> Change | None:
    """Return the lines on top without which the hash fits."""
    at = 0
    for _ in range(MOST_LINES_BEFORE):
        at = canonical.find(CRLF, at) + len(CRLF)
        if at < len(CRLF) or at >= len(canonical):
            return None
        if sha256(canonical[at:]) == wanted:
            return Change("body", ChangeKind.BANNER, detail=excerpt(canonical[:at]), proven=True)
    return None


def _undone(header: Header, body: bytes, form: Form) -> Iterator[tuple[Change, bytes]]:
    """Yield each change with the canonical body that it was made to."""
    other = Form.SIMPLE if form is Form.RELAXED else Form.RELAXED
    yield Change("body", ChangeKind.FORM), body_in_form(body, other)
    for kind, changed in (*_text_undone(body), *_encoding_undone(header, body), *_parts_undone(header, body)):
        if changed != body:
            yield Change("body", kind), body_in_form(changed, form)


def _text_undone(body: bytes) -> Iterator[tuple[ChangeKind, bytes]]:
    """Yield the body as it was before its lines were changed."""
    lone = body.replace(CRLF, b"\n")
    yield ChangeKind.LINE_ENDS, lone.replace(b"\r", b"\n").replace(b"\n", CRLF)
    yield ChangeKind.LINE_ENDS, lone
    yield ChangeKind.TRAILING_SPACE, CRLF.join(line.rstrip(b" \t") for line in body.split(CRLF))
    lined = CRLF + body
    for kind, now, before in (
        (ChangeKind.DOTS, b"\r\n..", b"\r\n."),
        (ChangeKind.DOTS, b"\r\n.", b"\r\n.."),
        (ChangeKind.FROM_QUOTED, b"\r\n>From ", b"\r\nFrom "),
        (ChangeKind.FROM_QUOTED, b"\r\nFrom ", b"\r\n>From "),
    ):
        yield kind, lined.replace(now, before)[len(CRLF) :]


def _encoding_undone(header: Header, body: bytes) -> Iterator[tuple[ChangeKind, bytes]]:
    """Yield the body in other transfer encodings than it has now."""
    field = header.first(b"content-transfer-encoding")
    encoding = field.text.lower() if field else ""
    if encoding in ("quoted-printable", "base64"):
        try:
            decoded = decode_transfer(body, encoding)
        except (ValueError, binascii.Error):
            return
        yield ChangeKind.TRANSFER_ENCODING, decoded
        yield ChangeKind.TRANSFER_ENCODING, decoded.replace(CRLF, b"\n").replace(b"\n", CRLF)
    else:
        yield ChangeKind.TRANSFER_ENCODING, encodebytes(body).replace(b"\n", CRLF)
        quoted = binascii.b2a_qp(body.replace(CRLF, b"\n"), istext=True)
        yield ChangeKind.TRANSFER_ENCODING, quoted.replace(b"\n", CRLF)


def _parts_undone(header: Header, body: bytes) -> Iterator[tuple[ChangeKind, bytes]]:
    """Yield the body as it was before a multipart was put around it, or a part at its end."""
    field = header.first(b"content-type")
    boundary = parameter(field.text, "boundary") if field else None
    if not boundary:
        return
    delimiter = b"\r\n--" + boundary.encode("utf-8", "replace")
    lined = CRLF + body
    begin = lined.find(delimiter + CRLF)
    end = lined.find(delimiter, begin + len(delimiter)) if begin >= 0 else -1
    if end < 0:
        return
    part = lined[begin + len(delimiter) : end]
    yield ChangeKind.WRAPPED, part.partition(b"\r\n\r\n")[2]
    last = lined.rfind(delimiter + CRLF)
    if last > begin:
        yield ChangeKind.PART_ADDED, lined[:last][len(CRLF) :] + delimiter + b"--\r\n"
