"""What ``mailwright dkim`` and ``mailwright spf`` take: a domain, a selector and a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from mailwright.authentication.dkim_key import KeyType, a_labels, key_question
from mailwright.cli.interface import _
from mailwright.mail.address import is_host_name


class Misuse(click.UsageError):
    """What is wrong with the call, in the reader's language."""


def domain_option() -> click.Option:
    """Return the option that names the domain."""
    return click.Option(["--domain", "-d"], required=True, metavar="DOMAIN", help=_("The domain that signs (d=)."))


def type_option() -> click.Option:
    """Return the option that names the kind of key."""
    return click.Option(
        ["--type", "key_type"],
        type=click.Choice([kind.value for kind in KeyType]),
        default=KeyType.RSA.value,
        help=_("The kind of key; every receiver knows rsa."),
    )


def domain_name(text: str, option: str = "--domain") -> str:
    """Return a domain in A-labels and lower case; raises Misuse naming ``option`` where it is none."""
    try:
        name = a_labels(text.strip().removesuffix("."))
    except UnicodeError:
        name = ""
    if "." not in name or not is_host_name(name):
        raise Misuse(
            _("{option} {text}: this is no domain name; write it as example.com").format(option=option, text=text)
        )
    return name


def selector_name(option: str, text: str, domain: str) -> str:
    """Return a selector; raises Misuse where no key of ``domain`` can stand at it (RFC 6376 3.1)."""
    if not is_host_name(text) or key_question(text, domain) is None:
        raise Misuse(
            _("{option} {text}: this is no selector; write letters, digits and hyphens").format(
                option=option, text=text
            )
        )
    return text.lower()


def moment(text: str) -> datetime:
    """Return a moment, in UTC where no zone is given; now for ""; raises Misuse."""
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Misuse(_("--now {text}: this is no time; write it as 2026-11-02T09:00:00Z").format(text=text)) from error


def record_name(selector: str, domain: str) -> str:
    """Return where a key is published (RFC 6376 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"
