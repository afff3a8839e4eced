"""One message in, its Explanation out: what it is, and per recipient what happened, why, and whose turn it is.

Theory of operation.  Structure first, words second.  A part that only reports are made of (feedback-report,
delivery-status) settles the kind.  Else the outside of the message must say that a mail system wrote it, and the letter
inside that mail failed, before anything is called a bounce: ordinary mail that talks about bounces stays ordinary.
Last, a message may carry a bounce inside: forwarded as an attachment, forwarded inline, or pasted without its headers.
"""

from __future__ import annotations

from mailwright.explain.certified import certified_receipt, is_certified_envelope
from mailwright.explain.explanation import Explanation, Kind, Report
from mailwright.explain.feedback import explain_feedback, explain_informal_feedback
from mailwright.explain.fields import DeliveryStatus, read_fields
from mailwright.explain.formats import formats
from mailwright.explain.inside import forwarded_inline, inner_messages, unquote
from mailwright.explain.judge import Said, judge
from mailwright.explain.letter import LEADING, Entry, Letter, read_letter
from mailwright.explain.notifications import explain_notification
from mailwright.explain.outside import Outside, is_bare, letter_signs, read_outside
from mailwright.explain.quoted import quoted_reply
from mailwright.explain.reply import explain_reply, kind_of_reason
from mailwright.mail.address import find_addresses
from mailwright.mail.decoding import decode_bytes
from mailwright.mail.html import html_to_text
from mailwright.mail.message import LONGEST_TEXT, Message, Part, unify_lines

_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_TEXT_PARTS = ("text/plain", "text/html")
_RETURNED_PARTS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/partial")

#: Lines of a text that is taken for an error message though nothing in it looks like a reply.
LONGEST_PASTED_REPLY = 8

#: How deep a bounce may be wrapped in forwards.
DEEPEST_FORWARD = 3

NOTHING = Explanation(Kind.OTHER, ())

_ACTION_OF_KIND = {Kind.BOUNCE: "failed", Kind.DELAYED: "delayed", Kind.DELIVERED: "delivered"}


def explain_message(raw: bytes) -> Explanation:
    """Return what the message in ``raw`` is and what it says; ``other`` without reports for ordinary mail.

    Takes any bytes; never raises.  Work and memory are bounded by the limits of mail.message.
    """
    message = Message.parse(raw)
    explained = explain_parsed(message, DEEPEST_FORWARD)
    if explained.kind is Kind.OTHER and is_bare(message):
        return explain_pasted(raw)
    return explained


def explain_pasted(raw: bytes) -> Explanation:
    """Return the explanation of a text without mail headers: a letter or a forward as pasted, or a bare reply."""
    text = decode_bytes(unify_lines(raw)[:LONGEST_TEXT])
    plain = unquote(html_to_text(text) if text.lstrip()[:1] == "<" else text).strip("\n")
    forwarded = forwarded_inline(plain)
    messages = [forwarded] if forwarded is not None else []
    if plain != text:
        messages.append(Message.parse(plain.encode("utf-8", "replace")))
    for message in messages:
        explained = explain_parsed(message, DEEPEST_FORWARD)
        if explained.kind is not Kind.OTHER:
            return explained
    if plain.count("\n") >= LONGEST_PASTED_REPLY and quoted_reply(plain) is None:
        return NOTHING
    report = explain_reply(plain)
    if report.diagnosis.confidence == "unknown" and report.reply_code is None and report.enhanced_status is None:
        return NOTHING
    return Explanation(kind_of_reason(report.diagnosis.cause.reason), (report,))


def explain_parsed(message: Message, depth: int = DEEPEST_FORWARD) -> Explanation:
    """Return the explanation of a parsed message; ``depth`` forwards may still be opened."""
    feedback = message.part("message/feedback-report")
    if feedback is not None:
        return explain_feedback(message, feedback)
    outside = read_outside(message)
    status = message.part(*_STATUS_PARTS)
    if status is not None:
        explained = _explain_report(message, outside, read_fields(_readable(status)))
        if explained is not None:
            return explained
    if message.part("message/disposition-notification") is not None:
        return NOTHING
    settled = explain_informal_feedback(message) or explain_notification(message)
    if settled is not None:
        return settled
    if outside.suspicious and not is_certified_envelope(message.headers):
        explained = _explain_letter(message, outside, depth)
        if explained is not None:
            return explained
    if outside.automatic and not outside.machine:
        return _explain_automatic(message, outside)
    if depth:
        for inner in inner_messages(message, outside):
            explained = explain_parsed(inner, depth - 1)
            if explained.kind is not Kind.OTHER:
                return explained
    return NOTHING


def _readable(status: Part) -> bytes:
    """Return the fields of a report part; some systems encode them like text."""
    encoded = status.headers.get(b"content-transfer-encoding").strip().lower()
    return status.decoded().replace(b"\r\n", b"\n") if encoded in ("base64", "quoted-printable") else status.body


