"""Which server is asked next: spelling, failover by kind of answer, servers that are down or slow."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.dns.answer import Answer, Dnssec, Kind, Question, RecordType
from mailwright.dns.servers import (
    MOST_SERVERS,
    Search,
    SearchOptions,
    Server,
    ServerBoard,
    ServerFault,
    Try,
    parse_resolv_conf,
)

QUESTION = Question("example.test", RecordType.A)
ONE, TWO, THREE = (Server(ip_address(f"192.0.2.{n}")) for n in (1, 2, 3))
FINAL = (Kind.FOUND, Kind.NODATA, Kind.NXDOMAIN)
LAST_WORDS = (Kind.SERVFAIL, Kind.REFUSED)
AGAIN = (Kind.TIMEOUT, Kind.UNREACHABLE, Kind.MALFORMED)

SPELLINGS = [
    ("192.0.2.53", "192.0.2.53", 53),
    ("192.0.2.53:5353", "192.0.2.53", 5353),
    ("192.0.2.53:53", "192.0.2.53", 53),
    ("192.0.2.53:1", "192.0.2.53", 1),
    ("192.0.2.53:65535", "192.0.2.53", 65535),
    ("2001:db8::53", "2001:db8::53", 53),
    ("[2001:db8::53]", "2001:db8::53", 53),
    ("[::1]:5353", "::1", 5353),
    ("fe80::1%eth0", "fe80::1%eth0", 53),
]


@pytest.mark.parametrize(("text", "host", "port"), SPELLINGS)
def test_servers_are_read(text: str, host: str, port: int) -> None:
    """Address and port, in both IP versions; what is written is read again."""
    server = Server.parse(text)
    assert (str(server.host), server.port) == (host, port)
    assert Server.parse(str(server)) == server


@pytest.mark.parametrize(
    "text",
    [
        "", "dns.example", "192.0.2", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.53:dns",
        "192.0.2.53:+5", "192.0.2.53:٣", "[::1", "[::1]53", "[::1]:", "[192.0.2.1]:53", "::1]:53", "[]:53",
        " 192.0.2.53", "1:2", ":53", "192.0.2.53:" + "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_server_is_told(text: str) -> None:
    """The fault names what was written and says what is wrong with it."""
    with pytest.raises(ServerFault, match="is no DNS server") as caught:
        Server.parse(text)
    assert caught.value.text == text


RESOLV_CONFS = [
    ("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", ["192.0.2.1", "2001:db8::1"], False, 0),
    ("# nameserver 192.0.2.9\n; x\nsearch example.test\nnameserver\t192.0.2.1 extra\n", ["192.0.2.1"], False, 0),
    ("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", ["192.0.2.1"], False, 0),
    ("options edns0 trust-ad\nnameserver 127.0.0.53\n", ["127.0.0.53"], True, 0),
    ("nameserver fe80::1%eth0\n", ["fe80::1%eth0"], False, 0),
    ("nameserver dns.example\nnameserver 192.0.2.1\n", ["192.0.2.1"], False, 1),
    ("nameserver 192.0.2.1:5353\n", [], False, 2),
    ("nameserver\n", [], False, 1),
    ("", [], False, 1),
    ("\x00\xff\n", [], False, 1),
]


@pytest.mark.parametrize(("text", "servers", "trusted", "faults"), RESOLV_CONFS)
def test_the_systems_servers_are_read(text: str, servers: list[str], trusted: bool, faults: int) -> None:
    """resolv.conf(5); without any server a fault says so."""
    found = parse_resolv_conf(text)
    assert ([str(server) for server in found.servers], found.trusted, len(found.faults)) == (servers, trusted, faults)


def test_a_long_list_of_servers_is_cut() -> None:
    """The number of servers is bounded, in the file and on the board."""
    text = "".join(f"nameserver 192.0.2.{n}\n" for n in range(100))
    servers = parse_resolv_conf(text).servers
    assert len(servers) == MOST_SERVERS
    assert len(ServerBoard([*servers, ONE, Server(ip_address("192.0.2.200"))]).servers) == MOST_SERVERS


def run(kinds: dict[Server, list[Kind]], rounds: int = 3) -> tuple[list[tuple[Server, bool]], Answer]:
    """Search with servers that answer with these kinds, one after the other; return whom it asked, and its result."""
    search = Search(QUESTION, list(kinds), SearchOptions(rounds=rounds))
    asked = []
    while (step := search.next()) is not None:
        asked.append((step.server, step.tcp))
        search.take(step, Answer(QUESTION, kinds[step.server].pop(0), server=str(step.server)))
    return asked, search.result


@pytest.mark.parametrize("kind", FINAL)
def test_telling_answers_are_final(kind: Kind) -> None:
    """NXDOMAIN and NODATA are answers: no other server is asked for a better one."""
    asked, result = run({ONE: [kind], TWO: [Kind.FOUND]})
    assert (asked, result.kind) == ([(ONE, False)], kind)


@pytest.mark.parametrize("kind", LAST_WORDS + AGAIN)
def test_failures_lead_to_the_next_server(kind: Kind) -> None:
    """SERVFAIL, REFUSED, silence and rubbish say nothing of the name."""
    asked, result = run({ONE: [kind], TWO: [Kind.FOUND]})
    assert ([server for server, _ in asked], result.kind, result.server) == ([ONE, TWO], Kind.FOUND, str(TWO))


def test_wrong_signatures_are_final() -> None:
    """A server that does not validate would only hide what the first one saw."""
    search = Search(QUESTION, [ONE, TWO], SearchOptions())
    step = search.next()
    assert step is not None
    search.take(step, Answer(QUESTION, Kind.SERVFAIL, dnssec=Dnssec.BOGUS))
    assert search.next() is None
    assert search.result.dnssec is Dnssec.BOGUS


@pytest.mark.parametrize("kind", LAST_WORDS)
def test_a_last_word_is_not_asked_for_again(kind: Kind) -> None:
    """RFC 9520 3.1: a server that failed to resolve is not asked over and over."""
    asked, result = run({ONE: [kind], TWO: [kind]})
    assert (asked, result.kind) == ([(ONE, False), (TWO, False)], kind)


@pytest.mark.parametrize("kind", AGAIN)
def test_silence_and_rubbish_are_tried_again_by_tcp(kind: Kind) -> None:
    """UDP may be what fails: the second round goes by TCP, the third by UDP again."""
    asked, result = run({ONE: [kind] * 3, TWO: [kind] * 3})
    assert asked == [(ONE, False), (TWO, False), (ONE, True), (TWO, True), (ONE, False), (TWO, False)]
    assert result.kind is kind


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([Kind.TIMEOUT, Kind.SERVFAIL], Kind.SERVFAIL),
        ([Kind.SERVFAIL, Kind.REFUSED], Kind.SERVFAIL),
        ([Kind.UNREACHABLE, Kind.TIMEOUT], Kind.TIMEOUT),
        ([Kind.MALFORMED, Kind.TIMEOUT], Kind.MALFORMED),
        ([Kind.UNREACHABLE, Kind.UNREACHABLE], Kind.UNREACHABLE),
    ],
)
def test_the_most_telling_failure_is_the_result(kinds: list[Kind], expected: Kind) -> None:
    """What somebody said weighs more than silence."""
    _, result = run({ONE: kinds[:1], TWO: kinds[1:]}, rounds=1)
    assert result.kind is expected


def test_without_servers_nothing_is_reachable() -> None:
    """A clear result, and no exception."""
    asked, result = run({})
    assert (asked, result.kind, result.detail) == ([], Kind.UNREACHABLE, "no DNS server is configured")


def test_later_rounds_wait_longer() -> None:
    """The last time limit holds for all rounds that follow."""
    search = Search(QUESTION, [ONE], SearchOptions(rounds=4, tries=(1.0, 2.0)))
    seconds = []
    while (step := search.next()) is not None:
        seconds.append(step.seconds)
        search.take(step, Answer(QUESTION, Kind.TIMEOUT))
    assert seconds == [1.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("before", "expected"), [(None, Kind.TIMEOUT), (Kind.UNREACHABLE, Kind.TIMEOUT), (Kind.SERVFAIL, Kind.SERVFAIL)]
)
def test_a_search_may_run_out_of_time(before: Kind | None, expected: Kind) -> None:
    """What was said until then counts."""
    search = Search(QUESTION, [ONE, TWO], SearchOptions())
    step = search.next()
    if before is not None and step is not None:
        search.take(step, Answer(QUESTION, before))
    search.run_out()
    assert search.next() is None
    assert search.result.kind is expected


@given(st.lists(st.lists(st.sampled_from(list(Kind)), min_size=3, max_size=3), max_size=4))
def test_a_search_ends_and_tells(kinds: list[list[Kind]]) -> None:
    """Whatever servers do: each is asked three times at most, and success is never thrown away."""
    servers = {Server(ip_address(f"192.0.2.{n}")): list(row) for n, row in enumerate(kinds)}
    asked, result = run(servers)
    assert all(asked.count((server, tcp)) <= 2 for server, tcp in asked)
    assert len(asked) <= 3 * len(kinds)
    assert result.kind in FINAL or all(kind not in FINAL for row in kinds for kind in row[:1])


def test_servers_are_asked_in_their_order() -> None:
    """Nothing known, or all quick: as configured, doubles left out."""
    board = ServerBoard([ONE, TWO, ONE, THREE])
    board.note(TWO, Kind.FOUND, 0.001, 0.0)
    assert board.order() == (ONE, TWO, THREE)


@pytest.mark.parametrize(("kind", "times"), [(Kind.TIMEOUT, 3), (Kind.MALFORMED, 3), (Kind.UNREACHABLE, 1)])
def test_a_server_that_fails_goes_down(kind: Kind, times: int) -> None:
    """Three failures in a row, or one "unreachable", put it behind."""
    board = ServerBoard([ONE, TWO])
    for n in range(times):
        assert board.order() == (ONE, TWO), n
        board.note(ONE, kind, 2.0, 0.0)
    assert board.order() == (TWO, ONE)


@pytest.mark.parametrize("kind", FINAL + LAST_WORDS)
def test_a_server_that_answers_is_up(kind: Kind) -> None:
    """Any answer in good order counts, also SERVFAIL: that is about the name."""
    board = ServerBoard([ONE, TWO])
    board.note(ONE, Kind.UNREACHABLE, 0.0, 0.0)
    board.note(ONE, kind, 0.01, 5.0)
    assert board.order() == (ONE, TWO)


def test_a_failure_among_answers_is_forgiven() -> None:
    """Only failures in a row count."""
    board = ServerBoard([ONE, TWO])
    for kind in (Kind.TIMEOUT, Kind.TIMEOUT, Kind.FOUND, Kind.TIMEOUT, Kind.TIMEOUT):
        board.note(ONE, kind, 0.1, 0.0)
    assert board.order() == (ONE, TWO)


def test_a_server_that_is_down_is_tried_in_passing() -> None:
    """After 5 s, once; then after 10 s, 20 s, up to five minutes."""
    board = ServerBoard([ONE, TWO])
    board.note(ONE, Kind.UNREACHABLE, 0.0, 0.0)
    now, waits = 0.0, []
    for _ in range(9):
        wait = next(wait for wait in range(1, 400) if board.probe(now + wait) == ONE)
        assert board.probe(now + wait) is None
        waits.append(wait)
        now += wait
        board.note(ONE, Kind.UNREACHABLE, 0.0, now)
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_when_all_are_down_all_are_asked_as_configured() -> None:
    """Nothing is given up for good."""
    board = ServerBoard([ONE, TWO])
    for server in (ONE, TWO):
        board.note(server, Kind.UNREACHABLE, 0.0, 0.0)
    assert board.order() == (ONE, TWO)


def test_a_slow_server_stands_behind_a_quick_one() -> None:
    """Slow is more than half a second and four times the quickest; after a while it is tried again."""
    board = ServerBoard([ONE, TWO])
    board.note(ONE, Kind.FOUND, 1.5, 0.0)
    assert board.order() == (ONE, TWO)
    board.note(TWO, Kind.FOUND, 0.01, 0.0)
    assert board.order() == (TWO, ONE)
    assert [board.probe(at) for at in (29.0, 30.0, 31.0)] == [None, ONE, None]
    for _ in range(20):
        board.note(ONE, Kind.FOUND, 0.01, 31.0)
    assert board.order() == (ONE, TWO)


def test_strangers_are_not_noted() -> None:
    """A server that is not on the board changes nothing."""
    board = ServerBoard([ONE])
    board.note(TWO, Kind.FOUND, 0.1, 0.0)
    assert board.servers == (ONE,)
    assert board.probe(1_000.0) is None
    assert Try(ONE, tcp=False, seconds=1.0).server == ONE
