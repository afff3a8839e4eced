"""``mailwright auth`` from outside: what is concluded and why, exit codes, JSON by its schema, wrong calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Ran, Run

NOW = "2026-11-02T09:00:10Z"
CLEAN = ("clean.eml", "--ip", "192.0.2.1", "--helo", "mail.example.com", "--from", "anna@example.com")
LIST = ("list-footer.eml", "--ip", "192.0.2.25", "--helo", "lists.example.org", "--from", "bounces@lists.example.org")
FORWARDED = ("forwarded.eml", "--ip", "198.51.100.7", "--helo", "mx.example.net", "--from", "anna@example.com")
NEWSLETTER = ("newsletter.eml", "--ip", "192.0.2.80", "--helo", "web.shop.example", "--from", "news@shop.example")

every_example = pytest.mark.parametrize(
    "example", [CLEAN, LIST, FORWARDED, NEWSLETTER], ids=["clean", "list-footer", "forwarded", "newsletter"]
)


@pytest.fixture(scope="session")
def examples(repository: Path) -> Path:
    """The messages and the zone that ship with the project."""
    return repository / "examples" / "auth"


@pytest.fixture
def judged(run: Run, examples: Path) -> Run:
    """Judge a message of the examples in their zone: its file's name first, then options."""

    def call(message: str, *options: str, zone: Path | None = None, now: str = NOW) -> Ran:
        return run("auth", examples / message, *options, "--zone", zone or examples / "zone.toml", "--now", now)

    return call


def judged_json(judged: Run, *words: Any, **more: Any) -> Any:
    """Return the object of --json."""
    return json.loads(judged(*words, "--json", **more).out)


@pytest.mark.parametrize(
    ("example", "code"),
    [
        pytest.param(CLEAN, 0, id="everything-passes"),
        pytest.param(("clean.eml",), 0, id="signatures-alone-are-enough"),
        pytest.param(LIST, 1, id="changed-by-a-list"),
        pytest.param(FORWARDED, 0, id="spf-fails-and-a-signature-passes"),
        pytest.param(NEWSLETTER, 1, id="too-many-look-ups"),
        pytest.param(("newsletter.eml",), 1, id="nothing-to-check-and-a-policy"),
        pytest.param((*CLEAN[:1], "--ip", "192.0.2.99"), 1, id="no-reverse-name"),
        pytest.param((*CLEAN[:1], "--ip", "192.0.2.1", "--helo", "192.0.2.1"), 1, id="helo-is-no-name"),
    ],
)
def test_the_exit_code_tells_what_a_receiver_concludes(judged: Run, example: tuple[str, ...], code: int) -> None:
    """0 nothing against it, 1 something is to be mended; the same with --json."""
    assert [judged(*example).code, judged(*example, "--json").code] == [code] * 2


@every_example
def test_json_is_what_the_schema_says(judged: Run, run: Run, example: tuple[str, ...]) -> None:
    """The schema is what --schema prints, with the definition of reports in it."""
    schema = json.loads(run("auth", "--schema").out)
    Draft202012Validator.check_schema(schema)
    told = judged_json(judged, *example, "--authserv-id", "mx.example.org", "--bimi")
    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(told)] == []


def test_a_list_s_changes_are_named(judged: Run) -> None:
    """The footer and the tag in the subject are proven, for both signatures, and SPF is of another organisation."""
    told = judged_json(judged, *LIST)
    assert told["disposition"] == "quarantine"
    for signature in told["dkim"]:
        assert (signature["result"], signature["reason"]) == ("fail", "both")
        assert {(one["part"], one["kind"], one["proven"]) for one in signature["changes"]} == {
            ("body", "footer", True),
            ("header", "subject-tag", True),
        }
        assert signature["report"]["cause"] == "dkim-failed"
    assert [one["aligned"] for one in told["dmarc"]["alignments"]] == [False, True, True]
    assert told["dmarc"]["report"]["cause"] == "dmarc-failed"


