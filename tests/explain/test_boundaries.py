"""Boundaries: failures that sound alike and are not, each told from its neighbour by the shipped rules."""

from __future__ import annotations

import pytest

from mailwright.explain.classify import context_of
from mailwright.explain.reply import explain_reply

#: name -> reply lines with the reason that each has.
PAIRS: dict[str, list[tuple[str, str]]] = {
    "host not found: the recipient's domain, the sender's name, the client's server": [
        ("550 5.1.2 <anna@example.com>: Recipient address rejected: Domain not found", "domain-unknown"),
        ("Host or domain name not found. Name service error for name=example.com type=A", "domain-unknown"),
        ("550 5.1.2 Bad destination host 'DNS Hard Error looking up example.com (MX): NXDomain'", "domain-unknown"),
        ("550 Host unknown (Name server: example.com.: host not found)", "domain-unknown"),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "reverse-dns"),
        ("550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", "reverse-dns"),
        ("554 5.7.25 No reverse DNS for 192.0.2.1", "reverse-dns"),
        ("Could not connect to the server smtp.example.com: host not found", "client-wrong-host"),
        ("getaddrinfo ENOTFOUND smtp.example.com", "client-wrong-host"),
    ],
    "domain does not exist: the recipient's or the sender's": [
        ("550 5.1.2 Recipient's domain does not exist", "domain-unknown"),
        ("550 5.1.1 <anna@example.com>: Recipient address rejected: Domain not found", "domain-unknown"),
        ("550 5.1.8 <jana@example.org>: Sender address rejected: Domain not found", "sender-rejected"),
        ("553 5.1.8 <jana@example.org>... Domain of sender address jana@example.org does not exist", "sender-rejected"),
        ("501 Sender domain must exist", "sender-rejected"),
        ("553 sorry, your envelope sender domain must exist", "sender-rejected"),
    ],
    "user unknown: the recipient or the sender": [
        ("550 5.1.1 <anna@example.com>: Recipient address rejected: User unknown in local table", "address-unknown"),
        ("550 Sender verify failed", "sender-rejected"),
        ("550 5.1.0 <jana@example.org>: Sender address rejected: User unknown in virtual table", "sender-rejected"),
        ("550 5.1.7 Sender unknown", "sender-rejected"),
        ("550-Verification failed for <jana@example.org> 550-No Such User 550 Sender verify failed", "sender-rejected"),
    ],
    "user unknown: one address, or too many of them": [
        ("550 5.1.1 User unknown", "address-unknown"),
        ("452 4.7.1 Too many unknown users from your host, try again later", "policy-refused"),
    ],
    "user unknown: the recipient or the login": [
        ("550 5.1.1 unknown user", "address-unknown"),
        ("535 5.7.8 Error: authentication failed: unknown user or wrong password", "client-login"),
    ],
    "mailbox full or message too big": [
        ("552 5.2.2 Mailbox full", "mailbox-full"),
        ("552 5.2.2 The mailbox has exceeded its storage quota", "mailbox-full"),
        ("552 5.3.4 Message size exceeds fixed maximum message size", "message-too-big"),
        ("552 5.2.3 Message exceeds maximum size for this mailbox", "message-too-big"),
        ("523 the message exceeds the recipient's mailbox message size limit", "message-too-big"),
        ("552 5.3.4 Message too large", "message-too-big"),
    ],
    "mailbox full or server full": [
        ("452 4.2.2 Over quota", "mailbox-full"),
        ("452 4.3.1 Insufficient system storage", "system-full"),
        ("451 4.3.0 No space left on device", "system-full"),
    ],
    "quota: the mailbox's or the sender's own": [
        ("552 5.2.2 User is over quota", "mailbox-full"),
        ("550 5.4.5 Daily user sending quota exceeded", "rate-limited"),
        ("550 You have exceeded your daily sending limit of 500 messages", "rate-limited"),
        ("452 4.5.3 Your message has too many recipients", "too-many-recipients"),
    ],
    "refused: by a list, for spam, or by the recipient": [
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "blocklisted"),
        ("554 5.7.1 Message rejected as spam by content filter", "spam-content"),
        ("550 5.7.1 The recipient only accepts mail from members of the group", "recipient-refused"),
    ],
    "relaying or login": [
        ("554 5.7.1 <anna@example.com>: Relay access denied", "relaying-denied"),
        ("530 5.7.0 Authentication required", "auth-required"),
        ("530 5.7.0 Must issue a STARTTLS command first", "tls-required"),
    ],
    "later: greylisted, rate limited by us or busy by itself": [
        ("450 4.2.0 <anna@example.com>: Recipient address rejected: Greylisted, see example.org", "greylisted"),
        ("421 4.7.0 Too many connections from your IP, try again later", "rate-limited"),
        ("421 4.4.5 Server busy, try again later", "rate-limited"),
    ],
    "mailbox: unknown, disabled or moved": [
        ("550 5.1.1 No such mailbox", "address-unknown"),
        ("550 5.2.1 The email account that you tried to reach is disabled", "mailbox-disabled"),
        ("551 5.1.6 User has moved to leo@example.net", "mailbox-moved"),
    ],
    "connection: never made, or lost after five days": [
        ("connect to mx.example.com[192.0.2.1]:25: Connection refused", "connection-failed"),
        ("connect to mx.example.com[192.0.2.1]:25: Connection timed out", "connection-failed"),
        ("Message has been in the queue for 5 days and could not be delivered: retry time exceeded", "expired"),
    ],
}  # fmt: skip

ROWS = [pytest.param(text, reason, id=text) for rows in PAIRS.values() for text, reason in rows]


@pytest.mark.parametrize(("text", "reason"), ROWS)
def test_each_side_of_a_boundary_is_told(text: str, reason: str) -> None:
    """A neighbour taken for the cause sends the reader to the wrong person."""
    report = explain_reply(text)
    assert (report.diagnosis.cause.reason, report.diagnosis.rule) == (reason, report.diagnosis.rule)


@pytest.mark.parametrize(("text", "reason"), ROWS)
def test_case_and_line_ends_move_no_boundary(text: str, reason: str) -> None:
    """A reply shouted, or wrapped behind every word, means the same."""
    for changed in (text.upper(), text.replace(" ", "\r\n ", 3), f"  {text}\r\n"):
        diagnosis = explain_reply(changed, context_of(text)).diagnosis
        assert (diagnosis.cause.reason, changed) == (reason, changed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 5.1.1 Message too large", "message-too-big"),
        ("552 5.2.2 User unknown", "address-unknown"),
        ("550 5.1.1 Relay access denied", "relaying-denied"),
        ("554 5.7.1 mailbox is full", "mailbox-full"),
        ("450 4.1.1 Greylisted, try again later", "greylisted"),
    ],
)
def test_words_beat_codes(text: str, reason: str) -> None:
    """A server's digits are often wrong; its words hardly ever."""
    assert explain_reply(text).diagnosis.cause.reason == reason


@pytest.mark.parametrize("text", ["", "\n", "550", "xyzzy", "5", "\x00", "550 ", "ok", "-----"])
def test_what_says_nothing_is_undetermined(text: str) -> None:
    """A wrong answer is worse than none, and the evidence is kept as it was."""
    diagnosis = explain_reply(text).diagnosis
    assert (diagnosis.cause.id, diagnosis.evidence.text) == ("undetermined", text)
    assert diagnosis.confidence == "unknown"
