"""Authenticity: everything that a receiver would look up about a message and its client, joined into one judgement."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from mailwright.app.zone import read_zone
from mailwright.authentication.arc import ArcVerdict, verify_chain
from mailwright.authentication.authors import Authors, authors_of_fields
from mailwright.authentication.bimi_record import BimiLookup, look_up_bimi
from mailwright.authentication.body_changes import Change
from mailwright.authentication.diagnose import (
    diagnose_dkim,
    diagnose_dmarc,
    diagnose_helo,
    diagnose_reverse,
    diagnose_spf,
    diagnose_unauthenticated,
)
from mailwright.authentication.dkim import DkimResult, DkimVerdict, verify_message
from mailwright.authentication.dkim_changes import explain_failure
from mailwright.authentication.dkim_key import key_question
from mailwright.authentication.dmarc import DmarcVerdict, Result, evaluate
from mailwright.authentication.dmarc_alignment import DkimOutcome, SpfOutcome
from mailwright.authentication.header_fields import Header, HeaderFault, split_message
from mailwright.authentication.helo import HeloCheck, check_helo
from mailwright.authentication.method_results import arc_result, dkim_result
from mailwright.authentication.results_header import AuthenticationResults, MethodResult, ResultProperty
from mailwright.authentication.spf import LEAST_SECONDS, SpfOptions, check_mail_from
from mailwright.authentication.spf_survey import SpfSurvey, count_lookups
from mailwright.authentication.spf_verdict import SpfResult, SpfVerdict, out_of_time
from mailwright.causes.diagnosis import Diagnosis
from mailwright.clock import SystemClock
from mailwright.dns.answer import Answer, Question
from mailwright.dns.inquiry import Inquiry
from mailwright.dns.names import IpAddress
from mailwright.dns.pool import ResolverPool, system_servers
from mailwright.dns.resolver import Resolver, ask
from mailwright.dns.reverse import Reverse, reverse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inquest:
    """What is to be judged.

    raw: the message.  ip: of the client; None where it is not known, and then neither SPF nor reverse names are
    checked.  helo: "" where not known.  sender: the reverse-path without brackets, "" for the null one; None where not
    known.  receiver: our name, "" for none.  now: seconds since 1970.  bimi: look for the logo's record too.
    resolvers: "ADDRESS" or "ADDRESS:PORT", empty for the system's.  zone: a file to answer from in their place.
    """

    raw: bytes
    ip: IpAddress | None
    helo: str
    sender: str | None
    receiver: str
    now: int
    bimi: bool = False
    resolvers: tuple[str, ...] = ()
    zone: str = ""

    @property
    def spf_domain(self) -> str:
        """The domain that SPF is about (RFC 7208 2.4); "" where SPF cannot be checked."""
        if self.ip is None or self.sender is None:
            return ""
        return self.sender.rpartition("@")[2] if self.sender else self.helo


class SignatureFound(NamedTuple):
    """A signature: what became of it, what was changed where it failed, and what its failure means."""

    verdict: DkimVerdict
    changes: tuple[Change, ...]
    diagnosis: Diagnosis | None


class SpfFound(NamedTuple):
    """SPF's verdict on a domain, and what a failure means.

    survey: what the record needs, whoever sends; None where DNS was too slow for it.
    """

    domain: str
    verdict: SpfVerdict
    survey: SpfSurvey | None
    diagnosis: Diagnosis | None


class Judgement(NamedTuple):
    """What a receiver finds.  None: not checked, since it was not told what that needs, or it was not asked for.

    unauthenticated: there is no policy, and nothing vouches for the message; None otherwise.
    """

    authors: Authors
    spf: SpfFound | None
    signatures: tuple[SignatureFound, ...]
    arc: ArcVerdict
    dmarc: DmarcVerdict
    dmarc_diagnosis: Diagnosis | None
    unauthenticated: Diagnosis | None
    reverse: Reverse | None
    reverse_diagnosis: Diagnosis | None
    helo: HeloCheck | None
    helo_diagnosis: Diagnosis | None
    bimi: BimiLookup | None

    @property
    def something_passes(self) -> bool:
        """True where SPF or a signature passes, for whatever domain."""
        spf = self.spf is not None and self.spf.verdict.result is SpfResult.PASS
        return spf or any(one.verdict.result is DkimResult.PASS for one in self.signatures)

    @property
    def undecided(self) -> bool:
        """True where DNS did not tell what the outcome depends on."""
        if self.dmarc.result is Result.TEMPERROR:
            return True
        if self.dmarc.result is not Result.NONE or self.something_passes:
            return False
        spf = self.spf is not None and self.spf.verdict.result is SpfResult.TEMPERROR
        return spf or any(one.verdict.result is DkimResult.TEMPERROR for one in self.signatures)


@dataclass(slots=True)
class _Remembering:
    """A resolver that keeps what it was told: what one check learned is evidence for another."""

    resolver: Resolver
    told: dict[Question, Answer] = field(default_factory=dict)

    async def resolve(self, question: Question) -> Answer:
        """See Resolver."""
        known = self.told.get(question)
        if known is None:
            known = self.told[question] = await self.resolver.resolve(question)
        return known


async def judge(inquest: Inquest) -> Judgement:
    """Return what a receiver finds; raises ZoneFault, and mailwright.dns.servers.ServerFault for a bad resolver."""
    if inquest.zone:
        return await judge_by(inquest, read_zone(inquest.zone))
    servers = inquest.resolvers or system_servers().servers
    async with ResolverPool(servers, clock=SystemClock()) as pool:
        return await judge_by(inquest, pool)


async def judge_by(inquest: Inquest, resolver: Resolver) -> Judgement:
    """Return what a receiver finds that asks ``resolver``; what does not depend on each other is asked at once."""
    known = _Remembering(resolver)
    authors = _authors(inquest.raw)
    spf, dkim, arc, names = await asyncio.gather(
        _spf(inquest, known),
        ask(verify_message(inquest.raw, inquest.now), known),
        ask(verify_chain(inquest.raw), known),
        ask(reverse(inquest.ip), known) if inquest.ip is not None else _nothing(),
    )
    helo = None
    if inquest.ip is not None and inquest.helo:
        own = (inquest.receiver.lower(),) if inquest.receiver else ()
        helo = await ask(check_helo(inquest.helo, inquest.ip, own, names), known)
    dmarc = await ask(evaluate(authors, _spf_outcome(spf), _dkim_outcomes(dkim)), known)
    signatures = tuple(_signature(inquest.raw, verdict, known.told) for verdict in dkim)
    failed = tuple(answer for answer in known.told.values() if not answer.tells)
    judgement = Judgement(
        authors,
        spf,
        signatures,
        arc,
        dmarc,
        diagnose_dmarc(dmarc, failed),
        None,
        names,
        diagnose_reverse(names) if names is not None else None,
        helo,
        diagnose_helo(helo) if helo is not None else None,
        await _bimi(inquest, dmarc, known),
    )
    return judgement._replace(unauthenticated=_unauthenticated(judgement))


async def _nothing() -> None:
    """Stand for a check that is not made."""


def _authors(raw: bytes) -> Authors:
    """Return whom the message names as its authors; nobody where its header is beyond the limits."""
    return authors_of_fields([one.value.decode("utf-8", "replace") for one in _header(raw).all(b"from")])


def _header(raw: bytes) -> Header:
    try:
        return split_message(raw)[0]
    except HeaderFault:
        return Header(())


async def _spf(inquest: Inquest, resolver: Resolver) -> SpfFound | None:
    """Return SPF's verdict, and what the record needs whoever sends."""
    domain = inquest.spf_domain
    if inquest.ip is None or inquest.sender is None or not domain:
        return None
    options = SpfOptions(explain=True, receiver=inquest.receiver or "unknown", seconds=inquest.now)
    check = check_mail_from(inquest.ip, inquest.sender, inquest.helo, options)
    # RFC 7208 4.6.4: after the limit on elapsed time the result SHOULD be "temperror".
    verdict = await _in_time(check, resolver) or out_of_time()
    survey = await _in_time(count_lookups(domain), resolver)
    return SpfFound(domain, verdict, survey, diagnose_spf(verdict, domain))


