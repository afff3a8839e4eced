"""ServerEngine: the server's side of SMTP and LMTP without I/O (RFC 5321, RFC 2033).

Theory of operation.  Four verbs move octets: ``receive_data`` and ``receive_eof`` put in what the client sent,
``events`` takes out what it means, ``data_to_send`` what must go to the client.  A fifth answers: an event that is a
Question stops the engine until ``accept``, ``reply``, ``reply_each`` or ``challenge`` is called; what the client
pipelined meanwhile waits unread.  So replies go out in the order of the commands (RFC 2920 3.2), and no command is
looked at before the one before it is settled.  The parts: server_states has the table of states and what moves between
them, server_session what a session remembers, server_commands what commands do, server_answers what answers do,
server_rules what is refused unasked.  Here octets become lines and text.

What a driver does: after every ``receive_data`` and every answer, take ``events`` and ``data_to_send``; stop reading
while ``is_full``; begin TLS when ``state`` is TLS and then call ``tls_established``; close the connection when
``state`` is CLOSED and everything is sent.  Time limits are the driver's: ``close`` says 421.

What is not tidy:

* The text after DATA is read to its end even when it was found faulty, and answered then; a client cannot hear before.
* A refused BDAT has its octets read and forgotten before its reply goes out: they come in any case (RFC 3030 2).
* A bare LF where a command is expected closes the session.  It cannot be skipped: whether the next octets are a command
  would depend on what a reader takes for a line end, and that is how requests are smuggled.
* Octets that follow STARTTLS in the clear close it too: taken in, they would be commands of nobody (RFC 3207 6).
* After EOF the client may still hear: what came before it is worked off first.

Hostile input can only lead to replies; no method raises because of it.  LocalProtocolError is raised where the caller
answers what was not asked, or with what cannot be an answer.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from mailwright.mail.reply import Reply
from mailwright.smtp import server_replies as replies
from mailwright.smtp.command_reader import decode_base64, parse_command
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.server_answers import answer_bytes, on_refusal, on_success, usual_answer
from mailwright.smtp.server_commands import obey
from mailwright.smtp.server_events import (
    AuthCancelled,
    AuthGiven,
    AuthResponse,
    Connected,
    DataBegun,
    DataChunk,
    Ending,
    Event,
    HelloGiven,
    MessageGiven,
    Question,
    StartTlsGiven,
)
from mailwright.smtp.server_replies import own_reply, reply_bytes
from mailwright.smtp.server_session import Session
from mailwright.smtp.server_settings import Role, ServerSettings
from mailwright.smtp.server_states import State

#: Questions whose answer a client must wait for before it sends on (RFC 2920 3.1; RFC 5321 4.3.1 for the greeting).
_WAITED_FOR = (Connected, HelloGiven, DataBegun, AuthGiven, AuthResponse, StartTlsGiven)


class ServerEngine:
    """One session, from the greeting to its end.

    settings: the listener's ways.  tls: whether the connection is under TLS from its beginning.
    """

    __slots__ = ("_at", "_eof", "_input", "_session", "_skipping", "_waiting")

    def __init__(self, settings: ServerSettings, *, tls: bool = False) -> None:
        self._session = Session(settings, tls=tls)
        self._input = b""
        # Where in ``_input`` the unread part begins.
        self._at = 0
        # What came while a question waited.
        self._waiting = bytearray()
        self._eof = False
        # Whether the rest of a line that was too long is being passed over.
        self._skipping = False
        self._session.ask(Connected())

    # The four verbs.

    def receive_data(self, data: bytes) -> None:
        """Take in what the client sent; then look at ``events`` and ``data_to_send``.

        Raises LocalProtocolError between the reply to STARTTLS and ``tls_established``: those octets belong to TLS.
        """
        session = self._session
        if session.question is not None:
            self._waiting += data
            return
        if session.state is State.CLOSED:
            return
        if session.state is State.TLS:
            raise LocalProtocolError("what comes now belongs to the TLS handshake")
        self._input = self._input[self._at :] + data if self._at < len(self._input) else data
        self._at = 0
        self._advance()

    def receive_eof(self) -> None:
        """The client will send no more; what it sent before is worked off, then the session ends."""
        self._eof = True
        self._advance()

    def events(self) -> list[Event]:
        """Return what has happened since the last call; at most one Question, and that the last."""
        return self._session.take_events()

    def data_to_send(self) -> bytes:
        """Return what to send to the client now; b"" for nothing."""
        return self._session.take_output()

    # What there is to know.

    @property
    def state(self) -> State:
        """Where the session is."""
        return self._session.state

    @property
    def question(self) -> Question | None:
        """The event that waits for its answer; None where none does."""
        return self._session.question

    @property
    def settings(self) -> ServerSettings:
        """The listener's ways."""
        return self._session.settings

    @property
    def tls(self) -> bool:
        """Whether the session is under TLS."""
        return self._session.tls

    @property
    def authenticated(self) -> bool:
        """Whether AUTH has succeeded."""
        return self._session.authenticated

    @property
    def hello(self) -> str:
        """The client's word for itself in EHLO, HELO or LHLO; "" before, and anew after STARTTLS."""
        return self._session.hello

    @property
    def is_full(self) -> bool:
        """True where so much waits unread that the driver must not read more for now (Limits.pipelined)."""
        return len(self._waiting) > self._session.limits.pipelined

    # The answers.

    def accept(self) -> None:
        """Answer the question with the usual success.  Does nothing after the end, when the answer comes too late.

        Raises LocalProtocolError where nothing was asked.
        """
        question = self._take_question()
        if question is not None:
            self._session.send(usual_answer(self._session, question))
            on_success(self._session, question)
            self._advance()

    def reply(self, reply: Reply, *, wire: bytes | None = None) -> None:
        """Answer the question with ``reply``; 2yz, and 354 for DATA, accepts.  421 closes after it.

        wire: octets that go out in its place, for a lab server that breaks the rules on purpose.
        Raises LocalProtocolError where nothing was asked, and for a reply that cannot be an answer here.
        """
        if self._session.question is not None:
            answer = answer_bytes(self._session, self._session.question, reply)
            question = self._take_question()
            if question is None:
                return
            self._session.send(answer if wire is None else wire)
            if reply.code == 421:
                self._session.end(Ending.CLOSED)
            elif reply.refuses:
                on_refusal(self._session, question, reply)
            else:
                on_success(self._session, question)
            self._advance()
        elif self._session.state is not State.CLOSED:
            raise LocalProtocolError("nothing was asked")

    def reply_each(self, given: Sequence[Reply]) -> None:
        """Answer MessageGiven in LMTP: one reply for each recipient, in their order (RFC 2033 4.2)."""
        question = self._session.question
        if self._session.state is State.CLOSED:
            return
        if not isinstance(question, MessageGiven) or self.settings.role is not Role.LMTP:
            raise LocalProtocolError("a reply for each recipient is for a message in LMTP")
        if len(given) != len(question.envelope.recipients) or any(reply.continues for reply in given):
            raise LocalProtocolError("one final reply for each recipient is needed")
        self._session.send(b"".join(map(reply_bytes, given)))
        self._session.question = None
        self._advance()

    def challenge(self, data: bytes) -> None:
        """Answer AuthGiven or AuthResponse with a challenge of the mechanism; AuthResponse or AuthCancelled follows."""
        if self._session.state is State.CLOSED:
            return
        if not isinstance(self._session.question, AuthGiven | AuthResponse):
            raise LocalProtocolError("a challenge is an answer to AUTH only")
        if self._take_question() is not None:
            self._session.send(b"334 %b\r\n" % b64encode(data))
            self._session.state = State.AUTH
            self._advance()

    def tls_established(self) -> None:
        """The handshake after STARTTLS is done: the session begins anew.  Raises LocalProtocolError where none was."""
        if self._session.state is not State.TLS:
            raise LocalProtocolError("no TLS was begun")
        self._session.begin_anew()

    def close(self, reply: Reply) -> None:
        """End the session from this side with ``reply``, a 421 (RFC 5321 3.8); unsaid during a TLS handshake."""
        if self._session.state is State.TLS:
            self._session.end(Ending.CLOSED)
        else:
            self._session.close(reply)

    def lost(self) -> None:
        """The connection is gone: nothing can be sent any more, and what waits unread is nobody's wish now."""
        self._session.end(Ending.LOST)
        self._session.take_output()

    # Octets into lines and text.

    def _take_question(self) -> Question | None:
        """Return the question to answer; None where the answer comes too late, or the client did not wait for it."""
        session, question = self._session, self._session.question
        if question is None:
            if session.state is not State.CLOSED:
                raise LocalProtocolError("nothing was asked")
            return None
        session.question = None
        if isinstance(question, _WAITED_FOR) and self._runs_ahead(question):
            session.close(replies.OUT_OF_STEP)
            return None
        return question

    def _runs_ahead(self, question: Question) -> bool:
        """Tell whether the client has sent something before the answer that it must wait for."""
        if not self._waiting and self._at >= len(self._input):
            return False
        # RFC 3207 6: what was sent in the clear behind STARTTLS must not be taken for a command under TLS.
        if isinstance(question, StartTlsGiven):
            return True
        # The octets of a chunk follow BDAT at once (RFC 3030 2).
        return self._session.settings.strict_pipelining and self._session.chunk is None

    def _advance(self) -> None:
        """Read on until something must be answered or more must come."""
        session = self._session
        if session.question is not None:
            return
        if self._waiting:
            self._input = self._input[self._at :] + bytes(self._waiting)
            self._at = 0
            self._waiting.clear()
        while session.question is None:
            state = session.state
            if state is State.CLOSED or state is State.TLS:
                self._input, self._at = b"", 0
                return
            if state is State.CHUNK:
                more = self._read_chunk()
            elif state is State.DATA:
                more = self._read_text()
            else:
                more = self._read_line()
            if not more:
                break
        if self._eof and session.question is None:
            session.end(Ending.LOST)

    def _read_line(self) -> bool:
        """Work off the next line; False where it is not whole yet."""
        session, at = self._session, self._at
        end = self._input.find(b"\n", at)
        if end < 0:
            self._shorten()
            return False
        self._at = end + 1
        # RFC 5321 2.3.8: a bare LF MUST NOT be taken for a line end.
        if end == at or self._input[end - 1] != 13:
            session.close(replies.BARE_LINE_FEED)
        elif self._skipping or (end - at >= session.limits.command_line and end - at >= self._longest_line(at)):
            self._skipping = False
            self._too_long()
        elif session.state is State.AUTH:
            self._read_response(self._input[at : end - 1])
        else:
            try:
                command = parse_command(self._input[at : end - 1], session.parameters, spaces=session.settings.spaces)
            except RemoteProtocolError as error:
                session.refuse(error.reply or own_reply(500, (5, 5, 2), error.message))
            else:
                obey(session, command)
        return True

    def _longest_line(self, at: int) -> int:
        """Return how long the line that begins at ``at`` may be."""
        limits = self._session.limits
        authentication = self._session.state is State.AUTH or self._input[at : at + 5].upper() == b"AUTH "
        return limits.authentication_line if authentication else limits.command_line

    def _shorten(self) -> None:
        """Forget the octets of a line that is too long already, but for a CR that may be half of its end."""
        self._input = self._input[self._at :]
        self._at = 0
        if not self._skipping and len(self._input) > self._longest_line(0):
            self._skipping = True
        if self._skipping:
            self._input = b"\r" if self._input[-1:] == b"\r" else b""

    def _too_long(self) -> None:
        session = self._session
        if session.state is not State.AUTH:
            session.refuse(replies.LINE_TOO_LONG)
            return
        # RFC 4954 4: 500 where the line of an exchange is longer than the server takes; 5.5.6 is its status.
        self._end_exchange(replies.AUTHENTICATION_TOO_LONG)

    def _read_response(self, line: bytes) -> None:
        # RFC 4954 4: a single "*" cancels the exchange, and the server MUST answer 501.
        if line == b"*":
            self._end_exchange(replies.CANCELLED)
            return
        try:
            response = decode_base64(line.decode("ascii", "replace"))
        except RemoteProtocolError as error:
            self._end_exchange(error.reply or replies.CANCELLED)
            return
        self._session.state = State.READY
        self._session.ask(AuthResponse(response))

    def _end_exchange(self, reply: Reply) -> None:
        self._session.state = State.READY
        self._session.tell(AuthCancelled())
        self._session.refuse(reply)

    def _read_text(self) -> bool:
        """Take in text after DATA; False where more must come."""
        session, reader = self._session, self._session.data
        if reader is None or self._at >= len(self._input):
            return False
        piece = reader.read(self._input[self._at :] if self._at else self._input)
        self._input, self._at = reader.rest, 0
        self._keep(piece)
        if not reader.ended:
            return False
        if reader.fault is not None and reader.fault.reply is not None:
            session.refuse_message(reader.fault.reply)
        else:
            session.ask_for_message(reader.size)
        return True

    def _read_chunk(self) -> bool:
        """Take in octets of a chunk; False where more must come."""
        session, chunks = self._session, self._session.chunks
        if chunks is None:
            return False
        data = self._input[self._at : self._at + chunks.left]
        self._at += len(data)
        self._keep(chunks.read(data))
        if chunks.left:
            return False
        if chunks.refusal is not None:
            session.refuse_chunk(chunks.refusal)
        elif chunks.last:
            session.ask_for_message(chunks.size)
        else:
            session.send(b"250 2.0.0 %d octets received\r\n" % chunks.total)
            session.state = State.CHUNKS
        return True

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        if self._session.settings.stream:
            self._session.tell(DataChunk(piece))
        else:
            self._session.gathered.add(piece)
