"""The states of a server's session, and which command belongs where.

Commands move through them like this; everything else that comes is answered with the reply in ``MISPLACED``, or with
503.  NOOP, HELP, VRFY, EXPN, RSET and QUIT are good in every state that reads commands (RFC 5321 4.1.4).

==========  =========================  ================================================
state       command, answer            next
==========  =========================  ================================================
BANNER      (greeting) 220             START
BANNER      (greeting) 554             REFUSED, where only QUIT is good
START       EHLO HELO LHLO 250         READY
READY       MAIL 250                   MAIL
READY       AUTH 334                   AUTH, back to READY with any other answer
READY       STARTTLS 220               TLS; when TLS stands START, and nothing is remembered
MAIL, RCPT  RCPT 250                   RCPT
RCPT        DATA 354                   DATA; when the text has ended READY
RCPT        BDAT                       CHUNK; after it CHUNKS, after the last READY
CHUNKS      BDAT                       CHUNK
all those   EHLO RSET                  READY (RSET before EHLO: START)
any         QUIT, 421                  CLOSED
==========  =========================  ================================================
"""

from __future__ import annotations

from enum import StrEnum

from mailwright.mail.reply import Reply
from mailwright.smtp.commands import Auth, Bdat, Data, Mail, Rcpt, StartTls
from mailwright.smtp.server_replies import (
    DURING_CHUNKS,
    DURING_TRANSACTION,
    NESTED_MAIL,
    NO_MAIL,
    NO_RECIPIENT,
    SEND_HELLO,
)


class State(StrEnum):
    """Where a session is."""

    BANNER = "banner"
    REFUSED = "refused"
    START = "start"
    READY = "ready"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CHUNKS = "chunks"
    CHUNK = "chunk"
    AUTH = "auth"
    TLS = "tls"
    CLOSED = "closed"


_DURING = {State.MAIL: DURING_TRANSACTION, State.RCPT: DURING_TRANSACTION, State.CHUNKS: DURING_CHUNKS}

#: The reply to a command in a state where it does not belong; a command is good in every state that is not named.
MISPLACED: dict[type, dict[State, Reply]] = {
    Mail: {State.START: SEND_HELLO, State.MAIL: NESTED_MAIL, State.RCPT: NESTED_MAIL, State.CHUNKS: DURING_CHUNKS},
    Rcpt: {State.START: SEND_HELLO, State.READY: NO_MAIL, State.CHUNKS: DURING_CHUNKS},
    Data: {
        State.START: SEND_HELLO,
        State.READY: NO_MAIL,
        State.MAIL: NO_RECIPIENT,
        # RFC 3030 2: DATA and BDAT MUST NOT be mixed in one transaction.
        State.CHUNKS: DURING_CHUNKS,
    },
    Bdat: {State.START: SEND_HELLO, State.READY: NO_MAIL, State.MAIL: NO_RECIPIENT},
    # RFC 4954 4: AUTH is not permitted during a mail transaction.
    Auth: {State.START: SEND_HELLO, **_DURING},
    StartTls: {State.START: SEND_HELLO, **_DURING},
}