def test_look_ups_are_counted_at_each_node(judged: Run) -> None:
    """Twelve are needed, the eleventh ends it, and what stands behind is told as not reached."""
    spf = judged_json(judged, *NEWSLETTER)["spf"]
    assert (spf["result"], spf["problem"], spf["look_ups"], spf["needed"]) == ("permerror", "look-ups", 11, 12)
    steps = spf["trace"]["steps"]
    assert [(step["outcome"], step["needed"]) for step in steps] == [
        ("no-match", 4),
        ("no-match", 3),
        ("no-match", 3),
        ("permerror", 2),
    ]
    assert [one["term"] for one in spf["trace"]["not_reached"]] == ["ip4:192.0.2.80", "-all"]
    assert [step["trace"]["look_ups_before"] for step in steps[:3]] == [1, 5, 8]
    assert spf["report"]["cause"] == "spf-failed"


def test_a_chain_is_shown(judged: Run) -> None:
    """The forwarder's seal is valid, and SPF's failure is told with its cause though DMARC passes."""
    told = judged_json(judged, *FORWARDED)
    assert (told["arc"]["result"], told["arc"]["oldest_pass"]) == ("pass", 0)
    assert [one["domain"] for one in told["arc"]["sets"]] == ["example.net"]
    assert (told["spf"]["result"], told["spf"]["report"]["cause"]) == ("fail", "spf-failed")
    assert (told["dmarc"]["result"], told["outcome"]) == ("pass", "pass")


def test_without_an_address_spf_is_not_checked(judged: Run) -> None:
    """Not checked is not none: the object is null, and the page says what is missing."""
    assert judged_json(judged, "clean.eml")["spf"] is None
    assert "SPF: not checked; it needs --ip and --from" in judged("clean.eml").out
    assert judged_json(judged, *CLEAN[:1], "--ip", "192.0.2.1")["spf"] is None


def test_the_null_sender_is_the_name_in_helo(judged: Run) -> None:
    """RFC 7208 2.4: SPF is then about postmaster at that name."""
    told = judged_json(judged, "clean.eml", "--ip", "192.0.2.25", "--helo", "lists.example.org", "--from", "<>")
    assert (told["sender"], told["spf"]["domain"], told["spf"]["result"]) == ("", "lists.example.org", "pass")


