"""The JSON Schemas of the output, as they ship in the package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

#: What a schema refers to and another one defines: (schema, name of the definition) -> the schema that has it.
_BORROWED = {("send", "report"): "explain", ("auth", "report"): "explain"}


def schema_text(name: str) -> str:
    """Return the JSON Schema (draft 2020-12) of one line of JSON.

    ``name`` is "explain", "report", "cause", "send", "transcript", "auth", "spf", "dkim-key" or "dkim-plan".

    Raises FileNotFoundError for a name that has none.
    """
    borrowed = {entry: lender for (borrower, entry), lender in _BORROWED.items() if borrower == name}
    if not borrowed:
        return _shipped(name)
    schema: dict[str, Any] = json.loads(_shipped(name))
    schema["$defs"] = schema.get("$defs", {}) | {
        entry: json.loads(_shipped(lender))["$defs"][entry] for entry, lender in borrowed.items()
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _shipped(name: str) -> str:
    return (resources.files("mailwright") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
