"""Diagnose: the cause of a failure to fetch mail."""

from __future__ import annotations

import pytest

from mailwright.causes.diagnosis import Confidence
from mailwright.pop3.diagnose import diagnose_trouble
from mailwright.pop3.responses import Response, ResponseCode
from mailwright.pop3.trouble import (
    ConnectionLost,
    ConnectRefused,
    ConnectTimeout,
    LoginRefused,
    NetworkUnreachable,
    NoAnswer,
    Pop3Trouble,
    ProtocolBroken,
    ServerRefused,
    TlsTrouble,
)
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import TlsProblem


def refused(text: str, code: str | None = None) -> LoginRefused:
    return LoginRefused(Step.AUTH, Response(ok=False, text=text, code=code))


@pytest.mark.parametrize(
    ("trouble", "cause", "confidence"),
    [
        (ConnectRefused(Step.CONNECT, "x"), "client-wrong-port", Confidence.CERTAIN),
        (ConnectTimeout(Step.CONNECT, "x"), "retrieval-timeout", Confidence.CERTAIN),
        (NoAnswer(Step.AUTH, 60), "retrieval-timeout", Confidence.CERTAIN),
        (NetworkUnreachable(Step.CONNECT, "x"), "network-unreachable", Confidence.CERTAIN),
        (ConnectionLost(Step.OTHER, "x"), "connection-lost", Confidence.CERTAIN),
        (ProtocolBroken(Step.BANNER, "x"), "client-wrong-port", Confidence.CERTAIN),
        (ProtocolBroken(Step.OTHER, "x"), "system-error", Confidence.CERTAIN),
        (TlsTrouble(Step.TLS, TlsProblem.PLAINTEXT_ANSWER, "x"), "client-tls-mode", Confidence.CERTAIN),
        (refused("maildrop already locked", "IN-USE"), "pop3-locked", Confidence.CERTAIN),
        (refused("minimum time between logins", "LOGIN-DELAY"), "pop3-login-delay", Confidence.CERTAIN),
        (refused("no", "AUTH"), "pop3-login-failed", Confidence.CERTAIN),
        (refused("database", "SYS/TEMP"), "system-error", Confidence.CERTAIN),
        (refused("qqq"), "pop3-login-failed", Confidence.LIKELY),
        (refused("qqq", "X-OTHER"), "pop3-login-failed", Confidence.LIKELY),
        (ServerRefused(Step.OTHER, Response(ok=False, text="qqq")), "undetermined", Confidence.UNKNOWN),
    ],
)
def test_a_failure_to_fetch_has_its_cause(trouble: Pop3Trouble, cause: str, confidence: Confidence) -> None:
    """By how it failed, by the response code, else by the words; a login refused without words is a guess."""
    diagnosis = diagnose_trouble(trouble, "pop.example.test")
    assert (diagnosis.cause.id, diagnosis.confidence, diagnosis.subject) == (cause, confidence, "pop.example.test")
    assert diagnosis.evidence.text


@pytest.mark.parametrize("problem", list(TlsProblem))
def test_every_problem_of_tls_has_a_cause(problem: TlsProblem) -> None:
    """A new word there fails here."""
    assert diagnose_trouble(TlsTrouble(Step.TLS, problem, "x"), "pop.example.test").cause.stage in ("tls", "client")


@pytest.mark.parametrize("code", list(ResponseCode))
def test_every_response_code_leads_somewhere(code: ResponseCode) -> None:
    """What has no cause of its own is explained by its words."""
    assert diagnose_trouble(refused("no such thing", code.value), "pop.example.test").cause.id
