"""``mailwright send`` and ``trace``: what is wrong with a call, and what is shown of a delivery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mailwright.lab.nameserver import NameServer
from mailwright.smtp.transcript import Step
from tests.cli.conftest import Ran, Run
from tests.deliver.hosts import Host, serving

ZONE = {
    "example.test": ["MX 10 mx.example.test"],
    "mx.example.test": ["A 127.0.0.2"],
    "xn--bcher-kva.test": ["MX 10 mx.example.test"],
    "null.test": ["MX 0 ."],
    "broken.test": ["MX SERVFAIL", "A SERVFAIL", "AAAA SERVFAIL"],
}
SECRET = "correct horse"  # noqa: S105 - nobody's
TO = ("--direct", "--from", "me@sender.test", "--to", "anna@example.test")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-t", "a@b.test"], "choose one: --direct"),
        (["--direct", "--server", "x:25"], "choose one: --direct"),
        (["--direct", "-f", "a@b.test"], "nobody to send to"),
        (["--direct", "-t", "a@b.test"], "no sender"),
        (["--direct", "-f", "a@b.test", "-t", "anna"], "--to anna: there is no @"),
        (["--direct", "-f", "a b@c.test", "-t", "a@b.test"], "--from a b@c.test: there is a space"),
        (["--direct", "-f", "a@b.test", "-t", "a@b.test\r\nDATA"], "--to a@b.test  DATA: there is a space"),
        (["--direct", "-f", "a@b.test", "-t", "c@d.test,a@b..c"], "--to a@b..c: a dot"),
        ([*TO, "-b", "x", "message.eml"], "give a MESSAGE, or make one"),
        ([*TO, "no-such-file.eml"], "no-such-file.eml: there is no such file"),
        ([*TO, "."], ".: Is a directory"),
        ([*TO, "-"], "-: there is nothing in it"),
        ([*TO, "-b", "@no-such-file"], "no-such-file: there is no such file"),
        ([*TO, "-b", "x", "-a", "no-such-file"], "--attach no-such-file: No such file"),
        ([*TO, "-b", "x", "-H", "no colon"], "--header no colon: write it as"),
        ([*TO, "-s", "a\nBcc: eve@b.test"], "--header Subject: there is a line break"),
        ([*TO, "-s", "=?utf-8?q?a=0D=0ABcc:_x@y?="], "--header Subject: there is a line break"),
        ([*TO, "-b", "x", "--helo", "a b"], "--helo a b: write a host name"),
        ([*TO, "-b", "x", "--helo", "a\r\nMAIL FROM:<>"], "--helo a  MAIL FROM:<>: write a host name"),
        ([*TO, "-b", "x", "--envelope-id", "ü"], "--envelope-id ü: write 1 to 100"),
        ([*TO, "-b", "x", "--local-address", "localhost"], "--local-address localhost: this is no IP address"),
        ([*TO, "-b", "x", "-4", "-6"], "-4 and -6 exclude each other"),
        ([*TO, "-b", "x", "--timeout", "nan"], "--timeout: this value cannot be used"),
        ([*TO, "-b", "x", "--ca", "/dev/null"], "--ca /dev/null: "),
        ([*TO, "-b", "x", "--transcript", "/"], "--transcript /: Is a directory"),
        (["--direct", "-f", "postmaster", "-t", "a@b.test", "-b", "x"], "--from postmaster: there is no @"),
        ([*TO, "-b", "x", "--tls", "maybe"], "--tls: this value cannot be used"),
        ([*TO, "-b", "x", "--ca", "no-such-file"], "--ca no-such-file: there is no such file"),
        ([*TO, "-b", "x", "--notify", "never,success"], "--notify never,success: write"),
        ([*TO, "-b", "x", "--resolver", "nonsense"], "--resolver nonsense: write it as"),
        (["--server", "x:99999", "-f", "a@b.test", "-t", "a@b.test", "-b", "x"], "--server x:99999: write it as"),
        (["--server", "x", "-u", "me", "-f", "a@b.test", "-t", "a@b.test", "-b", "x"], "no password; set"),
        (["--server", "x", "-u", "me", "--auth", "GSSAPI", "-f", "<>", "-t", "a@b.test", "-b", "x"], "--auth GSSAPI:"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_call_is_told_in_one_line_and_nothing_is_sent(run: Run, arguments: list[str], complaint: str) -> None:
    """The option, the value and the remedy; exit code 2."""
    ran = run("send", *arguments)
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"mailwright: {complaint}")


@pytest.fixture
async def zone() -> AsyncIterator[NameServer]:
    """A name server that knows ZONE."""
    async with NameServer(ZONE) as server:
        yield server


class Sent:
    """A way to run the command against hosts of the test: all on one port."""

    def __init__(self, run: Run, zone: NameServer, port: int) -> None:
        self._run = run
        self._variables = {
            "MAILWRIGHT_RESOLVER": f"{zone.address}:{zone.port}" if ":" not in zone.address else zone.address,
            "MAILWRIGHT_PORT": str(port),
            "MAILWRIGHT_PRIVATE": "1",
        }

    async def __call__(self, *arguments: str | Path, stdin: bytes = b"", **variables: str) -> Ran:
        """Run ``mailwright send`` beside the test's event loop."""
        return await asyncio.to_thread(self._run, "send", *arguments, stdin=stdin, **(self._variables | variables))


