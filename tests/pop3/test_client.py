"""ClientEngine: what a server says, in pieces of any size, becomes events; nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.pop3.client import ClientEngine, State
from mailwright.pop3.client_events import (
    Answered,
    Challenged,
    ConnectionEnded,
    Dismissed,
    Event,
    Greeted,
    Listed,
    MessageBegun,
    MessageChunk,
    MessageEnded,
)
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
from mailwright.pop3.limits import Limits
from mailwright.pop3.responses import Response
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError

PIECES = [1, 2, 3, 7, 10_000]


def feed(engine: ClientEngine, data: bytes, piece: int = 10_000) -> list[Event]:
    """Put octets in piece by piece; return the events, chunks of one message joined."""
    events: list[Event] = []
    for begin in range(0, len(data), piece):
        engine.receive_data(data[begin : begin + piece])
        for event in engine.events():
            if isinstance(event, MessageChunk) and events and isinstance(events[-1], MessageChunk):
                events[-1] = MessageChunk(events[-1].data + event.data)
            else:
                events.append(event)
    return events


def greeted(limits: Limits | None = None, *, tls: bool = False) -> ClientEngine:
    """Return an engine that has heard the greeting."""
    engine = ClientEngine(limits or Limits(), tls=tls)
    feed(engine, b"+OK ready\r\n")
    return engine


def logged_in(limits: Limits | None = None) -> ClientEngine:
    """Return an engine in the state TRANSACTION."""
    engine = greeted(limits)
    engine.send(User("a"))
    engine.send(Pass("b"))
    feed(engine, b"+OK\r\n+OK\r\n")
    engine.data_to_send()
    assert engine.state is State.TRANSACTION
    return engine


def ok(text: str = "") -> Response:
    """Return a +OK."""
    return Response(ok=True, text=text)


ANSWERS: list[tuple[Command, bytes, list[Event]]] = [
    (Stat(), b"+OK 2 320\r\n", [Answered(Stat(), ok("2 320"))]),
    (Noop(), b"-ERR\r\n", [Answered(Noop(), Response(ok=False))]),
    (List(2), b"+OK 2 200\r\n", [Answered(List(2), ok("2 200"))]),
    (List(), b"+OK 2\r\n1 120\r\n2 200\r\n.\r\n", [Listed(List(), ok("2"), ("1 120", "2 200"))]),
    (List(), b"-ERR no\r\n", [Answered(List(), Response(ok=False, text="no"))]),
    (Uidl(), b"+OK\r\n.\r\n", [Listed(Uidl(), ok(), ())]),
    (Capa(), b"+OK\r\nTOP\r\n..X\r\n.\r\n", [Listed(Capa(), ok(), ("TOP", ".X"))]),
    (Lang(), b"+OK\r\nen English\r\n.\r\n", [Listed(Lang(), ok(), ("en English",))]),
    (Lang("en"), b"+OK en\r\n", [Answered(Lang("en"), ok("en"))]),
    (Retr(1), b"+OK 120\r\n.\r\n", [MessageBegun(Retr(1), ok("120")), MessageEnded(Retr(1), 0)]),
    (Retr(1), b"+OK\r\na\r\n..\r\n\r\nb\r\n.\r\n",
     [MessageBegun(Retr(1), ok()), MessageChunk(b"a\r\n.\r\n\r\nb\r\n"), MessageEnded(Retr(1), 11)]),
    (Top(1, 0), b"+OK\r\na\n.\nb\r.\r\r\n.\r\n",
     [MessageBegun(Top(1, 0), ok()), MessageChunk(b"a\n.\nb\r.\r\r\n"), MessageEnded(Top(1, 0), 10)]),
    (Retr(1), b"-ERR no such message\r\n", [Answered(Retr(1), Response(ok=False, text="no such message"))]),
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("command", "wire", "events"), ANSWERS, ids=lambda value: repr(value)[:40])
def test_answers_become_events(command: Command, wire: bytes, events: list[Event], piece: int) -> None:
    """Whole, byte by byte, and followed by the answer to the next command."""
    engine = logged_in()
    engine.send(command)
    engine.send(Rset())
    assert feed(engine, wire + b"+OK done\r\n", piece) == [*events, Answered(Rset(), ok("done"))]
    assert engine.under_way == 0


@pytest.mark.parametrize("piece", PIECES)
def test_a_whole_conversation(piece: int) -> None:
    """The states follow the answers, and only the answer to QUIT ends it."""
    engine = ClientEngine()
    assert feed(engine, b"+OK hello\r\n", piece) == [Greeted(ok("hello"))]
    engine.send(User("mrose"))
    assert feed(engine, b"+OK\r\n", piece) == [Answered(User("mrose"), ok())]
    engine.send(Pass("tanstaaf"))
    assert feed(engine, b"-ERR [AUTH] no\r\n", piece) == [
        Answered(Pass("tanstaaf"), Response(ok=False, text="no", code="AUTH"))
    ]
    engine.send(Pass("tanstaaf"))
    feed(engine, b"+OK\r\n", piece)
    engine.send(Dele(1))
    engine.send(Quit())
    assert engine.data_to_send() == b"USER mrose\r\nPASS tanstaaf\r\nPASS tanstaaf\r\nDELE 1\r\nQUIT\r\n"
    feed(engine, b"+OK\r\n+OK bye\r\n", piece)
    engine.receive_data(b"anything")
    engine.receive_eof()
    assert engine.events() == [ConnectionEnded(expected=True)]


@pytest.mark.parametrize(
    "wire",
    [
        b"220 smtp.example.org ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"H",
        b"\r\n",
        b"+ok\r\n",
        b"+OK ready\n",
        b"+OK re\rady\r\n",
        b"+OK " + b"a" * 2043 + b"\r\n",
        b"+" + b"a" * 2047,
        b"+OK ready\r\n+OK again\r\n",
        b"+ Y2hhbGxlbmdl\r\n",
    ],
    ids=lambda wire: repr(wire)[:30],
)
@pytest.mark.parametrize("piece", [1, 10_000])
def test_a_server_that_breaks_the_protocol_is_left(wire: bytes, piece: int) -> None:
    """The one error for it, and the session is over."""
    engine = ClientEngine()
    with pytest.raises(RemoteProtocolError):
        feed(engine, wire, piece)
    assert engine.state is State.CLOSED
    engine.receive_data(b"+OK\r\n")
    engine.receive_eof()


def test_the_longest_line_is_taken() -> None:
    """Limits.response_line, exactly reached."""
    assert feed(ClientEngine(), b"+OK " + b"a" * 2042 + b"\r\n") == [Greeted(ok("a" * 2042))]


def test_what_came_before_a_fault_is_told() -> None:
    """Events are not lost with the session."""
    engine = ClientEngine()
    with pytest.raises(RemoteProtocolError):
        engine.receive_data(b"+OK ready\r\nrubbish\r\n")
    assert engine.events() == [Greeted(ok("ready"))]


def test_a_refused_greeting_ends_the_session() -> None:
    """RFC 1939 4 knows a positive greeting only; servers without room say -ERR."""
    engine = ClientEngine()
    assert feed(engine, b"-ERR [SYS/TEMP] later\r\n") == [Greeted(Response(ok=False, text="later", code="SYS/TEMP"))]
    assert engine.state is State.CLOSED


def test_an_error_without_a_question_is_a_dismissal() -> None:
    """Servers say -ERR before they close an idle connection; the words are evidence."""
    engine = logged_in()
    assert feed(engine, b"-ERR Disconnected for inactivity\r\n") == [
        Dismissed(Response(ok=False, text="Disconnected for inactivity"))
    ]
    assert engine.state is State.CLOSED


def test_a_success_without_a_question_is_refused() -> None:
    """It may be somebody's who put it there."""
    with pytest.raises(RemoteProtocolError):
        feed(logged_in(), b"+OK\r\n")


