"""``mailwright dkim rotate``: the steps by which a new key takes an old one's place, with their times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from mailwright.authentication.dkim_key import KeyType
from mailwright.authentication.dkim_rotation import RotationAction, RotationStep, new_selector, plan_rotation
from mailwright.cli.dkim_names import (
    Misuse,
    domain_name,
    domain_option,
    moment,
    record_name,
    selector_name,
    type_option,
)
from mailwright.cli.exit_codes import FINE, USAGE
from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _
from mailwright.cli.screen import Line, complain, show, write_json
from mailwright.cli.signature_words import action_words

#: Seconds that a record is kept where nothing else is said: what most zones have.
USUAL_TTL = 3_600
#: The longest TTL that can be meant, in seconds: a week (RFC 2181 8 allows more, and nobody uses it).
LONGEST_TTL = 7 * 86_400


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    ttl = click.IntRange(0, LONGEST_TTL)
    return HelpInLanguage(
        "rotate",
        callback=_rotate,
        short_help=_("Plan how a new key replaces an old one."),
        help=_(
            "Plan how a new key replaces an old one without a message failing: publish, wait, switch, revoke, remove. "
            "The key itself is made by `mailwright dkim new`.\n\n"
            "Exit codes: 0 planned, 2 the call was wrong."
        ),
        arguments={},
        params=[
            domain_option(),
            click.Option(["--selector", "-s"], required=True, metavar="OLD", help=_("Selector of the old key.")),
            click.Option(["--new"], default="", metavar="NAME",
                         help=_("Selector of the new key; without it year, month and kind.")),
            type_option(),
            click.Option(["--ttl"], type=ttl, default=USUAL_TTL, show_default=True, metavar="SECONDS",
                         help=_("TTL of the old record.")),
            click.Option(["--negative-ttl"], type=ttl, default=USUAL_TTL, show_default=True, metavar="SECONDS",
                         help=_("How long a missing record is remembered: the last number of the zone's SOA.")),
            click.Option(["--now"], default="", metavar="TIME", help=_("When to begin.")),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object.")),
            schema_option("dkim-plan"),
            language_option(),
        ],
    )  # fmt: skip


def _rotate(*, as_json: bool, lang: str, **options: Any) -> int:
    del lang  # was taken before the options were parsed
    try:
        domain = domain_name(options["domain"])
        old = selector_name("--selector", options["selector"], domain)
        now = moment(options["now"])
        new = options["new"] or new_selector(now, KeyType(options["key_type"]), (old,))
        new = selector_name("--new", new, domain)
        if new == old:
            raise Misuse(_("--new {name}: the new key needs a selector of its own").format(name=new))  # noqa: TRY301
        ttl, negative = timedelta(seconds=options["ttl"]), timedelta(seconds=options["negative_ttl"])
        steps = plan_rotation(now, old, new, ttl=ttl, negative_ttl=negative)
    except Misuse as misuse:
        complain(misuse.message)
        return USAGE
    except OverflowError:
        complain(_("--now {text}: this is no time; write it as 2026-11-02T09:00:00Z").format(text=options["now"]))
        return USAGE
    if as_json:
        write_json(plan_object(domain, old, new, steps))
    else:
        show(_lines(domain, new, options["key_type"], steps))
    return FINE


def plan_object(domain: str, old: str, new: str, steps: Sequence[RotationStep]) -> dict[str, Any]:
    """Return the JSON object (schemas/dkim-plan.schema.json)."""
    return {
        "domain": domain,
        "old": old,
        "new": new,
        "steps": [
            {
                "at": step.at.isoformat().replace("+00:00", "Z"),
                "action": step.action,
                "selector": step.selector,
                "name": record_name(step.selector, domain),
            }
            for step in steps
        ],
    }


def _lines(domain: str, new: str, key_type: str, steps: Sequence[RotationStep]) -> list[Line]:
    make = f"mailwright dkim new --domain {domain} --selector {new} --type {key_type}"
    lines = [Line(0, _("Make the new key: {command}").format(command=make), "title")]
    for number, step in enumerate(steps, 1):
        words = _step_words(domain, step)
        lines.append(Line(2, f"{number}. {_stamp(step.at)}  {words}", "fix", hanging=3))
    lines.append(Line(0, _("A step may come later than its time, and never earlier."), "quiet"))
    return lines


def _step_words(domain: str, step: RotationStep) -> str:
    if step.action in (RotationAction.USE, RotationAction.STOP):
        return f"{action_words(step.action)} (s={step.selector})"
    return f"{action_words(step.action)} ({record_name(step.selector, domain)})"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
