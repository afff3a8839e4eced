"""Routing: which hosts take a domain's mail, in which order (RFC 5321 5.1, RFC 7505), as an Inquiry.

The rules:

* MX is asked first, and alone: only its answer says what to ask next.  Then A and AAAA of the most preferred hosts are
  asked, all at the same time, and those of the next preference only if none of them has an address.  So the time to
  the first byte is that of the look-ups which depend on each other, MX and address, and of one connection; a dead
  backup host never delays it.  ``more`` goes on where ``route`` stopped.
* Hosts of one preference come in random order, from a source of chance that is an argument.
* The domain's own address counts only where there is no MX record at all: never after a failure, never beside a record.
* Whatever does not help (aliases, IP addresses in place of names, private addresses, ourselves) is left out or
  followed, and noted; nothing is dropped without a note.

The values are in ``dns.routes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from itertools import chain, zip_longest
from typing import NamedTuple

from mailwright.dns.answer import Answer, Dnssec, Kind, Mx, Question, RecordType
from mailwright.dns.inquiry import Inquiry
from mailwright.dns.names import IpAddress, NameFault, check_name, is_ip_text, plain_ip, to_question_name
from mailwright.dns.reach import is_public
from mailwright.dns.routes import Chance, MailHost, Note, Routing, Verdict

#: MX records that are looked at, the most preferred first.  A response of 64 KB could hold some 3,000; the largest
#: providers publish about ten.
MOST_RECORDS = 100
#: Hosts whose addresses are asked in one step.
MOST_AT_ONCE = 16
#: Addresses that are kept of one host and family.
MOST_ADDRESSES = 16
#: Seconds that the route of an address literal may be kept: it never changes.
LITERAL_TTL = 86_400


@dataclass(frozen=True, slots=True)
class RoutingOptions:
    """How routes are chosen.

    families: IP versions that are used, in the order in which they take turns: (6, 4), (4, 6), (4,) or (6,).  Turns,
        so that a dead one costs one connection at most before the other is tried.
    private: allow addresses that are not of the public Internet, for labs and internal networks.
    own_names: names of ours, in the form of Question.name, and own_addresses: our IP addresses as others see them; a
        host of these is ourselves, and less preferred ones lead back to us.
    """

    families: tuple[int, ...] = (6, 4)
    private: bool = False
    own_names: frozenset[str] = frozenset()
    own_addresses: frozenset[IpAddress] = frozenset()


class _Plan(NamedTuple):
    """What the MX answer comes to: the records to ask for, and what is to be noted."""

    records: tuple[Mx, ...]
    notes: tuple[Note, ...] = ()


def route(domain: str, chance: Chance, options: RoutingOptions | None = None) -> Inquiry[Routing]:
    """Return where mail for ``domain`` goes; ``domain`` is a name as people write it, or an address literal."""
    options = options or RoutingOptions()
    if domain.startswith("["):
        return _literal_route(domain, options)
    try:
        name = to_question_name(domain)
    except NameFault:
        return Routing(domain, Verdict.NOT_A_DOMAIN)
    (answer,) = yield (Question(name, RecordType.MX),)
    begun = Routing(name, Verdict.DNS_FAILED, answers=(answer,), ttl=answer.ttl, dnssec=answer.dnssec, decisive=answer)
    if answer.aliases:
        begun = begun._replace(notes=(Note.DOMAIN_IS_ALIAS,))
    match answer.kind:
        case Kind.FOUND:
            return (yield from _route_records(begun, chance, options))
        case Kind.NODATA:
            return (yield from _route_implicit(begun, chance, options))
        case Kind.NXDOMAIN:
            # RFC 5321 5.1: a non-existent domain MUST be reported as an error.
            return begun._replace(verdict=Verdict.NO_SUCH_DOMAIN)
        case _:
            # RFC 5321 5.1: after a temporary error the message MUST be queued and retried later.
            return begun


def more(routing: Routing, chance: Chance, options: RoutingOptions | None = None) -> Inquiry[Routing]:
    """Return ``routing`` with the addresses of its next hosts; unchanged where ``routing.rest`` is empty."""
    if not routing.rest:
        return routing
    return (yield from _resolve(routing, chance, options or RoutingOptions()))


def _literal_route(domain: str, options: RoutingOptions) -> Routing:
    """Return the route of an address literal, which needs no DNS (RFC 5321 4.1.3, 5.1)."""
    inside = domain[1:-1] if domain.endswith("]") else ""
    try:
        v6 = inside[:5].lower() == "ipv6:" and "%" not in inside
        address: IpAddress = IPv6Address(inside[5:]) if v6 else IPv4Address(inside)
    except AddressValueError:
        return Routing(domain, Verdict.NOT_A_DOMAIN)
    if plain_ip(address) in options.own_addresses:
        return Routing(domain, Verdict.LOOPS_BACK, notes=(Note.CUT_AT_SELF,))
    if address.version not in options.families:
        return _to_literal(domain, Verdict.OTHER_FAMILY, Note.OTHER_FAMILY)
    if not options.private and not is_public(address):
        return _to_literal(domain, Verdict.MISCONFIGURED, Note.PRIVATE_ADDRESS)
    return Routing(domain, Verdict.ROUTABLE, (MailHost(domain, 0, (address,)),), ttl=LITERAL_TTL)


def _to_literal(domain: str, verdict: Verdict, note: Note) -> Routing:
    """Return the route of an address literal that cannot be used."""
    return Routing(domain, verdict, (MailHost(domain, 0, (), notes=(note,)),), ttl=LITERAL_TTL)


def _route_records(begun: Routing, chance: Chance, options: RoutingOptions) -> Inquiry[Routing]:
    """Go by the MX records: RFC 5321 5.1: with any, the domain's own addresses MUST NOT be used."""
    records = [record for record in begun.answers[0].records if isinstance(record, Mx)]
    hosts = [record for record in records if record.exchange]
    if not hosts:
        # RFC 7505 3: a single MX with preference 0 and the root as exchange: the domain takes no mail.
        odd = len(records) > 1 or any(record.preference for record in records)
        return begun._replace(verdict=Verdict.NULL_MX, notes=(*begun.notes, Note.ODD_NULL_MX) if odd else begun.notes)
    plan = _plan(hosts, options)
    # RFC 7505 3: a domain with a null MX MUST NOT have another one; whoever has is helped by the other.
    null = (Note.NULL_AMONG_OTHERS,) if len(hosts) < len(records) else ()
    begun = begun._replace(rest=plan.records, notes=(*begun.notes, *null, *plan.notes))
    if not plan.records:
        return begun._replace(verdict=Verdict.LOOPS_BACK)
    return (yield from _resolve(begun, chance, options))


