"""``mailwright causes``: all of the catalogue, one cause, JSON by its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mailwright.causes.catalogue import catalogue, reasons
from mailwright.causes.cause import Fixer, Permanence, Remedy, Scope, Stage
from mailwright.causes.texts import texts_in
from mailwright.cli.causes import _page
from tests.cli.conftest import Run


@pytest.fixture(scope="session")
def schema(repository: Path) -> Any:
    """The schema as it ships."""
    return json.loads((repository / "src/mailwright/schemas/cause.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", ["en", "de", "cs", "zh"])
def test_json_has_every_cause_as_the_schema_says(run: Run, schema: Any, language: str) -> None:
    """In the order of the catalogue, in every language, with every place of a text filled."""
    Draft202012Validator.check_schema(schema)
    ran = run("causes", "--json", "--lang", language)
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, [one["id"] for one in found]) == (0, list(catalogue()))
    assert [fault.message for one in found for fault in Draft202012Validator(schema).iter_errors(one)] == []
    texts = [text for one in found for text in (one["title"], one["explanation"], *one["fixes"])]
    places = ("{recipient}", "{domain}", "{host}", "  ")
    assert [text for text in texts if any(place in text for place in places)] == []


def test_the_schemas_closed_lists_are_those_of_the_code(schema: Any) -> None:
    """A word that the schema lacks fails here, and one it has too many."""
    keys = schema["properties"]
    assert keys["reason"]["enum"] == sorted(reasons())
    for key, words in {
        "stage": Stage,
        "scope": Scope,
        "permanence": Permanence,
        "fixer": Fixer,
        "remedy": Remedy,
    }.items():
        assert keys[key]["enum"] == [word.value for word in words]
    assert sorted(schema["required"]) == sorted(keys)


def test_the_manual_names_every_key_and_word_of_the_schema(schema: Any, repository: Path) -> None:
    """A word that the page does not explain is one that nobody can use."""
    page = (repository / "docs" / "causes.md").read_text(encoding="utf-8")
    words = [
        *schema["properties"],
        *(word for name in ("stage", "scope", "remedy") for word in schema["properties"][name]["enum"]),
    ]
    assert [word for word in words if f"`{word}`" not in page] == []


def test_the_schema_is_printed_as_it_ships(run: Run, schema: Any) -> None:
    """--schema prints nothing else."""
    ran = run("causes", "--schema")
    assert (ran.code, json.loads(ran.out)) == (0, schema)


def test_the_list_has_every_cause_under_its_stage(run: Run) -> None:
    """One line a cause, with its title; stages are headings."""
    lines = run("causes").out.splitlines()
    assert {line.split()[0] for line in lines if line.startswith("  ")} == set(catalogue())
    assert lines.index("mailbox") < lines.index(next(line for line in lines if "mailbox-full" in line))


@pytest.mark.parametrize("cause_id", sorted(catalogue()))
def test_one_cause_is_told_in_full(cause_id: str) -> None:
    """Every word of the closed lists has words for people: no cause fails to be shown."""
    lines = [line.text for line in _page(catalogue()[cause_id], texts_in("en"))]
    assert lines[:2] == [cause_id, catalogue()[cause_id].title]
    assert sum(line[0].isdigit() and line[1] == "." for line in lines if len(line) > 1) == len(
        catalogue()[cause_id].fixes
    )


def test_the_boundary_is_for_those_who_read_english(run: Run) -> None:
    """It is written for people who write rules and is not translated."""
    assert "\nBoundary: " in run("causes", "virus").out
    german = run("causes", "virus", "--lang", "de").out
    assert catalogue()["virus"].boundary not in german
    assert "Es wurde ein Virus oder Schadsoftware gefunden" in german


@pytest.mark.parametrize(
    ("cause_id", "complaint"),
    [
        ("mailbox-ful", "there is no cause mailbox-ful; did you mean mailbox-full"),
        ("Greylisted", "there is no cause Greylisted; did you mean greylisted"),
        ("qqq", "there is no cause qqq; `mailwright causes` lists them all"),
    ],
)
@pytest.mark.parametrize("how", [[], ["--json"]], ids=["people", "json"])
def test_an_unknown_cause_is_told_with_the_nearest(run: Run, cause_id: str, complaint: str, how: list[str]) -> None:
    """One line on stderr, exit code 2."""
    ran = run("causes", cause_id, *how)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"mailwright: {complaint}")
