"""Who is at the ends of a connection, and how it is encrypted, as asyncio's transports and PROXY headers tell it."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from mailwright.smtp.proxy import ProxyHeader
from mailwright.smtp.server_application import Peer, TlsFacts


class HasFacts(Protocol):
    """The one method of asyncio.BaseTransport that is needed here."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio.BaseTransport."""
        ...


def peer_of(transport: HasFacts) -> Peer:
    """Return the two ends; "" and 0 for those of a UNIX socket."""
    remote, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    ends = [(str(end[0]), int(end[1])) if isinstance(end, tuple) else ("", 0) for end in (remote, local)]
    return Peer(*ends[0], *ends[1])


def claimed_peer(header: ProxyHeader, peer: Peer) -> Peer:
    """Return the ends that the header tells; those of the connection where it tells none."""
    if header.source is None or header.destination is None:
        return peer
    return Peer(str(header.source[0]), header.source[1], str(header.destination[0]), header.destination[1])


def is_among(address: str, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    """Tell whether an address is in one of the networks."""
    try:
        host = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(host in network for network in networks)


def tls_facts(transport: HasFacts) -> TlsFacts | None:
    """Return how the connection is encrypted; None where it is not, or its handshake is not done."""
    encrypted = transport.get_extra_info("ssl_object")
    version = encrypted.version() if encrypted is not None else None
    if version is None:
        return None
    cipher, _, bits = encrypted.cipher() or ("", "", 0)
    return TlsFacts(version, cipher, bits or 0)
