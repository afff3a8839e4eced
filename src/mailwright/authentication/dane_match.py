"""Match a server's certificate against the TLSA records of its host (RFC 7671 5, RFC 7672 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256, sha512
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from mailwright.authentication.certificate import CertificateFault, key_of, load_certificate, names_of
from mailwright.authentication.dane import CERTIFICATE, DANE_EE, DANE_TA, FULL, MOST_RECORDS, SHA256
from mailwright.dns.answer import Tlsa
from mailwright.smtp.security import TlsPolicy, names_match

#: Certificates of a chain that are looked at; OpenSSL's servers send up to four.
MOST_CERTIFICATES = 10
#: Names that are tried; RFC 7672 3.2.2 knows three.
MOST_NAMES = 10


class MatchStatus(StrEnum):
    """What the comparison came to."""

    MATCHED = "matched"
    NO_MATCH = "no-match"  # no record is about any certificate of the chain
    WRONG_NAME = "wrong-name"  # the trust anchor is right; the certificate bears none of the names
    EXPIRED = "expired"  # the trust anchor is right; a certificate is out of date, or not valid yet
    NOT_TRUSTED = "not-trusted"  # the trust anchor is there; the certificate was not issued below it
    NO_CERTIFICATE = "no-certificate"  # the server's own certificate is missing or cannot be read


class DaneMatch(NamedTuple):
    """Whether a chain matches.

    record: the one that matched, or that came nearest; None where none is about the chain.
    name: the name that the certificate was accepted for; "" where names do not count or none was.
    detail: what was said about it, for people.
    """

    status: MatchStatus
    record: Tlsa | None = None
    name: str = ""
    detail: str = ""


def match_chain(chain: Sequence[bytes], records: Sequence[Tlsa], names: Sequence[str], now: datetime) -> DaneMatch:
    """Return whether a chain matches one of the records.

    chain: DER, the server's own certificate first.  records: usable ones, as ``dane.usable_records`` returns them.
    names: as ``dane.accepted_names`` returns them.  now: aware.

    Of a DANE-TA record the trust anchor must be in the chain, or whole in the record (2 0 0); a bare key (2 1 0) whose
    certificate the server does not send is not used, as RFC 7671 5.2.3 lets clients do.
    """
    chain = chain[:MOST_CERTIFICATES]
    try:
        key = key_of(chain[0]) if chain else b""
    except CertificateFault as fault:
        return DaneMatch(MatchStatus.NO_CERTIFICATE, detail=str(fault))
    if not key:
        return DaneMatch(MatchStatus.NO_CERTIFICATE)
    for record in records[:MOST_RECORDS]:
        # RFC 7672 3.1.1: with DANE-EE(3) the certificate's names and dates MUST NOT be checked, nor its issuer.
        if record.usage == DANE_EE and _is_about(record, chain[0], key):
            return DaneMatch(MatchStatus.MATCHED, record)
    return _match_anchors(chain, [record for record in records[:MOST_RECORDS] if record.usage == DANE_TA], names, now)


def chain_check(policy: TlsPolicy, now: Callable[[], datetime]) -> Callable[[tuple[bytes, ...]], str | None]:
    """Return the ``check_chain`` of an SMTP client for a policy with TLSA records.

    It takes a chain as ``match_chain`` does, and returns what is wrong, None where it matches; now: returns the time,
    aware, when the chain is there.
    """

    def check(chain: tuple[bytes, ...]) -> str | None:
        found = match_chain(chain, policy.tlsa, policy.names, now())
        if found.status is MatchStatus.MATCHED:
            return None
        return f"{found.status}: {found.detail}" if found.detail else str(found.status)

    return check


def _is_about(record: Tlsa, der: bytes, key: bytes) -> bool:
    """Tell whether a record's data is that of a certificate (RFC 6698 2.1.2, 2.1.3)."""
    selected = der if record.selector == CERTIFICATE else key
    if record.matching == FULL:
        return selected == record.data
    return (sha256 if record.matching == SHA256 else sha512)(selected).digest() == record.data


def _match_anchors(chain: Sequence[bytes], records: Sequence[Tlsa], names: Sequence[str], now: datetime) -> DaneMatch:
    """Return whether the chain leads to a trust anchor that a record names; the best of several failures."""
    best = DaneMatch(MatchStatus.NO_MATCH)
    if not records:
        return best
    try:
        leaf, *others = map(load_certificate, chain)
    except CertificateFault as fault:
        return DaneMatch(MatchStatus.NO_CERTIFICATE, detail=str(fault))
    for record, anchor in _anchors(chain, [leaf, *others], records):
        found = _verify(leaf, others, anchor, names, now)._replace(record=record)
        if found.status is MatchStatus.MATCHED:
            return found
        if _NEARNESS.index(found.status) > _NEARNESS.index(best.status):
            best = found
    return best


#: Failures by how near they are to a match.
_NEARNESS = (MatchStatus.NO_MATCH, MatchStatus.NOT_TRUSTED, MatchStatus.EXPIRED, MatchStatus.WRONG_NAME)


def _anchors(
    chain: Sequence[bytes], certificates: Sequence[x509.Certificate], records: Sequence[Tlsa]
) -> Iterator[tuple[Tlsa, x509.Certificate]]:
    """Yield every record with the trust anchor that it names."""
    keys = [key_of(der) for der in chain]
    for record in records:
        named = [
            certificate
            for der, key, certificate in zip(chain, keys, certificates, strict=True)
            if _is_about(record, der, key)
        ]
        if not named and (record.selector, record.matching) == (CERTIFICATE, FULL):
            # RFC 7671 5.2.2: the whole certificate in the record serves where the server does not send it.
            named = [load_certificate(record.data)]
        yield from ((record, certificate) for certificate in named)


def _verify(
    leaf: x509.Certificate,
    others: list[x509.Certificate],
    anchor: x509.Certificate,
    names: Sequence[str],
    now: datetime,
) -> DaneMatch:
    """Return whether ``leaf`` was issued below ``anchor``, is in date, and bears one of the names."""
    # RFC 7672 3.1.2, 3.2.2: with DANE-TA(2) the client MUST check the names and the dates.
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        return DaneMatch(MatchStatus.EXPIRED, detail=f"valid until {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    presented = names_of(leaf)
    wanted = [name for name in names[:MOST_NAMES] if names_match(presented, (name,))]
    if not wanted:
        return DaneMatch(MatchStatus.WRONG_NAME, detail=f"it bears {', '.join(presented[:MOST_NAMES]) or 'no name'}")
    said = ""
    for name in wanted:
        try:
            subject = x509.DNSName(name)
            _builder().store(Store([anchor])).time(now).build_server_verifier(subject).verify(leaf, others)
        except (VerificationError, ValueError, TypeError, UnsupportedAlgorithm) as wrong:
            said = str(wrong)
        else:
            return DaneMatch(MatchStatus.MATCHED, name=name)
    expired = any(not one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in (*others, anchor))
    return DaneMatch(MatchStatus.EXPIRED if expired else MatchStatus.NOT_TRUSTED, detail=said)


def _builder() -> PolicyBuilder:
    """Return how paths are checked: as RFC 5280 6 says, without the further demands of public authorities.

    Trust anchors of DANE are mostly home-made: key identifiers and the like may be missing.
    """
    issuer = (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    )
    server = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    return PolicyBuilder().max_chain_depth(MOST_CERTIFICATES).extension_policies(ca_policy=issuer, ee_policy=server)


def _may_sign(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    """RFC 5280 6.1.4 (n): an issuer that names its key's usages must have keyCertSign among them."""
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer in the chain may not sign certificates")
