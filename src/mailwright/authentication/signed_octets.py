"""The octets that a signature is over, and whether it is one over them: shared by DKIM and ARC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from mailwright.authentication.canonical import BodyHash, Form, relaxed_headers
from mailwright.authentication.dkim_key import DkimKey
from mailwright.authentication.header_fields import CRLF, Header, HeaderField
from mailwright.authentication.signature_fields import without_signature

_PADDING = PKCS1v15()
_SHA256 = SHA256()


def signed_fields(header: Header, names: Sequence[bytes], own: HeaderField | None = None) -> list[HeaderField]:
    """Return the fields that ``names`` (lower case) stand for, in their order, but the signature's ``own``."""
    chosen = []
    left: dict[bytes, int] = {}
    for name in names:
        fields = header.by_name.get(name)
        # RFC 6376 3.5: a name of which none is left stands for nothing, so that adding one breaks the signature.
        if not fields:
            continue
        # RFC 6376 5.4.2: of several fields of a name each mention MUST stand for the next one from the bottom.
        at = left.get(name, len(fields)) - 1
        if at >= 0 and fields[at] is own:
            at -= 1
        left[name] = at
        if at >= 0:
            chosen.append(fields[at])
    return chosen


def signed_octets(header: Header, names: Sequence[bytes], form: Form, signature: HeaderField) -> bytes:
    """Return what is signed: the fields named, and the signature field itself without the value of b=."""
    fields = signed_fields(header, names, signature)
    # RFC 6376 3.7: the signature field comes last, b= taken as empty, and without a CRLF at its end.
    fields.append(HeaderField(signature.name, without_signature(signature.raw)))
    return relaxed_headers(fields) if form is Form.RELAXED else CRLF.join([field.raw for field in fields])


def is_signature(key: DkimKey, octets: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` was made over ``octets`` with the private half of ``key``."""
    try:
        if isinstance(key.public, Ed25519PublicKey):
            # RFC 8463 3: what is signed with Ed25519 is the SHA-256 of the octets.
            key.public.verify(signature, sha256(octets))
        else:
            key.public.verify(signature, octets, _PADDING, _SHA256)
    except InvalidSignature:
        return False
    return True


def sha256(octets: bytes) -> bytes:
    """Return the hash."""
    return hashlib.sha256(octets).digest()


class BodyHashes:
    """The hashes of one body in all the forms that are asked for, each taken once."""

    def __init__(self) -> None:
        """Begin without any; ``want`` adds them before the first piece of the body is given."""
        self._hashes: dict[tuple[Form, int | None], BodyHash] = {}

    def want(self, form: Form, limit: int | None) -> None:
        """Ask for the hash of a form, of its first ``limit`` octets, None for all."""
        if (form, limit) not in self._hashes:
            self._hashes[form, limit] = BodyHash(form, limit)

    def update(self, piece: bytes) -> None:
        """Take the next octets of the body."""
        for body_hash in self._hashes.values():
            body_hash.update(piece)

    def digest(self, form: Form, limit: int | None) -> tuple[bytes, int]:
        """Return the hash, and how many octets the whole canonical body has; the body has ended."""
        body_hash = self._hashes[form, limit]
        return body_hash.digest(), body_hash.length
