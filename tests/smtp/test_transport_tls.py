"""TLS of the client: what each policy demands, and what is told of certificates and handshakes that are wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
import uvloop

from mailwright.dns.answer import Tlsa
from mailwright.lab.clock import VirtualClock
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client_options import ConnectOptions, Target
from mailwright.smtp.content import Content
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transcript import Step
from mailwright.smtp.transcript_json import parse_transcript, transcript_json
from mailwright.smtp.transport import connect
from mailwright.smtp.trouble import (
    ConnectionLost,
    NoAnswer,
    ProtocolBroken,
    ServerRefused,
    SmtpTrouble,
    TlsProblem,
    TlsTrouble,
    tls_problem,
)
from tests.smtp.scripted import Peer, serving, to

VERIFY = TlsPolicy(TlsMode.VERIFY)
REQUIRED = TlsPolicy(TlsMode.REQUIRED)
IMPLICIT = TlsPolicy(TlsMode.VERIFY, implicit=True)
RECORDS = (Tlsa(3, 1, 1, b"x" * 32),)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for certificates here."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its certificate, in a file."""
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def served_by(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def valid(authority: trustme.CA) -> ssl.SSLContext:
    """A server with a certificate for mx.test."""
    return served_by(authority.issue_cert("mx.test", "127.0.0.1"))


async def try_tls(target: Target, policy: TlsPolicy, ca_file: str, **options: object) -> SmtpTrouble | None:
    """Connect and say goodbye; return the trouble."""
    try:
        async with await connect(target, ConnectOptions("me.test", policy=policy, ca_file=ca_file, **options)):  # type: ignore[arg-type] # each caller's own
            return None
    except SmtpTrouble as trouble:
        return trouble


def under_starttls(context: ssl.SSLContext) -> Callable[[Peer], Awaitable[None]]:
    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS", "XCLEAR")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.secure(context)
        await peer.hello("PIPELINING")
        await peer.goodbye()

    return play


async def whole_session(valid: ssl.SSLContext, ca_file: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS", "XCLEAR")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.secure(valid)
        await peer.hello("PIPELINING")
        await peer.envelope(1)
        await peer.message()
        await peer.say("250 queued")
        await peer.goodbye()

    async with serving(play) as target:
        options = ConnectOptions("me.test", policy=VERIFY, ca_file=ca_file)
        async with await connect(target, options) as connection:
            assert connection.is_verified
            assert connection.capabilities.others == ("XEND",)
            transaction = await connection.deliver(to("b@b.test"), Content([b"x" * 998 + b"\r\n"] * 1_000, 1_000_000))
            assert transaction.accepted
        facts = connection.tls
        assert facts is not None
        assert (facts.version, facts.verified, facts.why) == ("TLSv1.3", True, "certificate authority")
        assert facts.certificate is not None
        assert facts.certificate.names == ("mx.test", "127.0.0.1")
        assert facts.certificate.not_before < datetime.now(UTC) < facts.certificate.not_after
        assert len(connection.chain) == 1
        assert parse_transcript(transcript_json(connection.transcript)) == connection.transcript


async def test_a_session_under_tls(valid: ssl.SSLContext, ca_file: str) -> None:
    """STARTTLS, a verified certificate, EHLO anew, a message."""
    await whole_session(valid, ca_file)


def test_a_session_under_tls_with_uvloop(valid: ssl.SSLContext, ca_file: str) -> None:
    """The same on the other event loop."""
    uvloop.run(whole_session(valid, ca_file))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_implicit_tls(loop: str, valid: ssl.SSLContext, ca_file: str) -> None:
    """The banner comes under TLS."""

    async def play(peer: Peer) -> None:
        await peer.secure(valid)
        await peer.greet()
        await peer.goodbye()

    async def session() -> SmtpTrouble | None:
        async with serving(play) as target:
            return await try_tls(target, IMPLICIT, ca_file)

    assert (asyncio.run(session()) if loop == "asyncio" else uvloop.run(session())) is None


def wrong(authority: trustme.CA, kind: str) -> ssl.SSLContext:
    """A server whose certificate is wrong in one way."""
    now = datetime.now(UTC)
    match kind:
        case "expired":
            return served_by(authority.issue_cert("mx.test", not_after=now - timedelta(days=1)))
        case "not yet valid":
            later = now + timedelta(days=2)
            return served_by(authority.issue_cert("mx.test", not_before=later, not_after=later + timedelta(days=9)))
        case "wrong name":
            return served_by(authority.issue_cert("other.test"))
        case _:
            return served_by(trustme.CA().issue_cert("mx.test"))


FAULTS = [
    ("expired", TlsProblem.EXPIRED, "expired"),
    ("not yet valid", TlsProblem.NOT_YET_VALID, "not valid before"),
    ("wrong name", TlsProblem.WRONG_NAME, "issued for other.test, not for mx.test"),
    ("untrusted", TlsProblem.UNTRUSTED, ""),
]


@pytest.mark.parametrize(("kind", "problem"), [fault[:2] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_is_wrong_is_told_by_verify(
    loop: str, kind: str, problem: TlsProblem, authority: trustme.CA, ca_file: str
) -> None:
    """Each fault has its word, and nothing was sent before it was found."""
    context = wrong(authority, kind)
    heard: list[str] = []

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        try:
            await peer.secure(context)
        except ssl.SSLError:
            return
        heard.append((await peer.reader.read()).decode())

    async def session() -> SmtpTrouble | None:
        async with serving(play) as target:
            return await try_tls(target, VERIFY, ca_file)

    trouble = asyncio.run(session()) if loop == "asyncio" else uvloop.run(session())
    assert isinstance(trouble, TlsTrouble)
    assert (trouble.problem, trouble.step) == (problem, Step.TLS)
    assert "".join(heard) == ""
    assert trouble.transcript is not None
    assert trouble.transcript.failed == len(trouble.transcript.entries) - 1


@pytest.mark.parametrize(("kind", "said"), [fault[::2] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
async def test_what_is_wrong_is_told_where_it_does_not_matter(
    kind: str, said: str, authority: trustme.CA, ca_file: str
) -> None:
    """The policy lets it pass; the facts still say what anybody could see."""
    play = under_starttls(wrong(authority, kind))
    options = ConnectOptions("me.test", policy=REQUIRED, ca_file=ca_file)
    async with serving(play) as target, await connect(target, options) as connection:
        facts = connection.tls
    assert facts is not None
    assert not facts.verified
    assert facts.why.startswith("not asked for by the policy required")
    assert said in facts.why


def old_server(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Serve one connection as programs that are not asyncio's do: a handshake that fails is told to the client."""
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"220 mx.test\r\n")
        connection.recv(1_000)
        connection.sendall(b"250-mx.test\r\n250 STARTTLS\r\n")
        connection.recv(1_000)
        connection.sendall(b"220 go\r\n")
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("policy", [TlsPolicy(), VERIFY], ids=["opportunistic", "verify"])
async def test_a_server_that_knows_only_old_versions(policy: TlsPolicy, authority: trustme.CA, ca_file: str) -> None:
    """Versions before 1.2 are not used (RFC 8996), and the trouble says that it is this."""
    context = served_by(authority.issue_cert("mx.test"))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving_it = asyncio.create_task(asyncio.to_thread(old_server, listener, context))
        trouble = await try_tls(Target("mx.test", "127.0.0.1", listener.getsockname()[1]), policy, ca_file)
        await serving_it
    assert isinstance(trouble, TlsTrouble)
    assert trouble.problem is TlsProblem.OLD_VERSION


@pytest.mark.parametrize(
    "policy",
    [
        TlsPolicy(TlsMode.VERIFY, names=("other.test",)),
        TlsPolicy(TlsMode.VERIFY, names=("nobody.test", "mx.test")),
    ],
    ids=["only another name", "one of several"],
)
async def test_the_names_of_the_policy_count(policy: TlsPolicy, valid: ssl.SSLContext, ca_file: str) -> None:
    """And not the host's own where there are some."""
    async with serving(under_starttls(valid)) as target:
        trouble = await try_tls(target, policy, ca_file)
    assert (trouble is None) is ("mx.test" in policy.names)


async def test_an_address_is_verified_where_no_name_is_known(valid: ssl.SSLContext, ca_file: str) -> None:
    """The certificate names it."""
    async with serving(under_starttls(valid)) as target:
        assert await try_tls(Target("", target.address, target.port), VERIFY, ca_file) is None


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (TlsPolicy(), None),
        (TlsPolicy(TlsMode.NONE), None),
        (REQUIRED, TlsProblem.NOT_OFFERED),
        (VERIFY, TlsProblem.NOT_OFFERED),
        (TlsPolicy(TlsMode.NONE, tlsa=RECORDS), TlsProblem.NOT_OFFERED),
    ],
    ids=["opportunistic", "none", "required", "verify", "DANE"],
)
async def test_starttls_that_is_not_offered(policy: TlsPolicy, problem: TlsProblem | None, ca_file: str) -> None:
    """Only policies that demand TLS mind."""

    async def play(peer: Peer) -> None:
        await peer.greet()
        if problem is None:
            await peer.goodbye()
        else:
            await peer.reader.read()

    async with serving(play) as target:
        trouble = await try_tls(target, policy, ca_file)
    assert (trouble.problem if isinstance(trouble, TlsTrouble) else trouble) == problem


async def test_tls_that_is_not_wanted_is_not_begun(ca_file: str) -> None:
    """Though it is offered."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.goodbye()

    async with serving(play) as target:
        assert await try_tls(target, TlsPolicy(TlsMode.NONE), ca_file) is None


@pytest.mark.parametrize("policy", [TlsPolicy(), REQUIRED], ids=["opportunistic", "required"])
async def test_starttls_that_is_refused(policy: TlsPolicy, ca_file: str) -> None:
    """Opportunistic goes on in clear, required does not."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("454 4.7.0 not available")
        await peer.goodbye()

    async with serving(play) as target:
        trouble = await try_tls(target, policy, ca_file)
    if policy is REQUIRED:
        assert isinstance(trouble, ServerRefused)
        assert (trouble.step, trouble.reply.code) == (Step.STARTTLS, 454)
    else:
        assert trouble is None


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"500 what is this?\r\n", TlsTrouble),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsTrouble),
        (b"", TlsTrouble),
    ],
    ids=["SMTP", "HTTP", "closed"],
)
def test_a_handshake_that_is_none(loop: str, answer: bytes, expected: type[SmtpTrouble], ca_file: str) -> None:
    """The server says yes and then speaks no TLS."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.reader.read(100)
        peer.writer.write(answer)
        await peer.writer.drain()
        if answer:
            await peer.reader.read()

    async def session() -> SmtpTrouble | None:
        async with serving(play) as target:
            return await try_tls(target, TlsPolicy(), ca_file)

    trouble = asyncio.run(session()) if loop == "asyncio" else uvloop.run(session())
    assert isinstance(trouble, expected)
    assert trouble.step is Step.TLS
    if isinstance(trouble, TlsTrouble):
        assert trouble.problem is (TlsProblem.PLAINTEXT_ANSWER if answer else TlsProblem.HANDSHAKE)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_plain_banner_where_tls_is_expected(loop: str, ca_file: str) -> None:
    """The wrong port; the banner is never taken for one."""

    async def play(peer: Peer) -> None:
        await peer.say("220 mx.test ESMTP")
        await peer.reader.read()

    async def session() -> SmtpTrouble | None:
        async with serving(play) as target:
            return await try_tls(target, IMPLICIT, ca_file)

    trouble = asyncio.run(session()) if loop == "asyncio" else uvloop.run(session())
    assert isinstance(trouble, TlsTrouble)
    assert trouble.problem is TlsProblem.PLAINTEXT_ANSWER


async def test_a_handshake_that_does_not_end_is_given_up(ca_file: str) -> None:
    """After its limit, by the clock."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.reader.read()

    async with serving(play) as target:
        with pytest.raises(NoAnswer) as caught:
            await connect(target, ConnectOptions("me.test", ca_file=ca_file), VirtualClock(quiet=0.01))
    assert (caught.value.step, caught.value.seconds) == (Step.TLS, 30)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_was_injected_before_the_handshake_is_never_read_under_tls(
    loop: str, valid: ssl.SSLContext, ca_file: str
) -> None:
    """A reply to EHLO in clear, in one piece with the reply to STARTTLS."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go", "250-mx.evil", "250 AUTH PLAIN")
        await peer.secure(valid)

    async def session() -> SmtpTrouble | None:
        async with serving(play) as target:
            return await try_tls(target, REQUIRED, ca_file)

    trouble = asyncio.run(session()) if loop == "asyncio" else uvloop.run(session())
    assert isinstance(trouble, ProtocolBroken)


async def test_what_was_injected_after_the_reply_breaks_the_handshake(ca_file: str) -> None:
    """In a piece of its own it is the handshake's to read, which it cannot."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.reader.read(1)
        await peer.say("250-mx.evil", "250 AUTH PLAIN")
        await peer.reader.read()

    async with serving(play) as target:
        trouble = await try_tls(target, REQUIRED, ca_file)
    assert isinstance(trouble, TlsTrouble)


