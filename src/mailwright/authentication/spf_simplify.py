"""SPF records mended: one that needs too much made into one that lets the same clients pass, and fits.

``simplify`` works in this order.  What has no effect goes, and what does harm.  Networks are merged.  Only then, and
only as far as needed, are host names and includes replaced by the addresses that they stand for now ("flattened"),
which is right until one of them changes and nobody notices.  Networks that do not fit move into records of their own.
The advice says what was done and what it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from mailwright.authentication.spf_publish import collapsed, ip_term
from mailwright.authentication.spf_record import parse_domain_spec
from mailwright.authentication.spf_survey import Network, SpfSurvey, SurveyNode, SurveyTerm
from mailwright.authentication.spf_terms import (
    VERSION,
    A,
    All,
    Include,
    Ip4,
    Ip6,
    Mechanism,
    Modifier,
    Mx,
    Ptr,
    Qualifier,
    Redirect,
    SpfRecord,
)
from mailwright.authentication.spf_verdict import SpfProblem

#: Terms that need look-ups (RFC 7208 4.6.4).
MOST_LOOK_UPS = 10
#: Octets of a record, so that the answer fits into 512 octets with the rest of it (RFC 7208 3.4).
WISE_OCTETS = 450


class SpfLimits(NamedTuple):
    """What a record should keep to: look-ups in all, and octets of each record."""

    look_ups: int = MOST_LOOK_UPS
    octets: int = WISE_OCTETS


class ChangeKind(StrEnum):
    """What was done to a record."""

    UNREACHABLE = "unreachable"  # what stands after all, or a redirect= beside all, was dropped: it had no effect
    DUPLICATE = "duplicate"  # what stood before in the same words was dropped
    BROKEN = "broken"  # an include of a domain without record was dropped: it made every check a permerror
    VOID = "void"  # a name where nothing is found was dropped: it matched nothing, and counted as void
    PTR = "ptr"  # ptr was dropped: slow, unreliable, not to be used (RFC 7208 5.5); what only it let pass fails now
    MERGED = "merged"  # networks that touch or hold one another became fewer
    FLATTENED = "flattened"  # a name was replaced by its addresses; it goes stale when they change
    MOVED = "moved"  # networks went into a record of their own, at the cost of one look-up


class SpfChange(NamedTuple):
    """One change.  kind: what was done.  dropped, put: the terms that went, and those that came in their place."""

    kind: ChangeKind
    dropped: tuple[str, ...]
    put: tuple[str, ...] = ()


class SpfAdvice(NamedTuple):
    """A record in place of another.

    record: to be published at the domain.  parts: further records, with their names.  changes: what was done, in order.
    look_ups_before, look_ups: what both need.  stale: names that were flattened: as soon as an address of theirs
    changes, the record must be made anew.  fits: it keeps to the limits for sure; False where no more can be done by
    itself, or the survey is not complete.
    """

    record: SpfRecord
    parts: tuple[tuple[str, SpfRecord], ...]
    changes: tuple[SpfChange, ...]
    look_ups_before: int
    look_ups: int
    stale: tuple[str, ...]
    fits: bool


def simplify(survey: SpfSurvey, limits: SpfLimits | None = None) -> SpfAdvice:
    """Return a record that lets the same clients pass as the surveyed one, within ``limits`` where that can be had.

    survey: with addresses, else no host name can be flattened.  Raises ValueError where it holds no record.
    """
    record = survey.node.record
    if record is None:
        raise ValueError(f"{survey.node.domain}: there is no record to simplify: {survey.node.problem}")
    work = _Work(survey, record, limits or SpfLimits())
    work.tidy()
    work.merge()
    if work.flatten():
        work.merge()
    work.move()
    return work.advice()


def passing_networks(node: SurveyNode | None) -> list[Network] | None:
    """Return the networks that an include of ``node`` lets through; None where they are not known, or not all of it.

    What another qualifier than "+" says is no match for an include, but would take networks away from what follows it.
    """
    if node is None or node.record is None:
        return None
    found: list[Network] = []
    taken_away = False
    for known in node.terms:
        if not isinstance(known.term, Redirect) and known.term.qualifier is not Qualifier.PASS:
            if isinstance(known.term, All):
                return found
            taken_away = True
            continue
        networks = _networks_of(known)
        if networks is None or taken_away:
            return None
        found += networks
    return found


def _networks_of(known: SurveyTerm) -> list[Network] | None:
    """Return all networks that a term matches; None where they cannot be listed."""
    if isinstance(known.term, Include | Redirect):
        return passing_networks(known.node)
    if isinstance(known.term, Ip4 | Ip6 | A | Mx) and known.whole:
        return list(known.networks)
    return None


class _Item(NamedTuple):
    """A term in the new record.  look_ups: what it needs.  known: what the survey says; None for what was put there."""

    term: Mechanism | Redirect
    look_ups: int
    known: SurveyTerm | None = None

    @property
    def qualifier(self) -> Qualifier | None:
        """What it says where it matches; None for redirect=."""
        return None if isinstance(self.term, Redirect) else self.term.qualifier

    @property
    def network(self) -> Network | None:
        """The network of an ip4 or ip6; None for all others."""
        return self.term.network if isinstance(self.term, Ip4 | Ip6) else None


class _Work:
    """A record being simplified."""

    def __init__(self, survey: SpfSurvey, record: SpfRecord, limits: SpfLimits) -> None:
        self.survey = survey
        self.old = record
        self.limits = limits
        self.items = [_Item(known.term, known.look_ups, known) for known in survey.node.terms]
        self.parts: list[tuple[str, SpfRecord]] = []
        self.changes: list[SpfChange] = []
        self.stale: list[str] = []

    @property
    def look_ups(self) -> int:
        """What the record needs as it is."""
        return sum(item.look_ups for item in self.items)

    @property
    def record(self) -> SpfRecord:
        """The record as it is; modifiers beside redirect= stay as they were."""
        others = (term for term in self.old.terms if isinstance(term, Modifier) and not isinstance(term, Redirect))
        return SpfRecord((*(item.term for item in self.items), *others))

    def tidy(self) -> None:
        """Drop what has no effect, and what does harm."""
        reached = {id(item.term) for item in self.items}
        idle = [term for term in self.old.terms if isinstance(term, Mechanism | Redirect) and id(term) not in reached]
        self._changed(ChangeKind.UNREACHABLE, map(str, idle))
        kept: dict[str, _Item] = {}
        dropped: dict[ChangeKind, list[str]] = {}
        for item in self.items:
            # The first of two terms that match alike decides, whatever the second would say.
            bare = str(item.term).lstrip("+-~?")
            kind = ChangeKind.DUPLICATE if bare in kept else _harm(item)
            if kind is None:
                kept[bare] = item
            else:
                dropped.setdefault(kind, []).append(str(item.term))
        for kind, words in dropped.items():
            self._changed(kind, words)
        self.items = list(kept.values())

    def merge(self) -> None:
        """Make the networks of neighbours that say the same as few as can be, and put them before the others.

        Among neighbours that say the same the order does not matter.
        """
        items: list[_Item] = []
        for qualifier, run in groupby(self.items, key=lambda item: item.qualifier):
            members = list(run)
            networks = [item.network for item in members if item.network is not None]
            merged = collapsed(networks)
            if qualifier is None or len(merged) == len(networks):
                items += members
                continue
            old, new, seen = set(networks), set(merged), set[Network]()
            gone: list[Network] = []
            for network in networks:
                # What stood twice is named too: one of the two went.
                if network not in new or network in seen:
                    gone.append(network)
                seen.add(network)
            come = [network for network in merged if network not in old]
            self._changed(ChangeKind.MERGED, _words(qualifier, gone), _words(qualifier, come))
            items += [_Item(ip_term(qualifier, network), 0) for network in merged]
            items += [item for item in members if item.network is None]
        self.items = items

    def flatten(self) -> bool:
        """Replace names by addresses until the look-ups are few enough; return whether anything was replaced."""
        excess = self.look_ups - self.limits.look_ups
        chosen: dict[int, list[Network]] = {}
        for place, networks in sorted(self._choices(), key=self._dearness) if excess > 0 else ():
            if excess <= 0:
                break
            excess -= self.items[place].look_ups
            chosen[place] = networks
        items: list[_Item] = []
        for place, item in enumerate(self.items):
            if place not in chosen:
                items.append(item)
                continue
            qualifier = item.qualifier or Qualifier.PASS
            items += [_Item(ip_term(qualifier, network), 0) for network in chosen[place]]
            self._changed(ChangeKind.FLATTENED, [str(item.term)], _words(qualifier, chosen[place]))
            self.stale.append(_target(item))
        self.items = items
        return bool(chosen)

    def _choices(self) -> Iterator[tuple[int, list[Network]]]:
        """Yield the places of terms that can be flattened, and what they become."""
        for place, item in enumerate(self.items):
            if item.known is None or not isinstance(item.term, A | Mx | Include):
                continue
            networks = _networks_of(item.known)
            if networks is not None:
                yield place, collapsed(networks)

    def _dearness(self, choice: tuple[int, list[Network]]) -> tuple[bool, float]:
        """Return what flattening costs: the domain's own hosts are first, then what adds fewest octets a look-up.

        Whoever runs the domain knows when its own hosts move, and does not when a provider's do.
        """
        place, networks = choice
        item = self.items[place]
        own = f".{_target(item)}".endswith(f".{self.survey.node.domain}") and not isinstance(item.term, Include)
        return not own, sum(len(word) + 1 for word in _words(Qualifier.PASS, networks)) / item.look_ups

    def move(self) -> None:
        """Move networks into records of their own until the record is short enough."""
        excess = len(str(self.record)) - self.limits.octets
        runs = [list(run) for _, run in groupby(enumerate(self.items), key=lambda pair: pair[1].qualifier)]
        movable = [[place for place, item in run if item.network is not None] for run in runs]
        places = max(movable, key=len, default=[])
        qualifier = self.items[places[0]].qualifier if places else None
        if excess <= 0 or qualifier is None:
            return
        packs = self._packs(places, excess, qualifier)
        moved = {place for pack in packs for place in pack}
        includes = [self._part(qualifier, pack) for pack in packs]
        before = self.items[: places[0]]
        after = [item for place, item in enumerate(self.items) if place >= places[0] and place not in moved]
        self.items = before + includes + after

    def _packs(self, places: list[int], excess: int, qualifier: Qualifier) -> list[list[int]]:
        """Return which networks go into which further record, so that ``excess`` octets go from this one."""
        packs: list[list[int]] = []
        room = 0
        for place in reversed(places):
            if excess <= 0:
                break
            size = len(str(self.items[place].term)) + 1
            bare = size - len(qualifier.written)
            if bare > room:
                room = self.limits.octets - len(VERSION)
                packs.append([])
                excess += len(str(self._include(qualifier, len(packs)))) + 1
            packs[-1].insert(0, place)
            room -= bare
            excess -= size
        return packs

    def _include(self, qualifier: Qualifier, number: int) -> Include:
        """Return the include of the further record with ``number``."""
        return Include(qualifier, parse_domain_spec(f"_spf{number}.{self.survey.node.domain}"))

    def _part(self, qualifier: Qualifier, pack: list[int]) -> _Item:
        """Keep a further record with the networks at the places of ``pack``; return its include."""
        include = self._include(qualifier, len(self.parts) + 1)
        networks = [network for place in pack if (network := self.items[place].network) is not None]
        record = SpfRecord(tuple(ip_term(Qualifier.PASS, network) for network in networks))
        self.parts.append((str(include.domain), record))
        self._changed(ChangeKind.MOVED, _words(qualifier, networks), [str(include)])
        return _Item(include, 1)

    def _changed(self, kind: ChangeKind, dropped: Iterable[str], put: Iterable[str] = ()) -> None:
        """Note a change, unless nothing was dropped."""
        words = tuple(dropped)
        if words:
            self.changes.append(SpfChange(kind, words, tuple(put)))

    def advice(self) -> SpfAdvice:
        """Return what came of it."""
        record, parts = self.record, tuple(self.parts)
        longest = max(len(str(one)) for one in (record, *(part for _, part in parts)))
        fits = self.survey.complete and self.look_ups <= self.limits.look_ups and longest <= self.limits.octets
        return SpfAdvice(
            record, parts, tuple(self.changes), self.survey.look_ups, self.look_ups, tuple(self.stale), fits
        )


def _harm(item: _Item) -> ChangeKind | None:
    """Return why ``item`` should go; None where it should stay."""
    known = item.known
    if isinstance(item.term, Ptr):
        return ChangeKind.PTR
    if isinstance(item.term, A | Mx) and known is not None and known.void:
        return ChangeKind.VOID
    if isinstance(item.term, Include) and known is not None and known.node is not None:
        return ChangeKind.BROKEN if known.node.problem in (SpfProblem.NO_RECORD, SpfProblem.BAD_DOMAIN) else None
    return None


def _target(item: _Item) -> str:
    """Return the name behind ``item``; "" where it is not known."""
    return item.known.target or "" if item.known is not None else ""


def _words(qualifier: Qualifier, networks: Iterable[Network]) -> list[str]:
    return [str(ip_term(qualifier, network)) for network in networks]
