"""Fuzz SPF: any records and any answers of DNS in, a verdict, a survey and an advice out.

The invariants: ``check_mail_from`` and ``survey`` never raise, ask no more questions than their limits allow, and give
the same again for the same answers; a record that is read is written and read the same; ``simplify`` gives a record
that can be read; ``parse_record`` and ``parse_received_spf`` raise nothing but their own faults.

    python -m fuzz.spf --rounds 1000        make up zones at random
    python -m fuzz.spf --seed 2             others

A seed makes a run repeatable; what breaks a promise is shown with the number of its round.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

from mailwright.authentication.spf import MOST_LOOK_UPS, MOST_MX, SpfOptions, check_mail_from
from mailwright.authentication.spf_client import MOST_PTR
from mailwright.authentication.spf_header import ReceivedSpfFault, parse_received_spf, received_spf
from mailwright.authentication.spf_macros import SpfSyntaxFault
from mailwright.authentication.spf_record import parse_record
from mailwright.authentication.spf_simplify import simplify
from mailwright.authentication.spf_survey import MOST_ADDRESS_QUESTIONS, MOST_COUNTED, survey
from mailwright.authentication.spf_verdict import SpfVerdict
from mailwright.dns.answer import Answer, Kind, Mx, Question, Record, RecordType, Txt
from mailwright.dns.inquiry import settle

#: Questions of one evaluation: the record, ten terms with ten hosts each, the client's names, an explanation.
MOST_QUESTIONS = 1 + MOST_LOOK_UPS * (1 + MOST_MX) + 1 + MOST_PTR + 1
#: And of a survey: the record, those that it leads to, MX records, addresses.
MOST_SURVEYED = 1 + 2 * MOST_COUNTED + MOST_ADDRESS_QUESTIONS

NAMES = ["example.com", "a.example", "b.example", "c.example", "_spf.a.example"]
ADDRESSES = ["192.0.2.1", "198.51.100.7", "2001:db8::1", "::ffff:192.0.2.1", "192.0.2", "x", ""]
CLIENTS = ["192.0.2.1", "203.0.113.9", "2001:db8::1", "::ffff:192.0.2.1"]
SENDERS = ["anna@example.com", "", "@example.com", "example.com", "a\\b\u00fc @b.example", "x" * 300 + "@a.example"]
#: What records are made of: whole terms, and pieces that make broken ones.
WORDS = [
    *("a", "mx", "ptr", "all", "-all", "~all", "?all", "a:a.example", "mx:b.example/24", "a/0//0", "ptr:example.com"),
    *(
        "include:a.example",
        "include:b.example",
        "include:%{d}",
        "include:%{o2}.x",
        "include:_spf.%{d2}",
        "-include:c.example",
    ),
    *(
        "exists:%{ir}.%{v}.%{l1r-}.a.example",
        "exists:%{p}.a.example",
        "exists:%{S}.%{h}.b.example",
        "exists:%%%_%-.a.b",
    ),
    *("redirect=b.example", "redirect=%{d}", "exp=c.example", "exp=%{p}.a.example", "x=%{c}", "moo=", "default=pass"),
    *("ip4:192.0.2.0/24", "ip4:203.0.113.9", "-ip4:198.51.100.0/25", "ip4:198.51.100.128/25", "ip6:2001:db8::/32"),
    *("moo", "ip4:1", "a:", "%", "%{", "include", "a:museum", "\u00e9", "a\x00", "redirect=", "/", "::", "+"),
]


def record(chance: random.Random) -> bytes:
    """Return the octets of a record that may be right or wrong."""
    words = [chance.choice(WORDS) for _ in range(chance.choice((0, 1, 3, 8, 15, 60)))]
    text = bytearray(" ".join([chance.choice(("v=spf1", "V=spf1", "v=spf1", "v=spf10", "")), *words]).encode())
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        place = chance.randint(0, len(text))
        text[place : place + chance.randint(0, 3)] = chance.choice((b"", b" ", b"%", b"/", b"\xff", b"0", b":"))
    return bytes(text)


def entry(kind: RecordType, chance: random.Random) -> Record:
    """Return a record for a question of ``kind``, seldom of another."""
    wanted = kind if chance.random() < 0.95 else chance.choice(list(RecordType))
    match wanted:
        case RecordType.TXT:
            text = record(chance)
            cut = chance.randint(0, len(text))
            return Txt(chance.choice(((text,), (text[:cut], text[cut:]), ())))
        case RecordType.MX:
            return Mx(chance.randint(0, 3), chance.choice([*NAMES, "", "a..b"]))
        case RecordType.PTR:
            return chance.choice([*NAMES, "A.example.", "a..b"])
        case _:
            return chance.choice(ADDRESSES)


class Internet:
    """Answers made up as they are asked for, and kept."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.known: dict[Question, Answer] = {}
        self.asked = 0

    def __call__(self, question: Question) -> Answer:
        """Return what became of ``question``."""
        self.asked += 1
        answer = self.known.get(question)
        if answer is None:
            kind = self.chance.choice([Kind.FOUND] * 8 + list(Kind))
            count = self.chance.choice((1, 1, 1, 2, 11)) if kind is Kind.FOUND else 0
            records = tuple(entry(question.type, self.chance) for _ in range(count))
            answer = self.known[question] = Answer(question, kind, records)
        return answer


