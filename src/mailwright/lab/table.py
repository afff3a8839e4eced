"""Table: DNS as a plain table, from which ``lab.resolver`` and ``lab.nameserver`` answer.

It reads like a truth table: a name, and its records in presentation form, or what is wrong with it:

    {
        "example.test": ["MX 10 mx.example.test", "TXT v=spf1 mx -all"],
        "mx.example.test": ["A 192.0.2.1", "AAAA TIMEOUT"],
        "www.example.test": ["CNAME example.test"],
        "slow.example.test": Kind.TIMEOUT,
        "lame.example.test": ["MX SERVFAIL", "EDE 22 No Reachable Authority"],
        "odd.example.test": [Behaviour.GARBAGE],
    }

A name that is not in the table does not exist; one that only has names below it has no records (RFC 8020).
Lines are ``TYPE VALUE`` or ``TYPE KIND``, the kind in capitals; and, for all of a name:
``TTL SECONDS``, ``DNSSEC secure|insecure|bogus|unknown`` and ``EDE CODE TEXT``.
A TXT value may be quoted strings, or unquoted text, which is cut into strings of 255 octets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from mailwright.dns.answer import (
    Answer,
    Caa,
    Dnssec,
    Kind,
    Mx,
    Question,
    Raw,
    Record,
    RecordType,
    Soa,
    Srv,
    Tlsa,
    Txt,
)
from mailwright.dns.wire import BOGUS_ERRORS, WITHHELD_ERRORS

#: Seconds that answers may be kept unless a line says otherwise; of a no, too.
TTL = 300
#: CNAMEs that are followed.
MOST_ALIASES = 16


class Behaviour(StrEnum):
    """How a name server misbehaves on the wire; a resolver of a table shows what would come of it."""

    TRUNCATED = "truncated"  # the whole answer comes by TCP only
    GARBAGE = "garbage"  # octets that are no message follow the header
    WRONG_ID = "wrong-id"  # the response carries another id
    WRONG_QUESTION = "wrong-question"  # the response is to another question
    LOOP = "loop"  # the response is a CNAME that leads to itself
    NO_EDNS = "no-edns"  # FORMERR to whatever has an OPT record


#: What a resolver makes of each; the others are overcome by asking again.
_COMES_TO = {
    Behaviour.GARBAGE: Kind.MALFORMED,
    Behaviour.WRONG_ID: Kind.MALFORMED,
    Behaviour.WRONG_QUESTION: Kind.MALFORMED,
    Behaviour.LOOP: Kind.MALFORMED,
}

#: What stands beside a name: a kind for all types, or lines.
Entry = Kind | Behaviour | Sequence["str | Behaviour"]


@dataclass(slots=True)
class Name:
    """What a table says of one name."""

    records: dict[RecordType, list[Record]] = field(default_factory=dict)
    kinds: dict[RecordType, Kind] = field(default_factory=dict)
    kind: Kind | None = None
    behaviour: Behaviour | None = None
    ttl: int = TTL
    dnssec: Dnssec = Dnssec.UNKNOWN
    errors: list[tuple[int, str]] = field(default_factory=list)


class Table:
    """A parsed table.  ``answer`` is what a faultless resolver makes of it."""

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        """Read ``entries``; raises ValueError with name and line where one cannot be read."""
        self._names: dict[str, Name] = {}
        for name, entry in (entries or {}).items():
            self[name] = entry

    def __setitem__(self, name: str, entry: Entry) -> None:
        """Replace what is said of a name."""
        self._names[name.lower().removesuffix(".")] = _read_entry(name, entry)

    def __delitem__(self, name: str) -> None:
        """Let a name not exist; raises KeyError where it did not before."""
        del self._names[name]

    def find(self, name: str) -> Name | None:
        """Return what is said of a name; an empty Name where only names below it exist; None where it does not."""
        found = self._names.get(name)
        if found is None and any(other.endswith("." + name) for other in self._names):
            return Name()
        return found

    def answer(self, question: Question) -> Answer:
        """Return what became of a question, CNAMEs followed."""
        aliases: list[str] = []
        name = question.name
        while True:
            entry = self.find(name)
            if entry is None:
                return Answer(question, Kind.NXDOMAIN, aliases=tuple(aliases), ttl=TTL)
            alias = entry.records.get(RecordType.CNAME)
            if alias is None or question.type is RecordType.CNAME or entry.kind or question.type in entry.kinds:
                return _ending(question, entry, tuple(aliases))
            name = str(alias[0])
            if name in aliases or name == question.name or len(aliases) >= MOST_ALIASES:
                return Answer(question, Kind.MALFORMED, detail="CNAME loop")
            aliases.append(name)


def _ending(question: Question, entry: Name, aliases: tuple[str, ...]) -> Answer:
    """Return the answer of the last name of a chain."""
    codes = {code for code, _ in entry.errors}
    comes_to = None if entry.behaviour is None else _COMES_TO.get(entry.behaviour)
    kind = comes_to or entry.kind or entry.kinds.get(question.type)
    if codes & WITHHELD_ERRORS:
        kind = Kind.REFUSED
    elif kind is None and entry.dnssec is Dnssec.BOGUS:
        kind = Kind.SERVFAIL
    detail = "; ".join(f"EDE {code} {text}".rstrip() for code, text in entry.errors)
    if kind in {Kind.NXDOMAIN, Kind.NODATA}:
        return Answer(question, kind, (), aliases, entry.ttl, entry.dnssec, detail=detail)
    if kind is not None:
        bogus = kind is Kind.SERVFAIL and codes & BOGUS_ERRORS
        return Answer(question, kind, dnssec=Dnssec.BOGUS if bogus else Dnssec.UNKNOWN, detail=detail)
    records = tuple(entry.records.get(question.type, ()))
    kind = Kind.FOUND if records else Kind.NODATA
    return Answer(question, kind, records, aliases, entry.ttl, entry.dnssec, detail=detail)


def _read_entry(name: str, entry: Entry) -> Name:
    if isinstance(entry, Kind):
        return Name(kind=entry)
    if isinstance(entry, Behaviour):
        return Name(behaviour=entry)
    read = Name()
    for line in entry:
        try:
            _read_line(read, line)
        except (ValueError, KeyError, IndexError, TypeError) as wrong:
            raise ValueError(f"{name}: {line!r}: {wrong}") from wrong
    if read.dnssec is Dnssec.BOGUS and not read.errors:
        read.errors.append((6, ""))
    return read


def _read_line(name: Name, line: str | Behaviour) -> None:
    if isinstance(line, Behaviour):
        name.behaviour = line
        return
    word, _, value = line.partition(" ")
    value = value.strip()
    match word:
        case "TTL":
            name.ttl = int(value)
        case "DNSSEC":
            name.dnssec = Dnssec(value)
        case "EDE":
            code, _, text = value.partition(" ")
            name.errors.append((int(code), text))
        case _ if value.lower() in set(Kind) and value.isupper():
            name.kinds[RecordType(word)] = Kind(value.lower())
        case _:
            name.records.setdefault(RecordType(word), []).append(_READERS[RecordType(word)](value))


def _name(text: str) -> str:
    return text.lower().removesuffix(".")


def _mx(text: str) -> Record:
    preference, exchange = text.split()
    return Mx(int(preference), _name(exchange))


def _srv(text: str) -> Record:
    priority, weight, port, target = text.split()
    return Srv(int(priority), int(weight), int(port), _name(target))


def _soa(text: str) -> Record:
    primary, mailbox, *times = text.split()
    serial, refresh, retry, expire, minimum = map(int, times)
    return Soa(_name(primary), _name(mailbox), serial, refresh, retry, expire, minimum)


def _tlsa(text: str) -> Record:
    usage, selector, matching, data = text.split(maxsplit=3)
    return Tlsa(int(usage), int(selector), int(matching), bytes.fromhex(data))


def _caa(text: str) -> Record:
    flags, tag, value = text.split(maxsplit=2)
    return Caa(int(flags), tag.lower(), value.strip('"'))


def _txt(text: str) -> Record:
    if text.startswith('"'):
        return Txt(tuple(string.encode() for string in text[1:-1].split('" "')))
    raw = text.encode()
    return Txt(tuple(raw[at : at + 255] for at in range(0, max(1, len(raw)), 255)))


_READERS: Mapping[RecordType, Callable[[str], Record]] = {
    RecordType.A: lambda text: str(IPv4Address(text)),
    RecordType.AAAA: lambda text: str(IPv6Address(text)),
    RecordType.CAA: _caa,
    RecordType.CNAME: _name,
    RecordType.DNSKEY: Raw,
    RecordType.DS: Raw,
    RecordType.MX: _mx,
    RecordType.NS: _name,
    RecordType.PTR: _name,
    RecordType.SOA: _soa,
    RecordType.SRV: _srv,
    RecordType.TLSA: _tlsa,
    RecordType.TXT: _txt,
}
