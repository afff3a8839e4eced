"""Application: what decides about mail behind a server's transport, and Peer: whom it speaks with."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.sasl_server import Challenge
from mailwright.smtp.server_events import (
    AuthGiven,
    AuthResponse,
    Connected,
    DataBegun,
    DataChunk,
    Ended,
    ExpnGiven,
    HelloGiven,
    MailGiven,
    MessageGiven,
    RecipientGiven,
    StartTlsGiven,
    VrfyGiven,
)


@dataclass(frozen=True, slots=True)
class Peer:
    """The two ends of a connection, as the PROXY header tells them where one was read.

    address: the client's IP address, as text.  port: its port.  local_address, local_port: this side's.
    """

    address: str
    port: int
    local_address: str
    local_port: int


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """How a connection is encrypted: ``TLSv1.3``, the suite's name, and the bits of its key."""

    version: str
    cipher: str
    bits: int


#: None is the usual success; a Challenge goes on with AUTH; a tuple is one reply for each recipient, in LMTP.
Answer = Reply | Challenge | tuple[Reply, ...] | None
#: An answer, or what will be one.  Answering at once costs no task.
Answering = Answer | Awaitable[Answer]


class Application:
    """One session's decisions; every method may be left as it is, and then accepts.

    A method is called for one event, never before the one before it is answered.  It may answer at once or return an
    awaitable; meanwhile nothing more is read of the session.  An exception, or an answer that the protocol does not
    allow, is answered with 451 and reported to the event loop's exception handler.
    """

    def secured(self, tls: TlsFacts) -> None:
        """TLS stands: with STARTTLS the session begins anew, with implicit TLS ``connected`` follows."""

    def connected(self, event: Connected) -> Answering:
        """See Connected."""

    def hello(self, event: HelloGiven) -> Answering:
        """See HelloGiven."""

    def mail(self, event: MailGiven) -> Answering:
        """See MailGiven."""

    def recipient(self, event: RecipientGiven) -> Answering:
        """See RecipientGiven."""

    def data(self, event: DataBegun) -> Answering:
        """See DataBegun."""

    def chunk(self, event: DataChunk) -> Awaitable[None] | None:
        """See DataChunk; while an awaitable is waited for, no more of the text is read."""

    def message(self, event: MessageGiven) -> Answering:
        """See MessageGiven.  After a success the message is this side's: it must be on disk before (RFC 5321 6.1)."""

    def authenticate(self, event: AuthGiven | AuthResponse) -> Answering:  # noqa: ARG002 - for subclasses
        """See AuthGiven.  Refuses by default: 535."""
        return Reply(535, ("Authentication failed",), EnhancedStatus(5, 7, 8))

    def authentication_cancelled(self) -> None:
        """See AuthCancelled."""

    def starttls(self, event: StartTlsGiven) -> Answering:
        """See StartTlsGiven."""

    def vrfy(self, event: VrfyGiven) -> Answering:
        """See VrfyGiven."""

    def expn(self, event: ExpnGiven) -> Answering:
        """See ExpnGiven."""

    def dropped(self) -> None:
        """See TransactionDropped."""

    def ended(self, event: Ended) -> None:
        """See Ended."""
