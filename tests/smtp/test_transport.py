"""The client's transport over loopback sockets: messages, sessions that end in every way, and what is told of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
import uvloop
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received

from mailwright.lab.clock import VirtualClock
from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client_options import ConnectOptions, Target
from mailwright.smtp.client_state import ClientSettings, Role
from mailwright.smtp.commands import Noop
from mailwright.smtp.content import Content
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.fitting import Obstacle
from mailwright.smtp.limits import Timeouts
from mailwright.smtp.sasl import Credentials, Login, Plain, SaslFault, ScramSha256
from mailwright.smtp.sasl_server import Accepted, Challenge, NeedSecret, ScramSecret, exchange
from mailwright.smtp.transcript import Direction, Entry, Step
from mailwright.smtp.transcript_json import parse_transcript, transcript_json
from mailwright.smtp.transport import Connection, connect
from mailwright.smtp.trouble import (
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    NetworkUnreachable,
    NoAnswer,
    ProtocolBroken,
    ServerRefused,
    SmtpTrouble,
)
from tests.smtp.scripted import Peer, serving, to

OPTIONS = ConnectOptions("me.test")
MESSAGE = Content.of(b"Subject: x\r\n\r\n.hello\r\n")


class Keeper(Sink):
    """Keeps what aiosmtpd received."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str | None, list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Received) -> str:  # noqa: ARG002, N802 - aiosmtpd's name
        content = envelope.content
        self.kept.append((envelope.mail_from, envelope.rcpt_tos, content if isinstance(content, bytes) else b""))
        return "250 kept"


@pytest.fixture
def keeper() -> Iterator[tuple[Keeper, Target]]:
    """An aiosmtpd in its thread."""
    handler = Keeper()
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, Target("localhost", "127.0.0.1", port)
    finally:
        controller.stop()


async def deliver_some(target: Target) -> None:
    big = Content([b"Subject: big\r\n\r\n", *[b"x" * 76 + b"\r\n"] * 20_000], 20_000 * 78 + 16)
    async with await connect(target, OPTIONS) as connection:
        for content in (MESSAGE, big, MESSAGE):
            transaction = await connection.deliver(to("b@b.test", "c@b.test"), content)
            assert len(transaction.accepted) == 2
        assert (await connection.ask(Noop())).code == 250
        assert (await connection.reset()).code == 250
        assert connection.transactions == 3
    assert not connection.is_usable


def arrived(keeper: Keeper) -> list[tuple[str | None, list[str], int]]:
    return [(sender, recipients, len(content)) for sender, recipients, content in keeper.kept]


EXPECTED = [("anna@a.test", ["b@b.test", "c@b.test"], octets) for octets in (22, 1_560_016, 22)]


async def test_messages_arrive_at_aiosmtpd(keeper: tuple[Keeper, Target]) -> None:
    """Small and large ones over one connection, dots included."""
    await deliver_some(keeper[1])
    assert arrived(keeper[0]) == EXPECTED
    assert keeper[0].kept[0][2].replace(b"\r\n", b"\n") == b"Subject: x\n\n.hello\n"


def test_messages_arrive_with_uvloop(keeper: tuple[Keeper, Target]) -> None:
    """The same on the other event loop."""
    uvloop.run(deliver_some(keeper[1]))
    assert arrived(keeper[0]) == EXPECTED


# ---------------------------------------------------------------------------------------------------------- connecting


async def test_a_port_that_nobody_listens_on_is_refused() -> None:
    """The system says so at once."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        target = Target("mx.test", "127.0.0.1", chosen.getsockname()[1])
        with pytest.raises(ConnectRefused) as caught:
            await connect(target, OPTIONS)
    transcript = caught.value.transcript
    assert transcript is not None
    assert (transcript.host, transcript.failed, transcript.tls) == ("mx.test", 0, None)
    assert "127.0.0.1" in transcript.trouble


async def test_an_address_that_does_not_answer_is_a_timeout() -> None:
    """A listener whose queue is full does not answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        target = Target("", "127.0.0.1", listener.getsockname()[1])
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        with pytest.raises(ConnectTimeout) as caught:
            await connect(target, ConnectOptions("me.test", timeouts=Timeouts(connect=0.1)))
        for filler in fillers:
            filler.close()
    assert isinstance(caught.value, TimeoutError)


