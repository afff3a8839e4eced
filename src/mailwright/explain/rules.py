"""Rules: which words, codes and speakers stand for which cause.  Data from ``rules/*.toml``, compiled once.

A rule file holds ``[[rule]]`` tables (and ``rules/speakers.toml`` holds ``[[speaker]]`` tables).  Keys of a rule:

id        unique, kebab-case.
cause     id of the cause it stands for.
says      phrases (explain.phrases); one of them must occur.  Empty: the codes alone decide.
unless    phrases; where one of them occurs the rule is silent.
codes     reply codes ("550"), enhanced codes ("5.1.1", "x.1.1" for any class, "5.7.606-649" for all of them) or classes
          ("4", "5"); one must be there.
speaker   the provider or mail system that must be speaking; absent: anyone.
step      the commands ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data"); one must be the one answered.
strength  "key" (a vendor's key: decides), "plain" (default: words that say the cause), "state" (words that say what
          became of the message, not why: any that say why overrule them), "hint" (vague words that all others
          overrule), "code" (no words at all).
examples  replies that this rule must win, each text or table {text, host, step}; at least one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from mailwright.causes.data import read_tables
from mailwright.mail.codes import is_reply_code


class Strength(IntEnum):
    """How much a rule's words say; the stronger wins."""

    CODE = 0
    HINT = 1
    STATE = 2
    PLAIN = 3
    KEY = 4


@dataclass(frozen=True, slots=True)
class Example:
    """A reply that a rule must win, with what else was known when it was said."""

    text: str
    host: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as read; see the module's head for what each field means."""

    id: str
    cause: str
    says: tuple[str, ...]
    unless: tuple[str, ...]
    codes: frozenset[str]
    speaker: str | None
    steps: frozenset[str]
    strength: Strength
    examples: tuple[Example, ...]
    file: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who can be heard: known by the suffix of its host names and by its own words."""

    id: str
    hosts: tuple[str, ...]
    says: tuple[str, ...]


_LISTS: dict[str, type[Any]] = dict.fromkeys(("says", "unless", "codes", "step", "examples"), list)
_RULE_KEYS = _LISTS | dict.fromkeys(("id", "cause", "speaker", "strength"), str)
_SPEAKER_KEYS: dict[str, type[Any]] = {"id": str, "hosts": list, "says": list}
_FILE_KEYS: dict[str, type[Any]] = {"rule": list, "speaker": list}
_STEPS = frozenset(("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data"))
_STRENGTHS = frozenset(strength.name.lower() for strength in Strength)


def _check_keys(file: str, table: Mapping[str, Any], keys: dict[str, type[Any]], *required: str) -> None:
    """Raise ValueError naming file, table and key where a key is unknown, of the wrong type, or missing."""
    name = table.get("id", "a table without id")
    for key, value in table.items():
        if key not in keys:
            raise ValueError(f"rules/{file}.toml: {name}: unknown key {key!r}; keys are {sorted(keys)}")
        if not isinstance(value, keys[key]):
            raise ValueError(f"rules/{file}.toml: {name}: {key!r} is no {keys[key].__name__}")  # noqa: TRY004 - a fault of the file
    for key in required:
        if not table.get(key):
            raise ValueError(f"rules/{file}.toml: {name}: lacks {key!r}")


def _rule(file: str, table: Mapping[str, Any]) -> Rule:
    _check_keys(file, table, _RULE_KEYS, "id", "cause", "examples")
    name, says = table["id"], tuple(table.get("says", ()))
    default = "plain" if says else "code"
    strength = table.get("strength", default)
    if strength not in _STRENGTHS or (strength == "code") is bool(says):
        raise ValueError(f"rules/{file}.toml: {name}: 'strength' cannot be {strength!r}; with 'says' it is not code")
    if not says and not table.get("codes"):
        raise ValueError(f"rules/{file}.toml: {name}: has neither 'says' nor 'codes'")
    if not _STEPS.issuperset(table.get("step", ())):
        raise ValueError(f"rules/{file}.toml: {name}: 'step' has a word outside {sorted(_STEPS)}")
    return Rule(
        id=table["id"],
        cause=table["cause"],
        says=says,
        unless=tuple(table.get("unless", ())),
        codes=frozenset(code for entry in table.get("codes", ()) for code in _codes(file, name, entry)),
        speaker=table.get("speaker"),
        steps=frozenset(table.get("step", ())),
        strength=Strength[strength.upper()],
        examples=tuple(_example(file, name, entry) for entry in table["examples"]),
        file=file,
    )


def _codes(file: str, name: str, entry: str) -> list[str]:
    """Return the codes that an entry of ``codes`` stands for: itself, or every code of a range of details."""
    first, dash, last = entry.partition("-")
    stem, _, begin = first.rpartition(".")
    if not _is_code(first) or (dash and not (stem and last.isdigit() and int(begin) < int(last))):
        raise ValueError(f"rules/{file}.toml: {name}: 'codes' has {entry!r}, which is no code and no range of codes")
    return [f"{stem}.{detail}" for detail in range(int(begin), int(last) + 1)] if dash else [entry]


def _is_code(text: str) -> bool:
    """Tell whether ``text`` is a class, a reply code, or (part of) an enhanced code with x for any class."""
    first, *rest = text.split(".")
    if not rest:
        return text in ("2", "4", "5") or is_reply_code(text)
    return first in ("2", "4", "5", "x") and len(rest) <= 2 and all(part.isdigit() for part in rest)


def _example(file: str, name: str, entry: Any) -> Example:
    if isinstance(entry, str):
        return Example(entry)
    try:
        return Example(**entry)
    except TypeError as wrong:
        raise ValueError(f"rules/{file}.toml: {name}: 'examples' are texts or tables {{text, host, step}}") from wrong


def _speaker(file: str, table: Mapping[str, Any]) -> Speaker:
    _check_keys(file, table, _SPEAKER_KEYS, "id")
    return Speaker(table["id"], tuple(table.get("hosts", ())), tuple(table.get("says", ())))


@cache
def read_rules() -> tuple[tuple[Rule, ...], tuple[Speaker, ...]]:
    """Return all rules and all speakers.

    Raises ValueError naming file, rule and key where a table is wrong or an id stands twice.
    """
    return rules_of(read_tables("mailwright.explain", "rules"))


def rules_of(files: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[tuple[Rule, ...], tuple[Speaker, ...]]:
    """Return the rules and speakers in ``files``, pairs of (path without ``.toml``, content); raises as read_rules."""
    rules: dict[str, Rule] = {}
    speakers: list[Speaker] = []
    for file, content in files:
        _check_keys(file, content, _FILE_KEYS)
        for table in content.get("rule", ()):
            rule = _rule(file, table)
            if rule.id in rules:
                raise ValueError(f"rules/{file}.toml: rule {rule.id} stands in rules/{rules[rule.id].file}.toml too")
            rules[rule.id] = rule
        speakers += [_speaker(file, table) for table in content.get("speaker", ())]
    return tuple(rules.values()), tuple(speakers)
