"""A short run of fuzz/dkim.py."""

from __future__ import annotations

from fuzz.dkim import broken_promises, run, samples


def test_samples_keep_the_promises() -> None:
    """The messages that are mutated are well themselves."""
    assert [broken_promises(raw) for raw in samples()] == [[], [], []]


def test_a_short_run_finds_nothing() -> None:
    """A few hundred mutations; more are run by hand."""
    assert run(300, seed=1)
