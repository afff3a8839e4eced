"""DMARC: whether the use of the author's domain is authorised, what its owner asks for, and why (RFC 9989 5.3).

    verdict = settle(evaluate(author_domains("Anna <anna@example.com>"), spf, dkim), table)

Nothing is decided here about SPF and DKIM: their results come in as plain values.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.authors import Authors
from mailwright.authentication.dmarc_alignment import Alignment, DkimOutcome, Mechanism, SpfOutcome, align, identifiers
from mailwright.authentication.dmarc_discovery import Discovery, Known, Outcome, discover
from mailwright.authentication.dmarc_policy import DmarcRecord, Policy
from mailwright.dns.inquiry import Inquiry

#: Author domains of one message that are judged (RFC 9989 11.5 wants a limit, and leaves it to the receiver).
MOST_AUTHORS = 5


class Result(StrEnum):
    """What came of it (RFC 9989 9.2, for Authentication-Results)."""

    PASS = "pass"  # noqa: S105 - the RFC's word, no password
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Reason(StrEnum):
    """Why the result, the policy and the disposition are what they are."""

    # The result.
    DKIM_ALIGNED = "dkim-aligned"  # a valid signature of the author's domain
    SPF_ALIGNED = "spf-aligned"  # SPF passed for the author's domain
    NOTHING_ALIGNED = "nothing-aligned"  # neither
    NO_RECORD = "no-record"  # no policy record for the author's domain
    RECORD_UNREADABLE = "record-unreadable"  # one that is no list of tags
    RECORD_UNUSABLE = "record-unusable"  # one whose policy cannot be read, without an address for reports
    POLICY_UNKNOWN = "policy-unknown"  # looking up the policy failed
    ALIGNMENT_UNKNOWN = "alignment-unknown"  # SPF, DKIM or the organisational domain could not be looked up
    EXISTENCE_UNKNOWN = "existence-unknown"  # whether the author's domain exists could not be looked up
    NO_AUTHOR = "no-author"  # From names no domain
    FROM_BROKEN = "from-broken"  # From is missing, repeated or cannot be read for sure
    SEVERAL_AUTHORS = "several-authors"  # From names several domains; the worst of their verdicts
    MANY_AUTHORS = "many-authors"  # more than are judged
    # The policy.
    OWN_POLICY = "own-policy"  # tag p of the author domain's record
    SUBDOMAIN_POLICY = "subdomain-policy"  # tag sp, or p where it is absent, of the record above
    NONEXISTENT_POLICY = "nonexistent-policy"  # tag np of the record above: the author's domain does not exist
    POLICY_DAMAGED = "policy-damaged"  # a policy in the record is none: taken for p=none
    TEST_MODE = "test-mode"  # t=y: one step below the policy
    # The disposition.
    REJECT_NOT_ALONE = "reject-not-alone"  # p=reject without other knowledge: quarantine
    DEFERRED = "deferred"  # to be tried again, since nothing is known yet


class Disposition(StrEnum):
    """What a receiver does that goes by DMARC alone."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    DEFER = "defer"  # a 4yz reply


class Receiver(NamedTuple):
    """How the receiver goes by the verdict.

    rejects: it has other knowledge that speaks for refusing too, so p=reject may be followed (RFC 9989 7.4).
    defers: where a look-up failed, it answers 4yz instead of letting the message through (RFC 9989 4.10.1).
    """

    rejects: bool = False
    defers: bool = False


#: A receiver that knows nothing else of the message, and lets it through where DNS fails.
GOES_BY_DMARC_ALONE = Receiver()


class DmarcVerdict(NamedTuple):
    """What DMARC says of a message.

    author: the author domain; "" where there is none.
    policy: what the owner publishes for it; applied: what is left of it with t=y; both None without a usable record.
    reasons: of the result, the policy and the disposition, in this order.
    discovery: how the policy was found; None where no domain was looked up.
    alignments: SPF first, then the signatures in their order; empty where no policy applies.
    others: the verdicts on all author domains, where there are several.
    """

    author: str
    result: Result
    disposition: Disposition
    reasons: tuple[Reason, ...]
    policy: Policy | None = None
    applied: Policy | None = None
    discovery: Discovery | None = None
    alignments: tuple[Alignment, ...] = ()
    others: tuple[DmarcVerdict, ...] = ()

    @property
    def record(self) -> DmarcRecord | None:
        """The record that applies; None without."""
        return self.discovery.record if self.discovery is not None else None

    def passes(self, mechanism: Mechanism) -> bool:
        """Tell whether SPF or DKIM alone would have made the message pass, as aggregate reports say it (RFC 9990)."""
        return any(found.authenticates and found.mechanism is mechanism for found in self.alignments)


def evaluate(
    authors: Authors, spf: SpfOutcome | None, dkim: Sequence[DkimOutcome], receiver: Receiver = GOES_BY_DMARC_ALONE
) -> Inquiry[DmarcVerdict]:
    """Return the verdict on a message.

    spf: of the MAIL FROM identity; None where SPF was not checked.  dkim: one for each signature.
    """
    if authors.troubles:
        return _unjudged(Reason.FROM_BROKEN, Result.PERMERROR)
    # RFC 9989 5.3.1: without a domain in From, DMARC is not possible.
    if not authors.domains:
        return _unjudged(Reason.NO_AUTHOR, Result.NONE)
    if len(authors.domains) > MOST_AUTHORS:
        return _unjudged(Reason.MANY_AUTHORS, Result.PERMERROR)
    known: Known = {}
    verdicts: list[DmarcVerdict] = []
    for author in authors.domains:
        verdict = yield from _judge(author, spf, tuple(dkim), known)
        verdicts.append(_with_disposition(verdict, receiver))
    if len(verdicts) == 1:
        return verdicts[0]
    # RFC 9989 11.5: judge each domain, and apply the strictest policy among those that fail.
    worst = max(verdicts, key=_badness)
    return worst._replace(reasons=(Reason.SEVERAL_AUTHORS, *worst.reasons), others=tuple(verdicts))


