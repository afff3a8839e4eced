"""The cache of MTA-STS policies: what it keeps, what it forgets, and when it looks anew."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.mtasts import (
    REFRESH_AFTER,
    RETRY_AFTER,
    CachedPolicy,
    FetchKind,
    FetchPolicy,
    PolicyFetch,
    RecordLookup,
    RecordStatus,
    StsState,
)
from mailwright.authentication.mtasts_cache import MOST_FAILURES, PolicyCache
from mailwright.authentication.mtasts_policy import Mode, Policy
from mailwright.authentication.mtasts_record import StsRecord
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from tests.authentication.certificates import NOW

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
FILE = b"version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 604800\nnote: hello\n"
FETCHED = PolicyFetch(FetchKind.FETCHED, FILE, "text/plain")
TIMEOUT = PolicyFetch(FetchKind.TIMEOUT)
ANSWER = Answer(Question("_mta-sts.a.test", RecordType.TXT), Kind.FOUND)


def lookup(policy_id: str = "1", domain: str = "a.test") -> RecordLookup:
    """Return the look-up that found this version."""
    return RecordLookup(domain, RecordStatus.FOUND, ANSWER, StsRecord(policy_id))


def entry(domain: str, patterns: int = 1, days: int = 0) -> CachedPolicy:
    """Return a policy with so many patterns, fetched so many days after NOW."""
    names = tuple(f"mx{number}.test" for number in range(patterns))
    return CachedPolicy(domain, "1", Policy(Mode.ENFORCE, names, WEEK), NOW + days * DAY)


def test_the_life_of_a_policy() -> None:
    """It is fetched once, used, refreshed after a day, kept when that fails, and gone when it has expired."""
    cache = PolicyCache()
    request = cache.plan(lookup(), NOW)
    assert request == FetchPolicy("a.test", "1")
    first = cache.take(request, FETCHED, NOW)
    assert first.policy is not None
    # What RFC 8461 does not know is not kept.
    assert first.policy.policy.extensions == ()
    assert cache.plan(lookup(), NOW + SECOND) is None
    assert cache.state("a.test", NOW + SECOND) == first
    assert list(cache.due(NOW + DAY - SECOND)) == []
    assert list(cache.due(NOW + REFRESH_AFTER)) == ["a.test"]
    again = cache.plan(lookup(), NOW + DAY)
    assert again is not None
    failed = cache.take(again, TIMEOUT, NOW + DAY)
    assert failed.policy == first.policy
    assert failed.alarming
    assert cache.state("a.test", NOW + DAY) == failed
    assert cache.plan(lookup(), NOW + DAY + SECOND) is None
    assert cache.plan(lookup(), NOW + DAY + RETRY_AFTER) == again
    assert cache.state("a.test", NOW + WEEK - SECOND).policy == first.policy
    assert cache.state("a.test", NOW + WEEK).policy is None
    assert list(cache.due(NOW + WEEK)) == []
    assert cache.drop_expired(NOW + WEEK) == 1
    assert len(cache) == 0


def test_a_newer_version_replaces_an_older_one_only_when_it_was_fetched() -> None:
    """An id that leads nowhere takes nothing away."""
    cache = PolicyCache()
    cache.take(FetchPolicy("a.test", "1"), FETCHED, NOW)
    request = cache.plan(lookup("2"), NOW + SECOND)
    assert request == FetchPolicy("a.test", "2")
    kept = cache.take(request, PolicyFetch(FetchKind.FETCHED, b"garbage", "text/plain"), NOW + SECOND)
    assert kept.policy is not None
    assert kept.policy.id == "1"
    renewed = cache.take(request, FETCHED, NOW + DAY)
    assert renewed.policy is not None
    assert (renewed.policy.id, renewed.fault) == ("2", None)


def test_a_record_that_disappears_takes_no_policy_away() -> None:
    """Suppressing DNS gains nothing (RFC 8461 5.1, 10.2); old faults are forgotten with the record."""
    cache = PolicyCache()
    cache.take(FetchPolicy("a.test", "1"), FETCHED, NOW)
    cache.take(FetchPolicy("a.test", "2"), TIMEOUT, NOW)
    gone = RecordLookup("a.test", RecordStatus.NONE, ANSWER)
    assert cache.plan(gone, NOW + DAY) is None
    state = cache.state("a.test", NOW + DAY)
    assert state.policy is not None
    assert state.fault is None


def test_a_domain_that_is_not_known_has_no_state() -> None:
    """Nothing kept is nothing said."""
    assert PolicyCache().state("a.test", NOW) == StsState(None)


def test_the_cache_is_bounded_by_policies_and_patterns() -> None:
    """Full, it lets go of what was not used for longest; one that alone is too large is kept for its own delivery."""
    cache = PolicyCache(most=6)
    cache.load(map(entry, ("a.test", "b.test", "c.test")))
    assert len(cache) == 3
    cache.state("a.test", NOW)
    cache.load([entry("d.test")])
    assert [kept.domain for kept in cache.entries()] == ["c.test", "a.test", "d.test"]
    cache.load([entry("e.test", patterns=100)])
    assert [kept.domain for kept in cache.entries()] == ["e.test"]


def test_failures_are_bounded() -> None:
    """The oldest failure is forgotten when there are too many."""
    cache = PolicyCache()
    for number in range(MOST_FAILURES + 1):
        cache.take(FetchPolicy(f"d{number}.test", "1"), TIMEOUT, NOW)
    assert cache.plan(lookup(domain="d0.test"), NOW) is not None
    assert cache.plan(lookup(domain="d1.test"), NOW) is None
    assert cache.plan(lookup(domain=f"d{MOST_FAILURES}.test"), NOW) is None


def test_policies_survive_a_restart() -> None:
    """What was kept is loaded; of two for one domain the newer counts, in either order."""
    cache = PolicyCache()
    cache.load([entry("a.test", days=1), entry("a.test"), entry("b.test"), entry("b.test", days=1)])
    other = PolicyCache()
    other.load(cache.entries())
    assert other.entries() == cache.entries()
    assert {kept.fetched for kept in other.entries()} == {NOW + DAY}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("a.test", "b.test", "c.test")),
        st.sampled_from(("1", "2")),
        st.sampled_from((FETCHED, TIMEOUT, PolicyFetch(FetchKind.FETCHED, b"x", "text/plain"))),
        st.integers(0, 3 * 86_400),
    ),
    max_size=40,
)


@given(STEPS)
def test_a_policy_in_force_is_never_lost(steps: list[tuple[str, str, PolicyFetch, int]]) -> None:
    """Whatever fails, and in whatever order, what was fetched stays in force for its week."""
    cache = PolicyCache()
    fetched = {}
    now = NOW
    for domain, policy_id, fetch, seconds in steps:
        now += timedelta(seconds=seconds)
        request = cache.plan(lookup(policy_id, domain), now)
        if request is not None:
            cache.take(request, fetch, now)
            if fetch is FETCHED:
                fetched[domain] = now
        state = cache.state(domain, now)
        expected = domain in fetched and now < fetched[domain] + WEEK
        assert (state.policy is not None) is expected
