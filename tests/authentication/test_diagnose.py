"""What verdicts mean: a cause where something is wrong, one of DNS where DNS did not tell, none where nothing is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mailwright.authentication.authors import author_domains
from mailwright.authentication.diagnose import (
    LONGEST_EVIDENCE,
    diagnose_dkim,
    diagnose_dmarc,
    diagnose_helo,
    diagnose_reverse,
    diagnose_spf,
    diagnose_unauthenticated,
)
from mailwright.authentication.dkim import DkimReason, DkimResult, DkimVerdict
from mailwright.authentication.dkim_key import KeyProblem, KeyTrouble
from mailwright.authentication.dmarc import evaluate
from mailwright.authentication.dmarc_alignment import DkimOutcome, SpfOutcome
from mailwright.authentication.helo import check_helo
from mailwright.authentication.spf import check_mail_from
from mailwright.authentication.spf_verdict import SpfResult, out_of_time
from mailwright.causes.diagnosis import Confidence, Diagnosis
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.inquiry import settle
from mailwright.dns.reverse import reverse
from mailwright.lab.table import Entry, Table

CLIENT = ip_address("192.0.2.1")


def cause(diagnosis: Diagnosis | None) -> str | None:
    """Return the id of the cause."""
    return diagnosis.cause.id if diagnosis is not None else None


@pytest.mark.parametrize(
    ("record", "result", "told"),
    [
        pytest.param("v=spf1 ip4:192.0.2.1 -all", SpfResult.PASS, None, id="pass"),
        pytest.param("v=spf1 -all", SpfResult.FAIL, "spf-failed", id="fail"),
        pytest.param("v=spf1 ~all", SpfResult.SOFTFAIL, "spf-failed", id="softfail"),
        pytest.param("v=spf1 ?all", SpfResult.NEUTRAL, None, id="neutral"),
        pytest.param("v=spf1 nonsense -all", SpfResult.PERMERROR, "spf-failed", id="permerror"),
        pytest.param("other", SpfResult.NONE, None, id="none"),
        pytest.param("TIMEOUT", SpfResult.TEMPERROR, "dns-timeout", id="timeout"),
        pytest.param("SERVFAIL", SpfResult.TEMPERROR, "dns-temporary", id="servfail"),
        pytest.param("v=spf1 include:slow.test -all", SpfResult.TEMPERROR, "dns-timeout", id="timeout-within"),
    ],
)
def test_spf(record: str, result: SpfResult, told: str | None) -> None:
    """Each result keeps its own meaning; a softfail is likely, a fail certain."""
    table = Table({"a.test": [f"TXT {record}"], "slow.test": Kind.TIMEOUT})
    verdict = settle(check_mail_from(CLIENT, "x@a.test", "mx.test"), table.answer)
    diagnosis = diagnose_spf(verdict, "a.test")
    assert (verdict.result, cause(diagnosis)) == (result, told)
    if diagnosis is not None:
        assert diagnosis.subject == "a.test"
        assert diagnosis.evidence.text
        assert (diagnosis.confidence is Confidence.LIKELY) == (result is SpfResult.SOFTFAIL)


def test_spf_that_took_too_long() -> None:
    """Without a trace there is still a cause, and it is DNS."""
    assert cause(diagnose_spf(out_of_time(), "a.test")) == "dns-timeout"


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (DkimVerdict(DkimResult.NONE), None),
        (DkimVerdict(DkimResult.PASS), None),
        (DkimVerdict(DkimResult.NEUTRAL, DkimReason.NOT_TRIED), None),
        (DkimVerdict(DkimResult.FAIL, DkimReason.BODY), "dkim-failed"),
        (DkimVerdict(DkimResult.POLICY, DkimReason.EXPIRED), "dkim-failed"),
        (DkimVerdict(DkimResult.NEUTRAL, DkimReason.SIGNATURE), "dkim-failed"),
        (DkimVerdict(DkimResult.PERMERROR, DkimReason.KEY, problem=KeyProblem(KeyTrouble.REVOKED)), "dkim-failed"),
    ],
    ids=lambda one: str(one.why or one.result) if isinstance(one, DkimVerdict) else None,
)
def test_dkim(verdict: DkimVerdict, told: str | None) -> None:
    """Whatever is not pass or none is the signature's fault."""
    assert cause(diagnose_dkim(verdict, None)) == told


