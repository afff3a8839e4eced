"""Inquiry: thinking that needs DNS, without asking DNS itself.

An evaluator (MX routing, SPF, DMARC, DANE …) is a generator.  It hands out the questions that it needs next, as a
tuple, takes a tuple of their answers in the same order, and returns its verdict.  So look-ups are counted in one place,
the thinking is tested with plain tables, and any resolver can serve it:

    def has_address(name: str) -> Inquiry[bool]:
        v4, v6 = yield Question(name, RecordType.A), Question(name, RecordType.AAAA)
        return Kind.FOUND in (v4.kind, v6.kind)

Questions of one tuple do not depend on each other and are asked at the same time.  An evaluator calls another with
``yield from``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from mailwright.dns.answer import Answer, Question

T = TypeVar("T")

#: Hands out questions, takes their answers, returns a verdict.
Inquiry = Generator[tuple[Question, ...], tuple[Answer, ...], T]


def settle(inquiry: Inquiry[T], answer: Callable[[Question], Answer]) -> T:
    """Return the verdict of ``inquiry``, each question answered at once by ``answer``: a table, or a cache."""
    try:
        questions = next(inquiry)
        while True:
            questions = inquiry.send(tuple(map(answer, questions)))
    except StopIteration as done:
        verdict: T = done.value
        return verdict
