"""The server on real sockets: time limits, TLS, back-pressure, applications that fail, and its own end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Any

import pytest

from mailwright.lab.clock import VirtualClock
from mailwright.lab.maildrop import MemoryMaildrops, OpenMaildrop
from mailwright.pop3.limits import Timeouts
from mailwright.pop3.responses import Response
from mailwright.pop3.server_transport import serve
from mailwright.pop3.transport import Target
from mailwright.smtp.server_application import Peer
from mailwright.smtp.server_reception import Listener
from tests.pop3.serving import MESSAGES, SETTINGS, maildrops, server_context, serving

LOGIN = b"USER anna\r\nPASS secret word\r\n"


class Talk:
    """A client that sends octets as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def line(self) -> bytes:
        """Return the next line; b"" at the end."""
        return await self.reader.readline()

    async def say(self, octets: bytes, lines: int = 1) -> bytes:
        """Send, and return so many lines."""
        self.writer.write(octets)
        return b"".join([await self.line() for _ in range(lines)])


@asynccontextmanager
async def talking(target: Target, **options: Any) -> AsyncIterator[Talk]:
    """Connect, and hear the greeting."""
    reader, writer = await asyncio.open_connection(target.address, target.port, **options)
    talk = Talk(reader, writer)
    try:
        assert (await talk.line()).startswith(b"+OK pop.example.org POP3 ready <")
        yield talk
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that happens on its own, within seconds."""
    for _ in range(5_000):
        if is_so():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not happen")


async def gone(store: MemoryMaildrops) -> None:
    """Wait until every maildrop that was opened is released."""
    await until(lambda: store.opened == store.released)


async def test_pipelined_commands_are_answered_in_order() -> None:
    """A whole session in one piece (RFC 2449 6.6)."""
    store = maildrops()
    async with serving(store) as (_, target), talking(target) as talk:
        talk.writer.write(LOGIN + b"STAT\r\nRETR 2\r\nDELE 2\r\nLIST 1\r\nQUIT\r\n")
        said = (await talk.reader.read()).split(b"\r\n")
    assert [line[:4].strip() for line in said] == [
        *(b"+OK", b"+OK", b"+OK", b"+OK", b"Subj", b"", b".", b"+OK", b"+OK", b"+OK", b""),
    ]
    assert store.messages("anna") == (MESSAGES[0], MESSAGES[2])


async def test_an_idle_client_is_left_without_a_word_and_nothing_is_deleted() -> None:
    """RFC 1939 3: after ten minutes at the earliest."""
    store, clock = maildrops(), VirtualClock(quiet=0.01)
    async with serving(store, clock=clock) as (_, target), talking(target) as talk:
        await talk.say(LOGIN + b"DELE 1\r\n", 3)
        before = clock.monotonic()
        assert await talk.line() == b""
        assert 600 <= clock.monotonic() - before <= 611
        await gone(store)
    assert store.messages("anna") == MESSAGES


async def test_a_client_that_does_not_read_is_left() -> None:
    """A message of many megabytes is neither read nor held for it."""
    store, clock = maildrops(), VirtualClock(quiet=0.01)
    store.add("carl", "p", (b"x" * 998 + b"\r\n") * 20_000)
    async with serving(store, clock=clock) as (server, target), talking(target) as talk:
        talk.writer.write(b"USER carl\r\nPASS p\r\nRETR 1\r\n")
        talk.reader._limit = 0  # type: ignore[attr-defined]  # The stream takes no more, and asyncio stops reading.
        for _ in range(20):
            await clock.sleep(60)
        assert server.connections == 0
        assert clock.monotonic() >= 600
        await gone(store)


@pytest.mark.parametrize("command", [b"", b"DELE 1\r\n", b"RETR 3\r\n", b"DELE 1\r\nQUIT"], ids=repr)
async def test_a_lost_connection_gives_up_the_lock_and_deletes_nothing(command: bytes) -> None:
    """RFC 1939 6."""
    store = maildrops()
    async with serving(store) as (_, target):
        async with talking(target) as talk:
            await talk.say(LOGIN + command, 2)
        await gone(store)
        async with talking(target) as talk:
            assert (await talk.say(LOGIN, 2)).count(b"+OK") == 2
    assert store.messages("anna") == MESSAGES


async def test_half_a_connection_is_answered() -> None:
    """A client may close its side after QUIT and still hear."""
    store = maildrops()
    async with serving(store) as (_, target), talking(target) as talk:
        talk.writer.write(LOGIN + b"DELE 1\r\nQUIT\r\n")
        talk.writer.write_eof()
        assert (await talk.reader.read()).count(b"+OK") == 4
    assert store.messages("anna") == MESSAGES[1:]


async def test_one_connection_too_many_is_told_so() -> None:
    """And is counted no more when it is gone."""
    async with serving(maildrops(), listener=Listener(connections=1)) as (server, target):
        async with talking(target):
            reader, writer = await asyncio.open_connection(target.address, target.port)
            assert (await reader.read()).startswith(b"-ERR [SYS/TEMP] ")
            writer.close()
            await writer.wait_closed()
        await until(lambda: server.connections == 0)
        async with talking(target) as talk:
            assert await talk.say(b"CAPA\r\n")


# ---------------------------------------------------------------------------------------------------------------- TLS


async def test_commands_behind_stls_end_the_session() -> None:
    """RFC 2595 4: nothing that came in the clear is taken for something under TLS."""
    async with serving(maildrops(), listener=Listener(ssl_context=server_context())) as (_, target):
        async with talking(target) as talk:
            talk.writer.write(b"STLS\r\n" + LOGIN)
            assert (await talk.reader.read()).startswith(b"-ERR ")
        async with talking(target) as talk:
            assert (await talk.say(b"STLS\r\n")).startswith(b"+OK ")
            # No handshake, but a command: nothing is said in the middle of one.
            talk.writer.write(LOGIN)
            assert b"+OK" not in await talk.reader.read()


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "stls"])
async def test_a_handshake_has_its_time(implicit: bool) -> None:
    """Whoever begins none is left; asyncio's own time limit is real, so a short one is set."""
    listener = Listener(ssl_context=server_context(), implicit_tls=implicit)
    timeouts = Timeouts(tls_handshake=0.05)
    async with serving(maildrops(), listener=listener, timeouts=timeouts) as (server, target):
        reader, writer = await asyncio.open_connection(target.address, target.port)
        if not implicit:
            await reader.readline()
            writer.write(b"STLS\r\n")
            assert (await reader.readline()).startswith(b"+OK")
        assert await reader.read() == b""
        await until(lambda: server.connections == 0)
        writer.close()
        await writer.wait_closed()


