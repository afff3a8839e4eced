"""Stages from files: what they say, what runs, and what our own delivery makes of every scene that ships."""

from __future__ import annotations

import asyncio
import random
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from mailwright.deliver.attempt import Job, Way
from mailwright.deliver.direct import DirectWay, send_direct
from mailwright.deliver.outcome import Delivery, Outcome
from mailwright.dns.answer import Kind, Question, RecordType
from mailwright.dns.pool import ResolverPool
from mailwright.dns.routing import RoutingOptions
from mailwright.lab.clock import VirtualClock
from mailwright.lab.script import End
from mailwright.lab.stage import Stage
from mailwright.lab.stage_file import HostScene, StageFault, load_scenes, read_entry, read_scenes
from mailwright.lab.wire import OffScript
from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.content import Content
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transport import ConnectOptions

SCENES = Path(__file__).parents[2] / "examples" / "lab" / "scenes.toml"
MAIL = b"From: me@sender.test\r\nSubject: x\r\n\r\nHello\r\n"


async def send(stage: Stage, clock: VirtualClock, domain: str, content: bytes, mode: TlsMode) -> Outcome:
    """Send one message to anna at ``domain`` of a stage, and return what became of it."""
    recipients = (Recipient(Address.parse(f"anna@{domain}")),)
    delivery = Delivery(recipients)
    options = ConnectOptions("sender.test", policy=TlsPolicy(mode), ca_file=stage.authority_file)
    async with ResolverPool((stage.resolver,), clock=clock) as resolver:
        direct = DirectWay(
            Way(options, clock), resolver, random.SystemRandom(), RoutingOptions(private=True), stage.port
        )
        await send_direct(
            Job(Envelope(Address.parse("me@sender.test"), recipients), Content.of(content)), direct, delivery
        )
    (outcome,) = delivery.outcomes
    return outcome


BIG = MAIL + b"x" * 990 + b"\r\n"
TOLD = {
    "accepted.test": ("accepted", "handed-on"),
    "unknown.test": ("refused", "address-unknown"),
    "unknown-gbk.test": ("refused", "address-unknown"),
    "grey.test": ("later", "greylisted"),
    "tls-broken.test": ("accepted", "handed-on"),
    "silent.test": ("later", "connection-timeout"),
    "refused.test": ("later", "connection-refused"),
    "filtered.test": ("later", "connection-timeout"),
    "full.test": ("later", "mailbox-full"),
    "big.test": ("accepted", "handed-on"),
    "seven-bit.test": ("accepted", "handed-on"),
    "spam.test": ("refused", "spam-content"),
    "two-hosts.test": ("accepted", "handed-on"),
    "garbage.test": ("refused", "connection-intercepted"),
    "drops.test": ("unknown", "acceptance-unknown"),
    "rate.test": ("later", "rate-limited"),
    "expired-cert.test": ("accepted", "handed-on"),
    "null-mx.test": ("refused", "domain-no-mail"),
    "servfail.test": ("later", "dns-temporary"),
    "missing.test": ("refused", "domain-unknown"),
}


@pytest.mark.parametrize("domain", TOLD)
async def test_every_scene_is_told_for_what_it_is(domain: str) -> None:
    """Fate and cause of a plain message; what is accepted has arrived."""
    clock = VirtualClock(quiet=0.02)
    async with Stage.load(SCENES, clock=clock) as stage:
        outcome = await send(stage, clock, domain, MAIL, TlsMode.OPPORTUNISTIC)
        assert (outcome.fate.value, outcome.report.diagnosis.cause.id) == TOLD[domain]
        arrived = [one.content for one in stage.messages(f"ANNA@{domain}")]
        assert arrived == ([MAIL] if TOLD[domain][0] == "accepted" else [])


@pytest.mark.parametrize(
    ("domain", "content", "mode", "fate", "cause"),
    [
        ("accepted.test", MAIL, TlsMode.VERIFY, "accepted", "handed-on"),
        ("expired-cert.test", MAIL, TlsMode.VERIFY, "later", "certificate-expired"),
        ("tls-broken.test", MAIL, TlsMode.REQUIRED, "later", "tls-failed"),
        ("big.test", BIG, TlsMode.NONE, "refused", "message-too-big"),
        ("seven-bit.test", MAIL + b"\xc3\xa9\r\n", TlsMode.NONE, "refused", "eight-bit-unsupported"),
    ],
)
async def test_scenes_that_need_a_certain_message_or_policy(
    domain: str, content: bytes, mode: TlsMode, fate: str, cause: str
) -> None:
    """Verified certificates, demanded TLS, large messages and 8-bit ones."""
    clock = VirtualClock(quiet=0.02)
    async with Stage.load(SCENES, clock=clock) as stage:
        outcome = await send(stage, clock, domain, content, mode)
        assert (outcome.fate.value, outcome.report.diagnosis.cause.id) == (fate, cause)


