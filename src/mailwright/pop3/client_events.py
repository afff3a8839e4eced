"""What a client's engine tells its driver."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailwright.pop3.commands import Command
from mailwright.pop3.responses import Response


@dataclass(frozen=True, slots=True)
class Greeted:
    """The server has spoken first (RFC 1939 4); after -ERR it closes."""

    response: Response


@dataclass(frozen=True, slots=True)
class Answered:
    """The whole answer to ``command``; of one with several lines only where it is -ERR."""

    command: Command
    response: Response


@dataclass(frozen=True, slots=True)
class Listed:
    """The whole answer to CAPA, or to LIST, UIDL or LANG without an argument.  lines: all but the first."""

    command: Command
    response: Response
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageBegun:
    """The answer to RETR or TOP begins; MessageChunk follow, then MessageEnded."""

    command: Command
    response: Response


@dataclass(frozen=True, slots=True)
class MessageChunk:
    """The next octets of the message, without what made it transparent."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageEnded:
    """The message is whole.  octets: how many were handed out."""

    command: Command
    octets: int


@dataclass(frozen=True, slots=True)
class Challenged:
    """The server asks in a SASL exchange; answer with ``respond`` or ``cancel``.  data: decoded."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The server said -ERR where nothing was asked, as some do before they close an idle connection."""

    response: Response


@dataclass(frozen=True, slots=True)
class ConnectionEnded:
    """The server will send no more.  expected: whether QUIT was answered before, and nothing is missing."""

    expected: bool


Event = (
    Greeted | Answered | Listed | MessageBegun | MessageChunk | MessageEnded | Challenged | Dismissed | ConnectionEnded
)
