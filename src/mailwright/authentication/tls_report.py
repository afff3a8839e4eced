"""TLS reports: how often mail servers reached a domain's hosts by TLS, and why not (RFC 8460 4), read and written.

Reports are JSON written by strangers: size and depth are limited before and while it is read, texts, policies and
failures are counted, and what is missing or of another type is left at its empty value.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mailwright.authentication.report_container import Form, Limits, ReportFault, ReportTrouble, unpack_report

#: Octets of the unpacked report, which is held as a whole and can take 20 times as much then; reports in use have some
#: kilobytes.
LARGEST_JSON = 4 * 1024 * 1024
#: Policies of one report, and failures of one policy, that are kept.
MOST_POLICIES = 1_000
MOST_FAILURES = 10_000
#: Hosts and policy lines of one policy (RFC 8461 3.2 has no bound; policies in use have up to 20 lines).
MOST_LINES = 100
#: Characters of one text that are kept.
LONGEST_TEXT = 2_000
#: The highest number of sessions that is believed.
_MOST_SESSIONS = 10**12


class TlsFailure(NamedTuple):
    """Sessions that failed for one reason (RFC 8460 4.4).

    result: a result-type of RFC 8460 4.3, as written.  sessions: how many.
    sending_ip, mx_host, mx_helo, receiving_ip, information, reason: "" where not told.
    """

    result: str
    sessions: int
    mx_host: str = ""
    receiving_ip: str = ""
    sending_ip: str = ""
    mx_helo: str = ""
    information: str = ""
    reason: str = ""


class TlsPolicyReport(NamedTuple):
    """What happened under one policy.

    kind: "sts", "tlsa" or "no-policy-found", as written.  lines: the policy as applied.
    domain: whose policy.  mx_hosts: patterns of MTA-STS or hosts.  successful, failed: sessions.
    """

    kind: str
    domain: str
    lines: tuple[str, ...]
    mx_hosts: tuple[str, ...]
    successful: int
    failed: int
    failures: tuple[TlsFailure, ...]


class TlsReport(NamedTuple):
    """A report.

    begin, end: aware; None where they cannot be read.  left_out: policies and failures beyond the limits.
    """

    organization: str
    contact: str
    report_id: str
    begin: datetime | None
    end: datetime | None
    policies: tuple[TlsPolicyReport, ...]
    left_out: int = 0


def read_tls_report(packed: bytes) -> TlsReport:
    """Return the TLS report in ``packed``: JSON, plain, in gzip or in a zip file.  Raises ReportFault."""
    form, octets = unpack_report(packed, Limits(unpacked=LARGEST_JSON))
    if form is not Form.JSON:
        raise ReportFault(ReportTrouble.NOT_A_REPORT, "XML, where a TLS report is JSON")
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise ReportFault(ReportTrouble.BROKEN, str(error)) from error
    if not isinstance(document, dict) or not isinstance(document.get("policies"), list):
        raise ReportFault(ReportTrouble.NOT_A_REPORT, "no policies in it")
    policies = document["policies"]
    dates = _object(document.get("date-range"))
    read = tuple(map(_policy, policies[:MOST_POLICIES]))
    return TlsReport(
        _text(document.get("organization-name")),
        _text(document.get("contact-info")),
        _text(document.get("report-id")),
        _time(dates.get("start-datetime")),
        _time(dates.get("end-datetime")),
        tuple(policy for policy, _ in read),
        max(0, len(policies) - MOST_POLICIES) + sum(left_out for _, left_out in read),
    )


def _policy(value: Any) -> tuple[TlsPolicyReport, int]:
    """Return one policy's report and how many failures were left out."""
    whole = _object(value)
    policy, summary = _object(whole.get("policy")), _object(whole.get("summary"))
    failures = whole.get("failure-details")
    listed = failures if isinstance(failures, list) else []
    report = TlsPolicyReport(
        _text(policy.get("policy-type")).lower(),
        _text(policy.get("policy-domain")).lower(),
        _texts(policy.get("policy-string")),
        tuple(host.lower() for host in _texts(policy.get("mx-host"))),
        _number(summary.get("total-successful-session-count")),
        # The second name is that of RFC 8460's own example, and of programs that follow it.
        _number(summary.get("total-failure-session-count", summary.get("total-failed-session-count"))),
        tuple(map(_failure, listed[:MOST_FAILURES])),
    )
    return report, max(0, len(listed) - MOST_FAILURES)


def _failure(value: Any) -> TlsFailure:
    whole = _object(value)
    return TlsFailure(
        _text(whole.get("result-type")).lower(),
        _number(whole.get("failed-session-count")),
        _text(whole.get("receiving-mx-hostname")).lower().removesuffix("."),
        _text(whole.get("receiving-ip")),
        _text(whole.get("sending-mta-ip")),
        _text(whole.get("receiving-mx-helo")),
        _text(whole.get("additional-information", whole.get("additional-info-uri"))),
        _text(whole.get("failure-reason-code", whole.get("failure-error-code"))),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Return a text without halves of characters, at most LONGEST_TEXT long; "" for anything else."""
    return value[:LONGEST_TEXT].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts; some programs write a single one as it is."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in map(_text, values[:MOST_LINES]) if text)


def _number(value: Any) -> int:
    """Return a number of sessions; some programs write it as a text; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return min(max(value, 0), _MOST_SESSIONS)


def _time(value: Any) -> datetime | None:
    """Return a moment in RFC 3339's form; in UTC where no zone is given."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def write_tls_report(report: TlsReport) -> bytes:
    """Return ``report`` as JSON (RFC 8460 4.4), in UTF-8; fields that are not told are left out."""
    document = {
        "organization-name": report.organization,
        "date-range": {"start-datetime": _stamp(report.begin), "end-datetime": _stamp(report.end)},
        "contact-info": report.contact,
        "report-id": report.report_id,
        "policies": [_policy_document(policy) for policy in report.policies],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def pack_tls_report(report: TlsReport) -> bytes:
    """Return ``report`` as JSON in gzip (RFC 8460 5.2: SHOULD), the same octets for the same report."""
    engine = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return engine.compress(write_tls_report(report)) + engine.flush()


def _policy_document(policy: TlsPolicyReport) -> dict[str, Any]:
    described: dict[str, Any] = {"policy-type": policy.kind, "policy-domain": policy.domain}
    if policy.lines:
        described["policy-string"] = list(policy.lines)
    if policy.mx_hosts:
        described["mx-host"] = list(policy.mx_hosts)
    summary = {"total-successful-session-count": policy.successful, "total-failure-session-count": policy.failed}
    document: dict[str, Any] = {"policy": described, "summary": summary}
    if policy.failures:
        document["failure-details"] = [dict(_failure_fields(failure)) for failure in policy.failures]
    return document


def _failure_fields(failure: TlsFailure) -> Iterator[tuple[str, str | int]]:
    yield "result-type", failure.result
    texts = (
        ("sending-mta-ip", failure.sending_ip),
        ("receiving-mx-hostname", failure.mx_host),
        ("receiving-mx-helo", failure.mx_helo),
        ("receiving-ip", failure.receiving_ip),
        ("additional-information", failure.information),
        ("failure-reason-code", failure.reason),
    )
    yield from ((name, text) for name, text in texts if text)
    yield "failed-session-count", failure.sessions


def _stamp(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment is not None else ""
