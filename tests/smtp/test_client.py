"""The client engine: conversations as they stand on the wire, groups and single commands, and servers out of step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.address import Address
from mailwright.mail.envelope import Body, Envelope, Recipient
from mailwright.mail.reply import Reply
from mailwright.smtp.client import ClientEngine
from mailwright.smtp.client_events import (
    Answered,
    Challenged,
    Closing,
    ContentWanted,
    Ended,
    Event,
    TlsReady,
    TransactionEnded,
)
from mailwright.smtp.client_state import ClientSettings, Role, State
from mailwright.smtp.commands import Help, Noop, Vrfy
from mailwright.smtp.data import LineEnds
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.transcript import Recorder, Step

LMTP = ClientSettings(Role.LMTP)
CHUNKING = ClientSettings(prefer_chunking=True)


def envelope(*recipients: str, body: Body | None = None) -> Envelope:
    return Envelope(
        Address.parse("anna@a.test"), tuple(Recipient(Address.parse(recipient)) for recipient in recipients), body=body
    )


class Driver:
    """A caller that says hello, sends its messages one after the other, and quits."""

    def __init__(self, messages: Sequence[Envelope], settings: ClientSettings, pieces: Sequence[bytes]) -> None:
        self.engine = ClientEngine(settings)
        self.messages = deque(messages)
        self.pieces = pieces
        self.seen: list[Event] = []

    def react(self) -> None:
        for event in self.engine.events():
            self.seen.append(event)
            match event:
                case Answered(Step.BANNER, reply) if reply.completes:
                    self.engine.hello("me.test")
                case Answered(Step.BANNER):
                    self.engine.quit()
                case Answered(Step.EHLO) | TransactionEnded():
                    self.next()
                case ContentWanted():
                    self.send()
                case _:
                    pass

    def next(self) -> None:
        if self.messages and self.engine.is_usable:
            chunking = self.engine.settings.prefer_chunking and self.engine.capabilities.chunking
            self.engine.begin(self.messages.popleft(), chunking=chunking)
        else:
            self.engine.quit()

    def send(self) -> None:
        for piece in self.pieces:
            self.engine.send_content(piece)
        self.engine.end_content()


def converse(script: str, driver: Driver, *, one_by_one: bool = False) -> list[Event]:
    """Play the server's lines of a script, and hold what the client sends against its lines of it."""
    expected = sent = b""
    for line in [*script.strip().splitlines(), "S!"]:
        text = line.strip()[3:].encode() + b"\r\n"
        if line.strip().startswith("C:"):
            expected += text
            continue
        sent += driver.engine.data_to_send()
        assert sent.decode() == expected.decode()
        if text != b"\r\n":
            for piece in [text[place : place + 1] for place in range(len(text))] if one_by_one else [text]:
                driver.engine.receive_data(piece)
                driver.react()
    return driver.seen


