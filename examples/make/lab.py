"""The lab: name server, refusing peers and the sender's mailbox, all in one.

The lab runs in a thread of the process that drives a mail system, inside the
sandbox (see sandbox.py), where it may use port 25 and 53 on 127.0.0.0/8
without meeting any other program of the machine.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

from catalogue import HOSTS, zone
from dnsd import DnsServer
from peer import Host, serve


class Lab:
    """Start everything on entering, stop it on leaving."""

    def __init__(self, sink: bool = True) -> None:
        self.hosts: dict[str, Host] = {host.name: host for host in HOSTS()}
        if not sink:
            # The mail system under test keeps the sender's mailboxes itself.
            del self.hosts["mail.sender.test"]
        self.local_mailboxes = not sink
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.clogged: list[socket.socket] = []

    def __enter__(self) -> Self:
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(10)
        self._clog("127.0.1.98")
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        for one in self.clogged:
            one.close()

    async def _start(self) -> None:
        entries = zone(self.local_mailboxes)
        await self.loop.create_datagram_endpoint(lambda: DnsServer(entries), local_addr=("127.0.0.1", 53))
        for host in self.hosts.values():
            await serve(host)

    def _clog(self, address: str) -> None:
        """Make connections to this address time out.

        The kernel drops further connection requests once the queue of a
        listener that never accepts is full: the only way to have a real time
        out on the loopback interface without a packet filter.
        """
        listener = socket.create_server((address, 25), backlog=0)
        self.clogged.append(listener)
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)  # noqa: FBT003 - the name of the call says what it is
            client.connect_ex((address, 25))
            self.clogged.append(client)

    def mail_for(self, address: str) -> list[bytes]:
        """The messages that any host took for an address."""
        return [one.data for host in self.hosts.values() for one in host.received if address in one.recipients]


def wait_for(condition: Callable[[], object], timeout: float, step: float = 0.2) -> bool:
    """Wait until the condition holds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return bool(condition())
