"""Phrases: what rules look for, found all at once in time linear in the text.

Theory of operation.  A phrase is plain words: ``user unknown``.  ``*`` stands for a gap of at most GAP characters:
``mailbox * full``.  ``~`` at the end or start of a fragment lets the word go on there: ``exceed~``, ``~postfach``.
Words are matched whole otherwise; in scripts written without spaces a fragment may begin and end anywhere.

Of every phrase the fragment that fewest phrases share is its trigger; all triggers are entries of one Aho-Corasick
automaton, which reads the text once.  Where a trigger is found, the phrase's other fragments are looked for within
GAP characters before and behind it, so the work for one hit is bounded and no text can make it grow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ahocorasick_rs

from mailwright.explain.normalise import normalise

#: The widest gap that ``*`` bridges, in characters of the matching form: about a sentence.
GAP = 80

#: Scripts from here on (CJK) are written without spaces between words.
UNSPACED = "\u2e80"


@dataclass(frozen=True, slots=True)
class PhraseFault(ValueError):
    """A phrase that cannot be compiled; says which and why."""

    phrase: str
    why: str

    def __str__(self) -> str:
        """Return one line for the person who edits the rules."""
        return f"phrase {self.phrase!r}: {self.why}"


def fragments(phrase: str) -> tuple[str, ...]:
    """Return the literal fragments of ``phrase`` with the spaces that bound whole words.

    Raises PhraseFault for an empty fragment.
    """
    found = []
    for raw in phrase.split("*"):
        part = raw.strip()
        open_start, open_end = part.startswith("~"), part.endswith("~")
        words = normalise(part.strip("~")).strip()
        if not words:
            raise PhraseFault(phrase, "a fragment without a word")
        before = "" if open_start or words[0] >= UNSPACED else " "
        after = "" if open_end or words[-1] >= UNSPACED else " "
        found.append(before + words + after)
    return tuple(found)


class _Gapped(NamedTuple):
    """A phrase with gaps as its trigger leaves it: the fragments before it, nearest first, and those behind it."""

    number: int
    before: tuple[str, ...]
    behind: tuple[str, ...]


class _Use(NamedTuple):
    """What one trigger may complete.

    whole: the phrase that is the trigger alone, -1 for none.  behind, before: phrases of two fragments as (number, the
    other fragment, how far to look for it); nearly all phrases with gaps are such.  longer: the others.
    """

    whole: int
    behind: tuple[tuple[int, str, int], ...]
    before: tuple[tuple[int, str, int], ...]
    longer: tuple[_Gapped, ...]


def _use(whole: int, gapped: Sequence[_Gapped]) -> _Use:
    pairs = [phrase for phrase in gapped if len(phrase.before) + len(phrase.behind) == 1]
    return _Use(
        whole,
        tuple((pair.number, pair.behind[0], GAP + len(pair.behind[0])) for pair in pairs if pair.behind),
        tuple((pair.number, pair.before[0], GAP + len(pair.before[0])) for pair in pairs if pair.before),
        tuple(phrase for phrase in gapped if len(phrase.before) + len(phrase.behind) > 1),
    )


class PhraseSet:
    """Many phrases compiled together; ``find`` tells which of them a text holds."""

    def __init__(self, phrases: Sequence[str]) -> None:
        """Compile ``phrases``; their index in the sequence is their number in the results.

        Raises PhraseFault naming the phrase that cannot be compiled.
        """
        pieces = [fragments(phrase) for phrase in phrases]
        shared = Counter(piece for phrase in pieces for piece in phrase)
        triggers: dict[str, int] = {}
        whole: dict[int, int] = {}
        gapped: dict[int, list[_Gapped]] = {}
        for number, phrase in enumerate(pieces):
            place = min(range(len(phrase)), key=lambda at: (shared[phrase[at]], -len(phrase[at])))
            trigger = triggers.setdefault(phrase[place], len(triggers))
            if len(phrase) == 1:
                whole[trigger] = number
            else:
                gapped.setdefault(trigger, []).append(_Gapped(number, phrase[:place][::-1], phrase[place + 1 :]))
        #: Characters that each phrase fixes: how much it says.
        self.weights = [sum(map(len, phrase)) for phrase in pieces]
        self._uses = [_use(whole.get(i, -1), gapped.get(i, ())) for i in range(len(triggers))]
        self._matches = ahocorasick_rs.AhoCorasick(list(triggers)).find_matches_as_indexes

    def find(self, text: str) -> set[int]:
        """Return the numbers of all phrases that occur in ``text``, which must be in matching form."""
        found: set[int] = set()
        uses = self._uses
        for trigger, start, end in self._matches(text, True):
            whole, behind, before, longer = uses[trigger]
            if whole >= 0:
                found.add(whole)
            # Neighbouring fragments may share the space between them.
            for number, piece, reach in behind:
                if text.find(piece, end - 1, end + reach) >= 0:
                    found.add(number)
            for number, piece, reach in before:
                if text.find(piece, start - reach if start > reach else 0, start + 1) >= 0:
                    found.add(number)
            for phrase in longer:
                if (not phrase.behind or _behind(text, phrase.behind, end)) and (
                    not phrase.before or _before(text, phrase.before, start)
                ):
                    found.add(phrase.number)
        return found


def _behind(text: str, pieces: tuple[str, ...], end: int) -> bool:
    """Tell whether ``pieces`` follow ``end`` in order, each within GAP."""
    piece = pieces[0]
    limit = end + GAP + len(piece)
    at = text.find(piece, end - 1, limit)
    while at >= 0:
        if len(pieces) == 1 or _behind(text, pieces[1:], at + len(piece)):
            return True
        at = text.find(piece, at + 1, limit)
    return False


def _before(text: str, pieces: tuple[str, ...], start: int) -> bool:
    """Tell whether ``pieces``, nearest first, stand before ``start`` in order, each within GAP."""
    piece = pieces[0]
    limit = max(0, start - GAP - len(piece))
    at = text.rfind(piece, limit, start + 1)
    while at >= 0:
        if len(pieces) == 1 or _before(text, pieces[1:], at):
            return True
        at = text.rfind(piece, limit, at + len(piece) - 1)
    return False


def number_phrases(groups: Iterable[Iterable[str]]) -> dict[str, int]:
    """Return every distinct phrase of the groups with its number, in order of first appearance."""
    numbers: dict[str, int] = {}
    for group in groups:
        for phrase in group:
            numbers.setdefault(phrase, len(numbers))
    return numbers
