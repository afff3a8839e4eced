"""``mailwright send``: a message handed over now, and for every recipient what became of it, why, and what to do."""

from __future__ import annotations

from typing import Any

import click

from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _
from mailwright.cli.send_options import parameters


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "send",
        callback=_send,
        short_help=_("Hand a message over now, and see what becomes of it."),
        help=_(
            "Hand a message over now: to the recipients' own mail hosts, or to a server of yours. For every recipient "
            "it says whether the message was accepted, and if not why, whose turn it is and what to do.\n\n"
            "Exit codes: 0 accepted for all, 1 refused for some or not now, 2 the call was wrong and nothing was "
            "sent, 3 not known whether it was accepted."
        ),
        arguments={"[MESSAGE]": _("A file with the whole message; - is standard input.")},
        params=[
            *parameters(),
            click.Option(["--verbose", "-v"], is_flag=True, help=_("Show the dialogue while it happens.")),
            click.Option(["--transcript"], default="", metavar="FILE",
                         help=_("Save the dialogues there; `mailwright trace` shows them.")),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object a recipient, one a line.")),
            schema_option("send"),
            language_option(),
        ],
    )  # fmt: skip


def _send(**options: Any) -> int:
    # Sockets, TLS and DNS take a while to import, and the help page needs none of them.
    from mailwright.cli.send_call import send_as_asked  # noqa: PLC0415

    return send_as_asked(**options)
