"""ServerEngine: conversations as transcripts, limits, and what must not be possible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.mail.address import Address
from mailwright.mail.envelope import Body, Envelope, Recipient
from mailwright.mail.reply import Reply
from mailwright.smtp.data import LineEnds
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.limits import Limits
from mailwright.smtp.sasl_server import Challenge
from mailwright.smtp.server import ServerEngine
from mailwright.smtp.server_events import (
    AuthCancelled,
    AuthGiven,
    AuthResponse,
    Connected,
    DataBegun,
    DataChunk,
    Ended,
    Ending,
    HelloGiven,
    MailGiven,
    MessageGiven,
    Question,
    RecipientGiven,
    StartTlsGiven,
    TransactionDropped,
    VrfyGiven,
)
from mailwright.smtp.server_replies import SHUTTING_DOWN
from mailwright.smtp.server_settings import AuthOffer, Role, ServerSettings
from mailwright.smtp.server_states import State
from tests.smtp.talk import SETTINGS, Answer, Talk, play, refuse

LMTP = replace(SETTINGS, role=Role.LMTP)
TLS = replace(SETTINGS, starttls=True)
LOGIN = replace(SETTINGS, auth=AuthOffer.ALWAYS, mechanisms=("PLAIN", "LOGIN"))
SMALL = replace(SETTINGS, limits=Limits(message=100, recipients=2, errors=3, idle_commands=3))

LEO, EVE = Address("leo", "example.net"), Address("eve", "example.net")


def choosy(question: Question) -> Answer:
    """Refuse some, as an application would."""
    match question:
        case HelloGiven("spammer" | "friend" as name):
            return refuse(550, "5.7.1", "Go away") if name == "spammer" else Reply(250, ("Hello friend", "SIZE 5"))
        case MailGiven(Envelope(Address("nobody"))):
            return refuse(550, "5.1.8", "No such sender")
        case RecipientGiven(Recipient(Address("unknown"))):
            return refuse(550, "5.1.1", "No such user")
        case RecipientGiven(Recipient(Address("later"))):
            return Reply(451, ("Come back",))
        case DataBegun(Envelope(identifier="nodata")):
            return refuse(451, "4.3.0", "Not now")
        case MessageGiven() if b"virus" in question.content:
            return refuse(554, "5.7.0", "Virus found")
        case VrfyGiven("leo"):
            return refuse(250, "2.1.5", "Leo <leo@example.net>")
        case _:
            return None


TRANSCRIPTS = {
    "a message and another": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: EHLO client.example.test
        S: 250-mx.example.test
        S: 250-PIPELINING
        S: 250-SIZE 52428800
        S: 250-8BITMIME
        S: 250-ENHANCEDSTATUSCODES
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-SMTPUTF8
        S: 250-DSN
        S: 250 LIMITS RCPTMAX=1000
        C: MAIL FROM:<anna@example.test> SIZE=20
        S: 250 2.1.0 Sender ok
        C: RCPT TO:<leo@example.net>
        S: 250 2.1.5 Recipient ok
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Subject: a
        C:
        C: ..b
        C: .
        S: 250 2.0.0 Message accepted
        C: MAIL FROM:<>
        C: RCPT TO:<leo@example.net>
        C: DATA
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        C: QUIT
        S: 250 2.0.0 Message accepted
        S: 221 2.0.0 Bye
        """,
    ),
    "HELO has no extensions": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: HELO client
        S: 250 mx.example.test
        C: EHLO friend
        S: 250-Hello friend
        S: 250 SIZE 5
        """,
    ),
    "out of order": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: MAIL FROM:<anna@example.test>
        S: 503 5.5.1 Send EHLO first
        C: RCPT TO:<leo@example.net>
        C: DATA
        S: 503 5.5.1 Send EHLO first
        S: 503 5.5.1 Send EHLO first
        C: NOOP
        C: RSET
        C: VRFY leo
        C: VRFY eve
        C: EXPN friends
        C: HELP
        S: 250 2.0.0 Ok
        S: 250 2.0.0 Ok
        S: 250 2.1.5 Leo <leo@example.net>
        S: 252 2.5.0 Cannot verify, but will take the message and try to deliver
        S: 502 5.5.1 Command not implemented
        S: 214 2.0.0 See RFC 5321
        C: HELO client
        S: 250 mx.example.test
        C: RCPT TO:<leo@example.net>
        S: 503 5.5.1 Send MAIL first
        C: DATA
        S: 503 5.5.1 Send MAIL first
        C: MAIL FROM:<anna@example.test>
        S: 250 2.1.0 Sender ok
        C: MAIL FROM:<anna@example.test>
        S: 503 5.5.1 A transaction is under way, send RSET first
        C: DATA
        S: 503 5.5.1 Send RCPT first
        C: RSET
        S: 250 2.0.0 Ok
        C: RCPT TO:<leo@example.net>
        S: 503 5.5.1 Send MAIL first
        """,
    ),
    "not known and not done": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: XYZZY
        S: 500 5.5.1 Command not recognised
        C: ETRN example.test
        S: 502 5.5.1 Command not implemented
        C: LHLO client
        S: 500 5.5.1 Command not recognised
        C: HELO client
        S: 250 mx.example.test
        C: STARTTLS
        S: 502 5.5.1 Command not implemented
        C: AUTH PLAIN
        S: 502 5.5.1 Command not implemented
        C: MAIL FROM:<anna@example.test> REQUIRETLS
        S: 555 5.5.4 Parameter not recognised or not implemented
        """,
    ),
    "the application refuses": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: HELO spammer
        S: 550 5.7.1 Go away
        C: MAIL FROM:<anna@example.test>
        S: 503 5.5.1 Send EHLO first
        C: HELO client
        S: 250 mx.example.test
        C: MAIL FROM:<nobody@example.test>
        C: RCPT TO:<leo@example.net>
        C: DATA
        S: 550 5.1.8 No such sender
        S: 503 5.5.1 Send MAIL first
        S: 503 5.5.1 Send MAIL first
        C: MAIL FROM:<anna@example.test>
        C: RCPT TO:<unknown@example.net>
        C: RCPT TO:<later@example.net>
        C: DATA
        S: 250 2.1.0 Sender ok
        S: 550 5.1.1 No such user
        S: 451 4.0.0 Come back
        S: 554 5.5.1 No valid recipients
        C: RCPT TO:<leo@example.net>
        C: DATA
        S: 250 2.1.5 Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        C: virus
        C: .
        S: 554 5.7.0 Virus found
        C: MAIL FROM:<anna@example.test> ENVID=nodata
        C: RCPT TO:<leo@example.net>
        C: DATA
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 451 4.3.0 Not now
        C: QUIT
        S: 221 2.0.0 Bye
        """,
    ),
    "letters beyond ASCII": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: HELO client
        S: 250 mx.example.test
        C: MAIL FROM:<用户@例子.test>
        S: 553 5.6.7 Addresses beyond ASCII need SMTPUTF8
        C: MAIL FROM:<anna@example.test>
        C: RCPT TO:<用户@例子.test>
        S: 250 2.1.0 Sender ok
        S: 553 5.6.7 Addresses beyond ASCII need SMTPUTF8
        C: RSET
        C: MAIL FROM:<用户@例子.test> SMTPUTF8
        C: RCPT TO:<用户@例子.test>
        S: 250 2.0.0 Ok
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        """,
    ),
    "chunks": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: HELO client
        S: 250 mx.example.test
        C: MAIL FROM:<anna@example.test>
        C: RCPT TO:<leo@example.net>
        C: BDAT 5
        C: abc
        C: BDAT 3
        C: d
        C: BDAT 0
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.0.0 5 octets received
        S: 250 2.0.0 3 octets received
        S: 250 2.0.0 0 octets received
        C: RCPT TO:<leo@example.net>
        S: 503 5.5.1 BDAT has begun, send BDAT or RSET
        C: DATA
        S: 503 5.5.1 BDAT has begun, send BDAT or RSET
        C: BDAT 0 LAST
        C: BDAT 6 LAST
        C: QUIT
        S: 250 2.0.0 Message accepted
        S: 503 5.5.1 Send MAIL first
        C: NOOP
        S: 250 2.0.0 Ok
        C: MAIL FROM:<anna@example.test> BODY=BINARYMIME
        C: RCPT TO:<leo@example.net>
        C: DATA
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 503 5.5.1 BINARYMIME needs BDAT
        """,
    ),
    "chunks that are refused are read": (
        SETTINGS,
        """
        S: 220 mx.example.test ESMTP
        C: BDAT 6
        C: QUIT
        S: 503 5.5.1 Send EHLO first
        C: HELO client
        S: 250 mx.example.test
        C: MAIL FROM:<anna@example.test> ENVID=nodata
        C: BDAT 6
        C: QUIT
        S: 250 2.1.0 Sender ok
        S: 503 5.5.1 Send RCPT first
        C: RCPT TO:<leo@example.net>
        C: BDAT 6
        C: QUIT
        C: BDAT 6 LAST
        C: QUIT
        C: NOOP
        S: 250 2.1.5 Recipient ok
        S: 451 4.3.0 Not now
        S: 503 5.5.1 Send MAIL first
        S: 250 2.0.0 Ok
        """,
    ),
    "LMTP": (
        LMTP,
        """
        S: 220 mx.example.test LMTP
        C: EHLO client
        S: 500 5.5.1 Command not recognised
        C: HELO client
        S: 500 5.5.1 Command not recognised
        C: MAIL FROM:<anna@example.test>
        S: 503 5.5.1 Send LHLO first
        C: LHLO client
        S: 250-mx.example.test
        S: 250-PIPELINING
        S: 250-SIZE 52428800
        S: 250-8BITMIME
        S: 250-ENHANCEDSTATUSCODES
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-SMTPUTF8
        S: 250-DSN
        S: 250 LIMITS RCPTMAX=1000
        C: MAIL FROM:<anna@example.test>
        C: RCPT TO:<leo@example.net>
        C: RCPT TO:<unknown@example.net>
        C: RCPT TO:<eve@example.net>
        C: DATA
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 550 5.1.1 No such user
        S: 250 2.1.5 Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        C: virus
        C: .
        S: 554 5.7.0 Virus found
        S: 554 5.7.0 Virus found
        C: MAIL FROM:<anna@example.test>
        C: RCPT TO:<leo@example.net>
        C: RCPT TO:<eve@example.net>
        C: BDAT 2 LAST
        C:
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.0.0 Message accepted
        S: 250 2.0.0 Message accepted
        """,
    ),
    "requirements": (
        replace(TLS, require_tls=True, auth=AuthOffer.UNDER_TLS, mechanisms=("PLAIN",)),
        """
        S: 220 mx.example.test ESMTP
        C: HELO client
        S: 250 mx.example.test
        C: MAIL FROM:<anna@example.test>
        S: 530 5.7.0 Send STARTTLS first
        C: AUTH PLAIN
        S: 538 5.7.11 Encryption required for authentication
        C: MAIL FROM:<anna@example.test> AUTH=<>
        S: 555 5.5.4 Parameter not recognised or not implemented
        """,
    ),
    "a session's limits": (
        replace(SETTINGS, mail_max=1, recipient_domain_max=1, limits=Limits(recipients=3, message=1000)),
        """
        S: 220 mx.example.test ESMTP
        C: EHLO client
        S: 250-mx.example.test
        S: 250-PIPELINING
        S: 250-SIZE 1000
        S: 250-8BITMIME
        S: 250-ENHANCEDSTATUSCODES
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-SMTPUTF8
        S: 250-DSN
        S: 250 LIMITS MAILMAX=1 RCPTMAX=3 RCPTDOMAINMAX=1
        C: MAIL FROM:<anna@example.test> SIZE=1001
        S: 552 5.3.4 Message exceeds the fixed maximum size of 1000 octets
        C: MAIL FROM:<anna@example.test> SIZE=1000
        S: 250 2.1.0 Sender ok
        C: RCPT TO:<a@example.net>
        C: RCPT TO:<b@other.example>
        C: RCPT TO:<b@EXAMPLE.net>
        C: RCPT TO:<c@example.net>
        C: RCPT TO:<d@example.net>
        S: 250 2.1.5 Recipient ok
        S: 452 4.5.3 Too many recipient domains
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 Recipient ok
        S: 452 4.5.3 Too many recipients
        C: RSET
        S: 250 2.0.0 Ok
        C: MAIL FROM:<anna@example.test>
        S: 452 4.5.3 Too many transactions in this session
        """,
    ),
    "nothing offered": (
        replace(SETTINGS, chunking=False, smtputf8=False, dsn=False, software="Mailwright"),
        """
        S: 220 mx.example.test ESMTP Mailwright
        C: EHLO client
        S: 250-mx.example.test
        S: 250-PIPELINING
        S: 250-SIZE 52428800
        S: 250-8BITMIME
        S: 250-ENHANCEDSTATUSCODES
        S: 250 LIMITS RCPTMAX=1000
        C: MAIL FROM:<anna@example.test> SMTPUTF8
        S: 555 5.5.4 Parameter not recognised or not implemented
        C: MAIL FROM:<anna@example.test> BODY=BINARYMIME
        S: 555 5.5.4 This value of BODY is not offered
        C: MAIL FROM:<anna@example.test> RET=FULL
        S: 555 5.5.4 Parameter not recognised or not implemented
        C: MAIL FROM:<anna@example.test> BODY=8BITMIME
        C: RCPT TO:<leo@example.net>
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        C: BDAT 0 LAST
        S: 502 5.5.1 Command not implemented
        """,
    ),
}


