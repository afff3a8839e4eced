"""Reports in the mail: which parts are one."""

from __future__ import annotations

import base64
import gzip

import pytest

from mailwright.authentication.aggregate_report import read_aggregate_report
from mailwright.authentication.report_mail import MOST_REPORTS, attached_reports
from mailwright.mail.message import Message
from tests.authentication.aggregate_samples import RFC7489, large

NAME = "bigmail.example!example.com!1793491200!1793577599.xml.gz"


def mail(media_type: str, content: bytes, disposition: str = "", parts: int = 1) -> Message:
    """Return a message that carries ``content`` in base64."""
    encoded = base64.encodebytes(content).decode()
    part = (
        f"--b\nContent-Type: {media_type}\nContent-Transfer-Encoding: base64\n"
        f"{'Content-Disposition: ' + disposition + chr(10) if disposition else ''}\n{encoded}\n"
    )
    text = (
        "Subject: Report Domain: example.com Submitter: bigmail.example Report-ID: <1>\n"
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nA report.\n{part * parts}--b--\n"
    )
    return Message.parse(text.encode())


@pytest.mark.parametrize(
    ("media_type", "disposition", "name"),
    [
        ("application/gzip", f'attachment; filename="{NAME}"', NAME),
        (f'application/gzip; name="{NAME}"', "", NAME),
        ("application/gzip", "", ""),
        ("application/octet-stream", f"attachment; filename={NAME}", NAME),
        ("application/x-zip-compressed", "", ""),
        ("application/tlsrpt+gzip", "", ""),
    ],
)
def test_a_report_is_found(media_type: str, disposition: str, name: str) -> None:
    """By its type, or by its file's name."""
    (found,) = attached_reports(mail(media_type, gzip.compress(RFC7489.encode()), disposition))
    assert found.name == name
    assert len(read_aggregate_report(found.octets).rows) == 1


@pytest.mark.parametrize(
    ("media_type", "disposition"),
    [
        ("text/plain", "attachment; filename=a.xml.gz"),
        ("application/octet-stream", ""),
        ("application/pdf", "attachment; filename=a.pdf"),
        ("image/png", "attachment; filename=a.zip"),
    ],
)
def test_other_parts_are_no_report(media_type: str, disposition: str) -> None:
    """Ordinary attachments are passed over."""
    assert attached_reports(mail(media_type, b"x", disposition)) == ()


def test_a_large_report_is_whole() -> None:
    """More than the texts of a message are cut at."""
    content = b"".join(large(2_000))
    (found,) = attached_reports(mail("text/xml", content))
    assert found.octets == content


def test_reports_of_one_message_are_bounded() -> None:
    """A message of fifty attachments gives MOST_REPORTS."""
    assert len(attached_reports(mail("application/zip", b"x", parts=50))) == MOST_REPORTS


def test_a_message_that_is_the_report_itself() -> None:
    """Without multipart: the body is the report."""
    message = Message.parse(b"Content-Type: text/xml\n\n" + RFC7489.encode())
    assert len(read_aggregate_report(attached_reports(message)[0].octets).rows) == 1
