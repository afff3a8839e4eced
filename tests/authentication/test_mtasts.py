"""MTA-STS of a domain: the look-up, when a policy is fetched, and what counts after a fetch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailwright.authentication.mtasts import (
    REFRESH_AFTER,
    RETRY_AFTER,
    CachedPolicy,
    FailedFetch,
    FetchKind,
    FetchPolicy,
    HandshakeFailure,
    PolicyFetch,
    RecordLookup,
    RecordStatus,
    StsFault,
    StsResult,
    StsState,
    look_up_record,
    next_fetch,
    read_fetch,
    take_fetch,
)
from mailwright.authentication.mtasts_policy import Mode, Policy
from mailwright.authentication.mtasts_record import StsRecord
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.inquiry import settle
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry
from tests.authentication.certificates import NOW

WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
POLICY = Policy(Mode.ENFORCE, ("mx.example.test",), WEEK)
FILE = b"version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 604800\n"
CACHED = CachedPolicy("example.test", "1", POLICY, NOW)
FETCH = FetchPolicy("example.test", "2")
FETCHED = PolicyFetch(FetchKind.FETCHED, FILE, "text/plain")
ANSWER = Answer(Question("_mta-sts.example.test", RecordType.TXT), Kind.FOUND)
FAULT = StsFault(StsResult.POLICY_FETCH_ERROR, FetchKind.TIMEOUT, "timeout")


def found(policy_id: str) -> RecordLookup:
    """Return the look-up that found this version."""
    return RecordLookup("example.test", RecordStatus.FOUND, ANSWER, StsRecord(policy_id))


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (["TXT v=STSv1; id=1"], RecordStatus.FOUND),
        (["TXT something else"], RecordStatus.NONE),
        (["A 192.0.2.1"], RecordStatus.NONE),
        (None, RecordStatus.NONE),
        (["TXT v=STSv1; id=1", "TXT v=STSv1; id=2"], RecordStatus.INVALID),
        (["TXT v=STSv1; id=_"], RecordStatus.INVALID),
        (Kind.SERVFAIL, RecordStatus.FAILED),
        (Kind.TIMEOUT, RecordStatus.FAILED),
        (Kind.REFUSED, RecordStatus.FAILED),
        (["TXT v=STSv1; id=1", "DNSSEC bogus"], RecordStatus.FAILED),
    ],
    ids=["found", "other text", "no text", "no name", "two", "bad id", "servfail", "timeout", "refused", "bogus"],
)
def test_every_kind_of_no_is_told_apart(entry: Entry | None, status: RecordStatus) -> None:
    """A domain without MTA-STS is not taken for one that could not be looked up, nor for a faulty one."""
    resolver = TableResolver({"_mta-sts.example.test": entry} if entry is not None else {})
    lookup = settle(look_up_record("example.test"), resolver.answer)
    assert lookup.status is status
    assert (lookup.record is not None) is (status is RecordStatus.FOUND)
    assert bool(lookup.detail) is (status is RecordStatus.INVALID)


def test_the_record_may_be_an_alias() -> None:
    """Providers publish one record for all their customers."""
    resolver = TableResolver({"_mta-sts.a.test": ["CNAME _mta-sts.b.test"], "_mta-sts.b.test": ["TXT v=STSv1; id=7"]})
    lookup = settle(look_up_record("a.test"), resolver.answer)
    assert lookup.record == StsRecord("7")


def test_the_policy_of_a_parent_is_never_taken() -> None:
    """A subdomain has a policy of its own or none (RFC 8461 3.4)."""
    resolver = TableResolver({"_mta-sts.example.test": ["TXT v=STSv1; id=1"]})
    assert settle(look_up_record("sub.example.test"), resolver.answer).status is RecordStatus.NONE
    assert [question.name for question in resolver.asked] == ["_mta-sts.sub.example.test"]


def test_where_the_file_is() -> None:
    """The address is fixed by RFC 8461 3.3."""
    assert FETCH.url == "https://mta-sts.example.test/.well-known/mta-sts.txt"
    assert FETCH.host == "mta-sts.example.test"


FAILED = FailedFetch("2", NOW, FAULT)
NO_RECORD = [
    RecordLookup("example.test", status, ANSWER)
    for status in (RecordStatus.NONE, RecordStatus.INVALID, RecordStatus.FAILED)
]


@pytest.mark.parametrize("lookup", NO_RECORD, ids=lambda lookup: lookup.status)
@pytest.mark.parametrize("cached", [None, CACHED], ids=["none", "cached"])
def test_without_a_record_nothing_is_fetched(lookup: RecordLookup, cached: CachedPolicy | None) -> None:
    """The remaining steps are skipped, whatever is cached (RFC 8461 3.1)."""
    assert next_fetch(lookup, cached, None, NOW + WEEK) is None


@pytest.mark.parametrize(
    ("cached", "failed", "policy_id", "after", "fetches"),
    [
        (None, None, "1", SECOND, True),
        (CACHED, None, "1", SECOND, False),
        (CACHED, None, "2", SECOND, True),
        (CACHED, None, "1", REFRESH_AFTER - SECOND, False),
        (CACHED, None, "1", REFRESH_AFTER, True),
        (CACHED, None, "1", WEEK, True),
        (CACHED, FAILED, "2", RETRY_AFTER - SECOND, False),
        (CACHED, FAILED, "2", RETRY_AFTER, True),
        (CACHED, FAILED, "3", SECOND, True),
        (None, FAILED, "2", SECOND, False),
    ],
    ids=[
        "first",
        "known",
        "new version",
        "within a day",
        "a day old",
        "expired",
        "failed just now",
        "failed five minutes ago",
        "failed for another version",
        "failed, nothing cached",
    ],
)
def test_when_a_policy_is_fetched(
    cached: CachedPolicy | None, failed: FailedFetch | None, policy_id: str, after: timedelta, fetches: bool
) -> None:
    """A new version, expiry and a day's age cause a fetch; a failure holds the next one back for five minutes."""
    request = next_fetch(found(policy_id), cached, failed, NOW + after)
    assert request == (FetchPolicy("example.test", policy_id) if fetches else None)


