"""ScriptedHost: a host on loopback that does what it is told: keeps to a script, or accepts mail but for exceptions.

    async with ScriptedHost(read_script(TEXT)) as host:                 # SMTP, POP3, any protocol of lines
        ... connect to host.address, host.port ...

    async with ScriptedHost(Accepting(reactions=Reactions({"RCPT": "550 5.1.1 User unknown"}))) as host:
        ... send to it; host.messages has what it accepted ...

A script is played on each connection from its beginning; with several, each connection has the next, and the last one
serves all that follow.  Where a client says something else than its script awaits, the connection is cut, and leaving
the block raises OffScript.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from socket import socket
from types import TracebackType
from typing import Self

from mailwright.clock import Clock, SystemClock
from mailwright.lab.reactions import Accepting, Greylist, Received, Tls
from mailwright.lab.script import Handshake, Say, Script, Secure, reply_code
from mailwright.lab.wire import LONGEST_LINE, Over, Wire
from mailwright.mail.reply import Reply
from mailwright.smtp.server import ServerEngine
from mailwright.smtp.server_events import DataBegun, Event, MessageGiven, Question, RecipientGiven
from mailwright.smtp.server_states import State

#: Seconds that one connection may last (as mailwright.smtp.limits.Timeouts.server_session).
LONGEST_SESSION = 3_600.0
#: Passes of the event loop in which an aborted connection is closed, TLS included.
_CLOSING_PASSES = 4

_HANDSHAKES = {Tls.BROKEN: Handshake.BROKEN, Tls.PLAINTEXT: Handshake.PLAINTEXT}


class ScriptedHost:
    """The host; see the head of this file.

    messages: those it has accepted, in order; of a script, the texts it heard, without envelope.
    heard: for each connection the lines that a script heard.  connections: how many have come.
    faults: what went against a script, or is a mistake in it.
    """

    def __init__(
        self, *plays: Script | Accepting, clock: Clock | None = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Play ``plays``; at least one.

        clock: of delays and greylisting.  ssl_context: the certificate, for whatever encrypts.
        """
        if not plays:
            raise ValueError("a host needs something to play")
        if ssl_context is None and any(map(_needs_certificate, plays)):
            raise ValueError("TLS needs a certificate: give the host an ssl_context")
        self.messages: list[Received] = []
        self.heard: list[list[str]] = []
        self.faults: list[Exception] = []
        self.connections = 0
        self._plays = plays
        self._clock: Clock = clock or SystemClock()
        self._context = ssl_context
        self._greylists: dict[int, Greylist] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._place: tuple[str, int] = ("", 0)

    @property
    def address(self) -> str:
        """The IP address it listens on; "" before ``start``."""
        return self._place[0]

    @property
    def port(self) -> int:
        """The port it listens on; 0 before ``start``."""
        return self._place[1]

    async def start(self, address: str = "127.0.0.1", port: int = 0, *, sock: socket | None = None) -> None:
        """Listen there, port 0 takes a free one, or on a bound socket; raises OSError."""
        if sock is None:
            self._server = await asyncio.start_server(self._serve, address, port, limit=LONGEST_LINE)
        else:
            self._server = await asyncio.start_server(self._serve, sock=sock, limit=LONGEST_LINE)
        name = self._server.sockets[0].getsockname()
        self._place = (str(name[0]), int(name[1]))

    async def close(self) -> None:
        """Stop listening and cut all connections."""
        if self._server is None:
            return
        self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        for _ in range(_CLOSING_PASSES):
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
        if self.faults and error is None:
            raise self.faults[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play on one connection."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        number = min(self.connections, len(self._plays) - 1)
        self.connections += 1
        wire = Wire(reader, writer, self._clock, self._context)
        try:
            async with self._clock.timeout(LONGEST_SESSION):
                await self._play(number, wire)
                await wire.close()
        except (Over, TimeoutError):
            pass
        except asyncio.CancelledError:
            # The host is being closed; asyncio's streams would report the cancellation as an error.
            pass
        except Exception as fault:  # noqa: BLE001 - whatever went wrong here, its test must hear of it
            self.faults.append(fault)
        finally:
            wire.abort()

    async def _play(self, number: int, wire: Wire) -> None:
        play = self._plays[number]
        if isinstance(play, Accepting):
            greylist = None if play.greylist is None else self._greylists.setdefault(number, Greylist(play.greylist))
            await _Session(play, wire, self._clock, greylist, self.messages.append).run()
            return
        self.heard.append(wire.heard)
        for step in play:
            texts = len(wire.texts)
            await wire.perform(step)
            self.messages.extend(Received("", (), text, wire.client) for text in wire.texts[texts:])


def _needs_certificate(play: Script | Accepting) -> bool:
    if isinstance(play, Accepting):
        return play.tls in {Tls.STARTTLS, Tls.IMPLICIT}
    return Secure(Handshake.OK) in play


class _Session:
    """One session of an accepting host: the server's engine knows the protocol, the host's table what is different."""

    def __init__(
        self,
        host: Accepting,
        wire: Wire,
        clock: Clock,
        greylist: Greylist | None,
        keep: Callable[[Received], None],
    ) -> None:
        self._host = host
        self._wire = wire
        self._clock = clock
        self._greylist = greylist
        self._keep = keep
        self._engine = ServerEngine(host.settings, tls=host.tls is Tls.IMPLICIT)

    async def run(self) -> None:
        """Go on until the session ends; raises Over."""
        engine, wire = self._engine, self._wire
        if self._host.tls is Tls.IMPLICIT:
            await wire.secure()
        while True:
            for event in engine.events():
                await self._tell(event)
            await wire.say(engine.data_to_send())
            if engine.question is not None:
                continue
            if engine.state is State.CLOSED:
                return
            if engine.state is State.TLS:
                await wire.secure(_HANDSHAKES.get(self._host.tls, Handshake.OK))
                engine.tls_established()
            elif data := await wire.read():
                engine.receive_data(data)
            else:
                engine.receive_eof()

    async def _tell(self, event: Event) -> None:
        """Answer a question: the steps are done here, and the engine is told what they come to."""
        question = self._engine.question
        if question is None or event is not question:
            return
        # The answers before this one go first.
        await self._wire.say(self._engine.data_to_send())
        steps = self._host.answer(question, tls=self._engine.tls) or self._greylisted(question)
        for step in steps or ():
            await self._wire.perform(step)
        if not any(isinstance(step, Say) for step in steps or ()):
            self._kept(question)
            self._engine.accept()
            return
        code = reply_code(steps or ())
        if code is not None and code < 300:
            self._kept(question)
        # What is no reply, or none that belongs here, goes on as a success: the client has to cope with it.
        success = 354 if isinstance(question, DataBegun) else 250
        self._engine.reply(Reply(code if code is not None and code >= 400 else success, ("",)), wire=b"")

    def _greylisted(self, question: Question) -> Script | None:
        if self._greylist is None or not isinstance(question, RecipientGiven):
            return None
        sender = str(question.envelope.reverse_path or "").lower()
        triple = (self._wire.client, sender, str(question.recipient.address).lower())
        left = self._greylist.left(triple, self._clock.monotonic())
        if not left:
            return None
        return (Say(f"451 4.7.1 Greylisted, please try again in {left:.0f} seconds\r\n".encode()),)

    def _kept(self, question: Question) -> None:
        """Keep a message that is accepted."""
        if isinstance(question, MessageGiven):
            envelope = question.envelope
            recipients = tuple(str(one.address) for one in envelope.recipients)
            self._keep(Received(str(envelope.reverse_path or ""), recipients, question.content, self._wire.client))
