"""The BIMI record: grammar, choice among several, and the look-up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.bimi_record import (
    LONGEST_RECORD,
    LONGEST_URI,
    BimiFault,
    BimiRecord,
    BimiStatus,
    BimiTrouble,
    Preference,
    is_https_uri,
    look_up_bimi,
    parse_bimi,
    select_bimi,
    write_bimi,
)
from mailwright.dns.answer import Kind, Txt
from mailwright.dns.inquiry import settle
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

LOGO = "https://example.test/logo.svg"
MARK = "https://example.test/mark.pem"

GOOD = [
    (f"v=BIMI1; l={LOGO}; a={MARK}", BimiRecord(LOGO, MARK)),
    (f"v=BIMI1; l={LOGO};", BimiRecord(LOGO)),
    (f"v=BIMI1;l={LOGO};a=", BimiRecord(LOGO)),
    (f"v=BIMI1; a={MARK}; l={LOGO}", BimiRecord(LOGO, MARK)),
    (f"v = BIMI1 ; l = {LOGO} ; a = self", BimiRecord(LOGO)),
    ("v=BIMI1; l=; a=;", BimiRecord()),
    ("v=BIMI1; l=", BimiRecord()),
    (f"v=BIMI1; l={LOGO}; avp=personal", BimiRecord(LOGO, preference=Preference.PERSONAL)),
    (f"v=BIMI1; l={LOGO}; avp=BRAND", BimiRecord(LOGO)),
    (f"v=BIMI1; l={LOGO}; lps=news, sale", BimiRecord(LOGO, prefix=("news", "sale"))),
    (f"v=BIMI1; l={LOGO}; x=1", BimiRecord(LOGO, extensions=(("x", "1"),))),
]

BAD = [
    ("", BimiTrouble.TAGS),
    ("v=BIMI1", BimiTrouble.LOCATION_MISSING),
    (f"v=BIMI2; l={LOGO}", BimiTrouble.VERSION),
    (f"v=bimi1; l={LOGO}", BimiTrouble.VERSION),
    (f"l={LOGO}; v=BIMI1", BimiTrouble.VERSION),
    (f"v=BIMI1; a={MARK}", BimiTrouble.LOCATION_MISSING),
    ("v=BIMI1; l=http://example.test/logo.svg", BimiTrouble.LOCATION),
    (f"v=BIMI1; l={LOGO},{LOGO}; a=ftp://example.test/x", BimiTrouble.EVIDENCE),
    ("v=BIMI1; l=logo.svg", BimiTrouble.LOCATION),
    ("v=BIMI1; l=https://", BimiTrouble.LOCATION),
    ("v=BIMI1; l=data:image/svg+xml;base64,AA", BimiTrouble.TAGS),
    (f"v=BIMI1; l={LOGO}; a=http://example.test/mark.pem", BimiTrouble.EVIDENCE),
    (f"v=BIMI1; l=; a={MARK}", BimiTrouble.EVIDENCE_ALONE),
    (f"v=BIMI1; l={LOGO}; avp=none", BimiTrouble.PREFERENCE),
    (f"v=BIMI1; l={LOGO}; l={LOGO}", BimiTrouble.TAGS),
    (f"v=BIMI1; l={LOGO}; nothing", BimiTrouble.TAGS),
    ("v=BIMI1; l=https://b\u00fccher.test/logo.svg", BimiTrouble.TAGS),
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_good_records_are_read(text: str, expected: BimiRecord) -> None:
    """What the draft allows is read, and what early drafts allowed."""
    assert parse_bimi(text.encode()) == expected
    assert expected.declines is (not expected.location)


@pytest.mark.parametrize(("text", "why"), BAD)
def test_bad_records_are_none(text: str, why: BimiTrouble) -> None:
    """Each fault has its name."""
    with pytest.raises(BimiFault) as fault:
        parse_bimi(text.encode())
    assert fault.value.why is why


def test_a_record_has_a_longest() -> None:
    """The limit is reached and not passed."""
    head = f"v=BIMI1; l={LOGO}; x=".encode()
    assert parse_bimi(head + b"x" * (LONGEST_RECORD - len(head))).location == LOGO
    with pytest.raises(BimiFault) as fault:
        parse_bimi(head + b"x" * (LONGEST_RECORD - len(head) + 1))
    assert fault.value.why is BimiTrouble.LONG


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (LOGO, True),
        ("HTTPS://example.test", True),
        ("https://example.test:8443/a?b#c", True),
        ("https://[2001:db8::1]/x", True),
        ("https://user@example.test/", False),
        ("https://example.test:99999/", False),
        ("https://example.test:0/", False),
        ("https://[::1/", False),
        ("https:/example.test", False),
        ("https://exa mple.test/", False),
        ("https://example.test/\n", False),
        ("javascript:alert(1)", False),
        ("", False),
        (LOGO + "x" * (LONGEST_URI - len(LOGO)), True),
        (LOGO + "x" * (LONGEST_URI - len(LOGO) + 1), False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_https_uri_is(uri: str, expected: bool) -> None:
    """With a host, without a user, within the limit."""
    assert is_https_uri(uri) is expected


ORG_LOGO = "https://org.test/logo.svg"
LOOK_UPS: dict[str, tuple[dict[str, Entry], BimiStatus, str]] = {
    "at the domain": (
        {
            "default._bimi.news.org.test": [f"TXT v=BIMI1; l={LOGO}"],
            "default._bimi.org.test": [f"TXT v=BIMI1; l={ORG_LOGO}"],
        },
        BimiStatus.FOUND,
        "news.org.test",
    ),
    "at the organisation": ({"default._bimi.org.test": [f"TXT v=BIMI1; l={ORG_LOGO}"]}, BimiStatus.FOUND, "org.test"),
    "declined": (
        {
            "default._bimi.news.org.test": ["TXT v=BIMI1; l=; a=;"],
            "default._bimi.org.test": [f"TXT v=BIMI1; l={ORG_LOGO}"],
        },
        BimiStatus.FOUND,
        "news.org.test",
    ),
    "nowhere": ({"default._bimi.org.test": ["TXT something"]}, BimiStatus.NONE, ""),
    "two": (
        {"default._bimi.news.org.test": [f"TXT v=BIMI1; l={LOGO}", "TXT v=BIMI1; l="]},
        BimiStatus.INVALID,
        "news.org.test",
    ),
    "malformed": ({"default._bimi.org.test": ["TXT v=BIMI1; l=x"]}, BimiStatus.INVALID, "org.test"),
    "not told": (
        {"default._bimi.news.org.test": Kind.SERVFAIL, "default._bimi.org.test": [f"TXT v=BIMI1; l={ORG_LOGO}"]},
        BimiStatus.FAILED,
        "",
    ),
}


@pytest.mark.parametrize(("table", "status", "found_at"), LOOK_UPS.values(), ids=LOOK_UPS)
def test_the_look_up(table: dict[str, Entry], status: BimiStatus, found_at: str) -> None:
    """The author's domain first, then the organisation's; a failure is not an absence."""
    found = settle(look_up_bimi("news.org.test", "org.test"), TableResolver(table).answer)
    assert (found.status, found.found_at) == (status, found_at)
    assert (found.record is not None) is (status is BimiStatus.FOUND)
    assert bool(found.detail) is (status is BimiStatus.INVALID)


def test_a_selector_has_a_record_of_its_own() -> None:
    """And an organisational domain is asked once."""
    resolver = TableResolver()
    settle(look_up_bimi("org.test", "org.test", "summer"), resolver.answer)
    assert [question.name for question in resolver.asked] == ["summer._bimi.org.test"]


def test_other_records_are_discarded() -> None:
    """Only records of this version count."""
    texts = ("hello", "v=BIMI10; l=", "v=spf1 -all", f"v=BIMI1 ; l={LOGO}")
    assert select_bimi([Txt((text.encode(),)) for text in texts]) == BimiRecord(LOGO)
    assert select_bimi([]) is None


@pytest.mark.parametrize(
    ("location", "evidence", "preference", "expected"),
    [
        (LOGO, MARK, Preference.BRAND, f"v=BIMI1; l={LOGO}; a={MARK}"),
        (LOGO, "", Preference.PERSONAL, f"v=BIMI1; l={LOGO}; a=; avp=personal"),
        ("", "", Preference.BRAND, "v=BIMI1; l=; a="),
    ],
)
def test_what_is_written_is_read(location: str, evidence: str, preference: Preference, expected: str) -> None:
    """Write and read are a pair."""
    text = write_bimi(location, evidence, preference)
    assert text == expected
    assert parse_bimi(text.encode()) == BimiRecord(location, evidence, preference)


@pytest.mark.parametrize(
    ("location", "evidence"),
    [("http://example.test/", ""), (LOGO + ";a=1", ""), (LOGO, "self"), ("", MARK), (LOGO + "\u00e9", "")],
)
def test_nothing_is_written_that_would_be_read_otherwise(location: str, evidence: str) -> None:
    """A URI with a semicolon has to be encoded before."""
    with pytest.raises(BimiFault):
        write_bimi(location, evidence)


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: b"v=BIMI1; l=" + text.encode("utf-8", "replace")))
def test_any_octets_are_a_record_or_a_fault(text: bytes) -> None:
    """Nothing but BimiFault is raised."""
    try:
        record = parse_bimi(text)
    except BimiFault:
        return
    assert not record.location or is_https_uri(record.location)
