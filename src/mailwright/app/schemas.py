"""The JSON Schemas of the output, as they ship in the package."""

from __future__ import annotations

from importlib import resources


def schema_text(name: str) -> str:
    """Return the JSON Schema (draft 2020-12) of one line of JSON: ``name`` is "explain" or "cause".

    Raises FileNotFoundError for a name that has none.
    """
    return (resources.files("mailwright") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
