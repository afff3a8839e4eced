"""Client and server joined in memory: what one says the other understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailwright.lab.memory import Conversation, join
from mailwright.pop3.capabilities import parse_capabilities
from mailwright.pop3.client import ClientEngine
from mailwright.pop3.client import State as ClientState
from mailwright.pop3.client_events import Answered, Challenged, ConnectionEnded, Event, Listed, MessageChunk
from mailwright.pop3.commands import (
    Auth,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from mailwright.pop3.responses import Response, parse_drop_listing, parse_scan_listing, parse_unique_id
from mailwright.pop3.server import ServerEngine
from mailwright.pop3.server_events import (
    AuthGiven,
    AuthResponse,
    Connected,
    Entry,
    LoginGiven,
    RetrieveGiven,
    StlsGiven,
    UpdateGiven,
)
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_states import State as ServerState
from mailwright.smtp.server_settings import AuthOffer

MESSAGES = [b"H: 1\r\n\r\n.\r\n..\r\nx\r\n", b"", b"no end", b"a" * 70_000 + b"\r\n"]
ENTRIES = [Entry(len(text), f"u{number}") for number, text in enumerate(MESSAGES, 1)]
SETTINGS = ServerSettings("pop.example.org", login=AuthOffer.ALWAYS)


class Pair:
    """A client that sends a list of commands, one after the other or all at once, and a server that answers them."""

    def __init__(self, commands: Sequence[Command], settings: ServerSettings = SETTINGS) -> None:
        self.client = ClientEngine()
        self.server = ServerEngine(settings)
        self.events: list[Event] = []
        self.deleted: tuple[int, ...] | None = None
        self._commands = list(commands)
        self.pipelined = False

    def run(self, piece: int | None = None) -> Conversation:
        """Let them talk to the end."""
        return join(self.client, self.server, react=self._react, piece=piece)

    def _react(self) -> bool:
        return any([self._secure(), self._serve(), self._ask()])

    def _secure(self) -> bool:
        if self.client.state is not ClientState.TLS or self.server.state is not ServerState.TLS:
            return False
        self.client.tls_established()
        self.server.tls_established()
        return True

    def _ask(self) -> bool:
        events = self.client.events()
        self.events += events
        for event in events:
            if isinstance(event, Challenged):
                self.client.respond(b"good")
        sent = False
        while self._commands and self.client.state in (ClientState.AUTHORIZATION, ClientState.TRANSACTION):
            if self.client.under_way and not self.pipelined:
                break
            self.client.send(self._commands.pop(0))
            sent = True
        return sent or bool(events)

    def _serve(self) -> bool:
        events = self.server.events()
        for event in events:
            match event:
                case LoginGiven() | AuthResponse():
                    self.server.open(ENTRIES)
                case AuthGiven():
                    self.server.challenge(b"")
                case RetrieveGiven(number=number):
                    self.server.accept()
                    self.server.send_text(MESSAGES[number - 1])
                    self.server.end_text()
                case UpdateGiven(deleted):
                    self.deleted = deleted
                    self.server.accept()
                case Connected() | StlsGiven():
                    self.server.accept()
                case _:
                    pass
        return bool(events)

    def answers(self) -> list[tuple[Command, Response]]:
        """Return commands and responses, in order."""
        return [(event.command, event.response) for event in self.events if isinstance(event, Answered | Listed)]


@pytest.mark.parametrize("piece", [1, 5, None])
def test_a_whole_session(piece: int | None) -> None:
    """STLS, login, listings, messages, deletion: everything is understood, byte by byte too."""
    commands: list[Command] = [
        *(Capa(), Stls(), Capa(), Utf8(), Lang(), User("anna"), Pass("secret word"), Stat(), List(), Uidl()),
        *(List(1), Uidl(2), Top(1, 1), Dele(1), Rset(), Dele(2), Dele(4), Noop(), Quit()),
    ]
    pair = Pair(commands, replace(SETTINGS, stls=True, login=AuthOffer.UNDER_TLS))
    pair.run(piece)
    answers = dict(pair.answers())
    assert all(response.ok for response in answers.values())
    assert len(pair.answers()) == len(commands) - 1
    listed = {type(event.command): event.lines for event in pair.events if isinstance(event, Listed)}
    assert parse_drop_listing(answers[Stat()]).messages == 4
    assert [parse_scan_listing(line).octets for line in listed[List]] == [entry.octets for entry in ENTRIES]
    assert [parse_unique_id(line).uid for line in listed[Uidl]] == [entry.uid for entry in ENTRIES]
    assert parse_scan_listing(answers[List(1)].text).octets == ENTRIES[0].octets
    assert parse_unique_id(answers[Uidl(2)].text).uid == "u2"
    assert parse_capabilities(listed[Capa]) == pair.server.settings.capabilities(tls=True)
    assert pair.deleted == (2, 4)
    assert (pair.client.state, pair.server.state) == (ClientState.CLOSED, ServerState.CLOSED)
    pair.client.receive_eof()
    assert pair.client.events() == [ConnectionEnded(expected=True)]


@pytest.mark.parametrize("piece", [3, None])
@pytest.mark.parametrize("number", range(1, len(MESSAGES) + 1))
def test_messages_arrive_as_they_are(number: int, piece: int | None) -> None:
    """Dots, nothing, a missing last line end, which is added, and more than a buffer."""
    pair = Pair([Auth("PLAIN"), Retr(number)])
    pair.run(piece)
    text = b"".join(event.data for event in pair.events if isinstance(event, MessageChunk))
    message = MESSAGES[number - 1]
    assert text == (message if message.endswith(b"\r\n") or not message else message + b"\r\n")


def test_pipelined_commands_are_answered_in_order() -> None:
    """RFC 2449 6.6: the same as one after the other, in fewer rounds."""
    commands: list[Command] = [Stat(), List(), Retr(1), Top(1, 0), Uidl(), Dele(1), Quit()]
    login: list[Command] = [User("a"), Pass("b")]
    slow, quick = Pair([*login, *commands]), Pair(login)
    slow.run()
    quick.run()
    quick._commands = list(commands)
    quick.pipelined = True
    said = quick.run().client
    assert said.count(b"\r\n") == len(commands)
    assert quick.answers() == slow.answers()
    assert quick.deleted == (1,)


def test_engines_without_end_are_noticed() -> None:
    """Two that always have something to say raise, and do not hang."""

    class Talker:
        def receive_data(self, data: bytes) -> None:
            assert data

        def data_to_send(self) -> bytes:
            return b"x"

    with pytest.raises(RuntimeError):
        join(Talker(), Talker())
    with pytest.raises(RuntimeError):
        join(ClientEngine(), ServerEngine(SETTINGS), react=lambda: True)


def test_a_conversation_can_be_stopped() -> None:
    """Nothing is carried once ``stop`` says so."""
    server = ServerEngine(SETTINGS)
    server.accept()
    client = ClientEngine()
    assert join(client, server, stop=lambda: True) == Conversation(b"", b"")
    assert client.events() == []
