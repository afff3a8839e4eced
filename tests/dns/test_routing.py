"""MX routing: RFC 5321 5.1 and RFC 7505 sentence by sentence, and what real zones get wrong."""

from __future__ import annotations

import random
from collections.abc import Mapping
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.dns.answer import Dnssec, Kind, Question, RecordType
from mailwright.dns.inquiry import settle
from mailwright.dns.routes import Note, Routing, Verdict
from mailwright.dns.routing import MOST_ADDRESSES, MOST_AT_ONCE, MOST_RECORDS, RoutingOptions, more, route
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

HOSTS: Mapping[str, Entry] = {
    "mx1.test": ["A 192.0.2.1"],
    "mx2.test": ["A 192.0.2.2"],
    "mx3.test": ["A 192.0.2.3"],
    "dual.test": ["A 192.0.2.4", "A 192.0.2.5", "AAAA 2001:db8::4"],
    "six.test": ["AAAA 2001:db8::6"],
    "private.test": ["A 10.0.0.1"],
    "empty.test": ["TXT x"],
    "alias.test": ["CNAME mx1.test"],
    "dead.test": Kind.SERVFAIL,
    "slow.test": Kind.TIMEOUT,
}
LAB = RoutingOptions(private=True)


def chance(seed: int = 0) -> random.Random:
    """Return a source of chance that is the same each time."""
    return random.Random(seed)  # noqa: S311 - an order of hosts, no secret


def routed(
    table: Mapping[str, Entry], domain: str = "example.test", options: RoutingOptions | None = None, seed: int = 0
) -> Routing:
    """Return the route of ``domain`` in a zone with HOSTS and ``table``."""
    return settle(route(domain, chance(seed), options), TableResolver({**HOSTS, **table}).answer)


def mxs(*lines: str) -> dict[str, Entry]:
    """Return a zone where example.test has these MX records: "10 mx1.test"."""
    return {"example.test": [f"MX {line}" for line in lines]}


def names(routing: Routing) -> list[str]:
    """Return the names of the hosts that can be tried."""
    return [host.name for host in routing.usable]


VERDICTS: list[tuple[str, dict[str, Entry], Verdict, list[str]]] = [
    # RFC 5321 5.1: the lookup first attempts to locate an MX record associated with the name.
    ("one host", mxs("10 mx1.test"), Verdict.ROUTABLE, ["mx1.test"]),
    # RFC 5321 5.1: if an empty list of MXs is returned, the domain is its own host, with preference 0.
    ("implicit", {"example.test": ["A 192.0.2.9"]}, Verdict.ROUTABLE, ["example.test"]),
    ("implicit, IPv6", {"example.test": ["AAAA 2001:db8::9"]}, Verdict.ROUTABLE, ["example.test"]),
    # RFC 5321 5.1: with MX records, addresses of the name MUST NOT be used unless located by them.
    ("no implicit beside MX", {"example.test": ["MX 10 gone.test", "A 192.0.2.9"]}, Verdict.MISCONFIGURED, []),
    # RFC 5321 5.1: a temporary error MUST be queued and retried, never read as an empty list.
    ("MX fails", {"example.test": ["MX SERVFAIL", "A 192.0.2.9"]}, Verdict.DNS_FAILED, []),
    ("MX times out", {"example.test": ["MX TIMEOUT", "A 192.0.2.9"]}, Verdict.DNS_FAILED, []),
    ("MX refused", {"example.test": ["MX REFUSED", "A 192.0.2.9"]}, Verdict.DNS_FAILED, []),
    ("MX unreachable", {"example.test": ["MX UNREACHABLE", "A 192.0.2.9"]}, Verdict.DNS_FAILED, []),
    ("MX malformed", {"example.test": ["MX MALFORMED", "A 192.0.2.9"]}, Verdict.DNS_FAILED, []),
    # RFC 5321 5.1: a non-existent domain MUST be reported as an error.
    ("no such domain", {}, Verdict.NO_SUCH_DOMAIN, []),
    ("alias to nothing", {"example.test": ["CNAME gone.test"]}, Verdict.NO_SUCH_DOMAIN, []),
    # RFC 5321 5.1: if the implicit MX is unusable, this MUST be reported as an error.
    ("neither MX nor address", {"example.test": ["TXT x"]}, Verdict.NO_MAIL_HOST, []),
    ("implicit fails", {"example.test": ["A TIMEOUT"]}, Verdict.DNS_FAILED, []),
    ("implicit fails by half", {"example.test": ["A 192.0.2.9", "AAAA TIMEOUT"]}, Verdict.ROUTABLE, ["example.test"]),
    ("implicit, private", {"example.test": ["A 127.0.0.1"]}, Verdict.MISCONFIGURED, []),
    # RFC 7505 3: a single MX with preference 0 and the root: no mail at all, also with an address beside.
    ("null MX", {"example.test": ["MX 0 .", "A 192.0.2.9"]}, Verdict.NULL_MX, []),
    ("null MX with preference", mxs("10 ."), Verdict.NULL_MX, []),
    ("null MX twice", mxs("0 .", "10 ."), Verdict.NULL_MX, []),
    # RFC 7505 3: a domain with a null MX MUST NOT have another: the other one is used.
    ("null among others", mxs("0 .", "10 mx1.test"), Verdict.ROUTABLE, ["mx1.test"]),
    ("null among dead others", mxs("0 .", "10 gone.test"), Verdict.MISCONFIGURED, []),
    # RFC 5321 5.1: MX records of which none is usable MUST be reported as an error.
    ("host does not exist", mxs("10 gone.test"), Verdict.MISCONFIGURED, []),
    ("host without address", mxs("10 empty.test"), Verdict.MISCONFIGURED, []),
    ("host with private address", mxs("10 private.test"), Verdict.MISCONFIGURED, []),
    ("IP address in place of a name", mxs("10 192.0.2.1"), Verdict.MISCONFIGURED, []),
    ("IPv6 address in place of a name", mxs("10 2001:db8::1"), Verdict.MISCONFIGURED, []),
    ("a name that cannot be asked", mxs("10 a..b"), Verdict.MISCONFIGURED, []),
    ("host fails", mxs("10 dead.test"), Verdict.DNS_FAILED, []),
    ("one fails, one does not exist", mxs("10 gone.test", "20 slow.test"), Verdict.DNS_FAILED, []),
    # What is wrong with one host does not harm the others.
    ("dead first host", mxs("10 dead.test", "20 mx1.test"), Verdict.ROUTABLE, ["mx1.test"]),
    ("missing first host", mxs("10 gone.test", "20 192.0.2.1", "30 mx1.test"), Verdict.ROUTABLE, ["mx1.test"]),
    ("host is an alias", mxs("10 alias.test"), Verdict.ROUTABLE, ["alias.test"]),
]


