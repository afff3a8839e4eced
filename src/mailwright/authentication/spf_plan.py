"""An SPF record made ready for evaluation: what an answer holds, and its terms with all that does not depend on mail.

Most of the work on a record is the same for every message, so it is done once for each text and kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from mailwright.authentication.spf_macros import SpfSyntaxFault
from mailwright.authentication.spf_record import LONGEST_REMEMBERED, REMEMBERED, is_record, parse_record
from mailwright.authentication.spf_terms import All, Exp, Ip4, Ip6, LookingUp, Mechanism, Qualifier, Redirect
from mailwright.authentication.spf_verdict import Outcome, SpfProblem, SpfResult, SpfStep
from mailwright.dns.answer import Answer, Kind, Txt

#: RFC 7208 4.6.2.
_RESULTS = {
    Qualifier.PASS: SpfResult.PASS,
    Qualifier.FAIL: SpfResult.FAIL,
    Qualifier.SOFTFAIL: SpfResult.SOFTFAIL,
    Qualifier.NEUTRAL: SpfResult.NEUTRAL,
}

#: ``Check.version`` of all, which matches every address.
ALWAYS = 0


class Check(NamedTuple):
    """A mechanism.

    word: as written.  asking: the mechanism, where it asks DNS; None where it does not, and only then do version, low,
    high, matched and passed count.  result: what it says where it matches.  version: 4 or 6 for ip4 and ip6, ALWAYS for
    all.  low, high: the first and the last address of an ip4 or ip6.  matched, passed: its step, where it matches and
    where not.
    """

    word: str
    asking: LookingUp | None
    result: SpfResult
    version: int
    low: int
    high: int
    matched: SpfStep
    passed: SpfStep


class Plan(NamedTuple):
    """A record.

    text: as written.  checks: its mechanisms that can be reached.  redirect, exp: the modifiers that count, None
    without; redirect_word: as written.
    """

    text: str
    checks: tuple[Check, ...]
    redirect: Redirect | None
    redirect_word: str
    exp: Exp | None


class Unusable(NamedTuple):
    """Why there is no record to evaluate.

    problem, result: the words for it.  text: the record that is at fault; None where there is none, or more than one.
    fault_at, fault: see SpfNode.
    """

    problem: SpfProblem
    result: SpfResult
    text: str | None = None
    fault_at: int | None = None
    fault: str = ""


NO_RECORD = Unusable(SpfProblem.NO_RECORD, SpfResult.NONE)
SEVERAL_RECORDS = Unusable(SpfProblem.SEVERAL_RECORDS, SpfResult.PERMERROR)
DNS_FAILED = Unusable(SpfProblem.DNS, SpfResult.TEMPERROR)


def plan_of(answer: Answer) -> Plan | Unusable:
    """Return the record that the TXT records of a domain hold, or why there is none to evaluate."""
    if answer.kind is not Kind.FOUND:
        # RFC 7208 4.4: anything but RCODE 0 and 3, also a time-out, is a temperror; an empty answer is no record.
        return NO_RECORD if answer.tells else DNS_FAILED
    found: list[bytes] = []
    for txt in answer.records:
        if isinstance(txt, Txt):
            # RFC 7208 3.3: several strings of a record MUST be treated as if concatenated without adding spaces.
            octets = txt.joined
            # Most other records of a domain begin with another letter.
            if octets[:1] in b"vV" and is_record(octets):
                found.append(octets)
    # RFC 7208 4.5: no records left is "none", more than one is "permerror".
    if len(found) != 1:
        return SEVERAL_RECORDS if found else NO_RECORD
    return _remembered(found[0]) if len(found[0]) <= LONGEST_REMEMBERED else _planned(found[0])


def _planned(octets: bytes) -> Plan | Unusable:
    """Return the record with the text ``octets``, ready for evaluation."""
    if not octets.isascii():
        # RFC 7208 3.1: the character content of the record is encoded as US-ASCII.
        shown = octets.decode("ascii", "backslashreplace")
        return Unusable(SpfProblem.NOT_ASCII, SpfResult.PERMERROR, shown)
    text = octets.decode("ascii")
    try:
        record = parse_record(text)
    except SpfSyntaxFault as fault:
        # RFC 7208 4.6: if there are any syntax errors anywhere in the record, check_host() returns "permerror".
        return Unusable(SpfProblem.SYNTAX, SpfResult.PERMERROR, text, fault.place, fault.why)
    reached = record.reached
    checks = tuple(_check(term, word) for term, word in reached if not isinstance(term, Redirect))
    last, last_word = reached[-1] if reached else (None, "")
    redirect = last if isinstance(last, Redirect) else None
    return Plan(text, checks, redirect, last_word if redirect is not None else "", record.exp)


_remembered = lru_cache(maxsize=REMEMBERED)(_planned)


def _check(mechanism: Mechanism, word: str) -> Check:
    result = _RESULTS[mechanism.qualifier]
    matched, passed = SpfStep(word, Outcome.MATCH), SpfStep(word, Outcome.NO_MATCH)
    if isinstance(mechanism, Ip4 | Ip6):
        network = mechanism.network
        low, high = int(network.network_address), int(network.broadcast_address)
        return Check(word, None, result, network.version, low, high, matched, passed)
    asking = None if isinstance(mechanism, All) else mechanism
    return Check(word, asking, result, ALWAYS, 0, 0, matched, passed)