#: Results from best to worst, for a message with several authors.
_WORSE = (Result.PASS, Result.NONE, Result.PERMERROR, Result.TEMPERROR, Result.FAIL)


def _badness(verdict: DmarcVerdict) -> tuple[int, int]:
    return _WORSE.index(verdict.result), verdict.applied.strictness if verdict.applied is not None else 0


def _unjudged(reason: Reason, result: Result) -> DmarcVerdict:
    """Return the verdict on a message whose author domain is not known for sure; its handling is the receiver's."""
    return DmarcVerdict("", result, Disposition.ACCEPT, (reason,))


def _judge(author: str, spf: SpfOutcome | None, dkim: tuple[DkimOutcome, ...], known: Known) -> Inquiry[DmarcVerdict]:
    """Return the verdict for one author domain, its disposition not yet decided."""
    discovery = yield from discover(author, known)
    record = discovery.record
    if record is None or not record.usable:
        return _without_policy(discovery)
    alignments = yield from align(author, identifiers(spf, dkim, record), known)
    result, reasons = _result(alignments)
    if result is not Result.PASS and discovery.needs_existence:
        # RFC 9989 5.3.6: where a query needed did not complete, the message neither passes nor fails.
        result, reasons = Result.TEMPERROR, (*reasons, Reason.EXISTENCE_UNKNOWN)
    policy, where = _policy(discovery, record)
    # RFC 9989 4.7: t=y asks for one step below the policy.
    applied = policy.one_lower if record.testing else policy
    if applied is not policy:
        where = (*where, Reason.TEST_MODE)
    return DmarcVerdict(author, result, Disposition.ACCEPT, (*reasons, *where), policy, applied, discovery, alignments)


def _without_policy(discovery: Discovery) -> DmarcVerdict:
    """Return the verdict where no policy applies, or none is known."""
    if discovery.failed:
        # RFC 9989 4.10.1: a look-up that failed is no sign that there is no record.
        result, reason = Result.TEMPERROR, Reason.POLICY_UNKNOWN
    elif discovery.record is not None:
        result, reason = Result.PERMERROR, Reason.RECORD_UNUSABLE
    elif any(step.outcome is Outcome.UNREADABLE for step in discovery.steps):
        result, reason = Result.PERMERROR, Reason.RECORD_UNREADABLE
    else:
        # RFC 9989 4.10.1: without a record, DMARC MUST NOT be applied.
        result, reason = Result.NONE, Reason.NO_RECORD
    return DmarcVerdict(discovery.author, result, Disposition.ACCEPT, (reason,), discovery=discovery)


def _result(alignments: tuple[Alignment, ...]) -> tuple[Result, tuple[Reason, ...]]:
    """Return pass, fail or temperror, and why."""
    passing = {found.mechanism for found in alignments if found.authenticates}
    if passing:
        # RFC 9989 5.3.5: one aligned identifier is enough.
        reasons = ((Mechanism.DKIM, Reason.DKIM_ALIGNED), (Mechanism.SPF, Reason.SPF_ALIGNED))
        return Result.PASS, tuple(reason for mechanism, reason in reasons if mechanism in passing)
    # RFC 9989 5.3.6: where a query needed did not complete, the message neither passes nor fails.
    if any(found.may_authenticate for found in alignments):
        return Result.TEMPERROR, (Reason.ALIGNMENT_UNKNOWN,)
    return Result.FAIL, (Reason.NOTHING_ALIGNED,)


def _policy(discovery: Discovery, record: DmarcRecord) -> tuple[Policy, tuple[Reason, ...]]:
    """Return the published policy for the author domain, and which tag it is."""
    subdomain = discovery.is_subdomain
    # Where existence is not known, or makes no difference, the policy is that of a name that exists.
    policy = record.policy_for(subdomain=subdomain, exists=discovery.exists is not False)
    if record.damaged:
        return policy, (Reason.POLICY_DAMAGED,)
    if not subdomain:
        return policy, (Reason.OWN_POLICY,)
    return policy, (Reason.NONEXISTENT_POLICY if discovery.exists is False else Reason.SUBDOMAIN_POLICY,)


def _with_disposition(verdict: DmarcVerdict, receiver: Receiver) -> DmarcVerdict:
    """Return ``verdict`` with what a receiver does that goes by it."""
    if verdict.result is Result.TEMPERROR:
        if receiver.defers:
            return verdict._replace(disposition=Disposition.DEFER, reasons=(*verdict.reasons, Reason.DEFERRED))
        return verdict
    if verdict.result is not Result.FAIL or verdict.applied in (None, Policy.NONE):
        return verdict
    if verdict.applied is Policy.QUARANTINE:
        return verdict._replace(disposition=Disposition.QUARANTINE)
    if receiver.rejects:
        return verdict._replace(disposition=Disposition.REJECT)
    # RFC 9989 7.4: MUST NOT reject for p=reject alone; without other knowledge, treat as p=quarantine.
    return verdict._replace(disposition=Disposition.QUARANTINE, reasons=(*verdict.reasons, Reason.REJECT_NOT_ALONE))
