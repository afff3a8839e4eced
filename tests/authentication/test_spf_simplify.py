"""SPF records mended: what is dropped, merged, flattened and moved, and that the same clients pass."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf import SpfOptions, check_mail_from
from mailwright.authentication.spf_record import parse_record
from mailwright.authentication.spf_simplify import (
    WISE_OCTETS,
    ChangeKind,
    SpfAdvice,
    SpfChange,
    SpfLimits,
    passing_networks,
    simplify,
)
from mailwright.authentication.spf_survey import survey
from mailwright.authentication.spf_verdict import SpfResult
from mailwright.dns.inquiry import settle
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

ZONE: dict[str, Entry] = {
    "mail.example.com": ["A 192.0.2.10"],
    "web.example.com": ["A 192.0.2.11"],
    "relay.mail.example": ["A 198.51.100.7", "AAAA 2001:db8:1::7"],
    "_spf.mail.example": ["TXT v=spf1 ip4:198.51.100.0/28 a:relay.mail.example ~all"],
    "wide.example": ["TXT v=spf1 include:_spf.mail.example include:net.example ~all"],
    "net.example": ["TXT v=spf1 ip4:203.0.113.0/26 ip4:203.0.113.64/26 -all"],
    "macro.example": ["TXT v=spf1 exists:%{i}.x.example ~all"],
    "picky.example": ["TXT v=spf1 -ip4:203.0.113.9 ip4:203.0.113.0/24 ~all"],
    "none.example": ["TXT hello"],
    "open.example": ["TXT v=spf1 +all"],
}


def advised(record: str, limits: SpfLimits | None = None, more: Mapping[str, Entry] | None = None) -> SpfAdvice:
    """Return the advice on example.com with ``record``."""
    table = TableResolver({**ZONE, **(more or {}), "example.com": [f"TXT {record}"]})
    return simplify(settle(survey("example.com"), table.answer), limits)


TIDIED = [
    (
        "v=spf1 mx:none.example a:mail.example.com -all",
        "v=spf1 a:mail.example.com -all",
        ChangeKind.VOID,
        ("mx:none.example",),
    ),
    ("v=spf1 a:gone.example -all", "v=spf1 -all", ChangeKind.VOID, ("a:gone.example",)),
    ("v=spf1 ptr -all", "v=spf1 -all", ChangeKind.PTR, ("ptr",)),
    ("v=spf1 -all a mx", "v=spf1 -all", ChangeKind.UNREACHABLE, ("a", "mx")),
    ("v=spf1 redirect=wide.example ~all", "v=spf1 ~all", ChangeKind.UNREACHABLE, ("redirect=wide.example",)),
    (
        "v=spf1 include:wide.example ~include:wide.example -all",
        "v=spf1 include:wide.example -all",
        ChangeKind.DUPLICATE,
        ("~include:wide.example",),
    ),
    ("v=spf1 include:none.example -all", "v=spf1 -all", ChangeKind.BROKEN, ("include:none.example",)),
    ("v=spf1 include:gone.example -all", "v=spf1 -all", ChangeKind.BROKEN, ("include:gone.example",)),
]


@pytest.mark.parametrize(("record", "expected", "kind", "dropped"), TIDIED, ids=[row[0] for row in TIDIED])
def test_what_has_no_effect_or_does_harm_goes(
    record: str, expected: str, kind: ChangeKind, dropped: tuple[str, ...]
) -> None:
    """Each with its reason; nothing else changes."""
    advice = advised(record)
    assert (str(advice.record), advice.changes) == (expected, (SpfChange(kind, dropped),))
    assert advice.fits


def test_a_record_without_fault_stays_as_it_is() -> None:
    """Also its order, and modifiers that are none of our business."""
    record = "v=spf1 a:mail.example.com ip4:192.0.2.77 include:wide.example ~all exp=e.example x=y"
    advice = advised(record)
    assert (str(advice.record), advice.changes, advice.parts, advice.stale) == (record, (), (), ())
    assert (advice.look_ups_before, advice.look_ups, advice.fits) == (5, 5, True)


def test_networks_that_touch_become_one() -> None:
    """Those that say the same and stand together, and only those."""
    advice = advised("v=spf1 ip4:192.0.2.0/25 mx:m.example ip4:192.0.2.128/25 ip4:192.0.2.5 ~ip4:192.0.2.0/24 -all",
                     more={"m.example": ["MX 10 mail.example.com"]})  # fmt: skip
    assert str(advice.record) == "v=spf1 ip4:192.0.2.0/24 mx:m.example ~ip4:192.0.2.0/24 -all"
    (change,) = advice.changes
    assert change == SpfChange(
        ChangeKind.MERGED, ("ip4:192.0.2.0/25", "ip4:192.0.2.128/25", "ip4:192.0.2.5"), ("ip4:192.0.2.0/24",)
    )


def test_only_as_much_is_flattened_as_is_needed() -> None:
    """The domain's own hosts first, since whoever runs it knows when they move."""
    record = "v=spf1 include:wide.example a:mail.example.com a:web.example.com include:macro.example ~all"
    advice = advised(record, SpfLimits(look_ups=7))
    assert str(advice.record) == (
        "v=spf1 include:wide.example ip4:192.0.2.10 a:web.example.com include:macro.example ~all"
    )
    assert advice.changes == (SpfChange(ChangeKind.FLATTENED, ("a:mail.example.com",), ("ip4:192.0.2.10",)),)
    assert advice.stale == ("mail.example.com",)
    assert (advice.look_ups_before, advice.look_ups, advice.fits) == (8, 7, True)


