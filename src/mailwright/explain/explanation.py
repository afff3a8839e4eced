"""Explanation: what a message turned out to be, and per recipient what happened.  Plain values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.causes.diagnosis import Diagnosis


class Kind(StrEnum):
    """What a message is."""

    BOUNCE = "bounce"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    VACATION = "vacation"
    FEEDBACK = "feedback"
    OTHER = "other"


class Report(NamedTuple):
    """What became of one recipient.

    recipient: None where the message names none.  original_recipient: the address before an alias or forward, None
    where it is the same or not told.
    permanent: class of the failure as the reporting server stated it: True for 5, False for 4, by its words where no
    code stands, None where nothing tells.  The cause has its own permanence.
    action: RFC 3464 2.3.3 ("failed", "delayed", "delivered", "relayed", "expanded"); None where not told.
    reply_code, enhanced_status: only as they stand literally in the message.
    diagnostic: the words of the refusal, in one line; None where there are none.
    remote_host: the server that said them.  reporting_mta: the one that wrote the report.
    """

    recipient: str | None
    original_recipient: str | None
    diagnosis: Diagnosis
    permanent: bool | None
    action: str | None
    reply_code: str | None
    enhanced_status: str | None
    diagnostic: str | None
    remote_host: str | None
    reporting_mta: str | None

    @property
    def suppress(self) -> bool:
        """True where this address should not be written to again.

        Only a recipient's own lasting fault counts that words say, or an enhanced code that stands for nothing else; a
        refusal that the server itself called temporary does not, nor does anything the sender's side can mend.
        """
        diagnosis = self.diagnosis
        return (
            diagnosis.cause.suppresses
            and (diagnosis.confidence == "certain" or self.enhanced_status in diagnosis.cause.codes)
            and self.permanent is not False
            and self.action != "delayed"
        )


class Explanation(NamedTuple):
    """The answer for one message; ``reports`` is empty for ordinary mail."""

    kind: Kind
    reports: tuple[Report, ...]
