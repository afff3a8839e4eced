"""What a person sees: lines with a style each, coloured and wrapped on a terminal, plain everywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple


class Line(NamedTuple):
    """A line to show: indent in columns, text, and a style by its role ("title", "fix", "quiet", "" …).

    hanging: further columns of indent for what is wrapped.
    """

    indent: int
    text: str
    style: str = ""
    hanging: int = 0


_STYLES = {
    "source": "bold cyan",
    "title": "bold",
    "trouble": "bold red",
    "fine": "bold green",
    "waiting": "bold yellow",
    "fix": "green",
    "quiet": "dim",
}


def show(lines: Iterable[Line]) -> None:
    """Write ``lines`` to standard output."""
    if sys.stdout.isatty():
        _show_on_terminal(lines)
        return
    for line in lines:
        sys.stdout.write(f"{' ' * line.indent}{printable(line.text)}".rstrip() + "\n")


def printable(text: str) -> str:
    """Return ``text`` without control characters: what a bounce quotes must not steer the reader's terminal."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else " " for char in text])


def write_json(value: Any) -> None:
    """Write ``value`` to standard output as one line of JSON.

    Letters of all scripts stand as themselves; what steers a terminal, and what is no letter at all, is escaped.
    """
    text = json.dumps(value, ensure_ascii=not _writes_utf8())
    if not text.isprintable():
        text = "".join([char if char.isprintable() else json.dumps(char)[1:-1] for char in text])
    sys.stdout.write(text + "\n")


def _writes_utf8() -> bool:
    """Tell whether standard output takes letters of all scripts; JSON in another encoding would be none (RFC 8259)."""
    return (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"


def complain(text: str) -> None:
    """Write one line of trouble to standard error."""
    sys.stderr.write(f"mailwright: {printable(text)}\n")


def _show_on_terminal(lines: Iterable[Line]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import, needed on terminals only
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    for line in lines:
        text = Text(printable(line.text), style=_STYLES.get(line.style, ""))
        if line.hanging:
            grid = Table.grid(padding=0)
            grid.add_column(width=line.hanging)
            grid.add_column()
            grid.add_row(text[: line.hanging], text[line.hanging :])
            console.print(Padding(grid, (0, 0, 0, line.indent)))
        else:
            console.print(Padding(text, (0, 0, 0, line.indent)))
