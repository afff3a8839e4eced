"""The header fields of ARC (RFC 8617 4): ARC-Authentication-Results, ARC-Message-Signature, ARC-Seal; one set per hop.

``read_sets`` finds the sets of a header and holds the rules of their form (5.2 steps 1 to 3 and the rules of each
field); whether they verify is ``arc.py``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.dkim_signature import MOST_LENGTH_DIGITS, DkimSignature
from mailwright.authentication.header_fields import Header, HeaderField
from mailwright.authentication.results_header import LONGEST_PAYLOAD
from mailwright.authentication.results_text import ResultsFault, ResultsReader
from mailwright.authentication.signature_fields import (
    Algorithm,
    SignatureFault,
    SignatureTrouble,
    algorithm_of,
    body_hash_of,
    forms_of,
    name_of,
    names_in,
    number,
    octets_of,
    read_tags,
    required,
    time_of,
)

#: The highest instance (RFC 8617 4.2.1).
MOST_INSTANCES = 50

RESULTS = b"arc-authentication-results"
MESSAGE = b"arc-message-signature"
SEAL = b"arc-seal"


class ChainStatus(StrEnum):
    """The Chain Validation Status (RFC 8617 4.4), and what cv= says of it."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - no password but RFC 8617's word
    FAIL = "fail"


class ArcReason(StrEnum):
    """Why a chain failed, or could not be judged."""

    INSTANCE = "instance"  # i= is missing or no number from 1 to 50
    INCOMPLETE = "incomplete"  # a set lacks one of its three fields
    DUPLICATE = "duplicate"  # a set has one of its fields twice
    GAP = "gap"  # instances do not go from 1 up without gaps
    ENDED = "ended"  # the newest seal says cv=fail: the chain was broken before
    STATUS = "status"  # cv= is not what it must be: none in the first set, pass in all others
    FORM = "form"  # a field breaks a rule; ``trouble`` says which
    SEALED_H = "sealed-h"  # a seal has h=
    SIGNED_SEAL = "signed-seal"  # h= of a message signature names ARC-Seal
    ALGORITHM = "algorithm"  # rsa-sha1
    KEY = "key"  # there is no key to verify with; ``problem`` says why
    MESSAGE = "message"  # the newest message signature does not fit the header
    BODY = "body"  # its body hash does not fit the body
    SEAL = "seal"  # a seal does not fit the sets
    LONG_HEADER = "long-header"  # the header of the message is beyond the limits


class ArcFault(ValueError):
    """The sets of a header are no chain.

    why: what is wrong.  instance: where, 0 where that is not known.  trouble, tag: of a field that breaks a rule.
    """

    def __init__(self, why: ArcReason, instance: int = 0, fault: SignatureFault | None = None) -> None:
        """Keep them."""
        self.why = why
        self.instance = instance
        self.trouble = fault.why if fault else None
        self.tag = fault.tag if fault else ""
        super().__init__(f"{why} in set {instance}")


class ArcSeal(NamedTuple):
    """What an ARC-Seal says (RFC 8617 4.1.3); created: seconds since 1970, None where not said."""

    instance: int
    status: ChainStatus
    algorithm: Algorithm
    domain: str
    selector: str
    signature: bytes
    created: int | None = None


class ArcSet(NamedTuple):
    """The three fields of one hop, and what they say."""

    instance: int
    results_field: HeaderField
    message_field: HeaderField
    seal_field: HeaderField
    message: DkimSignature
    seal: ArcSeal

    @property
    def fields(self) -> tuple[HeaderField, HeaderField, HeaderField]:
        """The fields in the order in which a seal covers them (RFC 8617 5.1.1)."""
        return self.results_field, self.message_field, self.seal_field

    @property
    def results_value(self) -> bytes:
        """The payload of ARC-Authentication-Results behind its instance, for AuthenticationResults.parse."""
        return self.results_field.value.partition(b";")[2]


def read_sets(header: Header) -> tuple[ArcSet, ...]:
    """Return the sets in ascending order, none where the message has none; raises ArcFault where they are no chain."""
    found: dict[int, dict[bytes, HeaderField]] = {}
    for name in (RESULTS, MESSAGE, SEAL):
        for field in header.all(name):
            instance = _instance(field)
            # RFC 8617 5.2 3A: each set MUST have exactly one of each field.
            if name in found.setdefault(instance, {}):
                raise ArcFault(ArcReason.DUPLICATE, instance)
            found[instance][name] = field
    if not found:
        return ()
    # RFC 8617 5.2 3B: the instances MUST be 1 to N without gap or repetition.
    if sorted(found) != list(range(1, len(found) + 1)):
        raise ArcFault(ArcReason.GAP, max(found))
    for instance, fields in found.items():
        if len(fields) != 3:
            raise ArcFault(ArcReason.INCOMPLETE, instance)
    sets = []
    # The newest first: RFC 8617 5.2 2: where it says cv=fail, the chain has failed, whatever else is there.
    for instance in range(len(found), 0, -1):
        sets.append(_read_set(instance, found[instance]))
        _check_status(sets[-1], newest=len(sets) == 1)
    return tuple(reversed(sets))


