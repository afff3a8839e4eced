"""Postfix: our client hands mail over to it, it hands mail on to our server, by SMTP and LMTP.

Debian packages: postfix; dovecot-core and dovecot-lmtpd for the passwords.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator

import pytest

from mailwright.smtp.client_options import Target
from mailwright.smtp.content import Content
from mailwright.smtp.server_settings import Role
from tests.peers.contract import Submitting
from tests.peers.mailboxes import run_dovecot
from tests.peers.ours import our_server
from tests.peers.postfix import MASTER as DAEMON
from tests.peers.running import (
    HOST,
    LARGEST,
    USERS,
    Inbox,
    Peer,
    connected,
    envelope_to,
    free_ports,
    letter,
    make_maildir,
    must_be_root,
    own_folder,
    program,
    running,
)

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.peer.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtputf8_enable = yes
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_mailbox_limit = 0
virtual_minimum_uid = 1
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
transport_maps = texthash:{folder}/transport
message_size_limit = {largest}
mailbox_size_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_error_sleep_time = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/key.pem, {folder}/cert.pem
smtp_tls_security_level = secure
smtp_tls_CAfile = {folder}/ca.pem
smtp_tls_secure_cert_match = mx.peer.test
lmtp_tls_security_level = encrypt
"""

MASTER = """\
127.0.0.1:{plain} inet n - n - - smtpd
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

TRANSPORT = """\
relayed.test smtp:[127.0.0.1]:{relay}
mailboxes.test lmtp:inet:127.0.0.1:{lmtp}
"""


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """A Postfix of its own."""
    file = program("postfix", "postfix")
    must_be_root()
    with own_folder("postfix") as folder, run_dovecot() as dovecot:
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        owner = pwd.getpwnam("mail").pw_uid
        inbox = make_maildir(folder / "inbox", owner)
        plain, implicit, relay, lmtp = free_ports(4)
        main = MAIN.format(folder=folder, owner=owner, largest=LARGEST, auth=dovecot.auth)
        (folder / "etc/main.cf").write_text(main)
        (folder / "etc/master.cf").write_text(MASTER.format(plain=plain, implicit=implicit))
        boxes = "".join(f"{user}@example.test inbox/\n" for user in USERS)
        (folder / "mailboxes").write_text(boxes, encoding="utf-8")
        (folder / "transport").write_text(TRANSPORT.format(relay=relay, lmtp=lmtp))
        # The daemon itself: the script that starts it would leave it behind when it is ended.
        subprocess.run([file, "-c", str(folder / "etc"), "check"], check=True)
        with running([str(DAEMON), "-c", str(folder / "etc"), "-d"], (plain, implicit), folder / "out"):
            clear, secure = (Target(HOST, "127.0.0.1", port) for port in (plain, implicit))
            yield Peer(
                f"Postfix {_setting('mail_version')}", folder, clear, secure, Inbox(inbox, folder / "log"), relay, lmtp
            )


def _setting(name: str) -> str:
    """Return what is built in."""
    command = [program("postconf", "postfix"), "-d", "-h", name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class TestPostfix(Submitting):
    """The whole contract."""

    async def test_lmtp(self, peer: Peer) -> None:
        """The peer hands messages on to our server by LMTP, and hears of each recipient."""
        sent = letter(b".\r\n")
        with our_server(peer.lmtp, peer.inbox.log, Role.LMTP) as ours:
            async with connected(peer) as connection:
                names = ("user1@mailboxes.test", f"nobody-{sent.subject}@mailboxes.test", "user2@mailboxes.test")
                await connection.deliver(envelope_to(*names), Content.of(sent.octets))
            message = await ours.received(sent.subject)
            (report, *_) = await peer.inbox.holding(f"nobody-{sent.subject}@mailboxes.test")
        assert [str(to.address) for to in message.envelope.recipients] == [names[0], names[2]]
        assert message.content.endswith(sent.octets)
        assert b"nobody of this name at Mailwright" in report