OPENING = """
    S: 220 mx.test ESMTP
    C: EHLO me.test
"""
STORIES: dict[str, tuple[str, ClientSettings, list[Envelope], list[bytes]]] = {
    "pipelined": (
        OPENING
        + """
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    C: RCPT TO:<c@b.test>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 550 5.1.1 unknown
    S: 354 go
    C: Subject: x
    C:
    C: ..dot
    C: .
    S: 250 2.0.0 queued
    C: QUIT
    S: 221 bye
""",
        ClientSettings(),
        [envelope("b@b.test", "c@b.test")],
        [b"Subject: x\r\n\r\n.d", b"ot"],
    ),
    "one by one": (
        OPENING
        + """
    S: 250 mx.test
    C: MAIL FROM:<anna@a.test>
    S: 250 ok
    C: RCPT TO:<b@b.test>
    S: 450 later
    C: RCPT TO:<c@b.test>
    S: 250 ok
    C: DATA
    S: 354 go
    C: .
    S: 250 queued
    C: QUIT
""",
        ClientSettings(),
        [envelope("b@b.test", "c@b.test")],
        [],
    ),
    "pipelining offered and not wanted": (
        OPENING
        + """
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    S: 550 no
    C: QUIT
""",
        ClientSettings(pipelining=False),
        [envelope("b@b.test", "c@b.test")],
        [],
    ),
    "nobody accepted, one by one": (
        OPENING
        + """
    S: 250 mx.test
    C: MAIL FROM:<anna@a.test>
    S: 250 ok
    C: RCPT TO:<b@b.test>
    S: 550 unknown
    C: RSET
    S: 250 ok
    C: MAIL FROM:<anna@a.test>
    S: 250 ok
    C: RCPT TO:<c@b.test>
    S: 250 ok
    C: DATA
    S: 354 go
    C: hi
    C: .
    S: 250 queued
    C: MAIL FROM:<anna@a.test>
""",
        ClientSettings(),
        [envelope("b@b.test"), envelope("c@b.test"), envelope("d@b.test")],
        [b"hi\r\n"],
    ),
    "nobody accepted, in a group, DATA refused": (
        OPENING
        + """
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    C: DATA
    S: 250 ok
    S: 550 unknown
    S: 554 no valid recipients
    C: RSET
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<c@b.test>
    C: DATA
    S: 250 reset
    S: 250 ok
    S: 250 ok
    S: 354 go
    C: .
    S: 250 queued
    C: QUIT
""",
        ClientSettings(),
        [envelope("b@b.test"), envelope("c@b.test")],
        [],
    ),
    "nobody accepted, in a group, DATA accepted": (
        OPENING
        + """
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    C: DATA
    S: 250 ok
    S: 550 unknown
    S: 354 go
    C: .
    S: 554 no valid recipients
    C: QUIT
""",
        ClientSettings(),
        [envelope("b@b.test")],
        [b"never sent"],
    ),
    "MAIL refused in a group": (
        OPENING
        + """
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    C: DATA
    S: 550 blocked
    S: 503 no MAIL
    S: 503 no RCPT
    C: QUIT
""",
        ClientSettings(),
        [envelope("b@b.test")],
        [],
    ),
    "HELO instead of EHLO": (
        OPENING
        + """
    S: 502 what?
    C: HELO me.test
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    S: 250 ok
    C: RCPT TO:<b@b.test>
    S: 250 ok
    C: DATA
""",
        ClientSettings(),
        [envelope("b@b.test")],
        [],
    ),
    "chunks": (
        OPENING
        + """
    S: 250-mx.test
    S: 250-PIPELINING
    S: 250 CHUNKING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    S: 250 ok
    S: 250 ok
    C: BDAT 6
    C: .one
    C: BDAT 5 LAST
    C: two
    S: 250 chunk
    S: 250 queued
    C: QUIT
""",
        CHUNKING,
        [envelope("b@b.test")],
        [b".one\r\n", b"two\r\n"],
    ),
    "an empty message in chunks": (
        OPENING
        + """
    S: 250-mx.test
    S: 250 CHUNKING
    C: MAIL FROM:<anna@a.test>
    S: 250 ok
    C: RCPT TO:<b@b.test>
    S: 250 ok
    C: BDAT 0 LAST
    S: 250 queued
    C: QUIT
""",
        CHUNKING,
        [envelope("b@b.test")],
        [],
    ),
    "nobody accepted, with chunks": (
        OPENING
        + """
    S: 250-mx.test
    S: 250-PIPELINING
    S: 250 CHUNKING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    S: 250 ok
    S: 550 unknown
    C: QUIT
""",
        CHUNKING,
        [envelope("b@b.test")],
        [b"never sent"],
    ),
    "a reply for each recipient": (
        """
    S: 220 mx.test LMTP
    C: LHLO me.test
    S: 250-mx.test
    S: 250 PIPELINING
    C: MAIL FROM:<anna@a.test>
    C: RCPT TO:<b@b.test>
    C: RCPT TO:<c@b.test>
    C: RCPT TO:<d@b.test>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 550 unknown
    S: 250 ok
    S: 354 go
    C: .
    S: 250 stored
    S: 452 full
    C: QUIT
""",
        LMTP,
        [envelope("b@b.test", "c@b.test", "d@b.test")],
        [],
    ),
    "refused at the banner": (
        """
    S: 554 no
    C: QUIT
    S: 221 bye
""",
        ClientSettings(),
        [],
        [],
    ),
}


