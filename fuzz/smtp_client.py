"""Fuzz the SMTP client's engine: any octets from a server in, in any slices, while a caller goes through a session.

The invariant: whatever the server says, the engine goes on or raises RemoteProtocolError and nothing else; a message is
sent only after a recipient was accepted; what is held is bounded; and the slicing of the octets changes nothing.

    python -m fuzz.smtp_client --rounds 1000 --seed 1

A seed makes a run repeatable; what breaks the promise is shown.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import deque
from collections.abc import Sequence

from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client import ClientEngine
from mailwright.smtp.client_events import Answered, Challenged, ContentWanted, Event, TlsReady, TransactionEnded
from mailwright.smtp.client_state import ClientSettings, Role, State
from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.transcript import Recorder, Step

ENVELOPE = Envelope(
    Address("anna", "a.test"), tuple(Recipient(Address(name, "b.test")) for name in ("bob", "carl", "dora"))
)
SETTINGS = (
    ClientSettings(),
    ClientSettings(pipelining=False),
    ClientSettings(Role.LMTP),
    ClientSettings(prefer_chunking=True),
    ClientSettings(bare_line_feeds=True),
)
#: What servers say, and what hostile ones do.
TOKENS = (
    *(
        b"220 mx.test ESMTP\r\n",
        b"250 2.1.0 ok\r\n",
        b"250 2.1.0 ok\r\n",
        b"250 2.1.5 ok\r\n",
        b"354 go\r\n",
        b"235 in\r\n",
    ),
    *(b"250-mx.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SIZE 1000\r\n250-AUTH LOGIN PLAIN\r\n250 STARTTLS\r\n",),
    *(b"250-mx.test\r\n250 AUTH LOGIN\r\n", b"334 VXNlcm5hbWU6\r\n", b"334 !\r\n", b"334\r\n"),
    *(
        b"550 5.1.1 unknown\r\n",
        b"450 4.2.0 later\r\n",
        b"421 4.3.2 closing\r\n",
        b"503 bad order\r\n",
        b"502 what?\r\n",
    ),
    *(
        b"250-a\r\n",
        b"250-a\r\n251 b\r\n",
        b"250 a\n",
        b"250 a\rb\r\n",
        b"\r\n",
        b"2",
        b"250",
        b"250-",
        b"999 x\r\n",
        b"\x00",
    ),
    *("550 用户不存在\r\n".encode("gbk"), b"550-" + b"x" * 3_000, b"\x15\x03\x01", b"221 bye\r\n", b"\xff\xfe"),
)


class Caller:
    """Somebody who does all that can be done, one thing after the other; keeps what happened."""

    def __init__(self, settings: ClientSettings, wishes: Sequence[str]) -> None:
        self.recorder = Recorder(lambda: 0.0)
        self.engine = ClientEngine(settings, self.recorder)
        self.wishes = deque(wishes)
        self.events: list[Event] = []
        self.sent = bytearray()
        self.faults: list[str] = []
        self.accepted = False

    def react(self) -> None:
        """Do what the events ask for, then the next thing."""
        for event in self.engine.events():
            self.events.append(event)
            self.answer(event)
        if self.engine.awaits is None and self.engine.state in (State.HELLO, State.READY):
            self.wish()
        self.sent += self.engine.data_to_send()

    def answer(self, event: Event) -> None:
        """Go on where the engine waits for the caller."""
        engine = self.engine
        match event:
            case Answered(Step.MAIL):
                self.accepted = False
            case Answered(Step.RCPT, reply):
                self.accepted = self.accepted or reply.completes
            case ContentWanted():
                self.send()
            case Challenged(challenge):
                if engine.state is State.AUTH and engine.awaits is None:
                    engine.respond(challenge[:100])
            case TlsReady():
                if engine.state is State.HANDSHAKE:
                    engine.tls_started()
            case TransactionEnded():
                self.accepted = False
            case _:
                pass

    def send(self) -> None:
        """Send a message."""
        if not self.accepted:
            self.faults.append("a message is wanted though nobody was accepted")
        if self.engine.state is State.CONTENT:
            self.engine.send_content(b"Subject: x\r\n\r\n.\r\nhello")
            self.engine.end_content()

    def wish(self) -> None:
        """Begin the next thing on the list that is possible now."""
        engine = self.engine
        if engine.state is State.HELLO:
            engine.hello("me.test")
            return
        match self.wishes.popleft() if self.wishes else "quit":
            case "tls" if engine.capabilities.starttls and not engine.tls:
                engine.start_tls()
            case "login" if not engine.authenticated:
                engine.authenticate("LOGIN")
            case "reset":
                engine.reset()
            case "quit":
                engine.quit()
            case _:
                chunking = engine.settings.prefer_chunking and engine.capabilities.chunking
                whole = b"hello\r\n" if chunking and engine.sends_whole and len(self.wishes) % 2 else None
                engine.begin(ENVELOPE, chunking=chunking, whole=whole)


def play(settings: ClientSettings, wishes: Sequence[str], pieces: Sequence[bytes]) -> tuple[Caller, str]:
    """Play a server that says ``pieces``; return the caller and the fault that the engine found, "" for none."""
    caller = Caller(settings, wishes)
    try:
        for piece in pieces:
            caller.engine.receive_data(piece)
            caller.react()
        caller.engine.receive_eof()
        caller.react()
    except RemoteProtocolError as fault:
        return caller, str(fault)
    return caller, ""


def broken_promises(settings: ClientSettings, wishes: Sequence[str], pieces: Sequence[bytes]) -> list[str]:
    """Return what is wrong with how the engine took a server's octets; nothing if every promise was kept."""
    caller, fault = play(settings, wishes, pieces)
    faults = list(caller.faults)
    if fault and caller.engine.is_usable:
        faults.append(f"usable after {fault}")
    limits = settings.limits
    for event in caller.events:
        reply = getattr(event, "reply", None)
        if reply is not None and (len(reply.lines) > limits.reply_lines or len(str(reply)) > limits.reply_octets):
            faults.append("a reply beyond the limits")
    sliced = [piece[place : place + 1] for piece in pieces for place in range(len(piece))]
    again, same_fault = play(settings, wishes, sliced)
    # A caller who reacts between two replies of one piece may come too late, but never differently.
    if not fault and not same_fault and bytes(again.sent) != bytes(caller.sent):
        faults.append(f"the slicing changes what is sent: {bytes(caller.sent)!r}, {bytes(again.sent)!r}")
    return faults


def conversation(chance: random.Random) -> list[bytes]:
    """Return what a server says: a session that begins well more often than not, then anything."""
    pieces = [TOKENS[0], TOKENS[6]] if chance.random() < 0.8 else []
    pieces += [chance.choice(TOKENS) for _ in range(chance.randint(0, 14))]
    if chance.random() < 0.2:
        pieces.insert(chance.randint(0, len(pieces)), chance.randbytes(chance.randint(1, 30)))
    return pieces


def run(rounds: int, seed: int) -> bool:
    """Play ``rounds`` conversations; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    kept = True
    for _ in range(rounds):
        settings = chance.choice(SETTINGS)
        wishes = [chance.choice(("tls", "login", "reset", "message", "message", "message")) for _ in range(4)]
        pieces = conversation(chance)
        try:
            faults = broken_promises(settings, wishes, pieces)
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}"]
        for fault in faults:
            kept = False
            sys.stderr.write(f"{fault}\n    {settings.role} {wishes} {pieces!r}\n")
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.smtp_client", description="Feed the SMTP client rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many conversations to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries others")
    arguments = parser.parse_args()
    return 0 if run(arguments.rounds, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
