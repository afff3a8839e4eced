"""DKIM verification (RFC 6376 6, RFC 8301, RFC 8463): a message in, one verdict for each of its signatures out.

``verify_message`` takes a whole message; ``DkimCheck`` takes the header, then the body in pieces as they come.  Both
hand out the questions for all keys at once and return their verdicts in the order of the signatures from the top.

Results are those of RFC 8601 2.7.1, and are never mixed up:

* none: there is no signature.                    * pass: it verifies.
* fail: it does not; ``why`` tells whether the body, the header or both are not what was signed.
* policy: it is not accepted, whatever it says: the key is too short, it has expired, it leaves octets of the body out.
* neutral: the field cannot be read, or uses what is not known here.
* temperror: the key could not be looked up; later it may be.
* permerror: it can never verify: there is no key, it is revoked, From is not signed, rsa-sha1.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.dkim_key import DkimKey, KeyProblem, KeyTrouble, key_from_answer, key_question
from mailwright.authentication.dkim_signature import DkimSignature
from mailwright.authentication.header_fields import Header, HeaderFault, HeaderField, split_message
from mailwright.authentication.signature_fields import Algorithm, SignatureFault, SignatureTrouble
from mailwright.authentication.signed_octets import BodyHashes, is_signature, signed_octets
from mailwright.dns.answer import Question
from mailwright.dns.inquiry import Inquiry

#: Signatures of one message that are tried, from the top (RFC 6376 6.1 lets a verifier limit them); each costs a
#: look-up and a verification.  Real messages have one to four.
MOST_SIGNATURES = 10
#: Seconds that a signer's clock may be ahead (t=), and ours ahead of its (x=).
CLOCK_SKEW = 300


class DkimResult(StrEnum):
    """What became of a signature (RFC 8601 2.7.1)."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - no password but RFC 8601's word
    FAIL = "fail"
    POLICY = "policy"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DkimReason(StrEnum):
    """Why a signature did not pass."""

    BODY = "body"  # the body is not what was signed; the header is
    HEADER = "header"  # the signature does not fit the header (or was damaged); the body hash fits
    BOTH = "both"  # neither fits
    BODY_SHORTER = "body-shorter"  # l= says more octets than the body has
    PARTIAL = "partial"  # l= leaves octets of the body unsigned
    SIGNATURE = "signature"  # the field breaks a rule; ``trouble`` says which
    ALGORITHM = "algorithm"  # rsa-sha1
    EXPIRED = "expired"  # x= has passed
    FUTURE = "future"  # t= is yet to come
    NO_FROM = "no-from"  # the message has no From field
    SEVERAL_FROM = "several-from"  # it has more than one
    KEY = "key"  # there is no key to verify with; ``problem`` says why
    STRICT = "strict"  # the key says t=s, and i= is of another domain than d=
    NOT_TRIED = "not-tried"  # more signatures than are tried
    LONG_HEADER = "long-header"  # the header of the message has more octets or fields than the limit


class DkimPolicy(NamedTuple):
    """What is accepted.

    most_signatures: how many are tried, at least 1.
    partial: a signature that leaves octets of the body out (l=) may pass; anything can be put behind what it signs.
    clock_skew: seconds.
    """

    most_signatures: int = MOST_SIGNATURES
    partial: bool = False
    clock_skew: int = CLOCK_SKEW


class DkimVerdict(NamedTuple):
    """What became of one signature.

    why: None for none and pass.
    field: the header field; None where there is no signature.  signature: what it says; None where it is unreadable.
    trouble, tag: what is wrong with the field, and where.
    key, problem: the key, or why there is none; both None where it was not asked for.
    body_matches, header_matches: whether each is what was signed; None where that was not tried.
    unsigned_octets: octets of the canonical body beyond l=.
    """

    result: DkimResult
    why: DkimReason | None = None
    field: HeaderField | None = None
    signature: DkimSignature | None = None
    trouble: SignatureTrouble | None = None
    tag: str = ""
    key: DkimKey | None = None
    problem: KeyProblem | None = None
    body_matches: bool | None = None
    header_matches: bool | None = None
    unsigned_octets: int = 0

    @property
    def testing(self) -> bool:
        """True where the domain is testing (t=y): the message MUST NOT be treated worse than one that is not signed."""
        return self.key is not None and self.key.testing


