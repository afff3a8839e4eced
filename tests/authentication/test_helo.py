"""The name in HELO: its form, and what it has to do with the client."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.helo import LONGEST_HELO, HeloAddress, HeloCheck, HeloForm, check_helo
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from mailwright.dns.names import IpAddress
from mailwright.dns.reverse import Reverse, ReverseName, ReverseVerdict
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

CLIENT = IPv4Address("192.0.2.1")
CLIENT_6 = IPv6Address("2001:db8::1")
OWN = frozenset(("mx.receiver.test", "203.0.113.9", "2001:db8::9"))
TABLE: dict[str, Entry] = {
    "mail.sender.test": ["A 192.0.2.1", "AAAA 2001:db8::1"],
    "other.sender.test": ["A 192.0.2.2"],
    "txt.sender.test": ["TXT x"],
    "slow.sender.test": Kind.TIMEOUT,
    "half.sender.test": ["A 192.0.2.2", "AAAA SERVFAIL"],
    "alias.sender.test": ["CNAME mail.sender.test"],
    "xn--bcher-kva.test": ["A 192.0.2.1"],
    "mx.receiver.test": ["A 203.0.113.9"],
}


def check(name: str, client: IpAddress = CLIENT, reverse: Reverse | None = None) -> HeloCheck:
    """Return what there is to say about a name."""
    return settle(check_helo(name, client, OWN, reverse), TableResolver(TABLE).answer)


FORMS = [
    ("mail.sender.test", HeloForm.NAME),
    ("MAIL.Sender.Test", HeloForm.NAME),
    ("mail.sender.test.", HeloForm.NAME),
    ("my_host.sender.test", HeloForm.NAME),
    ("b\u00fccher.test", HeloForm.NAME),
    ("[192.0.2.1]", HeloForm.LITERAL),
    ("[IPv6:2001:db8::1]", HeloForm.LITERAL),
    ("[IPv6:::ffff:192.0.2.1]", HeloForm.LITERAL),
    ("192.0.2.1", HeloForm.BARE_IP),
    ("999.0.2.1", HeloForm.LOCAL),
    ("2001:db8::1", HeloForm.BARE_IP),
    ("localhost", HeloForm.UNQUALIFIED),
    ("mail", HeloForm.UNQUALIFIED),
    ("test.", HeloForm.UNQUALIFIED),
    ("localhost.localdomain", HeloForm.LOCAL),
    ("pc-1.lan", HeloForm.LOCAL),
    ("printer.local", HeloForm.LOCAL),
    ("server.internal", HeloForm.LOCAL),
    ("[192.0.2]", HeloForm.MALFORMED),
    ("[192.0.2.1", HeloForm.MALFORMED),
    ("[]", HeloForm.MALFORMED),
    ("[mail.sender.test]", HeloForm.MALFORMED),
    ("[2001:db8::1]", HeloForm.MALFORMED),
    ("fe80::1%eth0", HeloForm.MALFORMED),
    ("", HeloForm.MALFORMED),
    (".", HeloForm.MALFORMED),
    ("mail..sender.test", HeloForm.MALFORMED),
    ("-mail.sender.test", HeloForm.MALFORMED),
    ("mail sender.test", HeloForm.MALFORMED),
    ("a@sender.test", HeloForm.MALFORMED),
    ("mail.sender.test:25", HeloForm.MALFORMED),
    ("\x00", HeloForm.MALFORMED),
    ("a" * 64 + ".test", HeloForm.MALFORMED),
    ("a." * 127 + "bc", HeloForm.MALFORMED),
    ("a" * (LONGEST_HELO + 1), HeloForm.MALFORMED),
]


@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda value: str(value)[:30])
def test_the_form_of_a_name(name: str, form: HeloForm) -> None:
    """Names, literals and what is neither are told apart (RFC 5321 2.3.5, 4.1.3)."""
    assert check(name).form is form


ADDRESSES = [
    ("mail.sender.test", HeloAddress.SAME),
    ("MAIL.sender.test.", HeloAddress.SAME),
    ("alias.sender.test", HeloAddress.SAME),
    ("b\u00fccher.test", HeloAddress.SAME),
    ("other.sender.test", HeloAddress.OTHER),
    ("half.sender.test", HeloAddress.OTHER),
    ("txt.sender.test", HeloAddress.NONE),
    ("gone.sender.test", HeloAddress.NONE),
    ("slow.sender.test", HeloAddress.UNKNOWN),
    ("[192.0.2.1]", HeloAddress.SAME),
    ("[IPv6:::ffff:192.0.2.1]", HeloAddress.SAME),
    ("[192.0.2.2]", HeloAddress.OTHER),
    ("localhost", HeloAddress.NOT_ASKED),
    ("192.0.2.1", HeloAddress.SAME),
    ("192.0.2.2", HeloAddress.OTHER),
    ("pc.lan", HeloAddress.NOT_ASKED),
]


@pytest.mark.parametrize(("name", "address"), ADDRESSES)
def test_whose_address_it_is(name: str, address: HeloAddress) -> None:
    """The client's, another's, nobody's, or DNS did not say."""
    found = check(name)
    assert found.address is address
    obeying = {HeloForm.NAME: {HeloAddress.SAME, HeloAddress.OTHER}, HeloForm.LITERAL: {HeloAddress.SAME}}
    assert found.obeys is (address in obeying.get(found.form, set()))


