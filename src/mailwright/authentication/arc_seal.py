"""ARC sealing (RFC 8617 5.1): the set of three header fields that a hop puts on top of a message it hands on.

All changes to the message, other signatures too, come before sealing; afterwards nothing may be changed any more.
"""

from __future__ import annotations

from mailwright.authentication.arc import ArcResult, ArcVerdict, sealed_octets
from mailwright.authentication.arc_set import MOST_INSTANCES, ArcReason, ChainStatus, highest_instance
from mailwright.authentication.canonical import BodyHash, Form, relaxed_header
from mailwright.authentication.dkim_sign import (
    LATEST_TIME,
    NEVER_SIGNED,
    SIGNED,
    SigningFault,
    SigningKey,
    SigningOptions,
    names_to_sign,
)
from mailwright.authentication.header_fields import CRLF, Header, HeaderFault, HeaderField, split_message
from mailwright.authentication.results_header import LONGEST_PAYLOAD, AuthenticationResults
from mailwright.authentication.results_text import ResultsFault
from mailwright.authentication.signature_fields import fill_in, write_field
from mailwright.authentication.signed_octets import signed_octets

#: RFC 8617 4.1.2: what the signature of DKIM would sign, and the signatures that were there when the message came.
ARC_SIGNED = (*SIGNED, b"dkim-signature")
#: RFC 8617 4.1.2: seals MUST NOT be signed, Authentication-Results SHOULD NOT: border MTAs remove them.
ARC_NEVER_SIGNED = NEVER_SIGNED - {b"dkim-signature"}


def may_seal(verdict: ArcVerdict) -> bool:
    """Tell whether a set may be added to a message with this verdict.

    Not where the newest set says cv=fail already (RFC 8617 5.1), where there are 50 sets, and where a key could not be
    looked up: that is no status that can be sealed; later it may be known.
    """
    if verdict.result is ArcResult.TEMPERROR or verdict.why in (ArcReason.ENDED, ArcReason.LONG_HEADER):
        return False
    return len(verdict.sets) < MOST_INSTANCES


def seal_message(raw: bytes, verdict: ArcVerdict, results: AuthenticationResults, key: SigningKey, now: int) -> bytes:
    """Return the new set, each field with its CRLF, to put on top of ``with_crlf(raw)``: seal, signature, results.

    verdict: of ``verify_chain`` when the message came in, before anything was changed.  results: what was found about
    it then, which should name the chain's status too (method "arc").  now: seconds since 1970.
    Raises SigningFault, also where ``may_seal`` says no.
    """
    try:
        header, body = split_message(raw)
    except HeaderFault as fault:
        raise SigningFault(str(fault)) from fault
    body_hash = BodyHash(Form.RELAXED)
    body_hash.update(body)
    return seal_header(header, body_hash, verdict, results, (key, now))


def seal_header(
    header: Header,
    body_hash: BodyHash,
    verdict: ArcVerdict,
    results: AuthenticationResults,
    signer: tuple[SigningKey, int],
) -> bytes:
    """Return the set as ``seal_message`` does, for a body that was hashed in relaxed form as it came."""
    # RFC 8617 5.1: where the newest set says cv=fail, or it is the 50th, no set MUST be added.
    if not may_seal(verdict):
        raise SigningFault(f"a chain that must not be sealed: {verdict.why or verdict.result}")
    key, now = signer
    if not 0 <= now <= LATEST_TIME:
        raise SigningFault("a time that no signature can have")
    instance = _next_instance(header, verdict)
    results_field = _results_field(instance, results)
    message_field = _message_field(header, body_hash.digest(), instance, key, now)
    tags = [("i", str(instance)), ("a", str(key.algorithm)), ("t", str(now)), ("cv", str(_status(verdict)))]
    tags += [("d", key.domain), ("s", key.selector)]
    # RFC 8617 4.1.3: a seal has no h=.
    seal = HeaderField.read(write_field("ARC-Seal", tags, (), b""))
    # RFC 8617 5.1.2: where the chain failed, the seal MUST cover only the new set, as if it were the only one.
    before = () if _status(verdict) is ChainStatus.FAIL else [field for old in verdict.sets for field in old.fields]
    octets = [relaxed_header(field) for field in (*before, results_field, message_field)]
    sealed = fill_in(seal.raw, key.sign(sealed_octets(octets, seal)))
    return CRLF.join((sealed, message_field.raw, results_field.raw, b""))


def _status(verdict: ArcVerdict) -> ChainStatus:
    """Return cv= of the new set: RFC 8617 5.1.1: none for the first, else what was found."""
    return ChainStatus(verdict.result.value)


def _next_instance(header: Header, verdict: ArcVerdict) -> int:
    """Return the instance of the new set: one more than the highest that stands in the message (RFC 8617 5.1)."""
    instance = 1 if verdict.result is ArcResult.NONE else highest_instance(header) + 1
    if instance > MOST_INSTANCES:
        raise SigningFault(f"more than {MOST_INSTANCES} sets")
    # Whoever removed or added sets since the verdict would seal what was never verified.
    if verdict.result is ArcResult.PASS and instance != len(verdict.sets) + 1:
        raise SigningFault("the verdict is about another chain than the message has")
    return instance


def _results_field(instance: int, results: AuthenticationResults) -> HeaderField:
    """Return ARC-Authentication-Results (RFC 8617 4.1.1)."""
    try:
        payload = results.write()
    except ResultsFault as fault:
        raise SigningFault(f"results that cannot be written: {fault}") from fault
    raw = f"ARC-Authentication-Results: i={instance}; {payload}".encode()
    if len(raw) > LONGEST_PAYLOAD:
        raise SigningFault(f"results of more than {LONGEST_PAYLOAD} octets")
    return HeaderField.read(raw)


def _message_field(header: Header, digest: bytes, instance: int, key: SigningKey, now: int) -> HeaderField:
    """Return ARC-Message-Signature (RFC 8617 4.1.2): no v=, and i= is the instance."""
    names = names_to_sign(header, SigningOptions(signed=ARC_SIGNED), ARC_NEVER_SIGNED)
    tags = [("i", str(instance)), ("a", str(key.algorithm)), ("c", "relaxed/relaxed")]
    tags += [("d", key.domain), ("s", key.selector), ("t", str(now))]
    unsigned = HeaderField.read(write_field("ARC-Message-Signature", tags, names, digest))
    octets = signed_octets(header, names, Form.RELAXED, unsigned)
    return HeaderField.read(fill_in(unsigned.raw, key.sign(octets)))
