"""Target and ConnectOptions: whom to connect to, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailwright.smtp.client_state import ClientSettings
from mailwright.smtp.limits import DEFAULT_TIMEOUTS, Timeouts
from mailwright.smtp.security import TlsPolicy

if TYPE_CHECKING:
    from ssl import SSLContext


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to connect to.

    host: its name, for SNI, certificates and the transcript; "" where only the address is known.
    address: an IP address.
    """

    host: str
    address: str
    port: int = 25


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """How to connect.

    name: what we call ourselves in EHLO: a host name, or an address literal (RFC 5321 4.1.4).
    local_address: the IP address to connect from; None for the system's choice.
    ca_file: PEM file of the authorities that are trusted; None for the system's.
    ssl_context: used instead of our own for every handshake; what OpenSSL verifies is then up to it.
    check_chain: called with the certificates, DER, the server's first; returns what is wrong, None for nothing.  It is
    asked where the policy has TLSA records.
    proxy_header: sent before anything else (PROXY protocol).
    kept_lines: of each message that many lines are kept in the transcript.
    """

    name: str
    local_address: str | None = None
    policy: TlsPolicy = field(default_factory=TlsPolicy)
    ca_file: str | None = None
    ssl_context: SSLContext | None = None
    check_chain: Callable[[tuple[bytes, ...]], str | None] | None = None
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    settings: ClientSettings = field(default_factory=ClientSettings)
    proxy_header: bytes = b""
    kept_lines: int = 0
