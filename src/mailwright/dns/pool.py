"""ResolverPool: answers questions from its memory, or from several DNS servers.

Which server is asked, and when one is given up, is decided in ``servers``; what is remembered, in ``cache``; here is
only the acting.  The same question asked by many at the same time goes out once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from mailwright.clock import Clock, SystemClock
from mailwright.dns.answer import Answer, Kind, Question
from mailwright.dns.cache import AnswerCache, CacheLimits
from mailwright.dns.names import NameFault, is_onion
from mailwright.dns.servers import (
    Search,
    SearchOptions,
    Server,
    ServerBoard,
    SystemServers,
    Try,
    parse_resolv_conf,
)
from mailwright.dns.transport import Ask, TransportFault, ask_tcp, ask_udp
from mailwright.dns.wire import Fit, Reading, WireOptions, query, read

#: Where the system's resolvers are named, and how much of it is read, in octets.
RESOLV_CONF = Path("/etc/resolv.conf")
LONGEST_RESOLV_CONF = 65_536

#: What an answer says that a closed pool gave.
CLOSED = "the resolver was closed"


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How a pool asks and remembers.

    at_once: questions under way to servers; further ones wait.  Each has a socket of its own.
    """

    cache: CacheLimits = field(default_factory=CacheLimits)
    search: SearchOptions = field(default_factory=SearchOptions)
    wire: WireOptions = field(default_factory=WireOptions)
    at_once: int = 256


def random_ident() -> int:
    """Return an unpredictable id of a query (RFC 5452 9.2: MUST, over the whole range of 16 bits)."""
    return secrets.randbelow(65_536)


def system_servers(path: Path = RESOLV_CONF) -> SystemServers:
    """Return the resolvers that the system is set up with; raises nothing: without any, ``faults`` says why."""
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST_RESOLV_CONF).decode("ascii", "replace")
    except OSError as error:
        return SystemServers((), faults=(f"{path}: {error.strerror}",))
    found = parse_resolv_conf(text)
    return found._replace(faults=tuple(f"{path}: {fault}" for fault in found.faults))


