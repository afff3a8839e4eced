"""Link: octets between a socket and the client's engine, with TLS and time limits.  Here the client meets asyncio."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mailwright.clock import Clock
from mailwright.smtp.client import ClientEngine
from mailwright.smtp.client_events import Event
from mailwright.smtp.client_options import Target
from mailwright.smtp.client_socket import ClientSocket
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import (
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    NetworkUnreachable,
    NoAnswer,
    SmtpTrouble,
    TlsProblem,
    TlsTrouble,
    tls_problem,
)

#: The encoding DER in Python's names (``_ssl.ENCODING_DER``), of which 3.11 and 3.12 have no public one.
_DER = 2


class Handshake(NamedTuple):
    """What came of a handshake.  chain: the certificates that the server sent, DER, its own first."""

    version: str
    cipher: str
    chain: tuple[bytes, ...]


class Link(ClientSocket[ClientEngine]):
    """One connection's socket.

    sink: called with each event of the engine, while octets are being received.
    fault: how the server broke the protocol; None while it does not.
    error: why the connection was lost; None where the system does not say.
    gone: whether the connection is no more.  paused: whether the system takes no more octets.
    progress: when octets were last sent or an event came, by the clock's monotonic time.
    """

    def __init__(self, engine: ClientEngine, clock: Clock, sink: Callable[[Event], None]) -> None:
        super().__init__(engine, clock)
        self.paused = False
        self._sink = sink
        # Whoever waits, and how many seconds; the result tells whether what is waited for may have come.
        self._waiter: asyncio.Future[bool] | None = None
        self._seconds = 0.0
        self._watch: asyncio.Task[None] | None = None
        self._watch_wakes = 0.0
        self._is_done: Callable[[], bool] = lambda: True

    # ------------------------------------------------------------------------------------- what asyncio calls

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.paused = False
        super().connection_lost(exc)
        if self._watch is not None and (self._waiter is None or self._waiter.done()):
            self._watch.cancel()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self.paused = True

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self.paused = False
        self._hand_on()

    def _hand_on(self) -> None:
        events = self._engine.events()
        if events:
            self.progress = self._clock.monotonic()
            for event in events:
                self._sink(event)
        waiter = self._waiter
        if waiter is not None and not waiter.done() and (self.fault is not None or self._is_done()):
            waiter.set_result(True)

    # --------------------------------------------------------------------------------------- what the session calls

    async def open(self, target: Target, local_address: str | None, seconds: float, *, deaf: bool) -> None:
        """Connect within ``seconds``.

        deaf: read nothing before ``secure``.
        Raises SmtpTrouble.
        """
        try:
            await self._connect(target, local_address, seconds, deaf=deaf)
        except OSError as error:
            raise _connect_trouble(target, error, seconds) from error

    def write(self, octets: bytes) -> None:
        """Write octets that are not the engine's."""
        if self._transport is not None and not self.gone:
            self._transport.write(octets)

    async def until(self, is_done: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``is_done``, or the server broke the protocol; False where nothing happens for ``seconds``."""
        self._is_done = is_done
        self._seconds = seconds
        loop = asyncio.get_running_loop()
        while self.fault is None and not is_done():
            began = self.progress
            self._waiter = loop.create_future()
            self._wake_by(began + seconds)
            try:
                in_time = await self._waiter
            finally:
                self._waiter = None
            if not in_time and self.progress == began and not is_done():
                return False
        return True

    def _wake_by(self, moment: float) -> None:
        """Have the watch look at the time at ``moment``, by the clock, or before.

        Waits are many and short, their time limits long: one sleep serves many of them.
        """
        if self._watch is not None and not self._watch.done():
            if self._watch_wakes <= moment:
                return
            self._watch.cancel()
        self._watch_wakes = moment
        self._watch = asyncio.get_running_loop().create_task(self._keep_time())

    async def _keep_time(self) -> None:
        """End the wait in which nothing happens for too long; there is nothing to do once nobody waits."""
        while (waiter := self._waiter) is not None:
            self._watch_wakes = self.progress + self._seconds
            left = self._watch_wakes - self._clock.monotonic()
            if left > 0:
                await self._clock.sleep(left)
            else:
                if not waiter.done():
                    waiter.set_result(False)
                return

    async def until_taken(self, interrupted: Callable[[], bool], seconds: float) -> bool:
        """Wait while the system takes no more octets; False where that lasts ``seconds``."""
        if not self.paused:
            # Others have their turn, and what the server says meanwhile is read.
            await asyncio.sleep(0)
            return True
        self.progress = self._clock.monotonic()
        return await self.until(lambda: not self.paused or interrupted(), seconds)

    def stop_reading(self) -> None:
        """Leave what comes now to the handshake."""
        if self._transport is not None and not self.gone:
            self._transport.pause_reading()

    async def secure(self, context: ssl.SSLContext, name: str, seconds: float) -> Handshake:
        """Make the handshake within ``seconds``.  name: for SNI.

        Raises SmtpTrouble; the connection is of no use then.
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
        return Handshake(ssl_object.version() or "", cipher[0] if cipher else "", _chain(ssl_object))


@lru_cache(maxsize=16)
def client_context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    """Return a context; reading the authorities takes long, so it is kept.

    Raises OSError where ``ca_file`` cannot be read.
    """
    if verify:
        context = ssl.create_default_context(cafile=ca_file)
        # The names are compared by mailwright.smtp.security: a policy may accept several.
        context.check_hostname = False
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # RFC 7435 3: encryption to whoever answers is better than none; a policy that wants more says so.
    context.verify_mode = ssl.CERT_NONE
    return context


def _chain(ssl_object: ssl.SSLObject) -> tuple[bytes, ...]:
    public = getattr(ssl_object, "get_unverified_chain", None)
    if public is not None:
        return tuple(public() or ())
    # Python 3.13 made it public; before, only the object inside has it.
    inside = getattr(getattr(ssl_object, "_sslobj", None), "get_unverified_chain", None)
    if inside is not None:
        return tuple(certificate.public_bytes(_DER) for certificate in inside() or ())
    own = ssl_object.getpeercert(binary_form=True)
    return (own,) if own else ()


def _connect_trouble(target: Target, error: OSError, seconds: float) -> SmtpTrouble:
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


def _handshake_trouble(error: OSError) -> SmtpTrouble:
    """Return what a failed handshake means; SSLError is an OSError too."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsTrouble(Step.TLS, tls_problem(error.reason or "", error.verify_code), error.verify_message)
    if isinstance(error, ssl.SSLError):
        return TlsTrouble(Step.TLS, tls_problem(error.reason or str(error)), error.reason or str(error))
    return TlsTrouble(Step.TLS, TlsProblem.HANDSHAKE, f"the server closed the connection: {error}".rstrip(": "))
