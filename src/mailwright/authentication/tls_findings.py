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
