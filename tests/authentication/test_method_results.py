"""Verdicts as results of Authentication-Results: what is said, and that it can be written and read."""

from __future__ import annotations

from mailwright.authentication.arc import ArcVerdict, verify_chain
from mailwright.authentication.arc_seal import seal_message
from mailwright.authentication.dkim_sign import sign_message
from mailwright.authentication.method_results import arc_result, dkim_result
from mailwright.authentication.results_header import AuthenticationResults, MethodResult, ResultProperty
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dkim_zone import MESSAGE, NOW, Held, keys, rsa_signer, verdicts, zone


def dkim(raw: bytes, table: dict[str, Held] | None = None) -> MethodResult:
    """The result of the only signature, as it is read back."""
    (verdict,) = verdicts(raw, table)
    written = AuthenticationResults("x", (dkim_result(verdict),)).write()
    return AuthenticationResults.parse(written.encode()).results[0]


def arc(raw: bytes, table: dict[str, Held] | None = None) -> MethodResult:
    """The result of the chain, as it is read back."""
    verdict: ArcVerdict = settle(verify_chain(raw), zone(table or keys()))
    written = AuthenticationResults("x", (arc_result(verdict),)).write()
    return AuthenticationResults.parse(written.encode()).results[0]


def test_results_of_dkim() -> None:
    """The result, the reason, and the signature's domain, identity, selector, algorithm and first characters."""
    raw = sign_message(MESSAGE, [rsa_signer()], NOW) + MESSAGE
    passed = dkim(raw)
    assert (passed.method, passed.result, passed.reason) == ("dkim", "pass", None)
    assert [name for _, name, _ in passed.properties] == ["d", "i", "s", "a", "b"]
    assert passed.properties[0] == ResultProperty("header", "d", "example.com")
    assert passed.properties[-1].value == raw.partition(b"\tb=")[2][:8].decode()
    assert dkim(raw.replace(b"seven", b"eight")).reason == "body"
    assert dkim(raw, keys(r=Kind.TIMEOUT))[1:3] == ("temperror", "key: unavailable")
    assert dkim(raw.replace(b"v=1;", b"v=2;"))[1:3] == ("neutral", "signature: version")
    assert dkim(MESSAGE) == MethodResult("dkim", "none")


def test_the_key_is_told_in_a_comment() -> None:
    """Its size, its type, and that the domain is testing."""
    raw = sign_message(MESSAGE, [rsa_signer()], NOW) + MESSAGE
    table = keys()
    record = table["r._domainkey.example.com"]
    assert isinstance(record, bytes)
    (verdict,) = verdicts(raw, keys(r=record + b"; t=y"))
    assert dkim_result(verdict).comment == "2048-bit rsa key, testing"


def test_results_of_arc() -> None:
    """None, pass with how far back, fail and temperror with why."""
    raw = seal_message(MESSAGE, settle(verify_chain(MESSAGE), zone({})), AuthenticationResults("x"), rsa_signer(), NOW)
    raw += MESSAGE
    assert arc(MESSAGE) == MethodResult("arc", "none")
    assert arc(raw) == MethodResult("arc", "pass", None, (ResultProperty("header", "oldest-pass", "0"),))
    assert arc(raw.replace(b"seven", b"eight")) == MethodResult("arc", "fail", "body in set 1")
    assert arc(raw, keys(r=Kind.TIMEOUT)) == MethodResult("arc", "temperror", "key in set 1")
