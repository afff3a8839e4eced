"""A very small authoritative DNS server for the lab.

Why: several bounces exist only because of what DNS says (no such domain, a
null MX, no address at all, a name server that fails).  The lab therefore needs
a resolver that says exactly that, and that never asks anybody else.

Only UDP, only the record types a mail system asks for, only the standard
library.  Names that are not in the zone do not exist (NXDOMAIN).
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from typing import cast

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NUMBERS = {number: name for name, number in TYPES.items()}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3

#: name -> type -> values; the type "SERVFAIL" marks a name whose servers fail.
Zone = dict[str, dict[str, list[str]]]


def encode_name(name: str) -> bytes:
    """Write a name as DNS labels (no compression: the lab has room)."""
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def decode_name(packet: bytes, offset: int) -> tuple[str, int]:
    """Read the (never compressed) name of a question."""
    labels = []
    while packet[offset]:
        length = packet[offset]
        labels.append(packet[offset + 1 : offset + 1 + length].decode("ascii", "replace"))
        offset += 1 + length
    return ".".join(labels).lower(), offset + 1


def encode_value(kind: str, value: str) -> bytes:
    """Write the data of one record."""
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        preference, host = value.split(" ", 1)
        return struct.pack("!H", int(preference)) + encode_name(host)
    if kind == "TXT":
        return bytes([len(value)]) + value.encode()
    if kind == "SOA":
        names = encode_name(value) + encode_name("hostmaster." + value)
        return names + struct.pack("!5I", 1, 3600, 600, 86400, 60)
    return encode_name(value)


def record(name: str, kind: str, value: str) -> bytes:
    """Write one whole record."""
    data = encode_value(kind, value)
    return encode_name(name) + struct.pack("!HHIH", TYPES[kind], 1, 60, len(data)) + data


def answer(zone: Zone, packet: bytes) -> bytes:
    """Answer one query out of the zone."""
    ident, flags = struct.unpack("!HH", packet[:4])
    name, end = decode_name(packet, 12)
    kind = NUMBERS.get(struct.unpack("!H", packet[end : end + 2])[0], "")
    entry = zone.get(name)
    records: list[bytes] = []
    code = NOERROR
    if entry is None:
        # A name above an existing one exists too, with no records of its own.
        code = NOERROR if any(known.endswith("." + name) for known in zone) else NXDOMAIN
    elif "SERVFAIL" in entry:
        code = SERVFAIL
    else:
        records = [record(name, kind, value) for value in entry.get(kind, [])]
    authority = [] if records or code == SERVFAIL else [record("test", "SOA", "ns.test")]
    # QR + AA + RA, and RD copied from the question.
    head = struct.pack("!6H", ident, 0x8480 | (flags & 0x0100) | code, 1, len(records), len(authority), 0)
    return head + packet[12 : end + 4] + b"".join(records) + b"".join(authority)


class DnsServer(asyncio.DatagramProtocol):
    """The UDP side of the server."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The event loop's transport is no instance of the documented class.
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.transport is not None and len(data) > 16:
            self.transport.sendto(answer(self.zone, data), addr)
