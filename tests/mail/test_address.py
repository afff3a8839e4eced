"""Address: what the protocol takes for a mailbox, and what can never get into a command."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.address import (
    LONGEST_DOMAIN,
    LONGEST_LABEL,
    LONGEST_LOCAL_PART,
    LONGEST_PATH,
    WHY,
    Address,
    AddressFault,
    is_host_name,
)

LABEL = "d" * LONGEST_LABEL


@pytest.mark.parametrize(
    ("text", "local_part", "domain"),
    [
        # realistic
        ("anna@example.com", "anna", "example.com"),
        ("Anna.Muster+list@Mail.Example.COM", "Anna.Muster+list", "Mail.Example.COM"),
        ("postmaster", "postmaster", ""),
        ("PostMaster", "PostMaster", ""),
        ("o'neil@example.ie", "o'neil", "example.ie"),
        ("a_b@with_underscore.example", "a_b", "with_underscore.example"),
        ("anna@xn--bcher-kva.example", "anna", "xn--bcher-kva.example"),
        ("用户@例子.测试", "用户", "例子.测试"),
        ("jürgen@bücher.example", "jürgen", "bücher.example"),
        # synthetic
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~", "example.com"),
        ('"anna muster"@example.com', '"anna muster"', "example.com"),
        ('"a@b"@example.com', '"a@b"', "example.com"),
        (r'"a\"b\\c"@example.com', r'"a\"b\\c"', "example.com"),
        ('""@example.com', '""', "example.com"),
        ("anna@[192.0.2.1]", "anna", "[192.0.2.1]"),
        ("anna@[IPv6:2001:db8::1]", "anna", "[IPv6:2001:db8::1]"),
        ("anna@localhost", "anna", "localhost"),
        # pathological: each limit reached
        ("a" * LONGEST_LOCAL_PART + "@example.com", "a" * LONGEST_LOCAL_PART, "example.com"),
        (f"a@{LABEL}.com", "a", f"{LABEL}.com"),
        ("a@" + ".".join([LABEL] * 3) + "." + "d" * 59, "a", ".".join([LABEL] * 3) + "." + "d" * 59),
    ],
)
def test_an_address_is_taken_apart_and_written_as_it_was(text: str, local_part: str, domain: str) -> None:
    """Reading and writing are a pair."""
    address = Address.parse(text)
    assert (address.local_part, address.domain, str(address)) == (local_part, domain, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no-at"),
        ("anna", "no-at"),
        ("anna muster", "space"),
        ("@example.com", "no-local-part"),
        ("anna@", "no-domain"),
        ("anna@example.com ", "space"),
        (" anna@example.com", "space"),
        ("anna muster@example.com", "space"),
        ("anna@exam ple.com", "space"),
        ("anna@example.com\r\nRCPT TO:<eve@example.com>", "space"),
        ("an\x00na@example.com", "space"),
        ("anna@example.com\u00a0", "space"),
        ("anna\u200b@example.com", "space"),
        ("<anna@example.com>", "character"),
        ("anna@b@example.com", "character"),
        ("anna,eve@example.com", "character"),
        ("a(b)@example.com", "character"),
        ("anna@example,com", "domain"),
        ("anna@example.com>", "domain"),
        (".anna@example.com", "dots"),
        ("anna.@example.com", "dots"),
        ("an..na@example.com", "dots"),
        ("anna@.example.com", "dots"),
        ("anna@example.com.", "dots"),
        ("anna@example..com", "dots"),
        ("anna@-example.com", "domain"),
        ("anna@example-.com", "domain"),
        ('"anna@example.com', "quotes"),
        ('"an"na@example.com', "quotes"),
        ('"anna\\"@example.com', "quotes"),
        ('"an\r\nna"@example.com', "space"),
        ("anna@[192.0.2.256]", "literal"),
        ("anna@[192.0.2.1", "literal"),
        ("anna@[2001:db8::1]", "literal"),
        ("anna@[IPv6:fe80::1%eth0]", "literal"),
        ("a" * (LONGEST_LOCAL_PART + 1) + "@example.com", "long-local-part"),
        ("ü" * (LONGEST_LOCAL_PART // 2 + 1) + "@example.com", "long-local-part"),
        (f"a@{LABEL}d.com", "domain"),
        ("a@" + "d." * (LONGEST_DOMAIN // 2) + "com", "long-domain"),
        ("a" * 60 + "@" + ".".join([LABEL] * 3) + ".com", "long"),
    ],
)
def test_what_is_no_address_is_told_why(text: str, why: str) -> None:
    """One reason each, out of the closed list that has words for people."""
    with pytest.raises(AddressFault) as fault:
        Address.parse(text)
    assert (fault.value.address, fault.value.why) == (text, why)
    assert WHY[why] in str(fault.value)


def test_a_path_of_the_longest_kind_is_taken_and_one_octet_more_is_not() -> None:
    """RFC 5321 4.5.3.1.3: 256 octets with the angle brackets."""
    domain = ".".join([LABEL] * 3)
    longest = "a" * (LONGEST_PATH - 2 - len(domain) - 1) + "@" + domain
    assert len(f"<{Address.parse(longest)}>") == LONGEST_PATH
    with pytest.raises(AddressFault, match="254 octets"):
        Address.parse("a" + longest)


def test_letters_beyond_ascii_are_let_in_by_name_only() -> None:
    """Without SMTPUTF8 (RFC 6531) there is no such address."""
    assert not Address.parse("jürgen@example.com").is_ascii
    with pytest.raises(AddressFault) as fault:
        Address.parse("jürgen@example.com", utf8=False)
    assert fault.value.why == "not-ascii"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("anna@example.com", None),
        ("anna@[192.0.2.1]", ip_address("192.0.2.1")),
        ("anna@[ipv6:2001:db8::1]", ip_address("2001:db8::1")),
    ],
)
def test_an_address_literal_is_an_ip_address(text: str, host: object) -> None:
    """RFC 5321 4.1.3."""
    assert Address.parse(text).host == host


def test_two_spellings_of_a_domain_are_one_mailbox_and_of_a_local_part_are_not() -> None:
    """RFC 5321 2.4: the local part is case sensitive for all but its own host."""
    one, other, third = (Address.parse(text) for text in ("anna@Example.COM", "anna@example.com", "Anna@example.com"))
    assert one.key == other.key != third.key


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("example.com", True),
        ("a-b.c_d", True),
        ("", False),
        (".", False),
        ("a.", False),
        ("a b", False),
        ("a/b", False),
    ],
)
def test_host_names_are_told_from_other_words(name: str, is_one: bool) -> None:
    """Labels of letters, digits, hyphens and underscores."""
    assert is_host_name(name) is is_one


@given(st.text(max_size=300))
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever comes, it is an address that is written as it came and carries nothing dangerous, or a fault."""
    try:
        address = Address.parse(text)
    except AddressFault:
        return
    assert str(address) == text
    assert text.isprintable()
    if not text.startswith('"'):
        assert not set("<> ") & set(text)
