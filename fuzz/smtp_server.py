"""Fuzz ServerEngine: any octets in, replies out.

The invariants, whatever the client sends, however it is cut, and whatever the application answers:

* No exception.
* What goes out are replies: lines of at most 512 octets of ASCII, "NNN-" or "NNN ", ended by CRLF.
* What is kept of the input is bounded by Limits.
* Every transaction ends once, with MessageGiven or TransactionDropped; Ended comes once, and last.
* Cut into single octets, the same input gives the same replies and the same messages.

    python -m fuzz.smtp_server --rounds 1000           mutate conversations at random

A seed makes a run repeatable; octets that break a promise are written to a file, whose name is shown.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mailwright.mail.reply import Reply
from mailwright.smtp.data import LineEnds
from mailwright.smtp.limits import Limits
from mailwright.smtp.server import ServerEngine
from mailwright.smtp.server_events import (
    AuthGiven,
    AuthResponse,
    Connected,
    DataChunk,
    Ended,
    Event,
    MailGiven,
    MessageGiven,
    Question,
    TransactionDropped,
)
from mailwright.smtp.server_settings import AuthOffer, Role, ServerSettings
from mailwright.smtp.server_states import State

LIMITS = Limits(
    command_line=200, authentication_line=300, text_line=80, recipients=3, message=2_000, pipelined=1_000, errors=30
)
#: Without STARTTLS and with strict_pipelining off nothing depends on how the octets are cut.
LENIENT = ServerSettings(
    "mx.example.test", auth=AuthOffer.ALWAYS, mechanisms=("PLAIN", "LOGIN"), strict_pipelining=False, limits=LIMITS
)
SETTINGS = (
    LENIENT,
    replace(LENIENT, role=Role.LMTP),
    replace(LENIENT, line_ends=LineEnds.NORMALISE, long_lines=True, spaces=True),
    replace(LENIENT, require_authentication=True, mail_max=2, recipient_domain_max=1),
    replace(LENIENT, starttls=True, strict_pipelining=True, stream=True),
)

#: What conversations are made of.
TOKENS = [
    *(b"EHLO c\r\n", b"HELO c\r\n", b"LHLO c\r\n", b"QUIT\r\n", b"RSET\r\n", b"NOOP\r\n", b"STARTTLS\r\n", b"DATA\r\n"),
    *(b"MAIL FROM:<a@b.test>\r\n", b"MAIL FROM:<>\r\n", b"MAIL FROM:<a@b.test> SIZE=10 BODY=BINARYMIME\r\n"),
    *(b"RCPT TO:<c@d.test>\r\n", b"RCPT TO:<c@e.test> NOTIFY=NEVER\r\n", "RCPT TO:<ü@d.test>\r\n".encode()),
    *(
        b"Subject: a\r\n\r\nb\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"..\r\n",
    ),
    *(b"BDAT 3\r\nabc", b"BDAT 4 LAST\r\nab\r\n", b"BDAT 0 LAST\r\n", b"BDAT 9999999\r\n", b"BDAT 3 LAST\r\n\r\n\r"),
    *(b"AUTH PLAIN AGEAYg==\r\n", b"AUTH LOGIN\r\n", b"*\r\n", b"YWJj\r\n", b"=\r\n", b"AUTH PLAIN =\r\n"),
    *(
        b"\r\n",
        b"\r",
        b"\n",
        b"\x00",
        b"\xff",
        b"x" * 90,
        b"x" * 250,
        b"x" * 400,
        b" ",
        b"VRFY a\r\n",
        b"GET / HTTP/1.1\r\n",
    ),
]
BEGINNINGS = (b"EHLO c\r\n", b"LHLO c\r\n")
MAILS = (
    b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nSubject: a\r\n\r\nb\r\n.\r\n",
    b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@d.test>\r\nBDAT 5\r\nabc\r\nBDAT 3 LAST\r\nd\r\n",
)


def conversation(chance: random.Random) -> bytes:
    """Return what a client may say: mails and tokens, some of it cut and mixed up."""
    pieces = [chance.choice(BEGINNINGS), *(chance.choice((*TOKENS, *MAILS)) for _ in range(chance.randint(1, 25)))]
    said = bytearray(b"".join(pieces))
    for _ in range(chance.randint(0, 3)):
        begin = chance.randint(0, len(said))
        match chance.randrange(3):
            case 0:
                del said[begin : begin + chance.choice((1, 2, 10))]
            case 1:
                said[begin:begin] = chance.choice(TOKENS)
            case _:
                said[begin : begin + 1] = chance.randbytes(1)
    return bytes(said)


class Session:
    """An engine and an application that answers by a seed, the same each time."""

    def __init__(self, settings: ServerSettings, seed: int) -> None:
        self.engine = ServerEngine(settings)
        self.events: list[Event] = []
        self.heard = b""
        self.most = 0
        self._chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
        self._work()

    def say(self, data: bytes) -> None:
        """Send octets, and answer what is asked."""
        if self.engine.state is State.TLS:
            self.engine.tls_established()
        self.engine.receive_data(data)
        self._work()

    def end(self) -> None:
        """Send no more."""
        if self.engine.state is not State.TLS:
            self.engine.receive_eof()
            self._work()
        self.engine.lost()
        self._work()

    def _work(self) -> None:
        while events := self.engine.events():
            self.events.extend(events)
            if self.engine.question is not None:
                self._answer(self.engine.question)
            self.heard += self.engine.data_to_send()
        self.heard += self.engine.data_to_send()
        self.most = max(self.most, len(self.engine._input) - self.engine._at + len(self.engine._waiting))  # noqa: SLF001 - the bound is the point

    def _answer(self, question: Question) -> None:
        if isinstance(question, Connected) or self._chance.random() < 0.85:
            if isinstance(question, AuthGiven | AuthResponse) and self._chance.random() < 0.5:
                self.engine.challenge(b"more")
            else:
                self.engine.accept()
        else:
            self.engine.reply(Reply(self._chance.choice((450, 550, 421)), ("No", "really")))


def broken_promises(settings: ServerSettings, seed: int, said: bytes, cuts: list[int]) -> Iterator[str]:
    """Yield what is wrong with the session of a client that says ``said``, cut at ``cuts``."""
    session = Session(settings, seed)
    for begin, end in zip((0, *cuts), (*cuts, len(said)), strict=True):
        session.say(said[begin:end])
    session.end()
    yield from _faults_of(session)
    # Beside what was put in at once, at most a line is kept.
    if session.most > max(LIMITS.authentication_line + 1, len(said)):
        yield f"{session.most} octets were kept"
    if settings.starttls:
        return
    other = Session(settings, seed)
    for place in range(len(said)):
        other.say(said[place : place + 1])
        if other.most > LIMITS.authentication_line + 1:
            yield f"{other.most} octets were kept"
    other.end()
    yield from _faults_of(other)
    if other.heard != session.heard:
        yield f"octet by octet it says {other.heard!r}, else {session.heard!r}"
    if _messages(other) != _messages(session):
        yield "octet by octet there are other messages"


def _messages(session: Session) -> list[bytes]:
    return [event.content for event in session.events if isinstance(event, MessageGiven)]


def _faults_of(session: Session) -> Iterator[str]:
    for line in session.heard.split(b"\r\n")[:-1]:
        text = line.decode("ascii", "replace")
        if len(line) > 510 or not text[:3].isdigit() or text[3:4] not in (" ", "-") or not text.isprintable():
            yield f"no reply: {line!r}"
    if session.heard and not session.heard.endswith(b"\r\n"):
        yield "the last reply has no end"
    if [type(event) for event in session.events].count(Ended) != 1 or not isinstance(session.events[-1], Ended):
        yield "the end was not told once and last"
    yield from _faults_of_transactions(session)


def _faults_of_transactions(session: Session) -> Iterator[str]:
    """Yield where a transaction ended twice, or without having begun."""
    may_be_open = False
    for event in session.events:
        if isinstance(event, MailGiven):
            may_be_open = True
        elif isinstance(event, MessageGiven | TransactionDropped):
            if not may_be_open:
                yield f"{type(event).__name__} without a transaction"
            may_be_open = False
        elif isinstance(event, DataChunk) and not may_be_open:
            yield "text without a transaction"


def tell(said: bytes, faults: list[str]) -> None:
    """Keep the octets that break a promise, and say why they do."""
    file = Path(f"fuzz-{sha256(said).hexdigest()[:12]}.smtp")
    file.write_bytes(said)
    sys.stderr.write("".join(f"{file}: {fault}\n" for fault in faults))


def run(rounds: int, seed: int) -> bool:
    """Hold ``rounds`` conversations; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    kept = True
    for _ in range(rounds):
        said = conversation(chance)
        cuts = sorted(chance.randint(0, len(said)) for _ in range(chance.choice((0, 1, 4))))
        try:
            faults = list(broken_promises(chance.choice(SETTINGS), chance.randrange(1_000), said, cuts))
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}"]
        if faults:
            kept = False
            tell(said, faults)
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.smtp_server", description="Feed ServerEngine rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many conversations to hold")
    parser.add_argument("--seed", type=int, default=0, help="another seed holds others")
    known = parser.parse_args()
    return 0 if run(known.rounds, known.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