@pytest.mark.parametrize("one_by_one", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("name", STORIES)
def test_conversations(name: str, one_by_one: bool) -> None:
    """What the client says to what the server said, line by line."""
    script, settings, messages, pieces = STORIES[name]
    converse(script, Driver(messages, settings, pieces), one_by_one=one_by_one)


def answers(name: str) -> list[tuple[Step, int, int | None]]:
    script, settings, messages, pieces = STORIES[name]
    seen = converse(script, Driver(messages, settings, pieces))
    return [
        (event.step, event.reply.code, event.recipient)
        for event in seen
        if isinstance(event, Answered) and event.step not in (Step.BANNER, Step.EHLO, Step.QUIT)
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "pipelined",
            [
                (Step.MAIL, 250, None),
                (Step.RCPT, 250, 0),
                (Step.RCPT, 550, 1),
                (Step.DATA, 354, None),
                (Step.MESSAGE, 250, None),
            ],
        ),
        (
            "a reply for each recipient",
            [
                (Step.MAIL, 250, None),
                (Step.RCPT, 250, 0),
                (Step.RCPT, 550, 1),
                (Step.RCPT, 250, 2),
                (Step.DATA, 354, None),
                (Step.MESSAGE, 250, 0),
                (Step.MESSAGE, 452, 2),
            ],
        ),
        # The reply to the single dot says nothing about anybody, that to a chunk neither.
        (
            "nobody accepted, in a group, DATA accepted",
            [(Step.MAIL, 250, None), (Step.RCPT, 550, 0), (Step.DATA, 354, None)],
        ),
        ("chunks", [(Step.MAIL, 250, None), (Step.RCPT, 250, 0), (Step.MESSAGE, 250, None)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_replies_reach_their_recipients(name: str, expected: list[tuple[Step, int, int | None]]) -> None:
    """Each reply is told with its step and the recipient that it is about."""
    assert answers(name) == expected


def ready(*offers: str, settings: ClientSettings | None = None, recorder: Recorder | None = None) -> ClientEngine:
    """An engine that has greeted a server with these offers."""
    engine = ClientEngine(settings, recorder)
    engine.receive_data(b"220 mx.test\r\n")
    engine.hello("me.test")
    engine.receive_data("\r\n".join([*(f"250-{offer}" for offer in ("mx.test", *offers)), "250 XEND", ""]).encode())
    engine.events()
    engine.data_to_send()
    return engine


def sending(*offers: str, settings: ClientSettings | None = None, recipients: int = 1) -> ClientEngine:
    """An engine that may send the content."""
    engine = ready("PIPELINING", *offers, settings=settings)
    chunking = bool(settings and settings.prefer_chunking)
    engine.begin(envelope(*(f"r{number}@b.test" for number in range(recipients))), chunking=chunking)
    engine.receive_data(b"250 ok\r\n" * (recipients + 1))
    if not chunking:
        engine.receive_data(b"354 go\r\n")
    assert isinstance(engine.events()[-1], ContentWanted)
    engine.data_to_send()
    return engine


# ------------------------------------------------------------------------------------ message and envelope in one group


def sent_whole(*replies: str) -> ClientEngine:
    """An engine that has sent a message with its envelope, to two recipients."""
    engine = ready("PIPELINING", "CHUNKING")
    engine.begin(envelope("b@b.test", "c@b.test"), chunking=True, whole=b"hi\r\n")
    lines = b"MAIL FROM:<anna@a.test>\r\nRCPT TO:<b@b.test>\r\nRCPT TO:<c@b.test>\r\nBDAT 4 LAST\r\nhi\r\n"
    assert engine.data_to_send() == lines
    engine.receive_data("".join(f"{reply}\r\n" for reply in replies).encode())
    return engine


def test_a_message_can_go_out_with_its_envelope() -> None:
    """One group, and a reply for each part of it."""
    engine = sent_whole("250 ok", "250 ok", "550 no", "250 queued")
    *answered, end = engine.events()
    assert [(event.step, event.reply.code) for event in answered if isinstance(event, Answered)] == [
        (Step.MAIL, 250),
        (Step.RCPT, 250),
        (Step.RCPT, 550),
        (Step.MESSAGE, 250),
    ]
    assert end == TransactionEnded()
    assert engine.state is State.READY


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([], True),
        (["250 ok"], True),
        (["550 no"], False),
        (["250 ok", "550 no"], True),
        (["250 ok", "550 no", "550 no"], False),
        (["250 ok", "550 no", "250 ok"], True),
        (["250 ok", "250 ok", "250 ok", "250 queued"], False),
    ],
    ids=str,
)
def test_a_message_that_went_out_with_its_envelope_is_uncertain_until_its_reply(
    replies: list[str], expected: bool
) -> None:
    """Unless nobody can have got it."""
    engine = sent_whole(*replies)
    assert engine.is_uncertain is expected
    engine.receive_eof()
    assert engine.is_uncertain is expected
    ended = engine.events()[-1]
    assert isinstance(ended, Ended)
    assert ended.uncertain is expected


@pytest.mark.parametrize("offers", [["PIPELINING"], ["CHUNKING"]])
def test_a_message_goes_out_with_its_envelope_only_where_that_is_offered(offers: list[str]) -> None:
    """The caller's mistake otherwise."""
    engine = ready(*offers)
    assert not engine.sends_whole
    with pytest.raises(LocalProtocolError):
        engine.begin(envelope("b@b.test"), chunking="CHUNKING" in offers, whole=b"hi")


# ------------------------------------------------------------------------------------------------------------ STARTTLS


def test_nothing_is_kept_over_the_handshake() -> None:
    """Capabilities are forgotten, EHLO is said anew, what is offered then counts."""
    engine = ready("STARTTLS", "AUTH PLAIN")
    engine.start_tls()
    assert engine.data_to_send() == b"STARTTLS\r\n"
    engine.receive_data(b"220 go\r\n")
    assert isinstance(engine.events()[0], TlsReady)
    engine.tls_started()
    assert engine.capabilities.mechanisms == ()
    assert engine.state is State.HELLO
    engine.hello("me.test")
    engine.receive_data(b"250-mx.test\r\n250 PIPELINING\r\n")
    assert (engine.capabilities.pipelining, engine.capabilities.starttls, engine.tls) == (True, False, True)
    with pytest.raises(LocalProtocolError):
        engine.start_tls()


@pytest.mark.parametrize("injected", [b"250 mx.evil\r\n", b"2", b"\r\n", b"\x16\x03"])
def test_octets_behind_the_reply_to_starttls_are_an_error(injected: bytes) -> None:
    """What was injected in clear never reaches the session under TLS."""
    engine = ready("STARTTLS")
    engine.start_tls()
    with pytest.raises(RemoteProtocolError, match="clear"):
        engine.receive_data(b"220 go\r\n" + injected)
    assert engine.events() == []


def test_octets_between_the_reply_and_the_handshake_are_an_error() -> None:
    """The same, where they come in a piece of their own."""
    engine = ready("STARTTLS")
    engine.start_tls()
    engine.receive_data(b"220 go\r\n")
    with pytest.raises(RemoteProtocolError, match="clear"):
        engine.receive_data(b"250 mx.evil\r\n")


def test_a_refused_starttls_leaves_the_session_as_it_is() -> None:
    """Whether to go on in clear is for the policy to say."""
    engine = ready("STARTTLS")
    engine.start_tls()
    engine.receive_data(b"454 not now\r\n")
    assert engine.events() == [Answered(Step.STARTTLS, Reply(454, ("not now",)))]
    assert engine.state is State.READY


def test_starttls_that_is_not_offered_is_not_sent() -> None:
    """The caller's mistake."""
    with pytest.raises(LocalProtocolError):
        ready().start_tls()


# ---------------------------------------------------------------------------------------------------------------- AUTH


def test_auth_with_an_initial_response_and_a_challenge() -> None:
    """Base64 in both directions."""
    engine = ready("AUTH PLAIN")
    engine.authenticate("PLAIN", b"\0a\0b")
    assert engine.data_to_send() == b"AUTH PLAIN AGEAYg==\r\n"
    engine.receive_data(b"334 Y2hhbGxlbmdl\r\n")
    assert engine.events() == [Challenged(b"challenge")]
    engine.respond(b"")
    assert engine.data_to_send() == b"\r\n"
    engine.receive_data(b"235 2.7.0 ok\r\n")
    assert isinstance(engine.events()[0], Answered)
    assert engine.authenticated
    with pytest.raises(LocalProtocolError):
        engine.authenticate("PLAIN")


def test_a_long_initial_response_is_sent_alone() -> None:
    """A command line has at most 512 octets; the caller does not see the empty challenge."""
    engine = ready("AUTH XOAUTH2")
    engine.authenticate("XOAUTH2", b"t" * 1_000)
    assert engine.data_to_send() == b"AUTH XOAUTH2\r\n"
    engine.receive_data(b"334 \r\n")
    assert engine.events() == []
    assert len(engine.data_to_send()) == 1_338


def test_auth_can_be_cancelled() -> None:
    """An asterisk, and the server's refusal ends it."""
    engine = ready("AUTH LOGIN")
    engine.authenticate("LOGIN")
    engine.receive_data(b"334 VXNlcm5hbWU6\r\n")
    engine.data_to_send()
    engine.cancel()
    assert engine.data_to_send() == b"*\r\n"
    engine.receive_data(b"501 cancelled\r\n")
    assert not engine.authenticated
    assert engine.state is State.READY


@pytest.mark.parametrize("line", [b"334 !!\r\n", b"334 abc\r\n", b"354 go\r\n", "334 ü\r\n".encode()])
def test_challenges_that_cannot_be_read_are_an_error(line: bytes) -> None:
    """Neither bad base64 nor another 3yz."""
    engine = ready("AUTH LOGIN")
    engine.authenticate("LOGIN")
    with pytest.raises(RemoteProtocolError):
        engine.receive_data(line)


def test_responses_are_bounded() -> None:
    """What no line can hold is the caller's mistake."""
    engine = ready("AUTH LOGIN")
    engine.authenticate("LOGIN")
    engine.receive_data(b"334 \r\n")
    with pytest.raises(LocalProtocolError):
        engine.respond(b"x" * 9_215)


# -------------------------------------------------------------------------------------------------- servers out of step


@pytest.mark.parametrize(
    ("prepare", "octets"),
    [
        (ClientEngine, b"220 hi\r\n250 already\r\n"),
        (ClientEngine, b"354 hi\r\n"),
        (ready, b"250 nobody asked\r\n"),
        (ready, b"550 nobody asked\r\n"),
        (sending, b"250 not yet\r\n"),
        (sending, b"354 again\r\n"),
    ],
)
def test_replies_that_nothing_awaits_are_an_error(prepare: Callable[[], ClientEngine], octets: bytes) -> None:
    """A server that answers twice would shift all that follows."""
    engine = prepare()
    with pytest.raises(RemoteProtocolError):
        engine.receive_data(octets)
    assert engine.state is State.CLOSED
    assert not engine.is_usable


@pytest.mark.parametrize("replies", ["354", "250 354", "250 250 250", "250 250 354 354", "550 250"])
def test_replies_of_the_wrong_kind_are_an_error(replies: str) -> None:
    """3yz is for DATA alone, 2yz never; and no recipient is accepted without MAIL."""
    engine = ready("PIPELINING")
    engine.begin(envelope("b@b.test"))
    with pytest.raises(RemoteProtocolError):
        engine.receive_data("".join(f"{code} x\r\n" for code in replies.split()).encode())


def test_354_with_lmtp_and_nobody_accepted_is_an_error() -> None:
    """Nobody could say how many replies follow the dot."""
    engine = ready("PIPELINING", settings=LMTP)
    engine.begin(envelope("b@b.test"))
    with pytest.raises(RemoteProtocolError, match="no recipient"):
        engine.receive_data(b"250 ok\r\n550 no\r\n354 go\r\n")


def test_421_may_come_at_any_time() -> None:
    """It is told, and nothing can begin any more; QUIT can still be said."""
    engine = ready()
    engine.receive_data(b"421 4.3.2 shutting down\r\n")
    (event,) = engine.events()
    assert isinstance(event, Closing)
    assert not engine.is_usable
    with pytest.raises(LocalProtocolError):
        engine.begin(envelope("b@b.test"))
    engine.quit()
    assert engine.data_to_send() == b"QUIT\r\n"


def test_421_to_a_command_ends_the_session_after_it() -> None:
    """It is that command's reply; what was sent with it may never be answered."""
    engine = ready("PIPELINING")
    engine.begin(envelope("b@b.test", "c@b.test"))
    engine.receive_data(b"250 ok\r\n250 ok\r\n421 too many\r\n")
    engine.receive_eof()
    assert [event for event in engine.events() if not isinstance(event, Answered)] == [
        Ended(Step.DATA, uncertain=False)
    ]


def test_421_to_a_recipient_does_not_keep_the_others_from_the_message() -> None:
    """Some servers mean one recipient and go on; the session is not used again."""
    engine = ready("PIPELINING")
    engine.begin(envelope("b@b.test", "c@b.test"))
    engine.receive_data(b"250 ok\r\n250 ok\r\n421 too many\r\n354 go\r\n")
    assert engine.events()[-1] == ContentWanted(1)
    engine.end_content()
    engine.receive_data(b"250 queued\r\n")
    assert engine.events()[-1] == TransactionEnded()
    assert not engine.is_usable


@pytest.mark.parametrize("code", [421, 451, 552, 554])
def test_a_refusal_while_the_message_is_sent_is_its_answer(code: int) -> None:
    """The words reach the caller; the connection is of no use any more."""
    engine = sending(recipients=2)
    engine.send_content(b"Subject: x\r\n")
    engine.receive_data(b"%d enough\r\n" % code)
    first, second = engine.events()
    assert isinstance(first, Answered)
    assert (first.step, first.reply.code, second) == (Step.MESSAGE, code, TransactionEnded())
    assert not engine.is_usable
    with pytest.raises(LocalProtocolError):
        engine.end_content()


def test_a_refusal_while_the_message_is_sent_counts_for_all_with_lmtp() -> None:
    """Every accepted recipient has the answer."""
    engine = sending(settings=LMTP, recipients=2)
    engine.receive_data(b"452 full\r\n")
    assert [event.recipient for event in engine.events() if isinstance(event, Answered)] == [0, 1]


def test_a_refused_chunk_is_the_answer_and_nothing_more_is_sent() -> None:
    """The connection stays in step, and RSET goes before the next message."""
    engine = sending("CHUNKING", settings=CHUNKING)
    engine.send_content(b"one")
    engine.send_content(b"two")
    engine.send_content(b"three")
    assert engine.data_to_send() == b"BDAT 3\r\noneBDAT 3\r\ntwo"
    engine.receive_data(b"552 enough\r\n")
    (first,) = engine.events()
    assert isinstance(first, Answered)
    assert (first.step, first.reply.code) == (Step.MESSAGE, 552)
    assert engine.state is State.ENDING
    assert not engine.is_uncertain
    engine.receive_data(b"503 failed before\r\n")
    assert engine.events() == [TransactionEnded()]
    engine.begin(envelope("b@b.test"), chunking=True)
    assert engine.data_to_send().startswith(b"RSET\r\nMAIL")


def test_a_chunk_refused_after_the_last_was_sent_is_the_answer() -> None:
    """The first refusal counts, not the 503 that follows."""
    engine = sending("CHUNKING", settings=CHUNKING)
    engine.send_content(b"one")
    engine.send_content(b"two")
    engine.end_content()
    engine.receive_data(b"552 enough\r\n503 failed before\r\n")
    first, second = engine.events()
    assert isinstance(first, Answered)
    assert (first.reply.code, second) == (552, TransactionEnded())


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (ClientEngine, Ended(Step.BANNER, uncertain=False)),
        (ready, Ended(None, uncertain=False)),
        (sending, Ended(Step.MESSAGE, uncertain=False)),
    ],
)
def test_the_end_says_where_it_came(prepare: Callable[[], ClientEngine], expected: Ended) -> None:
    """Before the end of the message nothing is uncertain."""
    engine = prepare()
    engine.receive_eof()
    engine.receive_eof()
    assert engine.events() == [expected]


