"""What the options of ``mailwright send`` come to: a request, or what is wrong with them in the reader's language."""

from __future__ import annotations

import getpass
import os
import secrets
import ssl
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from math import isnan
from pathlib import Path
from typing import Any

import click

from mailwright.app.compose import LARGEST_ATTACHMENT, ComposeFault, Draft, compose
from mailwright.app.outgoing import Outgoing, OutgoingFault, completed, composed, read_outgoing
from mailwright.app.sending import Request, Server, own_name
from mailwright.cli.interface import _
from mailwright.cli.send_options import HIGHEST_PORT, MAIL_PORT, PASSWORD, SUBMISSION_PORT, SUBMISSIONS_PORT
from mailwright.cli.words import trouble_words
from mailwright.deliver.attempt import Job
from mailwright.dns.names import NameFault, to_question_name
from mailwright.mail.address import Address, AddressFault
from mailwright.mail.envelope import Envelope, Notify, Recipient, Returned
from mailwright.smtp.client_link import client_context
from mailwright.smtp.client_state import ClientSettings, Role
from mailwright.smtp.commands import Ehlo, Mail, to_bytes
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.limits import Timeouts
from mailwright.smtp.sasl import CLIENT_MECHANISMS, Credentials
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transport import ConnectOptions


class Misuse(click.UsageError):
    """What is wrong with the options taken together, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What the options come to.  file: to be closed in the end; None for a message that was composed."""

    request: Request
    outgoing: Outgoing
    file: Any | None


def understood(options: dict[str, Any], stdin_is_terminal: bool) -> Sending:  # noqa: FBT001 - a fact, not a choice
    """Return what the options come to; raises Misuse in the reader's language."""
    if bool(options["server"]) == bool(options["direct"]):
        raise Misuse(_("choose one: --direct to the recipients' own mail hosts, or --server HOST:PORT"))
    if options["only_4"] and options["only_6"]:
        raise Misuse(_("-4 and -6 exclude each other; without both, both IP versions are used"))
    envelope = _envelope(options)
    outgoing, file = _outgoing(options, envelope, stdin_is_terminal)
    if outgoing.facts.utf8_header:
        envelope = replace(envelope, smtputf8=True)
    server = _server(options) if options["server"] else None
    request = Request(
        job=Job(envelope, outgoing.content),
        options=_connect_options(options),
        server=server,
        port=options["port"] or MAIL_PORT,
        resolvers=options["resolver"],
        families=(4,) if options["only_4"] else (6,) if options["only_6"] else (6, 4),
        private=options["private"],
        send=not options["login_only"],
        at_once=1 if options["verbose"] else 20,
    )
    return Sending(request, outgoing, file)


# ------------------------------------------------------------------------------------------------------------ envelope


def _envelope(options: dict[str, Any]) -> Envelope:
    written = [one.strip() for text in options["recipients"] for one in _split(text)]
    if not written and not options["login_only"]:
        raise Misuse(_("nobody to send to; name a recipient with --to ADDRESS"))
    if options["sender"] is None and not options["login_only"]:
        raise Misuse(_("no sender; name one with --from ADDRESS, or --from '<>' for a message without one"))
    notify = _notify(options["notify"])
    recipients = {address.key: Recipient(address, notify) for address in (_address("--to", one) for one in written)}
    sender = (options["sender"] or "<>").strip()
    envelope = Envelope(
        reverse_path=None if sender == "<>" else _address("--from", sender),
        # A login alone is about nobody; its outcome is told of the account.
        recipients=tuple(recipients.values()) or (Recipient(Address("postmaster", "")),),
        returned={"full": Returned.FULL, "headers": Returned.HEADERS}.get(options["returned"] or ""),
        identifier=options["envelope_id"] or None,
        require_tls=options["require_tls"],
    )
    if envelope.reverse_path is not None and not envelope.reverse_path.domain:
        raise Misuse(f"--from {sender}: {address_words('no-at')}")
    try:
        to_bytes(Mail(envelope))
    except LocalProtocolError as fault:
        # Addresses were looked at already.
        raise Misuse(
            _("--envelope-id {text}: write 1 to 100 plain letters, digits and signs").format(
                text=options["envelope_id"]
            )
        ) from fault
    return envelope


def _split(text: str) -> list[str]:
    """Return the addresses of a list with commas; a comma in quotes belongs to its address."""
    return [text] if '"' in text else [part for part in text.split(",") if part.strip()]


