"""nullmailer: hands everything to one smarthost and bounces what that refuses."""

from __future__ import annotations

from pathlib import Path

from cases import Senders
from common import pick
from driver import collect, command_line, send_all, sh, spawn
from lab import Lab
from labels import Book

CASES = pick("user-unknown", "spam-end-of-data")


def run(book: Book) -> None:
    """Make all nullmailer examples."""
    folder = Path("/etc/nullmailer")
    # The smarthost is one of the peers, so its rules are those for its own domain.
    (folder / "remotes").write_text("127.0.1.1 smtp\n")
    (folder / "me").write_text("mx.sender.test\n")
    (folder / "defaulthost").write_text("mx.sender.test\n")
    (folder / "pausetime").write_text("2\n")
    (folder / "adminaddr").write_text("")
    sh("chown", "-R", "mail:mail", "/var/spool/nullmailer", "/etc/nullmailer")
    with Lab() as lab:
        spawn("setpriv", "--reuid", "mail", "--regid", "mail", "--clear-groups", "nullmailer-send")
        collect(send_all(CASES, Senders(), command_line), lab.mail_for, book, 25)
