"""Diagnose: what a failure to fetch mail means, in the words of the catalogue.

The server is always the reader's own.  A refusal's response code (RFC 2449 8, RFC 3206) says its cause where it has
one; without, its words are explained like any other error.
"""

from __future__ import annotations

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.explain.reply import explain_reply
from mailwright.pop3.responses import ResponseCode
from mailwright.pop3.trouble import (
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
from mailwright.smtp.diagnose import LONGEST_EVIDENCE, RULE
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import TlsProblem

_BY_CODE = {
    ResponseCode.IN_USE: "pop3-locked",
    ResponseCode.LOGIN_DELAY: "pop3-login-delay",
    ResponseCode.AUTH: "pop3-login-failed",
    ResponseCode.SYS_TEMP: "system-error",
    ResponseCode.SYS_PERM: "system-error",
}

_BY_TLS_PROBLEM = {
    TlsProblem.NOT_OFFERED: "client-tls-mode",
    TlsProblem.PLAINTEXT_ANSWER: "client-tls-mode",
    TlsProblem.HANDSHAKE: "tls-failed",
    TlsProblem.OLD_VERSION: "tls-version-old",
    TlsProblem.EXPIRED: "certificate-expired",
    TlsProblem.NO_CERTIFICATE: "client-certificate-refused",
    TlsProblem.UNTRUSTED: "client-certificate-refused",
    TlsProblem.NOT_YET_VALID: "client-certificate-refused",
    TlsProblem.WRONG_NAME: "client-certificate-refused",
    TlsProblem.DANE: "tls-policy-failed",
}


def diagnose_trouble(trouble: Pop3Trouble, host: str) -> Diagnosis:
    """Return what ``trouble`` with the server ``host`` means."""
    if isinstance(trouble, ServerRefused):
        return _refused(trouble, host)
    return _diagnosis(_cause_of(trouble), str(trouble), host, Confidence.CERTAIN)


def _refused(trouble: ServerRefused, host: str) -> Diagnosis:
    said = str(trouble.response)
    known = _BY_CODE.get(ResponseCode(trouble.response.code)) if trouble.response.code in list(ResponseCode) else None
    if known is not None:
        return _diagnosis(known, said, host, Confidence.CERTAIN)
    diagnosis = explain_reply(said).diagnosis._replace(subject=host)
    if diagnosis.confidence is Confidence.UNKNOWN and isinstance(trouble, LoginRefused):
        # RFC 1939 does not say why a login fails; what it is mostly about is a guess, and called one.
        return _diagnosis("pop3-login-failed", said, host, Confidence.LIKELY)
    return diagnosis


def _cause_of(trouble: Pop3Trouble) -> str:
    match trouble:
        case ConnectRefused():
            return "client-wrong-port"
        case ConnectTimeout() | NoAnswer():
            return "retrieval-timeout"
        case NetworkUnreachable():
            return "network-unreachable"
        case TlsTrouble(problem=problem):
            return _BY_TLS_PROBLEM[problem]
        case ProtocolBroken(step=Step.BANNER):
            return "client-wrong-port"
        case ProtocolBroken():
            return "system-error"
        case _:
            return "connection-lost"


def _diagnosis(cause: str, said: str, host: str, confidence: Confidence) -> Diagnosis:
    return Diagnosis(catalogue()[cause], host, Evidence("connection", said[:LONGEST_EVIDENCE]), confidence, RULE)
