"""What the application's answers do to a session, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mailwright.mail.reply import Reply
from mailwright.smtp import server_replies as replies
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.replies import reply_to_bytes
from mailwright.smtp.server_commands import skip_chunk
from mailwright.smtp.server_content import ChunkReader, data_reader, text_checker
from mailwright.smtp.server_events import (
    AuthGiven,
    AuthResponse,
    Connected,
    DataBegun,
    ExpnGiven,
    HelloGiven,
    MailGiven,
    MessageGiven,
    Question,
    RecipientGiven,
    StartTlsGiven,
    VrfyGiven,
)
from mailwright.smtp.server_replies import reply_bytes
from mailwright.smtp.server_rules import Transaction
from mailwright.smtp.server_session import Session
from mailwright.smtp.server_settings import Role, ServerSettings
from mailwright.smtp.server_states import State


def answer_bytes(session: Session, question: Question, reply: Reply) -> bytes:
    """Return how ``reply`` is written as the answer to ``question``; raises LocalProtocolError where it is none."""
    by_data = isinstance(question, DataBegun) and session.chunk is None
    by_chunk = isinstance(question, DataBegun) and session.chunk is not None
    if reply.continues is not by_data and not reply.refuses:
        raise LocalProtocolError(f"{reply.code} is no answer to {type(question).__name__}")
    if by_chunk:
        # The reply to BDAT follows the octets of the chunk: a refusal waits for them, another success is not said.
        if reply.code != 421:
            return b""
    elif isinstance(question, Connected):
        # RFC 2034 4: no status code in the greeting; a refusal may have one.
        return reply_to_bytes(reply, enhanced=reply.refuses)
    elif isinstance(question, HelloGiven) and reply.completes:
        return reply_to_bytes(reply, enhanced=False)
    wire = reply_bytes(reply)
    if isinstance(question, MessageGiven) and session.settings.role is Role.LMTP and reply.code != 421:
        return wire * len(question.envelope.recipients)
    return wire


@lru_cache(maxsize=64)
def _greeting(settings: ServerSettings) -> bytes:
    # RFC 5321 4.3.1: the greeting names the host; "ESMTP" tells that EHLO is understood.
    protocol = "LMTP" if settings.role is Role.LMTP else "ESMTP"
    return reply_to_bytes(Reply(220, (f"{settings.host} {protocol} {settings.software}".rstrip(),)), enhanced=False)


@lru_cache(maxsize=64)
def _hello(settings: ServerSettings, *, tls: bool) -> bytes:
    return reply_to_bytes(Reply(250, (settings.host, *settings.extensions(tls=tls))), enhanced=False)


def _usual_hello(session: Session, question: HelloGiven) -> bytes:
    if question.extended:
        return _hello(session.settings, tls=session.tls)
    return reply_to_bytes(Reply(250, (session.settings.host,)), enhanced=False)


def _usual_message(session: Session, question: MessageGiven) -> bytes:
    # RFC 2033 4.2: in LMTP the final dot is answered once for each accepted recipient.
    return replies.OK_MESSAGE * (len(question.envelope.recipients) if session.settings.role is Role.LMTP else 1)


def _usual_data(session: Session, _: DataBegun) -> bytes:
    return replies.START_DATA if session.chunk is None else b""


#: The usual success of each question.
_USUAL: dict[type, bytes] = {
    MailGiven: replies.OK_MAIL,
    RecipientGiven: replies.OK_RECIPIENT,
    AuthGiven: replies.OK_AUTHENTICATED,
    AuthResponse: replies.OK_AUTHENTICATED,
    StartTlsGiven: replies.GO_TLS,
    VrfyGiven: replies.CANNOT_VERIFY,
    ExpnGiven: reply_bytes(replies.NOT_IMPLEMENTED),
}
#: Any: the tables pair each question with the function that takes it, which types cannot say of a dict.
_USUAL_BY: dict[type, Callable[[Session, Any], bytes]] = {
    Connected: lambda session, _: _greeting(session.settings),
    HelloGiven: _usual_hello,
    DataBegun: _usual_data,
    MessageGiven: _usual_message,
}


def usual_answer(session: Session, question: Question) -> bytes:
    """Return how the usual success is written."""
    kind = type(question)
    fixed = _USUAL.get(kind)
    return _USUAL_BY[kind](session, question) if fixed is None else fixed


def on_success(session: Session, question: Question) -> None:
    """Do what follows from a success."""
    step = _ON_SUCCESS.get(type(question))
    if step is not None:
        step(session, question)


def on_refusal(session: Session, question: Question, reply: Reply) -> None:
    """Do what follows from 4yz or 5yz, other than 421."""
    match question:
        case RecipientGiven() if session.transaction is not None:
            session.transaction.refused = True
        case Connected():
            session.state = State.REFUSED
        case DataBegun() if session.chunk is not None:
            skip_chunk(session, session.chunk, reply)
        case AuthGiven() | AuthResponse():
            session.failed += 1
            if session.failed >= session.limits.failed_authentications:
                session.close(replies.TOO_MANY_LOGINS)
        case _:
            pass


def _greeted(session: Session, _: Connected) -> None:
    session.state = State.START


def _hello_taken(session: Session, question: HelloGiven) -> None:
    session.hello, session.extended = question.domain, question.extended
    session.state = State.READY


def _mail_taken(session: Session, question: MailGiven) -> None:
    session.transaction = Transaction(question.envelope)
    session.state = State.MAIL
    session.messages += 1


def _recipient_taken(session: Session, question: RecipientGiven) -> None:
    transaction = session.transaction
    if transaction is not None:
        transaction.recipients.append(question.recipient)
        transaction.domains.add(question.recipient.address.domain.lower())
        session.state = State.RCPT


def _text_begins(session: Session, _: DataBegun) -> None:
    if session.chunk is None:
        session.data = data_reader(session.settings)
        session.state = State.DATA
        return
    body = session.envelope.body if session.envelope is not None else None
    session.chunks = ChunkReader(text_checker(session.settings, body))
    session.chunks.begin(session.chunk)
    session.chunk = None
    session.state = State.CHUNK


def _authenticated(session: Session, _: AuthGiven | AuthResponse) -> None:
    session.authenticated = True
    session.failed = 0


def _tls_begins(session: Session, _: StartTlsGiven) -> None:
    session.state = State.TLS


_ON_SUCCESS: dict[type, Callable[[Session, Any], None]] = {
    Connected: _greeted,
    HelloGiven: _hello_taken,
    MailGiven: _mail_taken,
    RecipientGiven: _recipient_taken,
    DataBegun: _text_begins,
    AuthGiven: _authenticated,
    AuthResponse: _authenticated,
    StartTlsGiven: _tls_begins,
}