def _plan(hosts: list[Mx], options: RoutingOptions) -> _Plan:
    """Return the records in order of preference, each host once, up to ourselves."""
    notes: list[Note] = []
    # The order of the answer must not count: by name, so that one seed always gives one order.
    records = sorted(dict.fromkeys(hosts))
    if len(records) > MOST_RECORDS:
        records = records[:MOST_RECORDS]
        notes.append(Note.TOO_MANY_RECORDS)
    first: dict[str, Mx] = {}
    for record in records:
        first.setdefault(record.exchange, record)
    if len(first) < len(records):
        notes.append(Note.REPEATED_HOST)
    own = min((record.preference for record in first.values() if record.exchange in options.own_names), default=None)
    # RFC 5321 5.1: finding itself in the list, a relay MUST drop its own preference and all less preferred ones.
    kept = tuple(record for record in first.values() if own is None or record.preference < own)
    if own is not None:
        notes.append(Note.CUT_AT_SELF)
    return _Plan(kept, tuple(notes))


def _route_implicit(begun: Routing, chance: Chance, options: RoutingOptions) -> Inquiry[Routing]:
    """RFC 5321 5.1: with an empty list of MXs the domain is its own host, with preference 0."""
    # RFC 5321 5.1: where a CNAME is found, the resulting name is processed as if it were the initial name.
    name = begun.answers[0].aliases[-1] if begun.answers[0].aliases else begun.domain
    begun = begun._replace(implicit=True, rest=(Mx(0, name),))
    if name in options.own_names:
        return begun._replace(verdict=Verdict.LOOPS_BACK, rest=(), notes=(*begun.notes, Note.CUT_AT_SELF))
    return (yield from _resolve(begun, chance, options))


def _resolve(routing: Routing, chance: Chance, options: RoutingOptions) -> Inquiry[Routing]:
    """Ask for addresses, one preference at a time, until a host has one or all are asked."""
    before = len(routing.usable)
    while routing.rest and len(routing.usable) == before:
        group, rest = _next_group(routing.rest, chance)
        questions = tuple(chain.from_iterable(_questions(record) for record in group))
        answers: tuple[Answer, ...] = ()
        if questions:
            answers = yield questions
        routing = _with_group(routing._replace(rest=rest), group, answers, options)
    return routing._replace(verdict=_verdict(routing), decisive=_decisive(routing))


def _next_group(rest: tuple[Mx, ...], chance: Chance) -> tuple[tuple[Mx, ...], tuple[Mx, ...]]:
    """Return the records of the next preference in random order, at most MOST_AT_ONCE, and those that remain."""
    equals = [record for record in rest if record.preference == rest[0].preference]
    others = rest[len(equals) :]
    # RFC 5321 5.1: among equals the sender MUST choose at random, to spread the load.
    chance.shuffle(equals)
    return tuple(equals[:MOST_AT_ONCE]), (*equals[MOST_AT_ONCE:], *others)


def _fault_of(exchange: str) -> Note | None:
    """Return what keeps a name from being asked for; None where nothing does."""
    # RFC 5321 5.1: an MX names a host; an address in its place is a name of the top-level domain "1".
    if is_ip_text(exchange) or ":" in exchange:
        return Note.IP_IN_PLACE_OF_NAME
    try:
        check_name(exchange)
    except NameFault:
        return Note.BAD_NAME
    return None


