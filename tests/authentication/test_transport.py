"""Fetching MTA-STS policies over real sockets: every way in which it can end, and nothing without a limit."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from mailwright.authentication.http_reply import LONGEST_ANSWER, LONGEST_HEADER, MOST_PIECES, PolicyReply
from mailwright.authentication.mtasts import FetchKind, FetchPolicy, HandshakeFailure, PolicyFetch, StsResult
from mailwright.authentication.mtasts_cache import PolicyCache
from mailwright.authentication.mtasts_policy import LONGEST_POLICY
from mailwright.authentication.transport import MOST_ADDRESSES, FetchOptions, PolicyFetcher, PolicyFinder
from mailwright.clock import SystemClock
from mailwright.dns.answer import Kind
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

FETCH = FetchPolicy("example.test", "1")
HOST = "mta-sts.example.test"
FILE = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmax_age: 604800\r\n"
PLAIN = b"Content-Type: text/plain\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"
AUTHORITY = trustme.CA()


def answer(status: str = "200 OK", fields: bytes = PLAIN, body: bytes = FILE) -> bytes:
    """Return a whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + fields + b"\r\n" + body


def chunked(body: bytes, size: int) -> bytes:
    """Return an answer in chunks of so many octets."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + PLAIN + b"\r\n" + chunks + b"0\r\n\r\n"


WHOLE = {
    "with length": answer(),
    "chunked": chunked(FILE, 7),
    "octet by octet in chunks": chunked(FILE, 1),
    "until the end": b"HTTP/1.0 200 OK\r\n" + PLAIN + b"\r\n" + FILE,
    "after a provisional answer": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(),
    "with more behind": answer() + b"HTTP/1.1 404 Not Found\r\n\r\n",
    "identity": answer(fields=PLAIN + b"Content-Encoding: identity\r\n"),
}

ENDS = {
    "not found": (answer("404 Not Found"), FetchKind.NOT_FOUND),
    "gone": (answer("410 Gone"), FetchKind.NOT_FOUND),
    "moved": (answer("301 Moved Permanently", b"Location: https://elsewhere.test/\r\n"), FetchKind.REDIRECT),
    "found": (answer("302 Found", b"Location: /mta-sts.txt\r\n"), FetchKind.REDIRECT),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", FetchKind.REDIRECT),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", FetchKind.STATUS),
    "a part": (answer("206 Partial Content"), FetchKind.STATUS),
    "forbidden": (answer("403 Forbidden"), FetchKind.STATUS),
    "broken": (answer("500 Internal Server Error"), FetchKind.STATUS),
    "compressed": (answer(fields=PLAIN + b"Content-Encoding: gzip\r\n"), FetchKind.PROTOCOL),
    "nothing": (b"", FetchKind.PROTOCOL),
    "garbage": (bytes(range(256)), FetchKind.PROTOCOL),
    "another protocol": (b"220 mx.example.test ESMTP\r\n", FetchKind.PROTOCOL),
    "cut off in the head": (answer()[:30], FetchKind.PROTOCOL),
    "cut off in the body": (answer()[:-1], FetchKind.PROTOCOL),
    "cut off in a chunk": (chunked(FILE, 7)[:-8], FetchKind.PROTOCOL),
    "cut off before the last chunk": (chunked(FILE, 7)[:-5], FetchKind.PROTOCOL),
    "two lengths": (answer(fields=PLAIN + b"Content-Length: 3\r\n"), FetchKind.PROTOCOL),
    "a chunk that lies": (chunked(FILE, 7).replace(b"\r\n7\r\n", b"\r\nzz\r\n", 1), FetchKind.PROTOCOL),
    "body too big": (answer(body=b"x" * (LONGEST_POLICY + 1)), FetchKind.TOO_BIG),
    "chunks too big": (chunked(b"x" * (LONGEST_POLICY + 1), 9_000), FetchKind.TOO_BIG),
    "head too long": (answer(fields=b"X: " + b"x" * LONGEST_HEADER * 2 + b"\r\n"), FetchKind.PROTOCOL),
    "too many provisional answers": (HINT * (MOST_PIECES + 1) + answer(), FetchKind.TOO_BIG),
    "too many chunks": (chunked(b"x" * MOST_PIECES * 2, 1), FetchKind.TOO_BIG),
    "endless header": (b"HTTP/1.1 103 Early Hints\r\nX: " + b"x" * LONGEST_ANSWER, FetchKind.PROTOCOL),
}


def read_in_pieces(raw: bytes, size: int) -> PolicyFetch | None:
    """Return what the reader makes of an answer that arrives in pieces of ``size`` octets, then ends."""
    reply = PolicyReply(FETCH, "test")
    for at in range(0, len(raw), size):
        result = reply.take(raw[at : at + size])
        if result is not None:
            return result
    return reply.take(b"")


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_an_answer_is_read_in_any_pieces(raw: bytes, size: int) -> None:
    """However it is sent and however it arrives, the file is the same."""
    assert read_in_pieces(raw, size) == PolicyFetch(FetchKind.FETCHED, FILE, "text/plain")


@pytest.mark.parametrize(("raw", "kind"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("size", [97, 16_384])
def test_every_other_answer_has_its_kind(raw: bytes, kind: FetchKind, size: int) -> None:
    """Only a whole answer with status 200 is a file; nothing is raised."""
    result = read_in_pieces(raw, size)
    assert result is not None
    assert result.kind is kind
    assert result.detail


def test_a_file_of_the_greatest_size_is_read() -> None:
    """64 kilobytes are the limit, not beyond it."""
    result = read_in_pieces(answer(body=b"x" * LONGEST_POLICY), 16_384)
    assert result is not None
    assert (result.kind, len(result.body)) == (FetchKind.FETCHED, LONGEST_POLICY)


@pytest.mark.parametrize(
    "raw", [chunked(b"x" * MOST_PIECES, 1), HINT * MOST_PIECES + answer()], ids=["chunks", "hints"]
)
def test_the_greatest_number_of_pieces_is_read(raw: bytes) -> None:
    """The limit is reached and not passed."""
    result = read_in_pieces(raw, 16_384)
    assert result is not None
    assert result.kind is FetchKind.FETCHED


def test_an_answer_has_a_longest() -> None:
    """Chunks may carry extensions of any length; all of it counts."""
    head, chunk = chunked(FILE, 7).split(b"7\r\n", 1)
    padded = b"%b7;x=%b\r\n%b" % (head, b"y" * 10_000, chunk)
    assert read_in_pieces(padded, 16_384) == PolicyFetch(FetchKind.FETCHED, FILE, "text/plain")
    extended = b"".join(b"1;x=%b\r\nx\r\n" % (b"y" * 10_000) for _ in range(LONGEST_ANSWER // 10_000 + 1))
    result = read_in_pieces(head + extended + b"0\r\n\r\n", 16_384)
    assert result is not None
    assert result.kind is FetchKind.TOO_BIG


def test_the_request_says_what_it_must() -> None:
    """One GET for the path of RFC 8461 3.3, for this host, and no cache between."""
    lines = PolicyReply(FETCH, "mailwright/1").request.decode().split("\r\n")
    assert lines[0] == "GET /.well-known/mta-sts.txt HTTP/1.1"
    assert {"Host: mta-sts.example.test", "Cache-Control: no-cache, no-store", "Connection: close"} <= set(lines)


class PolicyHost:
    """A web server on loopback: it answers every request with the same octets.

    silent: it takes the request and says nothing.  hasty: it does not wait for the end of the request.
    requests: what came in.
    """

    def __init__(self, raw: bytes = WHOLE["with length"], *, silent: bool = False, hasty: bool = False) -> None:
        self.raw = raw
        self.silent = silent
        self.hasty = hasty
        self.requests: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            self.requests.append(await (reader.read(1) if self.hasty else reader.readuntil(b"\r\n\r\n")))
            if self.silent:
                await reader.read()
            else:
                writer.write(self.raw)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def listening(self, context: ssl.SSLContext | None) -> AsyncIterator[int]:
        """Yield the port while it listens."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)


