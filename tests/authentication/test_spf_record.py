"""The grammar of SPF records."""

from __future__ import annotations

import pickle
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf_macros import WHY, SpfSyntaxFault, parse_macro_string
from mailwright.authentication.spf_record import LONGEST_RECORD, LONGEST_REMEMBERED, is_record, parse_record
from mailwright.authentication.spf_terms import (
    A,
    All,
    Exists,
    Exp,
    Include,
    Ip4,
    Ip6,
    Mx,
    Ptr,
    Qualifier,
    Redirect,
    SpfRecord,
    Term,
    UnknownModifier,
)

PASS, FAIL, SOFTFAIL, NEUTRAL = Qualifier.PASS, Qualifier.FAIL, Qualifier.SOFTFAIL, Qualifier.NEUTRAL


TERMS = [
    ("all", All(PASS)),
    ("+all", All(PASS)),
    ("-ALL", All(FAIL)),
    ("~All", All(SOFTFAIL)),
    ("?all", All(NEUTRAL)),
    ("a", A(PASS)),
    ("-a", A(FAIL)),
    ("a:mail.example.com", A(PASS, parse_macro_string("mail.example.com"))),
    ("A:Mail.Example.com.", A(PASS, parse_macro_string("Mail.Example.com."))),
    ("a/24", A(PASS, None, 24)),
    ("a//64", A(PASS, None, 32, 64)),
    ("a/0//0", A(PASS, None, 0, 0)),
    ("a/32//128", A(PASS)),
    ("a:%{d}/24//64", A(PASS, parse_macro_string("%{d}"), 24, 64)),
    ("a:foo:bar/baz.example.com", A(PASS, parse_macro_string("foo:bar/baz.example.com"))),
    ("a:foo/24.example.com/25", A(PASS, parse_macro_string("foo/24.example.com"), 25)),
    ("a:x%%", A(PASS, parse_macro_string("x%%"))),
    ("mx", Mx(PASS)),
    ("?mx:example.com/16", Mx(NEUTRAL, parse_macro_string("example.com"), 16)),
    ("ptr", Ptr(PASS)),
    ("ptr:example.com", Ptr(PASS, parse_macro_string("example.com"))),
    ("ip4:192.0.2.1", Ip4(PASS, IPv4Network("192.0.2.1/32"))),
    ("ip4:192.0.2.77/24", Ip4(PASS, IPv4Network("192.0.2.0/24"))),
    ("IP4:0.0.0.0/0", Ip4(PASS, IPv4Network("0.0.0.0/0"))),
    ("-ip6:2001:DB8::/32", Ip6(FAIL, IPv6Network("2001:db8::/32"))),
    ("ip6:::1", Ip6(PASS, IPv6Network("::1/128"))),
    ("ip6:::ffff:192.0.2.1/0", Ip6(PASS, IPv6Network("::/0"))),
    ("include:_spf.example.com", Include(PASS, parse_macro_string("_spf.example.com"))),
    ("exists:%{ir}.%{l1r-}._x.%{d2}", Exists(PASS, parse_macro_string("%{ir}.%{l1r-}._x.%{d2}"))),
    ("redirect=_spf.example.com", Redirect(parse_macro_string("_spf.example.com"))),
    ("Redirect=%{d}", Redirect(parse_macro_string("%{d}"))),
    ("exp=explain._spf.%{d}", Exp(parse_macro_string("explain._spf.%{d}"))),
    ("moo.cow-far_out=man:dog/cat", UnknownModifier("moo.cow-far_out", parse_macro_string("man:dog/cat"))),
    ("default=", UnknownModifier("default", parse_macro_string(""))),
    ("x=%{c}", UnknownModifier("x", parse_macro_string("%{c}", explanation=True))),
    ("a=b", UnknownModifier("a", parse_macro_string("b"))),
    ("a:a-b.x--y", A(PASS, parse_macro_string("a-b.x--y"))),
    ("a:example.xn--zckzah", A(PASS, parse_macro_string("example.xn--zckzah"))),
]


@pytest.mark.parametrize(("word", "term"), TERMS, ids=[word for word, _ in TERMS])
def test_a_term_is_read_and_written(word: str, term: Term) -> None:
    """Each term becomes its value, and the value's text becomes the same value again."""
    record = parse_record(f"v=spf1 {word}")
    assert record == SpfRecord((term,))
    assert record.words == (word,)
    assert parse_record(str(record)) == record


