"""ConnectOptions: how to connect to a POP3 server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailwright.pop3.limits import DEFAULT_LIMITS, DEFAULT_TIMEOUTS, Limits, Timeouts
from mailwright.smtp.security import TlsMode, TlsPolicy

if TYPE_CHECKING:
    from ssl import SSLContext

#: Where POP3 servers listen: in the clear with STLS (RFC 1939 3), and under TLS from the beginning (RFC 8314 7.3).
PORT = 110
TLS_PORT = 995

#: RFC 8314 3.2: implicit TLS, and a certificate that is the server's; a password is going to be sent.
SECURE = TlsPolicy(TlsMode.VERIFY, implicit=True)


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """How to connect.

    policy: without ``implicit``, STLS takes the place of STARTTLS; its TLSA records are not looked at.
    local_address: the IP address to connect from; None for the system's choice.
    ca_file: PEM file of the authorities that are trusted; None for the system's.
    ssl_context: used instead of our own for every handshake; what OpenSSL verifies is then up to it.
    """

    policy: TlsPolicy = field(default_factory=lambda: SECURE)
    local_address: str | None = None
    ca_file: str | None = None
    ssl_context: SSLContext | None = None
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    limits: Limits = DEFAULT_LIMITS
