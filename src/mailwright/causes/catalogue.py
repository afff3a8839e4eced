"""The catalogue of causes: every entry by its id, read from ``catalogue/*.toml``.

One file a stage; the file's name is the stage. Adding a cause is adding a table there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from mailwright.causes.cause import Cause, Fixer, Permanence, Remedy, Scope, Stage
from mailwright.causes.data import read_tables


@cache
def catalogue() -> Mapping[str, Cause]:
    """Return all causes by id, in the order of the stages and, within a stage, of the file.

    Raises ValueError naming file, cause and key where an entry is incomplete or has a word outside the lists.
    """
    causes: dict[str, Cause] = {}
    files = dict(read_tables("mailwright.causes", "catalogue"))
    for stage in Stage:
        for cause_id, table in files.get(stage.value, {}).items():
            if cause_id in causes:
                raise ValueError(f"catalogue/{stage}.toml: [{cause_id}] stands in two files")
            causes[cause_id] = _cause(stage, cause_id, table)
    return MappingProxyType(causes)


def reasons() -> frozenset[str]:
    """Return every reason that some cause has."""
    return frozenset(cause.reason for cause in catalogue().values())


def _cause(stage: Stage, cause_id: str, table: Mapping[str, Any]) -> Cause:
    try:
        return Cause(
            id=cause_id,
            reason=table["reason"],
            stage=stage,
            scope=Scope(table["scope"]),
            permanence=Permanence(table["permanence"]),
            fixer=Fixer(table["fixer"]),
            remedy=Remedy(table["remedy"]),
            codes=tuple(table["codes"]),
            boundary=table["boundary"],
            title=table["title"],
            explanation=table["explanation"],
            fixes=tuple(table["fixes"]),
        )
    except KeyError as missing:
        raise ValueError(f"catalogue/{stage}.toml: [{cause_id}] lacks {missing.args[0]}") from missing
    except ValueError as wrong:
        raise ValueError(f"catalogue/{stage}.toml: [{cause_id}] {wrong}") from wrong
