"""Pure rooms call nothing that reaches outside; what they import is held by the import contracts."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "mailwright"


def contract(name: str) -> dict[str, list[str]]:
    """Return the import contract of this name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return next(one for one in contracts if one["name"] == name)


PURE = contract("Pure rooms import nothing that reaches outside")
PURE_ROOMS = [name.removeprefix("mailwright.") for name in PURE["source_modules"]]
# The files of these rooms that reach outside by their trade: those that the contract lets import everything.
REACHING = {
    ROOT / "src" / (line.removesuffix(" -> *").replace(".", "/") + ".py")
    for line in PURE["ignore_imports"]
    if line.endswith(" -> *")
}
# The one module that reads the catalogue, the rules and the translations out of the package.
READS_OWN_FILES = PACKAGE / "causes" / "data.py"

FORBIDDEN_NAMES = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}
FORBIDDEN_METHODS = {
    "now",
    "utcnow",
    "today",
    "perf_counter",
    "monotonic",
    "sleep",
    "getenv",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "iterdir",
}

FILES = [
    file
    for room in PURE_ROOMS
    for file in sorted((PACKAGE / room).rglob("*.py"))
    if file != READS_OWN_FILES and file not in REACHING
]


def reaching_calls(source: str) -> Iterator[str]:
    """Yield "line: call" for every call that reads a clock, a file or the terminal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) if name in FORBIDDEN_NAMES:
                    yield f"{node.lineno}: {name}()"
                case ast.Attribute(attr=name, value=value) if name in FORBIDDEN_METHODS:
                    yield f"{node.lineno}: {ast.unparse(value)}.{name}()"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_pure_files_reach_for_nothing(file: Path) -> None:
    """Time, files and answers come in as arguments."""
    assert list(reaching_calls(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("open('x')", ["1: open()"]),
        ("import datetime\nt = datetime.datetime.now(datetime.UTC)", ["2: datetime.datetime.now()"]),
        ("text = path.read_text()", ["1: path.read_text()"]),
        ("def f():\n    print('x')", ["2: print()"]),
        ("reopen('x'); shop.open_at; message.date", []),
    ],
)
def test_the_look_out_sees_what_it_should(source: str, expected: list[str]) -> None:
    """A call that reaches outside is found wherever it stands, and a name that only looks like one is not."""
    assert list(reaching_calls(source)) == expected
