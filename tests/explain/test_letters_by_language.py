"""Letters in other languages: each is recognised for what it is, and read, whatever its character set.

The letters beside this file follow what the mail systems are known to write; ``expected.toml`` says what each one is.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailwright.explain.explanation import Explanation, Report
from mailwright.explain.message import explain_message

LETTERS = Path(__file__).parent / "letters_by_language"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((LETTERS / "expected.toml").read_text(encoding="utf-8"))

#: Languages by how many letters they must have: MAIN at least six, OTHERS at least two.
MAIN = ("de", "cs", "zh", "ja", "fr", "es", "it", "pt", "pl", "ru", "nl")
OTHERS = ("ko", "sv", "da", "nb", "fi", "hu", "tr", "sk", "uk")


def explain(name: str) -> Explanation:
    """Return what the letter ``name`` is."""
    return explain_message((LETTERS / name).read_bytes())


def as_expected(report: Report) -> dict[str, str]:
    """Return a report in the form of the table; what is not told is left out."""
    told = {
        "recipient": report.recipient,
        "reason": report.diagnosis.cause.reason,
        "reply_code": report.reply_code,
        "enhanced_status": report.enhanced_status,
        "action": report.action,
    }
    return {key: value for key, value in told.items() if value is not None}


@pytest.mark.parametrize("name", EXPECTED)
def test_kind(name: str) -> None:
    """A letter is recognised as a bounce, a delay, a success or an absence note; ordinary mail as none of these."""
    assert explain(name).kind == EXPECTED[name]["kind"]


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if "reports" in row])
def test_reports(name: str) -> None:
    """Who is concerned, why, and the codes are read from the letter's own language."""
    assert [as_expected(report) for report in explain(name).reports] == EXPECTED[name]["reports"]


def test_every_letter_is_in_the_table() -> None:
    """The folder and the table name the same letters."""
    assert {path.name for path in LETTERS.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize(("language", "fewest"), [*((name, 6) for name in MAIN), *((name, 2) for name in OTHERS)])
def test_every_language_has_its_letters(language: str, fewest: int) -> None:
    """Each language is covered, with ordinary mail among it."""
    rows = [row for name, row in EXPECTED.items() if name.startswith(f"{language}-")]
    assert len(rows) >= fewest
    assert "other" in {row["kind"] for row in rows}
