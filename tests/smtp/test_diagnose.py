"""Diagnose: the cause of a refusal and of a connection that failed, on either side of the chain."""

from __future__ import annotations

import pytest

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Evidence
from mailwright.mail.address import Address
from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.diagnose import (
    LONGEST_EVIDENCE,
    Place,
    Side,
    report_accepted,
    report_cause,
    report_obstacle,
    report_reply,
    report_trouble,
)
from mailwright.smtp.fitting import Obstacle
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import (
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    NetworkUnreachable,
    NoAnswer,
    ProtocolBroken,
    ServerRefused,
    SmtpTrouble,
    TlsProblem,
    TlsTrouble,
)

ANNA = Address.parse("anna@example.test")
THEIRS = Place(ANNA, "mx.example.test")
OURS = Place(ANNA, "smtp.example.test", Side.SENDER)


@pytest.mark.parametrize(
    ("trouble", "at_theirs", "at_ours"),
    [
        (ConnectRefused(Step.CONNECT, "x"), "connection-refused", "client-wrong-port"),
        (ConnectTimeout(Step.CONNECT, "x"), "connection-timeout", "client-timeout"),
        (NoAnswer(Step.BANNER, 300), "connection-timeout", "client-timeout"),
        (NoAnswer(Step.MESSAGE, 600), "connection-lost", "connection-lost"),
        (NetworkUnreachable(Step.CONNECT, "x"), "network-unreachable", "network-unreachable"),
        (ConnectionLost(Step.RCPT, "x"), "connection-lost", "connection-lost"),
        (ProtocolBroken(Step.BANNER, "x"), "connection-intercepted", "client-wrong-port"),
        (ProtocolBroken(Step.STARTTLS, "x"), "connection-intercepted", "connection-intercepted"),
        (ProtocolBroken(Step.RCPT, "x"), "system-error", "system-error"),
        (TlsTrouble(Step.TLS, TlsProblem.PLAINTEXT_ANSWER, "x"), "tls-failed", "client-tls-mode"),
        (TlsTrouble(Step.TLS, TlsProblem.HANDSHAKE, "x"), "tls-failed", "tls-failed"),
        (TlsTrouble(Step.STARTTLS, TlsProblem.NOT_OFFERED, "x"), "tls-policy-failed", "tls-policy-failed"),
        (TlsTrouble(Step.TLS, TlsProblem.EXPIRED, "x"), "certificate-expired", "certificate-expired"),
        (TlsTrouble(Step.TLS, TlsProblem.WRONG_NAME, "x"), "certificate-invalid", "client-certificate-refused"),
        (TlsTrouble(Step.TLS, TlsProblem.UNTRUSTED, "x"), "certificate-invalid", "client-certificate-refused"),
        (TlsTrouble(Step.TLS, TlsProblem.OLD_VERSION, "x"), "tls-failed", "tls-failed"),
        (TlsTrouble(Step.TLS, TlsProblem.DANE, "x"), "tls-policy-failed", "tls-policy-failed"),
    ],
    ids=lambda value: getattr(value, "detail", value),
)
def test_a_failed_connection_is_another_cause_at_ones_own_server(
    trouble: SmtpTrouble, at_theirs: str, at_ours: str
) -> None:
    """At the recipient's host its administrator must act, at one's own server the settings are at fault."""
    for place, cause in ((THEIRS, at_theirs), (OURS, at_ours)):
        report = report_trouble(trouble, place)
        assert report.diagnosis.cause.id == cause
        assert report.diagnosis.evidence == Evidence("connection", str(trouble))
        assert (report.recipient, report.remote_host) == (str(ANNA), place.host)
        assert report.reply_code is None


@pytest.mark.parametrize("problem", list(TlsProblem))
def test_every_problem_of_tls_has_a_cause(problem: TlsProblem) -> None:
    """A new word there fails here."""
    assert report_trouble(TlsTrouble(Step.TLS, problem, "x"), THEIRS).diagnosis.cause.stage in ("tls", "client")


@pytest.mark.parametrize("obstacle", list(Obstacle))
def test_every_obstacle_has_a_cause(obstacle: Obstacle) -> None:
    """A new word there fails here."""
    report = report_obstacle(obstacle, "SIZE 1000", THEIRS)
    assert report.diagnosis.cause.id in catalogue()
    assert report.diagnosis.evidence == Evidence("ehlo", f"{obstacle}: SIZE 1000")


@pytest.mark.parametrize(
    ("reply", "step", "cause", "permanent"),
    [
        (Reply(550, ("User unknown",), EnhancedStatus(5, 1, 1)), Step.RCPT, "address-unknown", True),
        (Reply(550, ("用户不存在",)), Step.RCPT, "address-unknown", True),
        (Reply(451, ("Greylisted, try again",), EnhancedStatus(4, 7, 1)), Step.RCPT, "greylisted", False),
        (Reply(452, ("Mailbox full",), EnhancedStatus(4, 2, 2)), Step.RCPT, "mailbox-full", False),
        (Reply(535, ("Authentication credentials invalid",), EnhancedStatus(5, 7, 8)), Step.AUTH, None, True),
    ],
)
def test_a_refusal_is_explained_like_one_in_a_bounce(
    reply: Reply, step: Step, cause: str | None, permanent: bool
) -> None:
    """The words, the code, the host and the step decide together; the recipient is the one who was asked for."""
    for report in (
        report_reply(reply, step, THEIRS),
        report_trouble(ServerRefused(step, reply), THEIRS),
    ):
        assert cause in (None, report.diagnosis.cause.id)
        assert report.diagnosis.confidence is Confidence.CERTAIN
        assert (report.permanent, report.recipient, report.reply_code) == (permanent, str(ANNA), str(reply.code))


def test_an_address_in_the_reply_does_not_take_the_recipients_place() -> None:
    """A refusal may name a support address, or the address behind an alias."""
    reply = Reply(550, ("unknown; ask postmaster@example.test",))
    report = report_reply(reply, Step.RCPT, THEIRS)
    assert report.recipient == report.diagnosis.subject == str(ANNA)


def test_an_accepted_message_is_handed_on() -> None:
    """The server is responsible now; nothing is said about the mailbox."""
    report = report_accepted(Reply(250, ("Ok",), EnhancedStatus(2, 0, 0)), THEIRS)
    assert (report.diagnosis.cause.id, report.action, report.reply_code) == ("handed-on", "relayed", "250")
    assert (report.enhanced_status, report.permanent) == ("2.0.0", None)


def test_evidence_is_bounded() -> None:
    """Whatever a server or a network said."""
    report = report_cause("protocol-error", Evidence("connection", "x" * 2 * LONGEST_EVIDENCE), Place(None, ""))
    assert len(report.diagnosis.evidence.text) == LONGEST_EVIDENCE
    assert (report.recipient, report.remote_host, report.diagnosis.subject) == (None, None, None)
