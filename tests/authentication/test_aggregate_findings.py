"""What an aggregate report means: whose the sources are, and what to mend."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.aggregate_findings import (
    FINE,
    MOST_NAMES,
    PASSING,
    FindingKind,
    find,
    kind_of,
    totals,
)
from mailwright.authentication.aggregate_report import read_aggregate_report
from mailwright.authentication.aggregate_values import (
    AggregateReport,
    DkimSeen,
    Override,
    PublishedPolicy,
    Reporter,
    Row,
    SpfSeen,
)
from tests.authentication.aggregate_samples import RFC7489, RFC9990

OWN = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
OURS, OTHER = "192.0.2.25", "198.51.100.9"


def row(source: str, verdicts: str, dkim: str = "", spf: str = "", override: str = "", messages: int = 1) -> Row:
    """Return a row.

    verdicts: "pp", "pf", "fp", "ff", DKIM first.  dkim, spf: "result domain" or "result domain scope", by commas.
    """
    signatures = [text.split(" ") for text in dkim.split(",") if text]
    checks = [[*text.split(" "), "mfrom"][:3] for text in spf.split(",") if text]
    return Row(
        source,
        messages,
        "none",
        verdicts[0] == "p",
        verdicts[1] == "p",
        (Override(override, ""),) if override else (),
        "example.com",
        "",
        "",
        tuple(DkimSeen(domain, "s1", result, "") for result, domain in signatures),
        tuple(SpfSeen(domain, scope, result, "") for result, domain, scope in checks),
    )


KINDS = [
    (row(OTHER, "pp", "pass example.com", "pass example.com"), FindingKind.ALIGNED),
    (row(OTHER, "pf", "pass example.com", "fail example.com"), FindingKind.FORWARDED),
    (row(OTHER, "pf", "pass example.com", "softfail list.example.net"), FindingKind.FORWARDED),
    (row(OTHER, "pf", "pass example.com", "pass mta.example.net helo"), FindingKind.FORWARDED),
    (row(OTHER, "pf", "pass example.com", "pass bounces.example.net"), FindingKind.SIGNED_SERVICE),
    (row(OURS, "pf", "pass example.com", "fail example.com"), FindingKind.OURS_SPF_FAILS),
    (row("2001:db8::1", "pf", "pass example.com"), FindingKind.OURS_SPF_FAILS),
    (row(OTHER, "fp", "", "pass example.com"), FindingKind.OURS_NOT_SIGNED),
    (row(OTHER, "fp", "fail example.net", "pass example.com"), FindingKind.OURS_NOT_SIGNED),
    (row(OTHER, "fp", "pass esp.example.net", "pass example.com"), FindingKind.OURS_SIGNED_AS_OTHER),
    (row(OTHER, "fp", "fail example.com", "pass example.com"), FindingKind.OURS_SIGNATURE_FAILS),
    (row(OTHER, "fp", "fail a.example.com,pass esp.example.net", "pass example.com"), FindingKind.OURS_SIGNATURE_FAILS),
    (row(OTHER, "ff", "temperror example.com", "fail example.com"), FindingKind.UNDECIDED),
    (row(OTHER, "ff", "", "temperror example.com"), FindingKind.UNDECIDED),
    (row(OTHER, "ff", "fail example.com", "pass list.example.net", "mailing_list"), FindingKind.FORWARDED_BROKEN),
    (row(OTHER, "ff", "fail example.com", "fail x.example", "trusted_forwarder"), FindingKind.FORWARDED_BROKEN),
    (row(OTHER, "ff", "", "pass esp.example.net", "local_policy"), FindingKind.SERVICE_NOT_ALIGNED),
    (row(OTHER, "ff", "pass esp.example.net", "fail example.com"), FindingKind.SERVICE_NOT_ALIGNED),
    (row(OURS, "ff", "fail example.com", "fail example.com"), FindingKind.OURS_NOT_ALIGNED),
    (row(OURS, "ff", "", "pass esp.example.net"), FindingKind.OURS_NOT_ALIGNED),
    (row(OTHER, "ff", "fail example.com", "fail example.com"), FindingKind.UNKNOWN_FAILS),
    (row(OTHER, "ff"), FindingKind.UNKNOWN_FAILS),
    (row("no address", "ff"), FindingKind.UNKNOWN_FAILS),
]


@pytest.mark.parametrize(("seen", "kind"), KINDS)
def test_whose_a_source_is(seen: Row, kind: FindingKind) -> None:
    """Both sides of every boundary between two kinds."""
    assert kind_of(seen, OWN) is kind
    assert seen.passes is (kind in PASSING)


def test_every_kind_is_reached() -> None:
    """No kind without a row above."""
    assert {kind for _, kind in KINDS} == set(FindingKind)
    assert set(FINE) < set(PASSING)


def test_rows_of_one_source_and_kind_are_one_finding() -> None:
    """Messages are added, the worst comes first."""
    rows = (
        row(OTHER, "pp", messages=5),
        row(OTHER, "ff", messages=2)._replace(disposition="reject"),
        row(OTHER, "ff", messages=3)._replace(header_from="b.example.com"),
        row("203.0.113.1", "ff", messages=9),
    )
    findings = find(AggregateReport("", Reporter(), PublishedPolicy(), rows, 0, ()))
    assert [(found.kind, found.source, found.messages, found.refused) for found in findings] == [
        (FindingKind.UNKNOWN_FAILS, "203.0.113.1", 9, 0),
        (FindingKind.UNKNOWN_FAILS, OTHER, 5, 2),
        (FindingKind.ALIGNED, OTHER, 5, 0),
    ]
    assert findings[1].header_from == ("example.com", "b.example.com")


def test_names_of_a_finding_are_bounded() -> None:
    """A source with a thousand signing domains lists the first few."""
    signatures = ",".join(f"pass x{number}.example" for number in range(1_000))
    (finding,) = find(AggregateReport("", Reporter(), PublishedPolicy(), (row(OTHER, "ff", signatures),), 0, ()))
    assert len(finding.dkim_domains) == MOST_NAMES
    assert finding.dkim_domains[0] == "s1/x0.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RFC9990, [(FindingKind.FORWARDED_BROKEN, "2001:db8::7", 4), (FindingKind.ALIGNED, "192.0.2.25", 123)]),
        (RFC7489, [(FindingKind.UNKNOWN_FAILS, "198.51.100.9", 2)]),
    ],
)
def test_findings_of_whole_reports(text: str, expected: list[tuple[FindingKind, str, int]]) -> None:
    """From XML to what there is to say."""
    report = read_aggregate_report(text.encode())
    assert [(found.kind, found.source, found.messages) for found in find(report)] == expected
    counted = totals(report)
    assert counted.messages == sum(messages for _, _, messages in expected)
    assert counted.passing == max(counted.dkim, counted.spf)


@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from([OURS, OTHER]),
            st.sampled_from(["pp", "pf", "fp", "ff"]),
            st.sampled_from(["", "pass example.com", "fail example.com", "pass x.example", "temperror x.example"]),
            st.sampled_from(["", "pass example.com", "fail example.com", "pass x.example helo"]),
            st.sampled_from(["", "mailing_list", "other"]),
            st.integers(1, 9),
        ),
        max_size=10,
    )
)
def test_no_message_is_lost_or_counted_twice(rows: list[Row]) -> None:
    """The findings hold all messages of the report, and those that pass stay apart from those that fail."""
    report = AggregateReport("", Reporter(), PublishedPolicy(), tuple(rows), 0, ())
    findings = find(report, OWN)
    assert sum(found.messages for found in findings) == totals(report).messages
    assert sum(found.messages for found in findings if found.kind in PASSING) == totals(report).passing
