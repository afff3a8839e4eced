"""Direct mode over real sockets: hosts in their order, families and failures, and what became of each recipient."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import trustme

from mailwright.clock import SystemClock
from mailwright.deliver.attempt import Job, Way
from mailwright.deliver.direct import DirectWay, by_domain, send_direct
from mailwright.deliver.outcome import Delivery, Fate
from mailwright.dns.routing import RoutingOptions
from mailwright.lab.resolver import TableResolver
from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.content import Content
from mailwright.smtp.limits import Limits, Timeouts
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transcript import Entry
from mailwright.smtp.transport import ConnectOptions, Target
from tests.deliver.hosts import Host, serving

MAIL = b"From: me@sender.test\r\nSubject: x\r\n\r\nHello\r\n"
ONE = {"example.test": ["MX 10 mx.example.test"], "mx.example.test": ["A 127.0.0.2"]}
TWO = {
    "example.test": ["MX 10 mx1.example.test", "MX 20 mx2.example.test"],
    "mx1.example.test": ["A 127.0.0.2"],
    "mx2.example.test": ["A 127.0.0.3"],
}
OPTIONS = ConnectOptions("sender.test", timeouts=Timeouts(connect=5, banner=5, command=5, quit=1))


def recipients(*addresses: str) -> tuple[Recipient, ...]:
    return tuple(Recipient(Address.parse(address)) for address in addresses)


async def send(
    table: Mapping[str, Sequence[str]],
    port: int,
    *to: str,
    content: bytes = MAIL,
    options: ConnectOptions = OPTIONS,
) -> Delivery:
    """Send to the hosts of ``table`` and return what became of it."""
    envelope = Envelope(Address.parse("me@sender.test"), recipients(*to))
    delivery = Delivery(envelope.recipients)
    way = Way(options, SystemClock())
    direct = DirectWay(way, TableResolver(table), random.SystemRandom(), RoutingOptions(private=True), port)
    await send_direct(Job(envelope, Content.of(content)), direct, delivery)
    return delivery


def told(delivery: Delivery) -> list[tuple[str, str, str, str | None]]:
    """Return recipient, fate, cause and step of each outcome."""
    return [
        (
            str(one.recipient.address),
            one.fate.value,
            one.report.diagnosis.cause.id,
            one.step.value if one.step else None,
        )
        for one in delivery.outcomes
    ]


async def test_each_recipient_is_told_in_one_transaction() -> None:
    """Accepted and refused side by side; the message arrives as it was, once."""
    host = Host(refuses={"b@example.test": "550 5.1.1 User unknown", "c@example.test": "452 4.2.2 Mailbox full"})
    async with serving(("127.0.0.2", host)) as port:
        delivery = await send(ONE, port, "a@example.test", "b@example.test", "c@example.test")
    assert told(delivery) == [
        ("a@example.test", "accepted", "handed-on", "message"),
        ("b@example.test", "refused", "address-unknown", "rcpt"),
        ("c@example.test", "later", "mailbox-full", "rcpt"),
    ]
    assert host.taken == [(["a@example.test"], MAIL)]
    assert (len(delivery.attempts), host.sessions) == (1, 1)


async def test_the_next_host_takes_what_the_first_could_not() -> None:
    """A first host that refuses connections, and one that is overloaded, each leave it to the second."""
    second = Host("mx2.example.test")
    async with serving(("127.0.0.3", second)) as port:
        delivery = await send(TWO, port, "a@example.test")
        assert told(delivery) == [("a@example.test", "accepted", "handed-on", "message")]
        assert [one.host for one in delivery.attempts] == ["mx1.example.test", "mx2.example.test"]
        trouble = delivery.attempts[0].trouble
        assert trouble is not None
        assert trouble.diagnosis.cause.id == "connection-refused"
    first = Host("mx1.example.test", {"connect": "421 4.3.2 Too busy"})
    async with serving(("127.0.0.2", first), ("127.0.0.3", second)) as port:
        assert told(await send(TWO, port, "b@example.test"))[0][1] == "accepted"
    assert [to for to, _ in second.taken] == [["a@example.test"], ["b@example.test"]]


async def test_what_a_host_said_for_good_is_not_asked_of_the_next() -> None:
    """Unknown users, greylisting and spam verdicts are the same everywhere behind one domain."""
    first = Host("mx1.example.test", {"a@example.test": "450 4.7.1 Greylisted, try again in 5 minutes"})
    second = Host("mx2.example.test")
    async with serving(("127.0.0.2", first), ("127.0.0.3", second)) as port:
        delivery = await send(TWO, port, "a@example.test")
    assert told(delivery) == [("a@example.test", "later", "greylisted", "rcpt")]
    assert second.sessions == 0


async def test_a_dead_ipv6_costs_one_try() -> None:
    """The families take turns; the message goes by IPv4."""
    table = {**ONE, "mx.example.test": ["AAAA ::1", "A 127.0.0.2"]}
    async with serving(("127.0.0.2", Host())) as port:
        delivery = await send(table, port, "a@example.test")
    assert [one.address for one in delivery.attempts] == ["::1", "127.0.0.2"]
    assert told(delivery)[0][1] == "accepted"


@pytest.mark.parametrize(
    ("table", "cause", "fate"),
    [
        ({}, "domain-unknown", "refused"),
        ({"example.test": ["MX 0 ."]}, "domain-no-mail", "refused"),
        ({"example.test": ["TXT x"]}, "domain-without-mail-host", "refused"),
        ({"example.test": ["MX SERVFAIL"]}, "dns-temporary", "later"),
        ({"example.test": ["MX TIMEOUT"]}, "dns-timeout", "later"),
        ({"example.test": ["MX 10 mx.example.test"]}, "mx-misconfigured", "later"),
    ],
)
async def test_what_dns_says_is_the_cause(table: Mapping[str, Sequence[str]], cause: str, fate: str) -> None:
    """No connection is tried, and the answer is the evidence."""
    delivery = await send(table, 1, "a@example.test")
    (outcome,) = delivery.outcomes
    assert (outcome.report.diagnosis.cause.id, outcome.fate.value, outcome.attempt) == (cause, fate, None)
    assert outcome.report.diagnosis.evidence.source == "dns"
    assert "example.test" in outcome.report.diagnosis.evidence.text


async def test_domains_are_destinations_of_their_own() -> None:
    """One that fails does not hold up the others; each has its own connection."""
    table = {**ONE, "other.test": ["A 127.0.0.3"]}
    one, other = Host(), Host()
    async with serving(("127.0.0.2", one), ("127.0.0.3", other)) as port:
        delivery = await send(table, port, "a@example.test", "b@OTHER.test", "c@missing.test", "d@Example.TEST")
    assert [fate for _, fate, _, _ in told(delivery)] == ["accepted", "accepted", "refused", "accepted"]
    assert (len(one.taken), len(other.taken)) == (1, 1)
    assert list(by_domain(recipients("a@b.test", "c@B.test", "d@e.test"))) == ["b.test", "e.test"]


async def test_too_many_recipients_are_sent_in_several_goes() -> None:
    """By 452 4.5.3 and by LIMITS alike, in the same connection."""
    limits = Limits(recipients=2)
    host = Host(settings=lambda settings: replace(settings, limits=limits))
    addresses = [f"{name}@example.test" for name in "abcde"]
    async with serving(("127.0.0.2", host)) as port:
        delivery = await send(ONE, port, *addresses)
    assert {one.fate for one in delivery.outcomes} == {Fate.ACCEPTED}
    assert sorted(address for to, _ in host.taken for address in to) == addresses
    assert host.sessions == 1
    assert max(len(to) for to, _ in host.taken) == 2


@pytest.mark.parametrize(
    ("content", "limits", "cause", "step"),
    [
        (MAIL + b"x" * 900 + b"\r\n", Limits(message=500), "message-too-big", "ehlo"),
        (MAIL, Limits(message=500), "handed-on", "message"),
    ],
)
async def test_what_a_host_does_not_take_is_told_before_it_is_sent(
    content: bytes, limits: Limits, cause: str, step: str
) -> None:
    """SIZE is learnt from EHLO (RFC 1870)."""
    host = Host(settings=lambda settings: replace(settings, limits=limits))
    async with serving(("127.0.0.2", host)) as port:
        delivery = await send(ONE, port, "a@example.test", content=content)
    assert told(delivery)[0][2:] == (cause, step)
    if cause == "message-too-big":
        assert "SIZE 500" in delivery.outcomes[0].report.diagnosis.evidence.text


@pytest.fixture
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The certificate of mx.example.test, and a client's context that trusts its authority."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.example.test").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.mark.parametrize("mode", [TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.NONE])
async def test_tls_is_used_by_the_policy(contexts: tuple[ssl.SSLContext, ssl.SSLContext], mode: TlsMode) -> None:
    """A certificate that nobody vouches for is good enough where none was demanded."""
    async with serving(("127.0.0.2", Host(ssl_context=contexts[0]))) as port:
        delivery = await send(ONE, port, "a@example.test", options=replace(OPTIONS, policy=TlsPolicy(mode)))
    transcript = delivery.attempts[0].transcript
    assert transcript is not None
    assert (told(delivery)[0][1], transcript.tls is not None) == ("accepted", mode is not TlsMode.NONE)


async def test_a_certificate_that_is_demanded_and_not_trusted_ends_it(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    """Nothing is sent in clear against the policy."""
    host = Host(ssl_context=contexts[0])
    policy = TlsPolicy(TlsMode.VERIFY)
    async with serving(("127.0.0.2", host)) as port:
        delivery = await send(ONE, port, "a@example.test", options=replace(OPTIONS, policy=policy))
    assert told(delivery) == [("a@example.test", "later", "certificate-invalid", "tls")]
    assert host.taken == []


async def test_tls_that_is_demanded_and_not_offered_ends_it() -> None:
    """The cause names the policy, not the host's software."""
    async with serving(("127.0.0.2", Host())) as port:
        policy = TlsPolicy(TlsMode.REQUIRED)
        delivery = await send(ONE, port, "a@example.test", options=replace(OPTIONS, policy=policy))
    assert told(delivery)[0][1:3] == ("later", "tls-policy-failed")


