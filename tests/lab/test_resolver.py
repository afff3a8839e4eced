"""The contract of Resolver, over the fake and over the real one; and what the fake adds."""

from __future__ import annotations

import asyncio

import pytest

from mailwright.dns.answer import Kind, Question, RecordType
from mailwright.dns.pool import PoolOptions, ResolverPool
from mailwright.dns.servers import SearchOptions
from mailwright.dns.wire import WireOptions
from mailwright.lab.clock import VirtualClock
from mailwright.lab.nameserver import NameServer
from mailwright.lab.resolver import TableResolver
from mailwright.lab.resolver_contract import EXPECTED, TABLE, broken_promises

QUICK = PoolOptions(search=SearchOptions(rounds=2), wire=WireOptions(trust_ad=True))


async def test_the_table_keeps_the_contract() -> None:
    """TableResolver answers as any resolver must."""
    assert await broken_promises(TableResolver(TABLE)) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_the_pool_keeps_the_contract(host: str) -> None:
    """ResolverPool answers as any resolver must, over real sockets and both IP versions."""
    try:
        clock = VirtualClock(quiet=0.02)
        async with NameServer(TABLE, host=host) as server, ResolverPool([server.address], QUICK, clock) as pool:
            assert await broken_promises(pool) == []
            # The second time, much comes out of its memory, and must be the same.
            assert await broken_promises(pool) == []
    except OSError as error:
        if host == "::1":
            pytest.skip(f"no IPv6 on this machine: {error}")
        raise


async def test_a_broken_resolver_is_found_out() -> None:
    """The contract is not kept by whoever always says no."""
    assert len(await broken_promises(TableResolver({}))) > len(EXPECTED)


async def test_questions_are_counted() -> None:
    """Whoever saves look-ups can be held to it."""
    resolver = TableResolver({"a.test": ["A 192.0.2.1"]})
    question = Question("a.test", RecordType.A)
    await resolver.resolve(question)
    assert resolver.answer(question).records == ("192.0.2.1",)
    assert resolver.asked == [question, question]


@pytest.mark.parametrize("delays", [2.0, {"a.test": 2.0}], ids=["for all", "by name"])
async def test_answers_come_after_their_delay(delays: float | dict[str, float]) -> None:
    """Time passes on the clock that is given."""
    clock = VirtualClock()
    resolver = TableResolver({"a.test": ["A 192.0.2.1"]}, delays=delays, clock=clock)
    task = asyncio.create_task(resolver.resolve(Question("a.test", RecordType.A)))
    await clock.advance(1.9)
    assert not task.done()
    await clock.advance(0.1)
    assert (await task).kind is Kind.FOUND


async def test_the_table_may_change() -> None:
    """A domain is repaired, or goes away, in the middle of a story."""
    resolver = TableResolver({"a.test": Kind.SERVFAIL})
    question = Question("a.test", RecordType.A)
    assert resolver.answer(question).kind is Kind.SERVFAIL
    resolver.table["a.test"] = ["A 192.0.2.1"]
    assert resolver.answer(question).kind is Kind.FOUND
    del resolver.table["a.test"]
    assert resolver.answer(question).kind is Kind.NXDOMAIN
