"""A judgement of a message for a program: the JSON object of ``mailwright auth --json`` (schemas/auth.schema.json)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mailwright.app.authenticity import Inquest, Judgement, SignatureFound, SpfFound, results_field
from mailwright.authentication.arc import ArcVerdict
from mailwright.authentication.bimi_record import BimiLookup
from mailwright.authentication.dmarc import DmarcVerdict
from mailwright.authentication.helo import HeloCheck
from mailwright.authentication.results_text import ResultsFault
from mailwright.authentication.spf_survey import SurveyNode, SurveyTerm
from mailwright.authentication.spf_verdict import SpfNode, SpfStep
from mailwright.causes.diagnosis import Diagnosis
from mailwright.causes.texts import CauseTexts
from mailwright.cli.exit_codes import COULD_NOT_TELL, FINE, TROUBLE
from mailwright.dns.reverse import Reverse

#: The outcome in JSON, by exit code.
OUTCOMES = {FINE: "pass", TROUBLE: "trouble", COULD_NOT_TELL: "could-not-tell"}


class Reporter:
    """Makes the report of a diagnosis: cause and fix in the reader's language, told by the receiver."""

    def __init__(self, texts: CauseTexts, receiver: str) -> None:
        """Use ``texts``; ``receiver`` is the host that found it, "" where it has no name."""
        self._texts = texts
        self._receiver = receiver

    def report(self, diagnosis: Diagnosis | None) -> dict[str, Any] | None:
        """Return the object of ``diagnosis`` as ``explain --json`` has it; None without one."""
        if diagnosis is None:
            return None
        from mailwright.explain.output import report_object  # noqa: PLC0415 - slow to import, for trouble only
        from mailwright.smtp.diagnose import Place, report_diagnosis  # noqa: PLC0415

        return report_object(report_diagnosis(diagnosis, Place(None, self._receiver)), self._texts)


def needed(node: SpfNode, survey: SurveyNode | None) -> list[tuple[SpfStep, SurveyTerm | None]]:
    """Return the steps of an evaluation, each with the term of the survey that it is; None where that has none."""
    terms = {term.word: term for term in survey.terms} if survey is not None else {}
    return [(step, terms.get(step.word)) for step in node.steps]


def not_reached(node: SpfNode, survey: SurveyNode | None) -> list[SurveyTerm]:
    """Return the terms of a record behind the one that ended its evaluation."""
    seen = {step.word for step in node.steps}
    return [term for term in survey.terms if term.word not in seen] if survey is not None else []


def judgement_object(
    source: str, inquest: Inquest, judgement: Judgement, reporter: Reporter, code: int
) -> dict[str, Any]:
    """Return the whole object; ``source`` names where the message came from, ``code`` is the exit code."""
    authors = judgement.authors
    return {
        "source": source,
        "ip": str(inquest.ip) if inquest.ip is not None else None,
        "helo": inquest.helo or None,
        "sender": inquest.sender,
        "now": datetime.fromtimestamp(inquest.now, UTC).isoformat().replace("+00:00", "Z"),
        "outcome": OUTCOMES[code],
        "disposition": judgement.dmarc.disposition.value,
        "authors": {"domains": authors.domains, "troubles": authors.troubles, "notes": authors.notes},
        "spf": _spf(judgement.spf, reporter),
        "dkim": [_signature(one, reporter) for one in judgement.signatures],
        "arc": _arc(judgement.arc),
        "dmarc": _dmarc(judgement, reporter),
        "reverse": _reverse(judgement.reverse, judgement.reverse_diagnosis, reporter),
        "helo_check": _helo(judgement.helo, judgement.helo_diagnosis, reporter),
        "bimi": _bimi(judgement.bimi),
        "unauthenticated": reporter.report(judgement.unauthenticated),
        "header": header_text(inquest, judgement),
    }


def header_text(inquest: Inquest, judgement: Judgement) -> str | None:
    """Return the Authentication-Results field, folded by line feeds; None without a receiver to write it.

    None as well where something that the message says has no place in the grammar of the field.
    """
    if not inquest.receiver:
        return None
    try:
        return results_field(inquest, judgement).field().decode().replace("\r\n", "\n")
    except ResultsFault:
        return None


def _spf(found: SpfFound | None, reporter: Reporter) -> dict[str, Any] | None:
    if found is None:
        return None
    verdict, survey = found.verdict, found.survey
    trace = None
    if verdict.node is not None:
        trace = _node(verdict.node, survey.node if survey is not None else None)
    return {
        "domain": found.domain,
        "result": verdict.result,
        "problem": verdict.problem,
        "mechanism": verdict.mechanism or None,
        "explanation": verdict.explanation,
        "look_ups": verdict.look_ups,
        "voids": verdict.voids,
        "needed": survey.look_ups if survey is not None else None,
        "complete": survey is not None and survey.complete,
        "trace": trace,
        "report": reporter.report(found.diagnosis),
    }


