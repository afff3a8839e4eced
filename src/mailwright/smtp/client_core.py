"""EngineCore: what the client engine does with octets and replies, whatever they are about.

A queue of what is awaited, the buffers of both directions, and the replies that come when nothing awaits them.  The
theory of operation stands at the head of mailwright.smtp.client.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque

from mailwright.mail.reply import Reply
from mailwright.smtp.capabilities import Capabilities
from mailwright.smtp.client_events import Answered, Closing, Ended, Event, TransactionEnded
from mailwright.smtp.client_state import MAY, Awaited, ClientSettings, Role, State, TransactionState
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.replies import ReplyReader
from mailwright.smtp.transcript import Recorder, Step


class EngineCore(ABC):
    """The four verbs, and the queue behind them.

    recorder: told of every line in both directions; None for nobody.
    tls: whether the connection is under TLS already.

    state: where it is.  capabilities: what the last EHLO brought; nothing after HELO.
    authenticated: whether AUTH has succeeded.
    closing: the 421 that ended the session, or the refusal that came while a message was being sent; None before.
    transactions: how many were begun.
    """

    def __init__(
        self, settings: ClientSettings | None = None, recorder: Recorder | None = None, *, tls: bool = False
    ) -> None:
        self.settings = settings or ClientSettings()
        self.state = State.BANNER
        self.capabilities = Capabilities()
        self.authenticated = False
        self.tls = tls
        self.closing: Reply | None = None
        self.transactions = 0
        self._recorder = recorder
        self._reader = self._new_reader()
        self._out: list[bytes] = []
        self._events: list[Event] = []
        self._awaited: deque[Awaited] = deque((Awaited(Step.BANNER),))
        self._hello_name = ""
        self._initial: bytes | None = None
        self._left_uncertain = False
        self._begun = False
        self._transaction: TransactionState | None = None

    def receive_data(self, data: bytes) -> None:
        """Take octets from the server; ``events`` then says what they meant.

        Raises RemoteProtocolError; give up the connection then.
        """
        if self.state is State.CLOSED:
            return
        try:
            self._read(data)
        except RemoteProtocolError as fault:
            self._close()
            if self._recorder is None:
                raise
            raise RemoteProtocolError(self._recorder.clean_fault(fault.message), fault.reply) from None

    def _read(self, data: bytes) -> None:
        # RFC 3207 4.2: what came in clear MUST NOT have any effect under TLS.
        if self.state is State.HANDSHAKE:
            raise RemoteProtocolError("octets in clear after the reply to STARTTLS")
        self._reader.feed(data)
        while (reply := self._reader.next_reply()) is not None:
            self._take(reply)

    def receive_eof(self) -> None:
        """Take that the server sends no more; ``events`` then has Ended."""
        if self.state is State.CLOSED:
            return
        step = self._awaited[0].step if self._awaited else None
        if self.state is State.CONTENT:
            step = Step.MESSAGE
        elif self.state is State.HANDSHAKE:
            step = Step.TLS
        self._close()
        self._events.append(Ended(step, self.is_uncertain))

    def events(self) -> list[Event]:
        """Return what happened since the last call, in order."""
        happened, self._events = self._events, []
        return happened

    def data_to_send(self) -> bytes:
        """Return what to write to the server, b"" for nothing; each octet is handed out once."""
        out, self._out = self._out, []
        return out[0] if len(out) == 1 else b"".join(out)

    @property
    def awaits(self) -> Step | None:
        """The step whose reply comes next; None where none is awaited."""
        return self._awaited[0].step if self._awaited else None

    @property
    def is_usable(self) -> bool:
        """True where another transaction can begin, now or once what is awaited has come."""
        return self.state not in (State.CLOSING, State.CLOSED)

    @property
    def is_begun(self) -> bool:
        """True where the server may hold a transaction that did not come to its end."""
        return self._begun

    @property
    def is_uncertain(self) -> bool:
        """True from the end of the message to its last reply, and for good where that did not come."""
        current = self._transaction
        is_sent = self.state is State.ENDING and current is not None and bool(current.accepted or current.unanswered)
        return self._left_uncertain or is_sent

    def _close(self) -> None:
        self._left_uncertain = self.is_uncertain
        self.state = State.CLOSED

    def _check(self, what: str, *, waiting: bool = False) -> None:
        if self.state not in MAY[what] or (self._awaited and not waiting):
            awaited = f", {self._awaited[0].step} is awaited" if self._awaited else ""
            raise LocalProtocolError(f"{what} is not possible in state {self.state}{awaited}")

    def _send(self, step: Step, line: bytes, index: int | None = None) -> None:
        self._out.append(line)
        self._awaited.append(Awaited(step, index))
        if self._recorder is not None:
            self._recorder.sent(step, line)

    def _new_reader(self) -> ReplyReader:
        return ReplyReader(self.settings.limits, bare_line_feeds=self.settings.bare_line_feeds)

    @property
    def _current(self) -> TransactionState:
        if self._transaction is None:
            raise LocalProtocolError("no transaction is in progress")
        return self._transaction

    def _take(self, reply: Reply) -> None:
        """Bring a reply to what awaits it."""
        if self._recorder is not None:
            self._recorder.received(self._step_now(), self._reader.last)
            # A challenge is needed as it is; nothing else that a server says may have credentials in it.
            reply = reply if reply.continues else self._recorder.clean_reply(reply)
        if self.state is State.CONTENT and self._is_early(reply):
            self._take_early(reply)
            return
        if not self._awaited:
            self._take_unasked(reply)
            return
        awaited = self._awaited.popleft()
        if reply.code == 421:
            # RFC 5321 3.8: 421 may be the reply to any command where the server must shut down.
            self.closing = reply
        # RFC 5321 4.2.1: 3yz means that more is wanted, which only DATA and AUTH can give.
        if reply.continues and awaited.step not in (Step.DATA, Step.AUTH):
            raise RemoteProtocolError(f"{reply.code} is no reply to {awaited.step}")
        self._answer(awaited, reply)
        if self.closing is not None and not self._awaited and self.state in (State.HELLO, State.READY):
            self.state = State.CLOSING

    def _step_now(self) -> Step:
        if self._awaited:
            return self._awaited[0].step
        return Step.MESSAGE if self.state is State.CONTENT else Step.OTHER

    def _is_early(self, reply: Reply) -> bool:
        """Tell whether ``reply`` refuses a message that is still being sent; with BDAT a chunk may await it."""
        return reply.refuses and not self._awaited

    def _take_early(self, reply: Reply) -> None:
        # Nothing can be said any more: what followed would be read as the rest of the message.
        for index in self._current.accepted if self.settings.role is Role.LMTP else (None,):
            self._events.append(Answered(Step.MESSAGE, reply, index))
        self._events.append(TransactionEnded())
        self._transaction = None
        self.closing = reply
        self.state = State.CLOSING

    def _take_unasked(self, reply: Reply) -> None:
        if reply.code != 421:
            raise RemoteProtocolError(f"a reply that nothing awaits: {reply.code}")
        self.closing = reply
        self.state = State.CLOSING
        self._events.append(Closing(reply))

    @abstractmethod
    def _answer(self, awaited: Awaited, reply: Reply) -> None:
        """Do what the reply to ``awaited`` means."""