async def test_greylisting_passes_later() -> None:
    """The second message after a minute is accepted."""
    clock = VirtualClock(quiet=0.02)
    async with Stage.load(SCENES, clock=clock) as stage:
        fates = []
        for _ in range(2):
            fates.append((await send(stage, clock, "grey.test", MAIL, TlsMode.NONE)).fate.value)
            await clock.sleep(61)
        assert fates == ["later", "accepted"]


def test_all_scenes_are_tried() -> None:
    """A scene without a row here would prove nothing."""
    scenes = load_scenes(SCENES)
    domains = {domain for host in scenes.hosts for domain in host.mail_for} | set(scenes.names) | {"missing.test"}
    assert domains == set(TOLD)


# ------------------------------------------------------------------------------------------------------------- running

ONE = """
[hosts."MX.example.test"]
mail_for = ["Example.test", "other.test"]
"""


async def test_smtplib_and_the_resolver_find_the_stage() -> None:
    """By the host's address and the one port; messages are found by recipient."""
    async with Stage.read(ONE) as stage:
        host = stage.host("mx.example.test")
        assert (host.address, host.port) == ("127.0.0.2", stage.port)
        async with ResolverPool((stage.resolver,)) as resolver:
            answer = await resolver.resolve(Question("other.test", RecordType.MX))
            assert [str(record.exchange) for record in answer.records] == ["mx.example.test"]  # type: ignore[union-attr]

        def talk() -> dict[str, tuple[int, bytes]]:
            with smtplib.SMTP(host.address, host.port, local_hostname="me.test", timeout=30) as client:
                return client.sendmail("", ["a@example.test", "b@other.test"], MAIL)

        assert await asyncio.to_thread(talk) == {}
        assert [one.sender for one in stage.messages("b@OTHER.test")] == [""]
        assert stage.messages("c@example.test") == []
        with pytest.raises(KeyError):
            stage.host("mx.missing.test")


async def test_stages_run_side_by_side() -> None:
    """The same addresses, each stage on a port of its own, and what arrives stays apart."""
    async with Stage.load(SCENES) as one, Stage.load(SCENES) as other:
        assert one.port != other.port
        assert one.resolver != other.resolver
        clock = VirtualClock(quiet=0.02)
        await send(one, clock, "accepted.test", MAIL, TlsMode.VERIFY)
        assert (len(one.messages("anna@accepted.test")), other.messages("anna@accepted.test")) == (1, [])
        files = [Path(stage.authority_file) for stage in (one, other)]
        assert all(file.is_file() for file in files)
    assert not any(file.exists() for file in files)