def test_a_policy_that_was_fetched_is_in_force() -> None:
    """It carries the version of its record and the time of its fetch."""
    state = take_fetch(FETCH, FETCHED, CACHED, NOW + SECOND)
    assert state == StsState(CachedPolicy("example.test", "2", POLICY, NOW + SECOND))
    assert not state.alarming


FAILURES = [
    (PolicyFetch(FetchKind.NOT_FOUND), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.REDIRECT), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.STATUS), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.TIMEOUT), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.PROTOCOL), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.NO_ADDRESS), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.DNS_FAILED), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.UNREACHABLE), StsResult.POLICY_FETCH_ERROR),
    (PolicyFetch(FetchKind.TOO_BIG), StsResult.POLICY_INVALID),
    (PolicyFetch(FetchKind.TLS_FAILED, tls=HandshakeFailure.EXPIRED), StsResult.WEBPKI_INVALID),
    (PolicyFetch(FetchKind.TLS_FAILED, tls=HandshakeFailure.WRONG_NAME), StsResult.WEBPKI_INVALID),
    (PolicyFetch(FetchKind.FETCHED, FILE, "text/html"), StsResult.POLICY_INVALID),
    (PolicyFetch(FetchKind.FETCHED, FILE, ""), StsResult.POLICY_INVALID),
    (PolicyFetch(FetchKind.FETCHED, b"", "text/plain"), StsResult.POLICY_INVALID),
    (PolicyFetch(FetchKind.FETCHED, FILE[:-10], "text/plain"), StsResult.POLICY_INVALID),
]


@pytest.mark.parametrize(("fetch", "result"), FAILURES)
def test_every_failure_has_its_word(fetch: PolicyFetch, result: StsResult) -> None:
    """The words are those of RFC 8460 4.3.2.2, the detail tells them apart."""
    policy, fault = read_fetch(fetch)
    assert policy is None
    assert fault is not None
    assert fault.result is result
    assert fault.detail


def test_every_kind_of_fetch_is_in_the_table() -> None:
    """No kind is forgotten."""
    assert {fetch.kind for fetch, _ in FAILURES} == set(FetchKind)


@pytest.mark.parametrize(("fetch", "result"), FAILURES)
def test_a_failure_keeps_the_old_policy_until_it_expires(fetch: PolicyFetch, result: StsResult) -> None:
    """An attacker who blocks the fetch gains nothing before max_age is over (RFC 8461 3.3)."""
    kept = take_fetch(FETCH, fetch, CACHED, NOW + WEEK - SECOND)
    assert kept.policy == CACHED
    assert kept.fault is not None
    assert kept.fault.result is result
    assert kept.alarming
    # From then on deliveries go on as though there were no MTA-STS.
    assert take_fetch(FETCH, fetch, CACHED, NOW + WEEK).policy is None
    assert take_fetch(FETCH, fetch, None, NOW).policy is None


@pytest.mark.parametrize("content_type", ["text/plain", "Text/Plain; charset=utf-8", "text/plain;x"])
def test_parameters_of_the_media_type_do_not_count(content_type: str) -> None:
    """RFC 8461 3.2 has senders look at the type alone."""
    assert read_fetch(PolicyFetch(FetchKind.FETCHED, FILE, content_type)) == (POLICY, None)


def test_a_domain_that_leaves_raises_no_alarm() -> None:
    """A cached policy of mode none may fail to be refreshed (RFC 8461 3.3)."""
    leaving = CACHED._replace(policy=Policy(Mode.NONE, (), WEEK))
    assert not take_fetch(FETCH, PolicyFetch(FetchKind.NOT_FOUND), leaving, NOW).alarming
    assert take_fetch(FETCH, PolicyFetch(FetchKind.NOT_FOUND), None, NOW).alarming


def test_a_policy_of_no_age_serves_once() -> None:
    """max_age 0 is applied to what is being delivered and is not kept beyond."""
    body = FILE.replace(b"604800", b"0")
    state = take_fetch(FETCH, FETCHED._replace(body=body), None, NOW)
    assert state.policy is not None
    assert not state.policy.in_force(NOW)
    assert next_fetch(found("2"), state.policy, None, NOW) == FETCH


def test_an_empty_line_at_the_end_costs_a_domain_nothing() -> None:
    """Editors and templates leave it there; without the policy the domain would lose its protection."""
    assert read_fetch(PolicyFetch(FetchKind.FETCHED, FILE + b"\n", "text/plain")) == (POLICY, None)
