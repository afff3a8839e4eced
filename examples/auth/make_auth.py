"""Make the examples of `mailwright auth` and of reports anew: ``python examples/auth/make_auth.py``.

The keys are new each time and are not kept, so all messages and the zone with their public halves are written together.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from mailwright.authentication.arc import verify_chain
from mailwright.authentication.arc_seal import seal_message
from mailwright.authentication.dkim import verify_message
from mailwright.authentication.dkim_key import KeyType
from mailwright.authentication.dkim_rotation import NewKey, new_key
from mailwright.authentication.dkim_sign import SigningKey, sign_message
from mailwright.authentication.method_results import arc_result, dkim_result
from mailwright.authentication.results_header import AuthenticationResults, MethodResult, ResultProperty
from mailwright.authentication.tls_report import TlsFailure, TlsPolicyReport, TlsReport, pack_tls_report
from mailwright.dns.inquiry import settle
from mailwright.lab.table import Table

EXAMPLES = Path(__file__).resolve().parent.parent
#: 2026-11-02 09:00 UTC, when all examples were sent.
SENT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
NOW = int(SENT.timestamp())

CLEAN = """\
From: Anna Weber <anna@example.com>
To: Ben Novak <ben@example.net>
Subject: Meeting on Thursday
Date: Mon, 02 Nov 2026 09:00:00 +0000
Message-ID: <meeting-1@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Shall we meet on Thursday at ten?

Anna
"""
FOOTER = """\
_______________________________________________
Planning mailing list
https://lists.example.org/planning
"""
NEWSLETTER = """\
From: Shop <news@shop.example>
To: Ben Novak <ben@example.net>
Subject: Autumn offers
Date: Mon, 02 Nov 2026 09:00:00 +0000
Message-ID: <autumn-7@shop.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Everything for the garden is cheaper this week.
"""
#: Services that send for shop.example, and how many further records each of their records leads to.
SERVICES = {"crm": 3, "tickets": 2, "billing": 2, "surveys": 1}


def octets(text: str) -> bytes:
    """Return a text as it is on the wire."""
    return text.replace("\n", "\r\n").encode()


def signing_key(domain: str, selector: str, key: NewKey) -> SigningKey:
    """Return a new key ready for signing."""
    return SigningKey.load(domain, selector, key.private_pem)


def through_list(signed: bytes) -> bytes:
    """Return a signed message as a mailing list passes it on: a tag in the subject, and a footer."""
    tagged = signed.replace(b"\r\nSubject: ", b"\r\nSubject: [planning] ")
    listed = tagged.replace(b"\r\nMIME-Version:", b"\r\nList-Id: <planning.lists.example.org>\r\nMIME-Version:")
    return listed + octets(FOOTER)


def forwarded(signed: bytes, key: SigningKey, table: Table) -> bytes:
    """Return a signed message as a forwarder passes it on that seals what it saw (ARC)."""
    chain = settle(verify_chain(signed), table.answer)
    dkim = settle(verify_message(signed, NOW), table.answer)
    spf = MethodResult("spf", "pass", None, (ResultProperty("smtp", "mailfrom", "anna@example.com"),))
    results = AuthenticationResults("mx.example.net", (spf, *map(dkim_result, dkim), arc_result(chain)))
    received = (
        "Received: from mail.example.com (mail.example.com [192.0.2.1])\n"
        "\tby mx.example.net with ESMTPS; Mon, 02 Nov 2026 09:00:02 +0000\n"
    )
    return seal_message(signed, chain, results, key, NOW + 2) + octets(received) + signed


def zone_of(keys: dict[str, NewKey]) -> dict[str, Sequence[str]]:
    """Return the DNS that all examples live in; ``keys`` by the name of their records."""
    services = {f"_spf.{name}.example": further(name, count) for name, count in SERVICES.items()}
    return {
        "example.com": ["MX 10 mail.example.com", "TXT v=spf1 ip4:192.0.2.1 -all"],
        "mail.example.com": ["A 192.0.2.1"],
        "1.2.0.192.in-addr.arpa": ["PTR mail.example.com"],
        "_dmarc.example.com": ["TXT v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"],
        "lists.example.org": ["A 192.0.2.25", "TXT v=spf1 a -all"],
        "25.2.0.192.in-addr.arpa": ["PTR lists.example.org"],
        "mx.example.net": ["A 198.51.100.7"],
        "7.100.51.198.in-addr.arpa": ["PTR mx.example.net"],
        "shop.example": [
            f"TXT v=spf1 {' '.join(f'include:_spf.{name}.example' for name in SERVICES)} ip4:192.0.2.80 -all"
        ],
        "_dmarc.shop.example": ["TXT v=DMARC1; p=reject; rua=mailto:dmarc@shop.example"],
        "web.shop.example": ["A 192.0.2.80"],
        "80.2.0.192.in-addr.arpa": ["PTR host-192-0-2-80.cloud.example"],
        **services,
        **{
            f"_{number}.{name}.example": [f"TXT v=spf1 ip4:203.0.113.{16 * place + number} -all"]
            for place, (name, count) in enumerate(SERVICES.items())
            for number in range(1, count + 1)
        },
        "slow.example": ["TXT TIMEOUT"],
        **{name: [f"TXT {key.zone_text}"] for name, key in keys.items()},
    }


def further(name: str, count: int) -> list[str]:
    """Return the record of a service that leads to ``count`` others."""
    includes = " ".join(f"include:_{number}.{name}.example" for number in range(1, count + 1))
    return [f"TXT v=spf1 {includes} ~all"]


def written_zone(zone: dict[str, Sequence[str]]) -> str:
    """Return the zone as TOML."""
    head = "# The DNS of the examples, written by make_auth.py; mailwright auth --zone answers from it.\n\n"
    lines = []
    for name, records in zone.items():
        shown = ", ".join(f"'{record}'" for record in records)
        lines.append(f'"{name}" = [{shown}]\n')
    return head + "".join(lines)


ROW = """\
  <record>
    <row>
      <source_ip>{ip}</source_ip>
      <count>{count}</count>
      <policy_evaluated>
        <disposition>{disposition}</disposition>
        <dkim>{dkim}</dkim>
        <spf>{spf}</spf>
      </policy_evaluated>
    </row>
    <identifiers>
      <header_from>example.com</header_from>
      <envelope_from>{envelope}</envelope_from>
    </identifiers>
    <auth_results>
{signature}      <spf>
        <domain>{envelope}</domain>
        <scope>mfrom</scope>
        <result>{spf_result}</result>
      </spf>
    </auth_results>
  </record>
