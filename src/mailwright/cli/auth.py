"""``mailwright auth``: what a receiver concludes about a message from SPF, DKIM, ARC and DMARC, and why."""

from __future__ import annotations

from typing import Any

import click

from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _

#: The environment's say, for every call.
RESOLVER = "MAILWRIGHT_RESOLVER"


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "auth",
        callback=_auth,
        short_help=_("Judge a message as a receiver does: SPF, DKIM, ARC, DMARC."),
        help=_(
            "Judge a message as a receiver does by SPF, DKIM, ARC and DMARC, and by the names of the client: what it "
            "concludes, why, and what to mend.\n\n"
            "Exit codes: 0 it passes, 1 something is to be mended, 2 the call was wrong, "
            "3 nobody can tell, since DNS did not answer."
        ),
        arguments={"MESSAGE": _("A file with the whole message; - is standard input.")},
        params=[
            click.Argument(["message"], metavar="MESSAGE"),
            click.Option(["--ip"], default="", metavar="ADDRESS",
                         help=_("The IP address of the client; without it SPF is not checked.")),
            click.Option(["--helo"], default="", metavar="NAME", help=_("The name that the client gave in HELO.")),
            click.Option(["--from", "-f", "sender"], default=None, metavar="ADDRESS",
                         help=_("The sender of the envelope; <> for none.")),
            click.Option(["--authserv-id"], default="", metavar="NAME",
                         help=_("The receiver's name; shows the Authentication-Results field that it writes.")),
            click.Option(["--bimi"], is_flag=True, help=_("Look for the record of the domain's logo too.")),
            click.Option(["--resolver"], multiple=True, metavar="ADDRESS[:PORT]", envvar=RESOLVER,
                         help=_("A DNS resolver to ask, in place of the system's; several are asked in order.")),
            click.Option(["--zone"], default="", metavar="FILE",
                         help=_("Take DNS from this file (TOML), and ask nobody.")),
            click.Option(["--now"], default="", metavar="TIME",
                         help=_("Judge as of then, such as 2026-11-02T09:00:00Z; signatures expire.")),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object.")),
            schema_option("auth"),
            language_option(),
        ],
    )  # fmt: skip


def _auth(**options: Any) -> int:
    from mailwright.cli.auth_call import call  # noqa: PLC0415 - slow to import, and a help page needs none of it

    return call(**options)
