"""Courier: failures with its transcripts, and delay notices."""

from __future__ import annotations

import time
from pathlib import Path

from cases import Case, Senders
from common import pick
from driver import collect, command_line, send_all, sh
from lab import Lab
from labels import Book

FAILURES = (
    *pick("user-unknown", "nxdomain", "chinese-utf8", "spam-end-of-data", "bigmail-unknown"),
    Case("several", ("nobody@example.com", "full@example.com", "moved@example.com")),
)  # fmt: skip
DELAYED = pick("greylisted-expired", "refused", kind="delayed", action="delayed",
               prefix="delayed-")  # fmt: skip
SETTINGS = {
    "me": "mx.sender.test",
    "defaultdomain": "sender.test",
    "dsnfrom": '"Courier mail server at mx.sender.test" <postmaster@mx.sender.test>',
    "locals": "mx.sender.test",
    "retryalpha": "2",
    "retrybeta": "1",
    "retrygamma": "2",
    "retrymaxdelta": "0",
}


def configure(warning: str, expiry: str) -> None:
    """Write the private configuration."""
    folder = Path("/etc/courier")
    settings = {**SETTINGS, "warntime": warning, "queuetime": expiry}
    for name, value in settings.items():
        (folder / name).write_text(value.rstrip("\n") + "\n")


def run(book: Book) -> None:
    """Make all Courier examples."""
    senders = Senders()
    with Lab() as lab:
        for warning, expiry, cases in (("4h", "1w", FAILURES), ("2s", "1w", DELAYED)):
            configure(warning, expiry)
            sh("/usr/sbin/courier", "start", check=False)
            time.sleep(2)
            collect(send_all(cases, senders, command_line), lab.mail_for, book, 30)
            sh("/usr/sbin/courier", "stop", check=False)
            time.sleep(2)
