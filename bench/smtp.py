"""SMTP server and client, each against the same bare other side in a process of its own, beside a peer.

Contestants take turns in rounds.  Messages a second are those of the best round, by the clock on the wall; CPU time is
that of the measured process alone, in its cheapest round: other work on the machine counts little there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import product
from typing import NamedTuple

from bench.peers import is_here
from bench.processes import Service, Tally, cpu_of, service, work
from bench.row import Row

SERVERS = "bench.smtp_servers"
#: Who takes part, ours first.
SERVED = ("ours", "aiosmtpd", "bare")
SENDING = ("ours", "aiosmtplib", "ours by BDAT")
#: Who takes no groups of commands.
NO_GROUPS = "aiosmtpd"
SESSIONS = 20
SIZES = {"4 KB": 4_096, "64 KB": 65_536}
#: How connections are used, and what the load generators and clients call it.
USES = {"one connection": ("reuse",), "a connection each": ()}


class Pace(NamedTuple):
    """How long is measured: rounds, and seconds of each contestant in a round."""

    rounds: int
    seconds: float


class Contestant(NamedTuple):
    """Something that takes or sends messages.  run: given octets and how connections are used, measures once."""

    name: str
    run: Callable[[int, tuple[str, ...]], Tally]


def server_rows(pace: Pace) -> list[Row]:
    """Return what a server that accepts and drops does; the bare protocol shows the limit of the load generator."""
    with ExitStack() as stack:
        served = {name: stack.enter_context(service(SERVERS, name)) for name in SERVED if is_here(name)}
        waiting = [_served(name, each, pace) for name, each in served.items()]
        grouped = [_served(name, each, pace, "pipelining") for name, each in served.items() if name != NO_GROUPS]
        return [*_rows("server", waiting, pace), *_rows("server, pipelined", grouped, pace)]


def client_rows(pace: Pace) -> list[Row]:
    """Return what a client that hands over to a bare server does: ours by DATA, and by BDAT for comparison."""
    with service(SERVERS, "bare") as sink:
        return _rows("client", [_sending(name, sink, pace) for name in SENDING if is_here(name)], pace)


def _served(name: str, server: Service, pace: Pace, *more: str) -> Contestant:
    def run(octets: int, use: tuple[str, ...]) -> Tally:
        before = cpu_of(server.pid)
        load = work("bench.smtp_load", server.port, octets, SESSIONS, pace.seconds, *use, *more)
        return load._replace(cpu=cpu_of(server.pid) - before)

    return Contestant(name, run)


def _sending(name: str, sink: Service, pace: Pace) -> Contestant:
    def run(octets: int, use: tuple[str, ...]) -> Tally:
        who, *more = name.split(" by ")
        return work("bench.smtp_clients", who, sink.port, octets, SESSIONS, pace.seconds, *use, *more)

    return Contestant(name, run)


def _rows(what: str, contestants: Sequence[Contestant], pace: Pace) -> list[Row]:
    """Return two rows for each peer, size and use; the first contestant is ours."""
    rows = []
    for (size, octets), (use, words) in product(SIZES.items(), USES.items()):
        rates, costs = _race(contestants, octets, words, pace.rounds)
        for unit, ours, more in (("messages/s", rates, True), ("ms CPU", costs, False)):
            (_, own), *others = ours.items()
            row = Row(f"SMTP {what}, {size}, {use}", unit, own, more_is_better=more)
            rows += [row._replace(peer=peer, theirs=theirs) for peer, theirs in others] or [row]
    return rows


def _race(
    contestants: Sequence[Contestant], octets: int, use: tuple[str, ...], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the messages a second and the CPU milliseconds for each, by name, in the best round."""
    tallies: dict[str, list[Tally]] = {contestant.name: [] for contestant in contestants}
    for turn in range(rounds):
        for place in range(len(contestants)):
            name, run = contestants[(place + turn) % len(contestants)]
            tallies[name].append(run(octets, use))
    rates = {name: max(tally.rate for tally in found) for name, found in tallies.items()}
    return rates, {name: min(tally.cost for tally in found) for name, found in tallies.items()}
