"""Reverse: the names of an IP address, and whether they lead back to it (RFC 8601 3, "iprev"; RFC 7208 4.6.4, 5.5)."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from mailwright.dns.answer import TELLING, Answer, Kind, Question, RecordType
from mailwright.dns.inquiry import Inquiry
from mailwright.dns.names import IpAddress, NameFault, check_name, plain_ip, reverse_name

#: PTR names that are looked at; further ones are ignored (RFC 7208 4.6.4).
MOST_NAMES = 10


class ReverseVerdict(StrEnum):
    """What the reverse names of an address come to."""

    CONFIRMED = "confirmed"  # at least one name leads back to the address
    UNCONFIRMED = "unconfirmed"  # there are names, and none of them does
    NO_NAME = "no-name"  # there is no PTR record
    UNKNOWN = "unknown"  # a look-up failed, so that nobody can tell


class Generic(StrEnum):
    """What makes a name look like one that a network gives to all its addresses."""

    IP_IN_NAME = "ip-in-name"
    WORD_IN_NAME = "word-in-name"


class ReverseName(NamedTuple):
    """A name from a PTR record.

    kind: what came of asking for its address, of the IP version at hand; MALFORMED where it cannot be asked for.
    confirmed: the address is among them.
    generic: why it looks generic; None where it does not.
    """

    name: str
    kind: Kind
    confirmed: bool
    generic: Generic | None


class Reverse(NamedTuple):
    """The names of an IP address.

    ip: without zone index, IPv4 where it was mapped into IPv6.
    kind: what came of asking for the PTR record.
    names: at most MOST_NAMES, in the order of the answer.  ignored: how many more there are.
    answers: everything that DNS said, the PTR answer first.
    """

    ip: IpAddress
    verdict: ReverseVerdict
    kind: Kind
    names: tuple[ReverseName, ...] = ()
    ignored: int = 0
    answers: tuple[Answer, ...] = ()


def reverse(ip: IpAddress) -> Inquiry[Reverse]:
    """Return the names of ``ip``, each confirmed or not by its own address records."""
    ip = plain_ip(ip)
    (answer,) = yield (Question(reverse_name(ip), RecordType.PTR),)
    found = tuple(record for record in dict.fromkeys(answer.records) if isinstance(record, str))
    # RFC 7208 4.6.4: of more than ten PTR names all but the first ten MUST be ignored.
    names = found[:MOST_NAMES]
    kind = RecordType.A if ip.version == 4 else RecordType.AAAA
    questions = tuple(Question(name, kind) for name in names if _can_be_asked(name))
    answers: tuple[Answer, ...] = ()
    if questions:
        answers = yield questions
    told = dict(zip((question.name for question in questions), answers, strict=True))
    results = tuple(_confirm(ip, name, told.get(name)) for name in names)
    return Reverse(
        ip, _verdict(answer.kind, results), answer.kind, results, len(found) - len(names), (answer, *answers)
    )


def _can_be_asked(name: str) -> bool:
    try:
        check_name(name)
    except NameFault:
        return False
    return True


def _confirm(ip: IpAddress, name: str, answer: Answer | None) -> ReverseName:
    if answer is None:
        return ReverseName(name, Kind.MALFORMED, confirmed=False, generic=None)
    confirmed = any(plain_ip(ip_address(record)) == ip for record in answer.records if isinstance(record, str))
    return ReverseName(name, answer.kind, confirmed, generic_sign(name, ip))


def _verdict(kind: Kind, names: tuple[ReverseName, ...]) -> ReverseVerdict:
    if any(name.confirmed for name in names):
        return ReverseVerdict.CONFIRMED
    # A failed look-up may hide the name that confirms: RFC 8601 2.7.3, "temperror".
    if kind not in TELLING or any(name.kind not in TELLING and name.kind is not Kind.MALFORMED for name in names):
        return ReverseVerdict.UNKNOWN
    return ReverseVerdict.UNCONFIRMED if names else ReverseVerdict.NO_NAME


#: Words in names that networks give to their customers' lines; from published lists of patterns of receivers.
GENERIC_WORDS = frozenset(
    "adsl broadband cable client cpe customer dhcp dialin dialup dip dsl dyn dynamic dynip ftth pool pools ppp"
    " pppoe residential static user vdsl vpn wlan xdsl".split()
)
#: Labels at the end of a name that belong to its owner and not to the host: "cable.example" may be a company.
OWNER_LABELS = 2


def generic_sign(name: str, ip: IpAddress) -> Generic | None:
    """Return why ``name`` looks like one of thousands made from a pattern; None where it does not.

    Only what stands before the owner's domain is looked at.
    """
    host = ".".join(name.lower().split(".")[:-OWNER_LABELS])
    parts = _parts(host)
    if _has_ip(host, parts, ip):
        return Generic.IP_IN_NAME
    # "dsl-12", "pool3": what a word is numbered with does not count.
    if any(part.strip("0123456789") in GENERIC_WORDS for part in parts):
        return Generic.WORD_IN_NAME
    return None


def _parts(host: str) -> list[str]:
    """Return the runs of letters and digits."""
    return "".join(char if char.isalnum() else " " for char in host).split()


def _has_ip(host: str, parts: list[str], ip: IpAddress) -> bool:
    """Tell whether the address stands in a name: forwards or backwards, in parts, joined, or in hexadecimal."""
    if not isinstance(ip, IPv4Address):
        groups = [f"{int(group, 16):x}" for group in ip.exploded.split(":")]
        # The host's half: the network's half alone may stand in the names of well-kept hosts, too.
        return ip.exploded.replace(":", "") in host or _has_run(parts, groups[4:]) or _has_run(parts, groups[-2::-1])
    octets = str(ip).split(".")
    padded = "".join(f"{int(octet):03}" for octet in octets)
    if padded in host or f"{int(ip):08x}" in host:
        return True
    numbers = [part.lstrip("0") or "0" if part.isdigit() else part for part in parts]
    # Three of four do: the first often stands in the domain, or the order is turned around.
    runs = (octets[1:], octets[:3], octets[::-1][1:], octets[::-1][:3])
    return any(_has_run(_numbered(numbers), run) for run in runs)


def _numbered(parts: list[str]) -> list[str]:
    """Return parts without the letters around their numbers: "ip192" is "192"."""
    return [part.strip("abcdefghijklmnopqrstuvwxyz") or part for part in parts]


def _has_run(parts: list[str], run: list[str]) -> bool:
    """Tell whether ``run`` stands in ``parts``, in this order and side by side."""
    return any(parts[at : at + len(run)] == run for at in range(len(parts) - len(run) + 1))
