"""Connection: one session of a POP3 server on asyncio's transports; Shared: what the sessions of one server share.

Octets go from ``data_received`` through the engine straight to ``write``.  Logins, messages and updates are answered by
a task each, since the application is awaited there; meanwhile the engine reads nothing on.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from mailwright.pop3.limits import Timeouts
from mailwright.pop3.responses import Response, ResponseCode, response_to_bytes
from mailwright.pop3.server import ServerEngine
from mailwright.pop3.server_application import Application, Maildrop, MaildropRefused
from mailwright.pop3.server_events import (
    ApopGiven,
    AuthCancelled,
    AuthGiven,
    AuthResponse,
    Connected,
    Ended,
    Ending,
    Event,
    LoginGiven,
    RetrieveGiven,
    StlsGiven,
    UpdateGiven,
)
from mailwright.pop3.server_login import Login
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_states import State
from mailwright.smtp.sasl_server import Challenge
from mailwright.smtp.server_application import Peer
from mailwright.smtp.server_ends import peer_of, tls_facts
from mailwright.smtp.server_reception import Hall

#: Seconds that a closing connection gets for what is still to be sent (own choice).
LINGER = 10.0
#: Octets that wait to be sent before no more are read of a message or of the client (own choice).
HIGH_WATER = 131_072
#: Octets of a nonce (RFC 7677 asks for at least 18).
_NONCE = 24

TOO_MANY = Response(ok=False, text="Too many connections, come again later", code=ResponseCode.SYS_TEMP)
SHUTTING_DOWN = Response(ok=False, text="The server is shutting down", code=ResponseCode.SYS_TEMP)
FAILED = Response(ok=False, text="Something is wrong here, come again later", code=ResponseCode.SYS_TEMP)
LOGIN_FAILED = Response(ok=False, text="Name or password is wrong", code=ResponseCode.AUTH)

_LoginEvent = LoginGiven | ApopGiven | AuthGiven | AuthResponse


@dataclass(slots=True, eq=False)
class Shared(Hall):
    """What the sessions of one POP3 server share."""

    application: Application
    settings: ServerSettings
    timeouts: Timeouts

    async def finish(self) -> None:
        """Wait until there is no connection, and all that QUIT asked to be deleted is deleted."""
        await self.empty.wait()
        while self.answering:
            await asyncio.wait(tuple(self.answering))


class Connection(asyncio.Protocol):
    """One session over one connection; made by asyncio."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._clock = shared.clock
        self._transport: asyncio.Transport | None = None
        self._engine: ServerEngine | None = None
        self._login: Login | None = None
        self._peer = Peer("", 0, "", 0)
        self._maildrop: Maildrop | None = None
        # What came between the answer to STLS and the end of the handshake as asyncio tells it; None outside of it.
        self._early: bytearray | None = None
        self._paused = False
        # Set while the client takes what it is sent, or is gone.
        self._writable = asyncio.Event()
        self._writable.set()
        self._working = False
        self._heard = self._clock.monotonic()
        # When a closing connection is cut.
        self._cut_at: float | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        shared = self._shared
        self._transport = opened = cast("asyncio.Transport", transport)
        opened.set_write_buffer_limits(HIGH_WATER)
        if not shared.admit(self):
            opened.write(response_to_bytes(TOO_MANY))
            opened.close()
            return
        settings = shared.settings
        timestamp = f"<{secrets.token_hex(16)}@{settings.host}>" if settings.apop else None
        self._engine = ServerEngine(settings, tls=tls_facts(opened) is not None, timestamp=timestamp)
        self._peer = peer_of(opened)
        self._login = Login(shared.application, self._peer, timestamp or "", settings.host, _nonce)
        self._pump(self._engine)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._heard = self._clock.monotonic()
        if self._early is not None:
            self._early += data
        elif self._engine is not None:
            self._engine.receive_data(data)
            self._pump(self._engine)

    def eof_received(self) -> bool:
        """See asyncio.Protocol: the client may still hear what is answered, except under TLS."""
        if self._engine is None or self._early is not None:
            return False
        self._engine.receive_eof()
        self._pump(self._engine)
        return not self._engine.tls

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See asyncio.Protocol."""
        self._transport = None
        self._writable.set()
        if self._engine is not None:
            self._engine.lost()
            self._pump(self._engine)
        self._shared.release(self)

    def pause_writing(self) -> None:
        """See asyncio.Protocol: a client that does not take its answers is not asked for more."""
        self._writable.clear()
        self._heard = self._clock.monotonic()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.set()
        self._heard = self._clock.monotonic()
        if self._engine is not None:
            self._pump(self._engine)

    # What the server calls.

    def deadline(self) -> float:
        """Return when ``expire`` is to be called, by the clock's ``monotonic``; infinity where nothing is to expire."""
        timeouts = self._shared.timeouts
        if self._cut_at is not None:
            return self._cut_at
        if self._early is not None:
            return self._heard + timeouts.tls_handshake
        if not self._writable.is_set():
            return self._heard + timeouts.server_send
        return float("inf") if self._working else self._heard + timeouts.server_idle

    def expire(self) -> None:
        """Time is up: close without a word and without deleting anything (RFC 1939 3)."""
        engine = self._engine
        if engine is None or self._cut_at is not None or engine.state is State.CLOSED:
            self.abort()
            return
        engine.lost(Ending.CLOSED)
        self._pump(engine)

    def shut_down(self) -> None:
        """The server ends: tell the client, unless it is being served or has said QUIT."""
        engine = self._engine
        if engine is not None and not self._working and engine.state is not State.CLOSED:
            engine.close(SHUTTING_DOWN)
            self._pump(engine)

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    # The session.

    def _pump(self, engine: ServerEngine) -> None:
        """Send what there is to send, and look after events, until there are none."""
        while True:
            if self._transport is not None and self._writable.is_set() and (data := engine.data_to_send()):
                self._transport.write(data)
                continue
            events = engine.events()
            for event in events:
                self._tell(engine, event)
            if not events:
                break
        if self._transport is None:
            return
        if engine.state is State.CLOSED and self._cut_at is None:
            self._cut_at = self._clock.monotonic() + LINGER
            self._transport.close()
        elif engine.state is State.TLS and self._early is None:
            # Not one octet may be read in the clear between the answer and the handshake.
            self._early = bytearray()
            self._regulate(pause=True)
            self._shared.run(self._secure(engine, self._transport))
        elif self._early is None:
            self._regulate(pause=engine.is_full)

    def _tell(self, engine: ServerEngine, event: Event) -> None:
        match event:
            case Connected() | StlsGiven():
                engine.accept()
            case AuthCancelled():
                pass
            case Ended():
                # What is being done with the maildrop is done under its lock.
                if not self._working:
                    self._release()
            case _:
                self._working = True
                self._shared.run(self._answer(engine, event))

    def _regulate(self, *, pause: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or pause is self._paused:
            return
        self._paused = pause
        if pause:
            transport.pause_reading()
        else:
            transport.resume_reading()

    async def _answer(self, engine: ServerEngine, event: _LoginEvent | RetrieveGiven | UpdateGiven) -> None:
        """Answer a question that the application must be asked about."""
        try:
            match event:
                case RetrieveGiven():
                    await self._retrieve(engine, event)
                case UpdateGiven(deleted):
                    await self._update(engine, deleted)
                case _:
                    await self._log_in(engine, event)
        except MaildropRefused as refusal:
            self._refuse(engine, refusal.response)
        except Exception as error:  # noqa: BLE001 - whatever the application raises is its own
            asyncio.get_running_loop().call_exception_handler(
                {"message": "A POP3 application failed", "exception": error, "protocol": self}
            )
            self._refuse(engine, FAILED)
        finally:
            self._working = False
            self._heard = self._clock.monotonic()
        self._pump(engine)
        if engine.state is State.CLOSED:
            self._release()
        elif not self._shared.open:
            self.shut_down()

    def _refuse(self, engine: ServerEngine, response: Response) -> None:
        if engine.state is State.TEXT:
            # The client must not take what it has for the whole: neither the last line nor any other word may follow.
            engine.lost(Ending.CLOSED)
            self.abort()
        else:
            engine.reply(response)

    async def _log_in(self, engine: ServerEngine, event: _LoginEvent) -> None:
        if self._login is None:
            return
        found = await self._login.take(event)
        if isinstance(found, Challenge):
            engine.challenge(found.data)
            return
        if found is None:
            await self._clock.sleep(self._shared.timeouts.failed_login)
            engine.reply(LOGIN_FAILED)
            return
        maildrop = await self._shared.application.open(found, self._peer)
        self._maildrop = maildrop
        if engine.state is State.CLOSED:
            self._release()
        else:
            engine.open(maildrop.entries)

    async def _retrieve(self, engine: ServerEngine, event: RetrieveGiven) -> None:
        if self._maildrop is None:
            return
        async with aclosing(self._maildrop.read(event.number)) as pieces:
            # The first piece shows whether the message can be read: until then it can be refused.
            wanted = None
            async for piece in pieces:
                if wanted is None:
                    engine.accept()
                wanted = engine.send_text(piece)
                self._pump(engine)
                await self._writable.wait()
                if not wanted:
                    break
            if wanted is None:
                engine.accept()
        engine.end_text()

    async def _update(self, engine: ServerEngine, deleted: tuple[int, ...]) -> None:
        if self._maildrop is not None and deleted:
            await self._maildrop.remove(deleted)
        engine.accept()

    def _release(self) -> None:
        maildrop, self._maildrop = self._maildrop, None
        if maildrop is not None:
            maildrop.release()

    async def _secure(self, engine: ServerEngine, transport: asyncio.Transport) -> None:
        """Do the handshake after STLS."""
        context = self._shared.listener.ssl_context
        if context is None:
            # STLS is offered with a certificate only.
            transport.abort()
            return
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self._shared.timeouts.tls_handshake,
            )
        except OSError:
            # Nothing can be said in the middle of a handshake; ssl.SSLError and time-outs are OSErrors.
            transport.abort()
            self.connection_lost(None)
            return
        if secured is None or self._transport is None:
            transport.abort()
            return
        self._transport = secured
        secured.set_write_buffer_limits(HIGH_WATER)
        early, self._early, self._paused = self._early, None, False
        engine.tls_established()
        self._heard = self._clock.monotonic()
        if early:
            self.data_received(bytes(early))


def _nonce() -> str:
    return secrets.token_urlsafe(_NONCE)
