"""OpenSMTPD: our client hands mail over to it, it hands mail on to our server.

Fetched by `python -m tools.peers`; it runs in a root directory of its own, because its paths and users are built in.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import ClassVar

import pytest

from mailwright.smtp.client_options import Target
from tests.peers.contract import Feature, Submitting
from tests.peers.running import (
    HOST,
    LARGEST,
    PASSWORD,
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
pki peer cert "/etc/cert.pem"
pki peer key "/etc/key.pem"
ca peer cert "/etc/ca.pem"
table passwords {{ "anna" = "{password}" }}
table boxes {{ "@" = "vmail" }}
smtp max-message-size {largest}
listen on 127.0.0.1 port {plain} hostname mx.peer.test tls pki peer auth-optional <passwords>
listen on 127.0.0.1 port {implicit} hostname mx.peer.test smtps pki peer auth-optional <passwords>
action "mailbox" maildir "/inbox" virtual <boxes>
action "relay" relay host "smtp+tls://127.0.0.1:{relay}"
match from any for rcpt-to regex {{ "^nobody" }} reject
match from any for domain "example.test" action "mailbox"
match from any for domain "relayed.test" action "relay"
"""


def hashed(password: str) -> str:
    """Return a password as crypt(3) keeps it."""
    command = [program("openssl", "openssl"), "passwd", "-6", "-stdin"]
    done = subprocess.run(command, input=password, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """An OpenSMTPD of its own."""
    must_be_root()
    chroot = program("chroot", "coreutils")
    with own_root("opensmtpd", {"opensmtpd": SMTPD, "opensmtpq": SMTPQ, "vmail": OWNER}) as root:
        inbox = make_maildir(root / "inbox", OWNER)
        (root / "var/lib/opensmtpd/empty").mkdir(parents=True)
        plain, implicit, relay = free_ports(3)
        (root / "etc/smtpd.conf").write_text(
            CONFIGURATION.format(
                plain=plain, implicit=implicit, relay=relay, largest=LARGEST, password=hashed(PASSWORD)
            )
        )
        for file in ("etc/smtpd.conf", "etc/key.pem"):
            (root / file).chmod(0o600)
        smtpd = [chroot, str(root), "/usr/sbin/smtpd"]
        said = subprocess.run([*smtpd, "-h"], capture_output=True, text=True, check=False).stderr
        log = root / "var/log/out"
        with running([*smtpd, "-d"], (plain, implicit), log):
            places = (Target(HOST, "127.0.0.1", port) for port in (plain, implicit))
            yield Peer(said.splitlines()[0].removeprefix("version: "), root / "etc", *places, Inbox(inbox, log), relay)


class TestOpenSmtpd(Submitting):
    """The whole contract."""

    lacks: ClassVar[frozenset[Feature]] = frozenset(
        {Feature.SMTPUTF8, Feature.CHUNKING, Feature.CRAM_MD5, Feature.SCRAM_SHA_256}
    )
