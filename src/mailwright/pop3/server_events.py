"""What a server's engine tells its application.

Events that are a Question wait for an answer before the engine reads on; each says which.  ``reply`` with -ERR refuses
any of them.  The others only tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Entry(NamedTuple):
    """A message of a maildrop.

    octets: its size with every line ended by CRLF (RFC 1939 11).
    uid: what it is called in every session, 1 to 70 visible ASCII characters (RFC 1939 7).
    """

    octets: int
    uid: str


@dataclass(frozen=True, slots=True)
class Connected:
    """A client has come.  ``accept`` greets it; a refusal ends the session."""


@dataclass(frozen=True, slots=True)
class LoginGiven:
    """USER and PASS.  ``open`` lets the client in."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApopGiven:
    """APOP.  ``open`` lets the client in, where ``digest`` is that of the timestamp and the password."""

    name: str
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthGiven:
    """AUTH with a mechanism that is offered.  ``challenge`` asks the client, ``open`` lets it in.

    initial_response: decoded; None where none was sent, so that a mechanism that needs one begins with challenge(b"").
    """

    mechanism: str
    initial_response: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthResponse:
    """The client's answer to a challenge, decoded.  Answer as AuthGiven."""

    response: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthCancelled:
    """The exchange ended without the application: "*", or rubbish.  The engine has answered.  No answer."""


@dataclass(frozen=True, slots=True)
class StlsGiven:
    """STLS.  ``accept`` answers +OK, after which the transport must begin TLS and call ``tls_established``."""


@dataclass(frozen=True, slots=True)
class RetrieveGiven:
    """RETR, or TOP where ``lines`` is not None.  ``accept``, then ``send_text`` and ``end_text``.

    number: the message's, from 1.
    lines: how many of the body are wanted; the engine cuts, and ``send_text`` tells when it has enough.
    utf8: whether the client can read headers in UTF-8; without it such a message is refused with [UTF8] (RFC 6856 5).
    """

    number: int
    entry: Entry
    lines: int | None
    utf8: bool


@dataclass(frozen=True, slots=True)
class UpdateGiven:
    """QUIT after a login: the only moment at which messages may be deleted (RFC 1939 6).

    deleted: numbers of the messages marked by DELE, in order; often none.
    ``accept`` once they are gone; ``reply`` with -ERR where some are not.  The session ends with either.
    """

    deleted: tuple[int, ...]


class Ending(StrEnum):
    """Why a session ended."""

    QUIT = "quit"
    # The client closed, or the connection broke: nothing is deleted.
    LOST = "lost"
    # This side closed: limits, time, shutting down, or a refused client.
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over; told exactly once, as the last event.  The lock on the maildrop can go.  No answer."""

    why: Ending


Question = Connected | LoginGiven | ApopGiven | AuthGiven | AuthResponse | StlsGiven | RetrieveGiven | UpdateGiven
Event = Question | AuthCancelled | Ended
LOGINS = (LoginGiven, ApopGiven, AuthGiven, AuthResponse)