# -------------------------------------------------------------------------------------------------------- applications


class Broken(MemoryMaildrops):
    """Fails where its name says."""

    def __init__(self, where: str) -> None:
        super().__init__(piece=1_000)
        self.where = where

    async def open(self, user: str, peer: Peer) -> OpenMaildrop:
        assert peer.address == "127.0.0.1"
        if self.where == "open":
            raise ZeroDivisionError
        opened = await super().open(user, peer)
        return BrokenMaildrop(self, opened)


class BrokenMaildrop(OpenMaildrop):
    """Fails where its store says."""

    def __init__(self, store: Broken, opened: OpenMaildrop) -> None:
        super().__init__(store, opened._owner)
        self._where = store.where

    async def read(self, number: int) -> AsyncGenerator[bytes, None]:
        if self._where == "read":
            raise ZeroDivisionError
        async for piece in super().read(number):
            yield piece
            if self._where == "piece":
                raise ZeroDivisionError

    async def remove(self, numbers: Sequence[int]) -> None:
        raise ZeroDivisionError(str(numbers))


@pytest.mark.parametrize(
    ("where", "command"),
    [("open", b""), ("read", b"RETR 3\r\n"), ("piece", b"RETR 3\r\n"), ("remove", b"DELE 1\r\nQUIT\r\n")],
)
async def test_an_application_that_fails_costs_one_answer(where: str, command: bytes) -> None:
    """[SYS/TEMP] where something can still be said, else the connection; and it is reported."""
    store = Broken(where)
    store.add("anna", "secret word", *MESSAGES)
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    async with serving(store) as (_, target), talking(target) as talk:
        talk.writer.write(LOGIN + command + b"QUIT\r\n")
        said = await talk.reader.read()
        if where == "piece":
            assert b" octets\r\nSubject: long\r\n" in said
            assert not said.endswith(b"\r\n.\r\n")
        else:
            assert said.count(b"-ERR [SYS/TEMP]") == 1
        await gone(store)
    assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]


