"""Classify: one text in, the rule that decides out.

Who wins where several rules match: the stronger (key, plain, hint, code); then the one that names the speaker; then
the one that names a code; then the one with the longest phrase found.  The order of files and rules decides nothing:
what is still equal is settled by the rule's id, and the tests hold every example against every rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from mailwright.explain.normalise import normalise
from mailwright.explain.rules import CompiledRules, Rule, Strength
from mailwright.mail.codes import find_reply_code, find_status


class Context(NamedTuple):
    """What is known beside the words.  None: not known.

    reply_code, status: as they stand literally ("550", "5.1.1"); where None they are looked for in the text.
    host: name of the server that spoke.  step: the command it answered ("rcpt", "data" …).
    """

    reply_code: str | None = None
    status: str | None = None
    host: str | None = None
    step: str | None = None


class Verdict(NamedTuple):
    """The rule that decided (None: nothing matched), the codes used, and the speaker where one was recognised."""

    rule: Rule | None
    reply_code: str | None
    status: str | None
    speaker: str | None


NO_CONTEXT = Context()
#: The cause that says that nothing is known; a rule may stand for it where words are known to mean nothing.
UNDETERMINED = "undetermined"


class Classifier:
    """Classifies texts by one set of compiled rules."""

    def __init__(self, compiled: CompiledRules) -> None:
        """Use ``compiled`` rules; nothing is copied."""
        self._compiled = compiled

    def classify(self, text: str, context: Context = NO_CONTEXT, also: Iterable[str] = ()) -> Verdict:
        """Return the verdict on a reply line, an error message or a sentence of a letter; never raises.

        ``also``: further texts about the same failure, the most telling first; each is read only where those before
        say nothing definite.  Codes are looked for in ``text`` alone.
        """
        reply_code, status, host, step = context
        reply_code = reply_code or find_reply_code(text)
        status = status or find_status(text)
        codes = codes_of(reply_code, status)
        found = self._compiled.phrases.find(normalise(text))
        speaker = self._speaker(found, host)
        best = self._best_by_words(found, codes, speaker, step) if found else None
        if best is None or best.strength is Strength.HINT or best.cause == UNDETERMINED:
            for further in also:
                found = self._compiled.phrases.find(normalise(further))
                other = self._best_by_words(found, codes, self._speaker(found, host), step) if found else None
                if other is not None and (best is None or other.strength > best.strength):
                    best = other
                    if best.strength is not Strength.HINT and best.cause != UNDETERMINED:
                        break
            if best is None and codes:
                best = self._best_by_codes(codes, speaker, step)
        return Verdict(best, reply_code, status, speaker)

    def _speaker(self, found: set[int], host: str | None) -> str | None:
        if not found.isdisjoint(self._compiled.speaker_phrases):
            return self._compiled.speaker_by_phrase[min(found & self._compiled.speaker_phrases)]
        return self._compiled.speaker_of_host(host) if host else None

    def _best_by_words(self, found: set[int], codes: Sequence[str], speaker: str | None, step: str | None) -> Rule | None:
        compiled = self._compiled
        best: Rule | None = None
        best_rank: tuple[int, bool, bool, int] = (-1, False, False, 0)
        for phrase in found:
            for rule, unless, strength in compiled.by_phrase[phrase]:
                if strength < best_rank[0] or (rule.speaker is not None and rule.speaker != speaker):
                    continue
                if (rule.codes and rule.codes.isdisjoint(codes)) or (rule.steps and step not in rule.steps):
                    continue
                if unless and not unless.isdisjoint(found):
                    continue
                rank = (strength, rule.speaker is not None, bool(rule.codes), compiled.phrases.weights[phrase])
                if rank > best_rank or (rank == best_rank and best is not None and rule.id < best.id):
                    best, best_rank = rule, rank
        return best

    def _best_by_codes(self, codes: Sequence[str], speaker: str | None, step: str | None) -> Rule | None:
        """Return the rule for the most exact code known; of several the one that names speaker, then step."""
        for code in codes:
            fitting = [
                rule
                for rule in self._compiled.by_code.get(code, ())
                if rule.speaker in (None, speaker) and (not rule.steps or step in rule.steps)
            ]
            if fitting:
                return min(fitting, key=lambda rule: (rule.speaker is None, not rule.steps, rule.id))
        return None


@lru_cache(maxsize=4096)
def codes_of(reply_code: str | None, status: str | None) -> tuple[str, ...]:
    """Return every name under which a rule may ask for these codes, the most exact first.

    "5.1.1", then "x.1.1" for any class, the reply code, "x.1" for the subject, "5" for the class.  An enhanced code
    that says nothing but its class (5.0.0) counts as its class only.
    """
    names: list[str] = []
    subject = ""
    if status:
        _, subject, detail = status.split(".")
        names += [] if subject == detail == "0" else [status, f"x.{subject}.{detail}"]
    if reply_code:
        names.append(reply_code)
    if subject:
        names.append(f"x.{subject}")
    names += [code[0] for code in (status, reply_code) if code][:1]
    return tuple(names)
