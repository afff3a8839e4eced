"""A call of ``mailwright auth``: what is asked for, what came of it, and the exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from mailwright.app.authenticity import Inquest, Judgement, judge
from mailwright.app.language import choose_language
from mailwright.app.sources import is_binary
from mailwright.app.zone import ZoneFault
from mailwright.authentication.dmarc import Result
from mailwright.causes.texts import languages, texts_in
from mailwright.cli.auth_lines import Page
from mailwright.cli.auth_object import Reporter, judgement_object
from mailwright.cli.exit_codes import COULD_NOT_TELL, FINE, TROUBLE, USAGE
from mailwright.cli.interface import _
from mailwright.cli.screen import complain, show, write_json
from mailwright.cli.words import trouble_words
from mailwright.dns.names import IpAddress
from mailwright.dns.servers import ServerFault
from mailwright.mail.address import Address, AddressFault

#: Octets of a message that is judged; larger ones are refused by receivers too.
LARGEST_MESSAGE = 128 * 1024 * 1024
#: Octets by which the kind of a file is told.
HEAD = 4_096
#: Characters of a name in HELO that are taken; no line of SMTP has more (RFC 5321 4.5.3.1.4).
LONGEST_NAME = 512
#: Seconds since 1970 of the last second of the year 9999.
LAST_SECOND = 253_402_300_799


class Misuse(click.UsageError):
    """What is wrong with the call, in the reader's language."""


def call(*, message: str, as_json: bool, lang: str, **options: Any) -> int:
    """Judge the message, show what came of it, and return the exit code; ``options``: see ``auth.command``."""
    texts = texts_in(choose_language(lang or None, os.environ, languages()))
    try:
        inquest = understood(message, options)
        judgement = asyncio.run(judge(inquest))
    except Misuse as misuse:
        complain(misuse.message)
        return USAGE
    except ZoneFault as fault:
        complain(f"--zone {fault.path}: {trouble_words(fault.why)}")
        return USAGE
    except ServerFault as fault:
        complain(f"--resolver {fault}")
        return USAGE
    code = exit_code(judgement)
    reporter = Reporter(texts, inquest.receiver)
    if as_json:
        write_json(judgement_object(message, inquest, judgement, reporter, code))
    else:
        show(Page(message, inquest, judgement, reporter).lines(code))
    return code


def exit_code(judgement: Judgement) -> int:
    """Return 0 where a receiver has nothing against the message, 1 where it has, 3 where DNS did not tell.

    SPF and signatures count as DMARC counts them: one that proves the domain in From is enough.
    """
    client = [one for one in (judgement.reverse_diagnosis, judgement.helo_diagnosis) if one is not None]
    unsure = [one for one in client if one.cause.id.startswith("dns-")]
    if len(unsure) < len(client) or judgement.unauthenticated is not None:
        return TROUBLE
    if judgement.dmarc.result in (Result.FAIL, Result.PERMERROR):
        return TROUBLE
    return COULD_NOT_TELL if unsure or judgement.undecided else FINE


def understood(message: str, options: dict[str, Any]) -> Inquest:
    """Return what the call comes to; raises Misuse in the reader's language."""
    ip = _ip(options["ip"]) if options["ip"] else None
    sender = _sender(options["sender"])
    helo = _name("--helo", options["helo"])
    if sender == "" and not helo and ip is not None:
        raise Misuse(_("--from '<>' needs --helo NAME: SPF of the sender <> is about that name"))
    if options["zone"] and options["resolver"] and not _from_environment("resolver"):
        raise Misuse(_("choose one: --zone FILE, or --resolver"))
    return Inquest(
        raw=_message(message),
        ip=ip,
        helo=helo,
        sender=sender,
        receiver=_name("--authserv-id", options["authserv_id"]),
        now=_moment(options["now"]),
        bimi=options["bimi"],
        resolvers=options["resolver"],
        zone=options["zone"],
    )


def _from_environment(option: str) -> bool:
    """Tell whether the environment gave the option, so that the call itself may say otherwise."""
    context = click.get_current_context(silent=True)
    return context is not None and context.get_parameter_source(option) is click.core.ParameterSource.ENVIRONMENT


def _ip(text: str) -> IpAddress:
    try:
        return ip_address(text.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))
    except ValueError as error:
        raise Misuse(_("--ip {text}: this is no IP address; write it as 192.0.2.1").format(text=text)) from error


def _sender(text: str | None) -> str | None:
    """Return the reverse-path without brackets; "" for the null one, None where it is not given."""
    if text is None:
        return None
    text = text.strip()
    bare = text.removeprefix("<").removesuffix(">")
    if not bare:
        return ""
    try:
        address = Address.parse(bare)
    except AddressFault as fault:
        from mailwright.cli.send_request import address_words  # noqa: PLC0415 - slow to import, for mistakes only

        raise Misuse(f"--from {text}: {address_words(fault.why)}") from fault
    return str(address)


def _name(option: str, text: str) -> str:
    """Return a name; it may be a wrong one, which is to be told, but no line of SMTP could carry some."""
    if len(text) > LONGEST_NAME or not text.isprintable() or " " in text:
        raise Misuse(_("{option}: this is no name").format(option=option))
    return text


def _moment(text: str) -> int:
    """Return a moment as seconds since 1970; now where none is given."""
    if not text:
        return int(datetime.now(UTC).timestamp())
    try:
        moment = datetime.fromisoformat(text)
        seconds = int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        seconds = -1
    # No signature was made before 1970: that is where t= and x= begin to count (RFC 6376 3.5).
    if not 0 <= seconds <= LAST_SECOND:
        raise Misuse(_("--now {text}: this is no time; write it as 2026-11-02T09:00:00Z").format(text=text))
    return seconds


def _message(source: str) -> bytes:
    """Return the message in ``source`` ("-" is standard input); raises Misuse for what cannot be one."""
    try:
        if source == "-":
            raw = sys.stdin.buffer.read(LARGEST_MESSAGE + 1)
        else:
            with Path(source).open("rb") as file:
                raw = file.read(LARGEST_MESSAGE + 1)
    except FileNotFoundError as error:
        raise Misuse(f"{source}: {trouble_words('missing')}") from error
    except OSError as error:
        raise Misuse(f"{source}: {error.strerror}") from error
    if not raw.strip():
        raise Misuse(f"{source}: {trouble_words('empty')}")
    if is_binary(raw[:HEAD]):
        raise Misuse(f"{source}: {trouble_words('binary')}")
    if len(raw) > LARGEST_MESSAGE:
        raise Misuse(_("{source}: it is larger than {limit} octets").format(source=source, limit=LARGEST_MESSAGE))
    return raw