def test_after_the_final_dot_an_end_is_uncertain() -> None:
    """Nobody knows whether the message was accepted."""
    engine = sending()
    engine.end_content()
    engine.receive_eof()
    assert engine.events() == [Ended(Step.MESSAGE, uncertain=True)]


def test_after_the_dot_of_an_empty_message_nothing_is_uncertain() -> None:
    """No recipient, no message."""
    engine = ready("PIPELINING")
    engine.begin(envelope("b@b.test"))
    engine.receive_data(b"250 ok\r\n550 no\r\n354 go\r\n")
    engine.events()
    engine.receive_eof()
    assert engine.events() == [Ended(Step.MESSAGE, uncertain=False)]


def test_an_end_in_the_handshake_is_one_of_tls() -> None:
    """The step of what was going on."""
    engine = ready("STARTTLS")
    engine.start_tls()
    engine.receive_data(b"220 go\r\n")
    engine.events()
    engine.receive_eof()
    assert engine.events() == [Ended(Step.TLS, uncertain=False)]


# ------------------------------------------------------------------------------------------------------------- callers


@pytest.mark.parametrize(
    "act",
    [
        lambda engine: engine.hello("me.test"),
        lambda engine: engine.begin(envelope("b@b.test")),
        lambda engine: engine.send_content(b""),
        lambda engine: engine.end_content(),
        lambda engine: engine.respond(b""),
        lambda engine: engine.cancel(),
        lambda engine: engine.authenticate("PLAIN"),
        lambda engine: engine.tls_started(),
        lambda engine: engine.reset(),
        lambda engine: engine.ask(Noop()),
        lambda engine: engine.quit(),
    ],
)
def test_nothing_can_be_asked_before_the_banner(act: Callable[[ClientEngine], None]) -> None:
    """A caller out of step hears so, and nothing is sent."""
    engine = ClientEngine()
    with pytest.raises(LocalProtocolError):
        act(engine)
    assert engine.data_to_send() == b""


