"""The client against our server over loopback: logins, messages, deletion, TLS, and all that can go wrong."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from mailwright.lab.clock import VirtualClock
from mailwright.pop3.client_link import HIGH_WATER
from mailwright.pop3.limits import Limits, Timeouts
from mailwright.pop3.responses import Response, ResponseCode
from mailwright.pop3.transport import Connection, ConnectOptions, Target, connect
from mailwright.pop3.trouble import (
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    LoginRefused,
    NoAnswer,
    Pop3Trouble,
    ProtocolBroken,
    ServerRefused,
    TlsTrouble,
)
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.sasl import CramMd5, Credentials, Login, Plain, SaslFault, ScramSha256
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import AuthOffer
from mailwright.smtp.transcript import Direction, Step, Transcript
from mailwright.smtp.trouble import TlsProblem
from tests.pop3.serving import (
    CERTIFICATE,
    HOST,
    MESSAGES,
    SETTINGS,
    maildrops,
    server_context,
    serving,
    write_authority,
)

CLEAR = ConnectOptions(policy=TlsPolicy(TlsMode.NONE))
ANNA = Credentials("anna", "secret word")


async def whole(connection: Connection, number: int) -> bytes:
    """Return a message in one piece."""
    return b"".join([piece async for piece in connection.retrieve(number)])


def shown(transcript: Transcript | None) -> str:
    """Return all that a transcript tells."""
    assert transcript is not None
    return "\n".join(entry.text for entry in transcript.entries)


# ---------------------------------------------------------------------------------------------------------- good days


async def test_a_whole_session() -> None:
    """Log in, look, fetch, delete: and only what was marked is gone."""
    store = maildrops()
    async with serving(store) as (_, target):
        async with await connect(target, CLEAR) as connection:
            assert connection.capabilities.pipelining
            await connection.login(ANNA, allow_clear=True)
            assert await connection.stat() == (3, sum(map(len, MESSAGES)))
            assert [listing.octets for listing in await connection.list()] == [len(text) for text in MESSAGES]
            numbers = [number for number, _ in await connection.uidl()]
            assert [await whole(connection, number) for number in numbers] == list(MESSAGES)
            assert b"".join([piece async for piece in connection.top(1, 1)]) == MESSAGES[0].partition(b".second")[0]
            await connection.delete(1)
            await connection.reset()
            await connection.delete(3)
            await connection.noop()
            assert store.messages("anna") == MESSAGES
        assert store.messages("anna") == MESSAGES[:2]
    assert (store.opened, store.released) == (1, 1)


LOGINS: dict[str, Callable[[Connection], Awaitable[Response]]] = {
    "user": lambda connection: connection.user("anna", "secret word"),
    "apop": lambda connection: connection.apop("anna", "secret word"),
    "plain": lambda connection: connection.authenticate(Plain(ANNA)),
    "login": lambda connection: connection.authenticate(Login(ANNA)),
    "cram-md5": lambda connection: connection.authenticate(CramMd5(ANNA)),
    "scram": lambda connection: connection.authenticate(ScramSha256(ANNA, "rOprNGfwEbeRWgbNEkqO")),
    "best": lambda connection: connection.login(ANNA),
}


@pytest.mark.parametrize("way", LOGINS)
async def test_every_way_to_log_in(way: str) -> None:
    """The transcript tells of each, and holds no secret of any."""
    async with serving(maildrops()) as (_, target), await connect(target, CLEAR) as connection:
        response = await LOGINS[way](connection)
        assert response.ok
        assert (await connection.stat()).messages == 3
        told = shown(connection.transcript)
        assert "secret" not in told
        assert "AHNlY3JldCB3b3Jk" not in told
        assert "YW5uYQ" not in told
        assert Step.AUTH in {entry.step for entry in connection.transcript.entries}


@pytest.mark.parametrize("way", [way for way in LOGINS if way != "best"])
async def test_every_way_to_be_refused(way: str) -> None:
    """The server says [AUTH], after a while, and another attempt is possible."""
    store, clock = maildrops(), VirtualClock(quiet=0.01)
    store.add("anna", "another")
    async with serving(store, clock=clock) as (_, target), await connect(target, CLEAR, clock) as connection:
        before = clock.monotonic()
        with pytest.raises(LoginRefused) as raised:
            await LOGINS[way](connection)
        assert raised.value.response.code == ResponseCode.AUTH
        assert clock.monotonic() >= before + 2
        assert raised.value.transcript is not None
        assert raised.value.transcript.failed is not None
        assert raised.value.transcript.entries[raised.value.transcript.failed].text.startswith("-ERR [AUTH]")
        store.add("anna", "secret word")
        assert (await connection.user("anna", "secret word")).ok


async def test_a_long_token_follows_the_command() -> None:
    """An initial response that does not fit 255 octets is sent when the server asks for it."""
    store = maildrops()
    store.add("carl" * 30, "p" * 100, b"one\r\n")
    async with serving(store) as (_, target), await connect(target, CLEAR) as connection:
        assert (await connection.authenticate(Plain(Credentials("carl" * 30, "p" * 100)))).ok
        assert (await connection.stat()).messages == 1


async def test_user_and_pass_serve_where_there_is_no_sasl() -> None:
    """An old server without a mechanism, or without CAPA at all."""
    settings = replace(SETTINGS, mechanisms=())
    async with serving(maildrops(), settings) as (_, target), await connect(target, CLEAR) as connection:
        with pytest.raises(SaslFault, match="not secure"):
            await connection.login(ANNA)
        with pytest.raises(SaslFault):
            await connection.login(Credentials("anna", None, "t"), allow_clear=True)
        assert (await connection.login(ANNA, allow_clear=True)).ok


async def test_utf8_is_asked_for_before_the_login() -> None:
    """RFC 6856: names and passwords may be in it too."""
    store = maildrops()
    store.add("jürgen", "пароль", b"x\r\n")
    async with serving(store) as (_, target), await connect(target, CLEAR) as connection:
        await connection.enable_utf8()
        await connection.user("jürgen", "пароль")
        assert (await connection.stat()).messages == 1


async def test_a_reader_that_takes_its_time_holds_up_the_server() -> None:
    """Of a large message only so much is held, and the rest comes when it is wanted."""
    store = maildrops()
    large = b"x" * 78 + b"\r\n"
    store.add("carl", "p", large * 100_000)
    async with serving(store) as (_, target), await connect(target, CLEAR) as connection:
        await connection.user("carl", "p")
        size, most = 0, 0
        async for piece in connection.retrieve(1):
            size += len(piece)
            most = max(most, connection._link._held)
            await asyncio.sleep(0)
        assert size == 100_000 * len(large)
        assert most < HIGH_WATER + 300_000


# ------------------------------------------------------------------------------------------------- what deletes nothing


@pytest.mark.parametrize("way", ["exception", "abort", "unread"])
async def test_what_ends_without_quit_deletes_nothing(way: str) -> None:
    """RFC 1939 6."""
    store = maildrops()
    async with serving(store) as (_, target):
        connection = await connect(target, CLEAR)
        with pytest.raises((KeyError, ConnectionLost)):  # noqa: PT012 - the block is what is tested
            async with connection:
                await connection.login(ANNA, allow_clear=True)
                await connection.delete(1)
                if way == "exception":
                    raise KeyError
                if way == "abort":
                    connection.abort()
                else:
                    pieces = connection.retrieve(3)
                    await anext(pieces)
                    await pieces.aclose()
                assert not connection.is_verified
        assert store.messages("anna") == MESSAGES
    assert store.released == 1


async def test_a_deletion_that_failed_is_told() -> None:
    """The server's -ERR to QUIT: some messages are still there."""
    store = maildrops()
    store.keep = True
    async with serving(store) as (_, target):
        connection = await connect(target, CLEAR)
        await connection.login(ANNA, allow_clear=True)
        await connection.delete(1)
        with pytest.raises(ServerRefused) as raised:
            await connection.quit()
        assert raised.value.uncertain
        assert raised.value.step is Step.QUIT
    assert store.messages("anna") == MESSAGES