@pytest.mark.parametrize("at", range(0, 20, 3))
def test_a_connection_lost_in_the_middle_is_told_as_such(at: int) -> None:
    """Half a message is never a whole one."""
    engine = logged_in()
    engine.send(Retr(1))
    events = feed(engine, b"+OK\r\nabc\r\n\r\nabc\r\n.\r\n"[:at])
    engine.receive_eof()
    assert engine.events() == [ConnectionEnded(expected=False)]
    assert not any(isinstance(event, MessageEnded) for event in events)


# ------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(("limit", "good"), [(5, True), (4, False)], ids=["reached", "passed"])
def test_a_message_has_a_limit(limit: int, good: bool) -> None:
    """Exactly reached, and passed by one."""
    engine = logged_in(Limits(message=limit))
    engine.send(Retr(1))
    if good:
        assert feed(engine, b"+OK\r\nabc\r\n.\r\n")[-1] == MessageEnded(Retr(1), 5)
    else:
        with pytest.raises(RemoteProtocolError, match="4 octets"):
            feed(engine, b"+OK\r\nabc\r\n.\r\n")


@pytest.mark.parametrize(
    ("limits", "good"),
    [
        (Limits(listing_lines=2), True),
        (Limits(listing_lines=1), False),
        (Limits(listing_octets=23), True),
        (Limits(listing_octets=22), False),
        (Limits(response_line=13), True),
        (Limits(response_line=12), False),
    ],
    ids=["lines", "lines-passed", "octets", "octets-passed", "line", "line-passed"],
)
def test_a_listing_has_limits(limits: Limits, good: bool) -> None:
    """Lines, octets and the length of a line; exactly reached, and passed by one."""
    engine = logged_in(limits)
    engine.send(Uidl())
    wire = b"+OK\r\n1 abcdefghi\r\n2 abcdef\r\n.\r\n"
    if good:
        assert feed(engine, wire) == [Listed(Uidl(), ok(), ("1 abcdefghi", "2 abcdef"))]
    else:
        with pytest.raises(RemoteProtocolError):
            feed(engine, wire)


