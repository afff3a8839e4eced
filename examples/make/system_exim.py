"""Exim: failures, delay warnings, expiry, with its own words and with DSN."""

from __future__ import annotations

import time
from pathlib import Path

from cases import NAMES, Case, Expected, Senders, known
from common import pick
from driver import collect, maildir, send_all, sh, spawn
from lab import Lab
from labels import Book

CONFIG = """\
primary_hostname = mx.sender.test
qualify_domain = sender.test
domainlist local_domains = sender.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = 25
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
acl_smtp_rcpt = accept
acl_smtp_data = accept
received_headers_max = 20
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
tls_advertise_hosts =
delay_warning = DELAY_WARNING
delay_warning_condition = yes
message_size_limit = 10M
keep_environment =

begin routers
lists:
  driver = redirect
  domains = mx.sender.test
  data = ${lookup{$local_part}lsearch{/etc/exim4/lab-aliases}}
  forbid_file
local:
  driver = accept
  domains = sender.test
  transport = mailbox
closed:
  driver = redirect
  domains = closed.example
  allow_fail
  data = :fail: this customer's domain has been closed
  more = false
dns:
  driver = dnslookup
  domains = ! +local_domains : ! mx.sender.test
  transport = smtp
  self = send
  no_more

begin transports
mailbox:
  driver = appendfile
  directory = /var/mail/lab/${lookup{$local_part}lsearch{/etc/exim4/lab-mailboxes}}
  maildir_format
  create_directory
  user = mail
  return_path_add
  envelope_to_add
  delivery_date_add
smtp:
  driver = smtp
  connect_timeout = 4s
  command_timeout = 4s

begin retry
* * RETRY
"""

ALIASES = """\
team: nobody@example.com, full@example.com
"""

FAILURES = (
    *pick("user-unknown", "members-only", "no-ptr", "virus", "auth-required", "sender-rejected",
          "null-mx", "chinese-gbk", "bigmail-unknown", "office-blocklist", "yodel-no-account"),
    Case("too-big-size", ("info@tiny.example",), size=6000),
    Case("several", ("nobody@example.com", "spam@example.com", "info@nomail.example")),
    Case("alias", ("team@mx.sender.test",), expected=(
        Expected("nobody@example.com", "address-unknown", known("nobody@example.com").reply,
                 original="team@mx.sender.test"),
        Expected("full@example.com", "mailbox-full", known("full@example.com").reply,
                 original="team@mx.sender.test"))),
    Case("own-unknown", ("nouser@mx.sender.test",), expected=(
        Expected("nouser@mx.sender.test", "address-unknown"),)),
    Case("own-fail-text", ("info@closed.example",), expected=(
        Expected("info@closed.example", "mailbox-disabled"),)),
    Case("own-loop", ("info@example.com",), headers=("Received: from a by b; once more",) * 30,
         expected=(Expected("info@example.com", "routing-loop"),)),
    Case("dsn-success", ("info@example.com",), kind="delivered", notify="SUCCESS",
         expected=(Expected("info@example.com", "delivered", action="relayed"),)),
)  # fmt: skip

#: When Exim has tried before, it forgets why: "retry timeout exceeded" is all it says.
EXPIRED = (
    *pick("greylisted-expired"),
    *(Case(name, (address,), expected=(Expected(address, "expired"),))
      for name, address in (("refused-expired", "info@down.example"),
                            ("greeting-timeout-expired", "info@mute.example"))),
)  # fmt: skip

DELAYED = (
    *pick("greylisted-expired", "bigmail-rate", kind="delayed", action="delayed",
          prefix="delayed-"),
    Case("delayed-no-cause", ("info@broken-dns.example",), kind="delayed", expected=(
        Expected("info@broken-dns.example", "delayed", action="delayed"),)),
    Case("delayed-dsn", ("nearlyfull@example.com",), kind="delayed", notify="DELAY,FAILURE",
         action="delayed"),
)  # fmt: skip


def configure(retry: str, warning: str) -> None:
    """Write the private configuration.

    It has to be in the place built into Exim: with -C, Exim gives up the
    privilege that it needs for local delivery.
    """
    text = CONFIG.replace("RETRY", retry).replace("DELAY_WARNING", warning)
    Path("/etc/exim4/exim4.conf").write_text(text)
    # The looked-up name is used as the path: the address itself is "tainted".
    names = [*NAMES, *(f"user{number}" for number in range(1, 99))]
    Path("/etc/exim4/lab-mailboxes").write_text("".join(f"{name}: {name}\n" for name in names))


def run(book: Book) -> None:
    """Make all Exim examples."""
    Path("/etc/exim4").mkdir(exist_ok=True)
    Path("/etc/exim4/lab-aliases").write_text(ALIASES)
    Path("/var/mail/lab").mkdir()
    sh("chown", "mail:mail", "/var/mail/lab")
    mailbox = maildir("/var/mail/lab/{}/")
    senders = Senders()
    phases = (("failures", "F,1s,1s", "0s", FAILURES), ("expired", "F,1s,1s", "0s", EXPIRED),
              ("delayed", "F,4d,1s", "2s", DELAYED))  # fmt: skip
    with Lab(sink=False):
        for name, retry, warning, cases in phases:
            configure(retry, warning)
            daemon = spawn("/usr/sbin/exim4", "-bdf", "-q5m")
            time.sleep(1)
            sent = send_all(cases, senders)
            time.sleep(6)
            for _ in range(3 if name != "failures" else 1):
                sh("/usr/sbin/exim4", "-qff", check=False)
                time.sleep(3)
            collect(sent, mailbox, book, 15)
            daemon.terminate()
            daemon.wait(10)
    for log in Path("/var/log/exim4").glob("*log"):
        print(log.read_text(errors="replace")[-9000:])
