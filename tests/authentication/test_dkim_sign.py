"""Signing: what is signed by default, and what is never."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from mailwright.authentication.dkim_sign import (
    LATEST_TIME,
    LONGEST_PEM,
    NEVER_SIGNED,
    OVERSIGNED,
    SIGNED,
    SigningFault,
    SigningKey,
    SigningOptions,
    sign_message,
)
from mailwright.authentication.dkim_signature import DkimSignature
from mailwright.authentication.header_fields import MOST_FIELDS, split_message
from mailwright.authentication.signature_fields import MOST_NAMES, Algorithm
from tests.authentication.dkim_zone import MESSAGE, NOW, ed25519_key, ed25519_signer, rsa_key, rsa_signer, verdicts


def signature_of(options: SigningOptions | None = None, message: bytes = MESSAGE) -> DkimSignature:
    """What the signature says."""
    header, _ = split_message(sign_message(message, [ed25519_signer()], NOW, options))
    return DkimSignature.parse(header.fields[0].value)


def test_defaults() -> None:
    """Relaxed, the whole body, t= but no x=, From and its kin over-signed, Received not at all."""
    signature = signature_of()
    assert (signature.length, signature.created, signature.expires) == (None, NOW, None)
    assert signature.algorithm is Algorithm.ED25519_SHA256
    for name in (b"from", b"to", b"subject", b"date"):
        assert signature.headers.count(name) == 2
    for name in (b"cc", b"reply-to", b"content-type"):
        assert signature.headers.count(name) == 1
    assert b"received" not in signature.headers
    assert not NEVER_SIGNED.intersection((*SIGNED, *OVERSIGNED))


def test_options() -> None:
    """Each option has its tag."""
    options = SigningOptions(
        signed=(b"from", b"x-one"), oversigned=(), lifetime=60, identity="anna;b@mail.example.com", partial=True
    )
    signature = signature_of(options, b"X-One: 1\r\nX-One: 2\r\n" + MESSAGE)
    assert signature.headers == (b"from", b"x-one", b"x-one")
    assert (signature.created, signature.expires) == (NOW, NOW + 60)
    assert signature.identity == "anna;b@mail.example.com"
    assert signature.length is not None
    assert signature_of(SigningOptions(timestamp=False)).created is None


def test_several_keys_give_several_fields_in_order() -> None:
    """Both verify, and each stands on lines of at most 78 columns."""
    fields = sign_message(MESSAGE, [rsa_signer(), ed25519_signer()], NOW)
    found = verdicts(fields + MESSAGE)
    assert [(verdict.result.value, verdict.signature and verdict.signature.selector) for verdict in found] == [
        ("pass", "r"),
        ("pass", "e"),
    ]
    assert max(map(len, fields.split(b"\r\n"))) <= 78
    assert fields.endswith(b"\r\n")


def test_a_file_with_lf_is_signed_as_it_will_be_sent() -> None:
    """RFC 6376 5.3: line ends are made CRLF before signing."""
    fields = sign_message(MESSAGE.replace(b"\r\n", b"\n"), [ed25519_signer()], NOW)
    assert fields == sign_message(MESSAGE, [ed25519_signer()], NOW)


REFUSED = [
    (MESSAGE.replace(b"From:", b"X-From:"), SigningOptions()),
    (b"From: eve@example.net\r\n" + MESSAGE, SigningOptions()),
    (b"X: 1\r\n" * MOST_FIELDS + MESSAGE, SigningOptions()),
    # RFC 6376 5.4: From MUST be signed; 3.5: a signature does not sign itself.
    (MESSAGE, SigningOptions(signed=(b"to",), oversigned=())),
    (MESSAGE, SigningOptions(oversigned=(b"from", b"dkim-signature"))),
    (MESSAGE, SigningOptions(oversigned=(b"from", b"return-path"))),
    # RFC 6376 3.5: x= MUST be after t=, i= MUST be within d=.
    (MESSAGE, SigningOptions(lifetime=0)),
    (MESSAGE, SigningOptions(lifetime=LATEST_TIME - NOW + 1)),
    (MESSAGE, SigningOptions(identity="anna@example.net")),
    (MESSAGE, SigningOptions(identity="an\r\nna@example.com")),
    (b"To: x\r\n" * MOST_NAMES + MESSAGE, SigningOptions()),
]


@pytest.mark.parametrize(("message", "options"), REFUSED)
def test_what_no_verifier_could_take_is_not_signed(message: bytes, options: SigningOptions) -> None:
    """A signature that is invalid from the first is never written."""
    with pytest.raises(SigningFault):
        sign_message(message, [ed25519_signer()], NOW, options)


def test_limits_that_are_just_reached() -> None:
    """As many names and as late a time as a signature can have."""
    names = signature_of(
        SigningOptions(signed=(b"from", b"to"), oversigned=()), b"To: x\r\n" * (MOST_NAMES - 2) + MESSAGE
    )
    assert len(names.headers) == MOST_NAMES
    assert signature_of(SigningOptions(lifetime=LATEST_TIME - NOW)).expires == LATEST_TIME


def _pem(private: object, encryption: object = None) -> bytes:
    arguments = (Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return bytes(private.private_bytes(*arguments))  # type: ignore[attr-defined]


def test_keys_are_loaded() -> None:
    """PKCS #8 and PKCS #1, RSA and Ed25519."""
    assert SigningKey.load("example.com", "s", _pem(rsa_key())).algorithm is Algorithm.RSA_SHA256
    assert SigningKey.load("example.com", "s", _pem(ed25519_key())).algorithm is Algorithm.ED25519_SHA256
    old = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert SigningKey.load("example.com", "s", old).algorithm is Algorithm.RSA_SHA256


@pytest.mark.parametrize("pem", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_rubbish_is_no_key(pem: bytes) -> None:
    """Nothing but SigningFault is raised."""
    with pytest.raises(SigningFault):
        SigningKey.load("example.com", "s", pem)


def test_keys_that_must_not_sign() -> None:
    """With a password, of another kind, RSA beyond the limits, and names that DNS cannot hold."""
    good = _pem(ed25519_key())
    for pem in (
        _pem(ed25519_key(), BestAvailableEncryption(b"secret")),
        _pem(ec.generate_private_key(ec.SECP256R1())),
        good + b"\n" * (LONGEST_PEM - len(good) + 1),
    ):
        with pytest.raises(SigningFault):
            SigningKey.load("example.com", "s", pem)
    assert SigningKey.load("example.com", "s", good + b"\n" * (LONGEST_PEM - len(good))).selector == "s"
    with pytest.raises(SigningFault):
        SigningKey.load("example.com", "s" * 64, good)
