"""What is sent in the lab, and what is known about what comes back."""

from __future__ import annotations

import itertools
import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from catalogue import NO_REPLY, PLACES, RULES, SENDER_DOMAIN, WHOLE_HOSTS

#: Each case has its own sender, so that what comes back can be told apart.
NAMES = (
    "anna bernd clara dieter emma felix greta hanna igor jana karel lena marek nora otto petra "
    "quentin rosa stefan tereza ulrich vera werner xenia yvonne zdenek adam bara cyril dana emil "
    "frieda gustav helga ivan julia klaus lucie milan nela oskar pavla radek sona tomas ursula "
    "viktor wanda xaver zuzana"
).split()

SUBJECTS = (
    ("Invoice 2026-1187", "please find the invoice for November in your customer area."),
    ("Your order 40213 has been shipped", "your parcel left our house this morning."),
    ("Minutes of the meeting on Thursday", "the minutes are below; please tell me of mistakes."),
    ("November newsletter", "here is what is new this month."),
    ("Reset your password", "somebody asked for a new password for your account."),
    ("Question about the offer", "could you tell me until when the offer is good?"),
)


@dataclass(frozen=True)
class Expected:
    """The truth about one recipient of one case."""

    recipient: str
    reason: str
    reply: bytes = b""
    original: str | None = None
    action: str | None = "failed"


@dataclass(frozen=True)
class Case:
    """One message and what is to come of it."""

    name: str
    recipients: tuple[str, ...]
    kind: str = "bounce"
    expected: tuple[Expected, ...] = ()
    notify: str = ""
    ret: str = ""
    size: int = 0
    headers: tuple[str, ...] = ()
    #: What all the recipients' ``action`` is; None if none is given.
    action: str = "failed"
    #: How many messages come back: one per outcome in some systems.
    mails: int = 1

    def truth(self) -> tuple[Expected, ...]:
        """What is said by hand, or else what the catalogue says."""
        return self.expected or tuple(known(one, self.action) for one in self.recipients)


def known(recipient: str, action: str = "failed") -> Expected:
    """What the catalogue says about a recipient."""
    rule = RULES.get(recipient)
    if rule is None:
        domain = recipient.rpartition("@")[2]
        hosts = [name for place, name, *_ in PLACES if place == domain]
        rule = WHOLE_HOSTS.get(hosts[0]) if hosts else None
    if recipient in NO_REPLY or rule is None:
        return Expected(recipient, NO_REPLY.get(recipient, "undetermined"), action=action)
    return Expected(recipient, rule.reason, rule.reply, action=action)


def codes(reply: bytes) -> tuple[str | None, str | None]:
    """Reply code and enhanced status of a scripted reply."""
    found = re.match(rb"([245]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?", reply)
    if found is None:
        return None, None
    code, status = found.groups()
    return code.decode(), status.decode() if status else None


class Senders:
    """Give each case a sender of its own."""

    def __init__(self) -> None:
        self.names: Iterator[str] = itertools.chain(NAMES, (f"user{n}" for n in range(1, 999)))
        self.count = 0

    def next(self) -> str:
        self.count += 1
        return f"{next(self.names)}@{SENDER_DOMAIN}"


def message(case: Case, sender: str, number: int) -> bytes:
    """The message of a case, an ordinary small mail."""
    subject, text = SUBJECTS[number % len(SUBJECTS)]
    name = sender.partition("@")[0].capitalize()
    now = datetime.now(UTC)
    lines = [*case.headers]
    lines += [
        f"Date: {format_datetime(now)}",
        f"From: {name} <{sender}>",
        "To: " + ", ".join(case.recipients),
        f"Subject: {subject}",
        f"Message-ID: <{now:%Y%m%d%H%M%S}.{number:04d}@{SENDER_DOMAIN}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "Good day,",
        "",
        text,
        "",
        f"Greetings, {name}",
    ]
    filler = "All work and no play makes a dull mail, so here is some more of it.\r\n"
    body = "\r\n".join(lines) + "\r\n" + filler * (case.size // len(filler))
    return body.encode()


def submit(case: Case, sender: str, number: int, host: str = "127.0.0.1", port: int = 25) -> None:
    """Hand a message to the mail system under test."""
    mail = ["SMTPUTF8"] if not "".join(case.recipients).isascii() else []
    mail += [f"RET={case.ret}"] if case.ret else []
    rcpt = [f"NOTIFY={case.notify}"] if case.notify else []
    with smtplib.SMTP(host, port, local_hostname="app.sender.test", timeout=30) as client:
        client.ehlo()
        if mail and mail[0] == "SMTPUTF8":
            client.command_encoding = "utf-8"
        client.sendmail(sender, list(case.recipients), message(case, sender, number), mail, rcpt)
