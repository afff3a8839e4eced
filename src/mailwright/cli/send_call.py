"""A call of ``mailwright send``: understood, carried out, shown, saved."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailwright.app.language import choose_language
from mailwright.app.sending import Watcher, run, send
from mailwright.causes.diagnosis import Evidence
from mailwright.causes.texts import CauseTexts, languages, texts_in
from mailwright.cli.dialogue import entry_lines
from mailwright.cli.exit_codes import COULD_NOT_TELL, FINE, INTERRUPTED, TROUBLE, USAGE
from mailwright.cli.interface import _
from mailwright.cli.screen import Line, complain, show, write_json
from mailwright.cli.send_request import Misuse, Sending, understood
from mailwright.cli.sent import delivery_lines, outcome_object, routing_lines, untold_object
from mailwright.deliver.outcome import Delivery, Fate, Outcome, fate_of
from mailwright.dns.routes import Routing
from mailwright.dns.servers import ServerFault
from mailwright.smtp.diagnose import Place, Side, report_cause
from mailwright.smtp.transcript import Direction, Entry, Step
from mailwright.smtp.transcript_json import transcript_json
from mailwright.smtp.transport import Target


def send_as_asked(*, transcript: str, as_json: bool, lang: str, **options: Any) -> int:
    """Do what the options say, and return the exit code."""
    texts = texts_in(choose_language(lang or None, os.environ, languages()))
    if transcript and not _writable(transcript):
        return USAGE
    try:
        sending = understood(options, sys.stdin.isatty())
    except Misuse as misuse:
        complain(misuse.message)
        return USAGE
    delivery = Delivery(sending.request.job.envelope.recipients)
    interrupted = False
    try:
        if not options["as_is"] and not options["login_only"] and "from" not in sending.outgoing.facts.fields:
            _without_author(delivery)
        else:
            interrupted = _hand_over(sending, delivery, verbose=options["verbose"] and not as_json)
    except ServerFault as fault:
        complain(_("--resolver {text}: write it as ADDRESS or ADDRESS:PORT").format(text=fault.text))
        return USAGE
    finally:
        if sending.file is not None:
            sending.file.close()
    saved = _save(transcript, delivery) if transcript else True
    _present(delivery, texts, as_json=as_json, login_only=options["login_only"])
    if interrupted:
        return INTERRUPTED
    return exit_code(delivery, login_only=options["login_only"]) if saved else USAGE


def _without_author(delivery: Delivery) -> None:
    """Refuse to send what nobody takes: RFC 5322 3.6 demands a From field, and receivers insist on it."""
    seen = Evidence("message", "there is no From field in the header of the message")
    for recipient in delivery.recipients:
        report = report_cause("message-malformed", seen, Place(recipient.address, "", Side.SENDER))
        delivery.settle(Outcome(recipient, fate_of(report), report))


def _hand_over(sending: Sending, delivery: Delivery, *, verbose: bool) -> bool:
    """Send, and tell whether it was interrupted: whatever was settled until then stands in ``delivery``."""
    if verbose and sending.outgoing.added:
        fields = ", ".join(sending.outgoing.added)
        show([Line(0, _("The message lacked {fields}; added.").format(fields=fields), "quiet")])
    try:
        run(send(sending.request, delivery, _watcher() if verbose else Watcher()))
    except KeyboardInterrupt:
        return True
    return False


def _watcher() -> Watcher:
    """Return one that shows everything as it happens."""

    def entry(target: Target, entry: Entry) -> None:
        lines: list[Line] = []
        if entry.direction is Direction.NOTE and entry.step is Step.CONNECT:
            name = f"{target.host} [{target.address}]" if target.host else target.address
            lines.append(Line(0, f"{name}:{target.port}", "source"))
        _show_now([*lines, *entry_lines(entry)])

    def routed(routing: Routing) -> None:
        _show_now(routing_lines(routing))

    return Watcher(entry, routed)


def _show_now(lines: Iterable[Line]) -> None:
    show(lines)
    sys.stdout.flush()


def _writable(path: str) -> bool:
    """Tell whether transcripts can be kept there, and complain where not, before anything is sent."""
    try:
        with Path(path).open("a", encoding="utf-8"):
            return True
    except OSError as error:
        complain(f"--transcript {path}: {error.strerror}")
        return False


def _save(path: str, delivery: Delivery) -> bool:
    """Write the transcripts; tell whether that worked, and complain where it did not: the mail is gone all the same."""
    texts = [transcript_json(one.transcript) for one in delivery.attempts if one.transcript is not None]
    try:
        Path(path).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    except OSError as error:
        complain(f"--transcript {path}: {error.strerror}")
        return False
    return True


def _present(delivery: Delivery, texts: CauseTexts, *, as_json: bool, login_only: bool) -> None:
    if as_json:
        for outcome in delivery.outcomes:
            write_json(outcome_object(outcome, delivery, texts))
        for recipient in () if login_only else delivery.untold:
            write_json(untold_object(recipient))
        return
    if login_only and not delivery.outcomes:
        show([Line(0, _("The connection and the login work; nothing was sent."), "fine")])
        return
    show(delivery_lines(delivery, texts))


def exit_code(delivery: Delivery, *, login_only: bool = False) -> int:
    """Return 0 where all were accepted, 3 where nobody knows of one, else 1."""
    fates = {outcome.fate for outcome in delivery.outcomes}
    if delivery.untold and not login_only:
        return TROUBLE
    if fates <= {Fate.ACCEPTED}:
        return FINE
    return COULD_NOT_TELL if fates <= {Fate.ACCEPTED, Fate.UNKNOWN} else TROUBLE
