"""Report addresses: URIs in rua= and ruf=."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.report_uri import (
    LONGEST_URI,
    MOST_URIS,
    UriFault,
    UriTrouble,
    mailto,
    parse_report_uri,
    parse_uri_list,
)
from mailwright.mail.address import Address

READ = [
    # Realistic.
    ("mailto:dmarc@example.com", "mailto", "example.com", "dmarc@example.com", None),
    ("MAILTO:dmarc@Example.COM", "mailto", "example.com", "dmarc@Example.COM", None),
    ("mailto:a%21b@example.com", "mailto", "example.com", "a!b@example.com", None),
    ("mailto:dmarc@example.com?subject=x", "mailto", "example.com", "dmarc@example.com", None),
    ("https://reports.example.net:8443/v1?d=1", "https", "reports.example.net", None, None),
    ("https://user@reports.example.net/x", "https", "reports.example.net", None, None),
    # Realistic: RFC 7489's sizes, powers of two.
    ("mailto:dmarc@example.com!10m", "mailto", "example.com", "dmarc@example.com", 10 << 20),
    ("mailto:dmarc@example.com!512", "mailto", "example.com", "dmarc@example.com", 512),
    ("mailto:dmarc@example.com!1K", "mailto", "example.com", "dmarc@example.com", 1024),
    ("mailto:dmarc@example.com!2t", "mailto", "example.com", "dmarc@example.com", 2 << 40),
    # Synthetic: schemes that nobody sends to are URIs all the same.
    ("urn:example:1", "urn", "", None, None),
    ("tel:+1-201-555-0123", "tel", "", None, None),
]


@pytest.mark.parametrize(("text", "scheme", "host", "address", "size"), READ)
def test_an_address_is_read(text: str, scheme: str, host: str, address: str | None, size: int | None) -> None:
    """Scheme and host in lower case, the mail address decoded, the size in octets."""
    uri = parse_report_uri(text)
    assert (uri.scheme, uri.host, uri.address, uri.size_limit) == (scheme, host, address, size)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", UriTrouble.EMPTY),
        (" \t", UriTrouble.EMPTY),
        ("dmarc@example.com", UriTrouble.SCHEME),
        (":x", UriTrouble.SCHEME),
        ("1a:x", UriTrouble.SCHEME),
        ("mailto:", UriTrouble.ADDRESS),
        ("mailto:dmarc", UriTrouble.ADDRESS),
        ("mailto:postmaster", UriTrouble.ADDRESS),
        ("mailto:a@b@example.com", UriTrouble.ADDRESS),
        ("mailto:a%0Ab@example.com", UriTrouble.ADDRESS),
        ("mailto:a%zz@example.com", UriTrouble.CHARACTER),
        ("mailto:a%4", UriTrouble.CHARACTER),
        ("mailto:a b@example.com", UriTrouble.CHARACTER),
        ("mailto:ä@example.com", UriTrouble.CHARACTER),
        ("mailto:a!b@example.com", UriTrouble.SIZE),
        ("mailto:a@example.com!", UriTrouble.SIZE),
        ("mailto:a@example.com!10x", UriTrouble.SIZE),
        ("mailto:a@example.com!m", UriTrouble.SIZE),
        ("mailto:a@example.com!99999999999", UriTrouble.SIZE),
        ("https:reports", UriTrouble.HOST),
        ("https:///x", UriTrouble.HOST),
        ("https://[::1", UriTrouble.HOST),
        ("mailto:" + "a" * LONGEST_URI, UriTrouble.LONG),
    ],
)
def test_what_is_no_address_is_refused(text: str, why: UriTrouble) -> None:
    """RFC 9989 4.8 MUST: commas and exclamation points are encoded; the fault says what is wrong."""
    with pytest.raises(UriFault) as caught:
        parse_report_uri(text)
    assert caught.value.why is why


def test_a_list_keeps_what_can_be_read() -> None:
    """One broken address costs itself only."""
    found, faults = parse_uri_list("mailto:a@example.com, b@example.com ,https://x.example/r")
    assert [uri.uri for uri in found] == ["mailto:a@example.com", "https://x.example/r"]
    assert [fault.why for fault in faults] == [UriTrouble.SCHEME]


def test_a_list_is_read_up_to_its_bound() -> None:
    """A record cannot make a reporter write to more than MOST_URIS."""
    text = ",".join(f"mailto:a{number}@example.com" for number in range(MOST_URIS + 5))
    found, faults = parse_uri_list(text)
    assert (len(found), len(faults)) == (MOST_URIS, 0)


@pytest.mark.parametrize(
    "address", ["a@example.com", "a!b@example.com", '"a,b"@example.com', '"a b"@example.com', "jürgen@example.com"]
)
def test_a_mailbox_becomes_an_address_and_back(address: str) -> None:
    """What a URI cannot hold is encoded, and decoded again."""
    assert parse_report_uri(mailto(Address.parse(address)).uri).address == address


@given(st.text(max_size=60) | st.text(alphabet="mailto:@!%,.ab1k/?[]", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but UriFault comes out, and what is read reads the same again."""
    try:
        uri = parse_report_uri(text)
    except UriFault:
        return
    assert parse_report_uri(uri.uri) == uri._replace(size_limit=None)
    assert isinstance(uri.host, str)