def test_only_one_thing_is_asked_at_a_time() -> None:
    """While a reply is awaited nothing else can begin."""
    engine = ready()
    engine.ask(Noop())
    with pytest.raises(LocalProtocolError, match="is awaited"):
        engine.ask(Help())


def test_a_bad_address_changes_nothing() -> None:
    """What cannot be written is the caller's mistake, and the session goes on."""
    engine = ready("PIPELINING")
    with pytest.raises(LocalProtocolError):
        engine.begin(Envelope(None, (Recipient(Address("a\r\nRCPT TO:<x", "b.test")),)))
    assert engine.data_to_send() == b""
    engine.begin(envelope("b@b.test"))
    assert engine.data_to_send().startswith(b"MAIL")


@pytest.mark.parametrize(
    ("message", "chunking"),
    [(envelope(), False), (envelope("b@b.test"), True), (envelope("b@b.test", body=Body.BINARY), False)],
)
def test_transactions_that_cannot_be_are_the_callers_mistake(message: Envelope, chunking: bool) -> None:
    """Nobody to send to, BDAT that is not offered, BINARYMIME without BDAT."""
    with pytest.raises(LocalProtocolError):
        ready().begin(message, chunking=chunking)


def test_other_commands_are_answered() -> None:
    """NOOP, VRFY, RSET."""
    engine = ready()
    for command, line in ((Noop(), b"NOOP\r\n"), (Vrfy("anna"), b"VRFY anna\r\n"), (None, b"RSET\r\n")):
        if command is None:
            engine.reset()
        else:
            engine.ask(command)
        assert engine.data_to_send() == line
        engine.receive_data(b"252 maybe\r\n")
        assert isinstance(engine.events()[0], Answered)


