"""The parameters of MAIL and RCPT, both ways (RFC 5321 4.1.1.11 and the extensions named at each).

Reading gives the fields of Envelope and Recipient, writing takes them.  A parameter that is not among those accepted is
answered with 555, a value that breaks the grammar with 501.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from mailwright.mail.address import Address
from mailwright.mail.envelope import Body, Envelope, Notify, Recipient, Returned
from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.xtext import XtextFault, decode_unicode, decode_xtext, encode_unicode, encode_xtext

#: The parameters that MAIL and RCPT can have here.
MAIL_PARAMETERS = frozenset(("SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH", "REQUIRETLS"))
RECIPIENT_PARAMETERS = frozenset(("NOTIFY", "ORCPT"))
PARAMETERS = MAIL_PARAMETERS | RECIPIENT_PARAMETERS

#: Digits of SIZE (RFC 1870 4).
LONGEST_SIZE = 20
#: Characters of ENVID before encoding (RFC 3461 4.4) and of ORCPT as it stands (RFC 3461 4.2).
LONGEST_IDENTIFIER = 100
LONGEST_ORIGINAL = 500
#: The address type of addresses beyond ASCII in ORCPT (RFC 6533 3).
_UTF8 = "utf-8"

_Value = TypeVar("_Value")
_VALUE_LESS = frozenset(("SMTPUTF8", "REQUIRETLS"))


def fault(code: int, status: tuple[int, int, int], text: str) -> RemoteProtocolError:
    """Return the error that answers with ``code``, ``status`` and ``text``."""
    return RemoteProtocolError(text, Reply(code, (text,), EnhancedStatus(*status)))


def bad_value(name: str) -> RemoteProtocolError:
    """Return the error for a parameter whose value breaks its grammar."""
    return fault(501, (5, 5, 4), f"Syntax error in parameter {name}")


def split_parameters(text: str, known: frozenset[str], accepted: frozenset[str]) -> dict[str, str | None]:
    """Return the parameters in ``text`` by name, in capitals; a value of None where there is no "=".

    known: the parameters of this command.  accepted: the parameters that the server offers.
    Raises RemoteProtocolError.
    """
    found: dict[str, str | None] = {}
    for word in text.split(" "):
        if not word:
            continue
        keyword, equals, value = word.partition("=")
        name = keyword.upper()
        if name not in known or name not in accepted:
            # RFC 5321 4.1.1.11: a server that does not recognise a parameter returns code 555.
            raise fault(555, (5, 5, 4), "Parameter not recognised or not implemented")
        if name in found or "=" in value or (name in _VALUE_LESS) is bool(equals) or (equals and not value):
            raise bad_value(name)
        found[name] = value if equals else None
    return found


def read_mail_parameters(reverse_path: Address | None, found: Mapping[str, str | None]) -> Envelope:
    """Return the envelope that MAIL gives; raises RemoteProtocolError."""
    return Envelope(
        reverse_path,
        size=_read(found, "SIZE", _size),
        body=_read(found, "BODY", lambda value: Body(value.upper())),
        smtputf8="SMTPUTF8" in found,
        returned=_read(found, "RET", lambda value: Returned(value.upper())),
        identifier=_read(found, "ENVID", _identifier),
        submitter=_read(found, "AUTH", lambda value: "" if value == "<>" else decode_xtext(value)),
        require_tls="REQUIRETLS" in found,
    )


def read_recipient_parameters(address: Address, found: Mapping[str, str | None]) -> Recipient:
    """Return the recipient that RCPT gives; raises RemoteProtocolError."""
    return Recipient(address, _read(found, "NOTIFY", _notify), _read(found, "ORCPT", _original))


def _read(found: Mapping[str, str | None], name: str, reader: Callable[[str], _Value]) -> _Value | None:
    """Return the value of one parameter; a ValueError of its reader becomes the reply 501."""
    value = found.get(name)
    if value is None:
        return None
    try:
        return reader(value)
    except ValueError as error:
        raise bad_value(name) from error


def _size(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > LONGEST_SIZE:
        raise ValueError(value)
    return int(value)


def _identifier(value: str) -> str:
    decoded = decode_xtext(value)
    if len(decoded) > LONGEST_IDENTIFIER:
        raise ValueError(value)
    return decoded


def _notify(value: str) -> frozenset[Notify]:
    words = [Notify(word) for word in value.upper().split(",")]
    # RFC 3461 4.1: NEVER must stand alone, and no keyword may be given twice.
    if len(set(words)) != len(words) or (Notify.NEVER in words and len(words) > 1):
        raise ValueError(value)
    return frozenset(words)


def _original(value: str) -> str:
    kind, semicolon, address = value.partition(";")
    if not kind or not semicolon or not address or len(value) > LONGEST_ORIGINAL or not _is_atom(kind):
        raise ValueError(value)
    if kind.lower() == _UTF8:
        return f"{kind};{decode_unicode(address)}"
    decoded = decode_xtext(address, utf8=True)
    # RFC 6533 3: an address beyond ASCII has the type utf-8.  Postfix 3.7 writes it as xtext of the type rfc822; who
    # refused that would bounce mail for the sake of a parameter.
    return f"{kind if decoded.isascii() else _UTF8};{decoded}"


def _is_atom(text: str) -> bool:
    return text.isascii() and all(char.isalnum() or char in "-_." for char in text)


def mail_parameters(envelope: Envelope) -> bytes:
    """Return what follows the path of MAIL: every parameter that the envelope sets, each with a space before it.

    Raises LocalProtocolError.
    """
    words = []
    if envelope.size is not None:
        words.append(f" SIZE={_written_size(envelope.size)}")
    if envelope.body is not None:
        words.append(f" BODY={envelope.body.value}")
    if envelope.smtputf8:
        words.append(" SMTPUTF8")
    if envelope.returned is not None:
        words.append(f" RET={envelope.returned.value}")
    if envelope.identifier is not None:
        words.append(f" ENVID={_written(envelope.identifier, LONGEST_IDENTIFIER)}")
    if envelope.submitter is not None:
        words.append(f" AUTH={_written(envelope.submitter) if envelope.submitter else '<>'}")
    if envelope.require_tls:
        words.append(" REQUIRETLS")
    return "".join(words).encode("ascii")


def recipient_parameters(recipient: Recipient) -> bytes:
    """Return what follows the path of RCPT, as mail_parameters."""
    if recipient.notify is None and recipient.original is None:
        return b""
    words = []
    if recipient.notify is not None:
        if not recipient.notify or (Notify.NEVER in recipient.notify and len(recipient.notify) > 1):
            raise LocalProtocolError("NOTIFY is NEVER alone, or at least one of the other words")
        words.append(" NOTIFY=" + ",".join(word.value for word in Notify if word in recipient.notify))
    if recipient.original is not None:
        words.append(f" ORCPT={_written_original(recipient.original)}")
    return "".join(words).encode("ascii")


def _written_size(size: int) -> int:
    if not 0 <= size < 10**LONGEST_SIZE:
        raise LocalProtocolError(f"SIZE of {size} octets")
    return size


def _written(text: str, longest: int | None = None) -> str:
    """Return ``text`` as xtext that decode_xtext reads."""
    try:
        encoded = encode_xtext(text)
        decode_xtext(encoded)
    except XtextFault as error:
        raise LocalProtocolError(f"{text!r} cannot be written as xtext") from error
    if not text or (longest is not None and len(text) > longest):
        raise LocalProtocolError(f"{len(text)} characters where 1 to {longest} are allowed")
    return encoded


def _written_original(original: str) -> str:
    kind, semicolon, address = original.partition(";")
    if not kind or not semicolon or not address or not _is_atom(kind):
        raise LocalProtocolError(f"{original!r} is not TYPE;ADDRESS")
    try:
        value = encode_unicode(address) if kind.lower() == _UTF8 else _written(address)
    except XtextFault as error:
        raise LocalProtocolError(f"{original!r} cannot be written") from error
    if len(kind) + 1 + len(value) > LONGEST_ORIGINAL:
        raise LocalProtocolError(f"ORCPT is longer than {LONGEST_ORIGINAL} characters")
    return f"{kind};{value}"