@pytest.mark.parametrize(
    ("table", "verdict", "expected"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS]
)
def test_every_zone_has_its_verdict(table: dict[str, Entry], verdict: Verdict, expected: list[str]) -> None:
    """Every kind of no is told apart to the end."""
    routing = routed(table)
    assert (routing.verdict, names(routing)) == (verdict, expected)
    assert routing.decisive is not None
    assert routing.decisive in routing.answers
    assert routing.decisive.tells == (verdict is not Verdict.DNS_FAILED)


NOTES: list[tuple[str, dict[str, Entry], set[Note]]] = [
    ("nothing odd", mxs("10 mx1.test"), set()),
    (
        "domain is an alias",
        {"example.test": ["CNAME other.test"], "other.test": ["MX 10 mx1.test"]},
        {Note.DOMAIN_IS_ALIAS},
    ),
    ("exchange is an alias", mxs("10 alias.test"), {Note.EXCHANGE_IS_ALIAS}),
    ("null among others", mxs("0 .", "10 mx1.test"), {Note.NULL_AMONG_OTHERS}),
    ("odd null", mxs("10 ."), {Note.ODD_NULL_MX}),
    ("plain null", mxs("0 ."), set()),
    ("IP address", mxs("10 192.0.2.1"), {Note.IP_IN_PLACE_OF_NAME}),
    ("bad name", mxs("10 a..b"), {Note.BAD_NAME}),
    ("private", mxs("10 private.test"), {Note.PRIVATE_ADDRESS}),
    ("twice", mxs("10 mx1.test", "20 mx1.test"), {Note.REPEATED_HOST}),
    ("hundreds", mxs(*(f"{n} mx{n}.test" for n in range(1, 300))), {Note.TOO_MANY_RECORDS}),
    (
        "many addresses",
        {**mxs("10 many.test"), "many.test": [f"A 192.0.2.{n}" for n in range(40)]},
        {Note.TOO_MANY_ADDRESSES},
    ),
]


