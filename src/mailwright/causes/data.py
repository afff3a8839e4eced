"""Read the data files that ship inside the package: the one place in the pure rooms that touches files.

Catalogue, rules, formats and translations are data, not code.
They are part of the program like its modules are, and are read once; nothing else is ever read from here.
"""

from __future__ import annotations

import gettext
import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import rtoml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: Takes context and English text, returns the translation, or the English text where there is none.
Translator = Callable[[str, str], str]


def read_tables(package: str, folder: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (path below the folder without ``.toml``, content) of every TOML file below it, sorted by path.

    Raises rtoml.TomlParsingError with the place of the fault; tests read every file, so a user never meets it.
    """
    files = sorted(_toml_files(resources.files(package) / folder, ""))
    return [(name, rtoml.loads(file.read_text(encoding="utf-8"))) for name, file in files]


def _toml_files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    """Return (path without ``.toml``, file) of every TOML file in ``folder`` and below."""
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            found.append((prefix + entry.name[:-5], entry))
        elif "." not in entry.name and entry.is_dir():
            found.extend(_toml_files(entry, f"{prefix}{entry.name}/"))
    return found


def digest_of(package: str, folders: Sequence[str], files: Sequence[str]) -> str:
    """Return a digest of the names and bytes of all TOML files in ``folders`` of ``package``, and of its ``files``."""
    root = resources.files(package)
    named = [(f"{folder}/{name}", file) for folder in folders for name, file in _toml_files(root / folder, "")]
    named += [(name, root / name) for name in files]
    digest = blake2b(digest_size=16)
    for name, file in sorted(named, key=lambda entry: entry[0]):
        content = file.read_bytes()
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def read_json(package: str, name: str) -> Any | None:
    """Return the content of a JSON file of ``package``; None where there is none or it is not whole."""
    file = resources.files(package) / name
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        return None


def languages_of(package: str) -> list[str]:
    """Return the languages that ``package`` has a file in ``locales/`` for, sorted."""
    folder = resources.files(package) / "locales"
    return sorted(entry.name[:-3] for entry in folder.iterdir() if entry.name.endswith(".po"))


def translator(package: str, language: str) -> Translator:
    """Return the translator of ``package`` into ``language``; "en" is the source and gives every text back.

    Reads the compiled file where it is as new as its source, else the source.
    Raises LookupError where ``package`` has no such language.
    """
    if language == "en":
        return lambda _context, text: text
    if language not in languages_of(package):
        raise LookupError(language)
    translations = _translations(resources.files(package) / "locales", language)

    def translate(context: str, text: str) -> str:
        return translations.pgettext(context, text) if context else translations.gettext(text)

    return translate


def _translations(folder: Traversable, language: str) -> gettext.GNUTranslations:
    source, compiled = folder / f"{language}.po", folder / f"{language}.mo"
    if compiled.is_file() and _age(compiled) >= _age(source):
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(cast("Any", file))
    return _compile(source)


def _age(file: Traversable) -> float:
    """Return when ``file`` was written; 0 inside an archive, where nothing is ever stale."""
    stat = getattr(file, "stat", None)
    return stat().st_mtime if stat else 0.0


def _compile(source: Traversable) -> gettext.GNUTranslations:
    """Return the translations of a .po file; slower by far, for those who are editing it."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - slow to import
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return gettext.GNUTranslations(cast("Any", compiled))
