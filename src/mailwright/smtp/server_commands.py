"""What a client's commands do to a session: refused at once, done at once, or put to the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailwright.mail.envelope import Body
from mailwright.mail.reply import Reply
from mailwright.smtp import server_replies as replies
from mailwright.smtp.commands import (
    Auth,
    Bdat,
    Command,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    StartTls,
    Unknown,
    Vrfy,
)
from mailwright.smtp.server_content import ChunkReader, text_checker
from mailwright.smtp.server_events import (
    AuthGiven,
    DataBegun,
    Ending,
    ExpnGiven,
    HelloGiven,
    MailGiven,
    RecipientGiven,
    StartTlsGiven,
    VrfyGiven,
)
from mailwright.smtp.server_replies import reply_bytes
from mailwright.smtp.server_rules import (
    HTTP_VERBS,
    NOT_DONE,
    refuse_auth,
    refuse_mail,
    refuse_recipient,
    refuse_starttls,
    with_recipients,
    without_recipients,
)
from mailwright.smtp.server_session import Session
from mailwright.smtp.server_settings import Role
from mailwright.smtp.server_states import MISPLACED, State


def obey(session: Session, command: Command) -> None:
    """Do what the command asks for, as far as it may and can be done without the application."""
    kind = type(command)
    misplaced = MISPLACED.get(kind)
    if session.state is State.REFUSED and kind is not Quit:
        # RFC 5321 3.1: after a greeting of 554 any command but QUIT SHOULD be answered with 503.
        _misplace(session, command, replies.REFUSED_ALL)
    elif misplaced is not None and session.state in misplaced:
        _misplace(session, command, misplaced[session.state])
    else:
        _OBEY[kind](session, command)


def _misplace(session: Session, command: Command, reply: Reply) -> None:
    """Refuse a command that does not belong here, after its octets where octets follow it."""
    if reply is replies.SEND_HELLO and session.settings.role is Role.LMTP:
        reply = replies.SEND_LHLO
    if isinstance(command, Data | Bdat):
        reply = without_recipients(reply, session.transaction)
    if isinstance(command, Bdat) and session.settings.chunking:
        session.resume = session.state
        skip_chunk(session, command, reply)
    elif isinstance(command, Rcpt | Data) and session.state is not State.REFUSED:
        # Pipelined behind a MAIL that was refused, these are no error of the client's (RFC 2920 3.1).
        session.send(reply_bytes(reply))
    else:
        session.refuse(reply)


def skip_chunk(session: Session, command: Bdat, reply: Reply) -> None:
    """Read the octets of a chunk and forget them, then reply: they come whatever the server says (RFC 3030 2)."""
    session.chunk = None
    session.chunks = ChunkReader(text_checker(session.settings, Body.BINARY))
    session.chunks.refusal = reply
    session.chunks.begin(command)
    session.state = State.CHUNK


def _hello(session: Session, command: Ehlo | Helo | Lhlo) -> None:
    # RFC 2033 4.1: LHLO takes the place of EHLO and HELO, which MUST NOT be taken.
    if isinstance(command, Lhlo) is not (session.settings.role is Role.LMTP):
        session.refuse(replies.UNRECOGNISED)
        return
    if session.count_idle():
        # RFC 5321 4.1.4: EHLO later in the session clears all buffers, exactly as RSET.
        session.drop_transaction()
        session.ask(HelloGiven(command.domain, not isinstance(command, Helo)))


def _mail(session: Session, command: Mail) -> None:
    reply = refuse_mail(
        command.envelope,
        session.settings,
        tls=session.tls,
        authenticated=session.authenticated,
        messages=session.messages,
    )
    if reply is not None:
        session.refuse(reply)
    else:
        session.ask(MailGiven(command.envelope))


def _rcpt(session: Session, command: Rcpt) -> None:
    transaction = session.transaction
    if transaction is None:
        session.refuse(replies.NO_MAIL)
        return
    reply = refuse_recipient(command.recipient, transaction, session.settings)
    if reply is not None:
        transaction.refused = True
        session.send(reply_bytes(reply))
    else:
        session.ask(RecipientGiven(command.recipient, transaction.envelope, len(transaction.recipients)))


def _data(session: Session, _: Data) -> None:
    transaction = session.transaction
    if transaction is None:
        session.refuse(replies.NO_MAIL)
    # RFC 3030 3: a message of BINARYMIME MUST NOT be sent by DATA; 503 where it is tried.
    elif transaction.envelope.body is Body.BINARY:
        session.refuse(replies.BINARY_NEEDS_CHUNKS)
    else:
        session.envelope = with_recipients(transaction.envelope, transaction.recipients)
        session.ask(DataBegun(session.envelope))


def _bdat(session: Session, command: Bdat) -> None:
    transaction = session.transaction
    if not session.settings.chunking:
        session.refuse(replies.NOT_IMPLEMENTED)
    elif session.chunks is not None:
        session.chunks.begin(command)
        session.state = State.CHUNK
    elif transaction is not None:
        session.chunk = command
        session.envelope = with_recipients(transaction.envelope, transaction.recipients)
        session.ask(DataBegun(session.envelope))


def _rset(session: Session, _: Rset) -> None:
    if session.count_idle():
        session.drop_transaction()
        session.send(replies.OK_RESET)


def _noop(session: Session, _: Noop) -> None:
    if session.count_idle():
        session.send(replies.OK_RESET)


def _help(session: Session, _: Help) -> None:
    if session.count_idle():
        session.send(replies.OK_HELP)


def _vrfy(session: Session, command: Vrfy) -> None:
    if session.count_idle():
        session.ask(VrfyGiven(command.argument))


def _expn(session: Session, command: Expn) -> None:
    if session.count_idle():
        session.ask(ExpnGiven(command.argument))


def _quit(session: Session, _: Quit) -> None:
    session.drop_transaction()
    session.send(replies.BYE)
    session.end(Ending.QUIT)


def _starttls(session: Session, _: StartTls) -> None:
    reply = refuse_starttls(session.settings, tls=session.tls)
    if reply is not None:
        session.refuse(reply)
    else:
        session.ask(StartTlsGiven())


def _auth(session: Session, command: Auth) -> None:
    reply = refuse_auth(command, session.settings, tls=session.tls, authenticated=session.authenticated)
    if reply is not None:
        session.refuse(reply)
    else:
        session.ask(AuthGiven(command.mechanism, command.initial_response))


def _unknown(session: Session, command: Unknown) -> None:
    if command.verb in HTTP_VERBS:
        session.close(replies.NOT_SMTP)
    else:
        session.refuse(replies.NOT_IMPLEMENTED if command.verb in NOT_DONE else replies.UNRECOGNISED)


#: Any: the table pairs each command with the function that takes it, which types cannot say of a dict.
_OBEY: dict[type, Callable[[Session, Any], None]] = {
    Mail: _mail,
    Rcpt: _rcpt,
    Data: _data,
    Bdat: _bdat,
    Ehlo: _hello,
    Helo: _hello,
    Lhlo: _hello,
    Rset: _rset,
    Noop: _noop,
    Help: _help,
    Vrfy: _vrfy,
    Expn: _expn,
    Quit: _quit,
    StartTls: _starttls,
    Auth: _auth,
    Unknown: _unknown,
}
