"""Failure reports: what a receiver says of one message that failed DMARC, DKIM or SPF (RFC 9991, RFC 6591).

``explain`` knows such a message and whom it is about; here are the fields that tell why authentication failed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.explain.fields import mta_name
from mailwright.mail.message import Headers, Message

#: Octets of the fields that are read; a report has some 30 of them.
LONGEST_FIELDS = 64 * 1024
#: Characters of one field that are kept.
LONGEST_VALUE = 2_000
#: Values of a field that may stand several times, and addresses in Identity-Alignment.
MOST_VALUES = 20
_ATTACHED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


class FailureKind(StrEnum):
    """What failed (RFC 6591 3.3; RFC 9991 3 adds dmarc)."""

    ADSP = "adsp"
    BODY_HASH = "bodyhash"
    REVOKED = "revoked"
    SIGNATURE = "signature"
    SPF = "spf"
    DMARC = "dmarc"
    OTHER = "other"  # another word, or none


class FailureReport(NamedTuple):
    """What a report says; "" and () where it does not.

    failed: what failed.  delivery: delivered, spam, policy, reject, other (RFC 6591 3.2.2).
    alignment: the mechanisms that did not authenticate an aligned domain, "dkim" and "spf" (RFC 9991 3).
    spf_records: the TXT records that SPF was judged by, as "name : record".
    header_from, subject, message_id: of the message that failed, as far as it is attached.
    """

    failed: FailureKind
    delivery: str
    alignment: tuple[str, ...]
    dkim_domain: str
    dkim_identity: str
    dkim_selector: str
    spf_records: tuple[str, ...]
    source_ip: str
    mail_from: str
    domains: tuple[str, ...]
    authentication_results: tuple[str, ...]
    reporter: str
    arrived: str
    header_from: str
    subject: str
    message_id: str


_FAILURES = {kind.value: kind for kind in FailureKind}


def read_failure_report(message: Message) -> FailureReport | None:
    """Return the failure report that ``message`` is; None where it is none.  Never raises."""
    part = message.part("message/feedback-report")
    if part is None:
        return None
    fields = Headers(part.decoded().replace(b"\r\n", b"\n").strip(b"\n")[:LONGEST_FIELDS])
    failure = _word(fields, b"auth-failure")
    # RFC 6591 3.1; some programs write the kind of failure into Feedback-Type.
    if not failure and _word(fields, b"feedback-type") not in ("auth-failure", "dmarc"):
        return None
    attached = message.part(*_ATTACHED)
    original = Message.parse(attached.body.lstrip(b"\n")).headers if attached is not None else Headers(b"")
    return FailureReport(
        failed=_FAILURES.get(failure, FailureKind.OTHER),
        delivery=_word(fields, b"delivery-result"),
        alignment=_alignment(fields),
        dkim_domain=_value(fields, b"dkim-domain").lower(),
        dkim_identity=_value(fields, b"dkim-identity"),
        dkim_selector=_value(fields, b"dkim-selector"),
        spf_records=_values(fields, b"spf-dns"),
        source_ip=_value(fields, b"source-ip").partition(" ")[0],
        mail_from=_value(fields, b"original-mail-from").strip("<>"),
        domains=tuple(domain.lower() for domain in _values(fields, b"reported-domain")),
        authentication_results=_values(fields, b"authentication-results"),
        reporter=mta_name(_value(fields, b"reporting-mta")),
        arrived=_value(fields, b"arrival-date") or _value(fields, b"received-date"),
        header_from=_value(original, b"from"),
        subject=_value(original, b"subject"),
        message_id=_value(original, b"message-id"),
    )


def _value(fields: Headers, name: bytes) -> str:
    return fields.get(name).strip()[:LONGEST_VALUE]


def _values(fields: Headers, name: bytes) -> tuple[str, ...]:
    return tuple(value.strip()[:LONGEST_VALUE] for value in fields.get_all(name, MOST_VALUES))


def _word(fields: Headers, name: bytes) -> str:
    """Return a field's first word in lower case, without the comment behind it."""
    return fields.get(name).partition("(")[0].partition(";")[0].strip().lower()[:64]


def _alignment(fields: Headers) -> tuple[str, ...]:
    """Return the mechanisms in Identity-Alignment; none is written "none"."""
    words = (word.strip() for word in _word(fields, b"identity-alignment").split(",", MOST_VALUES))
    return tuple(word for word in words if word in ("dkim", "spf"))
