"""What a server's certificate says, as far as a transcript tells it (RFC 5280)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mailwright.smtp.security import names_match
from mailwright.smtp.transcript import LONGEST_NAME, CertificateFacts, cut
from mailwright.smtp.transcript_json import MOST_NAMES

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

#: Octets of a certificate that is looked at (own choice; those in use have up to some thousand).
LONGEST_CERTIFICATE = 65_536


def certificate_facts(der: bytes) -> CertificateFacts | None:
    """Return what the certificate says; None where it cannot be read."""
    # It takes long to import, and most connections are never looked at.
    from cryptography import x509  # noqa: PLC0415

    if len(der) > LONGEST_CERTIFICATE:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        return CertificateFacts(
            cut(certificate.subject.rfc4514_string(), LONGEST_NAME),
            cut(certificate.issuer.rfc4514_string(), LONGEST_NAME),
            _names(certificate),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )
    except (ValueError, TypeError, OverflowError, UserWarning, x509.InvalidVersion, x509.DuplicateExtension):
        # The library's words for octets that are no certificate, or one that breaks the standard; where warnings are
        # errors, its deprecations too.
        return None


def _names(certificate: Certificate) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
    return tuple(cut(name, LONGEST_NAME) for name in names[:MOST_NAMES])


def plain_faults(facts: CertificateFacts, names: tuple[str, ...], now: datetime) -> list[str]:
    """Return what anybody can see to be wrong with a certificate, without asking an authority, in words.

    names: what the server may be called.  now: aware.
    """
    faults = []
    if now > facts.not_after:
        faults.append(f"expired at {facts.not_after:%Y-%m-%d %H:%M} UTC")
    if now < facts.not_before:
        faults.append(f"not valid before {facts.not_before:%Y-%m-%d %H:%M} UTC")
    if not names_match(facts.names, names):
        faults.append(f"issued for {', '.join(facts.names[:5]) or 'no name'}, not for {', '.join(names)}")
    if facts.subject == facts.issuer:
        faults.append("self-signed")
    return faults
