"""check_host: results, limits, traces and explanations of SPF (RFC 7208), over tables of DNS."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf import (
    DEFAULTS,
    MOST_LOOK_UPS,
    MOST_MX,
    MOST_VOIDS,
    SpfOptions,
    check_helo,
    check_host,
    check_mail_from,
)
from mailwright.authentication.spf_client import MOST_PTR
from mailwright.authentication.spf_verdict import Outcome, SpfProblem, SpfResult, SpfVerdict, out_of_time
from mailwright.dns.answer import Answer, Kind, Mx, Question, Record, RecordType, Txt
from mailwright.dns.inquiry import settle
from mailwright.dns.names import reverse_name
from mailwright.dns.resolver import ask
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

CLIENT = "192.0.2.10"
CLIENT6 = "2001:db8::10"
OTHER = "198.51.100.1"
HOSTS: dict[str, Entry] = {
    "mail.example.com": [f"A {CLIENT}", f"AAAA {CLIENT6}"],
    "other.example.com": [f"A {OTHER}"],
    "pass.example.net": ["TXT v=spf1 +all"],
    "fail.example.net": ["TXT v=spf1 -all"],
    "softfail.example.net": ["TXT v=spf1 ~all"],
    "neutral.example.net": ["TXT v=spf1 ?all"],
    "none.example.net": ["TXT hello"],
    "broken.example.net": ["TXT v=spf1 moo"],
    "slow.example.net": Kind.TIMEOUT,
}


def check(
    record: str | Entry,
    ip: str = CLIENT,
    more: Mapping[str, Entry] | None = None,
    options: SpfOptions = DEFAULTS,
    sender: str = "anna@example.com",
) -> SpfVerdict:
    """Return the verdict on ``sender`` where example.com has ``record``."""
    entry: Entry = [f"TXT {record}"] if isinstance(record, str) and not isinstance(record, Kind) else record
    table = TableResolver({**HOSTS, "example.com": entry, **(more or {})})
    return settle(check_mail_from(ip_address(ip), sender, "mail.example.com", options), table.answer)


RESULTS = [
    # Qualifiers and all (RFC 7208 4.6.2, 5.1).
    ("v=spf1 +all", SpfResult.PASS, "+all"),
    ("v=spf1 -all", SpfResult.FAIL, "-all"),
    ("v=spf1 ~all", SpfResult.SOFTFAIL, "~all"),
    ("v=spf1 ?all", SpfResult.NEUTRAL, "?all"),
    ("v=spf1", SpfResult.NEUTRAL, "default"),
    ("v=spf1 -all +all", SpfResult.FAIL, "-all"),
    # ip4 and ip6 (5.6).
    ("v=spf1 ip4:192.0.2.10 -all", SpfResult.PASS, "ip4:192.0.2.10"),
    ("v=spf1 ip4:192.0.2.8/30 -all", SpfResult.PASS, "ip4:192.0.2.8/30"),
    ("v=spf1 ip4:192.0.2.12/30 -all", SpfResult.FAIL, "-all"),
    ("v=spf1 ip4:10.0.0.0/0 -all", SpfResult.PASS, "ip4:10.0.0.0/0"),
    ("v=spf1 ip6:::/0 -all", SpfResult.FAIL, "-all"),
    ("v=spf1 ~ip4:192.0.2.10 +all", SpfResult.SOFTFAIL, "~ip4:192.0.2.10"),
    # a and mx (5.3, 5.4).
    ("v=spf1 a:mail.example.com -all", SpfResult.PASS, "a:mail.example.com"),
    ("v=spf1 a:other.example.com -all", SpfResult.FAIL, "-all"),
    ("v=spf1 a:other.example.com/0 -all", SpfResult.PASS, "a:other.example.com/0"),
    ("v=spf1 a:nowhere.example.com/0 -all", SpfResult.FAIL, "-all"),
    ("v=spf1 a -all", SpfResult.FAIL, "-all"),
    # exists (5.7), macros (7).
    ("v=spf1 exists:%{l}.example.com -all", SpfResult.FAIL, "-all"),
    ("v=spf1 exists:other.%{d} -all", SpfResult.PASS, "exists:other.%{d}"),
    ("v=spf1 a:%{h} -all", SpfResult.PASS, "a:%{h}"),
    # include (5.2): the table.
    ("v=spf1 include:pass.example.net -all", SpfResult.PASS, "include:pass.example.net"),
    ("v=spf1 ~include:pass.example.net -all", SpfResult.SOFTFAIL, "~include:pass.example.net"),
    ("v=spf1 include:fail.example.net ?all", SpfResult.NEUTRAL, "?all"),
    ("v=spf1 include:softfail.example.net ?all", SpfResult.NEUTRAL, "?all"),
    ("v=spf1 include:neutral.example.net -all", SpfResult.FAIL, "-all"),
    ("v=spf1 include:none.example.net +all", SpfResult.PERMERROR, "include:none.example.net"),
    ("v=spf1 include:nowhere.example.net +all", SpfResult.PERMERROR, "include:nowhere.example.net"),
    ("v=spf1 include:broken.example.net +all", SpfResult.PERMERROR, "include:broken.example.net"),
    ("v=spf1 include:slow.example.net +all", SpfResult.TEMPERROR, "include:slow.example.net"),
    # redirect (6.1).
    ("v=spf1 redirect=fail.example.net", SpfResult.FAIL, "-all"),
    ("v=spf1 redirect=fail.example.net ip4:192.0.2.10", SpfResult.PASS, "ip4:192.0.2.10"),
    ("v=spf1 redirect=fail.example.net ?all", SpfResult.NEUTRAL, "?all"),
    ("v=spf1 redirect=none.example.net", SpfResult.PERMERROR, "redirect=none.example.net"),
    ("v=spf1 redirect=broken.example.net", SpfResult.PERMERROR, "redirect=broken.example.net"),
    ("v=spf1 redirect=slow.example.net", SpfResult.TEMPERROR, "redirect=slow.example.net"),
    ("v=spf1 include:fail.example.net redirect=broken.example.net", SpfResult.PERMERROR, "redirect=broken.example.net"),
    # Names that cannot be asked for (4.8): no match; behind include and redirect there is no record.
    ("v=spf1 a:x..example.com -all", SpfResult.FAIL, "-all"),
    ("v=spf1 a:" + "x" * 64 + ".example.com -all", SpfResult.FAIL, "-all"),
    ("v=spf1 include:x..example.com -all", SpfResult.PERMERROR, "include:x..example.com"),
    ("v=spf1 redirect=x..example.com", SpfResult.PERMERROR, "redirect=x..example.com"),
    # Unknown modifiers (6) change nothing.
    ("v=spf1 moo=x -all default=pass", SpfResult.FAIL, "-all"),
]


@pytest.mark.parametrize(("record", "result", "mechanism"), RESULTS, ids=[record for record, _, _ in RESULTS])
def test_a_record_gives_its_result(record: str, result: SpfResult, mechanism: str) -> None:
    """The result and the term that decided, for a client by IPv4."""
    verdict = check(record)
    assert (verdict.result, verdict.mechanism) == (result, mechanism)
    assert (verdict.problem is None) == (result not in {SpfResult.NONE, SpfResult.TEMPERROR, SpfResult.PERMERROR})


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip6:2001:db8::/64 -all", SpfResult.PASS),
        ("v=spf1 ip6:2001:db8::11 -all", SpfResult.FAIL),
        ("v=spf1 ip4:0.0.0.0/0 -all", SpfResult.FAIL),
        ("v=spf1 a:mail.example.com -all", SpfResult.PASS),
        ("v=spf1 a:mail.example.com/0 -all", SpfResult.PASS),
        ("v=spf1 a:other.example.com/0//0 -all", SpfResult.FAIL),
        ("v=spf1 exists:other.example.com -all", SpfResult.PASS),
    ],
)
def test_a_client_by_ipv6_is_looked_for_by_aaaa(record: str, result: SpfResult) -> None:
    """RFC 7208 5.3: only addresses of its own family; 5.7: but exists always asks for A."""
    assert check(record, CLIENT6).result is result


@pytest.mark.parametrize("ip", ["::ffff:192.0.2.10", "::FFFF:c000:20a"])
def test_a_mapped_address_is_one_of_ipv4(ip: str) -> None:
    """RFC 7208 5: IPv4-mapped IPv6 addresses match ip4, never ip6."""
    assert check("v=spf1 ip6:::/0 -ip4:192.0.2.10 +all", ip).mechanism == "-ip4:192.0.2.10"


def test_a_zone_index_does_not_count() -> None:
    """fe80::1%eth0 is fe80::1."""
    inquiry = check_host(IPv6Address("fe80::1%eth0"), "example.com", "a@example.com", "x")
    table = TableResolver({"example.com": ["TXT v=spf1 ip6:fe80::1 -all"]})
    assert settle(inquiry, table.answer).result is SpfResult.PASS


@pytest.mark.parametrize(
    ("entry", "result", "problem"),
    [
        # RFC 7208 4.4: failures of DNS are temperror, never none.
        (Kind.TIMEOUT, SpfResult.TEMPERROR, SpfProblem.DNS),
        (Kind.SERVFAIL, SpfResult.TEMPERROR, SpfProblem.DNS),
        (Kind.REFUSED, SpfResult.TEMPERROR, SpfProblem.DNS),
        (Kind.UNREACHABLE, SpfResult.TEMPERROR, SpfProblem.DNS),
        (Kind.MALFORMED, SpfResult.TEMPERROR, SpfProblem.DNS),
        (Kind.NXDOMAIN, SpfResult.NONE, SpfProblem.NO_RECORD),
        (Kind.NODATA, SpfResult.NONE, SpfProblem.NO_RECORD),
        # 4.5: choosing the record.
        (["TXT hello", "TXT v=spf10 -all"], SpfResult.NONE, SpfProblem.NO_RECORD),
        (["TXT hello", "TXT v=spf1 -all", "TXT vendor=1"], SpfResult.FAIL, None),
        (["TXT v=spf1 -all", "TXT v=spf1 +all"], SpfResult.PERMERROR, SpfProblem.SEVERAL_RECORDS),
        (["TXT v=spf1 -all", "TXT V=SPF1 -all"], SpfResult.PERMERROR, SpfProblem.SEVERAL_RECORDS),
        # 3.3: strings are joined without anything between.
        (['TXT "v=spf1 ip4:192.0" ".2.10 -all"'], SpfResult.PASS, None),
        (['TXT "v=spf1" "-all"'], SpfResult.NONE, SpfProblem.NO_RECORD),
        (['TXT "v=sp" "f1 -all"'], SpfResult.FAIL, None),
        # 3.1: ASCII only, but what is no SPF record may hold anything.
        (["TXT v=spf1 a:\u00fc.example -all"], SpfResult.PERMERROR, SpfProblem.NOT_ASCII),
        (["TXT \u00fc", "TXT v=spf1 -all"], SpfResult.FAIL, None),
        # 4.6: a syntax error anywhere.
        (["TXT v=spf1 -all moo"], SpfResult.PERMERROR, SpfProblem.SYNTAX),
    ],
)
def test_what_stands_at_the_domain_is_chosen_strictly(
    entry: Entry, result: SpfResult, problem: SpfProblem | None
) -> None:
    """No record is none, a failed look-up is temperror, several or broken ones are permerror."""
    verdict = check(entry)
    assert (verdict.result, verdict.problem) == (result, problem)


def test_a_broken_record_is_named_with_its_place() -> None:
    """Whoever mends it finds the character."""
    node = check("v=spf1 a:museum -all").node
    assert node is not None
    assert (node.record, node.fault_at, node.fault) == ("v=spf1 a:museum -all", 9, "domain")


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "localhost",
        "localhost.",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "a..example.com",
        ".example.com",
        "example.com..",
        "x" * 64 + ".example.com",
        "x." * 126 + "xx",
        "\u00fc\u0000.example.com",
        "ex\\ample.com",
    ],
)
def test_what_is_no_domain_is_none_and_asks_nothing(domain: str) -> None:
    """RFC 7208 4.3."""
    table = TableResolver({})
    verdict = settle(check_host(ip_address(CLIENT), domain, f"a@{domain}", "x"), table.answer)
    assert (verdict.result, verdict.problem, table.asked) == (SpfResult.NONE, SpfProblem.BAD_DOMAIN, [])


@pytest.mark.parametrize("domain", ["x" * 63 + ".example.com", "x." * 126 + "x", "Example.COM.", "192.0.2.1"])
def test_what_could_be_a_domain_is_asked_for(domain: str) -> None:
    """Labels of 63 and names of 253 characters are allowed; the name is asked for in lower case."""
    table = TableResolver({})
    settle(check_host(ip_address(CLIENT), domain, f"a@{domain}", "x"), table.answer)
    assert table.asked == [Question(domain.removesuffix(".").lower(), RecordType.TXT)]


def test_a_domain_in_other_letters_is_asked_for_in_a_labels() -> None:
    """RFC 7208 4.3, RFC 8616 4: also in macros, and a local part beyond ASCII matches nothing."""
    record = "v=spf1 a:%{l}.example exists:%{d}.x.example -all"
    table = TableResolver(
        {"xn--mller-kva.example": [f"TXT {record}"], "xn--mller-kva.example.x.example": ["A 127.0.0.2"]}
    )
    verdict = settle(check_mail_from(ip_address(CLIENT), "j\u00fcrgen@M\u00fcller.example", "x"), table.answer)
    assert (verdict.result, verdict.voids) == (SpfResult.PASS, 0)


def test_the_null_sender_stands_for_postmaster_at_helo() -> None:
    """RFC 7208 2.4; a sender without local part is postmaster too (4.3)."""
    table = TableResolver(
        {"mail.example.com": ["TXT v=spf1 exists:%{l}.x.example -all"], "postmaster.x.example": ["A 127.0.0.2"]}
    )
    client = ip_address(CLIENT)
    for inquiry in (
        check_mail_from(client, "", "mail.example.com"),
        check_mail_from(client, "@mail.example.com", "x"),
        check_mail_from(client, "mail.example.com", "x"),
        check_helo(client, "mail.example.com"),
    ):
        assert settle(inquiry, table.answer).result is SpfResult.PASS


# ------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "term", ["a:other.example.com", "include:fail.example.net", "exists:nowhere.example.net", "ptr:x.y"]
)
def test_ten_look_ups_are_allowed_and_eleven_are_not(term: str) -> None:
    """RFC 7208 4.6.4: whatever the terms are, ten at most."""
    options = SpfOptions(most_voids=99)
    at_limit = check("v=spf1 " + f"{term} " * MOST_LOOK_UPS + "-all", options=options)
    beyond = check("v=spf1 " + f"{term} " * (MOST_LOOK_UPS + 1) + "-all", options=options)
    assert (at_limit.result, at_limit.look_ups) == (SpfResult.FAIL, MOST_LOOK_UPS)
    assert (beyond.result, beyond.problem) == (SpfResult.PERMERROR, SpfProblem.LOOK_UPS)


def test_what_needs_no_look_up_does_not_count() -> None:
    """RFC 7208 4.6.4: all, ip4, ip6 and exp do not count."""
    verdict = check(
        "v=spf1 " + "ip4:198.51.100.1 ip6:::1 " * 200 + "exp=x.example -all", options=SpfOptions(explain=True)
    )
    assert (verdict.result, verdict.look_ups, verdict.voids) == (SpfResult.FAIL, 0, 0)


def test_look_ups_of_included_records_count_too() -> None:
    """RFC 7208 4.6.4: the limit is for the whole evaluation, redirects among them."""
    inner = "TXT v=spf1" + " a:other.example.com" * 8
    more: dict[str, Entry] = {"inner.example.net": [inner], "last.example.net": ["TXT v=spf1 a:other.example.com ?all"]}
    verdict = check("v=spf1 include:inner.example.net redirect=fail.example.net", more=more)
    assert (verdict.result, verdict.look_ups) == (SpfResult.FAIL, 10)
    verdict = check("v=spf1 include:inner.example.net redirect=last.example.net", more=more)
    assert (verdict.result, verdict.problem) == (SpfResult.PERMERROR, SpfProblem.LOOK_UPS)


@pytest.mark.parametrize("record", ["v=spf1 include:example.com -all", "v=spf1 redirect=example.com"])
def test_a_circle_ends_at_the_limit(record: str) -> None:
    """A record that leads to itself is a permerror, at the same cost as any other."""
    verdict = check(record)
    assert (verdict.result, verdict.problem) == (SpfResult.PERMERROR, SpfProblem.LOOK_UPS)
    assert verdict.look_ups == MOST_LOOK_UPS + 1


def test_a_match_before_the_limit_counts() -> None:
    """RFC 7208 4.6.4: the limit is reached in the course of evaluation, not by counting what is never evaluated."""
    assert check("v=spf1 a:mail.example.com " + "a:other.example.com " * 20 + "-all").result is SpfResult.PASS


@pytest.mark.parametrize("term", ["a:n{}.example.com", "mx:n{}.example.com", "exists:n{}.example.com"])
@pytest.mark.parametrize("kind", [Kind.NXDOMAIN, Kind.NODATA])
def test_two_void_look_ups_are_allowed_and_three_are_not(term: str, kind: Kind) -> None:
    """RFC 7208 4.6.4: names that do not exist, and names without such a record; the limit can be set."""
    more: dict[str, Entry] = {f"n{number}.example.com": kind for number in range(4)}
    records = ["v=spf1 " + " ".join(term.format(number) for number in range(count)) + " -all" for count in range(4)]
    assert [check(record, more=more).voids for record in records] == [0, 1, 2, 3]
    assert check(records[MOST_VOIDS], more=more).result is SpfResult.FAIL
    beyond = check(records[MOST_VOIDS + 1], more=more)
    assert (beyond.result, beyond.problem) == (SpfResult.PERMERROR, SpfProblem.VOIDS)
    assert check(records[3], more=more, options=SpfOptions(most_voids=3)).result is SpfResult.FAIL


def test_a_failure_of_dns_is_not_void() -> None:
    """RFC 7208 5: it ends the evaluation with temperror, and no match is read from it."""
    for term in ("a:slow.example.net", "mx:slow.example.net", "exists:slow.example.net"):
        verdict = check(f"v=spf1 {term} +all")
        assert (verdict.result, verdict.problem, verdict.voids) == (SpfResult.TEMPERROR, SpfProblem.DNS, 0)


def mx_of(count: int, name: str = "h{}.example.net") -> dict[str, list[str]]:
    """Return a domain big.example.net with ``count`` MX hosts, of which the last is the client."""
    hosts = {name.format(number): [f"A {OTHER}"] for number in range(count - 1)}
    lines = [f"MX {number} {name.format(number)}" for number in range(count)]
    return {**hosts, name.format(count - 1): [f"A {CLIENT}"], "big.example.net": lines}


def test_ten_mx_hosts_are_allowed_and_eleven_are_not() -> None:
    """RFC 7208 4.6.4: whichever would match; the one look-up of mx is counted once."""
    at_limit = check("v=spf1 mx:big.example.net -all", more=mx_of(MOST_MX))
    assert (at_limit.result, at_limit.look_ups) == (SpfResult.PASS, 1)
    beyond = check("v=spf1 mx:big.example.net -all", more=mx_of(MOST_MX + 1))
    assert (beyond.result, beyond.problem) == (SpfResult.PERMERROR, SpfProblem.MX_NAMES)
    null = {**mx_of(MOST_MX), "big.example.net": [*mx_of(MOST_MX)["big.example.net"], "MX 99 ."]}
    assert check("v=spf1 mx:big.example.net -all", more=null).result is SpfResult.PASS
    first_matches = {**mx_of(MOST_MX + 1), "h0.example.net": [f"A {CLIENT}"]}
    assert check("v=spf1 mx:big.example.net -all", more=first_matches).result is SpfResult.PERMERROR


@pytest.mark.parametrize(
    ("entry", "result", "voids"),
    [
        (["MX 0 ."], SpfResult.FAIL, 0),
        ([f"A {CLIENT}"], SpfResult.FAIL, 1),
        (["MX 10 nowhere.example.net"], SpfResult.FAIL, 1),
        (["MX 10 nowhere.example.net", "MX 20 other.example.com"], SpfResult.FAIL, 0),
        (["MX 10 slow.example.net", "MX 20 mail.example.com"], SpfResult.TEMPERROR, 0),
        (["MX 20 slow.example.net", "MX 10 mail.example.com"], SpfResult.PASS, 0),
        (["MX 10 mail.example.com", "MX 10 mail.example.com"], SpfResult.PASS, 0),
        (["MX 10 mail..example.com"], SpfResult.FAIL, 0),
    ],
)
def test_mx_hosts_are_taken_in_order_of_preference(entry: Entry, result: SpfResult, voids: int) -> None:
    """RFC 7208 5.4: no MX is no match, never the domain itself; the null MX is no host; a failure waits its turn."""
    verdict = check("v=spf1 mx:m.example.net -all", more={"m.example.net": entry})
    assert (verdict.result, verdict.voids) == (result, voids)


def test_many_mx_hosts_without_ipv6_make_one_void_look_up() -> None:
    """A client by IPv6 is not punished for a domain whose hosts have IPv4 only."""
    record = "v=spf1 mx:big.example.net -all"
    assert check(record, CLIENT6, mx_of(MOST_MX)).voids == 1


# ---------------------------------------------------------------------------------------------------------------- ptr

REVERSE = reverse_name(ip_address(CLIENT))


@pytest.mark.parametrize(
    ("names", "result"),
    [
        (["PTR mail.example.com"], SpfResult.PASS),
        (["PTR MAIL.example.com."], SpfResult.PASS),
        (["PTR other.example.com"], SpfResult.FAIL),
        (["PTR slow.example.net", "PTR mail.example.com"], SpfResult.PASS),
        (["PTR a..example.com", "PTR mail.example.com"], SpfResult.PASS),
        (["PTR mail.example.net"], SpfResult.FAIL),
        (["PTR mailexample.com"], SpfResult.FAIL),
        (Kind.TIMEOUT, SpfResult.FAIL),
        (Kind.NXDOMAIN, SpfResult.FAIL),
    ],
)
def test_ptr_matches_validated_names_at_or_below_the_domain(names: Entry, result: SpfResult) -> None:
    """RFC 7208 5.5: a name must lead back to the client; failures of DNS are no match."""
    more: dict[str, Entry] = {REVERSE: names, "mail.example.net": [f"A {CLIENT}"], "mailexample.com": [f"A {CLIENT}"]}
    assert check("v=spf1 ptr -all", more=more).result is result


def test_the_tenth_name_of_a_client_counts_and_the_eleventh_does_not() -> None:
    """RFC 7208 4.6.4: names beyond ten are ignored."""
    for extra, result in ((0, SpfResult.PASS), (1, SpfResult.FAIL)):
        wrong = [f"PTR n{number}.example.net" for number in range(MOST_PTR - 1 + extra)]
        assert check("v=spf1 ptr -all", more={REVERSE: [*wrong, "PTR mail.example.com"]}).result is result


def test_names_of_the_client_are_looked_for_once() -> None:
    """Ptr and %{p} share what was found; only the first %{p} counts as a look-up of its own."""
    more: dict[str, Entry] = {REVERSE: ["PTR mail.example.com"], "mail.example.com.x.example": ["A 127.0.0.2"]}
    table = TableResolver(
        {**HOSTS, **more, "example.com": ["TXT v=spf1 -exists:%{p}.y.example -ptr:z.example exists:%{p}.x.example"]}
    )
    verdict = settle(check_mail_from(ip_address(CLIENT), "a@example.com", "x"), table.answer)
    assert (verdict.result, verdict.look_ups) == (SpfResult.PASS, 4)
    assert [question.type for question in table.asked].count(RecordType.PTR) == 1


def test_the_look_up_of_a_name_for_a_macro_counts() -> None:
    """RFC 7208 4.6.4: ten look-ups of which the first fills in %{p} are eleven."""
    options = SpfOptions(most_voids=99)
    assert check("v=spf1 " + "exists:%{p}.x.example " * 9 + "-all", options=options).look_ups == 10
    assert check("v=spf1 " + "exists:%{p}.x.example " * 10 + "-all", options=options).problem is SpfProblem.LOOK_UPS


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["PTR other.example.com"], "unknown"),
        (Kind.SERVFAIL, "unknown"),
        (["PTR z.example.net", "PTR mail.example.com"], "mail.example.com"),
        (["PTR z.example.net", "PTR mail.example.com", "PTR example.com"], "example.com"),
        (["PTR z.example.net"], "z.example.net"),
    ],
)
def test_the_name_of_a_client_is_one_of_the_domain_where_there_is_one(names: Entry, expected: str) -> None:
    """RFC 7208 7.3: the domain itself, else one below it, else any, else "unknown"."""
    more: dict[str, Entry] = {REVERSE: names, "z.example.net": [f"A {CLIENT}"], "exp.example.net": ["TXT %{p}"]}
    entry = ["TXT v=spf1 -all exp=exp.example.net", f"A {CLIENT}"]
    assert check(entry, more=more, options=SpfOptions(explain=True)).explanation == expected


# ------------------------------------------------------------------------------------------------------- explanations


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (["TXT %{i} may not send for %{d}."], "192.0.2.10 may not send for example.com."),
        (["TXT See %{r}, %{t}, %{c}"], "See mx.example.org, 86400, 192.0.2.10"),
        (['TXT "one " "text"'], "one text"),
        (["TXT one", "TXT two"], None),
        (["TXT 100%"], None),
        (["TXT \u00fc"], None),
        (["TXT a\tb"], None),
        (["A 192.0.2.1"], None),
        (Kind.TIMEOUT, None),
        (Kind.NXDOMAIN, None),
    ],
)
def test_a_fail_is_explained_where_asked_for(entry: Entry, expected: str | None) -> None:
    """RFC 7208 6.2: any fault in the explanation means that there is none; the result stays."""
    options = SpfOptions(explain=True, receiver="mx.example.org", seconds=86_400)
    verdict = check("v=spf1 exp=e.%{d} -all", more={"e.example.com": entry}, options=options)
    assert (verdict.result, verdict.explanation) == (SpfResult.FAIL, expected)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 -all", None),
        ("v=spf1 ~all exp=e.example.net", None),
        ("v=spf1 -include:pass.example.net exp=e.example.net", "e"),
        ("v=spf1 include:explained.example.net -all", None),
        ("v=spf1 include:explained.example.net -all exp=e.example.net", "e"),
        ("v=spf1 redirect=explained.example.net exp=e.example.net", "inner"),
        ("v=spf1 redirect=fail.example.net exp=e.example.net", None),
        ("v=spf1 -all exp=e..example.net", None),
    ],
)
def test_the_explanation_is_that_of_the_record_that_failed(record: str, expected: str | None) -> None:
    """RFC 7208 6.2: an include's is not used, a redirect's is, and the redirecting record's own is not."""
    more: dict[str, Entry] = {
        "e.example.net": ["TXT e"],
        "i.example.net": ["TXT inner"],
        "explained.example.net": ["TXT v=spf1 -all exp=i.example.net"],
    }
    assert check(record, more=more, options=SpfOptions(explain=True)).explanation == expected


