"""Addresses that no connection comes through to: one that refuses, and one that never answers.

Both hold a bound socket, so that no other program can take the port meanwhile.
"""

from __future__ import annotations

import contextlib
import socket

#: Connections that are begun to fill the queue of a listener that accepts none; one fits, the kernel may round up.
_CLOGGING = 3


class Refused:
    """A port that nobody listens on: the kernel answers with RST."""

    def __init__(self, sock: socket.socket) -> None:
        """Hold ``sock``, which is bound and does not listen."""
        self._sock = sock

    async def start(self) -> None:
        """Do nothing: a bound socket refuses by itself."""

    async def close(self) -> None:
        """Give the port back."""
        self._sock.close()


class Filtered:
    """A port whose connection requests are dropped, as by a packet filter, so that connecting takes until a time limit.

    Linux drops them while the queue of a listener is full, and this one accepts nothing.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Hold ``sock``, which is bound and does not listen yet."""
        self._sock = sock
        self._clogging: list[socket.socket] = []

    async def start(self) -> None:
        """Listen, and fill the queue."""
        self._sock.listen(0)
        for _ in range(_CLOGGING):
            client = socket.socket(self._sock.family)
            client.setblocking(False)  # noqa: FBT003 - the name of the call says what it is
            # What matters is that the request is sent; how it ends, close() decides.
            with contextlib.suppress(BlockingIOError):
                client.connect(self._sock.getsockname())
            self._clogging.append(client)

    async def close(self) -> None:
        """Give the port back."""
        for one in (*self._clogging, self._sock):
            one.close()
        self._clogging.clear()
