"""TlsPolicy: what a mode demands, and which certificate is for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.dns.answer import Tlsa
from mailwright.smtp.security import TlsMode, TlsPolicy, names_match


@pytest.mark.parametrize(
    ("policy", "tls", "certificate"),
    [
        (TlsPolicy(TlsMode.NONE), False, False),
        (TlsPolicy(), False, False),
        (TlsPolicy(TlsMode.REQUIRED), True, False),
        (TlsPolicy(TlsMode.VERIFY), True, True),
        (TlsPolicy(TlsMode.NONE, implicit=True), True, False),
        (TlsPolicy(TlsMode.VERIFY, implicit=True), True, True),
        (TlsPolicy(tlsa=(Tlsa(3, 1, 1, b"x"),)), True, False),
        (TlsPolicy(TlsMode.VERIFY, tlsa=(Tlsa(3, 1, 1, b"x"),)), True, False),
    ],
    ids=str,
)
def test_policies_demand_what_they_say(policy: TlsPolicy, tls: bool, certificate: bool) -> None:
    """DANE demands TLS and takes the place of certificate authorities."""
    assert (policy.demands_tls, policy.demands_certificate) == (tls, certificate)


@pytest.mark.parametrize(
    ("presented", "reference", "expected"),
    [
        ("mx.example.com", "mx.example.com", True),
        ("MX.Example.COM", "mx.example.com.", True),
        ("example.com", "mx.example.com", False),
        ("mx.example.com.evil.test", "mx.example.com", False),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.com", "example.com", False),
        ("*", "localhost", False),
        ("m*.example.com", "mx.example.com", False),
        ("mx.*.com", "mx.example.com", False),
        ("*.*.com", "mx.example.com", False),
        ("*.example.com", ".example.com", False),
        ("bücher.example", "xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "bücher.example", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "[192.0.2.1]", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        ("2001:db8::1", "[IPv6:2001:db8::1]", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("*.0.2.1", "192.0.2.1", False),
        ("192.0.2.1", "mx.example.com", False),
        ("", "", False),
        ("\ud800", "\ud800", False),
    ],
)
def test_names_are_compared_by_the_rules_of_certificates(presented: str, reference: str, expected: bool) -> None:
    """One wildcard, leftmost, for one label; addresses only when they are the same."""
    assert names_match(("other.example", presented), ("another.example", reference)) is expected


@given(st.lists(st.text(max_size=20), max_size=3), st.lists(st.text(max_size=20), max_size=3))
def test_any_names_can_be_compared(presented: list[str], references: list[str]) -> None:
    """Names in certificates are what somebody wrote there."""
    assert names_match(tuple(presented), tuple(references)) in (True, False)
