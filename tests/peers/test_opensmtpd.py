"""OpenSMTPD: our client hands mail over to it, it hands mail on to our server.

Fetched by `python -m tools.peers`; it runs in a root directory of its own, because its paths and users are built in.

Debian 12 has version 6.8.0p2, whose TLS as a server does not work with OpenSSL 3 (OpenSMTPD/OpenSMTPD issue 1171): it
fails in every handshake.  So it is asked for none here, and, as it offers AUTH only under TLS, for no logins.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import ClassVar

import pytest

from mailwright.smtp.client_options import Target
from tests.peers.contract import MECHANISMS, Feature, Submitting
from tests.peers.running import (
    HOST,
    LARGEST,
    Inbox,
    Peer,
    free_ports,
    make_maildir,
    must_be_root,
    own_root,
    program,
    running,
)

OWNER, SMTPD, SMTPQ = 5000, 5001, 5002

CONFIGURATION = """\
table boxes {{ "@" = "vmail" }}
smtp max-message-size {largest}
listen on 127.0.0.1 port {plain} hostname mx.peer.test
action "mailbox" maildir "/inbox" virtual <boxes>
action "relay" relay host "smtp+tls://127.0.0.1:{relay}"
match from any for rcpt-to regex {{ "^nobody.*@example.test" }} reject
match from any for domain "example.test" action "mailbox"
match from any for domain "relayed.test" action "relay"
"""


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """An OpenSMTPD of its own."""
    must_be_root()
    chroot = program("chroot", "coreutils")
    with own_root("opensmtpd", {"opensmtpd": SMTPD, "opensmtpq": SMTPQ, "vmail": OWNER}) as root:
        inbox = make_maildir(root / "inbox", OWNER)
        (root / "var/lib/opensmtpd/empty").mkdir(parents=True, exist_ok=True)
        (root / "etc/ssl/certs").mkdir(parents=True)
        (root / "etc/ca.pem").rename(root / "etc/ssl/certs/ca-certificates.crt")
        plain, relay = free_ports(2)
        (root / "etc/smtpd.conf").write_text(CONFIGURATION.format(plain=plain, relay=relay, largest=LARGEST))
        (root / "etc/smtpd.conf").chmod(0o600)
        smtpd = [chroot, str(root), "/usr/sbin/smtpd"]
        said = subprocess.run([*smtpd, "-h"], capture_output=True, text=True, check=False).stderr
        log = root / "var/log/out"
        with running([*smtpd, "-d"], (plain,), log):
            target = Target(HOST, "127.0.0.1", plain)
            yield Peer(
                said.splitlines()[0].removeprefix("version: "), root / "etc", target, None, Inbox(inbox, log), relay
            )


class TestOpenSmtpd(Submitting):
    """The whole contract."""

    lacks: ClassVar[frozenset[Feature]] = frozenset(
        {
            Feature.STARTTLS,
            Feature.IMPLICIT_TLS,
            Feature.PIPELINING,
            Feature.SMTPUTF8,
            Feature.CHUNKING,
            Feature.DSN_IN_REPORTS,
            *MECHANISMS,
        }
    )
