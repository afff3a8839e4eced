"""Which addresses can be hosts on the public Internet."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mailwright.dns.reach import is_public

PUBLIC = ["192.0.2.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
          "223.255.255.255", "2001:db8::1", "2a00::1", "::ffff:192.0.2.1"]  # fmt: skip
NOT_PUBLIC = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.1.1",  # noqa: S104
              "172.16.0.1", "172.31.255.255", "192.168.1.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
              "fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:10.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    """Both sides of each border; documentation networks count as public."""
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_addresses_that_lead_nowhere(text: str) -> None:
    """Nobody outside can be reached at them."""
    assert not is_public(ip_address(text))
