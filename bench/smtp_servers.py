"""Servers that accept every message and drop it: ``python -m bench.smtp_servers NAME`` writes its port and serves."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvloop

from mailwright.smtp.server_application import Application
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import ServerSettings
from mailwright.smtp.server_transport import serve

HOST = "127.0.0.1"
NAME = "server.test"

_OK = b"250 2.0.0 OK\r\n"
#: What the bare server says to the first letters of a line.
_REPLIES = {
    b"EHLO": b"250-server.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SIZE 52428800\r\n250 8BITMIME\r\n",
    b"DATA": b"354 Go ahead\r\n",
    b"QUIT": b"221 Bye\r\n",
}


class Bare(asyncio.Protocol):
    """As little of a server as a well-behaved client can be served with; quicker than whatever is measured on it."""

    def __init__(self) -> None:
        """Begin outside a message."""
        self._transport: asyncio.Transport | None = None
        self._in_text = False
        # Octets of a chunk that are still to come.
        self._chunk = 0
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 server.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer what came: lines of commands, a chunk, or the end of a text, behind which nothing may stand."""
        if self._transport is None:
            return
        if self._in_text:
            tail = (self._rest + data)[-5:]
            self._in_text = tail != b"\r\n.\r\n"
            self._rest = tail if self._in_text else b""
            answer = b"" if self._in_text else _OK
        else:
            answer = self._obey(self._rest + data)
        if answer:
            self._transport.write(answer)
            if answer.endswith(_REPLIES[b"QUIT"]):
                self._transport.close()

    def _obey(self, data: bytes) -> bytes:
        """Return the replies to commands and chunks."""
        replies = []
        while data:
            if self._chunk:
                taken = min(self._chunk, len(data))
                self._chunk -= taken
                data = data[taken:]
                replies += [_OK] * (not self._chunk)
                continue
            line, end, data = data.partition(b"\r\n")
            if not end:
                data = line
                break
            verb = line[:4].upper()
            if verb == b"BDAT":
                self._chunk = int(line.split()[1])
                continue
            replies.append(_REPLIES.get(verb, _OK))
            self._in_text = verb == b"DATA"
        self._rest = data
        return b"".join(replies)


class _Dropping:
    """The handler of aiosmtpd that takes every message."""

    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 - its name
        """Take one."""
        return "250 2.0.0 OK"


async def _ours() -> tuple[object, int]:
    server = await serve(lambda _: Application(), ServerSettings(NAME), Listener(HOST))
    return server, server.addresses[0][1]


async def _aiosmtpd() -> tuple[object, int]:
    session: Any = importlib.import_module("aiosmtpd.smtp").SMTP
    return await _listen(lambda: session(_Dropping(), hostname=NAME, data_size_limit=52_428_800))


async def _bare() -> tuple[object, int]:
    return await _listen(Bare)


async def _listen(protocol: Callable[[], asyncio.Protocol]) -> tuple[object, int]:
    server = await asyncio.get_running_loop().create_server(protocol, HOST, 0, backlog=1_024)
    return server, server.sockets[0].getsockname()[1]


SERVERS: dict[str, Callable[[], Awaitable[tuple[object, int]]]] = {
    "ours": _ours,
    "aiosmtpd": _aiosmtpd,
    "bare": _bare,
}


async def _serve(name: str) -> None:
    server, port = await SERVERS[name]()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    del server


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
