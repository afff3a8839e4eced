"""Fuzz both engines of POP3: any octets in, in pieces of any size.

The invariants of the server: no exception; what it says is whole lines, and the same however the octets were cut into
pieces; a message is deleted only when DELE named it and QUIT followed; the session ends once, and its end is told last.

The invariants of the client: RemoteProtocolError is the only exception, and closes it; the events are the same however
the octets were cut into pieces; a message is told as whole only with all its octets.

    python -m fuzz.pop3 --rounds 1000 --seed 0

A seed makes a run repeatable; octets that break a promise are written to a file, whose name is shown.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mailwright.pop3.client import ClientEngine
from mailwright.pop3.client import State as ClientState
from mailwright.pop3.client_events import Challenged, MessageBegun, MessageChunk, MessageEnded
from mailwright.pop3.commands import Auth, Capa, Command, Dele, List, Pass, Quit, Retr, Stat, Top, Uidl, User
from mailwright.pop3.responses import Response
from mailwright.pop3.server import ServerEngine
from mailwright.pop3.server_events import (
    ApopGiven,
    AuthGiven,
    AuthResponse,
    Connected,
    Ended,
    Entry,
    LoginGiven,
    RetrieveGiven,
    StlsGiven,
    UpdateGiven,
)
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_states import State as ServerState
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.server_settings import AuthOffer

SETTINGS = ServerSettings("pop.example.org", stls=True, login=AuthOffer.ALWAYS, mechanisms=("PLAIN", "LOGIN"))
MESSAGES = (b"H: 1\r\n\r\none\r\n.two\r\n", b"", b"no end")
ENTRIES = tuple(Entry(len(text), f"u{number}") for number, text in enumerate(MESSAGES, 1))

#: Conversations to begin with, of the client and of the server.
FROM_CLIENT = (
    b"CAPA\r\nUSER a\r\nPASS good\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 1 1\r\nDELE 1\r\nRSET\r\nDELE 2\r\nQUIT\r\n",
    b"AUTH PLAIN AGEAYg==\r\nAUTH LOGIN\r\nYQ==\r\n*\r\nAUTH PLAIN\r\nZ29vZA==\r\nDELE 3\r\nNOOP\r\nQUIT\r\n",
    b"UTF8\r\nLANG\r\nLANG en\r\nUSER a\r\nPASS good\r\nDELE 1\r\n",
    b"STLS\r\nCAPA\r\nUSER a\r\nPASS bad\r\nAPOP a c4c9334bac560ecc979e58001b3e22fb\r\n",
)
FROM_SERVER = (
    b"".join(
        (
            b"+OK ready\r\n+OK\r\nTOP\r\nSASL PLAIN\r\n.\r\n+OK\r\n+OK\r\n+OK 2 320\r\n+OK\r\n1 120\r\n2 200\r\n.\r\n",
            b"+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nH: 1\r\n\r\n..dot\r\n.\r\n+OK\r\nH: 1\r\n\r\n.\r\n+OK\r\n+OK bye\r\n",
        )
    ),
    b"+OK ready\r\n-ERR\r\n+OK\r\n-ERR [AUTH] no\r\n+ \r\n+ VXNlcg==\r\n+OK\r\n+OK 0 0\r\n-ERR [SYS/TEMP] bye\r\n",
)
TOKENS = (
    *(b"\r", b"\n", b"\r\n", b"\r\n.\r\n", b".", b"..\r\n", b"+OK", b"-ERR", b"+ ", b"+OK\r\n", b"-ERR x\r\n"),
    *(b"QUIT\r\n", b"DELE 1\r\n", b"RETR 1\r\n", b"STLS\r\n", b"USER a\r\n", b"PASS good\r\n", b"*\r\n", b"=", b"\x00"),
    *(b"\xff", b"[SYS/TEMP] ", b"9" * 12, b" " * 300, b"A" * 2_100, b"AUTH PLAIN ", b"\x16\x03\x01"),
)


def pieces(raw: bytes, chance: random.Random | None) -> list[bytes]:
    """Return ``raw`` cut at random; whole without ``chance``."""
    if chance is None:
        return [raw]
    cut: list[bytes] = []
    while raw:
        size = chance.choice((1, 1, 2, 7, 100))
        cut.append(raw[:size])
        raw = raw[size:]
    return cut


class Serving:
    """A server's session with an application that keeps books."""

    def __init__(self) -> None:
        self.engine = ServerEngine(SETTINGS, timestamp="<1@pop.example.org>")
        self.said = b""
        self.told: list[object] = []

    def run(self, parts: Sequence[bytes]) -> None:
        """Hear all parts, then the end."""
        self._pump()
        for part in parts:
            # What follows STLS belongs to a handshake; a client that makes none is gone.
            if self.engine.state is ServerState.TLS:
                break
            self.engine.receive_data(part)
            self._pump()
        self.engine.receive_eof()
        self._pump()
        self.engine.lost()
        self._pump()

    def _pump(self) -> None:
        while (data := self.engine.data_to_send()) or self._answer():
            self.said += data

    def _answer(self) -> bool:
        events = self.engine.events()
        self.told += events
        for event in events:
            match event:
                case LoginGiven(password="good") | AuthResponse(b"good"):
                    self.engine.open(ENTRIES)
                case AuthGiven(initial_response=None):
                    self.engine.challenge(b"?")
                case LoginGiven() | ApopGiven() | AuthGiven() | AuthResponse():
                    self.engine.reply(Response(ok=False, text="no"))
                case RetrieveGiven(number=number):
                    self.engine.accept()
                    self.engine.send_text(MESSAGES[number - 1])
                    self.engine.end_text()
                case Connected() | StlsGiven() | UpdateGiven():
                    self.engine.accept()
                case _:
                    pass
        return bool(events)


