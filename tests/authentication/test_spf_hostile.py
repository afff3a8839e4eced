"""SPF against rubbish: a short run of the fuzzer, whose head states what must hold."""

from __future__ import annotations

import pytest

from fuzz.spf import run


@pytest.mark.parametrize("seed", range(3))
def test_no_promise_is_broken(seed: int) -> None:
    """Some hundred made-up messages; more with ``python -m fuzz.spf``."""
    assert run(rounds=150, seed=seed)
