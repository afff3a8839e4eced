"""Both clocks keep the contract of Clock; VirtualClock keeps its own promises besides."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from mailwright.clock import Clock, SystemClock
from mailwright.lab.clock import VirtualClock

Result = TypeVar("Result")
Run = Callable[[Awaitable[Result]], Awaitable[Result]]

#: One step of time in the contract, in seconds; real ones for SystemClock.
STEP = 0.01
CLOCKS = ["system", "by-hand", "by-itself"]


def make(name: str) -> Clock:
    """Return the clock of that name."""
    match name:
        case "system":
            return SystemClock()
        case "by-hand":
            return VirtualClock()
        case _:
            return VirtualClock(quiet=0.002)


async def let_pass(clock: Clock, work: Awaitable[Result], name: str) -> Result:
    """Await ``work`` while time passes as it does on this clock."""
    task = asyncio.ensure_future(work)
    if isinstance(clock, VirtualClock) and name == "by-hand":
        for _ in range(100):
            if task.done():
                break
            await clock.advance(STEP)
    return await task


# ------------------------------------------------------------------------------------------- the contract of Clock


@pytest.mark.parametrize("name", CLOCKS)
async def test_now_is_aware_and_in_utc(name: str) -> None:
    """Times of day can be compared without asking where the machine stands."""
    assert make(name).now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", CLOCKS)
async def test_a_sleep_lasts_at_least_as_long_as_asked(name: str) -> None:
    """Both readings of the time have moved on by then."""
    clock = make(name)
    before, day = clock.monotonic(), clock.now()
    await let_pass(clock, clock.sleep(2 * STEP), name)
    # The event loop's timers are as fine as the clock of the machine.
    assert clock.monotonic() - before >= 2 * STEP - 0.001
    assert clock.now() > day


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("seconds", [0, -1], ids=["zero", "negative"])
async def test_no_sleep_at_all_gives_way_once(name: str, seconds: float) -> None:
    """Other tasks run, and no time need pass."""
    clock = make(name)
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    task = asyncio.create_task(other())
    await clock.sleep(seconds)
    assert ran == ["other"]
    await task


@pytest.mark.parametrize("name", CLOCKS)
async def test_sleepers_wake_in_the_order_of_their_moments(name: str) -> None:
    """Not in the order in which they lay down."""
    clock = make(name)
    woken: list[int] = []

    async def sleeper(steps: int) -> None:
        await clock.sleep(steps * STEP)
        woken.append(steps)

    await let_pass(clock, asyncio.gather(*(sleeper(steps) for steps in (5, 1, 3))), name)
    assert woken == [1, 3, 5]


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("seconds", [0, STEP], ids=["at-once", "later"])
async def test_a_limit_ends_what_takes_too_long(name: str, seconds: float) -> None:
    """TimeoutError, raised where the block ends."""
    clock = make(name)

    async def work() -> None:
        async with clock.timeout(seconds):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await let_pass(clock, work(), name)


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("seconds", [None, 50 * STEP], ids=["none", "long"])
async def test_a_limit_leaves_alone_what_is_done_in_time(name: str, seconds: float | None) -> None:
    """None sets no limit; a longer one is forgotten with the block."""
    clock = make(name)

    async def work() -> str:
        async with clock.timeout(seconds):
            await clock.sleep(STEP)
        await clock.sleep(STEP)
        return "done"

    assert await let_pass(clock, work(), name) == "done"


@pytest.mark.parametrize("name", CLOCKS)
async def test_of_nested_limits_the_one_that_passed_raises(name: str) -> None:
    """The inner limit does not take the outer one's TimeoutError for its own."""
    clock = make(name)
    seen: list[str] = []

    async def work() -> None:
        try:
            async with clock.timeout(STEP):
                try:
                    async with clock.timeout(50 * STEP):
                        await asyncio.Event().wait()
                except TimeoutError:
                    seen.append("inner")
        except TimeoutError:
            seen.append("outer")

    await let_pass(clock, work(), name)
    assert seen == ["outer"]


