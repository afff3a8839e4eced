"""Sending: what a command line asks for, joined into a running delivery."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.clock import SystemClock
from mailwright.deliver.attempt import Job, Way
from mailwright.deliver.direct import DirectWay, send_direct
from mailwright.deliver.outcome import Delivery, Outcome, fate_of
from mailwright.deliver.submission import submit
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.diagnose import diagnose_answer
from mailwright.dns.names import NameFault, to_question_name
from mailwright.dns.pool import ResolverPool, system_servers
from mailwright.dns.routes import Routing
from mailwright.dns.routing import RoutingOptions
from mailwright.smtp.diagnose import Place, Side, report_diagnosis
from mailwright.smtp.sasl import Credentials, Mechanism, choose
from mailwright.smtp.transcript import Entry
from mailwright.smtp.transport import Connection, ConnectOptions, Target

T = TypeVar("T")

#: The address whose route tells which of our own addresses would be used; nothing is sent to it (RFC 5737).
SOME_ADDRESS = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class Server:
    """A server to hand the message to, in place of the recipients' own hosts.

    credentials: None to send without a login.  mechanism: its name where only that one may be used; "" for the best.
    allow_clear: log in without TLS as well.
    """

    host: str
    port: int
    credentials: Credentials | None = None
    mechanism: str = ""
    allow_clear: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done.

    server: None for direct mode.  port: of the recipients' hosts, in direct mode.
    resolvers: "ADDRESS" or "ADDRESS:PORT"; empty for the system's.
    families: IP versions in the order in which they are tried.  private: hosts may be on private addresses.
    send: False stops before the message.
    """

    job: Job
    options: ConnectOptions
    server: Server | None = None
    port: int = 25
    resolvers: tuple[str, ...] = ()
    families: tuple[int, ...] = (6, 4)
    private: bool = False
    send: bool = True
    at_once: int = 20


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while it happens: of each entry of a dialogue, and of what DNS said; None for nobody."""

    entry: Callable[[Target, Entry], None] | None = None
    routed: Callable[[Routing], None] | None = None


def own_name() -> str:
    """Return what to call ourselves in EHLO: the machine's name, or its address where that is no full name.

    RFC 5321 4.1.4: an address literal where there is no meaningful name.
    """
    name = socket.gethostname()
    if "." in name.strip("."):
        return name
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((SOME_ADDRESS, 25))
            return f"[{probe.getsockname()[0]}]"
        except OSError:
            return "[127.0.0.1]"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end on an event loop of its own, uvloop's where that is installed."""
    try:
        import uvloop  # noqa: PLC0415 - not there on every system
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def send(request: Request, delivery: Delivery, watcher: Watcher) -> None:
    """Do what is asked for and note all in ``delivery``, which says after a cancellation how far it came.

    Raises mailwright.dns.servers.ServerFault for a resolver that is spelled wrongly.
    """
    clock = SystemClock()
    system = None if request.resolvers else system_servers()
    async with ResolverPool(request.resolvers or (system.servers if system else ()), clock=clock) as resolver:
        if request.server is None:
            way = Way(request.options, clock, Side.RECIPIENT, watch=watcher.entry, send=request.send)
            routing = RoutingOptions(families=request.families, private=request.private)
            chance = random.SystemRandom()
            direct = DirectWay(way, resolver, chance, routing, request.port, request.at_once, watcher.routed)
            await send_direct(request.job, direct, delivery)
            return
        targets = await _server_targets(request, request.server, resolver, delivery)
        credentials = request.server.credentials
        mechanism = _login(request.server, credentials) if credentials is not None else None
        way = Way(request.options, clock, Side.SENDER, mechanism, watcher.entry, request.send)
        await submit(request.job, targets, way, delivery)


def _login(server: Server, credentials: Credentials) -> Callable[[Connection], Mechanism]:
    """Return how to log in on a connection: with the best mechanism that is offered, or the one asked for."""

    def mechanism(connection: Connection) -> Mechanism:
        offered = connection.capabilities.mechanisms
        if server.mechanism:
            offered = tuple(name for name in offered if name == server.mechanism.upper())
        return choose(
            offered,
            credentials,
            nonce=secrets.token_urlsafe(24),
            secure=connection.tls is not None,
            allow_clear=server.allow_clear,
        )

    return mechanism


async def _server_targets(
    request: Request, server: Server, resolver: ResolverPool, delivery: Delivery
) -> tuple[Target, ...]:
    """Return the addresses of the server; where it has none, that is settled for all recipients."""
    host = server.host.strip("[]").removeprefix("IPv6:")
    try:
        return (Target("", str(ip_address(host)), server.port),)
    except ValueError:
        pass
    answers = await (_ask_resolver(host, request, resolver) if request.resolvers else _ask_system(host, request))
    addresses = [str(record) for answer in answers for record in answer.records]
    if addresses:
        return tuple(Target(host, address, server.port) for address in addresses)
    diagnosis = next(filter(None, (diagnose_answer(answer, host) for answer in answers)), None) or Diagnosis(
        catalogue()["client-wrong-host"],
        host,
        Evidence("dns", "; ".join(answer.evidence for answer in answers)),
        Confidence.CERTAIN,
        "dns",
    )
    for recipient in request.job.envelope.recipients:
        report = report_diagnosis(diagnosis, Place(recipient.address, host, Side.SENDER))
        delivery.settle(Outcome(recipient, fate_of(report), report))
    return ()


_TYPES = {4: RecordType.A, 6: RecordType.AAAA}


async def _ask_resolver(host: str, request: Request, resolver: ResolverPool) -> list[Answer]:
    try:
        name = to_question_name(host)
    except NameFault as fault:
        # What cannot be a name names nothing, as the system's own look-up says too.
        return [Answer(Question(host, RecordType.A), Kind.NXDOMAIN, detail=str(fault))]
    return list(await asyncio.gather(*(resolver.resolve(Question(name, _TYPES[one])) for one in request.families)))


async def _ask_system(host: str, request: Request) -> list[Answer]:
    """Ask the system, which knows its own hosts file too, as every mail program does."""
    family = socket.AF_UNSPEC
    if len(request.families) == 1:
        family = socket.AF_INET if request.families[0] == 4 else socket.AF_INET6
    question = Question(host.lower(), _TYPES[request.families[0]])
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        kind = Kind.SERVFAIL if error.errno == socket.EAI_AGAIN else Kind.NXDOMAIN
        return [Answer(question, kind, detail=error.strerror or "", server="system")]
    except UnicodeError as error:
        return [Answer(question, Kind.NXDOMAIN, detail=str(error), server="system")]
    return [Answer(question, Kind.FOUND, tuple(dict.fromkeys(str(entry[4][0]) for entry in found)), server="system")]
