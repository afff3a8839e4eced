"""Server: what listens and keeps time for the sessions of a server, of SMTP and of POP3 alike.

One task for the whole server looks after all time limits; a connection only notes when it last heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from mailwright.smtp.server_reception import Hall

#: Seconds between two looks at the time limits, at most and at least (own choice).
LONGEST_PATROL, SHORTEST_PATROL = 5.0, 0.05


class Server:
    """A listening server; made by the ``serve`` of its protocol."""

    def __init__(self, hall: Hall, connect: Callable[[], asyncio.Protocol], tls_handshake: float) -> None:
        """Keep what sessions share.

        connect: makes the protocol of a new connection, which enters ``hall`` by itself.
        tls_handshake: seconds for the handshake where TLS begins at once.
        """
        self._hall = hall
        self._connect = connect
        self._tls_handshake = tls_handshake
        self._server: asyncio.Server | None = None
        self._patrol: asyncio.Task[None] | None = None
        hall.empty.set()

    async def start(self) -> None:
        """Listen.  Raises OSError."""
        listener = self._hall.listener
        implicit = listener.ssl_context if listener.implicit_tls else None
        place = {"sock": listener.sock} if listener.sock else {"host": listener.host, "port": listener.port}
        self._server = await asyncio.get_running_loop().create_server(
            self._connect,
            **cast("dict[str, Any]", place),
            backlog=listener.backlog,
            ssl=implicit,
            ssl_handshake_timeout=self._tls_handshake if implicit else None,
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
        return len(self._hall.connections)

    async def close(self, grace: float = 5.0) -> None:
        """Listen no more, dismiss every client, and wait ``grace`` seconds for what is being answered.

        After ``grace`` connections are cut.  SMTP: clients are told 421; a message that the application is taking gets
        its answer.  POP3: what QUIT asked to be deleted is deleted; sessions without QUIT delete nothing.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        hall = self._hall
        hall.open = False
        server.close()
        for connection in tuple(hall.connections):
            connection.shut_down()
        try:
            async with hall.clock.timeout(grace):
                await hall.finish()
        except TimeoutError:
            for connection in tuple(hall.connections):
                connection.abort()
            await hall.empty.wait()
        waiting = [*hall.answering, *([self._patrol] if self._patrol is not None else [])]
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await server.wait_closed()

    async def _keep_time(self) -> None:
        """Look after the time limits of all connections, as often as the nearest of them needs."""
        hall = self._hall
        while True:
            await hall.busy.wait()
            now = hall.clock.monotonic()
            nearest = now + LONGEST_PATROL
            for connection in tuple(hall.connections):
                deadline = connection.deadline()
                if deadline <= now:
                    connection.expire()
                elif deadline < nearest:
                    nearest = deadline
            await hall.clock.sleep(max(SHORTEST_PATROL, nearest - now))
