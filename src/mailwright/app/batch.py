"""Batch: many messages or replies explained on all cores, in order, with flat memory."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

from mailwright.app.replies import Reply
from mailwright.app.sources import Source, SourceMessage, SourceReport, SourceTrouble
from mailwright.app.tables import read_tables_for
from mailwright.causes.texts import CauseTexts, texts_in
from mailwright.explain.explanation import Kind
from mailwright.explain.message import explain_message
from mailwright.explain.output import explanation_object, reply_object
from mailwright.explain.reply import explain_reply

#: Messages or replies handed to a process at a time, and the octets after which a smaller lot is handed over.
LOT = 64
LOT_OCTETS = 8 * 1024 * 1024

#: Lots under way for each process; more would only fill memory.
AHEAD = 3

Item = TypeVar("Item")

Result = dict[str, Any] | SourceTrouble


def explain_sources(found: Iterable[Source], language: str, jobs: int) -> Iterator[Result]:
    """Yield the JSON object of every message, or the trouble in its place, in the order of ``found``."""
    return _in_order(found, _explain_lot, language, jobs)


def explain_replies(replies: Iterable[Reply | SourceTrouble], language: str, jobs: int) -> Iterator[Result]:
    """Yield the JSON object of every reply, in order."""
    return _in_order(replies, _explain_reply_lot, language, jobs)


def usable_cores() -> int:
    """Return how many processes can run at once for us; at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _explain_lot(lot: list[Source], language: str) -> list[Result]:
    texts = texts_in(language)
    return [result for item in lot for result in _results(item, texts)]


def _results(item: Source, texts: CauseTexts) -> list[Result]:
    """Return what one source comes to: an object, a trouble, or an object for each report that is in it."""
    if isinstance(item, SourceReport):
        from mailwright.app.reports import report_result  # noqa: PLC0415 - slow to import, for reports only

        found = report_result(item)
        return _results(found, texts) if isinstance(found, SourceMessage) else [found]
    if isinstance(item, SourceTrouble):
        return [item]
    explanation = explain_message(item.raw)
    if explanation.kind in _MAY_CARRY and _names_report(item.raw):
        from mailwright.app.reports import results_in_mail  # noqa: PLC0415 - the same

        carried: list[Result] = [*results_in_mail(item)]
        if carried:
            return carried
    return [explanation_object(item.source, explanation, texts)]


#: What a mail that carries a report of a receiver is taken for, and the words one of which its types or names have.
_MAY_CARRY = frozenset((Kind.OTHER, Kind.FEEDBACK))
_REPORT_WORDS = (b"zip", b"xml", b"json", b".gz")


def _names_report(raw: bytes) -> bool:
    """Tell whether it is worth looking for reports in the parts of a message."""
    lower = raw.lower()
    typed = b"application/" in lower or b"text/xml" in lower
    return typed and any(word in lower for word in _REPORT_WORDS)


def _explain_reply_lot(lot: list[Reply | SourceTrouble], language: str) -> list[Result]:
    texts = texts_in(language)
    return [item if isinstance(item, SourceTrouble) else _reply_result(item, texts) for item in lot]


def _reply_result(reply: Reply, texts: CauseTexts) -> Result:
    explained = reply_object(reply.source, explain_reply(reply.text), texts)
    # A number stays a number: whoever sent it looks for it as it was.
    return explained if reply.id is None else {"id": reply.id} | explained


def _in_order(
    items: Iterable[Item], work: Callable[[list[Item], str], list[Result]], language: str, jobs: int
) -> Iterator[Result]:
    """Yield the results of ``work`` over lots of ``items``; processes are started only once there is a second lot."""
    lots = _lots(items)
    first = next(lots, None)
    if first is None:
        return
    # Before any process is started, so that all share what was read.
    read_tables_for(language)
    second = next(lots, None) if jobs > 1 else None
    if second is None:
        yield from work(first, language)
        for lot in lots:
            yield from work(lot, language)
        return
    yield from _in_processes(chain((first, second), lots), work, language, jobs)


def _in_processes(
    lots: Iterator[list[Item]], work: Callable[[list[Item], str], list[Result]], language: str, jobs: int
) -> Iterator[Result]:
    from concurrent.futures import Future, ProcessPoolExecutor  # noqa: PLC0415 - slow to import, seldom needed

    pool = ProcessPoolExecutor(jobs, initializer=_leave_interrupts_to_parent)
    try:
        under_way: deque[Future[list[Result]]] = deque()
        for lot in lots:
            under_way.append(pool.submit(work, lot, language))
            if len(under_way) >= jobs * AHEAD:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        # Whoever stops listening, or presses Ctrl-C, does not wait for lots that nobody will see.
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_parent() -> None:
    """Ignore Ctrl-C, which reaches every process of the terminal: the parent alone decides, and says it once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _lots(items: Iterable[Item]) -> Iterator[list[Item]]:
    lot: list[Item] = []
    octets = 0
    for item in items:
        lot.append(item)
        octets += len(item.raw) if isinstance(item, SourceMessage | SourceReport) else 0
        if len(lot) >= LOT or octets >= LOT_OCTETS:
            yield lot
            lot, octets = [], 0
    if lot:
        yield lot
