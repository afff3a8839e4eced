"""``mailwright trace``: a transcript that was saved, shown with the failing step marked."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mailwright.cli.dialogue import transcript_lines
from mailwright.cli.exit_codes import FINE, TROUBLE, USAGE
from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _
from mailwright.cli.screen import Line, complain, show, write_json
from mailwright.cli.words import trouble_words
from mailwright.smtp.transcript import Transcript
from mailwright.smtp.transcript_json import LONGEST_DOCUMENT, TranscriptFault, parse_transcript, transcript_json


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "trace",
        callback=_trace,
        short_help=_("Show a saved dialogue with a server, the failing step marked."),
        help=_(
            "Show the dialogue with a server that `mailwright send --transcript FILE` saved: who said what, when, "
            "and where it went wrong.\n\n"
            "Exit codes: 0 nothing went wrong in it, 1 something did, 2 the file could not be read."
        ),
        arguments={"FILE": _("A file of transcripts, one a line; - is standard input.")},
        params=[
            click.Argument(["file"], metavar="FILE"),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object a transcript, one a line.")),
            schema_option("transcript"),
            language_option(),
        ],
    )  # fmt: skip


def _trace(*, file: str, as_json: bool, lang: str) -> int:
    del lang  # was taken before the options were parsed
    try:
        transcripts = read_transcripts(file)
    except TranscriptFault as fault:
        complain(f"{file}: {fault}")
        return USAGE
    except FileNotFoundError:
        complain(f"{file}: {trouble_words('missing')}")
        return USAGE
    except OSError as error:
        complain(f"{file}: {error.strerror}")
        return USAGE
    for number, transcript in enumerate(transcripts):
        if as_json:
            write_json(json.loads(transcript_json(transcript)))
        else:
            show([*([Line(0, "")] if number else []), *transcript_lines(transcript)])
    return TROUBLE if any(one.failed is not None or one.trouble for one in transcripts) else FINE


def read_transcripts(source: str) -> list[Transcript]:
    """Return the transcripts in ``source`` ("-" is standard input), one a line.

    Raises TranscriptFault naming the line and the place in it, and OSError.
    """
    if source == "-":
        raw = sys.stdin.buffer.read(LONGEST_DOCUMENT + 1)
    else:
        with Path(source).open("rb") as file:
            raw = file.read(LONGEST_DOCUMENT + 1)
    if len(raw) > LONGEST_DOCUMENT:
        raise TranscriptFault("", _("it is larger than {limit} octets").format(limit=LONGEST_DOCUMENT))
    found = []
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(parse_transcript(line.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise TranscriptFault(_("line {number}").format(number=number), _("it is not UTF-8")) from error
        except TranscriptFault as fault:
            place = _("line {number}").format(number=number)
            raise TranscriptFault(f"{place}, {fault.place}" if fault.place else place, fault.why) from fault
    if not found:
        raise TranscriptFault("", _("there is no transcript in it; `mailwright send --transcript FILE` writes them"))
    return found
