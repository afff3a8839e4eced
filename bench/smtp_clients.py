"""Clients that hand over messages.

``python -m bench.smtp_clients NAME PORT OCTETS SESSIONS SECONDS [reuse] [BDAT]``
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import uvloop

from bench.processes import Tally, report
from bench.smtp_load import message
from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client_state import ClientSettings
from mailwright.smtp.content import Content
from mailwright.smtp.transport import ConnectOptions, Target, connect

SENDER, RECIPIENT = "anna@sender.test", "ben@recipient.test"


class Job(NamedTuple):
    """What each session does.  reuse: one message after the other over a connection, else one for each."""

    port: int
    message: bytes
    reuse: bool
    until: float

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return time.perf_counter() >= self.until


async def _ours(job: Job) -> int:
    """Hand over messages until time is up, and return how many; the envelope is made anew for each."""
    settings = ClientSettings(prefer_chunking="BDAT" in sys.argv)
    target, options, done = Target("", "127.0.0.1", job.port), ConnectOptions("client.test", settings=settings), 0
    while not job.over:
        async with await connect(target, options) as connection:
            while True:
                envelope = Envelope(Address.parse(SENDER), (Recipient(Address.parse(RECIPIENT)),))
                transaction = await connection.deliver(envelope, Content.of(job.message))
                done += len(transaction.accepted)
                if not job.reuse or job.over:
                    break
    return done


async def _aiosmtplib(job: Job) -> int:
    """Do the same with aiosmtplib."""
    kind: Any = importlib.import_module("aiosmtplib").SMTP
    done = 0
    while not job.over:
        async with kind(
            hostname="127.0.0.1", port=job.port, local_hostname="client.test", use_tls=False, start_tls=False
        ) as connection:
            while True:
                refused, _ = await connection.sendmail(SENDER, [RECIPIENT], job.message)
                done += not refused
                if not job.reuse or job.over:
                    break
    return done


CLIENTS: dict[str, Callable[[Job], Awaitable[int]]] = {"ours": _ours, "aiosmtplib": _aiosmtplib}


async def _work(name: str, job: Job, sessions: int) -> int:
    return sum(await asyncio.gather(*(CLIENTS[name](job) for _ in range(sessions))))


def _main() -> None:
    name, port, octets, sessions, seconds = sys.argv[1:6]
    text = message(int(octets))
    begun, cpu = time.perf_counter(), time.process_time()
    job = Job(int(port), text, "reuse" in sys.argv, begun + float(seconds))
    done = uvloop.run(_work(name, job, int(sessions)))
    report(Tally(done, time.perf_counter() - begun, time.process_time() - cpu))


if __name__ == "__main__":
    _main()
