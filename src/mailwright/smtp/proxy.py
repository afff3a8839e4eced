"""The PROXY protocol, versions 1 and 2: who really connects, as a load balancer in front tells it.

The specification is HAProxy's doc/proxy-protocol.txt; sections below are its.  The header comes before anything else of
the connection.  Whoever may send it may claim any address, so it is read from trusted peers only, and from those it
must come: a reader is made for the one kind of connection, and none for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from mailwright.smtp.errors import RemoteProtocolError

#: Octets of a version 1 header with its CRLF (2.1).
LONGEST_V1 = 107
#: Octets after the fixed part of a version 2 header: addresses (216 at most) and TLVs.  Own choice; 2.2 allows 65,535,
#: TLVs in use, with the names of a client certificate, stay below 1,000.
LONGEST_V2 = 4_096

_V1 = b"PROXY "
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED = 16
#: Octets of source, destination and ports by family and protocol (2.2): TCP over IPv4 and IPv6, UNIX streams.
_TCP4, _TCP6, _UNIX, _UNSPECIFIED = 0x11, 0x21, 0x31, 0x00
_SIZES = {_TCP4: 12, _TCP6: 36, _UNIX: 216, _UNSPECIFIED: 0}

Endpoint = tuple[IPv4Address | IPv6Address, int]


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """What the header says.

    source, destination: None where it says LOCAL, UNKNOWN or a UNIX socket: then the connection's own addresses count.
    """

    source: Endpoint | None = None
    destination: Endpoint | None = None


class ProxyReader:
    """Reads one header, however it is cut; ``rest`` then is what followed it."""

    __slots__ = ("_held", "rest")

    def __init__(self) -> None:
        self._held = b""
        self.rest = b""

    def read(self, data: bytes) -> ProxyHeader | None:
        """Return the header once it is whole; None before.  Raises RemoteProtocolError for anything else."""
        held = self._held = self._held + data
        if held.startswith(_V2):
            return self._version2(held)
        if held.startswith(_V1):
            return self._version1(held)
        if not _V2.startswith(held) and not _V1.startswith(held):
            raise RemoteProtocolError("the connection does not begin with a PROXY header")
        return None

    def _version1(self, held: bytes) -> ProxyHeader | None:
        end = held.find(b"\r\n", 0, LONGEST_V1)
        if end < 0:
            if len(held) >= LONGEST_V1:
                raise RemoteProtocolError(f"a PROXY header of more than {LONGEST_V1} octets")
            return None
        self.rest = held[end + 2 :]
        return _read_line(held[:end])

    def _version2(self, held: bytes) -> ProxyHeader | None:
        if len(held) < _V2_FIXED:
            return None
        size = int.from_bytes(held[14:16], "big")
        if size > LONGEST_V2:
            raise RemoteProtocolError(f"a PROXY header of {size} octets")
        if len(held) < _V2_FIXED + size:
            return None
        self.rest = held[_V2_FIXED + size :]
        return _read_block(held[12], held[13], held[_V2_FIXED : _V2_FIXED + size])


def _read_line(line: bytes) -> ProxyHeader:
    """Read a version 1 header: ``PROXY TCP4 source destination port port`` (2.1)."""
    words = line.split(b" ")
    if words[1] == b"UNKNOWN":
        # 2.1: what follows UNKNOWN must be ignored.
        return ProxyHeader()
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6") or b"%" in line:
        raise RemoteProtocolError("a PROXY line that is none")
    kind = IPv4Address if words[1] == b"TCP4" else IPv6Address
    try:
        source, destination = (kind(word.decode("ascii")) for word in words[2:4])
        return ProxyHeader((source, _port(words[4])), (destination, _port(words[5])))
    except (AddressValueError, UnicodeDecodeError) as error:
        raise RemoteProtocolError("a PROXY line with an address that is none") from error


def _port(word: bytes) -> int:
    """Read a port: 0 to 65535, without leading zeroes (2.1)."""
    if not word.isdigit() or len(word) > 5 or (len(word) > 1 and word[:1] == b"0") or int(word) > 65_535:
        raise RemoteProtocolError("a PROXY line with a port that is none")
    return int(word)


def _read_block(version_command: int, family: int, block: bytes) -> ProxyHeader:
    """Read what follows the signature of a version 2 header (2.2)."""
    # 2.2: the receiver MUST accept exactly version 2, and MUST drop connections with unexpected commands.
    if version_command == 0x20:
        return ProxyHeader()
    if version_command != 0x21 or family not in _SIZES:
        raise RemoteProtocolError("a PROXY header of another version, command or protocol")
    if len(block) < _SIZES[family]:
        raise RemoteProtocolError("a PROXY header that is shorter than its addresses")
    if family == _TCP4:
        source: IPv4Address | IPv6Address = IPv4Address(block[0:4])
        destination: IPv4Address | IPv6Address = IPv4Address(block[4:8])
        ports = block[8:12]
    elif family == _TCP6:
        source, destination, ports = IPv6Address(block[0:16]), IPv6Address(block[16:32]), block[32:36]
    else:
        return ProxyHeader()
    return ProxyHeader((source, int.from_bytes(ports[:2], "big")), (destination, int.from_bytes(ports[2:], "big")))
