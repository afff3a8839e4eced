"""The pool over real sockets on loopback: failover, TCP, staleness, joined questions, silence and rubbish."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from mailwright.dns.answer import Kind, Question, RecordType
from mailwright.dns.cache import CacheLimits
from mailwright.dns.pool import CLOSED, PoolOptions, ResolverPool, random_ident, system_servers
from mailwright.dns.servers import SearchOptions, ServerFault
from mailwright.dns.transport import MOST_FOREIGN, RESEND, Ask, TransportFault, ask_tcp, ask_udp
from mailwright.dns.wire import WireOptions
from mailwright.lab.clock import VirtualClock
from mailwright.lab.nameserver import NameServer
from mailwright.lab.table import Behaviour

QUESTION = Question("example.test", RecordType.A)
TABLE = {"example.test": ["A 192.0.2.1"]}
#: With such a limit nothing is sent twice.
QUICK = PoolOptions(search=SearchOptions(rounds=1, tries=(RESEND,)))
TWO_ROUNDS = PoolOptions(search=SearchOptions(rounds=2, tries=(RESEND,)))
#: Seconds of silence after which a time limit passes (lab.clock): no test waits for one, however busy the machine is.
QUIET = 0.02


def unused_port() -> int:
    """Return a port where nobody listens, by UDP or TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_what_is_known_is_not_asked_again() -> None:
    """Answers and noes come out of the memory until their time is over."""
    gone = Question("gone.test", RecordType.A)
    async with NameServer(TABLE) as server, ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
        for _ in range(3):
            assert (await pool.resolve(QUESTION)).records == ("192.0.2.1",)
            assert (await pool.resolve(gone)).kind is Kind.NXDOMAIN
        assert server.counts == {QUESTION: 1, gone: 1}
        assert pool.cached(QUESTION) is not None
        assert pool.cached(Question("other.test", RecordType.A)) is None


async def test_the_same_question_goes_out_once() -> None:
    """A hundred askers at the same time are one query."""
    async with NameServer(TABLE) as server, ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
        answers = await asyncio.gather(*(pool.resolve(QUESTION) for _ in range(100)))
        assert {answer.records for answer in answers} == {("192.0.2.1",)}
        assert len(server.asked) == 1


