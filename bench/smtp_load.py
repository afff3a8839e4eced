"""Load for SMTP servers: ``python -m bench.smtp_load PORT OCTETS SESSIONS SECONDS [reuse] [pipelining]``.

Nothing is composed while it runs: every flight of octets is made before, and only replies are counted.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple, cast

import uvloop

from bench.processes import Tally, report

MAIL, RCPT, DATA = b"MAIL FROM:<anna@sender.test>\r\n", b"RCPT TO:<ben@recipient.test>\r\n", b"DATA\r\n"
HEADER = (
    b"From: Anna <anna@sender.test>\r\nTo: Ben <ben@recipient.test>\r\nSubject: A message to be dropped\r\n"
    b"Date: Mon, 02 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\n"
)
LINE = b"The quick brown fox jumps over the lazy dog, and the dog does not mind.\r\n"


def message(octets: int) -> bytes:
    """Return a message of that many octets, lines of usual length."""
    body = LINE * (octets // len(LINE) + 1)
    return HEADER + body[: octets - len(HEADER) - 2] + b"\r\n"


class Flight(NamedTuple):
    """Octets that go out together, and how many replies are waited for then."""

    octets: bytes
    replies: int


GREETING, EHLO, QUIT = Flight(b"", 1), Flight(b"EHLO client.test\r\n", 1), Flight(b"QUIT\r\n", 1)


class Plan(NamedTuple):
    """What all sessions do.  reuse: one message after the other over a connection, else one for each."""

    port: int
    flights: tuple[Flight, ...]
    reuse: bool
    until: float


class Load:
    """The sessions together."""

    def __init__(self, plan: Plan) -> None:
        """Begin with none."""
        self.plan = plan
        self.done = 0
        self.open = 0
        self.ended = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return time.perf_counter() >= self.plan.until

    def begin(self) -> None:
        """Open a session."""
        self.open += 1
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.create_connection(lambda: Session(self), "127.0.0.1", self.plan.port))
        self._tasks.add(task)
        task.add_done_callback(self._begun)

    def _begun(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        task.result()

    def end(self) -> None:
        """Hear that a session has ended."""
        self.open -= 1
        if not self.over:
            self.begin()
        elif not self.open:
            self.ended.set()


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load) -> None:
        """Begin with the greeting."""
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._flights = self._all_flights()
        self._missing = next(self._flights).replies
        self._rest = b""

    def _all_flights(self) -> Iterator[Flight]:
        load, plan = self._load, self._load.plan
        yield GREETING
        yield EHLO
        while True:
            yield from plan.flights
            load.done += 1
            if not plan.reuse or load.over:
                break
        yield QUIT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count the replies; send on when all have come.  Raises RuntimeError for a refusal."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line[0] > 0x33:
                raise RuntimeError(f"refused: {line!r}")
            self._missing -= line[3:4] == b" "
        if self._missing == 0 and self._transport is not None:
            flight = next(self._flights, None)
            if flight is None:
                self._transport.close()
                return
            self._missing = flight.replies
            self._transport.write(flight.octets)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell."""
        self._load.end()


def flights(octets: int, *, pipelining: bool) -> tuple[Flight, ...]:
    """Return what goes out for one message."""
    text = Flight(message(octets) + b".\r\n", 1)
    if pipelining:
        return Flight(MAIL + RCPT + DATA, 3), text
    return Flight(MAIL, 1), Flight(RCPT, 1), Flight(DATA, 1), text


async def _load(port: int, octets: int, sessions: int, seconds: float) -> Tally:
    begun = time.perf_counter()
    pipelining, reuse = "pipelining" in sys.argv, "reuse" in sys.argv
    load = Load(Plan(port, flights(octets, pipelining=pipelining), reuse, begun + seconds))
    for _ in range(sessions):
        load.begin()
    await load.ended.wait()
    return Tally(load.done, time.perf_counter() - begun, time.process_time())


if __name__ == "__main__":
    report(uvloop.run(_load(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
