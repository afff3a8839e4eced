"""Question and Answer: what is asked of DNS, and what came of it.  Plain values.

An Answer is what became of a question, whatever that was: a name server that stays silent is an answer too
(``Kind.TIMEOUT``).  Nothing here is ever raised, and no kind is ever turned into another: a time-out read as "there
is no such record" is how good mail gets lost.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class RecordType(StrEnum):
    """The types that are asked for (RFC 1035 3.2.2 and later)."""

    A = "A"
    AAAA = "AAAA"
    CAA = "CAA"
    CNAME = "CNAME"
    DNSKEY = "DNSKEY"
    DS = "DS"
    MX = "MX"
    NS = "NS"
    PTR = "PTR"
    SOA = "SOA"
    SRV = "SRV"
    TLSA = "TLSA"
    TXT = "TXT"


class Kind(StrEnum):
    """What became of a question."""

    FOUND = "found"  # at least one record of the type
    NODATA = "nodata"  # the name exists, without a record of this type (RFC 2308 2.2)
    NXDOMAIN = "nxdomain"  # the name does not exist (RFC 2308 2.1, RFC 8020)
    SERVFAIL = "servfail"  # the resolver tried and failed
    REFUSED = "refused"  # the resolver will not answer us (also NOTIMP, NOTAUTH and other codes)
    TIMEOUT = "timeout"  # nothing came in time
    UNREACHABLE = "unreachable"  # the network said that the resolver cannot be reached
    MALFORMED = "malformed"  # what came is no answer to this question, or the name cannot be asked for


#: Kinds that say something about the name; all others say that nothing is known.
TELLING = frozenset((Kind.FOUND, Kind.NODATA, Kind.NXDOMAIN))


class Dnssec(StrEnum):
    """What is known of an answer's signatures (RFC 4035 4.3)."""

    SECURE = "secure"  # validated by a resolver that is trusted to do so (AD bit)
    INSECURE = "insecure"  # proven to be unsigned
    BOGUS = "bogus"  # signed, and wrong
    UNKNOWN = "unknown"  # nobody validated


class Question(NamedTuple):
    """A name and a type.

    name: lower case, A-labels, without the dot at the end; "" is the root.
    """

    name: str
    type: RecordType


class Mx(NamedTuple):
    """An MX record (RFC 1035 3.3.9); exchange "" is the null MX's root (RFC 7505)."""

    preference: int
    exchange: str


class Srv(NamedTuple):
    """A SRV record (RFC 2782); target "" means that the service is not there."""

    priority: int
    weight: int
    port: int
    target: str


class Soa(NamedTuple):
    """A SOA record (RFC 1035 3.3.13); times in seconds."""

    primary: str
    mailbox: str
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int


class Tlsa(NamedTuple):
    """A TLSA record (RFC 6698 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Caa(NamedTuple):
    """A CAA record (RFC 8659 4.1)."""

    flags: int
    tag: str
    value: str


class Txt(NamedTuple):
    """A TXT record: its character strings, each of at most 255 octets."""

    strings: tuple[bytes, ...]

    @property
    def joined(self) -> bytes:
        """The strings as one, without anything between (RFC 7208 3.3, RFC 6376 3.6.2.2)."""
        return self.strings[0] if len(self.strings) == 1 else b"".join(self.strings)


class Raw(NamedTuple):
    """A record of a type that is only looked at as text (DS, DNSKEY): its presentation form."""

    text: str


#: A, AAAA: the IP address as text; CNAME, NS, PTR: a name in the form of Question.name.
Record = str | Mx | Srv | Soa | Tlsa | Caa | Txt | Raw


class Answer(NamedTuple):
    """What became of a question.

    records: of the type asked for, in the order of the answer; empty unless ``kind`` is FOUND.
    aliases: the names that CNAMEs led through, in order, the last being where the records stand; empty without.
    ttl: seconds that the answer may be kept, of a no by RFC 2308 5; 0 where nothing is known.
    dnssec: what the resolver said of signatures.
    server: the resolver that answered, "192.0.2.53" or "192.0.2.53:5353"; None where none did.
    stale: True where it is older than its TTL and all resolvers were down (RFC 8767).
    detail: what else was said, for people: an extended error (RFC 8914), why it is malformed; "" for nothing.
    """

    question: Question
    kind: Kind
    records: tuple[Record, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int = 0
    dnssec: Dnssec = Dnssec.UNKNOWN
    server: str | None = None
    stale: bool = False
    detail: str = ""

    @property
    def tells(self) -> bool:
        """True where something is known about the name; False where only the looking up failed."""
        return self.kind in TELLING

    @property
    def evidence(self) -> str:
        """The answer in one line, verbatim as far as a line can be: "MX example.test: NXDOMAIN (192.0.2.53)"."""
        said = ", ".join(map(_shown, self.records)) if self.records else self.kind.value.upper()
        where = f" ({self.server})" if self.server else ""
        detail = f": {self.detail}" if self.detail else ""
        stale = " [stale]" if self.stale else ""
        return f"{self.question.type} {self.question.name}: {said}{stale}{where}{detail}"


def _shown(record: Record) -> str:
    """Return a record in presentation form, well enough for a person."""
    if isinstance(record, str):
        return record
    if isinstance(record, Txt):
        return " ".join(f'"{string.decode("ascii", "backslashreplace")}"' for string in record.strings)
    if isinstance(record, Mx):
        return f"{record.preference} {record.exchange or '.'}"
    return " ".join(part.hex() if isinstance(part, bytes) else str(part) for part in record)
