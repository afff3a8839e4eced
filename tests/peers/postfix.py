"""A Postfix of one's own: configuration, queue and mailboxes in a temporary folder, ended by its process id.

Debian package: postfix.  It must be started by root.
"""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.peers.running import free_ports, program, running

HOST = "mx.example.test"
MASTER = Path("/usr/lib/postfix/sbin/master")
#: Octets of a message that it takes.
SIZE = 8_000_000
#: Those whom it has a mailbox for; "closed" exists and is refused all the same.
LOCAL = ("anna", "bert", "carl", "jürgen", "closed")
PRIVATE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
#: Extensions that the port "old" does not offer.
LEFT_OUT = "pipelining, chunking, 8bitmime, smtputf8, dsn, size, etrn, vrfy, enhancedstatuscodes"


@dataclass(frozen=True)
class Ports:
    """Where Postfix listens, and where it relays to.

    mx: STARTTLS and all extensions.  smtps: implicit TLS, AUTH.  old: clear, no extension.
    relay_plain, relay_tls: for the domains plain.test and tls.test; the latter only with a verified certificate.
    """

    mx: int
    smtps: int
    old: int
    relay_plain: int
    relay_tls: int


@dataclass(frozen=True)
class Postfix:
    """A running Postfix."""

    ports: Ports
    folder: Path
    authority: trustme.CA

    @property
    def ca_file(self) -> str:
        """PEM file of the authority that made its certificate."""
        return str(self.folder / "authority.pem")

    def take(self, user: str) -> bytes | None:
        """Return a message that arrived for a user, and remove it; None where there is none."""
        for file in (self.folder / "mail" / user / "new").glob("*"):
            octets = file.read_bytes()
            file.unlink()
            return octets
        return None


@contextmanager
def postfix() -> Iterator[Postfix]:
    """Run Postfix for as long as the block lasts."""
    if not MASTER.exists():
        pytest.skip("needs the Debian package postfix")
    if os.getuid() != 0:
        pytest.skip("Postfix must be started by root")
    program("postconf", "postfix")
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ports = Ports(*free_ports(5))
        authority = trustme.CA()
        _make_folders(folder)
        _write_certificate(folder, authority)
        _configure(folder, ports)
        command = [str(MASTER), "-c", str(folder / "etc"), "-d"]
        with running(command, (ports.mx, ports.smtps, ports.old), folder / "out"):
            yield Postfix(ports, folder, authority)


def _make_folders(folder: Path) -> None:
    """Make what Postfix would make at its installation."""
    user = pwd.getpwnam("postfix").pw_uid
    mail = pwd.getpwnam("mail")
    for part in ("etc", "queue", "queue/pid"):
        (folder / part).mkdir()
    for part in (*(f"queue/{name}" for name in (*PRIVATE, "public", "maildrop")), "data"):
        (folder / part).mkdir()
        (folder / part).chmod(0o700)
        os.chown(folder / part, user, 0)
    (folder / "mail").mkdir()
    os.chown(folder / "mail", mail.pw_uid, mail.pw_gid)


def _write_certificate(folder: Path, authority: trustme.CA) -> None:
    certificate = folder / "etc" / "server.pem"
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(certificate))
    certificate.chmod(0o600)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))


def _configure(folder: Path, ports: Ports) -> None:
    """Write main.cf, master.cf and their tables."""
    mail = pwd.getpwnam("mail")
    boxes = "".join(f"{user}@example.test {user}/\n" for user in LOCAL)
    (folder / "etc" / "boxes").write_text(boxes, encoding="utf-8")
    (folder / "etc" / "access").write_text("closed@example.test 450 4.2.1 Closed for today\n")
    (folder / "etc" / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
multi_instance_enable = no
myhostname = {HOST}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
local_header_rewrite_clients =
alias_maps =
alias_database =
local_recipient_maps =
smtputf8_enable = yes
message_size_limit = {SIZE}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/etc/boxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{mail.pw_uid}
virtual_gid_maps = static:{mail.pw_gid}
relay_domains = plain.test, tls.test
relay_recipient_maps =
transport_maps = inline:{{
  plain.test=clear:[127.0.0.1]:{ports.relay_plain},
  tls.test=secure:[127.0.0.1]:{ports.relay_tls}}}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/etc/access, reject_unlisted_recipient
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
smtpd_tls_chain_files = {folder}/etc/server.pem
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_security_options = noanonymous
smtpd_sasl_tls_security_options = noanonymous
smtp_tls_CAfile = {folder}/authority.pem
""")
    service = "inet n - n - - smtpd"
    (folder / "etc" / "master.cf").write_text(f"""
127.0.0.1:{ports.mx} {service}
127.0.0.1:{ports.smtps} {service}
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o {{ smtpd_relay_restrictions = permit_sasl_authenticated, reject }}
127.0.0.1:{ports.old} {service}
  -o smtpd_tls_security_level=none
  -o {{ smtpd_discard_ehlo_keywords = {LEFT_OUT} }}
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
clear unix - - n - - smtp
secure unix - - n - - smtp
  -o smtp_tls_security_level=secure
  -o smtp_tls_secure_cert_match={HOST}
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""")
