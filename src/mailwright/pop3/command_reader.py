"""parse_command: a line of the client, read as a command.

The rules, and why they are as they are:

* A line is one command or a fault with the words to answer; no line is read as two, none by guessing.
* Arguments are separated by exactly one space (RFC 1939 3), so that a password keeps all of its own.
* Names and passwords are UTF-8 (RFC 6856 2.2), which ASCII is a part of.
* The words of a fault hold nothing of the line: it may be a password typed one line too early.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable

from mailwright.pop3.commands import (
    CONTROLS,
    LONGEST_NUMBER,
    Apop,
    Auth,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    Unknown,
    User,
    Utf8,
    is_digest,
    is_language,
    is_mechanism,
)
from mailwright.smtp.errors import RemoteProtocolError

#: Characters of a keyword that are kept of an unknown command (own choice; keywords have three or four).
LONGEST_KEYWORD = 16


def parse_command(line: bytes) -> Command:
    """Return the command that ``line``, without its CRLF, is.

    Raises RemoteProtocolError, whose message is fit to stand after "-ERR ".
    """
    if len(line.translate(None, CONTROLS)) != len(line):
        raise RemoteProtocolError("Control characters are not allowed")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError("Octets that are not UTF-8") from error
    keyword, _, argument = text.partition(" ")
    # RFC 1939 3: keywords are case-insensitive.
    name = keyword.upper()
    reader = _READERS.get(name)
    if reader is None:
        return Unknown(name[:LONGEST_KEYWORD])
    # A trailing space where no argument is; blanks of a password are its own.
    return reader(argument if argument.strip(" ") or name == "PASS" else "")


def decode_base64(text: bytes) -> bytes:
    """Return what a line of a SASL exchange says; raises RemoteProtocolError."""
    try:
        if len(text) % 4 == 0:
            return b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise RemoteProtocolError("Cannot decode the base64") from error
    raise RemoteProtocolError("Cannot decode the base64")


_Reader = Callable[[str], Command]


def _alone(command: Command) -> _Reader:
    def read(argument: str) -> Command:
        if argument:
            raise RemoteProtocolError("No argument is allowed here")
        return command

    return read


def _numbered(kind: Callable[[int], Command], missing: Command | None = None) -> _Reader:
    def read(argument: str) -> Command:
        if not argument and missing is not None:
            return missing
        return kind(_number(argument.rstrip(" ")))

    return read


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_NUMBER:
        raise RemoteProtocolError("A number is needed")
    return int(text)


def _top(argument: str) -> Top:
    number, _, lines = argument.rstrip(" ").partition(" ")
    return Top(_number(number), _number(lines))


def _user(argument: str) -> User:
    if not argument or " " in argument:
        raise RemoteProtocolError("One name is needed")
    return User(argument)


def _pass(argument: str) -> Pass:
    # RFC 1939 7: PASS has exactly one argument, so a server may treat spaces in it as part of the password.
    if not argument:
        raise RemoteProtocolError("A password is needed")
    return Pass(argument)


def _apop(argument: str) -> Apop:
    name, _, digest = argument.partition(" ")
    if not name or not is_digest(digest):
        raise RemoteProtocolError("A name and a digest of 32 lower-case hexadecimal digits are needed")
    return Apop(name, digest)


def _lang(argument: str) -> Lang:
    if argument and not is_language(argument):
        raise RemoteProtocolError("A language tag is needed")
    return Lang(argument or None)


def _auth(argument: str) -> Auth:
    mechanism, blank, response = argument.partition(" ")
    name = mechanism.upper()
    if not is_mechanism(name) or not response.isascii():
        raise RemoteProtocolError("AUTH needs a mechanism")
    if not blank:
        return Auth(name)
    # RFC 5034 4: a single equals sign is an initial response of no octets.
    return Auth(name, b"" if response == "=" else decode_base64(response.encode("ascii")))


_READERS: dict[str, _Reader] = {
    "USER": _user,
    "PASS": _pass,
    "APOP": _apop,
    "AUTH": _auth,
    "CAPA": _alone(Capa()),
    "STLS": _alone(Stls()),
    "QUIT": _alone(Quit()),
    "STAT": _alone(Stat()),
    "LIST": _numbered(List, List()),
    "UIDL": _numbered(Uidl, Uidl()),
    "RETR": _numbered(Retr),
    "TOP": _top,
    "DELE": _numbered(Dele),
    "NOOP": _alone(Noop()),
    "RSET": _alone(Rset()),
    "UTF8": _alone(Utf8()),
    "LANG": _lang,
}
