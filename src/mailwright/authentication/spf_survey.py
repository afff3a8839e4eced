"""What an SPF record needs as a whole, whoever sends: all records that it leads to, and the look-ups of each term.

An evaluation ends at the first match and at the eleventh look-up, so it does not tell how many there would be.
``survey`` follows every include and redirect, level by level, and counts; with ``addresses`` it also finds the networks
behind a and mx.  It is bounded, cuts circles, and says where it could not see to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from mailwright.authentication.spf_macros import MacroString, MacroValues, expand_name
from mailwright.authentication.spf_names import VOID, in_a_labels, is_askable, is_domain
from mailwright.authentication.spf_plan import Unusable, plan_of
from mailwright.authentication.spf_record import parse_record
from mailwright.authentication.spf_terms import A, Include, Ip4, Ip6, LookingUp, Mechanism, Mx, Redirect, SpfRecord
from mailwright.authentication.spf_verdict import SpfProblem
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.answer import Mx as MxRecord
from mailwright.dns.inquiry import Inquiry

#: Terms that need look-ups, and so records, that are counted; ten times what an evaluation allows (RFC 7208 4.6.4).
MOST_COUNTED = 100
#: Questions about addresses.
MOST_ADDRESS_QUESTIONS = 200
#: MX hosts of one mx; more are a permerror (RFC 7208 4.6.4).
MOST_MX = 10
#: Addresses of one term; more are passed over, and the term is then not whole.
MOST_NETWORKS = 256

Network = IPv4Network | IPv6Network


class SurveyTerm(NamedTuple):
    """A mechanism, or the redirect=, that can be reached.

    term, word: what it is, and as written.  look_ups: what it needs, with all that it leads to.  target: the name that
    it asks for; None where it asks for none, or where that depends on the message.  node: the record that it leads to;
    None where it leads to none, or was not followed.  networks: what it matches, as far as is known: of ip4 and ip6,
    and with ``addresses`` of a and mx.  whole: ``networks`` is all that it matches.  void: nothing was found at
    ``target``.
    """

    term: Mechanism | Redirect
    word: str
    look_ups: int
    target: str | None
    node: SurveyNode | None
    networks: tuple[Network, ...]
    whole: bool
    void: bool


class SurveyNode(NamedTuple):
    """A record.

    domain: where it stands.  record: None where there is none that can be used, for which see ``problem``.  text: as
    written; "" without.  terms: in order, the redirect= last.  look_ups: what they need together.
    """

    domain: str
    record: SpfRecord | None
    text: str
    terms: tuple[SurveyTerm, ...]
    look_ups: int
    problem: SpfProblem | None


class SpfSurvey(NamedTuple):
    """A record and all that it leads to.

    node: the record.  look_ups: how many an evaluation needs that nothing ends early.  complete: False where there may
    be more, as a record could not be fetched, or depends on the message, or the survey reached its own limits.
    circles: domains that lead back to themselves.
    """

    node: SurveyNode
    look_ups: int
    complete: bool
    circles: tuple[str, ...]

    def nodes(self) -> Iterator[SurveyNode]:
        """Yield all records, each before those that it leads to."""
        waiting = [self.node]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(term.node for term in reversed(node.terms) if term.node is not None)


def count_lookups(domain: str) -> Inquiry[SpfSurvey]:
    """Return the survey of ``domain`` without addresses: two or three steps of questions for most domains."""
    return survey(domain, addresses=False)


def survey(domain: str, *, addresses: bool = True) -> Inquiry[SpfSurvey]:
    """Return what the record of ``domain`` needs and leads to; asks about ``addresses`` of a and mx where wanted."""
    surveyor = _Surveyor(in_a_labels(domain))
    yield from surveyor.follow()
    if addresses:
        yield from surveyor.find_addresses()
    return surveyor.result()


@dataclass(slots=True)
class _Place:
    """A term in the making."""

    term: Mechanism | Redirect
    word: str
    target: str | None
    child: _Draft | None = None
    names: int = 0
    networks: list[Network] = field(default_factory=list)
    whole: bool = False
    void: bool = False


@dataclass(slots=True)
class _Draft:
    """A record in the making.  above: the domains that led to it."""

    domain: str
    above: frozenset[str]
    record: SpfRecord | None = None
    text: str = ""
    places: list[_Place] = field(default_factory=list)
    problem: SpfProblem | None = None


class _Surveyor:
    """The survey in the making."""

    def __init__(self, domain: str) -> None:
        self.root = _Draft(domain, frozenset((domain,)))
        self.counted = 0
        self.complete = True
        self.circles: dict[str, None] = {}
        self.asks_name = False
        self.asking: list[_Place] = []

    def follow(self) -> Inquiry[None]:
        """Fetch all records, those of one level at the same time."""
        level = [self.root]
        while level:
            askable = [draft for draft in level if is_domain(draft.domain)]
            for draft in level:
                draft.problem = None if is_domain(draft.domain) else SpfProblem.BAD_DOMAIN
            if not askable:
                return
            answers = yield tuple(Question(draft.domain, RecordType.TXT) for draft in askable)
            level = []
            for draft, answer in zip(askable, answers, strict=True):
                self._read(draft, answer)
                level.extend(place.child for place in draft.places if place.child is not None)

    def _read(self, draft: _Draft, answer: Answer) -> None:
        """Take the record out of ``answer`` and place its terms."""
        plan = plan_of(answer)
        if isinstance(plan, Unusable):
            draft.problem, draft.text = plan.problem, plan.text or ""
            self.complete = self.complete and plan.problem is not SpfProblem.DNS
            return
        draft.text = plan.text
        draft.record = parse_record(plan.text)
        for term, word in draft.record.reached:
            if not self._place(draft, term, word):
                return

    def _place(self, draft: _Draft, term: Mechanism | Redirect, word: str) -> bool:
        """Append ``term`` to ``draft``; return False where the limit was reached instead."""
        if isinstance(term, Ip4 | Ip6):
            draft.places.append(_Place(term, word, None, networks=[term.network], whole=True))
            return True
        if not isinstance(term, LookingUp):
            draft.places.append(_Place(term, word, None))
            return True
        if self.counted >= MOST_COUNTED:
            self.complete = False
            return False
        self.counted += 1
        place = _Place(term, word, self._target(term.domain, draft.domain))
        if not self.asks_name and term.domain is not None and "p" in term.domain.letters:
            # The first %{p} counts as one more; see spf.py.
            self.asks_name, place.names = True, 1
        draft.places.append(place)
        if isinstance(term, Include | Redirect):
            self._lead(draft, place)
        elif isinstance(term, A | Mx):
            self.asking.append(place)
        return True

    def _lead(self, draft: _Draft, place: _Place) -> None:
        """See where an include or a redirect leads."""
        if place.target is None:
            self.complete = False
        elif place.target in draft.above:
            self.complete = False
            self.circles[place.target] = None
        else:
            place.child = _Draft(place.target, draft.above | {place.target})

    def _target(self, spec: MacroString | None, domain: str) -> str | None:
        """Return the name that ``spec`` means for every message from the surveyed domain; None where it differs."""
        if spec is None:
            return domain
        if not spec.letters <= {"d", "o"}:
            return None
        return expand_name(spec, MacroValues(IPv4Address(0), "", self.root.domain, domain, ""))

    def find_addresses(self) -> Inquiry[None]:
        """Find the networks of all a and mx, in two steps."""
        places = [place for place in self.asking if place.target is not None and is_askable(place.target)]
        exchanges = dict.fromkeys(place.target or "" for place in places if isinstance(place.term, Mx))
        asked = tuple(Question(name, RecordType.MX) for name in exchanges)
        answers = (yield asked) if asked else ()
        hosts = dict(zip(exchanges, map(_hosts, answers), strict=True))
        wanted: dict[Question, None] = {}
        for place in places:
            for name in hosts.get(place.target or "", ()) if isinstance(place.term, Mx) else (place.target or "",):
                wanted[Question(name, RecordType.A)] = None
                wanted[Question(name, RecordType.AAAA)] = None
        questions = tuple(wanted)[:MOST_ADDRESS_QUESTIONS]
        found = dict(zip(questions, (yield questions) if questions else (), strict=True))
        kinds = dict(zip(exchanges, (answer.kind for answer in answers), strict=True))
        for place in places:
            target = place.target or ""
            if isinstance(place.term, Mx):
                names = hosts[target]
                place.void = kinds[target] in VOID
                _fill(place, place.term, names, found)
                place.whole = place.whole and kinds[target] in (Kind.FOUND, *VOID) and len(names) <= MOST_MX
            elif isinstance(place.term, A):
                _fill(place, place.term, (target,), found)

    def result(self) -> SpfSurvey:
        """Return what was found, as values."""
        node = _node(self.root)
        return SpfSurvey(node, node.look_ups, self.complete, tuple(self.circles))


def _hosts(answer: Answer) -> tuple[str, ...]:
    """Return the MX hosts of ``answer`` that can be asked for, one more than are allowed at most."""
    names = dict.fromkeys(record.exchange for record in answer.records if isinstance(record, MxRecord))
    return tuple(name for name in names if is_askable(name))[: MOST_MX + 1]


def _fill(place: _Place, term: A | Mx, names: tuple[str, ...], found: dict[Question, Answer]) -> None:
    """Put the networks of all ``names`` into ``place``."""
    answers = [found.get(Question(name, kind)) for name in names for kind in (RecordType.A, RecordType.AAAA)]
    place.void = place.void or (bool(answers) and all(answer is not None and answer.kind in VOID for answer in answers))
    place.whole = all(answer is not None and answer.tells for answer in answers)
    for answer in answers:
        for record in answer.records if answer is not None else ():
            network = _network(record, term) if isinstance(record, str) else None
            if network is None or len(place.networks) >= MOST_NETWORKS:
                place.whole = False
            else:
                place.networks.append(network)


def _network(address: str, term: A | Mx) -> Network | None:
    """Return the network that ``term`` makes of ``address``; None where it is none."""
    try:
        host = ip_network(address)
    except ValueError:
        return None
    return host.supernet(new_prefix=term.prefix4 if host.version == 4 else term.prefix6)


def _node(draft: _Draft) -> SurveyNode:
    """Return ``draft`` as a value.  No deeper than MOST_COUNTED."""
    terms = tuple(map(_term, draft.places))
    return SurveyNode(
        draft.domain, draft.record, draft.text, terms, sum(term.look_ups for term in terms), draft.problem
    )


def _term(place: _Place) -> SurveyTerm:
    node = _node(place.child) if place.child is not None else None
    own = 1 + place.names if isinstance(place.term, LookingUp) else 0
    look_ups = own + (node.look_ups if node is not None else 0)
    return SurveyTerm(
        place.term, place.word, look_ups, place.target, node, tuple(place.networks), place.whole, place.void
    )
