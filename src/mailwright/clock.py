"""Clock: the time, and waiting, as an argument.

Whoever waits or asks what time it is takes a ``Clock``.  The program runs on ``SystemClock``; tests and the lab run on
``mailwright.lab.clock.VirtualClock``, which passes five days in no time.  Both keep the same contract, which
tests/lab/test_clock.py holds.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the time is, and how to wait."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC.  It may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment; never goes back.  For measuring and for time limits."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; 0 and less give way to other tasks once."""
        ...

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Return a context that ends what runs in it with TimeoutError after ``seconds``; None never does."""
        ...


class SystemClock:
    """The machine's clock and the running event loop's waiting."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(max(0.0, seconds))

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """See Clock."""
        return asyncio.timeout(seconds)
