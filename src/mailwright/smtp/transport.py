"""connect: a connection to a server, over which messages are delivered one after the other.

``connect`` does all that comes before the first message: the TCP connection, TLS, the banner, EHLO, STARTTLS by the
policy, EHLO again.  What the parts do stands in client_opening, client_session and client_link.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from mailwright.clock import Clock, SystemClock
from mailwright.mail.envelope import Body, Envelope
from mailwright.mail.reply import Reply
from mailwright.smtp.client_events import Challenged, ContentWanted, Ended
from mailwright.smtp.client_opening import Opening
from mailwright.smtp.client_options import ConnectOptions, Target
from mailwright.smtp.client_state import State
from mailwright.smtp.commands import Expn, Help, Noop, Vrfy
from mailwright.smtp.content import Content
from mailwright.smtp.fitting import Session, fitted, obstacle
from mailwright.smtp.sasl import Mechanism, SaslFault
from mailwright.smtp.transaction import Transaction
from mailwright.smtp.transcript import Entry, Step
from mailwright.smtp.trouble import ConnectionLost, NoAnswer, ServerRefused, SmtpTrouble

__all__ = ["ConnectOptions", "Connection", "Target", "connect"]

#: Octets of content that are gathered for one write, and of a message that goes out with its envelope (own choice:
#: what asyncio buffers before it asks to pause).
WRITE = 65_536


async def connect(
    target: Target,
    options: ConnectOptions,
    clock: Clock | None = None,
    watch: Callable[[Entry], None] | None = None,
) -> Connection:
    """Return a connection that is ready for ``login`` or ``deliver``.

    watch: called with each entry of the transcript as it happens.
    Raises SmtpTrouble, with the transcript so far, and OSError where the CA file cannot be read; nothing is left open
    then.
    """
    connection = Connection(target, options, clock or SystemClock(), watch)
    try:
        await connection.open()
    except ServerRefused:
        # RFC 5321 4.1.1.10: the client MUST NOT close until it has sent QUIT, and SHOULD wait for the reply.
        await connection.quit()
        raise
    except BaseException:
        connection.abort()
        raise
    return connection


class Connection(Opening):
    """A connection to one server.  Not for more than one task at a time; made by ``connect``.

    As a context it says goodbye at the end, and is cut where an exception ends it.
    """

    async def login(self, mechanism: Mechanism) -> Reply:
        """Authenticate, and return the reply that accepts it (RFC 4954).

        Raises ServerRefused with a reply that does not, after which another mechanism may be tried; SaslFault where the
        exchange cannot go on, or the server did not prove itself as the mechanism asks; SmtpTrouble.
        """
        self._ready_for(Step.AUTH)
        if self._engine.is_begun:
            # RFC 4954 4: AUTH is not permitted during a transaction, and one that nobody was accepted for is begun yet.
            await self.reset()
            self._ready_for(Step.AUTH)
        self._engine.authenticate(mechanism.name, mechanism.start())
        fault: SaslFault | None = None
        while isinstance(event := await self._answer(Step.AUTH), Challenged):
            try:
                # SCRAM derives keys here, which takes long.
                response = await self._link.in_thread(mechanism.respond, event.challenge)
            except SaslFault as error:
                fault = error
                self._ready_for(Step.AUTH)
                self._engine.cancel()
            else:
                self._ready_for(Step.AUTH)
                self._engine.respond(response)
        if fault is not None:
            raise fault
        reply = self._accepted(event)
        try:
            mechanism.finish()
        except SaslFault:
            # The server says yes and has not proven that it may.
            self.abort()
            raise
        return reply

    async def deliver(self, envelope: Envelope, content: Content) -> Transaction:
        """Hand over one message, and return what became of it.

        Raises SmtpTrouble, and what ``content`` raises.  ``transaction``, of the trouble or, after a cancellation, of
        the connection, says how far it came.  The connection is cut then.
        Raises LocalProtocolError for an envelope that cannot be written; then nothing was sent.
        """
        transaction = self._begin(envelope, content)
        if transaction.obstacle is not None:
            return transaction
        try:
            await self._hand_over(transaction, content)
        except BaseException as error:
            transaction.ended(uncertain=self._engine.is_uncertain or getattr(error, "uncertain", False))
            self.abort()
            raise
        finally:
            self._current = None
        return transaction

    async def ask(self, command: Noop | Vrfy | Expn | Help) -> Reply:
        """Send a command that changes nothing, and return the reply; raises SmtpTrouble."""
        self._ready_for(Step.OTHER)
        self._engine.ask(command)
        return self._reply(await self._answer(Step.OTHER))

    async def reset(self) -> Reply:
        """Send RSET, and return the reply; raises SmtpTrouble."""
        self._ready_for(Step.RESET)
        self._engine.reset()
        return self._reply(await self._answer(Step.RESET))

    async def quit(self) -> None:
        """Say goodbye where that is possible, and close; raises no SmtpTrouble, because nothing depends on it."""
        engine, link = self._engine, self._link
        if engine.state in (State.READY, State.HELLO, State.CLOSING) and engine.awaits is None and not link.gone:
            trouble = self._trouble
            try:
                engine.quit()
                await self._answer(Step.QUIT)
            except SmtpTrouble:
                self.abort()
            self._trouble = trouble
            engine.receive_eof()
        await link.close(self.options.timeouts.quit)

    def abort(self) -> None:
        """Close at once."""
        self._link.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.abort()
        await self.quit()

    def _begin(self, envelope: Envelope, content: Content) -> Transaction:
        """Begin a transaction, unless something stands in the way."""
        engine = self._engine
        session = Session(engine.capabilities, engine.transactions, self.is_verified)
        transaction = Transaction(envelope, obstacle(envelope, content, session))
        self.transaction = transaction
        self._trouble = None
        if transaction.obstacle is not None:
            return transaction
        part = self._recorder.begin_transaction()
        transaction.told_by(lambda: self._transcript(part()))
        if not self.is_usable:
            self._current = transaction
            trouble = self._told(ConnectionLost(Step.MAIL, str(engine.closing or "the connection is gone")))
            self._current = None
            raise trouble
        self._stops.clear()
        told = fitted(envelope, content, engine.capabilities)
        wants_chunks = engine.settings.prefer_chunking and not content.bare_line_ends
        chunking = told.body is Body.BINARY or (wants_chunks and engine.capabilities.chunking)
        at_once = wants_chunks and chunking and engine.sends_whole and content.size <= WRITE
        engine.begin(told, chunking=chunking, whole=b"".join(content) if at_once else None)
        self._current = transaction
        return transaction

    async def _hand_over(self, transaction: Transaction, content: Content) -> None:
        event = await self._answer(Step.MAIL)
        if isinstance(event, ContentWanted):
            await self._send(content)
            event = await self._next(Step.MESSAGE)
        if isinstance(event, Ended):
            # The server said 421, which is the answer to all that has none.
            transaction.ended(closing=self._engine.closing)
            self.abort()

    async def _send(self, content: Content) -> None:
        """Send the message, and its end; stops where the server refuses it meanwhile."""
        engine, link = self._engine, self._link
        gathered = 0
        for piece in content:
            if engine.state is not State.CONTENT:
                return
            engine.send_content(piece)
            gathered += len(piece)
            if gathered >= WRITE:
                gathered = 0
                link.flush()
                if not await link.until_taken(lambda: bool(self._stops), self.options.timeouts.data_block):
                    # RFC 5321 4.5.3.2.5: the time limit for a block of data.
                    raise self._told(NoAnswer(Step.MESSAGE, self.options.timeouts.data_block))
        if engine.state is State.CONTENT:
            engine.end_content()
            link.flush()
