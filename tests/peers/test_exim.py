"""Exim: our client hands mail over to it, it hands mail on to our server.

Fetched by `python -m tools.peers`; it runs in a root directory of its own, because its paths and users are built in.
"""

from __future__ import annotations

import os
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

OWNER, EXIM = 5000, 5001

CONFIGURATION = """\
primary_hostname = mx.peer.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {plain} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = *
tls_certificate = /etc/cert.pem
tls_privatekey = /etc/key.pem
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4-%slog
log_selector = +smtp_protocol_error +smtp_syntax_error
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = recipients
acl_smtp_data = accept
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
pipelining_connect_advertise_hosts =
message_size_limit = {largest}
bounce_return_message = false

begin acl
recipients:
  require verify = recipient
  accept

begin routers
nobody:
  driver = redirect
  domains = example.test
  condition = ${{if match{{$local_part}}{{^nobody}}}}
  allow_fail
  data = :fail: nobody of this name
mailbox:
  driver = accept
  domains = example.test
  transport = mailbox
relay:
  driver = manualroute
  domains = relayed.test
  route_list = * 127.0.0.1
  host_find_failed = defer
  self = send
  transport = smtp

begin transports
mailbox:
  driver = appendfile
  directory = /inbox
  maildir_format
  user = vmail
  return_path_add
  envelope_to_add
smtp:
  driver = smtp
  port = {relay}
  hosts_require_tls = *
  tls_verify_certificates = /etc/ca.pem
  tls_verify_hosts = *

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{anna}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{eq{{$auth1}}{{anna}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{anna}}{{{password}}}fail}}
  server_set_id = $auth1
"""


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """An Exim of its own."""
    must_be_root()
    chroot = program("chroot", "coreutils")
    with own_root("exim", {"Debian-exim": EXIM, "vmail": OWNER}) as root:
        inbox = make_maildir(root / "inbox", OWNER)
        plain, implicit, relay = free_ports(3)
        for part in ("var/log", "var/spool/exim4"):
            (root / part).mkdir(exist_ok=True)
        for part in ("var/log", "var/spool/exim4", "etc/key.pem"):
            os.chown(root / part, EXIM, EXIM)
        (root / "etc/exim4/exim4.conf").write_text(
            CONFIGURATION.format(plain=plain, implicit=implicit, relay=relay, largest=LARGEST, password=PASSWORD)
        )
        exim = [chroot, str(root), "/usr/sbin/exim4"]
        said = subprocess.run([*exim, "-bV"], capture_output=True, text=True, check=True).stdout
        with running([*exim, "-bdf", "-q1m"], (plain, implicit), root / "var/log/out"):
            clear, secure = (Target(HOST, "127.0.0.1", port) for port in (plain, implicit))
            yield Peer(
                f"Exim {said.split()[2]}",
                root / "etc",
                clear,
                secure,
                Inbox(inbox, root / "var/log/exim4-mainlog"),
                relay,
            )


class TestExim(Submitting):
    """The whole contract."""

    lacks: ClassVar[frozenset[Feature]] = frozenset({Feature.SCRAM_SHA_256})
