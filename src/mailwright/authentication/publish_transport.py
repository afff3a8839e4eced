"""What to publish so that others connect securely: MTA-STS, TLSA and BIMI records, as names and texts."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from mailwright.authentication import bimi_record, mtasts, mtasts_record
from mailwright.authentication.certificate import key_of
from mailwright.authentication.dane import DANE_EE, KEY, SHA256, SMTP_PORT
from mailwright.authentication.mtasts_policy import Policy, write_policy
from mailwright.dns.answer import RecordType, Tlsa


class DnsRecord(NamedTuple):
    """A record to publish: its name in the form of Question.name, its type, and its value in presentation form."""

    name: str
    type: RecordType
    value: str


class StsPublication(NamedTuple):
    """Everything that MTA-STS needs: a record in DNS, and a file on the web.

    record: to be published after the file is there, and anew whenever the file changes.
    url, file: where the file belongs, and its octets; served as text/plain, with a valid certificate, no redirect.
    """

    record: DnsRecord
    url: str
    file: bytes


def publish_sts(domain: str, policy: Policy, now: datetime) -> StsPublication:
    """Return what to publish for a policy of ``domain`` (lower case, A-labels); the id is the time, aware.

    Raises PolicyFault where the policy cannot be written.
    """
    # RFC 8461 3.1: the id MUST differ from that of every earlier policy.
    policy_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    record = DnsRecord(
        f"{mtasts_record.LABEL}.{domain}", RecordType.TXT, _quoted(mtasts_record.write_record(policy_id))
    )
    return StsPublication(record, mtasts.FetchPolicy(domain, policy_id).url, write_policy(policy))


def publish_tlsa(host: str, certificate: bytes, port: int = SMTP_PORT) -> DnsRecord:
    """Return the TLSA record of a server's certificate (DER): 3 1 1, the SHA-256 of its key.

    It stays right when the certificate is renewed with the same key.  Before a new key is used its record must stand
    beside the old one for two TTLs (RFC 7671 8.1).  Raises CertificateFault.
    """
    # RFC 7672 3.1.3: DANE-EE(3) SPKI(1) SHA2-256(1) is what is recommended.
    return tlsa_record(host, Tlsa(DANE_EE, KEY, SHA256, sha256(key_of(certificate)).digest()), port)


def tlsa_record(host: str, record: Tlsa, port: int = SMTP_PORT) -> DnsRecord:
    """Return a TLSA record of ``host`` (lower case, A-labels) to publish."""
    value = f"{record.usage} {record.selector} {record.matching} {record.data.hex()}"
    return DnsRecord(f"_{port}._tcp.{host}", RecordType.TLSA, value)


def publish_bimi(
    domain: str, location: str, evidence: str = "", selector: str = bimi_record.DEFAULT_SELECTOR
) -> DnsRecord:
    """Return the BIMI record of ``domain`` (lower case, A-labels); raises BimiFault where a URI is not https."""
    text = bimi_record.write_bimi(location, evidence)
    return DnsRecord(f"{selector}.{bimi_record.LABEL}.{domain}", RecordType.TXT, _quoted(text))


def _quoted(text: str) -> str:
    """Return a text as the character strings of a TXT record, each of at most 255 octets (RFC 1035 3.3)."""
    pieces = [text[at : at + 255] for at in range(0, max(1, len(text)), 255)]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
