"""The public test-suite for RFC 7208 (openspf, as pyspf carries it), whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from mailwright.authentication.spf import SpfOptions, check_mail_from
from mailwright.dns.answer import Answer, Kind, Mx, Question, Record, Txt
from mailwright.dns.inquiry import settle

#: Scenarios and tests of the pinned release: a suite that was cut short must not pass.
SCENARIOS = 16
TESTS = 203


class SuiteZone:
    """The zone of a scenario: records in order, with "TIMEOUT" for what has not been found before it."""

    def __init__(self, zonedata: dict[str, list[Any]]) -> None:
        self.lines = {name.lower(): list(_lines(lines)) for name, lines in zonedata.items()}

    def __call__(self, question: Question) -> Answer:
        return self._answer(question, question.name, ())

    def _answer(self, question: Question, name: str, aliases: tuple[str, ...]) -> Answer:
        lines = self.lines.get(name)
        if lines is None:
            return Answer(question, Kind.NXDOMAIN, aliases=aliases)
        records: list[Record] = []
        for kind, value in lines:
            if kind == "CNAME":
                target = value.removesuffix(".").lower()
                if target in aliases:
                    return Answer(question, Kind.SERVFAIL, detail="the aliases lead round in a circle")
                return self._answer(question, target, (*aliases, target))
            if kind == question.type.value:
                records.append(_record(kind, value))
            elif kind == "TIMEOUT" and not records:
                return Answer(question, Kind.TIMEOUT)
        return Answer(question, Kind.FOUND if records else Kind.NODATA, tuple(records), aliases)


def _lines(lines: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield type and value; an SPF record is a TXT record too where the name has no TXT record of its own."""
    pairs = [("TIMEOUT", None) if line == "TIMEOUT" else next(iter(line.items())) for line in lines]
    has_txt = any(kind == "TXT" for kind, _ in pairs)
    for kind, value in pairs:
        if kind == "SPF" and not has_txt:
            yield "TXT", value
        elif kind != "SPF" and value != "NONE":
            yield kind, value


def _record(kind: str, value: Any) -> Record:
    match kind:
        case "TXT":
            strings = [value] if isinstance(value, str) else value
            return Txt(tuple(string.encode("utf-8") for string in strings))
        case "MX":
            return Mx(value[0], value[1].removesuffix(".").lower())
        case _:
            return str(value)


class Case(NamedTuple):
    """A test of the suite, with the zone of its scenario."""

    name: str
    test: dict[str, Any]
    zone: SuiteZone


def cases(text: str) -> Iterator[Case]:
    """Yield the tests of a suite's text."""
    for scenario in yaml.safe_load_all(text):
        zone = SuiteZone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            yield Case(f"{scenario['description']}: {name}", test, zone)


@pytest.fixture(scope="module")
def suite(repository: Path) -> str:
    """The text of the suite; a skip where it has not been fetched."""
    folder = Path(os.environ.get("MAILWRIGHT_SUITES") or repository / "build" / "suites")
    found = sorted(folder.glob("pyspf-*/test/rfc7208-tests.yml"))
    if not found:
        pytest.skip(f"needs the SPF test-suite in {folder}: python -m tools.suites")
    return found[-1].read_text(encoding="utf-8")


def test_the_suite_is_whole(suite: str) -> None:
    """All scenarios and tests of the pinned release are there."""
    assert len(list(yaml.safe_load_all(suite))) == SCENARIOS
    assert len(list(cases(suite))) == TESTS


def test_every_case_of_the_suite_gives_an_expected_result(suite: str) -> None:
    """The result is one that the suite allows, and the explanation is the one it wants."""
    wrong = [complaint for case in cases(suite) for complaint in _complaints(case)]
    assert wrong == []


def _complaints(case: Case) -> Iterator[str]:
    test = case.test
    options = SpfOptions(explain=True)
    verdict = settle(check_mail_from(ip_address(test["host"]), test["mailfrom"], test["helo"], options), case.zone)
    allowed = [test["result"]] if isinstance(test["result"], str) else test["result"]
    if verdict.result not in allowed:
        yield f"{case.name}: {verdict.result} ({verdict.problem}), not {allowed}"
    wanted = test.get("explanation")
    if wanted is not None and (verdict.explanation or "DEFAULT") != wanted:
        yield f"{case.name}: {verdict.explanation!r}, not {wanted!r}"
