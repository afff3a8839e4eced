"""Next host: what one answer means for the next try; outcomes ranked; a silent network suspected."""

from __future__ import annotations

import pytest

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.deliver.next_host import may_fall_back, split_off, suspect_filter, worth_another
from mailwright.deliver.outcome import Attempt, Delivery, Fate, Outcome, fate_of
from mailwright.explain.explanation import Report
from mailwright.mail.address import Address
from mailwright.mail.envelope import Recipient
from mailwright.mail.reply import Reply
from mailwright.smtp.diagnose import Place, report_cause, report_reply
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import (
    ConnectionLost,
    ConnectRefused,
    NoAnswer,
    ProtocolBroken,
    SmtpTrouble,
    TlsProblem,
    TlsTrouble,
)

ANNA = Recipient(Address.parse("anna@example.test"))
BERT = Recipient(Address.parse("bert@example.test"))
PLACE = Place(ANNA.address, "mx.example.test")


def said(text: str, step: Step = Step.RCPT) -> Outcome:
    """Return the outcome of a refusal."""
    code, _, words = text.partition(" ")
    report = report_reply(Reply(int(code), (words,)), step, PLACE)
    return Outcome(ANNA, fate_of(report), report, step, 0)


def seen(cause: str, step: Step) -> Outcome:
    """Return the outcome of something that happened."""
    report = report_cause(cause, Evidence("connection", "x"), PLACE)
    return Outcome(ANNA, fate_of(report), report, step, 0)


@pytest.mark.parametrize(
    ("outcome", "another"),
    [
        (seen("connection-refused", Step.CONNECT), True),
        (seen("connection-timeout", Step.CONNECT), True),
        (seen("tls-failed", Step.STARTTLS), True),
        (said("554 5.7.1 no service for you", Step.BANNER), True),
        (seen("message-too-big", Step.EHLO), True),
        (seen("eight-bit-unsupported", Step.EHLO), True),
        (said("451 4.3.0 Internal server error, try again later"), True),
        (said("452 4.3.1 Insufficient system storage"), True),
        (seen("connection-lost", Step.DATA), True),
        (said("450 4.7.1 Greylisted, please try again in 5 minutes"), False),
        (said("452 4.2.2 Mailbox full"), False),
        (said("550 5.1.1 User unknown"), False),
        (said("554 5.7.1 Message rejected as spam", Step.MESSAGE), False),
        (said("552 5.3.4 Message too big", Step.MAIL), False),
        (seen("acceptance-unknown", Step.MESSAGE)._replace(fate=Fate.UNKNOWN), False),
        (seen("handed-on", Step.MESSAGE)._replace(fate=Fate.ACCEPTED), False),
    ],
    ids=lambda value: value.report.diagnosis.cause.id if isinstance(value, Outcome) else str(value),
)
def test_the_next_host_is_asked_only_where_it_may_say_something_else(outcome: Outcome, another: bool) -> None:
    """What belongs to one host may be better at the next; what belongs to mailbox, sender or message is not."""
    assert worth_another([outcome]) == ((ANNA,) if another else ())


def test_recipients_beyond_the_number_are_sent_to_in_another_go() -> None:
    """RFC 5321 4.5.3.1.10."""
    many = said("452 4.5.3 Too many recipients")
    assert split_off([many, said("550 5.1.1 User unknown")]) == (ANNA,)
    assert split_off([many._replace(fate=Fate.ACCEPTED)]) == ()


@pytest.mark.parametrize(
    ("policy", "trouble", "expected"),
    [
        (TlsPolicy(), TlsTrouble(Step.TLS, TlsProblem.HANDSHAKE, "x"), True),
        (TlsPolicy(), TlsTrouble(Step.TLS, TlsProblem.OLD_VERSION, "x"), True),
        (TlsPolicy(), TlsTrouble(Step.STARTTLS, TlsProblem.NOT_OFFERED, "x"), False),
        (TlsPolicy(), ConnectionLost(Step.STARTTLS, "x"), True),
        (TlsPolicy(), ConnectionLost(Step.TLS, "x"), True),
        (TlsPolicy(), NoAnswer(Step.STARTTLS, 1.0), True),
        (TlsPolicy(), NoAnswer(Step.TLS, 1.0), True),
        (TlsPolicy(), ConnectionLost(Step.EHLO, "x"), False),
        (TlsPolicy(), NoAnswer(Step.BANNER, 1.0), False),
        (TlsPolicy(), ConnectRefused(Step.CONNECT, "x"), False),
        (TlsPolicy(), ProtocolBroken(Step.STARTTLS, "x"), False),
        (TlsPolicy(TlsMode.REQUIRED), TlsTrouble(Step.TLS, TlsProblem.HANDSHAKE, "x"), False),
        (TlsPolicy(TlsMode.REQUIRED), ConnectionLost(Step.TLS, "x"), False),
        (TlsPolicy(TlsMode.VERIFY), TlsTrouble(Step.TLS, TlsProblem.WRONG_NAME, "x"), False),
        (TlsPolicy(implicit=True), TlsTrouble(Step.TLS, TlsProblem.HANDSHAKE, "x"), False),
        (TlsPolicy(implicit=True), NoAnswer(Step.TLS, 1.0), False),
    ],
)
def test_clear_text_follows_only_where_nobody_demanded_tls(
    policy: TlsPolicy, trouble: SmtpTrouble, expected: bool
) -> None:
    """RFC 7435: better unprotected than not at all, and never against a policy, nor where somebody put words in."""
    assert may_fall_back(trouble, policy) is expected


