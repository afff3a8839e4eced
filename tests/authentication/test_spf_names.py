"""Names that SPF can ask for, and addresses in answers."""

from __future__ import annotations

import pytest

from mailwright.authentication.spf_names import address_number, holds, in_a_labels, is_askable, is_domain
from mailwright.dns.answer import Answer, Kind, Mx, Question, RecordType

LONG = ".".join(["x" * 63] * 3 + ["y" * 61])


@pytest.mark.parametrize(
    ("name", "askable", "domain"),
    [
        ("example.com", True, True),
        ("_spf.example.com", True, True),
        ("com", True, False),
        ("[192.0.2.1]", True, False),
        ("macro%percent  space%20url-space.example.com", True, True),
        ("foo:bar/baz.example.com", True, True),
        (LONG, True, True),
        (f"x{LONG}", False, False),
        ("x" * 63 + ".example.com", True, True),
        ("x" * 64 + ".example.com", False, False),
        ("", False, False),
        (".", False, False),
        (".example.com", False, False),
        ("example.com.", False, False),
        ("a..example.com", False, False),
        ("a" * 70 + "..example.com", False, False),
        ("\u00fc.example.com", False, False),
        ("a\n.example.com", False, False),
        ("a\\.example.com", False, False),
    ],
)
def test_names_that_dns_can_be_asked_for(name: str, askable: bool, domain: bool) -> None:
    """Printable ASCII in labels of 1 to 63, 253 in all; a domain has two labels and is no address literal."""
    assert (is_askable(name), is_domain(name)) == (askable, domain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM.", "example.com"),
        ("M\u00fcller.Example", "xn--mller-kva.example"),
        ("a b", "a b"),
        ("", ""),
        ("\u00fc" * 300, ""),
        ("\u00fc\u0000.example", ""),
        ("\u00fc..example", ""),
    ],
)
def test_names_become_a_labels(text: str, expected: str) -> None:
    """RFC 7208 4.3; what cannot be written so is nothing."""
    assert in_a_labels(text) == expected


@pytest.mark.parametrize(
    ("record", "prefix", "expected"),
    [
        ("192.0.2.1", 32, True),
        ("192.0.2.2", 32, False),
        ("192.0.2.2", 30, True),
        ("10.0.0.1", 0, True),
        ("2001:db8::1", 0, False),
        ("192.0.2.999", 0, False),
        ("", 0, False),
    ],
)
def test_an_answer_holds_an_address(record: str, prefix: int, expected: bool) -> None:
    """Only whole addresses of the same family count, as far as the prefix goes."""
    answer = Answer(Question("x.example", RecordType.A), Kind.FOUND, (Mx(1, "x"), record))
    number = address_number("192.0.2.1", 4)
    assert number is not None
    assert holds(answer, number, 4, prefix) is expected
