"""The outside of a message: who wrote it and what it claims to be, before its text is read."""

from __future__ import annotations

from typing import NamedTuple

from mailwright.explain.explanation import Kind
from mailwright.explain.formats import formats
from mailwright.explain.letter import LABELLED, Letter
from mailwright.explain.normalise import normalise
from mailwright.explain.quoted import quoted_reply
from mailwright.mail.address import find_addresses
from mailwright.mail.message import Message

#: Characters of a letter that are searched for sentences that say what it is.
SEARCHED = 6_000


class Outside(NamedTuple):
    """What the headers say.

    subject: decoded.  subject_tags: kinds that its words claim.  machine: From is a mail system's.
    score: how much the headers look like a report's.  bare: there are no mail headers, as in pasted text.
    sender: address in From.  excluded: addresses that cannot be a failed recipient: the report's own.
    failed_recipients: from X-Failed-Recipients.  automatic: an automatic answer by its headers or subject.
    """

    subject: str
    subject_tags: frozenset[str]
    machine: bool
    score: int
    bare: bool
    sender: str
    excluded: frozenset[str]
    failed_recipients: tuple[str, ...]
    automatic: bool

    @property
    def suspicious(self) -> bool:
        """True where the letter is worth reading as a bounce."""
        return self.bare or self.score >= 1


def read_outside(message: Message) -> Outside:
    """Return what the headers of ``message`` say."""
    headers = message.headers
    sender_field = headers.get(b"from")
    subject = headers.get(b"subject")
    bare = not (sender_field or subject) and is_bare(message)
    words = formats()
    subject_tags = frozenset(words.subject.tags(normalise(subject.replace("_", " ")))) if subject else frozenset()
    machine = not bare and (not sender_field or "machine" in words.sender.tags(normalise(sender_field)))
    found = find_addresses(sender_field, 1)
    sender = found[0].address if found else ""
    failed = [place.address for value in headers.get_all(b"x-failed-recipients", 20) for place in find_addresses(value)]
    submitted = headers.get(b"auto-submitted").strip().lower()
    score = 2 * machine + _null_return_path(headers.get(b"return-path")) + 3 * bool(failed)
    score += 2 * ("bounce" in subject_tags or "delayed" in subject_tags or "delivered" in subject_tags)
    score += 3 * ("delivery-status" in message.content_type.lower())
    excluded = {sender.lower()} | {place.address.lower() for place in find_addresses(headers.get(b"to"), 5)}
    automatic = _automatic(message, submitted, subject_tags)
    if automatic and not machine:
        score -= 2
    if headers.has(b"x-ricevuta"):
        score += 4
    return Outside(
        subject, subject_tags, machine, score, bare, sender, frozenset(excluded), tuple(dict.fromkeys(failed)), automatic
    )


def is_bare(message: Message) -> bool:
    """Tell whether there are no mail headers at all, as in text pasted from a window."""
    return not any(message.headers.has(name) for name in (b"from", b"subject", b"received", b"date", b"return-path"))


def _null_return_path(value: str) -> int:
    """Return 1 for the null reverse-path, in the ways it is written down (RFC 5321 4.5.5)."""
    return int(value.strip() in ("<>", "<MAILER-DAEMON>", "<#@[]>") or value.lower().startswith("<mailer-daemon@"))


def _automatic(message: Message, submitted: str, subject_tags: frozenset[str]) -> bool:
    """Tell whether the message is an automatic answer: RFC 3834 5, and the fields used before it."""
    headers = message.headers
    if submitted.startswith("auto-replied") or "automatic" in subject_tags:
        return True
    if headers.get(b"precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    return any(headers.has(name) for name in (b"x-autoreply", b"x-autorespond", b"x-autoreply-from", b"x-autoresponse"))


class Signs(NamedTuple):
    """What a letter turned out to be; None: nothing that failed."""

    kind: Kind | None


def letter_signs(letter: Letter, outside: Outside) -> Signs:
    """Return what ``letter`` is, from its sentences, its layout and its outside."""
    tags = formats().letter.tags(normalise(letter.text[:SEARCHED]))
    told = tags | outside.subject_tags
    placed = bool(letter.entries) and letter.entries[0].rank >= LABELLED
    quotes = quoted_reply(letter.text) is not None
    score = outside.score + 2 * bool(tags & {"bounce", "delayed"}) + placed + quotes + (quotes and outside.bare)
    if outside.automatic and not outside.machine and "bounce" not in outside.subject_tags:
        return Signs(None)
    needed = 4 if not outside.bare else 3
    if "notice" in told and not outside.failed_recipients:
        return Signs(None)
    says = told & {"bounce", "delayed", "delivered"} or outside.failed_recipients or (quotes and outside.machine)
    if score < needed or not says:
        return Signs(None)
    return Signs(_kind(tags, outside.subject_tags))


def _kind(tags: set[str], subject_tags: frozenset[str]) -> Kind:
    """Return the kind: a delay or a success must be said, and by nothing contradicted in the subject."""
    if "delayed" in subject_tags or ("delayed" in tags and "bounce" not in subject_tags):
        return Kind.DELAYED
    if ("delivered" in subject_tags or "delivered" in tags) and "bounce" not in tags:
        return Kind.DELIVERED
    return Kind.BOUNCE
