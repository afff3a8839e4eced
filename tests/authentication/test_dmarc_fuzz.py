"""A short run of fuzz.dmarc; longer ones are made by hand."""

from __future__ import annotations

import random

from fuzz import dmarc
from mailwright.authentication.aggregate_report import read_aggregate_report
from mailwright.authentication.authors import author_domains
from mailwright.authentication.tls_report import read_tls_report


def test_no_promise_is_broken() -> None:
    """A few hundred mutations of each input keep all promises."""
    assert dmarc.run(rounds=200, seed=1)


def test_inputs_are_good_before_they_are_mutated() -> None:
    """What is mutated is read whole, so that mutations reach behind the first check."""
    assert not [fault for check, source in dmarc.TARGETS for fault in check(source)]
    assert author_domains(dmarc.FROM.decode()).troubles == ()
    assert len(read_aggregate_report(dmarc.XML).rows) == 1
    assert len(read_tls_report(dmarc.JSON).policies) == 1


def test_a_seed_repeats_a_run() -> None:
    """The same seed mutates the same way."""
    mutations = [dmarc.mutate(dmarc.RECORD, random.Random(7)) for _ in range(2)]  # noqa: S311 - no secret
    assert mutations[0] == mutations[1]
