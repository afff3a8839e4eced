"""Reactions: how a lab host answers that accepts mail, but for what a table says.

The table's keys are the beginnings of commands, letters in either case; the longest that fits counts:

    {
        "CONNECT": "421 4.3.2 Too busy",                     in place of the greeting
        "RCPT": "550 5.1.1 User unknown",
        "RCPT TO:<full@": "452 4.2.2 Mailbox full",
        "MESSAGE": ["delay 5", "554 5.7.1 Spam"],            in place of the reply to the final dot
        "DATA": "drop",
    }

Values are answers of ``lab.script``.  Keys begin with CONNECT, EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, MESSAGE, VRFY or
EXPN; what else there is in SMTP the server's engine answers, and a strict script is for those who want otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from mailwright.lab.script import Say, Script, ScriptFault, read_answer
from mailwright.smtp.limits import DEFAULT_LIMITS
from mailwright.smtp.server_events import (
    Connected,
    DataBegun,
    ExpnGiven,
    HelloGiven,
    MailGiven,
    MessageGiven,
    Question,
    RecipientGiven,
    StartTlsGiven,
    VrfyGiven,
)
from mailwright.smtp.server_settings import ServerSettings

#: What keys of a table begin with.
COMMANDS = ("CONNECT", "EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "MESSAGE", "VRFY", "EXPN")


class Tls(StrEnum):
    """How a host encrypts."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    # STARTTLS is offered, and the handshake fails.
    BROKEN = "broken"
    # STARTTLS is offered and answered with 220, after which the host goes on in clear.
    PLAINTEXT = "plaintext"


class Received(NamedTuple):
    """A message that a host has accepted.

    sender: "" for the null reverse-path.  content: with CRLF, dots taken out.  client: the IP address it came from.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    client: str


class Reactions:
    """A host's table, read once; raises ScriptFault and ValueError that name the key."""

    def __init__(self, replies: Mapping[str, str | Sequence[str]] | None = None, charset: str = "utf-8") -> None:
        self._answers: dict[str, Script] = {}
        for key, value in (replies or {}).items():
            prefix = key.upper().removesuffix("*")
            if prefix.split(" ", 1)[0] not in COMMANDS:
                raise ValueError(f"{key}: keys begin with one of {', '.join(COMMANDS)}")
            try:
                self._answers[prefix] = read_answer(value, charset)
            except ScriptFault as fault:
                raise ValueError(f"{key}: {fault.why}") from fault

    def find(self, command: str) -> Script | None:
        """Return the answer to a command; None for the usual one."""
        command = command.upper()
        fitting = [prefix for prefix in self._answers if command.startswith(prefix)]
        return self._answers[max(fitting, key=len)] if fitting else None


@dataclass(frozen=True, slots=True)
class Accepting:
    """A host that accepts mail, but for what its ``reactions`` say.

    name: its own.  offers: the extensions in its reply to EHLO in place of the usual ones; None for those.
    largest: octets of a message that it takes.
    greylist: seconds after which a triple of client, sender and recipient that came before is accepted; None for at
    once.
    """

    name: str = "mx.test"
    reactions: Reactions = field(default_factory=Reactions)
    offers: tuple[str, ...] | None = None
    largest: int = DEFAULT_LIMITS.message
    greylist: float | None = None
    tls: Tls = Tls.NONE

    @property
    def settings(self) -> ServerSettings:
        """What the server's engine is told."""
        offered = {"CHUNKING", "BINARYMIME", "SMTPUTF8", "DSN"}
        if self.offers is not None:
            offered = {offer.split(" ", 1)[0].upper() for offer in self.offers}
        # The reply to BDAT follows its octets and is the engine's: an answer to DATA could not be given.
        chunking = "CHUNKING" in offered and self.reactions.find("DATA") is None
        return ServerSettings(
            self.name,
            starttls=self.tls in {Tls.STARTTLS, Tls.BROKEN, Tls.PLAINTEXT},
            chunking=chunking,
            binarymime=chunking and "BINARYMIME" in offered,
            smtputf8="SMTPUTF8" in offered,
            dsn="DSN" in offered,
            limits=replace(DEFAULT_LIMITS, message=self.largest),
        )

    def answer(self, question: Question, *, tls: bool) -> Script | None:
        """Return the answer of the table, or of ``offers``; None for the usual one.  tls: the session is encrypted."""
        found = self.reactions.find(command_of(question))
        if found is None and self.offers is not None and isinstance(question, HelloGiven) and question.extended:
            more = ("STARTTLS",) if self.settings.starttls and not tls else ()
            lines = [self.name, *self.offers, *more]
            said = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
            return (Say("".join(said).encode()),)
        return found


def command_of(question: Question) -> str:
    """Return the command that a question stands for, as keys of a table spell it; "" for AUTH."""
    spell = _SPELLINGS.get(type(question))
    return "" if spell is None else spell(question)


#: Any: the table pairs each question with a function that takes it, which types cannot say of a dict.
_SPELLINGS: dict[type, Callable[[Any], str]] = {
    Connected: lambda _: "CONNECT",
    HelloGiven: lambda question: f"{'EHLO' if question.extended else 'HELO'} {question.domain}",
    MailGiven: lambda question: f"MAIL FROM:<{question.envelope.reverse_path or ''}>",
    RecipientGiven: lambda question: f"RCPT TO:<{question.recipient.address}>",
    DataBegun: lambda _: "DATA",
    MessageGiven: lambda _: "MESSAGE",
    StartTlsGiven: lambda _: "STARTTLS",
    VrfyGiven: lambda question: f"VRFY {question.argument}",
    ExpnGiven: lambda question: f"EXPN {question.argument}",
}


class Greylist:
    """Who came before, and when."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._first: dict[tuple[str, str, str], float] = {}

    def left(self, triple: tuple[str, str, str], now: float) -> float:
        """Return how many seconds are left until client, sender, recipient are let in; 0 where they are."""
        return max(0.0, self._first.setdefault(triple, now) + self._seconds - now)
