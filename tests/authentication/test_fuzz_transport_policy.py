"""A short run of the fuzzer, and proof that it would see a broken promise."""

from __future__ import annotations

import pytest

from fuzz.transport_policy import SEEDS, broken_promises, run


@pytest.mark.parametrize("seed", [1, 2])
def test_no_promise_is_broken(seed: int) -> None:
    """Any octets give a value or the reader's own fault."""
    assert run(200, seed)


@pytest.mark.parametrize("raw", SEEDS, ids=lambda raw: raw[:12].decode("latin-1"))
def test_the_seeds_themselves_are_sound(raw: bytes) -> None:
    """What is mutated breaks nothing unmutated."""
    assert broken_promises(raw) == []
