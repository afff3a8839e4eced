"""Formats: the words by which letters of mail systems are recognised and read.  Data from ``formats/*.toml``.

All files add to the same lists, so a mail system or a language is added by one more file.  A file may hold:

[sender]  machine: words in From that only programs use.
[subject] bounce, delayed, delivered, automatic, notice: what a subject line says the message is; a notice is a mail
          system's message about something else than a failed delivery (a quota warning, a digest).
[letter]  bounce, delayed, delivered, automatic, notice: the same for sentences of the text; final: sentences that end
          all trying, so that what is said of retries or delays is past.
[original] begins: sentences; the returned message begins behind a line with one of them.
          heading: bare names of it that count only on a line of their own or between rules
          (``--- Original message ---``).
[forward] from, subject: names of the fields that mail programs write over a forwarded message.
[label]   what stands right before an address: recipient (it failed), to (a weak sign that it did), sender (it is
          somebody else's), original (what it was before an alias or forward).

Lists under sender, subject and letter hold phrases (explain.phrases); those under original phrases without gaps; labels
and fields are plain words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypedDict

from mailwright.causes.data import read_tables
from mailwright.explain.normalise import normalise
from mailwright.explain.phrases import UNSPACED, PhraseSet, PhraseState, compile_phrases
from mailwright.explain.stored import stored_part

_LISTS = {
    "sender": ("machine",),
    "subject": ("bounce", "delayed", "delivered", "automatic", "notice"),
    "letter": ("bounce", "delayed", "delivered", "automatic", "notice", "final"),
    "original": ("begins", "heading"),
    "forward": ("from", "subject"),
    "label": ("recipient", "to", "sender", "original"),
}


_TAGGED = ("sender", "subject", "letter", "original")


class TaggedState(TypedDict):
    """Compiled phrases with a tag each, as plain data that JSON can hold."""

    phrases: PhraseState
    tags: list[str]


class Tagged:
    """Phrases with a tag each; tells which tags a text has."""

    def __init__(self, state: TaggedState) -> None:
        """Make the automaton of compiled phrases."""
        self._set = PhraseSet(state["phrases"])
        self._tags = state["tags"]

    def tags(self, normal: str) -> set[str]:
        """Return the tags whose phrases occur in ``normal``, a text in matching form."""
        tags = self._tags
        return {tags[number] for number in self._set.find(normal)}

    def places(self, normal: str) -> list[tuple[str, int]]:
        """Return (tag, where it begins) of every place of a phrase without gaps, in order."""
        return [(self._tags[number], start) for number, start in self._set.places(normal)]


@dataclass(frozen=True, slots=True)
class Formats:
    """All words of all formats, compiled; ``labels`` holds the kind of each label; plain words are in matching form."""

    sender: Tagged
    subject: Tagged
    letter: Tagged
    original: Tagged
    labels: dict[str, str]
    forward_from: frozenset[str]
    forward_subject: frozenset[str]

    def label_before(self, normal: str) -> str | None:
        """Return what the longest label at the end of ``normal`` (matching form) says of the address that follows.

        One of "recipient", "to", "sender", "original"; None where no label stands there.
        """
        words = normal.split()[-LONGEST_LABEL:]
        for first in range(len(words)):
            if (kind := self.labels.get(" ".join(words[first:]))) is not None:
                return kind
        if words and words[-1] >= UNSPACED:
            last = words[-1][-LONGEST_LABEL * 2 :]
            for first in range(len(last)):
                if (kind := self.labels.get(last[first:])) is not None:
                    return kind
        return None


#: Words of the longest label; characters count double in scripts without spaces.
LONGEST_LABEL = 6


class FormatsState(TypedDict):
    """All words of all formats as plain data that JSON can hold."""

    tagged: dict[str, TaggedState]
    labels: dict[str, str]
    forward: dict[str, list[str]]


def compile_formats() -> FormatsState:
    """Return the words of all format files compiled.

    Raises ValueError naming file, table and key where a file holds one that is not known.
    """
    merged: dict[str, dict[str, list[str]]] = {table: {key: [] for key in keys} for table, keys in _LISTS.items()}
    for file, content in read_tables("mailwright.explain", "formats"):
        _merge(merged, file, content)
    labels = {normalise(label).strip(): kind for kind, words in merged["label"].items() for label in words}
    forward = {key: [normalise(name).strip() for name in names] for key, names in merged["forward"].items()}
    return {"tagged": {name: _tagged(merged[name]) for name in _TAGGED}, "labels": labels, "forward": forward}


def _tagged(groups: dict[str, list[str]]) -> TaggedState:
    phrases = [phrase for members in groups.values() for phrase in members]
    tags = [tag for tag, members in groups.items() for _ in members]
    return {"phrases": compile_phrases(phrases), "tags": tags}


@cache
def formats() -> Formats:
    """Return the words of all shipped formats: as compiled when the package was built, else compiled now."""
    state: FormatsState | None = stored_part("formats")
    state = state or compile_formats()
    return Formats(
        **{name: Tagged(state["tagged"][name]) for name in _TAGGED},
        labels=state["labels"],
        forward_from=frozenset(state["forward"]["from"]),
        forward_subject=frozenset(state["forward"]["subject"]),
    )


def _merge(merged: dict[str, dict[str, list[str]]], file: str, content: dict[str, Any]) -> None:
    for table, lists in content.items():
        for key, words in lists.items():
            if key not in merged.get(table, {}):
                raise ValueError(f"formats/{file}.toml: [{table}] {key} is not known; see explain/formats.py")
            merged[table][key] += [word for word in words if word not in merged[table][key]]