@pytest.mark.parametrize("by_octet", [False, True], ids=["whole", "by octet"])
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_conversation_goes_as_written(name: str, by_octet: bool) -> None:
    """Flights of commands and single octets lead to the same replies."""
    settings, transcript = TRANSCRIPTS[name]
    play(Talk(settings, choosy), transcript, by_octet=by_octet)


def begun(talk: Talk, *recipients: bytes, mail: bytes = b"MAIL FROM:<anna@example.test>") -> Talk:
    """Go up to the text."""
    talk.hello()
    talk.send(mail + b"\r\n" + b"".join(b"RCPT TO:<%b>\r\n" % recipient for recipient in recipients))
    return talk


def messages(talk: Talk) -> list[MessageGiven]:
    return [event for event in talk.events if isinstance(event, MessageGiven)]


def test_a_message_is_given_with_its_envelope() -> None:
    """What MAIL and RCPT said arrives with the text."""
    talk = begun(Talk(), b"leo@example.net", b"eve@example.net", mail=b"MAIL FROM:<> SIZE=7 BODY=8BITMIME ENVID=x")
    talk.send(b"DATA\r\n")
    talk.send(b"..\xff\r\n.\r\n")
    (message,) = messages(talk)
    assert message.envelope == Envelope(
        None, (Recipient(LEO), Recipient(EVE)), size=7, body=Body.EIGHT_BIT, identifier="x"
    )
    assert (message.content, message.size) == (b".\xff\r\n", 4)
    assert talk.engine.state is State.READY


