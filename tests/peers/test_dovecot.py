"""Dovecot: our client hands mail over to it by LMTP, where every recipient has a reply of its own.

Debian packages: dovecot-core, dovecot-lmtpd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from mailwright.smtp.client_state import ClientSettings, Role
from mailwright.smtp.content import Content
from mailwright.smtp.transcript import Step
from tests.peers.contract import Feature, Receiving
from tests.peers.mailboxes import SMALL, run_dovecot
from tests.peers.running import Peer, connected, envelope_to, letter


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """A Dovecot of its own."""
    with run_dovecot() as dovecot:
        yield dovecot.peer


class TestDovecot(Receiving):
    """What can be asked of a server that only takes mail, by LMTP."""

    lacks: ClassVar[frozenset[Feature]] = frozenset({Feature.IMPLICIT_TLS, Feature.SMTPUTF8, Feature.SIZE})
    settings: ClassVar[ClientSettings] = ClientSettings(role=Role.LMTP)

    @pytest.mark.parametrize("chunking", [False, True], ids=["data", "bdat"])
    async def test_lmtp(self, peer: Peer, chunking: bool) -> None:
        """LMTP: one mailbox is full, and only that recipient is refused after the message."""
        sent = letter(b"line of text\r\n" * (SMALL // 10))
        names = ("user1@example.test", "full@example.test", "nobody@example.test", "user2@example.test")
        settings = ClientSettings(role=Role.LMTP, prefer_chunking=chunking)
        async with connected(peer, settings=settings) as connection:
            transaction = await connection.deliver(envelope_to(*names), Content.of(sent.octets))
        results = transaction.results
        assert [result.accepted for result in results] == [True, False, False, True]
        assert [result.step for result in results] == [Step.MESSAGE, Step.MESSAGE, Step.RCPT, Step.MESSAGE]
        full = results[1].reply
        assert full is not None
        assert (full.code, str(full.enhanced)) == (552, "5.2.2")
        assert "the mailbox is full" in str(full)
        assert await peer.inbox.received(sent, 2) == [sent.octets] * 2
