"""What was done to a message whose DKIM signature fails: changes that are common on the way are undone on trial.

A change is *proven* where the signature fits once it is undone; all others are only what is seen.  Work is bounded:
nothing here is for every message, it is asked for where somebody wants to know why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from mailwright.authentication.body_changes import Change, ChangeKind, body_changes, excerpt
from mailwright.authentication.canonical import Form, header_in_form, relaxed_header
from mailwright.authentication.dkim import DkimResult, DkimVerdict
from mailwright.authentication.dkim_key import DkimKey
from mailwright.authentication.dkim_signature import DkimSignature
from mailwright.authentication.header_fields import CRLF, Header, HeaderField
from mailwright.authentication.signature_fields import without_signature
from mailwright.authentication.signed_octets import is_signature, sha256, signed_fields

#: Headers that are tried for one signature; each costs a hash, with Ed25519 a verification.
MOST_ATTEMPTS = 200
#: Changes that are undone together.
MOST_TOGETHER = 2
#: Octets of signed fields that are tried on; more is not worth 200 hashes.
LONGEST_SIGNED = 256 * 1024
#: Changes that are told.
MOST_CHANGES = 20

#: Where mailing lists and forwarders keep the From that they replaced.
_FORMER_FROM = (b"x-original-from", b"original-from", b"x-mailfrom-from", b"reply-to")
_ENCODINGS = (b"7bit", b"8bit", b"quoted-printable", b"base64")


def explain_failure(header: Header, body: bytes, verdict: DkimVerdict) -> tuple[Change, ...]:
    """Return what was changed as far as it can be told, the proven first; () where the verdict is no "fail".

    ``header`` and ``body`` are those the verdict is about.
    """
    signature, key, field = verdict.signature, verdict.key, verdict.field
    if verdict.result is not DkimResult.FAIL or signature is None or key is None or field is None:
        return ()
    changes: list[Change] = []
    if verdict.body_matches is False:
        changes += body_changes(header, body, signature)
    if verdict.header_matches is False:
        changes += _Trial(header, signature, key, field).changes()
    return tuple(sorted(changes, key=lambda change: not change.proven))[:MOST_CHANGES]


class _Undoing(NamedTuple):
    """A change to undo: the fields at some places replaced, or taken out (None)."""

    change: Change
    replaced: tuple[tuple[int, HeaderField | None], ...]


class _Trial:
    """The signed fields of one signature, and trials to make them what was signed."""

    def __init__(self, header: Header, signature: DkimSignature, key: DkimKey, field: HeaderField) -> None:
        self._header = header
        self._signature = signature
        self._key = key
        self._own = HeaderField(field.name, without_signature(field.raw))
        self._fields = signed_fields(header, signature.headers, field)
        self._signed_digest = _digest_in(key, signature.signature)
        self._left = MOST_ATTEMPTS

    def changes(self) -> list[Change]:
        """Return what was changed in the header."""
        if isinstance(self._key.public, RSAPublicKey) and self._signed_digest is None:
            return [Change("header", ChangeKind.NOT_BY_KEY, proven=True)]
        if sum(len(field.raw) for field in self._fields) > LONGEST_SIGNED:
            return [Change("header", ChangeKind.UNKNOWN)]
        copies = self._changed_copies()
        undoings = [*self._whole(copies), *self._single(), *copies]
        for together in range(1, MOST_TOGETHER + 1):
            for chosen in combinations(undoings, together):
                if self._fits(chosen):
                    return [undoing.change._replace(proven=True) for undoing in chosen]
        return [undoing.change for undoing in copies] or [Change("header", ChangeKind.UNKNOWN)]

    def _fits(self, chosen: Sequence[_Undoing]) -> bool:
        """Tell whether the signature fits with the changes undone; no where the trials are used up."""
        if self._left <= 0:
            return False
        self._left -= 1
        fields: list[HeaderField | None] = [*self._fields, self._own]
        form = self._signature.header_form
        for undoing in chosen:
            if undoing.change.kind is ChangeKind.FORM:
                form = Form.SIMPLE if form is Form.RELAXED else Form.RELAXED
            for place, field in undoing.replaced:
                fields[place] = field
        octets = CRLF.join(header_in_form(field, form) for field in fields if field is not None)
        if self._signed_digest is not None:
            return sha256(octets) == self._signed_digest
        return is_signature(self._key, octets, self._signature.signature)

    def _whole(self, copies: Sequence[_Undoing]) -> Iterator[_Undoing]:
        """Yield what changes all fields at once."""
        if len(copies) > 1:
            names = " ".join(undoing.change.field for undoing in copies)
            change = Change("header", ChangeKind.FIELD_CHANGED, names)
            yield _Undoing(change, tuple(pair for undoing in copies for pair in undoing.replaced))
        yield _Undoing(Change("header", ChangeKind.FORM), ())
        if self._signature.header_form is Form.SIMPLE:
            unfolded = tuple(
                (place, HeaderField(field.name, field.raw.replace(CRLF, b"")))
                for place, field in enumerate((*self._fields, self._own))
                if CRLF in field.raw
            )
            # The signature's own field with the others, and left as it is.
            yield _Undoing(Change("header", ChangeKind.REFOLDED), unfolded)
            others = tuple((place, field) for place, field in unfolded if place < len(self._fields))
            yield _Undoing(Change("header", ChangeKind.REFOLDED), others)

    def _single(self) -> Iterator[_Undoing]:
        """Yield what changes one field."""
        for place, field in enumerate(self._fields):
            for change, value in self._former_values(field):
                raw = field.raw[: field.raw.find(b":") + 1] + value
                yield _Undoing(change, ((place, HeaderField(field.name, raw)),))
            # Over-signed, or put below the one that was signed.
            change = Change("header", ChangeKind.FIELD_ADDED, field.name.decode("ascii"), excerpt(field.value))
            yield _Undoing(change, ((place, None),))
            for other in self._header.all(field.name):
                if all(other is not chosen for chosen in self._fields):
                    yield _Undoing(change, ((place, other),))
                    break

    def _former_values(self, field: HeaderField) -> Iterator[tuple[Change, bytes]]:
        """Yield the values that a field may have had, each with the change that was made to it."""
        name = field.name.decode("ascii")
        if field.name == b"subject":
            for tag, value in _without_tags(field.value):
                yield Change("header", ChangeKind.SUBJECT_TAG, name, excerpt(tag)), value
        elif field.name == b"from":
            for former in _FORMER_FROM:
                for other in self._header.all(former)[:1]:
                    yield Change("header", ChangeKind.FROM_REWRITTEN, name, excerpt(other.value)), other.value
        elif field.name == b"content-transfer-encoding":
            for encoding in _ENCODINGS:
                change = Change("header", ChangeKind.ENCODING_FIELD, name, encoding.decode("ascii"))
                yield change, b" " + encoding

    def _changed_copies(self) -> list[_Undoing]:
        """Return the fields that differ from their copies in the signature (z=)."""
        copied: dict[bytes, list[bytes]] = {}
        for name, value in self._signature.copied:
            copied.setdefault(name, []).append(value)
        found = []
        for place, field in enumerate(self._fields):
            values = copied.get(field.name)
            if not values:
                continue
            candidates = [HeaderField(field.name, field.raw[: field.raw.find(b":") + 1] + value) for value in values]
            now = relaxed_header(field)
            if all(relaxed_header(candidate) != now for candidate in candidates):
                change = Change("header", ChangeKind.FIELD_CHANGED, field.name.decode("ascii"), excerpt(values[-1]))
                found.append(_Undoing(change, ((place, candidates[-1]),)))
        return found


def _without_tags(value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (tag, subject without it) for the first "[tag]" or "***TAG***" of a subject, with and without its space."""
    for opening, closing in ((b"[", b"]"), (b"***", b"***"), (b"{", b"}")):
        begin = value.find(opening, 0, 40)
        end = value.find(closing, begin + len(opening), begin + 100) if begin >= 0 else -1
        if end >= 0:
            end += len(closing)
            yield value[begin:end], value[:begin] + value[end:].lstrip(b" ")
            yield value[begin:end], value[:begin] + value[end:]


def _digest_in(key: DkimKey, signature: bytes) -> bytes | None:
    """Return the hash that an RSA signature holds; None where it was not made with the key, and with Ed25519."""
    if not isinstance(key.public, RSAPublicKey):
        return None
    try:
        return key.public.recover_data_from_signature(signature, PKCS1v15(), SHA256())
    except InvalidSignature:
        return None
