"""Classify: one text in, the rule that decides out.

Who wins where several rules match: the stronger (key, plain, state, hint, code); then the one that names the speaker;
then the one that names a code; then the one with the longest phrase found.  The order of files and rules decides
nothing: what is still equal is settled by the rule's id, and the tests hold every example against every rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from mailwright.explain.deciders import CompiledRules, Decider
from mailwright.explain.normalise import normalise
from mailwright.explain.rules import Strength
from mailwright.mail.codes import find_reply_code, find_status, is_reply_code
from mailwright.mail.finding import find_addresses


class Context(NamedTuple):
    """What is known beside the words.  None: not known.

    reply_code, status: as they stand literally ("550", "5.1.1").
    host: name of the server that spoke.  step: the command it answered ("rcpt", "data" …).
    """

    reply_code: str | None = None
    status: str | None = None
    host: str | None = None
    step: str | None = None


def context_of(text: str, host: str | None = None, step: str | None = None) -> Context:
    """Return the context of a text that stands alone: its codes are those that it holds."""
    return Context(find_reply_code(text), find_status(text), host, step)


class Verdict(NamedTuple):
    """The rule that decided (None: nothing matched), the codes used, and the speaker where one was recognised."""

    rule: Decider | None
    reply_code: str | None
    status: str | None
    speaker: str | None


#: Texts without their addresses whose verdict is remembered, and the characters of the longest of them: some MB in all.
REMEMBERED = 8_192
LONGEST_REMEMBERED = 400
#: The cause that says that nothing is known; a rule may stand for it where words are known to mean nothing.
UNDETERMINED = "undetermined"


class Classifier:
    """Classifies texts by one set of compiled rules."""

    def __init__(self, compiled: CompiledRules) -> None:
        """Use ``compiled`` rules; nothing is copied."""
        self._compiled = compiled
        # Mail systems repeat themselves: but for addresses, a million refusals hold a few thousand different texts.
        self._alone = lru_cache(maxsize=REMEMBERED)(self.classify)
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._find_and_weigh)

    def classify(
        self, text: str, context: Context | None = None, near: Sequence[str] = (), far: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict on a reply line, an error message or a sentence of a letter; never raises.

        ``context``: what else is known; where it is None the codes are looked for in ``text``.
        ``near``: further texts about this very failure, the most telling first; ``far``: texts that are about more than
        it, such as a whole letter.  Each is read only where those before say nothing definite.
        """
        if context is None:
            context = context_of(text)
        reply_code, status, host, step = context
        codes = codes_of(reply_code, status)
        normal = normalise(without_repeated_codes(text))
        best, speaker = self._by_words(self._without_addresses(normal), codes, host, step)
        if best is not None and best.strength == Strength.STATE:
            best = self._best_of_further(near, codes, context, best)
        elif best is None or (best.cause == UNDETERMINED and best.strength != Strength.KEY):
            by_code = self._best_by_codes(codes, speaker, step) if codes else None
            if by_code is None or by_code.cause == UNDETERMINED:
                by_code = self._best_of_further((*near, *far), codes, context) or best or by_code
            best = by_code
        return Verdict(best, reply_code, status, speaker)

    def classify_alone(self, text: str) -> Verdict:
        """Return the verdict on a text of which nothing else is known; what it says beside addresses is remembered.

        Its codes are those that it holds.  Never raises.
        """
        places = find_addresses(text) if "@" in text else ()
        skeleton = text
        for begin, end, address in reversed(places):
            if not self._is_looked_for(address.lower()):
                skeleton = f"{skeleton[:begin]}@{skeleton[end:]}"
        return self.classify(skeleton) if len(skeleton) > LONGEST_REMEMBERED else self._alone(skeleton)

    def _best_of_further(
        self, texts: Iterable[str], codes: Sequence[str], context: Context, best: Decider | None = None
    ) -> Decider | None:
        """Return the rule that decides by the first of ``texts`` that says why, else the best of all and ``best``."""
        for text in texts:
            rule, _ = self._by_words(self._without_addresses(normalise(text)), codes, context.host, context.step)
            if rule is None or rule.cause == UNDETERMINED:
                continue
            if rule.strength >= Strength.PLAIN:
                return rule
            if best is None or rule.strength > best.strength:
                best = rule
        return best

    def _without_addresses(self, normal: str) -> str:
        """Return a text in matching form with "@" for every mail address that no phrase looks for."""
        if "@" not in normal:
            return normal
        words = [word if "@" not in word or self._is_looked_for(word) else "@" for word in normal.split()]
        return f" {' '.join(words)} "

    def _is_looked_for(self, address: str) -> bool:
        """Tell whether a phrase holds ``address`` (lower case), or its "@" and domain."""
        wanted = self._compiled.addresses
        return address in wanted or address[address.find("@") :] in wanted

    def _by_words(
        self, normal: str, codes: Sequence[str], host: str | None, step: str | None
    ) -> tuple[Decider | None, str | None]:
        weigh = self._remembered if len(normal) <= LONGEST_REMEMBERED else self._find_and_weigh
        return weigh(normal, codes, host, step)

    def _find_and_weigh(
        self, normal: str, codes: Sequence[str], host: str | None, step: str | None
    ) -> tuple[Decider | None, str | None]:
        """Return the best rule for a text in matching form, and who speaks."""
        found = self._compiled.phrases.find(normal)
        speaker = self._speaker(found, host)
        return (self._best_by_words(found, codes, speaker, step) if found else None), speaker

    def _speaker(self, found: set[int], host: str | None) -> str | None:
        by_host = self._compiled.speaker_of_host(host) if host else None
        if found.isdisjoint(self._compiled.speaker_phrases):
            return by_host
        heard = [self._compiled.speaker_by_phrase[phrase] for phrase in sorted(found & self._compiled.speaker_phrases)]
        return by_host if by_host in heard else heard[0]

    def _best_by_words(
        self, found: set[int], codes: Sequence[str], speaker: str | None, step: str | None
    ) -> Decider | None:
        compiled = self._compiled
        best: Decider | None = None
        best_rank: tuple[int, bool, bool, int] = (-1, False, False, 0)
        for phrase in found:
            for index in compiled.by_phrase[phrase]:
                rule = compiled.deciders[index]
                if rule.strength < best_rank[0] or (rule.speaker is not None and rule.speaker != speaker):
                    continue
                if (rule.codes and rule.codes.isdisjoint(codes)) or (rule.steps and step not in rule.steps):
                    continue
                if not compiled.unless[index].isdisjoint(found):
                    continue
                rank = (rule.strength, rule.speaker is not None, bool(rule.codes), compiled.phrases.weights[phrase])
                if rank > best_rank or (rank == best_rank and best is not None and rule.id < best.id):
                    best, best_rank = rule, rank
        return best

    def _best_by_codes(self, codes: Sequence[str], speaker: str | None, step: str | None) -> Decider | None:
        """Return the rule for the most exact code known; of several the one that names speaker, then step."""
        for code in codes:
            fitting = [
                rule
                for rule in map(self._compiled.deciders.__getitem__, self._compiled.by_code.get(code, ()))
                if rule.speaker in (None, speaker) and (not rule.steps or step in rule.steps)
            ]
            if fitting:
                return min(fitting, key=lambda rule: (rule.speaker is None, not rule.steps, rule.id))
        return None


