"""The header fields of a message with their exact octets, for signatures.

``mail.message`` reads for people: it unifies line ends and drops what it cannot use.  A signature is over octets, so
here nothing is lost: the fields joined by CRLF, an empty line, and the body are the message.

A field ends at a CRLF that no space or tab follows (RFC 5322 2.2.3).  A lone CR or LF is an octet like any other,
except in a message whose first line ends with a lone LF, such as a file on disk: there LF are line ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

#: Octets of a header block that is verified or signed; common servers refuse more than 64 to 128 KiB.
LONGEST_HEADER = 512 * 1024
#: Fields of a header; real ones have 10 to 100, long ways of delivery up to 300.
MOST_FIELDS = 2_000
#: Octets of a field's name; the longest registered one has 38.
LONGEST_NAME = 256
#: Spellings of names that are kept with what they are.
NAMES_KEPT = 1_024

CRLF = b"\r\n"
_SPACES = frozenset(b" \t")
#: RFC 5322 3.6.8: what a field's name is made of.
_FTEXT = bytes(set(range(33, 127)) - {58})


class HeaderFault(ValueError):
    """A header has more octets or fields than the limit; ``str`` tells which."""


@lru_cache(maxsize=NAMES_KEPT)
def _field_name(written: bytes) -> bytes:
    """Return the name that stands before a colon in lower case; b"" where it is none."""
    # RFC 5322 4.5: an obsolete field may have white space before its colon.
    name = written.rstrip(b" \t")
    return name.lower() if not name.translate(None, _FTEXT) else b""


class HeaderField(NamedTuple):
    """A field: its name in lower case, and all its octets, folding included, without the CRLF at its end.

    name: b"" where the line is no field (no colon, or a name that is none).  Make it with ``read``.
    """

    name: bytes
    raw: bytes

    @classmethod
    def read(cls, raw: bytes) -> HeaderField:
        """Return the field in ``raw``: "Name: value", with CRLF before each continuation line."""
        colon = raw.find(b":", 0, LONGEST_NAME + 1)
        return cls(_field_name(raw[:colon]) if colon > 0 else b"", raw)

    @property
    def value(self) -> bytes:
        """What stands after the colon, as it stands."""
        return self.raw[self.raw.find(b":") + 1 :]

    @property
    def text(self) -> str:
        """The value unfolded and without the space around it; what is not UTF-8 becomes U+FFFD."""
        return self.value.replace(CRLF, b"").strip(b" \t").decode("utf-8", "replace")


class Header:
    """The fields of a message, from the top."""

    def __init__(self, fields: Sequence[HeaderField]) -> None:
        """Hold the fields."""
        self.fields = tuple(fields)

    @classmethod
    def parse(cls, block: bytes) -> Header:
        """Return the fields of ``block``, whose lines end with CRLF; the empty line may be missing.

        Raises HeaderFault where it is longer than LONGEST_HEADER or has more than MOST_FIELDS fields.
        """
        if len(block) > LONGEST_HEADER:
            raise HeaderFault(f"a header of more than {LONGEST_HEADER} octets")
        # An empty line always ends it, and an octet always follows a CRLF.
        block += b"\r\n\r\n"
        fields: list[HeaderField] = []
        begin, end = 0, block.find(CRLF)
        while end != begin:
            while block[end + 2] in _SPACES:
                end = block.find(CRLF, end + 2)
            raw = block[begin:end]
            colon = raw.find(b":", 0, LONGEST_NAME + 1)
            fields.append(HeaderField(_field_name(raw[:colon]) if colon > 0 else b"", raw))
            if len(fields) > MOST_FIELDS:
                raise HeaderFault(f"a header of more than {MOST_FIELDS} fields")
            begin = end + 2
            end = block.find(CRLF, begin)
        return cls(fields)

    @cached_property
    def by_name(self) -> dict[bytes, list[HeaderField]]:
        """The fields of each name (lower case), from the top; lines that are no field are left out."""
        found: dict[bytes, list[HeaderField]] = {}
        for field in self.fields:
            if field.name:
                found.setdefault(field.name, []).append(field)
        return found

    def all(self, name: bytes) -> Sequence[HeaderField]:
        """Return the fields called ``name`` (lower case), from the top."""
        return self.by_name.get(name, ())

    def first(self, name: bytes) -> HeaderField | None:
        """Return the topmost field called ``name`` (lower case); None where there is none."""
        found = self.by_name.get(name)
        return found[0] if found else None


def with_crlf(raw: bytes) -> bytes:
    """Return ``raw`` with CRLF line ends where its first line ends with a lone LF; else as it is."""
    first = raw.find(b"\n")
    if first < 0 or raw[first - 1 : first] == b"\r":
        return raw
    # RFC 6376 5.3: line ends of the local form MUST be made CRLF before signing.
    return raw.replace(CRLF, b"\n").replace(b"\n", CRLF)


def split_message(raw: bytes) -> tuple[Header, bytes]:
    """Return the header and the body of a message: what stands before and behind its first empty line.

    Without an empty line there is no body.  Line ends are those of ``with_crlf``.  Raises HeaderFault.
    """
    raw = with_crlf(raw)
    if raw.startswith(CRLF):
        return Header(()), raw[2:]
    end = raw.find(b"\r\n\r\n", 0, LONGEST_HEADER + 4)
    if end < 0:
        return Header.parse(raw), b""
    return Header.parse(raw[:end]), raw[end + 4 :]
