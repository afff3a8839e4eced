"""DKIM of messages of 4 KB a second, signed and verified, beside dkimpy and beside the bare arithmetic.

Every message of a round is another one; keys are remembered, as a server does.  The bare arithmetic is what
``cryptography`` does for the header's octets alone: no hash of a body, no field read or written.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench.peers import peer_module
from bench.row import Row
from bench.smtp_load import message
from bench.speed import word
from mailwright.authentication.canonical import Form
from mailwright.authentication.dkim import DkimResult, verify_message
from mailwright.authentication.dkim_sign import SigningKey, SigningOptions, sign_message
from mailwright.dns.answer import Answer, Kind, Question, Txt
from mailwright.dns.inquiry import settle

#: Octets of a message, and messages of a round; dkimpy's RSA is slower by two orders, and gets fewer.
OCTETS, MESSAGES, THEIR_MESSAGES = 4_096, 400, 30
#: Octets of a header block as it is signed.
SIGNED_OCTETS = 600
NOW = 1_793_000_000
BARE = "bare arithmetic"
DOMAIN, SELECTOR = "sender.test", "s1"


class Pair(NamedTuple):
    """A key, and its public half as DNS has it."""

    name: str
    private: RSAPrivateKey | Ed25519PrivateKey
    record: bytes


Contestant = Callable[[Sequence[bytes]], None]


def dkim_rows(rounds: int) -> list[Row]:
    """Return messages a second of CPU time: signed and verified, by each kind of key and form."""
    rows: list[Row] = []
    for pair in (_rsa(), _ed25519()):
        for form in (Form.RELAXED, Form.SIMPLE):
            rows += _rows_of(pair, form, rounds)
    return rows


def _rows_of(pair: Pair, form: Form, rounds: int) -> list[Row]:
    key = SigningKey(DOMAIN, SELECTOR, pair.private)
    options = SigningOptions(header_form=form, body_form=form)
    plain = [message(OCTETS).replace(b"Subject: ", b"Subject: " + word(n).encode() + b" ") for n in range(MESSAGES)]
    signed = [sign_message(raw, [key], NOW, options) + raw for raw in plain]
    rows: list[Row] = []
    for verb, messages, contestants in (
        ("verify", signed, _verifiers(pair)),
        ("sign", plain, _signers(pair, form)),
    ):
        (_, ours), *others = _race(contestants, messages, rounds).items()
        what = f"DKIM {verb}, {pair.name}, {form}"
        rows += [Row(what, "messages/s", ours, name, theirs) for name, theirs in others]
    return rows


def _race(contestants: dict[str, Contestant], messages: Sequence[bytes], rounds: int) -> dict[str, float]:
    """Return the messages a second of each contestant in its best round."""
    best = dict.fromkeys(contestants, 0.0)
    for _ in range(rounds):
        for name, take in contestants.items():
            batch = messages[:THEIR_MESSAGES] if name == "dkimpy" else messages
            begun = time.process_time()
            take(batch)
            best[name] = max(best[name], len(batch) / (time.process_time() - begun))
    return best


def _verifiers(pair: Pair) -> dict[str, Contestant]:
    """Return who verifies, ours first."""
    found = {"ours": _verifying(pair)}
    if peer_module("dkim"):
        found["dkimpy"] = _dkimpy_verifying(pair)
    found[BARE] = _bare_verifying(pair)
    return found


def _signers(pair: Pair, form: Form) -> dict[str, Contestant]:
    """Return who signs, ours first."""
    found = {"ours": _signing(pair, form)}
    if peer_module("dkim"):
        found["dkimpy"] = _dkimpy_signing(pair, form)
    found[BARE] = _bare_signing(pair)
    return found


def _verifying(pair: Pair) -> Contestant:
    def answer(question: Question) -> Answer:
        return Answer(question, Kind.FOUND, (Txt((pair.record,)),), ttl=300)

    def take(messages: Sequence[bytes]) -> None:
        for raw in messages:
            (verdict,) = settle(verify_message(raw, NOW), answer)
            if verdict.result is not DkimResult.PASS:
                raise RuntimeError(str(verdict))

    return take


def _dkimpy_verifying(pair: Pair) -> Contestant:
    dkim: Any = peer_module("dkim")

    def take(messages: Sequence[bytes]) -> None:
        for raw in messages:
            if not dkim.verify(raw, dnsfunc=lambda _name, **_options: pair.record):
                raise RuntimeError("dkimpy does not verify it")

    return take


def _bare_verifying(pair: Pair) -> Contestant:
    public, octets = pair.private.public_key(), bytes(SIGNED_OCTETS)
    signature = _sign(pair.private, octets)

    def take(messages: Sequence[bytes]) -> None:
        for _ in messages:
            if isinstance(public, Ed25519PublicKey):
                public.verify(signature, octets)
            else:
                public.verify(signature, octets, PKCS1v15(), SHA256())

    return take


def _signing(pair: Pair, form: Form) -> Contestant:
    key = SigningKey(DOMAIN, SELECTOR, pair.private)
    options = SigningOptions(header_form=form, body_form=form)

    def take(messages: Sequence[bytes]) -> None:
        for raw in messages:
            sign_message(raw, [key], NOW, options)

    return take


def _dkimpy_signing(pair: Pair, form: Form) -> Contestant:
    dkim: Any = peer_module("dkim")
    private, algorithm = _for_dkimpy(pair.private)
    forms, domain, selector = (form.encode(), form.encode()), DOMAIN.encode(), SELECTOR.encode()

    def take(messages: Sequence[bytes]) -> None:
        for raw in messages:
            dkim.sign(raw, selector, domain, private, canonicalize=forms, signature_algorithm=algorithm)

    return take


def _bare_signing(pair: Pair) -> Contestant:
    octets = bytes(SIGNED_OCTETS)

    def take(messages: Sequence[bytes]) -> None:
        for _ in messages:
            _sign(pair.private, octets)

    return take


def _sign(private: RSAPrivateKey | Ed25519PrivateKey, octets: bytes) -> bytes:
    if isinstance(private, RSAPrivateKey):
        return private.sign(octets, PKCS1v15(), SHA256())
    return private.sign(octets)


def _for_dkimpy(private: RSAPrivateKey | Ed25519PrivateKey) -> tuple[Any, bytes]:
    """Return a key as dkimpy wants it, and its word for the algorithm."""
    if isinstance(private, RSAPrivateKey):
        return private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()), b"rsa-sha256"
    return base64.b64encode(private.private_bytes_raw()), b"ed25519-sha256"


def _rsa() -> Pair:
    private = generate_private_key(65_537, 2_048)
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Pair("RSA 2048", private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(der))


def _ed25519() -> Pair:
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw())
    return Pair("Ed25519", private, b"v=DKIM1; k=ed25519; p=" + public)