"""
SIGNATURE = """\
      <dkim>
        <domain>{domain}</domain>
        <selector>{selector}</selector>
        <result>{result}</result>
      </dkim>
"""
REPORT = """\
<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
  <report_metadata>
    <org_name>Example Net</org_name>
    <email>dmarc-reports@example.net</email>
    <report_id>2026-11-02.example.com</report_id>
    <date_range>
      <begin>1793577600</begin>
      <end>1793663999</end>
    </date_range>
  </report_metadata>
  <policy_published>
    <domain>example.com</domain>
    <p>quarantine</p>
    <sp>quarantine</sp>
    <np>reject</np>
    <adkim>r</adkim>
    <aspf>r</aspf>
    <testing>n</testing>
    <discovery_method>treewalk</discovery_method>
  </policy_published>
{rows}</feedback>
"""


def aggregate_report() -> bytes:
    """Return a report of one day: own mail, a forwarder, a service that signs as itself, and a stranger."""
    own = SIGNATURE.format(domain="example.com", selector="202611r", result="pass")
    service = SIGNATURE.format(domain="mailer.example", selector="s1", result="pass")
    rows = (
        ("192.0.2.1", 412, "none", "pass", "pass", "example.com", own, "pass"),
        ("198.51.100.7", 9, "none", "pass", "fail", "example.com", own, "fail"),
        ("203.0.113.90", 58, "quarantine", "fail", "fail", "bounces.mailer.example", service, "pass"),
        ("203.0.113.200", 3, "quarantine", "fail", "fail", "example.com", "", "fail"),
    )
    names = ("ip", "count", "disposition", "dkim", "spf", "envelope", "signature", "spf_result")
    shown = "".join(ROW.format(**dict(zip(names, row, strict=True))) for row in rows)
    return gzip.compress(REPORT.format(rows=shown).encode(), mtime=0)


def tls_report() -> bytes:
    """Return a report of one day: a certificate that expired, and a host without STARTTLS."""
    failures = (
        TlsFailure("certificate-expired", 14, "mx1.example.com", "192.0.2.11"),
        TlsFailure("starttls-not-supported", 2, "mx2.example.com", "192.0.2.12"),
    )
    policy = TlsPolicyReport(
        "sts", "example.com", ("version: STSv1", "mode: testing"), ("*.example.com",), 230, 16, failures
    )
    begin, end = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 2, 23, 59, 59, tzinfo=UTC)
    report = TlsReport("Example Net", "tls-reports@example.net", "2026-11-02-tls", begin, end, (policy,))
    return pack_tls_report(report)


def report_mail(packed: bytes) -> bytes:
    """Return the mail that carries an aggregate report."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "dmarc-reports@example.net"
    mail["To"] = "dmarc@example.com"
    mail["Subject"] = "Report Domain: example.com Submitter: example.net Report-ID: <2026-11-02.example.com>"
    mail["Date"] = "Tue, 03 Nov 2026 02:00:00 +0000"
    mail["Message-ID"] = "<2026-11-02.example.com@example.net>"
    mail.set_content("This is an aggregate report about mail from example.com.")
    name = "example.net!example.com!1793577600!1793663999.xml.gz"
    mail.add_attachment(packed, maintype="application", subtype="gzip", filename=name)
    # The library draws the boundary by lot; a fixed one keeps the file the same.
    mail.set_boundary("=_report_of_example.net")
    return mail.as_bytes()


def make(folder: Path) -> None:
    """Write all examples below ``folder``."""
    keys = {
        "202611r._domainkey.example.com": new_key(),
        "202611e._domainkey.example.com": new_key(KeyType.ED25519),
        "arc._domainkey.example.net": new_key(KeyType.ED25519),
    }
    zone = zone_of(keys)
    own = [signing_key("example.com", name.partition(".")[0], keys[name]) for name in list(keys)[:2]]
    clean = octets(CLEAN)
    signed = sign_message(clean, own, NOW) + clean
    sealer = signing_key("example.net", "arc", keys["arc._domainkey.example.net"])
    files = {
        "auth/clean.eml": signed,
        "auth/list-footer.eml": through_list(signed),
        "auth/forwarded.eml": forwarded(signed, sealer, Table(zone)),
        "auth/newsletter.eml": octets(NEWSLETTER),
        "auth/zone.toml": written_zone(zone).encode(),
        "reports/aggregate.xml.gz": aggregate_report(),
        "reports/aggregate-mail.eml": report_mail(aggregate_report()),
        "reports/tls.json.gz": tls_report(),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES)