@pytest.mark.parametrize(("kind", "told"), [(Kind.TIMEOUT, "dns-timeout"), (Kind.SERVFAIL, "dns-temporary")])
def test_a_key_that_dns_did_not_tell(kind: Kind, told: str) -> None:
    """It is DNS's cause, with its answer as evidence; without the answer, too."""
    problem = KeyProblem(KeyTrouble.UNAVAILABLE, "TXT s._domainkey.a.test: …")
    verdict = DkimVerdict(DkimResult.TEMPERROR, DkimReason.KEY, problem=problem)
    answer = Answer(Question("s._domainkey.a.test", RecordType.TXT), kind)
    diagnosis = diagnose_dkim(verdict, answer)
    assert cause(diagnosis) == told
    assert diagnosis is not None
    assert diagnosis.evidence.text == answer.evidence
    assert cause(diagnose_dkim(verdict, None)) == "dns-timeout"


@pytest.mark.parametrize(
    ("author", "table", "told"),
    [
        pytest.param("x@a.test", {"_dmarc.a.test": ["TXT v=DMARC1; p=reject"]}, "dmarc-failed", id="fail"),
        pytest.param("x@a.test", {}, None, id="none"),
        pytest.param("x@b.test", {"_dmarc.b.test": ["TXT v=DMARC1; p=reject"]}, None, id="pass"),
        pytest.param("x@a.test", {"_dmarc.a.test": Kind.TIMEOUT}, "dns-timeout", id="timeout"),
        pytest.param("x@a.test", {"_dmarc.a.test": ["TXT v=DMARC1; p=oops"]}, "dmarc-failed", id="unusable"),
        pytest.param("x@a.test, <<", {}, "message-malformed", id="broken-from"),
    ],
)
def test_dmarc(author: str, table: dict[str, Entry], told: str | None) -> None:
    """A fail and a record that cannot be used are DMARC's, a From that cannot be read the message's."""
    zone = Table(table)
    spf, dkim = SpfOutcome("fail", "a.test"), (DkimOutcome("b.test", "pass", "s"),)
    failed = [zone.answer(Question("_dmarc.a.test", RecordType.TXT))]
    verdict = settle(evaluate(author_domains(author), spf, dkim), zone.answer)
    assert cause(diagnose_dmarc(verdict, failed)) == told


@pytest.mark.parametrize(
    ("table", "told"),
    [
        pytest.param({"1.2.0.192.in-addr.arpa": ["PTR a.test"], "a.test": ["A 192.0.2.1"]}, None, id="confirmed"),
        pytest.param({}, "reverse-dns", id="no-name"),
        pytest.param({"1.2.0.192.in-addr.arpa": ["PTR a.test"]}, "reverse-dns", id="unconfirmed"),
        pytest.param({"1.2.0.192.in-addr.arpa": Kind.SERVFAIL}, "dns-temporary", id="unknown"),
    ],
)
def test_reverse_names(table: dict[str, Entry], told: str | None) -> None:
    """No name and none that leads back are one cause; what was not told is another."""
    assert cause(diagnose_reverse(settle(reverse(CLIENT), Table(table).answer))) == told


@pytest.mark.parametrize(
    ("name", "table", "told"),
    [
        pytest.param("a.test", {"a.test": ["A 192.0.2.1"]}, None, id="its-own"),
        pytest.param("a.test", {"a.test": ["A 192.0.2.2"]}, None, id="another-address"),
        pytest.param("[192.0.2.1]", {}, None, id="literal"),
        pytest.param("[192.0.2.2]", {}, "helo-rejected", id="another-literal"),
        pytest.param("a.test", {}, "helo-rejected", id="no-such-name"),
        pytest.param("localhost", {}, "helo-rejected", id="localhost"),
        pytest.param("192.0.2.1", {}, "helo-rejected", id="bare-ip"),
        pytest.param("a.test", {"a.test": Kind.TIMEOUT}, "dns-timeout", id="unknown"),
    ],
)
def test_helo(name: str, table: dict[str, Entry], told: str | None) -> None:
    """What RFC 5321 4.1.1.1 asks for is enough."""
    assert cause(diagnose_helo(settle(check_helo(name, CLIENT), Table(table).answer))) == told


def test_evidence_is_bounded() -> None:
    """However much there is to quote."""
    diagnosis = diagnose_unauthenticated("x" * 5_000, None)
    assert (diagnosis.cause.id, len(diagnosis.evidence.text)) == ("auth-failed", LONGEST_EVIDENCE)
