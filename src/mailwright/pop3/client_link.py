"""Link: octets between a socket and the client's engine, with TLS and time limits.  Here the client meets asyncio."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

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
from mailwright.smtp.client_socket import ClientSocket
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import TlsProblem, tls_problem

#: Octets of a message that wait for the caller before no more are read (own choice).
HIGH_WATER = 262_144


class Handshake(NamedTuple):
    """What came of a handshake.  certificate: the server's, DER; None where it sent none."""

    version: str
    cipher: str
    certificate: bytes | None


class Link(ClientSocket[ClientEngine]):
    """One connection's socket.

    hear: called with each event of the engine, while octets are being received.
    fault: how the server broke the protocol; None while it does not.
    error: why the connection was lost; None where the system does not say.
    gone: whether the connection is no more.
    progress: when octets were last sent or received, by the clock's monotonic time.
    """

    def __init__(self, engine: ClientEngine, clock: Clock, hear: Callable[[Event], None]) -> None:
        super().__init__(engine, clock)
        self._hear = hear
        self._events: deque[Event] = deque()
        # What came under TLS before asyncio told that the handshake is done.
        self._early = b""
        # Octets of messages among the events.
        self._held = 0
        self._waiter: asyncio.Future[None] | None = None

    # ------------------------------------------------------------------------------------------- what asyncio calls

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self.fault is not None:
            return
        self.progress = self._clock.monotonic()
        if self._engine.state is State.TLS:
            self._early += data
            return
        super().data_received(data)

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
        try:
            await self._connect(target, local_address, seconds, deaf=deaf)
        except OSError as error:
            raise _connect_trouble(target, error, seconds) from error

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

    async def secure(self, context: ssl.SSLContext, name: str, seconds: float) -> Handshake:
        """Make the handshake within ``seconds``.  name: for SNI.

        Raises Pop3Trouble; the connection is of no use then.
        """
        try:
            ssl_object = await self._shake_hands(context, name, seconds)
        except TimeoutError as error:
            raise NoAnswer(Step.TLS, seconds) from error
        except OSError as error:
            raise _handshake_trouble(error) from error
        if ssl_object is None:
            raise ConnectionLost(Step.TLS, "the connection is gone")
        cipher = ssl_object.cipher()
        certificate = ssl_object.getpeercert(binary_form=True)
        return Handshake(ssl_object.version() or "", cipher[0] if cipher else "", certificate)

    def hear_early(self) -> None:
        """Hear what came under TLS before ``ClientEngine.tls_established`` was called."""
        early, self._early = self._early, b""
        if early:
            self.data_received(early)


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