async def test_refusals_leave_the_connection_as_it_is() -> None:
    """No such message; a locked maildrop; a message that cannot be read."""
    store = maildrops()
    async with serving(store) as (_, target), await connect(target, CLEAR) as connection:
        await connection.login(ANNA, allow_clear=True)
        with pytest.raises(ServerRefused):
            await connection.delete(4)
        with pytest.raises(ServerRefused):
            await whole(connection, 4)
        assert await whole(connection, 2) == MESSAGES[1]
        async with await connect(target, CLEAR) as other:
            with pytest.raises(LoginRefused) as raised:
                await other.login(ANNA, allow_clear=True)
            assert raised.value.response.code == ResponseCode.IN_USE
            with pytest.raises(LocalProtocolError):
                await other.stat()


async def test_a_message_that_breaks_off_is_no_message() -> None:
    """The server cuts the connection, and the client does not take the half for the whole."""
    store = maildrops()
    store.piece = 1_000
    store.unreadable = {list(store._users["anna"].messages)[2]}
    async with serving(store) as (_, target):
        connection = await connect(target, CLEAR)
        await connection.login(ANNA, allow_clear=True)
        with pytest.raises(ConnectionLost) as raised:
            await whole(connection, 3)
        assert not raised.value.uncertain
        await connection.quit()


