"""serve: the server's engine on asyncio's sockets.

One task for the whole server looks after all time limits; a connection only notes when it last heard.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

from mailwright.clock import Clock, SystemClock
from mailwright.smtp.limits import DEFAULT_TIMEOUTS, Timeouts
from mailwright.smtp.server_connection import Connection
from mailwright.smtp.server_reception import ApplicationFactory, Listener, Reception
from mailwright.smtp.server_settings import ServerSettings

#: Seconds between two looks at the time limits, at most and at least (own choice).
LONGEST_PATROL, SHORTEST_PATROL = 5.0, 0.05


async def serve(
    application_factory: ApplicationFactory,
    settings: ServerSettings,
    listener: Listener,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    clock: Clock | None = None,
) -> Server:
    """Listen, and return the server.

    application_factory: called once for each session.  Of ``settings``, ``starttls`` is set by the listener.
    Raises OSError where the address cannot be taken, ValueError for a listener that contradicts itself.
    """
    if listener.implicit_tls and (listener.ssl_context is None or listener.proxy_from):
        raise ValueError("implicit TLS needs a certificate, and goes with no PROXY header")
    offer = listener.ssl_context is not None and not listener.implicit_tls
    settings = replace(settings, starttls=offer)
    server = Server(Reception(application_factory, settings, listener, timeouts, clock or SystemClock()))
    await server.start()
    return server


class Server:
    """A listening server; made by ``serve``."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._server: asyncio.Server | None = None
        self._patrol: asyncio.Task[None] | None = None
        reception.empty.set()

    async def start(self) -> None:
        """Listen.  Raises OSError."""
        listener = self._reception.listener
        implicit = listener.ssl_context if listener.implicit_tls else None
        place = {"sock": listener.sock} if listener.sock else {"host": listener.host, "port": listener.port}
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._reception),
            **cast("dict[str, Any]", place),
            backlog=listener.backlog,
            ssl=implicit,
            ssl_handshake_timeout=self._reception.timeouts.tls_handshake if implicit else None,
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
        return len(self._reception.connections)

    async def close(self, grace: float = 5.0) -> None:
        """Listen no more, tell every client 421, and wait ``grace`` seconds for what is being answered.

        A message that the application is taking gets its answer; after ``grace`` connections are cut.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        self._reception.open = False
        server.close()
        for connection in tuple(self._reception.connections):
            connection.shut_down()
        try:
            async with self._reception.clock.timeout(grace):
                await self._reception.empty.wait()
        except TimeoutError:
            for connection in tuple(self._reception.connections):
                connection.abort()
            await self._reception.empty.wait()
        waiting = (
            [*self._reception.answering, self._patrol] if self._patrol is not None else [*self._reception.answering]
        )
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await server.wait_closed()

    async def _keep_time(self) -> None:
        """Look after the time limits of all connections, as often as the nearest of them needs."""
        while True:
            await self._reception.busy.wait()
            now = self._reception.clock.monotonic()
            nearest = now + LONGEST_PATROL
            for connection in tuple(self._reception.connections):
                deadline = connection.deadline()
                if deadline <= now:
                    connection.expire()
                elif deadline < nearest:
                    nearest = deadline
            await self._reception.clock.sleep(max(SHORTEST_PATROL, nearest - now))
