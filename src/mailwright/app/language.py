"""The reader's language: asked for, or taken from the locale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Where POSIX says which language messages are in, the first that is set wins (POSIX.1-2017 8.2).
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class UnknownLanguage(ValueError):
    """A language that there are no texts in.

    asked: as it was written.  known: the languages there are.
    """

    def __init__(self, asked: str, known: Sequence[str]) -> None:
        """Keep both for whoever words the message."""
        super().__init__(asked)
        self.asked = asked
        self.known = tuple(known)


def choose_language(asked: str | None, environment: Mapping[str, str], known: Sequence[str]) -> str:
    """Return the language to speak: ``asked`` ("de", "de_AT", "zh-CN"), else the locale's where known, else "en".

    Raises UnknownLanguage where ``asked`` is none of ``known``.
    """
    if asked is not None:
        language = _primary(asked)
        if language not in known:
            raise UnknownLanguage(asked, known)
        return language
    locale = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    language = _primary(locale)
    return language if language in known else "en"


def _primary(tag: str) -> str:
    """Return the primary language of a BCP 47 tag or a POSIX locale: "zh" of "zh_CN.UTF-8"."""
    return tag.replace("-", "_").partition("_")[0].partition(".")[0].lower()
