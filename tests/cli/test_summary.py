"""Counts by kind, cause and destination: bars for people, one JSON object for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailwright.cli.summary import MOST_DESTINATIONS, WIDEST_BAR, Summary
from tests.cli.conftest import Run


def result(kind: str = "bounce", *recipients: str | None, cause: str = "mailbox-full") -> dict[str, Any]:
    """The JSON object of one message, as far as a summary looks at it."""
    reports = [{"recipient": recipient, "cause": cause, "title": f"Title of {cause}"} for recipient in recipients]
    return {"kind": kind, "reports": reports}


def shown(capsys: pytest.CaptureFixture[str], *results: dict[str, Any], as_json: bool = False) -> str:
    """What a summary of these messages writes."""
    summary = Summary()
    for one in results:
        summary.add(one)
    summary.show(as_json=as_json)
    return capsys.readouterr().out


def test_counts_are_by_message_and_by_recipient(capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds count messages; causes and destinations count recipients, the most frequent first."""
    results = [
        result("bounce", "a@one.example", "b@TWO.example", cause="virus"),
        result("bounce", "c@two.example"),
        result("bounce", None),
        result("other"),
    ]
    assert json.loads(shown(capsys, *results, as_json=True)) == {
        "kinds": {"bounce": 3, "other": 1},
        "causes": {"virus": 2, "mailbox-full": 2},
        "destinations": {"two.example": 2, "one.example": 1, "?": 1},
    }


def test_bars_are_as_long_as_their_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """The longest fills its columns, the shortest is still there, and numbers stand in a column."""
    results = [result("bounce", "a@one.example")] * 100 + [result("bounce", "a@two.example")] * 50 + [result("other")]
    lines = shown(capsys, *results).splitlines()
    assert lines[0] == "Messages: 151"
    assert f"  100 {'█' * WIDEST_BAR} one.example" in lines
    assert f"   50 {'█' * (WIDEST_BAR // 2)}{' ' * (WIDEST_BAR // 2)} two.example" in lines
    assert f"    1 █{' ' * (WIDEST_BAR - 1)} ordinary mail, no delivery report" in lines
    assert f"  150 {'█' * WIDEST_BAR} Title of mailbox-full [mailbox-full]" in lines


def test_a_long_list_of_destinations_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """For people; JSON has them all."""
    results = [result("bounce", f"a@{number}.example") for number in range(MOST_DESTINATIONS + 3)]
    assert shown(capsys, *results).endswith("  and 3 more\n")
    assert len(json.loads(shown(capsys, *results, as_json=True))["destinations"]) == MOST_DESTINATIONS + 3


def test_nothing_at_all_is_a_summary_too(capsys: pytest.CaptureFixture[str]) -> None:
    """No crash over an empty table."""
    assert shown(capsys).startswith("Messages: 0\n")
    assert json.loads(shown(capsys, as_json=True)) == {"kinds": {}, "causes": {}, "destinations": {}}


def test_the_command_sums_up_the_shipped_bounces(run: Run, bounces: Path) -> None:
    """The same numbers for people and for programs, and the exit code of the messages themselves."""
    people, programs = run("explain", "--summary", bounces), run("explain", "--summary", "--json", bounces)
    kinds = json.loads(programs.out)["kinds"]
    assert (people.code, programs.code) == (1, 1)
    assert sum(kinds.values()) == len(list(bounces.glob("*.eml")))
    assert people.out.startswith(f"Messages: {sum(kinds.values())}\n")
    assert f" {kinds['bounce']} █" in people.out


def test_the_summary_speaks_the_readers_language(run: Run, bounces: Path) -> None:
    """Headings, kinds and titles."""
    shown = run("explain", "--summary", "--lang", "de", bounces).out
    assert [word for word in ("Nach Ursache", "Nach Ziel", "Das Postfach ist voll") if word not in shown] == []
