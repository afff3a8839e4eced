"""Message: a fast read-only view of an RFC 5322/MIME message, made for damaged input.

Theory of operation.  ``Message.parse`` unifies line ends, then splits the bytes into a flat list of leaf parts by
plain searching for boundary lines; no part is decoded before its text is asked for.  An attached message
(message/rfc822) is a leaf: whoever wants to look inside parses its body as a message of its own.  Everything has a
bound (below).  No input raises: a missing boundary line, a body that ends inside a part, headers that are none, all
give a message with what could be read.

Header names are asked for as lower-case bytes.
"""

from __future__ import annotations

from mailwright.mail.decoding import decode_bytes, decode_header, decode_transfer, lower_in_place
from mailwright.mail.html import html_to_text

#: Octets of one message that are looked at; the largest bounces in practice carry the original of some 25 MB behind
#: a report of a few kB, which comes first.
LONGEST_MESSAGE = 16 * 1024 * 1024
#: Octets of one header block that are searched; common receivers refuse more than 64 to 128 kB.
LONGEST_HEADER = 128 * 1024
#: Leaf parts of one message, and how deep multiparts may be nested; real bounces have up to six, three deep.
MOST_PARTS = 64
DEEPEST_NESTING = 8
#: Octets of a multipart that are searched for its first delimiter line where the declared boundary is not there.
LONGEST_PREAMBLE = 16 * 1024
#: Octets of one part that are decoded to text.
LONGEST_TEXT = 256 * 1024


class Headers:
    """The header block of a message or a part: values by name, decoded when asked for."""

    __slots__ = ("_block", "_fields", "_first")

    def __init__(self, raw: bytes) -> None:
        """Keep ``raw``, a block with LF line ends, without the empty line behind it; read when first asked."""
        # A folded line (RFC 5322 2.2.3) is joined to its field by marking the line end with FOLD.
        self._block = raw[:LONGEST_HEADER].replace(b"\n ", FOLD).replace(b"\n\t", FOLD)
        self._fields: list[tuple[bytes, bytes]] = []
        self._first: dict[bytes, bytes] = {}

    def _read(self) -> dict[bytes, bytes]:
        """Return the first value of each name; lines that are no field are left out."""
        if self._block:
            for line in self._block.split(b"\n"):
                name, colon, value = line.partition(b":")
                if colon:
                    key = name.lower()
                    self._fields.append((key, value))
                    self._first.setdefault(key, value)
            self._block = b""
        return self._first

    @property
    def content_type(self) -> str:
        """Content-Type, "" where there is none; found without reading the other fields where it is spelled as usual."""
        begin = self._block.find(b"\nContent-Type:")
        if begin < 0:
            return self.get(b"content-type")
        end = self._block.find(b"\n", begin + 1)
        return _header_text(self._block[begin + 14 : end if end >= 0 else len(self._block)])

    def raw_value(self, name: bytes) -> bytes:
        """Return the first value of ``name`` (lower case) as it stands, unfolded; b"" where there is none."""
        value = self._read().get(name, b"").strip()
        return b" ".join(value.split()) if FOLD in value else value

    def get(self, name: bytes) -> str:
        """Return the first value of ``name`` (lower case), unfolded and decoded; "" where there is none."""
        value = self._read().get(name)
        return _header_text(value) if value else ""

    def get_all(self, name: bytes, most: int = 50) -> list[str]:
        """Return up to ``most`` values of ``name`` (lower case), in order."""
        if name not in self._read():
            return []
        return [_header_text(value) for key, value in self._fields if key == name][:most]

    def has(self, name: bytes) -> bool:
        """Tell whether ``name`` (lower case) is there."""
        return name in self._read()

    def has_any(self, prefix: bytes) -> bool:
        """Tell whether a field is there whose name begins with ``prefix`` (lower case)."""
        return any(key.startswith(prefix) for key in self._read())

    def count(self, name: bytes) -> int:
        """Return how often ``name`` (lower case) is there."""
        self._read()
        return sum(key == name for key, _ in self._fields)


#: Stands where a line was folded; a CR, since line ends are LF by then, and white space, so that splitting drops it.
FOLD = b"\r "


def _header_text(raw: bytes) -> str:
    value = raw.strip()
    if FOLD in value:
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
        content_type = headers.content_type
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
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # Text saved by an editor in UTF-16.
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
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


#: What a field name is made of: printable ASCII but the colon (RFC 5322 2.2).
_FIELD_NAME = bytes(set(range(33, 127)) - {58})


def _looks_like_header(block: bytes) -> bool:
    """Tell whether ``block`` begins with a field: a name of printable ASCII and a colon (RFC 5322 2.2)."""
    name, colon, _ = block[:200].partition(b":")
    name = name.rstrip(b" \t")
    return bool(colon) and bool(name) and not name.translate(None, _FIELD_NAME)


def parameter(parameters: str, name: str) -> str | None:
    """Return a parameter of a Content-Type value (RFC 2045 5.1), without quotes; None where it is absent."""
    lowered = lower_in_place(parameters)
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
        pieces = _pieces(body, boundary) if boundary else []
        if pieces:
            for piece in pieces:
                if len(parts) >= MOST_PARTS:
                    return
                head, inner = split_head(piece)
                inner_headers = Headers(head)
                _collect(inner_headers, inner, inner_headers.content_type, parts, depth - 1)
            return
    parts.append(Part(headers, body, content_type))


def _boundary(content_type: str, body: bytes) -> bytes | None:
    """Return the boundary that ``body`` uses: the declared one, else the one before the first part's header field."""
    declared = parameter(content_type, "boundary")
    if declared:
        boundary = declared.encode("latin-1", "replace")
        if body.startswith(b"--" + boundary) or b"\n--" + boundary in body:
            return boundary
    searched = b"\n" + body[:LONGEST_PREAMBLE]
    at = searched.find(b"\n--")
    while at >= 0:
        line, _, following = searched[at + 3 : at + 400].partition(b"\n")
        if following[:8].lower() == b"content-" and len(line) > 2:
            return line.rstrip()
        at = searched.find(b"\n--", at + 3)
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
            pieces.append(body[begin : max(begin, at)])
        if rest == b"--" or line_end < 0:
            return pieces
        begin = line_end + 1
        at = body.find(b"\n" + delimiter, line_end)
    if 0 <= begin < len(body) and len(pieces) < MOST_PARTS:
        pieces.append(body[begin:])
    return pieces
