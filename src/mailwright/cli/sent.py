"""What became of a message, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailwright.causes.texts import CauseTexts
from mailwright.cli.interface import _
from mailwright.cli.render import report_lines
from mailwright.cli.screen import Line
from mailwright.deliver.outcome import Attempt, Delivery, Fate, Outcome
from mailwright.dns.routes import Note, Routing
from mailwright.explain.output import report_object
from mailwright.mail.envelope import Recipient

_STYLES = {Fate.ACCEPTED: "fine", Fate.REFUSED: "trouble", Fate.LATER: "waiting", Fate.UNKNOWN: "waiting"}


def fate_words(fate: Fate) -> str:
    """Return what became of a recipient in words."""
    return {
        Fate.ACCEPTED: _("accepted"),
        Fate.REFUSED: _("refused"),
        Fate.LATER: _("not now, try later"),
        Fate.UNKNOWN: _("not known whether it was accepted"),
    }[fate]


def outcome_object(outcome: Outcome, delivery: Delivery, texts: CauseTexts) -> dict[str, Any]:
    """Return the JSON object for one recipient (schemas/send.schema.json)."""
    attempt = None if outcome.attempt is None else delivery.attempts[outcome.attempt]
    return {
        "recipient": str(outcome.recipient.address),
        "outcome": outcome.fate.value,
        "step": outcome.step.value if outcome.step is not None else None,
        "host": attempt.host or None if attempt else None,
        "address": attempt.address if attempt else None,
        "port": attempt.port if attempt else None,
        "report": report_object(outcome.report, texts),
    }


def untold_object(recipient: Recipient) -> dict[str, Any]:
    """Return the JSON object for a recipient of whom nothing is known: nothing was sent."""
    return {
        "recipient": str(recipient.address),
        "outcome": "not-tried",
        "step": None,
        "host": None,
        "address": None,
        "port": None,
        "report": None,
    }


def delivery_lines(delivery: Delivery, texts: CauseTexts) -> Iterator[Line]:
    """Yield what became of each recipient, in their order; those of whom nothing is known last."""
    for outcome in delivery.outcomes:
        yield from _outcome_lines(outcome, delivery, texts)
    for recipient in delivery.untold:
        fate = _("nothing was sent")
        yield Line(0, f"{recipient.address}: {fate}", "waiting")


def _outcome_lines(outcome: Outcome, delivery: Delivery, texts: CauseTexts) -> Iterator[Line]:
    where = ""
    if outcome.attempt is not None:
        where = f" ({_where(delivery.attempts[outcome.attempt])})"
    yield Line(0, f"{outcome.recipient.address}: {fate_words(outcome.fate)}{where}", _STYLES[outcome.fate])
    if outcome.fate is Fate.ACCEPTED:
        words = (outcome.report.diagnostic or "").replace("\n", " ")
        yield Line(2, _("Said: {words}").format(words=words), "quiet")
        return
    report = report_object(outcome.report, texts)
    # The address stands above already.
    yield from report_lines(report | {"recipient": None}, "bounce" if outcome.fate is Fate.REFUSED else "delayed")


def _where(attempt: Attempt) -> str:
    address = f"[{attempt.address}]:{attempt.port}"
    return f"{attempt.host} {address}" if attempt.host else address


def routing_lines(routing: Routing) -> Iterator[Line]:
    """Yield what DNS said of a domain, for the live dialogue."""
    for answer in routing.answers:
        yield Line(0, f"{'':9}   · {answer.evidence}", "quiet", hanging=14)
    for host in routing.hosts:
        for note in host.notes:
            yield Line(0, f"{'':9}   · {host.name}: {note_words(note)}", "waiting", hanging=14)
    for note in routing.notes:
        yield Line(0, f"{'':9}   · {routing.domain}: {note_words(note)}", "quiet", hanging=14)


def note_words(note: Note) -> str:
    """Return what is odd about a route, in words."""
    return {
        Note.DOMAIN_IS_ALIAS: _("the domain is an alias (CNAME)"),
        Note.ODD_NULL_MX: _("the null MX is not written as it should be"),
        Note.NULL_AMONG_OTHERS: _("a null MX stands beside other MX records and is passed over"),
        Note.TOO_MANY_RECORDS: _("there are too many MX records; the least preferred are passed over"),
        Note.REPEATED_HOST: _("a host stands there twice"),
        Note.CUT_AT_SELF: _("we are one of the hosts ourselves; less preferred ones are passed over"),
        Note.EXCHANGE_IS_ALIAS: _("the MX record names an alias (CNAME), which it must not"),
        Note.IP_IN_PLACE_OF_NAME: _("the MX record names an IP address in place of a host"),
        Note.BAD_NAME: _("the MX record names something that is no host name"),
        Note.PRIVATE_ADDRESS: _("an address is not of the public internet and is passed over (--private takes it)"),
        Note.OTHER_FAMILY: _("an address of the other IP version is passed over"),
        Note.TOO_MANY_ADDRESSES: _("there are too many addresses; further ones are passed over"),
    }[note]