def test_nothing_is_read_before_the_answer() -> None:
    """What is pipelined waits until the application has answered the command before it, and replies keep the order."""
    engine = ServerEngine(SETTINGS)
    engine.accept()
    engine.receive_data(b"EHLO client\r\n")
    engine.accept()
    engine.events()
    engine.data_to_send()
    engine.receive_data(b"MAIL FROM:<anna@example.test>\r\nRCPT TO:<leo@example.net>\r\nNOOP\r\n")
    engine.receive_data(b"RSET\r\n")
    assert engine.events() == [MailGiven(Envelope(Address("anna", "example.test")))]
    assert engine.data_to_send() == b""
    engine.accept()
    assert engine.events() == [RecipientGiven(Recipient(LEO), Envelope(Address("anna", "example.test")), 0)]
    assert engine.data_to_send() == b"250 2.1.0 Sender ok\r\n"
    engine.reply(refuse(550, "5.1.1", "No"))
    assert engine.data_to_send() == b"550 5.1.1 No\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n"
    assert engine.events() == [TransactionDropped()]


@pytest.mark.parametrize(
    "early", [b"EHLO client\r\nNOOP\r\n", b"EHLO client\r\nM", b"AUTH LOGIN\r\nYW5uYQ==\r\n", b"DATA\r\nSubject: a\r\n"]
)
def test_a_client_that_does_not_wait_is_closed_on(early: bytes) -> None:
    """RFC 2920 3.1: EHLO, DATA and AUTH are the last of their flight; who goes on may be no mail client at all."""
    talk = begun(Talk(LOGIN), b"leo@example.net")
    if b"AUTH" in early:
        talk.send(b"RSET\r\n")
    assert talk.send(early).startswith(b"421 4.5.0 ")
    assert talk.events[-1] == Ended(Ending.CLOSED)
    assert talk.send(b"NOOP\r\n") == b""


