"""Message: a fast read-only view of an RFC 5322/MIME message, made for damaged input.

Theory of operation.  ``Message.parse`` unifies line ends, then splits the bytes into a flat list of leaf parts by
plain searching for boundary lines; no part is decoded before its text is asked for.  An attached message
(message/rfc822) is a leaf: whoever wants to look inside parses its body as a message of its own.  Everything has a
bound (below).  No input raises: a missing boundary line, a body that ends inside a part, headers that are none, all
give a message with what could be read.

Not tidy: a header block is searched in a lower-cased copy, so a name must be asked for in lower case.
"""

from __future__ import annotations

from mailwright.mail.decoding import codec_name, decode_bytes, decode_header, decode_transfer
from mailwright.mail.html import html_to_text

#: Octets of one message that are looked at; the largest bounces in practice carry the original of some 25 MB behind
#: a report of a few kB, which comes first.
LONGEST_MESSAGE = 16 * 1024 * 1024
#: Octets of one header block that are searched; common receivers refuse more than 64 to 128 kB.
LONGEST_HEADER = 128 * 1024
#: Leaf parts of one message, and how deep multiparts may be nested; real bounces have up to six, three deep.
MOST_PARTS = 64
DEEPEST_NESTING = 8
#: Octets of one part that are decoded to text.
LONGEST_TEXT = 256 * 1024


class Headers:
    """The header block of a message or a part: values by name, decoded when asked for."""

    __slots__ = ("_lower", "_raw")

    def __init__(self, raw: bytes) -> None:
        """Keep ``raw``, a block with LF line ends, without the empty line behind it."""
        self._raw = b"\n" + raw[:LONGEST_HEADER]
        self._lower = self._raw.lower()

    def raw_value(self, name: bytes, start: int = 0) -> tuple[bytes, int] | None:
        """Return (value still folded, where it ends) of the first ``name`` (lower case) at or after ``start``."""
        at = self._lower.find(b"\n" + name + b":", start)
        if at < 0:
            return None
        begin = at + len(name) + 2
        end = self._lower.find(b"\n", begin)
        while end >= 0 and self._raw[end + 1 : end + 2] in (b" ", b"\t"):
            end = self._lower.find(b"\n", end + 1)
        return (self._raw[begin:] if end < 0 else self._raw[begin:end]), len(self._raw) if end < 0 else end

    def get(self, name: bytes) -> str:
        """Return the first value of ``name`` (lower case), unfolded and decoded; "" where there is none."""
        found = self.raw_value(name)
        return _header_text(found[0]) if found else ""

    def get_all(self, name: bytes, most: int = 50) -> list[str]:
        """Return up to ``most`` values of ``name`` (lower case), in order."""
        values: list[str] = []
        found = self.raw_value(name)
        while found and len(values) < most:
            values.append(_header_text(found[0]))
            found = self.raw_value(name, found[1])
        return values

    def has(self, name: bytes) -> bool:
        """Tell whether ``name`` (lower case) is there."""
        return self._lower.find(b"\n" + name + b":") >= 0


def _header_text(raw: bytes) -> str:
    value = raw.strip()
    if b"\n" in value:
        value = b" ".join(value.split())
    text = value.decode("ascii") if value.isascii() and b"\x1b" not in value else decode_bytes(value)
    return decode_header(text) if "=?" in text else text


class Part:
    """A leaf of the MIME tree: its headers and its body, decoded when asked for.

    media_type: lower case, without parameters; "text/plain" where none is given (RFC 2045 5.2).
    """

    __slots__ = ("_text", "body", "headers", "media_type", "parameters")

    def __init__(self, headers: Headers, body: bytes, content_type: str) -> None:
        """Keep the undecoded ``body``; ``content_type`` is the whole value of the header field, "" for none."""
        self.headers = headers
        self.body = body
        media, _, self.parameters = content_type.partition(";")
        self.media_type = media.strip().lower() or "text/plain"
        self._text: str | None = None

    def decoded(self) -> bytes:
        """Return the body with its transfer encoding undone, cut at LONGEST_TEXT octets."""
        encoding = self.headers.get(b"content-transfer-encoding").strip().lower()
        if encoding in ("", "7bit", "8bit", "binary"):
            return self.body[:LONGEST_TEXT]
        return decode_transfer(self.body[: LONGEST_TEXT * 2], encoding)[:LONGEST_TEXT]

    @property
    def text(self) -> str:
        """The body as text for reading: transfer encoding and charset undone, HTML turned into lines."""
        if self._text is None:
            text = decode_bytes(self.decoded(), parameter(self.parameters, "charset"))
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            self._text = html_to_text(text) if self.media_type == "text/html" else text
        return self._text


