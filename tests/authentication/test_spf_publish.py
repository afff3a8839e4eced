"""SPF records made from a description."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf_macros import SpfSyntaxFault
from mailwright.authentication.spf_publish import (
    LONGEST_STRING,
    SpfDescription,
    build_record,
    collapsed,
    record_strings,
)
from mailwright.authentication.spf_record import parse_record
from mailwright.authentication.spf_terms import Qualifier


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (SpfDescription(policy=Qualifier.FAIL), "v=spf1 -all"),
        (SpfDescription(mail_exchangers=True), "v=spf1 mx ~all"),
        (
            SpfDescription(
                (IPv4Network("192.0.2.0/25"), IPv6Network("2001:db8::/32"), IPv4Network("192.0.2.128/25")),
                ("m.example.com", "m.example.com"),
                mail_exchangers=True,
                includes=("_y.example", "x.example"),
            ),
            "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 mx a:m.example.com include:_y.example include:x.example ~all",
        ),
    ],
)
def test_a_description_becomes_a_record(description: SpfDescription, expected: str) -> None:
    """What needs no look-ups stands first, nothing twice, and the record is read as it was meant."""
    record = build_record(description)
    assert str(record) == expected
    assert parse_record(expected) == record


@pytest.mark.parametrize("name", ["", "localhost", "a.example -all", "x.example +all", "a.example/0", "192.0.2.1", "%"])
def test_what_is_no_domain_is_refused(name: str) -> None:
    """No name can bring terms of its own into the record."""
    for description in (SpfDescription(hosts=(name,)), SpfDescription(includes=(name,))):
        with pytest.raises(SpfSyntaxFault):
            build_record(description)


@pytest.mark.parametrize("count", [1, 17, 18, 40])
def test_a_record_is_cut_into_strings(count: int) -> None:
    """RFC 1035 3.3: at most 255 octets each; RFC 7208 3.3: joined without spaces they are the record."""
    networks = tuple(IPv4Network(f"10.{number}.0.0/24") for number in range(count))
    record = build_record(SpfDescription(networks))
    strings = record_strings(record)
    assert b"".join(strings).decode() == str(record)
    assert all(0 < len(string) <= LONGEST_STRING for string in strings)
    assert len(strings) == -(-len(str(record)) // LONGEST_STRING)


@given(st.lists(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(ip_network), max_size=20))
def test_collapsing_keeps_every_address(networks: list[IPv4Network | IPv6Network]) -> None:
    """What is made of networks holds all of them, and not one network holds another."""
    fewer = collapsed(networks)
    assert all(any(one.version == two.version and one.subnet_of(two) for two in fewer) for one in networks)  # type: ignore[arg-type]
    assert len(fewer) <= len(set(networks))
