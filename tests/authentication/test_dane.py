"""DANE: which TLSA records of a mail host count, and what it means that there are none."""

from __future__ import annotations

from hashlib import sha256, sha512

import pytest

from mailwright.authentication.certificate import key_of
from mailwright.authentication.dane import (
    MOST_RECORDS,
    DaneStatus,
    TlsaLookup,
    accepted_names,
    is_usable,
    look_up_tlsa,
    usable_records,
)
from mailwright.dns.answer import Dnssec, Kind, Tlsa
from mailwright.dns.inquiry import settle
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry
from tests.authentication.certificates import make_server

HOST = "mx.example.test"
TLSA = f"_25._tcp.{HOST}"
DIGEST = "ab" * 32
SECURE_HOST = ["A 192.0.2.1", "AAAA 2001:db8::1", "DNSSEC secure"]
SECURE_TLSA = [f"TLSA 3 1 1 {DIGEST}", "DNSSEC secure"]
READ = Tlsa(3, 1, 1, bytes.fromhex(DIGEST))


def look_up(table: dict[str, Entry], mx: Dnssec = Dnssec.SECURE) -> tuple[TlsaLookup, list[str]]:
    """Return the look-up and what was asked for it."""
    resolver = TableResolver(table)
    return settle(look_up_tlsa(HOST, mx), resolver.answer), [f"{ask.type} {ask.name}" for ask in resolver.asked]


STATES: dict[str, tuple[dict[str, Entry], DaneStatus]] = {
    "signed": ({HOST: SECURE_HOST, TLSA: SECURE_TLSA}, DaneStatus.USABLE),
    "one family": ({HOST: ["A 192.0.2.1", "DNSSEC secure"], TLSA: SECURE_TLSA}, DaneStatus.USABLE),
    "one family slow": (
        {HOST: ["A 192.0.2.1", "AAAA TIMEOUT", "DNSSEC secure"], TLSA: SECURE_TLSA},
        DaneStatus.USABLE,
    ),
    "no record": ({HOST: SECURE_HOST}, DaneStatus.ABSENT),
    "name without record": ({HOST: SECURE_HOST, TLSA: ["TXT x", "DNSSEC secure"]}, DaneStatus.ABSENT),
    "unusable only": (
        {HOST: SECURE_HOST, TLSA: [f"TLSA 1 1 1 {DIGEST}", "TLSA 3 1 1 abcd", "DNSSEC secure"]},
        DaneStatus.UNUSABLE,
    ),
    "unsigned host": ({HOST: ["A 192.0.2.1", "DNSSEC insecure"], TLSA: SECURE_TLSA}, DaneStatus.INSECURE),
    "unsigned record": (
        {HOST: SECURE_HOST, TLSA: [f"TLSA 3 1 1 {DIGEST}", "DNSSEC insecure"]},
        DaneStatus.INSECURE,
    ),
    "resolver does not validate": ({HOST: ["A 192.0.2.1"], TLSA: SECURE_TLSA}, DaneStatus.UNVALIDATED),
    "servfail": ({HOST: SECURE_HOST, TLSA: Kind.SERVFAIL}, DaneStatus.FAILED),
    "timeout": ({HOST: SECURE_HOST, TLSA: Kind.TIMEOUT}, DaneStatus.FAILED),
    "refused": ({HOST: SECURE_HOST, TLSA: Kind.REFUSED}, DaneStatus.FAILED),
    "malformed": ({HOST: SECURE_HOST, TLSA: Kind.MALFORMED}, DaneStatus.FAILED),
    "bogus record": ({HOST: SECURE_HOST, TLSA: [f"TLSA 3 1 1 {DIGEST}", "DNSSEC bogus"]}, DaneStatus.BOGUS),
    "bogus host": ({HOST: ["A 192.0.2.1", "DNSSEC bogus"], TLSA: SECURE_TLSA}, DaneStatus.BOGUS),
    "host not told": ({HOST: Kind.SERVFAIL, TLSA: SECURE_TLSA}, DaneStatus.FAILED),
    "no host": ({TLSA: SECURE_TLSA}, DaneStatus.ABSENT),
}


