"""Report addresses: the URIs to which reports go, in rua= and ruf= of DMARC and in rua= of TLS-RPT.

RFC 9989 4.6 and 4.8, RFC 8460 3.  A list is separated by commas; commas and exclamation points inside a URI are
percent-encoded.  RFC 7489 6.2 let "!10m" follow a URI, the largest report wanted; RFC 9989 has made that obsolete.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.mail.address import Address, AddressFault, is_host_name

#: Addresses of one list that are read; RFC 7489 6.2 let reporters stop after two, lists in use have up to five.
MOST_URIS = 20
#: Characters of one URI; RFC 9110 4.1 asks for 8,000 octets to be supported, a mailto: has some 260.
LONGEST_URI = 2_000
#: Digits of a size; 10 digits and "t" are more than any report has.
_MOST_DIGITS = 10

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_SCHEME = _LETTERS | _DIGITS | frozenset("+-.")
_HEX = _DIGITS | frozenset("abcdefABCDEF")
#: RFC 3986 2.2, 2.3: reserved and unreserved characters and the percent sign, but "!" and ",".
_URI = _LETTERS | _DIGITS | frozenset("-._~:/?#[]@$&'()*+;=%")
#: RFC 7489 6.2: powers of two.
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class UriTrouble(StrEnum):
    """What is wrong with a report address."""

    EMPTY = "empty"  # nothing stands between two commas
    LONG = "long"  # more characters than the limit
    SCHEME = "scheme"  # it does not begin with a scheme and a colon; a bare mail address is the usual case
    CHARACTER = "character"  # a character that no URI has, or one that must be percent-encoded
    ADDRESS = "address"  # what follows mailto: is no mail address
    HOST = "host"  # what follows https:// is no host
    SIZE = "size"  # what follows "!" is no size


class UriFault(ValueError):
    """A text is no report address.

    why: what is wrong.  text: the text, cut at 200 characters.
    """

    def __init__(self, why: UriTrouble, text: str) -> None:
        """Keep both."""
        self.why = why
        self.text = text[:200]
        super().__init__(f"{why}: {self.text!r}")


class ReportUri(NamedTuple):
    """Where reports go.

    uri: as written, without a size.  size_limit: octets of the largest report wanted (RFC 7489); None where not told.
    """

    uri: str
    size_limit: int | None = None

    @property
    def scheme(self) -> str:
        """The scheme, lower case: "mailto", "https"."""
        return self.uri.partition(":")[0].lower()

    @property
    def address(self) -> str | None:
        """The mail address of a mailto:, decoded; None for other schemes."""
        return _mailbox(self.uri) if self.scheme == "mailto" else None

    @property
    def host(self) -> str:
        """The host that reports go to, lower case: the domain of a mail address; "" where the scheme has none."""
        if self.scheme == "mailto":
            return _mailbox(self.uri).rpartition("@")[2].lower()
        return _authority_host(self.uri)

    def __str__(self) -> str:
        """Return the URI as RFC 9989 writes it: commas and exclamation points encoded, without a size."""
        return self.uri


def parse_report_uri(text: str) -> ReportUri:
    """Return the report address that ``text`` is; raises UriFault."""
    text = text.strip(" \t")
    if not text:
        raise UriFault(UriTrouble.EMPTY, text)
    if len(text) > LONGEST_URI:
        raise UriFault(UriTrouble.LONG, text)
    uri, bang, size = text.partition("!")
    scheme, colon, _ = uri.partition(":")
    if not colon or not scheme or scheme[0] not in _LETTERS or not _SCHEME.issuperset(scheme):
        raise UriFault(UriTrouble.SCHEME, text)
    # RFC 9989 4.8: commas and exclamation points MUST be encoded.
    if not _URI.issuperset(uri) or not _is_percent_encoded(uri):
        raise UriFault(UriTrouble.CHARACTER, text)
    found = ReportUri(uri, _size(size, text) if bang else None)
    _check(found, text)
    return found


def parse_uri_list(value: str) -> tuple[tuple[ReportUri, ...], tuple[UriFault, ...]]:
    """Return the addresses of a list in their order, and what is wrong with the others; at most MOST_URIS of both.

    RFC 9989 4.8: what breaks the syntax is ignored, the rest is used.
    """
    found: list[ReportUri] = []
    faults: list[UriFault] = []
    for item in value.split(",", MOST_URIS)[:MOST_URIS]:
        try:
            found.append(parse_report_uri(item))
        except UriFault as fault:
            faults.append(fault)
    return tuple(found), tuple(faults)


def mailto(address: Address) -> ReportUri:
    """Return the report address for a mailbox, what may not stand in a URI percent-encoded.

    Raises UriFault for an address literal longer than LONGEST_URI when encoded, or without a domain.
    """
    text = str(address)
    encoded = "".join(char if char in _PLAIN_IN_MAILTO else _percent(char) for char in text)
    return parse_report_uri(f"mailto:{encoded}")


_PLAIN_IN_MAILTO = _LETTERS | _DIGITS | frozenset("-._~@+$*'=[]:")


def _percent(char: str) -> str:
    return "".join(f"%{octet:02X}" for octet in char.encode("utf-8", "replace"))


def _is_percent_encoded(uri: str) -> bool:
    """Tell whether every "%" is followed by two hexadecimal digits (RFC 3986 2.1)."""
    pieces = uri.split("%")[1:]
    return all(len(piece) >= 2 and piece[0] in _HEX and piece[1] in _HEX for piece in pieces)


def _size(text: str, whole: str) -> int:
    """Return the octets of "10m" (RFC 7489 6.4)."""
    unit = text[-1:].lower() if text[-1:] not in _DIGITS else ""
    digits = text[: len(text) - len(unit)]
    if unit not in _UNITS or not 0 < len(digits) <= _MOST_DIGITS or not _DIGITS.issuperset(digits):
        raise UriFault(UriTrouble.SIZE, whole)
    return int(digits) * _UNITS[unit]


def _check(found: ReportUri, text: str) -> None:
    """Raise UriFault where a known scheme is followed by what it cannot have."""
    if found.scheme == "mailto":
        try:
            address = Address.parse(_mailbox(found.uri))
        except AddressFault:
            raise UriFault(UriTrouble.ADDRESS, text) from None
        if not address.domain:
            raise UriFault(UriTrouble.ADDRESS, text)
    elif found.scheme in ("https", "http") and not is_host_name(_authority_host(found.uri)):
        raise UriFault(UriTrouble.HOST, text)


def _mailbox(uri: str) -> str:
    """Return the decoded address of a mailto: (RFC 6068 2), without the fields behind "?"."""
    encoded = uri.partition(":")[2].partition("?")[0].partition("#")[0]
    if "%" not in encoded:
        return encoded
    first, *rest = encoded.split("%")
    octets = bytearray(first, "ascii", "replace")
    for piece in rest:
        octets.append(int(piece[:2], 16))
        octets += piece[2:].encode("ascii", "replace")
    return octets.decode("utf-8", "replace")


def _authority_host(uri: str) -> str:
    """Return the host of scheme://user@host:port/path (RFC 3986 3.2.2), lower case; "" where there is none."""
    rest = uri.partition(":")[2]
    if not rest.startswith("//"):
        return ""
    authority = rest[2:]
    for end in "/?#":
        authority = authority.partition(end)[0]
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower().removesuffix(".")