async def test_an_accepted_message_is_told_and_arrives(run: Run, zone: NameServer) -> None:
    """Exit code 0, one line and the server's words; a message from standard input gets what it lacks."""
    host = Host()
    async with serving(("127.0.0.2", host)) as port:
        ran = await Sent(run, zone, port)(*TO, "-", stdin=b"From: me@sender.test\n\nHello\n")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("anna@example.test: accepted (mx.example.test [127.0.0.2]:")
    (taken,) = host.taken
    assert taken[0] == ["anna@example.test"]
    assert taken[1].startswith(b"Date: ")
    assert taken[1].endswith(b"From: me@sender.test\r\n\r\nHello\r\n")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The mailbox does not exist"),
        ("de", "[address-unknown]"),
        ("cs", "[address-unknown]"),
        ("zh", "[address-unknown]"),
    ],
)
async def test_a_refusal_is_explained_in_the_readers_language(
    run: Run, zone: NameServer, language: str, words: str
) -> None:
    """Cause, whose turn and fix, and the server's own words."""
    host = Host(refuses={"anna@example.test": "550 5.1.1 User unknown"})
    async with serving(("127.0.0.2", host)) as port:
        ran = await Sent(run, zone, port)(*TO, "-s", "x", "-b", "y", "--lang", language)
    assert ran.code == 1
    assert words in ran.out
    assert "550 5.1.1 User unknown" in ran.out


async def test_json_is_one_object_a_recipient_by_the_schema(run: Run, zone: NameServer) -> None:
    """Accepted, refused, unknown domain, null MX and failed DNS, in the order of the command line."""
    schema = json.loads(run("send", "--schema").out)
    Draft202012Validator.check_schema(schema)
    host = Host(refuses={"b@example.test": "452 4.2.2 Mailbox full"})
    to = ("a@example.test", "b@example.test", "c@missing.test", "d@null.test", "e@broken.test")
    async with serving(("127.0.0.2", host)) as port:
        ran = await Sent(run, zone, port)("--direct", "-f", "<>", "-t", ",".join(to), "-b", "x", "--json")
    found: list[dict[str, Any]] = [json.loads(line) for line in ran.out.splitlines()]
    assert [fault.message for one in found for fault in Draft202012Validator(schema).iter_errors(one)] == []
    assert [(one["recipient"], one["outcome"], one["report"]["cause"]) for one in found] == [
        (to[0], "accepted", "handed-on"),
        (to[1], "later", "mailbox-full"),
        (to[2], "refused", "domain-unknown"),
        (to[3], "refused", "domain-no-mail"),
        (to[4], "later", "dns-temporary"),
    ]
    assert ran.code == 1


async def test_a_server_that_dns_cannot_tell_is_named(run: Run, zone: NameServer) -> None:
    """What fails is the look-up of the server, not of the recipient's domain."""
    ran = await Sent(run, zone, 1)("--server", "broken.test:25", "-f", "<>", "-t", "a@example.test", "-b", "x")
    assert "[dns-temporary]" in ran.out
    assert "domain broken.test" in ran.out


def test_the_schemas_steps_are_those_of_the_code(run: Run) -> None:
    """A step that the schema lacks fails here."""
    schema = json.loads(run("send", "--schema").out)
    assert set(schema["properties"]["step"]["enum"]) == {*(step.value for step in Step), None}


async def test_a_message_without_from_is_not_sent_unless_asked_for(run: Run, zone: NameServer) -> None:
    """Receivers insist on it (RFC 5322 3.6)."""
    host = Host()
    async with serving(("127.0.0.2", host)) as port:
        sent = Sent(run, zone, port)
        refused = await sent(*TO, "-", stdin=b"Subject: x\r\n\r\nHello\r\n")
        assert (refused.code, host.taken) == (1, [])
        assert "[message-malformed]" in refused.out
        assert (await sent(*TO, "--as-is", "-", stdin=b"Subject: x\r\n\r\nHello\r\n")).code == 0
    assert host.taken[0][1] == b"Subject: x\r\n\r\nHello\r\n"


