"""Session: what a client knows of its connection, how it waits for answers, and what it tells when it waits in vain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mailwright.clock import Clock
from mailwright.pop3.capabilities import Capabilities
from mailwright.pop3.client import ClientEngine, State
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
from mailwright.pop3.client_link import Handshake, Link
from mailwright.pop3.client_options import ConnectOptions
from mailwright.pop3.commands import Apop, Auth, Capa, Command, Pass, Quit, Retr, Stls, Top, command_to_bytes
from mailwright.pop3.responses import Response, response_to_bytes
from mailwright.pop3.trouble import (
    ConnectionLost,
    LoginRefused,
    NoAnswer,
    Pop3Trouble,
    ProtocolBroken,
    ServerRefused,
)
from mailwright.smtp.certificate import certificate_facts, plain_faults
from mailwright.smtp.client_options import Target
from mailwright.smtp.transcript import Direction, Entry, Recorder, Step, TlsFacts, Transcript

#: Where a transcript says that a command belongs.
_STEPS: dict[type, Step] = {
    **dict.fromkeys((Pass, Apop, Auth), Step.AUTH),
    **dict.fromkeys((Retr, Top), Step.MESSAGE),
    Stls: Step.STARTTLS,
    Quit: Step.QUIT,
}


class Session:
    """The part of a Connection that talks and remembers.

    greeting: what the server said first; None until it came.
    capabilities: what the server offers; the default where it does not know CAPA.
    """

    def __init__(
        self, target: Target, options: ConnectOptions, clock: Clock, watch: Callable[[Entry], None] | None
    ) -> None:
        self.target = target
        self.options = options
        self.greeting: Response | None = None
        self.capabilities = Capabilities()
        self._clock = clock
        self._began: datetime = clock.now()
        zero = clock.monotonic()
        self._recorder = Recorder(lambda: clock.monotonic() - zero, watch)
        self._engine = ClientEngine(options.limits)
        self._link = Link(self._engine, clock, self._record)
        self._handshake: Handshake | None = None
        self._verified = False
        # What the server said unasked.
        self._last: Response | None = None
        # Whether there was DELE since the last RSET, and then QUIT.
        self._deleting = False
        self._quitting = False
        self._trouble: Pop3Trouble | None = None

    # --------------------------------------------------------------------------------------------------- what is known

    @property
    def names(self) -> tuple[str, ...]:
        """What the server's certificate may be for."""
        return self.options.policy.names or (self.target.host or self.target.address,)

    @property
    def is_verified(self) -> bool:
        """True under TLS with a certificate that was proven to be the server's."""
        return self._verified

    @property
    def tls(self) -> TlsFacts | None:
        """What TLS came to; None in clear."""
        shake = self._handshake
        if shake is None:
            return None
        facts = certificate_facts(shake.certificate) if shake.certificate else None
        why = "certificate authority"
        if not self._verified:
            faults = plain_faults(facts, self.names, self._clock.now()) if facts else ["no certificate"]
            why = "; ".join([f"not asked for by the policy {self.options.policy.mode}", *faults])
        return TlsFacts(shake.version, shake.cipher, facts, self._verified, why)

    @property
    def transcript(self) -> Transcript:
        """What was said: up to the login, and with the last command after it."""
        entries = self._recorder.entries()
        trouble = self._trouble
        refused = (
            index
            for index, entry in enumerate(entries)
            if entry.direction is Direction.RECEIVED and entry.text.startswith("-ERR")
        )
        failed = next(refused, None) if trouble is None else len(entries) - 1
        return Transcript(
            self._began,
            "",
            self.target.host,
            self.target.address,
            self.target.port,
            self.tls,
            entries,
            None if failed is None or failed < 0 else failed,
            "" if trouble is None else str(trouble),
        )

    # ---------------------------------------------------------------------------------------------- talking and waiting

    def _send(self, command: Command) -> Step:
        """Send a command; return where it belongs.  Raises Pop3Trouble where the connection has ended."""
        step = _step_of(command)
        if self._engine.state is State.CLOSED:
            raise self._over(step)
        self._engine.send(command)
        # The line as it would be read; of AUTH the engine may keep a part back, and nothing of it is shown.
        self._recorder.sent(step, command_to_bytes(command))
        self._link.flush()
        return step

    async def _ask(self, command: Command) -> Answered | Listed:
        """Send a command and return its whole answer, +OK; raises Pop3Trouble."""
        step = self._send(command)
        event = await self._next(step)
        if not isinstance(event, Answered | Listed):
            raise self._told(ProtocolBroken(step, f"unexpected: {type(event).__name__}"))
        return self._accepted(step, event)

    def _accepted(self, step: Step, event: Answered | Listed) -> Answered | Listed:
        if not event.response.ok:
            kind = LoginRefused if step is Step.AUTH else ServerRefused
            raise self._told(kind(step, event.response, uncertain=self._is_uncertain))
        return event

    async def _next(self, step: Step) -> Event:
        """Return the next event; raises Pop3Trouble where none comes."""
        seconds = self._seconds(step)
        try:
            event = await self._link.next_event(seconds)
        except TimeoutError as error:
            raise self._told(NoAnswer(step, seconds, uncertain=self._is_uncertain), abort=True) from error
        if event is None or isinstance(event, ConnectionEnded | Dismissed):
            raise self._over(step)
        return event

    def _over(self, step: Step) -> Pop3Trouble:
        """Return why the connection is of no use any more, and close it."""
        fault, uncertain = self._link.fault, self._is_uncertain
        if fault is not None:
            broken = ProtocolBroken(step, str(fault), uncertain=uncertain)
            broken.__cause__ = fault
            return self._told(broken, abort=True)
        detail = str(self._last or self._link.error or "the server closed the connection")
        return self._told(ConnectionLost(step, detail, last=self._last, uncertain=uncertain), abort=True)

    @property
    def _is_uncertain(self) -> bool:
        return self._deleting and self._quitting

    def _seconds(self, step: Step) -> float:
        timeouts = self.options.timeouts
        match step:
            case Step.BANNER:
                return timeouts.greeting
            case Step.MESSAGE:
                return timeouts.block
            case Step.QUIT:
                return timeouts.update if self._deleting else timeouts.quit
            case _:
                return timeouts.command

    def _told(self, trouble: Pop3Trouble, *, abort: bool = False) -> Pop3Trouble:
        """Return ``trouble`` with all that is known; close at once where nothing can follow it."""
        if not isinstance(trouble, ServerRefused):
            self._recorder.note(trouble.step, trouble.detail)
            self._trouble = trouble
        trouble.transcript = self.transcript
        if abort:
            self._link.abort()
        return trouble

    # ------------------------------------------------------------------------------------------------------- recording

    def _record(self, event: Event) -> None:
        """Keep what the server says, when it says it."""
        match event:
            case Greeted(response):
                self._recorder.received(Step.BANNER, _line(response))
            case Answered(command, response) | MessageBegun(command, response):
                self._recorder.received(_step_of(command), _line(response))
            case Listed(command, response, lines):
                self._recorder.received(_step_of(command), _line(response))
                # Of what there is, all; of messages, how many.
                shown = "\n".join(lines) if isinstance(command, Capa) else f"{len(lines)} lines"
                self._recorder.note(Step.OTHER, shown)
            case MessageEnded(_, octets):
                self._recorder.note(Step.MESSAGE, f"{octets} octets")
            case Challenged():
                self._recorder.received(Step.AUTH, b"+")
            case Dismissed(response):
                self._last = response
                self._recorder.received(Step.OTHER, _line(response))
            case MessageChunk() | ConnectionEnded():
                pass


def _step_of(command: Command) -> Step:
    return _STEPS.get(type(command), Step.OTHER)


def _line(response: Response) -> bytes:
    return response_to_bytes(response, utf8=True)
