"""The server on real sockets: TLS, time limits, back-pressure, slow applications, and its own end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Any

import pytest
import trustme
import uvloop

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.limits import Limits, Timeouts
from mailwright.smtp.server_application import Answering, Application, Peer, TlsFacts
from mailwright.smtp.server_events import Connected, DataChunk, Ended, Ending, MailGiven, MessageGiven
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import AuthOffer, Role, ServerSettings
from mailwright.smtp.server_transport import Server, serve

SETTINGS = ServerSettings("mx.example.test")
LOCAL = ip_network("127.0.0.0/8")


class Recorder(Application):
    """Accepts everything and remembers it; ``gate`` holds messages back until it is set."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.messages: list[MessageGiven] = []
        self.chunks: list[bytes] = []
        self.tls: list[TlsFacts] = []
        self.drops = 0
        self.ending: Ending | None = None
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    def secured(self, tls: TlsFacts) -> None:
        self.tls.append(tls)

    def mail(self, event: MailGiven) -> Answering:
        sender = event.envelope.reverse_path
        if sender is not None and sender.local_part == "bug":
            raise ZeroDivisionError
        if sender is not None and sender.local_part == "slowbug":
            return self._fail()
        return None

    async def _fail(self) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    def message(self, event: MessageGiven) -> Answering:
        self.messages.append(event)
        return self._late() if self.gate is not None else None

    async def _late(self) -> Reply:
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        return Reply(250, ("On disk",), EnhancedStatus(2, 6, 0))

    def chunk(self, event: DataChunk) -> Coroutine[Any, Any, None]:
        return self._store(event.data)

    async def _store(self, data: bytes) -> None:
        await asyncio.sleep(0)
        self.chunks.append(data)

    def dropped(self) -> None:
        self.drops += 1

    def ended(self, event: Ended) -> None:
        self.ending = event.why
        self.over.set()


class HandClock:
    """A clock that stands until it is moved; its sleepers wake when their time has come."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.asleep = asyncio.Event()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, future))
        self.asleep.set()
        await future

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
        self.asleep.clear()
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self.time]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self.time]
        for _, future in due:
            if not future.done():
                future.set_result(None)


class Client:
    """Lines out, replies in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """Return one reply, its lines joined; "" at the end of the connection."""
        lines = []
        while line := (await self.reader.readline()).decode():
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    async def ask(self, line: bytes) -> str:
        """Send a line and return the reply."""
        self.writer.write(line + b"\r\n")
        return await self.reply()

    async def hello(self) -> None:
        """Hear the greeting and say EHLO."""
        assert (await self.reply()).startswith("220 ")
        assert (await self.ask(b"EHLO client")).startswith("250-")

    async def begin(self) -> None:
        """Go up to the text."""
        await self.hello()
        for line, code in ((b"MAIL FROM:<a@b.test>", "250"), (b"RCPT TO:<c@d.test>", "250"), (b"DATA", "354")):
            assert (await self.ask(line)).startswith(code)


class House:
    """A server with its sessions' applications."""

    def __init__(self) -> None:
        self.sessions: list[Recorder] = []
        self.gated = False
        self.server: Server | None = None

    def application(self, peer: Peer) -> Recorder:
        recorder = Recorder(peer)
        recorder.gate = asyncio.Event() if self.gated else None
        self.sessions.append(recorder)
        return recorder

    async def connect(self, **options: Any) -> Client:
        """Return a client of the server."""
        assert self.server is not None
        host, port = self.server.addresses[0]
        return Client(*await asyncio.open_connection(host, port, **options))


@asynccontextmanager
async def house(
    settings: ServerSettings = SETTINGS,
    listener: Listener | None = None,
    *,
    timeouts: Timeouts | None = None,
    clock: HandClock | None = None,
    gated: bool = False,
) -> AsyncIterator[House]:
    """Open a server on a free port, and close it with everything that is left; ``gated`` applications hold messages."""
    opened = House()
    opened.gated = gated
    opened.server = await serve(
        opened.application, settings, listener or Listener(), timeouts=timeouts or Timeouts(), clock=clock
    )
    try:
        yield opened
    finally:
        await opened.server.close(grace=0.1)


