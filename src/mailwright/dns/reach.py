"""Reach: whether an IP address can be a host on the public Internet (RFC 6890 and its registries)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from mailwright.dns.names import IpAddress, plain_ip

#: Networks that lead nowhere outside: this host, private, shared, loopback, link-local, multicast, reserved.
#: Documentation and benchmark networks are left in: nobody is harmed, and examples and tests are made of them.
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "224.0.0.0/3",
        ),
    )
)
_NOT_PUBLIC_6 = tuple(map(IPv6Network, ("::/127", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")))


def is_public(ip: IpAddress) -> bool:
    """Tell whether ``ip`` can be reached from elsewhere; an IPv4 address mapped into IPv6 counts as what it is."""
    address = plain_ip(ip)
    return not any(address in network for network in (_NOT_PUBLIC_4 if address.version == 4 else _NOT_PUBLIC_6))
