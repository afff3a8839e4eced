"""Resolver: whoever answers questions; and the loop that serves an inquiry from one."""

from __future__ import annotations

import asyncio
from typing import Protocol, TypeVar

from mailwright.dns.answer import Answer, Question
from mailwright.dns.inquiry import Inquiry

T = TypeVar("T")


class Resolver(Protocol):
    """Answers questions.  ``dns.pool.ResolverPool`` asks real servers, ``lab.resolver.TableResolver`` a table."""

    async def resolve(self, question: Question) -> Answer:
        """Return what became of ``question``; raises nothing: failures are kinds of answers."""
        ...


async def ask(inquiry: Inquiry[T], resolver: Resolver) -> T:
    """Return the verdict of ``inquiry``, its questions put to ``resolver``, those of one step at the same time."""
    try:
        questions = next(inquiry)
        while True:
            if len(questions) == 1:
                answers: tuple[Answer, ...] = (await resolver.resolve(questions[0]),)
            else:
                answers = tuple(await asyncio.gather(*map(resolver.resolve, questions)))
            questions = inquiry.send(answers)
    except StopIteration as done:
        verdict: T = done.value
        return verdict
