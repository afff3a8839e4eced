"""Accuracy on labelled mail: the figures, what is aimed at, and what may not be lost again.

Where a goal is not reached the table says so; the floor is what has been reached.  Some labels and this project
disagree on purpose (docs/decisions/0009 and 0010).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mailwright.explain.explanation import Explanation, Report
from mailwright.explain.message import explain_message
from mailwright.explain.reply import explain_reply
from mailwright.mail.message import Message
from tests.samples import LINE_ENDS

#: A labelled message or reply, as the corpus has it.
Row = dict[str, Any]


class Bar(NamedTuple):
    """Shares in per cent: what is aimed at, and what the test demands; None: only shown."""

    goal: float | None = None
    floor: float | None = None


MESSAGES = {
    "bounce or not": Bar(99, 99),
    "ordinary mail left alone": Bar(100, 100),
    "kind, but for labels that the mail contradicts": Bar(99, 99),
    "kind, strictly by label": Bar(99, 94),
    "recipients": Bar(99, 99),
    "reason": Bar(97, 91),
    "permanent": Bar(98, 97.5),
    "enhanced code": Bar(98, 98),
    "reply code": Bar(None, 96),
}
REPLIES = {"reason": Bar(97, 90), "permanent": Bar(98, 98), "enhanced code": Bar(), "reply code": Bar()}


class Tally:
    """How often each figure was right, and where it was not."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.right: dict[str, int] = defaultdict(int)
        self.wrong: dict[str, list[str]] = defaultdict(list)

    def count(self, figure: str, right: bool, where: str) -> None:
        """Count one case of ``figure``."""
        if right:
            self.right[figure] += 1
        else:
            self.wrong[figure].append(where)

    def share(self, figure: str) -> float:
        """Return the share that was right, in per cent; 100 where nothing was asked."""
        asked = self.right[figure] + len(self.wrong[figure])
        return 100 * self.right[figure] / asked if asked else 100.0

    def table(self, bars: Mapping[str, Bar]) -> str:
        """Return one line for each figure."""
        lines = []
        for figure, bar in bars.items():
            right, asked = self.right[figure], self.right[figure] + len(self.wrong[figure])
            line = f"{figure:48} {right:5} of {asked:5}  {self.share(figure):6.2f} %"
            if bar.goal is not None:
                line += f"  goal {bar.goal:g} %" + ("" if self.share(figure) >= bar.goal else ": not reached")
            lines.append(line)
        return "\n".join(lines)

    def missed(self, bars: Mapping[str, Bar]) -> list[str]:
        """Return what is below its floor, with where it was wrong."""
        return [
            f"{figure}: {self.share(figure):.2f} %, needed {bar.floor} %; wrong: {', '.join(self.wrong[figure][:20])}"
            for figure, bar in bars.items()
            if bar.floor is not None and self.share(figure) < bar.floor
        ]


def rows_of(file: Path) -> list[Row]:
    """Return the rows of a file of JSON lines."""
    if not file.is_file():
        pytest.skip(f"the corpus has no {file.name}")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize("ends", ["as stored", *LINE_ENDS])
def test_bounces_are_explained_as_people_labelled_them(
    shared_corpus: Path, show: Callable[[str], None], ends: str
) -> None:
    """Kind, recipients, reason, permanence and codes are right, whatever the line ends, and nothing raises."""
    tally = Tally()
    for row in rows_of(shared_corpus / "bounces" / "labels.jsonl"):
        raw = (shared_corpus / "bounces" / row["file"]).read_bytes()
        if ends in LINE_ENDS:
            raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", LINE_ENDS[ends])
        explained = explain_message(raw)
        if row["is_bounce"] is not None:
            count_message(tally, row, raw, explained)
    show(f"line ends {ends}\n{tally.table(MESSAGES)}")
    assert not (missed := tally.missed(MESSAGES)), "\n".join(missed)


