"""Names: in the form that DNS is asked for, from texts and from addresses."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.dns.names import (
    NameFault,
    blocklist_name,
    check_name,
    is_ip_text,
    is_onion,
    plain_ip,
    reverse_name,
    to_question_name,
)

LABEL = "a" * 63
LONGEST = ".".join((LABEL, LABEL, LABEL, "a" * 61))

NAMES = [
    # Realistic.
    ("Example.COM", "example.com"),
    ("example.com.", "example.com"),
    ("_dmarc.example.com", "_dmarc.example.com"),
    ("müller.example", "xn--mller-kva.example"),
    ("MÜLLER.example", "xn--mller-kva.example"),
    ("faß.example", "xn--fa-hia.example"),
    ("例子.example", "xn--fsqu00a.example"),
    ("例子。example", "xn--fsqu00a.example"),
    ("_dmarc.müller.example", "_dmarc.xn--mller-kva.example"),
    ("xn--mller-kva.example", "xn--mller-kva.example"),
    # Synthetic: bounds exactly reached, and what SPF macros make.
    (LABEL, LABEL),
    (LONGEST, LONGEST),
    ("a+b=c.spf.example", "a+b=c.spf.example"),
]


@pytest.mark.parametrize(("text", "expected"), NAMES, ids=[text[:30] for text, _ in NAMES])
def test_names_take_the_form_of_questions(text: str, expected: str) -> None:
    """Lower case, A-labels, no dot at the end."""
    assert to_question_name(text) == expected


FAULTS = [
    ("", "empty"),
    (".", "empty"),
    ("..", "empty"),
    (".example.com", "empty"),
    ("a..example", "empty"),
    ("example.com..", "empty"),
    ("a b.example", "character"),
    (" example.com", "character"),
    ("a\x00.example", "character"),
    ("a\\.example", "character"),
    ("a\n.example", "character"),
    ("a" * 64, "long-label"),
    (LONGEST + "a", "long"),
    ("ü" * 2_000, "long"),
    ("ü" * 63, "long-label"),
    ("\u2603\u0301\u200d.example", "idna"),
    ("\ud800.example", "idna"),
]


@pytest.mark.parametrize(("text", "why"), FAULTS, ids=[f"{why}-{n}" for n, (_, why) in enumerate(FAULTS)])
def test_what_is_no_name_is_told(text: str, why: str) -> None:
    """Each fault has its word; the text is kept."""
    with pytest.raises(NameFault) as caught:
        to_question_name(text)
    # IDNA may find a label too long before the lengths are measured.
    assert caught.value.why == why or (why == "long-label" and caught.value.why == "idna")


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_a_fault(text: str) -> None:
    """What comes out can be asked for, and comes out of itself unchanged."""
    try:
        name = to_question_name(text)
    except NameFault:
        return
    check_name(name)
    assert to_question_name(name) == name


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.1", "1.2.0.192.in-addr.arpa"),
        ("::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa"),
        ("2001:db8::1", "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"),
        ("fe80::1%eth0", "1." + "0." * 28 + "8.e.f.ip6.arpa"),
    ],
)
def test_addresses_have_reverse_names(ip: str, expected: str) -> None:
    """Octets of IPv4, nibbles of IPv6; a mapped IPv4 address is itself."""
    assert reverse_name(ip_address(ip)) == expected


def test_blocklists_are_asked_backwards() -> None:
    """RFC 5782 2.1, 2.4: the address as in a reverse name, below the list's zone."""
    assert blocklist_name(ip_address("192.0.2.99"), "bl.Example") == "99.2.0.192.bl.example"
    assert blocklist_name(ip_address("2001:db8::1"), "bl.example") == "1." + "0." * 23 + "8.b.d.0.1.0.0.2.bl.example"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("192.0.2.1", True),
        ("0.0.2.1", True),
        ("256.0.2.1", False),
        ("192.0.2", False),
        ("mx.1.2.3", False),
        ("", False),
    ],
)
def test_addresses_in_place_of_names_are_seen(name: str, expected: bool) -> None:
    """Four numbers are no host name."""
    assert is_ip_text(name) is expected


def test_names_of_tor_are_seen() -> None:
    """RFC 7686 2: the domain and all below it."""
    assert [is_onion(name) for name in ("a.onion", "onion", "onion.example", "bunion")] == [True, True, False, False]


def test_a_plain_address_stays() -> None:
    """Only zone indexes and mappings go."""
    assert plain_ip(ip_address("2001:db8::1")) == ip_address("2001:db8::1")
    assert str(plain_ip(ip_address("fe80::1%eth0"))) == "fe80::1"