# ---------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture
def authority(tmp_path: Path) -> str:
    """A file with the authority's certificate."""
    return write_authority(tmp_path)


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "stls"])
async def test_a_verified_connection(authority: str, implicit: bool) -> None:
    """The server offers the login under TLS only, and the client proves whose certificate it is."""
    settings = replace(SETTINGS, login=AuthOffer.UNDER_TLS)
    listener = Listener(ssl_context=server_context(), implicit_tls=implicit)
    options = ConnectOptions(TlsPolicy(TlsMode.VERIFY, implicit=implicit), ca_file=authority)
    store = maildrops()
    async with serving(store, settings, listener) as (_, target), await connect(target, options) as connection:
        assert connection.is_verified
        assert not connection.capabilities.stls
        await connection.login(ANNA)
        assert await whole(connection, 3) == MESSAGES[2]
        tls = connection.transcript.tls
        assert tls is not None
        assert (tls.version, tls.verified) == ("TLSv1.3", True)
        assert tls.certificate is not None
        assert HOST in tls.certificate.names


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "stls"])
@pytest.mark.parametrize(
    ("case", "problem"),
    [("name", TlsProblem.WRONG_NAME), ("authority", TlsProblem.UNTRUSTED)],
)
async def test_somebody_elses_certificate_is_refused(
    authority: str, implicit: bool, case: str, problem: TlsProblem
) -> None:
    """Neither a name nor an authority that does not fit is taken, and nothing of the login is sent."""
    certificate = CERTIFICATE if case == "name" else trustme.CA().issue_cert(HOST)
    listener = Listener(ssl_context=server_context(certificate), implicit_tls=implicit)
    policy = TlsPolicy(TlsMode.VERIFY, implicit=implicit, names=("elsewhere.example.org",) if case == "name" else ())
    async with serving(maildrops(), listener=listener) as (_, target):
        with pytest.raises(TlsTrouble) as raised:
            await connect(target, ConnectOptions(policy, ca_file=authority))
        assert raised.value.problem is problem
        assert raised.value.transcript is not None
        assert raised.value.transcript.trouble
        # Any certificate is good enough where the policy says so, and the transcript tells what is wrong with it.
        policy = replace(policy, mode=TlsMode.REQUIRED)
        async with await connect(target, ConnectOptions(policy)) as connection:
            tls = connection.tls
            assert tls is not None
            assert not tls.verified
            assert "not asked for" in tls.why


async def test_tls_that_is_not_there_is_not_done_without() -> None:
    """STLS not offered; a port in the clear where TLS should begin at once; no CAPA."""
    async with serving(maildrops()) as (_, target):
        with pytest.raises(TlsTrouble) as raised:
            await connect(target, ConnectOptions(TlsPolicy(TlsMode.REQUIRED)))
        assert raised.value.problem is TlsProblem.NOT_OFFERED
        with pytest.raises(TlsTrouble) as raised:
            await connect(target, ConnectOptions())
        assert raised.value.problem is TlsProblem.PLAINTEXT_ANSWER
        async with await connect(target, ConnectOptions(TlsPolicy(TlsMode.OPPORTUNISTIC))) as connection:
            assert connection.tls is None


async def test_opportunistic_tls_is_used_where_it_is_offered() -> None:
    """And not where the policy says none."""
    listener = Listener(ssl_context=server_context())
    async with serving(maildrops(), listener=listener) as (_, target):
        async with await connect(target, ConnectOptions(TlsPolicy(TlsMode.OPPORTUNISTIC))) as connection:
            assert connection.tls is not None
        async with await connect(target, CLEAR) as connection:
            assert connection.tls is None
            assert connection.capabilities.stls


