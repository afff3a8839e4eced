"""smtp-sink, Postfix's receiver for tests: it refuses commands that it cannot parse, and our client sends none.

Debian package: postfix.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailwright.smtp.client_options import Target
from mailwright.smtp.client_state import ClientSettings, Role
from mailwright.smtp.content import Content
from tests.peers.running import HOST, Inbox, Peer, connected, envelope_to, free_ports, letter, program, running

ROLES = {"smtp": (), "lmtp": ("-L",)}


@pytest.fixture(params=ROLES)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Peer, Role]]:
    """A running smtp-sink, and what it speaks."""
    (port,) = free_ports(1)
    # It does not run as root.
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    command = [program("smtp-sink", "postfix"), *user, *ROLES[request.param], f"inet:127.0.0.1:{port}", "10"]
    log = tmp_path / "log"
    with running(command, (port,), log):
        yield (
            Peer("smtp-sink", tmp_path, Target(HOST, "127.0.0.1", port), None, Inbox(tmp_path, log)),
            Role(request.param),
        )


@pytest.mark.parametrize("pipelining", [True, False])
async def test_smtp_sink(sink: tuple[Peer, Role], pipelining: bool) -> None:
    """Three messages for many recipients, over one connection."""
    peer, role = sink
    names = [f"user{number}@example.test" for number in range(50)]
    async with connected(peer, settings=ClientSettings(role=role, pipelining=pipelining)) as connection:
        for _ in range(3):
            transaction = await connection.deliver(envelope_to(*names), Content.of(letter(b".\r\n.").octets))
            assert len(transaction.accepted) == len(names)
