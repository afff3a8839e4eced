"""Outcome: what became of one recipient; Attempt: one try at one address; Delivery: all of them, as they come."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from mailwright.causes.cause import Permanence
from mailwright.causes.diagnosis import Confidence
from mailwright.dns.routes import Routing
from mailwright.explain.explanation import Report
from mailwright.mail.envelope import Recipient
from mailwright.smtp.transcript import Step, Transcript


class Fate(StrEnum):
    """What became of a recipient."""

    ACCEPTED = "accepted"  # a server has taken the message and is responsible for it (RFC 5321 6.1)
    REFUSED = "refused"  # trying again changes nothing
    LATER = "later"  # a later try may pass
    UNKNOWN = "unknown"  # sent to its end without an answer: accepted or not, nobody knows (RFC 5321 4.5.3.2.6)


class Attempt(NamedTuple):
    """One connection to one address.

    host: its name; "" where only the address is known.
    transcript: None where the attempt was ended before anything was known.
    trouble: why the connection failed; None where it did not.
    """

    host: str
    address: str
    port: int
    transcript: Transcript | None
    trouble: Report | None = None


class Outcome(NamedTuple):
    """What became of one recipient.

    step: where it was decided; None where no connection was tried.
    attempt: index in Delivery.attempts; None where no connection was tried.
    """

    recipient: Recipient
    fate: Fate
    report: Report
    step: Step | None = None
    attempt: int | None = None


def fate_of(report: Report) -> Fate:
    """Return what a failure means for the recipient: whether a later try may pass.

    The cause says it; the class that the server stated counts only where the cause leaves it open, or was itself only
    guessed.
    """
    permanence = report.diagnosis.cause.permanence
    if report.permanent is not None and report.diagnosis.confidence is not Confidence.CERTAIN:
        return Fate.REFUSED if report.permanent else Fate.LATER
    if permanence is Permanence.DEPENDS:
        return Fate.REFUSED if report.permanent else Fate.LATER
    return Fate.REFUSED if permanence is Permanence.PERMANENT else Fate.LATER


class Delivery:
    """All that became of a message; whoever is interrupted sees how far it came.

    recipients: in the order in which they were given.
    attempts: in the order in which they began.  routings: where the domains' mail goes, by domain.
    """

    def __init__(self, recipients: Iterable[Recipient]) -> None:
        """Begin with nothing known of ``recipients``."""
        self.recipients = tuple(recipients)
        self.attempts: list[Attempt] = []
        self.routings: dict[str, Routing] = {}
        self._outcomes: dict[Recipient, Outcome] = {}

    def settle(self, outcome: Outcome) -> None:
        """Note an outcome; of two for the same recipient the one that tells more stays."""
        known = self._outcomes.get(outcome.recipient)
        if known is None or _rank(outcome) > _rank(known):
            self._outcomes[outcome.recipient] = outcome

    def replace(self, outcome: Outcome) -> None:
        """Note an outcome in place of what is known."""
        self._outcomes[outcome.recipient] = outcome

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What is known, in the order of the recipients."""
        return tuple(self._outcomes[recipient] for recipient in self.recipients if recipient in self._outcomes)

    @property
    def untold(self) -> tuple[Recipient, ...]:
        """The recipients of whom nothing is known: nothing was sent for them."""
        return tuple(recipient for recipient in self.recipients if recipient not in self._outcomes)


def _rank(outcome: Outcome) -> int:
    """Return how much an outcome tells: what is settled before what may change, words of a server before silence."""
    match outcome.fate:
        case Fate.ACCEPTED:
            return 4
        case Fate.UNKNOWN:
            return 3
        case Fate.REFUSED if outcome.report.reply_code is not None:
            return 2
        case _:
            return 1 if outcome.report.reply_code is not None else 0
