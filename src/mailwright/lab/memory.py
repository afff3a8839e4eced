"""join: two protocol engines talking to each other in memory, without sockets, loop or time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

#: Rounds of bytes back and forth after which two engines are taken to go on for ever (own choice).
MOST_ROUNDS = 100_000


class Engine(Protocol):
    """The part of an engine that moves octets; SMTP's and POP3's clients and servers have it."""

    def receive_data(self, data: bytes) -> None:
        """Take in what the other side sent."""
        ...

    def data_to_send(self) -> bytes:
        """Return what to send to the other side now; b"" for nothing."""
        ...


class Conversation(NamedTuple):
    """What was said in one call of ``join``, whole pieces as they came from the engines, in order."""

    client: bytes
    server: bytes


def join(
    client: Engine,
    server: Engine,
    *,
    react: Callable[[], bool] | None = None,
    piece: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Conversation:
    """Carry octets between two engines until neither has anything to say; return what each said.

    react: called after every delivery and before the first; takes the engines' events and answers or commands.  It
        returns whether it did anything, and is called again as long as it did.
    piece: octets delivered at a time; None for all there are, 1 for byte by byte.
    stop: asked before each delivery; True leaves everything as it is, for instance to let both begin TLS.

    Whatever an engine raises comes through, and so does RuntimeError when they do not come to an end.
    """
    said: tuple[list[bytes], list[bytes]] = ([], [])
    _settle(react)
    for _ in range(MOST_ROUNDS):
        moved = False
        for source, target, words in ((client, server, said[0]), (server, client, said[1])):
            if stop is not None and stop():
                break
            data = source.data_to_send()
            if not data:
                continue
            moved = True
            words.append(data)
            for begin in range(0, len(data), piece or len(data)):
                target.receive_data(data[begin : begin + (piece or len(data))])
                _settle(react)
        # An engine may have read on, and asked, when its output was taken.
        if not _settle(react) and not moved:
            return Conversation(b"".join(said[0]), b"".join(said[1]))
    raise RuntimeError("the engines do not come to an end")


def _settle(react: Callable[[], bool] | None) -> bool:
    """Let both sides react until they have nothing to do; return whether they had."""
    if react is None or not react():
        return False
    for _ in range(MOST_ROUNDS):
        if not react():
            return True
    raise RuntimeError("the reactions do not come to an end")