def test_an_explanation_is_asked_for_only_where_wanted() -> None:
    """It costs a look-up."""
    table = TableResolver({"example.com": ["TXT v=spf1 -all exp=e.example.com"]})
    settle(check_mail_from(ip_address(CLIENT), "a@example.com", "x"), table.answer)
    assert len(table.asked) == 1


def test_an_explanation_carries_no_line_end_of_a_sender() -> None:
    """What macros bring along must not end a reply line."""
    options = SpfOptions(explain=True)
    more: dict[str, Entry] = {"e.example.com": ["TXT %{l} is wrong"]}
    assert (
        check("v=spf1 -all exp=e.example.com", more=more, options=options, sender="a\r\n250@example.com").explanation
        is None
    )


# -------------------------------------------------------------------------------------------------------------- trace


def test_the_trace_shows_what_was_evaluated() -> None:
    """Every record with the counts when it was reached, every term with what came of it, up to the one that decided."""
    more: dict[str, Entry] = {"inner.example.net": ["TXT v=spf1 a:gone.example.net a:%{h} -all"]}
    verdict = check("v=spf1 ip4:10.0.0.1 mx ~include:inner.example.net -all", more=more)
    root = verdict.node
    assert root is not None
    assert [(step.word, step.outcome, step.target, step.void) for step in root.steps] == [
        ("ip4:10.0.0.1", Outcome.NO_MATCH, "", False),
        ("mx", Outcome.NO_MATCH, "example.com", True),
        ("~include:inner.example.net", Outcome.MATCH, "inner.example.net", False),
    ]
    inner = root.steps[-1].node
    assert inner is not None
    assert (inner.domain, inner.look_ups, inner.voids, inner.result) == ("inner.example.net", 2, 1, SpfResult.PASS)
    assert [(step.word, step.outcome, step.target) for step in inner.steps] == [
        ("a:gone.example.net", Outcome.NO_MATCH, "gone.example.net"),
        ("a:%{h}", Outcome.MATCH, "mail.example.com"),
    ]
    assert inner.steps[1].answers[0].evidence == f"A mail.example.com: {CLIENT}"
    assert (verdict.result, verdict.look_ups, verdict.voids) == (SpfResult.SOFTFAIL, 4, 2)


