"""Reports of receivers as ``explain`` shows them: who reports, the counts, and each source with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailwright.cli.interface import _
from mailwright.cli.screen import Line

AGGREGATE, TLS = "dmarc-report", "tls-report"
#: Findings that are shown; --json has them all.
MOST_FINDINGS = 50


def with_sentences(result: dict[str, Any]) -> dict[str, Any]:
    """Return a report's object with the texts of its findings in the language in use."""
    from mailwright.cli.report_words import source_sentences, tls_sentences  # noqa: PLC0415 - for reports only

    sentences = source_sentences if result["kind"] == AGGREGATE else tls_sentences
    told = [(finding, *sentences(finding)) for finding in result["findings"]]
    return result | {"findings": [finding | {"seen": seen, "mend": mend} for finding, seen, mend in told]}


def is_trouble(result: dict[str, Any]) -> bool:
    """Tell whether a report names something that is to be mended."""
    if result["kind"] == TLS:
        return bool(result["failed"] or result["findings"])
    return any(not finding["fine"] and finding["kind"] != "undecided" for finding in result["findings"])


def is_undecided(result: dict[str, Any]) -> bool:
    """Tell whether a report has mail about which its receiver could not tell."""
    return any(finding["kind"] == "undecided" for finding in result["findings"])


def report_page(result: dict[str, Any], *, first: bool) -> Iterator[Line]:
    """Yield the lines for one report's object, its sentences in it; ``first`` leaves out the empty line before it."""
    if not first:
        yield Line(0, "")
    name = result["source"] if result["name"] is None else f"{result['source']}, {result['name']}"
    yield Line(0, f"{name}: {_subject(result)}", "source")
    told = {key: result[key] or "?" for key in ("organization", "begin", "end")}
    yield Line(2, _("From {organization}, {begin} to {end}").format(**told), "quiet")
    yield from (Line(2, text) for text in _counts(result))
    for finding in result["findings"][:MOST_FINDINGS]:
        yield from _finding_lines(finding)
    more = len(result["findings"]) - MOST_FINDINGS
    if more > 0:
        yield Line(2, _("and {count} more").format(count=more), "quiet")


def _subject(result: dict[str, Any]) -> str:
    if result["kind"] == TLS:
        return _("a report about TLS with {domain}").format(domain=", ".join(result["domains"]) or "?")
    return _("a report about mail from {domain}").format(domain=result["domain"] or "?")


def _counts(result: dict[str, Any]) -> Iterator[str]:
    if result["kind"] == TLS:
        yield _("Sessions: {successful} worked, {failed} failed").format(**result)
        if result["unexplained"]:
            yield _("Failed without a reason: {count}").format(count=result["unexplained"])
    else:
        yield _("Messages: {messages}; pass: {passing} (DKIM {dkim}, SPF {spf}); junk or refused: {refused}").format(
            **result
        )
        yield from (_("The receiver says: {words}").format(words=words) for words in result["errors"])
    if result["left_out"]:
        yield _("Left out, since there are too many: {count}").format(count=result["left_out"])


def _finding_lines(finding: dict[str, Any]) -> Iterator[Line]:
    fine = finding.get("fine", False)
    yield Line(0, "")
    yield Line(2, f"{finding['seen']}  [{finding['kind']}]", "fine" if fine else "trouble")
    if "sessions" in finding:
        counted = _("Sessions: {count}").format(count=finding["sessions"])
        detail = finding["detail"]
        yield Line(2, f"{counted} · {detail}" if detail else counted, "quiet")
    else:
        counted = _("Messages: {count}").format(count=finding["messages"])
        refused = _("junk or refused: {count}").format(count=finding["refused"])
        yield Line(2, f"{counted} · {refused}", "quiet")
    yield Line(4, finding["mend"], "" if fine else "fix")
