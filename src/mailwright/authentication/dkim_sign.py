"""DKIM signing (RFC 6376 5, RFC 8301, RFC 8463): header fields to put on top of a message.

Several signatures of one message share its splitting and its body hash.  What is signed by default:

* the fields of ``SIGNED``, as often as they occur;
* those of ``OVERSIGNED`` once more than they occur, so that another one added on the way breaks the signature
  (RFC 6376 8.15): a second From or Subject is what people would see;
* the whole body: l= is written only on request, since anything can be put behind what it signs (RFC 6376 8.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mailwright.authentication.canonical import BodyHash, Form
from mailwright.authentication.dkim_key import FEWEST_RSA_BITS, MOST_RSA_BITS, key_question
from mailwright.authentication.dkim_signature import DkimSignature, check_identity
from mailwright.authentication.header_fields import CRLF, Header, HeaderFault, HeaderField, split_message
from mailwright.authentication.signature_fields import (
    LONGEST_SIGNATURE,
    MOST_NAMES,
    MOST_TIME_DIGITS,
    Algorithm,
    SignatureFault,
    fill_in,
)
from mailwright.authentication.signed_octets import sha256, signed_octets

#: Seconds since 1970 that t= and x= can hold.
LATEST_TIME = 10**MOST_TIME_DIGITS - 1
#: Octets of a PEM file; RSA of 4096 bits has 3,300.
LONGEST_PEM = 16 * 1024

#: Fields that are signed once more than they occur: nobody adds them to a message on its way for a good reason.
OVERSIGNED = tuple(
    b"from to cc subject date message-id reply-to in-reply-to references mime-version content-type"
    b" content-transfer-encoding".split()
)
#: Fields that are signed as often as they occur (RFC 6376 5.4.1, and what receivers want signed: RFC 8058 4, RFC 9477).
SIGNED = (
    *OVERSIGNED,
    *(
        b"sender resent-date resent-from resent-to resent-cc resent-message-id list-id list-help list-unsubscribe"
        b" list-unsubscribe-post list-subscribe list-post list-owner list-archive feedback-id cfbl-address"
        b" cfbl-feedback-id auto-submitted content-id content-description".split()
    ),
)
#: RFC 6376 5.4.1: fields that others change or remove with good reason, and signatures that are yet to come.
NEVER_SIGNED = frozenset(
    b"return-path received comments keywords bcc resent-bcc dkim-signature authentication-results"
    b" arc-seal arc-message-signature arc-authentication-results".split()
)


_PADDING = PKCS1v15()
_SHA256 = SHA256()


class SigningFault(ValueError):
    """A message or a key that cannot be signed with; ``str`` tells why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and where its public half is published.

    domain, selector: as in d= and s=.  Make it with ``load``.
    """

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @classmethod
    def load(cls, domain: str, selector: str, pem: bytes) -> SigningKey:
        """Return the key in ``pem`` (PKCS #8 or PKCS #1, not encrypted); raises SigningFault."""
        if len(pem) > LONGEST_PEM:
            raise SigningFault(f"a key file of more than {LONGEST_PEM} octets")
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise SigningFault("no private key in PEM without a password") from fault
        if not isinstance(private, (RSAPrivateKey, Ed25519PrivateKey)):
            raise SigningFault("neither an RSA nor an Ed25519 key")
        # RFC 8301 3.2: a signer MUST use RSA keys of at least 1024 bits; verifiers need not take more than 4096.
        if isinstance(private, RSAPrivateKey) and not FEWEST_RSA_BITS <= private.key_size <= MOST_RSA_BITS:
            raise SigningFault(f"an RSA key of {private.key_size} bits")
        if key_question(selector, domain) is None:
            raise SigningFault(f"{selector}._domainkey.{domain} is no name in DNS")
        return cls(domain, selector, private)

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with; never rsa-sha1 (RFC 8301 3.1)."""
        return Algorithm.RSA_SHA256 if isinstance(self.private, RSAPrivateKey) else Algorithm.ED25519_SHA256

    def sign(self, octets: bytes) -> bytes:
        """Return the signature over ``octets``."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(octets, _PADDING, _SHA256)
        # RFC 8463 3: what is signed with Ed25519 is the SHA-256 of the octets.
        return self.private.sign(sha256(octets))


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """How to sign.

    signed, oversigned: names in lower case, see SIGNED and OVERSIGNED; the second are signed even if not in the first.
    lifetime: seconds until x=; None for a signature that does not expire.
    timestamp: whether t= is written.
    identity: i=, an address or "@" and a domain within d=; "" for none.
    partial: write l=, the length of the body now.  Anybody may then put more behind it.
    copied: names of fields that are copied into the signature (z=), so that what is done to them can be told.
    """

    header_form: Form = Form.RELAXED
    body_form: Form = Form.RELAXED
    signed: tuple[bytes, ...] = SIGNED
    oversigned: tuple[bytes, ...] = OVERSIGNED
    lifetime: int | None = None
    timestamp: bool = True
    identity: str = ""
    partial: bool = False
    copied: tuple[bytes, ...] = ()


def sign_message(raw: bytes, keys: Sequence[SigningKey], now: int, options: SigningOptions | None = None) -> bytes:
    """Return a DKIM-Signature field for each key, each with its CRLF, to put on top of ``raw``.

    now: seconds since 1970.  A message whose line ends are LF is signed as it will be once they are CRLF: the fields
    belong on top of ``header_fields.with_crlf(raw)``.  Raises SigningFault.
    """
    try:
        header, body = split_message(raw)
    except HeaderFault as fault:
        raise SigningFault(str(fault)) from fault
    options = options or SigningOptions()
    body_hash = BodyHash(options.body_form)
    body_hash.update(body)
    return sign_header(header, body_hash, keys, now, options)


def sign_header(
    header: Header, body_hash: BodyHash, keys: Sequence[SigningKey], now: int, options: SigningOptions
) -> bytes:
    """Return the fields as ``sign_message`` does, for a body that was hashed in ``options.body_form`` as it came."""
    # RFC 5322 3.6: there is exactly one From; with none or two, what people see need not be what is signed.
    if len(header.all(b"from")) != 1:
        raise SigningFault(f"{len(header.all(b'from'))} From fields")
    names = names_to_sign(header, options)
    digest = body_hash.digest()
    # RFC 6376 3.5: x= MUST be after t=, and neither have more than 12 digits.
    if not (options.lifetime is None or options.lifetime > 0) or now + (options.lifetime or 0) > LATEST_TIME:
        raise SigningFault("a lifetime that no signature can have")
    if options.identity:
        _check_identities(options.identity, keys)
    copied = tuple((field.name, field.value) for field in header.fields if field.name in options.copied)
    out = b""
    for key in keys:
        signature = DkimSignature(
            key.algorithm,
            key.domain,
            key.selector,
            names,
            digest,
            header_form=options.header_form,
            body_form=options.body_form,
            identity=options.identity or "@" + key.domain,
            length=body_hash.length if options.partial else None,
            created=now if options.timestamp else None,
            expires=None if options.lifetime is None else now + options.lifetime,
            copied=copied,
        )
        out += _signed(header, signature, key) + CRLF
    return out


def _check_identities(identity: str, keys: Sequence[SigningKey]) -> None:
    """Raise SigningFault where i= is not within d= of each key."""
    for key in keys:
        try:
            check_identity(identity, key.domain)
        except SignatureFault as fault:
            raise SigningFault(f"{identity} is not within {key.domain}") from fault


def names_to_sign(header: Header, options: SigningOptions, never: frozenset[bytes] = NEVER_SIGNED) -> tuple[bytes, ...]:
    """Return h=: the names in the order of the options, as often as they occur, and once more where over-signed.

    Raises SigningFault where From is not among them, or one of ``never`` is.
    """
    names: list[bytes] = []
    for name, more in _places(options.signed, options.oversigned):
        names += [name] * (len(header.by_name.get(name, ())) + more)
    # RFC 6376 5.4: From MUST be signed; 3.5: the signature field itself MUST NOT be in its own h=.
    if b"from" not in names:
        raise SigningFault("From is not among the fields to sign")
    if len(names) > MOST_NAMES:
        raise SigningFault(f"more than {MOST_NAMES} fields to sign")
    if wrong := never.intersection(names):
        raise SigningFault(f"{min(wrong).decode('ascii')} must not be signed")
    return tuple(names)


@lru_cache(maxsize=64)
def _places(signed: tuple[bytes, ...], oversigned: tuple[bytes, ...]) -> tuple[tuple[bytes, int], ...]:
    """Return each name once, and how often it is signed beyond its occurrences."""
    return tuple((name, int(name in oversigned)) for name in dict.fromkeys((*signed, *oversigned)))


def _signed(header: Header, signature: DkimSignature, key: SigningKey) -> bytes:
    """Return the field of ``signature`` with b= filled in; raises SigningFault where no verifier could take it."""
    # RFC 6376 3.7, 5.5: what is signed is the field as it will stand, folding included, with an empty b=.
    unsigned = HeaderField.read(signature.write())
    octets = signed_octets(header, signature.headers, signature.header_form, unsigned)
    field = fill_in(unsigned.raw, key.sign(octets))
    if len(field) > LONGEST_SIGNATURE:
        raise SigningFault(f"a signature of more than {LONGEST_SIGNATURE} octets")
    return field
