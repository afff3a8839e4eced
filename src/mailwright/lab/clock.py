"""VirtualClock: the Clock on which days pass in no time.

Two ways of passing time, chosen when the clock is made:

*By hand* (``quiet`` is None).  Time stands still except in ``await clock.advance(seconds)``.  Whoever waits is woken in
the order of the moments waited for, one at a time, and before and after each all tasks run until nothing more comes of
it.  What happens is the same in every run.

*By itself* (``quiet`` is a number of real seconds).  Time stands still while anything goes on and jumps to the next
moment that somebody waits for once nothing does.  An event loop does not tell that it is idle, so idle means: for some
passes of the loop, each of which takes what sockets hold ready, and then for ``quiet`` real seconds, nobody began or
ended a wait on this clock, and the loop was not late.

What the second way promises: no wait ends before its time or out of order; data on loopback sockets between tasks of
one loop is delivered before time jumps, since the kernel hands it over at once.
What it does not promise: it cannot see a thread, another process or a distant host at work.  Whoever awaits one longer
than ``quiet`` wraps that in ``with clock.hold():`` or makes ``quiet`` longer, else a time limit may pass meanwhile.

Works with any event loop, also uvloop.  One clock belongs to one loop and its thread.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType

#: Passes of the loop without a wait begun or ended after which tasks count as idle.  One exchange on a socket takes
#: about five, a TLS handshake about twenty.
IDLE_PASSES = 50

#: Passes after which tasks count as idle whatever they do, so that one that waits in a circle does not hold time.
MOST_PASSES = 20_000

#: Where a clock begins unless told otherwise.
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(order=True, slots=True)
class _Wait:
    """Somebody's wait: when it ends, which of those came first, and how to say so."""

    at: float
    number: int
    wake: Callable[[], None] = field(compare=False)
    over: bool = field(default=False, compare=False)


class VirtualClock:
    """A Clock whose time passes by ``advance`` or, with ``quiet``, by itself; see the head of this file."""

    def __init__(self, beginning: datetime = BEGINNING, *, quiet: float | None = None) -> None:
        """Begin at ``beginning``, which must be aware.

        quiet: None for time that passes by hand; else the real seconds of silence before it jumps, 0.005 for tasks and
            loopback sockets alone, more where threads do short work.

        Raises:
            ValueError: ``beginning`` is naive, or ``quiet`` negative.
        """
        if beginning.tzinfo is None:
            raise ValueError("the beginning must be an aware datetime")
        if quiet is not None and quiet < 0:
            raise ValueError(f"quiet is {quiet} seconds")
        self._beginning = beginning.astimezone(UTC)
        self._quiet = quiet
        self._passed = 0.0
        self._waits: list[_Wait] = []
        # Counts every wait begun or ended: it stands still only when nobody does anything with the clock.
        self._stirred = 0
        self._holds = 0
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        """See Clock."""
        return self._beginning + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """See Clock; seconds since the beginning."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            # Cancelled in the same pass of the loop: its finally has not run yet.
            if not woken.done():
                woken.set_result(None)

        wait = self._begin(seconds, wake)
        try:
            await woken
        finally:
            self._end(wait)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """See Clock."""
        return asyncio.timeout(None) if seconds is None else _Limit(self, seconds)

    @property
    def waiting(self) -> int:
        """How many sleeps and time limits are pending."""
        return sum(not wait.over for wait in self._waits)

    @property
    def next_wake(self) -> float | None:
        """Seconds until the first of them ends; None when nobody waits."""
        first = self._first()
        return None if first is None else first.at - self._passed

    async def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, waking whoever waits for a moment within them, in order.

        When it returns, the woken have run until they wait again.  Exceptions in their tasks stay there.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        if seconds < 0:
            raise ValueError(f"time cannot pass by {seconds} seconds")
        until = self._passed + seconds
        await self._settle()
        while (wait := self._first()) is not None and wait.at <= until:
            self._fire(wait)
            await self._settle()
        self._passed = max(self._passed, until)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep time from passing by itself in the block: for work that the loop cannot see, such as a thread's."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._stirred += 1

    def _begin(self, seconds: float, wake: Callable[[], None]) -> _Wait:
        self._stirred += 1
        wait = _Wait(self._passed + seconds, self._stirred, wake)
        heapq.heappush(self._waits, wait)
        if self._quiet is not None and (self._driver is None or self._driver.done()):
            self._driver = asyncio.get_running_loop().create_task(self._drive(self._quiet))
        return wait

    def _end(self, wait: _Wait) -> None:
        self._stirred += 1
        wait.over = True

    def _first(self) -> _Wait | None:
        while self._waits and self._waits[0].over:
            heapq.heappop(self._waits)
        return self._waits[0] if self._waits else None

    def _fire(self, wait: _Wait) -> None:
        """Let the time of ``wait`` come."""
        self._passed = max(self._passed, wait.at)
        self._end(wait)
        wait.wake()

    async def _settle(self) -> None:
        """Let tasks run until none of them has stirred for IDLE_PASSES."""
        idle, stirred = 0, self._stirred
        for _ in range(MOST_PASSES):
            await asyncio.sleep(0)
            idle = idle + 1 if stirred == self._stirred else 0
            stirred = self._stirred
            if idle >= IDLE_PASSES:
                return

    async def _drive(self, quiet: float) -> None:
        """Jump from wait to wait, each time that all is quiet, until nobody waits."""
        while self._first() is not None:
            if not await self._is_quiet(quiet):
                continue
            # Looked up anew: the one seen before may have ended while listening.
            if (wait := self._first()) is not None:
                self._fire(wait)

    async def _is_quiet(self, quiet: float) -> bool:
        await self._settle()
        stirred, began = self._stirred, asyncio.get_running_loop().time()
        await asyncio.sleep(quiet)
        # A loop that comes back late was busy: with this process, or with others on the machine.
        late = asyncio.get_running_loop().time() - began > 2 * quiet + 0.001
        await asyncio.sleep(0)
        return not late and not self._holds and stirred == self._stirred


class _Limit:
    """A time limit on a VirtualClock; asyncio's own does the cancelling, so that nesting and races are as there."""

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._inner = asyncio.timeout(None)
        self._wait: _Wait | None = None

    async def __aenter__(self) -> object:
        await self._inner.__aenter__()
        if self._seconds <= 0:
            self._expire()
        else:
            self._wait = self._clock._begin(self._seconds, self._expire)  # noqa: SLF001 - a part of the clock
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._wait is not None:
            self._clock._end(self._wait)  # noqa: SLF001 - a part of the clock
        await self._inner.__aexit__(kind, error, traceback)

    def _expire(self) -> None:
        # RuntimeError: the block is being left at this moment.
        with suppress(RuntimeError):
            self._inner.reschedule(asyncio.get_running_loop().time())