@asynccontextmanager
async def visit(opened: House, **options: Any) -> AsyncIterator[Client]:
    """Connect, and close in the end."""
    client = await opened.connect(**options)
    try:
        yield client
    finally:
        client.writer.close()
        with suppress(OSError, ssl.SSLError):
            await client.writer.wait_closed()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_message_goes_in() -> None:
    """From the greeting to QUIT over a socket, with the ends of the connection told."""
    async with house() as opened, visit(opened) as client:
        await client.begin()
        assert await client.ask(b"..\r\n.") == "250 2.0.0 Message accepted"
        assert await client.ask(b"QUIT") == "221 2.0.0 Bye"
        assert await client.reader.read() == b""
        session = opened.sessions[0]
        await session.over.wait()
        assert session.messages[0].content == b".\r\n"
        assert session.ending is Ending.QUIT
        assert (session.peer.address, session.peer.local_address) == ("127.0.0.1", "127.0.0.1")
        assert session.peer.port == client.writer.get_extra_info("sockname")[1]


def test_it_runs_on_uvloop() -> None:
    """The other event loop makes no difference, with STARTTLS and a slow answer."""
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)

    async def main() -> bytes:
        async with house(SETTINGS, Listener(ssl_context=ours)) as opened, visit(opened) as client:
            await client.hello()
            gate = asyncio.Event()
            gate.set()
            opened.sessions[0].gate = gate
            await client.ask(b"STARTTLS")
            await client.writer.start_tls(theirs, server_hostname="localhost")
            await client.ask(b"EHLO client")
            await client.ask(b"MAIL FROM:<a@b.test>")
            await client.ask(b"RCPT TO:<c@d.test>")
            await client.ask(b"DATA")
            assert (await client.ask(b"x" * 500 + b"\r\n.")).startswith("250 ")
            return opened.sessions[0].messages[0].content

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == b"x" * 500 + b"\r\n"