def diagnosed(cause: str, *, permanent: bool | None, confidence: Confidence = Confidence.CERTAIN) -> Report:
    report = report_cause(cause, Evidence("reply", "x"), PLACE)
    diagnosis = Diagnosis(catalogue()[cause], None, Evidence("reply", "x"), confidence, None)
    return report._replace(diagnosis=diagnosis, permanent=permanent)


@pytest.mark.parametrize(
    ("report", "fate"),
    [
        (diagnosed("rate-limited", permanent=True), Fate.LATER),
        (diagnosed("address-unknown", permanent=False), Fate.REFUSED),
        (diagnosed("address-unknown", permanent=False, confidence=Confidence.LIKELY), Fate.LATER),
        (diagnosed("rate-limited", permanent=True, confidence=Confidence.LIKELY), Fate.REFUSED),
        (diagnosed("undetermined", permanent=True, confidence=Confidence.UNKNOWN), Fate.REFUSED),
        (diagnosed("undetermined", permanent=False, confidence=Confidence.UNKNOWN), Fate.LATER),
        (diagnosed("tls-failed", permanent=None), Fate.LATER),
        (diagnosed("connection-timeout", permanent=None), Fate.LATER),
        (diagnosed("domain-unknown", permanent=None), Fate.REFUSED),
    ],
)
def test_the_cause_says_whether_waiting_helps_and_the_digits_only_where_it_is_open(report: Report, fate: Fate) -> None:
    """A 550 that means a rate limit is tried later; a code is believed where the words were only guessed."""
    assert fate_of(report) is fate


def test_of_two_outcomes_the_one_that_tells_more_stays() -> None:
    """A server's words are not lost because the next host is down; an acceptance is never taken back."""
    delivery = Delivery([ANNA, BERT])
    delivery.settle(seen("connection-timeout", Step.CONNECT))
    delivery.settle(said("451 4.3.0 Internal server error"))
    delivery.settle(seen("connection-refused", Step.CONNECT))
    assert [outcome.report.reply_code for outcome in delivery.outcomes] == ["451"]
    delivery.settle(said("550 5.1.1 User unknown"))
    assert delivery.outcomes[0].fate is Fate.REFUSED
    delivery.settle(seen("handed-on", Step.MESSAGE)._replace(fate=Fate.ACCEPTED))
    delivery.settle(said("550 5.1.1 User unknown"))
    assert (delivery.outcomes[0].fate, delivery.untold) == (Fate.ACCEPTED, (BERT,))


def silent(host: str, cause: str = "connection-timeout") -> Attempt:
    return Attempt(host, "192.0.2.1", 25, None, report_cause(cause, Evidence("connection", "x"), Place(None, host)))


@pytest.mark.parametrize(
    ("attempts", "cause"),
    [
        ([silent("a.test")], "connection-timeout"),
        ([silent("a.test"), silent("a.test")], "connection-timeout"),
        ([silent("a.test"), silent("b.test")], "port-filtered"),
        ([silent("a.test"), silent("b.test", "network-unreachable")], "connection-timeout"),
        ([silent("a.test"), silent("b.test"), silent("b.test", "network-unreachable")], "port-filtered"),
        ([silent("a.test"), silent("b.test"), silent("c.test", "connection-refused")], "connection-timeout"),
        ([silent("a.test"), silent("b.test"), silent("c.test")._replace(trouble=None)], "connection-timeout"),
    ],
)
def test_a_blocked_port_is_suspected_only_where_every_host_is_silent(attempts: list[Attempt], cause: str) -> None:
    """One host that does not answer is that host's trouble; one that does shows that the way is free."""
    delivery = Delivery([ANNA])
    delivery.attempts.extend(attempts)
    delivery.settle(seen("connection-timeout", Step.CONNECT))
    suspect_filter(delivery)
    diagnosis = delivery.outcomes[0].report.diagnosis
    assert diagnosis.cause.id == cause
    assert diagnosis.confidence is (Confidence.LIKELY if cause == "port-filtered" else Confidence.CERTAIN)