async def test_who_gives_up_does_not_take_the_answer_from_others() -> None:
    """The first asker is cancelled; the second is answered all the same."""
    async with NameServer(TABLE) as server, ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
        first, second = (asyncio.create_task(pool.resolve(QUESTION)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).kind is Kind.FOUND
        assert first.cancelled()
        assert len(server.asked) == 1


@pytest.mark.parametrize("entry", [Kind.SERVFAIL, Kind.REFUSED, Kind.TIMEOUT, Behaviour.GARBAGE, Behaviour.WRONG_ID])
async def test_the_next_server_helps(entry: Kind | Behaviour) -> None:
    """Whatever is wrong with the first server, the second one is asked."""
    async with NameServer({"example.test": entry}) as bad, NameServer(TABLE) as good:
        async with ResolverPool([bad.address, good.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
            answer = await pool.resolve(QUESTION)
        assert (answer.kind, answer.server) == (Kind.FOUND, good.address)
        assert len(bad.asked) == 1


@pytest.mark.parametrize("entry", [Kind.NXDOMAIN, Kind.NODATA])
async def test_a_no_is_final(entry: Kind) -> None:
    """A second server that knows better is not asked."""
    async with NameServer({"example.test": entry}) as first, NameServer(TABLE) as second:
        async with ResolverPool([first.address, second.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
            assert (await pool.resolve(QUESTION)).kind is entry
        assert second.asked == []


async def test_a_dead_port_costs_no_time_and_goes_behind() -> None:
    """Nobody listens: the kernel says so, the next server answers, and is the first to be asked from then on."""
    async with NameServer(TABLE) as server:
        dead = f"127.0.0.1:{unused_port()}"
        options = PoolOptions(search=SearchOptions(rounds=1, tries=(30.0,)))
        async with ResolverPool([dead, server.address], options, VirtualClock(quiet=QUIET)) as pool:
            assert (await pool.resolve(QUESTION)).server == server.address
            assert [str(address) for address in pool.servers] == [server.address, dead]


async def test_out_of_reach_is_told_from_silence() -> None:
    """Two different faults: a wrong address or a resolver that is down, and a lost packet."""
    async with ResolverPool([f"127.0.0.1:{unused_port()}"], TWO_ROUNDS, VirtualClock(quiet=QUIET)) as pool:
        answer = await pool.resolve(QUESTION)
        assert (answer.kind, bool(answer.detail)) == (Kind.UNREACHABLE, True)
    async with (
        NameServer({"example.test": Kind.TIMEOUT}) as server,
        ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool,
    ):
        assert (await pool.resolve(QUESTION)).kind is Kind.TIMEOUT


async def test_without_servers_the_answer_is_clear() -> None:
    """No exception, and a reason."""
    async with ResolverPool([]) as pool:
        answer = await pool.resolve(QUESTION)
    assert (answer.kind, answer.detail, answer.server) == (Kind.UNREACHABLE, "no DNS server is configured", None)


async def test_silence_by_udp_is_tried_by_tcp() -> None:
    """Where UDP is filtered, the second round gets through."""
    table = {"example.test": Kind.TIMEOUT}
    async with (
        NameServer(table) as server,
        ResolverPool([server.address], TWO_ROUNDS, VirtualClock(quiet=QUIET)) as pool,
    ):
        assert (await pool.resolve(QUESTION)).kind is Kind.TIMEOUT
        assert [asked.tcp for asked in server.asked] == [False, True]


async def test_a_truncated_answer_is_fetched_by_tcp() -> None:
    """RFC 7766 5: TC means that the query goes out again."""
    table = {"example.test": [Behaviour.TRUNCATED, "A 192.0.2.1"]}
    async with NameServer(table) as server, ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
        assert (await pool.resolve(QUESTION)).records == ("192.0.2.1",)
        assert [asked.tcp for asked in server.asked] == [False, True]


async def test_a_server_without_edns_is_asked_again() -> None:
    """RFC 6891 7: FORMERR leads to a plain query at once."""
    table = {"example.test": [Behaviour.NO_EDNS, "A 192.0.2.1"]}
    async with NameServer(table) as server, ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
        assert (await pool.resolve(QUESTION)).kind is Kind.FOUND
        assert len(server.asked) == 2


async def test_a_plain_query_gets_large_answers_by_tcp() -> None:
    """Without EDNS, 512 octets are all that UDP carries."""
    question = Question("example.test", RecordType.TXT)
    options = PoolOptions(search=QUICK.search, wire=WireOptions(payload=None))
    async with NameServer({"example.test": ["TXT " + "x" * 600]}) as server:
        async with ResolverPool([server.address], options, VirtualClock(quiet=QUIET)) as pool:
            assert (await pool.resolve(question)).kind is Kind.FOUND
        assert [asked.tcp for asked in server.asked] == [False, True]


async def test_stale_answers_help_when_all_servers_are_down() -> None:
    """RFC 8767 4: marked, with a TTL of 30 s, and not asked again for 30 s; the answer is back when a server is."""
    clock = VirtualClock(quiet=QUIET)
    table = {"example.test": ["A 192.0.2.1", "TTL 60"]}
    async with NameServer(table) as server, ResolverPool([server.address], QUICK, clock) as pool:
        first = await pool.resolve(QUESTION)
        await clock.sleep(61)
        server.silent = True
        stale = await pool.resolve(QUESTION)
        assert stale == first._replace(stale=True, ttl=30)
        asked = len(server.asked)
        assert await pool.resolve(QUESTION) == stale
        assert len(server.asked) == asked
        server.silent = False
        server.table["example.test"] = ["A 192.0.2.2"]
        await clock.sleep(31)
        fresh = await pool.resolve(QUESTION)
        assert (fresh.records, fresh.stale) == (("192.0.2.2",), False)


async def test_failures_are_not_asked_for_at_each_turn() -> None:
    """RFC 9520 3.2: kept for five seconds, then asked again."""
    clock = VirtualClock(quiet=QUIET)
    async with NameServer({"example.test": Kind.SERVFAIL}) as server:
        async with ResolverPool([server.address], QUICK, clock) as pool:
            for _ in range(3):
                assert (await pool.resolve(QUESTION)).kind is Kind.SERVFAIL
            assert len(server.asked) == 1
            await clock.sleep(5)
            await pool.resolve(QUESTION)
        assert len(server.asked) == 2


async def test_a_query_is_sent_again_before_it_is_given_up() -> None:
    """One lost datagram does not cost the server its turn."""
    clock = VirtualClock(quiet=QUIET)
    options = PoolOptions(search=SearchOptions(rounds=1, tries=(RESEND * 2,)))
    table = {"example.test": Kind.TIMEOUT}
    async with NameServer(table) as server, ResolverPool([server.address], options, clock) as pool:
        assert (await pool.resolve(QUESTION)).kind is Kind.TIMEOUT
        assert len(server.asked) == 2


async def test_all_of_a_question_has_a_time_limit() -> None:
    """Servers, rounds and queries together."""
    clock = VirtualClock(quiet=QUIET)
    options = PoolOptions(search=SearchOptions(rounds=9, tries=(4.0,), total=10.0))
    table = {"example.test": Kind.TIMEOUT}
    async with NameServer(table) as server, ResolverPool([server.address], options, clock) as pool:
        assert (await pool.resolve(QUESTION)).kind is Kind.TIMEOUT
    assert 9.9 <= clock.monotonic() <= 10.1


async def test_a_server_that_is_back_is_noticed_in_passing() -> None:
    """Nobody waits for it: the question is answered by another server, and asked of it besides."""
    clock = VirtualClock(quiet=QUIET)
    async with (
        NameServer(TABLE) as first,
        NameServer(TABLE) as second,
        ResolverPool([first.address, second.address], QUICK, clock) as pool,
    ):
        await first.close()
        assert (await pool.resolve(QUESTION)).server == second.address
        await first.start()
        await clock.sleep(6)
        other = Question("other.test", RecordType.A)
        assert (await pool.resolve(other)).server == second.address
        await clock.sleep(1)
        assert [asked.question for asked in first.asked] == [other]
        assert str(pool.servers[0]) == first.address


async def test_no_more_questions_than_allowed_are_under_way() -> None:
    """The others wait for their turn, and are answered."""
    options = PoolOptions(search=QUICK.search, at_once=2)
    async with NameServer(TABLE) as server, ResolverPool([server.address], options, VirtualClock(quiet=QUIET)) as pool:
        questions = [Question(f"n{n}.test", RecordType.A) for n in range(20)]
        answers = await asyncio.gather(*map(pool.resolve, questions))
        assert {answer.kind for answer in answers} == {Kind.NXDOMAIN}


@pytest.mark.parametrize("name", ["a..b", "a" * 64, "ü.test", ".".join(["a" * 63] * 4)])
async def test_names_that_cannot_be_asked_are_malformed(name: str) -> None:
    """The pool raises nothing, and no query goes out."""
    async with NameServer(TABLE) as server, ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool:
        answer = await pool.resolve(Question(name, RecordType.A))
        assert (answer.kind, bool(answer.detail), server.asked) == (Kind.MALFORMED, True, [])


async def test_names_of_tor_are_not_given_away() -> None:
    """RFC 7686 2: NXDOMAIN, and no query goes out."""
    async with (
        NameServer({"x.onion": ["A 192.0.2.1"]}) as server,
        ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool,
    ):
        assert (await pool.resolve(Question("x.onion", RecordType.A))).kind is Kind.NXDOMAIN
        assert server.asked == []


async def test_the_root_can_be_asked() -> None:
    """Its name is empty."""
    async with (
        NameServer({"": ["NS a.root.test"]}) as server,
        ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET)) as pool,
    ):
        assert (await pool.resolve(Question("", RecordType.NS))).records == ("a.root.test",)


async def test_closing_answers_whoever_waits() -> None:
    """No asker is left hanging, and none is cancelled against its will."""
    async with NameServer({"example.test": Kind.TIMEOUT}) as server:
        pool = ResolverPool([server.address])
        waiting = asyncio.create_task(pool.resolve(QUESTION))
        await server.arrived.wait()
        await pool.close()
        for answer in (await waiting, await pool.resolve(QUESTION)):
            assert (answer.kind, answer.detail) == (Kind.UNREACHABLE, CLOSED)


async def test_ids_come_from_where_they_are_told_to() -> None:
    """And by default over the whole range (RFC 5452 9.2)."""
    seen: list[int] = []

    def ident() -> int:
        seen.append(len(seen))
        return seen[-1]

    async with (
        NameServer(TABLE) as server,
        ResolverPool([server.address], QUICK, VirtualClock(quiet=QUIET), ident) as pool,
    ):
        assert (await pool.resolve(QUESTION)).kind is Kind.FOUND
    assert seen == [0]
    drawn = {random_ident() for _ in range(1_000)}
    assert len(drawn) > 900
    assert all(0 <= ident < 65_536 for ident in drawn)


async def test_every_query_has_a_port_of_its_own() -> None:
    """RFC 5452 9.2: an attacker has to guess it each time."""
    ports: set[int] = set()

    class Ports(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - only who asks counts
            ports.add(addr[1])

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Ports, local_addr=("127.0.0.1", 0))
    try:
        server = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
        async with ResolverPool([server], QUICK, VirtualClock(quiet=QUIET)) as pool:
            await asyncio.gather(*(pool.resolve(Question(f"n{n}.test", RecordType.A)) for n in range(20)))
    finally:
        transport.close()
    assert len(ports) > 15


class Flood(asyncio.DatagramProtocol):
    """Answers each datagram with many that belong to another query."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for n in range(MOST_FOREIGN):
            self.transport.sendto(struct.pack("!H", n) + data[2:], addr)


async def test_guessing_ends_the_waiting() -> None:
    """A server whose responses are all foreign is given up before its time."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Flood, local_addr=("127.0.0.1", 0))
    options = PoolOptions(search=SearchOptions(rounds=1, tries=(30.0,)))
    try:
        async with ResolverPool([f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"], options) as pool:
            assert (await pool.resolve(QUESTION)).kind is Kind.MALFORMED
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [(b"", Kind.MALFORMED), (b"\x00", Kind.MALFORMED), (b"\x00\x20short", Kind.MALFORMED), (None, Kind.TIMEOUT)],
)
async def test_half_a_response_by_tcp_is_malformed(sent: bytes | None, kind: Kind) -> None:
    """The connection ends early, or says nothing at all."""
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(512)
        if sent is None:
            await release.wait()
        else:
            writer.write(sent)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        address = ResolverPool([f"127.0.0.1:{port}"]).servers[0]
        with pytest.raises(TransportFault) as caught:
            await ask_tcp(Ask(address, b"\x00" * 12, 2.0), VirtualClock(quiet=QUIET))
        release.set()
    assert caught.value.kind is kind


async def test_an_address_without_a_way_is_out_of_reach() -> None:
    """What the system says of it is kept."""
    server = ResolverPool(["[fe80::1%nonesuch]:53"]).servers[0]
    with pytest.raises(TransportFault) as caught:
        await ask_udp(Ask(server, b"", 1.0), lambda data: data, VirtualClock(quiet=QUIET))
    assert (caught.value.kind, bool(caught.value.detail)) == (Kind.UNREACHABLE, True)


def test_a_wrong_server_is_told_at_once() -> None:
    """Not at the first question."""
    with pytest.raises(ServerFault):
        ResolverPool(["dns.example"])


def test_the_systems_servers_are_read(tmp_path: Path) -> None:
    """From a file of the form of resolv.conf; what is wrong names the file."""
    file = tmp_path / "resolv.conf"
    file.write_bytes(b"nameserver 192.0.2.53\n" + b"#" * 100_000 + b"\nnameserver 192.0.2.54\n")
    assert [str(server) for server in system_servers(file).servers] == ["192.0.2.53"]
    file.write_bytes(b"\xff\x00")
    assert system_servers(file).faults == (f"{file}: no nameserver is named",)
    missing = system_servers(tmp_path / "none")
    assert (missing.servers, len(missing.faults)) == ((), 1)
    assert system_servers().servers or system_servers().faults


async def test_memory_is_bounded() -> None:
    """However many names are asked for."""
    options = PoolOptions(search=QUICK.search, cache=CacheLimits(entries=3))
    async with NameServer({}) as server, ResolverPool([server.address], options, VirtualClock(quiet=QUIET)) as pool:
        questions = [Question(f"n{n}.test", RecordType.A) for n in range(10)]
        for question in questions:
            await pool.resolve(question)
        assert sum(pool.cached(question) is not None for question in questions) == 3


async def test_a_name_that_spf_made_of_a_local_part_is_asked() -> None:
    """Macros put what stands before the @ into names (RFC 7208 7.3), spaces too; DNS takes any octet (RFC 2181 11)."""
    name = "anna muster+x=1._spf.example.test"
    async with NameServer({name: ["A 127.0.0.2"]}) as server, ResolverPool([server.address]) as pool:
        assert (await pool.resolve(Question(name, RecordType.A))).records == ("127.0.0.2",)