def server_context(name: str = HOST, authority: trustme.CA = AUTHORITY, days: int = 1) -> ssl.SSLContext:
    """Return the TLS side of a server whose certificate ends in so many days."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(context)
    return context


def fetcher(table: dict[str, Entry], port: int, whole: float = 20.0, connect: float = 10.0) -> PolicyFetcher:
    """Return a fetcher that trusts the tests' authority and may reach loopback."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    options = FetchOptions(port, whole, connect, may_reach=lambda _: True)
    return PolicyFetcher(TableResolver(table), SystemClock(), context, options)


AT_LOOPBACK: dict[str, Entry] = {HOST: ["A 127.0.0.1"]}


async def fetch_from(host: PolicyHost, context: ssl.SSLContext | None) -> PolicyFetch:
    """Return what comes of fetching from a host."""
    async with host.listening(context) as port:
        return await fetcher(AT_LOOPBACK, port).fetch(FETCH)


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE)
async def test_a_policy_is_fetched(raw: bytes) -> None:
    """Over TLS, with a certificate that is checked, from a server that sends it in its own way."""
    host = PolicyHost(raw)
    assert await fetch_from(host, server_context()) == PolicyFetch(FetchKind.FETCHED, FILE, "text/plain")
    assert len(host.requests) == 1