FAULTS = [
    # The version (RFC 7208 4.5).
    ("", 0, "version"),
    ("v=spf", 0, "version"),
    ("v=spf10", 0, "version"),
    ("v=spf1all", 0, "version"),
    (" v=spf1", 0, "version"),
    ("v=spf1\tall", 0, "version"),
    ("v=spf2.0/mfrom all", 0, "version"),
    # Mechanisms and modifiers (4.6.1): names, and what stands after them.
    ("v=spf1 -all moo", 12, "mechanism"),
    ("v=spf1 al", 7, "mechanism"),
    ("v=spf1 +", 8, "mechanism"),
    ("v=spf1 --all", 8, "mechanism"),
    ("v=spf1 :x", 7, "mechanism"),
    ("v=spf1 redirect:example.com", 7, "mechanism"),
    ("v=spf1 all.", 7, "mechanism"),
    ("v=spf1 all:x", 10, "argument"),
    ("v=spf1 all/8", 10, "argument"),
    ("v=spf1 =all", 7, "modifier"),
    ("v=spf1 1up=x", 7, "modifier"),
    ("v=spf1 -redirect=x.y", 7, "modifier"),
    ("v=spf1 a_\u00e9=x", 7, "modifier"),
    ("v=spf1 moo=%abc", 11, "macro"),
    # Domains (7.1).
    ("v=spf1 include", 14, "empty"),
    ("v=spf1 include:", 15, "empty"),
    ("v=spf1 a:", 9, "empty"),
    ("v=spf1 ptr:", 11, "empty"),
    ("v=spf1 exists", 13, "empty"),
    ("v=spf1 redirect=", 16, "empty"),
    ("v=spf1 exp=", 11, "empty"),
    ("v=spf1 include/24", 14, "domain"),
    ("v=spf1 include:x.example/24", 15, "domain"),
    ("v=spf1 ptr/0", 10, "domain"),
    ("v=spf1 a:museum", 9, "domain"),
    ("v=spf1 a:museum.", 9, "domain"),
    ("v=spf1 a:x.example..", 9, "domain"),
    ("v=spf1 a:x.example:8080", 9, "domain"),
    ("v=spf1 a:192.0.2.1", 9, "domain"),
    ("v=spf1 a:example.-com", 9, "domain"),
    ("v=spf1 a:example.com-", 9, "domain"),
    ("v=spf1 a:x_y.c_m", 9, "domain"),
    ("v=spf1 a:x%%_", 9, "domain"),
    ("v=spf1 a/24/64", 12, "prefix"),
    ("v=spf1 a/", 8, "domain"),
    ("v=spf1 a:x.example/24x", 9, "domain"),
    ("v=spf1 exp=%{r}.example", 11, "letter"),
    ("v=spf1 a:x.example\x00", 18, "character"),
    ("v=spf1 a:x\u00e9.example", 10, "character"),
    ("v=spf1 a\tmx", 7, "mechanism"),
    # Prefixes and addresses (5.6).
    ("v=spf1 a/33", 9, "prefix"),
    ("v=spf1 a//129", 10, "prefix"),
    ("v=spf1 a/024", 9, "prefix"),
    ("v=spf1 a/" + "9" * 5_000, 9, "prefix"),
    ("v=spf1 ip4:192.0.2.1/33", 21, "prefix"),
    ("v=spf1 ip4:192.0.2.1/00", 21, "prefix"),
    ("v=spf1 ip6:::1/129", 15, "prefix"),
    ("v=spf1 ip4", 10, "empty"),
    ("v=spf1 ip4:", 10, "empty"),
    ("v=spf1 ip4/24", 10, "empty"),
    ("v=spf1 ip4:192.0.2", 11, "address"),
    ("v=spf1 ip4:192.0.2.01", 11, "address"),
    ("v=spf1 ip4:192.0.2.256", 11, "address"),
    ("v=spf1 ip4:192.0.2.1:25", 11, "address"),
    ("v=spf1 ip4:192.0.2.1//32", 11, "address"),
    ("v=spf1 ip4:::1", 11, "address"),
    ("v=spf1 ip4:192.0.2.1\n", 10, "character"),
    ("v=spf1 ip6:192.0.2.1", 11, "address"),
    ("v=spf1 ip6::1::2", 11, "address"),
    ("v=spf1 ip6:fe80::1%eth0", 11, "address"),
    # Modifiers that may stand once (6).
    ("v=spf1 redirect=a.b redirect=a.b", 20, "duplicate"),
    ("v=spf1 exp=a.b -all EXP=c.d", 20, "duplicate"),
]


