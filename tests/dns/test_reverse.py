"""Reverse names: forward confirmation, and names that look generic."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from mailwright.dns.names import reverse_name
from mailwright.dns.reverse import MOST_NAMES, Generic, Reverse, ReverseVerdict, generic_sign, reverse
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

PTR = reverse_name(ip_address("192.0.2.1"))
PTR6 = reverse_name(ip_address("2001:db8::1"))

ROWS: list[tuple[str, dict[str, Entry], str, ReverseVerdict, list[tuple[Kind, bool]]]] = [
    (
        "confirmed",
        {PTR: ["PTR mail.test"], "mail.test": ["A 192.0.2.9", "A 192.0.2.1"]},
        "192.0.2.1",
        ReverseVerdict.CONFIRMED,
        [(Kind.FOUND, True)],
    ),
    (
        "confirmed, IPv6",
        {PTR6: ["PTR mail.test"], "mail.test": ["AAAA 2001:db8:0::1"]},
        "2001:db8::1",
        ReverseVerdict.CONFIRMED,
        [(Kind.FOUND, True)],
    ),
    (
        "mapped",
        {PTR: ["PTR mail.test"], "mail.test": ["A 192.0.2.1"]},
        "::ffff:192.0.2.1",
        ReverseVerdict.CONFIRMED,
        [(Kind.FOUND, True)],
    ),
    (
        "one of two",
        {PTR: ["PTR gone.test", "PTR mail.test"], "mail.test": ["A 192.0.2.1"]},
        "192.0.2.1",
        ReverseVerdict.CONFIRMED,
        [(Kind.NXDOMAIN, False), (Kind.FOUND, True)],
    ),
    (
        "one of two, the other fails",
        {PTR: ["PTR dead.test", "PTR mail.test"], "mail.test": ["A 192.0.2.1"], "dead.test": Kind.SERVFAIL},
        "192.0.2.1",
        ReverseVerdict.CONFIRMED,
        [(Kind.SERVFAIL, False), (Kind.FOUND, True)],
    ),
    (
        "leads elsewhere",
        {PTR: ["PTR mail.test"], "mail.test": ["A 192.0.2.9"]},
        "192.0.2.1",
        ReverseVerdict.UNCONFIRMED,
        [(Kind.FOUND, False)],
    ),
    (
        "other IP version only",
        {PTR: ["PTR mail.test"], "mail.test": ["AAAA 2001:db8::1"]},
        "192.0.2.1",
        ReverseVerdict.UNCONFIRMED,
        [(Kind.NODATA, False)],
    ),
    ("no such name", {PTR: ["PTR gone.test"]}, "192.0.2.1", ReverseVerdict.UNCONFIRMED, [(Kind.NXDOMAIN, False)]),
    ("bad name", {PTR: ["PTR a..b"]}, "192.0.2.1", ReverseVerdict.UNCONFIRMED, [(Kind.MALFORMED, False)]),
    (
        "name fails",
        {PTR: ["PTR dead.test"], "dead.test": Kind.TIMEOUT},
        "192.0.2.1",
        ReverseVerdict.UNKNOWN,
        [(Kind.TIMEOUT, False)],
    ),
    ("PTR fails", {PTR: Kind.SERVFAIL}, "192.0.2.1", ReverseVerdict.UNKNOWN, []),
    ("no PTR", {}, "192.0.2.1", ReverseVerdict.NO_NAME, []),
    ("no data", {PTR: ["TXT x"]}, "192.0.2.1", ReverseVerdict.NO_NAME, []),
]


@pytest.mark.parametrize(("table", "ip", "verdict", "names"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_names_are_confirmed(
    table: dict[str, Entry], ip: str, verdict: ReverseVerdict, names: list[tuple[Kind, bool]]
) -> None:
    """A name counts if it leads back to the address; every kind of no is kept."""
    found: Reverse = settle(reverse(ip_address(ip)), TableResolver(table).answer)
    assert (found.verdict, [(name.kind, name.confirmed) for name in found.names]) == (verdict, names)


@pytest.mark.parametrize(("count", "ignored"), [(MOST_NAMES, 0), (MOST_NAMES + 1, 1), (300, 290)])
def test_of_many_names_ten_are_looked_at(count: int, ignored: int) -> None:
    """RFC 7208 4.6.4: the others are ignored, and counted."""
    resolver = TableResolver({PTR: [f"PTR mail{n}.test" for n in range(count)]})
    found = settle(reverse(ip_address("192.0.2.1")), resolver.answer)
    assert (len(found.names), found.ignored, len(resolver.asked)) == (MOST_NAMES, ignored, 1 + MOST_NAMES)


IP, WORD = Generic.IP_IN_NAME, Generic.WORD_IN_NAME

GENERIC = [
    # Realistic.
    ("mail.example.com", "192.0.2.77", None),
    ("mx1.mail.example.com", "192.0.2.77", None),
    ("example.com", "192.0.2.77", None),
    ("out-77.mta.example.com", "192.0.2.77", None),
    ("a2-77.smtp-out.example.com", "192.0.2.77", None),
    ("192-0-2-77.example.com", "192.0.2.77", IP),
    ("192.0.2.77.static.example.com", "192.0.2.77", IP),
    ("77.2.0.192.example.com", "192.0.2.77", IP),
    ("ip192-0-2-77.example.com", "192.0.2.77", IP),
    ("host-0-2-77.example.com", "192.0.2.77", IP),
    ("192000002077.example.com", "192.0.2.77", IP),
    ("p192.000.002.077.example.com", "192.0.2.77", IP),
    ("c000024d.example.com", "192.0.2.77", IP),
    ("pool-1.example.com", "192.0.2.77", WORD),
    ("dsl7.example.com", "192.0.2.77", WORD),
    ("x.dynamic.example.com", "192.0.2.77", WORD),
    ("Static.example.com", "192.0.2.77", WORD),
    ("dhcp.example.com", "192.0.2.77", WORD),
    ("20010db8000000000000000000000001.example.com", "2001:db8::1", IP),
    ("h-0-0-0-1.example.com", "2001:db8::1", IP),
    ("mail.example.com", "2001:db8::1", None),
    # Synthetic: words inside of words, and in the owner's domain.
    ("user-guide.example.com", "192.0.2.77", WORD),
    ("superuser.example.com", "192.0.2.77", None),
    ("cable.example", "192.0.2.77", None),
    ("mail.cable.example", "192.0.2.77", None),
    ("", "192.0.2.77", None),
    ("test", "192.0.2.77", None),
]


@pytest.mark.parametrize(("name", "ip", "expected"), GENERIC, ids=[f"{name[:40]}" for name, _, _ in GENERIC])
def test_generic_names_are_seen(name: str, ip: str, expected: Generic | None) -> None:
    """The address in the name, or a word that networks use for their customers' lines."""
    assert generic_sign(name, ip_address(ip)) is expected