@pytest.mark.parametrize(("raw", "kind"), ENDS.values(), ids=ENDS)
async def test_every_failure_of_a_server_is_told_apart(raw: bytes, kind: FetchKind) -> None:
    """The same as from bytes, over a socket; a redirect is not followed."""
    host = PolicyHost(raw)
    assert (await fetch_from(host, server_context())).kind is kind
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    ("context", "why"),
    [
        (server_context("example.test"), HandshakeFailure.WRONG_NAME),
        (server_context("www.mta-sts.example.test"), HandshakeFailure.WRONG_NAME),
        (server_context(days=-1), HandshakeFailure.EXPIRED),
        (server_context(authority=trustme.CA()), HandshakeFailure.NOT_TRUSTED),
        (None, HandshakeFailure.OTHER),
    ],
    ids=["domain only", "another host", "expired", "unknown authority", "no TLS"],
)
async def test_a_certificate_must_be_valid_for_the_policy_host(
    context: ssl.SSLContext | None, why: HandshakeFailure
) -> None:
    """RFC 8461 3.3: name, chain and date; nothing is requested where one is wrong."""
    host = PolicyHost(b"no TLS here", hasty=context is None)
    async with host.listening(context) as port:
        result = await fetcher(AT_LOOPBACK, port).fetch(FETCH)
    assert (result.kind, result.tls) == (FetchKind.TLS_FAILED, why)
    assert not any(b"GET" in request for request in host.requests)


async def test_a_wildcard_certificate_is_valid() -> None:
    """RFC 8461 3.3 allows a wildcard as the left-most label."""
    assert (await fetch_from(PolicyHost(), server_context("*.example.test"))).kind is FetchKind.FETCHED


async def test_a_server_that_says_nothing_is_given_up() -> None:
    """The time limit holds for the whole exchange."""
    host = PolicyHost(silent=True)
    async with host.listening(server_context()) as port:
        result = await fetcher(AT_LOOPBACK, port, whole=0.5).fetch(FETCH)
    assert result.kind is FetchKind.TIMEOUT
    assert len(host.requests) == 1


async def test_a_server_that_does_not_speak_tls_to_the_end_is_given_up() -> None:
    """A handshake has a time limit of its own, so that another address can be tried."""
    host = PolicyHost(silent=True)
    async with host.listening(None) as port:
        result = await fetcher(AT_LOOPBACK, port, connect=0.5).fetch(FETCH)
    assert result.kind is FetchKind.TIMEOUT


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (None, FetchKind.NO_ADDRESS),
        (["TXT x"], FetchKind.NO_ADDRESS),
        (Kind.SERVFAIL, FetchKind.DNS_FAILED),
        (["A TIMEOUT"], FetchKind.DNS_FAILED),
    ],
    ids=["no name", "no address", "servfail", "one family slow"],
)
async def test_a_host_without_an_address_is_told_from_a_failed_look_up(entry: Entry | None, kind: FetchKind) -> None:
    """DNS says no, or does not say."""
    result = await fetcher({HOST: entry} if entry is not None else {}, 9).fetch(FETCH)
    assert result.kind is kind
    assert HOST in result.detail


