"""Diagnose: what a verdict of SPF, DKIM, DMARC, reverse DNS or HELO means, in the words of the catalogue.

Each function takes a verdict and returns None where nothing is wrong with it.  "none" and "neutral" of SPF, and a
message without a signature, are no fault by themselves: whether anything vouches for the message is DMARC's to say, or,
where there is no policy, ``diagnose_unauthenticated``'s.  What DNS did not tell is a cause of DNS, never one of these.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailwright.authentication.dkim import DkimReason, DkimResult, DkimVerdict
from mailwright.authentication.dmarc import DmarcVerdict, Reason, Result
from mailwright.authentication.helo import HeloAddress, HeloCheck
from mailwright.authentication.spf_verdict import SpfNode, SpfProblem, SpfResult, SpfVerdict
from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.dns.answer import Answer
from mailwright.dns.diagnose import diagnose_failure
from mailwright.dns.reverse import Reverse, ReverseVerdict

#: The rule that these diagnoses name: the verdict itself, and no words that had to be understood.
RULE = "authentication"
#: Characters of evidence that are kept.
LONGEST_EVIDENCE = 1_000

#: RFC 7208 8: a fail says no, a softfail "probably not", a permerror that nothing can be said until somebody mends it.
_SPF_CONFIDENCE = {
    SpfResult.FAIL: Confidence.CERTAIN,
    SpfResult.SOFTFAIL: Confidence.LIKELY,
    SpfResult.PERMERROR: Confidence.CERTAIN,
}


def diagnose_spf(verdict: SpfVerdict, domain: str) -> Diagnosis | None:
    """Return what SPF's verdict on ``domain`` means."""
    if verdict.result is SpfResult.TEMPERROR:
        return _failed_look_up(_failures_of(verdict.node), domain, f"spf=temperror ({verdict.problem})")
    confidence = _SPF_CONFIDENCE.get(verdict.result)
    if confidence is None:
        return None
    node = verdict.node
    parts = [f"spf={verdict.result}"]
    if verdict.problem is not None:
        parts.append(f"({verdict.problem})")
    if verdict.problem is SpfProblem.LOOK_UPS:
        parts.append(f"after {verdict.look_ups} look-ups")
    if verdict.mechanism:
        parts.append(f"by {verdict.mechanism}")
    if node is not None and node.record is not None:
        parts.append(f"in {node.domain}: {node.record}")
    return _diagnosis("spf-failed", domain, Evidence("spf", " ".join(parts)), confidence)


def diagnose_dkim(verdict: DkimVerdict, key_answer: Answer | None) -> Diagnosis | None:
    """Return what the verdict on one signature means; ``key_answer``: what DNS said of its key, None where unasked."""
    if verdict.result in (DkimResult.PASS, DkimResult.NONE) or verdict.why is DkimReason.NOT_TRIED:
        return None
    signature, problem = verdict.signature, verdict.problem
    domain = signature.domain if signature is not None else None
    evidence = f"dkim={verdict.result} ({verdict.why})"
    if verdict.trouble is not None:
        evidence += f" {verdict.trouble}" + (f" {verdict.tag}=" if verdict.tag else "")
    if signature is not None:
        evidence += f" d={signature.domain} s={signature.selector}"
    if problem is not None:
        evidence += f" {problem.trouble}: {problem.evidence}"
    if verdict.result is DkimResult.TEMPERROR:
        return _failed_look_up((key_answer,) if key_answer is not None else (), domain, evidence)
    # RFC 6376 3.6.1: what a domain that is testing (t=y) gets wrong is not to be held against it.
    confidence = Confidence.LIKELY if verdict.testing else Confidence.CERTAIN
    return _diagnosis("dkim-failed", domain, Evidence("dkim", evidence), confidence)


def diagnose_dmarc(verdict: DmarcVerdict, failed: Iterable[Answer] = ()) -> Diagnosis | None:
    """Return what DMARC's verdict means; ``failed``: the answers of DNS that told nothing, in any order.

    None for "pass" and for "none": without a policy there is nothing to fail.
    """
    if verdict.result in (Result.PASS, Result.NONE):
        return None
    subject = verdict.author or None
    evidence = f"dmarc={verdict.result} ({', '.join(verdict.reasons)})"
    if verdict.discovery is not None and verdict.discovery.found is not None:
        found = verdict.discovery.found
        evidence += f" _dmarc.{found.domain}: {found.text}"
    for one in verdict.alignments:
        evidence += f"; {one.mechanism}={one.result} {one.domain} ({one.comparison})"
    if verdict.result is Result.TEMPERROR:
        return _failed_look_up(failed, subject, evidence)
    if Reason.FROM_BROKEN in verdict.reasons or Reason.MANY_AUTHORS in verdict.reasons:
        return _diagnosis("message-malformed", subject, Evidence("dmarc", evidence), Confidence.CERTAIN)
    return _diagnosis("dmarc-failed", subject, Evidence("dmarc", evidence), Confidence.CERTAIN)


def diagnose_unauthenticated(evidence: str, domain: str | None) -> Diagnosis:
    """Return what it means that there is no policy and nothing that vouches for the message: ``evidence`` says what.

    Likely, not certain: without a policy each receiver has its own mind.
    """
    return _diagnosis("auth-failed", domain, Evidence("authentication", evidence), Confidence.LIKELY)


def diagnose_reverse(verdict: Reverse) -> Diagnosis | None:
    """Return what the reverse names of the client's address mean."""
    if verdict.verdict is ReverseVerdict.CONFIRMED:
        return None
    evidence = "; ".join(answer.evidence for answer in verdict.answers)
    if verdict.verdict is ReverseVerdict.UNKNOWN:
        return _failed_look_up(verdict.answers, str(verdict.ip), evidence)
    return _diagnosis("reverse-dns", str(verdict.ip), Evidence("dns", evidence), Confidence.CERTAIN)


def diagnose_helo(check: HeloCheck) -> Diagnosis | None:
    """Return what there is to say against a HELO name."""
    if check.obeys:
        return None
    seen = [f"HELO {check.name} ({check.form}, address {check.address})"]
    evidence = "; ".join([*seen, *(answer.evidence for answer in check.answers)])
    if check.address is HeloAddress.UNKNOWN:
        return _failed_look_up(check.answers, check.name, evidence)
    return _diagnosis("helo-rejected", check.name, Evidence("helo", evidence), Confidence.LIKELY)


def _failures_of(node: SpfNode | None) -> list[Answer]:
    """Return the answers that told nothing, of a record and all that it leads to; no deeper than its look-ups."""
    if node is None:
        return []
    answers = [node.answer] if node.answer is not None else []
    nested: list[Answer] = []
    for step in node.steps:
        answers.extend(step.answers)
        nested.extend(_failures_of(step.node))
    return [*(answer for answer in answers if not answer.tells), *nested]


def _failed_look_up(answers: Iterable[Answer | None], subject: str | None, evidence: str) -> Diagnosis:
    """Return the diagnosis of the first answer that told nothing; without one, nobody answered in time."""
    for answer in answers:
        diagnosis = diagnose_failure(answer, subject) if answer is not None else None
        if diagnosis is not None:
            return diagnosis
    return _diagnosis("dns-timeout", subject, Evidence("dns", evidence), Confidence.LIKELY)


def _diagnosis(cause: str, subject: str | None, evidence: Evidence, confidence: Confidence) -> Diagnosis:
    evidence = evidence._replace(text=evidence.text[:LONGEST_EVIDENCE])
    return Diagnosis(catalogue()[cause], subject, evidence, confidence, RULE)
