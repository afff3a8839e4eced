"""Reply codes and enhanced status codes: found where they stand, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.codes import SEARCHED, find_reply_code, find_status, is_reply_code, status_class

STATUSES = [
    # Realistic: what replies and reports write.
    ("550 5.1.1 <anna@example.com>: User unknown", "5.1.1"),
    ("452-4.2.2 The recipient's inbox is out of storage space.", "4.2.2"),
    ("421 4.7.26 This mail has been rate limited", "4.7.26"),
    ("5.4.300 Message expired", "5.4.300"),
    ("Status: 5.0.0 (permanent failure)", "5.0.0"),
    ("temporarily deferred - 4.16.50. Please refer to the page", "4.16.50"),
    ("#5.1.1 smtp;550 5.1.1 unknown", "5.1.1"),
    ("552 5.2.2: full (5.2.3)", "5.2.2"),
    ("250 2.1.5 Ok", "2.1.5"),
    ("said:5.7.1", "5.7.1"),
    # Realistic: numbers that look like one.
    ("Mail from 192.0.2.1 refused", None),
    ("client 5.1.1.20 is listed", None),
    ("client 45.5.1.1 is listed", None),
    ("connect to 4.2.2.1:25", None),
    ("host mx5.1.1.example.com", None),
    ("sent by Exim 4.96.2", None),
    ("program v5.1.1 of ours", None),
    ("see page 5.1", None),
    ("reverse 4.3.2.5.in-addr.arpa", None),
    ("anna@5.1.1", None),
    # Synthetic: the limits of the grammar.
    ("3.1.1", None),
    ("5.1.1234", None),
    ("5.1234.1", None),
    ("5..1", None),
    (".5.1.1", None),
    ("5.1.1.", "5.1.1"),
    ("5.1.1a", None),
    ("5.1.1@example.com", None),
    ("x5.1.1", None),
    ("(5.1.1)", "5.1.1"),
    # Pathological.
    ("", None),
    ("." * 50, None),
    ("5." * 50, None),
    ("\u0665.\u0661.\u0661", None),
    ("5.\u0661.1", None),
]

REPLIES = [
    # Realistic: at the beginning, or quoted in a sentence.
    ("550 5.1.1 User unknown", "550"),
    ("550-5.1.1 User unknown", "550"),
    ("421", "421"),
    ("host mx.example.com[192.0.2.1] said: 452 4.2.2 Mailbox full", "452"),
    ("SMTP error from remote mail server after RCPT TO: 550 No such user", "550"),
    ("Remote server returned '550 5.1.1 unknown'", "550"),
    ("smtp; 554 Denied", "554"),
    ("failed with code 571", "571"),
    ("(552 too big)", "552"),
    ("Unknown address error 550-'User unknown'", "550"),
    ("Anna: error 550 5.1.1 unknown", "550"),
    ("<<< 550 unknown", "550"),
    # Realistic: numbers in a sentence that are none.
    ("You have reached a limit of 500 messages per day", None),
    ("Message exceeds 540 kilobytes", None),
    ("only 452 bytes left", None),
    ("Connection timed out after 500 seconds", None),
    ("mailbox of 550MB is full", None),
    ("port 587 refused", None),
    # Synthetic: ranges and neighbours.
    ("5500 messages", None),
    ("550.1 percent", None),
    ("550kB", None),
    ("199 no", None),
    ("399 no", None),
    ("600 no", None),
    ("580 no", None),
    ("250 Ok", "250"),
    ("354 go ahead", None),
    # Pathological.
    ("", None),
    ("55", None),
    ("\u0665\u0665\u0660 digits of another script", None),
    ("(" * 500, None),
]


@pytest.mark.parametrize(("text", "expected"), STATUSES)
def test_enhanced_codes_are_found_where_they_stand(text: str, expected: str | None) -> None:
    """An enhanced code is told from addresses, versions and longer numbers."""
    assert find_status(text) == expected


@pytest.mark.parametrize(("text", "expected"), REPLIES)
def test_reply_codes_are_found_where_they_stand(text: str, expected: str | None) -> None:
    """A reply code is told from the other numbers of a sentence."""
    assert find_reply_code(text) == expected


def test_the_search_can_begin_behind_the_first_code() -> None:
    """Nested replies are read by searching on."""
    text = "550 5.1.1 said 552 5.2.2 full"
    assert find_status(text, text.index("5.1.1") + 5) == "5.2.2"


def test_only_the_head_of_a_text_is_searched() -> None:
    """The work for one text is bounded."""
    assert find_status(" " * SEARCHED + "5.1.1") is None
    assert find_reply_code(" " * SEARCHED + "said: 550 no") is None


@pytest.mark.parametrize(("code", "permanent"), [("550", True), ("5.1.1", True), ("421", False), ("4.2.2", False)])
def test_the_class_says_what_the_server_stated(code: str, permanent: bool) -> None:
    """Five is final, four is not."""
    assert status_class(code) is permanent


@pytest.mark.parametrize("code", ["250", "2.0.0", "", None])
def test_other_classes_state_nothing(code: str | None) -> None:
    """Success and absence are neither permanent nor temporary."""
    assert status_class(code) is None


@given(st.text())
def test_what_is_found_stands_in_the_text(text: str) -> None:
    """Codes are never made up, whatever the text."""
    status, reply = find_status(text), find_reply_code(text)
    assert status is None or status in text
    assert reply is None or (reply in text and is_reply_code(reply))


@given(
    st.sampled_from("245"),
    st.integers(0, 7),
    st.integers(0, 999),
    st.text(alphabet=" ,:;()<>\n", min_size=1),
    st.text(alphabet=" ,:;()<>\n"),
)
def test_any_code_of_the_grammar_is_found(klass: str, subject: int, detail: int, before: str, behind: str) -> None:
    """Between spaces and brackets every code of RFC 3463 is seen."""
    code = f"{klass}.{subject}.{detail}"
    assert find_status(before + code + behind) == code
