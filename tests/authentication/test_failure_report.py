"""Failure reports: why authentication of one message failed (RFC 9991, RFC 6591)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.failure_report import MOST_VALUES, FailureKind, FailureReport, read_failure_report
from mailwright.mail.message import Message

FIELDS = """Feedback-Type: auth-failure
Version: 1
User-Agent: Tallier/2.1
Auth-Failure: dmarc
Authentication-Results: receiver.example; dmarc=fail
 header.from=example.com
Identity-Alignment: dkim, spf
Delivery-Result: reject
DKIM-Domain: Example.com
DKIM-Identity: @example.com
DKIM-Selector: s1
SPF-DNS: txt : example.com : "v=spf1 -all"
Original-Mail-From: <anna@example.com>
Reporting-MTA: dns; mx.receiver.example
Arrival-Date: Sun, 01 Nov 2026 10:00:00 +0000
Source-IP: 192.0.2.2
Reported-Domain: EXAMPLE.com
"""


def message(fields: str = FIELDS, original: str = "From: Anna <anna@example.com>\nSubject: Hello\n\nHi.\n") -> Message:
    """Return a failure report."""
    text = (
        "From: dmarc@receiver.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\nA report.\n--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{original}\n--b--\n"
    )
    return Message.parse(text.encode())


def test_a_report_is_read() -> None:
    """Every field that tells why."""
    assert read_failure_report(message()) == FailureReport(
        failed=FailureKind.DMARC,
        delivery="reject",
        alignment=("dkim", "spf"),
        dkim_domain="example.com",
        dkim_identity="@example.com",
        dkim_selector="s1",
        spf_records=('txt : example.com : "v=spf1 -all"',),
        source_ip="192.0.2.2",
        mail_from="anna@example.com",
        domains=("example.com",),
        authentication_results=("receiver.example; dmarc=fail header.from=example.com",),
        reporter="mx.receiver.example",
        arrived="Sun, 01 Nov 2026 10:00:00 +0000",
        header_from="Anna <anna@example.com>",
        subject="Hello",
        message_id="",
    )


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("Feedback-Type: auth-failure\nAuth-Failure: spf\n", FailureKind.SPF),
        ("Feedback-Type: auth-failure\nAuth-Failure: BodyHash (of s1)\n", FailureKind.BODY_HASH),
        ("Feedback-Type: auth-failure\nAuth-Failure: new\n", FailureKind.OTHER),
        ("Feedback-Type: auth-failure\n", FailureKind.OTHER),
        ("Feedback-Type: dmarc\n", FailureKind.OTHER),
        ("Auth-Failure: signature\n", FailureKind.SIGNATURE),
        ("Feedback-Type: abuse\n", None),
        ("", None),
    ],
)
def test_what_failed(fields: str, kind: FailureKind | None) -> None:
    """RFC 6591 3.3 and RFC 9991 3; a complaint is no failure report."""
    report = read_failure_report(message(fields))
    assert (report.failed if report else None) == kind


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("none", ()),
        ("dkim", ("dkim",)),
        ("SPF , dkim (both)", ("spf", "dkim")),
        ("arc", ()),
        ("dkim," * 1_000, ("dkim",) * 12),
    ],
)
def test_alignment(value: str, expected: tuple[str, ...]) -> None:
    """RFC 9991 3: the mechanisms without an aligned pass."""
    report = read_failure_report(message(f"Auth-Failure: dmarc\nIdentity-Alignment: {value}\n"))
    assert report is not None
    assert report.alignment[:12] == expected
    assert len(report.alignment) <= MOST_VALUES


def test_values_are_bounded() -> None:
    """A report with a thousand of one field, and one without the message."""
    report = read_failure_report(message("Auth-Failure: dmarc\n" + "Reported-Domain: x.example\n" * 1_000, ""))
    assert report is not None
    assert (len(report.domains), report.header_from) == (MOST_VALUES, "")


def test_other_mail_is_no_report() -> None:
    """No feedback part, no report."""
    assert read_failure_report(Message.parse(b"Subject: hello\n\nhi\n")) is None


@given(st.text(alphabet="Auth-Failure: dmrcSPFDNS\n ;(),\x00\xff", max_size=80))
def test_any_fields_are_read(fields: str) -> None:
    """Nothing is raised."""
    report = read_failure_report(message(fields))
    assert report is None or report.failed in FailureKind
