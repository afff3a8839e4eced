"""What a TLS report means: for each host of a domain what failed, how often, and what to mend (RFC 8460 4.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.tls_report import TlsReport


class TlsTrouble(StrEnum):
    """The result types of RFC 8460 4.3."""

    STARTTLS_NOT_SUPPORTED = "starttls-not-supported"
    CERTIFICATE_HOST_MISMATCH = "certificate-host-mismatch"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_TRUSTED = "certificate-not-trusted"
    VALIDATION_FAILURE = "validation-failure"
    TLSA_INVALID = "tlsa-invalid"
    DNSSEC_INVALID = "dnssec-invalid"
    DANE_REQUIRED = "dane-required"
    STS_POLICY_FETCH_ERROR = "sts-policy-fetch-error"
    STS_POLICY_INVALID = "sts-policy-invalid"
    STS_WEBPKI_INVALID = "sts-webpki-invalid"
    OTHER = "other"  # a word that RFC 8460 does not have


class TlsFinding(NamedTuple):
    """One kind of failure at one host.

    domain: whose policy; mx_host: "" where the failure is about no host or it is not told.
    policy: "sts", "tlsa" or "no-policy-found".  sessions: how many failed.  detail: what the reporter adds.
    """

    trouble: TlsTrouble
    domain: str
    mx_host: str
    policy: str
    sessions: int
    detail: str


class TlsTotals(NamedTuple):
    """Sessions in a report.  unexplained: failed ones for which no reason is given."""

    successful: int
    failed: int
    unexplained: int


_KNOWN = {trouble.value: trouble for trouble in TlsTrouble}


def find_tls(report: TlsReport) -> tuple[TlsFinding, ...]:
    """Return what failed at each host, the most sessions first."""
    sessions: dict[tuple[TlsTrouble, str, str, str], int] = {}
    details: dict[tuple[TlsTrouble, str, str, str], str] = {}
    for policy in report.policies:
        for failure in policy.failures:
            trouble = _KNOWN.get(failure.result, TlsTrouble.OTHER)
            key = (trouble, policy.domain, failure.mx_host, policy.kind)
            sessions[key] = sessions.get(key, 0) + failure.sessions
            word = failure.result if trouble is TlsTrouble.OTHER else ""
            detail = failure.reason or failure.information or word
            details[key] = details.get(key) or detail
    findings = [TlsFinding(*key, count, details[key]) for key, count in sessions.items()]
    return tuple(sorted(findings, key=lambda found: (-found.sessions, found[:4])))


def tls_totals(report: TlsReport) -> TlsTotals:
    """Return how many sessions a report is about."""
    failed = sum(policy.failed for policy in report.policies)
    explained = sum(failure.sessions for policy in report.policies for failure in policy.failures)
    return TlsTotals(sum(policy.successful for policy in report.policies), failed, max(0, failed - explained))


#: For each result type what is wrong, and what to do; {…} are fields of a TlsFinding, {host} the host or the domain.
TLS_SENTENCES: dict[TlsTrouble, tuple[str, str]] = {
    TlsTrouble.STARTTLS_NOT_SUPPORTED: (
        "{host} did not offer STARTTLS in {sessions} sessions.",
        "Turn on STARTTLS there, and see whether a firewall takes it out of the answer to EHLO.",
    ),
    TlsTrouble.CERTIFICATE_HOST_MISMATCH: (
        "The certificate of {host} is for another name ({sessions} sessions).",
        "Issue a certificate that names {host}, the name in the MX record.",
    ),
    TlsTrouble.CERTIFICATE_EXPIRED: (
        "The certificate of {host} had expired ({sessions} sessions).",
        "Renew it, load it into the mail server, and have renewal run by itself.",
    ),
    TlsTrouble.CERTIFICATE_NOT_TRUSTED: (
        "The certificate of {host} leads to no trusted authority ({sessions} sessions).",
        "Send the whole chain, with a certificate of a public authority.",
    ),
    TlsTrouble.VALIDATION_FAILURE: (
        "TLS with {host} failed in {sessions} sessions, for a reason that has no name of its own.",
        "Look at the detail, and at the server's log at that time.",
    ),
    TlsTrouble.TLSA_INVALID: (
        "No TLSA record of {host} fits its certificate ({sessions} sessions).",
        "Publish the TLSA record of the new key two times the TTL before the certificate is changed.",
    ),
    TlsTrouble.DNSSEC_INVALID: (
        "The DNSSEC signatures for {host} were not valid ({sessions} sessions).",
        "Mend the zone's signatures or the DS record; until then no mail from careful senders arrives.",
    ),
    TlsTrouble.DANE_REQUIRED: (
        "The sender wants DANE, and {host} has no TLSA record that can be used ({sessions} sessions).",
        "Sign the zone and publish TLSA records, if this sender's mail is wanted.",
    ),
    TlsTrouble.STS_POLICY_FETCH_ERROR: (
        "The MTA-STS policy of {domain} could not be fetched ({sessions} sessions).",
        "See that https://mta-sts.{domain}/.well-known/mta-sts.txt answers without a redirection.",
    ),
    TlsTrouble.STS_POLICY_INVALID: (
        "The MTA-STS policy of {domain} could not be read ({sessions} sessions).",
        "Write it anew: version, mode, mx and max_age, each on a line of its own.",
    ),
    TlsTrouble.STS_WEBPKI_INVALID: (
        "The certificate of the web server mta-sts.{domain} is not valid ({sessions} sessions).",
        "Issue a certificate for mta-sts.{domain}.",
    ),
    TlsTrouble.OTHER: (
        "{sessions} sessions with {host} failed: {detail}.",
        "Look at the server's log at that time.",
    ),
}


def tls_sentences(finding: TlsFinding) -> tuple[str, str]:
    """Return in English what is wrong and what to do."""
    values = {
        "host": finding.mx_host or finding.domain or "the host",
        "domain": finding.domain or "the domain",
        "sessions": finding.sessions,
        "detail": finding.detail or "no reason given",
    }
    seen, mend = TLS_SENTENCES[finding.trouble]
    return seen.format_map(values), mend.format_map(values)
