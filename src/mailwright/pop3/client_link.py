"""Link: octets between a socket and the client's engine, with TLS and time limits.  Here the client meets asyncio."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar, cast

from mailwright.clock import Clock
from mailwright.pop3.client import ClientEngine, State
from mailwright.pop3.client_events import Event, MessageChunk
from mailwright.pop3.trouble import (
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    NetworkUnreachable,
    NoAnswer,
    Pop3Trouble,
    TlsTrouble,
)
from mailwright.smtp.client_options import Target
from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import TlsProblem, tls_problem

#: Octets of a message that wait for the caller before no more are read (own choice).
HIGH_WATER = 262_144
#: Seconds by which asyncio's own time limit for a handshake lies behind ours, which the Clock keeps.
_HANDSHAKE_SLACK = 3_600.0
#: Seconds that the goodbye of TLS may take (own choice; nothing depends on it).
_SHUTDOWN_SECONDS = 2.0

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Handshake(NamedTuple):
    """What came of a handshake.  certificate: the server's, DER; None where it sent none."""

    version: str
    cipher: str
    certificate: bytes | None


class Link(asyncio.Protocol):
    """One connection's socket.

    hear: called with each event of the engine, while octets are being received.
    fault: how the server broke the protocol; None while it does not.
    error: why the connection was lost; None where the system does not say.
    gone: whether the connection is no more.
    progress: when octets were last sent or received, by the clock's monotonic time.
    """

    def __init__(self, engine: ClientEngine, clock: Clock, hear: Callable[[Event], None]) -> None:
        self.fault: RemoteProtocolError | None = None
        self.error: Exception | None = None
        self.gone = False
        self.progress = clock.monotonic()
        self._engine = engine
        self._clock = clock
        self._hear = hear
        self._events: deque[Event] = deque()
        self._transport: asyncio.Transport | None = None
        self._deaf = False
        # What came under TLS before asyncio told that the handshake is done.
        self._early = b""
        # Octets of messages among the events.
        self._held = 0
        self._waiter: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # ------------------------------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # The transports of uvloop are no subclasses of asyncio's.
        self._transport = opened = cast("asyncio.Transport", transport)
        if self._deaf:
            opened.pause_reading()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self.fault is not None:
            return
        self.progress = self._clock.monotonic()
        if self._engine.state is State.TLS:
            self._early += data
            return
        try:
            self._engine.receive_data(data)
        except RemoteProtocolError as fault:
            self.fault = fault
        # The engine answers some things by itself.
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

    def _hand_on(self) -> None:
        for event in self._engine.events():
            self._hear(event)
            self._events.append(event)
            if isinstance(event, MessageChunk):
                self._held += len(event.data)
        if self._waiter is not None and not self._waiter.done() and (self._events or self.fault or self.gone):
            self._waiter.set_result(None)
        # What comes after the answer to STLS is the handshake's, and must not be read before it begins.
        full = self._held > HIGH_WATER or self._engine.state is State.TLS
        if full and self._transport is not None and not self.gone:
            self._transport.pause_reading()

    # ----------------------------------------------------------------------------------------- what the session calls

    async def open(self, target: Target, local_address: str | None, seconds: float, *, deaf: bool) -> None:
        """Connect within ``seconds``.

        deaf: read nothing before ``secure``, so that a greeting in the clear is seen for what it is there.
        Raises Pop3Trouble.
        """
        self._deaf = deaf
        local = (local_address, 0) if local_address else None
        loop = asyncio.get_running_loop()
        try:
            async with self._clock.timeout(seconds):
                await loop.create_connection(lambda: self, target.address, target.port, local_addr=local)
        except OSError as error:
            raise _connect_trouble(target, error, seconds) from error

    def flush(self) -> None:
        """Write what the engine has to say."""
        data = self._engine.data_to_send()
        if data and self._transport is not None and not self.gone:
            self.progress = self._clock.monotonic()
            self._transport.write(data)

    async def next_event(self, seconds: float) -> Event | None:
        """Return the next event; None where the protocol is broken or the connection gone.

        Raises TimeoutError where nothing at all is heard for ``seconds``.
        """
        while not self._events:
            if self.fault is not None or self.gone:
                return None
            await self._wait(seconds)
        event = self._events.popleft()
        if isinstance(event, MessageChunk):
            before, self._held = self._held, self._held - len(event.data)
            if before > HIGH_WATER >= self._held and self._transport is not None and not self.gone:
                self.progress = self._clock.monotonic()
                self._transport.resume_reading()
        return event

    async def _wait(self, seconds: float) -> None:
        """Wait until there is something to look at, or for ``seconds`` since the last octet."""
        began = self.progress
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with self._clock.timeout(max(began + seconds - self._clock.monotonic(), 0.0)):
                await self._waiter
        except TimeoutError:
            if self.progress == began and not self._events:
                raise
        finally:
            self._waiter = None

    async def in_thread(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **names: _Parameters.kwargs
    ) -> _Result:
        """Call something that takes long where it holds up nobody."""
        return await asyncio.to_thread(function, *arguments, **names)

    async def secure(self, context: ssl.SSLContext, name: str, seconds: float) -> Handshake:
        """Make the handshake within ``seconds``.  name: for SNI.

        Raises Pop3Trouble; the connection is of no use then.
        """
        if self._transport is None or self.gone:
            raise ConnectionLost(Step.TLS, "the connection is gone")
        try:
            async with self._clock.timeout(seconds):
                secured = await asyncio.get_running_loop().start_tls(
                    self._transport,
                    self,
                    context,
                    server_hostname=name,
                    ssl_handshake_timeout=seconds + _HANDSHAKE_SLACK,
                    ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
                )
        except TimeoutError as error:
            raise NoAnswer(Step.TLS, seconds) from error
        except OSError as error:
            raise _handshake_trouble(error) from error
        if secured is None:
            raise ConnectionLost(Step.TLS, "the connection is gone")
        self._transport = secured
        ssl_object = secured.get_extra_info("ssl_object")
        cipher = ssl_object.cipher()
        certificate = ssl_object.getpeercert(binary_form=True)
        return Handshake(ssl_object.version() or "", cipher[0] if cipher else "", certificate)

    def hear_early(self) -> None:
        """Hear what came under TLS before ``ClientEngine.tls_established`` was called."""
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

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


def _connect_trouble(target: Target, error: OSError, seconds: float) -> Pop3Trouble:
    where = f"{target.address} port {target.port}"
    if isinstance(error, TimeoutError):
        return ConnectTimeout(Step.CONNECT, f"{where}: {error.strerror or f'no answer within {seconds:g} seconds'}")
    where = f"{where}: {error.strerror or error}"
    if error.errno == errno.ECONNREFUSED:
        return ConnectRefused(Step.CONNECT, where)
    if isinstance(error, ConnectionError):
        return ConnectionLost(Step.CONNECT, where)
    # ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT and their like.
    return NetworkUnreachable(Step.CONNECT, where)


def _handshake_trouble(error: OSError) -> Pop3Trouble:
    """Return what a failed handshake means; SSLError is an OSError too."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsTrouble(Step.TLS, tls_problem(error.reason or "", error.verify_code), error.verify_message)
    if isinstance(error, ssl.SSLError):
        return TlsTrouble(Step.TLS, tls_problem(error.reason or str(error)), error.reason or str(error))
    return TlsTrouble(Step.TLS, TlsProblem.HANDSHAKE, f"the server closed the connection: {error}".rstrip(": "))