async def test_a_client_in_the_clear_on_a_tls_port_waits_for_a_greeting() -> None:
    """The server waits for a handshake, the client for a greeting: time ends it."""
    clock = VirtualClock(quiet=0.02)
    listener = Listener(ssl_context=server_context(), implicit_tls=True)
    async with serving(maildrops(), listener=listener) as (_, target):
        with pytest.raises(NoAnswer) as raised:
            await connect(target, CLEAR, clock)
        assert (raised.value.step, raised.value.seconds) == (Step.BANNER, 60)


# ---------------------------------------------------------------------------------------------- servers out of a script


@asynccontextmanager
async def scripted(*parts: bytes, hang: bool = False, quick: bool = False) -> AsyncIterator[Target]:
    """Run a server that says each part when it has heard a line, the first at once.

    Then it closes when it hears another line; with ``quick`` at once, with ``hang`` never.
    """
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        for index, part in enumerate(parts):
            if index:
                await reader.readline()
            writer.write(part)
        if not (hang or quick):
            await reader.readline()
        if not hang:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        address, port = server.sockets[0].getsockname()
        yield Target(HOST, address, port)
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()


HELLO = (b"+OK ready\r\n", b"+OK\r\n.\r\n")
IN = (*HELLO, b"+OK\r\n", b"+OK\r\n")


async def log_in(target: Target, clock: VirtualClock | None = None, **limits: int) -> Connection:
    """Return a connection in which anything was accepted."""
    connection = await connect(target, replace(CLEAR, limits=Limits(**limits)), clock)
    await connection.user("a", "b")
    return connection


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ((b"-ERR [SYS/TEMP] busy\r\n",), ServerRefused),
        ((b"220 smtp.example.org ESMTP\r\n",), ProtocolBroken),
        ((b"\x15\x03\x03\x00\x02\x02\x28",), ProtocolBroken),
        ((b"+OK ready\r\n", b"+OK\r\nTOP\r\n"), ConnectionLost),
        ((b"+OK ready\r\n", b"rubbish\r\n"), ProtocolBroken),
        ((b"+OK ready\r\n+OK again\r\n",), ProtocolBroken),
        ((b"+OK ready\r\n", b"-ERR what?\r\n-ERR bye\r\n"), ConnectionLost),
    ],
    ids=["refused", "smtp", "tls-alert", "lost", "rubbish", "unasked", "dismissed"],
)
async def test_strange_servers(parts: tuple[bytes, ...], kind: type[Pop3Trouble]) -> None:
    """Each trouble has its class, its transcript, and leaves nothing open."""
    async with scripted(*parts, quick=True) as target:
        with pytest.raises(kind) as raised:
            async with await connect(target, CLEAR) as connection:
                await connection.user("a", "b")
        transcript = raised.value.transcript
        assert transcript is not None
        assert transcript.failed is not None
        assert raised.value.detail


async def test_a_server_without_capa_is_an_old_one() -> None:
    """RFC 1939 alone; the login is USER and PASS."""
    async with scripted(b"+OK ready\r\n", b"-ERR unknown\r\n", b"+OK\r\n", b"+OK\r\n", b"+OK 2 320\r\n") as target:
        connection = await connect(target, CLEAR)
        await connection.login(ANNA, allow_clear=True)
        assert await connection.stat() == (2, 320)
        await connection.discard()


@pytest.mark.parametrize("answer", [b"+OK many\r\n", b"+OK 1\r\n", b"+OK -1 5\r\n"], ids=repr)
async def test_an_answer_that_cannot_be_read_is_the_servers_fault(answer: bytes) -> None:
    """The one trouble for it."""
    async with scripted(*IN, answer) as target:
        connection = await log_in(target)
        with pytest.raises(ProtocolBroken):
            await connection.stat()
        await connection.discard()


async def test_a_message_above_the_limit_ends_the_connection() -> None:
    """And what was marked is still there, since QUIT is never said."""
    async with scripted(*IN, b"+OK\r\n", b"+OK\r\n" + b"x" * 100 + b"\r\n.\r\n") as target:
        connection = await log_in(target, message=50)
        await connection.delete(1)
        with pytest.raises(ProtocolBroken):
            await whole(connection, 2)
        with pytest.raises(ConnectionLost) as raised:
            await connection.quit()
        assert not raised.value.uncertain


