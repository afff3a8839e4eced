"""Submission: a message handed to one server that passes it on: the sender's own, a smarthost, a server to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailwright.deliver.attempt import Job, Way, attempt
from mailwright.deliver.next_host import worth_another
from mailwright.deliver.outcome import Delivery
from mailwright.smtp.transport import Target


async def submit(job: Job, targets: Sequence[Target], way: Way, delivery: Delivery) -> None:
    """Hand ``job`` to the first of ``targets``, addresses of one server, that takes it; note all in ``delivery``."""
    pending = job.envelope.recipients
    for target in targets:
        now = replace(job, envelope=replace(job.envelope, recipients=pending))
        pending = worth_another(await attempt(target, now, way, delivery))
        if not pending:
            return