@pytest.mark.parametrize(
    ("answer", "rubbish", "cause"),
    [
        (b"220 go\r\n", b"this is no TLS" + b"\x00" * 50, "tls-failed"),
        (b"220 go\r\n", b"", "tls-failed"),
        (b"", b"", "connection-lost"),
    ],
    ids=["rubbish for a handshake", "hangs up in the handshake", "hangs up at STARTTLS"],
)
async def test_a_broken_starttls_is_followed_by_clear_text_where_nobody_demanded_tls(
    answer: bytes, rubbish: bytes, cause: str
) -> None:
    """The broken handshake stays in the record as an attempt of its own."""

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx ESMTP\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(b"250-mx\r\n250 STARTTLS\r\n")
            elif line.startswith(b"STARTTLS"):
                writer.write(answer)
                if answer:
                    await reader.read(1)
                writer.write(rubbish)
                break
            elif line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                while await reader.readline() != b".\r\n":
                    pass
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(broken, "127.0.0.2", 0)
    async with server:
        delivery = await send(ONE, server.sockets[0].getsockname()[1], "a@example.test")
    assert told(delivery)[0] == ("a@example.test", "accepted", "handed-on", "message")
    assert [one.trouble.diagnosis.cause.id if one.trouble else None for one in delivery.attempts] == [cause, None]