@pytest.mark.parametrize("hang", [True, False], ids=["hangs", "closes"])
@pytest.mark.parametrize("deleting", [True, False], ids=["deleting", "nothing"])
async def test_no_answer_to_quit(hang: bool, deleting: bool) -> None:
    """With messages marked nobody knows whether they are deleted; without, nothing depends on it."""
    clock = VirtualClock(quiet=0.01)
    async with scripted(*IN, b"+OK\r\n", hang=hang) as target:
        connection = await log_in(target, clock)
        await (connection.delete(1) if deleting else connection.noop())
        if not deleting:
            await connection.quit()
            return
        with pytest.raises((NoAnswer, ConnectionLost)) as raised:
            await connection.quit()
        assert raised.value.uncertain
        assert isinstance(raised.value, NoAnswer) is hang


@pytest.mark.parametrize(
    ("parts", "step", "seconds"),
    [
        ((), Step.BANNER, 60),
        ((b"+OK ready\r\n",), Step.OTHER, 120),
        ((*HELLO, b"+OK\r\n"), Step.AUTH, 120),
        ((*IN, b"+OK\r\nhalf\r\n"), Step.MESSAGE, 180),
    ],
    ids=["greeting", "capa", "login", "message"],
)
async def test_time_limits(parts: tuple[bytes, ...], step: Step, seconds: float) -> None:
    """Each answer has its time, counted from the last octet heard."""
    clock = VirtualClock(quiet=0.01)
    async with scripted(*parts, hang=True) as target:

        async def ask() -> None:
            async with await connect(target, CLEAR, clock) as connection:
                await connection.user("a", "b")
                await whole(connection, 1)

        with pytest.raises(NoAnswer) as raised:
            await ask()
        assert (raised.value.step, raised.value.seconds) == (step, seconds)
        assert isinstance(raised.value, TimeoutError)
        assert clock.monotonic() == pytest.approx(seconds, abs=1)


async def test_a_server_that_dismisses_an_idle_client() -> None:
    """Its last words are kept with the trouble."""
    async with scripted(*IN[:-1], b"+OK\r\n-ERR Disconnected for inactivity\r\n") as target:
        connection = await log_in(target)
        with pytest.raises((ConnectionLost, LocalProtocolError)) as raised:
            await connection.stat()
        await connection.discard()
        if isinstance(raised.value, ConnectionLost):
            assert raised.value.last == Response(ok=False, text="Disconnected for inactivity")


async def test_nothing_that_came_in_the_clear_survives_stls() -> None:
    """An answer injected behind the one to STLS ends the connection before a handshake."""
    async with scripted(b"+OK ready\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"+OK\r\n+OK injected\r\n") as target:
        with pytest.raises(ProtocolBroken, match="in the clear"):
            await connect(target, ConnectOptions(TlsPolicy(TlsMode.REQUIRED)))


@pytest.mark.parametrize("answer", [b"-ERR no\r\n", b"+OK go\r\nx"], ids=["refused", "injected"])
async def test_stls_that_fails_is_not_done_without(answer: bytes) -> None:
    """A refusal stands for whoever stands between, too."""
    async with scripted(b"+OK ready\r\n", b"+OK\r\nSTLS\r\n.\r\n", answer) as target:
        with pytest.raises((ServerRefused, ProtocolBroken)):
            await connect(target, ConnectOptions(TlsPolicy(TlsMode.REQUIRED)))


async def test_nobody_listens() -> None:
    """A port that was free a moment ago."""
    async with scripted() as target:
        pass
    with pytest.raises(ConnectRefused) as raised:
        await connect(target, CLEAR)
    assert raised.value.step is Step.CONNECT


async def test_an_attempt_to_connect_that_is_not_answered() -> None:
    """A listener whose queue is full takes no more, and says nothing."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        target = Target(HOST, *listening.getsockname())
        clock = VirtualClock(quiet=0.01)
        with pytest.raises(ConnectTimeout):
            await connect(target, replace(CLEAR, timeouts=Timeouts(connect=5)), clock)
        assert clock.monotonic() == 5


async def test_what_happens_is_watched_as_it_happens() -> None:
    """Each entry once, in order; the whole conversation but for what is secret."""
    seen: list[str] = []
    async with serving(maildrops()) as (_, target):
        connection = await connect(target, CLEAR, watch=lambda entry: seen.append(f"{entry.direction} {entry.text}"))
        await connection.user("anna", "secret word")
        await connection.quit()
    said = [line for line in seen if not line.startswith(Direction.NOTE)]
    assert said[1:6:2] == ["sent CAPA", "sent USER anna", "sent <removed>"]
    assert said[-2] == "sent QUIT"
    assert said[-1].startswith("received +OK")