@pytest.mark.parametrize("wire", [b"+OK\r\n1 a\n2 b\r\n.\r\n", b"+OK\r\n1 a\r\n.\n"], ids=["in", "end"])
def test_a_listing_knows_no_bare_line_feeds(wire: bytes) -> None:
    """What is read as a line must be one for everybody."""
    engine = logged_in()
    engine.send(Uidl())
    with pytest.raises(RemoteProtocolError):
        feed(engine, wire)


def test_only_so_many_commands_are_under_way() -> None:
    """Limits.commands_under_way, reached and passed."""
    engine = logged_in(Limits(commands_under_way=2))
    engine.send(Noop())
    engine.send(Noop())
    with pytest.raises(LocalProtocolError):
        engine.send(Noop())


def test_a_listing_in_another_charset_is_decoded() -> None:
    """Unique-ids and names of software are what they are."""
    engine = greeted()
    engine.send(Capa())
    assert feed(engine, b"+OK\r\nIMPLEMENTATION gr\xfcn\r\n.\r\n") == [Listed(Capa(), ok(), ("IMPLEMENTATION grün",))]


# --------------------------------------------------------------------------------------------------------------- STLS


def test_tls_is_begun_after_the_answer_to_stls() -> None:
    """And what the server sends meanwhile belongs to the handshake."""
    engine = greeted()
    engine.send(Stls())
    assert feed(engine, b"+OK go\r\n") == [Answered(Stls(), ok("go"))]
    assert engine.state is State.TLS
    with pytest.raises(LocalProtocolError):
        engine.receive_data(b"\x16")
    with pytest.raises(LocalProtocolError):
        engine.send(Capa())
    engine.tls_established()
    assert (engine.state, engine.tls) == (State.AUTHORIZATION, True)
    with pytest.raises(LocalProtocolError):
        engine.send(Stls())
    with pytest.raises(LocalProtocolError):
        engine.tls_established()


@pytest.mark.parametrize("injected", [b"+OK\r\n", b"+", b"\x16"], ids=repr)
def test_nothing_that_came_in_the_clear_survives_stls(injected: bytes) -> None:
    """An answer put behind that to STLS would be taken for what the server says under TLS."""
    engine = greeted()
    engine.send(Stls())
    with pytest.raises(RemoteProtocolError, match="in the clear"):
        feed(engine, b"+OK go\r\n" + injected)
    assert engine.state is State.CLOSED
    # Nobody must begin a handshake because of the answer.
    assert engine.events() == []


def test_a_refused_stls_changes_nothing() -> None:
    """The session goes on in the clear; whether it may is for the driver to know."""
    engine = greeted()
    engine.send(Stls())
    feed(engine, b"-ERR no\r\n")
    assert (engine.state, engine.tls) == (State.AUTHORIZATION, False)
    engine.send(Utf8())
    feed(engine, b"+OK\r\n")
    with pytest.raises(LocalProtocolError):
        engine.send(Stls())


# --------------------------------------------------------------------------------------------------------------- SASL


@pytest.mark.parametrize("piece", PIECES)
def test_an_exchange_of_sasl(piece: int) -> None:
    """Challenges and answers, until the server says +OK."""
    engine = greeted()
    engine.send(Auth("LOGIN"))
    assert feed(engine, b"+ VXNlcg==\r\n", piece) == [Challenged(b"User")]
    engine.respond(b"anna")
    assert feed(engine, b"+\r\n", piece) == [Challenged(b"")]
    engine.respond(b"")
    assert feed(engine, b"+OK\r\n", piece) == [Answered(Auth("LOGIN"), ok())]
    assert engine.state is State.TRANSACTION
    assert engine.data_to_send() == b"AUTH LOGIN\r\nYW5uYQ==\r\n\r\n"
    with pytest.raises(LocalProtocolError):
        engine.respond(b"")