@pytest.mark.parametrize(("table", "status"), STATES.values(), ids=STATES)
def test_every_kind_of_no_is_told_apart(table: dict[str, Entry], status: DaneStatus) -> None:
    """Proven absence, an unsigned zone, a failed look-up and a false signature are four things."""
    found, _ = look_up(table)
    assert found.status is status
    assert found.records == ((READ,) if status is DaneStatus.USABLE else ())
    assert found.base == (HOST if status in {DaneStatus.USABLE, DaneStatus.UNUSABLE} else "")


def test_every_status_is_in_the_table() -> None:
    """No status is forgotten."""
    assert {status for _, status in STATES.values()} == set(DaneStatus)


@pytest.mark.parametrize("status", DaneStatus)
def test_what_a_status_means(status: DaneStatus) -> None:
    """Failures forbid; failures and records decide; the rest leaves the connection to others."""
    assert status.forbids is (status in {DaneStatus.FAILED, DaneStatus.BOGUS})
    assert status.applies is (status.forbids or status in {DaneStatus.USABLE, DaneStatus.UNUSABLE})


@pytest.mark.parametrize(
    ("mx", "status"),
    [
        (Dnssec.INSECURE, DaneStatus.INSECURE),
        (Dnssec.UNKNOWN, DaneStatus.UNVALIDATED),
        (Dnssec.BOGUS, DaneStatus.BOGUS),
    ],
)
def test_a_host_that_anybody_could_have_named_is_not_asked_about(mx: Dnssec, status: DaneStatus) -> None:
    """The MX answer must be secure (RFC 7672 2.2.1)."""
    found, asked = look_up({HOST: SECURE_HOST, TLSA: SECURE_TLSA}, mx)
    assert (found.status, asked) == (status, [])


def test_unsigned_hosts_are_not_asked_for_tlsa() -> None:
    """Servers that do not know the type break on it (RFC 7672 2.2.2)."""
    _, asked = look_up({HOST: ["A 192.0.2.1", "DNSSEC insecure"]})
    assert asked == [f"A {HOST}", f"AAAA {HOST}"]


ALIAS = "real.example.net"
ALIASED = [f"CNAME {ALIAS}", "DNSSEC secure"]
AT_ALIAS = f"_25._tcp.{ALIAS}"
SIGNED_TARGET: dict[str, Entry] = {HOST: ALIASED, ALIAS: SECURE_HOST}
UNSIGNED_TARGET: dict[str, Entry] = {HOST: ALIASED, ALIAS: ["A 192.0.2.1", "DNSSEC insecure"]}

ALIASES: dict[str, tuple[dict[str, Entry], DaneStatus, str]] = {
    "at the end": ({**SIGNED_TARGET, AT_ALIAS: SECURE_TLSA}, DaneStatus.USABLE, ALIAS),
    "at both": ({**SIGNED_TARGET, AT_ALIAS: SECURE_TLSA, TLSA: SECURE_TLSA}, DaneStatus.USABLE, ALIAS),
    "at the alias": ({**SIGNED_TARGET, TLSA: SECURE_TLSA}, DaneStatus.USABLE, HOST),
    "nowhere": (SIGNED_TARGET, DaneStatus.ABSENT, ""),
    "end not told": ({**SIGNED_TARGET, AT_ALIAS: Kind.SERVFAIL, TLSA: SECURE_TLSA}, DaneStatus.FAILED, ""),
    "end unsigned": (
        {**SIGNED_TARGET, AT_ALIAS: [f"TLSA 3 1 1 {DIGEST}", "DNSSEC insecure"], TLSA: SECURE_TLSA},
        DaneStatus.USABLE,
        HOST,
    ),
    "into an unsigned zone": ({**UNSIGNED_TARGET, TLSA: SECURE_TLSA}, DaneStatus.USABLE, HOST),
    "into an unsigned zone, without": (UNSIGNED_TARGET, DaneStatus.ABSENT, ""),
    "unsigned alias": (
        {HOST: [f"CNAME {ALIAS}", "DNSSEC insecure"], ALIAS: ["A 192.0.2.1", "DNSSEC insecure"], TLSA: SECURE_TLSA},
        DaneStatus.INSECURE,
        "",
    ),
    "alias not told": (
        {HOST: [f"CNAME {ALIAS}", "DNSSEC bogus"], ALIAS: ["A 192.0.2.1", "DNSSEC insecure"]},
        DaneStatus.BOGUS,
        "",
    ),
}


