"""TableResolver: the Resolver that answers from a table, and tells afterwards what it was asked."""

from __future__ import annotations

from collections.abc import Mapping

from mailwright.clock import Clock, SystemClock
from mailwright.dns.answer import Answer, Question
from mailwright.lab.table import Entry, Table


class TableResolver:
    """A Resolver over a table; see ``lab.table`` for how one is written.

    asked: every question put to it, in order; the same one twice stands there twice.
    """

    def __init__(
        self,
        table: Mapping[str, Entry] | Table | None = None,
        *,
        delays: Mapping[str, float] | float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        """Answer from ``table``; raises ValueError where it cannot be read.

        delays: seconds of ``clock`` until the answer, for all names or by name.
        """
        self.table = table if isinstance(table, Table) else Table(table)
        self.asked: list[Question] = []
        self._delays = delays
        self._clock: Clock = clock or SystemClock()

    async def resolve(self, question: Question) -> Answer:
        """See Resolver."""
        delay = self._delays if isinstance(self._delays, (int, float)) else self._delays.get(question.name, 0.0)
        if delay > 0:
            await self._clock.sleep(delay)
        return self.answer(question)

    def answer(self, question: Question) -> Answer:
        """Return the answer at once: for ``dns.inquiry.settle``."""
        self.asked.append(question)
        return self.table.answer(question)