async def test_a_local_address_that_is_not_ours_is_no_way_out() -> None:
    """192.0.2.0/24 is nobody's."""
    with pytest.raises(NetworkUnreachable):
        await connect(Target("", "127.0.0.1", 25), ConnectOptions("me.test", local_address="192.0.2.77"))


async def test_the_local_address_and_the_proxy_header_are_used() -> None:
    """The server sees both."""
    seen = []

    async def play(peer: Peer) -> None:
        seen.append(peer.writer.get_extra_info("peername")[0])
        await peer.hear("PROXY TCP4")
        await peer.greet()
        await peer.goodbye()

    async with serving(play) as target:
        header = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n"
        async with await connect(target, ConnectOptions("me.test", local_address="127.0.0.9", proxy_header=header)):
            pass
    assert seen == ["127.0.0.9"]


@pytest.mark.parametrize(("banner", "step"), [("554 5.7.1 blocked", Step.BANNER), ("421 busy", Step.BANNER)])
async def test_a_refused_banner_is_answered_with_quit(banner: str, step: Step) -> None:
    """And the words reach the caller."""
    quits = []

    async def play(peer: Peer) -> None:
        await peer.say(banner)
        quits.append(await peer.hear("QUIT"))
        await peer.say("221 bye")

    async with serving(play) as target:
        with pytest.raises(ServerRefused) as caught:
            await connect(target, OPTIONS)
    assert (caught.value.step, str(caught.value.reply), quits) == (step, banner, ["QUIT"])
    assert caught.value.transcript is not None
    assert caught.value.transcript.failed == 1


async def test_a_refused_ehlo_is_told() -> None:
    """550 is no sign of an old server, so HELO is not tried."""

    async def play(peer: Peer) -> None:
        await peer.say("220 hi")
        await peer.hear("EHLO")
        await peer.say("550 your name is bad")
        await peer.goodbye()

    async with serving(play) as target:
        with pytest.raises(ServerRefused) as caught:
            await connect(target, OPTIONS)
    assert caught.value.step is Step.EHLO


@pytest.mark.parametrize(
    ("said", "trouble", "step"),
    [
        (["220 hi\r\n421 bye"], ServerRefused, Step.EHLO),
        (["220 hi"], ConnectionLost, Step.EHLO),
        (["220 hi", "250 mx.test\r\n421 bye"], ServerRefused, Step.OTHER),
        (["220 hi", "250 mx.test"], ConnectionLost, Step.OTHER),
        (["220 hi", "250-mx.test\r\n250 STARTTLS\r\n421 bye"], ServerRefused, Step.STARTTLS),
        (["220 hi\r\n250 more"], ProtocolBroken, Step.EHLO),
        (["220 hi", "250 mx.test\r\n250 more"], ProtocolBroken, Step.OTHER),
    ],
    ids=str,
)
async def test_a_server_that_says_goodbye_in_the_same_breath(
    said: list[str], trouble: type[SmtpTrouble], step: Step
) -> None:
    """What comes with a reply is seen before anything else is sent; where it is lost is told by the next step."""

    async def play(peer: Peer) -> None:
        for number, line in enumerate(said):
            if number:
                await peer.hear("EHLO")
            await peer.say(line)
        if "\r\n" in said[-1]:
            await peer.reader.read()

    async def session(target: Target) -> None:
        connection = await connect(target, OPTIONS, VirtualClock(quiet=0.005))
        await until(lambda: not connection.is_usable)
        try:
            await connection.ask(Noop())
        finally:
            await connection.quit()

    async with serving(play) as target:
        with pytest.raises(trouble) as caught:
            await session(target)
    assert caught.value.step is step


