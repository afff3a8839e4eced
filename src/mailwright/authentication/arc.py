"""ARC validation (RFC 8617 5.2): does the chain of sets hold, and back to which hop is the message unchanged.

A chain passes where its form is right, the newest message signature fits the message, and every seal fits.  That older
message signatures fit no more is normal, and told by ``oldest_pass``.

RFC 8617 knows none, pass and fail.  Here stands a fourth, temperror: a key could not be looked up and nothing else
is wrong.  It must not be written as a chain's status: a chain that is called failed once is failed for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.arc_set import ArcFault, ArcReason, ArcSet, read_sets
from mailwright.authentication.canonical import relaxed_header
from mailwright.authentication.dkim_key import DkimKey, KeyProblem, KeyTrouble, key_from_answer, key_question
from mailwright.authentication.dkim_signature import DkimSignature
from mailwright.authentication.header_fields import CRLF, Header, HeaderFault, HeaderField, split_message
from mailwright.authentication.signature_fields import Algorithm, SignatureTrouble, without_signature
from mailwright.authentication.signed_octets import BodyHashes, is_signature, signed_octets
from mailwright.dns.answer import Question
from mailwright.dns.inquiry import Inquiry


class ArcResult(StrEnum):
    """What became of a chain."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - no password but RFC 8617's word
    FAIL = "fail"
    TEMPERROR = "temperror"


class ArcVerdict(NamedTuple):
    """What became of a chain.

    why, instance: the first reason found, newest set first, and in which set; None and 0 where there is none.
    oldest_pass: the lowest instance from which on up all message signatures fit, 0 where all do (RFC 8617 5.2 step 4);
    None where the chain does not pass or it could not be told.
    sets: in ascending order; empty where they are no chain.
    trouble, tag: which rule a field breaks, and where.  problem: why there was no key.
    """

    result: ArcResult
    why: ArcReason | None = None
    instance: int = 0
    oldest_pass: int | None = None
    sets: tuple[ArcSet, ...] = ()
    trouble: SignatureTrouble | None = None
    tag: str = ""
    problem: KeyProblem | None = None


#: Why a signature does not fit, and the problem with its key if that is why; None where it fits.
_Trouble = tuple[ArcReason, KeyProblem | None] | None


def verify_chain(raw: bytes) -> Inquiry[ArcVerdict]:
    """Return the verdict on the ARC chain of a message; line ends are those of ``header_fields.with_crlf``."""
    try:
        header, body = split_message(raw)
    except HeaderFault:
        return ArcVerdict(ArcResult.FAIL, ArcReason.LONG_HEADER)
    check = ArcCheck(header)
    check.update(body)
    return (yield from check.verdict())