class ResolverPool:
    """A Resolver over real servers.  Use it as an ``async with`` context, or call ``close`` in the end."""

    def __init__(
        self,
        servers: Sequence[Server | str],
        options: PoolOptions | None = None,
        clock: Clock | None = None,
        ident: Callable[[], int] = random_ident,
    ) -> None:
        """Take the servers in order of preference; none is allowed, and then every answer is UNREACHABLE.

        ident: where the ids of queries come from.  Raises ServerFault for a spelling that is no server.
        """
        self._options = options or PoolOptions()
        self._clock: Clock = clock or SystemClock()
        self._ident = ident
        self._board = ServerBoard([Server.parse(server) if isinstance(server, str) else server for server in servers])
        self._cache = AnswerCache(self._options.cache)
        self._under_way: dict[Question, asyncio.Task[Answer]] = {}
        self._probes: set[asyncio.Task[None]] = set()
        self._closed = False
        self._turns = asyncio.Semaphore(self._options.at_once)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @property
    def servers(self) -> tuple[Server, ...]:
        """The servers, in the order in which they would be asked now."""
        return self._board.order()

    def cached(self, question: Question) -> Answer | None:
        """Return what would be answered without asking any server; None where one had to be asked."""
        return self._cache.get(question, self._clock.monotonic())

    async def resolve(self, question: Question) -> Answer:
        """See Resolver.  An asker who is cancelled does not take the answer away from others."""
        known = self.cached(question)
        if known is not None:
            return known
        if self._closed:
            return Answer(question, Kind.UNREACHABLE, detail=CLOSED)
        task = self._under_way.get(question) or self._start(question)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and not _is_cancelling():
                return Answer(question, Kind.UNREACHABLE, detail=CLOSED)
            raise

    async def close(self) -> None:
        """End all that is under way; whoever waits for it, or asks later, gets UNREACHABLE."""
        self._closed = True
        tasks: list[asyncio.Task[Any]] = [*self._under_way.values(), *self._probes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, question: Question) -> asyncio.Task[Answer]:
        task = asyncio.get_running_loop().create_task(self._look_up(question))
        self._under_way[question] = task
        task.add_done_callback(lambda _: self._under_way.pop(question, None))
        return task

    async def _look_up(self, question: Question) -> Answer:
        # RFC 7686 2: resolvers MUST answer NXDOMAIN for names of Tor, and not pass them on.
        if is_onion(question.name):
            return Answer(question, Kind.NXDOMAIN, detail="names below .onion are not in DNS (RFC 7686)")
        try:
            query(question, 0, self._options.wire)
        except NameFault as fault:
            return Answer(question, Kind.MALFORMED, detail=str(fault))
        async with self._turns:
            answer = await self._search(question)
        return self._cache.put(answer, self._clock.monotonic())

    async def _search(self, question: Question) -> Answer:
        search = Search(question, self._board.order(), self._options.search)
        self._probe(question)
        try:
            async with self._clock.timeout(self._options.search.total):
                while (step := search.next()) is not None:
                    search.take(step, await self._try(question, step))
        except TimeoutError:
            search.run_out()
        return search.result

    def _probe(self, question: Question) -> None:
        """Ask a server that stands behind in passing, so that nobody waits to learn that it is back."""
        server = self._board.probe(self._clock.monotonic())
        if server is None:
            return

        async def passing() -> None:
            await self._try(question, Try(server, tcp=False, seconds=self._options.search.tries[0]))

        task = asyncio.get_running_loop().create_task(passing())
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    async def _try(self, question: Question, step: Try) -> Answer:
        """Return what one server made of the question."""
        began = self._clock.monotonic()
        try:
            answer = await self._exchange(question, step)
        except TransportFault as fault:
            answer = Answer(question, fault.kind, detail=fault.detail)
        now = self._clock.monotonic()
        self._board.note(step.server, answer.kind, now - began, now)
        return answer._replace(server=str(step.server))

    async def _exchange(self, question: Question, step: Try) -> Answer:
        """Ask one server, again without EDNS or by TCP where its response says so; raises TransportFault."""
        until = self._clock.monotonic() + step.seconds
        wire = self._options.wire
        reading = await self._ask(question, step, wire)
        if reading.fit is Fit.NO_EDNS:
            wire = replace(wire, payload=None)
            reading = await self._ask(question, self._rest(step, until), wire)
        # RFC 2181 9, RFC 7766 5: a truncated response MUST NOT be used, the query goes out again by TCP.
        if reading.fit is Fit.TRUNCATED and not step.tcp:
            reading = await self._ask(question, self._rest(step, until)._replace(tcp=True), wire)
        return reading.answer

    def _rest(self, step: Try, until: float) -> Try:
        """Return a try with the time that is left of it."""
        return step._replace(seconds=max(0.0, until - self._clock.monotonic()))

    def _ask(self, question: Question, step: Try, wire: WireOptions) -> Coroutine[Any, Any, Reading]:
        ident = self._ident()
        ask = Ask(step.server, query(question, ident, wire), step.seconds)
        return self._ask_tcp(ask, question, ident, wire) if step.tcp else self._ask_udp(ask, question, ident, wire)

    async def _ask_udp(self, ask: Ask, question: Question, ident: int, wire: WireOptions) -> Reading:
        def accept(datagram: bytes) -> Reading | None:
            reading = read(datagram, question, ident, wire)
            return None if reading.fit is Fit.FOREIGN else reading

        return await ask_udp(ask, accept, self._clock)

    async def _ask_tcp(self, ask: Ask, question: Question, ident: int, wire: WireOptions) -> Reading:
        return read(await ask_tcp(ask, self._clock), question, ident, wire)


def _is_cancelling() -> bool:
    """Tell whether the running task itself is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
