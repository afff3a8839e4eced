"""Next host: who may still be helped by another address or host, after what one has answered.

Decide first, act after: nothing here waits or connects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.causes.catalogue import catalogue
from mailwright.causes.cause import Scope
from mailwright.causes.diagnosis import Confidence
from mailwright.deliver.outcome import Attempt, Delivery, Fate, Outcome
from mailwright.explain.explanation import Report
from mailwright.mail.envelope import Recipient
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import ConnectionLost, NoAnswer, SmtpTrouble, TlsProblem, TlsTrouble

#: Addresses of one destination that are tried (own choice, Postfix has 5): more only keeps people waiting.
MOST_ADDRESSES = 10
#: Different hosts that must all stay silent before the network is suspected and not the hosts (own choice).
FEWEST_SILENT_HOSTS = 2

#: Steps before the first word about the message, what the host does not offer (EHLO) included: whatever fails there is
#: the host's, and another host may do better.
_BEFORE_MESSAGE = frozenset((None, Step.CONNECT, Step.TLS, Step.BANNER, Step.EHLO, Step.STARTTLS))


def worth_another(outcomes: Iterable[Outcome]) -> tuple[Recipient, ...]:
    """Return the recipients for whom the next host may be tried.

    Not those whom a host refused for a reason that the next one shares: greylisting, a full mailbox, a blocklist.
    Nor those of whom nobody knows whether the message was accepted: they would get it twice.
    """
    return tuple(outcome.recipient for outcome in outcomes if _may_help(outcome))


def _may_help(outcome: Outcome) -> bool:
    if outcome.fate in (Fate.ACCEPTED, Fate.UNKNOWN):
        return False
    if outcome.step in _BEFORE_MESSAGE:
        return True
    return outcome.fate is Fate.LATER and outcome.report.diagnosis.cause.scope in (Scope.DESTINATION, Scope.NETWORK)


def split_off(outcomes: Iterable[Outcome]) -> tuple[Recipient, ...]:
    """Return the recipients that a host turned away only because there were too many in one transaction.

    RFC 5321 4.5.3.1.10: the client sends to those in further transactions.
    """
    return tuple(
        outcome.recipient
        for outcome in outcomes
        if outcome.report.diagnosis.cause.id == "too-many-recipients" and outcome.fate is not Fate.ACCEPTED
    )


def may_fall_back(trouble: SmtpTrouble, policy: TlsPolicy) -> bool:
    """Tell whether to connect again in clear: opportunistic TLS is better than none and none better than no mail.

    RFC 7435 3: opportunistic security must not become a reason not to communicate.  A server that falls silent or hangs
    up over STARTTLS is as unable to do it as one whose handshake fails; one that says something else is not trusted.
    """
    if policy.demands_tls or policy.mode is not TlsMode.OPPORTUNISTIC:
        return False
    if isinstance(trouble, TlsTrouble):
        return trouble.problem is not TlsProblem.NOT_OFFERED
    return isinstance(trouble, ConnectionLost | NoAnswer) and trouble.step in (Step.STARTTLS, Step.TLS)


def suspect_filter(delivery: Delivery) -> None:
    """Where every host of every destination stayed silent, name the likely cause: our own network blocks the port."""
    if not _all_silent(delivery.attempts):
        return
    for outcome in delivery.outcomes:
        if outcome.report.diagnosis.cause.id == "connection-timeout":
            delivery.replace(outcome._replace(report=_as_filtered(outcome.report)))


def _all_silent(attempts: Sequence[Attempt]) -> bool:
    silent = {
        attempt.host or attempt.address
        for attempt in attempts
        if attempt.trouble is not None and attempt.trouble.diagnosis.cause.id == "connection-timeout"
    }
    heard = any(
        attempt.trouble is None
        or attempt.trouble.diagnosis.cause.id not in ("connection-timeout", "network-unreachable")
        for attempt in attempts
    )
    return len(silent) >= FEWEST_SILENT_HOSTS and not heard


def _as_filtered(report: Report) -> Report:
    diagnosis = report.diagnosis._replace(cause=catalogue()["port-filtered"], confidence=Confidence.LIKELY)
    return report._replace(diagnosis=diagnosis)
