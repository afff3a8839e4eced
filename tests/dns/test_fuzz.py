"""A short run of the fuzzer of DNS; a long one is ``python -m fuzz.dns --rounds 100000``."""

from __future__ import annotations

from fuzz.dns import run


def test_rubbish_breaks_no_promise() -> None:
    """Mutated responses and zones at random."""
    assert run(rounds=150, seed=1)
