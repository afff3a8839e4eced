"""Routes of domains a second: from memory, from remembered answers, and from a name server, there beside dnspython.

The name server is that of the lab, in a process of its own: ``python -m bench.routing`` writes its port and serves.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable

import dns.asyncresolver
import uvloop

from bench.processes import Service, Tally, service
from bench.row import Row
from mailwright.dns.answer import Answer, Question
from mailwright.dns.cache import AnswerCache
from mailwright.dns.inquiry import settle
from mailwright.dns.pool import ResolverPool
from mailwright.dns.resolver import ask
from mailwright.dns.routes import RouteMemory
from mailwright.dns.routing import RoutingOptions, route
from mailwright.lab.nameserver import NameServer
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry, Table
from mailwright.smtp.transport import ConnectOptions, Target, connect

#: Domains that take turns; each has two hosts of one preference and one behind, each host both kinds of addresses.
DOMAINS = 1_000
#: Routes of a round: from memory, from answers, and from a name server.
FROM_MEMORY, FROM_ANSWERS, FROM_SERVER = 100_000, 10_000, 500
#: Routes that are looked up at the same time.
AT_ONCE = 20
#: Seconds until each answer where the time to the greeting is measured, and how many answers wait for each other.
DELAY, CHAIN = 0.05, 2

OPTIONS = RoutingOptions(private=True)

LookUp = Callable[[str], Awaitable[object]]


def routing_rows(rounds: int) -> list[Row]:
    """Return routes a second, CPU time for one, and the time to a server's greeting beyond that of DNS itself."""
    table = _table()
    remembered = [_remembered(table) for _ in range(rounds)]
    rows = [
        Row("MX route from memory", "routes/s", max(memory for memory, _ in remembered)),
        Row("MX route from remembered answers", "routes/s", max(answers for _, answers in remembered)),
    ]
    with service("bench.routing") as server:
        turns = [(uvloop.run(_ours(server)), uvloop.run(_dnspython(server))) for _ in range(rounds)]
    ours, theirs = zip(*turns, strict=True)
    best, their_best = (max(tally.rate for tally in tallies) for tallies in (ours, theirs))
    cost, their_cost = (min(tally.cost for tally in tallies) for tallies in (ours, theirs))
    with service("bench.smtp_servers", "bare") as server:
        over = min(uvloop.run(_beyond_dns(table, server)) for _ in range(rounds)) * 1000
    what = f"route and greeting, beyond {CHAIN} answers of {DELAY * 1000:.0f} ms"
    return [
        *rows,
        Row("MX route looked up", "routes/s", best, "dnspython", their_best),
        Row("MX route looked up", "ms CPU", cost, "dnspython", their_cost, more_is_better=False),
        Row(what, "ms", over, more_is_better=False),
    ]


def _table() -> Table:
    names: dict[str, Entry] = {}
    for number in range(DOMAINS):
        hosts = [f"mx{place}.{_domain(number)}" for place in range(3)]
        names[_domain(number)] = [f"MX {10 + 10 * (place == 2)} {host}" for place, host in enumerate(hosts)]
        for place, host in enumerate(hosts):
            names[host] = [f"A 10.{place}.{number >> 8}.{number & 255}", f"AAAA fd00::{place}:{number:x}"]
    return Table(names)


def _domain(number: int) -> str:
    return f"d{number % DOMAINS}.example.test"


def _remembered(table: Table) -> tuple[float, float]:
    """Return routes a second of CPU time: from a memory of routes, and from one of answers."""
    chance, now = random.Random(1), time.monotonic()  # noqa: S311 - the order of equals
    cache, memory = AnswerCache(), RouteMemory()

    def answer(question: Question) -> Answer:
        known = cache.get(question, now)
        return known if known is not None else cache.put(table.answer(question), now)

    domains = [_domain(number) for number in range(DOMAINS)]
    for domain in domains:
        memory.put(settle(route(domain, chance, OPTIONS), answer), now)
    begun = time.process_time()
    for _ in range(FROM_MEMORY // DOMAINS):
        for domain in domains:
            memory.get(domain, now, chance)
    between = time.process_time()
    for _ in range(FROM_ANSWERS // DOMAINS):
        for domain in domains:
            settle(route(domain, chance, OPTIONS), answer)
    return FROM_MEMORY / (between - begun), FROM_ANSWERS / (time.process_time() - between)


async def _ours(server: Service) -> Tally:
    """Look up routes with a pool that knows nothing yet."""
    chance = random.Random(1)  # noqa: S311 - the order of equals
    async with ResolverPool([f"127.0.0.1:{server.port}"]) as pool:
        return await _look_up(lambda domain: ask(route(domain, chance, OPTIONS), pool))


async def _dnspython(server: Service) -> Tally:
    """Look up the same names with dnspython: MX, then the addresses of its two best hosts."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port

    async def look_up(domain: str) -> object:
        answer = await resolver.resolve(domain, "MX")
        best = sorted(answer, key=lambda record: record.preference)[:2]
        hosts = [record.exchange for record in best]
        return await asyncio.gather(*(resolver.resolve(host, kind) for host in hosts for kind in ("A", "AAAA")))

    return await _look_up(look_up)


async def _look_up(look_up: LookUp) -> Tally:
    domains = iter([_domain(number) for number in range(FROM_SERVER)])

    async def one_after_the_other() -> None:
        for domain in domains:
            await look_up(domain)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return Tally(FROM_SERVER, time.perf_counter() - begun, time.process_time() - cpu)


async def _beyond_dns(table: Table, server: Service) -> float:
    """Return the seconds from a domain to its server's greeting and EHLO, less those of the answers in between."""
    resolver = TableResolver(table, delays=DELAY)
    begun = time.perf_counter()
    routing = await ask(route(_domain(0), random.Random(1), OPTIONS), resolver)  # noqa: S311 - the order of equals
    if not routing.usable:
        raise RuntimeError(f"no route: {routing.verdict}")
    connection = await connect(Target("", "127.0.0.1", server.port), ConnectOptions("client.test"))
    seconds = time.perf_counter() - begun
    await connection.quit()
    return seconds - CHAIN * DELAY


async def _serve() -> None:
    async with NameServer(_table()) as server:
        print(server.port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    uvloop.run(_serve())