async def test_starttls_begins_anew(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> None:
    """The handshake is done, the session forgets its EHLO, and the facts of TLS are told."""
    async with house(SETTINGS, Listener(ssl_context=server_context)) as opened, visit(opened) as client:
        await client.reply()
        assert "STARTTLS" in await client.ask(b"EHLO client")
        assert await client.ask(b"STARTTLS") == "220 2.0.0 Ready to start TLS"
        await client.writer.start_tls(client_context, server_hostname="localhost")
        assert (await client.ask(b"MAIL FROM:<a@b.test>")).startswith("503 5.5.1 ")
        hello = await client.ask(b"EHLO client")
        assert "STARTTLS" not in hello
        assert "REQUIRETLS" in hello
        assert [facts.version for facts in opened.sessions[0].tls] == ["TLSv1.3"]
        assert opened.sessions[0].tls[0].bits >= 128


async def test_commands_behind_starttls_are_never_read(server_context: ssl.SSLContext) -> None:
    """CVE-2011-0411 and its kin: what was sent in the clear behind STARTTLS ends the session."""
    async with house(SETTINGS, Listener(ssl_context=server_context)) as opened, visit(opened) as client:
        await client.hello()
        assert (await client.ask(b"STARTTLS\r\nMAIL FROM:<evil@b.test>")).startswith("421 ")
        assert await client.reader.read() == b""
        assert opened.sessions[0].ending is Ending.CLOSED


@pytest.mark.parametrize("after", [b"EHLO this is no handshake\r\n", b""])
async def test_a_handshake_that_fails_ends_the_session(server_context: ssl.SSLContext, after: bytes) -> None:
    """Words in place of a handshake, or the end of the connection: nothing is left behind."""
    async with house(SETTINGS, Listener(ssl_context=server_context)) as opened:
        async with visit(opened) as client:
            await client.hello()
            await client.ask(b"STARTTLS")
            client.writer.write(after)
            if not after:
                client.writer.write_eof()
            with suppress(ConnectionError):
                await client.reader.read()
        await opened.sessions[0].over.wait()
        assert opened.server is not None
        assert opened.server.connections == 0


async def test_implicit_tls(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> None:
    """RFC 8314 3.3: the handshake comes first, and STARTTLS is not offered."""
    listener = Listener(ssl_context=server_context, implicit_tls=True)
    async with (
        house(SETTINGS, listener) as opened,
        visit(opened, ssl=client_context, server_hostname="localhost") as client,
    ):
        await client.reply()
        assert "STARTTLS" not in await client.ask(b"EHLO client")
        assert len(opened.sessions[0].tls) == 1
        assert await client.ask(b"QUIT") == "221 2.0.0 Bye"
        assert await client.reader.read() == b""


@pytest.mark.parametrize(
    "listener",
    [
        Listener(implicit_tls=True),
        Listener(implicit_tls=True, ssl_context=ssl.create_default_context(), proxy_from=(LOCAL,)),
    ],
)
async def test_a_listener_that_contradicts_itself_is_refused(listener: Listener) -> None:
    """TLS from the beginning needs a certificate and leaves no room for a PROXY header."""
    with pytest.raises(ValueError, match="implicit TLS"):
        await serve(Recorder, SETTINGS, listener)


async def test_a_slow_application_is_waited_for_and_keeps_the_order() -> None:
    """While a message is being stored, pipelined commands wait and then come in their order."""
    async with house(gated=True) as opened, visit(opened) as client:
        await client.begin()
        client.writer.write(b"a\r\n.\r\nNOOP\r\nQUIT\r\n")
        session = opened.sessions[0]
        await session.reached.wait()
        assert session.gate is not None
        session.gate.set()
        assert await client.reply() == "250 2.6.0 On disk"
        assert await client.reply() == "250 2.0.0 Ok"
        assert await client.reply() == "221 2.0.0 Bye"


async def test_a_client_that_went_away_does_not_stop_the_application() -> None:
    """The store goes on to its end, the late answer is nobody's, and the session's end was told."""
    async with house(gated=True) as opened:
        async with visit(opened) as client:
            await client.begin()
            client.writer.write(b"a\r\n.\r\n")
            session = opened.sessions[0]
            await session.reached.wait()
            # A connection that is reset, not ended in order: the end alone could be a client that still listens.
            client.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
            client.writer.transport.abort()
        await session.over.wait()
        assert session.ending is Ending.LOST
        assert session.gate is not None
        session.gate.set()


async def test_a_client_may_send_all_and_close_its_side() -> None:
    """What was sent before the end of input is answered."""
    async with house(replace(SETTINGS, strict_pipelining=False)) as opened, visit(opened) as client:
        await client.reply()
        client.writer.write(b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\na\r\n.\r\nQUIT\r\n")
        client.writer.write_eof()
        heard = (await client.reader.read()).decode()
        assert heard.endswith("354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Message accepted\r\n221 2.0.0 Bye\r\n")


async def test_text_is_streamed_piece_by_piece() -> None:
    """With ``stream`` the application takes each piece before the next, and the message comes last."""
    settings = replace(SETTINGS, stream=True)
    async with house(settings) as opened, visit(opened) as client:
        await client.begin()
        text = b"".join(b"%076d\r\n" % number for number in range(20_000))
        client.writer.write(text + b".\r\n")
        assert (await client.reply()).startswith("250 ")
        session = opened.sessions[0]
        assert b"".join(session.chunks) == text
        assert (session.messages[0].chunks, session.messages[0].size) == ((), len(text))


@pytest.mark.parametrize("sender", [b"bug", b"slowbug"])
async def test_an_application_that_fails_is_reported_and_answered(sender: bytes) -> None:
    """451 for the client, the exception for the loop's handler, and the session goes on."""
    reported: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    async with house() as opened, visit(opened) as client:
        await client.hello()
        assert await client.ask(b"MAIL FROM:<" + sender + b"@b.test>") == "451 4.3.0 Local error, try again later"
        assert (await client.ask(b"MAIL FROM:<a@b.test>")).startswith("250 ")
    assert [type(error) for error in reported] == [ZeroDivisionError]


class Wrong(Application):
    """Gives answers that the protocol does not allow."""

    def connected(self, event: Connected) -> Answering:
        del event
        return Reply(354, ("Go on",))


async def test_an_answer_that_is_none_closes_where_nothing_else_can_be_said() -> None:
    """In place of a greeting only 421 is left."""
    reported: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    server = await serve(lambda _: Wrong(), SETTINGS, Listener())
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    assert (await reader.read()).startswith(b"421 4.3.0 ")
    writer.close()
    await writer.wait_closed()
    await server.close()
    assert len(reported) == 1


async def test_one_connection_too_many_is_told_so() -> None:
    """The limit is exact, and a place that is given up is taken again."""
    async with house(SETTINGS, Listener(connections=1)) as opened:
        async with visit(opened) as first:
            await first.hello()
            async with visit(opened) as second:
                assert (await second.reader.read()).startswith(b"421 4.3.2 Too many connections")
            await first.ask(b"QUIT")
            await first.reader.read()
            await opened.sessions[0].over.wait()
        async with visit(opened) as third:
            await third.hello()


# Time.


async def test_an_idle_session_is_closed() -> None:
    """RFC 5321 4.5.3.2.7: after server_idle seconds without a word 421 is said, not before."""
    clock = HandClock()
    async with house(clock=clock, timeouts=Timeouts(server_idle=300)) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.hello()
        await clock.asleep.wait()
        clock.move(299)
        assert await client.ask(b"NOOP") == "250 2.0.0 Ok"
        await clock.asleep.wait()
        clock.move(299.5)
        await clock.asleep.wait()
        assert opened.sessions[0].ending is None
        clock.move(1)
        assert await client.reply() == "421 4.4.2 Idle for too long, closing"
        assert await client.reader.read() == b""
        assert opened.sessions[0].ending is Ending.CLOSED


async def test_a_session_ends_some_day() -> None:
    """A client that keeps talking is closed on after server_session seconds."""
    clock = HandClock()
    async with house(clock=clock, timeouts=Timeouts(server_session=600)) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.hello()
        await clock.asleep.wait()
        clock.move(250)
        await client.ask(b"NOOP")
        await clock.asleep.wait()
        clock.move(250)
        await client.ask(b"NOOP")
        await clock.asleep.wait()
        clock.move(100)
        assert await client.reply() == "421 4.4.2 Session lasted too long, closing"


async def test_the_application_may_take_its_time() -> None:
    """While the server works on an answer, the client is not idle."""
    clock = HandClock()
    async with house(gated=True, clock=clock, timeouts=Timeouts(server_idle=300)) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.begin()
        client.writer.write(b".\r\n")
        session = opened.sessions[0]
        await session.reached.wait()
        for _ in range(5):
            await clock.asleep.wait()
            clock.move(250)
        assert session.gate is not None
        session.gate.set()
        assert await client.reply() == "250 2.6.0 On disk"


async def test_a_client_that_never_reads_is_cut() -> None:
    """Its connection does not stay open for replies that nobody takes."""
    clock = HandClock()
    settings = replace(SETTINGS, strict_pipelining=False, limits=Limits(idle_commands=10_000_000))
    async with house(settings, clock=clock) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.hello()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.write(b"EHLO c\r\n" * 200_000)
        (connection,) = opened.server._hall.connections
        while not connection._congested:  # type: ignore[attr-defined] # noqa: ASYNC110 - nobody tells of full buffers
            await asyncio.sleep(0)
        await clock.asleep.wait()
        clock.move(300)
        await opened.sessions[0].over.wait()
        await clock.asleep.wait()
        clock.move(20)
        await opened.server._hall.empty.wait()


# PROXY.


async def test_a_trusted_peer_tells_who_comes() -> None:
    """The header's addresses are the session's, and what follows it is the client's."""
    async with house(SETTINGS, Listener(proxy_from=(LOCAL,))) as opened, visit(opened) as client:
        client.writer.write(b"PROXY TCP4 192.0.2.7 198.51.100.2 ")
        await client.writer.drain()
        client.writer.write(b"4321 25\r\n")
        await client.hello()
        assert opened.sessions[0].peer == Peer("192.0.2.7", 4321, "198.51.100.2", 25)


async def test_a_local_header_keeps_the_own_addresses() -> None:
    """A load balancer's own health check."""
    async with house(SETTINGS, Listener(proxy_from=(LOCAL,))) as opened, visit(opened) as client:
        client.writer.write(b"PROXY UNKNOWN\r\n")
        await client.hello()
        assert opened.sessions[0].peer.address == "127.0.0.1"


async def test_a_trusted_peer_must_tell() -> None:
    """Without the header the connection is cut before a greeting."""
    async with house(SETTINGS, Listener(proxy_from=(LOCAL,))) as opened, visit(opened) as client:
        client.writer.write(b"EHLO client\r\n")
        with suppress(ConnectionError):
            assert await client.reader.read() == b""
        assert opened.sessions == []


async def test_others_cannot_tell() -> None:
    """From a peer that is not trusted the header is an unknown command, sent too early."""
    networks = (ip_network("192.0.2.0/24"),)
    async with house(SETTINGS, Listener(proxy_from=networks)) as opened, visit(opened) as client:
        assert (await client.reply()).startswith("220 ")
        assert (await client.ask(b"PROXY TCP4 192.0.2.7 198.51.100.2 4321 25")).startswith("500 5.5.1 ")
        assert opened.sessions[0].peer.address == "127.0.0.1"


async def test_a_peer_that_sends_no_header_is_cut_in_time() -> None:
    """Waiting for the header is bounded like everything else."""
    clock = HandClock()
    async with house(SETTINGS, Listener(proxy_from=(LOCAL,)), clock=clock) as opened, visit(opened) as client:
        assert opened.server is not None
        await clock.asleep.wait()
        clock.move(300)
        with suppress(ConnectionError):
            assert await client.reader.read() == b""


# The server's own end.


async def test_closing_says_421_and_lets_a_message_be_answered() -> None:
    """A waiting client hears 421 at once; one whose message is being stored hears its answer before."""
    async with house(gated=True) as opened, visit(opened) as idle, visit(opened) as busy:
        assert opened.server is not None
        await idle.hello()
        await busy.begin()
        busy.writer.write(b".\r\n")
        session = next(session for session in opened.sessions if session.peer.port == _port(busy))
        await session.reached.wait()
        closing = asyncio.ensure_future(opened.server.close(grace=10))
        assert await idle.reply() == "421 4.3.2 Service is being shut down, closing"
        assert session.gate is not None
        session.gate.set()
        assert await busy.reply() == "250 2.6.0 On disk"
        assert await busy.reply() == "421 4.3.2 Service is being shut down, closing"
        await closing
        assert opened.server.addresses == ()
        await opened.server.close()


def _port(client: Client) -> int:
    return int(client.writer.get_extra_info("sockname")[1])


async def test_closing_does_not_wait_for_ever() -> None:
    """After the grace the connection is cut and the application's work cancelled."""
    async with house(gated=True) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.begin()
        client.writer.write(b".\r\n")
        await opened.sessions[0].reached.wait()
        await opened.server.close(grace=0.01)
        with suppress(ConnectionError):
            assert await client.reader.read() == b""
        assert opened.server.connections == 0


async def test_closing_does_not_wait_for_a_handshake(server_context: ssl.SSLContext) -> None:
    """A client that said STARTTLS and then nothing hears nothing more, and is gone."""
    async with house(SETTINGS, Listener(ssl_context=server_context)) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.hello()
        await client.ask(b"STARTTLS")
        await opened.server.close(grace=0.01)
        with suppress(ConnectionError):
            assert await client.reader.read() == b""
        assert opened.server.connections == 0


async def test_commands_may_follow_the_proxy_header_at_once() -> None:
    """What came in one segment with the header is the client's, and no octet of it is lost."""
    settings = replace(SETTINGS, strict_pipelining=False)
    async with house(settings, Listener(proxy_from=(LOCAL,))) as opened, visit(opened) as client:
        client.writer.write(b"PROXY UNKNOWN\r\nEHLO client\r\n")
        assert (await client.reply()).startswith("220 ")
        assert (await client.reply()).startswith("250-")


async def test_a_slow_reader_gets_everything() -> None:
    """Reading stops while replies pile up, and goes on when they are taken: none is lost."""
    settings = replace(SETTINGS, strict_pipelining=False, limits=Limits(idle_commands=10_000_000))
    async with house(settings) as opened, visit(opened) as client:
        assert opened.server is not None
        await client.hello()
        client.writer.write(b"EHLO c\r\n" * 100_000 + b"QUIT\r\n")
        (connection,) = opened.server._hall.connections
        while not connection._congested:  # type: ignore[attr-defined] # noqa: ASYNC110 - nobody tells of full buffers
            await asyncio.sleep(0)
        heard = await client.reader.read()
        assert heard.count(b"250 LIMITS ") == 100_000
        assert heard.endswith(b"221 2.0.0 Bye\r\n")


async def test_a_failure_after_the_client_went_is_still_reported() -> None:
    """Nobody can be answered, but the operator must know."""
    reported: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    failing = asyncio.get_running_loop().create_future()
    server = await serve(lambda _: Deferred(failing), SETTINGS, Listener())
    _, writer = await asyncio.open_connection(*server.addresses[0])
    await server._hall.busy.wait()
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
    writer.transport.abort()
    await server._hall.empty.wait()
    failing.set_exception(ZeroDivisionError())
    await asyncio.sleep(0)
    await server.close()
    assert [type(error) for error in reported] == [ZeroDivisionError]


class Deferred(Application):
    """Answers the connection when a future does."""

    def __init__(self, answer: asyncio.Future[None]) -> None:
        self._answer = answer

    def connected(self, event: Connected) -> Answering:
        del event
        return self._answer


class Broken(Application):
    """Fails before the first event."""

    def __init__(self, *, at_once: bool) -> None:
        if at_once:
            raise ZeroDivisionError

    def secured(self, tls: TlsFacts) -> None:
        raise ZeroDivisionError(tls.version)


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_application_that_cannot_begin(
    at_once: bool, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    """Whether it fails when it is made or when TLS stands: 421, and the operator hears why."""
    reported: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    server = await serve(lambda _: Broken(at_once=at_once), SETTINGS, Listener(ssl_context=server_context))
    client = Client(*await asyncio.open_connection(*server.addresses[0]))
    if not at_once:
        await client.hello()
        await client.ask(b"STARTTLS")
        await client.writer.start_tls(client_context, server_hostname="localhost")
    assert (await client.reply()).startswith("421 4.3.0 ")
    client.writer.close()
    with suppress(ConnectionError):
        await client.writer.wait_closed()
    await server.close()
    assert [type(error) for error in reported] == [ZeroDivisionError]


class Each(Application):
    """Answers every recipient by itself."""

    def message(self, event: MessageGiven) -> Answering:
        return tuple(Reply(250, (str(recipient.address),)) for recipient in event.envelope.recipients)


async def test_lmtp_over_a_socket() -> None:
    """One reply for each recipient."""
    server = await serve(lambda _: Each(), replace(SETTINGS, role=Role.LMTP), Listener())
    client = Client(*await asyncio.open_connection(*server.addresses[0]))
    await client.reply()
    await client.ask(b"LHLO c")
    client.writer.write(b"MAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n")
    assert [(await client.reply())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
    assert await client.ask(b".") == "250 2.0.0 a@b.test"
    assert await client.reply() == "250 2.0.0 c@d.test"
    client.writer.close()
    await client.writer.wait_closed()
    await server.close()


async def test_nobody_is_known_by_default() -> None:
    """An application that says nothing about logins refuses them."""
    settings = replace(SETTINGS, auth=AuthOffer.ALWAYS, mechanisms=("PLAIN",))
    server = await serve(lambda _: Application(), settings, Listener())
    client = Client(*await asyncio.open_connection(*server.addresses[0]))
    await client.hello()
    assert await client.ask(b"AUTH PLAIN AGEAYg==") == "535 5.7.8 Authentication failed"
    client.writer.close()
    await client.writer.wait_closed()
    await server.close()
