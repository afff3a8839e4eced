"""What DMARC must say before a logo is shown."""

from __future__ import annotations

import pytest

from mailwright.authentication.bimi_policy import DmarcLack, DmarcValues, lacks_for_bimi

REJECT = DmarcValues("reject", "reject", "reject")

ROWS = [
    (REJECT, ()),
    (DmarcValues("quarantine", "quarantine", "reject"), ()),
    (REJECT._replace(passed=True), ()),
    (REJECT._replace(passed=False), (DmarcLack.NOT_PASSED,)),
    (REJECT._replace(policy="none"), (DmarcLack.POLICY,)),
    (REJECT._replace(policy=""), (DmarcLack.POLICY,)),
    (REJECT._replace(organizational_policy="none"), (DmarcLack.ORGANIZATIONAL_POLICY,)),
    (REJECT._replace(organizational_subdomain_policy="none"), (DmarcLack.SUBDOMAIN_POLICY,)),
    (REJECT._replace(percent=50), ()),
    (REJECT._replace(policy="quarantine", percent=99), (DmarcLack.PERCENT,)),
    (REJECT._replace(policy="quarantine", percent=100), ()),
    (REJECT._replace(testing=True), (DmarcLack.TESTING,)),
    (
        DmarcValues("none", "none", "none", 0, testing=True, passed=False),
        (
            DmarcLack.NOT_PASSED,
            DmarcLack.POLICY,
            DmarcLack.ORGANIZATIONAL_POLICY,
            DmarcLack.SUBDOMAIN_POLICY,
            DmarcLack.TESTING,
        ),
    ),
]


@pytest.mark.parametrize(("values", "lacks"), ROWS)
def test_everything_that_is_missing_is_told(values: DmarcValues, lacks: tuple[DmarcLack, ...]) -> None:
    """All at once, so that it can be mended at once."""
    assert lacks_for_bimi(values) == lacks
