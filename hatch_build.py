"""Compile translations, rules and formats when the package is built, so that nothing is parsed at every start."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALE_FOLDERS = ("src/mailwright/causes/locales", "src/mailwright/cli/locales")


def compile_translations(root: Path) -> list[Path]:
    """Write a ``.mo`` beside every ``.po`` below ``root`` that is older than its source; return those written.

    Entries marked fuzzy are left out: the English text is better than one that may no longer fit.
    Raises babel's PoFileError where a ``.po`` cannot be read.
    """
    sources = [po for folder in LOCALE_FOLDERS for po in sorted((root / folder).glob("*.po"))]
    stale = [po for po in sources if _is_stale(po)]
    for po in stale:
        _compile(po)
    return [po.with_suffix(".mo") for po in stale]


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime_ns < po.stat().st_mtime_ns


def _compile(po: Path) -> None:
    with po.open("rb") as source:
        catalog = read_po(source, locale=po.stem, abort_invalid=True)
    # Written aside and moved into place: a program that starts meanwhile sees the old file or the new, never a part.
    part = po.with_suffix(".mo.part")
    with part.open("wb") as target:
        write_mo(target, catalog)
    part.replace(po.with_suffix(".mo"))


def compile_phrases(root: Path) -> bool:
    """Write explain/compiled.json below ``root`` unless it fits its sources; tell whether it was written.

    Raises ValueError naming file and rule where one cannot be compiled.
    """
    sys.path.insert(0, str(root / "src"))
    from mailwright.explain.deciders import compile_rules  # noqa: PLC0415
    from mailwright.explain.formats import compile_formats  # noqa: PLC0415 - from the tree that is being built
    from mailwright.explain.rules import read_rules  # noqa: PLC0415
    from mailwright.explain.stored import FILE, source_digest, stored_part  # noqa: PLC0415

    if stored_part("rules") is not None:
        return False
    content = {"digest": source_digest(), "rules": compile_rules(*read_rules()), "formats": compile_formats()}
    target = root / "src" / "mailwright" / "explain" / FILE
    part = target.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    part.replace(target)
    return True


class CompileHook(BuildHookInterface[Any]):
    """Hatchling's hook, named in pyproject.toml; runs for wheels and for editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Compile before the files are gathered."""
        compile_translations(Path(self.root))
        compile_phrases(Path(self.root))
