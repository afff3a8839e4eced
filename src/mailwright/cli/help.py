"""Help pages and usage errors in the reader's language; Typer itself knows English only.

Headings are replaced line by line in the finished page, so that whatever a release of Typer words differently stays
English and nothing breaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

from mailwright.cli.interface import _

#: What Typer writes after the name of an argument that may be given several times.
TYPE_NAME = " <list[str]>"


class HelpInLanguage(TyperCommand):
    """A verb whose help speaks the reader's language."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return in_language(super().get_help(ctx))


class GroupInLanguage(TyperGroup):
    """The program itself: its help and the answer to a misspelt verb speak the reader's language."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return in_language(super().get_help(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the verb that ``args`` begin with; raises a usage error that names the nearest where it is none."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = nearest(args[0], self.commands)
            if near:
                ctx.fail(_("there is no command {name}; did you mean {near}?").format(name=args[0], near=near))
            known = ", ".join(self.commands)
            ctx.fail(_("there is no command {name}; there are {known}").format(name=args[0], known=known))
        return super().resolve_command(ctx, args)


def in_language(page: str) -> str:
    """Return a help page of Typer's with its headings in the reader's language."""
    headings = {
        "Arguments:": _("Arguments:"),
        "Options:": _("Options:"),
        "Commands:": _("Commands:"),
    }
    lines = [headings.get(line, line) for line in page.split("\n")]
    if lines[0].startswith("Usage: "):
        lines[0] = _("Usage: {line}").format(line=lines[0].removeprefix("Usage: "))
    page = "\n".join(lines).replace("Show this message and exit.", _("Show this page."))
    # A name of Python's type says nothing to the reader; blanks of its width keep the columns.
    return page.replace(TYPE_NAME, " " * len(TYPE_NAME))


def usage_words(error: Exception) -> str:
    """Return what is wrong with the command line, in one line, from an error of Typer's that has ``format_message``."""
    option = getattr(error, "option_name", None)
    if option and hasattr(error, "possibilities"):
        near = ", ".join(sorted(error.possibilities or ()))
        if near:
            return _("there is no option {option}; did you mean {near}?").format(option=option, near=near)
        return _("there is no option {option}; --help lists them all").format(option=option)
    if option:
        return _("the option {option} needs a value").format(option=option)
    names = getattr(getattr(error, "param", None), "opts", None)
    message = str(getattr(error, "message", error))
    if names:
        return _("{option}: this value cannot be used ({why})").format(option=names[0], why=message)
    return message


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the up to three of ``known`` that are most like ``word``, joined by commas; "" where none is like it."""
    from difflib import get_close_matches  # noqa: PLC0415 - for messages about mistakes only

    return ", ".join(get_close_matches(word, list(known), 3))
