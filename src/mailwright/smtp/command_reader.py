"""parse_command: a line of the client, read as a command (RFC 5321 4.1).

The rules, and why they are as they are:

* A line is one command or a fault with the reply that belongs to it; no line is read as two, none by guessing.
* Only a path in angle brackets is a path.  One leniency has a name: ``spaces`` lets blanks stand after the colon.
* A source route is accepted and forgotten (RFC 5321 F.2).
* Plain MAIL and RCPT lines, which are nearly all, are read without decoding the whole line.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable

from mailwright.mail.address import Address, AddressFault, is_host_name
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.commands import (
    LONGEST_MECHANISM,
    Auth,
    Bdat,
    Command,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    StartTls,
    Unknown,
    Vrfy,
)
from mailwright.smtp.parameters import (
    LONGEST_SIZE,
    MAIL_PARAMETERS,
    PARAMETERS,
    RECIPIENT_PARAMETERS,
    fault,
    read_mail_parameters,
    read_recipient_parameters,
    split_parameters,
)

#: Octets of a verb that are kept of an unknown command (own choice).
LONGEST_VERB = 32
#: Octets of the argument of EHLO, HELO, LHLO (RFC 5321 4.5.3.1.2).
LONGEST_HELLO = 255

_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+="
_DOMAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
_CONTROLS = bytes((*range(32), 127))
_SENDER, _RECIPIENT = (5, 1, 7), (5, 1, 3)


def parse_command(line: bytes, accepted: frozenset[str] = PARAMETERS, *, spaces: bool = False) -> Command:
    """Return the command that ``line``, without its CRLF, is.

    accepted: the parameters of MAIL and RCPT that are offered.  spaces: let blanks follow "FROM:" and "TO:", as some
    devices send them.
    Raises RemoteProtocolError, whose reply is the answer to give.
    """
    if line[:9] in (b"RCPT TO:<", b"rcpt to:<", b"Rcpt To:<"):
        address = _plain_address(line, 9, len(line) - 1)
        if address is not None and line[-1:] == b">":
            return Rcpt(Recipient(address))
    elif line[:11] in (b"MAIL FROM:<", b"mail from:<", b"Mail From:<"):
        mail = _plain_mail(line, accepted)
        if mail is not None:
            return mail
    return _ALONE.get(line) or _parse_any(line, accepted, spaces=spaces)


def _plain_mail(line: bytes, accepted: frozenset[str]) -> Mail | None:
    """Return MAIL with a plain address, alone or with SIZE; None where a closer look is needed."""
    end = line.find(b">", 11)
    address = _plain_address(line, 11, end)
    if address is None:
        return None
    rest = line[end + 1 :]
    if not rest:
        return Mail(Envelope(address))
    if rest[:6] == b" SIZE=" and rest[6:].isdigit() and len(rest) <= 6 + LONGEST_SIZE and "SIZE" in accepted:
        return Mail(Envelope(address, size=int(rest[6:])))
    return None


def _plain_address(line: bytes, start: int, end: int) -> Address | None:
    """Return the mailbox between ``start`` and ``end``; None where it is not surely one."""
    path = line[start:end]
    # Exactly one octet, the "@", is none of the plain ones.
    if path.translate(None, _PLAIN) != b"@":
        return None
    local_part, _, domain = path.partition(b"@")
    if domain.translate(None, _DOMAIN) or not 0 < len(local_part) <= 64 or not 0 < len(domain) < 64:
        return None
    if b".." in path or b"-." in path or b".-" in path or local_part[:1] == b"." or local_part[-1:] == b".":
        return None
    if domain[0] in b".-" or domain[-1] in b".-":
        return None
    return Address(local_part.decode("ascii"), domain.decode("ascii"))


def _parse_any(line: bytes, accepted: frozenset[str], *, spaces: bool) -> Command:
    """Read any line: the verb, then its argument by the verb's own grammar."""
    # RFC 5321 4.1.1: a server SHOULD tolerate trailing white space.
    line = line.rstrip(b" \t")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise fault(500, (5, 5, 2), "Syntax error, octets that are not UTF-8") from error
    if len(line.translate(None, _CONTROLS)) != len(line):
        raise fault(500, (5, 5, 2), "Syntax error, control characters are not allowed")
    verb, _, argument = text.partition(" ")
    name = verb.upper()
    if name == "MAIL":
        return _mail(argument, accepted, spaces=spaces)
    if name == "RCPT":
        return _rcpt(argument, accepted, spaces=spaces)
    reader = _READERS.get(name)
    if reader is None:
        return Unknown(name[:LONGEST_VERB])
    return reader(argument)


