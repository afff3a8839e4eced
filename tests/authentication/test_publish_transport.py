"""What is published reads back as what was meant."""

from __future__ import annotations

from datetime import timedelta, timezone
from hashlib import sha256

import pytest

from mailwright.authentication.bimi_record import BimiFault, BimiRecord, parse_bimi
from mailwright.authentication.certificate import CertificateFault, key_of
from mailwright.authentication.dane import usable_records
from mailwright.authentication.dane_match import MatchStatus, match_chain
from mailwright.authentication.mtasts_policy import Mode, Policy, PolicyFault, parse_policy
from mailwright.authentication.mtasts_record import parse_record
from mailwright.authentication.publish_transport import DnsRecord, publish_bimi, publish_sts, publish_tlsa
from mailwright.dns.answer import RecordType, Tlsa
from tests.authentication.certificates import NOW, make_server

POLICY = Policy(Mode.TESTING, ("mx.example.test",), timedelta(days=7))
SERVER = make_server(["mx.example.test"])


def test_mta_sts_is_a_record_and_a_file() -> None:
    """The id is the time, in UTC, so that a later policy has a later one."""
    published = publish_sts("example.test", POLICY, NOW.astimezone(timezone(timedelta(hours=5))))
    assert published.record == DnsRecord("_mta-sts.example.test", RecordType.TXT, '"v=STSv1; id=20261125T120000Z"')
    assert parse_record(published.record.value.strip('"').encode()).id == "20261125T120000Z"
    assert published.url == "https://mta-sts.example.test/.well-known/mta-sts.txt"
    assert parse_policy(published.file) == POLICY


def test_a_policy_that_is_none_is_not_published() -> None:
    """Whatever nobody could read is refused."""
    with pytest.raises(PolicyFault):
        publish_sts("example.test", POLICY._replace(patterns=()), NOW)


def test_a_tlsa_record_matches_the_certificate_it_was_made_from() -> None:
    """3 1 1, as RFC 7672 3.1.3 recommends."""
    record = publish_tlsa("mx.example.test", SERVER.der)
    assert record.name == "_25._tcp.mx.example.test"
    assert record.value == f"3 1 1 {sha256(key_of(SERVER.der)).hexdigest()}"
    usage, selector, matching, data = record.value.split()
    read = usable_records([Tlsa(int(usage), int(selector), int(matching), bytes.fromhex(data))])
    assert match_chain([SERVER.der], read, (), NOW).status is MatchStatus.MATCHED
    assert publish_tlsa("mx.example.test", SERVER.der, 465).name == "_465._tcp.mx.example.test"


def test_no_record_is_made_of_what_is_no_certificate() -> None:
    """PEM, for one, has to be read before."""
    with pytest.raises(CertificateFault):
        publish_tlsa("mx.example.test", SERVER.pem)


def test_bimi_is_a_record() -> None:
    """Under the selector's name."""
    record = publish_bimi("example.test", "https://example.test/l.svg", "https://example.test/m.pem")
    assert record.name == "default._bimi.example.test"
    read = parse_bimi(record.value.strip('"').encode())
    assert read == BimiRecord("https://example.test/l.svg", "https://example.test/m.pem")
    assert publish_bimi("example.test", "", selector="none").name == "none._bimi.example.test"
    with pytest.raises(BimiFault):
        publish_bimi("example.test", "http://example.test/l.svg")


def test_a_long_record_is_cut_into_strings() -> None:
    """A character string has at most 255 octets (RFC 1035 3.3)."""
    location = "https://example.test/" + "x" * 400
    record = publish_bimi("example.test", location)
    strings = record.value[1:-1].split('" "')
    assert [len(string) for string in strings] == [255, len("".join(strings)) - 255]
    assert parse_bimi("".join(strings).encode()).location == location
