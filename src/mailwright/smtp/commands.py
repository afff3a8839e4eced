"""The commands of SMTP and LMTP as values, and how they are written (RFC 5321 4.1, RFC 2033 4.1).

``to_bytes`` is one half of a pair; the other, ``parse_command``, is in mailwright.smtp.command_reader.  What one writes
the other reads back equal, except that a command's spelling (case, trailing space, source route) is not kept.

A value may hold anything; ``to_bytes`` raises LocalProtocolError rather than write a line that could be read as
anything but that one command.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from mailwright.mail.address import Address, AddressFault
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.parameters import mail_parameters, recipient_parameters


@dataclass(frozen=True, slots=True)
class Ehlo:
    """EHLO (RFC 5321 4.1.1.1).  domain: the client's host name or address literal, as it told it."""

    domain: str


@dataclass(frozen=True, slots=True)
class Helo:
    """HELO (RFC 5321 4.1.1.1).  domain: as in Ehlo."""

    domain: str


@dataclass(frozen=True, slots=True)
class Lhlo:
    """LHLO, the EHLO of LMTP (RFC 2033 4.1).  domain: as in Ehlo."""

    domain: str


@dataclass(frozen=True, slots=True)
class Mail:
    """MAIL (RFC 5321 4.1.1.2).  envelope: reverse-path and parameters; its recipients are not looked at."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Rcpt:
    """RCPT (RFC 5321 4.1.1.3).  recipient: forward-path and parameters."""

    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Data:
    """DATA (RFC 5321 4.1.1.4)."""


@dataclass(frozen=True, slots=True)
class Bdat:
    """BDAT (RFC 3030 2).  size: octets of the chunk that follows the line.  last: whether the message ends with it."""

    size: int
    last: bool = False


@dataclass(frozen=True, slots=True)
class Rset:
    """RSET (RFC 5321 4.1.1.5)."""


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP (RFC 5321 4.1.1.9).  argument: ignored by the server; "" for none."""

    argument: str = ""


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT (RFC 5321 4.1.1.10)."""


@dataclass(frozen=True, slots=True)
class Vrfy:
    """VRFY (RFC 5321 4.1.1.6).  argument: a user or mailbox.  smtputf8: the parameter of RFC 6531 3.7.4.2."""

    argument: str
    smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Expn:
    """EXPN (RFC 5321 4.1.1.7).  argument: a mailing list.  smtputf8: as in Vrfy."""

    argument: str
    smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """HELP (RFC 5321 4.1.1.8).  argument: a subject; "" for none."""

    argument: str = ""


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS (RFC 3207 4)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH (RFC 4954 4).

    mechanism: its SASL name, in capitals.
    initial_response: decoded; b"" is an empty one ("="), None means that none was sent.  It is secret and not shown.
    """

    mechanism: str
    initial_response: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line that begins with none of the verbs above.  verb: its first word, in capitals, at most 32 characters."""

    verb: str


Command = (
    Ehlo | Helo | Lhlo | Mail | Rcpt | Data | Bdat | Rset | Noop | Quit | Vrfy | Expn | Help | StartTls | Auth | Unknown
)

_ATEXT = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
_DOMAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
_CONTROLS = bytes((*range(32), 127))
_MECHANISM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
#: Characters of a SASL mechanism's name (RFC 4422 3.1).
LONGEST_MECHANISM = 20


def to_bytes(command: Command) -> bytes:  # noqa: C901, PLR0911, PLR0912 - one flat table of all commands
    """Return the command as its line, CRLF included.

    Raises LocalProtocolError where a value has octets that the command's grammar does not let in, and for Unknown.
    """
    match command:
        case Rcpt(recipient):
            return b"RCPT TO:<%b>%b\r\n" % (plain_path(recipient.address), recipient_parameters(recipient))
        case Mail(envelope):
            return b"MAIL FROM:<%b>%b\r\n" % (_reverse_path(envelope), mail_parameters(envelope))
        case Data():
            return b"DATA\r\n"
        case Bdat(size, last):
            if size < 0:
                raise LocalProtocolError(f"BDAT of {size} octets")
            return b"BDAT %d%b\r\n" % (size, b" LAST" if last else b"")
        case Ehlo(domain):
            return b"EHLO %b\r\n" % _word(domain)
        case Helo(domain):
            return b"HELO %b\r\n" % _word(domain)
        case Lhlo(domain):
            return b"LHLO %b\r\n" % _word(domain)
        case Rset():
            return b"RSET\r\n"
        case Quit():
            return b"QUIT\r\n"
        case StartTls():
            return b"STARTTLS\r\n"
        case Noop(argument):
            return _line(b"NOOP", argument)
        case Help(argument):
            return _line(b"HELP", argument)
        case Vrfy(argument, smtputf8):
            return _asking(b"VRFY", argument, smtputf8=smtputf8)
        case Expn(argument, smtputf8):
            return _asking(b"EXPN", argument, smtputf8=smtputf8)
        case Auth():
            return _auth(command)
        case Unknown(verb):
            raise LocalProtocolError(f"no such command: {verb!r}")


def plain_path(address: Address) -> bytes:
    """Return the address as it stands between angle brackets; raises LocalProtocolError where it is none.

    An Address made by Address.parse is always one; one made from its halves need not be.
    """
    text = str(address)
    try:
        path = text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"{text!r} is not Unicode text") from error
    if _is_plain(path):
        return path
    try:
        same = Address.parse(text) == address
    except AddressFault as error:
        raise LocalProtocolError(str(error)) from error
    if not same:
        raise LocalProtocolError(f"the halves of {text!r} are not those that a reader would find")
    return path


def _is_plain(path: bytes) -> bool:
    """Tell whether ``path`` is surely a mailbox; False also where only a closer look could tell."""
    local_part, at, domain = path.partition(b"@")
    return (
        bool(at)
        and not local_part.translate(None, _ATEXT)
        and not domain.translate(None, _DOMAIN)
        and 0 < len(local_part) <= 64
        and 0 < len(domain) < 64
        and domain[:1].isalnum()
        and domain[-1:].isalnum()
        and not (b".." in domain or b"-." in domain or b".-" in domain)
    )


def _reverse_path(envelope: Envelope) -> bytes:
    if envelope.reverse_path is None:
        return b""
    path = plain_path(envelope.reverse_path)
    if not envelope.reverse_path.domain:
        raise LocalProtocolError(f"a reverse-path without a domain: {envelope.reverse_path}")
    # RFC 6531 3.4: an address beyond ASCII MUST be sent with the parameter SMTPUTF8.
    if not envelope.smtputf8 and not path.isascii():
        raise LocalProtocolError(f"{envelope.reverse_path} needs SMTPUTF8")
    return path


def _word(text: str) -> bytes:
    """Return a single word of visible ASCII; raises LocalProtocolError for anything else."""
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise LocalProtocolError(f"{text!r} is not one word of visible ASCII characters")
    return text.encode("ascii")


def _line(verb: bytes, argument: str) -> bytes:
    """Return a line with an optional argument of ASCII."""
    if not argument:
        return verb + b"\r\n"
    if not argument.isascii() or not argument.isprintable() or argument != argument.strip():
        raise LocalProtocolError(f"{argument!r} cannot be an argument")
    return b"%b %b\r\n" % (verb, argument.encode("ascii"))


def _asking(verb: bytes, argument: str, *, smtputf8: bool) -> bytes:
    """Return VRFY or EXPN."""
    if not argument or argument != argument.strip():
        raise LocalProtocolError(f"{argument!r} cannot be an argument")
    try:
        text = argument.encode("utf-8" if smtputf8 else "ascii")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"{argument!r} cannot be sent without SMTPUTF8") from error
    if len(text.translate(None, _CONTROLS)) != len(text):
        raise LocalProtocolError(f"a control character in {argument!r}")
    # Without the parameter, a last word that looks like it would be taken for it.
    if not smtputf8 and argument.rpartition(" ")[2].upper() == "SMTPUTF8":
        raise LocalProtocolError(f"{argument!r} ends like the parameter SMTPUTF8")
    return b"%b %b%b\r\n" % (verb, text, b" SMTPUTF8" if smtputf8 else b"")


def _auth(command: Auth) -> bytes:
    mechanism = command.mechanism
    if not 0 < len(mechanism) <= LONGEST_MECHANISM or not _MECHANISM.issuperset(mechanism):
        raise LocalProtocolError(f"{mechanism!r} is no SASL mechanism")
    if command.initial_response is None:
        return b"AUTH %b\r\n" % mechanism.encode("ascii")
    # RFC 4954 4: an initial response of no octets is sent as a single equals sign.
    return b"AUTH %b %b\r\n" % (mechanism.encode("ascii"), b64encode(command.initial_response) or b"=")