def test_waiting_can_be_left_to_the_client() -> None:
    """With strict_pipelining off the same flight is worked off."""
    talk = Talk(replace(SETTINGS, strict_pipelining=False))
    flight = b"EHLO c\r\nMAIL FROM:<anna@example.test>\r\nRCPT TO:<leo@example.net>\r\nDATA\r\n.\r\nQUIT\r\n"
    heard = talk.send(flight)
    assert [line[:3] for line in heard.splitlines() if line[3:4] == b" "] == [
        *(b"250", b"250", b"250", b"354", b"250", b"221")
    ]


def test_who_talks_before_the_greeting_is_closed_on() -> None:
    """RFC 5321 4.3.1: the client waits for the greeting."""
    engine = ServerEngine(SETTINGS)
    assert engine.events() == [Connected()]
    engine.receive_data(b"EHLO client\r\n")
    engine.accept()
    assert engine.data_to_send().startswith(b"421 4.5.0 ")
    assert engine.state is State.CLOSED


def test_a_greeting_may_refuse() -> None:
    """RFC 5321 3.1: after 554 everything but QUIT gets 503."""
    talk = Talk(SETTINGS, lambda _: refuse(554, "5.7.1", "Not you"))
    play(
        talk,
        """
        S: 554 5.7.1 Not you
        C: EHLO client
        S: 503 5.5.1 This service was refused, send QUIT
        C: BDAT 6
        C: QUIT
        S: 503 5.5.1 This service was refused, send QUIT
        C: QUIT
        S: 221 2.0.0 Bye
        """,
    )


# STARTTLS.


def test_starttls_forgets_everything() -> None:
    """RFC 3207 4.2: after the handshake the server knows of no EHLO and no login, and offers what TLS allows."""
    talk = Talk(replace(TLS, auth=AuthOffer.UNDER_TLS, mechanisms=("PLAIN",))).hello()
    assert talk.send(b"STARTTLS\r\n") == b"220 2.0.0 Ready to start TLS\r\n"
    assert talk.engine.state is State.TLS
    with pytest.raises(LocalProtocolError):
        talk.engine.receive_data(b"EHLO client\r\n")
    talk.engine.tls_established()
    assert (talk.engine.tls, talk.engine.hello, talk.engine.authenticated) == (True, "", False)
    assert talk.send(b"MAIL FROM:<anna@example.test>\r\n").startswith(b"503 5.5.1 ")
    offered = talk.send(b"EHLO client\r\n")
    assert b"STARTTLS" not in offered
    assert b"AUTH PLAIN\r\n" in offered
    assert b"REQUIRETLS\r\n" in offered
    assert talk.send(b"STARTTLS\r\n") == b"503 5.5.1 TLS is active already\r\n"
    assert talk.send(b"MAIL FROM:<anna@example.test> REQUIRETLS AUTH=<>\r\n").startswith(b"250 ")


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("behind", [b"MAIL FROM:<evil@example.test>\r\n", b"\x16", b"\n"])
def test_nothing_gets_through_behind_starttls(strict: bool, behind: bytes) -> None:
    """RFC 3207 6: octets in the same flight as STARTTLS are never taken for commands under TLS; the session is over."""
    talk = Talk(replace(TLS, strict_pipelining=strict)).hello()
    heard = talk.send(b"STARTTLS\r\n" + behind)
    assert heard.startswith(b"421 ")
    assert b"220" not in heard
    assert talk.engine.state is State.CLOSED


