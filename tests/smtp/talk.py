"""Conversations with a ServerEngine, written as they are read: lines of the client and lines of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.sasl_server import Challenge
from mailwright.smtp.server import ServerEngine
from mailwright.smtp.server_events import Event, Question
from mailwright.smtp.server_settings import ServerSettings

Answer = Reply | Challenge | tuple[Reply, ...] | None
Answerer = Callable[[Question], Answer]

SETTINGS = ServerSettings("mx.example.test")


def accept_all(_: Question) -> Answer:
    """Accept whatever it is."""
    return None


def refuse(code: int, status: str, text: str) -> Reply:
    """Return a reply of one line."""
    return Reply(code, (text,), EnhancedStatus.parse(status))


class Talk:
    """A client's end of an engine whose application answers at once."""

    def __init__(
        self, settings: ServerSettings = SETTINGS, answerer: Answerer = accept_all, *, tls: bool = False
    ) -> None:
        self.engine = ServerEngine(settings, tls=tls)
        self.answerer = answerer
        self.events: list[Event] = []
        self.heard = self._work()

    def send(self, data: bytes) -> bytes:
        """Send ``data`` in one piece; return what comes back."""
        self.engine.receive_data(data)
        return self._work()

    def trickle(self, data: bytes) -> bytes:
        """Send ``data`` octet by octet; return what comes back."""
        return b"".join(self.send(data[i : i + 1]) for i in range(len(data)))

    def eof(self) -> bytes:
        """Send no more; return what comes back."""
        self.engine.receive_eof()
        return self._work()

    def hello(self) -> Talk:
        """Say EHLO."""
        self.send(b"EHLO client.example.test\r\n")
        return self

    def _work(self) -> bytes:
        while events := self.engine.events():
            self.events.extend(events)
            question = self.engine.question
            if question is None:
                continue
            answer = self.answerer(question)
            if answer is None:
                self.engine.accept()
            elif isinstance(answer, Reply):
                self.engine.reply(answer)
            elif isinstance(answer, Challenge):
                self.engine.challenge(answer.data)
            else:
                self.engine.reply_each(answer)
        return self.engine.data_to_send()


def flights(transcript: str) -> Iterator[tuple[str, bytes]]:
    """Yield "C" or "S" and the octets of the lines that follow each other on the same side."""
    lines = [line.strip() for line in transcript.strip().splitlines() if line.strip()]
    for side, group in groupby(lines, key=lambda line: line[:1]):
        yield side, b"".join(line[3:].encode() + b"\r\n" for line in group)


def play(talk: Talk, transcript: str, *, by_octet: bool = False) -> None:
    """Play the client's lines and compare the server's; the greeting was heard when the talk began."""
    heard = talk.heard
    for side, data in flights(transcript):
        if side == "C":
            assert heard == b""
            heard = talk.trickle(data) if by_octet else talk.send(data)
        else:
            assert heard.decode() == data.decode()
            heard = b""
    assert heard == b""
