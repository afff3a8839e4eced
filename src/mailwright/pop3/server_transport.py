"""serve: the server's engine of POP3 on asyncio's sockets.

One task for the whole server looks after all time limits; a connection only notes when it last heard.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

from mailwright.clock import Clock, SystemClock
from mailwright.pop3.limits import DEFAULT_TIMEOUTS, Timeouts
from mailwright.pop3.server_application import Application
from mailwright.pop3.server_connection import Connection, Shared
from mailwright.pop3.server_settings import ServerSettings
from mailwright.smtp.server_reception import Listener

#: Seconds between two looks at the time limits, at most and at least (own choice).
LONGEST_PATROL, SHORTEST_PATROL = 5.0, 0.05


async def serve(
    application: Application,
    settings: ServerSettings,
    listener: Listener,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    clock: Clock | None = None,
) -> Server:
    """Listen, and return the server.

    Of ``settings``, ``stls`` is set by the listener.  Of ``listener``, ``proxy_from`` must be empty.
    Raises OSError where the address cannot be taken, ValueError for a listener that contradicts itself.
    """
    if listener.proxy_from or (listener.implicit_tls and listener.ssl_context is None):
        raise ValueError("implicit TLS needs a certificate, and there is no PROXY header in front of POP3")
    offer = listener.ssl_context is not None and not listener.implicit_tls
    server = Server(Shared(application, replace(settings, stls=offer), listener, timeouts, clock or SystemClock()))
    await server.start()
    return server


class Server:
    """A listening server; made by ``serve``."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._server: asyncio.Server | None = None
        self._patrol: asyncio.Task[None] | None = None
        shared.empty.set()

    async def start(self) -> None:
        """Listen.  Raises OSError."""
        listener = self._shared.listener
        implicit = listener.ssl_context if listener.implicit_tls else None
        place = {"sock": listener.sock} if listener.sock else {"host": listener.host, "port": listener.port}
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._shared),
            **cast("dict[str, Any]", place),
            backlog=listener.backlog,
            ssl=implicit,
            ssl_handshake_timeout=self._shared.timeouts.tls_handshake if implicit else None,
        )
        self._patrol = asyncio.create_task(self._keep_time())

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of every socket it listens on; nothing once it is closed."""
        sockets = self._server.sockets if self._server is not None else ()
        return tuple((str(name[0]), int(name[1])) for name in (listening.getsockname() for listening in sockets))

    @property
    def connections(self) -> int:
        """How many sessions are open."""
        return len(self._shared.connections)

    async def close(self, grace: float = 5.0) -> None:
        """Listen no more, dismiss every client, and wait ``grace`` seconds for what is being answered.

        What QUIT asked to be deleted is deleted; sessions without QUIT delete nothing.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        self._shared.open = False
        server.close()
        for connection in tuple(self._shared.connections):
            connection.shut_down()
        try:
            async with self._shared.clock.timeout(grace):
                await self._shared.empty.wait()
                while self._shared.tasks:
                    await asyncio.wait(tuple(self._shared.tasks))
        except TimeoutError:
            for connection in tuple(self._shared.connections):
                connection.abort()
            await self._shared.empty.wait()
        tasks: list[asyncio.Task[None]] = [*self._shared.tasks, *([self._patrol] if self._patrol else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()

    async def _keep_time(self) -> None:
        """Look after the time limits of all connections, as often as the nearest of them needs."""
        while True:
            await self._shared.busy.wait()
            now = self._shared.clock.monotonic()
            nearest = now + LONGEST_PATROL
            for connection in tuple(self._shared.connections):
                deadline = connection.deadline()
                if deadline <= now:
                    connection.expire()
                else:
                    nearest = min(nearest, deadline)
            await self._shared.clock.sleep(max(SHORTEST_PATROL, nearest - now))