def broken_promises(chance: random.Random) -> Iterator[str]:
    """Make up a message and an Internet; yield what is wrong with what comes of them."""
    internet = Internet(chance)
    client, sender = ip_address(chance.choice(CLIENTS)), chance.choice(SENDERS)
    helo = chance.choice([*NAMES, "", "[192.0.2.1]", "x\r\ny"])
    options = SpfOptions(explain=True, most_voids=chance.choice((0, 2, 99)))
    verdict = settle(check_mail_from(client, sender, helo, options), internet)
    if internet.asked > MOST_QUESTIONS:
        yield f"{internet.asked} questions"
    if settle(check_mail_from(client, sender, helo, options), internet) != verdict:
        yield "the same answers gave another verdict"
    if verdict.explanation is not None and not (verdict.explanation.isascii() and verdict.explanation.isprintable()):
        yield f"explanation {verdict.explanation!r}"
    yield from _faults_of_survey(internet)
    yield from _faults_of_texts(verdict, sender, chance)


def _faults_of_survey(internet: Internet) -> Iterator[str]:
    internet.asked = 0
    found = settle(survey("example.com"), internet)
    if internet.asked > MOST_SURVEYED:
        yield f"{internet.asked} questions of a survey"
    if found.node.record is None:
        return
    advice = simplify(found)
    for made in (advice.record, *(part for _, part in advice.parts)):
        if parse_record(str(made)) != made:
            yield f"the record {str(made)[:200]!r} is read otherwise"


def _faults_of_texts(verdict: SpfVerdict, sender: str, chance: random.Random) -> Iterator[str]:
    text = record(chance).decode("latin-1")
    try:
        read = parse_record(text)
        if parse_record(str(read)) != read:
            yield f"the record {text[:200]!r} is written otherwise"
    except SpfSyntaxFault:
        pass
    field = str(received_spf(verdict, ip_address("2001:db8::1"), sender, text, "mx.example"))
    if str(parse_received_spf(field)) != field:
        yield f"the field {field[:200]!r} is read otherwise"
    place = chance.randint(0, len(field))
    piece = chance.choice(('"', "\\", "(", ";", "=", "\r\n"))
    with suppress(ReceivedSpfFault):
        parse_received_spf(field[:place] + piece + field[place:], lenient=True)


def run(rounds: int, seed: int) -> bool:
    """Make up messages ``rounds`` times; return whether every promise was kept."""
    kept = True
    for number in range(rounds):
        chance = random.Random(f"{seed}:{number}")  # noqa: S311 - rubbish for tests, no secret
        try:
            faults = list(broken_promises(chance))
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}"]
        for fault in faults:
            kept = False
            sys.stderr.write(f"seed {seed}, round {number}: {fault}\n")
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.spf", description="Feed SPF rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many messages to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries others")
    arguments = parser.parse_args()
    return 0 if run(arguments.rounds, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