@pytest.mark.parametrize(("table", "expected"), [row[1:] for row in NOTES], ids=[row[0] for row in NOTES])
def test_what_is_odd_is_noted(table: dict[str, Entry], expected: set[Note]) -> None:
    """Nothing is dropped or followed without a word."""
    routing = routed(table)
    assert {*routing.notes, *(note for host in routing.hosts for note in host.notes)} == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mx1.test", Kind.FOUND),
        ("private.test", Kind.FOUND),
        ("gone.test", Kind.NXDOMAIN),
        ("empty.test", Kind.NODATA),
        ("dead.test", Kind.SERVFAIL),
        ("slow.test", Kind.TIMEOUT),
        ("a..b", Kind.MALFORMED),
    ],
)
def test_a_host_says_why_it_has_no_address(name: str, kind: Kind) -> None:
    """The kind of its answers is kept."""
    assert [host.kind for host in routed(mxs(f"10 {name}")).hosts] == [kind]


def test_less_preferred_hosts_are_asked_only_when_needed() -> None:
    """MX, then the addresses of the most preferred hosts: nothing else stands before the first byte."""
    resolver = TableResolver({**HOSTS, **mxs("10 mx1.test", "20 slow.test", "30 mx2.test")})
    same = chance()
    routing = settle(route("example.test", same), resolver.answer)
    assert resolver.asked == [
        Question("example.test", RecordType.MX),
        Question("mx1.test", RecordType.A),
        Question("mx1.test", RecordType.AAAA),
    ]
    assert [record.exchange for record in routing.rest] == ["slow.test", "mx2.test"]
    longer = settle(more(routing, same), resolver.answer)
    assert names(longer) == ["mx1.test", "mx2.test"]
    assert [host.name for host in longer.hosts] == ["mx1.test", "slow.test", "mx2.test"]
    assert (longer.rest, longer.verdict) == ((), Verdict.ROUTABLE)
    assert settle(more(longer, same), resolver.answer) is longer
    assert len(resolver.asked) == 7


def test_questions_that_do_not_depend_on_each_other_are_asked_together() -> None:
    """Two steps: MX, and all addresses of one preference."""
    inquiry = route("example.test", chance())
    resolver = TableResolver({**HOSTS, **mxs("10 mx1.test", "10 mx2.test")})
    first = next(inquiry)
    second = inquiry.send(tuple(map(resolver.answer, first)))
    assert (len(first), len(second)) == (1, 4)


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        ((6, 4), ["2001:db8::4", "192.0.2.4", "192.0.2.5"]),
        ((4, 6), ["192.0.2.4", "2001:db8::4", "192.0.2.5"]),
        ((4,), ["192.0.2.4", "192.0.2.5"]),
        ((6,), ["2001:db8::4"]),
    ],
)
def test_ip_versions_take_turns(families: tuple[int, ...], expected: list[str]) -> None:
    """A dead IP version costs one connection, not all of them."""
    routing = routed(mxs("10 dual.test"), options=RoutingOptions(families=families))
    assert [str(address) for address in routing.hosts[0].addresses] == expected


@pytest.mark.parametrize(
    ("domain", "families", "verdict"),
    [
        ("example.test", (4,), Verdict.OTHER_FAMILY),
        ("example.test", (6, 4), Verdict.ROUTABLE),
        ("six.test", (4,), Verdict.OTHER_FAMILY),
        ("[IPv6:2001:db8::1]", (4,), Verdict.OTHER_FAMILY),
        ("[192.0.2.1]", (6,), Verdict.OTHER_FAMILY),
    ],
)
def test_a_host_of_the_other_ip_version_is_no_misconfiguration(
    domain: str, families: tuple[int, ...], verdict: Verdict
) -> None:
    """Where only IPv4 is in use, a host with IPv6 alone is well, and out of reach."""
    assert routed(mxs("10 six.test"), domain, RoutingOptions(families=families)).verdict is verdict


def test_the_number_of_addresses_is_bounded() -> None:
    """One host cannot make us try for hours."""
    routing = routed({**mxs("10 many.test"), "many.test": [f"A 192.0.2.{n}" for n in range(200)]})
    assert len(routing.hosts[0].addresses) == MOST_ADDRESSES


@pytest.mark.parametrize(("count", "noted"), [(MOST_RECORDS, False), (MOST_RECORDS + 1, True)])
def test_the_number_of_records_is_bounded(count: int, noted: bool) -> None:
    """The most preferred ones are kept, and what is left out is told."""
    routing = routed(mxs(*(f"{n} h{n}.test" for n in range(count))))
    assert len(routing.hosts) == min(count, MOST_RECORDS)
    assert (Note.TOO_MANY_RECORDS in routing.notes) is noted


