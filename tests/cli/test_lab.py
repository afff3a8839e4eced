"""``mailwright lab run``: a command among the hosts of a stage, and a stage until it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, SECONDS, Run, environment

STAGE = '[hosts."mx.example.test"]\nmail_for = ["example.test"]\ntls = "starttls"\n[dns]\n"null.test" = ["MX 0 ."]\n'
SHOW = "import os; print({n: v for n, v in os.environ.items() if n.startswith('MAILWRIGHT_')}.keys())"


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    path = tmp_path / "stage.toml"
    path.write_text(STAGE, encoding="utf-8")
    return path


def test_a_command_finds_the_stage_in_its_environment(run: Run, stage: Path) -> None:
    """Resolver, port, private addresses and the authority of the certificates."""
    ran = run("lab", "run", stage, "--", sys.executable, "-c", SHOW)
    assert (ran.code, ran.err) == (0, "")
    for name in ("RESOLVER", "PORT", "PRIVATE", "CA"):
        assert f"'MAILWRIGHT_{name}'" in ran.out


def test_our_own_send_runs_in_it(run: Run, stage: Path) -> None:
    """With no option that says where."""
    words = [*COMMAND, "send", "--direct", "-f", "me@sender.test", "-t", "a@example.test", "--body", "x"]
    ran = run("lab", "run", stage, "--", *words)
    assert ran.code == 0
    assert "a@example.test: accepted (mx.example.test [127.0.0.2]:" in ran.out


@pytest.mark.parametrize(
    ("ending", "code"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)], ids=["own", "signal"]
)
def test_the_exit_code_is_the_commands(run: Run, stage: Path, ending: str, code: int) -> None:
    """Its own, and that of a shell where a signal ended it."""
    assert run("lab", "run", stage, "--", sys.executable, "-c", ending).code == code


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("no-such-file",), "no-such-file: there is no such file"),
        (("stage.toml", "--", "no-such-command"), "no-such-command: it cannot be run (No such file"),
        (("stage.toml", "--json", "--", "true"), "--json tells what is there, without a command"),
        (("stage.toml", "--port", "0"), "--port: this value cannot be used"),
        ((), "SCENES is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("stage")
def test_a_wrong_call_is_told_in_one_line(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    """What is wrong, and what to do."""
    ran = run("lab", "run", *arguments)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert ran.err.startswith(f"mailwright: {complaint}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_command_it_tells_what_is_there_until_it_is_stopped(stage: Path, number: signal.Signals) -> None:
    """One JSON object; Ctrl-C is the ordinary end, and leaves no file behind."""
    words = [*COMMAND, "lab", "run", str(stage), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment(os.environ), text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert Path(told["authority"]).is_file()
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
    assert told["hosts"] == [
        {"name": "mx.example.test", "address": "127.0.0.2", "behaviour": "accept", "mail_for": ["example.test"]}
    ]
    assert told["names"] == ["null.test"]
    assert told["resolver"].startswith("127.0.0.1:")
    assert told["port"] > 0
    assert not Path(told["authority"]).exists()