def test_bare_line_ends_are_put_right_or_refused() -> None:
    """By the caller's choice."""
    engine = sending()
    engine.send_content(b"a\nb\r")
    engine.end_content()
    assert engine.data_to_send() == b"a\r\nb\r\n.\r\n"
    strict = sending(settings=ClientSettings(line_ends=LineEnds.STRICT))
    with pytest.raises(LocalProtocolError):
        strict.send_content(b"a\nb")


def test_the_recorder_hears_of_everything_but_credentials_and_content() -> None:
    """Its entries are the conversation."""
    recorder = Recorder(lambda: 0.0)
    engine = ready("PIPELINING", "AUTH PLAIN", recorder=recorder)
    engine.authenticate("PLAIN", b"\0anna\0s3cret")
    engine.receive_data(b"235 ok\r\n")
    engine.begin(envelope("b@b.test"))
    engine.receive_data(b"250 ok\r\n250 ok\r\n354 go\r\n")
    engine.send_content(b"hidden\r\n")
    engine.end_content()
    engine.receive_data(b"250-queued\r\n250 thanks\r\n")
    assert [f"{entry.direction} {entry.step} {entry.text} {entry.octets}" for entry in recorder.entries()] == [
        "received banner 220 mx.test 13",
        "sent ehlo EHLO me.test 14",
        "received ehlo 250-mx.test\n250-PIPELINING\n250-AUTH PLAIN\n250 XEND 55",
        "sent auth AUTH PLAIN <removed> 29",
        "received auth 235 ok 8",
        "sent mail MAIL FROM:<anna@a.test> 25",
        "sent rcpt RCPT TO:<b@b.test> 20",
        "sent data DATA 6",
        "received mail 250 ok 8",
        "received rcpt 250 ok 8",
        "received data 354 go 8",
        "sent message  11",
        "received message 250-queued\n250 thanks 24",
    ]


