"""SPF records as a whole: all that a domain's record leads to, and a simpler one that lets the same clients pass."""

from __future__ import annotations

from typing import NamedTuple

from mailwright.app.zone import read_zone
from mailwright.authentication.spf_simplify import SpfAdvice, simplify
from mailwright.authentication.spf_survey import SpfSurvey, survey
from mailwright.clock import SystemClock
from mailwright.dns.pool import ResolverPool, system_servers
from mailwright.dns.resolver import ask


class Surveyed(NamedTuple):
    """A domain's record and all that it leads to.  advice: None where it was not asked for, or there is no record."""

    survey: SpfSurvey
    advice: SpfAdvice | None


async def survey_domain(domain: str, resolvers: tuple[str, ...], zone: str, *, simpler: bool) -> Surveyed:
    """Return what the record of ``domain`` needs, and a ``simpler`` one where that is asked for.

    resolvers: "ADDRESS" or "ADDRESS:PORT", empty for the system's.  zone: a file to answer from in their place.
    Raises ZoneFault, and mailwright.dns.servers.ServerFault for a bad resolver.
    """
    inquiry = survey(domain, addresses=simpler)
    if zone:
        found = await ask(inquiry, read_zone(zone))
    else:
        async with ResolverPool(resolvers or system_servers().servers, clock=SystemClock()) as pool:
            found = await ask(inquiry, pool)
    return Surveyed(found, simplify(found) if simpler and found.node.record is not None else None)
