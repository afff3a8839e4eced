"""Routes: what MX routing comes to, and the memory of it.

RouteMemory keeps routes by domain until their time is over, and shuffles the hosts of one preference each time, so
that the load is spread (RFC 5321 5.1) without asking or thinking again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import MutableSequence
from enum import StrEnum
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from mailwright.dns.answer import Answer, Dnssec, Kind, Mx
from mailwright.dns.names import IpAddress

#: Domains that are remembered.
MOST_ROUTES = 20_000


class Chance(Protocol):
    """A source of chance: ``random.Random`` is one."""

    def shuffle(self, x: MutableSequence[Any], /) -> None:
        """Bring ``x`` into random order, in place."""
        ...


class Verdict(StrEnum):
    """What became of the search for a domain's mail hosts."""

    ROUTABLE = "routable"  # at least one host with an address
    NULL_MX = "null-mx"  # the domain says that it takes no mail (RFC 7505)
    NO_MAIL_HOST = "no-mail-host"  # the domain exists, with neither MX nor address
    NO_SUCH_DOMAIN = "no-such-domain"  # the domain does not exist
    DNS_FAILED = "dns-failed"  # temporary: a look-up failed on which it depends
    MISCONFIGURED = "misconfigured"  # its records lead to no host that could take mail
    OTHER_FAMILY = "other-family"  # its hosts have addresses, of an IP version that is not used here
    LOOPS_BACK = "loops-back"  # the best host is ourselves
    NOT_A_DOMAIN = "not-a-domain"  # the text is neither a domain name nor an address literal


class Note(StrEnum):
    """What is odd about a route or a host, without being decisive."""

    DOMAIN_IS_ALIAS = "domain-is-alias"  # a CNAME led to where the MX is; allowed
    ODD_NULL_MX = "odd-null-mx"  # a null MX with a preference, or twice (RFC 7505 3)
    NULL_AMONG_OTHERS = "null-among-others"  # a null MX beside others, which MUST NOT be (RFC 7505 3); it is ignored
    TOO_MANY_RECORDS = "too-many-records"  # the least preferred MX records were left out
    REPEATED_HOST = "repeated-host"  # a host stands there twice; its better preference counts
    CUT_AT_SELF = "cut-at-self"  # we are one of the hosts: our preference and all behind it were left out
    EXCHANGE_IS_ALIAS = "exchange-is-alias"  # the host is a CNAME, which it must not be (RFC 2181 10.3); followed
    IP_IN_PLACE_OF_NAME = "ip-in-place-of-name"  # the host is an IP address as text; unusable
    BAD_NAME = "bad-name"  # the host's name cannot be asked for; unusable
    PRIVATE_ADDRESS = "private-address"  # an address that is not of the public Internet; left out unless allowed
    OTHER_FAMILY = "other-family"  # addresses of an IP version that is not used; left out
    TOO_MANY_ADDRESSES = "too-many-addresses"  # further addresses were left out


class MailHost(NamedTuple):
    """A host that takes a domain's mail.

    name: in the form of Question.name, or an address literal.
    addresses: in the order in which to try them, IP versions taking turns; empty where there is nothing to try.
    kind: FOUND where it has addresses in DNS, usable or not; else why it has none.
    dnssec: of its address answers together.
    """

    name: str
    preference: int
    addresses: tuple[IpAddress, ...]
    kind: Kind = Kind.FOUND
    notes: tuple[Note, ...] = ()
    dnssec: Dnssec = Dnssec.UNKNOWN


class Routing(NamedTuple):
    """Where a domain's mail goes.

    domain: in the form of Question.name; as given for an address literal and for what is no domain.
    hosts: all whose addresses were asked, in the order in which to try them, also those without an address.
    implicit: there is no MX, the domain is its own host.
    answers: everything that DNS said, the MX answer first.
    ttl: seconds for which this holds: the shortest of all answers.
    dnssec: of the MX answer.
    decisive: the answer that the verdict rests on; None where DNS was not asked.
    rest: less preferred hosts whose addresses were not asked for; ``routing.more`` asks.
    """

    domain: str
    verdict: Verdict
    hosts: tuple[MailHost, ...] = ()
    implicit: bool = False
    answers: tuple[Answer, ...] = ()
    ttl: int = 0
    dnssec: Dnssec = Dnssec.UNKNOWN
    decisive: Answer | None = None
    notes: tuple[Note, ...] = ()
    rest: tuple[Mx, ...] = ()

    @property
    def usable(self) -> tuple[MailHost, ...]:
        """The hosts that have an address."""
        return tuple(host for host in self.hosts if host.addresses)


class _Kept(NamedTuple):
    """A route in memory; groups: its hosts by preference, empty where there is nothing to shuffle."""

    routing: Routing
    until: float
    groups: tuple[tuple[MailHost, ...], ...]


class RouteMemory:
    """Remembers routes by domain."""

    def __init__(self, most: int = MOST_ROUTES) -> None:
        """Begin empty; ``most`` domains are kept, the longest unused go first."""
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def __len__(self) -> int:
        """Return how many domains are remembered."""
        return len(self._kept)

    def get(self, domain: str, now: float, chance: Chance) -> Routing | None:
        """Return the route of ``domain`` (``Routing.domain``), equals in a new order; None where none is known.

        now: seconds of a monotonic clock.
        """
        kept = self._kept.get(domain)
        if kept is None:
            return None
        if now >= kept.until:
            del self._kept[domain]
            return None
        self._kept.move_to_end(domain)
        if not kept.groups:
            return kept.routing
        hosts: list[MailHost] = []
        for group in kept.groups:
            if len(group) == 1:
                hosts.append(group[0])
                continue
            equals = list(group)
            chance.shuffle(equals)
            hosts += equals
        return kept.routing._replace(hosts=tuple(hosts))

    def put(self, routing: Routing, now: float) -> None:
        """Remember a route for its TTL; one that replaces another, as ``more`` makes it, lasts no longer than that."""
        if routing.ttl <= 0:
            return
        until = now + routing.ttl
        old = self._kept.pop(routing.domain, None)
        if old is not None and now < old.until and len(old.routing.answers) < len(routing.answers):
            until = min(until, old.until)
        groups = tuple(tuple(group) for _, group in groupby(routing.hosts, key=lambda host: host.preference))
        self._kept[routing.domain] = _Kept(routing, until, groups if len(groups) < len(routing.hosts) else ())
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, domain: str) -> None:
        """Forget the route of a domain, as when none of its hosts could be reached."""
        self._kept.pop(domain, None)