def _node(node: SpfNode, survey: SurveyNode | None) -> dict[str, Any]:
    """Return a record and all that it led to; no deeper than the look-ups that are counted."""
    return {
        "domain": node.domain,
        "record": node.record,
        "result": node.result,
        "problem": node.problem,
        "fault": node.fault or None,
        "fault_at": node.fault_at,
        "look_ups_before": node.look_ups,
        "needed": survey.look_ups if survey is not None else None,
        "steps": [_step(step, term) for step, term in needed(node, survey)],
        "not_reached": [{"term": term.word, "needed": term.look_ups} for term in not_reached(node, survey)],
    }


def _step(step: SpfStep, term: SurveyTerm | None) -> dict[str, Any]:
    return {
        "term": step.word,
        "outcome": step.outcome,
        "problem": step.problem,
        "target": step.target or None,
        "void": step.void,
        "needed": term.look_ups if term is not None else None,
        "answers": [answer.evidence for answer in step.answers],
        "trace": _node(step.node, term.node if term is not None else None) if step.node is not None else None,
    }


def _signature(found: SignatureFound, reporter: Reporter) -> dict[str, Any]:
    verdict = found.verdict
    signature, key, problem = verdict.signature, verdict.key, verdict.problem
    return {
        "result": verdict.result,
        "reason": verdict.why,
        "domain": signature.domain if signature is not None else None,
        "selector": signature.selector if signature is not None else None,
        "identity": signature.identity if signature is not None else None,
        "algorithm": signature.algorithm if signature is not None else None,
        "trouble": verdict.trouble,
        "tag": verdict.tag or None,
        "key_bits": key.bits if key is not None else None,
        "testing": verdict.testing,
        "key_problem": problem.trouble if problem is not None else None,
        "key_evidence": problem.evidence or None if problem is not None else None,
        "body_matches": verdict.body_matches,
        "header_matches": verdict.header_matches,
        "unsigned_octets": verdict.unsigned_octets,
        "changes": [change._asdict() for change in found.changes],
        "report": reporter.report(found.diagnosis),
    }


def _arc(verdict: ArcVerdict) -> dict[str, Any]:
    return {
        "result": verdict.result,
        "reason": verdict.why,
        "instance": verdict.instance or None,
        "oldest_pass": verdict.oldest_pass,
        "key_problem": verdict.problem.trouble if verdict.problem is not None else None,
        "sets": [
            {"instance": one.instance, "domain": one.seal.domain, "selector": one.seal.selector} for one in verdict.sets
        ],
    }


def _dmarc(judgement: Judgement, reporter: Reporter) -> dict[str, Any]:
    verdict: DmarcVerdict = judgement.dmarc
    discovery = verdict.discovery
    found = discovery.found if discovery is not None else None
    return {
        "author": verdict.author or None,
        "result": verdict.result,
        "disposition": verdict.disposition,
        "reasons": verdict.reasons,
        "policy": verdict.policy,
        "applied": verdict.applied,
        "found_at": found.domain if found is not None else None,
        "record": found.text if found is not None else None,
        "walk": [{"domain": step.domain, "outcome": step.outcome} for step in discovery.steps] if discovery else [],
        "alignments": [
            {
                "mechanism": one.mechanism,
                "domain": one.domain,
                "selector": one.selector or None,
                "result": one.result,
                "mode": one.mode,
                "comparison": one.comparison,
                "aligned": one.aligned,
            }
            for one in verdict.alignments
        ],
        "report": reporter.report(judgement.dmarc_diagnosis),
    }


def _reverse(found: Reverse | None, diagnosis: Diagnosis | None, reporter: Reporter) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "verdict": found.verdict,
        "names": [
            {"name": one.name, "kind": one.kind, "confirmed": one.confirmed, "generic": one.generic}
            for one in found.names
        ],
        "report": reporter.report(diagnosis),
    }


def _helo(check: HeloCheck | None, diagnosis: Diagnosis | None, reporter: Reporter) -> dict[str, Any] | None:
    if check is None:
        return None
    return {
        "name": check.name,
        "form": check.form,
        "address": check.address,
        "is_reverse_name": check.is_reverse_name,
        "is_receiver": check.is_receiver,
        "obeys": check.obeys,
        "report": reporter.report(diagnosis),
    }


def _bimi(found: BimiLookup | None) -> dict[str, Any] | None:
    if found is None:
        return None
    record = found.record
    return {
        "status": found.status,
        "found_at": found.found_at or None,
        "location": record.location or None if record is not None else None,
        "evidence": record.evidence or None if record is not None else None,
        "detail": found.detail or None,
    }