def count_message(tally: Tally, row: Row, raw: bytes, explained: Explanation) -> None:
    """Count what is right about one message."""
    where = row["file"]
    called_bounce = explained.kind in {"bounce", "delayed"}
    tally.count("bounce or not", called_bounce is row["is_bounce"], where)
    tally.count("kind, strictly by label", explained.kind == row["kind"], where)
    if not is_contradicted(row, raw):
        tally.count("kind, but for labels that the mail contradicts", explained.kind == row["kind"], where)
    if row["kind"] == "other":
        tally.count("ordinary mail left alone", not called_bounce, where)
    if not row["is_bounce"]:
        return
    found = {(report.recipient or "").lower(): report for report in explained.reports}
    if row["recipients_scored"]:
        # Sets: an address may be reported twice, before and after an alias.
        wanted = {names_of(label) for label in row["reports"]}
        exact = len(found) == len(wanted) and all(not names.isdisjoint(found) for names in wanted)
        tally.count("recipients", exact, where)
    for label in row["reports"]:
        only = next(iter(found.values())) if len(found) == len(row["reports"]) == 1 else None
        report = next((found[name] for name in names_of(label) if name in found), only)
        count_report(tally, label, report, where)


def count_report(tally: Tally, label: Row, report: Report | None, where: str) -> None:
    """Count what is right about one recipient; a recipient that was not found is wrong in everything."""
    if label["reason"] is not None:
        accepted = label["reason_accept"] or [label["reason"]]
        tally.count("reason", report is not None and report.diagnosis.cause.reason in accepted, where)
    if label["permanent"] is not None:
        tally.count("permanent", report is not None and report.permanent is label["permanent"], where)
    statuses = [label["enhanced_status"], *label["enhanced_alts"]]
    tally.count("enhanced code", report is not None and report.enhanced_status in statuses, where)
    tally.count("reply code", report is not None and report.reply_code == label["reply_code"], where)


def names_of(label: Row) -> frozenset[str]:
    """Return the addresses that count as the recipient of a label, in lower case; "" for none."""
    return frozenset(name.lower() for name in [label["recipient"] or "", *label["recipient_alts"]])


def is_contradicted(row: Row, raw: bytes) -> bool:
    """Tell whether the mail's own fields or subject speak against the label of its kind.

    The labels call every expired message delayed, also where it has been given up, and some warnings bounces.
    """
    lowered = raw.lower().replace(b"action:failed", b"action: failed").replace(b"action:delayed", b"action: delayed")
    failed, delayed = b"action: failed" in lowered, b"action: delayed" in lowered
    if row["kind"] == "delayed":
        return any(label["reason"] == "expired" for label in row["reports"]) and (failed or not delayed)
    if row["kind"] == "bounce":
        subject = Message.parse(raw).headers.get(b"subject").lower()
        return (delayed and not failed) or "delay" in subject or subject.startswith("warning")
    return False


def test_refusals_are_explained_as_people_labelled_them(shared_corpus: Path, show: Callable[[str], None]) -> None:
    """The words of a refusal alone, without the mail around them, say the same reason."""
    tally = Tally()
    for row in rows_of(shared_corpus / "bounces" / "replies.jsonl"):
        report = explain_reply(row["reply"])
        tally.count("reason", report.diagnosis.cause.reason in row["reason_accept"], row["id"])
        if row["permanent"] is not None:
            tally.count("permanent", report.permanent is row["permanent"], row["id"])
        tally.count("enhanced code", report.enhanced_status == row["enhanced_status"], row["id"])
        tally.count("reply code", report.reply_code == row["reply_code"], row["id"])
    show(f"replies\n{tally.table(REPLIES)}")
    assert not (missed := tally.missed(REPLIES)), "\n".join(missed)


def test_error_texts_are_understood_in_every_language(shared_corpus: Path, show: Callable[[str], None]) -> None:
    """Servers, mail programs and providers speak the language of their country."""
    tally = Tally()
    for row in rows_of(shared_corpus / "replies-by-language.jsonl"):
        right = explain_reply(row["text"]).diagnosis.cause.reason in row["reason_accept"]
        tally.count("all languages", right, row["id"])
        tally.count(row["language"], right, row["id"])
    bars = {"all languages": Bar(95, 97)}
    bars |= dict.fromkeys(sorted({*tally.right, *tally.wrong} - {"all languages"}), Bar(90, 90))
    show(f"texts by language\n{tally.table(bars)}")
    assert not (missed := tally.missed(bars)), "\n".join(missed)