async def _in_time(inquiry: Inquiry[T], resolver: Resolver) -> T | None:
    """Return what ``inquiry`` comes to; None where that takes longer than RFC 7208 4.6.4 asks to wait."""
    try:
        async with asyncio.timeout(LEAST_SECONDS):
            return await ask(inquiry, resolver)
    except TimeoutError:
        return None


def _spf_outcome(spf: SpfFound | None) -> SpfOutcome | None:
    return None if spf is None else SpfOutcome(spf.verdict.result.value, spf.domain)


def _dkim_outcomes(verdicts: Iterable[DkimVerdict]) -> tuple[DkimOutcome, ...]:
    return tuple(
        DkimOutcome(one.signature.domain, one.result.value, one.signature.selector)
        for one in verdicts
        if one.signature is not None
    )


def _signature(raw: bytes, verdict: DkimVerdict, told: dict[Question, Answer]) -> SignatureFound:
    changes: tuple[Change, ...] = ()
    if verdict.result is DkimResult.FAIL:
        header, body = split_message(raw)
        changes = explain_failure(header, body, verdict)
    signature = verdict.signature
    question = key_question(signature.selector, signature.domain) if signature is not None else None
    return SignatureFound(verdict, changes, diagnose_dkim(verdict, told.get(question) if question else None))


