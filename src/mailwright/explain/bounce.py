"""Bounces: reports with fields (RFC 3464), and letters in the words of whoever wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mailwright.explain.certified import certified_receipt
from mailwright.explain.explanation import Explanation, Kind, Report
from mailwright.explain.fields import DeliveryStatus, RecipientFields, read_fields
from mailwright.explain.judge import Said, judge
from mailwright.explain.letter import LEADING, Entry, Letter
from mailwright.explain.outside import letter_kind
from mailwright.explain.quoted import quoted_reply
from mailwright.explain.reading import Reading
from mailwright.mail.finding import find_addresses
from mailwright.mail.message import Message, Part

_RETURNED_PARTS = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/global-headers",
    "message/partial",
)
_SUCCESS = ("delivered", "relayed", "expanded")
_ACTION_OF_KIND = {Kind.BOUNCE: "failed", Kind.DELAYED: "delayed", Kind.DELIVERED: "delivered"}


def explain_report(reading: Reading, part: Part) -> Explanation | None:
    """Return the explanation of a message with a delivery-status part; None where its fields name nobody."""
    return _from_fields(reading, read_fields(_readable(part)))


def _readable(part: Part) -> bytes:
    """Return the fields of a report part; some systems encode them like text."""
    encoded = part.headers.get(b"content-transfer-encoding").strip().lower()
    return part.decoded().replace(b"\r\n", b"\n") if encoded in ("base64", "quoted-printable") else part.body


def _from_fields(reading: Reading, status: DeliveryStatus) -> Explanation | None:
    reports: dict[tuple[str, str], Report] = {}
    finals = Counter(fields.final.lower() for fields in status.recipients)
    for given in status.recipients:
        fields = _behind_alias(given, reading, repeated=finals[given.final.lower()] > 1)
        key = ((fields.final or fields.original).lower(), fields.action)
        if key not in reports:
            reports[key] = _report_on(fields, status, reading)
    if not reports:
        return None
    return Explanation(_kind_of_actions(reports.values(), reading), tuple(reports.values()))


def _behind_alias(fields: RecipientFields, reading: Reading, *, repeated: bool) -> RecipientFields:
    """Return the fields with the address that failed as the final one, where the report has the alias there.

    Sendmail names the other in X-Actual-Recipient; Exim repeats the alias for every address behind it and names these
    in the letter only.
    """
    actual = fields.actual
    if repeated and not actual and fields.diagnostic:
        entries = {entry.address.lower(): entry.address for entry in reading.letter.entries}
        named = [place.address.lower() for place in find_addresses(fields.diagnostic, 5)]
        actual = next((entries[address] for address in named if address in entries), "")
    if not actual or actual.lower() == fields.final.lower():
        return fields
    return fields._replace(final=actual, original=fields.original or fields.final)


def _report_on(fields: RecipientFields, status: DeliveryStatus, reading: Reading) -> Report:
    """Return the report on one recipient; the letter is asked only where the fields leave doubt."""
    address = fields.final or fields.original
    said = Said(
        recipient=address or None,
        original=fields.original or None,
        action=fields.action or None,
        status=fields.status,
        diagnostic=fields.diagnostic,
        host=fields.remote_mta or None,
        reporting_mta=status.reporting_mta or None,
    )
    report = judge(said)
    if report.diagnosis.confidence == "certain" or fields.action in _SUCCESS:
        return report
    letter = reading.letter
    common = letter.about_all(len(status.recipients))
    said = said._replace(entry=_entry_text(letter, address), letter=common, subject=reading.outside.subject)
    report = judge(said)
    if report.diagnosis.confidence == "unknown" and _travelled_in_circles(reading):
        return judge(said, assume="routing-loop")
    return report


#: Received fields of a returned message from which on it has travelled in a circle, where nobody says why it failed.
#: RFC 5321 6.3 asks for a limit of at least 100; in use are 25 (Sendmail), 30 (Exim) and 50 (Postfix).
CIRCLES = 25


def _travelled_in_circles(reading: Reading) -> bool:
    part = reading.message.part(*_RETURNED_PARTS)
    return part is not None and Message.parse(part.body.lstrip()).headers.count(b"received") >= CIRCLES


def explain_rejection(reading: Reading, part: Part) -> Explanation | None:
    """Return the explanation of a refusal that comes as a disposition notification (Sieve reject, RFC 5429 2.2).

    None for any other disposition notification: whether somebody has read a message is no matter of delivery.
    """
    if "rejected" not in reading.message.headers.get(b"auto-submitted").lower():
        return None
    fields = read_fields(_readable(part)).recipients[:1]
    said = Said(
        recipient=(fields[0].final if fields else "") or None,
        action="failed",
        entry=reading.letter.text,
        subject=reading.outside.subject,
    )
    report = judge(said)
    if report.diagnosis.confidence == "unknown":
        report = judge(said, assume="recipient-refused")
    return Explanation(Kind.BOUNCE, (report,))


def _entry_text(letter: Letter, address: str) -> str:
    """Return what the letter says about ``address``; "" where it does not name it."""
    wanted = address.lower()
    return next((entry.text for entry in letter.entries if entry.address.lower() == wanted), "")


def _kind_of_actions(reports: Iterable[Report], reading: Reading) -> Kind:
    actions = {report.action for report in reports}
    if "failed" in actions:
        return Kind.BOUNCE
    if "delayed" in actions:
        return Kind.DELAYED
    if not actions.isdisjoint(_SUCCESS):
        return Kind.DELIVERED
    tags = reading.outside.subject_tags
    return Kind.DELAYED if "delayed" in tags and "bounce" not in tags else Kind.BOUNCE


def explain_letter(reading: Reading) -> Explanation | None:
    """Return the explanation of a home-grown letter; None where it does not say that mail failed."""
    letter, outside = reading.letter, reading.outside
    status = read_fields(_fields_in_text(letter).encode("utf-8", "replace"))
    if status.recipients:
        return _from_fields(reading, status)
    receipt = certified_receipt(reading.message.headers)
    returned = bool(letter.returned.strip()) or reading.message.part(*_RETURNED_PARTS) is not None
    kind = receipt[0] if receipt else letter_kind(letter, outside, returned=returned)
    if kind is None:
        return None
    action = receipt[1] if receipt else _ACTION_OF_KIND[kind]
    entries = _entries(reading)
    common = letter.about_all(len(entries))
    reports = [
        judge(
            Said(
                recipient=entry.address or None,
                original=entry.original,
                action=action,
                entry=entry.text,
                letter=common,
                subject=outside.subject,
            )
        )
        for entry in entries
    ]
    return Explanation(kind, tuple(reports))


def _fields_in_text(letter: Letter) -> str:
    """Return the text that holds report fields: the letter, or what follows one whose structure was lost; else ""."""
    near = LOST_STRUCTURE if letter.entries else LOST_STRUCTURE * 20
    if "message/delivery-status" in letter.returned[:near].lower():
        return letter.returned[: LOST_STRUCTURE * 40]
    return letter.text if "inal-" in letter.text else ""


#: Characters behind a letter within which a report part begins whose boundary nobody declared; where the letter names
#: nobody it may be further away, since nothing better is to be had.
LOST_STRUCTURE = 400


def _entries(reading: Reading) -> list[Entry]:
    """Return the recipients: named by the header made for it, else by the letter, else the returned message's own."""
    letter, outside = reading.letter, reading.outside
    placed = [e for e in letter.entries if e.rank >= LEADING and e.address.lower() not in outside.excluded]
    failed = outside.failed_recipients
    if failed and len(placed) != len(failed):
        known = {entry.address.lower(): entry for entry in letter.entries}
        lines = letter.lines if len(failed) == 1 else []
        return [known.get(address.lower()) or Entry(address, 0, 0, lines) for address in failed]
    if any(_is_named(entry, outside.excluded) for entry in letter.entries):
        return letter.entries
    returned = [a for a in _returned_recipients(reading.message, letter) if a.lower() not in outside.excluded]
    if len(returned) == 1:
        return [Entry(returned[0], 0, 0, letter.lines)]
    return letter.entries or [Entry("", 0, 0, letter.lines)]


def _is_named(entry: Entry, excluded: frozenset[str]) -> bool:
    """Tell whether the letter really names a recipient: another's address, or one's own with a refusal behind it."""
    return entry.address.lower() not in excluded or (entry.rank >= LEADING and quoted_reply(entry.text) is not None)


def _returned_recipients(message: Message, letter: Letter) -> list[str]:
    """Return to whom the returned message was addressed, as far as its headers came back."""
    part = message.part(*_RETURNED_PARTS)
    raw = part.body if part is not None else letter.returned.encode("utf-8", "replace")
    headers = Message.parse(raw.lstrip()).headers
    found = find_addresses(headers.get(b"x-original-to") or headers.get(b"to"), 10)
    return list(dict.fromkeys(place.address for place in found))
