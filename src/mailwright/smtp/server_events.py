"""What a server's engine tells its application.

Events that are a Question wait for an answer (``ServerEngine.accept``, ``reply`` or ``challenge``) before the engine
reads on.  The others only tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mailwright.mail.envelope import Envelope, Recipient


@dataclass(frozen=True, slots=True)
class Connected:
    """A client has come.  Accepting sends the greeting 220; the answer may be 421, 5yz or a greeting of its own.

    RFC 5321 3.1: a server that refuses with 554 waits for QUIT, and answers everything else with 503.
    """


@dataclass(frozen=True, slots=True)
class HelloGiven:
    """EHLO, HELO or LHLO.  Accepting sends the extensions; a transaction under way was dropped before.

    domain: the client's word for itself.  extended: False for HELO.
    """

    domain: str
    extended: bool


@dataclass(frozen=True, slots=True)
class MailGiven:
    """MAIL.  Accepting begins a transaction.  envelope: has no recipients yet."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class RecipientGiven:
    """RCPT.  Accepting adds the recipient.  envelope: what MAIL gave, without recipients.

    position: how many recipients were accepted before.
    """

    recipient: Recipient
    envelope: Envelope
    position: int


@dataclass(frozen=True, slots=True)
class DataBegun:
    """DATA, or the first BDAT.  Accepting lets the text come.  envelope: with its accepted recipients."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class DataChunk:
    """A piece of the text; only with ServerSettings.stream.  No answer.

    If the message turns out to be faulty, TransactionDropped follows, else MessageGiven.
    """

    data: bytes


@dataclass(frozen=True, slots=True)
class MessageGiven:
    """The text has ended.  Accepting takes over the responsibility for it (RFC 5321 6.1).

    chunks: the text, dots taken out; empty with ServerSettings.stream.  size: its octets.
    With LMTP the answer may be one reply for each recipient of the envelope, in their order.
    """

    envelope: Envelope
    chunks: tuple[bytes, ...] = field(repr=False)
    size: int

    @property
    def content(self) -> bytes:
        """The text in one piece."""
        return self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)


@dataclass(frozen=True, slots=True)
class AuthGiven:
    """AUTH with a mechanism that is offered.  Answer with challenge, or with a reply: 235, 535 and so on.

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
class StartTlsGiven:
    """STARTTLS.  Accepting sends 220, after which the transport must begin TLS and call ``tls_established``."""


@dataclass(frozen=True, slots=True)
class VrfyGiven:
    """VRFY.  Accepting answers 252, which tells nothing."""

    argument: str


@dataclass(frozen=True, slots=True)
class ExpnGiven:
    """EXPN.  Accepting answers 502; a list is only shown by a reply of the application's own."""

    argument: str


@dataclass(frozen=True, slots=True)
class TransactionDropped:
    """A transaction whose MAIL was accepted ended without MessageGiven.  No answer."""


class Ending(StrEnum):
    """Why a session ended."""

    QUIT = "quit"
    # The client closed, or the connection broke.
    LOST = "lost"
    # This side closed: limits, time, shutting down, or the application answered 421.
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over; told exactly once, as the last event.  No answer."""

    why: Ending


Question = (
    Connected
    | HelloGiven
    | MailGiven
    | RecipientGiven
    | DataBegun
    | MessageGiven
    | AuthGiven
    | AuthResponse
    | StartTlsGiven
    | VrfyGiven
    | ExpnGiven
)
Notice = DataChunk | AuthCancelled | TransactionDropped | Ended
Event = Question | Notice
