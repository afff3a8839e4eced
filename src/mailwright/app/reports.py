"""Reports of receivers about a domain's mail, read and judged: the JSON objects of schemas/report.schema.json.

They have no texts for people yet; whoever shows them adds "seen" and "mend" to each finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mailwright.app.sources import SourceMessage, SourceReport, SourceTrouble
from mailwright.authentication.aggregate_findings import FINE, find, totals
from mailwright.authentication.aggregate_report import read_aggregate_report
from mailwright.authentication.aggregate_values import AggregateReport
from mailwright.authentication.report_container import Form, ReportFault, ReportTrouble, open_report
from mailwright.authentication.report_mail import attached_reports
from mailwright.authentication.tls_findings import find_tls, tls_totals
from mailwright.authentication.tls_report import TlsReport, read_tls_report
from mailwright.mail.message import Message

AGGREGATE, TLS = "dmarc-report", "tls-report"


def report_result(item: SourceReport) -> dict[str, Any] | SourceMessage | SourceTrouble:
    """Return the object of a report, or what its source is taken for where it is none or cannot be read."""
    try:
        form = open_report(item.raw).form
    except ReportFault:
        return item.otherwise
    try:
        return _object(item.source, None, item.raw, form)
    except ReportFault as fault:
        if fault.why is ReportTrouble.NOT_A_REPORT:
            return item.otherwise
        return item.broken._replace(why=f"{item.broken.why} ({fault})")


def results_in_mail(item: SourceMessage) -> Iterator[dict[str, Any]]:
    """Yield the objects of the reports that a mail carries; what is no report, or cannot be read, is passed over."""
    for attached in attached_reports(Message.parse(item.raw)):
        try:
            form = open_report(attached.octets).form
            yield _object(item.source, attached.name or None, attached.octets, form)
        except ReportFault:
            continue


def _object(source: str, name: str | None, packed: bytes, form: Form) -> dict[str, Any]:
    """Return the object of a report in ``packed``; raises ReportFault."""
    head: dict[str, Any] = {"source": source, "name": name}
    if form is Form.XML:
        return head | _aggregate(read_aggregate_report(packed))
    return head | _tls(read_tls_report(packed))


def _aggregate(report: AggregateReport) -> dict[str, Any]:
    reporter, counts = report.reporter, totals(report)
    return {
        "kind": AGGREGATE,
        "organization": reporter.organization,
        "email": reporter.email,
        "report_id": reporter.report_id,
        "begin": _stamp(reporter.begin),
        "end": _stamp(reporter.end),
        "errors": list(reporter.errors),
        "domain": report.policy.domain,
        "policy": report.policy.policy,
        "messages": counts.messages,
        "passing": counts.passing,
        "dkim": counts.dkim,
        "spf": counts.spf,
        "refused": counts.refused,
        "left_out": report.left_out,
        "deviations": {kind.value: count for kind, count in report.deviations},
        "findings": [one._asdict() | {"fine": one.kind in FINE} for one in find(report)],
    }


def _tls(report: TlsReport) -> dict[str, Any]:
    counts = tls_totals(report)
    return {
        "kind": TLS,
        "organization": report.organization,
        "email": report.contact,
        "report_id": report.report_id,
        "begin": _stamp(report.begin),
        "end": _stamp(report.end),
        "domains": list(dict.fromkeys(policy.domain for policy in report.policies)),
        "successful": counts.successful,
        "failed": counts.failed,
        "unexplained": counts.unexplained,
        "left_out": report.left_out,
        "findings": [
            {
                "kind": one.trouble,
                "domain": one.domain,
                "mx_host": one.mx_host,
                "policy": one.policy,
                "sessions": one.sessions,
                "detail": one.detail,
            }
            for one in find_tls(report)
        ],
    }


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