async def _bimi(inquest: Inquest, dmarc: DmarcVerdict, resolver: Resolver) -> BimiLookup | None:
    if not inquest.bimi or not dmarc.author:
        return None
    found = dmarc.discovery.found if dmarc.discovery is not None else None
    return await ask(look_up_bimi(dmarc.author, found.domain if found is not None else dmarc.author), resolver)


def _unauthenticated(judgement: Judgement) -> Diagnosis | None:
    """Return what it means that nothing vouches for a message without a policy; None where that is not so."""
    if judgement.dmarc.result is not Result.NONE or judgement.something_passes or judgement.undecided:
        return None
    spf = "spf not checked" if judgement.spf is None else f"spf={judgement.spf.verdict.result}"
    dkim = ", ".join(f"dkim={one.verdict.result}" for one in judgement.signatures)
    return diagnose_unauthenticated(f"{spf}, {dkim}, dmarc=none", judgement.dmarc.author or None)


def results_field(inquest: Inquest, judgement: Judgement) -> AuthenticationResults:
    """Return what a receiver called ``inquest.receiver`` writes about it all (RFC 8601)."""
    results = [dkim_result(one.verdict) for one in judgement.signatures]
    if judgement.spf is not None:
        sender = ResultProperty("smtp", "mailfrom", inquest.sender or "")
        if not inquest.sender:
            sender = ResultProperty("smtp", "helo", inquest.helo)
        results.insert(0, MethodResult("spf", judgement.spf.verdict.result.value, None, (sender,)))
    results.append(arc_result(judgement.arc))
    author = judgement.dmarc.author
    properties = (ResultProperty("header", "from", author),) if author else ()
    policy = f"p={judgement.dmarc.policy}" if judgement.dmarc.policy is not None else ""
    results.append(MethodResult("dmarc", judgement.dmarc.result.value, None, properties, policy))
    if judgement.reverse is not None:
        results.append(_iprev(judgement.reverse))
    return AuthenticationResults(inquest.receiver, tuple(results))


#: RFC 8601 2.7.3: what the reverse names come to, in the words of "iprev".
_IPREV = {"confirmed": "pass", "unconfirmed": "fail", "no-name": "permerror", "unknown": "temperror"}


def _iprev(names: Reverse) -> MethodResult:
    where = ResultProperty("policy", "iprev", str(names.ip))
    return MethodResult("iprev", _IPREV[names.verdict.value], None, (where,))
