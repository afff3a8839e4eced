"""ServerEngine: the server's side of POP3 without I/O (RFC 1939, 2449, 2595, 3206, 5034, 6856).

Theory of operation.  ``receive_data`` and ``receive_eof`` put in what the client sent, ``events`` takes out what it
means, ``data_to_send`` what must go to the client.  An event that is a Question stops the engine until it is answered;
what the client pipelined meanwhile waits unread, so answers go out in the order of the commands.  What concerns numbers
and marks (STAT, LIST, UIDL, DELE, RSET) the engine answers by itself, from the list that ``open`` gave it.

==============  ============================  =================================================
state           what happens                  next
==============  ============================  =================================================
BANNER          greeting accepted             AUTHORIZATION
AUTHORIZATION   a login opened                TRANSACTION
AUTHORIZATION   ``challenge``                 SASL, until the login is opened or refused
AUTHORIZATION   STLS accepted                 TLS; ``tls_established`` AUTHORIZATION
AUTHORIZATION   QUIT                          CLOSED
TRANSACTION     RETR, TOP accepted            TEXT; ``end_text`` TRANSACTION
TRANSACTION     QUIT                          UPDATE: UpdateGiven, and with its answer CLOSED
any             lost, closed, too many faults CLOSED; nothing is deleted
==============  ============================  =================================================

What a driver does: after every call, take ``data_to_send`` and ``events``; stop reading while ``is_full``; begin TLS
when ``state`` is TLS and then call ``tls_established``; close the connection when ``state`` is CLOSED and everything is
sent.  When time is up, call ``lost`` and close: RFC 1939 3 wants no response then.

What is not tidy:

* A line that is too long or not ended by CRLF alone ends the session after an -ERR.
* Octets that follow STLS in the clear do too: taken in, they would be commands of nobody (RFC 2595 4).
* A message that cannot be sent whole must end with ``lost``: without its last line no client takes it for whole.
* After the end of input the client may still hear: what came before it is worked off first.

Hostile input can only lead to responses; no method raises because of it.  LocalProtocolError is raised where the caller
answers what was not asked.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from mailwright.pop3.command_reader import decode_base64, parse_command
from mailwright.pop3.marked import MarkedMaildrop
from mailwright.pop3.responses import Response
from mailwright.pop3.server_commands import Commands
from mailwright.pop3.server_events import (
    LOGINS,
    AuthCancelled,
    AuthGiven,
    AuthResponse,
    Connected,
    Ending,
    Entry,
    Event,
    Question,
    RetrieveGiven,
    StlsGiven,
    UpdateGiven,
)
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_states import State
from mailwright.pop3.text_writer import TextWriter
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError


class ServerEngine(Commands):
    """One session, from the greeting to its end.

    timestamp: what the greeting shows for APOP, a message identifier in angle brackets that is never used again; None
        where APOP is not offered.
    tls: whether the connection is under TLS, from its beginning or by STLS.
    state: where it is.  utf8: whether the client gave UTF8.  question: what waits for its answer.
    """

    def __init__(self, settings: ServerSettings, *, tls: bool = False, timestamp: str | None = None) -> None:
        super().__init__(settings, tls=tls, timestamp=timestamp)
        self._writer = TextWriter()

    # ------------------------------------------------------------------------------------------------ the four verbs

    def receive_data(self, data: bytes) -> None:
        """Take in what the client sent; then look at ``events`` and ``data_to_send``.

        Raises LocalProtocolError between the answer to STLS and ``tls_established``: those octets belong to TLS.
        """
        if self.state is State.CLOSED:
            return
        if self.state is State.TLS:
            raise LocalProtocolError("what comes now belongs to the TLS handshake")
        self._buffer.feed(data)
        self._advance()

    def receive_eof(self) -> None:
        """The client will send no more; what it sent before is worked off, then the session ends."""
        self._eof = True
        self._advance()

    def events(self) -> list[Event]:
        """Return what has happened since the last call; at most one Question, and that the last but for Ended."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        """Return what to send to the client now; b"" for nothing.

        Commands are not read while much waits to be sent.  So call it again, once the client took what it returned,
        until it returns nothing; then look at ``events``.
        """
        if not self._out:
            self._advance()
        out, self._out, self._unsent = self._out, [], 0
        return out[0] if len(out) == 1 else b"".join(out)

    @property
    def is_full(self) -> bool:
        """True where so much waits unread that the driver must not read more for now."""
        return len(self._buffer) > self._limits.pipelined

    # --------------------------------------------------------------------------------------------------- the answers

    def accept(self) -> None:
        """Answer the question with success; a login is answered with ``open``.  Does nothing after the end."""
        match self._take_question():
            case None:
                return
            case Connected():
                self._greet()
            case StlsGiven():
                self._begin_tls()
            case RetrieveGiven(entry=entry, lines=lines):
                self._say(f"{entry.octets} octets" if lines is None else "The top follows")
                self._writer = TextWriter(lines)
                self.state = State.TEXT
            case UpdateGiven():
                self._say(f"{self.settings.host} says goodbye")
                self._end(Ending.QUIT)
            case question:
                self.question = question
                raise LocalProtocolError("a login is accepted with open")
        self._advance()

    def open(self, entries: Sequence[Entry]) -> None:
        """Let the client in, to a maildrop that is now locked for it; of ``entries`` only the first are shown.

        Limits.maildrop_messages says how many.  Does nothing after the end.
        """
        if self._take_login() is None:
            return
        self._maildrop = MarkedMaildrop(entries[: self._limits.maildrop_messages])
        self._errors = self._failed = 0
        self.state = State.TRANSACTION
        listing = self._maildrop.listing()
        self._say(f"{listing.messages} messages ({listing.octets} octets)")
        self._advance()

    def challenge(self, data: bytes) -> None:
        """Answer AuthGiven or AuthResponse with a challenge of the mechanism; AuthResponse or AuthCancelled follows."""
        if not isinstance(self.question, AuthGiven | AuthResponse | None):
            raise LocalProtocolError("a challenge is an answer to AUTH only")
        if self._take_login() is None:
            return
        self._write(b"+ %b\r\n" % b64encode(data))
        self.state = State.SASL
        self._advance()

    def reply(self, response: Response) -> None:
        """Refuse what is asked with ``response``, an -ERR.  Does nothing after the end.

        Raises LocalProtocolError where nothing was asked, and for +OK.
        """
        if response.ok:
            raise LocalProtocolError("a success is answered with accept, open or challenge")
        question = self._take_question()
        if question is None:
            return
        self._send(response)
        if isinstance(question, LOGINS):
            self._login_failed()
        elif isinstance(question, Connected | UpdateGiven):
            self._end(Ending.QUIT if isinstance(question, UpdateGiven) else Ending.CLOSED)
        self._advance()

    def send_text(self, text: bytes) -> bool:
        """Send the next piece of the message; return whether more of it is wanted.

        Line ends may be CRLF or bare; pieces may be cut anywhere.  Does nothing after the end, and wants no more then.
        """
        if not self._in_text():
            return False
        if out := self._writer.write(text):
            self._write(out)
        return not self._writer.enough

    def end_text(self) -> None:
        """Say that the message is whole.  Does nothing after the end."""
        if not self._in_text():
            return
        self._write(self._writer.end())
        self.state = State.TRANSACTION
        self._advance()

    def _in_text(self) -> bool:
        if self.state not in (State.TEXT, State.CLOSED):
            raise LocalProtocolError("no message was asked for")
        return self.state is State.TEXT

    def tls_established(self) -> None:
        """The handshake after STLS is done: the session begins anew, without another greeting.

        RFC 2595 4: what was known of the client before MUST be discarded.
        """
        if self.state is not State.TLS:
            raise LocalProtocolError("no TLS was begun")
        self.tls = True
        self._name = None
        self.state = State.AUTHORIZATION

    def lost(self, why: Ending = Ending.LOST) -> None:
        """End the session without a word: the connection is gone, or time is up (RFC 1939 3)."""
        self._end(why)
        self._out.clear()
        self._unsent = 0

    def _greet(self) -> None:
        stamp = f" {self._timestamp}" if self._timestamp else ""
        self._say(f"{self.settings.host} POP3 ready{stamp}")
        self.state = State.AUTHORIZATION

    def _begin_tls(self) -> None:
        # RFC 2595 4: TLS begins right after the CRLF of the answer.  What came with STLS in the clear may be anybody's.
        if self._buffer:
            self.close(Response(ok=False, text="Nothing may follow STLS in the clear"))
            return
        self._say("Begin TLS now")
        self.state = State.TLS

    def _take_question(self) -> Question | None:
        """Return the question that is being answered; None after the end, when the answer comes too late."""
        if self.state is State.CLOSED:
            return None
        question, self.question = self.question, None
        if question is None:
            raise LocalProtocolError("nothing was asked")
        return question

    def _take_login(self) -> Question | None:
        if self.state is not State.CLOSED and not isinstance(self.question, LOGINS):
            raise LocalProtocolError("no login was asked for")
        return self._take_question()

    # ------------------------------------------------------------------------------------------------------ the input

    def _advance(self) -> None:
        """Read commands until one must be answered by the application, or there is none."""
        while self._reads and (line := self._next_line()) is not None:
            self._read_line(line)
        if self._eof and self._reads:
            self._end(Ending.LOST)

    @property
    def _reads(self) -> bool:
        states = (State.AUTHORIZATION, State.TRANSACTION, State.SASL)
        return self.question is None and self.state in states and self._unsent < self._limits.unsent

    def _next_line(self) -> bytes | None:
        long = self.state is State.SASL or self._buffer.peek(5).upper() == b"AUTH "
        try:
            return self._buffer.next_line(self._limits.authentication_line if long else self._limits.command_line)
        except RemoteProtocolError as error:
            self.close(Response(ok=False, text=error.message))
            return None

    def _read_line(self, line: bytes) -> None:
        if self.state is State.SASL:
            self._read_sasl(line)
            return
        try:
            command = parse_command(line)
        except RemoteProtocolError as error:
            self._fault(Response(ok=False, text=error.message))
            return
        self._perform(command)

    def _read_sasl(self, line: bytes) -> None:
        self.state = State.AUTHORIZATION
        try:
            # RFC 5034 4: a line with a single asterisk cancels the exchange.
            response = None if line == b"*" else decode_base64(line)
        except RemoteProtocolError as error:
            response, words = None, error.message
        else:
            words = "Authentication cancelled"
        if response is not None:
            self._ask(AuthResponse(response))
            return
        self._events.append(AuthCancelled())
        self._say(words, ok=False)
        self._login_failed()
