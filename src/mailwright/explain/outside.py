"""The outside of a message: who wrote it and what it claims to be, before its text is read."""

from __future__ import annotations

from typing import NamedTuple

from mailwright.explain.explanation import Kind
from mailwright.explain.formats import formats
from mailwright.explain.letter import LABELLED, TO, Letter
from mailwright.explain.normalise import normalise
from mailwright.explain.quoted import quoted_reply
from mailwright.mail.finding import find_addresses
from mailwright.mail.message import Message

#: Characters of a letter that are searched for sentences that say what it is.
SEARCHED = 6_000


class Outside(NamedTuple):
    """What the headers say.

    subject: decoded.  subject_tags: kinds that its words claim.  machine: From is a mail system's.
    null_sender: the reverse-path was <>.
    score: how much the headers look like a report's.  bare: there are no mail headers, as in pasted text.
    sender: address in From.  excluded: addresses that cannot be a failed recipient: the report's own.
    failed_recipients: from X-Failed-Recipients.  automatic: an automatic answer by its headers or subject.
    personal: somebody wrote it, or sent it to a list; it is about bounces at the most.
    """

    subject: str
    subject_tags: frozenset[str]
    machine: bool
    null_sender: bool
    score: int
    bare: bool
    sender: str
    excluded: frozenset[str]
    failed_recipients: tuple[str, ...]
    automatic: bool
    personal: bool

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
    machine = not bare and (
        not sender_field or headers.has(b"x-mlserver") or "machine" in words.sender.tags(normalise(sender_field))
    )
    found = find_addresses(sender_field, 1)
    sender = found[0].address if found else ""
    failed = [place.address for value in headers.get_all(b"x-failed-recipients", 20) for place in find_addresses(value)]
    submitted = headers.get(b"auto-submitted").strip().lower()
    null_sender = headers.has(b"return-path") and _is_null(headers.get(b"return-path"))
    score = 2 * machine + null_sender + 3 * bool(failed)
    score += 2 * ("bounce" in subject_tags or "delayed" in subject_tags or "delivered" in subject_tags)
    score += 3 * ("delivery-status" in message.content_type.lower())
    excluded = {sender.lower()} | {place.address.lower() for place in find_addresses(headers.get(b"to"), 5)}
    automatic = _automatic(message, submitted, subject_tags)
    if automatic and not machine:
        score -= 2
    if headers.has(b"x-ricevuta"):
        score += 4
    by_person = not machine and not bare
    personal = by_person and ((automatic and "bounce" not in subject_tags) or _personal(message, subject))
    return Outside(
        subject=subject,
        subject_tags=subject_tags,
        machine=machine,
        null_sender=null_sender,
        score=score,
        bare=bare,
        sender=sender,
        excluded=frozenset(excluded),
        failed_recipients=tuple(dict.fromkeys(failed)),
        automatic=automatic,
        personal=personal,
    )


#: What mail programs put before the subject of an answer (RFC 5322 3.6.5 and its translations).
_ANSWERS = (
    "re:",
    "aw:",
    "sv:",
    "odp:",
    "antw:",
    "vs:",
    "rif:",
    "ref:",
    "回复:",
    "回复：",
    "答复:",
    "答复：",
    "回覆:",
    "回覆：",
)


def _personal(message: Message, subject: str) -> bool:
    """Tell whether somebody wrote the message or sent it to a list: it may be answered, or it can be unsubscribed."""
    headers = message.headers
    if subject.lower().startswith(_ANSWERS) or headers.has_any(b"list-unsubscribe") or headers.has(b"list-id"):
        return True
    return headers.has(b"return-path") and not _is_null(headers.get(b"return-path"))


def is_bare(message: Message) -> bool:
    """Tell whether there are no mail headers at all, as in text pasted from a window."""
    return not any(message.headers.has(name) for name in (b"from", b"subject", b"received", b"date", b"return-path"))


def _is_null(return_path: str) -> bool:
    """Tell whether Return-Path holds the null reverse-path, in the ways it is written down (RFC 5321 4.5.5)."""
    return return_path.strip() in ("<>", "<MAILER-DAEMON>", "<#@[]>") or return_path.lower().startswith(
        "<mailer-daemon@"
    )


def _automatic(message: Message, submitted: str, subject_tags: frozenset[str]) -> bool:
    """Tell whether the message is an automatic answer: RFC 3834 5, and the fields used before it."""
    headers = message.headers
    if submitted.startswith("auto-replied") or "automatic" in subject_tags:
        return True
    if headers.get(b"precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    return headers.has_any(b"x-autore")


#: What outside and letter must come to before a message is called a bounce; pasted text has no outside to add.
NEEDED = 4
NEEDED_BARE = 3


def letter_tags(letter: Letter) -> set[str]:
    """Return what the sentences of ``letter`` say it is."""
    return formats().letter.tags(letter.normal[:SEARCHED])


def letter_kind(letter: Letter, outside: Outside, *, returned: bool) -> Kind | None:
    """Return what ``letter`` is, from its sentences, its layout and its outside; None: nothing that failed.

    ``returned``: a message came back with it.  Words alone never make a bounce: there must be a recipient, a quoted
    reply, a returned message, or a header that only reports have.
    """
    tags = letter_tags(letter)
    told = tags | outside.subject_tags
    if not outside.failed_recipients and ("notice" in told or outside.personal):
        return None
    named = [entry.rank for entry in letter.entries if entry.address.lower() not in outside.excluded]
    placed = max(named, default=0) >= LABELLED
    says = bool(told & {"bounce", "delayed", "delivered"} or outside.failed_recipients)
    score = outside.score + 2 * bool(tags & {"bounce", "delayed"}) + placed + (outside.bare and returned)
    needed = NEEDED_BARE if outside.bare else NEEDED
    reported = (outside.machine and outside.null_sender) or (
        returned and (outside.machine or outside.bare or outside.null_sender)
    )
    concrete = reported or bool(outside.failed_recipients) or max(named, default=0) >= TO
    if not (says and concrete and score >= needed) and quoted_reply(letter.text) is not None:
        score += 1 + outside.bare
        says |= outside.machine
        concrete = True
    return _kind(tags, outside.subject_tags) if says and concrete and score >= needed else None


def _kind(tags: set[str], subject_tags: frozenset[str]) -> Kind:
    """Return the kind: a delay or a success must be said, and by nothing contradicted in the subject."""
    delayed = "delayed" in tags and "final" not in tags
    if "delayed" in subject_tags or (delayed and "bounce" not in subject_tags):
        return Kind.DELAYED
    if ("delivered" in subject_tags or "delivered" in tags) and "bounce" not in tags:
        return Kind.DELIVERED
    return Kind.BOUNCE
