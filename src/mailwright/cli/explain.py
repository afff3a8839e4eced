"""``mailwright explain``: bounces, replies and error messages explained."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import click

from mailwright.app.batch import Result, explain_replies, explain_sources, usable_cores
from mailwright.app.language import choose_language
from mailwright.app.replies import Reply, read_replies
from mailwright.app.sources import SourceTrouble, read_sources
from mailwright.causes.texts import languages
from mailwright.cli.exit_codes import COULD_NOT_TELL, FINE, TROUBLE, USAGE
from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _
from mailwright.cli.render import explanation_lines
from mailwright.cli.reports import is_trouble, is_undecided, report_page, with_sentences
from mailwright.cli.screen import complain, show, write_json
from mailwright.cli.summary import Summary
from mailwright.cli.words import trouble_words


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "explain",
        callback=_explain,
        short_help=_("Explain bounces, replies and error messages."),
        help=_(
            "Explain bounces and error messages: what happened, whose turn it is, what to do; and reports of receivers "
            "about a domain's mail (DMARC, TLS), as files or in the mail that carries them.\n\n"
            "Exit codes: 0 nothing failed, 1 a failure was explained, 2 something could not be read, "
            "3 a failure whose cause could not be told."
        ),
        arguments={"[PATH]...": _("Messages, mailboxes, Maildirs, folders, reports; - is standard input.")},
        params=[
            click.Argument(["paths"], nargs=-1, metavar="[PATH]..."),
            click.Option(["--reply"], multiple=True, metavar="TEXT", help=_("A reply or error message to explain.")),
            click.Option(
                ["--replies"],
                default="",
                metavar="FILE",
                help=_("Replies, one a line, or JSON lines with id and text; - is standard input."),
            ),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object a message, one a line.")),
            click.Option(["--summary"], is_flag=True, help=_("Counts by cause and destination instead.")),
            schema_option("explain"),
            language_option(),
            click.Option(
                ["--jobs", "-j"],
                type=click.IntRange(min=0),
                default=0,
                metavar="NUMBER",
                help=_("Processes; 0 takes all cores."),
            ),
        ],
    )


def _explain(  # noqa: PLR0913 - one parameter an option
    *,
    paths: tuple[str, ...],
    reply: tuple[str, ...],
    replies: str,
    as_json: bool,
    summary: bool,
    lang: str,
    jobs: int,
) -> int:
    language = choose_language(lang or None, os.environ, languages())
    if not (paths or reply or replies):
        complain(_("nothing to explain; name a file or folder, - for standard input, or --reply TEXT"))
        return USAGE
    results = _results(paths, reply, replies, language, jobs or usable_cores())
    return present(results, as_json=as_json, summary=summary)


def _results(paths: Sequence[str], reply: Sequence[str], replies: str, language: str, jobs: int) -> Iterator[Result]:
    given = [Reply("--reply", None, text) for text in reply]
    yield from explain_replies(given, language, 1)
    if replies:
        yield from explain_replies(read_replies(replies, trouble_words), language, jobs)
    if paths:
        yield from explain_sources(read_sources(paths, trouble_words), language, jobs)


def present(results: Iterable[Result], *, as_json: bool, summary: bool) -> int:
    """Show ``results`` as they come and return the exit code."""
    outcome = Outcome()
    counted = Summary()
    first = True
    for result in _with_progress(results, silent=summary or not sys.stdout.isatty()):
        if isinstance(result, SourceTrouble):
            outcome.unread = True
            complain(f"{result.source}: {result.why}")
            continue
        if "findings" in result:
            result = with_sentences(result)  # noqa: PLW2901 - the same one, in the reader's language
        outcome.count(result)
        if summary:
            counted.add(result)
        elif as_json:
            write_json(result)
        else:
            page = report_page if "findings" in result else explanation_lines
            show(page(result, first=first))
            first = False
    if summary:
        counted.show(as_json=as_json)
    return outcome.exit_code


class Outcome:
    """What the exit code depends on."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.unread = False
        self.explained = False
        self.unexplained = False

    def count(self, result: dict[str, Any]) -> None:
        """Take note of one message."""
        if "findings" in result:
            self.explained |= is_trouble(result)
            self.unexplained |= is_undecided(result)
            return
        if result["kind"] not in ("bounce", "delayed", "feedback"):
            return
        told = any(report["confidence"] != "unknown" for report in result["reports"])
        self.explained |= told
        self.unexplained |= not told

    @property
    def exit_code(self) -> int:
        """0 fine, 1 trouble found, 2 something could not be read, 3 could not tell."""
        if self.unread:
            return USAGE
        if self.explained:
            return TROUBLE
        return COULD_NOT_TELL if self.unexplained else FINE


def _with_progress(results: Iterable[Result], *, silent: bool) -> Iterator[Result]:
    """Yield ``results``; where the screen stays ``silent`` and a person watches, count them on the terminal."""
    if not (silent and sys.stderr.isatty()):
        yield from results
        return
    # The processes are started with the first result: before the thread that draws, which a fork would leave behind.
    results = iter(results)
    begun = list(islice(results, 1))
    from rich.console import Console  # noqa: PLC0415 - slow to import, needed on terminals only
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.completed}"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(_("messages explained"), total=None)
        for result in chain(begun, results):
            yield result
            progress.advance(task)
