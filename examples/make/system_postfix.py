"""Postfix: failures, delays, successes, translated templates, local delivery."""

from __future__ import annotations

from collections.abc import Sequence
from email.header import Header
from pathlib import Path

from cases import NAMES, Case, Expected, Senders, known
from common import pick
from driver import collect, command_line, maildir, send_all, sh
from lab import Lab
from labels import Book

#: No private name server or network is left out: only loopback exists here.
MAIN = """\
compatibility_level = 3.6
maillog_file = /var/log/postfix.log
myhostname = mx.sender.test
mydomain = sender.test
mydestination = localhost, mx.sender.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtputf8_enable = yes
local_recipient_maps =
alias_maps = hash:/etc/postfix/aliases
virtual_mailbox_domains = sender.test
virtual_mailbox_base = /var/mail/lab
virtual_mailbox_maps = texthash:/etc/postfix/mailboxes
virtual_alias_maps = hash:/etc/postfix/virtual
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
smtp_helo_timeout = 4s
smtp_connect_timeout = 4s
smtp_tls_security_level = none
smtp_tls_policy_maps = hash:/etc/postfix/tls
maximal_queue_lifetime = 0
bounce_queue_lifetime = 0
header_checks = regexp:/etc/postfix/header_checks
internal_mail_filter_classes =
notify_classes = resource, software
message_size_limit = 10240000
smtpd_relay_restrictions = permit_mynetworks, reject
"""

ALIASES = """\
broken: "|/bin/sh -c 'echo the ticket database has crashed; exit 70'"
list: archive@sender.test, minutes@sender.test
owner-list: archive@sender.test
"""

HEADER_CHECKS = """\
/^X-Campaign: forbidden/ REJECT 5.7.1 campaign not approved by the administrator
"""

VIRTUAL = """\
team@sender.test nobody@example.com, full@example.com
sales@sender.test gone@example.com
"""

COMMON = pick(
    "user-unknown", "user-unknown-no-enhanced", "mailbox-full", "moved-551", "greylisted-expired",
    "blocklist-banner", "too-many-recipients", "spam-end-of-data", "starttls-530", "nxdomain",
    "null-mx", "connection-lost", "timeout", "dns-servfail", "german-utf8", "german-latin1",
    "german-multiline", "chinese-utf8", "chinese-gbk", "smtputf8", "bigmail-dmarc",
    "office-access-denied", "yodel-tss",
)  # fmt: skip

OWN = (
    Case("several-outcomes", ("nobody@example.com", "full@bigmail.example", "info@nomail.example"),
         mails=2),
    Case("too-big-size", ("info@tiny.example",), size=6000),
    Case("alias-several", ("team@sender.test",), expected=(
        Expected("nobody@example.com", "address-unknown", known("nobody@example.com").reply,
                 original="team@sender.test"),
        Expected("full@example.com", "mailbox-full", known("full@example.com").reply,
                 original="team@sender.test"))),
    Case("local-unknown", ("nouser@mx.sender.test",), expected=(
        Expected("nouser@mx.sender.test", "address-unknown"),)),
    Case("local-program", ("broken@mx.sender.test",), expected=(
        Expected("broken@mx.sender.test", "system-error"),)),
    # A host of its own: on a connection kept open for others Postfix may not see it.
    Case("smtputf8-not-offered", ("用户@picky.example",), expected=(
        Expected("用户@picky.example", "address-syntax"),)),
    Case("tls-enforced", ("info@old.example",), expected=(
        Expected("info@old.example", "tls-required"),)),
)  # fmt: skip

#: Handed in on the command line: over SMTP, Postfix would refuse them at once.
COMMAND_LINE = (
    Case("own-loop", ("info@example.com",), headers=("Received: from a by b; once more",) * 60,
         expected=(Expected("info@example.com", "routing-loop"),)),
    Case("own-header-check", ("info@example.com",), headers=("X-Campaign: forbidden",),
         expected=(Expected("info@example.com", "policy-refused"),)),
)  # fmt: skip

DELAYED = pick("refused", "bigmail-full", kind="delayed", action="delayed",
               prefix="delayed-")  # fmt: skip

