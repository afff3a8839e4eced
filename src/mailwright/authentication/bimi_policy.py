"""Whether a domain's DMARC policy is strict enough for BIMI: values in, what is missing out."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

#: The words of p=, sp= and np= that make receivers act.
_ENFORCING = frozenset(("quarantine", "reject"))
#: RFC 7489 6.3: the default of pct=, and all that BIMI takes with quarantine.
ALL_MAIL = 100


class DmarcValues(NamedTuple):
    """What the DMARC record says that applies to the author's domain.

    policy: the word of p=, or of sp= where the record is that of the organisational domain; "" without a record.
    organizational_policy, organizational_subdomain_policy: p= and sp= of the organisational domain's record; where sp=
        is missing, p= again; "" without a record.
    percent: pct=, which RFC 9989 no longer has and BIMI still reads.  testing: t=y.
    passed: whether the message passed DMARC; None where no message is looked at.
    """

    policy: str
    organizational_policy: str
    organizational_subdomain_policy: str
    percent: int = ALL_MAIL
    testing: bool = False
    passed: bool | None = None


class DmarcLack(StrEnum):
    """What keeps the logo from being shown."""

    NOT_PASSED = "not-passed"  # the message failed DMARC
    POLICY = "policy"  # the domain's policy is none, or there is none
    ORGANIZATIONAL_POLICY = "organizational-policy"  # that of the organisational domain is
    SUBDOMAIN_POLICY = "subdomain-policy"  # the organisational domain asks nothing for its subdomains
    PERCENT = "percent"  # quarantine for a part of the mail only
    TESTING = "testing"  # t=y: receivers do not act


def lacks_for_bimi(values: DmarcValues) -> tuple[DmarcLack, ...]:
    """Return everything that keeps the logo from being shown; empty where DMARC allows it (the draft, 7.1 and 8)."""
    lacks = {
        # BIMI requires a message that passes DMARC.
        DmarcLack.NOT_PASSED: values.passed is False,
        # The policy must be quarantine or reject, at the domain and at its organisational domain.
        DmarcLack.POLICY: values.policy not in _ENFORCING,
        DmarcLack.ORGANIZATIONAL_POLICY: values.organizational_policy not in _ENFORCING,
        # The organisational domain must not exempt its subdomains: sp=none.
        DmarcLack.SUBDOMAIN_POLICY: values.organizational_subdomain_policy not in _ENFORCING,
        # With quarantine, pct must be 100; reject below 100 means quarantine for the rest, which is enough.
        DmarcLack.PERCENT: values.policy == "quarantine" and values.percent < ALL_MAIL,
        DmarcLack.TESTING: values.testing,
    }
    return tuple(lack for lack, there in lacks.items() if there)
