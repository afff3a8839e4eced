"""Aggregate reports: read from XML of many programs, and of strangers who mean no good."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.aggregate_report import (
    MOST_SIGNATURES,
    read_aggregate_report,
    read_aggregate_xml,
)
from mailwright.authentication.aggregate_values import (
    AggregateReport,
    Deviation,
    DkimSeen,
    Override,
    PublishedPolicy,
    Reporter,
    Row,
    SpfSeen,
)
from mailwright.authentication.aggregate_xml import DEEPEST, LONGEST_TAG, LONGEST_TEXT
from mailwright.authentication.dmarc_policy import Mode, Policy
from mailwright.authentication.report_container import ReportFault, ReportTrouble
from tests.authentication.aggregate_samples import ODD, RFC7489, RFC9990, large, record

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)


def wrapped(inside: str) -> bytes:
    """Return a report with a policy and ``inside``."""
    return f"<feedback><policy_published><domain>x.example</domain></policy_published>{inside}</feedback>".encode()


def test_a_report_of_rfc_9990() -> None:
    """Every element of the schema is read; extensions are passed over (RFC 9990 4: SHOULD)."""
    assert read_aggregate_report(RFC9990.encode()) == AggregateReport(
        "1.0",
        Reporter(
            "Receiver One",
            "reports@receiver.example",
            "https://receiver.example/dmarc",
            "2026-11-01.example.com@receiver.example",
            BEGIN,
            END,
            ("two records at _dmarc.b.example.com",),
            "Tallier 2.1",
        ),
        PublishedPolicy(
            "example.com",
            Policy.QUARANTINE,
            Policy.NONE,
            Policy.REJECT,
            Mode.RELAXED,
            Mode.STRICT,
            True,
            None,
            "0",
            "treewalk",
        ),
        (
            Row(
                "192.0.2.25",
                123,
                "pass",
                True,
                True,
                (),
                "example.com",
                "bounce.example.com",
                "",
                (DkimSeen("example.com", "s1", "pass", ""),),
                (SpfSeen("bounce.example.com", "mfrom", "pass", ""),),
            ),
            Row(
                "2001:db8::7",
                4,
                "none",
                False,
                False,
                (Override("policy_test_mode", "t=y"), Override("mailing_list", "")),
                "example.com",
                "",
                "",
                (
                    DkimSeen("example.com", "s1", "fail", "body hash did not verify"),
                    DkimSeen("list.example.net", "l", "pass", ""),
                ),
                (SpfSeen("list.example.net", "", "pass", ""),),
            ),
        ),
        0,
        (),
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_report_of_rfc_7489(pack: type[bytes]) -> None:
    """Without a name space, with pct, without DKIM results."""
    report = read_aggregate_report(pack(RFC7489.encode()))
    assert (report.policy.policy, report.policy.percent, report.policy.testing) == (Policy.REJECT, 100, None)
    assert (report.reporter.begin, report.reporter.end) == (BEGIN, END)
    (row,) = report.rows
    assert (row.source, row.messages, row.disposition, row.passes) == ("198.51.100.9", 2, "reject", False)
    assert (row.dkim, row.spf) == ((), (SpfSeen("forger.example", "", "softfail", ""),))
    assert report.deviations == ()


def test_an_odd_report_is_read_as_well_as_it_can_be() -> None:
    """Another order, a prefix, upper case, words of its own: read, and counted."""
    report = read_aggregate_report(ODD.encode("cp1252"))
    assert (report.reporter.organization, report.policy.policy, report.policy.percent) == ("Café", Policy.REJECT, None)
    (row,) = report.rows
    assert (row.source, row.messages, row.header_from) == ("192.0.2.1", 1, "example.com")
    assert (row.dkim_aligned, row.spf_aligned, row.disposition) == (False, False, "none")
    assert row.spf == (SpfSeen("example.com", "", "fail", ""),)
    assert row.dkim == (DkimSeen("example.com", "", "temperror", ""),)
    assert (report.reporter.begin, report.reporter.end) == (BEGIN, None)
    assert dict(report.deviations) == {
        Deviation.COUNT: 1,
        Deviation.DATE: 1,
        Deviation.SYNONYM: 2,
        Deviation.TRAILING: 1,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    """With and without a byte order mark."""
    text = RFC7489.replace(' encoding="UTF-8" ', "")
    assert len(read_aggregate_report(text.encode(encoding)).rows) == 1


@pytest.mark.parametrize(
    ("inside", "deviation"),
    [
        ("<record><row><source_ip>x</source_ip></row></record>", Deviation.ADDRESS),
        ("<record><row><count>-1</count></row></record>", Deviation.COUNT),
        ("<record><row><count>9999999999999</count></row></record>", Deviation.COUNT),
        ("<record><row><count>\u0661</count></row></record>", Deviation.COUNT),
        ("<record/>", Deviation.NO_HEADER_FROM),
        ("<record><auth_results><spf><result>maybe</result></spf></auth_results></record>", Deviation.RESULT),
        ("<policy_published><p>kill</p></policy_published>", Deviation.POLICY),
        ("<policy_published/>", Deviation.NO_POLICY),
        (
            "<report_metadata><date_range><begin>99999999999999</begin><end>1</end></date_range></report_metadata>",
            Deviation.DATE,
        ),
        (
            "<record><auth_results>" + "<dkim/>" * (MOST_SIGNATURES + 1) + "</auth_results></record>",
            Deviation.MANY_RESULTS,
        ),
        (
            "<report_metadata><error>" + "x" * (LONGEST_TEXT + 1) + "</error></report_metadata>",
            Deviation.LONG_TEXT,
        ),
    ],
)
def test_what_is_odd_is_counted(inside: str, deviation: Deviation) -> None:
    """One thing that is odd does not cost the report."""
    assert deviation in dict(read_aggregate_report(wrapped(inside)).deviations)


REFUSED = [
    # Document types and entities: a billion laughs, a file, a parameter entity.
    (
        '<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]><feedback><version>&b;</version></feedback>',
        ReportTrouble.FORBIDDEN,
    ),
    ('<!DOCTYPE f SYSTEM "file:///etc/passwd"><feedback/>', ReportTrouble.FORBIDDEN),
    ('<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><feedback>&x;</feedback>', ReportTrouble.FORBIDDEN),
    ('<!DOCTYPE f [<!ENTITY % x "y"> %x;]><feedback/>', ReportTrouble.FORBIDDEN),
    ("<!DOCTYPE feedback><feedback/>", ReportTrouble.FORBIDDEN),
    ("<feedback><version>&nbsp;</version></feedback>", ReportTrouble.BROKEN),
    # Other XML.
    ("<html><body/></html>", ReportTrouble.NOT_A_REPORT),
    ("<feedback/>", ReportTrouble.NOT_A_REPORT),
    ("<feedback><x/></feedback>", ReportTrouble.NOT_A_REPORT),
    ('{"policies": []}', ReportTrouble.NOT_A_REPORT),
    # Broken XML.
    ("<feedback><record></feedback>", ReportTrouble.BROKEN),
    ("<feedback><record>", ReportTrouble.BROKEN),
    ('<?xml version="1.0" encoding="no-such"?><feedback/>', ReportTrouble.BROKEN),
    ('<?xml version="1.0" encoding="gb2312"?><feedback/>', ReportTrouble.BROKEN),
    ("<feedback>" + "<a>" * DEEPEST, ReportTrouble.BROKEN),
    ("<feedback>\0</feedback>", ReportTrouble.BROKEN),
    ("<", ReportTrouble.BROKEN),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_no_report_is_refused(text: str, why: ReportTrouble) -> None:
    """Entities are never expanded, files never opened; the fault says why."""
    with pytest.raises(ReportFault) as caught:
        read_aggregate_report(text.encode())
    assert caught.value.why is why


def test_octets_that_are_no_text_are_refused() -> None:
    """Not the encoding that is declared."""
    with pytest.raises(ReportFault) as caught:
        read_aggregate_report(RFC7489.encode().replace(b"bigmail", b"big\xffmail"))
    assert caught.value.why is ReportTrouble.BROKEN


@pytest.mark.parametrize("begin", [b"<feedback><a b='", b"<feedback><!--", b"<feedback><?x "])
def test_a_tag_without_end_costs_no_more_than_its_limit(begin: bytes) -> None:
    """A parser would look at a long tag again with every piece; it is refused instead."""
    pieces = [begin, *[b"x" * 65_536] * (2 * LONGEST_TAG // 65_536)]
    with pytest.raises(ReportFault) as caught:
        read_aggregate_xml(pieces)
    assert caught.value.why is ReportTrouble.BROKEN


def test_ten_thousand_records() -> None:
    """All are read, in order."""
    report = read_aggregate_report(gzip.compress(b"".join(large(10_000))))
    assert (len(report.rows), report.left_out, report.deviations) == (10_000, 0, ())
    assert [report.rows[place].source for place in (0, 9_999)] == ["10.0.0.0", "10.0.39.15"]


def test_records_beyond_the_limit_are_counted() -> None:
    """Exactly as many as allowed are kept, the others counted."""
    for records, left_out in ((9, 0), (10, 0), (11, 1), (13, 3)):
        report = read_aggregate_xml(large(records), most_records=10)
        assert (len(report.rows), report.left_out) == (min(records, 10), left_out)


def test_elements_of_one_record_are_bounded() -> None:
    """A record with thirty thousand results gives no more than the limit."""
    text = record(1).replace("<auth_results>", "<auth_results>" + "<dkim><domain>a</domain></dkim>" * 30_000)
    (row,) = read_aggregate_report(wrapped(text)).rows
    assert len(row.dkim) == MOST_SIGNATURES


def test_a_report_is_the_same_however_it_comes_in() -> None:
    """Octet by octet and at once."""
    octets = RFC9990.encode()
    assert read_aggregate_xml(octets[place : place + 1] for place in range(len(octets))) == read_aggregate_xml([octets])


def test_half_a_report_is_broken_at_every_length() -> None:
    """Cut anywhere before its end, nothing but ReportFault comes out."""
    octets = RFC7489.strip().encode()
    for end in range(0, len(octets), 7):
        with pytest.raises(ReportFault):
            read_aggregate_report(octets[:end])


@given(
    st.lists(
        st.sampled_from(
            "<feedback> </feedback> <record> </record> <row> </row> <count> </count> 1 x <!DOCTYPE & ; <![CDATA[ ]]>"
            " <version> </version> <report_metadata> </report_metadata> <a:b <!-- --> \0".split(" ")
        ),
        max_size=20,
    )
)
def test_any_tags_are_read_or_refused(words: list[str]) -> None:
    """Nothing but ReportFault comes out."""
    try:
        report = read_aggregate_report(("<feedback>" + "".join(words)).encode())
    except ReportFault:
        return
    assert all(row.messages >= 1 for row in report.rows)
