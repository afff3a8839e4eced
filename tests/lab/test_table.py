"""Tables of DNS: how lines are read, and what is refused."""

from __future__ import annotations

import pytest

from mailwright.dns.answer import Caa, Dnssec, Kind, Mx, Question, Raw, Record, RecordType, Soa, Srv, Tlsa, Txt
from mailwright.lab.table import Behaviour, Table

LINES: list[tuple[str, RecordType, Record]] = [
    ("A 192.0.2.1", RecordType.A, "192.0.2.1"),
    ("AAAA 2001:DB8:0::1", RecordType.AAAA, "2001:db8::1"),
    ('CAA 0 Issue "ca.test"', RecordType.CAA, Caa(0, "issue", "ca.test")),
    ("CNAME Other.Test.", RecordType.CNAME, "other.test"),
    ("DS 1 8 2 abcd", RecordType.DS, Raw("1 8 2 abcd")),
    ("MX 10 Mx.Test.", RecordType.MX, Mx(10, "mx.test")),
    ("MX 0 .", RecordType.MX, Mx(0, "")),
    ("NS ns.test", RecordType.NS, "ns.test"),
    ("PTR host.test", RecordType.PTR, "host.test"),
    ("SOA ns.test host.test 1 2 3 4 5", RecordType.SOA, Soa("ns.test", "host.test", 1, 2, 3, 4, 5)),
    ("SRV 1 2 3 .", RecordType.SRV, Srv(1, 2, 3, "")),
    ("TLSA 3 1 1 ab cd", RecordType.TLSA, Tlsa(3, 1, 1, b"\xab\xcd")),
    ("TXT v=spf1 -all", RecordType.TXT, Txt((b"v=spf1 -all",))),
    ('TXT "one" "two"', RecordType.TXT, Txt((b"one", b"two"))),
    ("TXT " + "x" * 300, RecordType.TXT, Txt((b"x" * 255, b"x" * 45))),
    ("TXT", RecordType.TXT, Txt((b"",))),
]


@pytest.mark.parametrize(("line", "kind", "record"), LINES, ids=[line[:30] for line, _, _ in LINES])
def test_lines_become_records(line: str, kind: RecordType, record: Record) -> None:
    """Every type is written in presentation form; names with or without their last dot."""
    assert Table({"a.test": [line]}).answer(Question("a.test", kind)).records == (record,)


@pytest.mark.parametrize(
    "line",
    [
        "A 1.2.3",
        "AAAA ::x",
        "MX mx.test",
        "MX a b",
        "SRV 1 2 3",
        "XYZ a",
        "TLSA 3 1 1 xx",
        "TTL x",
        "DNSSEC good",
        "SOA a b",
    ],
)
def test_what_is_no_record_is_refused(line: str) -> None:
    """A table with a mistake would prove nothing."""
    with pytest.raises(ValueError, match=r"a\.test"):
        Table({"a.test": [line]})


def test_a_line_may_be_a_kind() -> None:
    """Types of one name fail on their own."""
    table = Table({"a.test": ["A 192.0.2.1", "AAAA TIMEOUT", "MX NXDOMAIN"]})
    kinds = [table.answer(Question("a.test", kind)).kind for kind in (RecordType.A, RecordType.AAAA, RecordType.MX)]
    assert kinds == [Kind.FOUND, Kind.TIMEOUT, Kind.NXDOMAIN]


def test_signatures_and_errors_are_told() -> None:
    """What a resolver says besides stands in the answer."""
    table = Table({"a.test": ["A 192.0.2.1", "DNSSEC bogus"], "b.test": ["A SERVFAIL", "EDE 7 expired"]})
    bogus, expired = (table.answer(Question(name, RecordType.A)) for name in ("a.test", "b.test"))
    assert (bogus.kind, bogus.dnssec, bogus.detail) == (Kind.SERVFAIL, Dnssec.BOGUS, "EDE 6")
    assert (expired.kind, expired.dnssec, expired.detail) == (Kind.SERVFAIL, Dnssec.BOGUS, "EDE 7 expired")


@pytest.mark.parametrize(
    "table",
    [
        {"a.test": ["CNAME a.test"]},
        {"a.test": ["CNAME b.test"], "b.test": ["CNAME a.test"]},
        {f"{'a' * n}.test": [f"CNAME {'a' * (n + 1)}.test"] for n in range(1, 40)},
        {"a.test": Behaviour.LOOP},
    ],
    ids=["itself", "each other", "a chain too long", "said by a server"],
)
def test_aliases_without_end_are_malformed(table: dict[str, list[str | Behaviour]]) -> None:
    """A circle of CNAMEs comes to an end."""
    assert Table(table).answer(Question("a.test", RecordType.A)).kind is Kind.MALFORMED
