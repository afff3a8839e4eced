"""Session: what a server's session consists of, and how it speaks and ends; a part of ServerEngine."""

from __future__ import annotations

from mailwright.pop3.lines import LineBuffer
from mailwright.pop3.marked import MarkedMaildrop
from mailwright.pop3.responses import Response, ResponseCode, response_to_bytes
from mailwright.pop3.server_events import Connected, Ended, Ending, Event, Question
from mailwright.pop3.server_settings import ServerSettings
from mailwright.pop3.server_states import State


class Session:
    """The state of one session, and its output."""

    def __init__(self, settings: ServerSettings, *, tls: bool = False, timestamp: str | None = None) -> None:
        self.settings = settings
        self.tls = tls
        self.state = State.BANNER
        self.utf8 = False
        self.question: Question | None = Connected()
        self._timestamp = timestamp
        self._limits = settings.limits
        self._maildrop = MarkedMaildrop(())
        self._name: str | None = None
        self._buffer = LineBuffer()
        self._eof = False
        self._out: list[bytes] = []
        self._unsent = 0
        self._events: list[Event] = [self.question]
        self._errors = self._failed = 0

    def close(self, response: Response) -> None:
        """End the session from this side with ``response``, an -ERR, unless it would stand within a message."""
        if self.state not in (State.CLOSED, State.TLS, State.TEXT):
            self._send(response)
        self._end(Ending.CLOSED)

    def _ask(self, question: Question) -> None:
        self.question = question
        self._events.append(question)

    def _write(self, octets: bytes) -> None:
        self._out.append(octets)
        self._unsent += len(octets)

    def _send(self, response: Response) -> None:
        self._write(response_to_bytes(response, utf8=self.utf8))

    def _say(self, text: str, *, ok: bool = True) -> None:
        self._send(Response(ok, text))

    def _good(self, text: str) -> None:
        self._errors = 0
        self._say(text)

    def _fault(self, response: Response) -> None:
        self._send(response)
        self._errors += 1
        if self._errors >= self._limits.errors:
            self.close(Response(ok=False, text="Too many errors", code=ResponseCode.SYS_PERM))

    def _login_failed(self) -> None:
        self.state = State.AUTHORIZATION
        self._failed += 1
        if self._failed >= self._limits.failed_logins:
            self._end(Ending.CLOSED)

    def _end(self, why: Ending) -> None:
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self.question = None
        self._buffer.take()
        self._events.append(Ended(why))
