"""New DKIM keys, and when to put which into use: key generation, record texts, and the plan of a rotation.

A rotation never changes a record in place: the new key gets a selector of its own, is published before anything is
signed with it, and the old one stays published as long as messages that it signed may be on their way
(RFC 6376 3.1).  The plan is data; whoever keeps the zone and the signer carries it out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailwright.authentication.dkim_key import FEWEST_RSA_BITS, MOST_RSA_BITS, KeyType
from mailwright.authentication.tags import join_tags

#: Bits of a new RSA key: RFC 8301 3.2 says that signers SHOULD use at least 2048; larger ones are refused or slow.
RSA_BITS = 2_048
#: Octets of one string of a TXT record (RFC 1035 3.3.14).
LONGEST_STRING = 255
#: How long a message may be on its way and its signature still be asked for: five days of retries (RFC 5321 4.5.4.1)
#: and two of a mailbox that is read late.
TRANSIT = timedelta(days=7)
#: How long a revoked key (empty p=) stays, so that a late verifier learns that it was revoked, not that it is missing.
REVOKED_FOR = timedelta(days=30)
#: Selectors of one month that are tried before giving up.
MOST_SELECTORS = 99


class NewKey(NamedTuple):
    """A key pair.

    private_pem: PKCS #8 in PEM, not encrypted: a secret.  record: the text of the TXT record.
    """

    type: KeyType
    bits: int
    private_pem: bytes
    record: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The record in strings of at most LONGEST_STRING octets, which readers join without anything between."""
        return tuple(self.record[at : at + LONGEST_STRING] for at in range(0, max(1, len(self.record)), LONGEST_STRING))

    @property
    def zone_text(self) -> str:
        """The strings in quotes, as a zone file writes them."""
        return " ".join(f'"{string}"' for string in self.strings)


def new_key(key_type: KeyType = KeyType.RSA, bits: int = RSA_BITS, *, testing: bool = False) -> NewKey:
    """Return a new pair; ``bits`` of RSA from FEWEST_RSA_BITS to MOST_RSA_BITS, for Ed25519 it does not count.

    testing: t=y, receivers treat failures as if there were no signature.  Raises ValueError for other ``bits``.
    The randomness is OpenSSL's own.
    """
    if key_type is KeyType.ED25519:
        private = ed25519.Ed25519PrivateKey.generate()
        # RFC 8463 4: the 32 octets themselves.
        public, bits = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), 256
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    else:
        # RFC 8301 3.2: MUST be at least 1024, SHOULD be at least 2048.
        if not FEWEST_RSA_BITS <= bits <= MOST_RSA_BITS:
            raise ValueError(f"{bits} bits; RSA has {FEWEST_RSA_BITS} to {MOST_RSA_BITS} here")
        rsa_private = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
        public = rsa_private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pem = rsa_private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return NewKey(key_type, bits, pem, key_record(key_type, public, testing=testing))


def key_record(key_type: KeyType, public: bytes, *, testing: bool = False) -> str:
    """Return the text of a key record (RFC 6376 3.6.1); an empty ``public`` revokes the key."""
    # RFC 6376 3.6.1: v= MUST be the first tag.
    tags = [("v", "DKIM1"), ("k", str(key_type))]
    if testing:
        tags.append(("t", "y"))
    return join_tags([*tags, ("p", b64encode(public).decode("ascii"))])


class RotationAction(StrEnum):
    """What is done in a step."""

    PUBLISH = "publish"  # put the new key's record into the zone
    USE = "use"  # sign with the new key
    STOP = "stop"  # the old key signs nothing any more; done together with USE
    REVOKE = "revoke"  # empty p= of the old record
    REMOVE = "remove"  # take the old record out of the zone


class RotationStep(NamedTuple):
    """One step: what is done with which selector, not before ``at``."""

    at: datetime
    action: RotationAction
    selector: str


def plan_rotation(
    now: datetime, old: str | None, new: str, *, ttl: timedelta, negative_ttl: timedelta
) -> tuple[RotationStep, ...]:
    """Return the steps, in order of time, from the selector ``old`` (None for the first key) to ``new``.

    ttl: of the old record.  negative_ttl: how long a resolver may keep that the new one is not there (RFC 2308 5).
    """
    # Whoever asked too early has forgotten the "no" twice over before the first message is signed.
    use = now + 2 * max(ttl, negative_ttl)
    steps = [RotationStep(now, RotationAction.PUBLISH, new), RotationStep(use, RotationAction.USE, new)]
    if old is not None:
        revoke = use + TRANSIT
        steps += [
            RotationStep(use, RotationAction.STOP, old),
            RotationStep(revoke, RotationAction.REVOKE, old),
            RotationStep(revoke + ttl + REVOKED_FOR, RotationAction.REMOVE, old),
        ]
    return tuple(steps)


def new_selector(now: datetime, key_type: KeyType, taken: Collection[str] = ()) -> str:
    """Return a selector that is not ``taken``: year, month, "r" or "e", and a number from the second on: "202611r2".

    Selectors are never used again: a cached record of an old key would make new signatures fail.
    Raises ValueError where MOST_SELECTORS of the month are taken.
    """
    stem = f"{now.year:04}{now.month:02}{'e' if key_type is KeyType.ED25519 else 'r'}"
    used = {selector.lower() for selector in taken}
    candidates: Sequence[str] = (stem, *(f"{stem}{number}" for number in range(2, MOST_SELECTORS + 1)))
    for candidate in candidates:
        if candidate not in used:
            return candidate
    raise ValueError(f"{MOST_SELECTORS} selectors of {now.year:04}-{now.month:02} are taken")
