"""``mailwright causes``: the catalogue, and all about one cause."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click

from mailwright.app.language import choose_language
from mailwright.causes.catalogue import catalogue
from mailwright.causes.cause import Cause
from mailwright.causes.texts import SOURCE_LANGUAGE, CauseTexts, languages, texts_in
from mailwright.cli.exit_codes import FINE, USAGE
from mailwright.cli.help import HelpInLanguage, language_option, nearest, schema_option
from mailwright.cli.interface import _
from mailwright.cli.screen import Line, complain, show, write_json
from mailwright.cli.words import fixer_words, permanence_words, remedy_words, scope_words, stage_words


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "causes",
        callback=_causes,
        help=_("List the catalogue of causes, or tell all about one of them."),
        arguments={"[ID]": _("A cause, such as mailbox-full.")},
        params=[
            click.Argument(["cause_id"], required=False, default="", metavar="[ID]"),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object a line.")),
            schema_option("cause"),
            language_option(),
        ],
    )


def _causes(*, cause_id: str, as_json: bool, lang: str) -> int:
    return run(cause_id, as_json=as_json, language=choose_language(lang or None, os.environ, languages()))


def run(cause_id: str, *, as_json: bool, language: str) -> int:
    """List all causes, or show the one asked for; returns the exit code."""
    texts = texts_in(language)
    if not cause_id:
        if as_json:
            for entry in catalogue().values():
                write_json(cause_object(entry, texts))
        else:
            show(_listing(texts))
        return FINE
    cause = catalogue().get(cause_id)
    if cause is None:
        complain(_unknown(cause_id))
        return USAGE
    if as_json:
        write_json(cause_object(cause, texts))
    else:
        show(_page(cause, texts))
    return FINE


def cause_object(cause: Cause, texts: CauseTexts) -> dict[str, Any]:
    """Return the JSON object for one cause (schemas/cause.schema.json); no recipient, domain or host is named."""
    return {
        "id": cause.id,
        "reason": cause.reason,
        "stage": cause.stage.value,
        "scope": cause.scope.value,
        "permanence": cause.permanence.value,
        "fixer": cause.fixer.value,
        "remedy": cause.remedy.value,
        "suppress": cause.suppresses,
        "codes": list(cause.codes),
        "boundary": cause.boundary,
        "title": texts.title(cause),
        "explanation": texts.explanation(cause, {}),
        "fixes": texts.fixes(cause, {}),
    }


def _listing(texts: CauseTexts) -> Iterator[Line]:
    width = max(map(len, catalogue()))
    stage = None
    for cause in catalogue().values():
        if cause.stage is not stage:
            if stage is not None:
                yield Line(0, "")
            stage = cause.stage
            yield Line(0, stage_words(stage), "source")
        yield Line(2, f"{cause.id:{width}}  {texts.title(cause)}", hanging=width + 2)


def _page(cause: Cause, texts: CauseTexts) -> Iterator[Line]:
    yield Line(0, cause.id, "source")
    yield Line(0, texts.title(cause), "title")
    yield Line(0, "")
    yield Line(0, texts.explanation(cause, {}))
    yield Line(0, "")
    yield Line(0, _("Whose turn: {who}").format(who=fixer_words(cause.fixer)))
    yield Line(0, _("What to do:"))
    for number, fix in enumerate(texts.fixes(cause, {}), 1):
        yield Line(2, f"{number}. {fix}", "fix", hanging=3)
    yield Line(0, "")
    yield Line(0, _("Where it arises: {stage}").format(stage=stage_words(cause.stage)), "quiet")
    yield Line(0, _("Does waiting help: {permanence}").format(permanence=permanence_words(cause.permanence)), "quiet")
    yield Line(0, _("Concerns: {scope}").format(scope=scope_words(cause.scope)), "quiet")
    yield Line(0, _("Reason: {reason}").format(reason=cause.reason), "quiet")
    yield Line(0, _("Enhanced status codes: {codes}").format(codes=", ".join(cause.codes) or "–"), "quiet")
    yield Line(0, _("What a delivery engine does: {remedy}").format(remedy=remedy_words(cause.remedy)), "quiet")
    if texts.language == SOURCE_LANGUAGE:
        # Written for those who write rules, in English only.
        yield Line(0, _("Boundary: {boundary}").format(boundary=cause.boundary), "quiet")


def _unknown(cause_id: str) -> str:
    """Return the message for an id that is none, with the nearest that are."""
    near = nearest(cause_id, catalogue())
    if near:
        return _("there is no cause {id}; did you mean {near}?").format(id=cause_id, near=near)
    return _("there is no cause {id}; `mailwright causes` lists them all").format(id=cause_id)
