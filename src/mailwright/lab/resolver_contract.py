"""The contract of Resolver, as a table and a list of what must come of it; run it over any resolver.

    async with NameServer(TABLE) as server, ResolverPool([server.address], …) as pool:
        broken = await broken_promises(pool)

The resolver must answer from ``TABLE`` and trust the AD bit.  What it may choose: ``ttl`` of failures, ``server``,
``detail``, and the order of records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mailwright.dns.answer import Answer, Dnssec, Kind, Mx, Question, RecordType, Txt
from mailwright.dns.resolver import Resolver
from mailwright.lab.table import TTL, Behaviour, Entry

#: What there is to ask.
TABLE: Mapping[str, Entry] = {
    "example.test": ["MX 10 mx.example.test", "MX 20 mx2.example.test", "TXT v=spf1 mx -all", "TTL 120"],
    "mx.example.test": ["A 192.0.2.1", "AAAA 2001:db8::1"],
    "alias.test": ["CNAME example.test"],
    "alias2.test": ["CNAME alias.test"],
    "dangling.test": ["CNAME gone.test"],
    "below.parent.test": ["A 192.0.2.2"],
    "null.test": ["MX 0 ."],
    "secure.test": ["A 192.0.2.3", "DNSSEC secure"],
    "bogus.test": ["A 192.0.2.4", "DNSSEC bogus"],
    "blocked.test": ["A 0.0.0.0", "EDE 15 blocked"],
    "servfail.test": Kind.SERVFAIL,
    "refused.test": Kind.REFUSED,
    "silent.test": Kind.TIMEOUT,
    "half.test": ["A 192.0.2.5", "AAAA SERVFAIL"],
    "large.test": ["TXT " + "x" * 3_000],
    "truncated.test": [Behaviour.TRUNCATED, "A 192.0.2.6"],
    "plain.test": [Behaviour.NO_EDNS, "A 192.0.2.7"],
    "garbage.test": Behaviour.GARBAGE,
    "wrong-id.test": Behaviour.WRONG_ID,
    "wrong-question.test": Behaviour.WRONG_QUESTION,
    "loop.test": Behaviour.LOOP,
}

_A, _AAAA, _MX, _TXT = RecordType.A, RecordType.AAAA, RecordType.MX, RecordType.TXT
_MXS = (Mx(10, "mx.example.test"), Mx(20, "mx2.example.test"))


def _answer(name: str, kind: RecordType, came: Kind, **rest: Any) -> Answer:
    return Answer(Question(name, kind), came)._replace(**rest)


#: What must come of it.
EXPECTED = (
    _answer("example.test", _MX, Kind.FOUND, records=_MXS, ttl=120),
    _answer("example.test", _TXT, Kind.FOUND, records=(Txt((b"v=spf1 mx -all",)),), ttl=120),
    _answer("example.test", _A, Kind.NODATA, ttl=120),
    _answer("mx.example.test", _AAAA, Kind.FOUND, records=("2001:db8::1",), ttl=TTL),
    _answer("gone.test", _A, Kind.NXDOMAIN, ttl=TTL),
    _answer("parent.test", _A, Kind.NODATA, ttl=TTL),
    _answer("alias.test", _MX, Kind.FOUND, records=_MXS, aliases=("example.test",), ttl=120),
    _answer("alias2.test", _MX, Kind.FOUND, records=_MXS, aliases=("alias.test", "example.test"), ttl=120),
    _answer("alias2.test", RecordType.CNAME, Kind.FOUND, records=("alias.test",), ttl=TTL),
    _answer("dangling.test", _A, Kind.NXDOMAIN, aliases=("gone.test",), ttl=TTL),
    _answer("null.test", _MX, Kind.FOUND, records=(Mx(0, ""),), ttl=TTL),
    _answer("secure.test", _A, Kind.FOUND, records=("192.0.2.3",), ttl=TTL, dnssec=Dnssec.SECURE),
    _answer("bogus.test", _A, Kind.SERVFAIL, dnssec=Dnssec.BOGUS),
    _answer("blocked.test", _A, Kind.REFUSED),
    _answer("servfail.test", _A, Kind.SERVFAIL),
    _answer("refused.test", _A, Kind.REFUSED),
    _answer("silent.test", _A, Kind.TIMEOUT),
    _answer("half.test", _A, Kind.FOUND, records=("192.0.2.5",), ttl=TTL),
    _answer("half.test", _AAAA, Kind.SERVFAIL),
    _answer("large.test", _TXT, Kind.FOUND, records=(Txt((b"x" * 255,) * 11 + (b"x" * 195,)),), ttl=TTL),
    _answer("truncated.test", _A, Kind.FOUND, records=("192.0.2.6",), ttl=TTL),
    _answer("plain.test", _A, Kind.FOUND, records=("192.0.2.7",), ttl=TTL),
    _answer("garbage.test", _A, Kind.MALFORMED),
    _answer("wrong-id.test", _A, Kind.MALFORMED),
    _answer("wrong-question.test", _A, Kind.MALFORMED),
    _answer("loop.test", _A, Kind.MALFORMED),
)


async def broken_promises(resolver: Resolver) -> list[str]:
    """Return what ``resolver`` answers otherwise than it must, one line each; empty where it keeps the contract."""
    answers = await asyncio.gather(*(resolver.resolve(expected.question) for expected in EXPECTED))
    return [
        f"{expected.question}: {fault}"
        for expected, answer in zip(EXPECTED, answers, strict=True)
        for fault in _faults(expected, answer)
    ]


def _faults(expected: Answer, answer: Answer) -> list[str]:
    faults = [
        f"{field} is {got!r}, not {wanted!r}"
        for field, wanted, got in (
            ("question", expected.question, answer.question),
            ("kind", expected.kind, answer.kind),
            ("records", set(expected.records), set(answer.records)),
            ("aliases", expected.aliases, answer.aliases),
            ("dnssec", expected.dnssec, answer.dnssec),
            ("stale", expected.stale, answer.stale),
        )
        if wanted != got
    ]
    # What was kept for a moment has a little less left.
    if expected.tells and not expected.ttl - 5 <= answer.ttl <= expected.ttl:
        faults.append(f"ttl is {answer.ttl}, not {expected.ttl}")
    return faults
