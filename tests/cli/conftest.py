"""The real command in a process of its own, with an environment that a test decides."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "mailwright"]
SECONDS = 50


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment in plain English without colours, with ``more`` on top."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    return kept | {"LANG": "C.UTF-8", "TERM": "dumb"} | dict(more)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Call it with arguments, and ``stdin`` or variables of the environment; it runs in an empty folder."""

    def call(*arguments: str | Path, stdin: bytes = b"", **variables: str) -> Ran:
        words = [*COMMAND, *map(str, arguments)]
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment(variables),
            timeout=SECONDS,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(scope="session")
def bounces(repository: Path) -> Path:
    """The bounces that ship with the project."""
    return repository / "examples" / "bounces"