async def test_a_refusal_of_the_application_is_said_in_its_words() -> None:
    """At the login; the session goes on."""
    store = maildrops()
    store.refusal = Response(ok=False, text="Not before noon", code="LOGIN-DELAY")
    async with serving(store) as (_, target), talking(target) as talk:
        assert (await talk.say(LOGIN, 2)).endswith(b"-ERR [LOGIN-DELAY] Not before noon\r\n")
        store.refusal = None
        assert (await talk.say(LOGIN, 2)).count(b"+OK") == 2


class SlowStore(MemoryMaildrops):
    """Deletes when ``gate`` is set; ``reached`` tells that it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()

    async def open(self, user: str, peer: Peer) -> OpenMaildrop:
        return SlowMaildrop(self, await super().open(user, peer))


class SlowMaildrop(OpenMaildrop):
    """See SlowStore."""

    def __init__(self, store: SlowStore, opened: OpenMaildrop) -> None:
        super().__init__(store, opened._owner)
        self._slow = store

    async def remove(self, numbers: Sequence[int]) -> None:
        self._slow.reached.set()
        await self._slow.gate.wait()
        await super().remove(numbers)


async def test_a_deletion_goes_to_its_end_though_the_client_is_gone() -> None:
    """QUIT was said; the lock is held until it is done."""
    store = SlowStore()
    store.add("anna", "secret word", *MESSAGES)
    async with serving(store) as (server, target):
        async with talking(target) as talk:
            talk.writer.write(LOGIN + b"DELE 1\r\nQUIT\r\n")
            await store.reached.wait()
            # Without this the end of the client's data is no more than the end of what it says.
            talk.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        await until(lambda: server.connections == 0)
        assert store.released == 0
        store.gate.set()
        await gone(store)
    assert store.messages("anna") == MESSAGES[1:]


# ------------------------------------------------------------------------------------------------------------- the end


async def test_a_server_that_closes_dismisses_its_clients() -> None:
    """In words; nothing is deleted, and it listens no more."""
    store = maildrops()
    async with serving(store) as (server, target), talking(target) as talk:
        await talk.say(LOGIN + b"DELE 1\r\n", 3)
        await server.close()
        assert (await talk.reader.read()).startswith(b"-ERR [SYS/TEMP] ")
        assert server.addresses == ()
        with pytest.raises(OSError, match=r"[Cc]onnect"):
            await asyncio.open_connection(target.address, target.port)
        await server.close()
    assert store.messages("anna") == MESSAGES
    assert store.released == 1


async def test_a_server_waits_only_so_long_for_what_is_being_sent() -> None:
    """A client that does not read is cut after the grace."""
    store, clock = maildrops(), VirtualClock(quiet=0.02)
    store.add("carl", "p", (b"x" * 998 + b"\r\n") * 20_000)
    async with serving(store, clock=clock) as (server, target), talking(target) as talk:
        talk.reader._limit = 0  # type: ignore[attr-defined]  # As above.
        talk.writer.write(b"USER carl\r\nPASS p\r\nRETR 1\r\n")
        await until(lambda: store.opened == 1)
        await clock.sleep(1)
        await server.close(grace=3)
        assert server.connections == 0
    assert store.released == 1


@pytest.mark.parametrize(
    "listener",
    [Listener(implicit_tls=True), Listener(proxy_from=(ip_network("127.0.0.0/8"),))],
    ids=["no-certificate", "proxy"],
)
async def test_a_listener_that_contradicts_itself_is_refused(listener: Listener) -> None:
    """Before anything is opened."""
    with pytest.raises(ValueError, match="implicit TLS"):
        await serve(maildrops(), SETTINGS, listener)


async def test_no_apop_without_the_wish_for_it() -> None:
    """The greeting then has no timestamp."""
    async with serving(maildrops(), replace(SETTINGS, apop=False)) as (_, target):
        reader, writer = await asyncio.open_connection(target.address, target.port)
        assert await reader.readline() == b"+OK pop.example.org POP3 ready\r\n"
        writer.close()
        await writer.wait_closed()
