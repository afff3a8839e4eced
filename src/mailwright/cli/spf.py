"""``mailwright spf``: all that a domain's SPF record leads to, what it needs, and a simpler record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import click

from mailwright.cli.exit_codes import COULD_NOT_TELL, FINE, TROUBLE, USAGE
from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _
from mailwright.cli.screen import Line, complain, show, write_json
from mailwright.cli.words import trouble_words

#: The environment's say, for every call.
RESOLVER = "MAILWRIGHT_RESOLVER"


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "spf",
        callback=_spf,
        short_help=_("Show all that an SPF record leads to, and make it simpler."),
        help=_(
            "Show all that a domain's SPF record leads to, with the look-ups that each term needs, and on request a "
            "simpler record that lets the same clients pass.\n\n"
            "Exit codes: 0 the record is in order, 1 something is to be mended, 2 the call was wrong, "
            "3 nobody can tell, since DNS did not answer."
        ),
        arguments={"DOMAIN": _("The domain after the @ of the envelope sender.")},
        params=[
            click.Argument(["domain"], metavar="DOMAIN"),
            click.Option(["--simplify"], is_flag=True, help=_("Show a simpler record too.")),
            click.Option(["--resolver"], multiple=True, metavar="ADDRESS[:PORT]", envvar=RESOLVER,
                         help=_("A DNS resolver to ask, in place of the system's; several are asked in order.")),
            click.Option(["--zone"], default="", metavar="FILE",
                         help=_("Take DNS from this file (TOML), and ask nobody.")),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object.")),
            schema_option("spf"),
            language_option(),
        ],
    )  # fmt: skip


def _spf(*, domain: str, as_json: bool, lang: str, **options: Any) -> int:
    from mailwright.app.spf_records import survey_domain  # noqa: PLC0415 - slow to import, a help page needs none of it
    from mailwright.app.zone import ZoneFault  # noqa: PLC0415
    from mailwright.cli.dkim_names import Misuse, domain_name  # noqa: PLC0415
    from mailwright.cli.spf_lines import spf_object, survey_lines  # noqa: PLC0415
    from mailwright.dns.servers import ServerFault  # noqa: PLC0415

    del lang  # was taken before the options were parsed
    try:
        name = domain_name(domain, "DOMAIN")
        work = survey_domain(name, options["resolver"], options["zone"], simpler=options["simplify"])
        surveyed = asyncio.run(work)
    except Misuse as misuse:
        complain(misuse.message)
        return USAGE
    except ZoneFault as fault:
        complain(f"--zone {fault.path}: {trouble_words(fault.why)}")
        return USAGE
    except ServerFault as fault:
        complain(f"--resolver {fault}")
        return USAGE
    told = spf_object(surveyed)
    if as_json:
        write_json(told)
    else:
        lines: Iterator[Line] = survey_lines(surveyed)
        show(lines)
    return {"pass": FINE, "trouble": TROUBLE, "could-not-tell": COULD_NOT_TELL}[told["outcome"]]
