"""DANE for SMTP (RFC 7672): the TLSA records of a mail host, as an Inquiry.

Only what DNSSEC has proven counts.  Three kinds of "no" must not be taken for one another:

* no TLSA record, proven or in a zone without signatures: DANE does not apply;
* the look-up failed, or its signatures are wrong: an attacker may be hiding a record, so this host gets no mail now;
* records are there and none can be used: TLS is demanded, and nobody is authenticated.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256, sha512
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailwright.authentication.certificate import CertificateFault, load_certificate
from mailwright.dns.answer import Answer, Dnssec, Kind, Question, Record, RecordType, Tlsa
from mailwright.dns.inquiry import Inquiry

#: TLSA records of one host that are looked at; a rollover of two keys needs four.  Further ones are ignored.
MOST_RECORDS = 64
SMTP_PORT = 25

#: Certificate usages (RFC 6698 2.1.1, RFC 7218).
DANE_TA, DANE_EE = 2, 3
#: Selectors (RFC 6698 2.1.2): the whole certificate, or its key.
CERTIFICATE, KEY = 0, 1
#: Matching types (RFC 6698 2.1.3): the data itself, or a digest of it.
FULL, SHA256, SHA512 = 0, 1, 2

_DIGEST_OCTETS = {SHA256: sha256().digest_size, SHA512: sha512().digest_size}


class DaneStatus(StrEnum):
    """What the TLSA look-up for a host came to."""

    USABLE = "usable"  # proven records: the server must match one of them
    UNUSABLE = "unusable"  # proven records, none of which can be used: TLS is demanded, without authentication
    ABSENT = "absent"  # DANE does not apply: no record
    INSECURE = "insecure"  # DANE does not apply: the MX record, the host or the TLSA record is not signed
    UNVALIDATED = "unvalidated"  # DANE cannot be applied: the resolver does not say what it validated
    FAILED = "failed"  # DNS did not tell: no delivery through this host now
    BOGUS = "bogus"  # signatures are wrong: no delivery through this host now

    @property
    def applies(self) -> bool:
        """True where DANE decides how the connection is secured, or that there is none."""
        return self in _APPLIES

    @property
    def forbids(self) -> bool:
        """True where nothing may be delivered through the host until a later look-up says otherwise."""
        return self in _FORBIDS


_FORBIDS = frozenset((DaneStatus.FAILED, DaneStatus.BOGUS))
_APPLIES = _FORBIDS | {DaneStatus.USABLE, DaneStatus.UNUSABLE}


class TlsaLookup(NamedTuple):
    """The TLSA records of a host.

    host: as the MX record names it.
    base: the TLSA base domain (RFC 7672 2.2.3), the host or what it is an alias of; "" where no record counts.
    records: those that can be used; empty unless the status is USABLE.
    answers: everything that DNS said, in order.
    """

    host: str
    status: DaneStatus
    base: str = ""
    records: tuple[Tlsa, ...] = ()
    answers: tuple[Answer, ...] = ()


def look_up_tlsa(host: str, mx: Dnssec, *, port: int = SMTP_PORT) -> Inquiry[TlsaLookup]:
    """Ask for the TLSA records of a mail host (lower case, A-labels).

    mx: what is known of the MX answer that named it, or, where there is no MX, of the answer that said so.
    """
    # RFC 7672 2.2.1: where the MX answer is not secure, anybody could have named the host: DANE does not apply.
    if mx is not Dnssec.SECURE:
        return TlsaLookup(host, _unproven(mx))
    v4, v6 = yield Question(host, RecordType.A), Question(host, RecordType.AAAA)
    begun = TlsaLookup(host, DaneStatus.ABSENT, answers=(v4, v6))
    found = [answer for answer in (v4, v6) if answer.kind is Kind.FOUND and answer.dnssec is not Dnssec.BOGUS]
    if not found:
        return begun._replace(status=_failure(begun.answers) or DaneStatus.ABSENT)
    aliases = found[0].aliases
    if all(answer.dnssec is Dnssec.SECURE for answer in found):
        # RFC 7672 2.2.2: TLSA records stand at the fully expanded name, else at the name before expansion.
        return (yield from _look_up_at(begun, (aliases[-1], host) if aliases else (host,), port))
    status = _unproven(found[0].dnssec)
    if not aliases:
        # RFC 7672 2.2.2: where the addresses are insecure, TLSA look-ups SHOULD NOT be made: servers that do not
        # know the type break on them.
        return begun._replace(status=status)
    # RFC 7672 2.2.2: an alias of a signed zone may lead into an unsigned one; then the alias's own name counts.
    (alias,) = yield (Question(host, RecordType.CNAME),)
    begun = begun._replace(answers=(*begun.answers, alias))
    if failure := _failure((alias,)):
        return begun._replace(status=failure)
    if alias.dnssec is not Dnssec.SECURE:
        return begun._replace(status=status)
    return (yield from _look_up_at(begun, (host,), port))


def _look_up_at(begun: TlsaLookup, bases: Iterable[str], port: int) -> Inquiry[TlsaLookup]:
    """Ask for the records at each base domain until one has any."""
    status = DaneStatus.ABSENT
    for base in bases:
        (answer,) = yield (Question(f"_{port}._tcp.{base}", RecordType.TLSA),)
        begun = begun._replace(answers=(*begun.answers, answer))
        # RFC 7672 2.1.2: where the TLSA look-up fails, the client MUST NOT deliver through this host.
        if failure := _failure((answer,)):
            return begun._replace(status=failure)
        if answer.kind is not Kind.FOUND:
            continue
        if answer.dnssec is Dnssec.SECURE:
            records = usable_records(answer.records)
            return begun._replace(
                status=DaneStatus.USABLE if records else DaneStatus.UNUSABLE, base=base, records=records
            )
        # RFC 7672 2.1.1: records that are not secure are not used.
        status = _unproven(answer.dnssec)
    return begun._replace(status=status)


def _unproven(dnssec: Dnssec) -> DaneStatus:
    """Return what it means that an answer is not secure."""
    match dnssec:
        case Dnssec.BOGUS:
            return DaneStatus.BOGUS
        case Dnssec.UNKNOWN:
            return DaneStatus.UNVALIDATED
        case _:
            return DaneStatus.INSECURE


def _failure(answers: Iterable[Answer]) -> DaneStatus | None:
    """Return why the answers do not tell; None where all do."""
    failed = [answer for answer in answers if not answer.tells or answer.dnssec is Dnssec.BOGUS]
    if not failed:
        return None
    # RFC 7672 2.1.1: a bogus answer is a failure, never an absence.
    return DaneStatus.BOGUS if any(answer.dnssec is Dnssec.BOGUS for answer in failed) else DaneStatus.FAILED


def usable_records(records: Iterable[Record]) -> tuple[Tlsa, ...]:
    """Return the TLSA records that SMTP can use, each once, in order, at most MOST_RECORDS."""
    usable = [record for record in dict.fromkeys(records) if isinstance(record, Tlsa) and is_usable(record)]
    kept = [record for record in usable if not _is_outdone(record, usable)]
    return tuple(kept[:MOST_RECORDS])


def is_usable(record: Tlsa) -> bool:
    """Tell whether a record can be used for SMTP (RFC 7672 3.1, RFC 7671 4)."""
    # RFC 7672 3.1.3: PKIX-TA(0) and PKIX-EE(1) are unusable; so are values that nobody has defined yet.
    if record.usage not in {DANE_TA, DANE_EE} or record.selector not in {CERTIFICATE, KEY}:
        return False
    if record.matching == FULL:
        return _is_well_formed(record)
    return _DIGEST_OCTETS.get(record.matching) == len(record.data)


def _is_well_formed(record: Tlsa) -> bool:
    """Tell whether the data itself is a certificate or a key."""
    try:
        if record.selector == CERTIFICATE:
            load_certificate(record.data)
        else:
            load_der_public_key(record.data)
    except UnsupportedAlgorithm:
        return True  # well-formed, of a kind that is not known here; it can still be compared
    except (CertificateFault, ValueError, TypeError):
        return False
    return True


def _is_outdone(record: Tlsa, others: list[Tlsa]) -> bool:
    """Tell whether a stronger digest stands beside this one for the same usage and selector.

    RFC 7671 9 (digest agility): then a client SHOULD ignore the weaker; the data itself is no digest.
    """
    return record.matching == SHA256 and any(other[:2] == record[:2] and other.matching == SHA512 for other in others)


def accepted_names(lookup: TlsaLookup, next_hop: str, expanded: str = "") -> tuple[str, ...]:
    """Return the names of which a server's certificate must bear one where a DANE-TA record is used.

    next_hop: the domain whose MX was asked for.  expanded: what it is an alias of, securely; "" where it is none.
    """
    # RFC 7672 3.2.2: the TLSA base domain first; of a secure MX also the next-hop domain and its expansion.
    return tuple(dict.fromkeys(filter(None, (lookup.base, next_hop, expanded))))
