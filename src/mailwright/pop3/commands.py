"""The commands of POP3 as values, and how they are written (RFC 1939, 2449, 2595, 5034, 6856).

``command_to_bytes`` is one half of a pair; the other, ``parse_command``, is in mailwright.pop3.command_reader.  What
one writes the other reads back equal.

A value may hold anything; ``command_to_bytes`` raises LocalProtocolError rather than write a line that could be read as
anything but that one command.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from mailwright.pop3.limits import DEFAULT_LIMITS
from mailwright.smtp.errors import LocalProtocolError

#: Digits of a message number or a count of lines (own choice: more than any maildrop has).
LONGEST_NUMBER = 10
#: Characters of a SASL mechanism's name (RFC 4422 3.1).
LONGEST_MECHANISM = 20
#: Characters of a language tag (RFC 5646 4.4.1 recommends room for 35).
LONGEST_LANGUAGE = 35
#: Hexadecimal digits of the digest of APOP, an MD5 (RFC 1939 7).
DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class User:
    """USER (RFC 1939 7).  name: without spaces."""

    name: str


@dataclass(frozen=True, slots=True)
class Pass:
    """PASS (RFC 1939 7).  password: secret, not shown; may have spaces."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Apop:
    """APOP (RFC 1939 7).  digest: the MD5 of timestamp and password, in lower-case hexadecimal; secret, not shown."""

    name: str
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH (RFC 5034 4).

    mechanism: its SASL name, in capitals.
    initial_response: decoded; b"" is an empty one ("="), None means that none was sent.  It is secret and not shown.
    """

    mechanism: str
    initial_response: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Capa:
    """CAPA (RFC 2449 5)."""


@dataclass(frozen=True, slots=True)
class Stls:
    """STLS (RFC 2595 4)."""


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT (RFC 1939 4 and 6)."""


@dataclass(frozen=True, slots=True)
class Stat:
    """STAT (RFC 1939 5)."""


@dataclass(frozen=True, slots=True)
class List:
    """LIST (RFC 1939 5).  number: a message's, from 1; None for all."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Uidl:
    """UIDL (RFC 1939 7).  number: as in List."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Retr:
    """RETR (RFC 1939 5)."""

    number: int


@dataclass(frozen=True, slots=True)
class Top:
    """TOP (RFC 1939 7).  lines: of the body, 0 and more."""

    number: int
    lines: int


