"""Stored: rules and formats as compiled when the package was built, so that a start need not do it again.

The file is made by ``make setup`` and by the build of the package (hatch_build.py), like the .mo files of translations.
It carries a digest of its sources; where they differ, or there is no file, the sources are compiled at start.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from mailwright.causes.data import digest_of, read_json

#: The file, what it is made of, and what makes it.
FILE = "compiled.json"
SOURCES = ("rules", "formats")
MAKERS = ("deciders.py", "formats.py", "normalise.py", "phrases.py", "rules.py")


def source_digest() -> str:
    """Return the digest of all files that are compiled and of the modules that compile them."""
    return digest_of("mailwright.explain", SOURCES, MAKERS)


@cache
def _stored() -> dict[str, Any]:
    content = read_json("mailwright.explain", FILE)
    return content if isinstance(content, dict) and content.get("digest") == source_digest() else {}


def stored_part(name: str) -> Any | None:
    """Return the compiled "rules" or "formats"; None where they must be compiled anew."""
    return _stored().get(name)
