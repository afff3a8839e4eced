"""The package's own data: found, sorted, and translated from source or compiled file alike."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from mailwright.causes.data import languages_of, read_tables, translator

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgctxt "c|title"\nmsgid "Full"\nmsgstr "{}"\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of its own with two tables and a translation."""
    name = "mailwright_example"
    folder = tmp_path / name
    (folder / "rules" / "languages").mkdir(parents=True)
    (folder / "locales").mkdir()
    (folder / "__init__.py").touch()
    (folder / "rules" / "b.toml").write_text("x = 1\n", encoding="utf-8")
    (folder / "rules" / "languages" / "a.toml").write_text("y = 'ž'\n", encoding="utf-8")
    (folder / "rules" / "notes.txt").write_text("no table", encoding="utf-8")
    (folder / "locales" / "de.po").write_text(PO.format("Voll"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_tables_are_read_from_all_folders_in_order(package: str) -> None:
    """The order never depends on the file system."""
    assert read_tables(package, "rules") == [("b", {"x": 1}), ("languages/a", {"y": "ž"})]


def test_a_translation_needs_no_compiling(package: str) -> None:
    """Who edits a .po file sees the change at once."""
    assert languages_of(package) == ["de"]
    assert translator(package, "de")("c|title", "Full") == "Voll"
    assert translator(package, "de")("c|title", "Empty") == "Empty"
    assert translator(package, "de")("", "Full") == "Full"


def test_a_compiled_file_is_used_only_while_it_is_fresh(package: str, tmp_path: Path) -> None:
    """A stale compiled file never hides a corrected text."""
    source = tmp_path / package / "locales" / "de.po"
    compiled = source.with_suffix(".mo")
    with compiled.open("wb") as file:
        write_mo(file, Catalog())
    os.utime(source, (1_000, 1_000))
    os.utime(compiled, (2_000, 2_000))
    assert translator(package, "de")("c|title", "Full") == "Full"
    os.utime(source, (3_000, 3_000))
    assert translator(package, "de")("c|title", "Full") == "Voll"


def test_english_is_never_looked_up() -> None:
    """The source needs no file."""
    assert translator("mailwright.causes", "en")("any", "text") == "text"


def test_a_language_without_file_is_refused() -> None:
    """There is no silent fallback here: the caller chooses one."""
    with pytest.raises(LookupError):
        translator("mailwright.causes", "tlh")


def test_the_shipped_data_can_be_read() -> None:
    """Every table of the package parses."""
    for package, folder in (
        ("mailwright.causes", "catalogue"),
        ("mailwright.explain", "rules"),
        ("mailwright.explain", "formats"),
    ):
        assert len(read_tables(package, folder)) > 1
