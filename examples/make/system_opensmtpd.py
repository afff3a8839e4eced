"""OpenSMTPD: failures, warnings and expired envelopes, in its plain words."""

from __future__ import annotations

import time
from pathlib import Path

from cases import Case, Expected, Senders
from catalogue import PLACES
from common import pick
from driver import collect, send_all, spawn
from lab import Lab
from labels import Book

CONFIG = """\
queue ttl {ttl}
bounce warn-interval {warning}
smtp max-message-size 10M
listen on 127.0.0.1 port 25 hostname mx.sender.test
"""

#: OpenSMTPD's resolver does not get on with the lab's name server, so each domain
#: is given its host; failures of DNS are therefore not among these examples.
ROUTE = """\
action "{domain}" relay host smtp://{address} helo mx.sender.test
match from any for domain "{domain}" action "{domain}"
"""

FAILURES = (
    *pick("user-unknown", "relay-denied", "chinese-utf8", "bigmail-dmarc"),
    Case("several", ("nobody@example.com", "full@example.com", "moved@example.com")),
    Case("dsn-success", ("info@example.com",), kind="delivered", notify="SUCCESS",
         expected=(Expected("info@example.com", "delivered", action="relayed"),)),
)  # fmt: skip


#: This version reports an envelope that it gives up as if it were only late.
EXPIRED = [
    Case("expired", ("grey@example.com",), kind="delayed", expected=(
        Expected("grey@example.com", "delayed", action="delayed"),)),
]  # fmt: skip
DELAYED = pick("bigmail-full", "refused", kind="delayed", action="delayed", prefix="delayed-")


def configure(ttl: str, warning: str) -> str:
    """Write the private configuration; its path."""
    config = Path("/etc/lab-smtpd.conf")
    places = [(domain, address) for domain, _, address, *_ in PLACES]
    places.append(("down.example", "127.0.1.97"))
    routes = "".join(ROUTE.format(domain=domain, address=address) for domain, address in places)
    config.write_text(CONFIG.format(ttl=ttl, warning=warning) + routes)
    return str(config)


def run(book: Book) -> None:
    """Make all OpenSMTPD examples."""
    senders = Senders()
    phases = (("4d", "4h", FAILURES), ("4s", "4h", EXPIRED), ("4d", "1s", DELAYED))
    with Lab() as lab:
        for ttl, warning, cases in phases:
            daemon = spawn("/usr/sbin/smtpd", "-d", "-v", "-f", configure(ttl, warning))
            time.sleep(2)
            collect(send_all(cases, senders), lab.mail_for, book, 25)
            daemon.terminate()
            daemon.wait(10)
    print(Path("/var/log/lab-daemon.log").read_text(errors="replace")[-12000:])
