"""Where lines end up: plain in files and pipes, coloured and wrapped on a terminal, never steering it."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mailwright.cli.screen import Line, complain, printable, show, write_json
from tests.cli.conftest import COMMAND, SECONDS, environment

pty = pytest.importorskip("pty", reason="terminals are a matter of POSIX")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("Přes kvótu 邮箱已满", "Přes kvótu 邮箱已满"),
        ("a\x1b[31mred", "a [31mred"),
        ("a\nb\tc\rd", "a b c d"),
        ("\x9b2J\x07\x00\x7f", " 2J   "),
        ("safe\u202egpj.exe", "safe gpj.exe"),
        ("\u2028\ufeff\udcff", "   "),
    ],
)
def test_what_steers_a_terminal_becomes_a_blank(text: str, expected: str) -> None:
    """Escapes, C0 and C1 controls, direction marks, line separators."""
    assert printable(text) == expected


def test_lines_are_plain_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """Indented, not wrapped, no escapes, no blanks at the end."""
    show([Line(0, "Title", "title"), Line(2, "1. " + "long " * 60, "fix", hanging=3), Line(4, "")])
    assert capsys.readouterr().out == f"Title\n  1. {('long ' * 60).rstrip()}\n\n"


def test_a_complaint_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in it."""
    complain("no\nsuch \x1bfile")
    assert capsys.readouterr() == ("", "mailwright: no such  file\n")


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1, "b": None, "c": [True, 1.5]},
        "邮箱 Přes kvótu ß",
        "\x1b[2J\x9b31m\x00\x07\x7f",
        "\u202e\u2028\ufeff\u3000\xa0\U000e0001",
        "half a letter \udcff \ud83d",
        '"quoted" \\ back',
    ],
    ids=ascii,
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_printable_and_comes_back_as_it_was(monkeypatch: pytest.MonkeyPatch, value: Any, encoding: str) -> None:
    """In one line, in every encoding."""
    held = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(held, encoding, write_through=True))
    write_json(value)
    text = held.getvalue().decode(encoding)
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert json.loads(text) == value


def test_letters_of_all_scripts_stand_as_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON is read by people too."""
    write_json("邮箱 ß")
    assert capsys.readouterr().out == '"邮箱 ß"\n'


def on_terminal(*arguments: str | Path, **variables: str) -> tuple[int, str]:
    """Run the command with a terminal 60 columns wide; return the exit code and what the terminal was sent."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment({"TERM": "xterm-256color", "COLUMNS": "60"} | variables),
    )
    os.close(theirs)
    sent = b""
    try:
        while piece := os.read(ours, 65536):
            sent += piece
    except OSError:
        # Linux answers so when the other end of the terminal is closed.
        pass
    os.close(ours)
    return process.wait(SECONDS), sent.decode().replace("\r\n", "\n")


def without_colours(text: str) -> str:
    """The text without the sequences that set colours; any other sequence stays."""
    first, *rest = text.split("\x1b[")
    return first + "".join(
        piece.partition("m")[2] if piece.partition("m")[0].replace(";", "").isdigit() else f"\x1b[{piece}"
        for piece in rest
    )


def test_a_terminal_gets_colours_and_wrapped_lines() -> None:
    """Fixes hang below their first word, and no line is wider than the terminal."""
    code, sent = on_terminal("explain", "--reply", "452 4.2.2 mailbox full")
    plain = without_colours(sent)
    assert (code, "\x1b[" in sent, "\x1b" in plain) == (1, True, False)
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= 60
    assert "\n    1. As the sender, wait," in plain
    assert all(
        line.startswith(("    ", "       "))
        for line in plain.split("What to do:")[1].split("Said:")[0].splitlines()[1:-1]
    )


def test_no_colour_is_wanted_and_none_comes() -> None:
    """NO_COLOR is heeded."""
    _, sent = on_terminal("explain", "--reply", "452 4.2.2 mailbox full", NO_COLOR="1")
    assert "\x1b[3" not in sent


def test_a_bounce_cannot_steer_the_terminal() -> None:
    """Neither its escapes nor what looks like markup is obeyed."""
    wicked = "550 5.1.1 user unknown \x1b]0;pwned\x07 [bold red]x[/] \x9b2J \x1b[5;1H"
    _, sent = on_terminal("explain", "--reply", wicked, COLUMNS="200")
    plain = without_colours(sent)
    assert [char for char in plain if not char.isprintable() and char != "\n"] == []
    assert "[bold red]x[/]" in plain
