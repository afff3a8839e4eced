"""Certified mail: notices of the Italian system (PEC), which say what they are in a header.

Rules of the service: D.M. 2 November 2005, technical annex, sections 6 and 7 (X-Ricevuta, X-Trasporto).
"""

from __future__ import annotations

from mailwright.explain.explanation import Kind
from mailwright.mail.message import Headers

_RECEIPTS = {
    "accettazione": (Kind.DELIVERED, "relayed"),
    "presa-in-carico": (Kind.DELIVERED, "relayed"),
    "avvenuta-consegna": (Kind.DELIVERED, "delivered"),
    "non-accettazione": (Kind.BOUNCE, "failed"),
    "errore-consegna": (Kind.BOUNCE, "failed"),
    "rilevazione-virus": (Kind.BOUNCE, "failed"),
    "preavviso-errore-consegna": (Kind.DELAYED, "delayed"),
}


def certified_receipt(headers: Headers) -> tuple[Kind, str] | None:
    """Return (kind, action) of a receipt of certified mail; None for any other message."""
    return _RECEIPTS.get(headers.get(b"x-ricevuta").strip().lower())


def is_certified_envelope(headers: Headers) -> bool:
    """Tell whether the message only wraps another one: what is inside decides what it is."""
    return headers.has(b"x-trasporto")
