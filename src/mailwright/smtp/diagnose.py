"""Diagnose: what a reply, a failed connection or a missing extension means, in the words of the catalogue.

A reply is explained by ``explain``, like one that stands in a bounce.  A connection that failed says its cause by how
it failed; the same failure is another cause at the sender's own submission server, where the settings are at fault,
than at a recipient's mail host, where its administrator is: ``Side`` tells which.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.explain.classify import Context
from mailwright.explain.explanation import Report
from mailwright.explain.reply import explain_reply
from mailwright.mail.address import Address
from mailwright.mail.reply import Reply
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

#: The rule that these diagnoses name: what happened itself, and no words that had to be understood.
RULE = "connection"
#: Characters of evidence that are kept.
LONGEST_EVIDENCE = 1_000


class Side(StrEnum):
    """Whose server it is."""

    RECIPIENT = "recipient"  # a mail host of the recipient's domain
    SENDER = "sender"  # the sender's own submission server or smarthost


class Place(NamedTuple):
    """What a report is about: whose mail, which server, and whose server that is.

    recipient: None where it concerns all.  host: "" where only an address is known.
    """

    recipient: Address | None
    host: str
    side: Side = Side.RECIPIENT


#: The command that a reply answered, as the rules of ``explain`` name it.
_COMMANDS = {
    Step.BANNER: "connect",
    Step.EHLO: "ehlo",
    Step.AUTH: "auth",
    Step.MAIL: "mail",
    Step.RCPT: "rcpt",
    Step.DATA: "data",
    Step.MESSAGE: "data",
}

_TLS_CAUSES = {
    TlsProblem.NOT_OFFERED: "tls-policy-failed",
    TlsProblem.HANDSHAKE: "tls-failed",
    TlsProblem.PLAINTEXT_ANSWER: "tls-failed",
    # "tls-version-old" is what a server says of our versions; here it is the server that lacks new ones.
    TlsProblem.OLD_VERSION: "tls-failed",
    TlsProblem.NO_CERTIFICATE: "certificate-invalid",
    TlsProblem.UNTRUSTED: "certificate-invalid",
    TlsProblem.EXPIRED: "certificate-expired",
    TlsProblem.NOT_YET_VALID: "certificate-invalid",
    TlsProblem.WRONG_NAME: "certificate-invalid",
    TlsProblem.DANE: "tls-policy-failed",
}

#: What a failure is at the sender's own server.
_AT_SENDERS_SERVER = {
    "domain-unknown": "client-wrong-host",
    "domain-without-mail-host": "client-wrong-host",
    "connection-refused": "client-wrong-port",
    "connection-timeout": "client-timeout",
    "certificate-invalid": "client-certificate-refused",
}

_OBSTACLE_CAUSES = {
    Obstacle.EIGHT_BIT: "eight-bit-unsupported",
    Obstacle.BINARY: "eight-bit-unsupported",
    Obstacle.UTF8: "smtputf8-unsupported",
    Obstacle.REQUIRE_TLS: "tls-policy-failed",
    Obstacle.SIZE: "message-too-big",
    Obstacle.RECIPIENTS: "too-many-recipients",
    Obstacle.DOMAINS: "too-many-recipients",
    Obstacle.MESSAGES: "server-busy",
    Obstacle.NOBODY: "address-syntax",
}


def report_reply(reply: Reply, step: Step, place: Place) -> Report:
    """Return what a refusal at ``step`` means."""
    status = str(reply.enhanced) if reply.enhanced else None
    context = Context(str(reply.code), status, place.host or None, _COMMANDS.get(step))
    return _placed(explain_reply(str(reply), context), place)


def report_trouble(trouble: SmtpTrouble, place: Place) -> Report:
    """Return what a connection that cannot go on means."""
    if isinstance(trouble, ServerRefused):
        return report_reply(trouble.reply, trouble.step, place)
    return report_cause(_cause_of(trouble, place.side), Evidence("connection", str(trouble)), place)


def report_obstacle(obstacle: Obstacle, seen: str, place: Place) -> Report:
    """Return what it means that a server does not offer what the message needs; ``seen``: what it offers, in words."""
    return report_cause(_OBSTACLE_CAUSES[obstacle], Evidence("ehlo", f"{obstacle}: {seen}"), place)


def report_accepted(reply: Reply, place: Place) -> Report:
    """Return the report on a recipient whose message the server has taken."""
    diagnosis = Diagnosis(
        catalogue()["handed-on"], _subject(place), Evidence("reply", str(reply)), Confidence.CERTAIN, RULE
    )
    status = str(reply.enhanced) if reply.enhanced else None
    return _report(diagnosis, place)._replace(action="relayed", reply_code=str(reply.code), enhanced_status=status)


def report_cause(cause_id: str, evidence: Evidence, place: Place) -> Report:
    """Return the report on a cause that is certain by what was seen, at the sender's own server in its own words."""
    if place.side is Side.SENDER:
        cause_id = _AT_SENDERS_SERVER.get(cause_id, cause_id)
    evidence = evidence._replace(text=evidence.text[:LONGEST_EVIDENCE])
    return _report(
        Diagnosis(catalogue()[cause_id], _subject(place), evidence, Confidence.CERTAIN, RULE),
        place,
    )