def verify_message(raw: bytes, now: int, policy: DkimPolicy | None = None) -> Inquiry[tuple[DkimVerdict, ...]]:
    """Return the verdicts on a message's signatures at ``now`` (seconds since 1970); one "none" where it has none.

    Line ends are those of ``header_fields.with_crlf``.  Raises nothing.
    """
    try:
        header, body = split_message(raw)
    except HeaderFault:
        return (DkimVerdict(DkimResult.PERMERROR, DkimReason.LONG_HEADER),)
    check = DkimCheck(header, policy)
    check.update(body)
    return (yield from check.verdicts(now))


class DkimCheck:
    """The verification of a message whose body comes in pieces: ``update`` each, then ask for the ``verdicts``."""

    def __init__(self, header: Header, policy: DkimPolicy | None = None) -> None:
        """Read the signatures of ``header``."""
        self._header = header
        self._policy = policy or DkimPolicy()
        self._bodies = BodyHashes()
        fields = header.all(b"dkim-signature")
        self._left_out = len(fields) > self._policy.most_signatures
        # Each is a signature to be tried, or a verdict already.
        self._read = [self._read_field(field) for field in fields[: self._policy.most_signatures]]

    def _read_field(self, field: HeaderField) -> DkimVerdict:
        """Return what is known before the body: a verdict, or "none" for a signature that is to be tried."""
        try:
            signature = DkimSignature.parse(field.value)
        except SignatureFault as fault:
            # RFC 6376 6.1.1: From not signed and i= outside d= are permanent failures; what cannot be read is neutral.
            final = fault.why in (SignatureTrouble.FROM, SignatureTrouble.IDENTITY)
            result = DkimResult.PERMERROR if final else DkimResult.NEUTRAL
            return DkimVerdict(result, DkimReason.SIGNATURE, field, None, fault.why, fault.tag)
        verdict = DkimVerdict(DkimResult.NONE, None, field, signature)
        # RFC 8301 3.1: rsa-sha1 MUST NOT be used to verify; it has permanently failed.
        if signature.algorithm is Algorithm.RSA_SHA1:
            return verdict._replace(result=DkimResult.PERMERROR, why=DkimReason.ALGORITHM)
        self._bodies.want(signature.body_form, signature.length)
        return verdict

    def update(self, piece: bytes) -> None:
        """Take the next octets of the body."""
        self._bodies.update(piece)

    def verdicts(self, now: int) -> Inquiry[tuple[DkimVerdict, ...]]:
        """Return the verdicts at ``now`` (seconds since 1970); the body has ended."""
        if not self._read:
            return (DkimVerdict(DkimResult.NONE),)
        begun = [self._before_key(verdict, now) for verdict in self._read]
        keys = yield from _keys_for(begun)
        done = [
            verdict if key is None else self._with_key(verdict, key) for verdict, key in zip(begun, keys, strict=True)
        ]
        if self._left_out:
            done.append(DkimVerdict(DkimResult.NEUTRAL, DkimReason.NOT_TRIED))
        return tuple(done)

    def _before_key(self, verdict: DkimVerdict, now: int) -> DkimVerdict:
        """Return the verdict as far as message and time make it, without looking for a key in vain."""
        signature = verdict.signature
        if signature is None or verdict.result is not DkimResult.NONE:
            return verdict
        senders = len(self._header.all(b"from"))
        if senders == 0:
            return verdict._replace(result=DkimResult.PERMERROR, why=DkimReason.NO_FROM)
        why = None
        # RFC 6376 8.15: a second From, of which people see one and the signature covers the other.
        if senders > 1:
            why = DkimReason.SEVERAL_FROM
        # RFC 6376 3.5, x= and t=: a signature MAY be considered invalid after the one, and ignored before the other.
        elif signature.expires is not None and now > signature.expires + self._policy.clock_skew:
            why = DkimReason.EXPIRED
        elif signature.created is not None and signature.created > now + self._policy.clock_skew:
            why = DkimReason.FUTURE
        return verdict if why is None else verdict._replace(result=DkimResult.POLICY, why=why)

    def _with_key(self, verdict: DkimVerdict, key: DkimKey | KeyProblem) -> DkimVerdict:
        """Return the verdict, the key being known or known not to be there."""
        signature, field = verdict.signature, verdict.field
        if signature is None or field is None:
            return verdict
        # RFC 6376 6.1.2 8: a key of another type than the signature's MUST NOT be used: PERMFAIL.
        if isinstance(key, DkimKey) and key.type is not signature.algorithm.key_type:
            key = KeyProblem(KeyTrouble.KEY_TYPE, f"k={key.type} for a={signature.algorithm}")
        if isinstance(key, KeyProblem):
            return verdict._replace(result=result_of_problem(key), why=DkimReason.KEY, problem=key)
        # RFC 6376 3.6.1, t=s: the domain of i= MUST be that of d=, not below it.
        if key.strict and signature.identity.rpartition("@")[2].lower() != signature.domain.lower():
            return verdict._replace(result=DkimResult.PERMERROR, why=DkimReason.STRICT, key=key)
        digest, length = self._bodies.digest(signature.body_form, signature.length)
        # RFC 6376 3.5, l=: it MUST NOT be larger than the canonical body.
        shorter = signature.length is not None and length < signature.length
        octets = signed_octets(self._header, signature.headers, signature.header_form, field)
        verdict = verdict._replace(
            key=key,
            # RFC 6376 6.1.3 3: the body hash MUST be the one in bh=, else the signature MUST be ignored.
            body_matches=digest == signature.body_hash and not shorter,
            header_matches=is_signature(key, octets, signature.signature),
            unsigned_octets=0 if signature.length is None else max(0, length - signature.length),
        )
        return self._compared(verdict, shorter=shorter)

    def _compared(self, verdict: DkimVerdict, *, shorter: bool) -> DkimVerdict:
        """Return the verdict, body and header having been compared."""
        match verdict.body_matches, verdict.header_matches:
            case True, True if verdict.unsigned_octets and not self._policy.partial:
                return verdict._replace(result=DkimResult.POLICY, why=DkimReason.PARTIAL)
            case True, True:
                return verdict._replace(result=DkimResult.PASS)
            case True, _:
                why = DkimReason.HEADER
            case _, True:
                why = DkimReason.BODY_SHORTER if shorter else DkimReason.BODY
            case _:
                why = DkimReason.BOTH
        return verdict._replace(result=DkimResult.FAIL, why=why)


