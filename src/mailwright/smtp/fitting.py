"""Fitting: what of an envelope a server can be told, and what it cannot carry; decided before anything is sent.

A parameter is sent only where the server offers its extension (RFC 5321 4.1.1.11).  What would get lost without it is
an Obstacle: the transaction is not begun, and the caller says what that means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from mailwright.mail.envelope import Body, Envelope, Recipient
from mailwright.smtp.capabilities import Capabilities
from mailwright.smtp.content import Content


class Obstacle(StrEnum):
    """Why a transaction cannot take place on this connection."""

    # RFC 6152 3: a message with 8-bit octets must not be sent where 8BITMIME is not offered.
    EIGHT_BIT = "eight-bit-unsupported"
    # RFC 3030 3: BINARYMIME needs both BINARYMIME and CHUNKING.
    BINARY = "binary-unsupported"
    # RFC 6531 3.1: nor addresses or header fields in UTF-8 without SMTPUTF8.
    UTF8 = "smtputf8-unsupported"
    # RFC 8689 4.2.1: REQUIRETLS needs TLS with a verified certificate, and a server that offers it.
    REQUIRE_TLS = "requiretls-unsupported"
    # RFC 1870 6.1: larger than what the server offers to take.
    SIZE = "too-big"
    # RFC 9422 7.2, 7.3, 7.1: the caller can split the transaction, or use another connection.
    RECIPIENTS = "too-many-recipients"
    DOMAINS = "too-many-domains"
    MESSAGES = "too-many-messages"
    # Not a limit of the server: there is nobody to send to.
    NOBODY = "no-recipients"


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of the connection.

    transactions: how many were begun in it.  verified: whether it is under TLS with a certificate proven right.
    """

    capabilities: Capabilities
    transactions: int = 0
    verified: bool = False


def obstacle(envelope: Envelope, content: Content, session: Session) -> Obstacle | None:
    """Return the first thing that stands in the way; None where nothing does."""
    capabilities = session.capabilities
    recipients = envelope.recipients
    found = {
        Obstacle.NOBODY: not recipients,
        Obstacle.MESSAGES: _passes(session.transactions + 1, capabilities.mail_max),
        Obstacle.RECIPIENTS: _passes(len(recipients), capabilities.recipient_max),
        Obstacle.DOMAINS: capabilities.recipient_domain_max is not None
        and _passes(len({to.address.key[1] for to in recipients}), capabilities.recipient_domain_max),
        # RFC 1870 4: 0 means that there is no fixed maximum.
        Obstacle.SIZE: _passes(content.size, capabilities.size or None),
        Obstacle.UTF8: _needs_utf8(envelope) and not capabilities.smtputf8,
        Obstacle.BINARY: envelope.body is Body.BINARY and not (capabilities.binary and capabilities.chunking),
        Obstacle.EIGHT_BIT: _body(envelope, content) is Body.EIGHT_BIT and not capabilities.eight_bit,
        Obstacle.REQUIRE_TLS: envelope.require_tls and not (capabilities.require_tls and session.verified),
    }
    return next((what for what, stands in found.items() if stands), None)


def _passes(number: int, limit: int | None) -> bool:
    return limit is not None and number > limit


def _needs_utf8(envelope: Envelope) -> bool:
    if envelope.smtputf8:
        return True
    sender = envelope.reverse_path
    return (sender is not None and not sender.is_ascii) or not all(to.address.is_ascii for to in envelope.recipients)


def _body(envelope: Envelope, content: Content) -> Body | None:
    """Return what the octets are: what the envelope says, unless the content is more than that."""
    if envelope.body is Body.BINARY:
        return Body.BINARY
    if content.eight_bit or envelope.body is Body.EIGHT_BIT:
        return Body.EIGHT_BIT if content.eight_bit else envelope.body
    return envelope.body


def fitted(envelope: Envelope, content: Content, capabilities: Capabilities) -> Envelope:
    """Return the envelope with all parameters that the server understands, and no others.

    Recipients whose NOTIFY or ORCPT the server does not understand lose it: it is for the caller to report "relayed"
    where that was asked for (RFC 3461 5.2.2).
    """
    body = _body(envelope, content)
    if not capabilities.eight_bit and body is not Body.BINARY:
        # Nothing is lost: with an octet above 127 there would be an obstacle.
        body = None
    dsn = capabilities.dsn
    return replace(
        envelope,
        recipients=envelope.recipients if dsn else tuple(map(_plain, envelope.recipients)),
        size=content.size if capabilities.size is not None else None,
        body=body,
        smtputf8=_needs_utf8(envelope),
        returned=envelope.returned if dsn else None,
        identifier=envelope.identifier if dsn else None,
        # RFC 4954 5: the parameter belongs to AUTH.
        submitter=envelope.submitter if capabilities.mechanisms else None,
    )


def _plain(recipient: Recipient) -> Recipient:
    if recipient.notify is None and recipient.original is None:
        return recipient
    return Recipient(recipient.address)