async def test_a_cancelled_wait_leaves_no_answer_for_the_next() -> None:
    """The late reply to NOOP is not taken for that to RSET."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.hear("NOOP")
        asked.set()
        await answered.wait()
        await peer.say("250 late")
        await peer.hear("RSET")
        await peer.say("250 reset")
        await peer.goodbye()

    async with serving(play) as target, await connect(target, OPTIONS) as connection:
        task = asyncio.create_task(connection.ask(Noop()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        answered.set()
        with pytest.raises(LocalProtocolError):
            await connection.reset()
        await until(lambda: connection.transcript.entries[-1].text == "250 late")
        assert (await connection.reset()).text == "reset"


@asynccontextmanager
async def silent_after(*said: str) -> AsyncIterator[Target]:
    """A server that says its replies, one for each line that comes, and then nothing any more."""

    async def play(peer: Peer) -> None:
        for line in said:
            await peer.say(line)
            await peer.hear("")
        await peer.reader.read()

    async with serving(play) as target:
        yield target


@pytest.mark.parametrize(
    ("said", "step", "seconds"),
    [((), Step.BANNER, 300), (("220 hi",), Step.EHLO, 300)],
    ids=["no banner", "no reply to EHLO"],
)
async def test_a_silent_server_is_given_up_after_the_limit(said: tuple[str, ...], step: Step, seconds: float) -> None:
    """The limit of the step, by the clock."""
    clock = VirtualClock(quiet=0.005)
    async with silent_after(*said) as target:
        with pytest.raises(NoAnswer) as caught:
            await connect(target, OPTIONS, clock)
    assert (caught.value.step, caught.value.seconds, caught.value.uncertain) == (step, seconds, False)
    assert caught.value.transcript is not None
    assert caught.value.transcript.entries[-1].seconds == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(
    ("banner", "trouble"),
    [(b"SSH-2.0-x\r\n", ProtocolBroken), (b"\x15\x03\x01", ProtocolBroken), (b"", ConnectionLost)],
    ids=["SSH", "TLS", "nothing"],
)
async def test_what_is_no_smtp_is_told(banner: bytes, trouble: type[SmtpTrouble]) -> None:
    """Another protocol, or none."""

    async def play(peer: Peer) -> None:
        peer.writer.write(banner)
        await peer.writer.drain()
        if banner:
            await peer.reader.read()

    async with serving(play) as target:
        with pytest.raises(trouble) as caught:
            await connect(target, OPTIONS)
    assert caught.value.step is Step.BANNER


# --------------------------------------------------------------------------------------------------------- transactions


async def run(
    play_message: Callable[[Peer], Awaitable[None]],
    envelope_to: tuple[str, ...] = ("b@b.test", "c@b.test"),
    content: Content = MESSAGE,
) -> tuple[Connection, SmtpTrouble | None]:
    """Deliver one message to a server that greets, then plays; return the connection and the trouble."""

    async def play(peer: Peer) -> None:
        await peer.greet("PIPELINING", "CHUNKING")
        await play_message(peer)

    async with serving(play) as target:
        connection = await connect(target, OPTIONS, VirtualClock(quiet=0.01))
        trouble = None
        try:
            await connection.deliver(to(*envelope_to), content)
        except SmtpTrouble as error:
            trouble = error
        await connection.quit()
    return connection, trouble


def told(connection: Connection) -> list[tuple[str, Step, int | None, bool, bool]]:
    transaction = connection.transaction
    assert transaction is not None
    return [
        (
            str(result.recipient.address),
            result.step,
            result.reply.code if result.reply is not None else None,
            result.accepted,
            result.uncertain,
        )
        for result in transaction.results
    ]


async def until(happened: Callable[[], bool]) -> None:
    """Let the loop run until something has happened; the test's own time limit ends it otherwise."""
    while not happened():  # noqa: ASYNC110 - no event tells it
        await asyncio.sleep(0)


