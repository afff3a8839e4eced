"""``mailwright lab``: a small mail Internet on this machine."""

from __future__ import annotations

import click

from mailwright.cli.help import GroupInLanguage
from mailwright.cli.interface import _


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return GroupInLanguage(
        "lab",
        verbs={"run": "mailwright.cli.lab_run"},
        no_args_is_help=True,
        short_help=_("A small mail Internet on this machine, to try things in."),
        help=_(
            "A small mail Internet on this machine: hosts that accept, refuse, delay and break, and the DNS that leads "
            "to them. Nothing leaves the machine."
        ),
    )
