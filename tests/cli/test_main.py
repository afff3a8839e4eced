"""The program as a whole: help, versions, mistakes on the command line, pipes that close, interrupts, cold start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mailwright import __version__
from mailwright.cli.help import in_language, nearest
from tests.cli.conftest import COMMAND, SECONDS, Run, environment


def test_the_version_is_told(run: Run) -> None:
    """By name and number, for bug reports."""
    ran = run("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"mailwright {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["--bogus"], "there is no option --bogus; --help lists them all", id="option"),
        pytest.param(["explain", "--jsno"], "there is no option --jsno; did you mean …", id="option-misspelt"),
        pytest.param(["explain", "--jobs"], "the option --jobs needs a value", id="option-without-value"),
        pytest.param(["explain", "--jobs", "many", "x"], "--jobs: this value cannot be used (…)", id="no-number"),
        pytest.param(["explain", "--jobs", "-1", "x"], "--jobs: this value cannot be used (…)", id="below-zero"),
        pytest.param(["explian"], "there is no command explian; did you mean explain?", id="verb-misspelt"),
        pytest.param(["zzz"], "there is no command zzz; there are explain, send", id="verb"),
        pytest.param(["explain"], "nothing to explain; name a file or folder, …", id="nothing"),
        pytest.param(
            ["explain", "--lang", "xx", "x"],
            "--lang xx: there are no texts in this language; choose one of en, cs, de, zh",
            id="language",
        ),
        pytest.param(
            ["causes", "--lang=xx"], "--lang xx: there are no texts in this language; …", id="language-equals"
        ),
    ],
)
def test_a_mistake_gets_one_line_and_exit_code_2(run: Run, arguments: list[str], complaint: str) -> None:
    """One clear line on stderr, which says what to do; nothing on stdout, no traceback."""
    ran = run(*arguments)
    begin, _, _ = complaint.partition("…")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"mailwright: {begin}")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, ["Usage: mailwright explain", "Options:", "Show this page."]),
        ({"LANG": "de_DE.UTF-8"}, ["Aufruf: mailwright explain", "Optionen:", "Diese Seite anzeigen."]),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "cs_CZ.UTF-8"}, ["Použití: mailwright explain", "Volby:"]),
        ({"LC_MESSAGES": "zh_CN.UTF-8"}, ["用法：mailwright explain", "选项："]),
    ],
    ids=["en", "de", "cs", "zh"],
)
def test_help_speaks_the_language_of_the_locale(run: Run, variables: dict[str, str], words: list[str]) -> None:
    """Headings as well as texts, with exit code 0."""
    ran = run("explain", "--help", PYTHONUTF8="1", **variables)
    assert ran.code == 0
    assert [word for word in words if word not in ran.out] == []
    assert "list[str]" not in ran.out


def test_without_arguments_the_help_is_shown_as_a_mistake(run: Run) -> None:
    """On stderr, whole lines, exit code 2."""
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: mailwright [OPTIONS] COMMAND")
    assert "\n  explain  Explain bounces, replies and error messages.\n" in ran.err


def test_what_click_words_otherwise_stays_as_it_is() -> None:
    """Only known headings are replaced."""
    assert in_language("Something new\n  Options:\nOptions:") == "Something new\n  Options:\nOptions:"


@pytest.mark.parametrize(("word", "expected"), [("mailbox-ful", "mailbox-full"), ("zzz", "")])
def test_the_nearest_word_is_offered(word: str, expected: str) -> None:
    """A word that is like none gets no guess."""
    assert nearest(word, ["mailbox-full", "virus"]) == expected


@pytest.mark.parametrize("arguments", [["causes"], ["causes", "--json"]], ids=["people", "json"])
def test_a_reader_that_has_enough_is_no_trouble(arguments: list[str]) -> None:
    """As in ``| head -1``: no traceback, no complaint, exit code 0."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({"PYTHONUNBUFFERED": "1"}),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(SECONDS) == 0


def test_a_reader_that_was_never_there_is_no_trouble(bounces: Path) -> None:
    """What is written at the end only, because it is short, must not fail at exit either."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "explain", bounces / "postfix-user-unknown.eml"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment({}),
        timeout=SECONDS,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_ends_the_program_quietly(tmp_path: Path) -> None:
    """Exit code 130 and no traceback, while it waits for input: its first answer shows that it is at work."""
    with subprocess.Popen(
        [*COMMAND, "explain", "--json", "--jobs", "1", "--replies", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment({"PYTHONUNBUFFERED": "1"}),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"550 5.1.1 User unknown\n" * 100)
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        assert process.stderr.read() == b""


def imported(arguments: list[str], folder: Path) -> set[str]:
    """The modules that a run of the command imports, top names and full ones."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mailwright", *arguments],
        capture_output=True,
        cwd=folder,
        env=environment({}),
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(
    "verb", [["explain", "postfix-user-unknown.eml"], ["explain", "--reply", "550 no"], ["causes"]], ids=str
)
def test_a_cold_start_imports_nothing_heavy(bounces: Path, verb: list[str]) -> None:
    """What only terminals, batches or translators need is imported there."""
    names = imported(verb, bounces)
    assert "mailwright.cli.main" in names
    heavy = {"rich", "rich.console", "babel", "concurrent.futures", "multiprocessing", "asyncio"}
    assert names & heavy == set()
