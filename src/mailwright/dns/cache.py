"""AnswerCache: answers kept for as long as they may be, and a little longer when nobody else answers.

The rules:

* FOUND is kept for its TTL, NODATA and NXDOMAIN for the TTL that their SOA gives (RFC 2308 5), each up to a cap.
* A failure is kept for seconds, doubling while it lasts (RFC 9520 3.2), so that a dead zone is not asked at each turn.
* A failure does not push out what was known.  What was known is given out as stale (RFC 8767) for a day at most, and
  for 30 seconds without asking again.  A bogus signature is no failure in this sense: what is known to be wrong is not
  papered over.

Time comes in as an argument, in seconds of a monotonic clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from mailwright.dns.answer import TELLING, Answer, Dnssec, Kind, Question, Record, Txt

#: Seconds; the TTL of a stale answer (RFC 8767 4: greater than 0, 30 RECOMMENDED).
STALE_TTL = 30


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How much is kept, and how long; times in seconds.

    entries: questions remembered; octets: of their records, about; the longest unused go first.
    longest: cap of a TTL.  RFC 8767 4 allows seven days; with a day, a moved mail host is not missed for long.
    negative: cap of a no.  RFC 2308 5: one to three hours work well.
    failure, longest_failure: first and longest time of a failure.  RFC 9520 3.2: at least 1 s, 5 s to begin with, never
        more than 5 minutes (also RFC 2308 7.1).
    stale: how long after its end an answer may still be used.  RFC 8767 5: one to three days.
    recheck: how long a stale answer is given without asking again.  RFC 8767 5: 30 s.
    """

    entries: int = 20_000
    octets: int = 16 * 1024 * 1024
    longest: int = 86_400
    negative: int = 10_800
    failure: int = 5
    longest_failure: int = 300
    stale: int = 86_400
    recheck: int = 30


@dataclass(slots=True)
class _Entry:
    """What is known of a question: the last telling answer, and the failure since then."""

    known: Answer | None = None
    known_until: float = 0.0
    failed: Answer | None = None
    failed_until: float = 0.0
    failures: int = 0
    weight: int = 0


class AnswerCache:
    """Remembers answers by their question."""

    def __init__(self, limits: CacheLimits | None = None) -> None:
        """Begin empty."""
        self._limits = limits or CacheLimits()
        self._entries: OrderedDict[Question, _Entry] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        """Return how many questions are remembered."""
        return len(self._entries)

    def get(self, question: Question, now: float) -> Answer | None:
        """Return what may be answered without asking anybody, its TTL being what is left; None where nothing may."""
        entry = self._entries.get(question)
        if entry is None:
            return None
        self._entries.move_to_end(question)
        if entry.known is not None and now < entry.known_until:
            return entry.known._replace(ttl=_left(entry.known_until, now))
        if entry.failed is not None and now < entry.failed_until:
            return self._stale(entry, now) or entry.failed._replace(ttl=_left(entry.failed_until, now))
        return None

    def put(self, answer: Answer, now: float) -> Answer:
        """Remember ``answer``, just received; return what to answer, which is a stale answer where asking failed."""
        if answer.kind in TELLING:
            return self._put_known(answer, now)
        return self._put_failed(answer, now)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._weight = 0

    def _put_known(self, answer: Answer, now: float) -> Answer:
        cap = self._limits.longest if answer.kind is Kind.FOUND else self._limits.negative
        capped = answer._replace(ttl=max(0, min(answer.ttl, cap)))
        # RFC 1035 3.2.1: a TTL of zero is for the transaction in progress only.
        # RFC 2308 5: a no without SOA, whose TTL is therefore zero, SHOULD NOT be cached.
        if capped.ttl == 0:
            self._forget(answer.question)
        else:
            self._keep(_Entry(known=capped, known_until=now + capped.ttl, weight=_weight(capped)), answer.question)
        return capped

    def _put_failed(self, answer: Answer, now: float) -> Answer:
        entry = self._entries.get(answer.question) or _Entry(weight=1)
        entry.failures += 1
        stale = None if answer.dnssec is Dnssec.BOGUS else self._stale(entry, now)
        if stale is None:
            entry.known, entry.known_until = None, 0.0
        # RFC 9520 3.2: MUST be cached for at least one second, MUST NOT for more than five minutes.
        doubled = self._limits.failure * 2 ** min(entry.failures - 1, 16)
        seconds = max(1, min(doubled, self._limits.longest_failure, 300)) if stale is None else self._limits.recheck
        entry.failed, entry.failed_until = answer._replace(ttl=int(seconds)), now + seconds
        self._keep(entry, answer.question)
        return stale or entry.failed

    def _stale(self, entry: _Entry, now: float) -> Answer | None:
        """Return what was known, marked stale if it is; None where nothing was, or too long ago."""
        if entry.known is None or now >= entry.known_until + self._limits.stale:
            return None
        if now < entry.known_until:
            return entry.known._replace(ttl=_left(entry.known_until, now))
        # RFC 8767 4: the TTL of stale data MUST be set to a value greater than 0, with a RECOMMENDED value of 30.
        return entry.known._replace(ttl=STALE_TTL, stale=True)

    def _keep(self, entry: _Entry, question: Question) -> None:
        self._forget(question)
        self._entries[question] = entry
        self._weight += entry.weight
        while self._entries and (len(self._entries) > self._limits.entries or self._weight > self._limits.octets):
            self._weight -= self._entries.popitem(last=False)[1].weight

    def _forget(self, question: Question) -> None:
        if (entry := self._entries.pop(question, None)) is not None:
            self._weight -= entry.weight


def _left(until: float, now: float) -> int:
    """Return the whole seconds until a moment, at least 1: something that may still be used never says 0."""
    return max(1, int(until - now))


def _weight(answer: Answer) -> int:
    """Return about how many octets the records of an answer take."""
    return 64 + sum(map(_octets, answer.records)) + sum(map(len, answer.aliases))


def _octets(record: Record) -> int:
    if isinstance(record, str):
        return len(record)
    if isinstance(record, Txt):
        return sum(map(len, record.strings))
    return sum(len(part) if isinstance(part, (str, bytes)) else 8 for part in record)