def test_a_large_group_of_equals_is_asked_in_parts() -> None:
    """Sixteen hosts in one step at most; the others remain."""
    count = MOST_AT_ONCE + 5
    table: dict[str, Entry] = {**mxs(*(f"10 h{n}.test" for n in range(count)))}
    table |= {f"h{n}.test": [f"A 192.0.2.{n}"] for n in range(count)}
    routing = routed(table)
    assert (len(routing.hosts), len(routing.rest)) == (MOST_AT_ONCE, 5)
    longer = settle(more(routing, chance(1)), TableResolver(table).answer)
    assert {host.name for host in longer.hosts} == {f"h{n}.test" for n in range(count)}


OURS = RoutingOptions(own_names=frozenset({"mx2.test"}), own_addresses=frozenset({ip_address("192.0.2.3")}))

LOOPS = [
    # RFC 5321 5.1: MUST drop its own preference and all less preferred ones.
    ("we by name", mxs("10 mx1.test", "20 mx2.test", "30 dual.test"), Verdict.ROUTABLE, ["mx1.test"]),
    ("equals too", mxs("10 mx1.test", "20 mx2.test", "20 dual.test"), Verdict.ROUTABLE, ["mx1.test"]),
    ("we are the best by name", mxs("10 mx2.test", "20 mx1.test"), Verdict.LOOPS_BACK, []),
    ("we are the best by address", mxs("10 mx3.test", "20 mx1.test"), Verdict.LOOPS_BACK, []),
    ("we are second by address", mxs("10 gone.test", "20 mx3.test", "30 mx1.test"), Verdict.MISCONFIGURED, []),
    ("better ones fail", mxs("10 dead.test", "20 mx2.test", "30 mx1.test"), Verdict.DNS_FAILED, []),
    ("implicit", {"example.test": ["A 192.0.2.3"]}, Verdict.LOOPS_BACK, []),
]


@pytest.mark.parametrize(("table", "verdict", "expected"), [row[1:] for row in LOOPS], ids=[row[0] for row in LOOPS])
def test_mail_does_not_come_back_to_us(table: dict[str, Entry], verdict: Verdict, expected: list[str]) -> None:
    """A backup host passes mail on to better hosts only."""
    routing = routed(table, options=OURS)
    if routing.rest:
        routing = settle(more(routing, chance(), OURS), TableResolver({**HOSTS, **table}).answer)
    assert (routing.verdict, names(routing)) == (verdict, expected)
    assert Note.CUT_AT_SELF in routing.notes


def test_our_own_domain_can_be_its_own_host() -> None:
    """RFC 5321 5.1 holds for an implicit MX, too."""
    options = RoutingOptions(own_names=frozenset({"mx2.test"}))
    assert routed({}, "mx2.test", options).verdict is Verdict.LOOPS_BACK


def test_we_are_found_behind_other_hosts() -> None:
    """An address of ours in the second group cuts that group when ``more`` asks for it."""
    table = {**HOSTS, **mxs("10 mx1.test", "20 mx3.test", "20 mx2.test", "30 dual.test")}
    options = RoutingOptions(own_addresses=frozenset({ip_address("192.0.2.3")}))
    resolver = TableResolver(table)
    routing = settle(route("example.test", chance(), options), resolver.answer)
    routing = settle(more(routing, chance(), options), resolver.answer)
    assert (names(routing), routing.rest, routing.notes) == (["mx1.test"], (), (Note.CUT_AT_SELF,))


LITERALS = [
    ("[192.0.2.1]", Verdict.ROUTABLE, ["192.0.2.1"]),
    ("[IPv6:2001:db8::1]", Verdict.ROUTABLE, ["2001:db8::1"]),
    ("[ipv6:2001:DB8::1]", Verdict.ROUTABLE, ["2001:db8::1"]),
    ("[127.0.0.1]", Verdict.MISCONFIGURED, []),
    ("[IPv6:::1]", Verdict.MISCONFIGURED, []),
    ("[192.0.2.3]", Verdict.LOOPS_BACK, []),
    ("[2001:db8::1]", Verdict.NOT_A_DOMAIN, []),
    ("[IPv6:fe80::1%eth0]", Verdict.NOT_A_DOMAIN, []),
    ("[192.0.2.1", Verdict.NOT_A_DOMAIN, []),
    ("[]", Verdict.NOT_A_DOMAIN, []),
    ("[x]", Verdict.NOT_A_DOMAIN, []),
    ("", Verdict.NOT_A_DOMAIN, []),
    ("a b", Verdict.NOT_A_DOMAIN, []),
    ("a..b", Verdict.NOT_A_DOMAIN, []),
    ("a" * 64, Verdict.NOT_A_DOMAIN, []),
]