def test_many_recipients_and_their_replies() -> None:
    """A thousand in one group."""
    engine = ready("PIPELINING")
    engine.begin(envelope(*(f"r{number}@b.test" for number in range(1_000))))
    engine.receive_data(b"250 ok\r\n" * 1_001 + b"354 go\r\n")
    assert engine.events()[-1] == ContentWanted(1_000)


@given(
    st.lists(
        st.sampled_from(
            [b"220 a\r\n", b"250 ok\r\n", b"354 go\r\n", b"421 x\r\n", b"550 no\r\n", b"334 \r\n", b"235 a\r\n"]
        )
        | st.binary(max_size=20),
        max_size=12,
    ),
    st.sampled_from([ClientSettings(), LMTP, CHUNKING, ClientSettings(pipelining=False)]),
)
def test_hostile_servers_raise_nothing_else(pieces: list[bytes], settings: ClientSettings) -> None:
    """Whatever comes, the driver goes on or RemoteProtocolError says that it cannot."""
    driver = Driver([envelope("b@b.test", "c@b.test")] * 2, settings, [b"hi\r\n"])
    try:
        for piece in [b"220 a\r\n", b"250-a\r\n250-PIPELINING\r\n250 CHUNKING\r\n", *pieces]:
            driver.engine.receive_data(piece)
            driver.react()
        driver.engine.receive_eof()
    except RemoteProtocolError:
        assert not driver.engine.is_usable
