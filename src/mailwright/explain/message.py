"""One message in, its Explanation out: what it is, and per recipient what happened, why, and whose turn it is.

Theory of operation.  Structure first, words second.  A part that only reports are made of (feedback-report,
delivery-status) settles the kind.  Else the outside of the message must say that a mail system wrote it, and the letter
inside that mail failed, before anything is called a bounce: ordinary mail that talks about bounces stays ordinary.
Last, a message may carry a bounce inside: forwarded as an attachment, forwarded inline, or pasted without its headers.
"""

from __future__ import annotations

from mailwright.explain.bounce import explain_letter, explain_rejection, explain_report
from mailwright.explain.certified import is_certified_envelope
from mailwright.explain.explanation import Explanation, Kind
from mailwright.explain.feedback import explain_feedback, explain_informal_feedback
from mailwright.explain.formats import formats
from mailwright.explain.inside import forwarded_inline, inner_messages, unquote
from mailwright.explain.judge import Said, judge
from mailwright.explain.letter import cut_returned
from mailwright.explain.notifications import explain_notification
from mailwright.explain.outside import is_bare
from mailwright.explain.quoted import quoted_reply
from mailwright.explain.reading import Reading
from mailwright.explain.reply import explain_reply, kind_of_reason
from mailwright.mail.decoding import decode_bytes
from mailwright.mail.html import html_to_text
from mailwright.mail.message import LONGEST_TEXT, Message, unify_lines

_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")

#: Lines of a text that is taken for an error message though nothing in it looks like a reply.
LONGEST_PASTED_REPLY = 8

#: How deep a bounce may be wrapped in forwards.
DEEPEST_FORWARD = 3

NOTHING = Explanation(Kind.OTHER, ())


def explain_message(raw: bytes) -> Explanation:
    """Return what the message in ``raw`` is and what it says; ``other`` without reports for ordinary mail.

    Takes any bytes; never raises.  Work and memory are bounded by the limits of mail.message.
    """
    message = Message.parse(raw)
    if not message.content_type and is_bare(message):
        return explain_pasted(raw)
    return explain_parsed(message, DEEPEST_FORWARD)


def explain_parsed(message: Message, depth: int) -> Explanation:
    """Return the explanation of a parsed message; ``depth`` forwards may still be opened."""
    feedback = message.part("message/feedback-report")
    if feedback is not None:
        return explain_feedback(message, feedback)
    reading = Reading(message)
    status = message.part(*_STATUS_PARTS)
    explained = explain_report(reading, status) if status is not None else None
    receipt = message.part("message/disposition-notification")
    if receipt is not None:
        return explained or explain_rejection(reading, receipt) or NOTHING
    if explained is None:
        explained = explain_informal_feedback(message) or explain_notification(message) or _by_words(reading, depth)
    return explained or NOTHING


def _by_words(reading: Reading, depth: int) -> Explanation | None:
    """Return the explanation of a message that has no part which says what it is; None for ordinary mail."""
    outside = reading.outside
    if outside.suspicious and not is_certified_envelope(reading.message.headers):
        explained = explain_letter(reading)
        if explained is not None:
            # A notice about a notice: the one inside names the recipient.
            inner = _inside(reading, depth) if not reading.letter.entries else None
            return inner or explained
    if outside.automatic and not outside.machine and "notice" not in reading.tags:
        said = Said(recipient=outside.sender or None, letter=reading.letter.text, subject=outside.subject)
        return Explanation(Kind.VACATION, (judge(said, assume="vacation"),))
    return _inside(reading, depth)


def _inside(reading: Reading, depth: int) -> Explanation | None:
    """Return the explanation of the first message inside that is no ordinary mail."""
    for inner in inner_messages(reading.message) if depth else ():
        explained = explain_parsed(inner, depth - 1)
        if explained.kind is not Kind.OTHER:
            return explained
    return None


def explain_pasted(raw: bytes) -> Explanation:
    """Return the explanation of a text without mail headers: a letter or a forward as pasted, or a bare reply."""
    text = decode_bytes(unify_lines(raw)[:LONGEST_TEXT])
    plain = unquote(html_to_text(text) if text.lstrip()[:1] == "<" else text).strip("\n")
    forwarded = forwarded_inline(plain)
    messages = [forwarded] if forwarded is not None else []
    for message in (*messages, Message.parse(plain.encode("utf-8", "replace")), Message.parse(raw)):
        explained = explain_parsed(message, DEEPEST_FORWARD)
        if explained.kind is not Kind.OTHER:
            return explained
    lines, _, _ = cut_returned(plain, formats())
    said = "\n".join(lines).strip()
    if len(lines) > LONGEST_PASTED_REPLY and quoted_reply(said) is None:
        return NOTHING
    report = explain_reply(said)
    if report.diagnosis.confidence == "unknown" and report.reply_code is None and report.enhanced_status is None:
        return NOTHING
    return Explanation(kind_of_reason(report.diagnosis.cause.reason), (report,))
