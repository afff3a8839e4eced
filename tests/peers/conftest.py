"""What the tests of all peers share: failures of the contract are told in full."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.peers.contract", "tests.peers.running")
