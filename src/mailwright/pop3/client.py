"""ClientEngine: the client's side of POP3 without I/O (RFC 1939, 2449, 2595, 5034, 6856).

Theory of operation.  ``send`` writes a command; ``receive_data`` and ``receive_eof`` put in what the server sent,
``events`` takes out what it means, ``data_to_send`` what must go to the server.  Answers come in the order of the
commands; several may be under way at a time where the server offers PIPELINING, which is for the driver to know.

==============  ==============================  ====================================================
state           what happens                    next
==============  ==============================  ====================================================
GREETING        +OK                             AUTHORIZATION
GREETING        -ERR                            CLOSED
AUTHORIZATION   PASS or APOP +OK                TRANSACTION
AUTHORIZATION   AUTH sent                       SASL; +OK TRANSACTION, -ERR AUTHORIZATION
AUTHORIZATION   STLS +OK                        TLS; ``tls_established`` AUTHORIZATION
AUTHORIZATION   QUIT answered                   CLOSED
TRANSACTION     QUIT sent                       UPDATE; answered CLOSED
any             end of input, broken protocol   CLOSED
==============  ==============================  ====================================================

What a driver does: after every call, take ``events`` and ``data_to_send``.  When ``state`` is TLS, make the handshake
and call ``tls_established``.  A message is deleted when QUIT was answered with +OK, and never before (RFC 1939 6).

What is not tidy:

* The initial response of AUTH is sent with it only where the line fits 255 octets; else the engine keeps it and sends
  it in answer to the server's first challenge, which is then empty and not told (RFC 5034 4).
* After a message that is too long, or anything else that breaks the protocol, nobody knows where the next answer would
  begin: the session is over.

What a server sends can only raise RemoteProtocolError, after which ``state`` is CLOSED.  LocalProtocolError is raised
where the caller asks for what the protocol forbids.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from enum import StrEnum

from mailwright.mail.decoding import decode_bytes
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
from mailwright.pop3.command_reader import decode_base64
from mailwright.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    Lang,
    List,
    Pass,
    Quit,
    Retr,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
    command_to_bytes,
)
from mailwright.pop3.limits import DEFAULT_LIMITS, Limits
from mailwright.pop3.lines import LineBuffer
from mailwright.pop3.responses import Response, parse_response, quoted
from mailwright.smtp.data import DataReader, LineEnds, TextChecker
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError


class State(StrEnum):
    """Where a session is."""

    GREETING = "greeting"
    AUTHORIZATION = "authorization"
    SASL = "sasl"
    TLS = "tls"
    TRANSACTION = "transaction"
    UPDATE = "update"
    CLOSED = "closed"


_BEFORE_LOGIN = frozenset((State.AUTHORIZATION,))
_AFTER_LOGIN = frozenset((State.TRANSACTION,))
_PLACES: dict[type, frozenset[State]] = {
    **dict.fromkeys((User, Pass, Apop, Auth, Stls, Utf8), _BEFORE_LOGIN),
    **dict.fromkeys((Capa, Lang, Quit), _BEFORE_LOGIN | _AFTER_LOGIN),
}
#: Commands whose answer decides what may follow: nothing is sent while one is under way.
_BARRIERS = (Pass, Apop, Auth, Stls, Quit)
#: Commands that are sent only when nothing is under way.
_ALONE = (Auth, Stls)


class ClientEngine:
    """One session.  tls: whether the connection is under TLS, from its beginning or by STLS."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, tls: bool = False) -> None:
        self.limits = limits
        self.tls = tls
        self.state = State.GREETING
        self.utf8 = False
        self._buffer = LineBuffer()
        self._under_way: deque[Command] = deque()
        self._events: list[Event] = []
        self._out: list[bytes] = []
        self._reader: DataReader | None = None
        self._listing: list[bytes] | None = None
        self._response = Response(ok=True)
        # The initial response of AUTH that did not fit its line.
        self._initial: bytes | None = None
        # Whether a challenge waits for its answer.
        self._challenged = False
        self._quit_answered = False

    # ------------------------------------------------------------------------------------------------------- sending

    @property
    def under_way(self) -> int:
        """How many commands wait for their answer."""
        return len(self._under_way)

    def send(self, command: Command) -> None:
        """Write ``command``; its answer comes as an event.

        Raises LocalProtocolError where it does not belong here or cannot be written.
        """
        self._check_place(command)
        line = command_to_bytes(command)
        if isinstance(command, Auth):
            # RFC 5034 4, RFC 2449 4: with the initial response the command must fit 255 octets.
            if len(line) > self.limits.command_line:
                self._initial = command.initial_response
                line = command_to_bytes(Auth(command.mechanism))
            self.state = State.SASL
        elif isinstance(command, Quit) and self.state is State.TRANSACTION:
            self.state = State.UPDATE
        self._under_way.append(command)
        self._out.append(line)

    def _check_place(self, command: Command) -> None:
        name = type(command).__name__.upper()
        if self.state not in _PLACES.get(type(command), _AFTER_LOGIN):
            raise LocalProtocolError(f"{name} does not belong into the state {self.state}")
        if self._under_way and (isinstance(self._under_way[-1], _BARRIERS) or isinstance(command, _ALONE)):
            raise LocalProtocolError(f"{name} must wait for the answer to what was sent before")
        if len(self._under_way) >= self.limits.commands_under_way:
            raise LocalProtocolError(f"{len(self._under_way)} commands are under way already")
        # RFC 2595 4: STLS is not for a session that is under TLS; RFC 6856 2.1: it MUST NOT follow UTF8.
        if isinstance(command, Stls) and (self.tls or self.utf8):
            raise LocalProtocolError("STLS is neither for a session under TLS nor for one in UTF-8")

    def respond(self, data: bytes) -> None:
        """Answer a challenge with ``data``, not yet encoded; raises LocalProtocolError where none waits."""
        self._answer(b64encode(data))

    def cancel(self) -> None:
        """Give the SASL exchange up instead of answering; the server then answers AUTH with -ERR (RFC 5034 4)."""
        self._answer(b"*")

    def _answer(self, line: bytes) -> None:
        if not self._challenged:
            raise LocalProtocolError("no challenge waits for an answer")
        if len(line) + 2 > self.limits.authentication_line:
            raise LocalProtocolError(f"an answer of more than {self.limits.authentication_line} octets")
        self._challenged = False
        self._out.append(line + b"\r\n")

    def tls_established(self) -> None:
        """The handshake after STLS is done.

        RFC 2595 4: what the server offered before MUST be forgotten: ask for CAPA again.
        """
        if self.state is not State.TLS:
            raise LocalProtocolError("no TLS was begun")
        self.tls = True
        self.state = State.AUTHORIZATION

    def data_to_send(self) -> bytes:
        """Return what to send to the server now; b"" for nothing."""
        out, self._out = self._out, []
        return b"".join(out)

    # ------------------------------------------------------------------------------------------------------ receiving

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        events, self._events = self._events, []
        return events

    def receive_data(self, data: bytes) -> None:
        """Take in what the server sent; what came before a fault is among the events all the same.

        Raises RemoteProtocolError where the server broke the protocol or passed a limit; LocalProtocolError between the
        answer to STLS and ``tls_established``, since those octets belong to TLS.
        """
        if self.state is State.CLOSED:
            return
        if self.state is State.TLS:
            raise LocalProtocolError("what comes now belongs to the TLS handshake")
        try:
            if self._reader is not None:
                data = self._read_text(self._reader, data)
            if data:
                self._buffer.feed(data)
                self._advance()
        except RemoteProtocolError:
            self.state = State.CLOSED
            self._buffer.take()
            raise

    def receive_eof(self) -> None:
        """The server will send no more; ConnectionEnded tells whether that was to be expected."""
        if self._quit_answered or self.state is not State.CLOSED:
            self._events.append(ConnectionEnded(self._quit_answered))
        self.state = State.CLOSED

    def _advance(self) -> None:
        """Read lines, and texts after them, as far as they are whole."""
        while self.state is not State.CLOSED and (line := self._next_line()) is not None:
            self._read_line(line)
            if self._reader is not None and (held := self._buffer.take()):
                self._buffer.feed(self._read_text(self._reader, held))
        if self.state is State.CLOSED:
            self._buffer.take()

    def _next_line(self) -> bytes | None:
        if not self._buffer:
            return None
        longest = self.limits.authentication_line if self.state is State.SASL else self.limits.response_line
        # What cannot become a response is refused at once: a server that expects TLS here sends no line ends.
        if self._buffer.peek(1) not in (b"+", b"-"):
            raise RemoteProtocolError(f"This is no response of POP3: {quoted(self._buffer.peek(61))}")
        return self._buffer.next_line(longest)

    def _read_line(self, line: bytes) -> None:
        if self.state is State.SASL and (line[:2] == b"+ " or line == b"+"):
            self._read_challenge(line[2:])
            return
        response = parse_response(line)
        if self.state is State.GREETING:
            self._events.append(Greeted(response))
            self.state = State.AUTHORIZATION if response.ok else State.CLOSED
        elif self._under_way:
            self._read_answer(self._under_way[0], response)
        elif response.ok:
            raise RemoteProtocolError(f"The server answers what was not asked: {quoted(line)}")
        else:
            self._events.append(Dismissed(response))
            self.state = State.CLOSED

    def _read_challenge(self, text: bytes) -> None:
        data = decode_base64(text)
        if self._challenged:
            raise RemoteProtocolError("The server sends a challenge before the last one was answered")
        self._challenged = True
        if self._initial is None:
            self._events.append(Challenged(data))
            return
        initial, self._initial = self._initial, None
        if data:
            raise RemoteProtocolError("The server sends a challenge where the client is to begin")
        self.respond(initial)

    def _read_answer(self, command: Command, response: Response) -> None:
        if response.ok and _has_text(command):
            self._response = response
            self._begin_text(command, response)
            return
        self._under_way.popleft()
        if isinstance(command, Stls) and response.ok:
            self._begin_tls()
        self._events.append(Answered(command, response))
        match command:
            case Auth():
                self.state = State.TRANSACTION if response.ok else State.AUTHORIZATION
                self._challenged, self._initial = False, None
            case Pass() | Apop() if response.ok:
                self.state = State.TRANSACTION
            case Utf8() if response.ok:
                self.utf8 = True
            case Quit():
                # RFC 1939 6: whether or not all was deleted, the server closes now.
                self._quit_answered = True
                self.state = State.CLOSED
            case _:
                pass

    def _begin_tls(self) -> None:
        # RFC 2595 4: TLS begins right after the CRLF.  What follows it in the clear was put there by somebody else, and
        # would be taken for what the server says under TLS.
        if self._buffer:
            raise RemoteProtocolError("Octets follow the answer to STLS in the clear")
        self.state = State.TLS

    # ---------------------------------------------------------------------------------------- answers of several lines

    def _begin_text(self, command: Command, response: Response) -> None:
        if isinstance(command, Retr | Top):
            # A message is taken as it is, whatever its lines: only the end, CRLF.CRLF, is read strictly.
            self._reader = DataReader(TextChecker(self.limits.message, None, None))
            self._events.append(MessageBegun(command, response))
        else:
            checker = TextChecker(self.limits.listing_octets, self.limits.response_line, LineEnds.STRICT)
            self._reader = DataReader(checker)
            self._listing = []

    def _read_text(self, reader: DataReader, data: bytes) -> bytes:
        """Read on in a message or listing; return what follows its end."""
        text = reader.read(data)
        if reader.fault is not None:
            raise RemoteProtocolError(reader.fault.message)
        if text:
            if self._listing is None:
                self._events.append(MessageChunk(text))
            else:
                self._listing.append(text)
        if not reader.ended:
            return b""
        self._end_text(self._under_way.popleft(), reader.size)
        return reader.rest

    def _end_text(self, command: Command, octets: int) -> None:
        self._reader = None
        if self._listing is None:
            self._events.append(MessageEnded(command, octets))
            return
        pieces, self._listing = self._listing, None
        self._events.append(Listed(command, self._response, self._lines(b"".join(pieces))))

    def _lines(self, text: bytes) -> tuple[str, ...]:
        if text.count(b"\r\n") > self.limits.listing_lines:
            raise RemoteProtocolError(f"A listing has more than {self.limits.listing_lines} lines")
        try:
            lines = text.decode().split("\r\n")
        except UnicodeDecodeError:
            lines = [decode_bytes(line) for line in text.split(b"\r\n")]
        # The last line ends in CRLF too.
        return tuple(lines[:-1])


def _has_text(command: Command) -> bool:
    """Tell whether the +OK to ``command`` is followed by lines up to a dot."""
    if isinstance(command, List | Uidl):
        return command.number is None
    if isinstance(command, Lang):
        return command.tag is None
    return isinstance(command, Capa | Retr | Top)