@pytest.mark.parametrize(("text", "place", "why"), FAULTS, ids=[text[:40] for text, _, _ in FAULTS])
def test_what_breaks_the_grammar_is_refused(text: str, place: int, why: str) -> None:
    """RFC 7208 4.6: a syntax error anywhere in the record is found, and named with its place."""
    with pytest.raises(SpfSyntaxFault) as raised:
        parse_record(text)
    assert (raised.value.place, raised.value.why) == (place, why)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v=spf1", ()),
        ("V=SPF1 ", ()),
        ("v=spf1   a  -all   ", ("a", "-all")),
        ("v=spf1 x=1 X=2 x=1", ("x=1", "X=2", "x=1")),
    ],
)
def test_spaces_and_repeated_unknown_modifiers_do_no_harm(text: str, words: tuple[str, ...]) -> None:
    """RFC 7208 12: terms = *( 1*SP term ), record = version terms *SP; only redirect and exp stand once."""
    assert parse_record(text).words == words


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("v=spf1 a -all mx ip4:192.0.2.1", ["a", "-all"]),
        ("v=spf1 redirect=x.example a", ["a", "redirect=x.example"]),
        ("v=spf1 redirect=x.example ?all", ["?all"]),
        ("v=spf1 ?all redirect=x.example", ["?all"]),
        ("v=spf1 exp=x.example y=z a", ["a"]),
        ("v=spf1", []),
    ],
)
def test_what_counts_is_what_can_be_reached(text: str, reached: list[str]) -> None:
    """RFC 7208 5.1, 6.1: nothing behind all counts, and no redirect beside it; modifiers count wherever they stand."""
    assert [word for _, word in parse_record(text).reached] == reached


def test_a_made_record_knows_its_terms() -> None:
    """A record that was not read has its own text for words."""
    record = SpfRecord((Mx(PASS), All(SOFTFAIL)))
    assert [word for _, word in record.reached] == ["mx", "~all"]
    assert str(record) == "v=spf1 mx ~all"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"v=spf1", True),
        (b"V=sPf1 -all", True),
        (b"v=spf1 \xff", True),
        (b"v=spf1\x00", False),
        (b"v=spf10", False),
        (b"v=spf1mx", False),
        (b" v=spf1 -all", False),
        (b"v=spf", False),
        (b"", False),
    ],
)
def test_a_record_is_known_by_its_version(octets: bytes, expected: bool) -> None:
    """RFC 7208 4.5: exactly "v=spf1", ended by a space or the end."""
    assert is_record(octets) is expected


def test_a_record_of_the_greatest_length_is_read_and_one_longer_is_not() -> None:
    """8,192 characters; also around the length up to which records are remembered."""
    for length in (LONGEST_REMEMBERED, LONGEST_REMEMBERED + 1, LONGEST_RECORD):
        assert len(parse_record("v=spf1" + " " * (length - 6)).terms) == 0
        assert len(parse_record(("v=spf1" + " a" * length)[:length].rstrip()).terms) > 400
    with pytest.raises(SpfSyntaxFault, match=WHY["long"]):
        parse_record("v=spf1" + " " * (LONGEST_RECORD - 5))


def test_a_fault_can_be_handed_to_another_process() -> None:
    """It keeps place and reason when it is pickled."""
    fault = pickle.loads(pickle.dumps(SpfSyntaxFault(7, "domain")))  # noqa: S301 - our own
    assert (fault.place, fault.why, str(fault)) == (7, "domain", str(SpfSyntaxFault(7, "domain")))


QUALIFIERS = st.sampled_from(["", "+", "-", "~", "?"])
WORDS = st.builds("".join, st.tuples(QUALIFIERS, st.sampled_from([word.lstrip("+-~?") for word, _ in TERMS])))


@given(st.lists(WORDS.filter(lambda word: "=" not in word), max_size=20))
def test_writing_and_reading_are_a_pair(words: list[str]) -> None:
    """Whatever was read is read the same from its own text, which is then stable."""
    record = parse_record(" ".join(("v=spf1", *words)))
    assert parse_record(str(record)) == record
    assert str(parse_record(str(record))) == str(record)


@given(st.text(alphabet=st.sampled_from("aimxptrcludes46loghv:/=.%{}-+~?019 \t\u00e9\x00"), max_size=60))
def test_reading_raises_only_its_fault(text: str) -> None:
    """Whatever stands after the version, it is read or refused at a place inside it."""
    fault = fault_of(f"v=spf1 {text}")
    assert fault is None or (0 <= fault.place <= len(text) + 7 and fault.why in WHY)


def fault_of(text: str) -> SpfSyntaxFault | None:
    """Return what is wrong with ``text``; None where it is a record."""
    try:
        parse_record(text)
    except SpfSyntaxFault as fault:
        return fault
    return None
