"""Evidence and Diagnosis: what was seen, and what it means.  No diagnosis without evidence."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.causes.cause import Cause


class Confidence(StrEnum):
    """How sure a diagnosis is: ``certain`` by words that say the cause, ``likely`` by vague words or by codes alone."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Evidence(NamedTuple):
    """What was seen, verbatim, and where.

    source: "reply", "diagnostic-code", "letter", "subject" or "status" of what others wrote; "dns", "connection",
    "ehlo", "message", "authentication" of what was met.
    """

    source: str
    text: str


class Diagnosis(NamedTuple):
    """A cause with what speaks for it.

    subject: the recipient, domain or host it is about; None where the evidence names none.
    rule: id of the rule that decided; None where nothing matched and the cause is ``undetermined``.
    """

    cause: Cause
    subject: str | None
    evidence: Evidence
    confidence: Confidence
    rule: str | None
