"""Help pages and usage errors in the reader's language; Click's own words are English.

Headings are replaced line by line in the finished page, so that whatever a release of Click words differently stays
English and nothing breaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import click

from mailwright.app.schemas import schema_text
from mailwright.cli.exit_codes import FINE
from mailwright.cli.interface import _


def language_option() -> click.Option:
    """Return the option that every verb with texts has."""
    return click.Option(["--lang"], default="", metavar="LANGUAGE", help=_("Language of the texts: en, de, cs, zh."))


def schema_option(name: str) -> click.Option:
    """Return the option that prints the JSON Schema ``name`` (app.schemas), whatever else the call lacks."""

    def print_it(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - Click's callback
        if asked:
            click.echo(schema_text(name), nl=False)
            context.exit(FINE)

    return click.Option(
        ["--schema"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=print_it,
        help=_("The JSON Schema of the output of --json."),
    )


class HelpInLanguage(click.Command):
    """A verb whose help speaks the reader's language and explains its arguments too."""

    def __init__(self, *words: Any, arguments: dict[str, str], **more: Any) -> None:
        """As Click's; ``arguments`` gives what each argument is, by its name on the help page."""
        super().__init__(*words, **more)
        self.arguments = arguments

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments before the options."""
        if self.arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(list(self.arguments.items()))
        super().format_options(ctx, formatter)

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        return in_language(super().get_help(ctx))


class GroupInLanguage(click.Group):
    """The program itself: its help and the answer to a misspelt verb speak the reader's language.

    A verb's module is imported when the verb is used, so that none pays for what another one needs.
    """

    def __init__(self, *words: Any, verbs: dict[str, str], **more: Any) -> None:
        """As Click's; ``verbs`` gives the module of each verb, which has a function ``command``."""
        super().__init__(*words, **more)
        self.verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order of the help page."""
        del ctx
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the verb; None where there is none of this name."""
        del ctx
        if cmd_name not in self.verbs:
            return None
        command: click.Command = import_module(self.verbs[cmd_name]).command()
        return command

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        return in_language(super().get_help(ctx))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the verb that ``args`` begin with; raises a usage error that names the nearest where it is none."""
        if args and args[0] not in self.verbs and not args[0].startswith("-"):
            near = nearest(args[0], self.verbs)
            if near:
                ctx.fail(_("there is no command {name}; did you mean {near}?").format(name=args[0], near=near))
            known = ", ".join(self.verbs)
            ctx.fail(_("there is no command {name}; there are {known}").format(name=args[0], known=known))
        return super().resolve_command(ctx, args)


def in_language(page: str) -> str:
    """Return a help page of Click's with its headings in the reader's language."""
    headings = {
        "Arguments:": _("Arguments:"),
        "Options:": _("Options:"),
        "Commands:": _("Commands:"),
    }
    lines = [headings.get(line, line) for line in page.split("\n")]
    if lines[0].startswith("Usage: "):
        lines[0] = _("Usage: {line}").format(line=lines[0].removeprefix("Usage: "))
    return "\n".join(lines).replace("Show this message and exit.", _("Show this page."))


def usage_words(error: click.ClickException) -> str:
    """Return what is wrong with the command line, in one line."""
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(sorted(error.possibilities or ()))
        if near:
            return _("there is no option {option}; did you mean {near}?").format(option=error.option_name, near=near)
        return _("there is no option {option}; --help lists them all").format(option=error.option_name)
    if isinstance(error, click.BadOptionUsage):
        return _("the option {option} needs a value").format(option=error.option_name)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.opts[0] if isinstance(error.param, click.Option) else error.param.metavar
        return _("{name} is missing; --help says what it is").format(name=name)
    if isinstance(error, click.BadParameter) and error.param is not None and error.param.opts:
        return _("{option}: this value cannot be used ({why})").format(option=error.param.opts[0], why=error.message)
    return error.message


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the up to three of ``known`` that are most like ``word``, joined by commas; "" where none is like it."""
    from difflib import get_close_matches  # noqa: PLC0415 - for messages about mistakes only

    return ", ".join(get_close_matches(word, list(known), 3))