SUCCESS = (
    Case("success-relayed", ("info@example.com",), kind="delivered", notify="SUCCESS,FAILURE",
         expected=(Expected("info@example.com", "delivered", action="relayed"),)),
    Case("success-delivered", ("archive@sender.test",), kind="delivered", notify="SUCCESS",
         expected=(Expected("archive@sender.test", "delivered", action="delivered"),)),
    Case("success-alias", ("list@mx.sender.test",), kind="delivered", notify="SUCCESS",
         expected=(Expected("list@mx.sender.test", "delivered", action="delivered"),)),
)  # fmt: skip


#: The languages of the bounce templates and the subjects and texts in them.
TEMPLATES = {
    "german": ("Unzustellbare Nachricht - zurück an den Absender", "E-Mail-System",
               ("Es tut uns leid, Ihnen mitteilen zu müssen, dass Ihre Nachricht an einen oder\n"
               "mehrere Empfänger nicht zugestellt werden konnte. Sie ist unten angehängt.")),
    "czech": ("Nedoručitelná zpráva vrácena odesílateli", "Poštovní systém",
              ("Je nám líto, ale vaši zprávu nebylo možné doručit jednomu nebo více\n"
              "příjemcům. Její kopie je přiložena níže.")),
    "chinese": ("无法投递的邮件退回发件人", "邮件系统",
                "很抱歉，您的邮件无法投递给一个或多个收件人。\n原邮件附在下面。"),
}  # fmt: skip


def template(subject: str, name: str, text: str) -> str:
    """A bounce_template_file with the failure text in another language."""
    # Postfix does not encode the header lines: an administrator has to do it.
    title = Header(subject, "utf-8", maxlinelen=998).encode()
    sender = Header(name, "utf-8", maxlinelen=998).encode()
    return (
        f"failure_template = <<EOF\nCharset: utf-8\nFrom: {sender} <MAILER-DAEMON>\n"
        f"Subject: {title}\nPostmaster-Subject: {title}\n\n$myhostname\n\n{text}\nEOF\n"
    )


def configure(extra: str = "") -> None:
    """Write the private configuration and its tables."""
    folder = Path("/etc/postfix")
    changed = {line.split(" = ")[0] for line in extra.splitlines()}
    kept = [line for line in MAIN.splitlines() if line.split(" = ")[0] not in changed]
    (folder / "main.cf").write_text("\n".join(kept) + "\n" + extra)
    # virtual(8) takes no part of a pattern over into a path, so list them all.
    owners = [*NAMES, "archive", "minutes", *(f"user{number}" for number in range(1, 99))]
    boxes = "".join(f"{name}@sender.test {name}/\n" for name in owners)
    (folder / "mailboxes").write_text(boxes)
    (folder / "aliases").write_text(ALIASES)
    (folder / "virtual").write_text(VIRTUAL)
    (folder / "tls").write_text("old.example encrypt\n")
    (folder / "header_checks").write_text(HEADER_CHECKS)
    for table in ("virtual", "tls"):
        sh("postmap", f"/etc/postfix/{table}")
    sh("postalias", "/etc/postfix/aliases")


def phase(book: Book, senders: Senders, cases: Sequence[Case], extra: str = "") -> None:
    """Run some cases under some more settings."""
    configure(extra)
    sh("postfix", "start")
    mailbox = maildir("/var/mail/lab/{}/")
    collect(send_all(cases, senders), mailbox, book, 30)
    sh("postfix", "stop")


def run(book: Book) -> None:
    """Make all Postfix examples."""
    Path("/var/mail/lab").mkdir()
    sh("chown", "5000:5000", "/var/mail/lab")
    senders = Senders()
    with Lab(sink=False):
        phase(book, senders, (*COMMON, *OWN, *SUCCESS))
        configure()
        sh("postfix", "start")
        sent = send_all(COMMAND_LINE, senders, command_line)
        collect(sent, maildir("/var/mail/lab/{}/"), book, 15)
        sh("postfix", "stop")
        phase(book, senders, DELAYED, "maximal_queue_lifetime = 5d\ndelay_warning_time = 1s\n")
        for language, words in TEMPLATES.items():
            Path("/etc/postfix/bounce.cf").write_text(template(*words))
            cases = pick("mailbox-full", prefix=f"template-{language}-")
            phase(book, senders, cases, "bounce_template_file = /etc/postfix/bounce.cf\n")
    print(Path("/var/log/postfix.log").read_text(errors="replace"))
