"""What a DMARC policy record says (RFC 9989 4.7), as values; ``dmarc_record`` reads and writes it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.report_uri import ReportUri


class Policy(StrEnum):
    """What the owner of a domain asks for where a message fails (RFC 9989 4.7, tag p)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def strictness(self) -> int:
        """0 for none, 1 for quarantine, 2 for reject."""
        return _STRICTNESS[self]

    @property
    def one_lower(self) -> Policy:
        """What is done with t=y (RFC 9989 4.7): reject becomes quarantine, quarantine none."""
        return Policy.QUARANTINE if self is Policy.REJECT else Policy.NONE


_STRICTNESS = {Policy.NONE: 0, Policy.QUARANTINE: 1, Policy.REJECT: 2}


class Mode(StrEnum):
    """How near two domains must be to be aligned (RFC 9989 4.4)."""

    RELAXED = "r"  # the same organisational domain
    STRICT = "s"  # the same domain


class Psd(StrEnum):
    """What a record says of its domain's place (RFC 9989 4.7, tag psd)."""

    YES = "y"  # a public suffix domain: others register names below it
    NO = "n"  # none, and the organisational domain of itself and of what is below
    UNKNOWN = "u"  # none, and the tree walk tells which is the organisational domain


class FailureOption(StrEnum):
    """When failure reports are wanted (RFC 9989 4.7, tag fo)."""

    ALL_FAIL = "0"
    ANY_FAILS = "1"
    DKIM = "d"
    SPF = "s"


class RemarkKind(StrEnum):
    """What there is to say about a record."""

    # Faults: against RFC 9989; the tag, or the part of its value, is left out.
    VALUE = "value"  # the tag cannot have this value
    URI = "uri"  # an address in rua= or ruf= is none
    ITEM = "item"  # a piece between two semicolons is no tag=value
    EMPTY_ITEM = "empty-item"  # nothing stands between two semicolons
    CHARACTER = "character"  # a character beyond printable ASCII
    # Notes: allowed, and worth knowing.
    NO_POLICY = "no-policy"  # p is missing: none (RFC 9989), no record at all for old readers without rua
    POLICY_NOT_SECOND = "policy-not-second"  # allowed since RFC 9989; old readers want p right behind v
    OLD_TAG = "old-tag"  # pct, rf, ri: gone since RFC 9989, old readers still obey
    UNKNOWN_TAG = "unknown-tag"  # no tag of RFC 9989; ignored
    OLD_SIZE = "old-size"  # "!10m" behind an address: reporters ignore it now
    MANY_URIS = "many-uris"  # more addresses than are read
    FO_WITHOUT_RUF = "fo-without-ruf"  # fo counts only with ruf
    NO_AGGREGATE = "no-aggregate"  # without rua nobody learns what fails
    TEST_WITHOUT_POLICY = "test-without-policy"  # t=y changes nothing where every policy is none


#: The remarks that tell of a fault; all others are notes.
FAULTS = frozenset(
    (RemarkKind.VALUE, RemarkKind.URI, RemarkKind.ITEM, RemarkKind.EMPTY_ITEM, RemarkKind.CHARACTER),
)


class Remark(NamedTuple):
    """Something to say about a record.

    tag: which tag; "" for none.  value: what stands there, at most 200 characters.
    """

    kind: RemarkKind
    tag: str = ""
    value: str = ""


class DmarcRecord(NamedTuple):
    """A policy record, defaults filled in.

    policy: p.  subdomains: sp, None where absent.  nonexistent: np, None where absent.
    aggregate, failure: the addresses of rua and ruf that can be read.
    percent: pct of RFC 7489, 0 to 100, which counts no longer; None where absent or no such number.
    damaged: p, sp or np stands there with a value that is no policy (RFC 9989 4.10.1).
    remarks: in the order of the record.
    """

    policy: Policy = Policy.NONE
    subdomains: Policy | None = None
    nonexistent: Policy | None = None
    dkim: Mode = Mode.RELAXED
    spf: Mode = Mode.RELAXED
    aggregate: tuple[ReportUri, ...] = ()
    failure: tuple[ReportUri, ...] = ()
    failure_options: tuple[FailureOption, ...] = (FailureOption.ALL_FAIL,)
    psd: Psd = Psd.UNKNOWN
    testing: bool = False
    percent: int | None = None
    damaged: bool = False
    remarks: tuple[Remark, ...] = ()

    @property
    def faults(self) -> tuple[Remark, ...]:
        """The remarks that tell what is wrong."""
        return tuple(remark for remark in self.remarks if remark.kind in FAULTS)

    @property
    def notes(self) -> tuple[Remark, ...]:
        """The remarks that tell what is allowed and worth knowing."""
        return tuple(remark for remark in self.remarks if remark.kind not in FAULTS)

    @property
    def usable(self) -> bool:
        """False where RFC 9989 4.10.1 applies no DMARC: a policy cannot be read, and no address in rua can."""
        return not self.damaged or bool(self.aggregate)

    def policy_for(self, *, subdomain: bool, exists: bool = True) -> Policy:
        """Return the published policy for the record's own domain, or for a subdomain that exists or does not.

        t=y is not counted in; see ``Policy.one_lower``.
        """
        # RFC 9989 4.10.1: with a readable rua, act as if p=none had been retrieved.
        if self.damaged:
            return Policy.NONE
        if not subdomain:
            return self.policy
        # RFC 9989 4.7: without np, sp MUST be applied to subdomains that do not exist; without both, p MUST be.
        if not exists and self.nonexistent is not None:
            return self.nonexistent
        return self.policy if self.subdomains is None else self.subdomains
