"""Phrases that must be known: each alone, and where it really stands."""

from __future__ import annotations

import pytest

from mailwright.explain.message import explain_message
from mailwright.explain.reply import explain_reply
from tests.samples import group, mail, report

#: phrase -> the reasons it may have by itself.
PHRASES = {
    "Invalid User": {"address-unknown"},
    "User not found": {"address-unknown"},
    "User unknown": {"address-unknown"},
    "No such user": {"address-unknown"},
    "unknown or illegal alias": {"address-unknown"},
    "account inactive": {"mailbox-disabled"},
    "Invalid address": {"address-unknown", "address-syntax"},
    "invalid recipient": {"address-unknown"},
    "not a valid mailbox": {"address-unknown"},
    "mailbox cannot be delivered": {"address-unknown", "mailbox-disabled", "undetermined"},
    "host not found": {"domain-unknown"},
    "bad host domain": {"domain-unknown"},
    "Connection timed out": {"connection-failed"},
    "Too many recipients": {"too-many-recipients"},
    "less than 20": {"too-many-recipients"},
    "Quota": {"mailbox-full"},
    "Hard limit": {"mailbox-full"},
    "Storage allocation": {"mailbox-full"},
    "Exceeds": {"message-too-big"},
    "Maximum message size": {"message-too-big"},
    "Data size": {"message-too-big"},
    "Mail from 192.0.2.1 refused, see http://example.org/why": {"blocklisted"},
    "can't verify FROM domain in DNS": {"sender-rejected"},
    "domain does not exist": {"domain-unknown"},
}
QMAIL = "Hi. This is the mail program at example.org.\nI'm sorry.\n\n<anna@example.com>:\n"
POSTFIX = "This is the mail system at host a.example.\n\n<anna@example.com>: host mx.example.com[192.0.2.9] said: 550\n"

every_phrase = pytest.mark.parametrize("phrase", PHRASES)


@every_phrase
def test_a_phrase_alone_says_its_cause(phrase: str) -> None:
    """People type in no more than the words they remember."""
    for text in (phrase, phrase.upper(), phrase.lower(), f'"{phrase}."', phrase.replace(" ", "\n")):
        assert explain_reply(text).diagnosis.cause.reason in PHRASES[phrase], text


@every_phrase
def test_a_phrase_in_a_reply_says_its_cause(phrase: str) -> None:
    """With a code that says nothing of its own before it, the words decide."""
    for text in (f"550 {phrase}", f"554 5.0.0 {phrase} (in reply to RCPT TO command)", f"550-{phrase}\r\n550 Sorry."):
        found = explain_reply(text)
        assert found.diagnosis.cause.reason in PHRASES[phrase], text
        assert found.permanent is True


@every_phrase
def test_a_phrase_in_a_letter_says_its_cause(phrase: str) -> None:
    """In a letter it stands behind the address, wrapped as the mail system likes."""
    letters = (
        f"Your message could not be delivered.\n\n<anna@example.com>:\n550 {phrase}\n",
        f"{QMAIL}192.0.2.9 failed after I sent the message.\nRemote host said: 554 {phrase}\n",
        f"{POSTFIX}    5.0.0 {phrase.replace(' ', chr(10) + '    ', 1)}\n    (in reply to RCPT TO command)\n",
    )
    for letter in letters:
        (found,) = explain_message(mail(letter)).reports
        assert (found.recipient, found.diagnosis.cause.reason in PHRASES[phrase]) == ("anna@example.com", True), letter


@every_phrase
def test_a_phrase_in_a_report_says_its_cause(phrase: str) -> None:
    """In the fields of a report it is the Diagnostic-Code, folded or not."""
    for words in (phrase, phrase.replace(" ", "\n    ", 1)):
        raw = report(group(status="5.0.0", reply=f"550 {words}"))
        assert explain_message(raw).reports[0].diagnosis.cause.reason in PHRASES[phrase], raw.decode()


def test_a_failure_without_a_reason_stays_undetermined() -> None:
    """The sentence says that it failed, not why."""
    said = explain_reply("Delivery to the following recipient failed permanently")
    assert said.diagnosis.cause.id == "undetermined"
    letter = "Delivery to the following recipient failed permanently:\n\n     anna@example.com\n"
    (found,) = explain_message(mail(letter)).reports
    assert (found.recipient, found.diagnosis.cause.id) == ("anna@example.com", "undetermined")