@pytest.mark.parametrize("fault", [None, "no record matches"])
async def test_tlsa_records_decide_instead_of_authorities(fault: str | None, ca_file: str) -> None:
    """A certificate that no authority knows, compared with the records by the caller."""
    seen: list[tuple[bytes, ...]] = []

    def check(chain: tuple[bytes, ...]) -> str | None:
        seen.append(chain)
        return fault

    context = served_by(trustme.CA().issue_cert("anything.test"))
    policy = TlsPolicy(TlsMode.VERIFY, tlsa=RECORDS)

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.secure(context)
        if fault is None:
            await peer.hello()
            await peer.goodbye()
        else:
            assert await peer.reader.read() == b""

    async with serving(play) as target:
        trouble = await try_tls(target, policy, ca_file, check_chain=check)
    assert len(seen[0]) == 1
    assert (trouble.problem if isinstance(trouble, TlsTrouble) else trouble) == (TlsProblem.DANE if fault else None)


async def test_tlsa_records_that_nobody_compares_are_no_proof(valid: ssl.SSLContext, ca_file: str) -> None:
    """Rather no delivery than an unproven one."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.secure(valid)
        await peer.reader.read()

    async with serving(play) as target:
        trouble = await try_tls(target, TlsPolicy(tlsa=RECORDS), ca_file)
    assert isinstance(trouble, TlsTrouble)


async def test_requiretls_is_sent_where_the_certificate_is_proven(valid: ssl.SSLContext, ca_file: str) -> None:
    """And is an obstacle elsewhere."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS", "REQUIRETLS")
        await peer.hear("STARTTLS")
        await peer.say("220 go")
        await peer.secure(valid)
        await peer.hello("REQUIRETLS")
        await peer.hear("MAIL FROM:<> REQUIRETLS")
        await peer.say("550 no")
        await peer.goodbye()

    recipients: tuple[Recipient, ...] = to("b@b.test").recipients
    options = ConnectOptions("me.test", policy=VERIFY, ca_file=ca_file)
    async with serving(play) as target, await connect(target, options) as connection:
        transaction = await connection.deliver(Envelope(None, recipients, require_tls=True), Content.of(b"x\r\n"))
    assert transaction.obstacle is None


