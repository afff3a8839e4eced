"""Compose: a message out of a few options, and the fields that a message must not leave without."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from pathlib import Path

from mailwright.mail.address import Address

#: Octets of one attachment; what is larger than any receiver takes is a mistake of the command line.
LARGEST_ATTACHMENT = 256 * 1024 * 1024


class ComposeFault(ValueError):
    """A part cannot be put into a message.

    what: "attachment" or "header".  name: which.
    why: "line-break", "field-name", "field-value", "large", or the operating system's words.
    """

    def __init__(self, what: str, name: str, why: str) -> None:
        """Keep the three."""
        super().__init__(f"{what} {name}: {why}")
        self.what = what
        self.name = name
        self.why = why


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be made.

    sender: None leaves From at "<>"-like MAILER-DAEMON, for the null reverse-path.
    body: plain text, html: HTML; "" for none.  fields: further header fields, (name, value); one that is made anyway
    is replaced.
    """

    sender: Address | None
    recipients: tuple[Address, ...]
    subject: str = ""
    body: str = ""
    html: str = ""
    attachments: tuple[Path, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


def compose(draft: Draft, now: datetime, message_id: str) -> bytes:
    """Return the message with CRLF line ends; raises ComposeFault for what cannot be put in.

    now: aware.  message_id: with its angle brackets.
    """
    everyone = [draft.sender, *draft.recipients]
    ascii_only = all(address.is_ascii for address in everyone if address is not None)
    message = EmailMessage(policy=SMTP if ascii_only else SMTPUTF8)
    message["From"] = _header_address(draft.sender or Address("MAILER-DAEMON", "localhost"))
    message["To"] = [_header_address(address) for address in draft.recipients]
    message["Subject"] = _one_line("Subject", draft.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    for name, value in draft.fields:
        _set_field(message, name, value)
    if draft.body or not draft.html:
        message.set_content(_whole_letters(draft.body))
    if draft.html and draft.body:
        message.add_alternative(_whole_letters(draft.html), subtype="html")
    elif draft.html:
        message.set_content(_whole_letters(draft.html), subtype="html")
    for path in draft.attachments:
        _attach(message, path)
    _check_fields(message)
    return message.as_bytes()


def _check_fields(message: EmailMessage) -> None:
    """Raise ComposeFault where a field would be written as more than one.

    The library decodes encoded words (RFC 2047) in what it is given, and writes line breaks that were in them as they
    are: in subjects, addresses, names of files.
    """
    for part in message.walk():
        for name, value in part.items():
            first, *others = part.policy.fold(name, value).removesuffix("\r\n").split("\r\n")
            # RFC 5322 2.2.3: a line that goes on with a field begins with white space.
            # What such a word says counts too, so that all releases of the library come to the same.
            broken = any("\r" in text or "\n" in text for text in (first, *others, str(value)))
            if broken or not all(line[:1] in (" ", "\t") for line in others):
                raise ComposeFault("header", name, "line-break")


def _whole_letters(text: str) -> str:
    """Return ``text`` with U+FFFD for what is no letter: octets of a command line that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _header_address(address: Address) -> HeaderAddress:
    if not address.domain:
        return HeaderAddress(username=address.local_part, domain="localhost")
    if "=?" in address.local_part:
        # In a header it would be read as an encoded word (RFC 2047), and be somebody else.
        raise ComposeFault("header", str(address), "field-value")
    # A quoted local part is quoted again by the library where it must be.
    local_part = address.local_part
    if local_part.startswith('"'):
        local_part = local_part[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return HeaderAddress(username=local_part, domain=address.domain)


def _one_line(name: str, value: str) -> str:
    # RFC 5322 2.2: a field body MUST NOT include CR and LF except when used in folding.
    # What else Unicode calls the end of a line is refused with them: a program behind us might agree.
    if len(value.splitlines()) > 1 or any(char < " " and char != "\t" for char in value):
        raise ComposeFault("header", name, "line-break")
    return value


def _set_field(message: EmailMessage, name: str, value: str) -> None:
    # RFC 5322 2.2: a field name is printable ASCII without the colon.
    if not name or not name.isascii() or not name.isprintable() or ":" in name or " " in name:
        raise ComposeFault("header", name, "field-name")
    del message[name]
    try:
        message[name] = _one_line(name, value)
    except (ValueError, IndexError) as error:
        raise ComposeFault("header", name, "field-value") from error


def _attach(message: EmailMessage, path: Path) -> None:
    try:
        if path.stat().st_size > LARGEST_ATTACHMENT:
            raise ComposeFault("attachment", str(path), "large")
        octets = path.read_bytes()
    except OSError as error:
        raise ComposeFault("attachment", str(path), error.strerror or type(error).__name__) from error
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    main, _, sub = kind.partition("/")
    name = _whole_letters(path.name)
    try:
        message.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    except ValueError as error:
        raise ComposeFault("attachment", str(path), "line-break") from error
