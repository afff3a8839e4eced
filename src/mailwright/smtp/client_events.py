"""Events of the client engine: what came of what was sent."""

from __future__ import annotations

from typing import NamedTuple

from mailwright.mail.reply import Reply
from mailwright.smtp.transcript import Step


class Answered(NamedTuple):
    """A reply to what was sent last at ``step``, or, for BANNER, to connecting.

    recipient: index among the envelope's, for RCPT, and for MESSAGE with LMTP; None where the reply is about no single
    one.  What was sent with HELO after EHLO was not understood is answered as EHLO.
    """

    step: Step
    reply: Reply
    recipient: int | None = None


class Challenged(NamedTuple):
    """AUTH goes on: call ``respond`` or ``cancel``.  challenge: decoded."""

    challenge: bytes


class TlsReady(NamedTuple):
    """STARTTLS was accepted: make the handshake, then call ``tls_started``."""

    reply: Reply


class ContentWanted(NamedTuple):
    """At least one recipient was accepted: call ``send_content`` for each piece, then ``end_content``.

    recipients: how many were accepted.
    """

    recipients: int


class TransactionEnded(NamedTuple):
    """All replies of the transaction are in; the next may begin, unless ``is_usable`` says no."""


class Closing(NamedTuple):
    """421 came though nothing had been asked: the server will close."""

    reply: Reply


class Ended(NamedTuple):
    """The connection was closed by the server.

    step: what was being waited for or sent; None where nothing was.
    uncertain: the message was sent to its end and a reply is missing: nobody knows whether it was accepted
    (RFC 5321 4.5.3.2.6, 6.1).
    """

    step: Step | None
    uncertain: bool


Event = Answered | Challenged | TlsReady | ContentWanted | TransactionEnded | Closing | Ended
