"""The command ``mailwright``: one module per verb; what they share is here."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mailwright import __version__
from mailwright.app.language import UnknownLanguage, choose_language
from mailwright.causes.texts import languages
from mailwright.cli.exit_codes import FINE, INTERRUPTED, USAGE
from mailwright.cli.help import GroupInLanguage, usage_words
from mailwright.cli.interface import _, speak
from mailwright.cli.screen import complain

#: The verbs, in the order of the help page; each is a module beside this one.
VERBS = ("explain", "send", "trace", "auth", "spf", "dkim", "lab", "causes")


def _version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - Click's callback
    if asked:
        click.echo(f"mailwright {__version__}")
        context.exit(FINE)


def _application() -> click.Group:
    """Return the program with its verbs, its words in the language in use."""
    version = click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_version,
        help=_("Show the version and stop."),
    )
    return GroupInLanguage(
        "mailwright",
        verbs={verb: f"mailwright.cli.{verb}" for verb in VERBS},
        params=[version],
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_("Explains why mail failed: what happened, whose turn it is, and what to do."),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` and return its exit code.

    arguments: without the program's name; None takes the process's.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _fill_standard_places()
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
        program = _application()
        with program.make_context("mailwright", words) as context:
            result = program.invoke(context)
        sys.stdout.flush()
    except UnknownLanguage as unknown:
        complain(
            _("--lang {asked}: there are no texts in this language; choose one of {known}").format(
                asked=unknown.asked, known=", ".join(unknown.known)
            )
        )
        return USAGE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message() + "\n")
        return USAGE
    except click.ClickException as error:
        complain(usage_words(error))
        return USAGE
    return result if isinstance(result, int) else FINE


def _fill_standard_places() -> None:
    """Open the null device where standard input, output or errors are closed: no socket or file may get their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open as long as we run


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