def _keys_for(verdicts: Sequence[DkimVerdict]) -> Inquiry[list[DkimKey | KeyProblem | None]]:
    """Return the key for each verdict that is still open, or why there is none; None for those that are not open."""
    questions = [_question(verdict) if verdict.result is DkimResult.NONE else None for verdict in verdicts]
    asked = tuple(dict.fromkeys(question for question in questions if question is not None))
    answers = dict(zip(asked, (yield asked), strict=True)) if asked else {}
    return [
        (KeyProblem(KeyTrouble.NO_NAME) if verdict.result is DkimResult.NONE else None)
        if question is None
        else key_from_answer(answers[question])
        for verdict, question in zip(verdicts, questions, strict=True)
    ]


def _question(verdict: DkimVerdict) -> Question | None:
    return key_question(verdict.signature.selector, verdict.signature.domain) if verdict.signature else None


def result_of_problem(problem: KeyProblem) -> DkimResult:
    """Return the result of a signature for which there is no key."""
    if problem.trouble is KeyTrouble.UNAVAILABLE:
        return DkimResult.TEMPERROR
    # RFC 8301 3.2: a signature by a key of fewer than 1024 bits MUST NOT be considered valid.
    refused = problem.trouble in (KeyTrouble.SHORT, KeyTrouble.LONG)
    return DkimResult.POLICY if refused else DkimResult.PERMERROR
