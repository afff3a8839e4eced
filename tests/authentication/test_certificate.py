"""Certificates: their key as it stands, their names, and bytes that are none."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.certificate import (
    LONGEST_CERTIFICATE,
    CertificateFault,
    key_of,
    load_certificate,
    names_of,
)
from tests.authentication.certificates import make_authority, make_server

SERVER = make_server(["MX.example.test", "*.example.org"], make_authority())


def test_the_key_is_taken_as_it_stands() -> None:
    """The octets are those that a library writes for the same key."""
    expected = SERVER.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_of(SERVER.der) == expected


def test_names_are_in_lower_case() -> None:
    """Case does not count in names."""
    assert names_of(load_certificate(SERVER.der)) == ("mx.example.test", "*.example.org")


def test_a_certificate_may_bear_no_name() -> None:
    """The common name is none."""
    assert names_of(load_certificate(make_server([]).der)) == ()


def negative_serial() -> bytes:
    """Return the server's certificate with a serial number below zero."""
    serial = load_certificate(SERVER.der).serial_number
    # As DER has it: with room for the sign (X.690 8.3).
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    below = b"\x80" + b"\x01" * (len(octets) - 1)
    return SERVER.der.replace(octets, below, 1)


@pytest.mark.filterwarnings("ignore")
def test_a_serial_number_below_zero_is_let_pass_where_warnings_are_no_errors() -> None:
    """RFC 5280 4.1.2.2 forbids it, such certificates are in use, and DANE does not ask for it."""
    assert load_certificate(negative_serial()).serial_number < 0


@pytest.mark.filterwarnings("error")
def test_a_serial_number_below_zero_never_raises_anything_else() -> None:
    """Where warnings are errors, the library's is a fault of the certificate like any other."""
    with pytest.raises(CertificateFault):
        load_certificate(negative_serial())


def test_every_beginning_of_a_certificate_is_none() -> None:
    """What is cut off is refused, octet by octet, and never read past its end."""
    for end in range(len(SERVER.der)):
        with pytest.raises(CertificateFault):
            load_certificate(SERVER.der[:end])
        with pytest.raises(CertificateFault):
            key_of(SERVER.der[:end])


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x31\x02\x30\x00",
        b"\x30\x02\x31\x00",
        b"\x30\x02\x30\x00",
        b"\x30\x0f\x30\x0d" + b"\x02\x00" * 6 + b"\x00",
    ],
    ids=["empty", "tag", "indefinite", "five octets", "huge", "set", "set inside", "nothing inside", "no key"],
)
def test_other_structures_are_refused(der: bytes) -> None:
    """Lengths that lie and types that do not belong are a fault."""
    with pytest.raises(CertificateFault):
        key_of(der)


def test_a_certificate_has_a_longest() -> None:
    """Beyond the limit nothing is parsed."""
    with pytest.raises(CertificateFault, match="octets"):
        load_certificate(SERVER.der + bytes(LONGEST_CERTIFICATE + 1 - len(SERVER.der)))


@given(st.data())
def test_damaged_certificates_are_read_or_refused(data: st.DataObject) -> None:
    """Nothing but CertificateFault is raised."""
    damaged = bytearray(SERVER.der)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for read in (key_of, lambda der: names_of(load_certificate(der))):
        try:
            read(bytes(damaged))
        except CertificateFault:
            continue
