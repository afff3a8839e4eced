"""The DKIM-Signature header field (RFC 6376 3.5), read and written.

``DkimSignature.parse`` checks every rule that the field alone can break; those that need the message, the key or the
time are kept in ``dkim.py``.
"""

from __future__ import annotations

from typing import NamedTuple

from mailwright.authentication.canonical import Form
from mailwright.authentication.signature_fields import (
    MOST_NAMES,
    Algorithm,
    SignatureFault,
    SignatureTrouble,
    algorithm_of,
    body_hash_of,
    check_query,
    decode_quoted,
    encode_octets,
    encode_quoted,
    fill_in,
    forms_of,
    name_of,
    names_in,
    number,
    octets_of,
    read_tags,
    required,
    time_of,
    write_field,
)
from mailwright.authentication.tags import without_space
from mailwright.mail.address import is_host_name

#: Digits of l= (RFC 6376 3.5).
MOST_LENGTH_DIGITS = 76


class DkimSignature(NamedTuple):
    """A signature.

    domain, selector: as written; U-labels stay.  identity: i=, "@" and the domain where it is not there.
    headers: the names of h= in lower case, in order, repeated as they are there.
    length: l=, octets of the canonical body that are signed; None for all.
    created, expires: t=, x=, seconds since 1970; None where not said.
    copied: z=, name and value of header fields as they were, decoded.
    """

    algorithm: Algorithm
    domain: str
    selector: str
    headers: tuple[bytes, ...]
    body_hash: bytes
    signature: bytes = b""
    header_form: Form = Form.SIMPLE
    body_form: Form = Form.SIMPLE
    identity: str = ""
    length: int | None = None
    created: int | None = None
    expires: int | None = None
    copied: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def parse(cls, value: bytes) -> DkimSignature:
        """Return the signature in a field's value, folded or not; raises SignatureFault."""
        tags = read_tags(value)
        # RFC 6376 3.5: v= MUST be there and be "1"; 6.1.1: another version MUST NOT be read as this one.
        if required(tags, "v") != "1":
            raise SignatureFault(SignatureTrouble.VERSION, "v")
        domain = name_of(tags, "d")
        created, expires = time_of(tags, "t"), time_of(tags, "x")
        # RFC 6376 3.5: x= MUST be greater than t= where both are there.
        if created is not None and expires is not None and expires <= created:
            raise SignatureFault(SignatureTrouble.EXPIRY, "x")
        header_form, body_form = forms_of(tags)
        check_query(tags)
        headers = names_in(tags)
        # RFC 6376 3.5, h=: the field itself MUST NOT be in it; others of its name may.  What is signed is the names
        # that stand in the message beside this field, so that nothing is to be done here.
        return cls(
            algorithm_of(tags),
            domain,
            name_of(tags, "s"),
            headers,
            body_hash_of(tags),
            octets_of(tags, "b"),
            header_form,
            body_form,
            _identity(tags["i"], domain) if "i" in tags else "@" + domain,
            number(tags, "l", MOST_LENGTH_DIGITS),
            created,
            expires,
            _copied(tags.get("z", "")),
        )

    def write(self) -> bytes:
        """Return the field, folded, without the CRLF at its end; b= comes last, empty where there is no signature."""
        c = f"{self.header_form}/{self.body_form}"
        tags = [("v", "1"), ("a", str(self.algorithm)), ("c", c), ("d", self.domain), ("s", self.selector)]
        if self.identity and self.identity != "@" + self.domain:
            tags.append(("i", encode_quoted(self.identity)))
        for name, value in (("t", self.created), ("x", self.expires), ("l", self.length)):
            if value is not None:
                tags.append((name, str(value)))
        copied = "|".join(f"{name.decode('ascii')}:{encode_octets(value)}" for name, value in self.copied)
        return fill_in(write_field("DKIM-Signature", tags, self.headers, self.body_hash, copied), self.signature)


def _identity(value: str, domain: str) -> str:
    """Return i=: an optional local part, "@", and a domain that is d= or below it."""
    identity = decode_quoted(value).decode("utf-8", "replace")
    check_identity(identity, domain)
    return identity


def check_identity(identity: str, domain: str) -> None:
    """Raise SignatureFault where ``identity`` is not within ``domain``, or could not be written into a field."""
    _, at, identity_domain = identity.rpartition("@")
    own, below = domain.lower(), identity_domain.lower()
    # RFC 6376 3.5, i=: the domain MUST be the same as or a subdomain of d= (6.1.1: "domain mismatch").
    if not at or not (below == own or below.endswith("." + own)) or not is_host_name(identity_domain):
        raise SignatureFault(SignatureTrouble.IDENTITY, "i")
    # What stands here is written into other fields later.
    if not identity.isprintable():
        raise SignatureFault(SignatureTrouble.IDENTITY, "i")


def _copied(value: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the names and values of z=; what is none is left out, since z= is for diagnosis only (3.5)."""
    if not value:
        return ()
    pairs = []
    for item in value.split("|", MOST_NAMES)[:MOST_NAMES]:
        name, colon, text = without_space(item).partition(":")
        if colon and name and name.isascii():
            pairs.append((name.lower().encode("ascii"), decode_quoted(text)))
    return tuple(pairs)
