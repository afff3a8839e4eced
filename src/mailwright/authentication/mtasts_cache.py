"""The policies of MTA-STS that were fetched, by domain: bounded, with the time as an argument (RFC 8461 3.3, 5.1).

An attacker who can suppress DNS or HTTPS must gain nothing by it, so a policy leaves the cache only when it has
expired, when a newer one is fetched, or when the cache is full and it was the one not used for longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from mailwright.authentication.mtasts import (
    REFRESH_AFTER,
    CachedPolicy,
    FailedFetch,
    FetchPolicy,
    PolicyFetch,
    RecordLookup,
    RecordStatus,
    StsState,
    next_fetch,
    take_fetch,
)

#: Policies and patterns together that are kept: about 20 MB, and the domains of a large sender.
MOST_KEPT = 100_000
#: Failed fetches that are remembered.
MOST_FAILURES = 10_000


class PolicyCache:
    """Policies by domain, least recently used first.

    For a delivery: ``plan`` says what to fetch, if anything; then ``take`` what became of it, or ``state`` where
    nothing was to be fetched.  ``due`` names what to refresh in the background.  ``load`` and ``entries`` carry the
    policies over a restart.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        """Begin empty; ``most``: policies and patterns together that are kept."""
        self._most = most
        self._weight = 0
        self._policies: dict[str, CachedPolicy] = {}
        self._failures: dict[str, FailedFetch] = {}

    def __len__(self) -> int:
        """Return how many policies are kept, in force or not."""
        return len(self._policies)

    def state(self, domain: str, now: datetime) -> StsState:
        """Return how MTA-STS stands for ``domain`` by what is kept: the policy in force, and the last fault."""
        cached = self._policies.get(domain)
        if cached is not None:
            if not cached.in_force(now):
                cached = None
            else:
                # Used last: at the end of the line.
                self._policies[domain] = self._policies.pop(domain)
        failed = self._failures.get(domain)
        return StsState(cached, failed.fault if failed else None)

    def plan(self, lookup: RecordLookup, now: datetime) -> FetchPolicy | None:
        """Return what to fetch for the domain of ``lookup``; None where nothing is to be fetched."""
        if lookup.status is RecordStatus.NONE:
            # A domain that has left MTA-STS has no faults in it any more.
            self._failures.pop(lookup.domain, None)
        return next_fetch(lookup, self._policies.get(lookup.domain), self._failures.get(lookup.domain), now)

    def take(self, request: FetchPolicy, fetch: PolicyFetch, now: datetime) -> StsState:
        """Keep what became of a fetch made at ``now``; return how MTA-STS stands for the domain."""
        state = take_fetch(request, fetch, self._policies.get(request.domain), now)
        self._failures.pop(request.domain, None)
        if state.fault is not None:
            self._failures[request.domain] = FailedFetch(request.id, now, state.fault)
            if len(self._failures) > MOST_FAILURES:
                del self._failures[next(iter(self._failures))]
        elif state.policy is not None:
            self._keep(state.policy)
        return state

    def due(self, now: datetime) -> Iterator[str]:
        """Yield the domains whose policy is in force and was not fetched for a day: time to look anew.

        RFC 8461 3.3: proactively, before it expires, so that nobody gains by suppressing the next fetch.
        """
        for domain, cached in self._policies.items():
            if cached.in_force(now) and now >= cached.fetched + REFRESH_AFTER:
                yield domain

    def drop_expired(self, now: datetime) -> int:
        """Forget policies that are no longer in force; return how many they were."""
        expired = [domain for domain, cached in self._policies.items() if not cached.in_force(now)]
        for domain in expired:
            self._forget(domain)
        return len(expired)

    def load(self, entries: Iterable[CachedPolicy]) -> None:
        """Keep policies that were kept elsewhere; of two for one domain the one fetched last."""
        for entry in entries:
            known = self._policies.get(entry.domain)
            if known is None or known.fetched < entry.fetched:
                self._keep(entry)

    def entries(self) -> tuple[CachedPolicy, ...]:
        """Return all policies kept, least recently used first."""
        return tuple(self._policies.values())

    def _keep(self, entry: CachedPolicy) -> None:
        """Keep one policy, and let go of those not used for longest until all fit."""
        self._forget(entry.domain)
        self._policies[entry.domain] = entry
        self._weight += _weight_of(entry)
        while self._weight > self._most and len(self._policies) > 1:
            self._forget(next(iter(self._policies)))

    def _forget(self, domain: str) -> None:
        """Let go of the policy of ``domain``, if there is one."""
        entry = self._policies.pop(domain, None)
        if entry is not None:
            self._weight -= _weight_of(entry)


def _weight_of(entry: CachedPolicy) -> int:
    """Return what an entry counts against the limit."""
    return 1 + len(entry.policy.patterns)
