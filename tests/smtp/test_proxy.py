"""The PROXY protocol: both versions, however they are cut, and everything that is neither."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.proxy import LONGEST_V1, LONGEST_V2, ProxyHeader, ProxyReader

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def header(source: str, source_port: int, destination: str, destination_port: int) -> ProxyHeader:
    return ProxyHeader((ip_address(source), source_port), (ip_address(destination), destination_port))


def version2(command: int, family: int, block: bytes) -> bytes:
    return SIGNATURE + bytes((command, family)) + len(block).to_bytes(2, "big") + block


V4 = ip_address("192.0.2.1").packed + ip_address("198.51.100.2").packed + b"\x30\x39\x00\x19"
V6 = ip_address("2001:db8::1").packed + ip_address("2001:db8::2").packed + b"\x30\x39\x00\x19"

HEADERS = [
    # Realistic.
    (b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n", header("192.0.2.1", 12345, "198.51.100.2", 25)),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 12345 25\r\n", header("2001:db8::1", 12345, "2001:db8::2", 25)),
    (b"PROXY UNKNOWN\r\n", ProxyHeader()),
    (version2(0x21, 0x11, V4), header("192.0.2.1", 12345, "198.51.100.2", 25)),
    (version2(0x21, 0x21, V6), header("2001:db8::1", 12345, "2001:db8::2", 25)),
    (version2(0x20, 0x00, b""), ProxyHeader()),
    # Synthetic: with TLVs, and the ends of what is allowed.
    (version2(0x21, 0x11, V4 + b"\x04\x00\x03abc"), header("192.0.2.1", 12345, "198.51.100.2", 25)),
    (version2(0x21, 0x11, V4 + b"x" * (LONGEST_V2 - 12)), header("192.0.2.1", 12345, "198.51.100.2", 25)),
    (version2(0x21, 0x31, b"/" * 216), ProxyHeader()),
    (version2(0x21, 0x00, b"whatever"), ProxyHeader()),
    (version2(0x20, 0x11, V4), ProxyHeader()),
    (b"PROXY TCP4 0.0.0.1 255.255.255.255 0 65535\r\n", header("0.0.0.1", 0, "255.255.255.255", 65535)),
    (b"PROXY UNKNOWN " + b"f" * (LONGEST_V1 - 16) + b"\r\n", ProxyHeader()),
]


@pytest.mark.parametrize(("wire", "expected"), HEADERS, ids=[wire[:45].decode("latin-1") for wire, _ in HEADERS])
@pytest.mark.parametrize("behind", [b"", b"EHLO client\r\n"])
def test_a_header_is_read(wire: bytes, expected: ProxyHeader, behind: bytes) -> None:
    """Whole, octet by octet, and with commands behind it."""
    reader = ProxyReader()
    assert reader.read(wire + behind) == expected
    assert reader.rest == behind
    reader = ProxyReader()
    assert [reader.read(wire[i : i + 1]) for i in range(len(wire))] == [None] * (len(wire) - 1) + [expected]
    assert reader.rest == b""


FAULTS = [
    b"EHLO client\r\n",
    b"\r\n\r\nQ",
    b"proxy TCP4 192.0.2.1 198.51.100.2 12345 25\r\n",
    b"PROXY \r\n",
    b"PROXY TCP5 192.0.2.1 198.51.100.2 12345 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n",
    b"PROXY TCP4 192.0.2.1  198.51.100.2 12345 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 25 \r\n",
    b"PROXY TCP4 192.0.2.256 198.51.100.2 12345 25\r\n",
    b"PROXY TCP4 192.0.2.01 198.51.100.2 12345 25\r\n",
    b"PROXY TCP4 2001:db8::1 198.51.100.2 12345 25\r\n",
    b"PROXY TCP6 192.0.2.1 198.51.100.2 12345 25\r\n",
    b"PROXY TCP6 fe80::1%eth0 2001:db8::2 12345 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 012 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 -1 25\r\n",
    b"PROXY TCP4 \xff.0.2.1 198.51.100.2 1 25\r\n",
    b"PROXY UNKNOWN " + b"f" * (LONGEST_V1 - 15) + b"\r\n",
    version2(0x22, 0x11, V4),
    version2(0x11, 0x11, V4),
    version2(0x21, 0x12, V4),
    version2(0x21, 0x11, V4[:-1]),
    version2(0x21, 0x21, V4),
    version2(0x21, 0x11, V4 + b"x" * (LONGEST_V2 - 11)),
]


@pytest.mark.parametrize("wire", FAULTS, ids=repr)
def test_anything_else_is_refused(wire: bytes) -> None:
    """Neither whole nor octet by octet does it become a header."""
    with pytest.raises(RemoteProtocolError):
        ProxyReader().read(wire)
    reader = ProxyReader()
    with pytest.raises(RemoteProtocolError):
        all(reader.read(wire[i : i + 1]) is None for i in range(len(wire)))


@given(st.sampled_from([wire for wire, _ in HEADERS]), st.binary(max_size=4), st.integers(0, 60), st.integers(0, 60))
def test_rubbish_raises_the_one_error(wire: bytes, between: bytes, first: int, second: int) -> None:
    """Whatever comes: a header, more to come, or RemoteProtocolError; and never more is kept than a header may have."""
    reader = ProxyReader()
    try:
        reader.read(wire[:first] + between + wire[second:])
    except RemoteProtocolError:
        return
    assert len(reader._held) <= LONGEST_V2 + 200
