"""ClientSession: what a connection knows of itself, and how it waits for the server.

The engine decides, the Link carries octets to it as they arrive and hands its events on, and a caller waits for one
future at a time, for a whole group of commands too.  Time limits are for the reply that is awaited next, and begin anew
with each that comes (RFC 5321 4.5.3.2).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from mailwright.clock import Clock
from mailwright.mail.reply import Reply
from mailwright.smtp.capabilities import Capabilities
from mailwright.smtp.certificate import certificate_facts, plain_faults
from mailwright.smtp.client import ClientEngine
from mailwright.smtp.client_events import Answered, Closing, Ended, Event, TlsReady
from mailwright.smtp.client_link import Handshake, Link
from mailwright.smtp.client_options import ConnectOptions, Target
from mailwright.smtp.client_state import State
from mailwright.smtp.transaction import Transaction
from mailwright.smtp.transcript import Direction, Entry, Recorder, Step, TlsFacts, Transcript
from mailwright.smtp.trouble import ConnectionLost, NoAnswer, ProtocolBroken, ServerRefused, SmtpTrouble


class ClientSession:
    """The part of a Connection that others stand on.

    transaction: the last one, or the one that is going on; None before the first.
    greeting: the banner; None until it came.
    """

    def __init__(
        self, target: Target, options: ConnectOptions, clock: Clock, watch: Callable[[Entry], None] | None
    ) -> None:
        self.target = target
        self.options = options
        self.transaction: Transaction | None = None
        self.greeting: Reply | None = None
        self._clock = clock
        self._began: datetime = clock.now()
        zero = clock.monotonic()
        self._recorder = Recorder(lambda: clock.monotonic() - zero, watch, options.kept_lines)
        self._engine = ClientEngine(options.settings, self._recorder)
        self._link = Link(self._engine, clock, self._take)
        self._stops: deque[Event] = deque()
        self._current: Transaction | None = None
        self._handshake: Handshake | None = None
        self._proof = ""
        self._trouble: SmtpTrouble | None = None
        timeouts = options.timeouts
        self._limits = {
            Step.BANNER: timeouts.banner,
            Step.MAIL: timeouts.mail,
            Step.RCPT: timeouts.recipient,
            Step.DATA: timeouts.data_initiation,
            Step.MESSAGE: timeouts.data_end,
            Step.QUIT: timeouts.quit,
        }

    # ------------------------------------------------------------------------------------------- what is known

    @property
    def capabilities(self) -> Capabilities:
        """What the server offers now."""
        return self._engine.capabilities

    @property
    def is_usable(self) -> bool:
        """True where ``deliver`` can be called; False once the server said 421 or the connection is gone."""
        return self._engine.state is State.READY and not self._link.gone and self._link.fault is None

    @property
    def transactions(self) -> int:
        """How many were begun."""
        return self._engine.transactions

    @property
    def authenticated(self) -> bool:
        """Whether ``login`` has succeeded."""
        return self._engine.authenticated

    @property
    def is_verified(self) -> bool:
        """True under TLS with a certificate that was proven to be the server's."""
        return bool(self._proof)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates that the server sent, DER, its own first; none in clear."""
        return self._handshake.chain if self._handshake is not None else ()

    @property
    def tls(self) -> TlsFacts | None:
        """What TLS came to; None in clear."""
        if self._handshake is None:
            return None
        version, cipher, chain = self._handshake
        facts = certificate_facts(chain[0]) if chain else None
        why = self._proof
        if not why:
            faults = plain_faults(facts, self.names, self._clock.now()) if facts else ["no certificate"]
            why = "; ".join([f"not asked for by the policy {self.options.policy.mode}", *faults])
        return TlsFacts(version, cipher, facts, self.is_verified, why)

    @property
    def names(self) -> tuple[str, ...]:
        """What the server's certificate may be for."""
        return self.options.policy.names or (self.target.host or self.target.address,)

    @property
    def transcript(self) -> Transcript:
        """What was said: up to the first transaction, and in the last."""
        return self._transcript(self._recorder.entries())

    def _transcript(self, entries: tuple[Entry, ...]) -> Transcript:
        trouble, target = self._trouble, self.target
        failed = _first_refusal(entries)
        if trouble is not None and entries:
            failed = len(entries) - 1
        return Transcript(
            self._began,
            self.options.name,
            target.host,
            target.address,
            target.port,
            self.tls,
            entries,
            failed,
            str(trouble) if trouble is not None else "",
        )

    # ------------------------------------------------------------------------------------------------- waiting

    def _take(self, event: Event) -> None:
        """Take an event of the engine, while octets are being received."""
        if isinstance(event, Answered) and self._current is not None:
            self._current.take(event)
        elif not isinstance(event, Closing):
            if isinstance(event, TlsReady):
                self._link.stop_reading()
            self._stops.append(event)

    def _ready_for(self, step: Step) -> None:
        """Make sure that something can be sent: the server may have ended the session since the last reply.

        Raises SmtpTrouble.
        """
        engine, link = self._engine, self._link
        self._trouble = None
        if link.fault is not None:
            raise self._told(ProtocolBroken(step, str(link.fault))) from link.fault
        if engine.closing is not None:
            raise self._told(ServerRefused(step, engine.closing))
        if link.gone or engine.state is State.CLOSED:
            raise self._told(ConnectionLost(step, str(link.error or "the server closed the connection")))
        # A wait that was cancelled may have left its answer.
        self._stops.clear()

    async def _answer(self, step: Step) -> Event:
        """Send what the engine has to say, and return what came of it."""
        self._link.flush()
        return await self._next(step)

    async def _next(self, step: Step) -> Event:
        """Return the next event that ends a wait.

        Ended only where the server had said 421 within a transaction.
        Raises SmtpTrouble.
        """
        stops, link, engine = self._stops, self._link, self._engine
        if not stops and link.fault is None:
            awaited = engine.awaits or step
            seconds = self._seconds(awaited)
            if not await link.until(lambda: bool(stops), seconds):
                if self._is_left:
                    return Ended(awaited, uncertain=False)
                raise self._told(NoAnswer(engine.awaits or step, seconds, uncertain=engine.is_uncertain))
        if not stops:
            uncertain = engine.is_uncertain
            raise self._told(
                ProtocolBroken(engine.awaits or step, str(link.fault), uncertain=uncertain)
            ) from link.fault
        event = stops.popleft()
        if isinstance(event, Ended) and (event.uncertain or not self._is_left):
            detail = str(link.error or "the server closed the connection")
            raise self._told(ConnectionLost(event.step or step, detail, uncertain=event.uncertain))
        return event

    @property
    def _is_left(self) -> bool:
        """True where the server said 421 and the rest of a transaction's replies need not come."""
        return self._engine.closing is not None and self._current is not None and not self._engine.is_uncertain

    def _seconds(self, step: Step) -> float:
        timeouts = self.options.timeouts
        seconds = self._limits.get(step, timeouts.command)
        # After 421 the other replies of a group may come or not.
        is_left = self._engine.closing is not None and self._engine.state is State.ENVELOPE
        return min(seconds, timeouts.quit) if is_left else seconds

    def _told(self, trouble: SmtpTrouble) -> SmtpTrouble:
        """Return ``trouble`` with all that is known."""
        self._trouble = trouble
        if not isinstance(trouble, ServerRefused):
            self._recorder.note(trouble.step, trouble.detail)
        trouble.transaction = self._current
        trouble.transcript = self.transcript
        return trouble

    def _reply(self, event: Event) -> Reply:
        if isinstance(event, Answered | TlsReady):
            return event.reply
        raise self._told(ProtocolBroken(Step.OTHER, f"{type(event).__name__} where a reply was awaited"))

    def _accepted(self, event: Event) -> Reply:
        """Return a reply that accepts; raises ServerRefused for another."""
        reply = self._reply(event)
        if reply.refuses and isinstance(event, Answered):
            raise self._told(ServerRefused(event.step, reply))
        return reply


def _first_refusal(entries: tuple[Entry, ...]) -> int | None:
    """Return where the first reply stands that refuses; None where none does."""
    return next(
        (
            index
            for index, entry in enumerate(entries)
            if entry.direction is Direction.RECEIVED and entry.text[:1] in ("4", "5")
        ),
        None,
    )