def test_octets_that_come_while_the_application_thinks_about_starttls_close_too() -> None:
    """It makes no difference whether the octets came in the same segment."""
    engine = ServerEngine(TLS)
    engine.accept()
    engine.receive_data(b"EHLO client\r\n")
    engine.accept()
    engine.receive_data(b"STARTTLS\r\n")
    engine.data_to_send()
    assert engine.question == StartTlsGiven()
    engine.receive_data(b"RSET\r\n")
    engine.accept()
    assert engine.data_to_send().startswith(b"421 ")


def test_starttls_may_be_refused() -> None:
    """454 leaves the session as it was."""
    talk = Talk(TLS, lambda q: refuse(454, "4.7.0", "No") if isinstance(q, StartTlsGiven) else None).hello()
    assert talk.send(b"STARTTLS\r\n") == b"454 4.7.0 No\r\n"
    assert talk.send(b"MAIL FROM:<anna@example.test>\r\n").startswith(b"250 ")
    assert talk.send(b"STARTTLS\r\n").startswith(b"503 ")


# AUTH.


def login(question: Question) -> Answer:
    """Know one user, by PLAIN or LOGIN."""
    match question:
        case AuthGiven("PLAIN", None):
            return Challenge(b"")
        case AuthGiven("PLAIN", b"\0anna\0secret") | AuthResponse(b"\0anna\0secret") | AuthResponse(b"secret"):
            return None
        case AuthGiven("LOGIN"):
            return Challenge(b"Username:")
        case AuthResponse(b"anna"):
            return Challenge(b"Password:")
        case AuthGiven() | AuthResponse():
            return refuse(535, "5.7.8", "Wrong")
        case _:
            return None


AUTH = {
    "initial response": """
        C: AUTH PLAIN AGFubmEAc2VjcmV0
        S: 235 2.7.0 Authentication succeeded
        C: AUTH PLAIN AGFubmEAc2VjcmV0
        S: 503 5.5.1 Authenticated already
        C: MAIL FROM:<anna@example.test>
        S: 250 2.1.0 Sender ok
        """,
    "login": """
        C: auth login
        S: 334 VXNlcm5hbWU6
        C: YW5uYQ==
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 235 2.7.0 Authentication succeeded
        """,
    "wrong": """
        C: AUTH PLAIN AGFubmEAd3Jvbmc=
        S: 535 5.7.8 Wrong
        C: AUTH CRAM-MD5
        S: 504 5.5.4 Authentication mechanism not offered
        C: AUTH PLAIN AGFubmEAd3Jvbmc
        S: 501 5.5.2 Cannot decode the base64
        """,
    "given up": """
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: *
        S: 501 5.7.0 Authentication cancelled
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: !!!!
        S: 501 5.5.2 Cannot decode the base64
        C: NOOP
        S: 250 2.0.0 Ok
        """,
}


@pytest.mark.parametrize("by_octet", [False, True], ids=["whole", "by octet"])
@pytest.mark.parametrize("name", AUTH)
def test_authentication_goes_as_written(name: str, by_octet: bool) -> None:
    """RFC 4954: initial responses, challenges, cancelling, refusals."""
    talk = Talk(replace(LOGIN, require_authentication=True), login).hello()
    talk.heard = b""
    play(talk, AUTH[name], by_octet=by_octet)


def test_a_mechanism_without_initial_response_begins_with_an_empty_challenge() -> None:
    """RFC 4954 4: "334 " with its space, then the response on a line of its own; without it MAIL is refused."""
    talk = Talk(replace(LOGIN, require_authentication=True), login).hello()
    assert talk.send(b"MAIL FROM:<anna@example.test>\r\n") == b"530 5.7.0 Authentication required\r\n"
    assert talk.send(b"AUTH PLAIN\r\n") == b"334 \r\n"
    assert talk.send(b"AGFubmEAc2VjcmV0\r\n") == b"235 2.7.0 Authentication succeeded\r\n"
    assert talk.engine.authenticated


def test_a_cancelled_exchange_is_told() -> None:
    """The application hears that its exchange is over."""
    talk = Talk(LOGIN, login).hello()
    talk.send(b"AUTH LOGIN\r\n")
    talk.send(b"*\r\n")
    assert talk.events[-1] == AuthCancelled()


def test_failed_logins_are_counted() -> None:
    """After Limits.failed_authentications the session ends."""
    talk = Talk(replace(LOGIN, limits=Limits(failed_authentications=2)), login).hello()
    assert talk.send(b"AUTH PLAIN AAAA\r\n") == b"535 5.7.8 Wrong\r\n"
    assert talk.send(b"AUTH PLAIN AAAA\r\n").startswith(b"535 5.7.8 Wrong\r\n421 4.7.0 ")


def test_no_login_within_a_transaction() -> None:
    """RFC 4954 4: AUTH is not permitted during a mail transaction."""
    assert begun(Talk(LOGIN)).send(b"AUTH PLAIN\r\n").startswith(b"503 5.5.1 ")


