"""Transport: a query goes out and its response comes in, by UDP or TCP (RFC 1035 4.2, RFC 5452, RFC 7766).

Every UDP query has a socket of its own, so that the kernel picks another unpredictable port each time (RFC 5452 9.2),
drops what comes from other addresses, and tells when nobody listens there.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from mailwright.clock import Clock
from mailwright.dns.answer import Kind
from mailwright.dns.servers import Server

T = TypeVar("T")

#: Seconds after which a UDP query is sent once more, within its time limit.  RFC 1035 4.2.1 advises 2 to 5 s over the
#: networks of 1987; resolvers are near.
RESEND = 1.0
#: Datagrams that do not belong to the query and are dropped before the server is given up: somebody is guessing.
MOST_FOREIGN = 100

#: What a fault says of them.
FOREIGN_ONLY = "only responses to other queries came"


class TransportFault(Exception):
    """No response came.  kind: TIMEOUT, UNREACHABLE or MALFORMED.  detail: what the system said, "" for nothing."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        """Keep both."""
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Ask(NamedTuple):
    """A query on its way.  packet: the message.  seconds: how long to wait for its response."""

    server: Server
    packet: bytes
    seconds: float


async def ask_udp(ask: Ask, accept: Callable[[bytes], T | None], clock: Clock) -> T:
    """Return what ``accept`` makes of the first datagram that it does not answer None to; raises TransportFault."""
    loop = asyncio.get_running_loop()
    responded: asyncio.Future[T] = loop.create_future()
    try:
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: _Datagrams(accept, responded), remote_addr=(str(ask.server.host), ask.server.port)
        )
    except OSError as error:
        raise TransportFault(Kind.UNREACHABLE, _said(error)) from error
    try:
        return await _send_until(responded, transport, ask, clock)
    except TimeoutError as error:
        if protocol.foreign:
            raise TransportFault(Kind.MALFORMED, FOREIGN_ONLY) from error
        raise TransportFault(Kind.TIMEOUT) from error
    except OSError as error:
        raise TransportFault(Kind.UNREACHABLE, _said(error)) from error
    finally:
        transport.close()
        if not responded.cancel() and not responded.cancelled():
            # Marked as seen: an error that came after the time limit is nobody's any more.
            responded.exception()


async def _send_until(responded: asyncio.Future[T], transport: asyncio.DatagramTransport, ask: Ask, clock: Clock) -> T:
    """Send, and send again, until the response is there or the time is over."""
    left = ask.seconds
    transport.sendto(ask.packet)
    if left > RESEND:
        with contextlib.suppress(TimeoutError):
            async with clock.timeout(RESEND):
                return await asyncio.shield(responded)
        left -= RESEND
        transport.sendto(ask.packet)
    async with clock.timeout(left):
        return await responded


class _Datagrams(asyncio.DatagramProtocol):
    """Gives the datagrams of one socket to ``accept`` until one is accepted."""

    def __init__(self, accept: Callable[[bytes], T | None], responded: asyncio.Future[T]) -> None:
        self._accept = accept
        self._responded = responded
        self.foreign = 0

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the socket is connected
        if self._responded.done():
            return
        accepted = self._accept(data)
        if accepted is not None:
            self._responded.set_result(accepted)
            return
        self.foreign += 1
        if self.foreign >= MOST_FOREIGN:
            self._responded.set_exception(TransportFault(Kind.MALFORMED, FOREIGN_ONLY))

    def error_received(self, exc: Exception) -> None:
        if not self._responded.done():
            self._responded.set_exception(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._responded.done():
            self._responded.set_exception(exc or ConnectionResetError("the socket was closed"))


async def ask_tcp(ask: Ask, clock: Clock) -> bytes:
    """Return the response to a query by a TCP connection of its own; raises TransportFault."""
    try:
        async with clock.timeout(ask.seconds):
            return await _ask_tcp(ask)
    except TimeoutError as error:
        raise TransportFault(Kind.TIMEOUT) from error
    except asyncio.IncompleteReadError as error:
        raise TransportFault(Kind.MALFORMED, f"the connection ended after {len(error.partial)} octets") from error
    except OSError as error:
        raise TransportFault(Kind.UNREACHABLE, _said(error)) from error


async def _ask_tcp(ask: Ask) -> bytes:
    reader, writer = await asyncio.open_connection(str(ask.server.host), ask.server.port)
    try:
        # RFC 1035 4.2.2: two octets of length before the message; RFC 7766 8: both in one write.
        writer.write(struct.pack("!H", len(ask.packet)) + ask.packet)
        await writer.drain()
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        return await reader.readexactly(length)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _said(error: OSError) -> str:
    return error.strerror or str(error)
