"""The words of the command line in the reader's language.

``_`` marks a text and translates it; the language is set once, before anything is shown.
"""

from __future__ import annotations

from mailwright.causes.data import Translator, translator


class _Language:
    """The translator in use; English until another is chosen."""

    translate: Translator = staticmethod(translator("mailwright.cli", "en"))


def speak(language: str) -> None:
    """Use ``language`` from now on; raises LookupError where there are no texts in it."""
    _Language.translate = staticmethod(translator("mailwright.cli", language))


def _(text: str) -> str:
    """Return ``text`` in the language in use."""
    return _Language.translate("", text)


def pgettext(context: str, text: str) -> str:
    """Return ``text`` in the language in use, told apart by ``context`` from the same words elsewhere."""
    return _Language.translate(context, text)
