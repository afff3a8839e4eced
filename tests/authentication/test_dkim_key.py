"""DKIM keys in DNS: read, and every way in which there is none told apart."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.dkim_key import (
    LONGEST_RECORD,
    MOST_EXPONENT_BITS,
    MOST_RECORDS,
    DkimKey,
    KeyProblem,
    KeyTrouble,
    KeyType,
    decode_base64,
    key_from_answer,
    key_question,
    look_up_key,
    read_key,
)
from mailwright.dns.answer import Answer, Dnssec, Kind, Question, RecordType, Txt
from mailwright.dns.inquiry import settle
from tests.authentication.dkim_zone import Held, ed25519_key, p_of, rsa_key, zone

P = p_of(rsa_key(1024))
E = p_of(ed25519_key())
NAME = "s._domainkey.example.com"

GOOD = [
    (b"v=DKIM1; k=rsa; p=" + P, KeyType.RSA, 1024),
    (b"p=" + P, KeyType.RSA, 1024),
    (b"p=" + P + b";", KeyType.RSA, 1024),
    (b"v=DKIM1; p=" + P[:70] + b" \t" + P[70:], KeyType.RSA, 1024),
    (b"v=DKIM1; k=ed25519; p=" + E, KeyType.ED25519, 256),
    # The padding may be missing (RFC 6376 2.10).
    (b"v=DKIM1; k=ed25519; p=" + E.rstrip(b"="), KeyType.ED25519, 256),
    # RFC 6376 3.6.1: what is not known MUST be ignored.
    (b"v=DKIM1; h=sha1:sha256:sha9; s=tlsrpt:email; t=x:z; g=*; new=1; p=" + P, KeyType.RSA, 1024),
    (b"v=DKIM1; s=*; p=" + P, KeyType.RSA, 1024),
    (b"v=DKIM1; n=caf\xc3\xa9; p=" + P, KeyType.RSA, 1024),
]

BAD = [
    (b"v=DKIM1; p=", KeyTrouble.REVOKED),
    (b"v=DKIM1; k=ed25519; p= ", KeyTrouble.REVOKED),
    (b"v=spf1 -all", KeyTrouble.VERSION),
    (b"spf1", KeyTrouble.SYNTAX),
    (b"", KeyTrouble.SYNTAX),
    (b"k=rsa", KeyTrouble.SYNTAX),
    (b"p=" + P + b"; p=" + P, KeyTrouble.SYNTAX),
    (b"p=\xff" + P, KeyTrouble.SYNTAX),
    # RFC 6376 3.6.1: v= MUST be DKIM1 and first.
    (b"v=DKIM1.0; p=" + P, KeyTrouble.VERSION),
    (b"v=dkim1; p=" + P, KeyTrouble.VERSION),
    (b"k=rsa; v=DKIM1; p=" + P, KeyTrouble.VERSION),
    (b"v=DKIM1; k=dsa; p=" + P, KeyTrouble.KEY_TYPE),
    (b"v=DKIM1; h=sha1; p=" + P, KeyTrouble.HASH),
    (b"v=DKIM1; h=; p=" + P, KeyTrouble.HASH),
    (b"v=DKIM1; s=tlsrpt; p=" + P, KeyTrouble.SERVICE),
    (b"v=DKIM1; p=!!!!", KeyTrouble.BASE64),
    (b"v=DKIM1; p=A", KeyTrouble.BASE64),
    (b"v=DKIM1; p=AA=A", KeyTrouble.BASE64),
    (b"v=DKIM1; p=AAAA", KeyTrouble.DATA),
    (b"v=DKIM1; p=" + P[:-40], KeyTrouble.DATA),
    (b"v=DKIM1; p=" + E, KeyTrouble.DATA),
    (b"v=DKIM1; k=ed25519; p=" + P, KeyTrouble.DATA),
    (b"v=DKIM1; k=ed25519; p=" + b64encode(bytes(31)), KeyTrouble.DATA),
    (b"v=DKIM1; k=ed25519; p=" + b64encode(bytes(33)), KeyTrouble.DATA),
]


@pytest.mark.parametrize(("record", "key_type", "bits"), GOOD)
def test_keys_are_read(record: bytes, key_type: KeyType, bits: int) -> None:
    """What RFC 6376 3.6.1 allows is a key."""
    key = read_key(record)
    assert isinstance(key, DkimKey)
    assert (key.type, key.bits) == (key_type, bits)


@pytest.mark.parametrize(("record", "trouble"), BAD)
def test_what_is_no_key_is_told_apart(record: bytes, trouble: KeyTrouble) -> None:
    """Each fault has its own name and keeps the record as evidence."""
    problem = read_key(record)
    assert isinstance(problem, KeyProblem)
    assert problem.trouble is trouble
    assert problem.evidence == record.decode("utf-8", "backslashreplace")


def test_flags_and_notes() -> None:
    """t= has testing and strict, n= is kept."""
    key = read_key(b"v=DKIM1; t=s : y; n=for people; p=" + P)
    assert isinstance(key, DkimKey)
    assert (key.testing, key.strict, key.notes) == (True, True, "for people")


def _rsa_record(modulus_bits: int, exponent: int = 65_537) -> bytes:
    """A record of an RSA key that nobody has the private half of."""
    public = RSAPublicNumbers(exponent, (1 << modulus_bits - 1) + 1).public_key()
    return b"p=" + b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("bits", "expected"), [(1023, KeyTrouble.SHORT), (1024, None), (4096, None), (4097, KeyTrouble.LONG)]
)
def test_rsa_from_1024_to_4096_bits(bits: int, expected: KeyTrouble | None) -> None:
    """RFC 8301 3.2: fewer than 1024 MUST NOT be taken, 4096 MUST be."""
    key = read_key(_rsa_record(bits))
    assert (key.trouble if isinstance(key, KeyProblem) else None) is expected


def test_exponents_and_records_have_limits() -> None:
    """An exponent or a record as long as the limit is read, one bit or octet more is not."""
    assert isinstance(read_key(_rsa_record(2048, (1 << MOST_EXPONENT_BITS - 1) + 1)), DkimKey)
    assert read_key(_rsa_record(2048, (1 << MOST_EXPONENT_BITS) + 1)).trouble is KeyTrouble.LONG  # type: ignore[union-attr]
    record = b"p=" + P + b"; n="
    padded = record + b"x" * (LONGEST_RECORD - len(record))
    assert isinstance(read_key(padded), DkimKey)
    assert read_key(padded + b"x") == KeyProblem(KeyTrouble.LONG)


def test_other_kinds_of_keys_are_none() -> None:
    """A key on an elliptic curve is no RSA key, nor is RSAPublicKey refused."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    record = b"p=" + b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert read_key(record).trouble is KeyTrouble.DATA  # type: ignore[union-attr]
    bare = rsa_key(1024).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert isinstance(read_key(b"p=" + b64encode(bare)), DkimKey)