class ArcCheck:
    """The validation of a message whose body comes in pieces: ``update`` each, then ask for the ``verdict``."""

    def __init__(self, header: Header) -> None:
        """Read the sets of ``header``."""
        self._header = header
        self._bodies = BodyHashes()
        self._sets: tuple[ArcSet, ...] = ()
        self._fault: ArcFault | None = None
        try:
            self._sets = read_sets(header)
        except ArcFault as fault:
            self._fault = fault
        for arc_set in self._sets:
            if self._is_hashed(arc_set):
                self._bodies.want(arc_set.message.body_form, arc_set.message.length)

    def _is_hashed(self, arc_set: ArcSet) -> bool:
        """Tell whether the body is hashed for a set: 50 sets with 50 lengths (l=) are not worth 50 hashes."""
        return arc_set.message.length is None or arc_set.instance == len(self._sets)

    def update(self, piece: bytes) -> None:
        """Take the next octets of the body."""
        self._bodies.update(piece)

    def verdict(self) -> Inquiry[ArcVerdict]:
        """Return the verdict; the body has ended."""
        if self._fault is not None:
            fault = self._fault
            return ArcVerdict(ArcResult.FAIL, fault.why, fault.instance, trouble=fault.trouble, tag=fault.tag)
        # RFC 8617 5.2 1: without a set the status is none.
        if not self._sets:
            return ArcVerdict(ArcResult.NONE)
        questions = dict.fromkeys(question for arc_set in self._sets for question in _questions(arc_set) if question)
        asked = tuple(questions)
        answers = dict(zip(asked, (yield asked), strict=True)) if asked else {}
        keys = {question: key_from_answer(answer) for question, answer in answers.items()}
        return self._judged(keys)

    def _judged(self, keys: dict[Question, DkimKey | KeyProblem]) -> ArcVerdict:
        newest = self._sets[-1]
        # RFC 8617 5.2 4: the newest message signature MUST verify, else the chain has failed.
        troubles = [(newest.instance, self._message_trouble(newest, keys))]
        # RFC 8617 5.2 6: each seal MUST verify, else the chain has failed.
        octets = [relaxed_header(field) for arc_set in self._sets for field in arc_set.fields]
        troubles += [(arc_set.instance, _seal_trouble(arc_set, octets, keys)) for arc_set in reversed(self._sets)]
        found = [(instance, *trouble) for instance, trouble in troubles if trouble is not None]
        for instance, why, problem in found:
            if problem is None or problem.trouble is not KeyTrouble.UNAVAILABLE:
                return ArcVerdict(ArcResult.FAIL, why, instance, sets=self._sets, problem=problem)
        if found:
            instance, why, problem = found[0]
            return ArcVerdict(ArcResult.TEMPERROR, why, instance, sets=self._sets, problem=problem)
        return ArcVerdict(ArcResult.PASS, oldest_pass=self._oldest_pass(keys), sets=self._sets)

    def _oldest_pass(self, keys: dict[Question, DkimKey | KeyProblem]) -> int | None:
        """Return the lowest instance from which on up the message signatures fit; 0 where all do (5.2 step 5)."""
        for arc_set in reversed(self._sets[:-1]):
            trouble = self._message_trouble(arc_set, keys)
            if trouble is not None:
                _, problem = trouble
                unknown = problem is not None and problem.trouble is KeyTrouble.UNAVAILABLE
                return None if unknown else arc_set.instance + 1
        return 0

    def _message_trouble(self, arc_set: ArcSet, keys: dict[Question, DkimKey | KeyProblem]) -> _Trouble:
        """Return why a message signature does not fit the message; None where it does."""
        message = arc_set.message
        key = _key_for(message.selector, message.domain, message.algorithm, keys)
        if isinstance(key, KeyProblem):
            return ArcReason.KEY, key
        if not self._is_hashed(arc_set) or not self._body_fits(message):
            return ArcReason.BODY, None
        octets = signed_octets(self._header, message.headers, message.header_form, arc_set.message_field)
        return None if is_signature(key, octets, message.signature) else (ArcReason.MESSAGE, None)

    def _body_fits(self, message: DkimSignature) -> bool:
        digest, length = self._bodies.digest(message.body_form, message.length)
        return digest == message.body_hash and (message.length is None or length >= message.length)


def _seal_trouble(arc_set: ArcSet, octets: Sequence[bytes], keys: dict[Question, DkimKey | KeyProblem]) -> _Trouble:
    """Return why a seal does not fit; ``octets``: all fields of all sets in the order of sealing, in relaxed form."""
    seal = arc_set.seal
    key = _key_for(seal.selector, seal.domain, seal.algorithm, keys)
    if isinstance(key, KeyProblem):
        return ArcReason.KEY, key
    covered = sealed_octets(octets[: 3 * arc_set.instance - 1], arc_set.seal_field)
    return None if is_signature(key, covered, seal.signature) else (ArcReason.SEAL, None)


def sealed_octets(before: Sequence[bytes], seal_field: HeaderField) -> bytes:
    """Return what a seal is over: the fields before it in relaxed form, then itself without the value of b=."""
    # RFC 8617 5.1.1: the relaxed form MUST be used, the sets ascend, in each results, message signature, seal.
    own = relaxed_header(HeaderField(seal_field.name, without_signature(seal_field.raw)))
    return CRLF.join((*before, own))


def _key_for(
    selector: str, domain: str, algorithm: Algorithm, keys: dict[Question, DkimKey | KeyProblem]
) -> DkimKey | KeyProblem:
    question = key_question(selector, domain)
    key = keys[question] if question else KeyProblem(KeyTrouble.NO_NAME)
    if isinstance(key, DkimKey) and key.type is not algorithm.key_type:
        return KeyProblem(KeyTrouble.KEY_TYPE, f"k={key.type} for a={algorithm}")
    return key


def _questions(arc_set: ArcSet) -> tuple[Question | None, Question | None]:
    message, seal = arc_set.message, arc_set.seal
    return key_question(message.selector, message.domain), key_question(seal.selector, seal.domain)
