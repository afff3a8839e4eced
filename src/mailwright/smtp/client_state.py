"""The states of the client engine, what may be asked for in each, and what it remembers.  Plain values."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailwright.mail.reply import Reply
from mailwright.smtp.data import DotStuffer, LineEnds
from mailwright.smtp.limits import DEFAULT_LIMITS, Limits
from mailwright.smtp.transcript import Step


class Role(StrEnum):
    """Which protocol is spoken."""

    SMTP = "smtp"
    LMTP = "lmtp"


class State(StrEnum):
    """Where the session is."""

    BANNER = "banner"  # connected, the greeting is awaited
    HELLO = "hello"  # greeted, or under fresh TLS: EHLO comes next
    READY = "ready"  # between transactions
    HANDSHAKE = "handshake"  # STARTTLS was accepted
    AUTH = "auth"  # within AUTH
    ENVELOPE = "envelope"  # MAIL, RCPT, DATA
    CONTENT = "content"  # the message is being sent
    ENDING = "ending"  # the message was sent, its replies are awaited
    CLOSING = "closing"  # QUIT was sent or 421 came: nothing can begin any more
    CLOSED = "closed"  # the connection is no more


#: What may be asked for in which state.
MAY: dict[str, frozenset[State]] = {
    "hello": frozenset((State.HELLO, State.READY)),
    "start_tls": frozenset((State.READY,)),
    "tls_started": frozenset((State.HANDSHAKE,)),
    "authenticate": frozenset((State.READY,)),
    "respond": frozenset((State.AUTH,)),
    "begin": frozenset((State.READY,)),
    "send_content": frozenset((State.CONTENT,)),
    "ask": frozenset((State.HELLO, State.READY)),
    "quit": frozenset((State.HELLO, State.READY, State.CLOSING)),
}


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How an engine behaves.

    pipelining: send groups where the server offers it.
    prefer_chunking: BDAT instead of DATA where it is offered; a small message then goes out together with its envelope,
    in one round trip, also where all recipients turn out to be refused.
    line_ends: what to do with a CR or LF that stands alone in a message sent by DATA.
    bare_line_feeds: read replies whose lines end in LF alone.
    """

    role: Role = Role.SMTP
    pipelining: bool = True
    prefer_chunking: bool = False
    line_ends: LineEnds = LineEnds.NORMALISE
    bare_line_feeds: bool = False
    limits: Limits = DEFAULT_LIMITS


class Awaited(NamedTuple):
    """What a line that was sent awaits.  place: of the recipient; -1 for a reply that says nothing new."""

    step: Step
    place: int | None = None


class Line(NamedTuple):
    """A line to be sent, and what it awaits."""

    step: Step
    place: int | None
    octets: bytes


class TransactionState:
    """What the engine must know of the transaction in progress."""

    __slots__ = (
        "accepted",
        "chunk",
        "chunking",
        "lines",
        "mail_accepted",
        "octets",
        "refused_chunk",
        "stuffer",
        "unanswered",
    )

    def __init__(self, *, chunking: bool, line_ends: LineEnds) -> None:
        self.mail_accepted = False
        self.accepted: list[int] = []
        self.lines: deque[Line] = deque()
        self.chunking = chunking
        self.chunk = b""
        self.refused_chunk: Reply | None = None
        self.stuffer = DotStuffer(line_ends)
        self.octets = 0
        # Recipients without a reply whose message is on its way already.
        self.unanswered = 0
