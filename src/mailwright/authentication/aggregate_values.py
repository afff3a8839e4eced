"""What an aggregate report says (RFC 9990 3.1), as values; ``aggregate_report`` reads it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.dmarc_policy import Mode, Policy


class Deviation(StrEnum):
    """Where a report is not what RFC 9990 wants; what is said there is read as well as it can be."""

    ADDRESS = "address"  # source_ip is no IP address
    COUNT = "count"  # count is no number, or below 1; taken for 1
    DATE = "date"  # begin or end is no time
    POLICY = "policy"  # a policy, mode or disposition is none of the words there are
    RESULT = "result"  # a result is none of the words of RFC 8601
    SYNONYM = "synonym"  # a result in another program's words: hardfail, unknown, error
    NO_POLICY = "no-policy"  # policy_published is missing or names no domain
    NO_HEADER_FROM = "no-header-from"  # a record does not say which domain From had
    MANY_RESULTS = "many-results"  # more results in one record than are read
    LONG_TEXT = "long-text"  # a text longer than is read
    TRAILING = "trailing"  # something follows the report


class Reporter(NamedTuple):
    """Who reports, and about which time.

    begin, end: aware, UTC; None where they cannot be read.  errors: what the reporter says of the policy record.
    """

    organization: str = ""
    email: str = ""
    contact: str = ""
    report_id: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    errors: tuple[str, ...] = ()
    generator: str = ""


class PublishedPolicy(NamedTuple):
    """The policy that the reporter found; None and "" where it does not say.

    percent: pct of RFC 7489.  discovery: "treewalk" (RFC 9989) or "psl" (RFC 7489).
    """

    domain: str = ""
    policy: Policy | None = None
    subdomains: Policy | None = None
    nonexistent: Policy | None = None
    dkim: Mode | None = None
    spf: Mode | None = None
    testing: bool | None = None
    percent: int | None = None
    failure_options: str = ""
    discovery: str = ""


class Override(NamedTuple):
    """Why the reporter did not do as the policy says.  kind: a word of RFC 9990, such as mailing_list."""

    kind: str
    comment: str


class DkimSeen(NamedTuple):
    """One signature: d=, s=, a word of RFC 8601 2.7.1, and what the reporter adds."""

    domain: str
    selector: str
    result: str
    detail: str


class SpfSeen(NamedTuple):
    """One SPF check: the domain, "mfrom" or "helo", a word of RFC 8601 2.7.2, and what the reporter adds."""

    domain: str
    scope: str
    result: str
    detail: str


class Row(NamedTuple):
    """Messages that had everything in common.

    source: the IP address in its usual form; as written where it is none.  messages: how many, at least 1.
    disposition: "none", "pass", "quarantine" or "reject"; "" where not told.
    dkim_aligned, spf_aligned: the verdicts of DMARC (policy_evaluated); None where not told.
    """

    source: str
    messages: int
    disposition: str
    dkim_aligned: bool | None
    spf_aligned: bool | None
    overrides: tuple[Override, ...]
    header_from: str
    envelope_from: str
    envelope_to: str
    dkim: tuple[DkimSeen, ...]
    spf: tuple[SpfSeen, ...]

    @property
    def passes(self) -> bool:
        """True where DMARC passed, by DKIM or SPF."""
        return bool(self.dkim_aligned or self.spf_aligned)


class AggregateReport(NamedTuple):
    """A report.

    version: as written, "" for none.  left_out: records beyond the limit.  deviations: how often each occurs.
    """

    version: str
    reporter: Reporter
    policy: PublishedPolicy
    rows: tuple[Row, ...]
    left_out: int
    deviations: tuple[tuple[Deviation, int], ...]
