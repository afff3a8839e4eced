"""MemoryMaildrops: users, passwords and messages in memory; an Application for a POP3 server in tests and the lab."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from mailwright.pop3.responses import Response, ResponseCode
from mailwright.pop3.server_application import MaildropRefused
from mailwright.pop3.server_events import Entry
from mailwright.smtp.sasl_server import CheckPassword, ScramSecret
from mailwright.smtp.server_application import Peer

IN_USE = Response(ok=False, text="The maildrop is open in another session", code=ResponseCode.IN_USE)
NOT_REMOVED = Response(ok=False, text="Some deleted messages were not removed", code=ResponseCode.SYS_TEMP)
#: Rounds for SCRAM: the least that RFC 7677 4 allows, since nothing here is worth guessing.
_ITERATIONS = 4_096


@dataclass(slots=True)
class _User:
    password: str
    messages: dict[str, bytes] = field(default_factory=dict)
    locked: bool = False
    delivered: int = 0


class MemoryMaildrops:
    """An Application that holds everything itself; what a test looks at is public.

    piece: octets that a message is read by.
    refusal: what every ``open`` is refused with; None for the usual way.
    unreadable: unique-ids of messages that break off after their first piece.
    keep: True for a store that cannot delete.
    opened, released: how often a maildrop was, over all users.
    """

    def __init__(self, piece: int = 8_192) -> None:
        self.piece = piece
        self.refusal: Response | None = None
        self.unreadable: set[str] = set()
        self.keep = False
        self.opened = 0
        self.released = 0
        self._users: dict[str, _User] = {}

    def add(self, user: str, password: str, *messages: bytes) -> None:
        """Add a user, whose lines must end in CRLF for sizes to be right."""
        self._users[user] = _User(password)
        for message in messages:
            self.deliver(user, message)

    def deliver(self, user: str, message: bytes) -> str:
        """Put a message into a user's maildrop and return its unique-id; KeyError where there is no such user."""
        owner = self._users[user]
        owner.delivered += 1
        uid = f"{owner.delivered}-{sha256(message).hexdigest()[:16]}"
        owner.messages[uid] = message
        return uid

    def messages(self, user: str) -> tuple[bytes, ...]:
        """Return what is in a user's maildrop; KeyError where there is no such user."""
        return tuple(self._users[user].messages.values())

    # What the server calls.

    async def check(self, given: CheckPassword, peer: Peer) -> str | None:
        """See Application; nobody may act for another."""
        del peer
        owner = self._users.get(given.user)
        right = owner is not None and owner.password == given.password and not given.authorization
        return given.user if right else None

    async def secret(self, user: str, mechanism: str) -> str | ScramSecret | None:
        """See Application."""
        owner = self._users.get(user)
        if owner is None or not mechanism.startswith("SCRAM"):
            return None if owner is None else owner.password
        return ScramSecret.derive(owner.password, sha256(user.encode()).digest()[:16], _ITERATIONS)

    async def open(self, user: str, peer: Peer) -> OpenMaildrop:
        """See Application."""
        del peer
        owner = self._users[user]
        if self.refusal is not None:
            raise MaildropRefused(self.refusal)
        if owner.locked:
            raise MaildropRefused(IN_USE)
        owner.locked = True
        self.opened += 1
        return OpenMaildrop(self, owner)


class OpenMaildrop:
    """One user's messages as they were at the login."""

    def __init__(self, store: MemoryMaildrops, owner: _User) -> None:
        self._store = store
        self._owner = owner
        self._uids = tuple(owner.messages)
        self.entries = tuple(Entry(len(text), uid) for uid, text in owner.messages.items())

    async def read(self, number: int) -> AsyncGenerator[bytes, None]:
        """See Maildrop."""
        uid = self._uids[number - 1]
        text = self._owner.messages[uid]
        for begin in range(0, len(text), self._store.piece):
            yield text[begin : begin + self._store.piece]
            if uid in self._store.unreadable:
                raise MaildropRefused(NOT_REMOVED)

    async def remove(self, numbers: Sequence[int]) -> None:
        """See Maildrop."""
        if self._store.keep:
            raise MaildropRefused(NOT_REMOVED)
        for number in numbers:
            del self._owner.messages[self._uids[number - 1]]

    def release(self) -> None:
        """See Maildrop."""
        self._owner.locked = False
        self._store.released += 1
