"""Keep the translations up to date: ``python -m tools.translations extract|check|compile``.

extract  brings every .po up to date with the English texts and keeps what is translated;
         ``--language fr`` begins a new language, ``--prune`` drops what nobody asks for any more
check    lists every text that is missing, empty, fuzzy or obsolete, or fills in other fields; exit code 1 if any
compile  writes the .mo files that are read at run time

The English texts are the titles, explanations and fixes in causes/catalogue/*.toml with the words that fill their
empty places, and the strings given to ``_()``, ``ngettext()`` and their kin in cli/ and app/. The languages are those
of the .po files that exist.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rtoml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from hatch_build import compile_translations
from mailwright.causes.texts import FILLERS
from tools import po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("src/mailwright")
INTERFACE_ROOMS = ("cli", "app")


@dataclass(frozen=True)
class Domain:
    """English texts and the folder where their translations lie, one .po a language."""

    template: Catalog
    folder: Path

    def file(self, language: str) -> Path:
        """Return the .po of a language, whether it exists or not."""
        return self.folder / f"{language}.po"


def domains(root: Path) -> list[Domain]:
    """Return both domains of the project at ``root``: the catalogue of causes and the interface."""
    package = root / PACKAGE
    return [
        Domain(cause_texts(package / "causes" / "catalogue"), package / "causes" / "locales"),
        Domain(interface_texts(package), package / "cli" / "locales"),
    ]


def languages(root: Path) -> list[str]:
    """Return the languages that have a .po in either folder."""
    folders = [root / PACKAGE / room / "locales" for room in ("causes", "cli")]
    return sorted({file.stem for folder in folders for file in folder.glob("*.po")})


def cause_texts(folder: Path) -> Catalog:
    """Return the template of the catalogue; a cause that has no texts yet adds none.

    Last come the words that stand for what the evidence does not tell; "-" as their translation leaves the place empty.
    """
    template = Catalog()
    for file in sorted(folder.glob("*.toml")):
        for cause, table in rtoml.loads(file.read_text(encoding="utf-8")).items():
            for part, text in _texts_of(table):
                template.add(text, context=f"{cause}|{part}", locations=[(f"catalogue/{file.name}", 0)])
    for name, filler in FILLERS.items():
        template.add(filler, context=f"missing|{name}", locations=[("texts.py", 0)])
    return template


def interface_texts(package: Path) -> Catalog:
    """Return the template of the strings that the rooms facing the user mark for translation."""
    template = Catalog()
    for room in INTERFACE_ROOMS:
        found = extract_from_dir(package / room, method_map=[("**.py", "python")], comment_tags=("Translators:",))
        for file, line, text, comments, context in found:
            template.add(text, locations=[(f"{room}/{file}", line)], auto_comments=comments, context=context)
    return template


def extract(root: Path, new_languages: Sequence[str] = (), *, prune: bool = False) -> list[Path]:
    """Bring all .po files up to date and return those that changed."""
    changed = []
    for domain in domains(root):
        for language in sorted({*languages(root), *new_languages}):
            file = domain.file(language)
            merged = po.merge(domain.template, po.read(file, language), prune=prune)
            if po.write(file, merged):
                changed.append(file)
    return changed


def check(root: Path) -> list[str]:
    """Return one line for every fault in the translations, the file's name first."""
    if not languages(root):
        return ["no translations at all: begin one with extract --language de"]
    return [
        f"{domain.file(language).relative_to(root)}: {fault}"
        for domain in domains(root)
        for language in languages(root)
        for fault in po.faults(domain.template, po.read(domain.file(language), language))
    ]


def _texts_of(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part in ("title", "explanation"):
        if table.get(part):
            yield part, table[part]
    for number, fix in enumerate(table.get("fixes", ()), start=1):
        yield f"fix {number}", fix


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.translations", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    extracting = commands.add_parser("extract", help="bring the .po files up to date")
    extracting.add_argument("--language", action="append", default=[], help="begin this language (de, cs, zh)")
    extracting.add_argument("--prune", action="store_true", help="drop translations nobody asks for any more")
    commands.add_parser("check", help="list what is not translated")
    commands.add_parser("compile", help="write the .mo files")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run one of the commands and return the exit code."""
    arguments = _arguments(argv)
    if arguments.command == "compile":
        compile_translations(root)
        return 0
    if arguments.command == "extract":
        for file in extract(root, arguments.language, prune=arguments.prune):
            print(f"written: {file.relative_to(root)}")
        return 0
    faults = check(root)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"translations: {len(languages(root))} languages, {len(faults)} faults", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
