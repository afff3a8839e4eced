"""Dovecot's LMTP: each recipient has a reply of its own, and each octet arrives.

Debian packages: dovecot-core, dovecot-lmtpd.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client_state import ClientSettings, Role
from mailwright.smtp.content import Content
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transcript import Step
from mailwright.smtp.transport import Connection, ConnectOptions, Target, connect
from tests.peers.dovecot import QUOTA, Dovecot, dovecot
from tests.peers.messages import HEAD, MESSAGES, from_maildir, whole

WAYS = {
    "data": ClientSettings(Role.LMTP),
    "data, one by one": ClientSettings(Role.LMTP, pipelining=False),
    "bdat": ClientSettings(Role.LMTP, prefer_chunking=True),
    "bdat, one by one": ClientSettings(Role.LMTP, prefer_chunking=True, pipelining=False),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """One Dovecot for all tests."""
    with dovecot() as running:
        yield running


@asynccontextmanager
async def connected(server: Dovecot, way: str) -> AsyncIterator[Connection]:
    options = ConnectOptions("client.sender.test", policy=TlsPolicy(TlsMode.NONE), settings=WAYS[way])
    async with await connect(Target("", "127.0.0.1", server.port), options) as connection:
        yield connection


def envelope(*users: str) -> Envelope:
    to = tuple(Recipient(Address.parse(f"{user}@example.test")) for user in users)
    return Envelope(Address.parse("me@sender.test"), to)


def take(server: Dovecot, user: str) -> list[bytes]:
    """Return the messages of a mailbox as they were sent, and remove them; LMTP answers when they are there."""
    taken = []
    for file in server.inbox(user).glob("*"):
        taken.append(from_maildir(file.read_bytes()))
        file.unlink()
    return taken


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MESSAGES)
async def test_every_octet_arrives(server: Dovecot, name: str, way: str) -> None:
    """Whatever the message is and however it is sent, the mailbox has it as it was."""
    async with connected(server, way) as connection:
        transaction = await connection.deliver(envelope("anna"), Content.of(MESSAGES[name]))
    assert transaction.results[0].accepted
    # By BDAT even a last line without an end stays as it is.
    message = MESSAGES[name] if WAYS[way].prefer_chunking else whole(MESSAGES[name])
    assert take(server, "anna") == [message]


@pytest.mark.parametrize("way", WAYS)
async def test_each_recipient_has_its_reply(server: Dovecot, way: str) -> None:
    """One is unknown, one is full when the message has come, two have it; and the connection goes on."""
    message = HEAD + b"x" * QUOTA + b"\r\n"
    async with connected(server, way) as connection:
        for _ in range(2):
            sent = envelope("anna", "nobody", "full", "bert")
            results = (await connection.deliver(sent, Content.of(message))).results
            assert [(result.step, result.accepted) for result in results] == [
                (Step.MESSAGE, True),
                (Step.RCPT, False),
                (Step.MESSAGE, False),
                (Step.MESSAGE, True),
            ]
            assert str(results[1].reply).startswith("550 5.1.1 ")
            assert str(results[2].reply).startswith("552 5.2.2 ")
            assert take(server, "anna") == take(server, "bert") == [message]
            assert take(server, "full") == []