async def test_the_dialogue_is_shown_saved_and_traced(run: Run, zone: NameServer, tmp_path: Path) -> None:
    """-v shows what DNS and the host say; trace marks where it went wrong, and gives the same JSON back."""
    host = Host(refuses={"anna@example.test": "550 5.1.1 User unknown"})
    saved = tmp_path / "saved.jsonl"
    async with serving(("127.0.0.2", host)) as port:
        ran = await Sent(run, zone, port)(*TO, "-s", "x", "-v", "--transcript", saved)
    assert "MX example.test: 10 mx.example.test" in ran.out
    assert "→ RCPT TO:<anna@example.test>" in ran.out
    assert "← 550 5.1.1 User unknown" in ran.out
    assert "[address-unknown]" in ran.out
    traced = run("trace", saved)
    assert traced.code == 1
    assert [line.split("✗")[1].strip() for line in traced.out.splitlines() if "✗" in line] == [
        "← 550 5.1.1 User unknown"
    ]
    assert "The server refused at the step rcpt." in traced.out
    again = run("trace", "--json", saved)
    assert json.loads(again.out) == json.loads(saved.read_text(encoding="utf-8"))
    schema = json.loads(run("trace", "--schema").out)
    assert list(Draft202012Validator(schema).iter_errors(json.loads(again.out))) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "saved.jsonl: there is no such file"),
        ("", "saved.jsonl: there is no transcript in it"),
        ("{}\n", "saved.jsonl: line 1, "),
        ("no JSON\n", "saved.jsonl: line 1: "),
        ("[1]\n", "saved.jsonl: line 1: "),
        (b"\xff\n", "saved.jsonl: line 1: it is not UTF-8"),
    ],
)
def test_a_file_that_is_no_transcript_is_told(
    run: Run, tmp_path: Path, content: str | bytes | None, complaint: str
) -> None:
    """File, line and place; exit code 2."""
    if content is not None:
        (tmp_path / "saved.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run("trace", "saved.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"mailwright: {complaint}")


async def test_an_internationalised_domain_needs_no_smtputf8(run: Run, zone: NameServer) -> None:
    """Its A-labels are the same domain (RFC 5890)."""
    host = Host(settings=lambda settings: replace(settings, smtputf8=False))
    async with serving(("127.0.0.2", host)) as port:
        ran = await Sent(run, zone, port)("--direct", "-f", "<>", "-t", "anna@bücher.test", "-b", "x")
    assert (ran.code, [to for to, _ in host.taken]) == (0, [["anna@xn--bcher-kva.test"]])


async def test_a_server_is_tried_and_a_login_needs_encryption(run: Run, zone: NameServer) -> None:
    """By name through the resolver, by address, and with a password that is not sent in clear."""
    host = Host()
    async with serving(("127.0.0.2", host)) as port:
        sent = Sent(run, zone, port)
        mail = ("-f", "me@sender.test", "-t", "anna@example.test", "-b", "x", "--tls", "none")
        for name in ("mx.example.test", "127.0.0.2"):
            assert (await sent("--server", f"{name}:{port}", *mail)).code == 0
        wrong = await sent("--server", f"missing.test:{port}", *mail)
        assert "[client-wrong-host]" in wrong.out
        demanded = await sent("--server", f"127.0.0.2:{port}", *mail[:-2])
        assert "[tls-policy-failed]" in demanded.out
        login = await sent("--server", f"127.0.0.2:{port}", *mail, "-u", "me", MAILWRIGHT_PASSWORD=SECRET)
        assert "[login-mechanism-unsupported]" in login.out
        assert SECRET not in login.out + login.err
    assert len(host.taken) == 2


async def test_the_manual_names_every_option_and_word(repository: Path, run: Run) -> None:
    """What the page does not explain nobody can use."""
    page = (repository / "docs" / "send.md").read_text(encoding="utf-8")
    schema = json.loads(run("send", "--schema").out)
    words = [*schema["properties"], *schema["properties"]["outcome"]["enum"]]
    assert [word for word in words if f"`{word}`" not in page] == []
    lines = run("send", "--help").out.splitlines()
    options = {word.strip(",") for line in lines if line.startswith("  -") for word in line.split()[:2]}
    assert [option for option in options if option.startswith("--") and f"`{option}" not in page] == ["--help"]
