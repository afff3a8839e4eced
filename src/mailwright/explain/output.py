"""Output: an Explanation as the JSON object that every front end shows (schemas/explain.schema.json)."""

from __future__ import annotations

from typing import Any

from mailwright.causes.texts import CauseTexts
from mailwright.explain.explanation import Explanation, Report
from mailwright.explain.reply import kind_of_reason
from mailwright.mail.finding import domain_of


def explanation_object(source: str, explanation: Explanation, texts: CauseTexts) -> dict[str, Any]:
    """Return the JSON object for one message; ``source`` names where it came from."""
    reports = [report_object(report, texts) for report in explanation.reports]
    return {"source": source, "kind": explanation.kind.value, "reports": reports}


def reply_object(source: str, report: Report, texts: CauseTexts) -> dict[str, Any]:
    """Return the JSON object for one reply; ``source`` names where it came from."""
    kind = kind_of_reason(report.diagnosis.cause.reason)
    return {"source": source, "kind": kind.value, "reports": [report_object(report, texts)]}


def report_object(report: Report, texts: CauseTexts) -> dict[str, Any]:
    """Return the JSON object for one recipient."""
    diagnosis = report.diagnosis
    cause = diagnosis.cause
    # What DNS said is about the name that was asked, which may be another one than the recipient's domain.
    asked = diagnosis.subject if diagnosis.evidence.source == "dns" else None
    values = {
        "recipient": report.recipient,
        "domain": asked or (domain_of(report.recipient) if report.recipient else None),
        "host": report.remote_host,
    }
    return {
        "recipient": report.recipient,
        "original_recipient": report.original_recipient,
        "cause": cause.id,
        "reason": cause.reason,
        "permanent": report.permanent,
        "action": report.action,
        "reply_code": report.reply_code,
        "enhanced_status": report.enhanced_status,
        "permanence": cause.permanence.value,
        "suppress": report.suppress,
        "diagnostic": report.diagnostic,
        "remote_host": report.remote_host,
        "reporting_mta": report.reporting_mta,
        "fixer": cause.fixer.value,
        "confidence": diagnosis.confidence.value,
        "rule": diagnosis.rule,
        "title": texts.title(cause),
        "explanation": texts.explanation(cause, values),
        "fixes": texts.fixes(cause, values),
    }
