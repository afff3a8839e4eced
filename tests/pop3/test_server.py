"""ServerEngine: what a client sends, in pieces of any size, is answered in order; only QUIT deletes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.pop3.limits import Limits
from mailwright.pop3.responses import Response
from mailwright.pop3.server import ServerEngine
from mailwright.pop3.server_events import (
    ApopGiven,
    AuthCancelled,
    AuthGiven,
    AuthResponse,
    Connected,
    Ended,
    Ending,
    Entry,
    Event,
    LoginGiven,
    RetrieveGiven,
    StlsGiven,
    UpdateGiven,
)
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_states import State
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.server_settings import AuthOffer

PIECES = [1, 2, 3, 7, 10_000]
MESSAGES = [b"H: 1\r\n\r\none\r\n.dot\r\n", b"H: 2\r\n\r\n"]
ENTRIES = [Entry(len(text), f"uid-{number}") for number, text in enumerate(MESSAGES, 1)]
SETTINGS = ServerSettings("pop.example.org", login=AuthOffer.ALWAYS, mechanisms=("PLAIN", "LOGIN"))
NO = Response(ok=False, text="no")


class Application:
    """Lets everybody in whose password is "good"; remembers what it was told."""

    def __init__(self, engine: ServerEngine) -> None:
        self.engine = engine
        self.told: list[Event] = []

    def react(self) -> bool:
        """Answer what the engine asks; return whether there was anything."""
        events = self.engine.events()
        self.told += events
        for event in events:
            self._answer(event)
        return bool(events)

    def _answer(self, event: Event) -> None:
        match event:
            case LoginGiven(password="good"):
                self.engine.open(ENTRIES)
            case LoginGiven() | ApopGiven():
                self.engine.reply(NO)
            case AuthGiven(initial_response=None):
                self.engine.challenge(b"more")
            case AuthGiven(initial_response=b"good") | AuthResponse(b"good"):
                self.engine.open(ENTRIES)
            case AuthGiven() | AuthResponse():
                self.engine.reply(NO)
            case RetrieveGiven(number=number):
                self.engine.accept()
                self.engine.send_text(MESSAGES[number - 1])
                self.engine.end_text()
            case Connected() | StlsGiven() | UpdateGiven():
                self.engine.accept()
            case _:
                pass


def converse(
    sent: bytes,
    settings: ServerSettings = SETTINGS,
    *,
    piece: int = 10_000,
    tls: bool = False,
    stamp: str | None = None,
) -> tuple[bytes, Application]:
    """Return what the server says to ``sent``, without the greeting, and the application."""
    engine = ServerEngine(settings, tls=tls, timestamp=stamp)
    application = Application(engine)
    out = take(application)
    for begin in range(0, len(sent), piece):
        if engine.state is State.TLS:
            engine.tls_established()
        engine.receive_data(sent[begin : begin + piece])
        out += take(application)
    return out.partition(b"\r\n")[2], application


def take(application: Application) -> bytes:
    """Return all that the server has to say now."""
    out = b""
    while (data := application.engine.data_to_send()) or application.react():
        out += data
    return out


def shape(said: bytes) -> list[str]:
    """Return the indicators and lines of a text, words cut off."""
    lines = said.decode().removesuffix("\r\n").split("\r\n")
    return [line.partition(" ")[0] if line[:1] in ("+", "-") else line for line in lines]


LOGIN = b"USER anna\r\nPASS good\r\n"

CONVERSATIONS: list[tuple[str, bytes, list[str]]] = [
    ("before-the-login", b"STAT\r\nDELE 1\r\nNOOP\r\nRSET\r\n", ["-ERR"] * 4),
    ("pass-without-user", b"PASS good\r\n", ["-ERR"]),
    ("pass-not-right-after-user", b"USER anna\r\nCAPA x\r\nUSER anna\r\nLANG en\r\nPASS good\r\n",
     ["+OK", "-ERR", "+OK", "+OK", "-ERR"]),
    ("wrong-password", b"USER anna\r\nPASS bad\r\nPASS good\r\n", ["+OK", "-ERR", "-ERR"]),
    ("twice", LOGIN + LOGIN + b"UTF8\r\nSTLS\r\n", ["+OK", "+OK", "-ERR", "-ERR", "-ERR", "-ERR"]),
    ("stat", LOGIN + b"STAT\r\n", ["+OK", "+OK", "+OK"]),
    ("list", LOGIN + b"LIST\r\nLIST 2\r\nLIST 3\r\nLIST 0\r\n",
     ["+OK", "+OK", "+OK", "1 19", "2 8", ".", "+OK", "-ERR", "-ERR"]),
    ("uidl", LOGIN + b"UIDL\r\nUIDL 1\r\n", ["+OK", "+OK", "+OK", "1 uid-1", "2 uid-2", ".", "+OK"]),
    ("retr", LOGIN + b"RETR 1\r\nRETR 3\r\n", ["+OK", "+OK", "+OK", "H: 1", "", "one", "..dot", ".", "-ERR"]),
    ("top", LOGIN + b"TOP 1 1\r\nTOP 1 0\r\nTOP 9 0\r\n",
     ["+OK", "+OK", "+OK", "H: 1", "", "one", ".", "+OK", "H: 1", "", ".", "-ERR"]),
    ("dele", LOGIN + b"DELE 1\r\nDELE 1\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 1 0\r\nLIST 1\r\nUIDL 1\r\n",
     ["+OK", "+OK", "+OK", "-ERR", "+OK", "2 8", ".", "+OK", "2 uid-2", ".", "-ERR", "-ERR", "-ERR", "-ERR"]),
    ("rset", LOGIN + b"DELE 1\r\nRSET\r\nDELE 1\r\n", ["+OK", "+OK", "+OK", "+OK", "+OK"]),
    ("languages", b"LANG\r\nLANG en\r\nLANG *\r\nLANG fr\r\n",
     ["+OK", "en English", "i-default English", ".", "+OK", "+OK", "-ERR"]),
    ("unknown", b"XTND\r\n\r\nauth\r\n", ["-ERR"] * 3),
    ("sasl-initial", b"AUTH PLAIN Z29vZA==\r\nSTAT\r\n", ["+OK", "+OK"]),
    ("sasl-challenge", b"auth plain\r\nZ29vZA==\r\nSTAT\r\n", ["+", "+OK", "+OK"]),
    ("sasl-empty", b"AUTH PLAIN =\r\n", ["-ERR"]),
    ("sasl-cancelled", b"AUTH PLAIN\r\n*\r\nSTAT\r\n", ["+", "-ERR", "-ERR"]),
    ("sasl-rubbish", b"AUTH PLAIN\r\nSTAT!\r\nNOOP\r\n", ["+", "-ERR", "-ERR"]),
    ("sasl-unknown", b"AUTH CRAM-MD5\r\n", ["-ERR"]),
    ("apop-not-offered", b"APOP anna c4c9334bac560ecc979e58001b3e22fb\r\n", ["-ERR"]),
    ("quit-at-once", b"QUIT\r\nNOOP\r\n", ["+OK"]),
    ("quit", LOGIN + b"QUIT\r\nNOOP\r\n", ["+OK", "+OK", "+OK"]),
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    ("sent", "expected"), [row[1:] for row in CONVERSATIONS], ids=[row[0] for row in CONVERSATIONS]
)
def test_conversations(sent: bytes, expected: list[str], piece: int) -> None:
    """The same answers whether a client waits, pipelines, or sends byte by byte."""
    said, _ = converse(sent, piece=piece)
    assert shape(said) == expected


def test_stat_has_numbers_and_nothing_more() -> None:
    """RFC 1939 5."""
    assert converse(LOGIN + b"STAT\r\nDELE 1\r\nSTAT\r\n")[0].split(b"\r\n")[2:5:2] == [b"+OK 2 27", b"+OK 1 8"]


def test_capa_lists_what_there_is() -> None:
    """RFC 2449 5; in clear STLS and no login, under TLS the login and no STLS, after the login as before."""
    settings = ServerSettings("pop.example.org", stls=True, implementation="Mailwright", login_delay=60)
    clear = shape(converse(b"CAPA\r\n", settings)[0])
    assert {"STLS", "TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8 USER", "LANG"} <= set(clear)
    assert {"LOGIN-DELAY 60", "EXPIRE NEVER", "IMPLEMENTATION Mailwright"} <= set(clear)
    assert not {"USER", "SASL PLAIN"} & set(clear)
    secure = shape(converse(b"CAPA\r\n", settings, tls=True)[0])
    assert {"USER", "SASL PLAIN"} <= set(secure)
    assert "STLS" not in secure
    assert converse(LOGIN + b"CAPA\r\n", settings, tls=True)[0].endswith(converse(b"CAPA\r\n", settings, tls=True)[0])


@pytest.mark.parametrize("command", [b"USER anna", b"AUTH PLAIN Z29vZA=="], ids=repr)
@pytest.mark.parametrize("login", [AuthOffer.NEVER, AuthOffer.UNDER_TLS])
def test_no_login_in_the_clear_unless_allowed_by_name(command: bytes, login: AuthOffer) -> None:
    """RFC 2595 2.3; the application never sees the password."""
    said, application = converse(command + b"\r\n", replace(SETTINGS, login=login))
    assert shape(said) == ["-ERR"]
    assert application.told == [Connected()]


def test_user_can_be_switched_off() -> None:
    """A server may offer SASL alone."""
    assert shape(converse(LOGIN, replace(SETTINGS, user=False))[0]) == ["-ERR", "-ERR"]


def test_without_utf8_its_commands_are_unknown() -> None:
    """RFC 6856 as a whole."""
    said, _ = converse(b"UTF8\r\nLANG\r\n", replace(SETTINGS, utf8=False))
    assert said == b"-ERR Unknown command\r\n" * 2


def test_apop_shows_its_timestamp_and_asks_the_application() -> None:
    """RFC 1939 7; offered only where a timestamp was given."""
    engine = ServerEngine(SETTINGS, timestamp="<1@a>")
    engine.accept()
    assert engine.data_to_send() == b"+OK pop.example.org POP3 ready <1@a>\r\n"
    engine.events()
    engine.receive_data(b"APOP anna c4c9334bac560ecc979e58001b3e22fb\r\n")
    assert engine.events() == [ApopGiven("anna", "c4c9334bac560ecc979e58001b3e22fb")]
    engine.open(())
    assert engine.state is State.TRANSACTION


def test_utf8_is_told_with_a_message() -> None:
    """RFC 6856 5: the application refuses what the client cannot read."""
    _, application = converse(b"UTF8\r\n" + LOGIN + b"RETR 1\r\nTOP 2 3\r\n")
    retrieved = [event for event in application.told if isinstance(event, RetrieveGiven)]
    assert retrieved == [RetrieveGiven(1, ENTRIES[0], None, utf8=True), RetrieveGiven(2, ENTRIES[1], 3, utf8=True)]


# ----------------------------------------------------------------------------------------- what is deleted, and when


def updates(told: Sequence[Event]) -> list[tuple[int, ...]]:
    """Return what was to be deleted."""
    return [event.deleted for event in told if isinstance(event, UpdateGiven)]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (LOGIN + b"DELE 2\r\nDELE 1\r\nQUIT\r\n", [(1, 2)]),
        (LOGIN + b"DELE 1\r\nRSET\r\nDELE 2\r\nQUIT\r\n", [(2,)]),
        (LOGIN + b"RETR 1\r\nQUIT\r\n", [()]),
        (LOGIN + b"DELE 1\r\n", []),
        (LOGIN + b"DELE 1\r\nQUIT", []),
        (LOGIN + b"DELE 1\r\nQUIT now\r\n", []),
        (b"USER anna\r\nPASS bad\r\nDELE 1\r\nQUIT\r\n", []),
    ],
    ids=["quit", "rset", "none", "lost", "half", "no-quit", "no-login"],
)
def test_only_dele_and_quit_delete(sent: bytes, expected: list[tuple[int, ...]], piece: int) -> None:
    """RFC 1939 6: a session that ends in any other way than QUIT deletes nothing."""
    _, application = converse(sent, piece=piece)
    application.engine.receive_eof()
    take(application)
    assert updates(application.told) == expected
    endings = [event.why for event in application.told if isinstance(event, Ended)]
    assert endings == [Ending.QUIT if b"QUIT\r\n" in sent else Ending.LOST]
    assert application.told[-1] == Ended(endings[0])


def test_a_failed_update_is_told() -> None:
    """RFC 1939 6: -ERR where some messages were not removed; the session ends all the same."""
    engine = ServerEngine(SETTINGS)
    application = Application(engine)
    take(application)
    engine.receive_data(LOGIN + b"DELE 1\r\n")
    take(application)
    engine.receive_data(b"QUIT\r\n")
    assert engine.events() == [UpdateGiven((1,))]
    engine.reply(Response(ok=False, text="some deleted messages not removed"))
    assert engine.data_to_send() == b"-ERR some deleted messages not removed\r\n"
    assert engine.events() == [Ended(Ending.QUIT)]


@pytest.mark.parametrize("end", ["lost", "close", "eof"])
def test_the_end_comes_once_and_is_the_last(end: str) -> None:
    """Whatever happens after it: answers that come too late do nothing."""
    engine = ServerEngine(SETTINGS)
    engine.accept()
    engine.events()
    engine.receive_data(LOGIN)
    assert isinstance(engine.events()[0], LoginGiven)
    engine.data_to_send()
    if end == "eof":
        engine.receive_eof()
        engine.reply(NO)
    elif end == "lost":
        engine.lost()
    else:
        engine.close(NO)
    said = engine.data_to_send()
    assert said == (b"" if end == "lost" else b"-ERR no\r\n")
    assert engine.events() == [Ended(Ending.CLOSED if end == "close" else Ending.LOST)]
    for late in late_answers(engine):
        late()
    engine.receive_data(b"QUIT\r\n")
    engine.receive_eof()
    engine.lost()
    engine.close(NO)
    assert (engine.events(), engine.data_to_send()) == ([], b"")


def late_answers(engine: ServerEngine) -> list[Callable[[], object]]:
    """Return every answer there is."""
    return [
        engine.accept,
        engine.end_text,
        lambda: engine.open(ENTRIES),
        lambda: engine.reply(NO),
        lambda: engine.challenge(b""),
        lambda: engine.send_text(b"x"),
    ]


def test_a_message_that_breaks_off_has_no_end() -> None:
    """The client must not take a half for the whole; nor does a last word stand in it."""
    engine = ServerEngine(SETTINGS)
    application = Application(engine)
    take(application)
    engine.receive_data(LOGIN)
    take(application)
    engine.receive_data(b"RETR 1\r\n")
    engine.events()
    engine.accept()
    assert engine.send_text(b"half\r\n")
    engine.close(NO)
    assert b"\r\n.\r\n" not in engine.data_to_send()
    assert engine.events() == [Ended(Ending.CLOSED)]
    assert not engine.send_text(b"more")


# --------------------------------------------------------------------------------------------------------------- STLS

TLS = replace(SETTINGS, stls=True, login=AuthOffer.UNDER_TLS)


def test_stls_begins_the_session_anew() -> None:
    """RFC 2595 4: a name given before is forgotten; STLS is not offered twice."""
    engine = ServerEngine(TLS)
    application = Application(engine)
    take(application)
    engine.receive_data(b"STLS\r\n")
    assert shape(take(application)) == ["+OK"]
    with pytest.raises(LocalProtocolError):
        engine.receive_data(b"\x16")
    engine.tls_established()
    with pytest.raises(LocalProtocolError):
        engine.tls_established()
    engine.receive_data(b"PASS good\r\nSTLS\r\n" + LOGIN)
    assert shape(take(application)) == ["-ERR", "-ERR", "+OK", "+OK"]


@pytest.mark.parametrize("injected", [b"USER anna\r\n", b"U", b"\x16\x03\x01"], ids=repr)
def test_nothing_that_came_in_the_clear_survives_stls(injected: bytes) -> None:
    """A command put behind STLS would be taken for one of the client under TLS."""
    said, application = converse(b"STLS\r\n" + injected, TLS)
    assert shape(said) == ["-ERR"]
    assert application.told == [Connected(), StlsGiven(), Ended(Ending.CLOSED)]


def test_what_comes_while_stls_is_asked_does_not_survive_either() -> None:
    """Between the question and its answer."""
    engine = ServerEngine(TLS)
    engine.accept()
    engine.receive_data(b"STLS\r\n")
    engine.receive_data(b"USER anna\r\n")
    engine.accept()
    assert engine.state is State.CLOSED


@pytest.mark.parametrize(
    ("settings", "sent", "tls"),
    [(SETTINGS, b"STLS\r\n", False), (TLS, b"STLS\r\n", True), (TLS, b"UTF8\r\nSTLS\r\n", False)],
    ids=["not-offered", "under-tls", "after-utf8"],
)
def test_stls_is_refused(settings: ServerSettings, sent: bytes, tls: bool) -> None:
    """RFC 2595 4, RFC 6856 2.1."""
    assert shape(converse(sent, settings, tls=tls)[0])[-1] == "-ERR"


# ------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("line", "good"),
    [
        (b"USER " + b"a" * 248, True),
        (b"USER " + b"a" * 249, False),
        (b"auth x " + b"A" * (12_288 - 9), True),
        (b"AUTH X " + b"A" * (12_288 - 8), False),
    ],
    ids=["command", "command-passed", "auth", "auth-passed"],
)
@pytest.mark.parametrize("piece", [1, 10_000, 20_000])
def test_lines_have_limits(line: bytes, good: bool, piece: int) -> None:
    """RFC 2449 4, RFC 5034 4; exactly reached, and passed by one octet, with which the session ends."""
    _, application = converse(line + b"\r\nNOOP\r\n", piece=piece)
    assert (application.engine.state is not State.CLOSED) is good


@pytest.mark.parametrize("sent", [b"NOOP\nNOOP\r\n", b"NO\rOP\r\n", b"\n"], ids=repr)
@pytest.mark.parametrize("piece", [1, 10_000])
def test_a_bare_line_end_closes(sent: bytes, piece: int) -> None:
    """Whether another command follows it would depend on who reads."""
    said, application = converse(sent, piece=piece)
    assert shape(said) == ["-ERR"]
    assert application.told[-1] == Ended(Ending.CLOSED)


@pytest.mark.parametrize("good_between", [False, True])
def test_too_many_errors_close(good_between: bool) -> None:
    """Limits.errors counts those one after the other."""
    settings = replace(SETTINGS, limits=Limits(errors=3))
    sent = LOGIN + (b"X\r\nX\r\nNOOP\r\nX\r\nX\r\nNOOP\r\n" if good_between else b"X\r\nX\r\nX\r\nNOOP\r\n")
    said, application = converse(sent, settings)
    assert (application.engine.state is State.CLOSED) is not good_between
    assert (b"[SYS/PERM]" in said) is not good_between


@pytest.mark.parametrize(
    "attempt",
    [b"USER a\r\nPASS bad\r\n", b"AUTH PLAIN YmFk\r\n", b"AUTH PLAIN\r\n*\r\n"],
    ids=["pass", "auth", "cancel"],
)
def test_too_many_failed_logins_close(attempt: bytes) -> None:
    """Limits.failed_logins, exactly reached: nothing is read of a client that guesses."""
    said, application = converse(attempt * 2 + LOGIN)
    assert application.engine.state is State.TRANSACTION
    said, application = converse(attempt * 3 + LOGIN)
    assert application.engine.state is State.CLOSED
    assert b"messages" not in said


def test_only_the_first_messages_of_a_large_maildrop_are_shown() -> None:
    """Limits.maildrop_messages."""
    said, _ = converse(LOGIN + b"LIST\r\n", replace(SETTINGS, limits=Limits(maildrop_messages=1)))
    assert shape(said)[2:] == ["+OK", "1 19", "."]


def test_answers_do_not_pile_up() -> None:
    """A thousand short commands with long answers wait until the client has taken the answers before."""
    engine = ServerEngine(SETTINGS)
    application = Application(engine)
    take(application)
    many = [Entry(1, "u" * 70)] * 1_000
    engine.receive_data(LOGIN)
    application.told += engine.events()
    engine.open(many)
    engine.data_to_send()
    engine.receive_data(b"UIDL\r\n" * 1_000)
    sizes = []
    while data := engine.data_to_send():
        sizes.append(len(data))
    assert len(sizes) == 1_000
    assert max(sizes) < SETTINGS.limits.unsent + 80_000


def test_what_is_pipelined_waits_within_a_limit() -> None:
    """The driver stops reading above it."""
    engine = ServerEngine(SETTINGS)
    engine.receive_data(b"x" * SETTINGS.limits.pipelined)
    assert not engine.is_full
    engine.receive_data(b"x")
    assert engine.is_full


# --------------------------------------------------------------------------------------------- the caller's mistakes


def test_answers_that_were_not_asked_for_are_the_callers_mistake() -> None:
    """Each answer belongs to its question."""
    engine = ServerEngine(SETTINGS)
    with pytest.raises(LocalProtocolError):
        engine.open(())
    with pytest.raises(LocalProtocolError):
        engine.challenge(b"")
    with pytest.raises(LocalProtocolError):
        engine.reply(Response(ok=True))
    engine.accept()
    for wrong in late_answers(engine):
        with pytest.raises(LocalProtocolError):
            wrong()
    engine.receive_data(LOGIN)
    with pytest.raises(LocalProtocolError):
        engine.accept()
    assert isinstance(engine.question, LoginGiven)
    engine.open(())
    assert engine.state is State.TRANSACTION


def test_a_client_can_be_refused_at_the_door() -> None:
    """-ERR in place of the greeting, and the end."""
    engine = ServerEngine(SETTINGS)
    engine.reply(Response(ok=False, text="busy", code="SYS/TEMP"))
    assert engine.data_to_send() == b"-ERR [SYS/TEMP] busy\r\n"
    assert engine.events() == [Connected(), Ended(Ending.CLOSED)]


def test_a_cancelled_exchange_is_told() -> None:
    """The application can forget it."""
    assert converse(b"AUTH PLAIN\r\n*\r\n")[1].told[-1] == AuthCancelled()


WORDS = [
    *(b"USER a\r\n", b"PASS good\r\n", b"PASS bad\r\n", b"STAT\r\n", b"LIST\r\n", b"RETR 1\r\n", b"TOP 2 1\r\n"),
    *(b"DELE 1\r\n", b"QUIT\r\n", b"CAPA\r\n", b"AUTH PLAIN\r\n", b"*\r\n", b"Z29vZA==\r\n", b"\xff\r\n", b"\n", b"X"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=15), st.integers(1, 9))
def test_pieces_do_not_matter(words: list[bytes], piece: int) -> None:
    """Whatever a client sends, whole or in pieces, the same is said and the same is deleted."""
    sent = b"".join(words)
    whole, one = converse(sent)
    parts, other = converse(sent, piece=piece)
    assert parts == whole
    assert other.told == one.told
