"""Responses of POP3, read and written (RFC 1939 3, RFC 2449 8), and what stands in them.

Codes in brackets are evidence, as the peer sent them; whether a trouble passes by itself is for its cause to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailwright.mail.decoding import decode_bytes
from mailwright.pop3.commands import LONGEST_NUMBER
from mailwright.smtp.errors import RemoteProtocolError

#: Octets of a written response line with its CRLF (RFC 2449 4).
LONGEST_WRITTEN_LINE = 512
#: Characters of a response code that are read (own choice; those registered have up to eleven).
LONGEST_CODE = 40
#: Digits of a size that are read (own choice: 2**63 has 19).
LONGEST_SIZE = 19
#: Characters of a unique-id: 1 to 70 (RFC 1939 7); longer ones are read all the same, up to this (own choice).
LONGEST_UID = 70
LONGEST_UID_READ = 255
#: Octets of a line that an error quotes (own choice).
_QUOTED = 60

_CONTROLS_TO_SPACES = dict.fromkeys((*range(32), *range(127, 160)), " ")
#: Characters of a response code: RFC 2449 8 has any visible ones but "]"; those registered need no more than these.
_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")


class ResponseCode(StrEnum):
    """The response codes that are registered."""

    LOGIN_DELAY = "LOGIN-DELAY"  # RFC 2449 8.1.1: too soon after the last login.
    IN_USE = "IN-USE"  # RFC 2449 8.1.2: the maildrop is locked by another session; name and password are right.
    SYS_TEMP = "SYS/TEMP"  # RFC 3206 4: trouble of the system that is likely to pass by itself.
    SYS_PERM = "SYS/PERM"  # RFC 3206 4: trouble of the system that needs somebody's help.
    AUTH = "AUTH"  # RFC 3206 5: the user's credentials are the trouble.
    UTF8 = "UTF8"  # RFC 6856 2.1: the message or maildrop needs a client that gave the command UTF8.


@dataclass(frozen=True, slots=True)
class Response:
    """The first line of every answer of a server.

    ok: True for "+OK", False for "-ERR".
    text: the words, without response code.
    code: the response code in capitals, one of ResponseCode or another; None where there is none.
    """

    ok: bool
    text: str = ""
    code: str | None = None

    def __str__(self) -> str:
        """Return the response as it stood on the wire."""
        code = f" [{self.code}]" if self.code else ""
        text = f" {self.text}" if self.text else ""
        return f"{'+OK' if self.ok else '-ERR'}{code}{text}"


def parse_response(line: bytes) -> Response:
    """Return the response that ``line``, without its CRLF, is; raises RemoteProtocolError where it is none."""
    # RFC 1939 3: servers MUST send "+OK" and "-ERR" in upper case.
    indicator, _, rest = line.partition(b" ")
    if indicator not in (b"+OK", b"-ERR"):
        raise RemoteProtocolError(f"This is no response of POP3: {quoted(line)}")
    text = _decoded(rest)
    code, words = _split_code(text)
    return Response(indicator == b"+OK", words, code)


def _split_code(text: str) -> tuple[str | None, str]:
    """Return the response code that begins ``text`` and the words after it; None where none does."""
    if text[:1] != "[":
        return None, text
    end = text.find("]", 1, LONGEST_CODE + 2)
    # RFC 2449 8: response codes are case-insensitive.
    code = text[1:end].upper() if end > 1 else ""
    if not code or not _CODE.issuperset(code):
        return None, text
    return code, text[end + 1 :].lstrip(" ")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return decode_bytes(raw)


def quoted(line: bytes) -> str:
    """Return the beginning of ``line``, without anything that a terminal would obey."""
    return ascii(line[:_QUOTED].decode("utf-8", "backslashreplace")) + ("…" if len(line) > _QUOTED else "")


def response_to_bytes(response: Response, *, utf8: bool = False) -> bytes:
    """Return the response as it is sent, CRLF included, at most LONGEST_WRITTEN_LINE octets.

    utf8: whether the client gave the command UTF8 (RFC 6856 2.1); else what is beyond ASCII becomes "?".
    Control characters become spaces; words that are too long are cut, within no character.
    """
    text = str(response).translate(_CONTROLS_TO_SPACES)
    raw = text.encode("utf-8" if utf8 else "ascii", "replace")[: LONGEST_WRITTEN_LINE - 2]
    return raw.decode("utf-8", "ignore").encode() + b"\r\n"


# ------------------------------------------------------------------------------------------------ what stands in them


class DropListing(NamedTuple):
    """The answer to STAT (RFC 1939 5): messages not marked as deleted, and their octets together."""

    messages: int
    octets: int


class ScanListing(NamedTuple):
    """A line of LIST (RFC 1939 5): a message's number, from 1, and its octets."""

    number: int
    octets: int


class UniqueId(NamedTuple):
    """A line of UIDL (RFC 1939 7): a message's number, from 1, and what it is called in every session."""

    number: int
    uid: str


def parse_drop_listing(response: Response) -> DropListing:
    """Return what the +OK to STAT says; raises RemoteProtocolError where it cannot be read."""
    messages, octets = _two_numbers(response.text)
    return DropListing(messages, octets)


def parse_scan_listing(line: str) -> ScanListing:
    """Return what a line of LIST says, or the words of the +OK to LIST with a number.

    Raises RemoteProtocolError where it cannot be read.
    """
    number, octets = _two_numbers(line)
    return ScanListing(number, octets)


def parse_unique_id(line: str) -> UniqueId:
    """Return what a line of UIDL says, or the words of the +OK to UIDL with a number.

    Raises RemoteProtocolError where it cannot be read.
    """
    number, _, uid = line.strip(" ").partition(" ")
    # RFC 1939 7: one to 70 characters from 0x21 to 0x7E.
    if not _is_number(number, LONGEST_NUMBER) or not is_unique_id(uid, LONGEST_UID_READ):
        raise RemoteProtocolError(f"This is no unique-id listing: {quoted(line.encode('utf-8', 'replace'))}")
    return UniqueId(int(number), uid)


def is_unique_id(text: str, longest: int = LONGEST_UID) -> bool:
    """Tell whether ``text`` can be a unique-id (RFC 1939 7)."""
    return 0 < len(text) <= longest and text.isascii() and text.isprintable() and " " not in text


def _two_numbers(text: str) -> tuple[int, int]:
    first, _, rest = text.strip(" ").partition(" ")
    # RFC 1939 5: what follows the two numbers is not defined, and a client ignores it.
    second = rest.lstrip(" ").partition(" ")[0]
    if not _is_number(first, LONGEST_NUMBER) or not _is_number(second, LONGEST_SIZE):
        raise RemoteProtocolError(f"This is no listing: {quoted(text.encode('utf-8', 'replace'))}")
    return int(first), int(second)


def _is_number(text: str, longest: int) -> bool:
    return len(text) <= longest and text.isascii() and text.isdigit()
