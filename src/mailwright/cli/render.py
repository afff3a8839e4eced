"""An explanation for a person: the fix before the forensics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailwright.cli.interface import _
from mailwright.cli.screen import Line
from mailwright.cli.words import confidence_words, fixer_words, kind_words, permanence_words

_STYLE_OF_KIND = {"bounce": "trouble", "delayed": "waiting", "feedback": "waiting"}

#: Rules of what happened and nobody said (dns.diagnose, smtp.diagnose, authentication.diagnose).
_SEEN = frozenset(("dns", "connection", "authentication"))
#: Characters of the server's words that are shown; --json has them all.
SHOWN_WORDS = 400


def explanation_lines(result: dict[str, Any], *, first: bool) -> Iterator[Line]:
    """Yield the lines for one message's JSON object; ``first`` leaves out the empty line before it."""
    if not first:
        yield Line(0, "")
    name = result["source"] if "id" not in result else f"{result['source']} [{result['id']}]"
    yield Line(0, f"{name}: {kind_words(result['kind'])}", "source")
    for report in result["reports"]:
        yield Line(0, "")
        yield from report_lines(report, result["kind"])


def report_lines(report: dict[str, Any], kind: str) -> Iterator[Line]:
    """Yield the lines for one report's JSON object; ``kind`` of the message it is from."""
    if report["recipient"]:
        shown = report["recipient"]
        if report["original_recipient"]:
            shown = _("{address} (sent to {original})").format(address=shown, original=report["original_recipient"])
        yield Line(2, shown, "title")
    yield Line(2, f"{report['title']}  [{report['cause']}]", _STYLE_OF_KIND.get(kind, "fine"))
    yield Line(2, report["explanation"])
    yield Line(2, _("Whose turn: {who}").format(who=fixer_words(report["fixer"])))
    yield Line(2, _("What to do:"))
    for number, fix in enumerate(report["fixes"], 1):
        yield Line(4, f"{number}. {fix}", "fix", hanging=3)
    yield from (Line(2, text, "quiet") for text in _forensics(report))


def _forensics(report: dict[str, Any]) -> Iterator[str]:
    words = report["diagnostic"]
    if words:
        words = words if len(words) <= SHOWN_WORDS else words[:SHOWN_WORDS] + "…"
        if report["remote_host"] and report["rule"] not in _SEEN:
            yield _("{host} said: {words}").format(host=report["remote_host"], words=words)
        elif report["rule"] in _SEEN:
            yield _("Seen: {words}").format(words=words)
        else:
            yield _("Said: {words}").format(words=words)
    codes = " ".join(code for code in (report["reply_code"], report["enhanced_status"]) if code)
    facts = [
        _("Code: {codes}").format(codes=codes) if codes else "",
        _("Does waiting help: {permanence}").format(permanence=permanence_words(report["permanence"])),
        _again(report),
        _("Certainty: {confidence}").format(confidence=confidence_words(report["confidence"])),
    ]
    yield " · ".join(fact for fact in facts if fact)


def _again(report: dict[str, Any]) -> str:
    """Return whether the address should be written to again; "" where no address is concerned."""
    if not (report["recipient"] or report["suppress"]):
        return ""
    return _("Write to this address again: {answer}").format(answer=_("no") if report["suppress"] else _("yes"))
