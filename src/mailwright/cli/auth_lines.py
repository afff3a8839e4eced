"""A judgement of a message for a person: what a receiver concludes, then every check and why it came out so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailwright.app.authenticity import Inquest, Judgement, SignatureFound, SpfFound
from mailwright.authentication.arc import ArcResult, ArcVerdict
from mailwright.authentication.dkim import DkimResult
from mailwright.authentication.dkim_key import KeyProblem
from mailwright.authentication.dmarc import Disposition, Result
from mailwright.authentication.dmarc_alignment import Alignment, Comparison
from mailwright.authentication.spf import MOST_LOOK_UPS
from mailwright.authentication.spf_survey import SpfSurvey, SurveyNode
from mailwright.authentication.spf_verdict import SpfNode, SpfResult, SpfStep
from mailwright.causes.diagnosis import Diagnosis
from mailwright.cli.auth_object import Reporter, header_text, needed, not_reached
from mailwright.cli.auth_words import (
    bimi_words,
    comparison_words,
    disposition_words,
    dmarc_reason_words,
    dmarc_result_words,
    from_note_words,
    from_trouble_words,
    generic_words,
    helo_address_words,
    helo_form_words,
    reverse_words,
    spf_fault_words,
    spf_outcome_words,
    spf_problem_words,
    spf_result_words,
    walk_words,
)
from mailwright.cli.exit_codes import COULD_NOT_TELL, FINE
from mailwright.cli.interface import _
from mailwright.cli.render import report_lines
from mailwright.cli.screen import Line
from mailwright.cli.signature_words import (
    arc_reason_words,
    arc_result_words,
    change_words,
    dkim_reason_words,
    dkim_result_words,
    key_trouble_words,
    signature_trouble_words,
)
from mailwright.dns.reverse import ReverseVerdict

#: The style of a result's word; all others are trouble.
_STYLES = {"pass": "fine", "confirmed": "fine", "none": "quiet", "neutral": "quiet", "temperror": "waiting"}


class Page:
    """One message's page.  A cause is told in full where it comes first, and by its name after that."""

    def __init__(self, source: str, inquest: Inquest, judgement: Judgement, reporter: Reporter) -> None:
        """Show ``judgement`` of the message from ``source``."""
        self._source = source
        self._inquest = inquest
        self._judgement = judgement
        self._reporter = reporter
        self._told: set[str] = set()

    def lines(self, code: int) -> Iterator[Line]:
        """Yield the page; ``code`` is the exit code."""
        judgement = self._judgement
        style = {FINE: "fine", COULD_NOT_TELL: "waiting"}.get(code, "trouble")
        yield Line(0, f"{self._source}: {self._conclusion()}", style)
        for trouble in judgement.authors.troubles:
            yield Line(2, from_trouble_words(trouble), "trouble")
        for note in judgement.authors.notes:
            yield Line(2, from_note_words(note), "waiting")
        yield from self._dmarc()
        yield from self._spf()
        for found in judgement.signatures:
            yield from self._signature(found)
        yield from _arc_lines(judgement.arc)
        yield from self._client()
        yield from self._bimi()
        header = header_text(self._inquest, judgement)
        if header is not None:
            yield Line(0, "")
            yield from (Line(0, line.replace("\t", "    ")) for line in header.split("\n"))

    def _conclusion(self) -> str:
        judgement = self._judgement
        if judgement.undecided and judgement.dmarc.disposition is Disposition.ACCEPT:
            return _("nobody can tell now, since DNS did not answer")
        if judgement.unauthenticated is not None:
            return _("no policy asks for anything, and nothing vouches for the message")
        return disposition_words(judgement.dmarc.disposition)

    def _report(self, diagnosis: Diagnosis | None) -> Iterator[Line]:
        """Yield cause and fix of a diagnosis."""
        report = self._reporter.report(diagnosis)
        if report is None:
            return
        if report["cause"] in self._told:
            yield Line(2, _("{title}  [{cause}], see above").format(title=report["title"], cause=report["cause"]))
            yield Line(2, _("Seen: {words}").format(words=report["diagnostic"]), "quiet")
            return
        self._told.add(report["cause"])
        yield from report_lines(report, "delayed" if report["permanence"] == "temporary" else "bounce")

    def _dmarc(self) -> Iterator[Line]:
        verdict = self._judgement.dmarc
        yield from _heading("DMARC", verdict.result, dmarc_result_words(verdict.result))
        if verdict.author:
            yield Line(2, _("Domain in From: {domain}").format(domain=verdict.author))
        if verdict.discovery is not None:
            for step in verdict.discovery.steps:
                found = f"{step.text}" if step.record is not None else walk_words(step.outcome)
                yield Line(2, f"_dmarc.{step.domain}: {found}", "quiet")
        if verdict.policy is not None and verdict.applied is not None:
            words = _("Policy: {policy}").format(policy=verdict.policy)
            if verdict.applied is not verdict.policy:
                words = _("Policy: {policy}, applied: {applied}").format(policy=verdict.policy, applied=verdict.applied)
            yield Line(2, words)
        for one in verdict.alignments:
            yield Line(2, _alignment(one))
        for reason in verdict.reasons:
            yield Line(2, f"- {dmarc_reason_words(reason)}", hanging=2)
        yield from self._report(self._judgement.dmarc_diagnosis)
        yield from self._report(self._judgement.unauthenticated)

    def _spf(self) -> Iterator[Line]:
        found = self._judgement.spf
        if found is None:
            yield Line(0, "")
            missing = _("not checked; it needs --ip and --from, and --helo for the sender <>")
            yield Line(0, f"SPF: {missing}", "quiet")
            return
        yield from _heading("SPF", found.verdict.result, spf_result_words(found.verdict.result))
        client = _("{ip} sends for {domain}").format(ip=self._inquest.ip, domain=found.domain)
        yield Line(2, client)
        yield from _spf_lines(found)
        yield from self._report(found.diagnosis)

    def _signature(self, found: SignatureFound) -> Iterator[Line]:
        verdict = found.verdict
        signature = verdict.signature
        yield from _heading("DKIM", verdict.result, dkim_result_words(verdict.result))
        if signature is not None:
            bits = f", {verdict.key.bits}" if verdict.key is not None and verdict.key.type == "rsa" else ""
            yield Line(2, f"d={signature.domain} s={signature.selector} ({signature.algorithm}{bits})")
        if verdict.why is not None:
            yield Line(2, _sentence(dkim_reason_words(verdict.why)))
        if verdict.trouble is not None:
            where = f" ({verdict.tag}=)" if verdict.tag else ""
            yield Line(2, f"{_sentence(signature_trouble_words(verdict.trouble))}{where}")
        if verdict.problem is not None:
            yield from _key_lines(verdict.problem)
        if verdict.testing:
            yield Line(2, _("The domain is testing DKIM (t=y): a failure counts as if there were no signature."))
        for change in found.changes:
            yield Line(2, _change(change._asdict() | {"words": change_words(change.kind)}))
        yield from self._report(found.diagnosis)

    def _client(self) -> Iterator[Line]:
        """Yield what its IP address and its name say about the client."""
        names, helo = self._judgement.reverse, self._judgement.helo
        if names is not None:
            yield from _heading(_("Reverse DNS"), _REVERSE_RESULTS[names.verdict], reverse_words(names.verdict))
            for one in names.names:
                parts = [_("leads back") if one.confirmed else _("does not lead back")]
                parts += [generic_words(one.generic)] if one.generic is not None else []
                yield Line(2, f"{names.ip} → {one.name}: {', '.join(parts)}")
            yield from self._report(self._judgement.reverse_diagnosis)
        if helo is not None:
            diagnosis = self._judgement.helo_diagnosis
            unsure = diagnosis is not None and diagnosis.cause.id.startswith("dns-")
            result = "pass" if helo.obeys else "temperror" if unsure else "fail"
            words = f"{helo_form_words(helo.form)}; {helo_address_words(helo.address)}"
            yield from _heading("HELO", result, f"{helo.name}: {words}")
            if helo.is_reverse_name is False:
                yield Line(2, _("It is none of the names that the address has."), "quiet")
            if helo.is_receiver:
                yield Line(2, _("It is the receiver's own name, which only an impostor gives."), "trouble")
            yield from self._report(diagnosis)

    def _bimi(self) -> Iterator[Line]:
        found = self._judgement.bimi
        if found is None:
            return
        yield Line(0, "")
        yield Line(0, f"BIMI: {found.status}, {bimi_words(found.status)}")
        if found.record is not None:
            yield Line(2, f"default._bimi.{found.found_at}: {found.record.location} {found.record.evidence}".rstrip())
        if found.detail:
            yield Line(2, found.detail, "quiet")


