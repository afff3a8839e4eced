"""Listener: where a server listens; Hall: what the sessions of any server share, and Reception: those of SMTP.

POP3's server uses all but Reception.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from socket import socket
from typing import Any, Protocol

from mailwright.clock import Clock
from mailwright.smtp.limits import Timeouts
from mailwright.smtp.server_application import Application, Peer
from mailwright.smtp.server_settings import ServerSettings

ApplicationFactory = Callable[[Peer], Application]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a server listens, and how a connection begins.

    host, port: as for asyncio's create_server; port 0 takes a free one.  sock: a bound socket in their place.
    ssl_context: the certificate; with it STARTTLS is offered, or, with implicit_tls, TLS begins at once.
    proxy_from: the networks of load balancers, whose connections must begin with a PROXY header.  Not together with
    implicit_tls, where the header would stand before the handshake.
    connections: how many may be open at once; one more is told 421 (POP3: -ERR).
    """

    host: str | None = "127.0.0.1"
    port: int = 0
    sock: socket | None = None
    ssl_context: ssl.SSLContext | None = None
    implicit_tls: bool = False
    proxy_from: tuple[IPv4Network | IPv6Network, ...] = ()
    connections: int = 1_000
    backlog: int = 1_024


class OpenConnection(Protocol):
    """What a server does with a connection."""

    def deadline(self) -> float:
        """Return when ``expire`` is to be called, by the clock's ``monotonic``."""
        ...

    def expire(self) -> None:
        """Time is up: say so and close, or cut a connection that was told before."""
        ...

    def shut_down(self) -> None:
        """The server ends: say so (SMTP: 421), but not before an answer that the application is working on."""
        ...

    def abort(self) -> None:
        """Cut the connection."""
        ...


@dataclass(slots=True, eq=False)
class Hall:
    """What the sessions of one server share, whatever they speak.

    connections: those that are open.  busy, empty: set while there is one, and while there is none.
    answering: what applications are still working on.  open: False once the server closes.
    """

    listener: Listener
    clock: Clock
    connections: set[OpenConnection] = field(init=False, default_factory=set)
    answering: set[asyncio.Future[Any]] = field(init=False, default_factory=set)
    busy: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    empty: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    open: bool = field(init=False, default=True)

    def admit(self, connection: OpenConnection) -> bool:
        """Count a new connection; False where there is no room for it."""
        if not self.open or len(self.connections) >= self.listener.connections:
            return False
        self.connections.add(connection)
        self.busy.set()
        self.empty.clear()
        return True

    def release(self, connection: OpenConnection) -> None:
        """Count a connection no more."""
        self.connections.discard(connection)
        if not self.connections:
            self.busy.clear()
            self.empty.set()

    def run(self, answering: Awaitable[Any], then: Callable[[asyncio.Future[Any]], None] | None = None) -> None:
        """Run an awaitable to its end, whatever becomes of its connection, and call ``then`` with its future."""
        future = asyncio.ensure_future(answering)
        self.answering.add(future)
        future.add_done_callback(self.answering.discard)
        if then is not None:
            future.add_done_callback(then)

    async def finish(self) -> None:
        """Wait for what a server that closes owes its clients: until there is no connection."""
        await self.empty.wait()


@dataclass(slots=True, eq=False)
class Reception(Hall):
    """What the sessions of one SMTP server share."""

    application_factory: ApplicationFactory
    settings: ServerSettings
    timeouts: Timeouts
