"""MTA-STS of a recipient's domain: which policy is in force now (RFC 8461 3, 5.1).

Three steps, of which only those between them touch the network:

1. ``look_up_record`` is an Inquiry: it asks for the TXT record and returns a ``RecordLookup``.
2. ``next_fetch`` decides, from that and from what is cached, whether the policy file must be fetched: it returns a
   ``FetchPolicy`` to be carried out, or None where the cached policy, or none, is to be used.
3. ``take_fetch`` takes what became of the fetch, a ``PolicyFetch``, and returns the ``StsState``: the policy in force,
   and what went wrong, in the words of RFC 8460.

``mtasts_cache.PolicyCache`` keeps the policies and does 2 and 3 for a domain; ``transport.PolicyFetcher`` carries out
the fetch.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.mtasts_policy import Mode, Policy, PolicyFault, parse_policy
from mailwright.authentication.mtasts_record import LABEL, RecordFault, StsRecord, select_record
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.inquiry import Inquiry

#: The policy of a domain is served by this host below it, under this path (RFC 8461 3.3).
HOST_LABEL = "mta-sts"
PATH = "/.well-known/mta-sts.txt"
#: A cached policy is fetched anew after this time (RFC 8461 3.3: a suggested frequency is once per day).
REFRESH_AFTER = timedelta(days=1)
#: After a failed fetch the same version is left alone for this time (RFC 8461 3.3: five minutes or longer).
RETRY_AFTER = timedelta(minutes=5)
#: Characters of a detail that are kept.
LONGEST_DETAIL = 300


class RecordStatus(StrEnum):
    """What the look-up of the TXT record came to."""

    FOUND = "found"  # one good record
    NONE = "none"  # no record of this version: the domain has no MTA-STS now
    INVALID = "invalid"  # several records, or one that is malformed: as though there were none
    FAILED = "failed"  # DNS did not tell


class RecordLookup(NamedTuple):
    """The record of a domain.

    record: present only where the status is FOUND.  detail: why it is INVALID; "" otherwise.
    """

    domain: str
    status: RecordStatus
    answer: Answer
    record: StsRecord | None = None
    detail: str = ""


def look_up_record(domain: str) -> Inquiry[RecordLookup]:
    """Ask for the MTA-STS record of ``domain`` (lower case, A-labels): the domain of the recipient, or a smart host.

    RFC 8461 3.4: a sender MUST NOT take the policy of a parent; there is no climbing here.
    """
    (answer,) = yield (Question(f"{LABEL}.{domain}", RecordType.TXT),)
    if not answer.tells:
        return RecordLookup(domain, RecordStatus.FAILED, answer)
    try:
        record = select_record(answer.records) if answer.kind is Kind.FOUND else None
    except RecordFault as fault:
        return RecordLookup(domain, RecordStatus.INVALID, answer, detail=str(fault))
    status = RecordStatus.NONE if record is None else RecordStatus.FOUND
    return RecordLookup(domain, status, answer, record)


class FetchPolicy(NamedTuple):
    """A request: fetch the policy file of ``domain``, whose record now says ``id``."""

    domain: str
    id: str

    @property
    def host(self) -> str:
        """The host to connect to, and the name that its certificate MUST be valid for (RFC 8461 3.3)."""
        return f"{HOST_LABEL}.{self.domain}"

    @property
    def url(self) -> str:
        """The address of the file (RFC 8461 3.3)."""
        return f"https://{self.host}{PATH}"


class FetchKind(StrEnum):
    """What became of a fetch."""

    FETCHED = "fetched"  # status 200, the whole body is there
    NOT_FOUND = "not-found"  # status 404 or 410
    REDIRECT = "redirect"  # status 3xx, which is not followed
    STATUS = "status"  # any other status
    TLS_FAILED = "tls-failed"  # the certificate was refused, or there was no TLS
    TIMEOUT = "timeout"  # nothing, or not all, in time
    TOO_BIG = "too-big"  # more octets than the limit
    PROTOCOL = "protocol"  # what came is not HTTP, or was cut off
    NO_ADDRESS = "no-address"  # the policy host has no address
    DNS_FAILED = "dns-failed"  # DNS did not tell the address
    UNREACHABLE = "unreachable"  # no connection, or it broke before TLS


class HandshakeFailure(StrEnum):
    """Why TLS failed."""

    EXPIRED = "expired"  # also not valid yet
    WRONG_NAME = "wrong-name"
    NOT_TRUSTED = "not-trusted"  # self-signed, or from an authority that is not known
    OTHER = "other"  # no common version or cipher, or no TLS at all


class PolicyFetch(NamedTuple):
    """What became of a fetch.

    body, content_type: of the answer where the kind is FETCHED; "" where it names no type.
    tls: why, where the kind is TLS_FAILED; None otherwise.
    detail: what the server or a library said, for people.
    """

    kind: FetchKind
    body: bytes = b""
    content_type: str = ""
    tls: HandshakeFailure | None = None
    detail: str = ""


class StsResult(StrEnum):
    """How MTA-STS can fail before any mail host is asked, as TLS reports name it (RFC 8460 4.3.2.2)."""

    POLICY_FETCH_ERROR = "sts-policy-fetch-error"
    POLICY_INVALID = "sts-policy-invalid"
    WEBPKI_INVALID = "sts-webpki-invalid"


class StsFault(NamedTuple):
    """What went wrong with the policy of a domain; ``kind`` tells a fetch's faults apart where the result does not."""

    result: StsResult
    kind: FetchKind
    detail: str


