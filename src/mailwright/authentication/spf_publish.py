"""SPF records made: from a description of who sends, and cut into the strings of a TXT record."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, collapse_addresses
from typing import NamedTuple

from mailwright.authentication.spf_record import parse_domain_spec
from mailwright.authentication.spf_survey import Network
from mailwright.authentication.spf_terms import A, All, Include, Ip4, Ip6, Mx, Qualifier, SpfRecord, Term

#: Octets of one string of a TXT record (RFC 1035 3.3).
LONGEST_STRING = 255


class SpfDescription(NamedTuple):
    """Who sends for a domain.

    networks: addresses that send.  hosts: names whose addresses do.  mail_exchangers: the domain's own MX hosts do.
    includes: domains whose own records say more of them, as providers ask for.  policy: what is said of all others;
    "~" is wise with DMARC, "-" for domains that send nothing.
    """

    networks: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()
    mail_exchangers: bool = False
    includes: tuple[str, ...] = ()
    policy: Qualifier = Qualifier.SOFTFAIL


def build_record(description: SpfDescription) -> SpfRecord:
    """Return the record that says what ``description`` does, what needs no look-ups first.

    Raises SpfSyntaxFault where a host or an include is no domain.
    """
    terms: list[Term] = [ip_term(Qualifier.PASS, network) for network in collapsed(description.networks)]
    if description.mail_exchangers:
        terms.append(Mx(Qualifier.PASS))
    terms += [A(Qualifier.PASS, parse_domain_spec(host)) for host in dict.fromkeys(description.hosts)]
    terms += [Include(Qualifier.PASS, parse_domain_spec(name)) for name in dict.fromkeys(description.includes)]
    return SpfRecord((*terms, All(description.policy)))


def record_strings(record: SpfRecord) -> tuple[bytes, ...]:
    """Return the text of ``record`` as the strings of a TXT record.

    RFC 7208 3.3: they are joined without spaces, so the space between two terms stands in one of them.
    """
    octets = str(record).encode("ascii")
    return tuple(octets[begin : begin + LONGEST_STRING] for begin in range(0, len(octets), LONGEST_STRING))


def ip_term(qualifier: Qualifier, network: Network) -> Ip4 | Ip6:
    """Return the mechanism that matches ``network``."""
    return Ip4(qualifier, network) if isinstance(network, IPv4Network) else Ip6(qualifier, network)


def collapsed(networks: Iterable[Network]) -> list[Network]:
    """Return the fewest networks that hold the same addresses, those of IPv4 first, in their order."""
    known = list(networks)
    v4 = collapse_addresses(network for network in known if isinstance(network, IPv4Network))
    v6 = collapse_addresses(network for network in known if not isinstance(network, IPv4Network))
    return [*v4, *v6]