@pytest.mark.parametrize(("length", "code"), [(12_288, b"535 5.7.8"), (12_289, b"500 5.5.6")])
@pytest.mark.parametrize("by_octet", [False, True])
def test_a_response_may_be_long(length: int, code: bytes, by_octet: bool) -> None:
    """RFC 4954 4: 12,288 octets with CRLF; one more is 500 5.5.6, and the session goes on."""
    talk = Talk(LOGIN, login).hello()
    talk.send(b"AUTH LOGIN\r\n")
    line = (b"AAAA" * 3072)[: length - 2] + b"\r\n"
    if code == b"535 5.7.8":
        line = b"AAAA" * 3071 + b"\r\n"
    heard = talk.trickle(line) if by_octet else talk.send(line)
    assert heard.startswith(code)
    assert talk.send(b"NOOP\r\n") == b"250 2.0.0 Ok\r\n"


# Limits of lines and text.


@pytest.mark.parametrize(("length", "expected"), [(2048, b"250 2.0.0"), (2049, b"500 5.5.2"), (9000, b"500 5.5.2")])
@pytest.mark.parametrize("by_octet", [False, True])
def test_the_limit_of_a_line_is_exact(length: int, expected: bytes, by_octet: bool) -> None:
    """A command of exactly the limit is read, one octet more refused, and the next line read again."""
    talk = Talk().hello()
    line = b"NOOP " + b"x" * (length - 7) + b"\r\n"
    heard = talk.trickle(line + b"NOOP\r\n") if by_octet else talk.send(line + b"NOOP\r\n")
    assert heard.startswith(expected)
    assert heard.endswith(b"\r\n250 2.0.0 Ok\r\n")


def test_what_follows_a_line_does_not_lengthen_it() -> None:
    """The longer limit of AUTH is for lines that begin with it."""
    talk = Talk(LOGIN).hello()
    assert talk.send(b"x" * 3_000 + b"\r\nAUTH LOGIN\r\n").startswith(b"500 5.5.2 Line too long")


def test_an_endless_line_is_not_kept() -> None:
    """What is too long is forgotten while it comes."""
    talk = Talk().hello()
    for _ in range(100):
        talk.send(b"x" * 10_000)
    assert len(talk.engine._input) <= 1
    assert talk.send(b"\r\n").startswith(b"500 5.5.2 ")


@pytest.mark.parametrize("line", [b"NOOP\n", b"\n", b"NOOP\nQUIT\r\n", b"x" * 5000 + b"\nQUIT\r\n"])
@pytest.mark.parametrize("by_octet", [False, True])
def test_a_bare_line_feed_ends_the_session(line: bytes, by_octet: bool) -> None:
    """Whether it ends a line is what two programs could disagree about, so neither reading is tried."""
    talk = Talk().hello()
    heard = talk.trickle(line) if by_octet else talk.send(line)
    assert heard == b"421 4.5.2 Lines end in CRLF, closing\r\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"x" * 98 + b"\r\n", b"250 2.0.0"),
        (b"x" * 99 + b"\r\n", b"552 5.3.4"),
        (b"a\nb\r\n", b"554 5.5.2"),
        (b"a\rb\r\n", b"554 5.5.2"),
    ],
)
@pytest.mark.parametrize("by_octet", [False, True])
@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize("settings", [SMALL, replace(SMALL, role=Role.LMTP)])
def test_faulty_text_is_refused_when_it_ends(
    text: bytes, expected: bytes, by_octet: bool, chunks: bool, settings: ServerSettings
) -> None:
    """Too large or with bare line ends: answered at the end, for each recipient in LMTP, and the session goes on."""
    talk = Talk(settings)
    talk.send(b"LHLO c\r\n" if settings.role is Role.LMTP else b"EHLO c\r\n")
    talk.send(b"MAIL FROM:<anna@example.test>\r\nRCPT TO:<leo@example.net>\r\nRCPT TO:<eve@example.net>\r\n")
    if not chunks:
        talk.send(b"DATA\r\n")
    wire = b"BDAT %d LAST\r\n%b" % (len(text), text) if chunks else text + b".\r\n"
    heard = talk.trickle(wire + b"NOOP\r\n") if by_octet else talk.send(wire + b"NOOP\r\n")
    *answers, last = heard.splitlines()
    assert last == b"250 2.0.0 Ok"
    assert len(answers) == (2 if settings.role is Role.LMTP else 1)
    assert all(answer.startswith(expected) for answer in answers)
    accepted = expected == b"250 2.0.0"
    assert len(messages(talk)) == accepted
    assert (TransactionDropped() in talk.events) is not accepted


def test_a_chunk_that_is_too_large_is_refused_once() -> None:
    """The first chunk past the limit fails the transaction; the next one belongs to none."""
    talk = begun(Talk(SMALL), b"leo@example.net")
    assert talk.send(b"BDAT 60\r\n" + b"x" * 60) == b"250 2.0.0 60 octets received\r\n"
    heard = talk.send(b"BDAT 60\r\n" + b"x" * 60 + b"BDAT 5 LAST\r\nQUIT\n")
    assert [line[:9] for line in heard.splitlines()] == [b"552 5.3.4", b"503 5.5.1"]
    assert talk.engine.state is State.READY


