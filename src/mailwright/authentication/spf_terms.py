"""The terms of an SPF record (RFC 7208 4.6, 5, 6) as values, and their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from mailwright.authentication.spf_macros import MacroString

#: RFC 7208 4.5: version = "v=spf1"
VERSION = "v=spf1"


class Qualifier(StrEnum):
    """What a matching mechanism says (RFC 7208 4.6.2)."""

    PASS = "+"  # noqa: S105 - no password
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"

    @property
    def written(self) -> str:
        """The qualifier as it is usually written: nothing for "+", which is the default."""
        return "" if self is Qualifier.PASS else self.value


@dataclass(frozen=True, slots=True)
class All:
    """all (RFC 7208 5.1): matches always."""

    qualifier: Qualifier

    def __str__(self) -> str:
        return f"{self.qualifier.written}all"


@dataclass(frozen=True, slots=True)
class Include:
    """include (RFC 7208 5.2): matches where the record of ``domain`` passes."""

    qualifier: Qualifier
    domain: MacroString

    def __str__(self) -> str:
        return f"{self.qualifier.written}include:{self.domain}"


@dataclass(frozen=True, slots=True)
class A:
    """a (RFC 7208 5.3): matches the addresses of ``domain``, None for the domain of the record itself.

    prefix4, prefix6: how many leading bits count; 32 and 128 unless written.
    """

    qualifier: Qualifier
    domain: MacroString | None = None
    prefix4: int = 32
    prefix6: int = 128

    def __str__(self) -> str:
        return f"{self.qualifier.written}a{_argument(self.domain)}{_prefixes(self.prefix4, self.prefix6)}"


@dataclass(frozen=True, slots=True)
class Mx:
    """mx (RFC 7208 5.4): matches the addresses of the MX hosts of ``domain``; otherwise as A."""

    qualifier: Qualifier
    domain: MacroString | None = None
    prefix4: int = 32
    prefix6: int = 128

    def __str__(self) -> str:
        return f"{self.qualifier.written}mx{_argument(self.domain)}{_prefixes(self.prefix4, self.prefix6)}"


@dataclass(frozen=True, slots=True)
class Ptr:
    """ptr (RFC 7208 5.5): matches where a validated name of the client is at or below ``domain``.  Not to be used."""

    qualifier: Qualifier
    domain: MacroString | None = None

    def __str__(self) -> str:
        return f"{self.qualifier.written}ptr{_argument(self.domain)}"


@dataclass(frozen=True, slots=True)
class Ip4:
    """ip4 (RFC 7208 5.6); bits of the address beyond the prefix are dropped, as they do not count."""

    qualifier: Qualifier
    network: IPv4Network

    def __str__(self) -> str:
        return f"{self.qualifier.written}ip4:{_network(self.network)}"


@dataclass(frozen=True, slots=True)
class Ip6:
    """ip6 (RFC 7208 5.6), likewise."""

    qualifier: Qualifier
    network: IPv6Network

    def __str__(self) -> str:
        return f"{self.qualifier.written}ip6:{_network(self.network)}"


@dataclass(frozen=True, slots=True)
class Exists:
    """exists (RFC 7208 5.7): matches where ``domain``, filled in, has an A record."""

    qualifier: Qualifier
    domain: MacroString

    def __str__(self) -> str:
        return f"{self.qualifier.written}exists:{self.domain}"


@dataclass(frozen=True, slots=True)
class Redirect:
    """redirect= (RFC 7208 6.1): where nothing matched, the record of ``domain`` decides."""

    domain: MacroString

    def __str__(self) -> str:
        return f"redirect={self.domain}"


@dataclass(frozen=True, slots=True)
class Exp:
    """exp= (RFC 7208 6.2): ``domain`` has a TXT record that explains a fail."""

    domain: MacroString

    def __str__(self) -> str:
        return f"exp={self.domain}"


@dataclass(frozen=True, slots=True)
class UnknownModifier:
    """A modifier of another name (RFC 7208 6), which is ignored.  name: as written.  value: as written."""

    name: str
    value: MacroString

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


Mechanism = All | Include | A | Mx | Ptr | Ip4 | Ip6 | Exists
Modifier = Redirect | Exp | UnknownModifier
Term = Mechanism | Modifier

#: RFC 7208 4.6.4: terms that need look-ups, each of which counts.
LookingUp = Include | A | Mx | Ptr | Exists | Redirect


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A record.

    terms: in order.  words: the terms as they were written; empty for a record that was made, not read.
    """

    terms: tuple[Term, ...]
    words: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """Return the record's text, each term in its shortest usual form; ``parse_record`` makes the same of it."""
        return " ".join((VERSION, *map(str, self.terms)))

    @property
    def reached(self) -> tuple[tuple[Mechanism | Redirect, str], ...]:
        """The terms that can be reached, with their words: the mechanisms up to the first all, then the redirect=.

        RFC 7208 5.1: mechanisms after "all" will never be tested, and MUST be ignored.
        RFC 7208 6.1: redirect= MUST be ignored if there is an "all" anywhere in the record.
        """
        found: list[tuple[Mechanism | Redirect, str]] = []
        redirect: list[tuple[Mechanism | Redirect, str]] = []
        for term, word in zip(self.terms, self.words or map(str, self.terms), strict=True):
            if isinstance(term, Redirect):
                redirect.append((term, word))
            elif not isinstance(term, Modifier):
                found.append((term, word))
                if isinstance(term, All):
                    return tuple(found)
        return tuple(found + redirect)

    @property
    def exp(self) -> Exp | None:
        """The exp= of the record; None without."""
        return next((term for term in self.terms if isinstance(term, Exp)), None)


def _argument(domain: MacroString | None) -> str:
    return "" if domain is None else f":{domain}"


def _prefixes(prefix4: int, prefix6: int) -> str:
    return (f"/{prefix4}" if prefix4 != 32 else "") + (f"//{prefix6}" if prefix6 != 128 else "")


def _network(network: IPv4Network | IPv6Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