async def test_some_recipients_are_refused() -> None:
    """Each has its own result, and the transcript shows where."""

    async def play(peer: Peer) -> None:
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("250 ok", "250 ok", "550 5.1.1 unknown", "354 go")
        assert await peer.message() == b"Subject: x\r\n\r\n..hello\r\n.\r\n"
        await peer.say("250 2.0.0 queued")
        await peer.goodbye()

    connection, trouble = await run(play)
    assert trouble is None
    assert told(connection) == [
        ("b@b.test", Step.MESSAGE, 250, True, False),
        ("c@b.test", Step.RCPT, 550, False, False),
    ]
    assert connection.transaction is not None
    transcript = connection.transaction.transcript
    assert transcript is not None
    assert transcript.failed is not None
    assert transcript.entries[transcript.failed].text == "550 5.1.1 unknown"
    assert connection.transaction.mail is not None
    assert connection.transaction.data is not None


async def test_mail_is_refused() -> None:
    """It counts for all."""

    async def play(peer: Peer) -> None:
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("450 later", "503 no", "503 no", "503 no")
        await peer.goodbye()

    connection, _ = await run(play)
    assert {result[1:4] for result in told(connection)} == {(Step.MAIL, 450, False)}


async def test_the_message_is_refused() -> None:
    """At its end, and the next can follow."""

    async def play(peer: Peer) -> None:
        await peer.envelope(2)
        await peer.message()
        await peer.say("554 spam")
        await peer.goodbye()

    connection, _ = await run(play)
    assert {result[1:4] for result in told(connection)} == {(Step.MESSAGE, 554, False)}


async def test_data_is_refused() -> None:
    """Before anything was sent."""

    async def play(peer: Peer) -> None:
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("250 ok", "250 ok", "250 ok", "451 later")
        await peer.goodbye()

    connection, _ = await run(play)
    assert {result[1:4] for result in told(connection)} == {(Step.DATA, 451, False)}


async def test_a_connection_lost_after_the_message_is_uncertain() -> None:
    """Nobody knows whether it was accepted."""

    async def play(peer: Peer) -> None:
        await peer.envelope(2)
        await peer.message()

    connection, trouble = await run(play)
    assert isinstance(trouble, ConnectionLost)
    assert isinstance(trouble, ConnectionError)
    assert (trouble.step, trouble.uncertain) == (Step.MESSAGE, True)
    assert trouble.transaction is connection.transaction
    assert {result[1:] for result in told(connection)} == {(Step.MESSAGE, None, False, True)}


async def test_a_reply_to_the_message_that_does_not_come_is_uncertain() -> None:
    """After ten minutes."""

    async def play(peer: Peer) -> None:
        await peer.envelope(2)
        await peer.message()
        await peer.reader.read()

    connection, trouble = await run(play)
    assert isinstance(trouble, NoAnswer)
    assert (trouble.step, trouble.seconds, trouble.uncertain) == (Step.MESSAGE, 600, True)
    assert connection.transaction is not None
    assert connection.transaction.uncertain


async def test_garbage_after_the_message_is_uncertain() -> None:
    """The answer cannot be read."""

    async def play(peer: Peer) -> None:
        await peer.envelope(2)
        await peer.message()
        await peer.say("what?")
        await peer.reader.read()

    connection, trouble = await run(play)
    assert isinstance(trouble, ProtocolBroken)
    assert connection.transaction is not None
    assert connection.transaction.uncertain