def without_repeated_codes(text: str) -> str:
    """Return a reply of several lines without the codes that begin the second and later ones (RFC 5321 4.2.1).

    Systems that join the lines leave them in the middle of sentences: "550-5.1.1 The account 550-5.1.1 does not exist".
    """
    code = text[:3]
    if text[3:4] != "-" or not is_reply_code(code):
        return text
    status = find_status(text[:14])
    lead = f"{code}-{status} " if status and text.startswith(status, 4) else f"{code}-"
    head, rest = text[: len(lead)], text[len(lead) :]
    for repeated in dict.fromkeys((lead, lead.replace("-", " ", 1))):
        rest = rest.replace(repeated, "")
    return head + rest


@lru_cache(maxsize=4096)
def codes_of(reply_code: str | None, status: str | None) -> tuple[str, ...]:
    """Return every name under which a rule may ask for these codes, the most exact first.

    "5.1.1", then "x.1.1" for any class, "x.1" for the subject, the reply code, "5" for the class.  An enhanced code
    that says nothing but its class (5.0.0) counts as its class only.
    """
    names: list[str] = []
    if status:
        _, subject, detail = status.split(".")
        names += [] if subject == detail == "0" else [status, f"x.{subject}.{detail}", f"x.{subject}"]
    if reply_code:
        names.append(reply_code)
    names += [code[0] for code in (status, reply_code) if code][:1]
    return tuple(names)
