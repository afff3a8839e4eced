"""Sample letters of many mail systems and what each says; the table stands in letters/expected.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailwright.explain.explanation import Explanation, Report
from mailwright.explain.message import explain_message
from mailwright.mail.message import Message

LETTERS = Path(__file__).with_name("letters")
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((LETTERS / "expected.toml").read_text(encoding="utf-8"))
KEYS = ("recipient", "original_recipient", "reason", "reply_code", "enhanced_status", "action")
REPORTED = [name for name, row in EXPECTED.items() if row["kind"] in ("bounce", "delayed", "delivered")]
OTHER = [name for name, row in EXPECTED.items() if row["kind"] == "other"]

#: Letters from list managers whose From could be a person's: forwarded inline they are not told from a person's mail.
FROM_ANYBODY = frozenset({"fml-refused.eml"})

PERSON = "From: Max <max@example.net>\nTo: Jana <jana@example.org>\nSubject: Fwd: {subject}\nMIME-Version: 1.0\n"
PLAIN = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
MIXED = 'Content-Type: multipart/mixed; boundary="=_outer"\n\n'
ATTACHED = "--=_outer\nContent-Type: message/rfc822\n\n"


def told(report: Report) -> dict[str, str | None]:
    """Return the fields of a report that the table names."""
    reason = report.diagnosis.cause.reason
    return {key: reason if key == "reason" else getattr(report, key) for key in KEYS}


def outcome(explanation: Explanation) -> tuple[str, list[tuple[str | None, str | None]]]:
    """Return what must survive every way of passing a letter on: kind, recipients and their reply codes."""
    return explanation.kind, [(report.recipient, report.reply_code) for report in explanation.reports]


def expected_outcome(name: str) -> tuple[str, list[tuple[str | None, str | None]]]:
    """Return the same from the table."""
    row = EXPECTED[name]
    return row["kind"], [(report.get("recipient"), report.get("reply_code")) for report in row["reports"]]


def visible(message: Message) -> str:
    """Return what a person sees of a message and can copy: its texts, the report and the returned headers."""
    parts = [part.text if part.media_type.startswith("text/") else part.body.decode() for part in message.parts]
    return "\n\n".join(part.strip("\n") for part in parts)


def field(message: Message, name: bytes) -> str:
    """Return a header field in one line."""
    return " ".join(message.headers.get(name).split())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_letter_says_what_the_table_says(name: str) -> None:
    """Kind, recipients, reasons, codes and actions are read as the table has them."""
    row = EXPECTED[name]
    explanation = explain_message((LETTERS / name).read_bytes())
    assert explanation.kind == row["kind"]
    assert [told(report) for report in explanation.reports] == [
        {key: report.get(key) for key in KEYS} for report in row["reports"]
    ]


def test_every_letter_stands_in_the_table() -> None:
    """No sample is forgotten in the folder, none in the table is missing."""
    assert sorted(EXPECTED) == sorted(path.name for path in LETTERS.iterdir() if path.suffix == ".eml")


@pytest.mark.parametrize("name", EXPECTED)
def test_line_ends_do_not_matter(name: str) -> None:
    """A letter with CRLF line ends says the same as with LF."""
    raw = (LETTERS / name).read_bytes()
    assert explain_message(raw.replace(b"\n", b"\r\n")) == explain_message(raw)


#: Letters whose visible text names no recipient: only the message that they return does.
NAMED_BY_THE_RETURNED_MESSAGE = {"mailman-nonmember.eml"}


@pytest.mark.parametrize("name", [name for name in REPORTED if name not in NAMED_BY_THE_RETURNED_MESSAGE])
@pytest.mark.parametrize("prefix", ["", "> "], ids=["bare", "quoted"])
def test_a_letter_pasted_without_its_headers(name: str, prefix: str) -> None:
    """Text that was copied from a letter, with or without quotation marks, names the same recipients and replies."""
    text = visible(Message.parse((LETTERS / name).read_bytes()))
    pasted = "\n".join(prefix + line for line in text.split("\n"))
    assert outcome(explain_message(pasted.encode())) == expected_outcome(name)


@pytest.mark.parametrize("name", [name for name in REPORTED if name not in FROM_ANYBODY])
@pytest.mark.parametrize(
    "block",
    [
        "---------- Forwarded message ---------\nFrom: {sender}\nDate: {date}\nSubject: {subject}\nTo: {to}\n\n",
        "-----Original Message-----\nFrom: {sender}\nSent: Tuesday, 3 November 2026\nTo: {to}\nSubject: {subject}\n\n",
        "________________________________\nFrom: {sender}\nSent: Tuesday\nTo: {to}\nSubject: {subject}\n\n",
    ],
    ids=["gmail", "outlook", "outlook-html"],
)
def test_a_letter_forwarded_inline(name: str, block: str) -> None:
    """A person forwards a letter in the text of a mail: it is found behind the fields written over it."""
    message = Message.parse((LETTERS / name).read_bytes())
    sender, subject, to, date = (field(message, key) for key in (b"from", b"subject", b"to", b"date"))
    above = block.format(sender=sender, subject=subject, to=to, date=date)
    mail = PERSON.format(subject="report") + PLAIN + "What is this?\n\n" + above + visible(message)
    assert outcome(explain_message(mail.encode())) == expected_outcome(name)


def attached(letter: bytes, subject: str) -> bytes:
    """Return a person's mail that carries ``letter`` as an attachment."""
    head = PERSON.format(subject=subject) + MIXED + "--=_outer\n" + PLAIN + "What is this?\n" + ATTACHED
    return head.encode() + letter + b"\n--=_outer--\n"


@pytest.mark.parametrize("name", REPORTED)
def test_a_letter_forwarded_as_an_attachment(name: str) -> None:
    """A person forwards a letter whole: it is read like the letter itself."""
    assert outcome(explain_message(attached((LETTERS / name).read_bytes(), "report"))) == expected_outcome(name)


@pytest.mark.parametrize("name", OTHER)
def test_other_mail_stays_other_when_forwarded(name: str) -> None:
    """What is no bounce does not become one because somebody forwards it."""
    assert explain_message(attached((LETTERS / name).read_bytes(), "see below")).kind == "other"