def test_the_step_beyond_the_limit_is_in_the_trace() -> None:
    """It says which term was one too many."""
    root = check("v=spf1 " + "a:other.example.com " * 10 + "mx -all").node
    assert root is not None
    assert (root.steps[-1].word, root.steps[-1].problem) == ("mx", SpfProblem.LOOK_UPS)
    assert len(root.steps) == 11


async def test_a_resolver_serves_the_inquiry() -> None:
    """What settles over a table is answered by a Resolver too."""
    table = TableResolver({**HOSTS, "example.com": ["TXT v=spf1 mx a:mail.example.com -all"]})
    verdict = await ask(check_mail_from(ip_address(CLIENT), "a@example.com", "x"), table)
    assert verdict.result is SpfResult.PASS


def test_running_out_of_time_is_a_temperror() -> None:
    """RFC 7208 4.6.4."""
    assert (out_of_time().result, out_of_time().problem) == (SpfResult.TEMPERROR, SpfProblem.TIME)


# -------------------------------------------------------------------------------------------------------- pathological

WORDS = [
    *("a", "mx", "ptr", "a:x.example", "mx:x.example", "ptr:x.example", "a:%{h}/8//8", "ip4:192.0.2.0/24"),
    *("include:x.example", "include:y.example", "include:%{d}", "include:%{p}.x.example", "ip6:2001:db8::/32"),
    *("exists:%{ir}.%{l}.x.example", "exists:%{s2r}.x.example", "redirect=y.example", "exp=%{p}.x.example"),
    *("-all", "?all", "moo", "x=%{o}"),
]
NAMES = ["example.com", "x.example", "y.example"]
MOST_QUESTIONS = 1 + MOST_LOOK_UPS * (1 + MOST_MX) + 1 + MOST_PTR + 1