def _mail(argument: str, accepted: frozenset[str], *, spaces: bool) -> Mail:
    path, rest = _split_path(argument, "FROM:", spaces=spaces)
    found = split_parameters(rest, MAIL_PARAMETERS, accepted)
    address = _address(path, _SENDER, utf8="SMTPUTF8" in found) if path else None
    if address is not None and not address.domain:
        raise fault(553, _SENDER, "A reverse-path needs a domain")
    return Mail(read_mail_parameters(address, found))


def _rcpt(argument: str, accepted: frozenset[str], *, spaces: bool) -> Rcpt:
    path, rest = _split_path(argument, "TO:", spaces=spaces)
    if not path:
        raise fault(553, _RECIPIENT, "The null path cannot be a recipient")
    # Whether letters beyond ASCII are allowed is for the transaction to say: RFC 6531 3.4 puts SMTPUTF8 on MAIL.
    address = _address(path, _RECIPIENT, utf8=True)
    return Rcpt(read_recipient_parameters(address, split_parameters(rest, RECIPIENT_PARAMETERS, accepted)))


def _split_path(argument: str, prefix: str, *, spaces: bool) -> tuple[str, str]:
    """Return what stands between the angle brackets, without a source route, and what follows them."""
    if argument[: len(prefix)].upper() != prefix:
        raise fault(501, (5, 5, 2), f"Syntax: {'MAIL' if prefix == 'FROM:' else 'RCPT'} {prefix}<address>")
    rest = argument[len(prefix) :]
    # RFC 5321 3.3: spaces are not permitted on either side of the colon.
    if spaces:
        rest = rest.lstrip(" ")
    end = _closing_bracket(rest)
    if end < 0 or rest[end + 1 : end + 2] not in ("", " "):
        raise fault(501, (5, 5, 2), "Syntax error, the address must stand in angle brackets")
    return _without_route(rest[1:end]), rest[end + 1 :]


def _closing_bracket(text: str) -> int:
    """Return where the bracket that ``text`` opens is closed, outside quotes; -1 where it opens or closes none."""
    if text[:1] != "<":
        return -1
    if '"' not in text:
        return text.find(">")
    quoted, place = False, 1
    while place < len(text):
        char = text[place]
        if char == "\\" and quoted:
            place += 1
        elif char == '"':
            quoted = not quoted
        elif char == ">" and not quoted:
            return place
        place += 1
    return -1


def _without_route(path: str) -> str:
    """Return the mailbox of a path that may begin with a source route "@one,@two:" (RFC 5321 F.2)."""
    if path[:1] != "@":
        return path
    # RFC 5321 4.1.1.3: receiving systems MUST recognise source routes and SHOULD strip them off.
    route, colon, mailbox = path.partition(":")
    hops = route.split(",")
    if not colon or not mailbox or not all(hop[:1] == "@" and is_host_name(hop[1:]) for hop in hops):
        raise fault(501, (5, 1, 3), "Syntax error in the source route")
    return mailbox