_REVERSE_RESULTS = {
    ReverseVerdict.CONFIRMED: "pass",
    ReverseVerdict.UNCONFIRMED: "fail",
    ReverseVerdict.NO_NAME: "fail",
    ReverseVerdict.UNKNOWN: "temperror",
}


def _heading(subject: str, result: SpfResult | DkimResult | Result | ArcResult | str, words: str) -> Iterator[Line]:
    yield Line(0, "")
    yield Line(0, f"{subject}: {result}, {words}", _STYLES.get(str(result), "trouble"))


def _alignment(found: Alignment) -> str:
    """Return in one line whether a domain that SPF or DKIM is about counts for the one in From."""
    counts = _("it does not count")
    if found.authenticates:
        counts = _("it counts")
    elif found.aligned:
        counts = _("it would count if it passed")
    elif found.comparison in (Comparison.UNKNOWN, Comparison.NOT_LOOKED_UP):
        counts = ""
    name = f"{found.mechanism.upper()} {found.result} ({found.domain})"
    return f"{name}: {comparison_words(found.comparison)}" + (f"; {counts}" if counts else "")


def _sentence(words: str) -> str:
    """Return words with a capital at their beginning."""
    return words[:1].upper() + words[1:]


def _spf_lines(found: SpfFound) -> Iterator[Line]:
    """Yield how SPF's verdict came about: the records, their terms, and the look-ups."""
    verdict, survey = found.verdict, found.survey
    if verdict.node is not None:
        yield from _node_lines(verdict.node, survey.node if survey is not None else None, 2)
    if verdict.problem is not None:
        yield Line(2, _sentence(spf_problem_words(verdict.problem)))
    elif verdict.mechanism:
        yield Line(2, _("Decided by: {term}").format(term=verdict.mechanism))
    yield Line(2, _look_ups(verdict.look_ups, survey))
    if verdict.explanation is not None:
        # RFC 7208 6.2: it must be clear that these are the words of a third party.
        yield Line(2, _("{domain} says about it: {words}").format(domain=found.domain, words=verdict.explanation))


