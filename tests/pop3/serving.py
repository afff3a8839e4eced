"""A POP3 server on loopback with two users, and certificates for it; for the tests of this folder."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from mailwright.clock import Clock
from mailwright.lab.maildrop import MemoryMaildrops
from mailwright.pop3.limits import DEFAULT_TIMEOUTS, Timeouts
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_transport import Server, serve
from mailwright.pop3.transport import Target
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import AuthOffer

HOST = "pop.example.org"
MESSAGES = (
    b"From: a@example.org\r\nSubject: one\r\n\r\nfirst\r\n.second\r\n..third\r\n.\r\n\r\n",
    b"Subject: empty\r\n\r\n",
    b"Subject: long\r\n\r\n" + b"x" * 998 + b"\r\n" + b"line\r\n" * 50_000,
)
SETTINGS = ServerSettings(
    HOST, login=AuthOffer.ALWAYS, mechanisms=("SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"), apop=True
)
AUTHORITY = trustme.CA()
# fetchmail looks for a common name, though RFC 9525 2 says that nobody should.
CERTIFICATE = AUTHORITY.issue_cert(HOST, "127.0.0.1", "localhost", common_name=HOST)


def server_context(certificate: trustme.LeafCert = CERTIFICATE) -> ssl.SSLContext:
    """Return a context with the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def write_authority(folder: Path) -> str:
    """Write the authority's certificate to a file, and return its name."""
    file = folder / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return str(file)


def maildrops() -> MemoryMaildrops:
    """Return two users, one with three messages."""
    store = MemoryMaildrops()
    store.add("anna", "secret word", *MESSAGES)
    store.add("bert", "other")
    return store


@asynccontextmanager
async def serving(
    store: MemoryMaildrops,
    settings: ServerSettings = SETTINGS,
    listener: Listener | None = None,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    clock: Clock | None = None,
) -> AsyncIterator[tuple[Server, Target]]:
    """Run a server for as long as the block lasts; hand out it and where it is."""
    server = await serve(store, settings, listener or Listener(), timeouts=timeouts, clock=clock)
    try:
        (address, port), *_ = server.addresses
        yield server, Target(HOST, address, port)
    finally:
        await server.close(grace=1)
