"""The TLS-RPT record: read, written and looked up (RFC 8460 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.report_uri import ReportUri
from mailwright.authentication.tags import MOST_TAGS
from mailwright.authentication.tlsrpt_record import (
    TlsRptFault,
    TlsRptOutcome,
    TlsRptTrouble,
    is_tlsrpt_record,
    look_up_tlsrpt,
    parse_tlsrpt_record,
    write_tlsrpt_record,
)
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dmarc_zone import Entry, Zone, txt

NAME = "_smtp._tls.example.com"
GOOD = "v=TLSRPTv1;rua=mailto:reports@example.com"

READ = [
    # RFC 8460 3.1's two forms.
    (GOOD, ["mailto:reports@example.com"], [], 0, []),
    ("v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt", ["https://reporting.example.com/v1/tlsrpt"], [], 0, []),
    (
        "v=TLSRPTv1 ; rua=mailto:a@example.com , https://x.example/r ;",
        ["mailto:a@example.com", "https://x.example/r"],
        [],
        0,
        [],
    ),
    # RFC 8460 3: what is not known is ignored.
    (GOOD + "; ext=1; more=2", ["mailto:reports@example.com"], [], 0, ["ext", "more"]),
    ("v=TLSRPTv1; ext=1; rua=mailto:a@example.com", ["mailto:a@example.com"], [], 0, ["ext"]),
    (GOOD + ",ftp://x.example/,nobody", ["mailto:reports@example.com"], ["ftp://x.example/"], 1, []),
]


@pytest.mark.parametrize(("text", "addresses", "unused", "faults", "unknown"), READ)
def test_a_record_is_read(text: str, addresses: list[str], unused: list[str], faults: int, unknown: list[str]) -> None:
    """Addresses in order, other schemes and broken addresses apart."""
    record = parse_tlsrpt_record(text)
    assert [uri.uri for uri in record.addresses] == addresses
    assert [uri.uri for uri in record.unused] == unused
    assert (len(record.faults), list(record.unknown)) == (faults, unknown)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", TlsRptTrouble.VERSION),
        ("v=TLSRPTv1", TlsRptTrouble.VERSION),
        ("v=tlsrptv1; rua=mailto:a@example.com", TlsRptTrouble.VERSION),
        ("v=TLSRPTv2; rua=mailto:a@example.com", TlsRptTrouble.VERSION),
        (" v=TLSRPTv1; rua=mailto:a@example.com", TlsRptTrouble.VERSION),
        ("rua=mailto:a@example.com; v=TLSRPTv1", TlsRptTrouble.VERSION),
        ("v=TLSRPTv1;", TlsRptTrouble.NO_ADDRESS),
        ("v=TLSRPTv1; rua=", TlsRptTrouble.NO_ADDRESS),
        ("v=TLSRPTv1; rua=a@example.com", TlsRptTrouble.NO_ADDRESS),
        ("v=TLSRPTv1; rua=ftp://x.example/", TlsRptTrouble.NO_ADDRESS),
        ("v=TLSRPTv1; rubbish", TlsRptTrouble.FIELD),
        ("v=TLSRPTv1;; rua=mailto:a@example.com", TlsRptTrouble.FIELD),
        (GOOD + ";rua=mailto:a@example.com", TlsRptTrouble.DUPLICATE),
        ("v=TLSRPTv1" + "; a=1" * (MOST_TAGS + 1), TlsRptTrouble.LONG),
    ],
)
def test_what_is_no_record_is_refused(text: str, why: TlsRptTrouble) -> None:
    """The fault says what is wrong."""
    with pytest.raises(TlsRptFault) as caught:
        parse_tlsrpt_record(text)
    assert caught.value.why is why
    assert is_tlsrpt_record(text) is (why is not TlsRptTrouble.VERSION)


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ({NAME: GOOD}, TlsRptOutcome.RECORD),
        ({NAME: txt("v=spf1 -all", GOOD)}, TlsRptOutcome.RECORD),
        ({}, TlsRptOutcome.NONE),
        ({NAME: "v=spf1 -all"}, TlsRptOutcome.NONE),
        ({NAME: txt(GOOD, GOOD)}, TlsRptOutcome.SEVERAL),
        ({NAME: "v=TLSRPTv1; rua=a@example.com"}, TlsRptOutcome.UNREADABLE),
        ({NAME: Kind.TIMEOUT}, TlsRptOutcome.FAILED),
        ({NAME: Kind.SERVFAIL}, TlsRptOutcome.FAILED),
        ({NAME: Kind.REFUSED}, TlsRptOutcome.FAILED),
    ],
)
def test_looking_up(entries: dict[str, Entry], outcome: TlsRptOutcome) -> None:
    """RFC 8460 3 MUST: not exactly one record is none; a failed look-up is not."""
    found = settle(look_up_tlsrpt("example.com"), Zone(entries))
    assert found.outcome is outcome
    assert (found.record is not None) is (outcome is TlsRptOutcome.RECORD)
    assert (found.fault is not None) is (outcome is TlsRptOutcome.UNREADABLE)


def test_what_is_written_is_read_again() -> None:
    """Writing and reading are a pair."""
    addresses = (ReportUri("mailto:a@example.com"), ReportUri("https://x.example/r"))
    text = write_tlsrpt_record(addresses)
    assert text == "v=TLSRPTv1; rua=mailto:a@example.com,https://x.example/r"
    assert parse_tlsrpt_record(text).addresses == addresses


@pytest.mark.parametrize("addresses", [(), (ReportUri("ftp://x.example/"),)])
def test_a_record_without_an_address_is_not_written(addresses: tuple[ReportUri, ...]) -> None:
    """RFC 8460 3 knows mailto: and https: only."""
    with pytest.raises(TlsRptFault):
        write_tlsrpt_record(addresses)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but TlsRptFault comes out."""
    for begin in ("", "v=TLSRPTv1;", "v=TLSRPTv1; rua="):
        try:
            assert parse_tlsrpt_record(begin + text).addresses
        except TlsRptFault:
            continue
