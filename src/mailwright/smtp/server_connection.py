"""Connection: one session on asyncio's transports.

Nothing is awaited for a line: octets go from ``data_received`` through the engine and the application's methods
straight to ``write``.  Only an answer that is an awaitable makes the connection wait, and costs a task where it is a
coroutine.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

from mailwright.mail.reply import Reply
from mailwright.smtp import server_replies as replies
from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.proxy import ProxyReader
from mailwright.smtp.sasl_server import Challenge
from mailwright.smtp.server import ServerEngine
from mailwright.smtp.server_application import Answer, Application, Peer
from mailwright.smtp.server_ends import claimed_peer, is_among, peer_of, tls_facts
from mailwright.smtp.server_events import (
    AuthCancelled,
    AuthGiven,
    AuthResponse,
    Connected,
    DataBegun,
    DataChunk,
    Ended,
    Event,
    ExpnGiven,
    HelloGiven,
    MailGiven,
    MessageGiven,
    RecipientGiven,
    StartTlsGiven,
    TransactionDropped,
    VrfyGiven,
)
from mailwright.smtp.server_reception import Reception
from mailwright.smtp.server_replies import reply_bytes
from mailwright.smtp.server_states import State

#: Seconds that a closing connection gets for what is still to be sent (own choice).
LINGER = 10.0
#: Octets that wait to be sent before reading stops (own choice: replies are small).
HIGH_WATER = 65_536


class Connection(asyncio.Protocol):
    """One session over one connection; made by asyncio."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._clock = reception.clock
        self._transport: asyncio.Transport | None = None
        self._engine: ServerEngine | None = None
        self._handlers: dict[type, Callable[[Any], Any]] = {}
        # One that accepts everything stands in until there is the real one; it is asked nothing.
        self._application = Application()
        self._proxy: ProxyReader | None = None
        # Events that wait until the application has taken a piece of the text.
        self._untold: deque[Event] = deque()
        # What came over TLS before the handshake was known to be done; None where none is under way.
        self._early: bytearray | None = None
        self._waits = self._congested = self._reading_paused = self._closing = False
        self._began = self._heard = self._clock.monotonic()
        # When a closing connection is cut.
        self._cut_at: float | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(HIGH_WATER)
        if not self._reception.admit(self):
            self._transport.write(reply_bytes(replies.TOO_MANY_CONNECTIONS))
            self._transport.close()
            return
        peer = peer_of(self._transport)
        networks = self._reception.listener.proxy_from
        if networks and is_among(peer.address, networks):
            self._proxy = ProxyReader()
        else:
            self._begin(self._transport, peer)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._heard = self._clock.monotonic()
        if self._early is not None:
            self._early += data
        elif self._engine is not None:
            self._engine.receive_data(data)
            self._pump()
        elif self._proxy is not None:
            self._read_proxy(self._proxy, data)

    def eof_received(self) -> bool:
        """See asyncio.Protocol: the client may still hear what is answered, except under TLS."""
        if self._engine is None:
            return False
        self._engine.receive_eof()
        self._pump()
        return not self._engine.tls

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See asyncio.Protocol."""
        if self._transport is None:
            return
        self._transport = None
        if self._engine is not None:
            self._engine.lost()
            self._waits = False
            self._pump()
        self._reception.release(self)

    def pause_writing(self) -> None:
        """See asyncio.Protocol: a client that does not read is not read either."""
        self._congested = True
        self._regulate()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._congested = False
        self._regulate()

    # What the server calls.

    def deadline(self) -> float:
        """Return when ``expire`` is to be called, by the clock's ``monotonic``."""
        if self._cut_at is not None:
            return self._cut_at
        timeouts = self._reception.timeouts
        end = self._began + timeouts.server_session
        if self._waits:
            return end
        patience = timeouts.tls_handshake if self._early is not None else timeouts.server_idle
        return min(end, self._heard + patience)

    def expire(self) -> None:
        """Time is up: say so and close, or cut a connection that was told before."""
        if self._cut_at is not None or self._engine is None:
            self.abort()
            return
        over = self._clock.monotonic() >= self._began + self._reception.timeouts.server_session
        self._close(replies.TOO_LONG_SESSION if over else replies.IDLE)

    def shut_down(self) -> None:
        """The server ends: say 421, after the answer that the application is working on."""
        self._closing = True
        if self._engine is None:
            self.abort()
        elif not self._waits:
            self._close(replies.SHUTTING_DOWN)

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    # The session.

    def _begin(self, transport: asyncio.Transport, peer: Peer) -> None:
        facts = tls_facts(transport)
        engine = self._engine = ServerEngine(self._reception.settings, tls=facts is not None)
        try:
            self._application = self._reception.application_factory(peer)
            if facts is not None:
                self._application.secured(facts)
        except Exception as error:  # noqa: BLE001 - whatever the application raises is its own
            self._failed(engine, error)
        self._handlers = _handlers(self._application)
        self._pump()

    def _read_proxy(self, reader: ProxyReader, data: bytes) -> None:
        try:
            header = reader.read(data)
        except RemoteProtocolError:
            # Specification, 2: a receiver that expects the header closes on anything else.
            self.abort()
            return
        if header is not None and self._transport is not None:
            self._proxy = None
            self._begin(self._transport, claimed_peer(header, peer_of(self._transport)))
            if reader.rest:
                self.data_received(reader.rest)

    def _pump(self) -> None:
        """Hand events to the application until there are none or one must wait; then send what there is to send."""
        engine = self._engine
        if engine is None:
            return
        untold = self._untold
        while not self._waits:
            if not untold:
                untold.extend(engine.events())
                if not untold:
                    break
            self._tell(engine, untold.popleft())
        self._flush(engine)

    def _tell(self, engine: ServerEngine, event: Event) -> None:
        """Hand one event over, and take the answer where it is there at once."""
        try:
            answer = self._handlers[type(event)](event)
            if engine.question is event:
                self._answer(engine, answer)
            elif answer is not None:
                self._wait_for(answer)
        except Exception as error:  # noqa: BLE001 - whatever the application raises is its own
            self._failed(engine, error)

    def _answer(self, engine: ServerEngine, answer: Answer | Awaitable[Answer]) -> None:
        if answer is None:
            engine.accept()
        elif isinstance(answer, Reply):
            engine.reply(answer)
        elif isinstance(answer, Challenge):
            engine.challenge(answer.data)
        elif isinstance(answer, tuple):
            engine.reply_each(answer)
        else:
            self._wait_for(answer)

    def _wait_for(self, answering: Awaitable[Any]) -> None:
        self._waits = True
        self._reception.run(answering, self._on_answer)

    def _on_answer(self, future: asyncio.Future[Any]) -> None:
        """Go on: the application has answered, or will not."""
        engine = self._engine
        if engine is None or (self._transport is None and not self._waits):
            # Nobody waits for it any more; an exception is still the application's to hear of.
            if not future.cancelled() and (error := future.exception()) is not None:
                self._report(error)
            return
        self._waits = False
        self._heard = self._clock.monotonic()
        try:
            answer = future.result()
            if engine.question is not None:
                self._answer(engine, answer)
        except asyncio.CancelledError:
            self._failed(engine, None)
        except Exception as error:  # noqa: BLE001 - whatever the application raises is its own
            self._failed(engine, error)
        self._pump()
        if self._closing and not self._waits:
            self._close(replies.SHUTTING_DOWN)

    def _failed(self, engine: ServerEngine, error: BaseException | None) -> None:
        """The application could not answer: the client hears 451, or 421 in place of a greeting."""
        if error is not None:
            self._report(error)
        question = engine.question
        if isinstance(question, Connected | HelloGiven) or question is None:
            engine.close(replies.FAILED_CLOSING)
        else:
            engine.reply(replies.FAILED)

    def _report(self, error: BaseException) -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "An SMTP application failed", "exception": error, "protocol": self}
        )

    def _close(self, reply: Reply) -> None:
        if self._engine is not None:
            self._engine.close(reply)
            self._pump()

    def _flush(self, engine: ServerEngine) -> None:
        transport = self._transport
        if transport is None:
            return
        if output := engine.data_to_send():
            transport.write(output)
        state = engine.state
        if state is State.CLOSED and self._cut_at is None:
            self._cut_at = self._clock.monotonic() + LINGER
            transport.close()
        elif state is State.TLS and self._early is None and (context := self._reception.listener.ssl_context):
            self._early = bytearray()
            # Not one octet may be read in the clear between the 220 and the handshake.
            transport.pause_reading()
            self._reading_paused = True
            self._reception.run(self._secure(engine, transport, context))
        elif engine.is_full or self._reading_paused or self._waits:
            self._regulate()

    def _regulate(self) -> None:
        """Read only while there is room for what comes and for what goes."""
        transport, engine = self._transport, self._engine
        if transport is None or engine is None or transport.is_closing() or self._early is not None:
            return
        pause = self._congested or engine.is_full or (self._waits and engine.question is None)
        if pause is self._reading_paused:
            return
        self._reading_paused = pause
        if pause:
            transport.pause_reading()
        else:
            transport.resume_reading()

    async def _secure(self, engine: ServerEngine, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        """Do the handshake after STARTTLS."""
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self._reception.timeouts.tls_handshake,
            )
        except OSError:
            # Nothing can be said in the middle of a handshake; ssl.SSLError and time-outs are OSErrors.
            secured = None
        facts = tls_facts(secured) if secured is not None else None
        if secured is None or facts is None or self._transport is None or engine.state is not State.TLS:
            transport.abort()
            # Before the handshake is done asyncio does not tell that the connection is lost.
            self.connection_lost(None)
            return
        self._transport = secured
        early, self._early = self._early, None
        self._reading_paused = self._congested = False
        self._heard = self._clock.monotonic()
        engine.tls_established()
        try:
            self._application.secured(facts)
        except Exception as error:  # noqa: BLE001 - whatever the application raises is its own
            self._failed(engine, error)
        if early:
            self.data_received(bytes(early))
        else:
            self._pump()


def _handlers(application: Application) -> dict[type, Callable[[Any], Any]]:
    """Return what is called for each event."""
    return {
        Connected: application.connected,
        HelloGiven: application.hello,
        MailGiven: application.mail,
        RecipientGiven: application.recipient,
        DataBegun: application.data,
        DataChunk: application.chunk,
        MessageGiven: application.message,
        AuthGiven: application.authenticate,
        AuthResponse: application.authenticate,
        StartTlsGiven: application.starttls,
        VrfyGiven: application.vrfy,
        ExpnGiven: application.expn,
        AuthCancelled: lambda _: application.authentication_cancelled(),
        TransactionDropped: lambda _: application.dropped(),
        Ended: application.ended,
    }
