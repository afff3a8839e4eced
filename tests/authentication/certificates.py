"""Certificates made for tests: authorities and servers, in date or not, right or wrong in one point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
A_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is to be like; issuer None makes it sign itself."""

    subject: str = "server"
    names: Sequence[str] = ()
    issuer: Made | None = None
    authority: bool = False
    begins: datetime = NOW - A_MONTH
    ends: datetime = NOW + A_MONTH
    extensions: Sequence[x509.ExtensionType] = ()


def make(wanted: Wanted) -> Made:
    """Return a certificate as wanted, with a new key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, wanted.subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(wanted.issuer.certificate.subject if wanted.issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wanted.begins)
        .not_valid_after(wanted.ends)
    )
    extensions = list(wanted.extensions)
    if wanted.authority:
        extensions.append(x509.BasicConstraints(ca=True, path_length=None))
    if wanted.names:
        extensions.append(x509.SubjectAlternativeName(list(map(x509.DNSName, wanted.names))))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return Made(builder.sign(wanted.issuer.key if wanted.issuer else key, hashes.SHA256()), key)


def make_authority(subject: str = "authority", issuer: Made | None = None) -> Made:
    """Return an authority."""
    return make(Wanted(subject, issuer=issuer, authority=True))


def make_server(names: Sequence[str], issuer: Made | None = None) -> Made:
    """Return a server's certificate."""
    return make(Wanted(names=names, issuer=issuer))
