"""The one decision: how must a connection to this host be secured?

Five parties have a say: the administrator here, DANE and MTA-STS of the recipient's side, and the sender of the
message, who may demand TLS or do without (RFC 8689).  The rules, in this order:

1. What the administrator has fixed (no TLS; a certificate for certain names; certain TLSA records) is done.
2. DANE wins over MTA-STS: what DANE proves, MTA-STS need not, and what DANE forbids, MTA-STS cannot allow (RFC 8461 2).
3. MTA-STS in mode enforce demands a host that the policy names and a certificate for it; in mode testing the same is
   only looked at, to be reported.
4. Whatever is decided, it is never less than the administrator's setting.
5. REQUIRETLS demands authentication on top, and that the host's name itself is proven.

The decision is made for each host, before a connection is opened; it looks nothing up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.dane import DaneStatus, TlsaLookup, accepted_names
from mailwright.authentication.mtasts import CachedPolicy
from mailwright.authentication.mtasts_policy import Mode
from mailwright.dns.answer import Dnssec
from mailwright.smtp.security import TlsMode, TlsPolicy

#: The administrator's setting where there is none.
OPPORTUNISTIC = TlsPolicy()


class Wish(StrEnum):
    """What the sender of a message asked for (RFC 8689)."""

    NONE = "none"
    REQUIRE_TLS = "require-tls"  # MAIL FROM:<…> REQUIRETLS: rather no delivery than an insecure one
    TLS_OPTIONAL = "tls-optional"  # TLS-Required: No: rather an insecure delivery than none


class Basis(StrEnum):
    """Whose word decided."""

    LOCAL = "local"
    DANE = "dane"
    MTA_STS = "mta-sts"
    REQUIRETLS = "requiretls"


class Refusal(StrEnum):
    """Why a host must not be used for a message now; always temporary."""

    DANE_FAILED = "dane-failed"  # the TLSA look-up failed
    DANE_BOGUS = "dane-bogus"  # DNSSEC signatures are wrong
    STS_MX_MISMATCH = "sts-mx-mismatch"  # the MTA-STS policy does not name the host
    MX_UNPROVEN = "mx-unproven"  # REQUIRETLS, and neither DNSSEC nor MTA-STS vouches for the host's name
    TLS_DISABLED = "tls-disabled"  # REQUIRETLS, and the administrator has switched TLS off


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What is known before a connection is opened.

    host: the mail host, lower case, A-labels.  next_hop: the domain whose MX named it, or the host itself.
    expanded: what the next hop is an alias of, securely; "" where it is none.
    mx: what is known of the MX answer, or of the answer that there is none; None where the host is configured.
    dane: the look-up for this host; None where DANE is not used.
    sts: the policy in force for the next hop (``StsState.policy``); None where there is none.
    local: the administrator's setting.
    """

    host: str
    next_hop: str
    expanded: str = ""
    mx: Dnssec | None = Dnssec.UNKNOWN
    dane: TlsaLookup | None = None
    sts: CachedPolicy | None = None
    local: TlsPolicy = OPPORTUNISTIC
    wish: Wish = Wish.NONE


class SecurityDecision(NamedTuple):
    """How a connection must be secured.

    policy: what must be true before a message is sent; where it cannot be, this host is passed over, and the message
        stays for a later attempt.
    basis: whose word that is.
    refusal: why the host must not even be tried now; None where it may be.
    tested: what is only looked at, to be reported, and stops nothing (MTA-STS in mode testing); None for nothing.
    tested_refusal: what would refuse the host if the test were serious; None where nothing would.
    requiretls: the server must offer REQUIRETLS, and MAIL FROM must carry it (RFC 8689 4.2.1).
    """

    policy: TlsPolicy
    basis: Basis = Basis.LOCAL
    refusal: Refusal | None = None
    tested: TlsPolicy | None = None
    tested_refusal: Refusal | None = None
    requiretls: bool = False

    @property
    def stops(self) -> bool:
        """True where a failure of TLS must stop the delivery; False where the message may be sent all the same."""
        return self.refusal is not None or self.requiretls or self.policy.demands_tls


def decide(facts: ConnectionFacts) -> SecurityDecision:
    """Return how the connection must be secured."""
    if _is_fixed(facts.local) or facts.wish is Wish.TLS_OPTIONAL:
        # RFC 8689 5: with "TLS-Required: No" the client ignores what the recipient's side has published.
        decision = SecurityDecision(facts.local)
    else:
        decision = _published(facts)
    return _with_requiretls(decision, facts) if facts.wish is Wish.REQUIRE_TLS else decision


