"""How a connection must be secured: who decides when DANE, MTA-STS, the administrator and the sender disagree."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from mailwright.authentication.connection_security import (
    Basis,
    ConnectionFacts,
    Refusal,
    SecurityDecision,
    Wish,
    decide,
)
from mailwright.authentication.dane import DaneStatus, TlsaLookup
from mailwright.authentication.mtasts import CachedPolicy
from mailwright.authentication.mtasts_policy import Mode, Policy
from mailwright.dns.answer import Dnssec, Tlsa
from mailwright.smtp.security import TlsMode, TlsPolicy
from tests.authentication.certificates import NOW

HOST = "mx.example.test"
RECORD = Tlsa(3, 1, 1, bytes(32))
LOOKUPS = {
    status: TlsaLookup(
        HOST,
        status,
        HOST if status in {DaneStatus.USABLE, DaneStatus.UNUSABLE} else "",
        (RECORD,) if status is DaneStatus.USABLE else (),
    )
    for status in DaneStatus
}
NOTHING = (DaneStatus.ABSENT, DaneStatus.INSECURE, DaneStatus.UNVALIDATED)


def sts(mode: Mode, *patterns: str) -> CachedPolicy:
    """Return a policy in force."""
    return CachedPolicy("example.test", "1", Policy(mode, patterns or (HOST,), timedelta(days=7)), NOW)


def decided(
    dane: DaneStatus | None = None,
    policy: CachedPolicy | None = None,
    local: TlsMode = TlsMode.OPPORTUNISTIC,
    wish: Wish = Wish.NONE,
    mx: Dnssec | None = Dnssec.SECURE,
) -> SecurityDecision:
    """Return the decision for these facts."""
    lookup = LOOKUPS[dane] if dane is not None else None
    return decide(
        ConnectionFacts(HOST, "example.test", mx=mx, dane=lookup, sts=policy, local=TlsPolicy(local), wish=wish)
    )


ENFORCE, TESTING, NONE = sts(Mode.ENFORCE), sts(Mode.TESTING), sts(Mode.NONE)
ELSEWHERE, TESTING_ELSEWHERE = sts(Mode.ENFORCE, "*.other.test"), sts(Mode.TESTING, "*.other.test")
OPPORTUNISTIC, REQUIRED, VERIFY = TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.VERIFY

#: DANE, MTA-STS -> what TLS must do, whose word it is, why the host is refused.
TRUTH: list[tuple[DaneStatus | None, CachedPolicy | None, TlsMode, Basis, Refusal | None]] = [
    (None, None, OPPORTUNISTIC, Basis.LOCAL, None),
    *((status, None, OPPORTUNISTIC, Basis.LOCAL, None) for status in NOTHING),
    (None, NONE, OPPORTUNISTIC, Basis.LOCAL, None),
    (None, TESTING, OPPORTUNISTIC, Basis.LOCAL, None),
    (None, TESTING_ELSEWHERE, OPPORTUNISTIC, Basis.LOCAL, None),
    (None, ENFORCE, VERIFY, Basis.MTA_STS, None),
    *((status, ENFORCE, VERIFY, Basis.MTA_STS, None) for status in NOTHING),
    (None, ELSEWHERE, VERIFY, Basis.MTA_STS, Refusal.STS_MX_MISMATCH),
    # DANE wins, whatever MTA-STS says.
    *((DaneStatus.USABLE, policy, VERIFY, Basis.DANE, None) for policy in (None, NONE, TESTING, ENFORCE, ELSEWHERE)),
    # A failing DANE is never overridden.
    *((DaneStatus.FAILED, policy, OPPORTUNISTIC, Basis.DANE, Refusal.DANE_FAILED) for policy in (None, ENFORCE)),
    *((DaneStatus.BOGUS, policy, OPPORTUNISTIC, Basis.DANE, Refusal.DANE_BOGUS) for policy in (None, ENFORCE)),
    # Records that cannot be used demand TLS; MTA-STS may demand more.
    *((DaneStatus.UNUSABLE, policy, REQUIRED, Basis.DANE, None) for policy in (None, NONE, TESTING)),
    (DaneStatus.UNUSABLE, ENFORCE, VERIFY, Basis.MTA_STS, None),
    (DaneStatus.UNUSABLE, ELSEWHERE, VERIFY, Basis.MTA_STS, Refusal.STS_MX_MISMATCH),
]


@pytest.mark.parametrize(("dane", "policy", "mode", "basis", "refusal"), TRUTH)
def test_dane_wins_over_mta_sts(
    dane: DaneStatus | None, policy: CachedPolicy | None, mode: TlsMode, basis: Basis, refusal: Refusal | None
) -> None:
    """RFC 8461 2, and the rest of the truth table."""
    found = decided(dane, policy)
    assert (found.policy.mode, found.basis, found.refusal) == (mode, basis, refusal)
    assert found.stops is (mode is not OPPORTUNISTIC or refusal is not None)


def test_dane_gives_the_records_and_the_names() -> None:
    """The records decide instead of certificate authorities; names count for trust anchors (RFC 7672 3.2.2)."""
    found = decided(DaneStatus.USABLE, ENFORCE)
    assert found.policy.tlsa == (RECORD,)
    assert found.policy.names == (HOST, "example.test")
    assert found.policy.demands_tls
    assert not found.policy.demands_certificate
    assert HOST in found.policy.reason


def test_mta_sts_wants_a_certificate_for_the_host() -> None:
    """The name of the MX record, not that of the domain (RFC 8461 4.2)."""
    found = decided(policy=ENFORCE)
    assert found.policy.names == (HOST,)
    assert found.policy.demands_certificate
    assert "example.test" in found.policy.reason


@pytest.mark.parametrize(("policy", "refusal"), [(TESTING, None), (TESTING_ELSEWHERE, Refusal.STS_MX_MISMATCH)])
@pytest.mark.parametrize("dane", [None, DaneStatus.ABSENT, DaneStatus.UNUSABLE])
def test_a_test_stops_nothing_and_is_looked_at(
    dane: DaneStatus | None, policy: CachedPolicy, refusal: Refusal | None
) -> None:
    """In mode testing what would fail is reported (RFC 8461 5)."""
    found = decided(dane, policy)
    assert found.refusal is None
    assert found.tested is not None
    assert (found.tested.mode, found.tested.names) == (VERIFY, (HOST,))
    assert found.tested_refusal is refusal


@pytest.mark.parametrize("policy", [None, NONE, ENFORCE, ELSEWHERE])
def test_nothing_is_tested_in_other_modes(policy: CachedPolicy | None) -> None:
    """What is serious is no test."""
    found = decided(policy=policy)
    assert (found.tested, found.tested_refusal) == (None, None)


STRENGTH = (TlsMode.NONE, OPPORTUNISTIC, REQUIRED, VERIFY)


@pytest.mark.parametrize("local", [OPPORTUNISTIC, REQUIRED, VERIFY])
@pytest.mark.parametrize("dane", [None, *DaneStatus])
@pytest.mark.parametrize("policy", [None, NONE, TESTING, ENFORCE])
def test_it_is_never_less_than_the_administrator_wants(
    local: TlsMode, dane: DaneStatus | None, policy: CachedPolicy | None
) -> None:
    """What others publish may only raise the setting."""
    assert STRENGTH.index(decided(dane, policy, local).policy.mode) >= STRENGTH.index(local)


FIXED = [
    TlsPolicy(TlsMode.NONE),
    TlsPolicy(VERIFY, names=("relay.test",)),
    TlsPolicy(REQUIRED, tlsa=(Tlsa(3, 1, 1, bytes(32)),)),
]


@pytest.mark.parametrize("local", FIXED, ids=["no TLS", "names", "records"])
@pytest.mark.parametrize("dane", [DaneStatus.USABLE, DaneStatus.BOGUS])
def test_what_the_administrator_has_fixed_is_done(local: TlsPolicy, dane: DaneStatus) -> None:
    """Whoever names a relay's certificate, or switches TLS off, is not overruled."""
    facts = ConnectionFacts(HOST, HOST, mx=None, dane=LOOKUPS[dane], sts=ELSEWHERE, local=local)
    assert decide(facts) == SecurityDecision(local)


