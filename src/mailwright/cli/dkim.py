"""``mailwright dkim``: new keys, and the plan by which one takes another's place."""

from __future__ import annotations

import click

from mailwright.cli.help import GroupInLanguage
from mailwright.cli.interface import _


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return GroupInLanguage(
        "dkim",
        verbs={"new": "mailwright.cli.dkim_new", "rotate": "mailwright.cli.dkim_rotate"},
        no_args_is_help=True,
        short_help=_("Make DKIM keys, and plan how one replaces another."),
        help=_("Make DKIM keys, and plan how one replaces another. No DNS is asked, and nothing is published."),
    )