@pytest.mark.parametrize(
    ("replies", "step", "expected"),
    [
        ([], Step.MAIL, {(Step.MAIL, None, False, False)}),
        (["250 ok", "250 ok"], Step.RCPT, {(Step.RCPT, 250, False, False), (Step.RCPT, None, False, False)}),
        (["250 ok", "250 ok", "250 ok"], Step.DATA, {(Step.RCPT, 250, False, False)}),
    ],
    ids=["MAIL", "RCPT", "DATA"],
)
async def test_a_connection_lost_in_the_envelope_says_how_far_it_came(
    replies: list[str], step: Step, expected: set[tuple[Step, int | None, bool, bool]]
) -> None:
    """Nothing is uncertain before the end of the message."""

    async def play(peer: Peer) -> None:
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        if replies:
            await peer.say(*replies)

    connection, trouble = await run(play)
    assert isinstance(trouble, ConnectionLost)
    assert (trouble.step, trouble.uncertain) == (step, False)
    assert {result[1:] for result in told(connection)} == expected


async def test_421_in_the_envelope_is_the_answer_to_all_that_has_none() -> None:
    """No trouble, but a result for everybody."""

    async def play(peer: Peer) -> None:
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("250 ok", "550 unknown", "421 4.7.0 too many")

    connection, trouble = await run(play)
    assert trouble is None
    assert [result[1:4] for result in told(connection)] == [(Step.RCPT, 550, False), (Step.RCPT, 421, False)]
    assert not connection.is_usable


async def test_421_without_a_close_does_not_hold_up_anybody() -> None:
    """The server leaves the other replies out and the connection open."""

    async def play(peer: Peer) -> None:
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("250 ok", "421 4.7.0 too many")
        await peer.reader.read()

    connection, trouble = await run(play)
    assert trouble is None
    assert {result[1:4] for result in told(connection)} == {(Step.RCPT, 421, False)}
    assert connection.transaction is not None
    transcript = connection.transaction.transcript
    assert transcript is not None
    assert transcript.entries[-1].seconds < 60


async def test_a_large_message_that_is_refused_on_the_way_is_not_sent_to_its_end() -> None:
    """The refusal is the result, however much was still to come."""
    pieces = [b"x" * 998 + b"\r\n"] * 64
    sent = []

    class Endless:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(5_000):
                sent.append(number)
                yield b"".join(pieces)

    async def play(peer: Peer) -> None:
        await peer.envelope(2)
        await peer.reader.readexactly(100_000)
        await peer.say("552 5.3.4 too big")
        await peer.reader.read()

    connection, trouble = await run(play, content=Content(Endless(), 320_000_000))
    assert trouble is None
    assert {result[1:4] for result in told(connection)} == {(Step.MESSAGE, 552, False)}
    assert len(sent) < 5_000
    assert not connection.is_usable


async def test_a_server_that_takes_no_data_is_given_up() -> None:
    """After the limit for a block; nothing is uncertain."""
    content = Content([b"x" * 998 + b"\r\n"] * 20_000, 20_000_000)

    async def play(peer: Peer) -> None:
        await peer.envelope(2)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined] # the socket's transport can
        await asyncio.get_running_loop().create_future()

    connection, trouble = await run(play, content=content)
    assert isinstance(trouble, NoAnswer)
    assert (trouble.step, trouble.seconds, trouble.uncertain) == (Step.MESSAGE, 180, False)
    assert connection.transaction is not None
    assert not connection.transaction.uncertain