async def test_a_connection_that_is_closed_before_the_handshake_is_lost(ca_file: str) -> None:
    """Not a fault of TLS that anybody could mend."""

    async def play(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")

    async with serving(play) as target:
        trouble = await try_tls(target, REQUIRED, ca_file)
    assert isinstance(trouble, ConnectionLost)
    assert trouble.step is Step.STARTTLS


@pytest.mark.parametrize(
    ("reason", "code", "problem"),
    [
        ("WRONG_VERSION_NUMBER", None, TlsProblem.PLAINTEXT_ANSWER),
        ("TLSV1_ALERT_PROTOCOL_VERSION", None, TlsProblem.OLD_VERSION),
        ("UNSUPPORTED_PROTOCOL", 0, TlsProblem.OLD_VERSION),
        ("CERTIFICATE_VERIFY_FAILED", 10, TlsProblem.EXPIRED),
        ("CERTIFICATE_VERIFY_FAILED", 9, TlsProblem.NOT_YET_VALID),
        ("CERTIFICATE_VERIFY_FAILED", 18, TlsProblem.UNTRUSTED),
        ("CERTIFICATE_VERIFY_FAILED", 62, TlsProblem.WRONG_NAME),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", None, TlsProblem.HANDSHAKE),
        ("", None, TlsProblem.HANDSHAKE),
    ],
)
def test_openssls_reasons_have_our_words(reason: str, code: int | None, problem: TlsProblem) -> None:
    """By code where there is one, else by the reason's name."""
    assert tls_problem(reason, code) is problem
