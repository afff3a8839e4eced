"""Fuzz DNS: any octets in, a Reading out; any table in, a Routing and a Diagnosis out.

The invariants: whatever the octets of a response, a Reading comes back, and its answer is one of the closed kinds with
bounded, printable texts and a TTL that fits; whatever a zone says, routing ends, asks no question twice, keeps the
order of preferences, and has a diagnosis exactly where there is no route.  No exception is acceptable.

    python -m fuzz.dns --rounds 1000      mutate responses and make up zones at random

A seed makes a run repeatable; what breaks a promise is written to standard error.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator

from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.diagnose import diagnose_answer, diagnose_routing
from mailwright.dns.inquiry import settle
from mailwright.dns.routes import Verdict
from mailwright.dns.routing import MOST_RECORDS, RoutingOptions, more, route
from mailwright.dns.wire import MOST_ALIASES, Fit, WireOptions, query, read
from mailwright.lab.nameserver import NameServer
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

IDENT = 7
#: Characters of an answer's detail that are ever kept.
LONGEST_DETAIL = 2_000
OPTIONS = WireOptions(trust_ad=True)

NAMES = ("example.test", "a.test", "b.test", "c.test", "d.test", "e.test", "192.0.2.1", "a..b", "x" * 63 + ".test")
LINES = (
    *(f"MX {preference} {name}" for preference in (0, 10, 20) for name in (*NAMES, ".")),
    *(f"A {ip}" for ip in ("192.0.2.1", "192.0.2.2", "10.0.0.1", "127.0.0.1", "0.0.0.0")),  # noqa: S104 - a record
    *(f"AAAA {ip}" for ip in ("2001:db8::1", "::1", "fe80::1", "::ffff:192.0.2.1")),
    *(f"CNAME {name}" for name in NAMES),
    *(f"{kind} {word.upper()}" for kind in ("A", "AAAA", "MX") for word in Kind if word is not Kind.FOUND),
    *("TXT x", "TTL 0", "TTL 60", "DNSSEC secure", "DNSSEC bogus", "EDE 15 blocked", "EDE 22 x"),
)
ZONE: dict[str, Entry] = {
    "example.test": ["MX 10 a.test", "MX 20 b.test", "TXT v=spf1 -all", "A 192.0.2.1", "TLSA 3 0 0 abcd"],
    "alias.test": ["CNAME example.test"],
    "bogus.test": ["A 192.0.2.1", "DNSSEC bogus"],
    "caa.test": ['CAA 0 issue "ca.test"', "SRV 1 2 3 a.test", "SOA a.test b.test 1 2 3 4 5", "NS a.test", "PTR a.test"],
}


def responses() -> list[tuple[Question, bytes]]:
    """Return whole responses to begin with."""
    server = NameServer(ZONE)
    questions = [Question(name, kind) for name in (*ZONE, "gone.test") for kind in RecordType]
    made = ((question, server.respond(query(question, IDENT, OPTIONS), tcp=True)) for question in questions)
    return [(question, wire) for question, wire in made if wire is not None]


def mutate(wire: bytes, chance: random.Random) -> bytes:
    """Return ``wire`` with octets changed, cut, doubled or put in, at one to six places; its id mostly stays."""
    changed = bytearray(wire)
    for _ in range(chance.randint(1, 6)):
        begin = min(len(changed), chance.randint(0 if chance.random() < 0.05 else 2, max(2, len(changed))))
        end = min(len(changed), begin + chance.choice((1, 2, 4, 20)))
        match chance.randrange(5):
            case 0:
                changed[begin:end] = chance.randbytes(end - begin)
            case 1:
                del changed[begin:end]
            case 2:
                changed[begin:begin] = changed[begin:end] * chance.choice((1, 2, 50))
            case 3:
                # A compression pointer to anywhere.
                changed[begin:end] = bytes((0xC0 | chance.randrange(4), chance.randrange(256)))
            case _:
                del changed[begin:]
    return bytes(changed)


def broken_by_wire(question: Question, wire: bytes) -> Iterator[str]:
    """Yield what is wrong with what became of a response."""
    reading = read(wire, question, IDENT, OPTIONS)
    if reading.fit not in Fit:
        yield f"fit {reading.fit!r}"
    yield from _broken_answer(question, reading.answer)
    if reading.fit is Fit.OURS and diagnose_answer(reading.answer) is None and not reading.answer.tells:
        yield f"no diagnosis of {reading.answer.kind}"
    if reading != read(wire, question, IDENT, OPTIONS):
        yield "another reading of the same octets"


def _broken_answer(question: Question, answer: Answer) -> Iterator[str]:
    if answer.question != question:
        yield f"an answer to {answer.question}"
    if bool(answer.records) != (answer.kind is Kind.FOUND):
        yield f"{answer.kind} with {len(answer.records)} records"
    if not 0 <= answer.ttl < 2**31 or len(answer.aliases) > MOST_ALIASES:
        yield f"ttl {answer.ttl}, {len(answer.aliases)} aliases"
    if len(answer.detail) > LONGEST_DETAIL or not answer.detail.isprintable():
        yield f"detail {answer.detail[:100]!r}"
    answer.evidence.encode()


def make_zone(chance: random.Random) -> dict[str, Entry]:
    """Return a zone of random lines."""
    return {
        name: chance.choice(list(Kind)) if chance.random() < 0.1 else chance.choices(LINES, k=chance.randint(0, 8))
        for name in NAMES
        if chance.random() < 0.8
    }


def broken_by_zone(zone: dict[str, Entry], chance: random.Random) -> Iterator[str]:
    """Yield what is wrong with the route through a zone."""
    resolver = TableResolver(zone)
    options = RoutingOptions(
        families=chance.choice(((6, 4), (4, 6), (4,), (6,))),
        private=chance.random() < 0.5,
        own_names=frozenset(chance.choices(NAMES, k=chance.randint(0, 1))),
    )
    routing = settle(route("example.test", chance, options), resolver.answer)
    for _ in range(MOST_RECORDS):
        routing = settle(more(routing, chance, options), resolver.answer)
    if routing.rest:
        yield "hosts remain"
    if len(resolver.asked) != len(set(resolver.asked)):
        yield "a question was asked twice"
    preferences = [host.preference for host in routing.hosts]
    if preferences != sorted(preferences) or len({host.name for host in routing.hosts}) != len(routing.hosts):
        yield "the order is broken, or a host comes twice"
    if (diagnose_routing(routing) is None) != (routing.verdict is Verdict.ROUTABLE):
        yield f"{routing.verdict} has no diagnosis, or should have none"
    if bool(routing.usable) != (routing.verdict is Verdict.ROUTABLE):
        yield f"{routing.verdict} with {len(routing.usable)} hosts"


def run(rounds: int, seed: int) -> bool:
    """Try ``rounds`` responses and as many zones; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    sources = responses()
    kept = True
    for _ in range(rounds):
        question, wire = chance.choice(sources)
        wire = mutate(wire, chance)
        zone = make_zone(chance)
        try:
            faults = [f"{fault}: {question} {wire.hex()}" for fault in broken_by_wire(question, wire)]
            faults += [f"{fault}: {zone}" for fault in broken_by_zone(zone, chance)]
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}: {question} {wire.hex()} {zone}"]
        sys.stderr.write("".join(f"{fault}\n" for fault in faults))
        kept = kept and not faults
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.dns", description="Feed the DNS room rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many responses and zones to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries others")
    known = parser.parse_args()
    return 0 if run(known.rounds, known.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
