"""Keys, a zone that holds them, and a message, for tests of DKIM and ARC."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailwright.authentication.dkim import DkimPolicy, DkimVerdict, verify_message
from mailwright.authentication.dkim_sign import SigningKey
from mailwright.dns.answer import Answer, Kind, Question, Txt
from mailwright.dns.inquiry import settle

NOW = 1_700_000_000

MESSAGE = (
    b"Received: from a.example.com\r\n\tby b.example.com; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    b"From: Anna <anna@example.com>\r\n"
    b"To: Bob <bob@example.org>\r\n"
    b"Subject: Dinner  tonight\r\n"
    b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"\r\n"
    b"Shall we  meet at seven?\r\n"
    b"\r\n"
    b"Anna\r\n"
)

#: A record, several records, or what became of the look-up.
Held = bytes | Sequence[bytes] | Kind


def zone(table: dict[str, Held]) -> Callable[[Question], Answer]:
    """Return who answers from a table of TXT records by name; other names do not exist."""

    def answer(question: Question) -> Answer:
        held = table.get(question.name, Kind.NXDOMAIN)
        if isinstance(held, Kind):
            return Answer(question, held)
        records = [held] if isinstance(held, bytes) else held
        # Long records come in strings of 255 octets.
        texts = (Txt(tuple(text[at : at + 255] for at in range(0, len(text), 255)) or (b"",)) for text in records)
        return Answer(question, Kind.FOUND, tuple(texts))

    return answer


@cache
def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    """Return an RSA key, the same for all tests of a run."""
    return generate_private_key(65_537, bits)


@cache
def ed25519_key() -> Ed25519PrivateKey:
    """Return an Ed25519 key."""
    return Ed25519PrivateKey.generate()


def p_of(private: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    """Return the value of p=."""
    public = private.public_key()
    if isinstance(private, RSAPrivateKey):
        return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def rsa_signer() -> SigningKey:
    """Return the key of r._domainkey.example.com."""
    return SigningKey("example.com", "r", rsa_key())


def ed25519_signer() -> SigningKey:
    """Return the key of e._domainkey.example.com."""
    return SigningKey("example.com", "e", ed25519_key())


def keys(**more: Held) -> dict[str, Held]:
    """Return the records of both keys, others put in their place by selector: ``keys(r=b"v=DKIM1; p=")``."""
    table: dict[str, Held] = {
        "r": b"v=DKIM1; p=" + p_of(rsa_key()),
        "e": b"v=DKIM1; k=ed25519; p=" + p_of(ed25519_key()),
        **more,
    }
    return {f"{selector}._domainkey.example.com": held for selector, held in table.items()}


def verdicts(
    raw: bytes, table: dict[str, Held] | None = None, now: int = NOW, policy: DkimPolicy | None = None
) -> tuple[DkimVerdict, ...]:
    """Return the verdicts on a message, its keys coming from ``table``."""
    return settle(verify_message(raw, now, policy), zone(keys() if table is None else table))