@pytest.mark.parametrize("word", ["SERVFAIL", "TIMEOUT", "REFUSED"])
def test_what_dns_did_not_tell_is_neither_pass_nor_fail(judged: Run, tmp_path: Path, examples: Path, word: str) -> None:
    """Exit code 3, and the cause is one of DNS, not of the message."""
    zone = tmp_path / "zone.toml"
    silent = ("example.com", "202611r._domainkey.example.com", "202611e._domainkey.example.com")
    lines = (examples / "zone.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(line.startswith(f'"{name}"') for name in silent)]
    zone.write_text("".join(kept) + "".join(f'"{name}" = "{word}"\n' for name in silent), "utf-8")
    told = judged_json(judged, *CLEAN, zone=zone)
    assert [told["spf"]["result"], *(one["result"] for one in told["dkim"])] == ["temperror"] * 3
    assert (told["dmarc"]["result"], told["outcome"]) == ("temperror", "could-not-tell")
    causes = {told["spf"]["report"]["cause"], told["dmarc"]["report"]["cause"], told["dkim"][0]["report"]["cause"]}
    assert causes == {"dns-timeout" if word == "TIMEOUT" else "dns-temporary"}
    ran = judged(*CLEAN, zone=zone)
    assert ran.code == 3
    assert "nobody can tell now, since DNS did not answer" in ran.out.splitlines()[0]


def test_without_policy_and_proof(run: Run, tmp_path: Path) -> None:
    """A domain that says nothing, a message that proves nothing: the cause says that all three need a look."""
    (tmp_path / "zone.toml").write_text('"other.example" = ["A 192.0.2.4"]\n', "utf-8")
    mail = b"From: a@other.example\n\nhello\n"
    ran = run("auth", "-", "--zone", "zone.toml", "--json", stdin=mail)
    told = json.loads(ran.out)
    assert (ran.code, told["unauthenticated"]["cause"], told["dmarc"]["result"]) == (1, "auth-failed", "none")
    passing = run("auth", "-", "--zone", "zone.toml", "--ip", "192.0.2.4", "--from", "a@other.example", stdin=mail)
    assert passing.code == 1


def test_no_policy_and_something_passes(run: Run, tmp_path: Path) -> None:
    """Without a policy, SPF alone is enough."""
    records = (
        '"other.example" = ["A 192.0.2.4", "TXT v=spf1 a -all"]\n"4.2.0.192.in-addr.arpa" = ["PTR other.example"]\n'
    )
    (tmp_path / "zone.toml").write_text(records, "utf-8")
    words = ("--zone", "zone.toml", "--ip", "192.0.2.4", "--from", "a@other.example")
    assert run("auth", "-", *words, stdin=b"From: a@other.example\n\nhello\n").code == 0


def test_signatures_are_judged_as_of_now(judged: Run) -> None:
    """What was signed tomorrow is refused today, with its reason."""
    told = judged_json(judged, "clean.eml", now="2026-11-01")
    assert {(one["result"], one["reason"]) for one in told["dkim"]} == {("policy", "future")}


def test_the_receiver_s_field(judged: Run) -> None:
    """--authserv-id shows what a receiver of that name writes; without it there is none."""
    out = judged(*CLEAN, "--authserv-id", "mx.example.org").out
    assert "\nAuthentication-Results: mx.example.org;\n    spf=pass smtp.mailfrom=anna@example.com;\n" in out
    assert judged_json(judged, *CLEAN)["header"] is None


def test_every_cause_is_told_once_in_full(judged: Run) -> None:
    """The second signature that fails for the same cause refers to the first."""
    out = judged(*LIST).out
    assert out.count("[dkim-failed]\n") == 1
    assert out.count("[dkim-failed], see above") == 1


def test_lines_end_anyhow(run: Run, examples: Path) -> None:
    """A message saved with LF is judged like the one that was sent."""
    raw = (examples / "clean.eml").read_bytes().replace(b"\r\n", b"\n")
    ran = run("auth", "-", "--zone", examples / "zone.toml", "--now", NOW, "--json", stdin=raw)
    assert [one["result"] for one in json.loads(ran.out)["dkim"]] == ["pass", "pass"]


@pytest.mark.parametrize("language", ["en", "de", "cs", "zh"])
def test_every_language(judged: Run, language: str) -> None:
    """--lang is taken; the causes are told in that language."""
    assert judged(*LIST, "--lang", language).code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["missing.eml"], "missing.eml: there is no such file", id="no-such-file"),
        pytest.param(["."], ".: Is a directory", id="a-folder"),
        pytest.param(["empty.eml"], "empty.eml: there is nothing in it", id="empty"),
        pytest.param(["binary.eml"], "binary.eml: this is not a mail message but binary data", id="binary"),
        pytest.param(["m.eml", "--ip", "192.0.2"], "--ip 192.0.2: this is no IP address", id="bad-ip"),
        pytest.param(["m.eml", "--ip", "mail.example.com"], "--ip mail.example.com: this is no IP", id="name-as-ip"),
        pytest.param(["m.eml", "--from", "anna"], "--from anna: there is no @ in it", id="bad-sender"),
        pytest.param(["m.eml", "--ip", "192.0.2.1", "--from", "<>"], "--from '<>' needs --helo", id="null-sender"),
        pytest.param(["m.eml", "--helo", "a b"], "--helo: this is no name", id="space-in-helo"),
        pytest.param(["m.eml", "--now", "yesterday"], "--now yesterday: this is no time", id="bad-time"),
        pytest.param(["m.eml", "--now", "0001-01-01T00:00:00+14:00"], "--now", id="time-before-time"),
        pytest.param(["m.eml", "--now", "9999-12-31T23:59:59-14:00"], "--now", id="time-after-time"),
        pytest.param(["m.eml", "--zone", "none.toml"], "--zone none.toml: there is no such file", id="no-zone"),
        pytest.param(["m.eml", "--zone", "syntax.toml"], "line 2", id="zone-syntax"),
        pytest.param(["m.eml", "--zone", "record.toml"], "a.example: 'MX ten mx.example'", id="zone-record"),
        pytest.param(["m.eml", "--zone", "word.toml"], "b.example: 'PERHAPS'", id="zone-word"),
        pytest.param(["m.eml", "--zone", "bare.toml"], "write names in quotes", id="zone-without-quotes"),
        pytest.param(["m.eml", "--zone", "latin.toml"], "line 2: not UTF-8", id="zone-not-utf8"),
        pytest.param(
            ["m.eml", "--zone", "good.toml", "--resolver", "192.0.2.53"], "choose one", id="zone-and-resolver"
        ),
        pytest.param(["m.eml", "--resolver", "nowhere"], "--resolver 'nowhere' is no DNS server", id="bad-resolver"),
        pytest.param([], "MESSAGE", id="no-message"),
    ],
)
def test_wrong_calls_are_told(run: Run, tmp_path: Path, words: list[str], says: str) -> None:
    """One line on standard error, exit code 2, nothing on standard output."""
    (tmp_path / "m.eml").write_bytes(b"From: a@example.com\n\nhello\n")
    (tmp_path / "empty.eml").write_bytes(b"\n\n")
    (tmp_path / "binary.eml").write_bytes(bytes(range(32)) * 40)
    (tmp_path / "syntax.toml").write_text('"a.example" = []\n"b.example" = [\n', "utf-8")
    (tmp_path / "record.toml").write_text('"a.example" = ["MX ten mx.example"]\n', "utf-8")
    (tmp_path / "word.toml").write_text('"b.example" = "PERHAPS"\n', "utf-8")
    (tmp_path / "bare.toml").write_text('a.example = ["A 192.0.2.1"]\n', "utf-8")
    (tmp_path / "good.toml").write_text('"a.example" = ["A 192.0.2.1"]\n', "utf-8")
    (tmp_path / "latin.toml").write_bytes(b'"a.example" = []\n"\xfc.example" = []\n')
    ran = run("auth", *words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(b"hello\n", id="no-header"),
        pytest.param(b"\n\nbody only\n", id="no-fields"),
        pytest.param(b"From: a@example.com\nFrom: b@example.org\n\nx\n", id="two-authors"),
        pytest.param(b"Subject: x\n\nx\n", id="no-author"),
        pytest.param(b"From: \xff\xfe@example.com\nDKIM-Signature: v=1; a=\xff\n\nx\n", id="not-utf8"),
        pytest.param(b"From: a@example.com\nDKIM-Signature: " + b"x" * 70_000 + b"\n\nx\n", id="long-signature"),
        pytest.param(b"From: a@example.com\n" + b"X: y\n" * 3_000 + b"\nx\n", id="many-fields"),
        pytest.param(b"From: a@example.com\nARC-Seal: i=1; cv=none\n\nx\n", id="half-a-chain"),
        pytest.param(b"From: \x1b[31ma@example.com\x1b[0m\n\nx\n", id="terminal-codes"),
    ],
)
def test_odd_messages_are_judged(run: Run, examples: Path, mail: bytes) -> None:
    """Whatever a message holds, there is a judgement, and nothing steers the terminal."""
    words = ("auth", "-", "--zone", examples / "zone.toml", "--authserv-id", "mx.example.org")
    for how in ((), ("--json",)):
        ran = run(*words, *how, stdin=mail)
        assert ran.code in (0, 1)
        assert "Traceback" not in ran.err
        assert "\x1b" not in ran.out
