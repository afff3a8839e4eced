"""Alignment: whether a domain that SPF or DKIM vouches for is the author's (RFC 9989 4.4, 4.10.2), and why.

Names are looked up only where they can decide: two domains can be of one organisation only where one organisational
domain ends both, so what does not lie below the author's needs no walk of its own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.authors import a_label
from mailwright.authentication.dmarc_discovery import Known, Walk, walk_all
from mailwright.authentication.dmarc_policy import DmarcRecord, Mode
from mailwright.dns.inquiry import Inquiry

#: Domains of one message whose tree is walked; each costs up to 8 names, which a sender can choose.
MOST_WALKS = 10
#: DKIM signatures of one message that are looked at; RFC 9990 reports no more than 100.
MOST_SIGNATURES = 100


class SpfOutcome(NamedTuple):
    """What SPF said of the MAIL FROM identity (RFC 7208 2.4; of postmaster@HELO for a null reverse-path).

    result: a word of RFC 8601 2.7.2.  domain: as in the envelope.
    """

    result: str
    domain: str


class DkimOutcome(NamedTuple):
    """What DKIM said of one signature.  domain: d=.  result: a word of RFC 8601 2.7.1.  selector: s=."""

    domain: str
    result: str
    selector: str


class Mechanism(StrEnum):
    """What vouches for a domain."""

    SPF = "spf"
    DKIM = "dkim"


class Comparison(StrEnum):
    """How two domains stand to each other."""

    IDENTICAL = "identical"  # the same name: aligned in both modes
    SAME_ORGANIZATION = "same-organization"  # one organisational domain: aligned in relaxed mode
    NOT_IDENTICAL = "not-identical"  # strict mode, and two names
    OTHER_ORGANIZATION = "other-organization"  # two organisational domains
    NOT_LOOKED_UP = "not-looked-up"  # within the author's organisation or not: not asked, since it changes nothing
    UNKNOWN = "unknown"  # a look-up failed
    NO_DOMAIN = "no-domain"  # there is no domain to compare


class Alignment(NamedTuple):
    """One domain compared with the author's.

    domain: that SPF or DKIM is about, as A-labels in lower case; as given where it is no name.  selector: "" for SPF.
    result: what SPF or DKIM said.
    author_organization, organization: the organisational domains compared; None where they did not have to be known.
    """

    mechanism: Mechanism
    domain: str
    selector: str
    result: str
    mode: Mode
    comparison: Comparison
    author_organization: str | None = None
    organization: str | None = None

    @property
    def aligned(self) -> bool:
        """True where the domain is the author's, whatever SPF or DKIM said."""
        return self.comparison in (Comparison.IDENTICAL, Comparison.SAME_ORGANIZATION)

    @property
    def authenticates(self) -> bool:
        """True where this alone makes the message pass."""
        return self.aligned and self.result == "pass"

    @property
    def may_authenticate(self) -> bool:
        """True where this would make the message pass, had no look-up failed."""
        if self.comparison is Comparison.UNKNOWN:
            return self.result in _WORTH_ASKING
        return self.aligned and self.result == "temperror"


#: Results that alignment can make count; for others it is told only where it costs nothing.
_WORTH_ASKING = ("pass", "temperror")


def identifiers(spf: SpfOutcome | None, dkim: tuple[DkimOutcome, ...], record: DmarcRecord) -> tuple[Alignment, ...]:
    """Return what is to be compared, SPF first, nothing compared yet (``NOT_LOOKED_UP``)."""
    found = []
    if spf is not None:
        found.append(_identifier(Mechanism.SPF, spf.domain, "", spf.result, record.spf))
    found.extend(
        _identifier(Mechanism.DKIM, signature.domain, signature.selector, signature.result, record.dkim)
        for signature in dkim[:MOST_SIGNATURES]
    )
    return tuple(found)


def align(author: str, found: tuple[Alignment, ...], known: Known) -> Inquiry[tuple[Alignment, ...]]:
    """Return ``found`` compared with ``author``, whose own policy record is in ``known``."""
    compared = tuple(_by_name(author, identifier) for identifier in found)
    if not any(_is_open(identifier) for identifier in compared):
        return compared
    (walked,) = yield from walk_all((author,), known)
    mine = walked.organization
    if mine is None:
        return tuple(
            identifier._replace(comparison=Comparison.UNKNOWN) if _is_open(identifier) else identifier
            for identifier in compared
        )
    compared = tuple(_by_organization(mine, identifier) for identifier in compared)
    asked = dict.fromkeys(identifier.domain for identifier in compared if _is_open(identifier))
    walks = yield from walk_all(list(asked)[:MOST_WALKS], known)
    by_start = {walk.start: walk for walk in walks}
    return tuple(_by_walk(mine, identifier, by_start.get(identifier.domain)) for identifier in compared)


def _identifier(mechanism: Mechanism, domain: str, selector: str, result: str, mode: Mode) -> Alignment:
    name = a_label(domain.removesuffix("."))
    comparison = Comparison.NO_DOMAIN if name is None else Comparison.NOT_LOOKED_UP
    return Alignment(mechanism, name or domain, selector, result.lower(), mode, comparison)


def _is_open(identifier: Alignment) -> bool:
    """Tell whether looking up the organisational domain can decide something."""
    return identifier.comparison is Comparison.NOT_LOOKED_UP and identifier.result in _WORTH_ASKING


def _by_name(author: str, identifier: Alignment) -> Alignment:
    """Compare what the names alone tell."""
    if identifier.comparison is not Comparison.NOT_LOOKED_UP:
        return identifier
    # RFC 9989 4.4: names are compared without regard to case.
    if identifier.domain == author:
        return identifier._replace(comparison=Comparison.IDENTICAL)
    if identifier.mode is Mode.STRICT:
        return identifier._replace(comparison=Comparison.NOT_IDENTICAL)
    if identifier.domain.rpartition(".")[2] != author.rpartition(".")[2]:
        return identifier._replace(comparison=Comparison.OTHER_ORGANIZATION)
    return identifier


def _by_organization(mine: str, identifier: Alignment) -> Alignment:
    """Compare what the author's organisational domain tells: it has to end the other name too."""
    if identifier.comparison is not Comparison.NOT_LOOKED_UP:
        return identifier
    within = identifier.domain == mine or identifier.domain.endswith("." + mine)
    comparison = Comparison.NOT_LOOKED_UP if within else Comparison.OTHER_ORGANIZATION
    return identifier._replace(comparison=comparison, author_organization=mine)


def _by_walk(mine: str, identifier: Alignment, walked: Walk | None) -> Alignment:
    """Compare the two organisational domains."""
    if identifier.comparison is not Comparison.NOT_LOOKED_UP or walked is None:
        return identifier
    other = walked.organization
    if other is None:
        return identifier._replace(comparison=Comparison.UNKNOWN)
    same = other == mine
    comparison = Comparison.SAME_ORGANIZATION if same else Comparison.OTHER_ORGANIZATION
    return identifier._replace(comparison=comparison, organization=other)
