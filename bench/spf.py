"""SPF verdicts a second from remembered answers, beside pyspf.

Three domains take turns: addresses alone, a chain of includes as the large providers have it, and a and mx.  Records
come twice: as a server meets them, the same again and again, and each with a word that no other record has, so that
nothing can be remembered of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple

from bench.peers import peer_module
from bench.row import Row
from bench.speed import word
from mailwright.authentication.spf import check_mail_from
from mailwright.authentication.spf_verdict import SpfResult
from mailwright.dns.answer import Answer, Question
from mailwright.dns.inquiry import settle
from mailwright.lab.table import Entry, Table

#: Verdicts of a round.
VERDICTS = 1_500

HELO = "mail.example.test"


class Case(NamedTuple):
    """Who sends from where, and the names of DNS that this is about."""

    ip: str
    sender: str
    names: dict[str, Entry]


def _cases(mark: str) -> tuple[Case, ...]:
    """Return the cases; ``mark`` stands in all their names and records."""
    networks = " ".join(f"ip4:198.51.{number}.0/24" for number in range(8))
    plain, large, own = f"plain{mark}.test", f"large{mark}.test", f"own{mark}.test"
    return (
        Case("192.0.2.9", f"anna@{plain}", {plain: [f"TXT v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/32 x={mark} -all"]}),
        Case(
            "203.0.113.7",
            f"ben@{large}",
            {
                large: [f"TXT v=spf1 include:_spf.{large} ~all", "TXT site-verification=0123456789abcdef"],
                f"_spf.{large}": [f"TXT v=spf1 include:_a.{large} include:_b.{large} include:_c.{large} ~all"],
                f"_a.{large}": [f"TXT v=spf1 {networks} x={mark} ~all"],
                f"_b.{large}": [f"TXT v=spf1 {networks} x={mark} ~all"],
                f"_c.{large}": [f"TXT v=spf1 {networks} ip4:203.0.113.0/24 x={mark} ~all"],
            },
        ),
        Case(
            "192.0.2.25",
            f"carl@{own}",
            {
                own: [f"TXT v=spf1 a mx x={mark} -all", "A 192.0.2.1", f"MX 10 mx1.{own}", f"MX 20 mx2.{own}"],
                f"mx1.{own}": ["A 192.0.2.24"],
                f"mx2.{own}": ["A 192.0.2.25"],
            },
        ),
    )


class Task(NamedTuple):
    """A case with the answers of DNS, as each contestant wants to have them."""

    case: Case
    table: Table
    answers: dict[Question, Answer]
    theirs: dict[tuple[str, str], list[Any]]


def _task(case: Case) -> Task:
    """Return the case with every answer that the evaluation asks for."""
    table = Table(case.names)
    answers: dict[Question, Answer] = {}

    def answer(question: Question) -> Answer:
        return answers.setdefault(question, table.answer(question))

    verdict = settle(check_mail_from(ip_address(case.ip), case.sender, HELO), answer)
    if verdict.result is not SpfResult.PASS:
        raise RuntimeError(f"{case.sender}: {verdict}")
    theirs = {
        (question.name, str(question.type)): [
            ((question.name, str(question.type)), getattr(record, "strings", record)) for record in answered.records
        ]
        for question, answered in answers.items()
    }
    return Task(case, table, answers, theirs)


def spf_rows(rounds: int) -> list[Row]:
    """Return verdicts a second of CPU time, in the best round."""
    rows = []
    for what, make in (("records seen before", _the_same), ("records never seen", _always_others)):
        contestants = {"ours": _ours} | ({"pyspf": _pyspf} if peer_module("spf") else {})
        best = dict.fromkeys(contestants, 0.0)
        tasks = make(rounds * len(contestants))
        for turn in range(rounds):
            for name in sorted(contestants, reverse=bool(turn % 2)):
                batch = next(tasks)
                begun = time.process_time()
                contestants[name](batch)
                best[name] = max(best[name], len(batch) / (time.process_time() - begun))
        peer = "pyspf" if "pyspf" in best else None
        rows.append(Row(f"SPF, {what}", "verdicts/s", best["ours"], peer, best.get("pyspf")))
    return rows


def _the_same(batches: int) -> Iterator[list[Task]]:
    tasks = [_task(case) for case in _cases("")] * (VERDICTS // 3)
    for _ in range(batches):
        yield tasks


def _always_others(batches: int) -> Iterator[list[Task]]:
    for batch in range(batches):
        numbers = range(batch * VERDICTS, (batch + 1) * VERDICTS, 3)
        yield [_task(case) for number in numbers for case in _cases(word(number))]


def _ours(tasks: list[Task]) -> None:
    for task in tasks:
        case = task.case
        settle(check_mail_from(ip_address(case.ip), case.sender, HELO), task.answers.__getitem__)


def _pyspf(tasks: list[Task]) -> None:
    spf: Any = peer_module("spf")
    before = spf.DNSLookup
    try:
        for task in tasks:
            spf.DNSLookup = _look_up(task.theirs)
            spf.query(i=task.case.ip, s=task.case.sender, h=HELO).check()
    finally:
        spf.DNSLookup = before


def _look_up(answers: dict[tuple[str, str], list[Any]]) -> Callable[..., list[Any]]:
    """Return what pyspf calls for a question."""

    def look_up(name: str, kind: str, *_args: object, **_options: object) -> list[Any]:
        return answers.get((name.rstrip("."), kind), [])

    return look_up
