"""The shipped examples are explained as their labels say: mail that real systems wrote, whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailwright.explain.explanation import Report
from mailwright.explain.message import explain_message

EXAMPLES = Path(__file__).parents[2] / "examples" / "bounces"
LABELS = {row["file"]: row for row in map(json.loads, (EXAMPLES / "labels.jsonl").read_text("utf-8").splitlines())}
FAILURES = [name for name, row in LABELS.items() if row["kind"] in ("bounce", "delayed")]
KEYS = ("recipient", "reason", "permanent", "action", "reply_code", "enhanced_status")


def told(report: Report) -> dict[str, Any]:
    """Return what the labels know of a report."""
    return {"reason": report.diagnosis.cause.reason} | {key: getattr(report, key) for key in KEYS if key != "reason"}


def by_recipient(report: dict[str, Any]) -> str:
    """Order reports by their recipient."""
    return str(report["recipient"])


def test_every_example_has_its_label() -> None:
    """A message without truth shows nothing, and a label without message is a mistake."""
    assert {path.name for path in EXAMPLES.glob("*.eml")} == set(LABELS)


@pytest.mark.parametrize("name", LABELS)
def test_the_kind_is_right(name: str) -> None:
    """Ordinary mail, receipts, vacation replies and complaints among them."""
    assert explain_message((EXAMPLES / name).read_bytes()).kind == LABELS[name]["kind"]


@pytest.mark.parametrize("name", FAILURES)
def test_every_failed_recipient_is_explained(name: str) -> None:
    """Recipient, reason, class, action and codes, for each recipient, in any order."""
    expected = [{key: report[key] for key in KEYS} for report in LABELS[name]["reports"]]
    found = [told(report) for report in explain_message((EXAMPLES / name).read_bytes()).reports]
    assert sorted(found, key=by_recipient) == sorted(expected, key=by_recipient)
