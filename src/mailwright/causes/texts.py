"""Texts of causes in the reader's language, with the evidence filled in.

English stands in the catalogue; other languages are ``locales/*.po``, with the English text as msgid and
"<cause id>|title", "|explanation" or "|fix N" as context.  A text that a language lacks is shown in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from mailwright.causes.cause import Cause
from mailwright.causes.data import Translator, languages_of, translator

#: The language that the catalogue itself is written in.
SOURCE_LANGUAGE = "en"

#: What stands for a value that the evidence does not tell, by placeholder; translated with context "missing|NAME".
FILLERS = {"recipient": "of the recipient", "domain": "of the recipient", "host": "of the other side"}

#: A translation of a filler that means: leave the place empty.
NO_FILLER = "-"


def languages() -> tuple[str, ...]:
    """Return the languages there are texts in, English first."""
    return (SOURCE_LANGUAGE, *(name for name in languages_of("mailwright.causes") if name != SOURCE_LANGUAGE))


class CauseTexts:
    """Titles, explanations and fixes in one language."""

    def __init__(self, language: str) -> None:
        """Read the texts of ``language``; raises LookupError for one that there are none in."""
        self.language = language
        self._translate: Translator = translator("mailwright.causes", language)
        self._fillers = {name: self._translate(f"missing|{name}", text) for name, text in FILLERS.items()}

    def title(self, cause: Cause) -> str:
        """Return the title, without a full stop."""
        return self._translate(f"{cause.id}|title", cause.title)

    def explanation(self, cause: Cause, values: Mapping[str, str | None]) -> str:
        """Return what happened; ``values`` gives "recipient", "domain" and "host" as far as they are known."""
        return self._filled(self._translate(f"{cause.id}|explanation", cause.explanation), values)

    def fixes(self, cause: Cause, values: Mapping[str, str | None]) -> list[str]:
        """Return the steps to take, in order."""
        return [
            self._filled(self._translate(f"{cause.id}|fix {number}", fix), values)
            for number, fix in enumerate(cause.fixes, 1)
        ]

    def _filled(self, text: str, values: Mapping[str, str | None]) -> str:
        """Return ``text`` with its placeholders filled in one pass, so that a value is never read as a placeholder."""
        filled, *pieces = text.split("{")
        for piece in pieces:
            name, _, rest = piece.partition("}")
            word = values.get(name) or self._fillers[name]
            if word == NO_FILLER:
                filled, rest = filled.rstrip(" "), rest.removeprefix(" ")
                word = ""
            filled += word + rest
        return filled


@cache
def texts_in(language: str) -> CauseTexts:
    """Return the texts of ``language``, read once; raises LookupError for one that there are none in."""
    return CauseTexts(language)