def _address(path: str, status: tuple[int, int, int], *, utf8: bool) -> Address:
    try:
        return Address.parse(path, utf8=utf8)
    except AddressFault as error:
        if error.why == "not-ascii":
            # RFC 6531 3.5: 553 with 5.6.7 where the address needs SMTPUTF8 and MAIL did not give it.
            raise fault(553, (5, 6, 7), "Addresses beyond ASCII need SMTPUTF8") from error
        raise fault(553, status, f"Mailbox name not allowed, {_words(error)}") from error


def _words(error: AddressFault) -> str:
    """Return why, without the address, whose octets belong into no reply."""
    return str(error).rpartition(": ")[2]


def _hello(kind: Callable[[str], Command]) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        domain = argument.strip(" ")
        # RFC 6531 3.7.1: the argument of EHLO is ASCII also where SMTPUTF8 is spoken.
        if not domain or not domain.isascii() or " " in domain or "\t" in domain or len(domain) > LONGEST_HELLO:
            raise fault(501, (5, 5, 4), "Syntax error, one host name or address literal is needed")
        return kind(domain)

    return read


def _alone(command: Command) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        # RFC 5321 4.1.1.4, 4.1.1.5, 4.1.1.10, RFC 3207 4: no parameters; 501 where there are some.
        if argument:
            raise fault(501, (5, 5, 4), "Syntax error, no parameters allowed")
        return command

    return read


def _asking(kind: Callable[[str, bool], Command]) -> Callable[[str], Command]:
    def read(argument: str) -> Command:
        subject, _, last = argument.rpartition(" ")
        smtputf8 = bool(subject) and last.upper() == "SMTPUTF8"
        text = (subject if smtputf8 else argument).strip(" ")
        if not text:
            raise fault(501, (5, 5, 4), "Syntax error, an argument is needed")
        if not smtputf8 and not text.isascii():
            raise fault(553, (5, 6, 7), "Names beyond ASCII need SMTPUTF8")
        return kind(text, smtputf8)

    return read


def _bdat(argument: str) -> Bdat:
    size, _, last = argument.partition(" ")
    if not size.isascii() or not size.isdigit() or len(size) > LONGEST_SIZE or last.upper() not in ("", "LAST"):
        raise fault(501, (5, 5, 4), "Syntax: BDAT size [LAST]")
    return Bdat(int(size), bool(last))


def _auth(argument: str) -> Auth:
    mechanism, blank, response = argument.partition(" ")
    if not mechanism or not mechanism.isascii() or len(mechanism) > LONGEST_MECHANISM or " " in response:
        raise fault(501, (5, 5, 4), "Syntax: AUTH mechanism [initial-response]")
    if not blank:
        return Auth(mechanism.upper())
    # RFC 4954 4: a single equals sign is an initial response of no octets.
    return Auth(mechanism.upper(), b"" if response == "=" else decode_base64(response))


def decode_base64(text: str) -> bytes:
    """Return what a line of a SASL exchange says; raises RemoteProtocolError with 501 5.5.2 (RFC 4954 4)."""
    try:
        if len(text) % 4 == 0:
            return b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise fault(501, (5, 5, 2), "Cannot decode the base64") from error
    raise fault(501, (5, 5, 2), "Cannot decode the base64")


#: Whole lines of commands that come with every message.
_ALONE: dict[bytes, Command] = {b"DATA": Data(), b"RSET": Rset(), b"NOOP": Noop(), b"QUIT": Quit()}
_READERS: dict[str, Callable[[str], Command]] = {
    "EHLO": _hello(Ehlo),
    "HELO": _hello(Helo),
    "LHLO": _hello(Lhlo),
    "DATA": _alone(Data()),
    "RSET": _alone(Rset()),
    "QUIT": _alone(Quit()),
    "STARTTLS": _alone(StartTls()),
    "NOOP": Noop,
    "HELP": Help,
    "VRFY": _asking(Vrfy),
    "EXPN": _asking(Expn),
    "BDAT": _bdat,
    "AUTH": _auth,
}