async def test_silence_after_the_final_dot_is_told_as_not_known() -> None:
    """RFC 5321 4.5.3.2.6: sending again may double the message, and only the sender can decide that."""

    async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx ESMTP\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
            elif line == b".\r\n":
                break
            elif line[:4] in (b"EHLO", b"MAIL", b"RCPT"):
                writer.write(b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(vanish, "127.0.0.2", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        delivery = await send(ONE, port, "a@example.test")
    assert told(delivery) == [("a@example.test", "unknown", "acceptance-unknown", "message")]


async def test_an_interruption_leaves_what_was_accepted() -> None:
    """Ctrl-C after the first destination: one accepted, of the other nothing is known."""
    table = {**ONE, "slow.test": ["A 127.0.0.3"]}
    host = Host()
    envelope = Envelope(None, recipients("a@example.test", "b@slow.test"))
    delivery = Delivery(envelope.recipients)
    reached = asyncio.Event()

    def watch(target: Target, _entry: Entry) -> None:
        if target.address == "127.0.0.3":
            reached.set()

    # The system takes the connection, and nobody ever greets.
    with socket.create_server(("127.0.0.3", 0)) as silent:
        port = silent.getsockname()[1]
        way = Way(OPTIONS, SystemClock(), watch=watch)
        routing = RoutingOptions(private=True)
        direct = DirectWay(way, TableResolver(table), random.SystemRandom(), routing, port, at_once=1)
        async with serving(("127.0.0.2", host), port=port):
            task = asyncio.create_task(send_direct(Job(envelope, Content.of(MAIL)), direct, delivery))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert told(delivery) == [("a@example.test", "accepted", "handed-on", "message")]
    assert [str(one.address) for one in delivery.untold] == ["b@slow.test"]
    assert delivery.attempts[1].address == "127.0.0.3"