def _questions(record: Mx) -> tuple[Question, ...]:
    """Return what to ask about a host: both IP versions, since one that is not used tells why there is no route."""
    if _fault_of(record.exchange) is not None:
        return ()
    return Question(record.exchange, RecordType.A), Question(record.exchange, RecordType.AAAA)


def _with_group(routing: Routing, group: Sequence[Mx], answers: tuple[Answer, ...], options: RoutingOptions) -> Routing:
    """Return ``routing`` with the hosts of a group, made of their answers."""
    left = iter(answers)
    hosts = []
    for record in group:
        fault = _fault_of(record.exchange)
        if fault is None:
            hosts.append(_host(record, (next(left), next(left)), options))
        else:
            hosts.append(MailHost(record.exchange, record.preference, (), Kind.MALFORMED, (fault,)))
    ttl = min((answer.ttl for answer in answers), default=routing.ttl)
    routing = routing._replace(answers=(*routing.answers, *answers), ttl=min(routing.ttl, ttl))
    if any(_is_ours(answer, options) for answer in answers):
        # RFC 5321 5.1: ourselves again, known by address this time.
        before = tuple(host for host in routing.hosts if host.preference < group[0].preference)
        return routing._replace(hosts=before, rest=(), notes=(*routing.notes, Note.CUT_AT_SELF))
    return routing._replace(hosts=(*routing.hosts, *hosts))


def _is_ours(answer: Answer, options: RoutingOptions) -> bool:
    if not options.own_addresses:
        return False
    return any(plain_ip(address) in options.own_addresses for address in _addresses(answer))


def _addresses(answer: Answer) -> list[IpAddress]:
    return [ip_address(record) for record in answer.records if isinstance(record, str)]


def _host(record: Mx, answers: tuple[Answer, Answer], options: RoutingOptions) -> MailHost:
    """Return what the two address answers of one host come to."""
    notes: list[Note] = []
    # RFC 5321 5.1, RFC 2181 10.3: an MX must not name an alias; it is followed all the same.
    if any(answer.aliases for answer in answers):
        notes.append(Note.EXCHANGE_IS_ALIAS)
    usable = {4: _usable(answers[0], options, notes), 6: _usable(answers[1], options, notes)}
    if any(usable[family] for family in {4, 6}.difference(options.families)):
        notes.append(Note.OTHER_FAMILY)
    families = [usable[family] for family in options.families]
    addresses = tuple(address for turn in zip_longest(*families) for address in turn if address is not None)
    dnssec = _weakest([answer.dnssec for answer in answers])
    return MailHost(record.exchange, record.preference, addresses, _kind(answers), tuple(dict.fromkeys(notes)), dnssec)


def _usable(answer: Answer, options: RoutingOptions, notes: list[Note]) -> list[IpAddress]:
    """Return the addresses of an answer that may be used, and note why others may not."""
    addresses = _addresses(answer)
    public = [address for address in addresses if options.private or is_public(address)]
    if len(public) < len(addresses):
        notes.append(Note.PRIVATE_ADDRESS)
    if len(public) > MOST_ADDRESSES:
        notes.append(Note.TOO_MANY_ADDRESSES)
    return public[:MOST_ADDRESSES]


#: What a host's answers come to, the first that one of them is: an address, a failure, an absence.
_WEIGHT = (
    Kind.FOUND,
    Kind.SERVFAIL,
    Kind.REFUSED,
    Kind.MALFORMED,
    Kind.TIMEOUT,
    Kind.UNREACHABLE,
    Kind.NODATA,
    Kind.NXDOMAIN,
)


def _kind(answers: Sequence[Answer]) -> Kind:
    return min((answer.kind for answer in answers), key=_WEIGHT.index)


def _weakest(states: Sequence[Dnssec]) -> Dnssec:
    """Return the state of several answers together: bogus if one is, secure only if all are."""
    for state in (Dnssec.BOGUS, Dnssec.UNKNOWN, Dnssec.INSECURE):
        if state in states:
            return state
    return Dnssec.SECURE


def _verdict(routing: Routing) -> Verdict:
    if routing.usable:
        return Verdict.ROUTABLE
    if Note.CUT_AT_SELF in routing.notes and not routing.hosts:
        return Verdict.LOOPS_BACK
    # A host that could not be looked up may be there: RFC 5321 5.1, a temporary error.
    if _failure(routing) is not None:
        return Verdict.DNS_FAILED
    if any(Note.OTHER_FAMILY in host.notes for host in routing.hosts):
        return Verdict.OTHER_FAMILY
    if routing.implicit and not any(host.kind is Kind.FOUND for host in routing.hosts):
        return Verdict.NO_MAIL_HOST
    # RFC 5321 5.1: MX records of which none is usable MUST be reported as an error.
    return Verdict.MISCONFIGURED


def _failure(routing: Routing) -> Answer | None:
    """Return the first answer that failed; None where all told something."""
    return next((answer for answer in routing.answers if not answer.tells), None)


def _decisive(routing: Routing) -> Answer | None:
    """Return the answer that the verdict rests on: a failure that left no route, else the MX answer."""
    return routing.answers[0] if routing.usable else _failure(routing) or routing.answers[0]