def server_faults(raw: bytes, chance: random.Random) -> list[str]:
    """Return the promises that the server breaks when a client sends ``raw``."""
    whole, cut = Serving(), Serving()
    whole.run(pieces(raw, None))
    cut.run(pieces(raw, chance))
    faults = []
    # Octets behind STLS are refused only where they came with it.
    if (whole.said, whole.told) != (cut.said, cut.told) and b"STLS" not in raw.upper():
        faults.append("pieces made a difference")
    for session in (whole, cut):
        ends = [event for event in session.told if isinstance(event, Ended)]
        if len(ends) != 1 or session.told[-1] is not ends[0]:
            faults.append(f"{len(ends)} ends, the last event is {session.told[-1]!r}")
        if not session.said.endswith(b"\r\n") or session.said.replace(b"\r\n", b"").translate(None, b"\r\n") != (
            session.said.replace(b"\r\n", b"")
        ):
            faults.append("a line is not ended by CRLF alone")
        faults += _deletion_faults(raw, session.told)
    return faults


def _deletion_faults(raw: bytes, told: Sequence[object]) -> list[str]:
    upper = raw.upper()
    return [
        f"{number} was deleted without DELE and QUIT"
        for event in told
        if isinstance(event, UpdateGiven)
        for number in event.deleted
        if b"DELE" not in upper or b"QUIT" not in upper or str(number).encode() not in upper
    ]


#: What the client asks, in this order.
COMMANDS: tuple[Command, ...] = (
    *(Capa(), User("a"), Pass("b"), Auth("PLAIN", b"x" * 300), Auth("LOGIN")),
    *(Stat(), List(), Uidl(), Retr(1), Top(1, 0), Dele(1), Quit()),
)


