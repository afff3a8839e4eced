"""Certified mail: receipts say in a header what they are; envelopes only wrap what is inside."""

from __future__ import annotations

import pytest

from mailwright.explain.certified import certified_receipt, is_certified_envelope
from mailwright.explain.explanation import Kind
from mailwright.explain.message import explain_message
from mailwright.mail.message import Message
from tests.samples import LINE_ENDS, mail, with_ends

RECEIPTS = {
    "accettazione": (Kind.DELIVERED, "relayed"),
    "presa-in-carico": (Kind.DELIVERED, "relayed"),
    "avvenuta-consegna": (Kind.DELIVERED, "delivered"),
    "non-accettazione": (Kind.BOUNCE, "failed"),
    "errore-consegna": (Kind.BOUNCE, "failed"),
    "rilevazione-virus": (Kind.BOUNCE, "failed"),
    "preavviso-errore-consegna": (Kind.DELAYED, "delayed"),
}


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize("receipt", RECEIPTS)
def test_a_receipt_is_what_its_header_says(receipt: str, ends: str) -> None:
    """The word in the header decides, whatever the subject sounds like."""
    raw = mail(
        "Il messaggio indirizzato a anna@pec.example.it\n",
        sender="posta-certificata@pec.example.org",
        subject="AVVISO: Offerta",
        fields=f"X-Ricevuta: {receipt}\n",
    )
    explained = explain_message(with_ends(raw, ends))
    assert (explained.kind, {report.action for report in explained.reports}) == (
        RECEIPTS[receipt][0],
        {RECEIPTS[receipt][1]},
    )


@pytest.mark.parametrize(
    ("value", "known"),
    [("Errore-Consegna", True), (" errore-consegna ", True), ("errore", False), ("", False)],
)
def test_only_the_words_of_the_service_count(value: str, known: bool) -> None:
    """Any other value leaves the message to its words."""
    headers = Message.parse(f"X-Ricevuta: {value}\n\nx".encode()).headers
    assert (certified_receipt(headers) is not None) is known


def test_an_envelope_is_no_bounce_by_itself() -> None:
    """Anomaly envelopes wrap ordinary mail from outside the service."""
    raw = mail(
        "In allegato il messaggio originale.\n", subject="ANOMALIA MESSAGGIO: Offerta", fields="X-Trasporto: errore\n"
    )
    assert is_certified_envelope(Message.parse(raw).headers)
    assert explain_message(raw).kind is Kind.OTHER
