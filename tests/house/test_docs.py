"""The manual tells the truth: its Python runs, its commands print what is shown, its make targets exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.docblocks import Command, blocks, commands, matches

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = {"", "text", "toml", "json", "sh", "po", "ini"}
# Commands that a reader types and a test must not: they change the machine or reach outside.
NOT_TRIED = {"cd", "git", "sudo", "apt-get", "pip", "pipx"}
SECONDS = 50


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=named)


def commands_of(page: Path) -> list[Command]:
    """Return the commands of all console blocks of a page."""
    return [command for block in blocks(page) if block.language == "console" for command in commands(block)]


@every_page
def test_every_block_names_a_language_that_is_run_or_known_not_to_be(page: Path) -> None:
    """A misspelt language would leave a block untested."""
    assert {block.language for block in blocks(page)} <= NOT_RUN | {"python", "console"}


@every_page
def test_python_blocks_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, each with the names of those before it."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "__docs__"}
    for block in blocks(page):
        if block.language == "python":
            # Line numbers of a traceback are those of the page.
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            exec(code, names)  # noqa: S102 - the project's own manual


@every_page
def test_every_command_is_one_that_is_tried_or_known_not_to_be(page: Path) -> None:
    """A command of another program would go untested without anyone noticing."""
    untried = [c for c in commands_of(page) if not is_make(c) and not is_mailwright(c)]
    assert {command.command.split()[0] for command in untried} <= NOT_TRIED


@every_page
def test_make_targets_exist(page: Path) -> None:
    """What the manual asks for with make is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [command.command.split("#")[0] for command in commands_of(page) if is_make(command)]
    asked = {word for line in lines for word in shlex.split(line)[1:] if "=" not in word}
    assert asked <= targets


@every_page
def test_mailwright_prints_what_is_shown(page: Path) -> None:
    """Every command of the manual works, and prints what stands below it where something does."""
    wrong = [fault for command in commands_of(page) if is_mailwright(command) for fault in faults(command)]
    assert not wrong, "\n\n".join(wrong)


def is_make(command: Command) -> bool:
    """Tell whether this is a line for make, which is not run: it may well be what runs this test."""
    return command.command.startswith("make ")


def is_mailwright(command: Command) -> bool:
    """Tell whether mailwright is run in this line, be it behind a pipe."""
    return "mailwright" in command.command and command.command.split()[0] not in NOT_TRIED | {"make"}


def faults(command: Command) -> Iterator[str]:
    """Run a command and yield what is wrong, with the real output in full: it is what one pastes into the page."""
    done = run(command.command)
    where = f"{named(command.path)}:{command.line}: $ {command.command}"
    if command.shown and not matches(command.shown, done.stdout):
        yield f"{where}\nis shown to print\n\n{command.shown}\n\nand prints\n\n{done.stdout}"
    # 1 is "found trouble", which is what most commands here are for.
    if not command.shown and done.returncode not in {0, 1}:
        yield f"{where}\nends with exit code {done.returncode} and prints\n\n{done.stdout}"


def run(command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the manual in a shell, with this environment's mailwright, as if piped, in plain English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = kept | {"PATH": path, "LANG": "C.UTF-8", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
