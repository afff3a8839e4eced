"""Delivery reports: the fields of message/delivery-status (RFC 3464 2, RFC 6533), wherever they stand.

Mail systems write these fields into a part of their own, into the letter, or a person pastes them.
"""

from __future__ import annotations

from typing import NamedTuple

from mailwright.mail.decoding import decode_bytes, unescape_octal
from mailwright.mail.finding import clean_address
from mailwright.mail.message import Headers

#: Recipients of one report that are read; a message has at most 100 of them (RFC 5321 4.5.3.1.8) with most servers.
MOST_RECIPIENTS = 1_000
#: Octets of the fields that are read: a kilobyte for each recipient.
LONGEST_REPORT = 1_024 * MOST_RECIPIENTS


class RecipientFields(NamedTuple):
    """The fields of one recipient, as text; "" where absent.  Addresses are bare."""

    final: str
    original: str
    actual: str
    action: str
    status: str
    diagnostic: str
    remote_mta: str


class DeliveryStatus(NamedTuple):
    """The fields of a whole report."""

    reporting_mta: str
    recipients: tuple[RecipientFields, ...]


def read_fields(body: bytes) -> DeliveryStatus:
    """Return the fields in ``body`` (LF line ends); groups without a recipient's field are the message's own."""
    reporting = ""
    recipients: list[RecipientFields] = []
    for block in body[:LONGEST_REPORT].split(b"\n\n"):
        if b"-" not in block or len(recipients) >= MOST_RECIPIENTS:
            continue
        headers = Headers(block.strip(b"\n"))
        if not reporting and headers.has(b"reporting-mta"):
            reporting = mta_name(headers.get(b"reporting-mta"))
        if headers.has(b"final-recipient") or headers.has(b"original-recipient") or headers.has(b"diagnostic-code"):
            recipients.extend(_recipients(headers, block))
    return DeliveryStatus(reporting, tuple(recipients))


def _recipients(headers: Headers, block: bytes) -> list[RecipientFields]:
    """Return the recipients of one block; systems that leave out the empty lines put several into one."""
    if headers.count(b"final-recipient") > 1:
        pieces = _split_at_final(block)
        if len(pieces) > 1:
            return [_one(Headers(piece)) for piece in pieces[:MOST_RECIPIENTS]]
    return [_one(headers)]


def _split_at_final(block: bytes) -> list[bytes]:
    lowered = b"\n" + block.lower()
    pieces = []
    begin = lowered.find(b"\nfinal-recipient:")
    while begin >= 0:
        end = lowered.find(b"\nfinal-recipient:", begin + 1)
        pieces.append(block[begin : end if end >= 0 else len(block)])
        begin = end
    return pieces


def _one(headers: Headers) -> RecipientFields:
    return RecipientFields(
        # Not header text: what looks like an encoded word in an address is the address.
        final=typed_address(decode_bytes(headers.raw_value(b"final-recipient"))),
        original=typed_address(decode_bytes(headers.raw_value(b"original-recipient"))),
        actual=typed_address(decode_bytes(headers.raw_value(b"x-actual-recipient"))),
        action=action_word(headers.get(b"action")),
        status=headers.get(b"status").strip(),
        diagnostic=diagnostic_text(headers),
        remote_mta=mta_name(headers.get(b"remote-mta")),
    )


#: The actions there are (RFC 3464 2.3.3).
ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")


def action_word(value: str) -> str:
    """Return the action that an Action field names, without the comment behind it; "" for anything else."""
    word = value.strip().lower().partition(" ")[0].strip(" ;,()")
    return word if word in ACTIONS else ""


#: Characters of the longest diagnostic type; "X-Outbound-Mail-Relay" is one in use.
LONGEST_TYPE = 32


def diagnostic_text(headers: Headers) -> str:
    """Return Diagnostic-Code without its type, in one line; raw 8-bit text is decoded by its looks."""
    value = headers.raw_value(b"diagnostic-code")
    text = unescape_octal(value.decode("ascii")) if value.isascii() else decode_bytes(value)
    kind, separator, rest = text.partition(";")
    if not separator or len(kind) > LONGEST_TYPE or " " in kind.strip():
        return text
    words = rest.strip()
    # The exit status of a program says nothing by itself; what it printed stands in the letter.
    return "" if words.isdigit() and kind.strip().lower() == "x-unix" else words


def typed_address(value: str) -> str:
    """Return the address of "rfc822; anna@example.com" or "utf-8; …" (RFC 3464 2.3.2, RFC 6533 3); "" for none."""
    if not value:
        return ""
    kind, separator, rest = value.partition(";")
    address = rest.strip() if separator else value.strip()
    if kind.strip().lower().startswith("utf-8") and "\\x{" in address:
        # As it is: what is broken in it must not make another address of it.
        return _unitext(address).strip("<> \t") if "@" in address else ""
    bare = address.strip("<> ").rstrip(".")
    if bare.count("@") == 1 and not any(char.isspace() or char in "<>(),;" for char in bare):
        return bare
    return clean_address(address) if "@" in address else ""


def _unitext(text: str) -> str:
    r"""Return RFC 6533's utf-8-addr-unitext decoded: every \x{H…} becomes its character."""
    out = []
    place = 0
    at = text.find("\\x{")
    while at >= 0:
        end = text.find("}", at + 3, at + 12)
        digits = text[at + 3 : end]
        if end < 0 or not digits or any(char not in "0123456789abcdefABCDEF" for char in digits):
            break
        number = int(digits, 16)
        out.append(text[place:at] + (chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"))
        place = end + 1
        at = text.find("\\x{", place)
    out.append(text[place:])
    return "".join(out)


def mta_name(value: str) -> str:
    """Return the host of "dns; mx.example.com (…)" (RFC 3464 2.2.2) in its own spelling; "" for none."""
    _, separator, rest = value.partition(";")
    name = (rest if separator else value).strip()
    return name.split()[0].strip("<>()[]\"'").rstrip(".") if name else ""
