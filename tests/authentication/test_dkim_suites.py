"""Messages and keys of dkimpy's own tests, read where its source lies in the folder of suites; nothing is copied."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from mailwright.authentication.arc import ArcResult, verify_chain
from mailwright.authentication.arc_set import ArcReason
from mailwright.authentication.dkim import DkimReason, DkimResult, verify_message
from mailwright.authentication.dkim_key import DkimKey, KeyProblem, KeyTrouble, read_key
from mailwright.authentication.dkim_sign import SigningKey, sign_message
from mailwright.authentication.header_fields import with_crlf
from mailwright.dns.answer import Answer, Kind, Question, Txt
from mailwright.dns.inquiry import settle

SUITES = Path(os.environ.get("MAILWRIGHT_SUITES", Path(__file__).resolve().parents[2] / "build" / "suites"))
NOW = 1_528_637_909


@pytest.fixture(scope="module")
def data() -> Path:
    """The folder of messages and keys."""
    for folder in sorted(SUITES.glob("dkimpy-*/dkim/tests/data")):
        return folder
    pytest.skip(f"no dkimpy-*/dkim/tests/data in {SUITES}: python -m tools.suites fetches it")


def text(file: Path) -> bytes:
    """The record in a file."""
    return file.read_bytes().strip()


class Zone:
    """The keys of the suite, at any name below the selectors it uses."""

    def __init__(self, data: Path) -> None:
        self.table = {
            "test._domainkey.example.com": text(data / "test.txt"),
            "test._domainkey.football.example.com": text(data / "test.txt"),
            "brisbane._domainkey.football.example.com": (
                b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
            ),
            "sed._domainkey.test.ex": text(data / "eximtest.dns"),
            "test1._domainkey.example.com": text(data / "ed25519test.dns"),
        }

    def __call__(self, question: Question) -> Answer:
        record = self.table.get(question.name)
        return Answer(question, Kind.FOUND, (Txt((record,)),)) if record else Answer(question, Kind.NXDOMAIN)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rfc6376.signed.msg", ["pass", "pass"]),
        ("ed25519test2.msg", ["pass"]),
        ("rfc6376.msg", ["none"]),
        ("rfc6376.signed.no_t.msg", ["fail"]),
        ("test.message", ["none"]),
    ],
)
def test_signed_messages(data: Path, name: str, expected: list[str]) -> None:
    """What others signed verifies; what was changed does not."""
    found = settle(verify_message((data / name).read_bytes(), NOW), Zone(data))
    assert [verdict.result.value for verdict in found] == expected


def test_a_domain_that_is_none(data: Path) -> None:
    """A name with brackets in d= is no name, and nobody is asked for it."""
    (verdict,) = settle(verify_message((data / "test.message.baddomain").read_bytes(), NOW), Zone(data))
    assert (verdict.result, verdict.why) == (DkimResult.NEUTRAL, DkimReason.SIGNATURE)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("test.txt", None),
        ("test2.txt", None),
        ("1024_testkey_wo_markers.pub.txt", None),
        ("1024_testkey_wo_markers.pub.rsa.txt", None),
        ("2048_testkey_wo_markers.pub.txt", None),
        ("2048_testkey_wo_markers.pub.rsa.txt", None),
        ("2048_testkey_PKCS8.key.pub.txt", None),
        ("ed25519test.dns", None),
        ("eximtest.dns", None),
        ("badk.txt", KeyTrouble.KEY_TYPE),
        ("badversion.txt", KeyTrouble.VERSION),
        ("test_bad.txt", KeyTrouble.DATA),
        ("test_tlsrpt.txt", KeyTrouble.SERVICE),
    ],
)
def test_records(data: Path, name: str, trouble: KeyTrouble | None) -> None:
    """Records with and without the frame around an RSA key, and broken ones."""
    key = read_key(text(data / name))
    assert isinstance(key, DkimKey) if trouble is None else isinstance(key, KeyProblem) and key.trouble is trouble


@pytest.mark.parametrize(
    ("key", "record"),
    [
        ("test.private", "test.txt"),
        ("1024_testkey.key", "1024_testkey_wo_markers.pub.txt"),
        ("2048_testkey.key", "2048_testkey_wo_markers.pub.rsa.txt"),
        ("2048_testkey_PKCS8.key", "2048_testkey_PKCS8.key.pub.txt"),
    ],
)
@pytest.mark.parametrize("message", ["test.message", "test2.message", "test_extra.message", "rfc6376.w1258.msg"])
def test_keys_in_every_form_sign(data: Path, key: str, record: str, message: str) -> None:
    """Each private key signs each message, and its record verifies it."""
    zone = Zone(data)
    zone.table["k._domainkey.example.com"] = text(data / record)
    raw = with_crlf((data / message).read_bytes())
    signer = SigningKey.load("example.com", "k", (data / key).read_bytes())
    verdict = settle(verify_message(sign_message(raw, [signer], NOW) + raw, NOW), zone)[0]
    assert verdict.result is DkimResult.PASS


def _expected_set(data: Path, function: str) -> bytes:
    """The fields of the first list of octets in one of the suite's own functions."""
    tree = ast.parse((data.parent / "test_arc.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for inner in ast.walk(node):
                if isinstance(inner, ast.List):
                    return b"".join(ast.literal_eval(inner))
    raise LookupError(function)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("test_signs_and_verifies", (ArcResult.PASS, None)),
        ("test_fails_h_in_as", (ArcResult.FAIL, ArcReason.SEALED_H)),
    ],
)
def test_sets_of_arc(data: Path, function: str, expected: tuple[ArcResult, ArcReason | None]) -> None:
    """The set that the suite expects its own signer to write verifies; one with h= in its seal does not."""
    raw = _expected_set(data, function) + with_crlf((data / "test.message").read_bytes())
    verdict = settle(verify_chain(raw), Zone(data))
    assert (verdict.result, verdict.why) == expected