class Asking:
    """A client's session that sends each command once it is possible."""

    def __init__(self) -> None:
        self.engine = ClientEngine()
        self.told: list[object] = []
        self.fault = ""
        self._left = list(COMMANDS)

    def run(self, parts: Sequence[bytes]) -> None:
        """Hear all parts, then the end."""
        for part in parts:
            if self.engine.state is ClientState.TLS:
                break
            try:
                self.engine.receive_data(part)
            except RemoteProtocolError as error:
                self.fault = str(error)
            self._react()
        self.engine.receive_eof()
        self._react()

    def _react(self) -> None:
        for event in self.engine.events():
            if isinstance(event, MessageChunk) and self.told and isinstance(self.told[-1], MessageChunk):
                self.told[-1] = MessageChunk(self.told[-1].data + event.data)
            else:
                self.told.append(event)
            if isinstance(event, Challenged):
                with suppress(LocalProtocolError):
                    self.engine.respond(b"x")
        while self._left and not self.engine.under_way:
            try:
                self.engine.send(self._left[0])
            except LocalProtocolError:
                # It belongs into another state; those that are only good before the login are left out after it.
                if self.engine.state is not ClientState.TRANSACTION:
                    return
            self._left.pop(0)
        self.engine.data_to_send()


def client_faults(raw: bytes, chance: random.Random) -> list[str]:
    """Return the promises that the client breaks when a server sends ``raw``."""
    # One line at a time, as a server sends that waits for commands, and cut further at random.
    lines = raw.splitlines(keepends=True)
    whole, cut = Asking(), Asking()
    whole.run(lines)
    cut.run([piece for line in lines for piece in pieces(line, chance)])
    faults = []
    if (whole.told, bool(whole.fault)) != (cut.told, bool(cut.fault)):
        faults.append("pieces made a difference")
    for session in (whole, cut):
        if session.engine.state is not ClientState.CLOSED:
            faults.append(f"not closed after the end, but {session.engine.state}")
        faults += _message_faults(session.told)
    return faults


def _message_faults(told: Sequence[object]) -> list[str]:
    faults, octets, within = [], 0, False
    for event in told:
        match event:
            case MessageBegun():
                octets, within = 0, True
            case MessageChunk(data):
                octets += len(data)
            case MessageEnded(_, size):
                if not within or size != octets:
                    faults.append(f"a message of {size} octets had {octets}")
                within = False
            case _:
                pass
    return faults


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Return ``raw`` cut, doubled, mixed with tokens or with single octets changed, in one to five places."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 5)):
        begin = chance.randint(0, len(changed))
        end = min(len(changed), begin + chance.choice((1, 2, 6, 30)))
        match chance.randrange(5):
            case 0:
                del changed[begin:end]
            case 1:
                changed[begin:begin] = changed[begin:end]
            case 2:
                changed[begin:begin] = chance.choice(TOKENS)
            case 3:
                changed[begin:end] = chance.randbytes(end - begin)
            case _:
                at = changed.find(b"\r\n", begin)
                if at >= 0:
                    changed[at : at + 2] = chance.choice(TOKENS)
    return bytes(changed)


def tell(raw: bytes, faults: Sequence[str]) -> None:
    """Keep the octets that break a promise, and say which."""
    file = Path(f"fuzz-{sha256(raw).hexdigest()[:12]}.pop3")
    file.write_bytes(raw)
    sys.stderr.write("".join(f"{file}: {fault}\n" for fault in faults))


def run(rounds: int, seed: int) -> bool:
    """Mutate conversations ``rounds`` times for each side; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    kept = True
    sides: tuple[tuple[Callable[[bytes, random.Random], list[str]], tuple[bytes, ...]], ...] = (
        (server_faults, FROM_CLIENT),
        (client_faults, FROM_SERVER),
    )
    for _ in range(rounds):
        for look, sources in sides:
            raw = mutate(chance.choice(sources), chance)
            try:
                faults = look(raw, chance)
            except Exception as error:  # noqa: BLE001 - any exception is what is looked for
                faults = [f"{type(error).__name__}: {error}"]
            if faults:
                kept = False
                tell(raw, faults)
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.pop3", description="Feed both engines of POP3 rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many mutations to try on each side")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries other mutations")
    arguments = parser.parse_args()
    return 0 if run(arguments.rounds, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
