"""The engines keep their promises whatever they are fed; long runs are for the command."""

from __future__ import annotations

import random

import pytest

from fuzz.pop3 import FROM_CLIENT, FROM_SERVER, client_faults, run, server_faults


@pytest.mark.parametrize("seed", [1, 2])
def test_promises_are_kept(seed: int) -> None:
    """Mutated conversations, cut into pieces at random, break none of the promises at the head of fuzz/pop3.py."""
    assert run(300, seed)


def test_what_is_mutated_is_good_before() -> None:
    """The conversations to begin with break no promise either."""
    chance = random.Random(0)  # noqa: S311 - rubbish for tests, no secret
    assert [fault for raw in FROM_CLIENT for fault in server_faults(raw, chance)] == []
    assert [fault for raw in FROM_SERVER for fault in client_faults(raw, chance)] == []