class CachedPolicy(NamedTuple):
    """A policy with the version that its record had and the time (aware) at which it was fetched."""

    domain: str
    id: str
    policy: Policy
    fetched: datetime

    @property
    def expires(self) -> datetime:
        """The moment from which on it is no longer in force (RFC 8461 3.2: max_age counts from the fetch)."""
        return self.fetched + self.policy.max_age

    def in_force(self, now: datetime) -> bool:
        """Tell whether it is to be applied."""
        return now < self.expires


class StsState(NamedTuple):
    """How MTA-STS stands for a domain.

    policy: the one in force; None where deliveries go on as though the domain had no MTA-STS.
    fault: what went wrong on the way; may stand beside a policy, which then is an older one that is still in force.
    """

    policy: CachedPolicy | None
    fault: StsFault | None = None

    @property
    def alarming(self) -> bool:
        """True where administrators SHOULD be told: a fault, unless the cached mode is none (RFC 8461 3.3)."""
        return self.fault is not None and not (self.policy and self.policy.policy.mode is Mode.NONE)


class FailedFetch(NamedTuple):
    """A fetch that failed: of which version, when (aware), and how."""

    id: str
    when: datetime
    fault: StsFault


def next_fetch(
    lookup: RecordLookup, cached: CachedPolicy | None, failed: FailedFetch | None, now: datetime
) -> FetchPolicy | None:
    """Return what to fetch now; None where there is nothing to fetch.

    cached: the last policy of the domain, in force or not.  failed: the last fetch, where it failed.
    """
    # RFC 8461 3.1: without one valid record the remaining steps are skipped; a cached policy stays (5.1).
    if lookup.record is None:
        return None
    current = lookup.record.id
    # RFC 8461 3.3: after a failure further attempts SHOULD wait five minutes or longer per version.
    if failed is not None and failed.id == current and now < failed.when + RETRY_AFTER:
        return None
    known = cached is not None and cached.in_force(now) and cached.id == current
    # RFC 8461 3.3: cached policies SHOULD be refreshed before they expire.
    if known and cached is not None and now < cached.fetched + REFRESH_AFTER:
        return None
    return FetchPolicy(lookup.domain, current)


def take_fetch(request: FetchPolicy, fetch: PolicyFetch, cached: CachedPolicy | None, now: datetime) -> StsState:
    """Return how MTA-STS stands after a fetch; ``now`` is when it was made."""
    policy, fault = read_fetch(fetch)
    if policy is not None:
        # What senders do not know is of no use to them later.
        return StsState(CachedPolicy(request.domain, request.id, policy._replace(extensions=()), now))
    # RFC 8461 3.3: if no policy can be fetched but a valid one is cached, the sender MUST apply that; if none is,
    # it MUST go on as though the domain had not implemented MTA-STS.
    return StsState(cached if cached is not None and cached.in_force(now) else None, fault)


_RESULTS = {FetchKind.TLS_FAILED: StsResult.WEBPKI_INVALID, FetchKind.TOO_BIG: StsResult.POLICY_INVALID}


def read_fetch(fetch: PolicyFetch) -> tuple[Policy | None, StsFault | None]:
    """Return the policy that was fetched, or what is wrong; exactly one of the two is None."""
    if fetch.kind is not FetchKind.FETCHED:
        said = ": ".join(filter(None, (fetch.kind, fetch.tls, fetch.detail)))
        return None, StsFault(_RESULTS.get(fetch.kind, StsResult.POLICY_FETCH_ERROR), fetch.kind, said[:LONGEST_DETAIL])
    # RFC 8461 3.2: senders SHOULD check that the media type is text/plain, so that no page of a user passes for a
    # policy; parameters do not count.
    if fetch.content_type.partition(";")[0].strip().lower() != "text/plain":
        detail = f"media type {fetch.content_type!r}"
        return None, StsFault(StsResult.POLICY_INVALID, fetch.kind, detail[:LONGEST_DETAIL])
    try:
        # An empty line at the end is common and harmless; without the policy the domain would lose its protection.
        return parse_policy(fetch.body, lenient=True), None
    except PolicyFault as fault:
        return None, StsFault(StsResult.POLICY_INVALID, fetch.kind, str(fault)[:LONGEST_DETAIL])