KEY = b"v=DKIM1; p=" + P

ANSWERS: list[tuple[Held, KeyTrouble | None]] = [
    (KEY, None),
    (Kind.NXDOMAIN, KeyTrouble.NO_NAME),
    (Kind.NODATA, KeyTrouble.NO_RECORD),
    # What tells nothing is never "there is none".
    *((kind, KeyTrouble.UNAVAILABLE) for kind in Kind if kind not in (Kind.FOUND, Kind.NODATA, Kind.NXDOMAIN)),
    # RFC 6376 3.6.2.2: records MUST be unique.
    ([KEY, KEY], KeyTrouble.SEVERAL),
    ([KEY, b"v=DKIM1; p="], KeyTrouble.SEVERAL),
    ([b"v=spf1 -all", KEY], None),
    ([b"v=spf1 -all", b"google-site-verification=1"], KeyTrouble.VERSION),
    ([*[b"x"] * (MOST_RECORDS - 1), KEY], None),
    ([*[b"x"] * MOST_RECORDS, KEY], KeyTrouble.SEVERAL),
    ([b"\xff", b"p=" + b"A" * LONGEST_RECORD, KEY], None),
]


@pytest.mark.parametrize(("held", "trouble"), ANSWERS)
def test_what_dns_says(held: Held, trouble: KeyTrouble | None) -> None:
    """Every kind of no is another trouble, and only a look-up that failed is worth another try."""
    key = settle(look_up_key("s", "example.com"), zone({NAME: held}))
    assert (key.trouble if isinstance(key, KeyProblem) else None) is trouble


def test_bogus_signatures_of_dns_are_unavailable() -> None:
    """A bogus answer holds no key, and says nothing about the domain's."""
    answer = Answer(Question(NAME, RecordType.TXT), Kind.FOUND, (Txt((KEY,)),), dnssec=Dnssec.BOGUS)
    problem = key_from_answer(answer)
    assert isinstance(problem, KeyProblem)
    assert problem.trouble is KeyTrouble.UNAVAILABLE


@pytest.mark.parametrize(
    ("selector", "domain", "name"),
    [
        ("S1", "Example.COM", "s1._domainkey.example.com"),
        ("a.b", "example.com", "a.b._domainkey.example.com"),
        # RFC 8616 5.
        ("s", "b\u00fccher.example", "s._domainkey.xn--bcher-kva.example"),
        ("s\u00fcd", "example.com", "xn--sd-xka._domainkey.example.com"),
        ("s", "\u2488.example", None),
        ("s" * 63, "example.com", "s" * 63 + "._domainkey.example.com"),
        ("s" * 64, "example.com", None),
        ("s", ".".join(["d" * 60] * 4), None),
    ],
)
def test_where_a_key_is_published(selector: str, domain: str, name: str | None) -> None:
    """RFC 6376 3.6.2.1; a name that DNS cannot hold is asked for nowhere."""
    question = key_question(selector, domain)
    assert (question.name if question else None) == name
    if name is None:
        problem = settle(look_up_key(selector, domain), zone({}))
        assert isinstance(problem, KeyProblem)
        assert problem.trouble is KeyTrouble.NO_NAME


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda data: b"p=" + b64encode(data)))
def test_any_record_is_a_key_or_a_problem(record: bytes) -> None:
    """Nothing is ever raised."""
    assert isinstance(read_key(record), (DkimKey, KeyProblem))


@given(st.text(max_size=50), st.text(max_size=50))
def test_any_name_can_be_asked_for_or_not(selector: str, domain: str) -> None:
    """Nothing is ever raised, and what is asked for is a name."""
    question = key_question(selector, domain)
    assert question is None or (question.name.isascii() and len(question.name) <= 253)


@given(st.binary(max_size=100))
def test_base64_is_decoded_with_space_and_without_padding(data: bytes) -> None:
    """RFC 6376 2.10."""
    text = b64encode(data).decode()
    assert decode_base64(" ".join(text)) == data
    assert decode_base64(text.rstrip("=")) == data
    assert decode_base64(text + "!") is None
