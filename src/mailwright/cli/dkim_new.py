"""``mailwright dkim new``: a key pair, the private half in a file of one's own, the public half ready for DNS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from mailwright.authentication.dkim_key import FEWEST_RSA_BITS, MOST_RSA_BITS, KeyType
from mailwright.authentication.dkim_rotation import RSA_BITS, NewKey, new_key, new_selector
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


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "new",
        callback=_new,
        short_help=_("Make a key pair."),
        help=_(
            "Make a key pair: the private key goes into a file that nobody else can read, the record for DNS is shown "
            "ready to paste. A file that exists is never overwritten.\n\n"
            "Exit codes: 0 made, 2 the call was wrong or the file could not be written."
        ),
        arguments={},
        params=[
            domain_option(),
            click.Option(["--selector", "-s"], default="", metavar="NAME",
                         help=_("The key's name (s=); without it year, month and kind, such as 202611r.")),
            type_option(),
            click.Option(["--bits"], type=click.IntRange(FEWEST_RSA_BITS, MOST_RSA_BITS), default=RSA_BITS,
                         show_default=True, help=_("Size of an rsa key; 2048 fits everywhere.")),
            click.Option(["--out", "-o"], default="", metavar="FILE",
                         help=_("File of the private key; without it SELECTOR._domainkey.DOMAIN.pem.")),
            click.Option(["--now"], default="", metavar="TIME", help=_("The time that the selector is made of.")),
            click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object.")),
            schema_option("dkim-key"),
            language_option(),
        ],
    )  # fmt: skip


def _new(*, as_json: bool, lang: str, **options: Any) -> int:
    del lang  # was taken before the options were parsed
    kind = KeyType(options["key_type"])
    try:
        domain = domain_name(options["domain"])
        selector = options["selector"] or new_selector(moment(options["now"]), kind)
        selector = selector_name("--selector", selector, domain)
    except Misuse as misuse:
        complain(misuse.message)
        return USAGE
    path = options["out"] or f"{record_name(selector, domain)}.pem"
    key = new_key(kind, options["bits"])
    try:
        _keep(path, key.private_pem)
    except FileExistsError:
        complain(_("{path}: there is a file already, and no key is ever overwritten; name another").format(path=path))
        return USAGE
    except OSError as error:
        complain(f"{path}: {error.strerror}")
        return USAGE
    if as_json:
        write_json(key_object(key, domain, selector, path))
    else:
        show(_lines(key, domain, selector, path))
    return FINE


def _keep(path: str, secret: bytes) -> None:
    """Write ``secret`` into a new file that its owner alone can read; raises OSError, and then leaves no half of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
    except OSError:
        Path(path).unlink()
        raise


def key_object(key: NewKey, domain: str, selector: str, path: str) -> dict[str, Any]:
    """Return the JSON object (schemas/dkim-key.schema.json); the private key is never in it."""
    return {
        "domain": domain,
        "selector": selector,
        "type": key.type,
        "bits": key.bits,
        "file": path,
        "name": record_name(selector, domain),
        "record": key.record,
        "strings": list(key.strings),
    }


def _lines(key: NewKey, domain: str, selector: str, path: str) -> list[Line]:
    return [
        Line(0, _("Private key: {path} (keep it secret)").format(path=path), "title"),
        Line(0, _("Record for DNS:"), "title"),
        Line(2, f"{record_name(selector, domain)}. IN TXT ( {key.zone_text} )"),
        Line(0, _("Where a web form wants the value as one text:"), "title"),
        Line(2, key.record),
        Line(0, _("Sign with d={domain} s={selector} once every name server has the record.").format(
            domain=domain, selector=selector)),
    ]  # fmt: skip