def _check_status(arc_set: ArcSet, *, newest: bool) -> None:
    status = arc_set.seal.status
    if newest and status is ChainStatus.FAIL:
        raise ArcFault(ArcReason.ENDED, arc_set.instance)
    # RFC 8617 5.2 3C: cv= MUST NOT be "fail" anywhere, MUST be "none" in set 1 and "pass" in all others.
    if status is not (ChainStatus.NONE if arc_set.instance == 1 else ChainStatus.PASS):
        raise ArcFault(ArcReason.STATUS, arc_set.instance)


def _instance(field: HeaderField) -> int:
    """Return i= of any of the three fields (RFC 8617 4.2.1); raises ArcFault."""
    try:
        if field.name == RESULTS:
            return _results_instance(field.value)
        return instance_of(read_tags(field.value))
    except SignatureFault as fault:
        why = ArcReason.INSTANCE if fault.tag == "i" else ArcReason.FORM
        raise ArcFault(why, 0, fault) from fault


def highest_instance(header: Header) -> int:
    """Return the highest instance that any ARC field of ``header`` names; 0 where none can be read."""
    highest = 0
    for name in (RESULTS, MESSAGE, SEAL):
        for field in header.all(name):
            try:
                highest = max(highest, _instance(field))
            except ArcFault:
                continue
    return highest


def _results_instance(value: bytes) -> int:
    """Return the instance that ARC-Authentication-Results begins with: "i=1;"."""
    begin = value[:LONGEST_PAYLOAD].partition(b";")
    try:
        reader = ResultsReader(begin[0].decode("utf-8").replace("\r\n", ""))
        key = reader.keyword()
        reader.expect("=")
        tags = {key: reader.word()}
        if not reader.at_end() or not begin[1]:
            raise SignatureFault(SignatureTrouble.NUMBER, "i")
    except (ResultsFault, UnicodeDecodeError):
        raise SignatureFault(SignatureTrouble.NUMBER, "i") from None
    return instance_of(tags)


def instance_of(tags: Mapping[str, str]) -> int:
    """Return i=: a number from 1 to 50 (RFC 8617 4.2.1); raises SignatureFault."""
    required(tags, "i")
    instance = number(tags, "i", 2)
    if instance is None or not 1 <= instance <= MOST_INSTANCES:
        raise SignatureFault(SignatureTrouble.NUMBER, "i")
    return instance


def _read_set(instance: int, fields: Mapping[bytes, HeaderField]) -> ArcSet:
    try:
        seal = _read_seal(instance, read_tags(fields[SEAL].value))
        message = _read_message(instance, read_tags(fields[MESSAGE].value))
    except SignatureFault as fault:
        raise ArcFault(ArcReason.FORM, instance, fault) from fault
    # RFC 8301 3.1: rsa-sha1 MUST NOT be used to verify.
    if Algorithm.RSA_SHA1 in (seal.algorithm, message.algorithm):
        raise ArcFault(ArcReason.ALGORITHM, instance)
    return ArcSet(instance, fields[RESULTS], fields[MESSAGE], fields[SEAL], message, seal)


def _read_seal(instance: int, tags: Mapping[str, str]) -> ArcSeal:
    # RFC 8617 4.1.3: h= is not allowed in a seal, and where it is the chain MUST be taken for failed.
    if "h" in tags:
        raise ArcFault(ArcReason.SEALED_H, instance)
    try:
        status = ChainStatus(required(tags, "cv").lower())
    except SignatureFault:
        raise
    except ValueError:
        raise ArcFault(ArcReason.STATUS, instance) from None
    return ArcSeal(
        instance,
        status,
        algorithm_of(tags),
        name_of(tags, "d"),
        name_of(tags, "s"),
        octets_of(tags, "b"),
        time_of(tags, "t"),
    )


def _read_message(instance: int, tags: Mapping[str, str]) -> DkimSignature:
    """Return an ARC-Message-Signature: as a DKIM-Signature, but without v= and with another i= (RFC 8617 4.1.2)."""
    names = names_in(tags)
    # RFC 8617 4.1.2: the fields of seals MUST NOT be signed by it.
    if SEAL in names:
        raise ArcFault(ArcReason.SIGNED_SEAL, instance)
    header_form, body_form = forms_of(tags)
    return DkimSignature(
        algorithm_of(tags),
        name_of(tags, "d"),
        name_of(tags, "s"),
        names,
        body_hash_of(tags),
        octets_of(tags, "b"),
        header_form,
        body_form,
        length=number(tags, "l", MOST_LENGTH_DIGITS),
        created=time_of(tags, "t"),
        expires=time_of(tags, "x"),
    )
