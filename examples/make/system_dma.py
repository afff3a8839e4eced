"""dma, the DragonFly Mail Agent: a sender-only system with very short bounces."""

from __future__ import annotations

from pathlib import Path

from cases import Senders
from common import pick
from driver import collect, command_line, send_all
from lab import Lab
from labels import Book

CASES = pick("mailbox-full", "nxdomain", "bigmail-unknown", "chinese-utf8")


def run(book: Book) -> None:
    """Make all dma examples."""
    Path("/etc/dma/dma.conf").write_text("MAILNAME mx.sender.test\n")
    with Lab() as lab:
        collect(send_all(CASES, Senders(), command_line), lab.mail_for, book, 20)