def test_an_exchange_can_be_cancelled() -> None:
    """RFC 5034 4: with a single asterisk."""
    engine = greeted()
    engine.send(Auth("LOGIN"))
    feed(engine, b"+ VXNlcg==\r\n")
    engine.cancel()
    assert engine.data_to_send().endswith(b"\r\n*\r\n")
    feed(engine, b"-ERR cancelled\r\n")
    assert engine.state is State.AUTHORIZATION


def test_an_initial_response_goes_with_the_command_where_it_fits() -> None:
    """RFC 5034 4: a line of 255 octets, exactly reached."""
    engine = greeted()
    engine.send(Auth("XOAUTH2", b"x" * 177))
    assert len(engine.data_to_send()) == 251
    assert feed(engine, b"+OK\r\n")
    assert engine.state is State.TRANSACTION


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_initial_response_waits_for_the_servers_challenge(piece: int) -> None:
    """An empty challenge asks for it, and nobody else hears of that."""
    engine = greeted()
    engine.send(Auth("XOAUTH2", b"x" * 183))
    assert engine.data_to_send() == b"AUTH XOAUTH2\r\n"
    assert feed(engine, b"+ \r\n", piece) == []
    assert engine.data_to_send() == b"eHh4" * 61 + b"\r\n"
    assert feed(engine, b"+ e30=\r\n", piece) == [Challenged(b"{}")]


@pytest.mark.parametrize(
    "wire", [b"+ not base64\r\n", b"+ YQ==\r\n+ YQ==\r\n", b"+ " + b"A" * 12_288], ids=["base64", "twice", "long"]
)
def test_a_strange_challenge_is_refused(wire: bytes) -> None:
    """The server may ask once at a time, in base64, within a limit."""
    engine = greeted()
    engine.send(Auth("LOGIN"))
    with pytest.raises(RemoteProtocolError):
        feed(engine, wire)


def test_an_initial_response_is_not_given_to_a_server_that_speaks_first() -> None:
    """A challenge where the client is to begin means that they do not agree on the mechanism."""
    engine = greeted()
    engine.send(Auth("XOAUTH2", b"x" * 200))
    with pytest.raises(RemoteProtocolError, match="is to begin"):
        feed(engine, b"+ YQ==\r\n")
    assert b"eHh4" not in engine.data_to_send()


def test_the_longest_answer_is_sent() -> None:
    """Limits.authentication_line, exactly reached and passed."""
    engine = greeted()
    engine.send(Auth("X"))
    feed(engine, b"+ \r\n")
    with pytest.raises(LocalProtocolError):
        engine.respond(b"x" * 9215)
    engine.respond(b"x" * 9213)


# ----------------------------------------------------------------------------------------------------- the wrong place


@pytest.mark.parametrize("command", [Stat(), List(), Retr(1), Dele(1), Rset(), Noop()], ids=repr)
def test_before_the_login_there_is_no_maildrop(command: Command) -> None:
    """RFC 1939 5."""
    with pytest.raises(LocalProtocolError):
        greeted().send(command)
    with pytest.raises(LocalProtocolError):
        ClientEngine().send(command)


@pytest.mark.parametrize("command", [User("a"), Pass("b"), Auth("PLAIN"), Stls(), Utf8()], ids=type)
def test_after_the_login_there_is_no_other(command: Command) -> None:
    """RFC 1939 4."""
    with pytest.raises(LocalProtocolError):
        logged_in().send(command)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Pass("a"), Capa()),
        (Stls(), Capa()),
        (Auth("PLAIN"), Capa()),
        (Quit(), Capa()),
        (Capa(), Stls()),
        (User("a"), Auth("X")),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_decides_is_waited_for(first: Command, second: Command) -> None:
    """Nothing is sent while the answer decides what it would mean."""
    engine = greeted()
    engine.send(first)
    with pytest.raises(LocalProtocolError):
        engine.send(second)


RUBBISH = [b"+OK\r\n", b"-ERR x\r\n", b"+ YQ==\r\n", b".\r\n", b"..", b"\r\n", b"1 2\r\n", b"+", b"\xff"]


@given(st.lists(st.sampled_from(RUBBISH), max_size=12), st.integers(1, 9))
def test_rubbish_raises_the_one_error(parts: list[bytes], piece: int) -> None:
    """Whatever a server sends, in pieces of any size."""
    engine = ClientEngine()
    commands: list[Command] = [Capa(), User("a"), Pass("b"), Uidl(), Retr(1), Auth("PLAIN")]
    try:
        for part in parts:
            feed(engine, part, piece)
            for command in commands:
                try:
                    engine.send(command)
                except LocalProtocolError:
                    continue
    except RemoteProtocolError:
        assert engine.state is State.CLOSED
