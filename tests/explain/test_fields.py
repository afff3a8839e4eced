"""The fields of delivery reports, as the standard has them and as mail systems write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.explain.fields import LONGEST_REPORT, MOST_RECIPIENTS, mta_name, read_fields, typed_address
from mailwright.explain.message import explain_message
from tests.samples import LINE_ENDS, group, report, with_ends

ADDRESSES = [
    ("rfc822; anna@example.com", "anna@example.com"),
    ("rfc822;anna@example.com", "anna@example.com"),
    ("RFC822; <anna@example.com>", "anna@example.com"),
    ("anna@example.com", "anna@example.com"),
    ("x400; /S=anna/;rfc822;anna@example.com", "anna@example.com"),
    # RFC 6533 3.
    ("utf-8; jürgen@example.com", "jürgen@example.com"),
    (r"utf-8; j\x{FC}rgen@example.com", "jürgen@example.com"),
    (r"UTF-8; \x{7528}\x{6237}@example.com", "用户@example.com"),
    # Broken: never another address.
    (r"utf-8; a\x{D800}b@example.com", "a\ufffdb@example.com"),
    (r"utf-8; a\x{110000}b@example.com", "a\ufffdb@example.com"),
    (r"utf-8; a\x{}b@example.com", r"a\x{}b@example.com"),
    (r"utf-8; a\x{41@example.com", r"a\x{41@example.com"),
    # No address.
    ("rfc822; anna", ""),
    ("rfc822;", ""),
    ("", ""),
]


@pytest.mark.parametrize(("value", "expected"), ADDRESSES)
def test_typed_addresses_are_bared(value: str, expected: str) -> None:
    """Type, brackets and the escapes of international addresses are undone."""
    assert typed_address(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dns; mx.example.com", "mx.example.com"),
        ("dns;MX.example.com.", "MX.example.com"),
        ("dns; mx.example.com (192.0.2.9, the server)", "mx.example.com"),
        ("dns; [192.0.2.9]", "192.0.2.9"),
        ("mx.example.com", "mx.example.com"),
        ("dns;", ""),
        ("", ""),
    ],
)
def test_hosts_are_bared(value: str, expected: str) -> None:
    """RFC 3464 2.2.2: a type, a name, and often more."""
    assert mta_name(value) == expected


ONE = "Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: 5.1.1\n"


def test_all_fields_of_a_recipient_are_read() -> None:
    """What the report says is kept as it says it."""
    fields = read_fields(
        (
            ONE + "Original-Recipient: rfc822; old@example.com\nRemote-MTA: dns; mx.example.com\n"
            "Diagnostic-Code: smtp; 550 5.1.1\n    User unknown\nX-Actual-Recipient: rfc822; real@example.com\n"
        ).encode()
    )
    assert fields.reporting_mta == "a.example"
    assert [(r.final, r.original, r.action, r.status, r.diagnostic, r.remote_mta) for r in fields.recipients] == [
        ("anna@example.com", "old@example.com", "failed", "5.1.1", "550 5.1.1 User unknown", "mx.example.com")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("smtp; 550 User unknown", "550 User unknown"),
        ("SMTP;550 a; b", "550 a; b"),
        ("550 no; really", "550 no; really"),
        ("x-unix; 75", ""),
        ("X-Postfix; host not found", "host not found"),
        ("smtp;\n 550 a\n\tb", "550 a b"),
        ("smtp; 550 用户不存在", "550 用户不存在"),
        ("smtp;", ""),
    ],
)
def test_the_diagnostic_is_freed_of_its_type(value: str, expected: str) -> None:
    """The exit status of a program is no diagnosis; a semicolon inside the words is none of ours."""
    fields = read_fields(f"{ONE}Diagnostic-Code: {value}\n".encode())
    assert fields.recipients[0].diagnostic == expected


def test_a_raw_chinese_diagnostic_is_decoded_by_its_looks() -> None:
    """Some servers reply in the charset of their country, and nothing says which."""
    fields = read_fields(ONE.encode() + b"Diagnostic-Code: smtp; 550 " + "用户不存在".encode("gbk") + b"\n")
    assert fields.recipients[0].diagnostic == "550 用户不存在"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ONE + "\n" + ONE.partition("\n\n")[2].replace("anna", "leo"), ["anna@example.com", "leo@example.com"]),
        (ONE + ONE.partition("\n\n")[2].replace("anna", "leo"), ["anna@example.com", "leo@example.com"]),
        ("\n\n" + ONE + "\n\n\n", ["anna@example.com"]),
        ("Final-Recipient: rfc822; anna@example.com\n", ["anna@example.com"]),
        ("Diagnostic-Code: smtp; 550 no\n", [""]),
        ("Reporting-MTA: dns; a.example\n", []),
        ("nothing of the kind", []),
        ("", []),
    ],
)
def test_recipients_are_told_apart(body: str, expected: list[str]) -> None:
    """Groups are parted by empty lines, or by the next Final-Recipient where a system leaves those out."""
    assert [fields.final for fields in read_fields(body.encode()).recipients] == expected


def test_a_report_is_read_up_to_its_limit() -> None:
    """Fifty thousand recipients cost no more than the first thousand."""
    body = "".join(f"Final-Recipient: rfc822; a{n}@example.com\nAction: failed\n\n" for n in range(50_000))
    assert len(read_fields(body.encode()).recipients) == MOST_RECIPIENTS
    assert len(read_fields(b"a-b:\n\n" * LONGEST_REPORT).recipients) == 0


@pytest.mark.parametrize("ends", LINE_ENDS)
def test_reports_in_a_message_are_read_with_every_line_end(ends: str) -> None:
    """Two recipients, two causes, whatever the line ends."""
    raw = report(group(), group("leo@example.net", "delayed", "4.2.2", "452 4.2.2 Mailbox full"))
    explained = explain_message(with_ends(raw, ends))
    assert [(r.recipient, r.diagnosis.cause.reason, r.action, r.permanent) for r in explained.reports] == [
        ("anna@example.com", "address-unknown", "failed", True),
        ("leo@example.net", "mailbox-full", "delayed", False),
    ]


NAMES = ["Final-Recipient", "Action", "Status", "Diagnostic-Code", "Reporting-MTA", "Remote-MTA", "X-Unknown"]
VALUES = ["rfc822; a@example.com", "failed", "5.1.1", "smtp; 550 no", "utf-8; \\x{", ";", "", "\\x{41}@b", "dns; ("]


@given(
    st.lists(st.tuples(st.sampled_from([*NAMES, "", " "]), st.sampled_from(VALUES), st.sampled_from(["\n", "\n\n"])))
)
def test_any_fields_can_be_read(lines: list[tuple[str, str, str]]) -> None:
    """Whatever stands in a report part, reading it gives text for every field."""
    fields = read_fields("".join(f"{name}: {value}{end}" for name, value, end in lines).encode())
    assert all(isinstance(value, str) for recipient in fields.recipients for value in recipient)