async def test_content_that_fails_cuts_the_connection() -> None:
    """Half a message is never ended as if it were whole."""
    received = []

    def broken() -> Iterator[bytes]:
        yield b"Subject: half\r\n" * 10_000
        raise OSError("disk")

    async def play(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.envelope(1)
        received.append(await peer.reader.read())

    async with serving(play) as target:
        connection = await connect(target, OPTIONS)
        with pytest.raises(OSError, match="disk"):
            await connection.deliver(to("b@b.test"), Content(broken(), 1_000))
        assert not connection.is_usable
    assert all(not data.endswith(b"\r\n.\r\n") for data in received)


async def test_cancelled_while_it_waits_says_who_was_accepted() -> None:
    """Ctrl-C after the envelope: one recipient was accepted, nothing was taken."""
    asked = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("250 ok", "250 ok", "550 no")
        asked.set()
        await peer.reader.read()

    async with serving(play) as target:
        connection = await connect(target, OPTIONS)
        task = asyncio.create_task(connection.deliver(to("b@b.test", "c@b.test"), MESSAGE))
        await asked.wait()
        await until(lambda: told(connection)[1][2] is not None)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await connection.quit()
    assert [result[1:] for result in told(connection)] == [
        (Step.RCPT, 250, False, False),
        (Step.RCPT, 550, False, False),
    ]


async def test_cancelled_after_the_message_is_uncertain() -> None:
    """What was sent to its end may have been accepted."""
    heard = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.envelope(1)
        await peer.message()
        heard.set()
        await peer.reader.read()

    async with serving(play) as target:
        connection = await connect(target, OPTIONS)
        task = asyncio.create_task(connection.deliver(to("b@b.test"), MESSAGE))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await connection.quit()
    assert connection.transaction is not None
    assert connection.transaction.uncertain


async def test_a_connection_that_was_closed_while_idle_is_not_usable() -> None:
    """With the words by which the server said goodbye."""

    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.say("421 4.4.2 idle for too long")

    async with serving(play) as target:
        connection = await connect(target, OPTIONS)
        await until(lambda: not connection.is_usable)
        with pytest.raises(ConnectionLost, match="idle for too long") as caught:
            await connection.deliver(to("b@b.test"), MESSAGE)
        await connection.quit()
    assert caught.value.transaction is connection.transaction
    assert not caught.value.uncertain


async def test_nothing_is_sent_where_something_stands_in_the_way() -> None:
    """Eight bits without 8BITMIME; the connection can be used for other messages."""

    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.goodbye()

    async with serving(play) as target, await connect(target, OPTIONS) as connection:
        transaction = await connection.deliver(to("b@b.test"), Content.of("ü\r\n".encode()))
        assert transaction.obstacle is Obstacle.EIGHT_BIT
        assert transaction.transcript is None
        unwritable = Envelope(None, (Recipient(Address("a\r\nDATA", "b.test")),))
        with pytest.raises(LocalProtocolError):
            await connection.deliver(unwritable, MESSAGE)
        assert connection.is_usable


async def test_lmtp_has_a_result_for_each_recipient() -> None:
    """One stored, one full, one never answered."""

    async def play(peer: Peer) -> None:
        await peer.say("220 lmtp")
        await peer.hear("LHLO me.test")
        await peer.say("250-mx.test", "250 PIPELINING")
        await peer.envelope(3)
        await peer.message()
        await peer.say("250 stored", "452 full")

    async with serving(play) as target:
        connection = await connect(target, ConnectOptions("me.test", settings=ClientSettings(Role.LMTP)))
        with pytest.raises(ConnectionLost):
            await connection.deliver(to("b@b.test", "c@b.test", "d@b.test"), MESSAGE)
    assert [result[1:] for result in told(connection)] == [
        (Step.MESSAGE, 250, True, False),
        (Step.MESSAGE, 452, False, False),
        (Step.MESSAGE, None, False, True),
    ]


async def test_a_small_message_goes_out_with_its_envelope() -> None:
    """Where chunks are preferred and offered."""

    async def play(peer: Peer) -> None:
        await peer.greet("PIPELINING", "CHUNKING")
        await peer.hear("MAIL", "RCPT", "BDAT 22 LAST")
        assert await peer.reader.readexactly(22) == b"Subject: x\r\n\r\n.hello\r\n"
        await peer.say("250 ok", "250 ok", "250 queued")
        await peer.goodbye()

    options = ConnectOptions("me.test", settings=ClientSettings(prefer_chunking=True))
    async with serving(play) as target, await connect(target, options) as connection:
        transaction = await connection.deliver(to("b@b.test"), MESSAGE)
        assert transaction.accepted


# ---------------------------------------------------------------------------------------------------------------- login


async def test_login_with_scram_proves_both_sides() -> None:
    """The whole exchange, and nothing of it in the transcript."""
    secret = ScramSecret.derive("s3cret", b"0123456789abcdef", 4_096)

    async def play(peer: Peer) -> None:
        from base64 import b64decode, b64encode  # noqa: PLC0415 - used by this server alone

        await peer.greet("AUTH SCRAM-SHA-256")
        line = await peer.hear("AUTH SCRAM-SHA-256 ")
        server = exchange("SCRAM-SHA-256", "servernonce", "mx.test")
        step = server.start(b64decode(line.split()[2]))
        while not isinstance(step, Accepted):
            if isinstance(step, NeedSecret):
                step = server.secret(secret)
            assert isinstance(step, Challenge)
            await peer.say(f"334 {b64encode(step.data).decode()}")
            step = server.respond(b64decode(await peer.hear("")))
        await peer.say("235 2.7.0 welcome")
        await peer.goodbye()

    async with serving(play) as target, await connect(target, OPTIONS) as connection:
        reply = await connection.login(ScramSha256(Credentials("anna", "s3cret"), "clientnonce"))
        assert (reply.code, connection.authenticated) == (235, True)
        texts = [entry.text for entry in connection.transcript.entries if entry.step is Step.AUTH]
    sent = [text for text in texts if not text.startswith(("334", "235"))]
    assert sent == ["AUTH SCRAM-SHA-256 <removed>", "<removed>", "<removed>"]


async def test_a_login_ends_a_transaction_that_nobody_was_accepted_for() -> None:
    """RFC 4954 4: AUTH is not permitted during a transaction; RSET goes before it, once."""

    async def play(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        await peer.hear("MAIL FROM:<me@sender.test>")
        await peer.say("250 ok")
        await peer.hear("RCPT TO:<anna@example.test>")
        await peer.say("554 5.7.1 log in first")
        await peer.hear("RSET")
        await peer.say("250 ok")
        await peer.hear("AUTH PLAIN AGFubmEAczNjcmV0")
        await peer.say("235 welcome")
        await peer.goodbye()

    async with serving(play) as target, await connect(target, OPTIONS) as connection:
        to = (Recipient(Address.parse("anna@example.test")),)
        refused = await connection.deliver(Envelope(Address.parse("me@sender.test"), to), Content.of(b"\r\n"))
        assert refused.accepted == ()
        await connection.login(Plain(Credentials("anna", "s3cret")))
        assert connection.authenticated


async def test_a_refused_login_is_told_and_another_can_follow() -> None:
    """The connection stays; no secret is in the transcript of the trouble."""

    async def play(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN LOGIN")
        await peer.hear("AUTH PLAIN AGFubmEAd3Jvbmc=")
        await peer.say("535 5.7.8 wrong: AGFubmEAd3Jvbmc=")
        await peer.hear("AUTH LOGIN")
        await peer.say("334 VXNlcm5hbWU6")
        await peer.hear("YW5uYQ==")
        await peer.say("334 UGFzc3dvcmQ6")
        await peer.hear("czNjcmV0")
        await peer.say("235 welcome")
        await peer.goodbye()

    async with serving(play) as target, await connect(target, OPTIONS) as connection:
        with pytest.raises(ServerRefused) as caught:
            await connection.login(Plain(Credentials("anna", "wrong")))
        assert caught.value.step is Step.AUTH
        await connection.login(Login(Credentials("anna", "s3cret")))
        assert caught.value.transcript is not None
        text = transcript_json(caught.value.transcript) + transcript_json(connection.transcript)
        assert connection.transcript.trouble == ""
    for secret in ("AGFubmEAd3Jvbmc", "czNjcmV0", "YW5uYQ", "s3cret", "wrong\\"):
        assert secret not in text
    assert "AUTH PLAIN <removed>" in text


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (("535-5.7.8 wrong password opensesame", "535 5.7.8 in AGFubmEAb3BlbnNlc2FtZQ=="), ServerRefused),
        (("421 4.7.0 no opensesame here",), ServerRefused),
        (("you said AUTH PLAIN AGFubmEAb3BlbnNlc2FtZQ==",), ProtocolBroken),
        (("this line ends within the password when quoted, as it is: opensesame",), ProtocolBroken),
        (("535-opensesame", "550 opensesame"), ProtocolBroken),
    ],
    ids=["in clear", "closing", "no reply", "cut quotation", "two codes"],
)
async def test_a_password_that_a_server_repeats_is_told_to_nobody(
    lines: tuple[str, ...], kind: type[SmtpTrouble]
) -> None:
    """Neither the trouble nor its transcript has it, encoded, decoded, whole or cut, whatever the line is."""

    async def play(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        await peer.hear("AUTH PLAIN")
        await peer.say(*lines)
        # QUIT, or the end.
        await peer.reader.readline()

    async with serving(play) as target:
        connection = await connect(target, OPTIONS)
        with pytest.raises(kind) as caught:
            await connection.login(Plain(Credentials("anna", "opensesame")))
        await connection.quit()
    assert caught.value.transcript is not None
    text = f"{caught.value} {transcript_json(caught.value.transcript)}"
    assert "opens" not in text
    assert "AGFub" not in text


async def test_an_exchange_that_cannot_go_on_is_cancelled() -> None:
    """PLAIN has no challenge; the asterisk ends it."""

    async def play(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        await peer.hear("AUTH PLAIN")
        await peer.say("334 dGVsbCBtZSBtb3Jl")
        assert await peer.hear("*") == "*"
        await peer.say("501 cancelled")
        await peer.goodbye()

    async with serving(play) as target, await connect(target, OPTIONS) as connection:
        with pytest.raises(SaslFault):
            await connection.login(Plain(Credentials("anna", "s3cret")))
        assert connection.is_usable


async def test_a_server_that_says_yes_without_proof_is_left() -> None:
    """SCRAM without the server's signature."""

    async def play(peer: Peer) -> None:
        await peer.greet("AUTH SCRAM-SHA-256")
        await peer.hear("AUTH SCRAM-SHA-256")
        await peer.say("235 come in")
        await peer.reader.read()

    async with serving(play) as target:
        connection = await connect(target, OPTIONS)
        with pytest.raises(SaslFault, match="prove"):
            await connection.login(ScramSha256(Credentials("anna", "s3cret"), "clientnonce"))
        await connection.quit()


# ----------------------------------------------------------------------------------------------------------- transcript


async def test_the_conversation_can_be_watched_and_kept() -> None:
    """Every entry as it happens, and the same in the document."""
    seen: list[Entry] = []

    async def play(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        for _ in range(2):
            await peer.envelope(1)
            await peer.message()
            await peer.say("250 queued")
        await peer.goodbye()

    async with serving(play) as target:
        async with await connect(target, ConnectOptions("me.test", kept_lines=1), watch=seen.append) as connection:
            first = await connection.deliver(to("b@b.test"), MESSAGE)
            second = await connection.deliver(to("b@b.test"), MESSAGE)
        transcripts = (first.transcript, second.transcript, connection.transcript)
    shown = [(entry.direction, entry.step, entry.text) for entry in seen]
    assert shown[0][:2] == (Direction.NOTE, Step.CONNECT)
    assert (Direction.SENT, Step.MESSAGE, "Subject: x") in shown
    assert shown[-2:] == [(Direction.SENT, Step.QUIT, "QUIT"), (Direction.RECEIVED, Step.QUIT, "221 bye")]
    assert len(seen) == 4 + 2 * 8 + 2
    for transcript in transcripts:
        assert transcript is not None
        assert (transcript.local_name, transcript.host, transcript.failed, transcript.trouble) == (
            "me.test",
            "mx.test",
            None,
            "",
        )
        assert parse_transcript(transcript_json(transcript)) == transcript
    assert [len(transcript.entries) for transcript in transcripts if transcript is not None] == [12, 14, 14]