def _address(option: str, text: str) -> Address:
    text = text.removeprefix("<").removesuffix(">")
    try:
        address = Address.parse(text)
        # RFC 5890 2.3.2.1: both forms are the same domain, and the A-labels need no SMTPUTF8.
        if address.local_part.isascii() and not address.domain.isascii():
            return Address(address.local_part, to_question_name(address.domain))
    except AddressFault as fault:
        raise Misuse(f"{option} {text}: {address_words(fault.why)}") from fault
    except NameFault as fault:
        raise Misuse(f"{option} {text}: {address_words('domain')}") from fault
    return address


def address_words(why: str) -> str:
    """Return why a text is no address, and what to do."""
    return {
        "no-at": _("there is no @ in it; write it as name@example.com"),
        "no-local-part": _("nothing stands before the @"),
        "no-domain": _("nothing stands after the @; write the domain there"),
        "space": _("there is a space or a control character in it; take it out"),
        "character": _("it has a character that an address cannot have; look for brackets, commas or a second @"),
        "dots": _("a dot stands at an end, or two stand side by side"),
        "quotes": _("its quotes do not fit together"),
        "domain": _("the part after the @ is no domain name"),
        "literal": _("the part in square brackets is no IP address"),
        "long-local-part": _("the part before the @ is longer than 64 octets"),
        "long-domain": _("the part after the @ is longer than 255 octets"),
        "long": _("it is longer than 254 octets"),
        "not-ascii": _("it has letters beyond plain English ones"),
    }[why]


def _notify(words: str) -> frozenset[Notify] | None:
    if not words:
        return None
    try:
        asked = frozenset(Notify(word.strip().upper()) for word in words.split(","))
    except ValueError:
        asked = frozenset()
    # RFC 3461 4.1: NEVER must stand alone.
    if not asked or (Notify.NEVER in asked and len(asked) > 1):
        raise Misuse(
            _("--notify {words}: write success, failure, delay, separated by commas, or never").format(words=words)
        )
    return asked


# ------------------------------------------------------------------------------------------------------------- message


def _outgoing(options: dict[str, Any], envelope: Envelope, stdin_is_terminal: bool) -> tuple[Outgoing, Any | None]:  # noqa: FBT001
    parts = [options[name] for name in ("subject", "body", "html")]
    made = any(part is not None for part in parts) or bool(options["attach"])
    now, message_id = datetime.now(UTC), _message_id(envelope)
    if options["message"] and made:
        raise Misuse(_("give a MESSAGE, or make one with --subject, --body, --html, --attach; not both"))
    if options["login_only"]:
        return composed(b"\r\n"), None
    if made:
        return composed(_composed(options, envelope, now, message_id)), None
    source = options["message"]
    if not source and stdin_is_terminal:
        raise Misuse(_("no message; name a file, - for standard input, or make one with --subject and --body"))
    if options["header"]:
        raise Misuse(_("--header goes with --subject and --body; a MESSAGE has its own header"))
    try:
        outgoing, file = read_outgoing(source or "-")
    except OutgoingFault as fault:
        raise Misuse(f"{fault.source}: {trouble_words(fault.why)}") from fault
    return (outgoing if options["as_is"] else completed(outgoing, file, now, message_id)), file


def _message_id(envelope: Envelope) -> str:
    domain = envelope.reverse_path.domain if envelope.reverse_path is not None else "localhost"
    return f"<{secrets.token_hex(12)}@{domain if domain.isascii() and not domain.startswith('[') else 'localhost'}>"


def _composed(options: dict[str, Any], envelope: Envelope, now: datetime, message_id: str) -> bytes:
    fields = []
    for text in options["header"]:
        name, colon, value = text.partition(":")
        if not colon:
            raise Misuse(_("--header {text}: write it as 'Name: value'").format(text=text))
        fields.append((name.strip(), value.strip()))
    draft = Draft(
        envelope.reverse_path,
        tuple(recipient.address for recipient in envelope.recipients),
        options["subject"] or "",
        _text(options["body"]),
        _text(options["html"]),
        tuple(map(Path, options["attach"])),
        tuple(fields),
    )
    try:
        return compose(draft, now, message_id)
    except ComposeFault as fault:
        option = "--attach" if fault.what == "attachment" else "--header"
        raise Misuse(f"{option} {fault.name}: {_part_words(fault.why)}") from fault


def _part_words(why: str) -> str:
    """Return why a part cannot be put into a message; an operating system's own words as they are."""
    return {
        "line-break": _("there is a line break or a control character in it"),
        "field-name": _("this is no name of a header field"),
        "field-value": _("this header field cannot have this value"),
        "large": _("it has more than {limit} octets").format(limit=LARGEST_ATTACHMENT),
    }.get(why, why)


def _text(value: str | None) -> str:
    """Return a text, from a file where it begins with "@"."""
    if not value or not value.startswith("@"):
        return value or ""
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        why = _("it is not UTF-8")
        raise Misuse(f"{value[1:]}: {why}") from error
    except FileNotFoundError as error:
        raise Misuse(f"{value[1:]}: {trouble_words('missing')}") from error
    except OSError as error:
        raise Misuse(f"{value[1:]}: {error.strerror}") from error


