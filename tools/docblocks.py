"""Code blocks of Markdown files, and the comparison of shown with real output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ANYTHING = "…"
FENCE = "```"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language ("" where none is named), its text, and the line it begins at, from 1."""

    path: Path
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A ``$`` line of a console block, and what the block shows as its output ("" for nothing)."""

    path: Path
    line: int
    command: str
    shown: str


def blocks(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a file. Raises ValueError for a fence that is never closed."""
    begun: tuple[int, str] | None = None
    held: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.startswith(FENCE):
            held.append(line)
        elif begun is None:
            begun, held = (number + 1, line.removeprefix(FENCE).strip()), []
        else:
            yield Block(path, begun[0], begun[1], "\n".join(held))
            begun = None
    if begun is not None:
        raise ValueError(f"{path}:{begun[0] - 1}: this block is never closed")


def commands(block: Block) -> Iterator[Command]:
    r"""Yield the commands of a console block; a command goes on in the next line after a ``\`` at the end.

    Raises ValueError for output that stands before any command.
    """
    found: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if line.startswith("$ "):
            found.append((number, [line[2:]], []))
        elif not found:
            raise ValueError(f"{block.path}:{number}: output without a command")
        elif not found[-1][2] and found[-1][1][-1].endswith("\\"):
            found[-1][1].append(line)
        else:
            found[-1][2].append(line)
    for number, command, shown in found:
        yield Command(block.path, number, "\n".join(command), "\n".join(shown).strip("\n"))


def matches(shown: str, real: str) -> bool:
    """Tell whether ``real`` is what is shown, where ``…`` stands for anything, line ends included.

    Spaces at the ends of lines do not count.
    """
    parts = _tidy(shown).split(ANYTHING)
    text = _tidy(real)
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if not text.startswith(first):
        return False
    place = len(first)
    for part in middle:
        at = text.find(part, place)
        if at < 0:
            return False
        place = at + len(part)
    return text.endswith(last) and len(text) - len(last) >= place


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
