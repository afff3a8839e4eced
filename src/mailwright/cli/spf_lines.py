"""The survey of an SPF record, and the advice how to make it simpler, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailwright.app.spf_records import Surveyed
from mailwright.authentication.spf import MOST_LOOK_UPS, MOST_VOIDS
from mailwright.authentication.spf_publish import record_strings
from mailwright.authentication.spf_simplify import ChangeKind, SpfAdvice
from mailwright.authentication.spf_survey import SpfSurvey, SurveyNode
from mailwright.authentication.spf_verdict import SpfProblem
from mailwright.cli.auth_words import spf_problem_words
from mailwright.cli.interface import _
from mailwright.cli.screen import Line


def simplify_words(kind: ChangeKind) -> str:
    """Return what was done to a record to make it simpler."""
    return {
        ChangeKind.UNREACHABLE: _("dropped, since it has no effect"),
        ChangeKind.DUPLICATE: _("dropped, since it stands there before"),
        ChangeKind.BROKEN: _("dropped, since it leads to a domain without a record and makes every check fail"),
        ChangeKind.VOID: _("dropped, since nothing is there"),
        ChangeKind.PTR: _("dropped, since ptr must not be used; what only it let pass fails now"),
        ChangeKind.MERGED: _("merged into fewer networks"),
        ChangeKind.FLATTENED: _("replaced by its addresses, which are right until they change"),
        ChangeKind.MOVED: _("moved into a record of its own"),
    }[kind]


def outcome_of(survey: SpfSurvey) -> str:
    """Return "pass", "trouble" or "could-not-tell"."""
    problems = {node.problem for node in survey.nodes()} - {None}
    voids = sum(term.void for node in survey.nodes() for term in node.terms)
    if problems - {SpfProblem.DNS} or survey.look_ups > MOST_LOOK_UPS or voids > MOST_VOIDS or survey.circles:
        return "trouble"
    return "could-not-tell" if problems else "pass"


def spf_object(surveyed: Surveyed) -> dict[str, Any]:
    """Return the JSON object (schemas/spf.schema.json)."""
    survey = surveyed.survey
    return {
        "domain": survey.node.domain,
        "outcome": outcome_of(survey),
        "look_ups": survey.look_ups,
        "complete": survey.complete,
        "circles": list(survey.circles),
        "records": [_record(node) for node in survey.nodes()],
        "simplified": _advice(surveyed.advice) if surveyed.advice is not None else None,
    }


def _record(node: SurveyNode) -> dict[str, Any]:
    return {
        "domain": node.domain,
        "record": node.text or None,
        "problem": node.problem,
        "look_ups": node.look_ups,
        "terms": [
            {"term": term.word, "look_ups": term.look_ups, "target": term.target, "void": term.void}
            for term in node.terms
        ],
    }


def _advice(advice: SpfAdvice) -> dict[str, Any]:
    return {
        "record": str(advice.record),
        "strings": [string.decode("ascii") for string in record_strings(advice.record)],
        "parts": [{"name": name, "record": str(record)} for name, record in advice.parts],
        "changes": [{"kind": one.kind, "dropped": list(one.dropped), "put": list(one.put)} for one in advice.changes],
        "look_ups": advice.look_ups,
        "stale": list(advice.stale),
        "fits": advice.fits,
    }


def survey_lines(surveyed: Surveyed) -> Iterator[Line]:
    """Yield the page."""
    survey = surveyed.survey
    style = {"pass": "fine", "trouble": "trouble"}.get(outcome_of(survey), "waiting")
    words = _("{domain}: {needed} look-ups needed, {most} are allowed")
    if not survey.complete:
        words = _("{domain}: at least {needed} look-ups needed, {most} are allowed")
    yield Line(0, words.format(domain=survey.node.domain, needed=survey.look_ups, most=MOST_LOOK_UPS), style)
    yield from _node_lines(survey.node, 2)
    for circle in survey.circles:
        yield Line(2, _("{domain} leads back to itself").format(domain=circle), "trouble")
    if surveyed.advice is not None:
        yield Line(0, "")
        yield from _advice_lines(survey.node.domain, surveyed.advice)


def _node_lines(node: SurveyNode, indent: int) -> Iterator[Line]:
    """Yield a record and all that it leads to; no deeper than the look-ups that are counted."""
    if node.text:
        yield Line(indent, f"{node.domain}: {node.text}", "quiet")
    if node.problem is not None:
        style = "waiting" if node.problem is SpfProblem.DNS else "trouble"
        yield Line(indent, f"{node.domain}: {spf_problem_words(node.problem)}", style)
    for term in node.terms:
        words = _("{words} (needs {count})").format(words=term.word, count=term.look_ups)
        yield Line(indent + 2, words if term.look_ups else term.word)
        if term.void:
            yield Line(indent + 4, _("nothing is there"), "trouble")
        if term.node is not None:
            yield from _node_lines(term.node, indent + 4)


def _advice_lines(domain: str, advice: SpfAdvice) -> Iterator[Line]:
    yield Line(0, _("Simpler, with {count} look-ups:").format(count=advice.look_ups), "title")
    for name, record in ((domain, advice.record), *advice.parts):
        shown = " ".join(f'"{string.decode("ascii")}"' for string in record_strings(record))
        yield Line(2, f"{name}. IN TXT {shown}", "fix")
    for change in advice.changes:
        put = f" → {' '.join(change.put)}" if change.put else ""
        yield Line(2, f"- {' '.join(change.dropped)}{put}: {simplify_words(change.kind)}", hanging=2)
    if not advice.changes:
        yield Line(2, _("There is nothing to make simpler."))
    if advice.stale:
        yield Line(2, _("Make it anew whenever an address of these changes: {names}").format(
            names=", ".join(advice.stale)), "waiting")  # fmt: skip
    if not advice.fits:
        yield Line(2, _("It still needs more than is allowed, or could not be seen to its end."), "trouble")