# ---------------------------------------------------------------------------------------------------------- connection


def _server(options: dict[str, Any]) -> Server:
    host, port = _host_and_port(options["server"])
    if not port:
        port = SUBMISSIONS_PORT if options["tls"] == "implicit" else SUBMISSION_PORT
    mechanism = _mechanism(options["auth"])
    return Server(host, port, _credentials(options), mechanism, options["clear_login"])


def _host_and_port(text: str) -> tuple[str, int]:
    """Return host and port of "host", "host:port", "192.0.2.1:25", "[::1]:25"; 0 where there is no port."""
    if text.startswith("["):
        host, _bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _colon, port = text.partition(":")
    else:
        host, port = text, ""
    if not port:
        return host, 0
    if not host or not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) <= HIGHEST_PORT:
        raise Misuse(_("--server {text}: write it as HOST:PORT, such as smtp.example.com:587").format(text=text))
    return host, int(port)


def _mechanism(name: str) -> str:
    if name and name.upper() not in CLIENT_MECHANISMS:
        known = ", ".join(CLIENT_MECHANISMS)
        raise Misuse(_("--auth {name}: there are {known}").format(name=name, known=known))
    return name.upper()


def _credentials(options: dict[str, Any]) -> Credentials | None:
    user = options["user"]
    if not user:
        return None
    secret = options["password"] or os.environ.get(PASSWORD, "")
    if not secret and options["password_file"]:
        secret = _text("@" + options["password_file"]).rstrip("\r\n")
    if not secret and sys.stdin.isatty():
        secret = getpass.getpass(_("Password of {user}: ").format(user=user))
    if not secret:
        raise Misuse(_("no password; set MAILWRIGHT_PASSWORD, or name a file with --password-file"))
    return Credentials(user, token=secret) if options["oauth"] else Credentials(user, password=secret)


def _connect_options(options: dict[str, Any]) -> ConnectOptions:
    return ConnectOptions(
        name=_own_name(options["helo"]),
        local_address=_local_address(options["local_address"]),
        policy=_policy(options["tls"], to_server=bool(options["server"])),
        ca_file=_readable(options["ca"]),
        timeouts=_timeouts(options["timeout"]),
        settings=ClientSettings(role=Role.LMTP if options["lmtp"] else Role.SMTP),
    )


def _policy(word: str | None, *, to_server: bool) -> TlsPolicy:
    """Return the policy of --tls; without it, what is customary: a login is worth a certificate, port 25 has none."""
    if word == "implicit":
        return TlsPolicy(TlsMode.VERIFY, implicit=True, reason="--tls implicit")
    if word is None:
        return TlsPolicy(TlsMode.VERIFY if to_server else TlsMode.OPPORTUNISTIC)
    return TlsPolicy(TlsMode(word), reason=f"--tls {word}")


def _own_name(asked: str) -> str:
    """Return what to call ourselves; raises Misuse for what EHLO cannot carry."""
    name = asked or own_name()
    try:
        to_bytes(Ehlo(name))
    except LocalProtocolError as fault:
        raise Misuse(
            _("--helo {name}: write a host name such as mail.example.com, or an address such as [192.0.2.1]").format(
                name=name
            )
        ) from fault
    return name


def _local_address(text: str) -> str | None:
    """Return the address to connect from; a name is refused, because it would have to be looked up."""
    try:
        return str(ip_address(text)) if text else None
    except ValueError as error:
        raise Misuse(_("--local-address {text}: this is no IP address").format(text=text)) from error


def _readable(path: str) -> str | None:
    if path and not Path(path).is_file():
        raise Misuse(f"--ca {path}: {trouble_words('missing')}")
    try:
        client_context(path or None, verify=bool(path))
    except ssl.SSLError as error:
        raise Misuse(_("--ca {path}: there are no certificates in PEM format in it").format(path=path)) from error
    except OSError as error:
        raise Misuse(f"--ca {path}: {error.strerror}") from error
    return path or None


def _timeouts(longest: float | None) -> Timeouts:
    """Return the time limits of the RFCs, none of them longer than was asked for."""
    usual = Timeouts()
    if longest is None:
        return usual
    if isnan(longest):
        raise Misuse(_("{option}: this value cannot be used ({why})").format(option="--timeout", why=longest))
    names = ("connect", "tls_handshake", "banner", "command", "mail", "recipient",
             "data_initiation", "data_block", "data_end", "quit")  # fmt: skip
    return replace(usual, **{name: min(longest, getattr(usual, name)) for name in names})
