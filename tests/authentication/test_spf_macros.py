"""Macros of SPF: what they are made of, and what they become."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf_macros import (
    EXPLANATION_LETTERS,
    LETTERS,
    WHY,
    MacroString,
    MacroValues,
    SpfSyntaxFault,
    expand,
    expand_name,
    parse_macro_string,
    shortened,
)
from mailwright.dns.names import LONGEST_NAME

#: The message of RFC 7208 7.4.
VALUES = MacroValues(
    IPv4Address("192.0.2.3"),
    "strong-bad",
    "email.example.com",
    "email.example.com",
    "mail.example.com",
    "mx.example.org",
    "receiver.example",
    1_700_000_000,
)
OVER_IPV6 = VALUES._replace(ip=IPv6Address("2001:db8::cb01"))


def expanded(text: str, values: MacroValues = VALUES, *, explanation: bool = False) -> str:
    """Return ``text`` filled in."""
    return expand(parse_macro_string(text, explanation=explanation), values, 10_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The table of RFC 7208 7.4.
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        # The other letters, and the three escapes.
        ("%{h}|%{p}|%{i}", "mail.example.com|mx.example.org|192.0.2.3"),
        ("%%%_%-", "% %20"),
        # Letters and the r are read in either case; upper case escapes for URLs.
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{DR}", "com.example.email"),
        # More parts than there are; leading zeros; more digits than a machine's number has.
        ("%{d127}", "email.example.com"),
        ("%{d002}", "example.com"),
        ("%{d" + "9" * 5_000 + "}", "email.example.com"),
        # Several delimiters.
        ("%{s@}", None),
        ("%{s.-}", "strong.bad@email.example.com"),
        ("", ""),
    ],
)
def test_macros_become_what_the_standard_says(text: str, expected: str | None) -> None:
    """RFC 7208 7.4 gives the results; "@" is no delimiter."""
    if expected is None:
        with pytest.raises(SpfSyntaxFault):
            parse_macro_string(text)
    else:
        assert expanded(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%{i}", "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1"),
        ("%{ir}.%{v}", "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6"),
    ],
)
def test_addresses_of_ipv6_are_nibbles(text: str, expected: str) -> None:
    """RFC 7208 7.3: dot-separated, all 32 of them."""
    assert expanded(text, OVER_IPV6) == expected


def test_an_explanation_has_three_more_letters_and_spaces() -> None:
    """RFC 7208 7.2: c, r and t are allowed only in an explanation."""
    assert expanded("%{c} to %{r} at %{t}", explanation=True) == "192.0.2.3 to receiver.example at 1700000000"
    assert expanded("%{c}", OVER_IPV6, explanation=True) == "2001:db8::cb01"


@pytest.mark.parametrize("letter", sorted(EXPLANATION_LETTERS - LETTERS))
def test_letters_of_explanations_stand_nowhere_else(letter: str) -> None:
    """RFC 7208 7.2, in either case."""
    for spelling in (letter, letter.upper()):
        with pytest.raises(SpfSyntaxFault, match=WHY["letter"]):
            parse_macro_string(f"%{{{spelling}}}")


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("%", 0, "macro"),
        ("a%", 1, "macro"),
        ("%a", 0, "macro"),
        ("ab%(ir)", 2, "macro"),
        ("%{", 0, "macro"),
        ("%{}", 0, "macro"),
        ("%{d", 0, "macro"),
        ("%{x}", 0, "letter"),
        ("%{dd}", 0, "macro"),
        ("%{d2r2}", 0, "macro"),
        ("%{dr2}", 0, "macro"),
        ("%{d0}", 0, "zero"),
        ("%{d000r}", 0, "zero"),
        ("%{d-2}", 0, "macro"),
        ("%{d\u0662}", 0, "macro"),
        ("a b", 1, "character"),
        ("a\tb", 1, "character"),
        ("a\x00", 1, "character"),
        ("a\x7f", 1, "character"),
        ("%{d}\u00e9", 4, "character"),
        ("%{d}.a b", 6, "character"),
    ],
)
def test_a_fault_says_where_and_why(text: str, place: int, why: str) -> None:
    """Whatever breaks the grammar of RFC 7208 7.1 is named with its place."""
    with pytest.raises(SpfSyntaxFault) as raised:
        parse_macro_string(text, 100)
    assert (raised.value.place, raised.value.why) == (100 + place, why)
    assert WHY[why] in str(raised.value)


@pytest.mark.parametrize("length", [LONGEST_NAME - 1, LONGEST_NAME, LONGEST_NAME + 1, 400])
def test_a_long_name_loses_labels_at_the_left(length: int) -> None:
    """RFC 7208 7.3: successive labels go until 253 characters are left; what fits stays whole."""
    name = ("abcdefghi." * 50)[-length:].removesuffix(".") + "x" * (length % 10 == 0)
    found = shortened(name)
    assert name.endswith(found)
    assert len(found) <= LONGEST_NAME
    dropped = name[: len(name) - len(found)]
    assert dropped == "" if len(name) <= LONGEST_NAME else dropped.endswith(".")
    last_dropped = dropped.removesuffix(".").rpartition(".")[2]
    assert not dropped or len(last_dropped) + 1 + len(found) > LONGEST_NAME


def test_a_label_goes_only_where_it_does_not_fit() -> None:
    """What ends in 253 characters after a dot keeps all of them; one label that is too long leaves nothing."""
    fits = ".".join(["x" * 63] * 3 + ["y" * 61])
    assert len(fits) == LONGEST_NAME
    assert shortened(f"a.{fits}") == fits
    assert shortened(f"a{fits}") == fits.partition(".")[2]
    assert shortened("x" * (LONGEST_NAME + 1)) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM.", "example.com"),
        ("example.com", "example.com"),
        ("%{d}.", "email.example.com"),
        ("%{l}.%{d}", "strong-bad.email.example.com"),
        ("a%%b.%{d1}", "a%b.com"),
    ],
)
def test_a_name_is_in_lower_case_without_its_last_dot(text: str, expected: str) -> None:
    """So that it can be asked for, and compared."""
    assert expand_name(parse_macro_string(text), VALUES) == expected


def test_filling_in_ends_where_enough_is_there() -> None:
    """Thousands of macros in one name or explanation cost no more than what can be kept."""
    many = parse_macro_string("%{s}." * 10_000 + "%{d}")
    long_sender = VALUES._replace(local_part="x" * 1_000)
    assert len(expand(many, long_sender, 500)) == 500
    assert expand_name(many, VALUES).endswith(".strong-bad@email.example.com.email.example.com")


@pytest.mark.parametrize("part", ["", ".", "a..b", "\u00fc", "\ud800", "%", "a" * 300])
def test_any_value_can_be_filled_in(part: str) -> None:
    """Senders and HELO names hold what clients like."""
    values = VALUES._replace(local_part=part, helo=part)
    for text in ("%{l}", "%{L}", "%{h2r-+}", "%{S1R=}"):
        assert isinstance(expanded(text, values), str)
        assert len(expand_name(parse_macro_string(text), values)) <= LONGEST_NAME


@given(st.text(alphabet=st.sampled_from("%{}slodiphvcrtSR0129.-+,/_= a\u00e9\x00"), max_size=40), st.booleans())
def test_reading_raises_only_its_fault(text: str, explanation: bool) -> None:
    """Whatever the text, it is read or refused; what was read can be filled in, and keeps its text."""
    read = read_or_fault(text, explanation=explanation)
    if isinstance(read, SpfSyntaxFault):
        assert 0 <= read.place < max(1, len(text))
        assert read.why in WHY
    else:
        assert str(read) == text
        assert len(expand(read, VALUES, 50)) <= 50
        assert len(expand_name(read, VALUES)) <= LONGEST_NAME


def read_or_fault(text: str, *, explanation: bool) -> MacroString | SpfSyntaxFault:
    """Return ``text`` as it was read, or what is wrong with it."""
    try:
        return parse_macro_string(text, explanation=explanation)
    except SpfSyntaxFault as fault:
        return fault


@given(st.lists(st.sampled_from(["%{l}", "%{d2}", "%{ir}", "%%", "%_", "x", ".", "example"]), max_size=60))
def test_names_are_the_end_of_the_whole(parts: list[str]) -> None:
    """Filling in from the right gives the same name as filling in all of it and dropping labels then."""
    string = parse_macro_string("".join(parts))
    assert isinstance(string, MacroString)
    assert expand_name(string, VALUES) == shortened(expand(string, VALUES, 100_000))
