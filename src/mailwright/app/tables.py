"""Read the tables that explaining needs, once, before the first message."""

from __future__ import annotations

import gc

from mailwright.causes.texts import texts_in
from mailwright.explain.formats import formats
from mailwright.explain.reply import classifier


def read_tables_for(language: str) -> None:
    """Read rules, formats and the texts of ``language``; later calls find them read.

    They are a hundred thousand objects that live as long as the process.  The garbage collector would go through them
    over and over while they are made (a fifth of the start) and ever after, so it is paused and then told to leave them
    alone.
    """
    gc.disable()
    try:
        classifier()
        formats()
        texts_in(language)
        gc.freeze()
    finally:
        gc.enable()
