"""A Dovecot of one's own: LMTP and logins from a configuration in a temporary folder, ended by its process id.

Debian packages: dovecot-core, dovecot-lmtpd.
"""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.running import free_ports, program, running

PASSWORD = "secret word"  # noqa: S105 - of a server that lives as long as its tests
USERS = ("anna", "bert", "full")
#: Octets that the mailbox of "full" may have.
QUOTA = 500


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot: the port of LMTP, where its mailboxes are, and the socket that answers SASL to Postfix."""

    port: int
    folder: Path

    def inbox(self, user: str) -> Path:
        """Return where new messages of a user arrive."""
        return self.folder / "homes" / user / "mail" / "new"


def find_dovecot() -> str:
    """Return where Dovecot is; a skip where it or its LMTP is not."""
    if not Path("/usr/lib/dovecot/lmtp").exists():
        pytest.skip("needs the Debian packages dovecot-core and dovecot-lmtpd")
    return program("dovecot", "dovecot-core")


@contextmanager
def dovecot(sasl: Path | None = None) -> Iterator[Dovecot]:
    """Run Dovecot for as long as the block lasts.  sasl: a socket to make, by which Postfix asks for logins."""
    file = find_dovecot()
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (port,) = free_ports(1)
        configuration = _configure(folder, port, sasl)
        with running([file, "-F", "-c", str(configuration)], (port,), folder / "out"):
            yield Dovecot(port, folder)


def _users() -> tuple[int, int, str, str]:
    """Return who owns mail, and the names of Dovecot's own users; all the same without root."""
    me = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() != 0:
        return os.getuid(), os.getgid(), me, me
    mail = pwd.getpwnam("mail")
    return mail.pw_uid, mail.pw_gid, "dovecot", "dovenull"


def _group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def _configure(folder: Path, port: int, sasl: Path | None) -> Path:
    """Write a configuration that touches nothing outside ``folder`` and ``sasl``, and return its file."""
    owner, group, internal, login = _users()
    lines = []
    for user in USERS:
        home = folder / "homes" / user
        home.mkdir(parents=True)
        os.chown(home, owner, group)
        limit = f"userdb_quota_rule=*:bytes={QUOTA}" if user == "full" else ""
        lines.append(f"{user}@example.test:{{PLAIN}}{PASSWORD}:{owner}:{group}::{home}::{limit}\n")
    (folder / "users").write_text("".join(lines))
    (folder / "state").mkdir()
    socket = f"unix_listener {sasl} {{\n mode = 0666\n }}" if sasl else ""
    file = folder / "dovecot.conf"
    file.write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
listen = 127.0.0.1
hostname = lmtp.example.test
postmaster_address = postmaster@example.test
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-256
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {_group(internal)}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:~/mail
mail_plugins = quota
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_grace = 0
}}
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
    port = {port}
  }}
}}
service auth {{
  {socket}
}}
service anvil {{
  chroot =
  # No waiting after wrong passwords.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
""")
    return file
