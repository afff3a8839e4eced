"""The memory of answers: positive, negative, failed and stale (RFC 2308, RFC 8767, RFC 9520)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.dns.answer import Answer, Dnssec, Kind, Question, RecordType, Txt
from mailwright.dns.cache import STALE_TTL, AnswerCache, CacheLimits

QUESTION = Question("example.test", RecordType.A)
FOUND = Answer(QUESTION, Kind.FOUND, ("192.0.2.1",), ttl=300)
FAILURES = (Kind.SERVFAIL, Kind.REFUSED, Kind.TIMEOUT, Kind.UNREACHABLE, Kind.MALFORMED)


def failed(kind: Kind = Kind.SERVFAIL) -> Answer:
    """Return the answer of a look-up that failed."""
    return Answer(QUESTION, kind)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (FOUND, 300),
        (FOUND._replace(ttl=10**9), 86_400),
        (Answer(QUESTION, Kind.NODATA, ttl=60), 60),
        (Answer(QUESTION, Kind.NXDOMAIN, ttl=60), 60),
        # RFC 2308 5: a cap of one to three hours.
        (Answer(QUESTION, Kind.NXDOMAIN, ttl=86_400), 10_800),
        (Answer(QUESTION, Kind.NODATA, ttl=86_400), 10_800),
        # RFC 1035 3.2.1, RFC 2308 5: not at all.
        (FOUND._replace(ttl=0), 0),
        (Answer(QUESTION, Kind.NXDOMAIN), 0),
        (FOUND._replace(ttl=-5), 0),
    ],
    ids=[
        "found",
        "found, capped",
        "nodata",
        "nxdomain",
        "nxdomain, capped",
        "nodata, capped",
        "zero",
        "no SOA",
        "less",
    ],
)
def test_answers_are_kept_for_their_time(answer: Answer, kept: int) -> None:
    """To the second: there before the end, gone at it."""
    cache = AnswerCache()
    assert cache.put(answer, 1_000.0).ttl == kept
    before = cache.get(QUESTION, 1_000.0 + kept - 0.5)
    assert (before is None) == (kept == 0)
    assert before is None or before == answer._replace(ttl=1)
    assert cache.get(QUESTION, 1_000.0 + kept) is None


def test_the_ttl_that_is_left_is_told() -> None:
    """Whoever keeps an answer further keeps it no longer than its source."""
    cache = AnswerCache()
    cache.put(FOUND, 0.0)
    assert [answer.ttl for answer in (cache.get(QUESTION, at) for at in (0.0, 100.0, 299.9)) if answer] == [300, 200, 1]


def test_types_are_kept_apart() -> None:
    """NODATA for AAAA says nothing of A."""
    cache = AnswerCache()
    cache.put(FOUND, 0.0)
    assert cache.get(QUESTION._replace(type=RecordType.AAAA), 0.0) is None


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_are_kept_for_seconds_that_double(kind: Kind) -> None:
    """RFC 9520 3.2: at least 1 s, at first 5 s, at most 5 minutes."""
    cache = AnswerCache()
    now, kept = 0.0, []
    for _ in range(9):
        kept.append(cache.put(failed(kind), now).ttl)
        again = cache.get(QUESTION, now + kept[-1] - 0.1)
        assert again is not None
        assert again.kind is kind
        now += kept[-1]
        assert cache.get(QUESTION, now) is None
    assert kept == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(("failure", "longest"), [(0, 300), (5, 0), (10_000, 10_000)])
def test_failures_stay_within_the_bounds_of_the_standard(failure: int, longest: int) -> None:
    """RFC 9520 3.2: options cannot leave one second to five minutes."""
    cache = AnswerCache(CacheLimits(failure=failure, longest_failure=longest))
    assert 1 <= cache.put(failed(), 0.0).ttl <= 300


def test_a_failure_after_success_begins_anew() -> None:
    """An old series of failures does not count."""
    cache = AnswerCache()
    for at in range(6):
        cache.put(failed(), float(at))
    cache.put(FOUND._replace(ttl=1), 10.0)
    assert cache.put(failed()._replace(dnssec=Dnssec.BOGUS), 20.0).ttl == 5


@pytest.mark.parametrize("kind", FAILURES)
def test_what_was_known_is_given_when_asking_fails(kind: Kind) -> None:
    """RFC 8767 4: stale data with a TTL of 30 s; not asked again for 30 s (5); and marked."""
    cache = AnswerCache()
    cache.put(FOUND, 0.0)
    assert cache.get(QUESTION, 400.0) is None
    stale = cache.put(failed(kind), 400.0)
    assert stale == FOUND._replace(ttl=STALE_TTL, stale=True)
    assert cache.get(QUESTION, 429.9) == stale
    assert cache.get(QUESTION, 430.0) is None
    assert cache.put(failed(kind), 430.0) == stale


def test_a_no_may_be_stale_too() -> None:
    """RFC 8767 4 holds for all that was known."""
    cache = AnswerCache()
    cache.put(Answer(QUESTION, Kind.NXDOMAIN, ttl=60), 0.0)
    stale = cache.put(failed(), 100.0)
    assert (stale.kind, stale.stale) == (Kind.NXDOMAIN, True)


@pytest.mark.parametrize(("at", "stale"), [(300 + 86_399, True), (300 + 86_400, False)])
def test_stale_answers_end(at: int, stale: bool) -> None:
    """RFC 8767 5: the maximum stale timer, here one day after the TTL."""
    cache = AnswerCache()
    cache.put(FOUND, 0.0)
    assert cache.put(failed(), float(at)).stale is stale


def test_a_new_answer_ends_staleness() -> None:
    """RFC 8767 4: what comes back in good order replaces the old data, also a no."""
    cache = AnswerCache()
    cache.put(FOUND, 0.0)
    cache.put(failed(), 400.0)
    gone = Answer(QUESTION, Kind.NXDOMAIN, ttl=60)
    assert cache.put(gone, 440.0) == gone
    assert cache.get(QUESTION, 441.0) == gone._replace(ttl=59)


def test_wrong_signatures_are_not_papered_over() -> None:
    """A bogus answer is given as it is, whatever was known before."""
    cache = AnswerCache()
    cache.put(FOUND, 0.0)
    bogus = failed()._replace(dnssec=Dnssec.BOGUS)
    assert cache.put(bogus, 400.0) == bogus._replace(ttl=5)
    assert cache.put(failed(), 410.0).kind is Kind.SERVFAIL


def test_the_longest_unused_go_first() -> None:
    """The number of questions is bounded, and use counts."""
    cache = AnswerCache(CacheLimits(entries=2))
    first, second, third = (Question(f"{n}.test", RecordType.A) for n in range(3))
    for question in (first, second):
        cache.put(FOUND._replace(question=question), 0.0)
    cache.get(first, 1.0)
    cache.put(FOUND._replace(question=third), 2.0)
    assert [cache.get(question, 3.0) is not None for question in (first, second, third)] == [True, False, True]
    assert len(cache) == 2


def test_large_answers_take_the_place_of_many() -> None:
    """The octets are bounded too: names with 64 KB of text do not fill the memory."""
    cache = AnswerCache(CacheLimits(octets=100_000))
    for n in range(50):
        question = Question(f"{n}.test", RecordType.TXT)
        cache.put(Answer(question, Kind.FOUND, (Txt((b"x" * 255,) * 100),), ttl=60), 0.0)
    assert len(cache) == 3
    cache.put(Answer(QUESTION, Kind.FOUND, (Txt((b"x" * 200_000,)),), ttl=60), 0.0)
    assert len(cache) == 0
    cache.clear()


EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(list(Kind)), st.integers(-1, 10**6), st.integers(0, 5_000)),
    max_size=40,
)


@given(EVENTS)
def test_whatever_happens_the_memory_keeps_its_bounds(events: list[tuple[int, Kind, int, int]]) -> None:
    """Never more entries than allowed, never a TTL beyond its cap, never a kind made into another but by staleness."""
    cache = AnswerCache(CacheLimits(entries=3))
    now = 0.0
    for number, kind, ttl, passed in events:
        now += passed
        question = Question(f"{number}.test", RecordType.A)
        before = cache.get(question, now)
        given = cache.put(Answer(question, kind, ttl=ttl), now)
        assert given.kind is kind or given.stale or given == before
        assert 0 <= given.ttl <= 86_400
        kept = cache.get(question, now)
        assert kept is None or (kept.kind, kept.stale) == (given.kind, given.stale)
        assert len(cache) <= 3
