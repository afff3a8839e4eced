"""What failed look-ups and domains without a route mean."""

from __future__ import annotations

import random

import pytest

from mailwright.causes.diagnosis import Confidence
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.diagnose import LONGEST_EVIDENCE, diagnose_answer, diagnose_failure, diagnose_routing
from mailwright.dns.inquiry import settle
from mailwright.dns.routes import Routing, Verdict
from mailwright.dns.routing import RoutingOptions, route
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

ROUTES: list[tuple[str, dict[str, Entry], str]] = [
    ("no such domain", {}, "domain-unknown"),
    ("no mail host", {"example.test": ["TXT x"]}, "domain-without-mail-host"),
    ("null MX", {"example.test": ["MX 0 ."]}, "domain-no-mail"),
    ("MX fails", {"example.test": Kind.SERVFAIL}, "dns-temporary"),
    ("MX refused", {"example.test": Kind.REFUSED}, "dns-temporary"),
    ("MX malformed", {"example.test": Kind.MALFORMED}, "dns-temporary"),
    ("MX times out", {"example.test": Kind.TIMEOUT}, "dns-timeout"),
    ("no resolver", {"example.test": Kind.UNREACHABLE}, "dns-timeout"),
    ("host fails", {"example.test": ["MX 10 a.test"], "a.test": Kind.SERVFAIL}, "dns-temporary"),
    ("host times out", {"example.test": ["MX 10 a.test"], "a.test": Kind.TIMEOUT}, "dns-timeout"),
    ("address fails", {"example.test": ["A TIMEOUT"]}, "dns-timeout"),
    ("host missing", {"example.test": ["MX 10 a.test"]}, "mx-misconfigured"),
    ("IP address", {"example.test": ["MX 10 192.0.2.1"]}, "mx-misconfigured"),
    ("private", {"example.test": ["MX 10 a.test"], "a.test": ["A 10.0.0.1"]}, "mx-misconfigured"),
    ("IPv6 alone", {"example.test": ["MX 10 a.test"], "a.test": ["AAAA 2001:db8::1"]}, "network-unreachable"),
    ("ourselves", {"example.test": ["MX 10 we.test"]}, "routing-loop"),
]
OPTIONS = RoutingOptions(families=(4,), own_names=frozenset({"we.test"}))


def chance(seed: int = 0) -> random.Random:
    """Return a source of chance that is the same each time."""
    return random.Random(seed)  # noqa: S311 - an order of hosts, no secret


@pytest.mark.parametrize(("table", "cause"), [row[1:] for row in ROUTES], ids=[row[0] for row in ROUTES])
def test_every_verdict_has_its_cause(table: dict[str, Entry], cause: str) -> None:
    """With what DNS said as evidence, and the domain as subject."""
    routing = settle(route("example.test", chance(), OPTIONS), TableResolver(table).answer)
    diagnosis = diagnose_routing(routing)
    assert diagnosis is not None
    assert (diagnosis.cause.id, diagnosis.subject, diagnosis.rule) == (cause, "example.test", "dns")
    assert diagnosis.evidence.source == "dns"
    assert "test: " in diagnosis.evidence.text


def test_a_route_needs_no_diagnosis() -> None:
    """Nothing is wrong with it."""
    assert diagnose_routing(Routing("example.test", Verdict.ROUTABLE)) is None


def test_what_is_no_domain_is_an_address_fault() -> None:
    """Without DNS the domain itself is the evidence."""
    diagnosis = diagnose_routing(Routing("a..b", Verdict.NOT_A_DOMAIN))
    assert diagnosis is not None
    assert (diagnosis.cause.id, diagnosis.evidence.text) == ("address-syntax", "a..b")


def test_every_verdict_is_known() -> None:
    """No verdict is left without words."""
    answer = Answer(Question("example.test", RecordType.MX), Kind.SERVFAIL)
    for verdict in Verdict:
        diagnosis = diagnose_routing(Routing("example.test", verdict, answers=(answer,), decisive=answer))
        assert (diagnosis is None) == (verdict is Verdict.ROUTABLE)


def test_the_evidence_says_what_is_odd() -> None:
    """Which host, and why it does not help."""
    table: dict[str, Entry] = {"example.test": ["MX 10 192.0.2.1", "MX 20 a.test"], "a.test": ["A 10.0.0.1"]}
    diagnosis = diagnose_routing(settle(route("example.test", chance()), TableResolver(table).answer))
    assert diagnosis is not None
    for words in ("192.0.2.1: ip-in-place-of-name", "a.test: private-address", "A a.test: 10.0.0.1"):
        assert words in diagnosis.evidence.text


def test_evidence_is_bounded() -> None:
    """An answer of hundreds of names is cut."""
    table: dict[str, Entry] = {"example.test": [f"MX 10 {'a' * 60}{n}.test" for n in range(300)]}
    diagnosis = diagnose_routing(settle(route("example.test", chance()), TableResolver(table).answer))
    assert diagnosis is not None
    assert len(diagnosis.evidence.text) == LONGEST_EVIDENCE


@pytest.mark.parametrize(
    ("kind", "failure", "answer", "confidence"),
    [
        (Kind.FOUND, None, None, None),
        (Kind.NODATA, None, None, None),
        (Kind.NXDOMAIN, None, "domain-unknown", Confidence.CERTAIN),
        (Kind.SERVFAIL, "dns-temporary", "dns-temporary", Confidence.CERTAIN),
        (Kind.TIMEOUT, "dns-timeout", "dns-timeout", Confidence.CERTAIN),
        # It may as well be our resolver's fault.
        (Kind.REFUSED, "dns-temporary", "dns-temporary", Confidence.LIKELY),
        (Kind.MALFORMED, "dns-temporary", "dns-temporary", Confidence.LIKELY),
        (Kind.UNREACHABLE, "dns-timeout", "dns-timeout", Confidence.LIKELY),
    ],
)
def test_answers_are_diagnosed(
    kind: Kind, failure: str | None, answer: str | None, confidence: Confidence | None
) -> None:
    """A no that tells something is no failure; NXDOMAIN is one of the recipient's domain only."""
    asked = Answer(Question("example.test", RecordType.MX), kind, server="192.0.2.53", detail="x")
    one, other = diagnose_failure(asked), diagnose_answer(asked, "sub.example.test")
    assert (one and one.cause.id) == failure
    assert (other and other.cause.id) == answer
    assert (other and other.confidence) == confidence
    if one and other:
        assert (one.subject, other.subject) == ("example.test", "sub.example.test")
        assert one.evidence.text == asked.evidence
