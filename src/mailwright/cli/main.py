"""The command ``mailwright``: one module per verb; what they share is here."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mailwright import __version__
from mailwright.app.language import UnknownLanguage, choose_language
from mailwright.causes.texts import languages
from mailwright.cli import causes, explain
from mailwright.cli.help import GroupInLanguage, usage_words
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
        cls=GroupInLanguage,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_("Explains why mail failed: what happened, whose turn it is, and what to do."),
    )

    @application.callback()
    def root(
        *,
        version: Annotated[  # handled by its callback
            bool, typer.Option("--version", callback=_version, is_eager=True, help=_("Show the version and stop."))
        ] = False,
    ) -> None:
        """Hold the options that stand before the verb."""

    explain.register(application)
    causes.register(application)
    return application


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` and return its exit code.

    arguments: without the program's name; None takes the process's.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _take_any_letter(sys.stdout, sys.stderr)
    try:
        return _run(words)
    except BrokenPipeError:
        # Whoever read us has enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: list[str]) -> int:
    """Run the command line, word what is wrong with it, and return the exit code; whatever was shown is written out."""
    try:
        speak(choose_language(_asked_language(words), os.environ, languages()))
        result = _application()(words, standalone_mode=False, prog_name="mailwright")
        sys.stdout.flush()
    except UnknownLanguage as unknown:
        complain(
            _("--lang {asked}: there are no texts in this language; choose one of {known}").format(
                asked=unknown.asked, known=", ".join(unknown.known)
            )
        )
        return USAGE
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as stop:
        # All that Typer ends a program for by itself, when told not to, is a pipe that was closed.
        raise BrokenPipeError from stop
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(error.format_message() + "\n")
        else:
            complain(usage_words(error))
        return USAGE
    return result if isinstance(result, int) else FINE


def _take_any_letter(*streams: object) -> None:
    """Let a letter that the locale's encoding lacks, or half a one from a file's name, be escaped instead of raised."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
