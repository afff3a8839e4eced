"""Capabilities: what servers in use offer is read; what is written reads back equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.reply import Reply
from mailwright.smtp.capabilities import Capabilities, capability_lines, parse_capabilities

OFFERS = [
    # Realistic.
    (
        "mx.example.test hi\nSIZE 157286400\n8BITMIME\nSTARTTLS\nENHANCEDSTATUSCODES\nPIPELINING\nCHUNKING\nSMTPUTF8",
        Capabilities(
            greeting="mx.example.test hi",
            size=157_286_400,
            eight_bit=True,
            starttls=True,
            enhanced_codes=True,
            pipelining=True,
            chunking=True,
            smtputf8=True,
        ),
    ),
    (
        "mail.example.test\nPIPELINING\nSIZE\nVRFY\nETRN\nAUTH PLAIN LOGIN\nAUTH=PLAIN LOGIN\nDSN\nEXPN\nHELP",
        Capabilities(
            greeting="mail.example.test",
            pipelining=True,
            size=0,
            verify=True,
            etrn=True,
            mechanisms=("PLAIN", "LOGIN"),
            dsn=True,
            expand=True,
            help=True,
        ),
    ),
    (
        "exchange.example.test Hello [192.0.2.1]\nX-ANONYMOUSTLS\nAUTH NTLM\nX-EXPS GSSAPI NTLM\nBINARYMIME\nXRDST",
        Capabilities(
            greeting="exchange.example.test Hello [192.0.2.1]",
            mechanisms=("NTLM",),
            binary=True,
            others=("X-ANONYMOUSTLS", "X-EXPS GSSAPI NTLM", "XRDST"),
        ),
    ),
    (
        "a\nLIMITS MAILMAX=5 RCPTMAX=20 RCPTDOMAINMAX=1 X-OTHER=3\nREQUIRETLS",
        Capabilities(greeting="a", mail_max=5, recipient_max=20, recipient_domain_max=1, require_tls=True),
    ),
    # Synthetic: case, doubled lines, old and new forms, unreadable parameters.
    (
        "a\npipelining\nauth plain\nAuth=login",
        Capabilities(greeting="a", pipelining=True, mechanisms=("PLAIN", "LOGIN")),
    ),
    ("a\nSIZE abc\nSTARTTLS now", Capabilities(greeting="a", size=0, starttls=True)),
    ("a\nSIZE 123456789012345678901", Capabilities(greeting="a", size=0)),
    ("a\nAUTH\nAUTH=", Capabilities(greeting="a")),
    ("a\nAUTH PLAIN, LOGIN " + "X" * 21, Capabilities(greeting="a", mechanisms=("LOGIN",))),
    ("a\nLIMITS RCPTMAX=0 MAILMAX=1234567 RCPTDOMAINMAX", Capabilities(greeting="a")),
    ("a\n\n   \n", Capabilities(greeting="a")),
    ("STARTTLS", Capabilities(greeting="STARTTLS")),
    ("", Capabilities()),
]


@pytest.mark.parametrize(("text", "expected"), OFFERS, ids=[text[:30] for text, _ in OFFERS])
def test_offers_are_read(text: str, expected: Capabilities) -> None:
    """Each keyword becomes its field; the first line is never one."""
    assert parse_capabilities(Reply(250, tuple(text.split("\n")))) == expected


WORD = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=20)
LIMIT = st.none() | st.integers(1, 999_999)
OFFERED = st.builds(
    Capabilities,
    greeting=st.just("mx.example.test"),
    size=st.none() | st.integers(0, 10**20 - 1),
    mechanisms=st.lists(WORD, max_size=4, unique=True).map(tuple),
    mail_max=LIMIT,
    recipient_max=LIMIT,
    recipient_domain_max=LIMIT,
    others=st.lists(WORD.map("X".__add__), max_size=3).map(tuple),
    **{
        name: st.booleans()
        for name in (
            *("pipelining", "eight_bit", "smtputf8", "dsn", "starttls", "chunking", "binary", "enhanced_codes"),
            *("require_tls", "verify", "expand", "help", "etrn"),
        )
    },
)


@given(OFFERED)
def test_what_is_written_reads_back_equal(capabilities: Capabilities) -> None:
    """Writer and reader are a pair."""
    assert parse_capabilities(Reply(250, capability_lines(capabilities))) == capabilities


@given(st.lists(st.text(max_size=80), max_size=20))
def test_no_offer_is_a_reason_to_fail(lines: list[str]) -> None:
    """Any lines give some capabilities."""
    assert isinstance(parse_capabilities(Reply(250, tuple(lines))), Capabilities)
