"""What our client and our server do with any mail server; each test of a peer runs all of it.

A feature that a peer does not offer is named in ``lacks``.  Then the test shows that it is not offered, and that our
client does without it or says that it cannot.  docs/interop.md has a line for each of these tests: its docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import ClassVar

import pytest
import trustme

from mailwright.mail.address import Address
from mailwright.mail.envelope import Body, Notify, Recipient, Returned
from mailwright.smtp.client_state import ClientSettings
from mailwright.smtp.commands import Noop
from mailwright.smtp.content import Content
from mailwright.smtp.fitting import Obstacle
from mailwright.smtp.sasl import CramMd5, Credentials, Login, Mechanism, Plain, ScramSha256
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import ServerRefused, TlsProblem, TlsTrouble
from tests.peers.ours import OurServer
from tests.peers.running import (
    LARGEST,
    PASSWORD,
    Peer,
    connected,
    envelope_to,
    letter,
)


class Feature(StrEnum):
    """What a peer may lack."""

    STARTTLS = "STARTTLS"
    PIPELINING = "PIPELINING"
    SMTPUTF8 = "SMTPUTF8"
    DSN = "DSN"
    DSN_IN_REPORTS = "DSN in reports"
    SIZE = "SIZE"
    CHUNKING = "CHUNKING"
    IMPLICIT_TLS = "implicit TLS"
    PLAIN = "PLAIN"
    LOGIN = "LOGIN"
    CRAM_MD5 = "CRAM-MD5"
    SCRAM_SHA_256 = "SCRAM-SHA-256"


#: What a test needs; the others need nothing that a server may lack.
NEEDS = {
    "test_starttls": Feature.STARTTLS,
    "test_stranger": Feature.STARTTLS,
    "test_implicit_tls": Feature.IMPLICIT_TLS,
    "test_pipelining": Feature.PIPELINING,
    "test_chunking": Feature.CHUNKING,
    "test_smtputf8": Feature.SMTPUTF8,
    "test_size": Feature.SIZE,
    "test_dsn_parameters": Feature.DSN_IN_REPORTS,
    "test_relay_dsn": Feature.DSN,
    "test_relay_smtputf8": Feature.SMTPUTF8,
}
BODIES = {
    "dots": b".\r\n..\r\n.dot\r\n\r\n.\r\n.",
    "blank-lines-at-the-end": b"text\r\n\r\n\r\n",
    "longest-line": b"." + b"x" * 997 + b"\r\n",
    "blanks-at-line-ends": b"one \r\ntwo\t\r\n \r\n",
    "control-characters": bytes(n for n in range(1, 32) if n not in b"\r\n") + b"\x7f\r\n",
    "high-octets": bytes(range(128, 256)) + b"\r\n",
    "from-lines": b"From anna Wed Nov 25\r\n>From bert\r\n",
    "no-line-end": b"the end",
    "empty": b"",
}
MECHANISMS = (Feature.PLAIN, Feature.LOGIN, Feature.CRAM_MD5, Feature.SCRAM_SHA_256)


def mechanism_of(name: str, password: str = PASSWORD) -> Mechanism:
    """Return an exchange for anna."""
    anna = Credentials("anna", password)
    makers: dict[str, Callable[[], Mechanism]] = {
        "PLAIN": lambda: Plain(anna),
        "LOGIN": lambda: Login(anna),
        "CRAM-MD5": lambda: CramMd5(anna),
        "SCRAM-SHA-256": lambda: ScramSha256(anna, "n" * 24),
    }
    return makers[name]()


def large_body() -> bytes:
    """Return five million octets, of which no two lines are the same, with dots and high octets."""
    lines = (b".%d %s \xc3\xbc\r\n" % (number, b"abcdefghij" * (number % 90)) for number in range(11_000))
    return b"".join(lines)


class Receiving:
    """Our client hands mail over to a peer, by SMTP or LMTP.

    lacks: what the peer does not offer.  role: what it speaks.
    """

    lacks: ClassVar[frozenset[Feature]] = frozenset()
    settings: ClassVar[ClientSettings] = ClientSettings()

    async def test_clear(self, peer: Peer) -> None:
        """A message in clear."""
        sent = letter()
        async with connected(peer, settings=self.settings) as connection:
            transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert len(transaction.accepted) == 1
        assert await peer.inbox.received(sent) == [sent.octets]

    async def test_starttls(self, peer: Peer) -> None:
        """STARTTLS with a verified certificate."""
        sent = letter()
        if Feature.STARTTLS in self.lacks:
            with pytest.raises(TlsTrouble) as raised:
                await connected(peer, "starttls", self.settings).__aenter__()
            assert raised.value.problem is TlsProblem.NOT_OFFERED
            return
        async with connected(peer, "starttls", self.settings) as connection:
            assert connection.is_verified
            transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert len(transaction.accepted) == 1
        assert await peer.inbox.received(sent) == [sent.octets]

    async def test_implicit_tls(self, peer: Peer) -> None:
        """Implicit TLS with a verified certificate."""
        assert (peer.implicit is None) is (Feature.IMPLICIT_TLS in self.lacks)
        if peer.implicit is None:
            return
        sent = letter()
        async with connected(peer, "implicit", self.settings) as connection:
            assert connection.is_verified
            transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert len(transaction.accepted) == 1
        assert await peer.inbox.received(sent) == [sent.octets]

    @pytest.mark.parametrize("way", ["starttls", "implicit"])
    async def test_stranger(self, peer: Peer, way: str) -> None:
        """A certificate from an unknown authority is found out."""
        if {"starttls": Feature.STARTTLS, "implicit": Feature.IMPLICIT_TLS}[way] in self.lacks:
            return
        other = peer.folder / f"other-{way}.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        with pytest.raises(TlsTrouble) as raised:
            async with connected(peer, way, self.settings, str(other)):
                pass
        assert raised.value.problem is TlsProblem.UNTRUSTED

    @pytest.mark.parametrize("pipelining", [True, False])
    async def test_many_recipients(self, peer: Peer, pipelining: bool) -> None:
        """Twenty-four recipients, every third refused."""
        sent = letter()
        known = [f"user{number}@example.test" for number in range(16)]
        names = list(known)
        for number in range(8):
            names.insert(3 * number, f"nobody{number}@example.test")
        async with connected(peer, settings=replace(self.settings, pipelining=pipelining)) as connection:
            transaction = await connection.deliver(envelope_to(*names), Content.of(sent.octets))
        assert [str(recipient.address) for recipient in transaction.accepted] == known
        refused = [result for result in transaction.results if not result.accepted]
        assert len(refused) == 8
        assert {result.step for result in refused} == {Step.RCPT}
        assert all(result.reply is not None and result.reply.code == 550 for result in refused)
        assert set(await peer.inbox.received(sent, len(known))) == {sent.octets}

    async def test_pipelining(self, peer: Peer) -> None:
        """MAIL, all RCPT and DATA sent together (PIPELINING)."""
        sent = letter()
        async with connected(peer, settings=self.settings) as connection:
            assert connection.capabilities.pipelining is (Feature.PIPELINING not in self.lacks)
            names = ("user1@example.test", "user2@example.test")
            transaction = await connection.deliver(envelope_to(*names), Content.of(sent.octets))
        assert len(transaction.accepted) == 2
        assert await peer.inbox.received(sent, 2) == [sent.octets] * 2

    async def test_nobody_accepted(self, peer: Peer) -> None:
        """All recipients refused, then another message over the same connection."""
        sent = letter()
        async with connected(peer, settings=self.settings) as connection:
            first = await connection.deliver(envelope_to("nobody1@example.test"), Content.of(letter().octets))
            assert first.accepted == ()
            assert first.results[0].step is Step.RCPT
            second = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert len(second.accepted) == 1
        assert await peer.inbox.received(sent) == [sent.octets]

    async def test_several_transactions(self, peer: Peer) -> None:
        """Several messages over one connection, with RSET and NOOP between them."""
        several = [letter(b"%d\r\n" % number) for number in range(5)]
        async with connected(peer, settings=self.settings) as connection:
            for sent in several:
                transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
                assert len(transaction.accepted) == 1
                assert (await connection.reset()).completes
                assert (await connection.ask(Noop())).completes
        for sent in several:
            assert await peer.inbox.received(sent) == [sent.octets]

    async def test_null_reverse_path(self, peer: Peer) -> None:
        """A report, from the null reverse-path."""
        sent = letter()
        async with connected(peer, settings=self.settings) as connection:
            envelope = envelope_to("user1@example.test", sender=None)
            transaction = await connection.deliver(envelope, Content.of(sent.octets))
        assert len(transaction.accepted) == 1
        assert await peer.inbox.received(sent) == [sent.octets]

    @pytest.mark.parametrize("chunking", [False, True], ids=["data", "bdat"])
    @pytest.mark.parametrize("body", BODIES)
    async def test_odd_bodies(self, peer: Peer, body: str, chunking: bool) -> None:
        """Dots, long lines, blanks, control characters and high octets (8BITMIME) arrive as they were."""
        sent = letter(BODIES[body])
        content = Content.of(sent.octets)
        # A server adds the line end that a message sent by BDAT lacks only when it stores it.
        expected = sent.octets if sent.octets.endswith(b"\r\n") else sent.octets + b"\r\n"
        async with connected(peer, settings=replace(self.settings, prefer_chunking=chunking)) as connection:
            assert connection.capabilities.eight_bit
            transaction = await connection.deliver(envelope_to("user1@example.test"), content)
        assert len(transaction.accepted) == 1
        (arrived,) = await peer.inbox.received(sent)
        assert arrived in (expected, sent.octets)

    @pytest.mark.parametrize("chunking", [False, True], ids=["data", "bdat"])
    async def test_large_message(self, peer: Peer, chunking: bool) -> None:
        """A message of 5 MB arrives as it was."""
        sent = letter(large_body())
        assert 5_000_000 < len(sent.octets) < LARGEST
        async with connected(peer, settings=replace(self.settings, prefer_chunking=chunking)) as connection:
            transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert len(transaction.accepted) == 1
        (arrived,) = await peer.inbox.received(sent)
        # Compared apart from the assertion, which would try to show the difference.
        is_same = arrived == sent.octets
        assert is_same

    async def test_chunking(self, peer: Peer) -> None:
        """BDAT (CHUNKING) instead of DATA."""
        sent = letter(b".\r\n" * 60_000)
        async with connected(peer, settings=replace(self.settings, prefer_chunking=True)) as connection:
            offered = connection.capabilities.chunking
            transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert offered is (Feature.CHUNKING not in self.lacks)
        assert (transaction.data is None) is offered
        assert len(transaction.accepted) == 1
        assert await peer.inbox.received(sent) == [sent.octets]

    async def test_smtputf8(self, peer: Peer) -> None:
        """An address and a header field in UTF-8 (SMTPUTF8)."""
        sent = letter()
        octets = sent.octets.replace(b"From: Anna", "From: Žofie".encode())
        async with connected(peer, settings=self.settings) as connection:
            assert connection.capabilities.smtputf8 is (Feature.SMTPUTF8 not in self.lacks)
            transaction = await connection.deliver(envelope_to("用户@example.test"), Content.of(octets))
        if Feature.SMTPUTF8 in self.lacks:
            assert transaction.obstacle is Obstacle.UTF8
            return
        assert len(transaction.accepted) == 1
        assert await peer.inbox.received(sent) == [octets]

    async def test_size(self, peer: Peer) -> None:
        """A message above SIZE is not sent, and refused where it is sent all the same."""
        content = Content.of(letter(b"x" * 70 + b"\r\n").octets + b"line of text\r\n" * (LARGEST // 12))
        async with connected(peer, settings=self.settings) as connection:
            if Feature.SIZE in self.lacks:
                assert not connection.capabilities.size
                return
            # A server may tell some octets less than it was set to.
            assert LARGEST // 2 <= (connection.capabilities.size or 0) <= LARGEST * 1.1
            told = await connection.deliver(envelope_to("user1@example.test"), content)
            assert told.obstacle is Obstacle.SIZE
            untold = await connection.deliver(envelope_to("user1@example.test"), replace(content, size=10))
        assert untold.results[0].step is Step.MESSAGE
        reply = untold.results[0].reply
        assert reply is not None
        assert reply.code in (552, 554)


class Submitting(Receiving):
    """Our client logs in at a peer, and a peer hands mail on to our server."""

    @pytest.mark.parametrize("feature", MECHANISMS)
    async def test_login(self, peer: Peer, feature: Feature) -> None:
        """Login with a wrong password and then the right one."""
        async with connected(peer, "plain" if Feature.STARTTLS in self.lacks else "starttls") as connection:
            assert (feature in connection.capabilities.mechanisms) is (feature not in self.lacks)
            if feature in self.lacks:
                return
            with pytest.raises(ServerRefused) as raised:
                await connection.login(mechanism_of(feature, "wrong"))
            assert raised.value.reply.code == 535
            assert (await connection.login(mechanism_of(feature))).code == 235
            sent = letter()
            transaction = await connection.deliver(envelope_to("user1@example.test"), Content.of(sent.octets))
        assert len(transaction.accepted) == 1

    async def test_dsn_parameters(self, peer: Peer) -> None:
        """A report of success is asked for (NOTIFY), and names ENVID and ORCPT."""
        sent = letter()
        word = f"id-{sent.subject}+x=y"
        recipient = Recipient(
            Address.parse("user2@example.test"),
            frozenset({Notify.SUCCESS, Notify.FAILURE}),
            "rfc822;first+one@old.test",
        )
        envelope = replace(
            envelope_to(), recipients=(recipient,), identifier=word, returned=Returned.HEADERS, body=Body.EIGHT_BIT
        )
        async with connected(peer) as connection:
            assert connection.capabilities.dsn is (Feature.DSN not in self.lacks)
            transaction = await connection.deliver(envelope, Content.of(sent.octets))
        assert len(transaction.accepted) == 1
        await peer.inbox.received(sent)
        if Feature.DSN_IN_REPORTS in self.lacks:
            _, report = await peer.inbox.holding(sent.subject, 2)
            assert b"Action: delivered" in report
        else:
            (report,) = await peer.inbox.holding(f": id-{sent.subject}")
            # Exim leaves the values as they stood in the command, in xtext.
            plain = report.replace(b"rfc822; ", b"rfc822;").replace(b"+2B", b"+").replace(b"+3D", b"=")
            fields = plain.lower().split(b"\r\n")
            assert f"original-envelope-id: {word}".encode() in fields
            assert b"original-recipient: rfc822;first+one@old.test" in fields

    @pytest.mark.parametrize("body", BODIES)
    async def test_relay(self, peer: Peer, ours: OurServer, body: str) -> None:
        """The peer hands messages on to our server, over TLS, and they arrive as they were."""
        sent = letter(BODIES[body])
        names = [f"user{number}@relayed.test" for number in range(3)]
        async with connected(peer) as connection:
            transaction = await connection.deliver(envelope_to(*names), Content.of(sent.octets))
        assert len(transaction.accepted) == len(names)
        message = await ours.received(sent.subject)
        assert ours.secured
        content = message.content
        expected = sent.octets if sent.octets.endswith(b"\r\n") else sent.octets + b"\r\n"
        assert content[content.index(b"Subject: " + sent.subject.encode()) :] == expected
        assert {str(to.address) for to in message.envelope.recipients} <= set(names)
        assert str(message.envelope.reverse_path) == "anna@example.test"

    async def test_relay_large(self, peer: Peer, ours: OurServer) -> None:
        """The peer hands a message of 5 MB on to our server."""
        sent = letter(large_body())
        async with connected(peer) as connection:
            await connection.deliver(envelope_to("user1@relayed.test"), Content.of(sent.octets))
        content = (await ours.received(sent.subject)).content
        is_same = content[content.index(b"Subject: " + sent.subject.encode()) :] == sent.octets
        assert is_same

    async def test_relay_refused(self, peer: Peer, ours: OurServer) -> None:
        """What our server refuses is reported to the sender with our reply."""
        sent = letter()
        async with connected(peer) as connection:
            names = ("user1@relayed.test", f"nobody-{sent.subject}@relayed.test")
            await connection.deliver(envelope_to(*names), Content.of(sent.octets))
        await ours.received(sent.subject)
        (report, *_) = await peer.inbox.holding(f"nobody-{sent.subject}@relayed.test")
        assert b"nobody of this name at Mailwright" in report
        # Exim reads no enhanced status, and writes 5.0.0.
        assert b"Status: 5.1.1" in report or b"Status: 5.0.0" in report

    async def test_relay_dsn(self, peer: Peer, ours: OurServer) -> None:
        """The peer hands DSN parameters on to our server."""
        sent = letter()
        recipient = Recipient(Address.parse("user2@relayed.test"), frozenset({Notify.NEVER}), "rfc822;one+two@old.test")
        envelope = replace(
            envelope_to(), recipients=(recipient,), identifier=f"id-{sent.subject}", returned=Returned.FULL
        )
        async with connected(peer) as connection:
            await connection.deliver(envelope, Content.of(sent.octets))
        given = (await ours.received(sent.subject)).envelope
        if Feature.DSN not in self.lacks:
            assert given.recipients == envelope.recipients
            assert (given.identifier, given.returned) == (envelope.identifier, Returned.FULL)

    async def test_relay_smtputf8(self, peer: Peer, ours: OurServer) -> None:
        """The peer hands addresses in UTF-8 on to our server."""
        if Feature.SMTPUTF8 in self.lacks:
            return
        sent = letter()
        async with connected(peer) as connection:
            await connection.deliver(envelope_to("用户@relayed.test"), Content.of(sent.octets))
        given = (await ours.received(sent.subject)).envelope
        assert given.smtputf8
        assert [str(to.address) for to in given.recipients] == ["用户@relayed.test"]
