"""Certificates: what is told of them, and octets that are none."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from mailwright.smtp.certificate import LONGEST_CERTIFICATE, certificate_facts, plain_faults
from mailwright.smtp.transcript import CertificateFacts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = CertificateFacts("CN=mx.test", "CN=authority", ("mx.test",), BEGIN, BEGIN + timedelta(days=90))
DER = ssl.PEM_cert_to_DER_cert(trustme.CA().issue_cert("mx.test", "192.0.2.1").cert_chain_pems[0].bytes().decode())


def test_names_and_dates_are_told() -> None:
    """DNS names and addresses."""
    facts = certificate_facts(DER)
    assert facts is not None
    assert facts.names == ("mx.test", "192.0.2.1")
    assert facts.not_before < facts.not_after
    assert "trustme" in facts.issuer


@pytest.mark.parametrize("der", [b"", b"x", DER[:-1], DER + b"x", b"0" * (LONGEST_CERTIFICATE + 1)])
def test_octets_that_are_no_certificate(der: bytes) -> None:
    """None instead of an exception."""
    assert certificate_facts(der) is None


@given(st.integers(0, len(DER) - 1), st.binary(min_size=1, max_size=4))
def test_certificates_that_were_changed_raise_nothing(place: int, octets: bytes) -> None:
    """A server sends what it likes."""
    facts = certificate_facts(DER[:place] + octets + DER[place + len(octets) :])
    assert facts is None or isinstance(facts, CertificateFacts)


@pytest.mark.parametrize(
    ("names", "now", "expected"),
    [
        (("mx.test",), BEGIN, []),
        (("mx.test",), FACTS.not_after, []),
        (("mx.test",), FACTS.not_after + timedelta(seconds=1), ["expired at 2026-04-01 00:00 UTC"]),
        (("mx.test",), BEGIN - timedelta(seconds=1), ["not valid before 2026-01-01 00:00 UTC"]),
        (("other.test",), BEGIN, ["issued for mx.test, not for other.test"]),
    ],
)
def test_what_anybody_can_see(names: tuple[str, ...], now: datetime, expected: list[str]) -> None:
    """Dates exactly at their limits, and names."""
    assert plain_faults(FACTS, names, now) == expected


def test_a_certificate_that_signs_itself() -> None:
    """Subject and issuer are the same; it names nobody."""
    facts = CertificateFacts("CN=me", "CN=me", (), BEGIN, BEGIN)
    assert plain_faults(facts, ("mx.test",), BEGIN) == ["issued for no name, not for mx.test", "self-signed"]
