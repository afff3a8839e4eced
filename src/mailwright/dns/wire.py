"""Wire: a Question becomes a query message, and a response message an Answer (RFC 1035 4, RFC 6891).

Whatever the octets of a response are, ``read`` returns a Reading and raises nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from mailwright.dns.answer import Answer, Dnssec, Kind, Question, RecordType
from mailwright.dns.names import check_name
from mailwright.dns.records import FORMS, to_text

if TYPE_CHECKING:
    from dns.message import Message
    from dns.rrset import RRset

#: Octets of a UDP response that is asked for: fits into one packet on all networks (DNS flag day 2020).
PAYLOAD = 1_232
#: Octets of a header (RFC 1035 4.1.1).
HEADER = 12
#: CNAMEs that are followed; resolvers themselves stop at 11 (Unbound, BIND) or 16 (PowerDNS).
MOST_ALIASES = 16
#: Records in all sections of a response together; 64 KB could hold 5,900 of 11 octets.
MOST_RECORDS = 4_096
#: Characters kept of an extended error's text, and extended errors kept of a response (RFC 8914 sets no limit).
LONGEST_ERROR_TEXT = 200
MOST_ERRORS = 5

_QR, _OPCODE, _TC, _RA, _AD = 0x8000, 0x7800, 0x0200, 0x0080, 0x0020
_NOERROR, _FORMERR, _SERVFAIL, _NXDOMAIN, _NOTIMP, _REFUSED = range(6)
_RCODES = {
    _FORMERR: "FORMERR",
    _SERVFAIL: "SERVFAIL",
    _NOTIMP: "NOTIMP",
    _REFUSED: "REFUSED",
    6: "YXDOMAIN",
    9: "NOTAUTH",
    16: "BADVERS",
    23: "BADCOOKIE",
}
#: Extended errors (RFC 8914 4) which say that the signatures are wrong: Bogus, Signature Expired, Signature Not Yet
#: Valid, DNSKEY Missing, RRSIGs Missing, No Zone Key Bit Set, NSEC Missing; Signature Expired before Valid.
BOGUS_ERRORS = frozenset((6, 7, 8, 9, 10, 11, 12, 25))
#: Extended errors which say that the resolver does not tell the truth on purpose: Forged Answer, Blocked, Censored,
#: Filtered, Prohibited.  Whatever stands in such a response says nothing about the name.
WITHHELD_ERRORS = frozenset((4, 15, 16, 17, 18))


@dataclass(frozen=True, slots=True)
class WireOptions:
    """How a question is put, and how much of an answer is believed.

    payload: octets of a UDP response, 512 to 65,535; None sends no EDNS at all.
    dnssec_ok: ask for signatures (DO, RFC 3225).  The AD bit is asked for in any case (RFC 6840 5.7).
    trust_ad: the resolver validates and the way to it is safe, so that its AD bit counts (RFC 4035 4.9.3).
    """

    payload: int | None = PAYLOAD
    dnssec_ok: bool = False
    trust_ad: bool = False


class Fit(StrEnum):
    """How a message fits the question."""

    OURS = "ours"
    FOREIGN = "foreign"  # another id, another question, or no response: not from whom we asked
    TRUNCATED = "truncated"  # ask again by TCP (RFC 2181 9)
    NO_EDNS = "no-edns"  # ask again without EDNS (RFC 6891 7)


class Reading(NamedTuple):
    """What a message is; ``answer`` counts for itself only where ``fit`` is OURS."""

    fit: Fit
    answer: Answer


def query(question: Question, ident: int, options: WireOptions) -> bytes:
    """Return the query message; raises NameFault where the name does not fit into one."""
    if question.name:
        check_name(question.name)
    labels = (bytes((len(label),)) + label.encode("ascii") for label in question.name.split(".") if label)
    # RFC 1035 4.1.1: RD is set; RFC 6840 5.7: AD in a query asks for AD in the response.
    header = struct.pack("!6H", ident, 0x0100 | _AD, 1, 0, 0, int(options.payload is not None))
    body = b"".join(labels) + struct.pack("!BHH", 0, TYPE_NUMBERS[question.type], 1)
    if options.payload is None:
        return header + body
    # RFC 6891 6.1.2: root, type 41, payload, extended rcode and version 0, flags, no options.
    return header + body + struct.pack("!BHHIH", 0, 41, options.payload, 0x8000 if options.dnssec_ok else 0, 0)


#: Numbers of the types (IANA, "Resource Record (RR) TYPEs").
TYPE_NUMBERS = {
    RecordType.A: 1,
    RecordType.NS: 2,
    RecordType.CNAME: 5,
    RecordType.SOA: 6,
    RecordType.PTR: 12,
    RecordType.MX: 15,
    RecordType.TXT: 16,
    RecordType.AAAA: 28,
    RecordType.SRV: 33,
    RecordType.DS: 43,
    RecordType.DNSKEY: 48,
    RecordType.TLSA: 52,
    RecordType.CAA: 257,
}


def read(wire: bytes, question: Question, ident: int, options: WireOptions) -> Reading:
    """Return what ``wire`` is; raises nothing."""
    if len(wire) < HEADER:
        return Reading(Fit.FOREIGN, _malformed(question, f"{len(wire)} octets are no DNS message"))
    got, flags, *counts = struct.unpack_from("!6H", wire)
    # RFC 5452 9.1: MUST match the id and the question; what does not is dropped, and waiting goes on.
    if got != ident or not flags & _QR or flags & _OPCODE:
        return Reading(Fit.FOREIGN, _malformed(question, "the response belongs to another query"))
    if counts[0] == 0 and flags & 0xF not in {_NOERROR, _NXDOMAIN}:
        # Servers that fail early send the header alone.
        plain = flags & 0xF in {_FORMERR, _NOTIMP} and options.payload is not None
        return Reading(Fit.NO_EDNS if plain else Fit.OURS, _failed(question, flags & 0xF, ()))
    if sum(counts) > MOST_RECORDS:
        return Reading(Fit.OURS, _malformed(question, f"more than {MOST_RECORDS} records"))
    return _read_body(wire, question, flags, options)


def _read_body(wire: bytes, question: Question, flags: int, options: WireOptions) -> Reading:
    from dns.message import from_wire  # noqa: PLC0415 - slow to import, and only needed where real servers answer

    try:
        # A truncated response may end anywhere; only its question counts.
        message = from_wire(wire, question_only=bool(flags & _TC), keyring=False)
        if not _asks(message, question):
            return Reading(Fit.FOREIGN, _malformed(question, "the response answers another question"))
        if flags & _TC:
            return Reading(Fit.TRUNCATED, _malformed(question, "the response is truncated"))
        return _judge(message, question, options)
    except Exception as wrong:  # noqa: BLE001 - whatever a library makes of hostile octets, it is this server's fault
        return Reading(Fit.OURS, _malformed(question, f"{type(wrong).__name__}: {wrong}"[:LONGEST_ERROR_TEXT]))


def _asks(message: Message, question: Question) -> bool:
    """Tell whether the question section is the question and nothing else; its case does not count (RFC 4343)."""
    if len(message.question) != 1:
        return False
    asked = message.question[0]
    return (asked.rdclass, asked.rdtype, to_text(asked.name)) == (1, TYPE_NUMBERS[question.type], question.name)


def _judge(message: Message, question: Question, options: WireOptions) -> Reading:
    """Return the answer that a whole response gives."""
    rcode = int(message.rcode())
    errors = _extended_errors(message)
    if rcode in {_FORMERR, _NOTIMP} and message.opt is None and options.payload is not None:
        return Reading(Fit.NO_EDNS, _failed(question, rcode, errors))
    codes = {code for code, _ in errors}
    if codes & WITHHELD_ERRORS:
        return Reading(Fit.OURS, Answer(question, Kind.REFUSED, detail=_detail(errors)))
    if rcode not in {_NOERROR, _NXDOMAIN}:
        return Reading(Fit.OURS, _failed(question, rcode, errors))
    answer = _found(message, question, rcode)
    if errors:
        answer = answer._replace(detail="; ".join(filter(None, (answer.detail, _detail(errors)))))
    # RFC 4035 3.2.3: AD is set only where all of the answer is authentic.
    if options.trust_ad and message.flags & _AD and answer.tells:
        answer = answer._replace(dnssec=Dnssec.SECURE)
    return Reading(Fit.OURS, answer)


def _failed(question: Question, rcode: int, errors: tuple[tuple[int, str], ...]) -> Answer:
    """Return the answer of a response code that says that there is none."""
    if rcode != _SERVFAIL:
        name = _RCODES.get(rcode, f"RCODE {rcode}")
        said = tuple(filter(None, ("" if rcode == _REFUSED else name, _detail(errors))))
        return Answer(question, Kind.REFUSED, detail="; ".join(said))
    bogus = any(code in BOGUS_ERRORS for code, _ in errors)
    dnssec = Dnssec.BOGUS if bogus else Dnssec.UNKNOWN
    return Answer(question, Kind.SERVFAIL, dnssec=dnssec, detail=_detail(errors))


def _malformed(question: Question, why: str) -> Answer:
    return Answer(question, Kind.MALFORMED, detail=_clean(why))


def _found(message: Message, question: Question, rcode: int) -> Answer:
    """Return the records or the no of a response, its CNAMEs followed (RFC 1034 3.6.2)."""
    sets = {(to_text(rrset.name), int(rrset.rdtype)): rrset for rrset in message.answer if rrset.rdclass == 1}
    wanted = TYPE_NUMBERS[question.type]
    name, ttl = question.name, 0x7FFFFFFF
    aliases: list[str] = []
    while (name, wanted) not in sets and (name, 5) in sets:
        alias = sets[name, 5]
        target = to_text(alias[0].target)
        # RFC 1034 3.6.2, 5.2.2: loops and chains without end should be signalled as errors.
        if target == question.name or target in aliases or len(aliases) >= MOST_ALIASES:
            return _malformed(question, f"the CNAMEs of {question.name} loop or are too many")
        ttl = min(ttl, alias.ttl)
        aliases.append(target)
        name = target
    found = sets.get((name, wanted))
    if found is None:
        return _no(message, question, rcode, (name, aliases, ttl))
    if rcode == _NXDOMAIN:
        return _malformed(question, "NXDOMAIN with records of the name")
    return Answer(question, Kind.FOUND, tuple(map(FORMS[question.type], found)), tuple(aliases), min(ttl, found.ttl))


def _no(message: Message, question: Question, rcode: int, chain: tuple[str, list[str], int]) -> Answer:
    """Return NXDOMAIN, NODATA, or, where a server only points to others, a refusal; chain: last name, aliases, TTL."""
    name, aliases, ttl = chain
    soa = _soa_above(message, name)
    if rcode == _NXDOMAIN:
        # RFC 6604 2: the code is that of the last name of the chain.
        kind = Kind.NXDOMAIN
    elif soa is None and (any(rrset.rdtype == 2 for rrset in message.authority) or _is_cut(message, aliases)):
        # RFC 2308 2.2: NS records and no SOA are a referral, and no statement about the name.
        return Answer(question, Kind.REFUSED, detail="the server only refers to others, it does not resolve")
    else:
        kind = Kind.NODATA
    # RFC 2308 5: the TTL of a no is the minimum of the SOA's MINIMUM field and the SOA's own TTL; without SOA it SHOULD
    # NOT be cached.
    kept = 0 if soa is None else min(ttl, soa.ttl, soa[0].minimum)
    return Answer(question, kind, aliases=tuple(aliases), ttl=kept)


def _is_cut(message: Message, aliases: list[str]) -> bool:
    """Tell whether a server that does not recurse left the end of a chain open."""
    return bool(aliases) and not message.flags & _RA


def _soa_above(message: Message, name: str) -> RRset | None:
    """Return the SOA of the zone that ``name`` is in, from the authority section; None where there is none."""
    for rrset in message.authority:
        if rrset.rdtype == 6 and rrset.rdclass == 1 and len(rrset):
            zone = to_text(rrset.name)
            if not zone or name == zone or name.endswith("." + zone):
                return rrset
    return None


def _extended_errors(message: Message) -> tuple[tuple[int, str], ...]:
    """Return code and text of the extended errors of a response (RFC 8914 2)."""
    from dns.edns import EDEOption  # noqa: PLC0415 - see _read_body

    errors = [option for option in message.options if isinstance(option, EDEOption)]
    return tuple((int(error.code), _clean(error.text or "")) for error in errors[:MOST_ERRORS])


def _detail(errors: tuple[tuple[int, str], ...]) -> str:
    return "; ".join(f"EDE {code}" + (f" {text}" if text else "") for code, text in errors)


def _clean(text: str) -> str:
    """Return a text of a peer in one line of printable characters, cut to LONGEST_ERROR_TEXT."""
    return "".join(char if char.isprintable() else "?" for char in text[:LONGEST_ERROR_TEXT])
