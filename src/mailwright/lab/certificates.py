"""Authority: certificates for the hosts of a lab, good ones and others, from an authority that nobody else knows."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

#: How long certificates are good for; a lab's day is short.
LIFETIME = timedelta(days=30)
#: How far clocks may differ.
SLACK = timedelta(days=1)


class Quality(StrEnum):
    """What is wrong with a certificate, if anything."""

    VALID = "valid"
    EXPIRED = "expired"
    OTHER_NAME = "other-name"
    SELF_SIGNED = "self-signed"


class Authority:
    """An authority with a key of its own.  pem: its certificate, for whoever is to trust it."""

    def __init__(self) -> None:
        """Make the key."""
        self._now = datetime.now(UTC)
        self._key = _new_key()
        self._name = _name("Mailwright lab authority")
        lifetime = (self._now - SLACK, self._now + LIFETIME)
        self._certificate = _certificate(self._name, self._key, lifetime, (self._name, self._key))
        self.pem = _pem(self._certificate)

    def context(self, host: str, quality: Quality = Quality.VALID) -> ssl.SSLContext:
        """Return what a server called ``host`` shows to its clients."""
        end = self._now - SLACK if quality is Quality.EXPIRED else self._now + LIFETIME
        shown = f"other.{host}" if quality is Quality.OTHER_NAME else host
        key, subject = _new_key(), _name(shown)
        issuer = (subject, key) if quality is Quality.SELF_SIGNED else (self._name, self._key)
        certificate = _certificate(subject, key, (end - LIFETIME, end), issuer, shown)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # OpenSSL as Python has it reads keys from files only; the folder is for this user alone.
        with TemporaryDirectory() as folder:
            file = Path(folder) / "host.pem"
            file.write_bytes(_key_pem(key) + _pem(certificate))
            context.load_cert_chain(file)
        return context


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - slow to import

    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415 - slow to import

    # RFC 5280 A.1: a common name has 64 characters at most.
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common[:64])])


def _certificate(
    subject: x509.Name,
    key: EllipticCurvePrivateKey,
    lifetime: tuple[datetime, datetime],
    issuer: tuple[x509.Name, EllipticCurvePrivateKey],
    host: str | None = None,
) -> x509.Certificate:
    """Return a certificate: of an authority where ``host`` is None, else of a server with that name."""
    from cryptography import x509  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    issuer_name, issuer_key = issuer
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(lifetime[0])
        .not_valid_after(lifetime[1])
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    extension: Any = _authority_usage() if host is None else x509.SubjectAlternativeName([x509.DNSName(host)])
    return builder.add_extension(extension, critical=host is None).sign(issuer_key, hashes.SHA256())


def _authority_usage() -> x509.KeyUsage:
    """Return what RFC 5280 4.2.1.3 asks of an authority: it signs certificates."""
    from cryptography import x509  # noqa: PLC0415 - slow to import

    uses = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **uses)


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - slow to import

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - slow to import
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
