"""Certificates as DANE and BIMI look at them: loaded without surprises, their key as it stands, their names.

Only bytes come in, and nothing here trusts a certificate: whether it is good is said by ``dane_match`` and
``bimi_certificate``.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

#: Octets of one certificate; TLS itself would allow 16 MB (RFC 8446 4.4.2), real ones have under 8,000.
LONGEST_CERTIFICATE = 65_536

_SEQUENCE = 0x30
_VERSION = 0xA0
#: What stands before the key in a TBSCertificate, apart from the version (RFC 5280 4.1): serialNumber, signature,
#: issuer, validity, subject.
_BEFORE_KEY = 5


class CertificateFault(ValueError):
    """Bytes are no certificate that can be read."""


def load_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate; raises CertificateFault."""
    if len(der) > LONGEST_CERTIFICATE:
        raise CertificateFault(f"more than {LONGEST_CERTIFICATE} octets")
    try:
        return x509.load_der_x509_certificate(der)
    # A serial number that is not positive (RFC 5280 4.1.2.2) is a warning still, which some programs make an exception;
    # the library has announced that it will be a ValueError.
    except (ValueError, TypeError, UnsupportedAlgorithm, UserWarning) as wrong:
        raise CertificateFault(str(wrong)) from wrong


def key_of(der: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a certificate, byte for byte as it stands there (RFC 6698 1.3, selector 1).

    Taken from the encoding itself: what a library reads and writes again may differ from what was hashed, and keys
    of kinds that it does not know have a digest too.  Raises CertificateFault.
    """
    tag, begin, end = _element(der, 0, min(len(der), LONGEST_CERTIFICATE))
    tbs_tag, place, tbs_end = _element(der, begin, end)
    if tag != _SEQUENCE or tbs_tag != _SEQUENCE:
        raise CertificateFault("not a certificate")
    if place < tbs_end and der[place] == _VERSION:
        place = _element(der, place, tbs_end)[2]
    for _ in range(_BEFORE_KEY):
        place = _element(der, place, tbs_end)[2]
    key_tag, _, key_end = _element(der, place, tbs_end)
    if key_tag != _SEQUENCE:
        raise CertificateFault("no key where one belongs")
    return der[place:key_end]


def _element(der: bytes, place: int, limit: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the contents of the DER element at ``place``, all within ``limit``."""
    if place + 2 > limit:
        raise CertificateFault("cut off")
    tag, length, begin = der[place], der[place + 1], place + 2
    if length >= 0x80:
        # X.690 8.1.3.5: the low bits count the octets of the length; 0x80 alone (indefinite) is no DER.
        count = length & 0x7F
        if not 0 < count <= 4 or begin + count > limit:
            raise CertificateFault("a length that cannot be")
        length = int.from_bytes(der[begin : begin + count], "big")
        begin += count
    if begin + length > limit:
        raise CertificateFault("cut off")
    return tag, begin, begin + length


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names of the subject's alternative names, in lower case; empty where there are none.

    The common name is not looked at: RFC 9525 2 ended its use, and public authorities no longer rely on it.
    """
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return ()