def _look_ups(counted: int, survey: SpfSurvey | None) -> str:
    if survey is None:
        return _("Look-ups: {counted} counted; {most} are allowed.").format(counted=counted, most=MOST_LOOK_UPS)
    words = _("Look-ups: {counted} counted, {needed} needed by the whole record; {most} are allowed.")
    if not survey.complete:
        words = _("Look-ups: {counted} counted, at least {needed} needed by the whole record; {most} are allowed.")
    return words.format(counted=counted, needed=survey.look_ups, most=MOST_LOOK_UPS)


def _node_lines(node: SpfNode, survey: SurveyNode | None, indent: int) -> Iterator[Line]:
    """Yield a record and its terms up to the one that decided, each with all that it led to."""
    record = node.record
    if record is None:
        record = spf_problem_words(node.problem) if node.problem is not None else _("no record")
    yield Line(indent, f"{node.domain}: {record}", "quiet")
    if node.fault:
        there = (node.record or "")[node.fault_at or 0 :]
        yield Line(indent + 2, f"“{there}”: {spf_fault_words(node.fault)}", "trouble")
    for step, term in needed(node, survey):
        yield _step_line(step, term.look_ups if term is not None else 0, indent + 2)
        if step.node is not None:
            yield from _node_lines(step.node, term.node if term is not None else None, indent + 4)
    for term in not_reached(node, survey):
        words = _counted(_("not reached"), term.look_ups)
        yield Line(indent + 2, f"{term.word}: {words}", "quiet")


def _step_line(step: SpfStep, look_ups: int, indent: int) -> Line:
    words = _counted(spf_outcome_words(step.outcome), look_ups)
    if step.void:
        words += ", " + _("nothing is there")
    style = {"match": "title", "no-match": ""}.get(step.outcome, "trouble")
    return Line(indent, f"{step.word}: {words}", style)


def _counted(words: str, look_ups: int) -> str:
    return _("{words} (needs {count})").format(words=words, count=look_ups) if look_ups else words


def _key_lines(problem: KeyProblem) -> Iterator[Line]:
    yield Line(2, _sentence(key_trouble_words(problem.trouble)))
    if problem.evidence:
        yield Line(2, problem.evidence, "quiet")


def _change(change: dict[str, Any]) -> str:
    """Return what was changed in one line."""
    field = f" ({change['field']})" if change["field"] else ""
    detail = f": “{change['detail']}”" if change["detail"] else ""
    words = _("Proven: {words}") if change["proven"] else _("Seen: {words}")
    return words.format(words=f"{change['words']}{field}{detail}")


def _arc_lines(verdict: ArcVerdict) -> Iterator[Line]:
    if verdict.result is ArcResult.NONE:
        return
    yield from _heading("ARC", verdict.result, arc_result_words(verdict.result))
    for one in verdict.sets:
        yield Line(2, _("Hop {number}: {domain}").format(number=one.instance, domain=one.seal.domain))
    if verdict.why is not None:
        yield Line(2, _("Hop {number}: {words}").format(number=verdict.instance, words=arc_reason_words(verdict.why)))
    if verdict.oldest_pass:
        words = _("The message was changed before hop {number}, and not since.")
        yield Line(2, words.format(number=verdict.oldest_pass), "quiet")
    elif verdict.oldest_pass == 0:
        yield Line(2, _("The message was not changed since the first hop."), "quiet")
