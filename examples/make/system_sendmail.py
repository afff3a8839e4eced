"""Sendmail 8: failures with transcripts, warnings and returned-from-queue."""

from __future__ import annotations

import time
from pathlib import Path

from cases import Case, Expected, Senders, known
from common import pick
from driver import collect, send_all, sh, spawn
from lab import Lab
from labels import Book

CONFIG = """\
divert(0)dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`lab')dnl
OSTYPE(`debian')dnl
define(`confDOMAIN_NAME', `mx.sender.test')dnl
define(`confTO_QUEUERETURN', `QUEUERETURN')dnl
define(`confTO_QUEUEWARN', `QUEUEWARN')dnl
define(`confTO_INITIAL', `4s')dnl
define(`confTO_CONNECT', `4s')dnl
define(`confTO_ICONNECT', `4s')dnl
define(`confMAX_HOP', `25')dnl
define(`confMIN_QUEUE_AGE', `0')dnl
define(`confTO_HOSTSTATUS', `0s')dnl
define(`confBIND_OPTS', `+AAONLY -DNSRCH -DEFNAMES')dnl
define(`QUEUE_DIR', `/var/spool/lab-queue')dnl
define(`ALIAS_FILE', `/etc/mail/lab-aliases')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=25')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""

FAILURES = (
    *pick("user-unknown-no-enhanced", "mailbox-disabled", "malformed", "policy",
          "blocklist-banner", "nxdomain", "null-mx", "chinese-utf8", "bigmail-unknown",
          "office-authentication"),
    Case("too-big-size", ("info@tiny.example",), size=6000),
    Case("alias", ("team@mx.sender.test",), mails=1, expected=(
        Expected("nobody@example.com", "address-unknown", known("nobody@example.com").reply,
                 original="team@mx.sender.test"),
        Expected("full@example.com", "mailbox-full", known("full@example.com").reply,
                 original="team@mx.sender.test"))),
    Case("own-unknown", ("helpdesk@mx.sender.test",), expected=(
        Expected("nouser@mx.sender.test", "address-unknown",
                 original="helpdesk@mx.sender.test"),)),
    Case("dsn-success", ("info@example.com",), kind="delivered", notify="SUCCESS",
         expected=(Expected("info@example.com", "delivered", action="relayed"),)),
)  # fmt: skip

EXPIRED = pick("refused", "peer-disk-full")

DELAYED = pick("greylisted-expired", "busy-421", kind="delayed", action="delayed",
               prefix="delayed-")  # fmt: skip


def configure(expiry: str, warning: str) -> None:
    """Write the private configuration and build it."""
    text = CONFIG.replace("`QUEUERETURN'", f"`{expiry}'")
    text = text.replace("`QUEUEWARN'", f"`{warning}'")
    folder = Path("/etc/mail")
    (folder / "lab.mc").write_text(text)
    sh("sh", "-c", "m4 /etc/mail/lab.mc > /etc/mail/sendmail.cf")
    (folder / "local-host-names").write_text("mx.sender.test\nlocalhost\n")
    aliases = "team: nobody@example.com, full@example.com\nhelpdesk: nouser\n"
    (folder / "lab-aliases").write_text(aliases)
    sh("/usr/sbin/sendmail", "-bi", check=False)


def run(book: Book) -> None:
    """Make all Sendmail examples."""
    # A queue of root's own: Debian's is made for its split of privileges.
    Path("/var/spool/lab-queue").mkdir(mode=0o700)
    senders = Senders()
    phases = (("5d", "4d", FAILURES), ("1s", "0", EXPIRED), ("5d", "1s", DELAYED))
    with Lab() as lab:
        for expiry, warning, cases in phases:
            configure(expiry, warning)
            daemon = spawn("/usr/sbin/sendmail", "-bD", "-q5m")
            time.sleep(2)
            sent = send_all(cases, senders)
            time.sleep(3)
            if cases is not FAILURES:
                for _ in range(2):
                    sh("/usr/sbin/sendmail", "-q", check=False)
                    time.sleep(3)
            collect(sent, lab.mail_for, book, 15)
            daemon.terminate()
            daemon.wait(10)
    print(Path("/var/log/lab-daemon.log").read_text(errors="replace")[-3000:])
