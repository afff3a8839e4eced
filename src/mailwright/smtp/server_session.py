"""Session: what a server remembers of one session, and the steps that commands and answers are made of."""

from __future__ import annotations

from functools import lru_cache

from mailwright.mail.envelope import Envelope
from mailwright.mail.reply import Reply
from mailwright.smtp import server_replies as replies
from mailwright.smtp.commands import Bdat
from mailwright.smtp.data import DataReader
from mailwright.smtp.server_content import ChunkReader, Gathered
from mailwright.smtp.server_events import Ended, Ending, Event, MessageGiven, Notice, Question, TransactionDropped
from mailwright.smtp.server_replies import reply_bytes
from mailwright.smtp.server_rules import Transaction
from mailwright.smtp.server_settings import Role, ServerSettings
from mailwright.smtp.server_states import State


@lru_cache(maxsize=64)
def _parameters(settings: ServerSettings, *, tls: bool) -> frozenset[str]:
    return settings.parameters(tls=tls)


class Session:
    """The memory of one session; public among the parts of the server's engine, private to the engine outside.

    hello, extended: the client's word for itself, and whether it said EHLO or LHLO.
    transaction: from the accepted MAIL on.  envelope: with its recipients, from DATA or BDAT on.
    data, chunks: what reads the text.  chunk: the BDAT whose octets come next, while the application is asked.
    resume: the state to go back to after a chunk that belongs to no transaction.
    messages, errors, idle, failed: counts that Limits and ServerSettings bound.
    """

    __slots__ = (
        "_events",
        "_output",
        "authenticated",
        "chunk",
        "chunks",
        "data",
        "envelope",
        "errors",
        "extended",
        "failed",
        "gathered",
        "hello",
        "idle",
        "limits",
        "messages",
        "parameters",
        "question",
        "resume",
        "settings",
        "state",
        "tls",
        "transaction",
    )

    def __init__(self, settings: ServerSettings, *, tls: bool) -> None:
        self.settings = settings
        self.limits = settings.limits
        self.tls = tls
        self.parameters = _parameters(settings, tls=tls)
        self.state = State.BANNER
        self.authenticated = self.extended = False
        self.hello = ""
        self.transaction: Transaction | None = None
        self.envelope: Envelope | None = None
        self.data: DataReader | None = None
        self.chunks: ChunkReader | None = None
        self.chunk: Bdat | None = None
        self.resume: State | None = None
        self.gathered = Gathered()
        self.question: Question | None = None
        self.messages = self.errors = self.idle = self.failed = 0
        self._events: list[Event] = []
        self._output: list[bytes] = []

    def send(self, wire: bytes) -> None:
        """Send octets, after those before."""
        self._output.append(wire)

    def ask(self, question: Question) -> None:
        """Put a question to the application."""
        self.question = question
        self._events.append(question)

    def tell(self, notice: Notice) -> None:
        """Tell the application something."""
        self._events.append(notice)

    def take_events(self) -> list[Event]:
        """Return the events since the last call."""
        events, self._events = self._events, []
        return events

    def take_output(self) -> bytes:
        """Return the octets since the last call."""
        output = self._output
        if not output:
            return b""
        self._output = []
        return output[0] if len(output) == 1 else b"".join(output)

    def refuse(self, reply: Reply) -> None:
        """Refuse a command without asking; too many refusals in a row end the session."""
        self.errors += 1
        if self.errors > self.limits.errors:
            self.close(replies.TOO_MANY_ERRORS)
        else:
            self.send(reply_bytes(reply))

    def count_idle(self) -> bool:
        """Count a command without effect; return whether the session goes on."""
        self.idle += 1
        if self.idle <= self.limits.idle_commands:
            return True
        self.close(replies.TOO_MANY_IDLE)
        return False

    def drop_transaction(self) -> None:
        """End the transaction, if there is one, without a message."""
        if self.transaction is not None:
            self.tell(TransactionDropped())
            self.state = State.READY
        self._forget_transaction()

    def _forget_transaction(self) -> None:
        self.transaction = self.envelope = self.data = self.chunks = self.chunk = None
        self.gathered = Gathered()

    def ask_for_message(self, size: int) -> None:
        """The text has ended well: hand it over."""
        if self.envelope is None:
            return
        message = MessageGiven(self.envelope, self.gathered.chunks(), size)
        # Whatever the answer, the transaction is over with it (RFC 5321 4.1.1.4: the buffers are cleared).
        self._forget_transaction()
        self.state = State.READY
        self.errors = self.idle = 0
        self.ask(message)

    def refuse_message(self, reply: Reply) -> None:
        """The text has ended and was found faulty."""
        # RFC 2033 4.2: in LMTP the final dot is answered once for each accepted recipient.
        times = len(self.envelope.recipients) if self.envelope and self.settings.role is Role.LMTP else 1
        self.drop_transaction()
        self.refuse(reply)
        if self.state is not State.CLOSED:
            self.send(reply_bytes(reply) * (times - 1))

    def refuse_chunk(self, reply: Reply) -> None:
        """The octets of a chunk have ended that was refused, or found faulty; its transaction fails with it."""
        last = self.chunks is not None and self.chunks.last
        if self.resume is not None:
            self.state, self.resume, self.chunks = self.resume, None, None
            self.refuse(reply)
        elif last:
            self.refuse_message(reply)
        else:
            self.drop_transaction()
            self.refuse(reply)

    def close(self, reply: Reply) -> None:
        """Say ``reply`` and end; nothing after the end."""
        if self.state is not State.CLOSED:
            self.send(reply_bytes(reply))
            self.end(Ending.CLOSED)

    def end(self, why: Ending) -> None:
        """End the session; once."""
        if self.state is State.CLOSED:
            return
        self.drop_transaction()
        self.state = State.CLOSED
        self.question = None
        self.tell(Ended(why))

    def begin_anew(self) -> None:
        """Forget the client: TLS stands now.

        RFC 3207 4.2: all knowledge obtained from the client before, such as its EHLO, MUST be discarded.
        """
        self.tls = True
        self.parameters = _parameters(self.settings, tls=True)
        self.state = State.START
        self.authenticated = self.extended = False
        self.hello = ""
