"""DKIM keys in DNS (RFC 6376 3.6, RFC 8301, RFC 8463): looked up, read, and what is wrong with them told apart.

That a key could not be looked up is never told as "there is no key": the first may change in a minute
(``KeyTrouble.UNAVAILABLE``), the second makes a signature worthless.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailwright.authentication.tags import TagFault, parse_tags, without_space
from mailwright.dns.answer import Answer, Dnssec, Kind, Question, RecordType, Txt
from mailwright.dns.inquiry import Inquiry

#: Octets of a key record; one with an RSA key of 4096 bits has about 760.
LONGEST_RECORD = 8_192
#: TXT records at the name of a key that are looked at; RFC 6376 3.6.2.2 wants one.
MOST_RECORDS = 10
#: RFC 8301 3.2: a verifier MUST NOT take a signature by an RSA key of fewer bits for valid, and MUST be able to
#: verify up to 4096.  More only costs time.
FEWEST_RSA_BITS = 1024
MOST_RSA_BITS = 4096
#: Bits of an RSA key's public exponent; nearly all have 17.  Work grows with them; OpenSSL has the same limit for
#: large keys (OPENSSL_RSA_MAX_PUBEXP_BITS).
MOST_EXPONENT_BITS = 64
#: Octets of an Ed25519 key (RFC 8463 4).
ED25519_OCTETS = 32
#: Key records whose keys are kept ready, the least used leaving first.
KEYS_KEPT = 512


class KeyType(StrEnum):
    """The kinds of keys (k=; RFC 6376 3.6.1, RFC 8463 4)."""

    RSA = "rsa"
    ED25519 = "ed25519"


class KeyTrouble(StrEnum):
    """Why there is no key to verify with."""

    UNAVAILABLE = "unavailable"  # DNS gave no answer that tells anything: try again
    NO_NAME = "no-name"  # the name SELECTOR._domainkey.DOMAIN does not exist (NXDOMAIN)
    NO_RECORD = "no-record"  # the name exists, without a TXT record
    SEVERAL = "several"  # more than one key record
    SYNTAX = "syntax"  # no tag=value list, or without p=; a wildcard's SPF record, for example
    VERSION = "version"  # v= is not DKIM1, or does not stand first
    KEY_TYPE = "key-type"  # k= is neither rsa nor ed25519, or not what the signature was made with
    HASH = "hash"  # h= leaves out sha256
    SERVICE = "service"  # s= leaves out email
    REVOKED = "revoked"  # p= is empty
    BASE64 = "base64"  # p= is no base64
    DATA = "data"  # p= holds no key of the type k= says
    SHORT = "short"  # RSA with fewer than FEWEST_RSA_BITS
    LONG = "long"  # RSA with more than MOST_RSA_BITS, an exponent of too many bits, or too long a record


class KeyProblem(NamedTuple):
    """There is no key: why, and the evidence: the record, or the answer in one line."""

    trouble: KeyTrouble
    evidence: str = ""


class DkimKey(NamedTuple):
    """A public key and what its record says of it.

    bits: of the RSA modulus; 256 for Ed25519.
    testing: t=y, the domain is testing DKIM; a verifier MUST NOT treat its failures otherwise than unsigned mail.
    strict: t=s, i= must be of exactly the domain of d=.
    notes: n=, a remark for people, as it stands.
    """

    type: KeyType
    public: RSAPublicKey | Ed25519PublicKey
    bits: int
    testing: bool = False
    strict: bool = False
    notes: str = ""


def look_up_key(selector: str, domain: str) -> Inquiry[DkimKey | KeyProblem]:
    """Return the key of a selector at a domain, or why there is none."""
    question = key_question(selector, domain)
    if question is None:
        return KeyProblem(KeyTrouble.NO_NAME, f"{selector}._domainkey.{domain}")
    (answer,) = yield (question,)
    return key_from_answer(answer)


@lru_cache(maxsize=KEYS_KEPT)
def key_question(selector: str, domain: str) -> Question | None:
    """Return where the key is published (RFC 6376 3.6.2.1); None where that can be no name in DNS."""
    try:
        name = f"{a_labels(selector)}._domainkey.{a_labels(domain)}"
    except UnicodeError:
        return None
    if len(name) > 253 or not all(0 < len(label) <= 63 for label in name.split(".")):
        return None
    return Question(name, RecordType.TXT)


def a_labels(name: str) -> str:
    """Return a name as DNS is asked for it: lower case, U-labels as A-labels (RFC 8616 5); raises UnicodeError."""
    if name.isascii():
        return name.lower()
    labels = (label if label.isascii() else idna.encode(label, uts46=True).decode("ascii") for label in name.split("."))
    return ".".join(labels).lower()


def key_from_answer(answer: Answer) -> DkimKey | KeyProblem:
    """Return the key in what DNS answered, or why there is none."""
    # RFC 6376 6.1.2 1: where the key is not available, verification is put off, not failed.
    if not answer.tells or answer.dnssec is Dnssec.BOGUS:
        return KeyProblem(KeyTrouble.UNAVAILABLE, answer.evidence)
    # RFC 6376 6.1.2 2: where there is no record, the signature MUST be ignored: PERMFAIL (no key for signature).
    if answer.kind is Kind.NXDOMAIN:
        return KeyProblem(KeyTrouble.NO_NAME, answer.evidence)
    records = [record.joined for record in answer.records if isinstance(record, Txt)]
    if not records:
        return KeyProblem(KeyTrouble.NO_RECORD, answer.evidence)
    if len(records) > 1:
        # RFC 6376 3.6.2.2: TXT records MUST be unique for a selector; the results of several are undefined.  Records
        # that are no keys, such as a wildcard's, do not make two keys of one.
        keys = [record for record in records[:MOST_RECORDS] if _may_be_key(record)]
        if len(keys) > 1 or len(records) > MOST_RECORDS:
            return KeyProblem(KeyTrouble.SEVERAL, answer.evidence[:LONGEST_RECORD])
        records = keys or records
    return read_key(records[0])


def _may_be_key(record: bytes) -> bool:
    """Tell whether a record is a list with a tag p=."""
    try:
        return len(record) <= LONGEST_RECORD and "p" in parse_tags(record.decode("utf-8"), utf8=True)
    except (TagFault, UnicodeDecodeError):
        return False


@lru_cache(maxsize=KEYS_KEPT)
def read_key(record: bytes) -> DkimKey | KeyProblem:
    """Return the key in a record (RFC 6376 3.6.1), or why there is none."""
    if len(record) > LONGEST_RECORD:
        return KeyProblem(KeyTrouble.LONG)
    shown = record.decode("utf-8", "backslashreplace")
    try:
        tags = parse_tags(record.decode("utf-8"), utf8=True)
    except (TagFault, UnicodeDecodeError):
        # RFC 6376 6.1.2 4: what does not have the form of 3.6.1 MUST be ignored: PERMFAIL (key syntax error).
        return KeyProblem(KeyTrouble.SYNTAX, shown)
    trouble = _trouble_of_tags(tags)
    if trouble is not None:
        return KeyProblem(trouble, shown)
    key_type = KeyType(tags.get("k", "rsa"))
    public = _public_key(key_type, tags["p"])
    if isinstance(public, KeyTrouble):
        return KeyProblem(public, shown)
    flags = _words(tags.get("t", ""))
    bits = public.key_size if isinstance(public, RSAPublicKey) else 256
    return DkimKey(key_type, public, bits, "y" in flags, "s" in flags, tags.get("n", ""))


def _trouble_of_tags(tags: Mapping[str, str]) -> KeyTrouble | None:
    """Return what the tags beside p= make wrong; None where nothing is.  Unknown tags MUST be ignored (3.2)."""
    # RFC 6376 3.6.1: v=, where it is there, MUST be "DKIM1" and the first tag; records with another MUST be discarded.
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        return KeyTrouble.VERSION
    if "p" not in tags:
        return KeyTrouble.SYNTAX
    # RFC 6376 3.6.1: keys of a type that is not known MUST be ignored.
    if tags.get("k", "rsa") not in tuple(KeyType):
        return KeyTrouble.KEY_TYPE
    # RFC 6376 3.6.1, 6.1.2 6: a key whose h= leaves out the signature's hash MUST be ignored; names that are not known
    # MUST be ignored.  sha256 is the only one left (RFC 8301 3.1).
    if "h" in tags and "sha256" not in _words(tags["h"]):
        return KeyTrouble.HASH
    # RFC 6376 3.6.1: a key for other services only MUST be ignored; services that are not known MUST be ignored.
    if "s" in tags and not {"*", "email"} & set(_words(tags["s"])):
        return KeyTrouble.SERVICE
    # RFC 6376 3.6.1, 6.1.2 7: an empty p= means that the key has been revoked: PERMFAIL (key revoked).
    return None if without_space(tags["p"]) else KeyTrouble.REVOKED


def _words(value: str) -> list[str]:
    """Return the words of a list by colons."""
    return [word.strip(" \t") for word in value.split(":")]


def _public_key(key_type: KeyType, value: str) -> RSAPublicKey | Ed25519PublicKey | KeyTrouble:
    """Return the key in p=, or what is wrong with it."""
    data = decode_base64(value)
    if data is None:
        return KeyTrouble.BASE64
    if key_type is KeyType.ED25519:
        # RFC 8463 4: p= is the 32 octets themselves.
        return Ed25519PublicKey.from_public_bytes(data) if len(data) == ED25519_OCTETS else KeyTrouble.DATA
    try:
        # RFC 6376 3.6.1 says RSAPublicKey, its examples and everybody write SubjectPublicKeyInfo (erratum 3017).
        public = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return KeyTrouble.DATA
    if not isinstance(public, RSAPublicKey):
        return KeyTrouble.DATA
    # RFC 8301 3.2.
    if public.key_size < FEWEST_RSA_BITS:
        return KeyTrouble.SHORT
    if public.key_size > MOST_RSA_BITS or public.public_numbers().e.bit_length() > MOST_EXPONENT_BITS:
        return KeyTrouble.LONG
    return public


def decode_base64(value: str) -> bytes | None:
    """Return the octets of base64 with white space in it (RFC 6376 2.10); None where it is none.

    The padding may be missing: the grammar makes it optional.
    """
    text = without_space(value)
    if len(text) % 4 and not text.endswith("="):
        text += "=" * (-len(text) % 4)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
