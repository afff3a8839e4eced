"""TLS reports: read from JSON of strangers, and written (RFC 8460 4)."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.report_container import ReportFault, ReportTrouble
from mailwright.authentication.tls_report import (
    LARGEST_JSON,
    LONGEST_TEXT,
    MOST_FAILURES,
    MOST_LINES,
    MOST_POLICIES,
    TlsFailure,
    TlsPolicyReport,
    TlsReport,
    pack_tls_report,
    read_tls_report,
    write_tls_report,
)

REPORT = TlsReport(
    "Sender One",
    "tls@sender.example",
    "2026-11-01T00:00:00Z_example.com",
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC),
    (
        TlsPolicyReport(
            "sts",
            "example.com",
            ("version: STSv1", "mode: testing", "mx: *.mail.example.com", "max_age: 86400"),
            ("*.mail.example.com",),
            5_326,
            303,
            (
                TlsFailure("certificate-expired", 100, "mx1.mail.example.com", "", "2001:db8:abcd:12::1"),
                TlsFailure(
                    "starttls-not-supported",
                    200,
                    "mx2.mail.example.com",
                    "203.0.113.56",
                    "2001:db8:abcd:13::1",
                    information="https://reports.sender.example/1",
                ),
                TlsFailure("validation-failure", 3, reason="X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"),
            ),
        ),
        TlsPolicyReport("no-policy-found", "example.net", (), (), 7, 0, ()),
    ),
)


@pytest.mark.parametrize("pack", [write_tls_report, pack_tls_report])
def test_what_is_written_is_read_again(pack: Any) -> None:
    """Writing and reading are a pair, plain and in gzip."""
    assert read_tls_report(pack(REPORT)) == REPORT


def test_the_same_report_gives_the_same_octets() -> None:
    """No time of day gets into the gzip header."""
    assert pack_tls_report(REPORT) == pack_tls_report(REPORT)
    assert gzip.decompress(pack_tls_report(REPORT)) == write_tls_report(REPORT)


def test_names_of_the_members() -> None:
    """RFC 8460 4.4: the members that a receiver of reports looks for."""
    document = json.loads(write_tls_report(REPORT))
    assert set(document) == {"organization-name", "date-range", "contact-info", "report-id", "policies"}
    assert document["date-range"]["start-datetime"] == "2026-11-01T00:00:00Z"
    policy = document["policies"][0]
    assert set(policy) == {"policy", "summary", "failure-details"}
    assert set(policy["policy"]) == {"policy-type", "policy-domain", "policy-string", "mx-host"}
    assert set(policy["summary"]) == {"total-successful-session-count", "total-failure-session-count"}
    assert policy["failure-details"][0]["failed-session-count"] == 100


ODD: list[tuple[dict[str, Any], TlsPolicyReport]] = [
    ({}, TlsPolicyReport("", "", (), (), 0, 0, ())),
    (
        {"policy": {"policy-type": "STS", "policy-domain": "Example.COM", "mx-host": "MX.example.com"}},
        TlsPolicyReport("sts", "example.com", (), ("mx.example.com",), 0, 0, ()),
    ),
    (
        {"summary": {"total-successful-session-count": "12", "total-failed-session-count": 3}},
        TlsPolicyReport("", "", (), (), 12, 3, ()),
    ),
    (
        {"summary": {"total-successful-session-count": -1, "total-failure-session-count": True}},
        TlsPolicyReport("", "", (), (), 0, 0, ()),
    ),
    (
        {"summary": {"total-successful-session-count": 1.5, "total-failure-session-count": 10**30}},
        TlsPolicyReport("", "", (), (), 0, 10**12, ()),
    ),
    (
        {"policy": [], "summary": None, "failure-details": {"a": 1}},
        TlsPolicyReport("", "", (), (), 0, 0, ()),
    ),
    (
        {"failure-details": [None, {"result-type": 5, "receiving-mx-hostname": "MX.example.com."}]},
        TlsPolicyReport("", "", (), (), 0, 0, (TlsFailure("", 0), TlsFailure("", 0, "mx.example.com"))),
    ),
    (
        {"failure-details": [{"result-type": "x\ud800", "failure-error-code": "E"}]},
        TlsPolicyReport("", "", (), (), 0, 0, (TlsFailure("x?", 0, reason="E"),)),
    ),
]


@pytest.mark.parametrize(("policy", "expected"), ODD)
def test_an_odd_report_is_read_as_well_as_it_can_be(policy: dict[str, Any], expected: TlsPolicyReport) -> None:
    """What is missing or of another type stays at its empty value."""
    report = read_tls_report(json.dumps({"policies": [policy]}).encode())
    assert report.policies == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T02:00:00+02:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T00:00:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (1793491200, None),
        ("2026-11-01T00:00:00Z" + " " * 40, None),
    ],
)
def test_moments(text: object, expected: datetime | None) -> None:
    """RFC 3339; without a zone it is UTC."""
    document = {"policies": [], "date-range": {"start-datetime": text}}
    assert read_tls_report(json.dumps(document).encode()).begin == expected


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"{", ReportTrouble.BROKEN),
        (b"{}", ReportTrouble.NOT_A_REPORT),
        (b'{"policies": {}}', ReportTrouble.NOT_A_REPORT),
        (b'{"policies": []} x', ReportTrouble.BROKEN),
        (b'{"policies": [\xff]}', ReportTrouble.BROKEN),
        (b'{"policies": ' + b"[" * 200_000, ReportTrouble.BROKEN),
        (b'{"policies": [' + b"1" * 10_000 + b"]}", ReportTrouble.BROKEN),
        (b"<feedback/>", ReportTrouble.NOT_A_REPORT),
        (b"", ReportTrouble.NOT_A_REPORT),
        (b"{" + b" " * LARGEST_JSON, ReportTrouble.TOO_BIG),
    ],
)
def test_what_is_no_report_is_refused(octets: bytes, why: ReportTrouble) -> None:
    """Depth and size are limited; the fault says why."""
    with pytest.raises(ReportFault) as caught:
        read_tls_report(octets)
    assert caught.value.why is why


def test_bounds() -> None:
    """What is beyond the limits is counted, long texts are cut."""
    failures = [{"failed-session-count": 1}] * (MOST_FAILURES + 2)
    policies: list[dict[str, Any]] = [{"failure-details": failures}, *[{}] * MOST_POLICIES]
    policies[0]["policy"] = {"policy-string": ["x" * (LONGEST_TEXT + 1)] * (MOST_LINES + 1)}
    report = read_tls_report(json.dumps({"policies": policies}).encode())
    assert (len(report.policies), len(report.policies[0].failures), report.left_out) == (
        MOST_POLICIES,
        MOST_FAILURES,
        3,
    )
    assert [len(line) for line in report.policies[0].lines] == [LONGEST_TEXT] * MOST_LINES


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["policy", "summary", "failure-details", "mx-host", "result-type", "policy-string"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=4), json_values)
def test_any_json_is_read(policies: list[Any], dates: Any) -> None:
    """Whatever stands in it, a report comes out that can be written and read again."""
    report = read_tls_report(json.dumps({"policies": policies, "date-range": dates}).encode())
    assert read_tls_report(write_tls_report(report)).policies == report.policies
