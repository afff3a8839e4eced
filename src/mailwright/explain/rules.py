"""Rules: which words, codes and speakers stand for which cause.  Data from ``rules/*.toml``, compiled once.

A rule file holds ``[[rule]]`` tables (and ``rules/speakers.toml`` holds ``[[speaker]]`` tables).  Keys of a rule:

id        unique, kebab-case.
cause     id of the cause it stands for.
says      phrases (explain.phrases); one of them must occur.  Empty: the codes alone decide.
unless    phrases; where one of them occurs the rule is silent.
codes     reply codes ("550"), enhanced codes ("5.1.1", "x.1.1" for any class) or classes ("4", "5"); one must be there.
speaker   the provider or mail system that must be speaking; absent: anyone.
step      the commands ("connect", "ehlo", "mail", "rcpt", "data", "auth"); one must be the one answered.
strength  "key" (a vendor's key: decides), "plain" (default: words that say the cause), "hint" (vague words that any
          plain ones overrule), "code" (no words at all).
examples  replies that this rule must win, each text or table {text, host, step}; at least one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from mailwright.causes.data import read_tables
from mailwright.explain.phrases import PhraseSet, number_phrases


class Strength(IntEnum):
    """How much a rule's words say; the stronger wins."""

    CODE = 0
    HINT = 1
    PLAIN = 2
    KEY = 3


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


_KEYS = {"id", "cause", "says", "unless", "codes", "speaker", "step", "strength", "examples"}


def _rule(file: str, table: Mapping[str, Any]) -> Rule:
    name = table.get("id", "a rule without id")
    unknown = set(table) - _KEYS
    if unknown:
        raise ValueError(f"rules/{file}.toml: {name}: unknown key {sorted(unknown)[0]!r}; keys are {sorted(_KEYS)}")
    for key in ("id", "cause", "examples"):
        if not table.get(key):
            raise ValueError(f"rules/{file}.toml: {name}: lacks {key!r}")
    says = tuple(table.get("says", ()))
    default = "plain" if says else "code"
    return Rule(
        id=table["id"],
        cause=table["cause"],
        says=says,
        unless=tuple(table.get("unless", ())),
        codes=frozenset(table.get("codes", ())),
        speaker=table.get("speaker"),
        steps=frozenset(table.get("step", ())),
        strength=Strength[table.get("strength", default).upper()],
        examples=tuple(_example(entry) for entry in table["examples"]),
        file=file,
    )


def _example(entry: str | Mapping[str, str]) -> Example:
    return Example(entry) if isinstance(entry, str) else Example(**entry)


@cache
def read_rules() -> tuple[tuple[Rule, ...], tuple[Speaker, ...]]:
    """Return all rules and all speakers.

    Raises ValueError naming file, rule and key where a table is wrong or an id stands twice.
    """
    rules: dict[str, Rule] = {}
    speakers: list[Speaker] = []
    for file, content in read_tables("mailwright.explain", "rules"):
        for table in content.get("rule", ()):
            rule = _rule(file, table)
            if rule.id in rules:
                raise ValueError(f"rules/{file}.toml: rule {rule.id} stands in rules/{rules[rule.id].file}.toml too")
            rules[rule.id] = rule
        for table in content.get("speaker", ()):
            speakers.append(Speaker(table["id"], tuple(table.get("hosts", ())), tuple(table.get("says", ()))))
    return tuple(rules.values()), tuple(speakers)


class CompiledRules:
    """Rules and speakers with their phrases in one automaton and their numbers resolved."""

    def __init__(self, rules: tuple[Rule, ...], speakers: tuple[Speaker, ...]) -> None:
        """Compile; raises PhraseFault or ValueError for what cannot be."""
        known = {speaker.id for speaker in speakers}
        for rule in rules:
            if rule.speaker and rule.speaker not in known:
                raise ValueError(f"rules/{rule.file}.toml: {rule.id}: speaker {rule.speaker!r} is not in speakers.toml")
        groups = [rule.says + rule.unless for rule in rules] + [speaker.says for speaker in speakers]
        numbers = number_phrases(groups)
        self.rules = rules
        self.phrases = PhraseSet(list(numbers))
        #: Rules that a phrase speaks for, with the phrases that silence them and the strength as a plain number.
        self.by_phrase: list[tuple[tuple[Rule, frozenset[int], int], ...]] = [()] * len(numbers)
        self.speaker_by_phrase: dict[int, str] = {numbers[p]: s.id for s in speakers for p in s.says}
        self.speaker_phrases = frozenset(self.speaker_by_phrase)
        self.speaker_by_suffix: dict[str, str] = {host.lstrip("."): s.id for s in speakers for host in s.hosts}
        #: Rules without words, by each of their codes.
        self.by_code: dict[str, list[Rule]] = {}
        for rule in rules:
            unless = frozenset(numbers[phrase] for phrase in rule.unless)
            for phrase in rule.says:
                self.by_phrase[numbers[phrase]] += ((rule, unless, int(rule.strength)),)
            for code in () if rule.says else rule.codes:
                self.by_code.setdefault(code, []).append(rule)

    def speaker_of_host(self, host: str) -> str | None:
        """Return the speaker known by a suffix of ``host``; None where nobody is."""
        suffix = host.lower().rstrip(".")
        while suffix:
            if (speaker := self.speaker_by_suffix.get(suffix)) is not None:
                return speaker
            _, _, suffix = suffix.partition(".")
        return None


@cache
def compiled_rules() -> CompiledRules:
    """Return the shipped rules, compiled; some milliseconds at the first call, then at once."""
    return CompiledRules(*read_rules())
