"""``mailwright explain`` from outside: inputs, languages, exit codes, JSON by its schema, batches in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mailwright.causes.catalogue import catalogue, reasons
from mailwright.causes.cause import Fixer, Permanence
from mailwright.causes.diagnosis import Confidence
from mailwright.explain.explanation import Kind
from tests.cli.conftest import Ran, Run

UNKNOWN = "550 5.1.1 <anna@example.com>: User unknown"
ORDINARY = b"From: a@example.com\nSubject: hello\n\nSee you tomorrow.\n"


@pytest.fixture(scope="session")
def schema(repository: Path) -> Any:
    """The schema as it ships."""
    return json.loads((repository / "src/mailwright/schemas/explain.schema.json").read_text(encoding="utf-8"))


def objects(ran: Ran) -> list[Any]:
    """The JSON objects that a run printed."""
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["ordinary.eml"], 0, id="ordinary-mail"),
        pytest.param(["--reply", UNKNOWN], 1, id="explained"),
        pytest.param(["ordinary.eml", "--reply", UNKNOWN], 1, id="ordinary-and-explained"),
        pytest.param(["missing.eml"], 2, id="missing"),
        pytest.param(["missing.eml", "--reply", UNKNOWN], 2, id="missing-and-explained"),
        pytest.param(["--reply", "550 qwertz"], 3, id="not-told"),
        pytest.param(["--reply", "550 qwertz", "--reply", UNKNOWN], 1, id="not-told-and-explained"),
        pytest.param(["missing.eml", "--reply", "550 qwertz"], 2, id="missing-and-not-told"),
    ],
)
def test_the_exit_code_tells_what_was_found(run: Run, tmp_path: Path, arguments: list[str], code: int) -> None:
    """0 fine, 1 trouble, 2 unreadable, 3 could not tell; the same with --json and --summary."""
    (tmp_path / "ordinary.eml").write_bytes(ORDINARY)
    assert [run("explain", *arguments, *how).code for how in ([], ["--json"], ["--summary"])] == [code] * 3


def test_every_line_of_json_is_what_the_schema_says(run: Run, bounces: Path, schema: Any) -> None:
    """All shipped bounces, of every kind."""
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    found = objects(run("explain", "--json", bounces))
    assert len(found) > 50
    assert [f"{one['source']}: {fault.message}" for one in found for fault in validator.iter_errors(one)] == []


def test_the_schemas_closed_lists_are_those_of_the_code(schema: Any) -> None:
    """A new kind, reason, fixer or confidence that the schema lacks fails here, and one it has too many."""
    keys = schema["$defs"]["report"]["properties"]
    assert schema["properties"]["kind"]["enum"] == [kind.value for kind in Kind]
    assert keys["reason"]["enum"] == sorted(reasons())
    assert keys["permanence"]["enum"] == [permanence.value for permanence in Permanence]
    assert keys["fixer"]["enum"] == [fixer.value for fixer in Fixer]
    assert keys["confidence"]["enum"] == [confidence.value for confidence in Confidence]
    assert sorted(schema["$defs"]["report"]["required"]) == sorted(keys)


def test_the_manual_names_every_key_of_the_schema(schema: Any, repository: Path) -> None:
    """A key that the page does not explain is one that nobody can use."""
    page = (repository / "docs" / "explain.md").read_text(encoding="utf-8")
    keys = [*schema["properties"], *schema["$defs"]["report"]["properties"]]
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_the_schema_is_printed_as_it_ships(run: Run, schema: Any) -> None:
    """--schema needs nothing to explain."""
    ran = run("explain", "--schema")
    assert (ran.code, json.loads(ran.out)) == (0, schema)


def test_bad_lines_among_replies_are_told_and_the_rest_goes_on(run: Run, schema: Any) -> None:
    """Ids come back as they were, in order, and the exit code says that something was not read."""
    lines = [{"id": 7, "text": UNKNOWN}, "{broken", {"id": "b", "text": "452 4.2.2 mailbox full"}, UNKNOWN]
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    ran = run("explain", "--json", "--replies", "-", stdin=text.encode())
    found = objects(ran)
    assert [(one.get("id"), one["source"]) for one in found] == [(7, "-:1"), ("b", "-:3"), (None, "-:4")]
    assert (ran.code, ran.err) == (
        2,
        'mailwright: -:2: not a JSON object with a "text"; write {"id": "…", "text": "…"} on each line\n',
    )
    assert all(Draft202012Validator(schema).is_valid(one) for one in found)


def test_all_inputs_of_one_call_are_explained(run: Run, tmp_path: Path) -> None:
    """--reply comes first, then --replies, then paths; standard input may be one of them."""
    (tmp_path / "replies.txt").write_text(UNKNOWN, encoding="utf-8")
    (tmp_path / "one.eml").write_bytes(ORDINARY)
    ran = run("explain", "--json", "one.eml", "-", "--replies", "replies.txt", "--reply", UNKNOWN, stdin=ORDINARY)
    assert [one["source"] for one in objects(ran)] == ["--reply", "replies.txt:1", "one.eml", "-"]


def test_several_processes_give_the_same_in_the_same_order(run: Run, bounces: Path, tmp_path: Path) -> None:
    """Order is that of the input, and trouble stands in its place, however many work on it."""
    mailbox = b"\n".join(
        b"From a@example.com Mon Jan  5 10:00:00 2026\n" + file.read_bytes().replace(b"\r\n", b"\n")
        for file in sorted(bounces.glob("*.eml")) * 2
    )
    (tmp_path / "all.mbox").write_bytes(mailbox)
    (tmp_path / "replies.txt").write_text("".join(f"550 5.1.{n % 9} no {n}\n{{bad\n" for n in range(200)), "utf-8")
    one, two = (
        run("explain", "--json", "all.mbox", "missing", "--replies", "replies.txt", "--jobs", jobs) for jobs in "12"
    )
    assert one.out.count("\n") > 300
    assert two == one


@pytest.mark.parametrize(
    ("variables", "option", "title"),
    [
        ({}, [], "The mailbox does not exist"),
        ({"LANG": "fr_FR.UTF-8"}, [], "The mailbox does not exist"),
        ({"LANG": "de_DE.UTF-8"}, [], "Das Postfach gibt es nicht"),
        ({"LC_MESSAGES": "cs_CZ.UTF-8", "LANG": "de_DE.UTF-8"}, [], "Schránka neexistuje"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "de_DE.UTF-8"}, [], "收件人邮箱不存在"),
        ({"LC_ALL": "zh_CN.UTF-8"}, ["--lang", "cs"], "Schránka neexistuje"),
        ({"LC_ALL": "zh_CN.UTF-8"}, ["--lang=en"], "The mailbox does not exist"),
    ],
)
def test_texts_are_in_the_readers_language(run: Run, variables: dict[str, str], option: list[str], title: str) -> None:
    """--lang, else the locale, else English."""
    ran = run("explain", "--reply", UNKNOWN, *option, PYTHONUTF8="1", **variables)
    assert f"\n  {title}  [address-unknown]\n" in ran.out


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", {"Whose turn: the sender", "What to do:", "Certainty: certain"}),
        ("de", {"Wer am Zug ist: der Absender", "Was zu tun ist:", "Sicherheit der Diagnose: sicher"}),
        ("cs", {"Kdo je na řadě: odesílatel", "Co dělat:", "Jistota určení: jisté"}),
        ("zh", {"该由谁处理：发件人", "处理步骤：", "判断把握：确定"}),
    ],
)
def test_labels_are_in_the_language_of_the_texts(run: Run, language: str, expected: set[str]) -> None:
    """No English word is left between translated ones."""
    ran = run("explain", "--lang", language, "--reply", UNKNOWN)
    assert {words for words in expected if words not in ran.out} == set()


def test_control_characters_of_a_message_reach_no_terminal(run: Run, tmp_path: Path) -> None:
    """Neither as text nor as JSON: escapes, C1 controls, bells, direction marks, in words and in names of files."""
    wicked = "550 5.1.1 \x1b[2Jred\x07 \x9b31m \u202e user unknown\x7f"
    name = "\x1b]0;pwned\x07.eml"
    (tmp_path / name).write_bytes(ORDINARY)
    for how in ([], ["--json"], ["--summary"]):
        ran = run("explain", "--reply", wicked, name, "\x1bmissing", *how)
        shown = ran.out + ran.err
        assert [char for char in shown if not char.isprintable() and char != "\n"] == []
    assert objects(run("explain", "--json", "--reply", wicked))[0]["reports"][0]["diagnostic"] == wicked


def test_a_name_that_is_no_text_is_shown_and_does_not_stop_the_batch(run: Run, tmp_path: Path) -> None:
    """File names are bytes; half a letter in one is escaped."""
    (tmp_path / "mail").mkdir()
    for name in (b"\xff.eml", b"a.eml"):
        Path(bytes(tmp_path / "mail").decode(), name.decode("utf-8", "surrogateescape")).write_bytes(ORDINARY)
    ran = run("explain", "--json", "mail")
    assert [one["source"] for one in objects(ran)] == ["mail/a.eml", "mail/\udcff.eml"]
    assert run("explain", "mail").out.count("ordinary mail") == 2


@pytest.mark.parametrize("how", [[], ["--json"], ["--summary"]], ids=["people", "json", "summary"])
def test_an_encoding_without_the_letters_is_no_crash(run: Run, how: list[str]) -> None:
    """Letters that the locale lacks are escaped, in JSON as JSON does it."""
    ran = run("explain", "--lang", "zh", "--reply", UNKNOWN, *how, PYTHONIOENCODING="ascii")
    assert (ran.code, ran.err) == (1, "")
    if how == ["--json"]:
        assert objects(ran)[0]["reports"][0]["title"] == "收件人邮箱不存在"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "there is nothing in it; save or paste the whole message"),
        (b"\x1f\x8b\x08" + bytes(30), "this file is compressed; unpack it first"),
        (bytes(64), "this is not a mail message but binary data; save the message as .eml or plain text"),
    ],
    ids=["empty", "gzip", "binary"],
)
def test_what_is_no_mail_gets_one_clear_line(run: Run, tmp_path: Path, content: bytes, why: str) -> None:
    """The reason, and what to do."""
    (tmp_path / "file").write_bytes(content)
    ran = run("explain", "file")
    assert (ran.code, ran.out, ran.err) == (2, "", f"mailwright: file: {why}\n")


def test_every_cause_named_in_output_is_in_the_catalogue(run: Run, bounces: Path) -> None:
    """The id leads to ``mailwright causes``."""
    causes = {report["cause"] for one in objects(run("explain", "--json", bounces)) for report in one["reports"]}
    assert causes - set(catalogue()) == set()
    assert len(causes) > 20