@pytest.mark.parametrize(("table", "status", "base"), ALIASES.values(), ids=ALIASES)
def test_aliases_are_followed_as_the_rfc_says(table: dict[str, Entry], status: DaneStatus, base: str) -> None:
    """The end of the chain first, then its beginning; an alias of a signed zone counts by itself (RFC 7672 2.2.2)."""
    found, _ = look_up(table)
    assert (found.status, found.base) == (status, base)


def test_another_port_has_another_name() -> None:
    """TLSA records are of a port."""
    resolver = TableResolver({HOST: SECURE_HOST, f"_465._tcp.{HOST}": SECURE_TLSA})
    found = settle(look_up_tlsa(HOST, Dnssec.SECURE, port=465), resolver.answer)
    assert found.status is DaneStatus.USABLE


SERVER = make_server([HOST])
KEY = key_of(SERVER.der)
USABLE = [
    (Tlsa(3, 1, 1, bytes(32)), True),
    (Tlsa(3, 1, 2, bytes(64)), True),
    (Tlsa(3, 0, 1, bytes(32)), True),
    (Tlsa(2, 0, 1, bytes(32)), True),
    (Tlsa(2, 1, 2, bytes(64)), True),
    (Tlsa(3, 0, 0, SERVER.der), True),
    (Tlsa(3, 1, 0, KEY), True),
    (Tlsa(0, 0, 1, bytes(32)), False),
    (Tlsa(1, 1, 1, bytes(32)), False),
    (Tlsa(4, 1, 1, bytes(32)), False),
    (Tlsa(255, 1, 1, bytes(32)), False),
    (Tlsa(3, 2, 1, bytes(32)), False),
    (Tlsa(3, 1, 3, bytes(48)), False),
    (Tlsa(3, 1, 1, bytes(31)), False),
    (Tlsa(3, 1, 1, bytes(33)), False),
    (Tlsa(3, 1, 2, bytes(32)), False),
    (Tlsa(3, 1, 1, b""), False),
    (Tlsa(3, 0, 0, KEY), False),
    (Tlsa(3, 1, 0, SERVER.der), False),
    (Tlsa(3, 0, 0, b""), False),
    (Tlsa(3, 1, 0, SERVER.der[:-1]), False),
]


@pytest.mark.parametrize(("record", "expected"), USABLE, ids=lambda value: str(value)[:40])
def test_which_records_can_be_used(record: Tlsa, expected: bool) -> None:
    """Usages 2 and 3, selectors 0 and 1, and data that is what it says (RFC 7672 3.1)."""
    assert is_usable(record) is expected


def test_a_stronger_digest_outdoes_a_weaker_one() -> None:
    """Digest agility (RFC 7671 9): within a usage and selector SHA-512 counts, and the data itself always."""
    weak, strong = Tlsa(3, 1, 1, sha256(KEY).digest()), Tlsa(3, 1, 2, sha512(KEY).digest())
    whole, other = Tlsa(3, 1, 0, KEY), Tlsa(3, 0, 1, bytes(32))
    assert usable_records([weak, strong, whole, other]) == (strong, whole, other)
    # A digest that cannot be used outdoes nothing.
    assert usable_records([weak, strong._replace(data=b"")]) == (weak,)


def test_records_are_bounded_and_each_counts_once() -> None:
    """The limit is reached, and what lies beyond it is ignored."""
    records = [Tlsa(3, 1, 1, number.to_bytes(32, "big")) for number in range(MOST_RECORDS + 1)]
    assert usable_records([*records[:-1], *records[:-1]]) == tuple(records[:-1])
    assert usable_records(records) == tuple(records[:-1])


def test_which_names_a_certificate_may_bear() -> None:
    """The base domain first, then the domain that the mail is for (RFC 7672 3.2.2)."""
    found = TlsaLookup(HOST, DaneStatus.USABLE, ALIAS)
    assert accepted_names(found, "example.test", "example.net") == (ALIAS, "example.test", "example.net")
    assert accepted_names(found, ALIAS) == (ALIAS,)