async def closed_port() -> int:
    """Return a port at which nobody listens."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_nobody_there() -> None:
    """A refused connection is no answer."""
    result = await fetcher(AT_LOOPBACK, await closed_port()).fetch(FETCH)
    assert result.kind is FetchKind.UNREACHABLE


async def test_the_next_address_is_tried() -> None:
    """An address at which nobody listens costs one try; one that answers, whatever it says, settles it."""
    async with PolicyHost().listening(server_context()) as port:
        table: dict[str, Entry] = {HOST: ["A 127.0.0.2", "A 127.0.0.1"]}
        assert (await fetcher(table, port).fetch(FETCH)).kind is FetchKind.FETCHED


async def test_only_so_many_addresses_are_tried() -> None:
    """The limit is reached and not passed."""
    dead = [f"A 127.0.0.{number}" for number in range(2, MOST_ADDRESSES + 2)]
    async with PolicyHost().listening(server_context()) as port:
        assert (await fetcher({HOST: [*dead, "A 127.0.0.1"]}, port).fetch(FETCH)).kind is FetchKind.UNREACHABLE
        assert (await fetcher({HOST: [*dead[1:], "A 127.0.0.1"]}, port).fetch(FETCH)).kind is FetchKind.FETCHED


@pytest.mark.parametrize("address", ["A 127.0.0.1", "A 10.0.0.1", "A 169.254.169.254", "AAAA ::1", "AAAA fd00::1"])
async def test_strangers_do_not_lead_us_into_our_own_network(address: str) -> None:
    """By default only addresses of the public Internet are connected to."""
    resolver = TableResolver({HOST: [address]})
    async with PolicyHost().listening(server_context()) as port:
        result = await PolicyFetcher(resolver, SystemClock(), options=FetchOptions(port)).fetch(FETCH)
    assert result.kind is FetchKind.NO_ADDRESS
    assert address.split()[1] in result.detail


async def test_a_connection_that_breaks_is_a_failure() -> None:
    """A server that vanishes in the middle of its answer leaves no half policy behind."""
    result = await fetch_from(PolicyHost(answer()[:-20]), server_context())
    assert result.kind is FetchKind.PROTOCOL


def finder(port: int, texts: Sequence[str] = ("TXT v=STSv1; id=1",)) -> PolicyFinder:
    """Return a finder for example.test."""
    table: dict[str, Entry] = {HOST: ["A 127.0.0.1"], "_mta-sts.example.test": list(texts)}
    return PolicyFinder(TableResolver(table), fetcher(table, port), PolicyCache(), SystemClock())


async def test_deliveries_at_the_same_time_share_one_fetch() -> None:
    """Twenty sessions to a domain ask its web server once."""
    host = PolicyHost()
    async with host.listening(server_context()) as port:
        found = finder(port)
        states = await asyncio.gather(*(found.find("example.test") for _ in range(20)))
        states.append(await found.find("example.test"))
    assert len(host.requests) == 1
    assert len(set(states)) == 1
    assert states[0].policy is not None
    assert states[0].fault is None


async def test_a_failure_is_shared_too() -> None:
    """And is not repeated before its time (RFC 8461 3.3)."""
    host = PolicyHost(ENDS["not found"][0])
    async with host.listening(server_context()) as port:
        found = finder(port)
        states = await asyncio.gather(*(found.find("example.test") for _ in range(5)))
    assert len(host.requests) == 1
    assert {state.policy for state in states} == {None}
    assert [state.fault.result for state in states if state.fault] == [StsResult.POLICY_FETCH_ERROR] * 5


async def test_a_domain_without_a_record_is_never_fetched_from() -> None:
    """DNS alone says that there is nothing."""
    host = PolicyHost()
    async with host.listening(server_context()) as port:
        state = await finder(port, ["TXT v=spf1 -all"]).find("example.test")
    assert (state.policy, state.fault, host.requests) == (None, None, [])
