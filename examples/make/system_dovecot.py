"""Dovecot: refusals of its LMTP server, Sieve reject and vacation.

Dovecot is no mail transfer agent, so Postfix hands it the mail over LMTP and
writes the bounces; the Sieve replies are Dovecot's (Pigeonhole's) own.
"""

from __future__ import annotations

import time
from pathlib import Path

from cases import Case, Expected, Senders
from driver import collect, maildir, send_all, sh, spawn
from lab import Lab
from labels import Book
from system_postfix import configure

CONFIG = """\
protocols = lmtp
listen = 127.0.3.1
log_path = /var/log/dovecot.log
hostname = mx.members.example
postmaster_address = postmaster@members.example
mail_location = maildir:~/Maildir
first_valid_uid = 5000
ssl = no
passdb {
  driver = passwd-file
  args = username_format=%n /etc/dovecot/lab-users
}
userdb {
  driver = passwd-file
  args = username_format=%n /etc/dovecot/lab-users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.3.1
    port = 24
  }
}
protocol lmtp {
  mail_plugins = quota sieve
}
sendmail_path = /usr/sbin/sendmail
plugin {
  quota = maildir:User quota
  quota_exceeded_message = Quota exceeded (mailbox for user is full)
  sieve = file:~/sieve;active=~/active.sieve
}
"""

SIEVE = {
    "away": 'require "vacation";\nvacation :days 7 :subject "Out of office until 4 December" '
    '"I am away and will read your message on 4 December.";\n',
    "urlaub": 'require ["vacation", "encoded-character"];\nvacation :days 1 :subject '
    '"Abwesenheitsnotiz: zurück am 4. Dezember" "Ich bin bis 4. Dezember nicht im Büro. '
    'Ihre Nachricht wird nicht weitergeleitet.";\n',
    "strict": 'require "reject";\nreject "I do not accept mail from people whom I do not know.";\n',
}
USERS = ("away", "urlaub", "strict", "full")

#: What Postfix hands over to Dovecot.
POSTFIX = """\
relay_domains = members.example
relay_transport = lmtp:inet:127.0.3.1:24
"""


def one(name: str, user: str, reason: str, reply: bytes = b"", kind: str = "bounce") -> Case:
    """A case about one mailbox at Dovecot."""
    address = f"{user}@members.example"
    action = None if kind == "vacation" else "failed"
    return Case(name, (address,), kind=kind,
                expected=(Expected(address, reason, reply, action=action),))  # fmt: skip


CASES = (
    one("lmtp-unknown", "nobody", "address-unknown", b"550 5.1.1"),
    one("lmtp-quota", "full", "mailbox-full", b"552 5.2.2"),
    one("sieve-reject", "strict", "recipient-refused"),
    one("sieve-vacation", "away", "vacation", kind="vacation"),
    one("sieve-vacation-german", "urlaub", "vacation", kind="vacation"),
)


def prepare() -> None:
    """Write Dovecot's private configuration and mailboxes."""
    Path("/etc/dovecot/dovecot.conf").write_text(CONFIG)
    lines = []
    for user in USERS:
        home = Path(f"/var/mail/members/{user}")
        home.mkdir(parents=True)
        quota = " userdb_quota_rule=*:bytes=100" if user == "full" else ""
        lines.append(f"{user}:{{PLAIN}}x:5000:5000::{home}::{quota}")
        if user in SIEVE:
            (home / "active.sieve").write_text(SIEVE[user])
    Path("/etc/dovecot/lab-users").write_text("\n".join(lines) + "\n")
    sh("chown", "-R", "5000:5000", "/var/mail/members")


def run(book: Book) -> None:
    """Make all Dovecot examples."""
    prepare()
    Path("/var/mail/lab").mkdir()
    sh("chown", "5000:5000", "/var/mail/lab")
    configure(POSTFIX)
    spawn("/usr/sbin/dovecot", "-F")
    sh("postfix", "start")
    time.sleep(2)
    with Lab(sink=False):
        sent = send_all(CASES, Senders())
        collect(sent, maildir("/var/mail/lab/{}/"), book, 15)
    for log in ("/var/log/dovecot.log", "/var/log/postfix.log"):
        print(Path(log).read_text(errors="replace")[-9000:])
