"""ClientSocket: what the links of SMTP's and POP3's clients do alike with asyncio's transports."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, ParamSpec, Protocol, TypeVar, cast

from mailwright.clock import Clock
from mailwright.smtp.client_options import Target
from mailwright.smtp.errors import RemoteProtocolError

#: Seconds by which asyncio's own time limit for a handshake lies behind ours, which the Clock keeps.
_HANDSHAKE_SLACK = 3_600.0
#: Seconds that the goodbye of TLS may take (own choice; nothing depends on it).
_SHUTDOWN_SECONDS = 2.0


class Engine(Protocol):
    """What a socket asks of the engine of a client."""

    def receive_data(self, data: bytes) -> None:
        """Take octets.  Raises RemoteProtocolError."""
        ...

    def receive_eof(self) -> None:
        """Nothing more will come."""
        ...

    def data_to_send(self) -> bytes:
        """Return what is to be sent now, and forget it."""
        ...


_Engine = TypeVar("_Engine", bound=Engine)
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class ClientSocket(asyncio.Protocol, ABC, Generic[_Engine]):
    """One connection's socket.  Links say what they hand on, and which trouble an OSError is.

    fault: how the server broke the protocol; None while it does not.
    error: why the connection was lost; None where the system does not say.
    gone: whether the connection is no more.
    progress: when something last went on, by the clock's monotonic time; links say what counts beside sending.
    """

    def __init__(self, engine: _Engine, clock: Clock) -> None:
        self.fault: RemoteProtocolError | None = None
        self.error: Exception | None = None
        self.gone = False
        self.progress = clock.monotonic()
        self._engine = engine
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._deaf = False
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # ------------------------------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        if self._deaf:
            self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self.fault is not None:
            return
        try:
            self._engine.receive_data(data)
        except RemoteProtocolError as fault:
            self.fault = fault
        # The engine answers some things by itself: with the next line of an envelope, with HELO after EHLO.
        self.flush()
        self._hand_on()

    def eof_received(self) -> bool:
        """See asyncio.Protocol: the transport closes itself."""
        self._engine.receive_eof()
        self._hand_on()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.gone = True
        self.error = exc
        self._engine.receive_eof()
        self._hand_on()
        if not self._closed.done():
            self._closed.set_result(None)

    @abstractmethod
    def _hand_on(self) -> None:
        """Hand the engine's events on, and wake who waits for what has changed."""

    # ----------------------------------------------------------------------------------------- what the session calls

    def flush(self) -> None:
        """Write what the engine has to say."""
        data = self._engine.data_to_send()
        if data and self._transport is not None and not self.gone:
            self.progress = self._clock.monotonic()
            self._transport.write(data)

    async def in_thread(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **names: _Parameters.kwargs
    ) -> _Result:
        """Call something that takes long where it holds up nobody."""
        return await asyncio.to_thread(function, *arguments, **names)

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self, seconds: float) -> None:
        """Close, and wait until that is done, at most ``seconds``."""
        if self._transport is None or self.gone:
            return
        self._transport.close()
        try:
            async with self._clock.timeout(seconds):
                await asyncio.shield(self._closed)
        except TimeoutError:
            self._transport.abort()

    # ------------------------------------------------------------------------------------------- what links build on

    async def _connect(self, target: Target, local_address: str | None, seconds: float, *, deaf: bool) -> None:
        """Connect within ``seconds``.  deaf: read nothing before the handshake.  Raises OSError."""
        self._deaf = deaf
        local = (local_address, 0) if local_address else None
        loop = asyncio.get_running_loop()
        async with self._clock.timeout(seconds):
            await loop.create_connection(lambda: self, target.address, target.port, local_addr=local)

    async def _shake_hands(self, context: ssl.SSLContext, name: str, seconds: float) -> ssl.SSLObject | None:
        """Make the handshake within ``seconds``, and return what knows about it; None where the connection is gone.

        name: for SNI.  Raises OSError, of which TimeoutError and ssl.SSLError are.
        """
        if self._transport is None or self.gone:
            return None
        async with self._clock.timeout(seconds):
            secured = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                context,
                server_hostname=name,
                ssl_handshake_timeout=seconds + _HANDSHAKE_SLACK,
                ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
            )
        if secured is None:
            return None
        self._transport = secured
        return cast("ssl.SSLObject", secured.get_extra_info("ssl_object"))