def test_line_ends_can_be_normalised() -> None:
    """With the option, bare line ends become CRLF, in both ways of sending; only a dot behind CRLF was transparent."""
    talk = begun(Talk(replace(SETTINGS, line_ends=LineEnds.NORMALISE)), b"leo@example.net")
    talk.send(b"DATA\r\n")
    talk.send(b"a\nb\rc\r\n.\n.\r\n.\r\n")
    begun(talk, b"leo@example.net")
    talk.send(b"BDAT 3\r\na\nb")
    talk.send(b"BDAT 2 LAST\r\n\r\n")
    assert [message.content for message in messages(talk)] == [b"a\r\nb\r\nc\r\n\r\n.\r\n", b"a\r\nb\r\n"]


def test_binary_chunks_are_taken_as_they_are() -> None:
    """RFC 3030 3: BINARYMIME may have any octets, and lines mean nothing."""
    talk = begun(Talk(), b"leo@example.net", mail=b"MAIL FROM:<anna@example.test> BODY=BINARYMIME")
    content = bytes(range(256)) * 10 + b"\r"
    for begin in range(0, len(content), 500):
        piece = content[begin : begin + 500]
        last = b" LAST" if begin + 500 >= len(content) else b""
        talk.send(b"BDAT %d%b\r\n%b" % (len(piece), last, piece))
    assert messages(talk)[0].content == content


def test_a_message_of_single_octets_takes_few_objects() -> None:
    """Whoever sends octet by octet does not make the server keep an object for each."""
    talk = begun(Talk(), b"leo@example.net")
    talk.send(b"DATA\r\n")
    talk.trickle(b"abcdefgh\r\n" * 5_000 + b".\r\n")
    (message,) = messages(talk)
    assert message.content == b"abcdefgh\r\n" * 5_000
    assert len(message.chunks) < 10


def test_text_can_be_streamed() -> None:
    """With ``stream`` the pieces come as events, and the message has none."""
    talk = begun(Talk(replace(SETTINGS, stream=True)), b"leo@example.net")
    talk.send(b"DATA\r\n")
    talk.send(b"one\r\ntw")
    talk.send(b"o\r\n.\r\n")
    chunks = [event.data for event in talk.events if isinstance(event, DataChunk)]
    assert chunks == [b"one\r\ntw", b"o\r\n"]
    assert (messages(talk)[0].chunks, messages(talk)[0].size) == ((), 10)


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        ([b"XYZZY"] * 4, b"421 4.7.0 Too many errors"),
        ([b"NOOP"] * 3, b"421 4.7.0 Too many commands without effect"),
        ([b"GET / HTTP/1.1"], b"421 4.5.1 "),
        ([b"Host: mx.example.test"], b"421 4.5.1 "),
    ],
)
def test_useless_sessions_end(commands: list[bytes], reply: bytes) -> None:
    """Errors and commands without effect are counted; HTTP is seen at its first word.  EHLO was one without effect."""
    talk = Talk(SMALL).hello()
    for command in commands[:-1]:
        assert not talk.send(command + b"\r\n").startswith(b"421")
    assert talk.send(commands[-1] + b"\r\n").startswith(reply)
    assert talk.events[-1] == Ended(Ending.CLOSED)


def test_a_long_refused_flight_is_no_row_of_errors() -> None:
    """A client that pipelined recipients behind a refused MAIL, or too many of them, is not closed on."""
    talk = Talk(SMALL, choosy).hello()
    heard = talk.send(b"MAIL FROM:<nobody@example.test>\r\n" + b"RCPT TO:<leo@example.net>\r\n" * 50)
    assert heard.count(b"503 5.5.1") == 50
    heard = talk.send(b"MAIL FROM:<anna@example.test>\r\n" + b"RCPT TO:<leo@example.net>\r\n" * 50)
    assert heard.count(b"452 4.5.3") == 48


# The end.


def test_the_end_is_told_once_and_a_transaction_before_it() -> None:
    """QUIT within a transaction drops it; nothing is heard afterwards."""
    talk = begun(Talk(), b"leo@example.net")
    assert talk.send(b"QUIT\r\nNOOP\r\n") == b"221 2.0.0 Bye\r\n"
    assert talk.events[-2:] == [TransactionDropped(), Ended(Ending.QUIT)]
    talk.eof()
    talk.engine.lost()
    talk.engine.close(SHUTTING_DOWN)
    assert talk.engine.events() == []
    assert talk.engine.data_to_send() == b""


def test_text_that_breaks_off_is_no_message() -> None:
    """RFC 5321 4.1.1.4: without its end nothing was given."""
    talk = begun(Talk(), b"leo@example.net")
    talk.send(b"DATA\r\n")
    talk.send(b"half\r\n.")
    talk.eof()
    assert talk.events[-2:] == [TransactionDropped(), Ended(Ending.LOST)]
    assert messages(talk) == []


def test_what_came_before_the_end_of_input_is_worked_off() -> None:
    """A client that sends all and closes its side is answered."""
    engine = ServerEngine(SETTINGS)
    engine.accept()
    engine.receive_data(b"EHLO client\r\n")
    engine.accept()
    engine.receive_data(b"MAIL FROM:<>\r\nNOOP\r\nQU")
    engine.receive_eof()
    engine.events()
    engine.data_to_send()
    engine.accept()
    assert engine.data_to_send() == b"250 2.1.0 Sender ok\r\n250 2.0.0 Ok\r\n"
    assert engine.events() == [TransactionDropped(), Ended(Ending.LOST)]


