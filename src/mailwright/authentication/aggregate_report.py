"""Aggregate reports: what a receiver saw of a domain's mail, read from XML (RFC 9990, and RFC 7489 C).

Reports are written by many programs, and few keep to the schema: with or without name space, elements in any order or
missing, words of their own.  So elements are found by their names alone, and what is odd is counted (``Deviation``)
instead of costing the report.  One record at a time is held while it is read; records and results have limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeVar

from mailwright.authentication.aggregate_values import (
    AggregateReport,
    Deviation,
    DkimSeen,
    Override,
    PublishedPolicy,
    Reporter,
    Row,
    SpfSeen,
)
from mailwright.authentication.aggregate_xml import Element, Trees, parse_trees
from mailwright.authentication.dmarc_policy import Mode, Policy
from mailwright.authentication.report_container import Form, ReportFault, ReportTrouble, open_report

#: Records of one report that are kept; a day of a very large sender at one receiver has some 20,000.
MOST_RECORDS = 50_000
#: Signatures of one record (RFC 9990 3.1.3: no more than 100), SPF results, overrides and errors.
MOST_SIGNATURES = 100
MOST_OTHERS = 20
#: The highest number of messages that is believed: more than all mail of a day.
_MOST_MESSAGES = 10**12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Seconds since 1970 of the last second of the year 9999.
_LAST_SECOND = 253_402_300_799

Word = TypeVar("Word", bound=StrEnum)

_RESULTS = frozenset(("none", "pass", "fail", "policy", "neutral", "softfail", "temperror", "permerror"))
#: Words of older programs (RFC 7489 C names the last two).
_SYNONYMS = {
    "hardfail": "fail",
    "soft_fail": "softfail",
    "invalid": "permerror",
    "unknown": "temperror",
    "error": "permerror",
}
_DISPOSITIONS = frozenset(("none", "pass", "quarantine", "reject"))


def read_aggregate_report(packed: bytes) -> AggregateReport:
    """Return the aggregate report in ``packed``: XML, plain, in gzip or in a zip file.  Raises ReportFault."""
    opened = open_report(packed)
    if opened.form is not Form.XML:
        raise ReportFault(ReportTrouble.NOT_A_REPORT, "JSON, where an aggregate report is XML")
    return read_aggregate_xml(opened.chunks)


def read_aggregate_xml(chunks: Iterable[bytes], most_records: int = MOST_RECORDS) -> AggregateReport:
    """Return the aggregate report in ``chunks`` of XML, the first ``most_records`` of it.  Raises ReportFault."""
    reading = _Reading(most_records)
    if not parse_trees(chunks, Trees("feedback", frozenset(reading.readers), reading.take)):
        reading.deviates(Deviation.TRAILING)
    return reading.report()


class _Reading:
    """A report while it is read."""

    def __init__(self, most_records: int) -> None:
        self._most_records = most_records
        self._version = ""
        self._reporter = Reporter()
        self._policy = PublishedPolicy()
        self._rows: list[Row] = []
        self._left_out = 0
        self._deviations: Counter[Deviation] = Counter()
        self._trees = 0
        self.readers = {
            "version": self._read_version,
            "report_metadata": self._read_reporter,
            "policy_published": self._read_policy,
            "record": self._read_record,
        }

    def take(self, tree: Element) -> None:
        """Read one tree."""
        self._trees += 1
        self.readers[tree.name](tree)

    def deviates(self, kind: Deviation) -> None:
        """Count what is odd."""
        self._deviations[kind] += 1

    def report(self) -> AggregateReport:
        """Return what was read; raise ReportFault where it was nothing of a report."""
        if not self._trees:
            raise ReportFault(ReportTrouble.NOT_A_REPORT, "nothing of a report in <feedback>")
        if not self._policy.domain:
            self.deviates(Deviation.NO_POLICY)
        deviations = tuple(sorted(self._deviations.items()))
        return AggregateReport(
            self._version, self._reporter, self._policy, tuple(self._rows), self._left_out, deviations
        )

    def _read_version(self, tree: Element) -> None:
        self._version = tree.text[:20]

    def _read_reporter(self, tree: Element) -> None:
        dates = tree.first("date_range")
        errors = tree.all("error")[:MOST_OTHERS]
        self._reporter = Reporter(
            tree.value("org_name"),
            tree.value("email"),
            tree.value("extra_contact_info"),
            tree.value("report_id"),
            self._time(dates.value("begin")),
            self._time(dates.value("end")),
            tuple(self._text(error) for error in errors if error.text),
            tree.value("generator"),
        )

    def _read_policy(self, tree: Element) -> None:
        percent = tree.value("pct")
        testing = tree.value("testing").lower()
        self._policy = PublishedPolicy(
            _name(tree.value("domain")),
            self._word(Policy, tree.value("p")),
            self._word(Policy, tree.value("sp")),
            self._word(Policy, tree.value("np")),
            self._word(Mode, tree.value("adkim")),
            self._word(Mode, tree.value("aspf")),
            {"y": True, "n": False}.get(testing),
            int(percent) if percent.isascii() and percent.isdigit() and len(percent) <= 3 else None,
            tree.value("fo")[:20],
            tree.value("discovery_method").lower()[:20],
        )

    def _read_record(self, tree: Element) -> None:
        if len(self._rows) >= self._most_records:
            self._left_out += 1
            return
        row, identifiers = tree.first("row"), tree.first("identifiers")
        if not identifiers.children:
            # The name in drafts before RFC 7489, still sent.
            identifiers = tree.first("identities")
        evaluated, results = row.first("policy_evaluated"), tree.first("auth_results")
        header_from = _name(identifiers.value("header_from"))
        if not header_from:
            self.deviates(Deviation.NO_HEADER_FROM)
        self._rows.append(
            Row(
                self._address(row.value("source_ip")),
                self._count(row.value("count")),
                self._disposition(evaluated.value("disposition")),
                self._verdict(evaluated.value("dkim")),
                self._verdict(evaluated.value("spf")),
                tuple(
                    Override(reason.value("type").lower(), self._text(reason.first("comment")))
                    for reason in self._some(evaluated.all("reason"), MOST_OTHERS)
                ),
                header_from,
                _name(identifiers.value("envelope_from")),
                _name(identifiers.value("envelope_to")),
                tuple(map(self._dkim, self._some(results.all("dkim"), MOST_SIGNATURES))),
                tuple(map(self._spf, self._some(results.all("spf"), MOST_OTHERS))),
            )
        )

    def _dkim(self, tree: Element) -> DkimSeen:
        detail = self._text(tree.first("human_result"))
        return DkimSeen(_name(tree.value("domain")), tree.value("selector"), self._result(tree.value("result")), detail)

    def _spf(self, tree: Element) -> SpfSeen:
        detail = self._text(tree.first("human_result"))
        scope = tree.value("scope").lower()
        return SpfSeen(_name(tree.value("domain")), scope, self._result(tree.value("result")), detail)

    def _some(self, trees: list[Element], most: int) -> list[Element]:
        if len(trees) > most:
            self.deviates(Deviation.MANY_RESULTS)
        return trees[:most]

    def _text(self, element: Element) -> str:
        if element.long:
            self.deviates(Deviation.LONG_TEXT)
        return element.text

    def _word(self, kind: type[Word], text: str) -> Word | None:
        try:
            return kind(text.lower())
        except ValueError:
            if text:
                self.deviates(Deviation.POLICY)
            return None

    def _disposition(self, text: str) -> str:
        word = text.lower()
        if word in _DISPOSITIONS:
            return word
        self.deviates(Deviation.POLICY)
        return ""

    def _verdict(self, text: str) -> bool | None:
        verdict = {"pass": True, "fail": False}.get(text.lower())
        if verdict is None:
            self.deviates(Deviation.RESULT)
        return verdict

    def _result(self, text: str) -> str:
        word = text.lower()
        if word in _RESULTS:
            return word
        self.deviates(Deviation.SYNONYM if word in _SYNONYMS else Deviation.RESULT)
        return _SYNONYMS.get(word, word[:20])

    def _count(self, text: str) -> int:
        count = int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
        if not 0 < count <= _MOST_MESSAGES:
            self.deviates(Deviation.COUNT)
            return 1
        return count

    def _address(self, text: str) -> str:
        try:
            return str(ip_address(text.strip("[]")))
        except ValueError:
            self.deviates(Deviation.ADDRESS)
            return text[:64]

    def _time(self, text: str) -> datetime | None:
        """Return the moment that ``text`` is: seconds since 1970, by some programs with a fraction."""
        seconds = text.partition(".")[0]
        if seconds.isascii() and seconds.isdigit() and len(seconds) <= 12 and int(seconds) <= _LAST_SECOND:
            return _EPOCH + timedelta(seconds=int(seconds))
        self.deviates(Deviation.DATE)
        return None


def _name(text: str) -> str:
    """Return a domain name for comparing: lower case, without the dot at its end, no longer than names are."""
    return text.lower().removesuffix(".")[:255]
