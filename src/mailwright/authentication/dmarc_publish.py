"""What to publish for DMARC, and in which steps: from watching to refusing (RFC 9989 5.1, 7.4, A.6).

Each stage is a record to publish, how long to stay with it, and what has to be true before the next.  A stage changes
one thing only, so that its reports show what it did.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.authors import a_label
from mailwright.authentication.dmarc_policy import DmarcRecord, FailureOption, Mode, Policy, Psd
from mailwright.authentication.dmarc_record import write_dmarc_record
from mailwright.authentication.external_reports import permission_name
from mailwright.authentication.report_uri import ReportUri, UriFault, mailto
from mailwright.mail.address import Address

#: Octets of one character string of a TXT record (RFC 1035 3.3).
LONGEST_STRING = 255
#: RFC 9989 7.4: at least a month with none, and as long with quarantine, before reject.
A_MONTH = timedelta(days=30)
#: Time with t=y: one reporting period of a week, in which weekly mailings are seen (RFC 9989 A.6 names no number).
A_WEEK = timedelta(days=7)


class PublishFault(ValueError):
    """A description cannot be published.  why: the reason; text: what is wrong."""

    def __init__(self, why: PublishTrouble, text: str) -> None:
        """Keep both."""
        self.why = why
        self.text = text
        super().__init__(f"{why}: {text!r}")


class PublishTrouble(StrEnum):
    """Why a description cannot be published."""

    DOMAIN = "domain"  # it is no domain name, or too long with _dmarc. before it
    ADDRESS = "address"  # an address for reports has no domain
    TEST_WITHOUT_POLICY = "test-without-policy"  # t=y where every policy is none


class Description(NamedTuple):
    """What the owner of a domain wants.

    domain: U-labels or A-labels.  aggregate, failure: where reports go.  policy: the aim of the plan.
    subdomains, nonexistent: None to leave them to ``policy``.
    people: True where people write from the domain, whose mail goes through mailing lists and forwarders.
    public_suffix: True where others register names below the domain.
    organization: True to say that the domain is the organisational domain of all below it (psd=n).
    """

    domain: str
    policy: Policy
    aggregate: tuple[Address, ...]
    failure: tuple[Address, ...] = ()
    subdomains: Policy | None = None
    nonexistent: Policy | None = None
    dkim: Mode = Mode.RELAXED
    spf: Mode = Mode.RELAXED
    people: bool = True
    public_suffix: bool = False
    organization: bool = False


class TxtRecord(NamedTuple):
    """A TXT record to publish.  strings: its character strings, of at most 255 octets each."""

    name: str
    strings: tuple[str, ...]

    @property
    def text(self) -> str:
        """The strings as one."""
        return "".join(self.strings)


class StageKind(StrEnum):
    """The stages there are."""

    WATCH = "watch"  # p=none: nothing is refused, reports come in
    TEST_QUARANTINE = "test-quarantine"  # p=quarantine; t=y: still none, but lists rewrite From already
    QUARANTINE = "quarantine"
    TEST_REJECT = "test-reject"  # p=reject; t=y: still quarantine
    REJECT = "reject"


class Gate(StrEnum):
    """What has to be true before the next stage is published."""

    REPORTS_ARRIVE = "reports-arrive"  # aggregate reports come in and are read
    OWN_MAIL_ALIGNED = "own-mail-aligned"  # all own sources pass aligned (RFC 9989 5.1.6: MUST, before enforcement)
    DKIM_EVERYWHERE = "dkim-everywhere"  # not by SPF alone (RFC 9989 7.4: MUST NOT rely solely on SPF with p=reject)
    NO_COMPLAINTS = "no-complaints"  # nobody misses mail since the last stage
    NO_PEOPLE_ON_LISTS = "no-people-on-lists"  # RFC 9989 7.4: p=reject SHOULD NOT stand where people post to lists


class Stage(NamedTuple):
    """One step.  stay: how long at least; None for the last.  gates: what must be true before the next."""

    kind: StageKind
    record: TxtRecord
    stay: timedelta | None
    gates: tuple[Gate, ...]


def build_record(description: Description, *, testing: bool = False) -> TxtRecord:
    """Return the record that says what ``description`` wants at once; ``testing`` adds t=y.  Raises PublishFault."""
    policies = (description.policy, description.subdomains, description.nonexistent)
    if testing and not any(policy for policy in policies if policy is not None and policy is not Policy.NONE):
        raise PublishFault(PublishTrouble.TEST_WITHOUT_POLICY, description.policy)
    record = DmarcRecord(
        policy=description.policy,
        subdomains=description.subdomains,
        nonexistent=description.nonexistent,
        dkim=description.dkim,
        spf=description.spf,
        aggregate=_uris(description.aggregate),
        failure=_uris(description.failure),
        failure_options=(FailureOption.ANY_FAILS,) if description.failure else (FailureOption.ALL_FAIL,),
        psd=_psd(description),
        testing=testing,
    )
    return TxtRecord(f"_dmarc.{_domain(description)}", split_strings(write_dmarc_record(record)))


def permission_records(description: Description) -> tuple[TxtRecord, ...]:
    """Return the records that other domains have to publish so that they may get the reports (RFC 9990 4).

    One for each host outside of the domain; where it belongs to the same organisation, it is not needed and harmless.
    """
    domain = _domain(description)
    uris = _uris((*description.aggregate, *description.failure))
    hosts = dict.fromkeys(host for uri in uris if (host := a_label(uri.host)) is not None)
    foreign = [host for host in hosts if host != domain and not host.endswith("." + domain)]
    return tuple(TxtRecord(permission_name(domain, host), ("v=DMARC1",)) for host in foreign)


def staged_plan(description: Description) -> tuple[Stage, ...]:
    """Return the way from p=none to the policy wanted, each stage a record to publish.  Raises PublishFault."""
    aim = max((description.policy, description.subdomains, description.nonexistent), key=_strictness) or Policy.NONE
    watched = build_record(_limited(description, Policy.NONE))
    if aim is Policy.NONE:
        return (Stage(StageKind.WATCH, watched, None, ()),)
    limited = _limited(description, Policy.QUARANTINE)
    stages = [
        Stage(StageKind.WATCH, watched, A_MONTH, (Gate.REPORTS_ARRIVE, Gate.OWN_MAIL_ALIGNED)),
        Stage(StageKind.TEST_QUARANTINE, build_record(limited, testing=True), A_WEEK, (Gate.OWN_MAIL_ALIGNED,)),
    ]
    if aim is Policy.QUARANTINE:
        return (*stages, Stage(StageKind.QUARANTINE, build_record(limited), None, ()))
    people = (Gate.NO_PEOPLE_ON_LISTS,) if description.people else ()
    gates = (Gate.NO_COMPLAINTS, Gate.DKIM_EVERYWHERE, *people)
    stages.append(Stage(StageKind.QUARANTINE, build_record(limited), A_MONTH, gates))
    if Policy.QUARANTINE not in (description.policy, description.subdomains, description.nonexistent):
        # t=y lowers all policies: one that stays at quarantine would be taken back by the test of the other.
        test = build_record(description, testing=True)
        stages.append(Stage(StageKind.TEST_REJECT, test, A_WEEK, (Gate.NO_COMPLAINTS,)))
    return (*stages, Stage(StageKind.REJECT, build_record(description), None, ()))


def _strictness(policy: Policy | None) -> int:
    return policy.strictness if policy is not None else 0


def split_strings(text: str) -> tuple[str, ...]:
    """Return ``text``, ASCII, as the character strings of a TXT record."""
    return tuple(text[begin : begin + LONGEST_STRING] for begin in range(0, len(text), LONGEST_STRING))


def _domain(description: Description) -> str:
    domain = a_label(description.domain.removesuffix("."))
    if domain is None or len(domain) > 253 - len("_dmarc."):
        raise PublishFault(PublishTrouble.DOMAIN, description.domain[:300])
    return domain


def _uris(addresses: tuple[Address, ...]) -> tuple[ReportUri, ...]:
    try:
        return tuple(map(mailto, addresses))
    except UriFault as fault:
        raise PublishFault(PublishTrouble.ADDRESS, fault.text) from fault


def _psd(description: Description) -> Psd:
    # RFC 9989 5.2: the record of a public suffix domain MUST say psd=y.
    if description.public_suffix:
        return Psd.YES
    return Psd.NO if description.organization else Psd.UNKNOWN


def _limited(description: Description, most: Policy) -> Description:
    """Return ``description`` with no policy stricter than ``most``."""
    return description._replace(
        policy=_milder(description.policy, most),
        subdomains=_milder(description.subdomains, most) if description.subdomains is not None else None,
        nonexistent=_milder(description.nonexistent, most) if description.nonexistent is not None else None,
    )


def _milder(one: Policy, other: Policy) -> Policy:
    return one if one.strictness <= other.strictness else other
