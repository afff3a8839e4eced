"""Servers: which resolver is asked next, and which ones are left alone for a while.  Decisions only; no asking.

The rules:

* Servers are asked in the order configured; those that are down, or slow while another is quick, come last.
* FOUND, NODATA and NXDOMAIN end a search, and so does a bogus signature: the next server, if it does not validate,
  would only hide it.  Every other kind leads to the next server.
* SERVFAIL, REFUSED and the like are a server's last word on a question; a server that was silent, out of reach or not
  understood is asked again in the next round, by TCP every second time, since UDP may be what fails.
* A server is down after three failures in a row, or one "unreachable"; it is asked last, and tried in passing after
  5 s, then 10 s, up to five minutes, until it answers.

Time comes in as an argument, in seconds of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple

from mailwright.dns.answer import TELLING, Answer, Dnssec, Kind, Question
from mailwright.dns.names import IpAddress

#: The port of DNS (RFC 1035 4.2).
PORT = 53
#: Servers that are used; more are ignored.  resolv.conf(5) knows three.
MOST_SERVERS = 16
#: Failures in a row after which a server counts as down.
FAILURES_TO_DOWN = 3
#: Seconds until a server that is down is tried in passing: at first, and at most.
FIRST_PROBE = 5.0
LONGEST_PROBE = 300.0
#: Seconds until a slow server is tried in passing.
SLOW_PROBE = 30.0
#: Seconds of smoothed answering time above which a server is slow, if another one is this many times as quick.
SLOW = 0.5
SLOW_FACTOR = 4.0
#: Share of the newest measurement in the smoothed time (the gain of RFC 6298 2.3).
GAIN = 0.125


class ServerFault(ValueError):
    """A text names no server.  text: what was written."""

    def __init__(self, text: str, why: str) -> None:
        """Keep the text."""
        super().__init__(f"{text!r} is no DNS server: {why}")
        self.text = text


class Server(NamedTuple):
    """The address and port of a resolver."""

    host: IpAddress
    port: int = PORT

    @classmethod
    def parse(cls, text: str) -> Server:
        """Return the server spelled "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353".

        An IPv6 zone index ("fe80::1%eth0") is kept.  Raises ServerFault.
        """
        host, port = _split(text)
        try:
            address: IpAddress = IPv6Address(host) if ":" in host else IPv4Address(host)
        except AddressValueError as wrong:
            raise ServerFault(text, "an IP address is needed, not a name; write [address]:port for IPv6") from wrong
        if not port:
            return cls(address)
        if not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65_536:
            raise ServerFault(text, "a port is a number from 1 to 65535")
        return cls(address, int(port))

    def __str__(self) -> str:
        """Return the shortest spelling that ``parse`` reads."""
        if self.port == PORT:
            return str(self.host)
        return f"[{self.host}]:{self.port}" if self.host.version == 6 else f"{self.host}:{self.port}"


def _split(text: str) -> tuple[str, str]:
    """Return host and port of a server's spelling; "" for no port."""
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")) or rest == ":" or ":" not in host:
            raise ServerFault(text, "[address] or [address]:port is expected")
        return host, rest[1:]
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        if not port:
            raise ServerFault(text, "nothing stands after the colon")
        return host, port
    return text, ""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How long and how often a question is asked; times in seconds.

    rounds: how often each server may be asked.
    tries: time limit of a try in the first round, the second, and so on; the last one holds for all that follow.  A
        resolver may need several seconds for a domain whose own servers are slow, and has the answer at the next try.
    total: time limit of a question, all servers and rounds together.  RFC 7208 4.6.4 gives all of SPF at least 20 s.
    """

    rounds: int = 3
    tries: tuple[float, ...] = (2.0, 3.0, 5.0)
    total: float = 12.0


class Try(NamedTuple):
    """What to do next: ask ``server`` by UDP or TCP, and wait for ``seconds``."""

    server: Server
    tcp: bool
    seconds: float


#: Failures by how much they say: the most telling one is what a search without success returns.
_TELLS = (Kind.UNREACHABLE, Kind.TIMEOUT, Kind.MALFORMED, Kind.REFUSED, Kind.SERVFAIL)
#: Failures after which the same server may be asked again.
_AGAIN = frozenset((Kind.UNREACHABLE, Kind.TIMEOUT, Kind.MALFORMED))


class Search:
    """The search for one answer: hands out the next try, takes what came of it, and knows the result."""

    def __init__(self, question: Question, order: Sequence[Server], options: SearchOptions) -> None:
        """Begin with the servers in the order in which they are to be asked."""
        self._question = question
        self._left = list(order)
        self._again: list[Server] = []
        self._options = options
        self._round = 0
        self._best: Answer | None = None
        self._over = False

    def next(self) -> Try | None:
        """Return the next try; None where the search is over."""
        if not self._left and not self._over:
            self._round += 1
            self._left, self._again = self._again, []
        if self._over or not self._left or self._round >= self._options.rounds:
            return None
        seconds = self._options.tries[min(self._round, len(self._options.tries) - 1)]
        return Try(self._left.pop(0), tcp=self._round % 2 == 1, seconds=seconds)

    def take(self, asked: Try, answer: Answer) -> None:
        """Take what became of ``asked``."""
        if is_final(answer):
            self._best, self._over = answer, True
            return
        if answer.kind in _AGAIN:
            self._again.append(asked.server)
        if self._best is None or _TELLS.index(answer.kind) > _TELLS.index(self._best.kind):
            self._best = answer

    def run_out(self) -> None:
        """End the search: its total time is over."""
        self._over = True
        if self._best is None or self._best.kind is Kind.UNREACHABLE:
            self._best = Answer(self._question, Kind.TIMEOUT)

    @property
    def result(self) -> Answer:
        """The answer, or the most telling failure; without any server that none is known."""
        return self._best or Answer(self._question, Kind.UNREACHABLE, detail="no DNS server is configured")


def is_final(answer: Answer) -> bool:
    """Tell whether no other server needs to be asked."""
    return answer.kind in TELLING or answer.dnssec is Dnssec.BOGUS


@dataclass(slots=True)
class _Health:
    """What is known of one server."""

    seconds: float | None = None
    failures: int = 0
    down: bool = False
    wait: float = FIRST_PROBE
    probe_at: float = 0.0


class ServerBoard:
    """Keeps how the servers do, and decides in which order to ask them."""

    def __init__(self, servers: Sequence[Server]) -> None:
        """Begin with all servers up; doubles are left out, and what is beyond MOST_SERVERS."""
        self._health = {server: _Health() for server in tuple(dict.fromkeys(servers))[:MOST_SERVERS]}

    @property
    def servers(self) -> tuple[Server, ...]:
        """All servers, in the order configured."""
        return tuple(self._health)

    def order(self) -> tuple[Server, ...]:
        """Return all servers in the order in which to ask them: well, slow, down."""
        quickest = min((health.seconds for health in self._health.values() if health.seconds is not None), default=0.0)
        # sorted() keeps the order configured among equals.
        return tuple(sorted(self._health, key=lambda server: self._rank(self._health[server], quickest)))

    def probe(self, now: float) -> Server | None:
        """Return a server that stands behind and is due for a try in passing, at most once each time it is due."""
        order = self.order()
        for server in order[1:]:
            health = self._health[server]
            if 0 < health.probe_at <= now:
                health.probe_at = now + health.wait
                return server
        return None

    def note(self, server: Server, kind: Kind, seconds: float, now: float) -> None:
        """Take note of what came of asking a server, and after how many seconds."""
        health = self._health.get(server)
        if health is None:
            return
        if kind in _AGAIN:
            self._note_failure(health, kind, now)
            return
        old = health.seconds
        # A server that was down begins anew: its old times say nothing.
        health.seconds = seconds if old is None or health.down else old + GAIN * (seconds - old)
        health.failures, health.down, health.wait = 0, False, FIRST_PROBE
        health.probe_at = now + SLOW_PROBE if health.seconds > SLOW else 0.0

    @staticmethod
    def _note_failure(health: _Health, kind: Kind, now: float) -> None:
        health.failures += 1
        if health.down:
            health.wait = min(LONGEST_PROBE, health.wait * 2)
        if kind is Kind.UNREACHABLE or health.failures >= FAILURES_TO_DOWN:
            health.down = True
            health.probe_at = now + health.wait

    @staticmethod
    def _rank(health: _Health, quickest: float) -> int:
        if health.down:
            return 2
        return int(health.seconds is not None and health.seconds > max(SLOW, SLOW_FACTOR * quickest))


class SystemServers(NamedTuple):
    """The resolvers that the system is set up with.

    trusted: "options trust-ad" stands there: the way to them is safe, and their AD bit may be believed.
    faults: what could not be read, for people; with no servers at all, why.
    """

    servers: tuple[Server, ...]
    trusted: bool = False
    faults: tuple[str, ...] = ()


def parse_resolv_conf(text: str) -> SystemServers:
    """Return the servers that a resolv.conf(5) names."""
    servers: list[Server] = []
    faults: list[str] = []
    trusted = False
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                servers.append(Server(Server.parse(f"[{words[1]}]" if ":" in words[1] else words[1]).host))
            except ServerFault as fault:
                faults.append(str(fault))
        elif words and words[0] == "options":
            trusted = trusted or "trust-ad" in words[1:]
    if not servers:
        faults.append("no nameserver is named")
    return SystemServers(tuple(dict.fromkeys(servers))[:MOST_SERVERS], trusted, tuple(faults[:MOST_SERVERS]))
