"""Postfix: our client sends to it, it sends to our server, and each octet arrives.

Debian packages: postfix, dovecot-core, dovecot-lmtpd.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from mailwright.mail.address import Address
from mailwright.mail.envelope import Body, Envelope, Notify, Recipient, Returned
from mailwright.smtp.client_state import ClientSettings
from mailwright.smtp.content import Content
from mailwright.smtp.fitting import Obstacle
from mailwright.smtp.sasl import CramMd5, Credentials, Login, Mechanism, Plain, ScramSha256
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.server_application import Application
from mailwright.smtp.server_events import MessageGiven
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import Role, ServerSettings
from mailwright.smtp.server_transport import serve
from mailwright.smtp.transcript import Step
from mailwright.smtp.transport import Connection, ConnectOptions, Target, connect
from mailwright.smtp.trouble import ServerRefused, TlsProblem, TlsTrouble
from tests.peers.dovecot import PASSWORD, dovecot
from tests.peers.messages import HEAD, MESSAGES, from_maildir, whole, without_trace
from tests.peers.postfix import HOST, SIZE, Postfix, postfix
from tests.peers.running import program, until

CLEAR = TlsPolicy(TlsMode.NONE)
VERIFY = TlsPolicy(TlsMode.VERIFY)
IMPLICIT = TlsPolicy(TlsMode.VERIFY, implicit=True)
PLAIN = ClientSettings()
#: How messages are sent: BDAT or DATA, and whether commands wait for replies.
WAYS = {
    "data": PLAIN,
    "data, one by one": ClientSettings(pipelining=False),
    "bdat": ClientSettings(prefer_chunking=True),
    "bdat, one by one": ClientSettings(prefer_chunking=True, pipelining=False),
}
SENDER = "me@sender.test"
SETTINGS = ServerSettings(HOST)


@pytest.fixture(scope="module")
def server() -> Iterator[Postfix]:
    """One Postfix for all tests."""
    with postfix() as running:
        yield running


@asynccontextmanager
async def connected(
    server: Postfix, policy: TlsPolicy = CLEAR, settings: ClientSettings = PLAIN, port: int | None = None
) -> AsyncIterator[Connection]:
    """Connect to a port of Postfix; to the one with all extensions where none is named."""
    options = ConnectOptions("client.sender.test", policy=policy, ca_file=server.ca_file, settings=settings)
    async with await connect(Target(HOST, "127.0.0.1", port or server.ports.mx), options) as connection:
        yield connection


def envelope(*to: str, sender: str = SENDER) -> Envelope:
    return Envelope(Address.parse(sender), tuple(Recipient(Address.parse(one)) for one in to))


async def arrived(server: Postfix, user: str = "anna") -> bytes:
    """Wait for a message in a mailbox, and return it as it was sent."""
    return from_maildir(await until(lambda: server.take(user)))


# ------------------------------------------------------------------------------------------------------- octets, TLS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MESSAGES)
async def test_every_octet_arrives(server: Postfix, name: str, way: str) -> None:
    """Whatever the message is and however it is sent, the mailbox has it as it was."""
    async with connected(server, settings=WAYS[way]) as connection:
        transaction = await connection.deliver(envelope("anna@example.test"), Content.of(MESSAGES[name]))
    assert transaction.results[0].accepted
    assert await arrived(server) == whole(MESSAGES[name])


@pytest.mark.parametrize("way", WAYS)
async def test_many_messages_over_one_connection(server: Postfix, way: str) -> None:
    """The transactions of a connection do not disturb one another."""
    async with connected(server, settings=WAYS[way]) as connection:
        for message in MESSAGES.values():
            transaction = await connection.deliver(envelope("bert@example.test"), Content.of(message))
            assert transaction.results[0].accepted
    taken = [await arrived(server, "bert") for _ in MESSAGES]
    assert sorted(taken) == sorted(map(whole, MESSAGES.values()))


@pytest.mark.parametrize("way", ["data", "bdat"])
async def test_a_large_message(server: Postfix, way: str) -> None:
    """Five million octets, which no buffer holds at once."""
    message = HEAD + b"".join(b".%06d %s\r\n" % (line, b"z" * 90) for line in range(50_000))
    assert len(message) > 5_000_000
    async with connected(server, VERIFY, WAYS[way]) as connection:
        transaction = await connection.deliver(envelope("anna@example.test"), Content.of(message))
    assert transaction.results[0].accepted
    assert await arrived(server) == message


@pytest.mark.parametrize("policy", [CLEAR, VERIFY, TlsPolicy()], ids=["clear", "verify", "opportunistic"])
async def test_starttls(server: Postfix, policy: TlsPolicy) -> None:
    """The certificate is looked at where the policy says so; afterwards STARTTLS is offered no more."""
    async with connected(server, policy) as connection:
        assert connection.is_verified is (policy is VERIFY)
        assert (connection.tls is None) is (policy is CLEAR)
        assert connection.capabilities.starttls is (policy is CLEAR)
        await connection.deliver(envelope("anna@example.test"), Content.of(MESSAGES["plain"]))
    octets = await until(lambda: server.take("anna"))
    assert (b"TLSv1.3" in octets) is (policy is not CLEAR)


async def test_a_certificate_for_another_name(server: Postfix) -> None:
    """Nothing is sent to a host that cannot prove who it is."""
    with pytest.raises(TlsTrouble) as raised:
        async with connected(server, TlsPolicy(TlsMode.VERIFY, names=("other.test",))):
            pass
    assert raised.value.problem is TlsProblem.WRONG_NAME


# --------------------------------------------------------------------------------------------------------------- AUTH


@pytest.fixture(scope="module")
def logins(server: Postfix) -> Iterator[None]:
    """Dovecot, which Postfix asks whether a password is right."""
    with dovecot(server.folder / "queue" / "private" / "auth"):
        yield


def mechanisms(password: str) -> list[Mechanism]:
    """Return all ways to log in that Dovecot knows and the client has."""
    anna = Credentials("anna@example.test", password)
    return [Plain(anna), Login(anna), CramMd5(anna), ScramSha256(anna, "n" * 24)]


NAMES = [mechanism.name for mechanism in mechanisms("")]


@pytest.mark.usefixtures("logins")
@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
async def test_login_under_implicit_tls(server: Postfix, number: int) -> None:
    """Without it no recipient is taken; a wrong password is refused, after which the right one is taken."""
    async with connected(server, IMPLICIT, port=server.ports.smtps) as connection:
        assert connection.is_verified
        refused = await connection.deliver(envelope("anna@example.test"), Content.of(MESSAGES["plain"]))
        assert (refused.results[0].step, refused.results[0].accepted) == (Step.RCPT, False)
        with pytest.raises(ServerRefused) as raised:
            await connection.login(mechanisms("wrong")[number])
        assert raised.value.reply.code == 535
        assert (await connection.login(mechanisms(PASSWORD)[number])).code == 235
        taken = await connection.deliver(envelope("anna@example.test"), Content.of(MESSAGES["lone dots"]))
        assert taken.results[0].accepted
    assert await arrived(server) == MESSAGES["lone dots"]


# --------------------------------------------------------------------------------------------- recipients, extensions


@pytest.mark.parametrize("way", WAYS)
async def test_each_recipient_has_its_reply(server: Postfix, way: str) -> None:
    """Unknown, relayed and closed ones are refused among many; the others get the message."""
    unknown = [f"nobody{number}@example.test" for number in range(15)]
    to = [*unknown[:10], "anna@example.test", "closed@example.test", "bert@example.test", *unknown[10:], "a@b.test"]
    async with connected(server, settings=WAYS[way]) as connection:
        transaction = await connection.deliver(envelope(*to), Content.of(MESSAGES["plain"]))
    told = {str(result.recipient.address): result for result in transaction.results}
    assert [str(recipient.address) for recipient in transaction.accepted] == ["anna@example.test", "bert@example.test"]
    assert {str(told[one].reply)[:9] for one in unknown} == {"550 5.1.1"}
    assert str(told["closed@example.test"].reply).startswith("450 4.2.1 ")
    assert str(told["a@b.test"].reply).startswith("554 5.7.1 ")
    assert await arrived(server) == MESSAGES["plain"]
    assert await arrived(server, "bert") == MESSAGES["plain"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_message_for_nobody(server: Postfix, way: str) -> None:
    """Where all recipients are refused nothing is taken, and the connection goes on."""
    async with connected(server, settings=WAYS[way]) as connection:
        refused = await connection.deliver(envelope("a@example.test", "b@example.test"), Content.of(MESSAGES["plain"]))
        assert [(result.step, result.accepted) for result in refused.results] == [(Step.RCPT, False)] * 2
        taken = await connection.deliver(envelope("anna@example.test"), Content.of(MESSAGES["lone dots"]))
        assert taken.results[0].accepted
    assert await arrived(server) == MESSAGES["lone dots"]


async def test_a_message_that_is_too_big(server: Postfix) -> None:
    """By SIZE it is known before anything is sent; without it Postfix says so at the end."""
    message = Content.of(HEAD + b"0123456789\r\n" * (SIZE // 12))
    async with connected(server) as connection:
        assert connection.capabilities.size == SIZE
        transaction = await connection.deliver(envelope("anna@example.test"), message)
        assert (transaction.obstacle, transaction.transcript) == (Obstacle.SIZE, None)
    async with connected(server, port=server.ports.old) as connection:
        assert connection.capabilities.size is None
        (result,) = (await connection.deliver(envelope("anna@example.test"), message)).results
        assert (result.step, result.accepted) == (Step.MESSAGE, False)
        assert str(result.reply).startswith("552 5.3.4 ")
        assert connection.is_usable


@pytest.mark.parametrize(
    ("to", "name", "obstacle"),
    [
        ("anna@example.test", "eight bit", Obstacle.EIGHT_BIT),
        ("jürgen@example.test", "plain", Obstacle.UTF8),
        ("anna@example.test", "lone dots", None),
    ],
)
async def test_a_server_without_extensions(server: Postfix, to: str, name: str, obstacle: Obstacle | None) -> None:
    """What only an extension carries is not sent; the rest goes as it did in 1982."""
    settings = ClientSettings(prefer_chunking=True)
    sent = replace(envelope(to), returned=Returned.FULL, identifier="x", body=Body.SEVEN_BIT)
    async with connected(server, settings=settings, port=server.ports.old) as connection:
        transaction = await connection.deliver(sent, Content.of(MESSAGES[name]))
    assert transaction.obstacle is obstacle
    if obstacle is None:
        assert await arrived(server) == MESSAGES[name]


async def test_an_address_in_utf8(server: Postfix) -> None:
    """RFC 6531: on both sides of the envelope and in the header."""
    message = "From: Jürgen <jürgen@sender.test>\r\nSubject: Grüße\r\n\r\nSchöne Grüße\r\n".encode()
    sent = envelope("jürgen@example.test", sender="jürgen@sender.test")
    async with connected(server) as connection:
        transaction = await connection.deliver(sent, Content.of(message))
    assert transaction.results[0].accepted
    octets = await until(lambda: server.take("jürgen"))
    assert octets.startswith("Return-Path: <jürgen@sender.test>\n".encode())
    assert from_maildir(octets) == message


async def test_a_report_of_success(server: Postfix) -> None:
    """RFC 3461: what was asked for comes back, with the words that we gave it."""
    to = Recipient(Address.parse("anna@example.test"), frozenset({Notify.SUCCESS}), "rfc822;first+one=x@example.test")
    sent = replace(
        envelope(sender="bert@example.test"), recipients=(to,), returned=Returned.HEADERS, identifier="id +=1"
    )
    async with connected(server) as connection:
        assert (await connection.deliver(sent, Content.of(MESSAGES["plain"]))).results[0].accepted
    assert await arrived(server) == MESSAGES["plain"]
    report = await until(lambda: server.take("bert"))
    assert b"\nOriginal-Envelope-Id: id +=1\n" in report
    assert b"\nOriginal-Recipient: rfc822;first+one=x@example.test\n" in report
    assert b"\nAction: delivered\n" in report
    assert b"\nHello\n" not in report


# ---------------------------------------------------------------------------------------------------------- our server


class Inbox(Application):
    """Takes every message."""

    def __init__(self, taken: list[MessageGiven]) -> None:
        self._taken = taken

    def message(self, event: MessageGiven) -> None:
        self._taken.append(event)


@asynccontextmanager
async def receiving(
    listener: Listener, settings: ServerSettings = SETTINGS
) -> AsyncIterator[tuple[int, list[MessageGiven]]]:
    """Run our server; hand out its port, and what it takes."""
    taken: list[MessageGiven] = []
    receiver = await serve(lambda _: Inbox(taken), settings, listener)
    try:
        yield receiver.addresses[0][1], taken
    finally:
        await receiver.close(grace=1)


def relay_listener(server: Postfix, domain: str) -> Listener:
    """Return where Postfix relays the mail for a domain to."""
    if domain == "plain.test":
        return Listener(port=server.ports.relay_plain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.authority.issue_cert(HOST).configure_cert(context)
    return Listener(port=server.ports.relay_tls, ssl_context=context)


@pytest.mark.parametrize("domain", ["plain.test", "tls.test"])
@pytest.mark.parametrize("name", MESSAGES)
async def test_postfix_relays_to_our_server(server: Postfix, name: str, domain: str) -> None:
    """From our client by Postfix to our server, in clear and under TLS: octets and envelope are the same."""
    to = Recipient(Address.parse(f"x@{domain}"), frozenset({Notify.FAILURE, Notify.DELAY}), "rfc822;y+z=@sender.test")
    sent = replace(envelope(), recipients=(to,), returned=Returned.FULL, identifier="id=+7")
    async with receiving(relay_listener(server, domain)) as (_, taken):
        async with connected(server) as connection:
            assert (await connection.deliver(sent, Content.of(MESSAGES[name]))).results[0].accepted
        await until(lambda: taken)
    (event,) = taken
    assert without_trace(event.content) == whole(MESSAGES[name])
    body = Body.EIGHT_BIT if name == "eight bit" else event.envelope.body
    assert event.envelope == replace(sent, size=event.envelope.size, body=body)


@pytest.mark.parametrize("domain", ["plain.test", "tls.test"])
async def test_postfix_relays_utf8(server: Postfix, domain: str) -> None:
    """SMTPUTF8 in both directions; the ORCPT that Postfix adds, as xtext of the type rfc822, bounces nothing."""
    sent = envelope(f"jürgen@{domain}", sender="jürgen@sender.test")
    async with receiving(relay_listener(server, domain)) as (_, taken):
        async with connected(server) as connection:
            assert (await connection.deliver(sent, Content.of(MESSAGES["eight bit"]))).results[0].accepted
        await until(lambda: taken)
    (event,) = taken
    address = sent.recipients[0].address
    assert event.envelope.smtputf8
    assert event.envelope.recipients == (Recipient(address, original=f"utf-8;{address}"),)
    assert event.envelope.reverse_path == sent.reverse_path
    assert without_trace(event.content) == MESSAGES["eight bit"]


@pytest.mark.parametrize(
    ("options", "settings", "recipients"),
    [
        ("", ServerSettings(HOST), 1),
        ("-d", ServerSettings(HOST), 1),
        ("-d -r 5", ServerSettings(HOST), 5),
        ("-L", ServerSettings(HOST, role=Role.LMTP), 1),
        ("-L -r 5", ServerSettings(HOST, role=Role.LMTP), 5),
    ],
)
async def test_smtp_source(options: str, settings: ServerSettings, recipients: int) -> None:
    """Postfix's own load: four sessions at once, twenty messages, each taken whole."""
    source = program("smtp-source", "postfix")
    async with receiving(Listener(), settings) as (port, taken):
        load = ("-m", "20", "-s", "4", "-l", "4000", f"inet:127.0.0.1:{port}")
        assert await run(source, *options.split(), *load) == (0, "")
    assert len(taken) == 20
    assert {len(event.envelope.recipients) for event in taken} == {recipients}
    assert all(event.size >= 4_000 for event in taken)


async def test_smtp_source_without_hello() -> None:
    """RFC 5321 4.1.4: a client that says no HELO, as smtp-source -o does, is told so and delivers nothing."""
    source = program("smtp-source", "postfix")
    async with receiving(Listener()) as (port, taken):
        code, said = await run(source, "-o", f"inet:127.0.0.1:{port}")
    assert code == 1
    assert "sender rejected: 503 5.5.1 " in said
    assert taken == []


async def run(*command: str) -> tuple[int | None, str]:
    """Run a program that ends by itself; return its exit code and what it complained about."""
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    return process.returncode, said.decode(errors="replace")
