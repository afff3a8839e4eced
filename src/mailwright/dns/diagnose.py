"""Diagnose: what a failed look-up or a domain without a route means, in the words of the catalogue."""

from __future__ import annotations

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.dns.answer import Answer, Kind
from mailwright.dns.routes import Note, Routing, Verdict

#: The rule that these diagnoses name: the answer itself, and no words that had to be understood.
RULE = "dns"
#: Answers that are shown as evidence, and characters of it: an MX answer can name hundreds of hosts.
MOST_ANSWERS = 6
LONGEST_EVIDENCE = 1_000

_ROUTES = {
    Verdict.NO_SUCH_DOMAIN: "domain-unknown",
    Verdict.NO_MAIL_HOST: "domain-without-mail-host",
    Verdict.NULL_MX: "domain-no-mail",
    Verdict.MISCONFIGURED: "mx-misconfigured",
    Verdict.OTHER_FAMILY: "network-unreachable",
    Verdict.LOOPS_BACK: "routing-loop",
    Verdict.NOT_A_DOMAIN: "address-syntax",
}

#: What a failed look-up is: nobody answered, or somebody with an error.
_FAILURES = {
    Kind.SERVFAIL: "dns-temporary",
    Kind.REFUSED: "dns-temporary",
    Kind.MALFORMED: "dns-temporary",
    Kind.TIMEOUT: "dns-timeout",
    Kind.UNREACHABLE: "dns-timeout",
}


def diagnose_routing(routing: Routing) -> Diagnosis | None:
    """Return why there is no way to the domain; None where there is one."""
    if routing.verdict is Verdict.ROUTABLE:
        return None
    if routing.verdict is Verdict.DNS_FAILED and routing.decisive is not None:
        return diagnose_failure(routing.decisive, routing.domain)
    return _diagnosis(_ROUTES[routing.verdict], routing.domain, _evidence(routing), Confidence.CERTAIN)


def diagnose_failure(answer: Answer, subject: str | None = None) -> Diagnosis | None:
    """Return what a look-up that failed means; None where the answer tells something, be it that there is nothing.

    subject: the domain it was for; None for the name asked.
    """
    cause = _FAILURES.get(answer.kind)
    if cause is None:
        return None
    # A refusal or rubbish may as well be the resolver's own fault.
    sure = answer.kind in {Kind.SERVFAIL, Kind.TIMEOUT}
    return _diagnosis(
        cause,
        answer.question.name if subject is None else subject,
        answer.evidence,
        Confidence.CERTAIN if sure else Confidence.LIKELY,
    )


def diagnose_answer(answer: Answer, subject: str | None = None) -> Diagnosis | None:
    """Return what an answer about a recipient's domain means: as ``diagnose_failure``, and NXDOMAIN too.

    None for FOUND, and for NODATA: whether a domain without such a record is at fault depends on the record.
    """
    if answer.kind is Kind.NXDOMAIN:
        name = answer.question.name if subject is None else subject
        return _diagnosis("domain-unknown", name, answer.evidence, Confidence.CERTAIN)
    return diagnose_failure(answer, subject)


def _evidence(routing: Routing) -> str:
    """Return what DNS said, and for people what is odd about it; without DNS, the domain itself."""
    lines = [answer.evidence for answer in routing.answers[:MOST_ANSWERS]]
    odd = [f"{host.name}: {note}" for host in routing.hosts for note in host.notes]
    odd += [note for note in routing.notes if note is not Note.DOMAIN_IS_ALIAS]
    return "; ".join([*(lines or [routing.domain]), *odd[:MOST_ANSWERS]])


def _diagnosis(cause: str, subject: str, evidence: str, confidence: Confidence) -> Diagnosis:
    return Diagnosis(catalogue()[cause], subject, Evidence("dns", evidence[:LONGEST_EVIDENCE]), confidence, RULE)
