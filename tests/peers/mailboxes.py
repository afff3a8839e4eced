"""A Dovecot of its own: LMTP for our client, and the passwords for Postfix."""

from __future__ import annotations

import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from mailwright.smtp.client_options import Target
from tests.peers.running import (
    HOST,
    PASSWORD,
    USERS,
    Inbox,
    Peer,
    free_ports,
    make_maildir,
    must_be_root,
    own_folder,
    program,
    running,
)

#: Octets that the mailbox of the user "full" may hold.
SMALL = 4_000

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
listen = 127.0.0.1
hostname = {host}
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-256
auth_failure_delay = 0
auth_username_format = %Ln
first_valid_uid = 1
mail_location = maildir:{folder}/inbox
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    port = {auth}
  }}
}}
service anvil {{
  chroot =
  # No waiting after a wrong password.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
protocol lmtp {{
  mail_plugins = quota
}}
plugin {{
  quota = maildir:mailbox
  quota_exceeded_message = the mailbox is full
}}
"""


class Dovecot(NamedTuple):
    """A running Dovecot.  auth: the port of its passwords' service."""

    peer: Peer
    auth: int


def _users(folder: Path, owner: int) -> str:
    """Return the file of users; "full" has a small mailbox of its own."""
    always = f"{{PLAIN}}{PASSWORD}:{owner}:{owner}::{folder}/home::"
    full = f"userdb_mail=maildir:{folder}/full userdb_quota_rule=*:bytes={SMALL}"
    return "".join([*(f"{user}:{always}\n" for user in USERS), f"full:{always}{full}\n"])


@contextmanager
def run_dovecot() -> Iterator[Dovecot]:
    """Run a Dovecot for as long as the block lasts, or skip."""
    file = program("dovecot", "dovecot-core")
    if not Path("/usr/lib/dovecot/lmtp").exists():
        pytest.skip("needs the Debian package dovecot-lmtpd")
    must_be_root()
    with own_folder("dovecot") as folder:
        owner = pwd.getpwnam("mail").pw_uid
        inbox = make_maildir(folder / "inbox", owner)
        for part in ("full", "home"):
            make_maildir(folder / part, owner)
        (folder / "users").write_text(_users(folder, owner), encoding="utf-8")
        lmtp, auth = free_ports(2)
        configuration = folder / "dovecot.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, host=HOST, lmtp=lmtp, auth=auth))
        said = subprocess.run([file, "--version"], capture_output=True, text=True, check=True).stdout
        log = folder / "log"
        with running([file, "-F", "-c", str(configuration)], (lmtp, auth), log):
            yield Dovecot(
                Peer(f"Dovecot {said.split()[0]}", folder, Target(HOST, "127.0.0.1", lmtp), None, Inbox(inbox, log)),
                auth,
            )
