"""Deciders: the rules compiled into what is asked for every reply, with all their phrases in one automaton."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypedDict

from mailwright.explain.phrases import PhraseFault, PhraseSet, PhraseState, compile_phrases, fragments, number_phrases
from mailwright.explain.rules import Rule, Speaker, read_rules
from mailwright.explain.stored import stored_part


class Decider(NamedTuple):
    """What of a rule decides: see explain.rules; ``strength`` is Strength's number."""

    id: str
    cause: str
    codes: frozenset[str]
    speaker: str | None
    steps: frozenset[str]
    strength: int


class RulesState(TypedDict):
    """Compiled rules as plain data that JSON can hold.

    deciders: the fields of each Decider.  unless, by_phrase: per rule the phrases that silence it, per phrase the rules
    it speaks for.  by_code: the rules without words for each of their codes.
    """

    phrases: PhraseState
    deciders: list[list[Any]]
    unless: list[list[int]]
    by_phrase: list[list[int]]
    by_code: dict[str, list[int]]
    speaker_phrases: dict[str, str]
    speaker_hosts: dict[str, str]


def compile_rules(rules: Sequence[Rule], speakers: Sequence[Speaker]) -> RulesState:
    """Return rules and speakers with their phrases in one set.

    Raises ValueError naming file and rule for a phrase that cannot be compiled or a speaker that is not known.
    """
    known = {speaker.id for speaker in speakers}
    for rule in rules:
        _check(rule, known)
    numbers = number_phrases([rule.says + rule.unless for rule in rules] + [speaker.says for speaker in speakers])
    by_phrase: list[list[int]] = [[] for _ in numbers]
    by_code: dict[str, list[int]] = {}
    for index, rule in enumerate(rules):
        for phrase in dict.fromkeys(rule.says):
            by_phrase[numbers[phrase]].append(index)
        for code in () if rule.says else sorted(rule.codes):
            by_code.setdefault(code, []).append(index)
    return {
        "phrases": compile_phrases(list(numbers)),
        "deciders": [
            [rule.id, rule.cause, sorted(rule.codes), rule.speaker, sorted(rule.steps), int(rule.strength)]
            for rule in rules
        ],
        "unless": [[numbers[phrase] for phrase in rule.unless] for rule in rules],
        "by_phrase": by_phrase,
        "by_code": by_code,
        "speaker_phrases": {str(numbers[phrase]): speaker.id for speaker in speakers for phrase in speaker.says},
        "speaker_hosts": {host.lstrip("."): speaker.id for speaker in speakers for host in speaker.hosts},
    }


def _check(rule: Rule, speakers: set[str]) -> None:
    where = f"rules/{rule.file}.toml: {rule.id}"
    if rule.speaker and rule.speaker not in speakers:
        raise ValueError(f"{where}: speaker {rule.speaker!r} is not in speakers.toml")
    try:
        for phrase in rule.says + rule.unless:
            fragments(phrase)
    except PhraseFault as fault:
        raise ValueError(f"{where}: {fault}") from fault


class CompiledRules:
    """Rules and speakers ready to be asked."""

    def __init__(self, state: RulesState) -> None:
        """Make the automaton and the values of compiled rules."""
        self.phrases = PhraseSet(state["phrases"])
        self.deciders = [
            Decider(name, cause, frozenset(codes), speaker, frozenset(steps), strength)
            for name, cause, codes, speaker, steps, strength in state["deciders"]
        ]
        #: Addresses, or domains with their "@", that phrases look for, such as those for removal from a list.
        self.addresses = frozenset(
            word
            for trigger in state["phrases"]["triggers"]
            if "@" in trigger
            for word in trigger.split()
            if "@" in word
        )
        self.unless = [frozenset(phrases) for phrases in state["unless"]]
        self.by_phrase = state["by_phrase"]
        self.by_code = state["by_code"]
        self.speaker_by_phrase = {int(number): speaker for number, speaker in state["speaker_phrases"].items()}
        self.speaker_phrases = frozenset(self.speaker_by_phrase)
        self.speaker_hosts = state["speaker_hosts"]

    def speaker_of_host(self, host: str) -> str | None:
        """Return the speaker known by a suffix of ``host``; None where nobody is."""
        suffix = host.lower().rstrip(".")
        while suffix:
            if (speaker := self.speaker_hosts.get(suffix)) is not None:
                return speaker
            _, _, suffix = suffix.partition(".")
        return None


@cache
def compiled_rules() -> CompiledRules:
    """Return the shipped rules: as compiled when the package was built, else compiled now, which takes longer."""
    state: RulesState | None = stored_part("rules")
    return CompiledRules(compile_rules(*read_rules()) if state is None else state)