def test_includes_are_flattened_where_own_hosts_do_not_suffice() -> None:
    """With all that they lead to, networks merged; the names that go stale are told."""
    advice = advised("v=spf1 include:wide.example a:mail.example.com include:macro.example ~all", SpfLimits(look_ups=2))
    assert str(advice.record) == (
        "v=spf1 ip4:198.51.100.0/28 ip4:203.0.113.0/25 ip6:2001:db8:1::7 ip4:192.0.2.10 include:macro.example ~all"
    )
    assert advice.stale == ("wide.example", "mail.example.com")
    assert (advice.look_ups, advice.fits) == (2, True)


@pytest.mark.parametrize("name", ["macro.example", "picky.example", "open.example"])
def test_what_is_no_list_of_networks_is_not_flattened(name: str) -> None:
    """Macros, exceptions from what passes, and +all; the advice says that it does not fit."""
    advice = advised(f"v=spf1 include:{name} ~all", SpfLimits(look_ups=0))
    assert (str(advice.record), advice.fits, advice.changes) == (f"v=spf1 include:{name} ~all", False, ())


@pytest.mark.parametrize("word", ["a:half.example", "mx:half.example", "include:half.example"])
def test_what_is_known_by_halves_is_not_flattened(word: str) -> None:
    """Where DNS failed for some addresses, the others are not all."""
    half: list[str] = ["A 192.0.2.1", "AAAA TIMEOUT", "MX 10 half.example", "TXT v=spf1 a ~all"]
    advice = advised(f"v=spf1 {word} ~all", SpfLimits(look_ups=0), {"half.example": half})
    assert (str(advice.record), advice.fits) == (f"v=spf1 {word} ~all", False)


def test_the_networks_of_an_include_are_those_that_pass() -> None:
    """Nested ones too, and what all says about the others does not matter."""
    table = TableResolver({**ZONE, "example.com": ["TXT v=spf1 include:wide.example redirect=net.example"]})
    node = settle(survey("example.com"), table.answer).node
    assert [str(network) for network in passing_networks(node) or ()] == [
        "198.51.100.0/28",
        "198.51.100.7/32",
        "2001:db8:1::7/128",
        *["203.0.113.0/26", "203.0.113.64/26"] * 2,
    ]
    assert passing_networks(None) is None


