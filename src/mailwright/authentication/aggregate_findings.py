"""What an aggregate report means: for each source of mail who it probably is, and what to mend.

A report knows addresses, not people.  Whose a source is, is told by what it could prove: SPF of the domain passes only
for hosts that its owner has listed, so such a source is the owner's; a valid signature of the domain on mail from
somewhere else is forwarded mail, or a service that signs; mail that proves nothing is forged, or a source that the
owner has forgotten.  Networks that the owner names settle it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from mailwright.authentication.aggregate_values import AggregateReport, Row

#: Names of one kind that a finding lists.
MOST_NAMES = 5

#: What the receiver says of mail that came in a roundabout way (RFC 9990 3.1.6; the first is RFC 7489's).
_ROUNDABOUT = frozenset(("forwarded", "mailing_list", "trusted_forwarder"))
_REFUSED = ("quarantine", "reject")


class FindingKind(StrEnum):
    """What a source of mail is, and what is wrong with it; the worst last."""

    ALIGNED = "aligned"  # DKIM and SPF pass for the domain
    FORWARDED = "forwarded"  # the domain's signature is valid, SPF is not: forwarded, as it should be
    SIGNED_SERVICE = "signed-service"  # the domain's signature is valid, SPF passes for another domain
    OURS_SPF_FAILS = "ours-spf-fails"  # one of the owner's networks, and SPF does not list it
    OURS_NOT_SIGNED = "ours-not-signed"  # SPF passes, no signature at all
    OURS_SIGNED_AS_OTHER = "ours-signed-as-other"  # SPF passes, the valid signatures are of other domains
    OURS_SIGNATURE_FAILS = "ours-signature-fails"  # SPF passes, the domain's signature is not valid
    UNDECIDED = "undecided"  # neither passes, and a look-up failed at the receiver
    FORWARDED_BROKEN = "forwarded-broken"  # neither passes, and the receiver knows a list or forwarder
    SERVICE_NOT_ALIGNED = "service-not-aligned"  # SPF or DKIM pass for another domain only
    OURS_NOT_ALIGNED = "ours-not-aligned"  # one of the owner's networks, and neither passes
    UNKNOWN_FAILS = "unknown-fails"  # nothing passes: forged, or a source that was forgotten


#: Kinds whose mail passes DMARC.
PASSING = frozenset(list(FindingKind)[:7])
#: Kinds that are as they should be.
FINE = frozenset((FindingKind.ALIGNED, FindingKind.FORWARDED, FindingKind.SIGNED_SERVICE))


class Finding(NamedTuple):
    """One source of mail and one thing to say about it.

    source: the IP address.  messages: how many, and refused: how many of them went to junk or were refused.
    header_from: the domains in From.  spf_domains, dkim_domains: what SPF and DKIM were about ("example.com" and
    "s1/example.com", with the selector); each at most MOST_NAMES, in order.
    """

    kind: FindingKind
    source: str
    messages: int
    refused: int
    header_from: tuple[str, ...]
    spf_domains: tuple[str, ...]
    dkim_domains: tuple[str, ...]


class Totals(NamedTuple):
    """Numbers of messages in a report."""

    messages: int
    passing: int
    dkim: int
    spf: int
    refused: int


Network = IPv4Network | IPv6Network


def find(report: AggregateReport, own: Sequence[Network] = ()) -> tuple[Finding, ...]:
    """Return what there is to say about each source, the worst kinds first, then the most messages.

    own: networks that the owner of the domain knows as its own.
    """
    gathered: dict[tuple[str, FindingKind], list[Row]] = {}
    for row in report.rows:
        gathered.setdefault((row.source, kind_of(row, own)), []).append(row)
    findings = [_finding(kind, source, rows) for (source, kind), rows in gathered.items()]
    worst = {kind: place for place, kind in enumerate(FindingKind)}
    return tuple(sorted(findings, key=lambda found: (-worst[found.kind], -found.messages, found.source)))


def totals(report: AggregateReport) -> Totals:
    """Return how many messages a report is about, and how many passed."""
    return Totals(
        messages=sum(row.messages for row in report.rows),
        passing=sum(row.messages for row in report.rows if row.passes),
        dkim=sum(row.messages for row in report.rows if row.dkim_aligned),
        spf=sum(row.messages for row in report.rows if row.spf_aligned),
        refused=sum(row.messages for row in report.rows if row.disposition in _REFUSED),
    )


def kind_of(row: Row, own: Sequence[Network] = ()) -> FindingKind:
    """Return what the source of ``row`` is."""
    ours = _is_within(row.source, own)
    if row.dkim_aligned and row.spf_aligned:
        return FindingKind.ALIGNED
    if row.dkim_aligned:
        return _by_dkim_only(row, ours=ours)
    if row.spf_aligned:
        return _by_spf_only(row)
    return _by_nothing(row, ours=ours)


def _by_dkim_only(row: Row, *, ours: bool) -> FindingKind:
    if ours:
        return FindingKind.OURS_SPF_FAILS
    return FindingKind.SIGNED_SERVICE if _passes_spf(row) else FindingKind.FORWARDED


def _by_spf_only(row: Row) -> FindingKind:
    if any(_is_kin(seen.domain, row.header_from) for seen in row.dkim):
        return FindingKind.OURS_SIGNATURE_FAILS
    if any(seen.result == "pass" for seen in row.dkim):
        return FindingKind.OURS_SIGNED_AS_OTHER
    return FindingKind.OURS_NOT_SIGNED


def _by_nothing(row: Row, *, ours: bool) -> FindingKind:
    if ours:
        return FindingKind.OURS_NOT_ALIGNED
    if any(override.kind in _ROUNDABOUT for override in row.overrides):
        return FindingKind.FORWARDED_BROKEN
    if _passes_spf(row) or any(seen.result == "pass" for seen in row.dkim):
        return FindingKind.SERVICE_NOT_ALIGNED
    if "temperror" in (*(seen.result for seen in row.dkim), *(seen.result for seen in row.spf)):
        return FindingKind.UNDECIDED
    return FindingKind.UNKNOWN_FAILS


def _passes_spf(row: Row) -> bool:
    """Tell whether SPF passes for the MAIL FROM; DMARC does not go by HELO (RFC 9989 4.4.2)."""
    return any(seen.result == "pass" and seen.scope != "helo" for seen in row.spf)


def _is_kin(one: str, other: str) -> bool:
    """Tell whether one of two names ends the other: near enough to say whose signature was tried."""
    return bool(one and other) and (one == other or one.endswith("." + other) or other.endswith("." + one))


def _is_within(source: str, networks: Iterable[Network]) -> bool:
    networks = tuple(networks)
    if not networks:
        return False
    try:
        address: IPv4Address | IPv6Address = ip_address(source)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _finding(kind: FindingKind, source: str, rows: Sequence[Row]) -> Finding:
    return Finding(
        kind,
        source,
        sum(row.messages for row in rows),
        sum(row.messages for row in rows if row.disposition in _REFUSED),
        _names(row.header_from for row in rows),
        _names(seen.domain for row in rows for seen in row.spf),
        _names(f"{seen.selector or '?'}/{seen.domain}" for row in rows for seen in row.dkim),
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the first MOST_NAMES different names."""
    found: dict[str, None] = {}
    for name in names:
        if name:
            found[name] = None
        if len(found) == MOST_NAMES:
            break
    return tuple(found)
