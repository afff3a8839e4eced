"""The command ``mailwright``: one module per verb; what they share is here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from mailwright import __version__
from mailwright.app.language import UnknownLanguage, choose_language
from mailwright.causes.texts import languages
from mailwright.cli import causes, explain
from mailwright.cli.interface import _, speak
from mailwright.cli.screen import complain

#: Exit codes of every command.
FINE, TROUBLE, USAGE, COULD_NOT_TELL = 0, 1, 2, 3
INTERRUPTED = 130


def _version(asked: bool) -> None:  # noqa: FBT001 - typer's callback
    if asked:
        typer.echo(f"mailwright {__version__}")
        raise typer.Exit(FINE)


def _application() -> typer.Typer:
    application = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_("Explains why mail failed: what happened, whose turn it is, and what to do."),
    )

    @application.callback()
    def root(
        version: bool = typer.Option(  # noqa: ARG001, FBT001 - handled by its callback
            False, "--version", callback=_version, is_eager=True, help=_("Show the version and stop.")
        ),
    ) -> None:
        """Hold the options that stand before the verb."""

    explain.register(application)
    causes.register(application)
    return application


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` (without the program's name; default: the process's) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        speak(choose_language(_asked_language(words), os.environ, languages()))
        result = _application()(words, standalone_mode=False, prog_name="mailwright")
    except UnknownLanguage as unknown:
        complain(
            _("--lang {asked}: there are no texts in this language; choose one of {known}").format(
                asked=unknown.asked, known=", ".join(unknown.known)
            )
        )
        return USAGE
    except typer.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        # Whoever read us has enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        complain(error.format_message())
        return USAGE
    return result if isinstance(result, int) else FINE


def _asked_language(words: Sequence[str]) -> str | None:
    """Return the value of --lang before the options are parsed, so that even help speaks it."""
    for number, word in enumerate(words):
        if word == "--":
            return None
        if word == "--lang" and number + 1 < len(words):
            return words[number + 1]
        if word.startswith("--lang="):
            return word.partition("=")[2]
    return None
