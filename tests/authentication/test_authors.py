"""The domains in From: read by the grammar, so that no forged field is read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.authors import (
    DEEPEST_COMMENT,
    LONGEST_FROM,
    MOST_ADDRESSES,
    Authors,
    FromNote,
    FromTrouble,
    a_label,
    author_domains,
    authors_of_fields,
)

SYNTAX = (FromTrouble.SYNTAX,)
IN_NAME = (FromNote.ADDRESS_IN_NAME,)

FIELDS = [
    # Realistic.
    ("anna@example.com", ["example.com"], (), ()),
    ("<anna@Example.COM>", ["example.com"], (), ()),
    ("Anna Novak <anna@example.com>", ["example.com"], (), ()),
    ('"Novak, Anna" <anna@example.com>', ["example.com"], (), ()),
    ("J. R. Doe <doe@example.com>", ["example.com"], (), ()),
    ("=?utf-8?q?J=C3=BCrgen?= <j@example.com>", ["example.com"], (), ()),
    ("Jürgen <j@müller.example>", ["xn--mller-kva.example"], (), ()),
    ("j@xn--mller-kva.example", ["xn--mller-kva.example"], (), ()),
    ("anna@example.com (Anna)", ["example.com"], (), ()),
    ("Anna\r\n\t<anna@example.com>\r\n", ["example.com"], (), ()),
    ("anna..n.@example.com", ["example.com"], (), ()),
    ("a@example.com, b@example.com", ["example.com"], (), ()),
    ("a@example.com, b@example.net", ["example.com", "example.net"], (), ()),
    ("a@_x.example.com", ["_x.example.com"], (), ()),
    # Realistic: groups (RFC 6854), routes and empty items (RFC 5322 4.4).
    ("Team: a@example.com, b@example.net;", ["example.com", "example.net"], (), ()),
    ("undisclosed:;", [], (), (FromNote.EMPTY_GROUP,)),
    ("undisclosed: , (nobody) ;", [], (), (FromNote.EMPTY_GROUP,)),
    ("a@example.com, Team: b@example.net;, c@example.org", ["example.com", "example.net", "example.org"], (), ()),
    ("<@hop.example,@hop.example.net:anna@example.com>", ["example.com"], (), ()),
    (",, anna@example.com ,", ["example.com"], (), ()),
    ("anna@[192.0.2.1]", [], (), (FromNote.LITERAL,)),
    ("Doe, John <john@example.com>", ["example.com"], (), (FromNote.BARE_WORDS,)),
    # Deceptive: another domain stands where none is meant.
    ('"ceo@bank.example" <x@evil.example>', ["evil.example"], (), IN_NAME),
    ("ceo@bank.example <x@evil.example>", ["evil.example"], (), IN_NAME),
    ("=?utf-8?q?ceo=40bank=2Eexample?= <x@evil.example>", ["evil.example"], (), ()),
    ("=?utf-8?q?=22=3Cceo=40bank.example=3E?= <x@evil.example>", ["evil.example"], (), ()),
    ('"<ceo@bank.example>" <x@evil.example>', ["evil.example"], (), IN_NAME),
    ('"a\\"<ceo@bank.example>" <x@evil.example>', ["evil.example"], (), IN_NAME),
    ("x@evil.example (ceo@bank.example)", ["evil.example"], (), ()),
    ("x@evil.example (\\) <ceo@bank.example>)", ["evil.example"], (), ()),
    ("x(ceo@bank.example)@(bank.example)evil.example", ["evil.example"], (), ()),
    ("(a (b) <ceo@bank.example>) x@evil.example", ["evil.example"], (), ()),
    ('"ceo@bank.example"@evil.example', ["evil.example"], (), ()),
    ('"ceo@bank.example,"@evil.example', ["evil.example"], (), ()),
    ("<@bank.example:x@evil.example>", ["evil.example"], (), ()),
    ("x@evil.example, ceo@bank.example", ["evil.example", "bank.example"], (), ()),
    ("x@evil.example,ceo <ceo@bank.example>", ["evil.example", "bank.example"], (), ()),
    ("x@bank\u3002example", ["bank.example"], (), ()),
    ("x@\uff42ank.example", ["bank.example"], (), ()),
    ("x@b\u200bank.example", ["bank.example"], (), ()),
    # Deceptive, and not clear which is meant: said, and nothing taken from there.
    ("ceo@bank.example@evil.example", [], SYNTAX, ()),
    ("<ceo@bank.example> <x@evil.example>", [], SYNTAX, ()),
    ("<ceo@bank.example> x@evil.example", [], SYNTAX, ()),
    ("<<ceo@bank.example>x@evil.example>", [], SYNTAX, ()),
    ("<ceo@bank.example", [], SYNTAX, ()),
    ("ceo@bank.example>", [], (FromTrouble.DOMAIN,), ()),
    ('"ceo@bank.example <x@evil.example>', [], SYNTAX, ()),
    ("x@evil.example (ceo@bank.example", [], SYNTAX, ()),
    ("x@evil.example) ceo@bank.example", [], SYNTAX, ()),
    ("x@evil.example\0@bank.example", [], SYNTAX, ()),
    ("x@evil.example\r\nFrom: ceo@bank.example", [], SYNTAX, ()),
    ("x@evil.example\nceo@bank.example", [], SYNTAX, ()),
    ("x y@bank.example", [], SYNTAX, ()),
    ("x@evil.example bank.example", [], (FromTrouble.DOMAIN,), ()),
    ("\\<ceo@bank.example>", [], SYNTAX, ()),
    ("ceo@bank.example; x@evil.example", ["bank.example", "evil.example"], SYNTAX, ()),
    ("ceo@bank.example: x@evil.example;", ["evil.example"], SYNTAX, ()),
    ("a: b: x@evil.example;;", ["evil.example"], SYNTAX, ()),
    ("Team: x@evil.example", ["evil.example"], SYNTAX, ()),
    # Pathological.
    ("", [], SYNTAX, ()),
    (" ", [], SYNTAX, ()),
    ("<>", [], SYNTAX, ()),
    ("@", [], SYNTAX, ()),
    ("@example.com", [], SYNTAX, ()),
    ("anna@", [], SYNTAX, ()),
    ("anna", [], (), (FromNote.BARE_WORDS,)),
    ("anna@-x.example", [], (FromTrouble.DOMAIN,), ()),
    ("anna@example.com.", [], (FromTrouble.DOMAIN,), ()),
    ("anna@a..b", [], (FromTrouble.DOMAIN,), ()),
    ("anna@" + "a" * 64 + ".example", [], (FromTrouble.DOMAIN,), ()),
    ("anna@" + "ü" * 64 + ".example", [], (FromTrouble.DOMAIN,), ()),
    ("anna@\ud800.example", [], (FromTrouble.DOMAIN,), ()),
]


@pytest.mark.parametrize(("field", "domains", "troubles", "notes"), FIELDS)
def test_the_domains_of_a_field(
    field: str, domains: list[str], troubles: tuple[FromTrouble, ...], notes: tuple[FromNote, ...]
) -> None:
    """RFC 9989 5.3.1 MUST: U-labels become A-labels; nothing outside of an address is a domain."""
    assert author_domains(field) == Authors(tuple(domains), troubles, notes)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], Authors((), (FromTrouble.MISSING,))),
        (["a@example.com"], Authors(("example.com",))),
        (["a@example.com", "b@example.com"], Authors(("example.com",), (FromTrouble.REPEATED,))),
        (["a@example.com", "b@example.net"], Authors(("example.com", "example.net"), (FromTrouble.REPEATED,))),
        (["", "b@x.example"], Authors(("x.example",), (FromTrouble.REPEATED, FromTrouble.SYNTAX))),
    ],
)
def test_a_message_has_one_field(fields: list[str], expected: Authors) -> None:
    """RFC 5322 3.6: From stands exactly once."""
    assert authors_of_fields(fields) == expected


def test_bounds_of_a_field() -> None:
    """Exactly the limits are read, one more is said."""
    many = ",".join(f"a@x{number}.example" for number in range(MOST_ADDRESSES))
    assert author_domains(many).troubles == ()
    assert author_domains(many + ",b@y.example").troubles == (FromTrouble.LONG,)
    assert len(author_domains(many + ",b@y.example").domains) == MOST_ADDRESSES
    deep = "(" * DEEPEST_COMMENT + ")" * DEEPEST_COMMENT
    assert author_domains(deep + "a@example.com").domains == ("example.com",)
    assert author_domains(f"({deep})a@example.com").troubles == SYNTAX
    padded = "a@example.com" + " " * (LONGEST_FROM - 13)
    assert author_domains(padded) == Authors(("example.com",))
    assert author_domains(padded + " ").troubles == (FromTrouble.LONG,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Example.COM", "example.com"),
        ("a" * 63 + ".b", "a" * 63 + ".b"),
        ("a" * 64 + ".b", None),
        (".".join(["abcdefg"] * 31) + ".abcde", ".".join(["abcdefg"] * 31) + ".abcde"),
        (".".join(["abcdefg"] * 31) + ".abcdef", None),
        ("", None),
        ("a b", None),
        ("\u2603.example", None),
        ("-", None),
    ],
)
def test_names_as_dns_has_them(name: str, expected: str | None) -> None:
    """Labels of up to 63, names of up to 253 characters."""
    assert a_label(name) == expected


@given(st.text(max_size=80) | st.text(alphabet='ab@.,;:<>()[]"\\ \r\n\t\u00fc\0', max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Nothing is raised, and every domain is a name that DNS can be asked for."""
    authors = author_domains(text)
    assert all(a_label(domain) == domain for domain in authors.domains)
    assert author_domains(text) == authors


@given(st.text(alphabet='ab@<>,:;()"\\ ', max_size=30))
def test_a_quoted_name_never_adds_a_domain(name: str) -> None:
    """Whatever stands in a quoted display name, the address behind it is the only one."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert author_domains(f'"{quoted}" <x@evil.example>').domains == ("evil.example",)
    assert author_domains(f'"{quoted}" <x@evil.example>').troubles == ()