@dataclass(frozen=True, slots=True)
class Dele:
    """DELE (RFC 1939 5)."""

    number: int


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP (RFC 1939 5)."""


@dataclass(frozen=True, slots=True)
class Rset:
    """RSET (RFC 1939 5)."""


@dataclass(frozen=True, slots=True)
class Utf8:
    """UTF8 (RFC 6856 2.1)."""


@dataclass(frozen=True, slots=True)
class Lang:
    """LANG (RFC 6856 3).  tag: a language, or "*" for the server's own; None asks which there are."""

    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line that begins with none of the keywords above.  keyword: its first word, in capitals."""

    keyword: str


Command = (
    User
    | Pass
    | Apop
    | Auth
    | Capa
    | Stls
    | Quit
    | Stat
    | List
    | Uidl
    | Retr
    | Top
    | Dele
    | Noop
    | Rset
    | Utf8
    | Lang
    | Unknown
)

_ALONE: dict[type, bytes] = {
    Capa: b"CAPA\r\n",
    Stls: b"STLS\r\n",
    Quit: b"QUIT\r\n",
    Stat: b"STAT\r\n",
    Noop: b"NOOP\r\n",
    Rset: b"RSET\r\n",
    Utf8: b"UTF8\r\n",
}
_MECHANISM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_TAG = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
CONTROLS = bytes((*range(32), 127))


def command_to_bytes(command: Command) -> bytes:
    """Return the line with its CRLF; AUTH may be longer than Limits.command_line, nothing else.

    Raises LocalProtocolError for what cannot be written so that it is read back the same.
    """
    if isinstance(command, Auth):
        return _auth(command)
    alone = _ALONE.get(type(command))
    if alone is not None:
        return alone
    line = _with_arguments(command)
    # RFC 2449 4: the maximum length of a command is 255 octets, with the CRLF.
    if len(line) > DEFAULT_LIMITS.command_line:
        raise LocalProtocolError(f"a command of {len(line)} octets, {DEFAULT_LIMITS.command_line} are allowed")
    return line


def _with_arguments(command: Command) -> bytes:
    match command:
        case User(name):
            return b"USER %b\r\n" % _word(name)
        case Pass(password):
            return b"PASS %b\r\n" % _text(password)
        case Apop(name, digest):
            return b"APOP %b %b\r\n" % (_word(name), _digest(digest))
        case List() | Uidl():
            return _listing(command)
        case Retr(number):
            return b"RETR %d\r\n" % _number(number)
        case Dele(number):
            return b"DELE %d\r\n" % _number(number)
        case Top(number, lines):
            return b"TOP %d %d\r\n" % (_number(number), _number(lines))
        case Lang(tag):
            return b"LANG\r\n" if tag is None else b"LANG %b\r\n" % _tag(tag)
        case _:
            raise LocalProtocolError(f"no such command: {type(command).__name__}")


def _listing(command: List | Uidl) -> bytes:
    keyword = b"LIST" if isinstance(command, List) else b"UIDL"
    return keyword + (b"\r\n" if command.number is None else b" %d\r\n" % _number(command.number))


def _number(number: int) -> int:
    if not 0 <= number < 10**LONGEST_NUMBER:
        raise LocalProtocolError(f"{number} cannot be a number in a command")
    return number


def _text(text: str) -> bytes:
    """Return a last argument: one character and more, none a control.  It may be secret, so errors do not show it."""
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError("an argument is not Unicode text") from error
    if not raw or len(raw.translate(None, CONTROLS)) != len(raw):
        raise LocalProtocolError("an argument is empty or has a control character")
    return raw


def _word(text: str) -> bytes:
    # RFC 1939 3: arguments are separated by single spaces.
    if " " in text:
        raise LocalProtocolError("an argument has a space")
    return _text(text)


def _digest(digest: str) -> bytes:
    if not is_digest(digest):
        raise LocalProtocolError("the digest of APOP is 32 lower-case hexadecimal digits")
    return digest.encode("ascii")


def is_digest(text: str) -> bool:
    """Tell whether ``text`` can be the digest of APOP (RFC 1939 7: 16 octets in hexadecimal, in lower case)."""
    return len(text) == DIGEST_LENGTH and not text.strip("0123456789abcdef")


def is_language(text: str) -> bool:
    """Tell whether ``text`` has the form of a language tag, or is "*" (RFC 6856 3)."""
    return text == "*" or (0 < len(text) <= LONGEST_LANGUAGE and _TAG.issuperset(text))


def is_mechanism(text: str) -> bool:
    """Tell whether ``text``, in capitals, can be the name of a SASL mechanism (RFC 4422 3.1)."""
    return 0 < len(text) <= LONGEST_MECHANISM and _MECHANISM.issuperset(text)


def _tag(tag: str) -> bytes:
    if not is_language(tag):
        raise LocalProtocolError(f"{tag!r} is no language tag")
    return tag.encode("ascii")


def _auth(command: Auth) -> bytes:
    mechanism = command.mechanism
    if not is_mechanism(mechanism):
        raise LocalProtocolError(f"{mechanism!r} is no SASL mechanism")
    if command.initial_response is None:
        return b"AUTH %b\r\n" % mechanism.encode("ascii")
    # RFC 5034 4: an initial response of no octets is sent as a single equals sign.
    return b"AUTH %b %b\r\n" % (mechanism.encode("ascii"), b64encode(command.initial_response) or b"=")
