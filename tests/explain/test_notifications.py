"""Notifications of sending services: JSON inside a mail, whole, wrapped, folded and broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailwright.explain.explanation import Kind
from mailwright.explain.message import explain_message
from tests.samples import LINE_ENDS, mail, with_ends

RECIPIENT = {
    "emailAddress": "anna@example.com",
    "action": "failed",
    "status": "5.1.1",
    "diagnosticCode": "smtp; 550 5.1.1 User unknown",
}
BOUNCE = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [RECIPIENT],
        "reportingMTA": "dsn; a8-31.smtp-out.amazonses.example",
    },
}
DELAY = {
    "eventType": "DeliveryDelay",
    "deliveryDelay": {
        "delayedRecipients": [{"emailAddress": "anna@example.com", "diagnosticCode": "smtp; 452 4.2.2 Mailbox full"}]
    },
}
DELIVERY = {"eventType": "Delivery", "delivery": {"recipients": ["anna@example.com"], "smtpResponse": "250 2.6.0 Ok"}}
COMPLAINT = {
    "notificationType": "Complaint",
    "complaint": {"complainedRecipients": [{"emailAddress": "anna@example.com"}], "complaintFeedbackType": "abuse"},
}


def notified(event: Any, indent: int | None = None) -> bytes:
    """Return the mail with the JSON of ``event``; a text is taken as it is."""
    body = event if isinstance(event, str) else json.dumps(event, indent=indent)
    return mail(body + "\n", sender="AWS Notifications <no-reply@sns.example>", subject="AWS Notification Message")


ANNA = ("anna@example.com", "address-unknown", "failed")
LEO = ("leo@example.net", "address-unknown", "failed")
NOBODY = (None, "undetermined", "failed")
SUPPRESSED = {"bouncedRecipients": [RECIPIENT], "bounceSubType": "OnAccountSuppressionList"}
TWO = [RECIPIENT, RECIPIENT | {"emailAddress": "leo@example.net"}]
WRONG = {"eventType": "Delivery", "delivery": {"recipients": [5, None, {}]}}

EVENTS: list[tuple[str, Any, Kind, list[tuple[str | None, str, str | None]]]] = [
    ("bounce", BOUNCE, Kind.BOUNCE, [ANNA]),
    ("wrapped by SNS", {"Message": json.dumps(BOUNCE)}, Kind.BOUNCE, [ANNA]),
    ("delay", DELAY, Kind.DELAYED, [("anna@example.com", "mailbox-full", "delayed")]),
    ("delivery", DELIVERY, Kind.DELIVERED, [("anna@example.com", "delivered", "delivered")]),
    ("complaint", COMPLAINT, Kind.FEEDBACK, [("anna@example.com", "feedback", None)]),
    (
        "not even tried",
        {"eventType": "Bounce", "bounce": SUPPRESSED},
        Kind.BOUNCE,
        [("anna@example.com", "esp-suppressed", "failed")],
    ),
    ("two recipients", {"eventType": "Bounce", "bounce": {"bouncedRecipients": TWO}}, Kind.BOUNCE, [ANNA, LEO]),
    ("no recipients", {"notificationType": "Bounce", "bounce": {}}, Kind.BOUNCE, [NOBODY]),
    ("sections of the wrong type", {"notificationType": "Bounce", "bounce": [5]}, Kind.BOUNCE, [NOBODY]),
    ("recipients of the wrong type", WRONG, Kind.DELIVERED, [(None, "delivered", "delivered")]),
    ("an event that says nothing of a failure", {"eventType": "Open", "open": {}}, Kind.OTHER, []),
    ("an event of the wrong type", {"eventType": ["Bounce"]}, Kind.OTHER, []),
    ("other JSON", {"a": 1}, Kind.OTHER, []),
    ("a list", [BOUNCE], Kind.OTHER, []),
    ("cut short", json.dumps(BOUNCE)[:-20], Kind.OTHER, []),
    ("SNS with something else in it", {"Message": "hello"}, Kind.OTHER, []),
]


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize(("event", "kind", "reports"), [pytest.param(*row[1:], id=row[0]) for row in EVENTS])
def test_an_event_is_read(event: Any, kind: Kind, reports: list[tuple[str | None, str, str | None]], ends: str) -> None:
    """The service's own words decide what the mail is; what is no event stays ordinary mail."""
    for indent in (None, 2):
        explained = explain_message(with_ends(notified(event, indent), ends))
        assert explained.kind == kind
        assert [(r.recipient, r.diagnosis.cause.id, r.action) for r in explained.reports] == reports


def test_a_bounce_keeps_the_words_of_the_other_side() -> None:
    """Codes, words and the host that reports are taken from the event."""
    (found,) = explain_message(notified(BOUNCE)).reports
    assert (found.reply_code, found.enhanced_status, found.permanent) == ("550", "5.1.1", True)
    assert (found.diagnostic, found.reporting_mta) == ("550 5.1.1 User unknown", "a8-31.smtp-out.amazonses.example")


def test_lines_folded_inside_a_string_are_read() -> None:
    """Mail breaks long lines, also where JSON would not have it."""
    folded = json.dumps(BOUNCE).replace("User unknown", "User\n unknown")
    assert explain_message(notified(folded)).reports[0].diagnosis.cause.id == "address-unknown"


@pytest.mark.parametrize(
    "body", ['{"a":' * 50_000, "{" + "[" * 100_000, '{"n": 1' + "0" * 5_000 + "}", '{"Message": "{"}', "{"]
)
def test_deep_and_broken_json_is_no_event(body: str) -> None:
    """Nesting, numbers without end and cuts end in ordinary mail."""
    assert explain_message(notified(body)).kind is Kind.OTHER


def test_half_a_character_is_replaced() -> None:
    """JSON can name half a character; what is returned can be printed."""
    text = json.dumps(BOUNCE).replace("User unknown", "\\ud800 User unknown").replace("anna@", "an\\ud800na@")
    (found,) = explain_message(notified(text)).reports
    assert found.diagnosis.cause.id == "address-unknown"
    assert f"{found}".encode()
