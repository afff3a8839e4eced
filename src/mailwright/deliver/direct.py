"""Direct: a message handed to the recipients' own mail hosts, with no relay and no queue, while the sender watches.

Every domain is a destination of its own.  Its hosts are tried in the order of preference, each at all its addresses,
until nothing more can be won by trying; what a host has said for good is not asked of the next one (deliver.next_host).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from mailwright.deliver.attempt import Job, Way, attempt
from mailwright.deliver.next_host import MOST_ADDRESSES, suspect_filter, worth_another
from mailwright.deliver.outcome import Delivery, Outcome, fate_of
from mailwright.dns.diagnose import diagnose_routing
from mailwright.dns.resolver import Resolver, ask
from mailwright.dns.routes import Chance, Routing, Verdict
from mailwright.dns.routing import RoutingOptions, more, route
from mailwright.mail.envelope import Recipient
from mailwright.smtp.diagnose import Place, Side, report_diagnosis
from mailwright.smtp.transport import Target

#: Destinations that are talked to at the same time (own choice).
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class DirectWay:
    """How to find the hosts, and how to talk to them.

    port: 25, another one for labs.
    at_once: destinations at the same time; 1 keeps a dialogue that is shown readable.
    routed: called with what DNS said of a domain.
    """

    way: Way
    resolver: Resolver
    chance: Chance
    routing: RoutingOptions = field(default_factory=RoutingOptions)
    port: int = 25
    at_once: int = AT_ONCE
    routed: Callable[[Routing], None] | None = None


async def send_direct(job: Job, direct: DirectWay, delivery: Delivery) -> None:
    """Hand ``job`` to the mail hosts of its recipients, and note all in ``delivery``; it never raises for failures."""
    turns = asyncio.Semaphore(direct.at_once)

    async def serve(domain: str, recipients: tuple[Recipient, ...]) -> None:
        async with turns:
            await _destination(
                domain, replace(job, envelope=replace(job.envelope, recipients=recipients)), direct, delivery
            )

    async with asyncio.TaskGroup() as group:
        for domain, recipients in by_domain(job.envelope.recipients).items():
            group.create_task(serve(domain, recipients))
    suspect_filter(delivery)


def by_domain(recipients: tuple[Recipient, ...]) -> dict[str, tuple[Recipient, ...]]:
    """Return the recipients by their domain, folded; the order is kept."""
    groups: dict[str, list[Recipient]] = {}
    for recipient in recipients:
        groups.setdefault(recipient.address.domain.lower(), []).append(recipient)
    return {domain: tuple(group) for domain, group in groups.items()}


async def _destination(domain: str, job: Job, direct: DirectWay, delivery: Delivery) -> None:
    routing = await ask(route(domain, direct.chance, direct.routing), direct.resolver)
    _told(routing, direct, delivery)
    diagnosis = diagnose_routing(routing)
    if diagnosis is not None:
        for recipient in job.envelope.recipients:
            report = report_diagnosis(diagnosis, Place(recipient.address, "", Side.RECIPIENT))
            delivery.settle(Outcome(recipient, fate_of(report), report))
        return
    pending = job.envelope.recipients
    async for target in _targets(routing, direct, delivery):
        now = replace(job, envelope=replace(job.envelope, recipients=pending))
        pending = worth_another(await attempt(target, now, direct.way, delivery))
        if not pending:
            return


async def _targets(routing: Routing, direct: DirectWay, delivery: Delivery) -> AsyncIterator[Target]:
    """Yield the addresses to try; those of less preferred hosts are looked up only when it comes to them."""
    tried = 0
    seen = 0
    while True:
        for host in routing.hosts[seen:]:
            for address in host.addresses:
                if tried == MOST_ADDRESSES:
                    return
                tried += 1
                yield Target("" if host.name.startswith("[") else host.name, str(address), direct.port)
        if not routing.rest:
            return
        seen = len(routing.hosts)
        routing = await ask(more(routing, direct.chance, direct.routing), direct.resolver)
        _told(routing, direct, delivery)


def _told(routing: Routing, direct: DirectWay, delivery: Delivery) -> None:
    delivery.routings[routing.domain] = routing
    if direct.routed is not None and routing.verdict is not Verdict.NOT_A_DOMAIN:
        direct.routed(routing)
