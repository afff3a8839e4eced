"""CAA: which record set counts for a name, and who may issue by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.caa import (
    AT_ONCE,
    MOST_LABELS,
    MOST_RECORDS,
    CaaSet,
    CaaTag,
    Issuer,
    Permission,
    issuers,
    look_up_caa,
    may_issue,
    parse_issuer,
)
from mailwright.dns.answer import Answer, Caa, Kind, Question, RecordType
from mailwright.dns.inquiry import settle
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

ONE = ['CAA 0 issue "ca.test"']
OTHER = ['CAA 0 issue "other.test"']

CLIMBS: dict[str, tuple[dict[str, Entry], str]] = {
    "at the name": ({"mx.a.example.test": ONE, "example.test": OTHER}, "mx.a.example.test"),
    "at the parent": ({"a.example.test": ONE, "example.test": OTHER}, "a.example.test"),
    "at the domain": ({"mx.a.example.test": ["A 192.0.2.1"], "example.test": ONE}, "example.test"),
    "at the top": ({"test": ONE}, "test"),
    "nowhere": ({"example.test": ["A 192.0.2.1"]}, ""),
    "behind an alias": (
        {"mx.a.example.test": ["CNAME host.test"], "host.test": ONE, "example.test": OTHER},
        "mx.a.example.test",
    ),
    "not behind the parent of an alias's end": (
        {"mx.a.example.test": ["CNAME mx.host.test"], "mx.host.test": ["A 192.0.2.1"], "host.test": OTHER},
        "",
    ),
}


@pytest.mark.parametrize(("table", "found_at"), CLIMBS.values(), ids=CLIMBS)
def test_the_nearest_set_counts(table: dict[str, Entry], found_at: str) -> None:
    """From the name towards the top, the first set that is not empty (RFC 8659 3)."""
    found = settle(look_up_caa("mx.a.example.test"), TableResolver(table).answer)
    assert (found.found_at, found.failed) == (found_at, None)
    assert bool(found.records) is bool(found_at)


def test_a_look_up_that_fails_hides_what_is_above() -> None:
    """A set that could not be looked up may be the one that counts."""
    table: dict[str, Entry] = {"a.example.test": Kind.SERVFAIL, "example.test": ONE}
    found = settle(look_up_caa("mx.a.example.test"), TableResolver(table).answer)
    assert found.failed is not None
    assert found.failed.question == Question("a.example.test", RecordType.CAA)
    assert may_issue(found, "ca.test") is Permission.UNKNOWN


def test_a_failure_above_the_set_does_not_matter() -> None:
    """What is not needed may fail."""
    table: dict[str, Entry] = {"a.example.test": ONE, "example.test": Kind.TIMEOUT}
    found = settle(look_up_caa("mx.a.example.test"), TableResolver(table).answer)
    assert found.found_at == "a.example.test"


def test_names_are_asked_for_together() -> None:
    """The climb of an ordinary name takes the time of one look-up; the root is not asked."""
    inquiry = look_up_caa("mx.a.example.test")
    assert [question.name for question in next(inquiry)] == [
        "mx.a.example.test",
        "a.example.test",
        "example.test",
        "test",
    ]


def test_a_wildcard_is_looked_up_without_its_star() -> None:
    """The star is no label of the climb."""
    resolver = TableResolver()
    settle(look_up_caa("*.example.test"), resolver.answer)
    assert [question.name for question in resolver.asked] == ["example.test", "test"]


def test_the_climb_is_bounded() -> None:
    """A name of many labels costs at most as many questions as the limit says."""
    resolver = TableResolver()
    settle(look_up_caa(".".join("a" * 127)), resolver.answer)
    assert len(resolver.asked) == MOST_LABELS
    resolver = TableResolver()
    settle(look_up_caa(".".join("a" * MOST_LABELS)), resolver.answer)
    assert len(resolver.asked) == MOST_LABELS
    assert AT_ONCE <= MOST_LABELS


def test_the_root_has_nothing_to_climb() -> None:
    """An empty name asks nothing."""
    assert settle(look_up_caa(""), TableResolver().answer) == CaaSet("")


def test_records_are_bounded() -> None:
    """The limit is reached; further records are not looked at."""
    records = tuple(Caa(0, "issue", f"ca{number}.test") for number in range(MOST_RECORDS + 1))
    found = settle(look_up_caa("test"), lambda question: Answer(question, Kind.FOUND, records))
    assert found.records == records[:-1]


def caa_set(*records: Caa) -> CaaSet:
    """Return a set with these records."""
    return CaaSet("example.test", "example.test" if records else "", records)


def record(tag: str, value: str, flags: int = 0) -> Caa:
    """Return a record."""
    return Caa(flags, tag, value)


PERMISSIONS = [
    # No record at all.
    (caa_set(), CaaTag.ISSUE, Permission.UNRESTRICTED),
    # RFC 8659 4.2.
    (caa_set(record("issue", "ca.test")), CaaTag.ISSUE, Permission.ALLOWED),
    (caa_set(record("ISSUE", " CA.test ; account=1")), CaaTag.ISSUE, Permission.ALLOWED),
    (caa_set(record("issue", "other.test"), record("issue", "ca.test")), CaaTag.ISSUE, Permission.ALLOWED),
    (caa_set(record("issue", "other.test")), CaaTag.ISSUE, Permission.DENIED),
    (caa_set(record("issue", ";")), CaaTag.ISSUE, Permission.DENIED),
    (caa_set(record("issue", "")), CaaTag.ISSUE, Permission.DENIED),
    (caa_set(record("issue", "ca.test; %%%%%")), CaaTag.ISSUE, Permission.DENIED),
    (caa_set(record("iodef", "mailto:a@example.test")), CaaTag.ISSUE, Permission.UNRESTRICTED),
    # RFC 8659 4.3: issuewild takes precedence for wildcards, and says nothing about other names.
    (caa_set(record("issue", "ca.test")), CaaTag.ISSUE_WILD, Permission.ALLOWED),
    (caa_set(record("issue", "ca.test"), record("issuewild", ";")), CaaTag.ISSUE_WILD, Permission.DENIED),
    (caa_set(record("issue", "ca.test"), record("issuewild", ";")), CaaTag.ISSUE, Permission.ALLOWED),
    (caa_set(record("issuewild", "other.test")), CaaTag.ISSUE, Permission.UNRESTRICTED),
    # RFC 9495 4: issue and issuemail restrict nothing of each other's.
    (caa_set(record("issue", "other.test")), CaaTag.ISSUE_MAIL, Permission.UNRESTRICTED),
    (caa_set(record("issuemail", "other.test")), CaaTag.ISSUE_MAIL, Permission.DENIED),
    (caa_set(record("issuemail", "other.test")), CaaTag.ISSUE, Permission.UNRESTRICTED),
    (caa_set(record("issuevmc", "ca.test")), CaaTag.ISSUE_VMC, Permission.ALLOWED),
    (caa_set(record("issuevmc", ";")), CaaTag.ISSUE_VMC, Permission.DENIED),
    # RFC 8659 4.1: only unknown properties that are critical forbid.
    (caa_set(record("issue", "ca.test"), record("tbs", "x", 128)), CaaTag.ISSUE, Permission.CRITICAL),
    (caa_set(record("issue", "ca.test"), record("tbs", "x")), CaaTag.ISSUE, Permission.ALLOWED),
    (caa_set(record("issue", "ca.test"), record("tbs", "x", 127)), CaaTag.ISSUE, Permission.ALLOWED),
    (caa_set(record("issue", "ca.test", 128)), CaaTag.ISSUE, Permission.ALLOWED),
]


@pytest.mark.parametrize(("found", "tag", "expected"), PERMISSIONS)
def test_who_may_issue(found: CaaSet, tag: CaaTag, expected: Permission) -> None:
    """An authority is named, others are, or nothing restricts it."""
    assert may_issue(found, "ca.test", tag) is expected


def test_nobody_is_not_somebody() -> None:
    """An authority without a name is not allowed by a value that names nobody."""
    assert may_issue(caa_set(record("issue", ";")), "") is Permission.DENIED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ca.test", Issuer("ca.test")),
        (" ca.test\t; ", Issuer("ca.test")),
        ("", Issuer("")),
        (";", Issuer("")),
        (
            "ca.test; accounturi=https://ca.test/a/1; validationmethods=dns-01",
            Issuer("ca.test", (("accounturi", "https://ca.test/a/1"), ("validationmethods", "dns-01"))),
        ),
        ("ca.test; a=", Issuer("ca.test", (("a", ""),))),
        ("; policy=ev", Issuer("", (("policy", "ev"),))),
        ("ca.test; a = b", Issuer("ca.test", (("a", "b"),))),
        ("ca..test", None),
        (".ca.test", None),
        ("-ca.test", None),
        ("ca_1.test", None),
        ("ca test", None),
        ("ca.test a=b", None),
        ("ca.test; a", None),
        ("ca.test; =b", None),
        ("ca.test;; a=b", None),
        ("ca.test; a=b;", None),
        ("ca.test; a=b c", None),
        ("ca.test; a=\u00e9", None),
    ],
)
def test_values_are_read_strictly(value: str, expected: Issuer | None) -> None:
    """The grammar is that of RFC 8659 4.2."""
    assert parse_issuer(value) == expected


@given(st.text(max_size=60))
def test_any_value_is_an_issuer_or_none(value: str) -> None:
    """Nothing is raised."""
    found = caa_set(record("issue", value))
    assert issuers(found, CaaTag.ISSUE) == (parse_issuer(value),)
    assert may_issue(found, "ca.test") in {Permission.ALLOWED, Permission.DENIED}
