"""Formats: the words by which letters of mail systems are recognised and read.  Data from ``formats/*.toml``.

All files add to the same lists, so a mail system or a language is added by one more file.  A file may hold:

[sender]  machine: words in From that only programs use.
[subject] bounce, delayed, delivered, automatic, notice: what a subject line says the message is; a notice is a mail
          system's message about something else than a failed delivery (a quota warning, a digest).
[letter]  bounce, delayed, delivered, automatic, notice: the same for sentences of the text.
[original] begins: sentences; the returned message begins behind a line with one of them.
          heading: bare names of it that count only on a line of their own or between rules (``--- Original message ---``).
[forward] from, subject: names of the fields that mail programs write over a forwarded message.
[label]   what stands right before an address: recipient (it failed), to (a weak sign that it did), sender (it is
          somebody else's), original (what it was before an alias or forward).

Lists under sender, subject, letter and original hold phrases (explain.phrases); labels and fields are plain words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from mailwright.causes.data import read_tables
from mailwright.explain.normalise import normalise
from mailwright.explain.phrases import UNSPACED, PhraseSet

_LISTS = {
    "sender": ("machine",),
    "subject": ("bounce", "delayed", "delivered", "automatic", "notice"),
    "letter": ("bounce", "delayed", "delivered", "automatic", "notice"),
    "original": ("begins", "heading"),
    "forward": ("from", "subject"),
    "label": ("recipient", "to", "sender", "original"),
}


class Tagged:
    """Phrases with a tag each; tells which tags a text has."""

    def __init__(self, groups: dict[str, list[str]]) -> None:
        """Compile ``groups``: tag to phrases."""
        phrases: list[str] = []
        self._tags: list[str] = []
        for tag, members in groups.items():
            phrases += members
            self._tags += [tag] * len(members)
        self._set = PhraseSet(phrases)

    def tags(self, normal: str) -> set[str]:
        """Return the tags whose phrases occur in ``normal``, a text in matching form."""
        tags = self._tags
        return {tags[number] for number in self._set.find(normal)}


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


@cache
def formats() -> Formats:
    """Return the words of all shipped formats.

    Raises ValueError naming file, table and key where a file holds one that is not known.
    """
    merged: dict[str, dict[str, list[str]]] = {table: {key: [] for key in keys} for table, keys in _LISTS.items()}
    for file, content in read_tables("mailwright.explain", "formats"):
        _merge(merged, file, content)
    return Formats(
        sender=Tagged(merged["sender"]),
        subject=Tagged(merged["subject"]),
        letter=Tagged(merged["letter"]),
        original=Tagged(merged["original"]),
        labels={normalise(label).strip(): kind for kind, labels in merged["label"].items() for label in labels},
        forward_from=frozenset(normalise(name).strip() for name in merged["forward"]["from"]),
        forward_subject=frozenset(normalise(name).strip() for name in merged["forward"]["subject"]),
    )


def _merge(merged: dict[str, dict[str, list[str]]], file: str, content: dict[str, Any]) -> None:
    for table, lists in content.items():
        for key, words in lists.items():
            if key not in merged.get(table, {}):
                raise ValueError(f"formats/{file}.toml: [{table}] {key} is not known; see explain/formats.py")
            merged[table][key] += [word for word in words if word not in merged[table][key]]