@pytest.mark.parametrize("dane", [None, *DaneStatus])
@pytest.mark.parametrize("local", STRENGTH)
def test_a_sender_can_do_without_what_others_publish(dane: DaneStatus | None, local: TlsMode) -> None:
    """TLS-Required: No leaves only the administrator's setting (RFC 8689 5)."""
    assert decided(dane, ELSEWHERE, local, Wish.TLS_OPTIONAL) == SecurityDecision(TlsPolicy(local))


#: MX answer, MTA-STS -> why REQUIRETLS refuses.
VOUCHED: list[tuple[Dnssec | None, CachedPolicy | None, Refusal | None]] = [
    (Dnssec.SECURE, None, None),
    (None, None, None),
    (Dnssec.INSECURE, None, Refusal.MX_UNPROVEN),
    (Dnssec.UNKNOWN, None, Refusal.MX_UNPROVEN),
    (Dnssec.UNKNOWN, ENFORCE, None),
    (Dnssec.UNKNOWN, TESTING, None),
    (Dnssec.UNKNOWN, TESTING_ELSEWHERE, Refusal.MX_UNPROVEN),
    (Dnssec.UNKNOWN, NONE, Refusal.MX_UNPROVEN),
    (Dnssec.UNKNOWN, ELSEWHERE, Refusal.STS_MX_MISMATCH),
]


