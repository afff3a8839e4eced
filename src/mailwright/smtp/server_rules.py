"""What a server refuses by itself, before its application is asked: one function for each command, reply or None."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from mailwright.mail.envelope import Body, Envelope, Recipient
from mailwright.mail.reply import Reply
from mailwright.smtp.commands import Auth
from mailwright.smtp.server_replies import (
    AUTHENTICATE_FIRST,
    AUTHENTICATED_ALREADY,
    ENCRYPT_FIRST,
    NO_MECHANISM,
    NO_SMTPUTF8,
    NO_VALID_RECIPIENTS,
    NOT_IMPLEMENTED,
    NOT_OFFERED_BODY,
    TLS_ALREADY,
    TLS_FIRST,
    TOO_MANY_DOMAINS,
    TOO_MANY_MESSAGES,
    TOO_MANY_RECIPIENTS,
    own_reply,
)
from mailwright.smtp.server_settings import AuthOffer, ServerSettings

#: Verbs of HTTP: a browser was led here, perhaps to send mail by the body of a form.
HTTP_VERBS = frozenset(("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "HOST:"))
#: Verbs of SMTP and its extensions that this server does not do (RFC 5321 4.2.4: 502, not 500).
NOT_DONE = frozenset(("SEND", "SOML", "SAML", "TURN", "ETRN", "ATRN", "BURL", "XCLIENT", "XFORWARD"))


@dataclass(slots=True)
class Transaction:
    """What MAIL and RCPT have given so far.  refused: whether a recipient was refused."""

    envelope: Envelope
    recipients: list[Recipient] = field(default_factory=list)
    domains: set[str] = field(default_factory=set)
    refused: bool = False


def refuse_mail(
    envelope: Envelope, settings: ServerSettings, *, tls: bool, authenticated: bool, messages: int
) -> Reply | None:
    """Return why MAIL is refused; messages: transactions that this session had before."""
    # RFC 3207 4: 530 "Must issue a STARTTLS command first" where the server insists.
    if settings.require_tls and not tls:
        return TLS_FIRST
    # RFC 4954 6: 530 5.7.0 where authentication is required.
    if settings.require_authentication and not authenticated:
        return AUTHENTICATE_FIRST
    # RFC 9422 4.1: MAILMAX is the number of transactions in one session.
    if settings.mail_max is not None and messages >= settings.mail_max:
        return TOO_MANY_MESSAGES
    # RFC 1870 6.1 (1): the declared size is larger than the fixed maximum.
    if envelope.size is not None and envelope.size > settings.limits.message:
        return own_reply(552, (5, 3, 4), f"Message exceeds the fixed maximum size of {settings.limits.message} octets")
    if envelope.body is Body.BINARY and not (settings.chunking and settings.binarymime):
        return NOT_OFFERED_BODY
    return None


def refuse_recipient(recipient: Recipient, transaction: Transaction, settings: ServerSettings) -> Reply | None:
    """Return why RCPT is refused."""
    # RFC 5321 4.5.3.1.10: 452 for more recipients than are taken; those before stay accepted.
    if len(transaction.recipients) >= settings.limits.recipients:
        return TOO_MANY_RECIPIENTS
    address = recipient.address
    # RFC 6531 3.5: 553 5.6.7 where the address needs SMTPUTF8 and MAIL did not give it.
    if not transaction.envelope.smtputf8 and not address.is_ascii:
        return NO_SMTPUTF8
    most = settings.recipient_domain_max
    # RFC 9422 4.3: RCPTDOMAINMAX is the number of domains of one transaction.
    if most is not None and len(transaction.domains) >= most and address.domain.lower() not in transaction.domains:
        return TOO_MANY_DOMAINS
    return None


def refuse_auth(command: Auth, settings: ServerSettings, *, tls: bool, authenticated: bool) -> Reply | None:
    """Return why AUTH is refused."""
    # RFC 4954 4: after a successful AUTH, any other MUST be refused with 503.
    if authenticated:
        return AUTHENTICATED_ALREADY
    if not settings.offers_auth(tls=tls):
        return ENCRYPT_FIRST if settings.auth is AuthOffer.UNDER_TLS and settings.mechanisms else NOT_IMPLEMENTED
    return None if command.mechanism in settings.mechanisms else NO_MECHANISM


def refuse_starttls(settings: ServerSettings, *, tls: bool) -> Reply | None:
    """Return why STARTTLS is refused."""
    if tls:
        return TLS_ALREADY
    return None if settings.starttls else NOT_IMPLEMENTED


def without_recipients(misplaced: Reply, transaction: Transaction | None) -> Reply:
    """Return the reply to DATA or BDAT without accepted recipients: 554 where all were refused (RFC 5321 3.3)."""
    return NO_VALID_RECIPIENTS if transaction is not None and transaction.refused else misplaced


def with_recipients(envelope: Envelope, recipients: Collection[Recipient]) -> Envelope:
    """Return the envelope with its recipients; written out because it is done for every message."""
    return Envelope(
        envelope.reverse_path,
        tuple(recipients),
        envelope.size,
        envelope.body,
        envelope.smtputf8,
        envelope.returned,
        envelope.identifier,
        envelope.submitter,
        envelope.require_tls,
    )
