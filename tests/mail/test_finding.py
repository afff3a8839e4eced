"""Mail addresses in a text: where they begin and end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.finding import LONGEST_DOMAIN, clean_address, domain_of, find_addresses

TEXTS = [
    # Realistic.
    ("<anna@example.com>: User unknown", ["anna@example.com"]),
    ("anna@example.com, leo@example.net", ["anna@example.com", "leo@example.net"]),
    ("The address anna@example.com.", ["anna@example.com"]),
    ("(anna.b+list@sub.example.co.uk)", ["anna.b+list@sub.example.co.uk"]),
    ("mailto:anna@example.com?subject=x", ["anna@example.com"]),
    ("bounce-1-anna=example.com@lists.example.org", ["bounce-1-anna=example.com@lists.example.org"]),
    ("'anna@example.com'", ["anna@example.com"]),
    ("RCPT TO:<anna@example.com>", ["anna@example.com"]),
    ('"anna b"@example.com', ['"anna b"@example.com']),
    ("anna@[192.0.2.1] refused", ["anna@[192.0.2.1]"]),
    ("*anna@example.com*", ["anna@example.com"]),
    # Realistic: other scripts (RFC 6531), and sentences without spaces around an address.
    ("jürgen@müller.example", ["jürgen@müller.example"]),
    ("用户@例子.example", ["用户@例子.example"]),
    ("您发送到anna@example.com的邮件被退回", ["anna@example.com"]),
    ("anna@example.comへのメール", ["anna@example.com"]),
    ("anna@example.com님에게", ["anna@example.com"]),
    # Synthetic: no address.
    ("no address", []),
    ("@example.com", []),
    ("anna@", []),
    ("anna @ example.com", []),
    ("meet us @ noon", []),
    ("<@#[]>", []),
    # Pathological.
    ("", []),
    ("@" * 100, []),
    ("anna@[" + "x" * 100, []),
    ("..anna@example.com..", ["anna@example.com"]),
    ('"@example.com', []),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_addresses_are_cut_out_of_a_text(text: str, expected: list[str]) -> None:
    """Brackets, quotes and full stops are not part of an address; other scripts may be."""
    assert [found.address for found in find_addresses(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<anna@example.com>", "anna@example.com"),
        ("rfc822;anna@example.com", "anna@example.com"),
        ("RFC822; <anna@example.com>", "anna@example.com"),
        (" anna@example.com. ", "anna@example.com"),
        ("Anna <anna@example.com>", "anna@example.com"),
        ("<anna>", "anna"),
        ("", ""),
    ],
)
def test_an_address_is_freed_of_what_reports_put_around_it(text: str, expected: str) -> None:
    """Types, brackets and names go; what has no domain stays as it is."""
    assert clean_address(text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("anna@Example.COM", "example.com"),
        ("a@b@example.com", "example.com"),
        ("anna", None),
        ("anna@", None),
        ("", None),
    ],
)
def test_the_domain_is_what_stands_behind_the_last_at(address: str, expected: str | None) -> None:
    """Domains are compared in lower case; an address may have none."""
    assert domain_of(address) == expected


def test_no_more_addresses_are_returned_than_asked_for() -> None:
    """A text full of addresses costs what the caller allows."""
    assert len(find_addresses("a@example.com " * 500, most=3)) == 3


def test_a_domain_is_cut_at_the_length_that_the_standard_allows() -> None:
    """RFC 5321 4.5.3.1.2: 255 octets."""
    found = find_addresses("anna@" + "a" * 1000)
    assert [len(place.address) for place in found] == [len("anna@") + LONGEST_DOMAIN]


@given(st.text(alphabet=st.sampled_from("ab@.\"'[]<> ;\u00e9\u4e2d\u0000"), max_size=60))
def test_places_are_in_order_and_hold_what_they_say(text: str) -> None:
    """Whatever the text, an address is a piece of it, and no two of them overlap."""
    found = find_addresses(text)
    assert [text[place.begin : place.end] for place in found] == [place.address for place in found]
    assert all(one.end <= other.begin for one, other in pairwise(found))


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,20}([.+_-][a-z0-9]{1,10}){0,2}@([a-z0-9]{1,20}\.){1,3}[a-z]{2,10}", fullmatch=True)
)
def test_an_address_alone_is_found_whole(address: str) -> None:
    """Cleaning and finding leave a plain address as it is."""
    assert clean_address(f"<{address}>") == address
    assert [found.address for found in find_addresses(f"to {address}: no")] == [address]
