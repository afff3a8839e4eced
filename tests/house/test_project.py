"""The files around the code agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mailwright
from tools.translations import languages

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def pins(lock: Path) -> dict[str, str]:
    """Return name -> version of a lock file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def test_the_package_knows_its_version() -> None:
    """The version stands in one place and is a release or a step towards one."""
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", mailwright.__version__)


def test_requirements_and_package_ask_for_the_same() -> None:
    """What the package needs is what requirements/runtime.in locks."""
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]}
    lines = (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    asked = {canonicalize_name(line) for line in lines if line and not line.startswith("#")}
    assert asked == declared


def test_pins_satisfy_the_package() -> None:
    """The pinned version of every dependency lies within the bounds of pyproject.toml."""
    held = pins(ROOT / "requirements" / "runtime.txt")
    for line in PROJECT["project"]["dependencies"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(held[canonicalize_name(requirement.name)])


def test_both_locks_agree() -> None:
    """What is tested is what is installed: every run-time pin is the same in the lock for development."""
    runtime, dev = (pins(ROOT / "requirements" / name) for name in ("runtime.txt", "dev.txt"))
    assert runtime.items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_are_hashed_and_name_no_place(lock: Path) -> None:
    """Every package is checked by hash, and may come from whatever index the machine uses."""
    text = lock.read_text(encoding="utf-8")
    assert text.count("\\\n    --hash=sha256:") >= len(pins(lock)) > 0
    assert not re.search(r"://|file:|^-|^#", text, re.MULTILINE)


def test_every_ignored_lint_rule_has_its_reason() -> None:
    """An exception nobody can explain is not one."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\nignore = [\n")[2].partition("\n]\n")[0]
    lines = block.splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r' +"[A-Z]+[0-9]+", +# .{10,}', line)] == []


def test_the_promised_languages_are_there() -> None:
    """The check of the translations looks at the languages it finds; these must be among them."""
    assert {"cs", "de", "zh"} <= set(languages(ROOT))
