"""MemoryMaildrops keeps what Application and Maildrop promise."""

from __future__ import annotations

import pytest

from mailwright.lab.maildrop import IN_USE, MemoryMaildrops
from mailwright.pop3.responses import Response, is_unique_id
from mailwright.pop3.server_application import APOP, MaildropRefused
from mailwright.smtp.sasl_server import CheckPassword, ScramSecret
from mailwright.smtp.server_application import Peer

PEER = Peer("192.0.2.1", 1, "192.0.2.2", 110)


@pytest.fixture
def store() -> MemoryMaildrops:
    """One user with two messages, read by five octets."""
    store = MemoryMaildrops(piece=5)
    store.add("anna", "right", b"one\r\n", b"two, longer\r\n")
    return store


@pytest.mark.parametrize(
    ("given", "user"),
    [
        (CheckPassword("anna", "right"), "anna"),
        (CheckPassword("anna", "wrong"), None),
        (CheckPassword("nobody", "right"), None),
        (CheckPassword("anna", "right", "bert"), None),
    ],
    ids=["right", "wrong", "nobody", "for-another"],
)
async def test_only_the_right_password_opens(store: MemoryMaildrops, given: CheckPassword, user: str | None) -> None:
    """And nobody may act for another."""
    assert await store.check(given, PEER) == user


async def test_secrets_are_told_as_each_mechanism_needs_them(store: MemoryMaildrops) -> None:
    """The password itself, or what is derived from it; None for nobody."""
    assert await store.secret("anna", APOP) == "right"
    assert await store.secret("anna", "CRAM-MD5") == "right"
    assert isinstance(await store.secret("anna", "SCRAM-SHA-256"), ScramSecret)
    assert await store.secret("nobody", APOP) is None
    assert await store.secret("nobody", "SCRAM-SHA-256") is None


async def test_a_maildrop_stands_still_while_it_is_locked(store: MemoryMaildrops) -> None:
    """What is delivered meanwhile is there the next time; numbers do not move."""
    opened = await store.open("anna", PEER)
    uid = store.deliver("anna", b"three\r\n")
    assert [entry.octets for entry in opened.entries] == [5, 13]
    assert all(is_unique_id(entry.uid) for entry in opened.entries)
    assert [piece async for piece in opened.read(2)] == [b"two, ", b"longe", b"r\r\n"]
    await opened.remove([1])
    with pytest.raises(MaildropRefused) as raised:
        await store.open("anna", PEER)
    assert raised.value.response == IN_USE
    opened.release()
    again = await store.open("anna", PEER)
    assert [entry.uid for entry in again.entries] == [opened.entries[1].uid, uid]
    assert store.messages("anna") == (b"two, longer\r\n", b"three\r\n")
    assert (store.opened, store.released) == (2, 1)


async def test_trouble_can_be_ordered(store: MemoryMaildrops) -> None:
    """Refused, broken off, not deleted."""
    store.refusal = Response(ok=False, text="no")
    with pytest.raises(MaildropRefused):
        await store.open("anna", PEER)
    store.refusal = None
    opened = await store.open("anna", PEER)
    store.unreadable = {opened.entries[0].uid}
    pieces = opened.read(1)
    assert await anext(pieces) == b"one\r\n"
    with pytest.raises(MaildropRefused):
        await anext(pieces)
    store.keep = True
    with pytest.raises(MaildropRefused):
        await opened.remove([1])
    assert len(store.messages("anna")) == 2
