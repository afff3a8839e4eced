"""Mailwright and dkimpy on the same messages: what one signs the other verifies."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.authentication.arc import verify_chain
from mailwright.authentication.arc_seal import seal_message
from mailwright.authentication.canonical import Form
from mailwright.authentication.dkim_sign import SigningOptions, sign_message
from mailwright.authentication.results_header import AuthenticationResults, MethodResult
from mailwright.dns.inquiry import settle
from tests.authentication.dkim_zone import (
    MESSAGE,
    NOW,
    ed25519_key,
    ed25519_signer,
    keys,
    rsa_key,
    rsa_signer,
    verdicts,
    zone,
)

dkim: Any = pytest.importorskip("dkim", reason="dkimpy is not installed")
pytest.importorskip("nacl", reason="PyNaCl, which dkimpy needs for Ed25519, is not installed")

FORMS = [(header, body) for header in Form for body in Form]
#: Words, white space and line ends; dkimpy reads a lone CR or LF as a line end, where the RFC sees an octet.
BODIES = st.lists(st.sampled_from([b"a", b"=", b".", b" ", b"\t", b"\r\n", b"\xc3\xbc"]), max_size=40).map(b"".join)


def dns(name: bytes, timeout: int = 5) -> bytes:
    """The keys, as dkimpy asks for them."""
    del timeout
    held = keys()[name.decode().rstrip(".")]
    return held if isinstance(held, bytes) else b""


def private(selector: str) -> bytes:
    """A private key, as dkimpy wants it: PEM for RSA, base64 of the seed for Ed25519."""
    if selector == "r":
        return rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return b64encode(ed25519_key().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


@pytest.mark.parametrize(("header_form", "body_form"), FORMS)
@pytest.mark.parametrize("selector", ["r", "e"])
def test_ours_verified_by_dkimpy(header_form: Form, body_form: Form, selector: str) -> None:
    """Every form, both algorithms."""
    options = SigningOptions(header_form=header_form, body_form=body_form)
    signer = rsa_signer() if selector == "r" else ed25519_signer()
    raw = sign_message(MESSAGE, [signer], NOW, options) + MESSAGE
    assert dkim.verify(raw, dnsfunc=dns)
    assert not dkim.verify(raw.replace(b"seven", b"eight"), dnsfunc=dns)


@pytest.mark.parametrize(("header_form", "body_form"), FORMS)
@pytest.mark.parametrize("selector", ["r", "e"])
def test_dkimpys_verified_by_us(header_form: Form, body_form: Form, selector: str) -> None:
    """Every form, both algorithms; t= is dkimpy's own clock, which may be anything."""
    field = dkim.sign(
        MESSAGE,
        selector.encode(),
        b"example.com",
        private(selector),
        canonicalize=(header_form.value.encode(), body_form.value.encode()),
        signature_algorithm=b"rsa-sha256" if selector == "r" else b"ed25519-sha256",
    )
    (verdict,) = verdicts(field + MESSAGE, now=10**11)
    assert verdict.result == "pass"


@settings(max_examples=40, deadline=None)
@given(BODIES, st.sampled_from(FORMS))
def test_bodies_are_hashed_alike(body: bytes, forms: tuple[Form, Form]) -> None:
    """Any body in any form, both ways."""
    message = b"From: a@example.com\r\nSubject:  x \t y\r\n\r\n" + body
    options = SigningOptions(header_form=forms[0], body_form=forms[1])
    assert dkim.verify(sign_message(message, [rsa_signer()], NOW, options) + message, dnsfunc=dns)
    canonicalize = (forms[0].value.encode(), forms[1].value.encode())
    field = dkim.sign(message, b"r", b"example.com", private("r"), canonicalize=canonicalize)
    assert verdicts(field + message, now=10**11)[0].result == "pass"


def test_our_arc_sets_verified_by_dkimpy() -> None:
    """A chain of three sets by RSA, which is all that dkimpy's ARC knows."""
    raw = MESSAGE
    results = AuthenticationResults("mx.example.org", (MethodResult("spf", "pass"),))
    for hops in range(1, 4):
        verdict = settle(verify_chain(raw), zone(keys()))
        raw = seal_message(raw, verdict, results, rsa_signer(), NOW) + raw
        status, found, reason = dkim.arc_verify(raw, dnsfunc=dns)
        assert (status, len(found)) == (dkim.CV_Pass, hops), reason
    assert dkim.arc_verify(raw.replace(b"seven", b"eight"), dnsfunc=dns)[0] == dkim.CV_Fail


def test_dkimpys_arc_sets_verified_by_us() -> None:
    """Two hops of dkimpy, then one of ours on top, verified by both."""
    pytest.importorskip("authres", reason="authres, which dkimpy needs for ARC, is not installed")
    raw = MESSAGE
    for status in (b"none", b"pass"):
        raw = b"Authentication-Results: mx.example.org; arc=" + status + b"\r\n" + raw
        fields = dkim.arc_sign(raw, b"r", b"example.com", private("r"), b"mx.example.org")
        assert len(fields) == 3
        raw = b"".join(fields) + raw.partition(b"\r\n")[2]
        assert settle(verify_chain(raw), zone(keys())).result == "pass"
    verdict = settle(verify_chain(raw), zone(keys()))
    assert verdict.oldest_pass == 0
    raw = seal_message(raw, verdict, AuthenticationResults("x"), rsa_signer(), NOW) + raw
    assert settle(verify_chain(raw), zone(keys())).result == "pass"
    assert dkim.arc_verify(raw, dnsfunc=dns)[0] == dkim.CV_Pass