def _is_fixed(local: TlsPolicy) -> bool:
    """Tell whether the administrator's setting leaves nothing open."""
    return local.mode is TlsMode.NONE or bool(local.tlsa) or (local.mode is TlsMode.VERIFY and bool(local.names))


def _published(facts: ConnectionFacts) -> SecurityDecision:
    """Return what DANE, else MTA-STS, else the administrator demands."""
    dane = facts.dane
    if dane is None or not dane.status.applies:
        return _by_sts(facts, SecurityDecision(facts.local))
    # RFC 7672 2.1.2: after a failed look-up the client MUST NOT deliver through this host.  RFC 8461 2: MTA-STS MUST
    # NOT override a failing DANE validation.
    if dane.status.forbids:
        why = Refusal.DANE_BOGUS if dane.status is DaneStatus.BOGUS else Refusal.DANE_FAILED
        return SecurityDecision(facts.local, Basis.DANE, why)
    reason = f"TLSA records of {dane.base}"
    if dane.status is DaneStatus.USABLE:
        names = accepted_names(dane, facts.next_hop, facts.expanded)
        policy = TlsPolicy(TlsMode.VERIFY, facts.local.implicit, names, dane.records, reason)
        return SecurityDecision(policy, Basis.DANE)
    # RFC 7672 2.2: with unusable records only, TLS MUST be used, and authentication is not demanded by DANE; what
    # MTA-STS demands beyond that still holds.
    if facts.local.mode is TlsMode.OPPORTUNISTIC:
        unusable = TlsPolicy(TlsMode.REQUIRED, facts.local.implicit, reason=f"{reason}, none usable")
        return _by_sts(facts, SecurityDecision(unusable, Basis.DANE))
    return _by_sts(facts, SecurityDecision(facts.local))


def _by_sts(facts: ConnectionFacts, otherwise: SecurityDecision) -> SecurityDecision:
    """Return what the MTA-STS policy demands; ``otherwise`` where it demands nothing."""
    # RFC 8461 5: none: as though there were no policy.
    if facts.sts is None or facts.sts.policy.mode is Mode.NONE:
        return otherwise
    policy = facts.sts.policy
    # RFC 8461 4.1: the MX name must match a pattern of the policy.
    refusal = None if policy.names(facts.host) else Refusal.STS_MX_MISMATCH
    # RFC 8461 4.2: the certificate must be valid for the host that the MX record names.
    verify = TlsPolicy(
        TlsMode.VERIFY, facts.local.implicit, (facts.host,), reason=f"MTA-STS policy of {facts.sts.domain}"
    )
    if policy.mode is Mode.TESTING:
        # RFC 8461 5: messages may be delivered as though there were no failure; failures are reported.
        return otherwise._replace(tested=verify, tested_refusal=refusal)
    # RFC 8461 5: enforce: senders MUST NOT deliver to hosts that fail MX matching, certificate validation or STARTTLS.
    return SecurityDecision(verify, Basis.MTA_STS, refusal)


def _with_requiretls(decision: SecurityDecision, facts: ConnectionFacts) -> SecurityDecision:
    """Return the decision with what REQUIRETLS demands on top (RFC 8689 4.2.1)."""
    demanding = decision._replace(requiretls=True)
    if demanding.refusal is not None:
        return demanding
    if demanding.policy.mode is TlsMode.NONE and not demanding.policy.implicit:
        return demanding._replace(basis=Basis.REQUIRETLS, refusal=Refusal.TLS_DISABLED)
    # RFC 8689 4.2.1 step 3: an MX answer without DNSSEC MUST be validated by MTA-STS.
    sts = facts.sts.policy if facts.sts is not None else None
    vouched = sts is not None and sts.mode is not Mode.NONE and sts.names(facts.host)
    if facts.mx not in {None, Dnssec.SECURE} and not vouched:
        return demanding._replace(basis=Basis.REQUIRETLS, refusal=Refusal.MX_UNPROVEN)
    # RFC 8689 4.2.1 step 5: the certificate must be authenticated, by names or by DANE.
    if demanding.policy.tlsa or demanding.policy.mode is TlsMode.VERIFY:
        return demanding
    policy = TlsPolicy(TlsMode.VERIFY, facts.local.implicit, (facts.host,), reason="REQUIRETLS")
    return demanding._replace(policy=policy, basis=Basis.REQUIRETLS)