@pytest.mark.parametrize("name", CLOCKS)
async def test_a_cancelled_task_is_cancelled_and_not_timed_out(name: str) -> None:
    """A limit turns only its own cancellation into TimeoutError; a cancelled sleep leaves nothing behind."""
    clock = make(name)

    async def work() -> None:
        async with clock.timeout(50 * STEP):
            await clock.sleep(40 * STEP)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    if isinstance(clock, VirtualClock):
        assert clock.waiting == 0
        assert clock.next_wake is None


@pytest.mark.parametrize("name", CLOCKS)
async def test_an_error_in_the_block_passes_through(name: str) -> None:
    """A limit hides no other exception."""
    with pytest.raises(KeyError):
        async with make(name).timeout(STEP):
            raise KeyError


# ------------------------------------------------------------------------------------------ VirtualClock, by hand


async def test_time_stands_still_unless_advanced() -> None:
    """Nothing that tasks do moves the clock."""
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(1))
    for _ in range(200):
        await asyncio.sleep(0)
    assert (clock.monotonic(), task.done(), clock.waiting, clock.next_wake) == (0.0, False, 1, 1.0)
    await clock.advance(1)
    assert task.done()


async def test_each_sleeper_runs_at_its_own_moment() -> None:
    """What a woken task sees is the moment it waited for, and what it then waits for is woken in the same advance."""
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
    seen: list[float] = []

    async def every(seconds: float) -> None:
        for _ in range(3):
            await clock.sleep(seconds)
            seen.append(clock.monotonic())

    tasks = [asyncio.create_task(every(seconds)) for seconds in (1800, 3000)]
    await clock.advance(5 * 24 * 3600)
    assert all(task.done() for task in tasks)
    assert seen == [1800, 3000, 3600, 5400, 6000, 9000]
    assert clock.now() == datetime(2026, 3, 6, tzinfo=UTC)


@pytest.mark.parametrize(("short", "awake"), [(1, False), (0, True)], ids=["one-short", "exactly"])
async def test_the_bound_of_an_advance_is_within_it(short: float, awake: bool) -> None:
    """A wait of 60 seconds is over after 60 and not after 59."""
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(60))
    await clock.advance(60 - short)
    assert task.done() is awake
    await clock.advance(short)
    await task


async def test_tasks_that_never_rest_do_not_hold_an_advance() -> None:
    """A task that waits in a circle is left to its circle after a bounded number of passes."""
    clock = VirtualClock()

    async def circle() -> None:
        while True:
            async with clock.timeout(1):
                await clock.sleep(0)

    task = asyncio.create_task(circle())
    await clock.advance(0.5)
    assert clock.monotonic() == 0.5
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_time_does_not_go_back() -> None:
    """A negative advance is the caller's mistake, and so is a beginning without a time zone or a negative silence."""
    with pytest.raises(ValueError, match="-1"):
        await VirtualClock().advance(-1)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="-2"):
        VirtualClock(quiet=-2)


# --------------------------------------------------------------------------------------- VirtualClock, by itself


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def test_days_pass_by_themselves_when_nobody_does_anything() -> None:
    """A sleep of five days needs no help and hardly any time."""
    clock = VirtualClock(quiet=0.002)
    await clock.sleep(5 * 24 * 3600)
    assert clock.monotonic() == 5 * 24 * 3600


async def test_no_limit_passes_while_loopback_sockets_have_something_to_do() -> None:
    """A hundred exchanges, each with a limit of one virtual second, take no virtual time at all."""
    clock = VirtualClock(quiet=0.005)
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for number in range(100):
            async with clock.timeout(1):
                writer.write(b"%4d" % number)
                assert await reader.readexactly(4) == b"%4d" % number
        assert clock.monotonic() == 0
        with pytest.raises(TimeoutError):
            async with clock.timeout(300):
                await reader.readexactly(1)
        assert clock.monotonic() == 300
        writer.close()
        await writer.wait_closed()


async def test_time_does_not_pass_in_a_hold() -> None:
    """Work that the loop cannot see keeps its time limit, however long the silence."""
    clock = VirtualClock(quiet=0)
    loop = asyncio.get_running_loop()
    async with clock.timeout(1):
        with clock.hold():
            # Real time, standing for a thread at work: many times the silence asked for.
            done = loop.create_future()
            loop.call_later(0.05, done.set_result, None)
            await done
    assert clock.monotonic() == 0
    await clock.sleep(1)
    assert clock.monotonic() == 1