@pytest.mark.parametrize("count", [30, 31, 32, 33, 200])
def test_networks_beyond_the_length_move_into_records_of_their_own(count: int) -> None:
    """Each record keeps to 450 octets, each part costs a look-up, and no network is lost."""
    words = [f"ip4:10.0.{number}.1" for number in range(count)]
    advice = advised(" ".join(["v=spf1", *words, "-all"]))
    texts = [str(advice.record), *(str(part) for _, part in advice.parts)]
    assert all(len(text) <= WISE_OCTETS for text in texts)
    assert (len(" ".join(["v=spf1", *words, "-all"])) <= WISE_OCTETS) == (not advice.parts)
    found = [word for text in texts for word in text.split() if word.startswith("ip4:")]
    assert sorted(found) == sorted(words)
    assert advice.look_ups == len(advice.parts)
    assert [name for name, _ in advice.parts] == [f"_spf{n}.example.com" for n in range(1, len(advice.parts) + 1)]
    assert all(f"include:{name}" in texts[0].split() for name, _ in advice.parts)
    assert [change.kind for change in advice.changes] == [ChangeKind.MOVED] * len(advice.parts)


def test_what_cannot_be_made_short_does_not_fit() -> None:
    """Long names stay, and the advice says so."""
    name = "x" * 60 + "." + "y" * 60 + ".example"
    record = "v=spf1 " + " ".join(f"exists:%{{i}}.n{number}.{name}" for number in range(5)) + " -all"
    advice = advised(record)
    assert (str(advice.record), advice.fits, advice.look_ups) == (record, False, 5)


def test_a_survey_that_is_not_complete_does_not_fit_for_sure() -> None:
    """What depends on the message may need any number of look-ups."""
    assert not advised("v=spf1 include:%{l}.example -all").fits


def test_no_record_cannot_be_simplified() -> None:
    """That is for the caller to see first."""
    with pytest.raises(ValueError, match="no-record"):
        simplify(settle(survey("example.com"), TableResolver({}).answer))


TERMS = [
    "a", "mx", "a:mail.example.com", "a:relay.mail.example/24", "mx:m.example", "include:wide.example", "ptr",
    "include:picky.example", "include:_spf.mail.example", "ip4:192.0.2.0/28", "ip4:198.51.100.0/29", "a:gone.example",
    "ip4:203.0.113.0/25", "ip4:203.0.113.128/25", "ip6:2001:db8::/32", "all", "redirect=net.example",
]  # fmt: skip
CLIENTS = [
    "192.0.2.10",
    "192.0.2.11",
    "198.51.100.7",
    "198.51.100.200",
    "203.0.113.9",
    "203.0.113.200",
    "2001:db8:1::7",
]
words = st.tuples(st.sampled_from(["", "-", "~", "?"]), st.sampled_from(TERMS)).map(
    lambda pair: pair[1] if "=" in pair[1] else "".join(pair)
)


@given(st.lists(words, max_size=12), st.sampled_from(CLIENTS), st.integers(0, 10), st.integers(60, 450))
def test_the_new_record_says_the_same(terms: list[str], client: str, look_ups: int, octets: int) -> None:
    """Whatever the record and the limits, every client gets the same result, unless the old one was a permerror."""
    if terms.count("redirect=net.example") > 1:
        return
    zone: dict[str, Entry] = {**ZONE, "m.example": ["MX 10 mail.example.com", "MX 20 relay.mail.example"]}
    old = {**zone, "example.com": ["TXT " + " ".join(["v=spf1", *terms]), "MX 10 web.example.com", "A 203.0.113.9"]}
    advice = simplify(settle(survey("example.com"), TableResolver(old).answer), SpfLimits(look_ups, octets))
    new = {
        **old,
        **{name: [f"TXT {part}"] for name, part in advice.parts},
        "example.com": [f"TXT {advice.record}", "MX 10 web.example.com", "A 203.0.113.9"],
    }
    assert parse_record(str(advice.record)) == advice.record
    options = SpfOptions(most_voids=99)
    results = [
        settle(check_mail_from(ip_address(client), "a@example.com", "x", options), TableResolver(table).answer).result
        for table in (old, new)
    ]
    if SpfResult.PERMERROR not in results:
        assert results[0] is results[1]
    if advice.fits:
        assert results[1] is not SpfResult.PERMERROR
        assert advice.look_ups <= look_ups