def test_the_family_of_the_client_decides_what_is_unknown() -> None:
    """An AAAA look-up that fails matters to a client that comes by IPv6."""
    assert check("half.sender.test", CLIENT_6).address is HeloAddress.UNKNOWN
    assert check("mail.sender.test", CLIENT_6).address is HeloAddress.SAME
    assert check("other.sender.test", CLIENT_6).address is HeloAddress.OTHER


def test_a_mapped_address_is_what_it_stands_for() -> None:
    """Sockets for both families show IPv4 clients in IPv6."""
    assert check("mail.sender.test", IPv6Address("::ffff:192.0.2.1")).address is HeloAddress.SAME


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mx.receiver.test", True),
        ("MX.Receiver.Test.", True),
        ("[203.0.113.9]", True),
        ("203.0.113.9", True),
        ("[IPv6:2001:DB8:0::9]", True),
        ("mail.sender.test", False),
        ("receiver.test", False),
        ("[192.0.2.1]", False),
        ("", False),
    ],
)
def test_nobody_else_has_the_receivers_name(name: str, expected: bool) -> None:
    """Whoever says the receiver's own name or address is an impostor."""
    assert check(name).is_receiver is expected


def reverse_of(verdict: ReverseVerdict, *names: str) -> Reverse:
    """Return reverse names of the client."""
    found = tuple(ReverseName(name, Kind.FOUND, confirmed=True, generic=None) for name in names)
    return Reverse(CLIENT, verdict, Kind.FOUND, found)


@pytest.mark.parametrize(
    ("reverse", "expected"),
    [
        (None, None),
        (reverse_of(ReverseVerdict.CONFIRMED, "mail.sender.test"), True),
        (reverse_of(ReverseVerdict.CONFIRMED, "a.sender.test", "mail.sender.test"), True),
        (reverse_of(ReverseVerdict.CONFIRMED, "host-1.isp.test"), False),
        (reverse_of(ReverseVerdict.NO_NAME), False),
        (reverse_of(ReverseVerdict.UNKNOWN), None),
        (reverse_of(ReverseVerdict.UNKNOWN, "host-1.isp.test"), False),
    ],
    ids=["not asked", "same", "one of two", "another", "none", "not told", "another, not confirmed"],
)
def test_whether_it_is_the_clients_reverse_name(reverse: Reverse | None, expected: bool | None) -> None:
    """Some receivers want the two to be one; where DNS did not say, nobody can tell."""
    assert check("mail.sender.test", reverse=reverse).is_reverse_name is expected


@given(st.text(max_size=80), st.sampled_from(("192.0.2.1", "2001:db8::1")))
def test_any_text_is_checked(name: str, client: str) -> None:
    """Nothing is raised, and only names are looked up."""
    found = check(name, ip_address(client))
    assert bool(found.answers) is (found.form is HeloForm.NAME)
