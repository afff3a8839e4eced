"""Notifications: events of sending services that come as JSON inside a mail (Amazon SES, bare or wrapped by SNS)."""

from __future__ import annotations

import json
from typing import Any

from mailwright.explain.explanation import Explanation, Kind, Report
from mailwright.explain.feedback import complaint_report
from mailwright.explain.fields import MOST_RECIPIENTS, action_word
from mailwright.explain.judge import Said, judge
from mailwright.mail.message import Message

#: Longest JSON that is read, in characters; SES truncates the headers it quotes at 10 kB.
LONGEST_JSON = 128 * 1024

#: bounceSubType of a message that SES did not even try to deliver.
_SUPPRESSED = ("Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient")


def explain_notification(message: Message) -> Explanation | None:
    """Return the explanation of an SES event in the first part of ``message``; None where there is none."""
    if not message.parts or message.parts[0].media_type not in ("text/plain", "application/json"):
        return None
    body = message.parts[0].body.lstrip()
    if not body.startswith(b"{"):
        return None
    event = _read(message.parts[0].text.lstrip())
    if event is None:
        return None
    kind = event.get("notificationType") or event.get("eventType")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    return reader(event) if reader else None


def _read(text: str) -> dict[str, Any] | None:
    """Return the JSON object at the beginning of ``text``, unwrapped from SNS; None where it is none."""
    try:
        # Not strict: mail folds long lines inside strings.
        decoder = json.JSONDecoder(strict=False)
        event, _ = decoder.raw_decode(text[:LONGEST_JSON])
        if isinstance(event, dict) and isinstance(event.get("Message"), str):
            event, _ = decoder.raw_decode(event["Message"])
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _recipients(event: dict[str, Any], section: str, key: str) -> list[dict[str, Any]]:
    inner = event.get(section)
    listed = inner.get(key) if isinstance(inner, dict) else None
    if not isinstance(listed, list):
        return []
    found = [entry if isinstance(entry, dict) else {"emailAddress": entry} for entry in listed[:MOST_RECIPIENTS]]
    return [entry for entry in found if _text(entry, "emailAddress")]


def _text(table: Any, key: str) -> str:
    value = table.get(key) if isinstance(table, dict) else None
    # JSON can hold half a character ("\\ud800"), which no encoding takes.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _said(entry: dict[str, Any], section: Any, action: str) -> Said:
    return Said(
        recipient=_text(entry, "emailAddress") or None,
        action=action_word(_text(entry, "action")) or action,
        status=_text(entry, "status"),
        diagnostic=_text(entry, "diagnosticCode").removeprefix("smtp;").strip(),
        reporting_mta=_text(section, "reportingMTA").removeprefix("dsn;").removeprefix("dns;").strip() or None,
        letter=f"{_text(section, 'bounceType')} {_text(section, 'bounceSubType')}",
    )


def _bounce(event: dict[str, Any]) -> Explanation:
    section = event.get("bounce")
    suppressed = _text(section, "bounceSubType") in _SUPPRESSED
    reports = [
        judge(_said(entry, section, "failed"), assume="esp-suppressed" if suppressed else None)
        for entry in _recipients(event, "bounce", "bouncedRecipients") or [{}]
    ]
    return Explanation(Kind.BOUNCE, tuple(reports))


def _delay(event: dict[str, Any]) -> Explanation:
    entries = _recipients(event, "deliveryDelay", "delayedRecipients") or [{}]
    section = event.get("deliveryDelay")
    return Explanation(Kind.DELAYED, tuple(judge(_said(entry, section, "delayed")) for entry in entries))


def _delivery(event: dict[str, Any]) -> Explanation:
    reports: list[Report] = []
    section = event.get("delivery")
    for entry in _recipients(event, "delivery", "recipients") or [{}]:
        said = _said(entry, section, "delivered")
        reports.append(judge(said._replace(diagnostic=_text(section, "smtpResponse"))))
    return Explanation(Kind.DELIVERED, tuple(reports))


def _complaint(event: dict[str, Any]) -> Explanation:
    kind = _text(event.get("complaint"), "complaintFeedbackType")
    entries = _recipients(event, "complaint", "complainedRecipients") or [{}]
    reports = [complaint_report(_text(entry, "emailAddress") or None, kind, None) for entry in entries]
    return Explanation(Kind.FEEDBACK, tuple(reports))


_READERS = {
    "Bounce": _bounce,
    "DeliveryDelay": _delay,
    "Delivery": _delivery,
    "Complaint": _complaint,
}
