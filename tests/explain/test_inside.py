"""What a message carries inside: a bounce attached, forwarded inline, quoted, and never deeper than allowed."""

from __future__ import annotations

import pytest

from mailwright.explain.explanation import Kind
from mailwright.explain.inside import forwarded_inline, inner_messages, unquote
from mailwright.explain.message import DEEPEST_FORWARD, explain_message
from mailwright.mail.message import Message
from tests.samples import LINE_ENDS, MACHINE, RETURNED, group, mail, report, with_ends

PERSON = "Jana <jana@example.org>"
LETTER = "Your message could not be delivered.\n\n<anna@example.com>: host mx.example.com said:\n    550 User unknown\n"


def attached(raw: bytes, media_type: str = "message/rfc822") -> bytes:
    """Return a person's mail with ``raw`` attached."""
    # Of its own at every depth.
    boundary = f"fw{len(raw)}"
    head = f"--{boundary}\nContent-Type: text/plain\n\nWhat is this?\n--{boundary}\nContent-Type: {media_type}\n\n"
    body = head.encode() + raw + f"\n--{boundary}--\n".encode()
    fields = f"Content-Type: multipart/mixed; boundary={boundary}\n"
    return mail(body, sender=PERSON, subject="Fwd: strange mail", fields=fields)


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize("inner", [mail(LETTER), report(group())], ids=["letter", "report"])
def test_an_attached_bounce_is_explained(inner: bytes, ends: str) -> None:
    """People forward what they do not understand."""
    explained = explain_message(with_ends(attached(inner), ends))
    assert (explained.kind, [found.recipient for found in explained.reports]) == (Kind.BOUNCE, ["anna@example.com"])


def test_attached_ordinary_mail_stays_ordinary() -> None:
    """A forward is not a bounce, nor is what was forwarded."""
    assert explain_message(attached(mail("hi\n", sender=PERSON, subject="Offer"))).kind is Kind.OTHER


@pytest.mark.parametrize(
    "head",
    [
        f"---------- Forwarded message ----------\nFrom: {MACHINE}\nDate: Tue\nSubject: {RETURNED}\nTo: Jana\n",
        f"-----Original Message-----\nFrom: {MACHINE}\nSent: Tuesday\nTo: Jana\nSubject: {RETURNED}\n",
        f"*From:* {MACHINE}\n*Subject:* {RETURNED}\n",
        f"Von: {MACHINE}\nGesendet: Dienstag\nAn: Jana\nBetreff: {RETURNED}\n",
        f"Od: {MACHINE}\nPředmět: {RETURNED}\n",
        f"发件人：{MACHINE}\n主题：{RETURNED}\n",
    ],
    ids=["Gmail", "Outlook", "bold", "German", "Czech", "Chinese"],
)
@pytest.mark.parametrize("mark", ["", "> ", ">> "])
def test_a_bounce_forwarded_inline_is_explained(head: str, mark: str) -> None:
    """Mail programs write From and Subject over it, in their language, and mark its lines or not."""
    text = "".join(f"{mark}{line}\n" for line in f"{head}\n{LETTER}".split("\n"))
    explained = explain_message(mail(f"What is this?\n\n{text}", sender=PERSON, subject="Fwd: strange mail"))
    assert (explained.kind, [found.recipient for found in explained.reports]) == (Kind.BOUNCE, ["anna@example.com"])


@pytest.mark.parametrize(
    "text",
    [
        f"From: {PERSON}\nSubject: Offer\n\n{LETTER}",
        "From: here to there\n\nhi\n",
        "hi\n",
        "",
        "From:",
        ":" * 50,
    ],
)
def test_only_a_mail_system_forwarded_inline_counts(text: str) -> None:
    """People forward ordinary mail too."""
    assert forwarded_inline(text) is None


def test_forwards_are_opened_up_to_a_depth() -> None:
    """A forward of a forward of a forward is still read, a thousand of them are not."""
    raw = report(group())
    for depth in range(1, DEEPEST_FORWARD + 3):
        raw = attached(raw)
        assert (explain_message(raw).kind is Kind.BOUNCE) is (depth <= DEEPEST_FORWARD), depth


def test_a_message_of_ordinary_parts_has_nothing_inside() -> None:
    """Attachments that are no messages are left alone."""
    message = Message.parse(attached(b"%PDF", "application/pdf"))
    assert list(inner_messages(message)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> a\n> b", "a\nb"),
        (">a\n>b", "a\nb"),
        ("> > a\n> > b", "a\nb"),
        (">> a\n>> b", "a\nb"),
        ("> a\n\n> b", "a\n\nb"),
        ("> a\nb\n> c", "a\nb\nc"),
        ("a\nb\n> c", "a\nb\n> c"),
        ("", ""),
    ],
)
def test_quoting_is_undone_where_most_lines_are_quoted(text: str, expected: str) -> None:
    """A text pasted from a reply carries its marks; one quoted line in a letter stays."""
    assert unquote(text) == expected
