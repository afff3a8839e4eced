"""What the tests of all peers share: our server beside a peer, and the contract's failures told in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.peers.ours import OurServer
    from tests.peers.running import Peer

pytest.register_assert_rewrite("tests.peers.contract")


@pytest.fixture(scope="module")
def ours(peer: Peer) -> Iterator[OurServer]:
    """Our server, to which the peer hands mail on."""
    # What is asserted in there is rewritten only if it is imported after the line above.
    from tests.peers.ours import our_server  # noqa: PLC0415

    with our_server(peer.relay, peer.inbox.log) as server:
        yield server
