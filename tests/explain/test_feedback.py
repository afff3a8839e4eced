"""Feedback: complaints and requests to leave a list, in the standard's form and in two of their own."""

from __future__ import annotations

import pytest

from mailwright.explain.explanation import Kind
from mailwright.explain.feedback import complaint_report
from mailwright.explain.message import explain_message
from tests.samples import LINE_ENDS, mail, with_ends

ORIGINAL = "From: shop@example.org\nTo: Anna <anna@example.com>\nSubject: Offer\n\nBuy.\n"


def arf(fields: str, original: str = ORIGINAL) -> bytes:
    """Return a feedback report with ``fields``."""
    body = (
        "--b\nContent-Type: text/plain\n\nThis is an email abuse report.\n"
        f"--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{original}\n--b--\n"
    )
    return mail(
        body,
        sender="feedback@example.com",
        subject="FW: Offer",
        fields="Content-Type: multipart/report; report-type=feedback-report; boundary=b\n",
    )


REPORTS = [
    ("Feedback-Type: abuse\nOriginal-Rcpt-To: <anna@example.com>\n", ["anna@example.com"], "feedback"),
    ("feedback-type: ABUSE\nOriginal-Rcpt-To: rfc822; anna@example.com\n", ["anna@example.com"], "feedback"),
    ("Feedback-Type: fraud\n", ["anna@example.com"], "feedback"),
    (
        "Feedback-Type: abuse\nOriginal-Rcpt-To: <anna@example.com>\nOriginal-Rcpt-To: <leo@example.net>\n",
        ["anna@example.com", "leo@example.net"],
        "feedback",
    ),
    (
        "Feedback-Type: auth-failure\nOriginal-Rcpt-To: <anna@example.com>\n",
        ["anna@example.com"],
        "authentication-report",
    ),
    ("Feedback-Type: opt-out\n", ["anna@example.com"], "unsubscribe-request"),
    ("", ["anna@example.com"], "feedback"),
    ("rubbish", ["anna@example.com"], "feedback"),
]


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize(("fields", "recipients", "cause"), REPORTS)
def test_a_report_names_who_complained(fields: str, recipients: list[str], cause: str, ends: str) -> None:
    """RFC 5965: the fields first, else the message complained about."""
    explained = explain_message(with_ends(arf(fields), ends))
    assert explained.kind is Kind.FEEDBACK
    assert [report.recipient for report in explained.reports] == recipients
    assert {report.diagnosis.cause.id for report in explained.reports} == {cause}


def test_a_redacted_report_names_nobody() -> None:
    """Many receivers hide who complained; nothing is guessed."""
    explained = explain_message(arf("Feedback-Type: abuse\n", "Subject: Offer\n\nBuy.\n"))
    assert [report.recipient for report in explained.reports] == [None]


def test_a_report_cut_before_the_message_is_still_one() -> None:
    """What was complained about may be missing."""
    raw = arf("Feedback-Type: abuse\n")
    cut = raw[: raw.index(b"message/rfc822")]
    assert explain_message(cut).kind is Kind.FEEDBACK


@pytest.mark.parametrize("ends", LINE_ENDS)
def test_a_complaint_forwarded_under_its_own_subject_is_feedback(ends: str) -> None:
    """One large receiver forwards the message and says in the subject what it is."""
    body = f"--b\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: anna@example.com\n{ORIGINAL}\n--b--\n"
    raw = mail(
        body,
        sender="staff@example.net",
        subject="complaint about message from 192.0.2.1",
        fields="Content-Type: multipart/mixed; boundary=b\n",
    )
    explained = explain_message(with_ends(raw, ends))
    assert (explained.kind, explained.reports[0].recipient) == (Kind.FEEDBACK, "anna@example.com")


@pytest.mark.parametrize(
    ("subject", "fields", "kind"),
    [
        ("unsubscribe", "Auto-Submitted: auto-generated\n", Kind.FEEDBACK),
        ("Unsubscribe", "Auto-Submitted: auto-generated\n", Kind.FEEDBACK),
        ("unsubscribe", "", Kind.OTHER),
        ("please unsubscribe me", "Auto-Submitted: auto-generated\n", Kind.OTHER),
        ("complaint about message from 192.0.2.1", "", Kind.OTHER),
    ],
)
def test_a_request_to_leave_is_known_when_a_program_sent_it(subject: str, fields: str, kind: Kind) -> None:
    """A person who writes the word is answered by a person."""
    raw = mail("unsubscribe\n", sender="anna@example.com", subject=subject, fields=fields)
    explained = explain_message(raw)
    assert explained.kind is kind
    assert [report.recipient for report in explained.reports] == (["anna@example.com"] if kind is Kind.FEEDBACK else [])


def test_a_complaint_never_says_that_an_address_failed() -> None:
    """Codes, permanence and action belong to deliveries."""
    found = complaint_report("anna@example.com", "abuse", "fbl.example.net")
    assert (found.permanent, found.action, found.reply_code, found.enhanced_status) == (None, None, None, None)
    assert (found.reporting_mta, found.diagnosis.evidence.text) == ("fbl.example.net", "Feedback-Type: abuse")