class Message:
    """A message: its headers, its leaf parts in order, and its top media type."""

    __slots__ = ("content_type", "headers", "media_type", "parts")

    def __init__(self, headers: Headers, parts: list[Part], content_type: str) -> None:
        """Hold what ``parse`` found; ``content_type`` is the top header field's value."""
        self.headers = headers
        self.parts = parts
        self.content_type = content_type
        self.media_type = content_type.partition(";")[0].strip().lower() or "text/plain"

    @classmethod
    def parse(cls, raw: bytes) -> Message:
        """Read a message from its bytes, whatever they are; LF, CRLF and CR line ends; never raises."""
        head, body = split_head(unify_lines(raw))
        headers = Headers(head)
        content_type = headers.get(b"content-type")
        parts: list[Part] = []
        _collect(headers, body, content_type, parts, DEEPEST_NESTING)
        return cls(headers, parts, content_type)

    def part(self, *media_types: str) -> Part | None:
        """Return the first leaf of one of the media types; None where there is none."""
        for part in self.parts:
            if part.media_type in media_types:
                return part
        return None


def unify_lines(raw: bytes) -> bytes:
    """Return at most LONGEST_MESSAGE octets of ``raw`` with LF line ends, without a mbox "From " line on top."""
    if len(raw) > LONGEST_MESSAGE:
        raw = raw[:LONGEST_MESSAGE]
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if raw[:3] == b"\xef\xbb\xbf":
        raw = raw[3:]
    if raw[:5] in (b"From ", b">From"):
        raw = raw.partition(b"\n")[2]
    return raw.lstrip(b"\n") if raw[:1] == b"\n" else raw


def split_head(block: bytes) -> tuple[bytes, bytes]:
    """Return (header block, body) of ``block``, parted at the first empty line; a body without headers has none."""
    if block[:1] == b"\n":
        return b"", block[1:]
    end = block.find(b"\n\n")
    if end < 0:
        return (block, b"") if _looks_like_header(block) else (b"", block)
    head = block[:end]
    return (head, block[end + 2 :]) if _looks_like_header(head) else (b"", block)


def _looks_like_header(block: bytes) -> bool:
    """Tell whether ``block`` begins with a field: a name of printable ASCII and a colon (RFC 5322 2.2)."""
    name, colon, _ = block[:200].partition(b":")
    name = name.rstrip(b" \t")
    return bool(colon) and bool(name) and name.isascii() and not any(char <= 32 or char == 127 for char in name)


def parameter(parameters: str, name: str) -> str | None:
    """Return a parameter of a Content-Type value (RFC 2045 5.1), without quotes; None where it is absent."""
    lowered = parameters.lower()
    at = lowered.find(name + "=")
    while at > 0 and (lowered[at - 1].isalnum() or lowered[at - 1] in "-_"):
        at = lowered.find(name + "=", at + 1)
    if at < 0:
        return None
    value = parameters[at + len(name) + 1 :]
    if value.startswith('"'):
        return value[1:].partition('"')[0]
    return value.partition(";")[0].strip().split(" ")[0]


def _collect(headers: Headers, body: bytes, content_type: str, parts: list[Part], depth: int) -> None:
    """Append the leaves of one entity to ``parts``."""
    if content_type[:10].lower() == "multipart/" and depth:
        boundary = _boundary(content_type, body)
        if boundary:
            for piece in _pieces(body, boundary):
                if len(parts) >= MOST_PARTS:
                    return
                head, inner = split_head(piece)
                inner_headers = Headers(head)
                _collect(inner_headers, inner, inner_headers.get(b"content-type"), parts, depth - 1)
            return
    parts.append(Part(headers, body, content_type))


def _boundary(content_type: str, body: bytes) -> bytes | None:
    """Return the boundary that ``body`` uses: the declared one, or the one its first delimiter line shows."""
    declared = parameter(content_type, "boundary")
    if declared:
        boundary = declared.encode("latin-1", "replace")
        if body.startswith(b"--" + boundary) or b"\n--" + boundary in body:
            return boundary
    at = 0 if body.startswith(b"--") else body.find(b"\n--", 0, 16_384) + 1
    if at or body.startswith(b"--"):
        line, _, following = body[at : at + 400].partition(b"\n")
        if following[:8].lower() == b"content-" and len(line) > 4:
            return line[2:].rstrip()
    return None


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """Return what stands between the delimiter lines; the last piece may lack its closing line (RFC 2046 5.1.2)."""
    delimiter = b"--" + boundary
    pieces: list[bytes] = []
    begin = -1
    at = 0 if body.startswith(delimiter) else body.find(b"\n" + delimiter)
    while at >= 0 and len(pieces) < MOST_PARTS:
        line_start = at if at == 0 and body.startswith(delimiter) else at + 1
        after = line_start + len(delimiter)
        line_end = body.find(b"\n", after)
        rest = body[after : len(body) if line_end < 0 else line_end].strip()
        if rest not in (b"", b"--"):
            # A longer boundary that begins with this one.
            at = body.find(b"\n" + delimiter, after)
            continue
        if begin >= 0:
            pieces.append(body[begin:at])
        if rest == b"--" or line_end < 0:
            return pieces
        begin = line_end + 1
        at = body.find(b"\n" + delimiter, line_end)
    if 0 <= begin < len(body) and len(pieces) < MOST_PARTS:
        pieces.append(body[begin:])
    return pieces


__all__ = ["Headers", "Message", "Part", "codec_name", "parameter", "split_head", "unify_lines"]
