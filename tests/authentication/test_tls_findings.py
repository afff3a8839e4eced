"""What a TLS report means: what failed at which host."""

from __future__ import annotations

import pytest

from mailwright.authentication.tls_findings import (
    TlsFinding,
    TlsTotals,
    TlsTrouble,
    find_tls,
    tls_totals,
)
from mailwright.authentication.tls_report import TlsFailure, TlsPolicyReport, TlsReport


def report(*failures: TlsFailure, failed: int = 0) -> TlsReport:
    """Return a report with one policy."""
    policy = TlsPolicyReport("sts", "example.com", (), (), 10, failed, failures)
    return TlsReport("", "", "", None, None, (policy,))


def test_failures_of_one_host_are_added() -> None:
    """By kind and host, the most sessions first; the first detail that says something is kept."""
    found = find_tls(
        report(
            TlsFailure("certificate-expired", 2, "mx1.example.com"),
            TlsFailure("certificate-expired", 3, "mx1.example.com", reason="expired on 1 November"),
            TlsFailure("certificate-expired", 4, "mx2.example.com"),
            TlsFailure("tls-version-too-old", 1, "mx2.example.com"),
        )
    )
    assert found == (
        TlsFinding(TlsTrouble.CERTIFICATE_EXPIRED, "example.com", "mx1.example.com", "sts", 5, "expired on 1 November"),
        TlsFinding(TlsTrouble.CERTIFICATE_EXPIRED, "example.com", "mx2.example.com", "sts", 4, ""),
        TlsFinding(TlsTrouble.OTHER, "example.com", "mx2.example.com", "sts", 1, "tls-version-too-old"),
    )


@pytest.mark.parametrize("trouble", TlsTrouble)
def test_every_result_type_is_known(trouble: TlsTrouble) -> None:
    """RFC 8460 4.3: each is known by its word, with the host where there is one and without."""
    for host in ("mx1.example.com", ""):
        (found,) = find_tls(report(TlsFailure(trouble.value, 7, host)))
        assert (found.trouble, found.mx_host, found.sessions) == (trouble, host, 7)


def test_totals() -> None:
    """Failed sessions without a reason are told apart."""
    assert tls_totals(report(TlsFailure("certificate-expired", 2), failed=5)) == TlsTotals(10, 5, 3)
    assert tls_totals(report(TlsFailure("certificate-expired", 9), failed=5)) == TlsTotals(10, 5, 0)