def report_diagnosis(diagnosis: Diagnosis, place: Place) -> Report:
    """Return the report on a diagnosis that was made elsewhere, as of DNS."""
    if place.side is Side.SENDER and diagnosis.cause.id in _AT_SENDERS_SERVER:
        diagnosis = diagnosis._replace(cause=catalogue()[_AT_SENDERS_SERVER[diagnosis.cause.id]])
    return _report(diagnosis, place)


def _cause_of(trouble: SmtpTrouble, side: Side) -> str:
    """Return the cause that the manner of a failure says."""
    match trouble:
        case ConnectRefused():
            return "connection-refused"
        case ConnectTimeout() | NoAnswer(step=Step.BANNER):
            return "connection-timeout"
        case NetworkUnreachable():
            return "network-unreachable"
        case TlsTrouble(problem=problem):
            # TLS spoken to a port that begins in clear is a setting of the client, and nothing that a host could mend.
            if problem is TlsProblem.PLAINTEXT_ANSWER and side is Side.SENDER:
                return "client-tls-mode"
            return _TLS_CAUSES[problem]
        case ConnectionLost() | NoAnswer():
            return "connection-lost"
        case ProtocolBroken(step=step):
            return _broken(step, side)
        case _:
            return "system-error"


def _broken(step: Step, side: Side) -> str:
    """Return the cause of octets that are no SMTP."""
    if step is Step.BANNER and side is Side.SENDER:
        return "client-wrong-port"
    # No SMTP from the first octet, or words put in before TLS: something else speaks there, or stands between.
    # Later it is the server that goes wrong; "protocol-error" would say that it complains of us.
    return "connection-intercepted" if step in (Step.BANNER, Step.STARTTLS, Step.TLS) else "system-error"


def _subject(place: Place) -> str | None:
    return str(place.recipient) if place.recipient is not None else place.host or None


def _report(diagnosis: Diagnosis, place: Place) -> Report:
    return Report(
        recipient=str(place.recipient) if place.recipient is not None else None,
        original_recipient=None,
        diagnosis=diagnosis,
        permanent=None,
        action=None,
        reply_code=None,
        enhanced_status=None,
        diagnostic=diagnosis.evidence.text,
        remote_host=place.host or None,
        reporting_mta=None,
    )


def _placed(report: Report, place: Place) -> Report:
    """Return a report with the recipient who was asked for, whatever addresses the reply names."""
    recipient = str(place.recipient) if place.recipient is not None else report.recipient
    diagnosis = report.diagnosis._replace(subject=recipient or place.host or None)
    return report._replace(recipient=recipient, diagnosis=diagnosis, remote_host=place.host or None)