def test_an_answer_that_comes_too_late_is_no_mistake() -> None:
    """After the connection was lost, nobody hears; the application cannot know."""
    engine = ServerEngine(SETTINGS)
    engine.lost()
    engine.accept()
    engine.reply(refuse(554, "5.7.1", "No"))
    engine.challenge(b"")
    engine.reply_each(())
    assert engine.data_to_send() == b""


def test_the_server_may_close_at_any_time() -> None:
    """RFC 5321 3.8: 421 may come instead of any reply."""
    talk = begun(Talk(), b"leo@example.net")
    talk.engine.close(SHUTTING_DOWN)
    assert talk.engine.data_to_send() == b"421 4.3.2 Service is being shut down, closing\r\n"
    assert talk.engine.events() == [TransactionDropped(), Ended(Ending.CLOSED)]


def test_421_as_an_answer_closes() -> None:
    """The application ends the session by its reply."""
    talk = Talk(SETTINGS, lambda question: refuse(421, "4.7.0", "Enough") if isinstance(question, MailGiven) else None)
    assert talk.hello().send(b"MAIL FROM:<>\r\nNOOP\r\n") == b"421 4.7.0 Enough\r\n"
    assert talk.engine.state is State.CLOSED


# The caller's mistakes, and the lab's.


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (b"MAIL FROM:<>\r\n", Reply(354, ("Go on",))),
        (b"MAIL FROM:<>\r\n", Reply(700, ("What",))),
        (b"MAIL FROM:<>\r\n", refuse(550, "4.1.1", "Classes differ")),
        (b"MAIL FROM:<>\r\n", Challenge(b"")),
        (b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n", Reply(250, ("Ok",))),
        (
            b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 0 LAST\r\n",
            Reply(354, ("Go on",)),
        ),
    ],
)
def test_an_answer_that_is_none_is_the_callers_mistake(lines: bytes, answer: Answer) -> None:
    """What cannot be said is not said, and the question still waits."""
    talk = Talk()
    talk.answerer = lambda question: answer if question == talk.events[-1] and lines.endswith(_line(question)) else None
    talk.hello()
    with pytest.raises(LocalProtocolError):
        talk.send(lines)
    assert talk.engine.question is not None
    talk.engine.reply(refuse(451, "4.3.0", "Sorry"))
    assert talk.engine.question is None


def _line(question: Question) -> bytes:
    """Return how the line ends that led to the question."""
    match question:
        case MailGiven():
            return b"MAIL FROM:<>\r\n"
        case DataBegun():
            return b"\r\n"
        case _:
            return b"?"


def test_answers_without_a_question_are_the_callers_mistake() -> None:
    """An engine that asked nothing takes no answer."""
    talk = Talk().hello()
    for answer in (
        talk.engine.accept,
        lambda: talk.engine.reply(refuse(250, "2.0.0", "Ok")),
        lambda: talk.engine.challenge(b""),
        lambda: talk.engine.reply_each([]),
        talk.engine.tls_established,
    ):
        with pytest.raises(LocalProtocolError):
            answer()


def test_lmtp_answers_each_recipient() -> None:
    """RFC 2033 4.2: one reply for each accepted recipient; another number is the caller's mistake."""
    each = (refuse(250, "2.1.5", "Leo has it"), refuse(452, "4.2.2", "Eve is full"))
    talk = Talk(LMTP, lambda question: each if isinstance(question, MessageGiven) else None)
    talk.send(b"LHLO c\r\n")
    talk.send(b"MAIL FROM:<>\r\nRCPT TO:<leo@example.net>\r\nRCPT TO:<eve@example.net>\r\nDATA\r\n")
    assert talk.send(b".\r\n") == b"250 2.1.5 Leo has it\r\n452 4.2.2 Eve is full\r\n"
    talk.send(b"MAIL FROM:<>\r\nRCPT TO:<leo@example.net>\r\nDATA\r\n")
    with pytest.raises(LocalProtocolError):
        talk.send(b".\r\n")


def test_a_lab_may_say_anything() -> None:
    """``wire`` goes out in place of the reply, and the session goes on as the reply says."""
    engine = ServerEngine(SETTINGS)
    engine.reply(Reply(220, ("hello",)), wire=b"220-mx\r\n220-\r\n220 \xff\r\n")
    assert engine.data_to_send() == b"220-mx\r\n220-\r\n220 \xff\r\n"
    assert engine.state is State.START


def test_much_that_waits_is_seen() -> None:
    """The driver hears when it must stop reading, exactly above the limit."""
    engine = ServerEngine(replace(SETTINGS, limits=Limits(pipelined=100)))
    engine.receive_data(b"x" * 100)
    assert not engine.is_full
    engine.receive_data(b"x")
    assert engine.is_full


def test_the_settings_are_to_be_had() -> None:
    """What the driver needs to know it can ask."""
    talk = Talk(SETTINGS, tls=True).hello()
    assert talk.engine.settings is SETTINGS
    assert (talk.engine.tls, talk.engine.hello) == (True, "client.example.test")
