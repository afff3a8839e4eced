"""A server that says what a test tells it to, on a loopback socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client_options import Target

#: Octets of a message that a script can take.
LONGEST_MESSAGE = 4_194_304


class Peer:
    """The server's end of one connection.  heard: every line that came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.heard: list[str] = []
        self.broken = False

    async def say(self, *replies: str) -> None:
        self.writer.write("".join(f"{reply}\r\n" for reply in replies).encode())
        await self.writer.drain()

    async def hear(self, *beginnings: str) -> str:
        line = ""
        for beginning in beginnings:
            line = (await self.reader.readline()).decode().rstrip("\r\n")
            self.heard.append(line)
            if not line.startswith(beginning):
                raise AssertionError(f"{line!r} where {beginning!r} was awaited")
        return line

    async def greet(self, *offers: str) -> None:
        await self.say("220 mx.test ESMTP")
        await self.hello(*offers)

    async def hello(self, *offers: str) -> None:
        await self.hear("EHLO me.test")
        await self.say("250-mx.test", *(f"250-{offer}" for offer in offers), "250 XEND")

    async def envelope(self, recipients: int = 1) -> None:
        """Take MAIL, RCPT and DATA in one group, and say yes to all."""
        await self.hear("MAIL", *["RCPT"] * recipients, "DATA")
        await self.say("250 ok", *["250 ok"] * recipients, "354 go")

    async def message(self) -> bytes:
        return await self.reader.readuntil(b"\r\n.\r\n")

    async def secure(self, context: ssl.SSLContext) -> None:
        self.broken = True
        await self.writer.start_tls(context, ssl_handshake_timeout=30)
        self.broken = False

    async def close(self) -> None:
        if self.broken:
            # A stream whose handshake failed never says that it is closed.
            self.writer.transport.abort()
            return
        self.writer.close()
        with suppress(OSError, asyncio.CancelledError, RuntimeError):
            await self.writer.wait_closed()

    async def goodbye(self) -> None:
        await self.hear("QUIT")
        await self.say("221 bye")


@asynccontextmanager
async def serving(play: Callable[[Peer], Awaitable[None]]) -> AsyncIterator[Target]:
    """Serve connections one after the other by ``play``; what it raises is raised at the end."""
    faults: list[BaseException] = []
    open_ones: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_ones.add(task)
        peer = Peer(reader, writer)
        try:
            await play(peer)
        except (OSError, asyncio.IncompleteReadError):
            # The client has gone, which some tests want.
            pass
        except (AssertionError, ssl.SSLError) as fault:
            faults.append(fault)
        finally:
            await peer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=LONGEST_MESSAGE)
    try:
        yield Target("mx.test", "127.0.0.1", int(server.sockets[0].getsockname()[1]))
    finally:
        server.close()
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)
        await server.wait_closed()
    if faults:
        raise faults[0]


def to(*recipients: str) -> Envelope:
    """An envelope from anna@a.test."""
    return Envelope(
        Address.parse("anna@a.test"), tuple(Recipient(Address.parse(recipient)) for recipient in recipients)
    )
