"""Messages that tests are made of: small, written here, with example addresses only."""

from __future__ import annotations

LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}

MACHINE = "Mail Delivery System <MAILER-DAEMON@mail.example.org>"
RETURNED = "Undelivered Mail Returned to Sender"


def with_ends(raw: bytes, ends: str) -> bytes:
    """Return ``raw`` (LF) with another line end, by its name in LINE_ENDS."""
    return raw.replace(b"\n", LINE_ENDS[ends])


def mail(text: str | bytes, sender: str = MACHINE, subject: str = RETURNED, fields: str = "") -> bytes:
    """Return a message with the body ``text``; ``fields`` are further header lines, each with its line end."""
    head = f"From: {sender}\nTo: jana@example.org\nSubject: {subject}\nDate: Tue, 3 Nov 2026 09:14:02 +0100\n{fields}\n"
    return head.encode() + (text if isinstance(text, bytes) else text.encode())


def report(*recipients: str, letter: str = "Your message could not be delivered.\n", message: str = "") -> bytes:
    """Return a multipart/report; each of ``recipients`` is a group of fields, ``message`` the fields about them all."""
    groups = "\n".join([message or "Reporting-MTA: dns; mail.example.org\n", *recipients])
    parts = (
        f"--=_b\nContent-Type: text/plain; charset=utf-8\n\n{letter}\n"
        f"--=_b\nContent-Type: message/delivery-status\n\n{groups}\n"
        "--=_b\nContent-Type: text/rfc822-headers\n\nFrom: jana@example.org\nTo: anna@example.com\nSubject: Offer\n\n"
        "--=_b--\n"
    )
    return mail(parts, fields='Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n')


def group(
    recipient: str = "anna@example.com",
    action: str = "failed",
    status: str = "5.1.1",
    reply: str = "550 5.1.1 User unknown",
) -> str:
    """Return the fields of one recipient; without a Diagnostic-Code where ``reply`` is empty."""
    lines = f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n"
    return lines + (f"Diagnostic-Code: smtp; {reply}\n" if reply else "")
