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
from typing import Any, TypedDict

import ahocorasick_rs

from mailwright.explain.normalise import normalise

#: The widest gap that ``*`` bridges, in characters of the matching form: about a sentence.
GAP = 80

#: Scripts from here on (CJK) are written without spaces between words.
UNSPACED = "\u2e80"


class PhraseFault(ValueError):
    """A phrase that cannot be compiled; ``phrase`` is it, ``why`` says what is wrong."""

    def __init__(self, phrase: str, why: str) -> None:
        """Keep both for whoever words the message."""
        super().__init__(phrase, why)
        self.phrase = phrase
        self.why = why

    def __str__(self) -> str:
        """Return one line for the person who edits the rules."""
        return f"phrase {self.phrase!r}: {self.why}"


def fragments(phrase: str) -> tuple[str, ...]:
    """Return the literal fragments of ``phrase`` with the spaces that bound whole words.

    Raises PhraseFault for an empty fragment.
    """
    if not all(part.strip(" ~") for part in phrase.split("*")):
        raise PhraseFault(phrase, "a fragment without a word")
    found = []
    # A word that goes on may be followed by anything, also by the next word: "exceed~ quota" is "exceed~ * quota".
    for raw in f" {phrase} ".replace("~ ", "~*").replace(" ~", "*~").split("*"):
        if not raw.strip():
            continue
        part = raw.strip()
        open_start, open_end = part.startswith("~"), part.endswith("~")
        words = normalise(part.strip("~")).strip()
        if not words:
            raise PhraseFault(phrase, "a fragment without a word")
        before = "" if open_start or words[0] >= UNSPACED else " "
        after = "" if open_end or words[-1] >= UNSPACED else " "
        found.append(before + words + after)
    return tuple(found)


#: A phrase with gaps as its trigger leaves it: [number, fragments before it (nearest first), fragments behind it].
Gapped = list[Any]

#: What one trigger may complete, as lists because JSON knows no tuples: [the phrase that is the trigger alone, -1 for
#: none; phrases of two fragments with the other one behind; the same with it before, each as [number, other fragment,
#: how far to look]; phrases of more fragments as Gapped].
Use = list[Any]


class PhraseState(TypedDict):
    """A compiled PhraseSet as plain data that JSON can hold; uses run parallel to triggers, weights to the phrases."""

    triggers: list[str]
    uses: list[Use]
    weights: list[int]


def compile_phrases(phrases: Sequence[str]) -> PhraseState:
    """Return ``phrases`` compiled; their index in the sequence is their number.

    Raises PhraseFault naming the phrase that cannot be compiled.
    """
    pieces = [fragments(phrase) for phrase in phrases]
    shared = Counter(piece for phrase in pieces for piece in phrase)
    whole: dict[str, int] = {}
    gapped: dict[str, list[Gapped]] = {}
    for number, phrase in enumerate(pieces):
        place = min(range(len(phrase)), key=lambda at: (shared[phrase[at]], -len(phrase[at])))
        if len(phrase) == 1 and phrase[0] not in whole:
            whole[phrase[0]] = number
        else:
            # Also a phrase that is another one in a different spelling: it has nothing left to look for.
            gapped.setdefault(phrase[place], []).append([number, [*phrase[:place][::-1]], [*phrase[place + 1 :]]])
    triggers = list(dict.fromkeys([*whole, *gapped]))
    uses = [_use(whole.get(trigger, -1), gapped.get(trigger, [])) for trigger in triggers]
    return {"triggers": triggers, "uses": uses, "weights": [sum(map(len, phrase)) for phrase in pieces]}


def _use(whole: int, gapped: list[Gapped]) -> Use:
    pairs = [phrase for phrase in gapped if len(phrase[1]) + len(phrase[2]) == 1]
    return [
        whole,
        [[number, behind[0], GAP + len(behind[0])] for number, _, behind in pairs if behind],
        [[number, before[0], GAP + len(before[0])] for number, before, _ in pairs if before],
        [phrase for phrase in gapped if len(phrase[1]) + len(phrase[2]) != 1],
    ]


class PhraseSet:
    """Many phrases compiled together; ``find`` tells which of them a text holds."""

    def __init__(self, state: PhraseState) -> None:
        """Make the automaton of compiled phrases; nothing is copied."""
        #: Characters that each phrase fixes: how much it says.
        self.weights = state["weights"]
        self._uses = state["uses"]
        self._matches = ahocorasick_rs.AhoCorasick(state["triggers"]).find_matches_as_indexes

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return (number, begin) of every place of a phrase without gaps in ``text``, in order."""
        uses = self._uses
        return [
            (uses[trigger][0], start)
            for trigger, start, _ in self._matches(text, overlapping=True)
            if uses[trigger][0] >= 0
        ]

    def find(self, text: str) -> set[int]:
        """Return the numbers of all phrases that occur in ``text``, which must be in matching form."""
        found: set[int] = set()
        uses = self._uses
        for trigger, start, end in self._matches(text, overlapping=True):
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
            for number, pieces_before, pieces_behind in longer:
                if (not pieces_behind or _behind(text, pieces_behind, end)) and (
                    not pieces_before or _before(text, pieces_before, start)
                ):
                    found.add(number)
        return found


def _behind(text: str, pieces: list[str], end: int) -> bool:
    """Tell whether ``pieces`` follow ``end`` in order, each within GAP."""
    piece = pieces[0]
    limit = end + GAP + len(piece)
    at = text.find(piece, end - 1, limit)
    while at >= 0:
        if len(pieces) == 1 or _behind(text, pieces[1:], at + len(piece)):
            return True
        at = text.find(piece, at + 1, limit)
    return False


def _before(text: str, pieces: list[str], start: int) -> bool:
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
