"""``mailwright dkim`` from outside: keys that nobody else can read, records that verifiers take, plans."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mailwright.authentication.dkim_key import DkimKey, read_key
from mailwright.authentication.dkim_sign import SigningKey
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("words", "bits"),
    [
        pytest.param(["--type", "rsa"], 2048, id="rsa"),
        pytest.param(["--type", "rsa", "--bits", "1024"], 1024, id="rsa-1024"),
        pytest.param(["--type", "ed25519"], 256, id="ed25519"),
    ],
)
def test_a_new_key(run: Run, tmp_path: Path, words: list[str], bits: int) -> None:
    """The file is its owner's alone, both halves fit, and the output is what the schema says."""
    ran = run("dkim", "new", "-d", "example.com", "-s", "s1", "--out", "key.pem", "--json", *words)
    told = json.loads(ran.out)
    assert ran.code == 0
    schema = json.loads(run("dkim", "new", "--schema").out)
    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(told)] == []
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    pem = (tmp_path / "key.pem").read_bytes()
    private = SigningKey.load("example.com", "s1", pem)
    public = read_key(told["record"].encode())
    assert isinstance(public, DkimKey)
    assert (public.bits, told["bits"], told["name"]) == (bits, bits, "s1._domainkey.example.com")
    assert private.private.public_key() == public.public
    assert "".join(told["strings"]) == told["record"]
    assert "PRIVATE" not in ran.out


def test_the_record_is_ready_to_paste(run: Run, tmp_path: Path) -> None:
    """In strings of 255 octets for a zone file, and as one text; the file is named after the record."""
    ran = run("dkim", "new", "--domain", "Example.COM.", "--now", "2026-11-02")
    assert '202611r._domainkey.example.com. IN TXT ( "v=DKIM1; k=rsa; p=' in ran.out
    assert (tmp_path / "202611r._domainkey.example.com.pem").exists()


def test_no_key_is_ever_overwritten(run: Run, tmp_path: Path) -> None:
    """Neither a file nor what a link leads to."""
    (tmp_path / "key.pem").write_bytes(b"precious")
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere.pem")
    for name in ("key.pem", "link.pem"):
        ran = run("dkim", "new", "-d", "example.com", "-o", name)
        assert (ran.code, ran.out) == (2, "")
        assert "never overwritten" in ran.err or "ever overwritten" in ran.err
    assert (tmp_path / "key.pem").read_bytes() == b"precious"
    assert not (tmp_path / "elsewhere.pem").exists()


def test_a_rotation(run: Run) -> None:
    """The new key is published before it signs, and the old one stays while its messages are on their way."""
    words = ("dkim", "rotate", "-d", "example.com", "-s", "202511r", "--now", "2026-11-02T09:00:00Z")
    ran = run(*words, "--json", "--ttl", "7200")
    told = json.loads(ran.out)
    schema = json.loads(run("dkim", "rotate", "--schema").out)
    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(told)] == []
    assert [(step["at"], step["action"], step["selector"]) for step in told["steps"]] == [
        ("2026-11-02T09:00:00Z", "publish", "202611r"),
        ("2026-11-02T13:00:00Z", "use", "202611r"),
        ("2026-11-02T13:00:00Z", "stop", "202511r"),
        ("2026-11-09T13:00:00Z", "revoke", "202511r"),
        ("2026-12-09T15:00:00Z", "remove", "202511r"),
    ]
    shown = run(*words)
    assert shown.code == 0
    assert "mailwright dkim new --domain example.com --selector 202611r --type rsa" in shown.out


def test_a_selector_that_is_in_use_is_not_taken_again(run: Run) -> None:
    """Of the same month, the next key has a number."""
    ran = run("dkim", "rotate", "-d", "example.com", "-s", "202611r", "--now", "2026-11-02", "--json")
    assert json.loads(ran.out)["new"] == "202611r2"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["new", "-d", "example"], "--domain example: this is no domain name", id="one-label"),
        pytest.param(["new", "-d", "a b.example"], "this is no domain name", id="space"),
        pytest.param(["new", "-d", "example.com", "-s", "a/b"], "--selector a/b: this is no selector", id="slash"),
        pytest.param(["new", "-d", "example.com", "-s", "../x"], "this is no selector", id="path"),
        pytest.param(["new", "-d", "example.com", "--bits", "512"], "--bits", id="short"),
        pytest.param(["new", "-d", "example.com", "--now", "soon"], "--now soon: this is no time", id="time"),
        pytest.param(["new", "-d", "example.com", "-o", "no/such/key.pem"], "No such file", id="no-folder"),
        pytest.param(["new"], "--domain", id="no-domain"),
        pytest.param(["rotate", "-d", "example.com", "-s", "a", "--new", "A"], "a selector of its own", id="same"),
        pytest.param(["rotate", "-d", "example.com", "-s", "a", "--now", "9999-12-31"], "--now", id="end-of-time"),
        pytest.param(["turn"], "there is no command turn", id="no-such-verb"),
    ],
)
def test_wrong_calls_are_told(run: Run, tmp_path: Path, words: list[str], says: str) -> None:
    """One line on standard error, exit code 2, and no file."""
    ran = run("dkim", *words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert list(tmp_path.iterdir()) == []
