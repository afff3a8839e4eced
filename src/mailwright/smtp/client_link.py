"""Link: octets between a socket and the client's engine, with TLS and time limits.  Here the client meets asyncio."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, ParamSpec, TypeVar, cast

from mailwright.clock import Clock
from mailwright.smtp.client import ClientEngine
from mailwright.smtp.client_events import Event
from mailwright.smtp.client_options import Target
from mailwright.smtp.errors import RemoteProtocolError
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

#: Seconds by which asyncio's own time limit for a handshake lies behind ours, which the Clock keeps.
_HANDSHAKE_SLACK = 3_600.0
#: Seconds that the goodbye of TLS may take (own choice; nothing depends on it).
_SHUTDOWN_SECONDS = 2.0
#: The encoding DER in Python's names (``_ssl.ENCODING_DER``), of which 3.11 and 3.12 have no public one.
_DER = 2

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Handshake(NamedTuple):
    """What came of a handshake.  chain: the certificates that the server sent, DER, its own first."""

    version: str
    cipher: str
    chain: tuple[bytes, ...]


class Link(asyncio.Protocol):
    """One connection's socket.

    sink: called with each event of the engine, while octets are being received.
    fault: how the server broke the protocol; None while it does not.
    error: why the connection was lost; None where the system does not say.
    gone: whether the connection is no more.  paused: whether the system takes no more octets.
    progress: when octets were last sent or an event came, by the clock's monotonic time.
    """

    def __init__(self, engine: ClientEngine, clock: Clock, sink: Callable[[Event], None]) -> None:
        self.fault: RemoteProtocolError | None = None
        self.error: Exception | None = None
        self.gone = False
        self.paused = False
        self.progress = clock.monotonic()
        self._engine = engine
        self._clock = clock
        self._sink = sink
        self._transport: asyncio.Transport | None = None
        self._deaf = False
        # Whoever waits, and how many seconds; the result tells whether what is waited for may have come.
        self._waiter: asyncio.Future[bool] | None = None
        self._seconds = 0.0
        self._watch: asyncio.Task[None] | None = None
        self._watch_wakes = 0.0
        self._is_done: Callable[[], bool] = lambda: True
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # ------------------------------------------------------------------------------------- what asyncio calls

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
        # The engine may have gone on by itself: the next line of an envelope, HELO after EHLO.
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
        self.paused = False
        self.error = exc
        self._engine.receive_eof()
        self._hand_on()
        if self._watch is not None and (self._waiter is None or self._waiter.done()):
            self._watch.cancel()
        if not self._closed.done():
            self._closed.set_result(None)

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
        self._deaf = deaf
        local = (local_address, 0) if local_address else None
        loop = asyncio.get_running_loop()
        try:
            async with self._clock.timeout(seconds):
                await loop.create_connection(lambda: self, target.address, target.port, local_addr=local)
        except OSError as error:
            raise _connect_trouble(target, error, seconds) from error

    def write(self, octets: bytes) -> None:
        """Write octets that are not the engine's."""
        if self._transport is not None and not self.gone:
            self._transport.write(octets)

    def flush(self) -> None:
        """Write what the engine has to say."""
        data = self._engine.data_to_send()
        if data and self._transport is not None and not self.gone:
            self.progress = self._clock.monotonic()
            self._transport.write(data)

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

    async def in_thread(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **names: _Parameters.kwargs
    ) -> _Result:
        """Call something that takes long where it holds up nobody."""
        return await asyncio.to_thread(function, *arguments, **names)

    def stop_reading(self) -> None:
        """Leave what comes now to the handshake."""
        if self._transport is not None and not self.gone:
            self._transport.pause_reading()

    async def secure(self, context: ssl.SSLContext, name: str, seconds: float) -> Handshake:
        """Make the handshake within ``seconds``.  name: for SNI.

        Raises SmtpTrouble; the connection is of no use then.
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
        return Handshake(ssl_object.version() or "", cipher[0] if cipher else "", _chain(ssl_object))

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
