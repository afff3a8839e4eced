"""Feedback: complaints, requests to leave a list, and authentication reports.

ARF (RFC 5965, RFC 6591), and the two forms that do without it: Microsoft's, which forwards the message under a subject
of its own, and the unsubscribe mail that a mail program sends for its user.
"""

from __future__ import annotations

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.explain.explanation import Explanation, Kind, Report
from mailwright.explain.fields import mta_name, typed_address
from mailwright.mail.finding import find_addresses
from mailwright.mail.message import Headers, Message, Part

#: Feedback-Type values that report a failed authentication rather than a person's complaint (RFC 6591 3.1).
_AUTHENTICATION = ("auth-failure", "dmarc")
_ATTACHED = ("message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/global", "message/rfc822-headers")


def complaint_report(recipient: str | None, feedback_type: str, host: str | None) -> Report:
    """Return the report for one complaint; ``feedback_type`` as in Feedback-Type (RFC 5965 7.3), "" for not told."""
    kind = feedback_type.strip().lower()
    cause_id = "authentication-report" if kind in _AUTHENTICATION else "feedback"
    if kind in ("opt-out", "opt-out-list", "unsubscribe"):
        cause_id = "unsubscribe-request"
    evidence = Evidence("feedback-report", f"Feedback-Type: {kind}" if kind else "feedback report")
    diagnosis = Diagnosis(catalogue()[cause_id], recipient, evidence, Confidence.CERTAIN, "structure")
    return Report(recipient, None, diagnosis, None, None, None, None, None, None, host)


def explain_feedback(message: Message, part: Part) -> Explanation:
    """Return the explanation of a feedback report: one report for each recipient that it names, else one for nobody."""
    fields = Headers(part.decoded().replace(b"\r\n", b"\n").strip(b"\n"))
    named = [typed_address(value) for value in fields.get_all(b"original-rcpt-to")]
    recipients: list[str | None] = [address for address in dict.fromkeys(named) if address]
    recipients = recipients or [_returned_recipient(message)]
    host = mta_name(fields.get(b"reporting-mta")) or None
    kind = fields.get(b"feedback-type")
    return Explanation(Kind.FEEDBACK, tuple(complaint_report(address, kind, host) for address in recipients))


def explain_informal_feedback(message: Message) -> Explanation | None:
    """Return the explanation of a complaint or unsubscribe request without a report part; None for anything else."""
    headers = message.headers
    subject = headers.get(b"subject").strip().lower()
    if subject.startswith("complaint about message from") and (attached := message.part(*_ATTACHED)) is not None:
        inner = Message.parse(attached.body.lstrip(b"\n")).headers
        found = find_addresses(inner.get(b"x-hmxmroriginalrecipient") or inner.get(b"to"), 1)
        report = complaint_report(found[0].address if found else None, "abuse", None)
        return Explanation(Kind.FEEDBACK, (report,))
    if subject in ("unsubscribe", "opt-out") and headers.get(b"auto-submitted").lower().startswith("auto-"):
        sender = find_addresses(headers.get(b"from"), 1)
        report = complaint_report(sender[0].address if sender else None, "unsubscribe", None)
        return Explanation(Kind.FEEDBACK, (report,))
    return None


def _returned_recipient(message: Message) -> str | None:
    """Return the To of the message complained about; None where the receiver has redacted it."""
    part = message.part(*_ATTACHED)
    if part is None:
        return None
    found = find_addresses(Message.parse(part.body.lstrip(b"\n")).headers.get(b"to"), 1)
    return found[0].address if found else None