@pytest.mark.parametrize(("domain", "verdict", "expected"), LITERALS)
def test_address_literals_need_no_dns(domain: str, verdict: Verdict, expected: list[str]) -> None:
    """RFC 5321 5.1: a literal is its own host; what is neither literal nor name is told."""
    resolver = TableResolver({})
    routing = settle(route(domain, chance(), OURS), resolver.answer)
    assert (routing.verdict, [str(ip) for host in routing.hosts for ip in host.addresses]) == (verdict, expected)
    assert (routing.domain, resolver.asked, routing.decisive) == (domain, [], None)


def test_names_are_asked_in_their_dns_form() -> None:
    """U-labels, capitals and a last dot do not matter."""
    routing = routed({"xn--mller-kva.test": ["MX 10 mx1.test"]}, "MÜLLER.test.")
    assert (routing.domain, names(routing)) == ("xn--mller-kva.test", ["mx1.test"])


def test_an_alias_without_mx_is_its_targets_own_host() -> None:
    """RFC 5321 5.1: the name that a CNAME leads to is processed as if it were the initial name."""
    routing = routed({"example.test": ["CNAME mx1.test"]})
    assert (names(routing), routing.implicit, routing.notes) == (["mx1.test"], True, (Note.DOMAIN_IS_ALIAS,))


def test_private_addresses_can_be_allowed() -> None:
    """Labs and internal networks live on them."""
    assert names(routed(mxs("10 private.test"), options=LAB)) == ["private.test"]
    assert names(routed({}, "[127.0.0.1]", LAB)) == ["[127.0.0.1]"]


def test_the_shortest_ttl_holds() -> None:
    """A route lasts no longer than the shortest-lived answer that it is made of."""
    table: dict[str, Entry] = {"example.test": ["MX 10 a.test", "TTL 500"], "a.test": ["A 192.0.2.1", "TTL 60"]}
    assert routed(table).ttl == 60


@pytest.mark.parametrize(
    ("mx", "host", "expected"),
    [
        ("secure", "secure", (Dnssec.SECURE, Dnssec.SECURE)),
        ("secure", "insecure", (Dnssec.SECURE, Dnssec.INSECURE)),
        ("insecure", "secure", (Dnssec.INSECURE, Dnssec.SECURE)),
        ("unknown", "unknown", (Dnssec.UNKNOWN, Dnssec.UNKNOWN)),
    ],
)
def test_signatures_are_told(mx: str, host: str, expected: tuple[Dnssec, Dnssec]) -> None:
    """DANE needs to know them: of the MX answer, and of each host's addresses (RFC 7672 2.2)."""
    table: dict[str, Entry] = {
        "example.test": ["MX 10 a.test", f"DNSSEC {mx}"],
        "a.test": ["A 192.0.2.1", f"DNSSEC {host}"],
    }
    routing = routed(table)
    assert (routing.dnssec, routing.hosts[0].dnssec) == expected


def test_one_seed_gives_one_order() -> None:
    """However the resolver orders its records."""
    lines = [f"MX 10 mx{n}.test" for n in (1, 2, 3)]
    orders = {tuple(names(routed({"example.test": turned}, seed=7))) for turned in (lines, lines[::-1])}
    assert len(orders) == 1


def test_equals_come_in_every_order() -> None:
    """RFC 5321 5.1: among equals the sender MUST choose at random, to spread the load."""
    table = mxs("10 mx1.test", "10 mx2.test", "10 mx3.test")
    assert len({tuple(names(routed(table, seed=seed))) for seed in range(60)}) == 6


RECORDS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([*HOSTS, "gone.test", "192.0.2.1", "."])), max_size=12)


@given(RECORDS, st.integers(0, 9))
def test_routes_keep_their_order_and_have_no_doubles(records: list[tuple[int, str]], seed: int) -> None:
    """Preferences never decrease, no host comes twice, and every host of the zone is there or in the rest."""
    table = {**HOSTS, "example.test": [f"MX {preference} {name}" for preference, name in records]}
    resolver, same = TableResolver(table), chance(seed)
    routing = settle(route("example.test", same), resolver.answer)
    while routing.rest:
        routing = settle(more(routing, same), resolver.answer)
    preferences = [host.preference for host in routing.hosts]
    assert preferences == sorted(preferences)
    found = [host.name for host in routing.hosts]
    assert len(found) == len(set(found))
    wanted = {name for _, name in records if name != "."}
    assert set(found) == wanted or routing.implicit
    assert len(resolver.asked) == len(set(resolver.asked))