records = st.lists(st.sampled_from(WORDS), max_size=14).map(lambda words: " ".join(["v=spf1", *words]).encode())
txts = st.one_of(records, st.binary(max_size=40)).map(lambda octets: Txt((octets,)))
hosts = st.sampled_from(["x.example", "y.example", "", "a..b", "\u00fc", "z" * 300, "192.0.2.10"])
entries: st.SearchStrategy[Record] = st.one_of(
    txts,
    hosts,
    st.sampled_from(["192.0.2.10", "192.0.2.999", "2001:db8::10", "::", ""]),
    st.builds(Mx, st.integers(0, 3), hosts),
)
answers = st.builds(
    lambda kind, found: (kind, tuple(found) if kind is Kind.FOUND else ()),
    st.sampled_from([Kind.FOUND] * 5 + list(Kind)),
    st.lists(entries, max_size=14),
)


@given(
    st.dictionaries(st.tuples(st.sampled_from(NAMES), st.sampled_from(list(RecordType))), answers),
    records,
    st.sampled_from([CLIENT, CLIENT6, "::ffff:192.0.2.10"]),
    st.sampled_from(["a@example.com", "@example.com", "a\\b..\u00fc @example.com", "x" * 2_000 + "@example.com"]),
    st.text(max_size=20),
)
def test_any_answers_give_a_verdict_within_the_limits(
    table: dict[tuple[str, RecordType], tuple[Kind, tuple[Record, ...]]], record: bytes, ip: str, sender: str, helo: str
) -> None:
    """Records of the wrong type, loops, garbage: a verdict comes back, nothing is raised, questions are bounded."""
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        if question == Question("example.com", RecordType.TXT):
            return Answer(question, Kind.FOUND, (Txt((record,)),))
        kind, found = table.get((question.name, question.type), (Kind.NXDOMAIN, ()))
        return Answer(question, kind, found)

    verdict = settle(check_mail_from(ip_address(ip), sender, helo, SpfOptions(explain=True)), answer)
    assert verdict.result in SpfResult
    assert verdict.look_ups <= MOST_LOOK_UPS + 2
    assert verdict.voids <= MOST_VOIDS + 1
    assert len(asked) <= MOST_QUESTIONS


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("ten thousand strings", Txt((b"v=spf1 ", *[b"ip4:10.0.0.1 "] * 9_999, b"-all"))),
        ("a record of 64 kB", Txt((b"v=spf1" + b" a" * 32_000,))),
        ("a record as long as can be", Txt((b"v=spf1" + b" a" * 4_093,))),
        ("one macro after another", Txt((b"v=spf1 exists:" + b"%{s1r-+}" * 1_000,))),
        ("macros that differ", Txt((b"v=spf1 exists:" + b"".join(b"%%{s%dr}" % n for n in range(1, 900)),))),
        ("percent signs", Txt((b"v=spf1 exists:" + b"%" * 8_000 + b".x.example",))),
        ("slashes", Txt((b"v=spf1 a:" + b"/" * 8_000,))),
        ("digits", Txt((b"v=spf1 a/" + b"1" * 8_000,))),
        ("no strings", Txt(())),
        ("an empty string", Txt((b"",))),
    ],
)
def test_monstrous_records_are_only_records(name: str, record: Txt) -> None:
    """They cost little and give a verdict."""
    question = Question("example.com", RecordType.TXT)
    found = {question: Answer(question, Kind.FOUND, (record,))}
    inquiry = check_mail_from(ip_address(CLIENT), "x" * 5_000 + "@example.com", "y" * 5_000)
    verdict = settle(inquiry, lambda asked: found.get(asked) or Answer(asked, Kind.NXDOMAIN))
    assert verdict.result in SpfResult, name


def test_a_domain_with_thousands_of_txt_records_is_read() -> None:
    """The one record among 20,000 is found."""
    question = Question("example.com", RecordType.TXT)
    crowd = (*(Txt((b"verify=%d" % number,)) for number in range(20_000)), Txt((b"v=spf1 -all",)))
    inquiry = check_mail_from(ip_address(CLIENT), "a@example.com", "x")
    assert settle(inquiry, lambda _: Answer(question, Kind.FOUND, crowd)).result is SpfResult.FAIL
