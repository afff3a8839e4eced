"""Mark certificates of BIMI: VMC (a registered trade mark) and CMC (a mark in use), looked at without a network.

What is checked: the PEM file, the dates, the purpose, the domain, and that a logo is inside.  What is not: whether the
chain leads to an authority for marks, revocation, and certificate transparency; a check says so in ``unchecked``.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509

from mailwright.authentication.bimi_svg import LONGEST_LOGO
from mailwright.authentication.certificate import CertificateFault, load_certificate, names_of

#: Octets of a PEM file; a VMC with its chain and its logo has under 60,000.
LONGEST_PEM = 262_144
#: Certificates of one file.
MOST_CERTIFICATES = 10

#: RFC 3709 4.1: id-pe-logotype.
LOGOTYPE = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.12")
#: The purpose of a mark certificate (draft-chuang-bimi-certificate): id-kp-BrandIndicatorforMessageIdentification.
BRAND_INDICATOR = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.31")

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_DATA = b"data:image/svg+xml;base64,"
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
#: zlib: a gzip header is expected.
_GZIP = 16 + zlib.MAX_WBITS


class MarkTrouble(StrEnum):
    """What is wrong with a mark certificate."""

    LONG = "long"  # more octets than the limit
    NOT_PEM = "not-pem"  # no certificate that can be read
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    PURPOSE = "purpose"  # it is not for brand indicators
    DOMAIN = "domain"  # it does not bear the domain
    LOGOTYPE_MISSING = "logotype-missing"  # there is no logo in it


#: What nobody has looked at here.
UNCHECKED = ("chain to an authority for marks", "revocation", "certificate transparency")


class MarkCheck(NamedTuple):
    """What there is to say about a mark certificate.

    names: the DNS names that it bears.  expires: aware; None where it cannot be read.
    logo: the SVG inside, unpacked; None where there is none that can be read.
    unchecked: what the result does not cover.
    """

    faults: tuple[MarkTrouble, ...]
    names: tuple[str, ...] = ()
    expires: datetime | None = None
    logo: bytes | None = None
    unchecked: tuple[str, ...] = UNCHECKED


def check_mark(pem: bytes, domain: str, selector: str, now: datetime) -> MarkCheck:
    """Return what there is to say about the first certificate of a PEM file, for a logo of ``domain``.

    domain: where the BIMI record was found, lower case, A-labels.  now: aware.
    """
    if len(pem) > LONGEST_PEM:
        return MarkCheck((MarkTrouble.LONG,))
    try:
        certificate = load_certificate(read_pem(pem)[0])
        extensions = certificate.extensions
    except (CertificateFault, ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return MarkCheck((MarkTrouble.NOT_PEM,))
    names = names_of(certificate)
    logotype = _logotype_of(extensions)
    faults = {
        MarkTrouble.NOT_YET_VALID: now < certificate.not_valid_before_utc,
        MarkTrouble.EXPIRED: now > certificate.not_valid_after_utc,
        MarkTrouble.PURPOSE: not _has_purpose(extensions),
        # The names are whole domains, or SELECTOR._bimi.DOMAIN for one selector.
        MarkTrouble.DOMAIN: domain not in names and f"{selector}._bimi.{domain}" not in names,
        MarkTrouble.LOGOTYPE_MISSING: logotype is None,
    }
    return MarkCheck(
        tuple(trouble for trouble, there in faults.items() if there),
        names,
        certificate.not_valid_after_utc,
        None if logotype is None else embedded_logo(logotype),
    )


def read_pem(pem: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a PEM file in DER, at least one and at most MOST_CERTIFICATES; raises ValueError."""
    found: list[bytes] = []
    begin = pem.find(_BEGIN)
    while begin >= 0 and len(found) < MOST_CERTIFICATES:
        end = pem.find(_END, begin)
        if end < 0:
            break
        inside = b"".join(pem[begin + len(_BEGIN) : end].split())
        found.append(b64decode(inside, validate=True))
        begin = pem.find(_BEGIN, end)
    if not found:
        raise ValueError("no certificate")
    return tuple(found)


def _has_purpose(extensions: x509.Extensions) -> bool:
    try:
        return BRAND_INDICATOR in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False


def _logotype_of(extensions: x509.Extensions) -> bytes | None:
    """Return the value of the logotype extension; None where there is none."""
    for extension in extensions:
        if extension.oid == LOGOTYPE and isinstance(extension.value, x509.UnrecognizedExtension):
            return extension.value.value
    return None


def embedded_logo(logotype: bytes) -> bytes | None:
    """Return the SVG that a logotype extension carries as a data: URI, unpacked; None where none can be read.

    The URI (RFC 3709 4.1, RFC 6170 4) is looked for as text: its place in the structure does not matter here.  What
    would unpack to more than LONGEST_LOGO octets is not unpacked.
    """
    at = logotype.find(_DATA)
    if at < 0:
        return None
    begin = at + len(_DATA)
    end = begin
    while end < len(logotype) and logotype[end] in _BASE64:
        end += 1
    try:
        packed = b64decode(logotype[begin:end], validate=True)
        if packed[:2] != b"\x1f\x8b":
            return packed if len(packed) <= LONGEST_LOGO else None
        unpacking = zlib.decompressobj(_GZIP)
        logo = unpacking.decompress(packed, LONGEST_LOGO + 1)
    except (binascii.Error, zlib.error):
        return None
    return logo if len(logo) <= LONGEST_LOGO and unpacking.eof else None