async def test_a_taken_port_leaves_nothing_behind() -> None:
    """A given port that is taken at one address is told with the host, and the others are given back."""
    text = ONE + '[hosts."mx.second.test"]\n'
    with socket.create_server(("127.0.0.3", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use") as raised:
            async with Stage.read(text, port=port):
                pass
        assert raised.value.filename == f"mx.second.test (127.0.0.3:{port})"
    async with Stage.read(text, port=port) as stage:
        assert stage.port == port


async def test_a_script_that_is_left_is_told_at_the_end() -> None:
    """As with a host alone."""

    async def misspeak() -> None:
        async with Stage.read("[hosts.mx]\nscript = '''\nS: 220 hello\nC: EHLO *\n'''") as stage:
            reader, writer = await asyncio.open_connection(stage.host("mx").address, stage.port)
            writer.write(b"HELO me\r\n")
            assert await reader.read() == b"220 hello\r\n"
            writer.close()

    with pytest.raises(OffScript, match="HELO"):
        await misspeak()


@pytest.mark.parametrize(
    ("quality", "complaint"),
    [("valid", ""), ("expired", "expired"), ("other-name", "Hostname mismatch"), ("self-signed", "self-signed")],
)
async def test_certificates_are_as_they_should_be(quality: str, complaint: str) -> None:
    """What OpenSSL says of each, trusting the stage's authority."""
    text = f'[hosts."mx.example.test"]\ntls = "implicit"\ncertificate = "{quality}"'
    async with Stage.read(text) as stage:
        trusting = ssl.create_default_context(cafile=stage.authority_file)
        # As strict as later Pythons are by themselves (RFC 5280).
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
        heard = b""
        said = ""
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.2", stage.port, ssl=trusting, server_hostname="mx.example.test"
            )
            heard = await reader.readline()
            writer.close()
            await writer.wait_closed()
        except ssl.SSLCertVerificationError as error:
            said = error.verify_message
        assert complaint in said
        assert heard.startswith(b"220 ") is not bool(complaint)


# ------------------------------------------------------------------------------------------------------------- reading


def only_host(text: str) -> HostScene:
    (host,) = read_scenes(text).hosts
    return host


def test_addresses_are_given_in_order_around_those_written() -> None:
    """A host without an address never takes one that another has."""
    text = '[hosts.a]\n[hosts.b]\naddress = "127.0.0.2"\n[hosts.c]\naddress = "127.1.2.3"\n[hosts.d]\n'
    assert [host.address for host in read_scenes(text).hosts] == ["127.0.0.3", "127.0.0.2", "127.1.2.3", "127.0.0.4"]


@pytest.mark.parametrize(
    ("text", "name", "kind", "expected"),
    [
        (ONE, "example.test", RecordType.MX, "Mx(preference=10, exchange='mx.example.test')"),
        (ONE, "mx.example.test", RecordType.A, "127.0.0.2"),
        (ONE + '[dns]\n"example.test" = ["TXT x"]', "example.test", RecordType.MX, "Mx(preference=10"),
        (ONE + '[dns]\n"Example.test." = ["MX 5 a.test"]', "example.test", RecordType.MX, "Mx(preference=5"),
        (ONE + '[dns]\n"mx.example.test" = ["A 127.0.0.9"]', "mx.example.test", RecordType.A, "127.0.0.9"),
    ],
    ids=["mx", "a", "beside", "in-place-of-mx", "in-place-of-a"],
)
def test_hosts_are_in_dns_unless_it_says_otherwise(text: str, name: str, kind: RecordType, expected: str) -> None:
    """Records of the file take the place of those of their type, and stand beside the others."""
    answer = read_scenes(text).table().answer(Question(name, kind))
    assert len(answer.records) == 1
    assert str(answer.records[0]).startswith(expected)


def test_one_word_is_the_answer_to_all_questions() -> None:
    """Also for a name that hosts take mail for."""
    table = read_scenes(ONE + '[dns]\n"example.test" = "TIMEOUT"').table()
    assert table.answer(Question("example.test", RecordType.MX)).kind is Kind.TIMEOUT


def test_behaviours_and_scripts() -> None:
    """What is played, and who needs a certificate."""
    assert only_host('[hosts.a]\nbehaviour = "silent"').play == (End.SILENT,)
    assert only_host('[hosts.a]\nbehaviour = "filtered"').play is None
    assert only_host("[hosts.a]\nscript = 'drop'").quality is None
    assert only_host("[hosts.a]\nscript = 'starttls ok'").quality == "valid"
    assert only_host('[hosts.a]\ntls = "broken"').quality is None
    assert only_host('[hosts.a]\ntls = "starttls"').quality == "valid"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ': hosts: there is nothing in the file; write a host such as [hosts."mx.example.test"]'),
        ("[host.a]", ": host: there is no such key; did you mean hosts?"),
        ("[zones]", ": zones: there is no such key; there are hosts, dns"),
        ("hosts = 3", ": hosts: write it as a table: [hosts]"),
        ("[hosts.mx.example.test]", ": hosts.mx.example: there is no such key; there are"),
        ("[hosts]\na = 1", ': hosts.a: this is no host; write [hosts."mx.example.test"], the name in quotes'),
        ('[hosts."a b"]', ": hosts.a b: this is no host; write"),
        ('[hosts."a.test"]\nbehavior = "silent"', ': hosts."a.test".behavior: there is no such key; did you mean beh'),
        ('[hosts.a]\nbehaviour = "sleepy"', ": hosts.a.behaviour: 'sleepy' is none of accept, refused, filtered, sil"),
        ('[hosts.a]\nbehaviour = "script"', ": hosts.a.script: there is no script; write one as"),
        ('[hosts.a]\nbehaviour = "silent"\nreplies = {}', ": hosts.a.replies: there is no such key; there are"),
        ('[hosts.a]\naddress = "192.0.2.1"', ": hosts.a.address: 192.0.2.1 is no address on this machine; write one"),
        ('[hosts.a]\naddress = "mx"', ": hosts.a.address: mx is no address on this machine"),
        ("[hosts.a]\naddress = 127", ': hosts.a.address: write it as "127.0.0.2"'),
        (
            '[hosts.a]\naddress = "127.0.0.9"\n[hosts.b]\naddress = "127.0.0.9"',
            ": hosts.b.address: 127.0.0.9 belongs to another host; give each its own",
        ),
        ('[hosts.a]\nmail_for = "a.test"', ': hosts.a.mail_for: write it as ["example.test"]'),
        ("[hosts.a]\nmail_for = [1]", ': hosts.a.mail_for: write it as ["example.test"]'),
        ('[hosts.a]\nmail_for = ["a b"]', ": hosts.a.mail_for: 'a b' is no domain; write it as example.test"),
        ("[hosts.a]\npreference = 65536", ": hosts.a.preference: 65536 is not from 0 to 65535"),
        ("[hosts.a]\npreference = true", ": hosts.a.preference: write it as a number such as 10"),
        ("[hosts.a]\nlargest = 0", ": hosts.a.largest: 0 is no number above 0"),
        ("[hosts.a]\ngreylist = -1.5", ": hosts.a.greylist: -1.5 is no number above 0"),
        ("[hosts.a]\ngreylist = nan", ": hosts.a.greylist: nan is no number above 0"),
        ("[hosts.a]\nreplies = {RCPT = 550}", ': hosts.a.replies.RCPT: write an answer such as "550 5.1.1 User'),
        ("[hosts.a]\nreplies = {RCTP = '550 x'}", ": hosts.a.replies: RCTP: keys begin with one of CONNECT"),
        ("[hosts.a]\nreplies = {RCPT = 'no'}", ": hosts.a.replies: RCPT: 'no' is no step; write S: LINE"),
        ("[hosts.a]\nscript = '''\nS: 220 x\nsay'''", ": hosts.a.script: line 2: 'say' is no step; write S: LINE"),
        ("[hosts.a]\ntls = 'maybe'", ": hosts.a.tls: 'maybe' is none of none, starttls, implicit, broken, plaintext"),
        ("[hosts.a]\ncertificate = 'old'", ": hosts.a.certificate: 'old' is none of valid, expired"),
        ("[dns]\n'a.test' = ['A 1.2.3']", ": dns: a.test: 'A 1.2.3': "),
        ("[dns]\n'a.test' = 'NOTHING'", ": dns: a.test: 'NOTHING': none of FOUND"),
        ("[dns]\na.test = ['A 127.0.0.1']", ': dns: a: no list of lines such as "A 127.0.0.2"; write names in quotes'),
        ("[hosts", ": "),
    ],
)
def test_a_fault_names_file_key_and_remedy(text: str, complaint: str) -> None:
    """Everything that can be wrong is told in one line."""
    with pytest.raises(StageFault) as raised:
        read_scenes(text, "stage.toml")
    assert str(raised.value).startswith(f"stage.toml{complaint}")
    assert "\n" not in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """One that is missing, a folder, one that is too large and one that is not UTF-8."""
    (tmp_path / "large").write_bytes(b"#" * (1024 * 1024 + 1))
    (tmp_path / "latin").write_bytes(b"\n# \xe9\n")
    for name, complaint in {
        "missing": "there is no such file",
        ".": "Is a directory",
        "large": "it is larger than 1048576 octets",
        "latin": "line 2: it is not UTF-8; save the file as UTF-8",
    }.items():
        with pytest.raises(StageFault) as raised:
            Stage.load(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name}: {complaint}"


def test_entries_are_read_alone_too() -> None:
    """For other files with DNS tables in them."""
    assert read_entry("a.test", "SERVFAIL") is Kind.SERVFAIL
    assert read_entry("a.test", ["A 127.0.0.1"]) == ["A 127.0.0.1"]