@pytest.mark.parametrize(("mx", "policy", "refusal"), VOUCHED)
def test_requiretls_wants_the_host_vouched_for(
    mx: Dnssec | None, policy: CachedPolicy | None, refusal: Refusal | None
) -> None:
    """By DNSSEC or by MTA-STS (RFC 8689 4.2.1 step 3)."""
    found = decided(policy=policy, wish=Wish.REQUIRE_TLS, mx=mx)
    assert found.refusal is refusal
    assert found.requiretls
    assert found.stops


@pytest.mark.parametrize(
    ("dane", "local", "basis", "names", "tlsa"),
    [
        (None, OPPORTUNISTIC, Basis.REQUIRETLS, (HOST,), ()),
        (DaneStatus.UNUSABLE, OPPORTUNISTIC, Basis.REQUIRETLS, (HOST,), ()),
        (DaneStatus.USABLE, OPPORTUNISTIC, Basis.DANE, (HOST, "example.test"), (RECORD,)),
        (None, VERIFY, Basis.LOCAL, (), ()),
    ],
    ids=["nothing published", "unusable", "dane", "administrator"],
)
def test_requiretls_wants_authentication(
    dane: DaneStatus | None, local: TlsMode, basis: Basis, names: tuple[str, ...], tlsa: tuple[Tlsa, ...]
) -> None:
    """By names or by DANE (RFC 8689 4.2.1 step 5)."""
    found = decided(dane, None, local, Wish.REQUIRE_TLS)
    assert found.refusal is None
    assert (found.policy.mode, found.basis) == (VERIFY, basis)
    assert (found.policy.names, found.policy.tlsa) == (names, tlsa)


def test_requiretls_is_not_sent_without_tls() -> None:
    """Where TLS is switched off such a message has to wait for another route."""
    assert decided(local=TlsMode.NONE, wish=Wish.REQUIRE_TLS).refusal is Refusal.TLS_DISABLED
    implicit = ConnectionFacts(HOST, HOST, mx=None, local=TlsPolicy(TlsMode.NONE, implicit=True), wish=Wish.REQUIRE_TLS)
    assert decide(implicit).refusal is None


def test_requiretls_overrides_no_failure() -> None:
    """A failed TLSA look-up stays what it is."""
    assert decided(DaneStatus.FAILED, wish=Wish.REQUIRE_TLS).refusal is Refusal.DANE_FAILED


def test_every_combination_has_a_decision() -> None:
    """No fact is missing from the rules; implicit TLS stays implicit in all of them."""
    facts = product(
        [None, *LOOKUPS.values()], [None, NONE, TESTING, ENFORCE, ELSEWHERE], STRENGTH, Wish, [None, *Dnssec]
    )
    for dane, policy, mode, wish, mx in facts:
        local = TlsPolicy(mode, implicit=True)
        found = decide(ConnectionFacts(HOST, "example.test", mx=mx, dane=dane, sts=policy, local=local, wish=wish))
        assert found.policy.implicit
        assert found.stops