def _letter(message: Message, excluded: frozenset[str]) -> Letter:
    """Return the letter of a message: its first text part with words in it, the returned message cut off."""
    fallback: Part | None = None
    for part in message.parts:
        if part.media_type in _TEXT_PARTS or not part.media_type.startswith(("message/", "image/", "application/", "text/rfc822")):
            fallback = fallback or part
            if part.text.strip():
                return read_letter(part.text, formats(), excluded)
    return read_letter(fallback.text if fallback else "", formats(), excluded)


def _explain_report(message: Message, outside: Outside, status: DeliveryStatus) -> Explanation | None:
    """Return the explanation of a message with report fields; None where the fields name nobody and say nothing."""
    reports: list[Report] = []
    letter: Letter | None = None
    seen: set[tuple[str, str]] = set()
    for fields in status.recipients:
        address = fields.final or fields.original
        key = (address.lower(), fields.action)
        if key in seen:
            continue
        seen.add(key)
        said = Said(
            recipient=address or None,
            original=fields.original or None,
            action=fields.action or None,
            status=fields.status,
            diagnostic=fields.diagnostic,
            host=fields.remote_mta or None,
            reporting_mta=status.reporting_mta or None,
            subject=outside.subject,
        )
        report = judge(said)
        if report.diagnosis.confidence != "certain" and fields.action not in ("delivered", "relayed", "expanded"):
            letter = letter or _letter(message, outside.excluded)
            common = letter.about_all(len(status.recipients))
            report = judge(said._replace(entry=_entry_text(letter, address), letter=common))
        reports.append(report)
    if not reports:
        return None
    return Explanation(_kind_of_actions(reports, outside), tuple(reports))


def _entry_text(letter: Letter, address: str) -> str:
    """Return what the letter says about ``address``; "" where it does not name it."""
    wanted = address.lower()
    return next((entry.text for entry in letter.entries if entry.address.lower() == wanted), "")


def _kind_of_actions(reports: list[Report], outside: Outside) -> Kind:
    actions = {report.action for report in reports}
    if "failed" in actions:
        return Kind.BOUNCE
    if "delayed" in actions:
        return Kind.DELAYED
    if actions & {"delivered", "relayed", "expanded"}:
        return Kind.DELIVERED
    return Kind.DELAYED if "delayed" in outside.subject_tags and "bounce" not in outside.subject_tags else Kind.BOUNCE


def _explain_letter(message: Message, outside: Outside, depth: int) -> Explanation | None:
    """Return the explanation of a home-grown letter; None where it does not say that mail failed."""
    letter = _letter(message, outside.excluded)
    status = read_fields(letter.text.encode("utf-8", "replace")) if "inal-" in letter.text else None
    if status and status.recipients:
        return _explain_report(message, outside, status)
    receipt = certified_receipt(message.headers)
    kind, action = receipt or (letter_signs(letter, outside).kind, None)
    if kind is None:
        return None
    action = action or _ACTION_OF_KIND[kind]
    if not letter.entries and depth:
        # A notice about a notice: the one inside names the recipient.
        for inner in inner_messages(message, outside):
            explained = explain_parsed(inner, depth - 1)
            if explained.kind is not Kind.OTHER:
                return explained
    entries = _entries(message, outside, letter)
    reports = [
        judge(
            Said(
                recipient=entry.address or None,
                original=entry.original,
                action=action,
                entry=entry.text,
                letter=letter.about_all(len(entries)),
                subject=outside.subject,
            )
        )
        for entry in entries
    ]
    return Explanation(kind, tuple(reports))


def _entries(message: Message, outside: Outside, letter: Letter) -> list[Entry]:
    """Return the recipients of a letter: named by the header made for it, else by the letter, else the message's own."""
    placed = [e for e in letter.entries if e.rank >= LEADING and e.address.lower() not in outside.excluded]
    failed = outside.failed_recipients
    if failed and len(placed) != len(failed):
        known = {entry.address.lower(): entry for entry in letter.entries}
        return [known.get(address.lower()) or Entry(address, 0, 0) for address in failed]
    if letter.entries:
        return letter.entries
    returned = _returned_recipients(message, letter)
    return [Entry(address, 0, 0) for address in returned] if len(returned) == 1 else [Entry("", 0, 0)]


def _returned_recipients(message: Message, letter: Letter) -> list[str]:
    """Return to whom the returned message was addressed, as far as its headers came back."""
    part = message.part(*_RETURNED_PARTS)
    raw = part.body if part is not None else letter.returned.encode("utf-8", "replace")
    headers = Message.parse(raw.lstrip()).headers
    found = find_addresses(headers.get(b"x-original-to") or headers.get(b"to"), 10)
    return list(dict.fromkeys(place.address for place in found))


def _explain_automatic(message: Message, outside: Outside) -> Explanation:
    letter = _letter(message, frozenset())
    said = Said(recipient=outside.sender or None, letter=letter.text, subject=outside.subject)
    report = judge(said, assume="vacation")
    return Explanation(Kind.VACATION, (report,))
