"""The name that a client gives in HELO or EHLO: what can be held against it (RFC 5321 4.1.1.1, 4.1.4).

Receivers differ in what they demand; each point is told apart, and nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.inquiry import Inquiry
from mailwright.dns.names import IpAddress, NameFault, is_ip_text, plain_ip, to_question_name
from mailwright.dns.reverse import Reverse, ReverseVerdict
from mailwright.mail.address import Address, AddressFault, is_host_name


class HeloForm(StrEnum):
    """What kind of thing the name is."""

    NAME = "name"  # a fully qualified host name
    LITERAL = "literal"  # an address literal, [192.0.2.1]
    BARE_IP = "bare-ip"  # an IP address without brackets, which is neither
    UNQUALIFIED = "unqualified"  # a name without a domain: "localhost", "mail"
    LOCAL = "local"  # a name of a network that is not the Internet: "pc.local", "mx.lan"
    MALFORMED = "malformed"  # no host name at all


class HeloAddress(StrEnum):
    """What the name, or the literal, has to do with the client's IP address."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"  # the name has no address, or does not exist
    UNKNOWN = "unknown"  # DNS did not tell
    NOT_ASKED = "not-asked"  # nothing that has an address


class HeloCheck(NamedTuple):
    """What there is to say about the name.

    name: in the form of Question.name where it is one, else as given.
    address: whether it belongs to the client.
    is_reverse_name: whether it is one of the names that the client's IP address has in DNS; None where nobody can tell.
    is_receiver: it is the receiver's own name or address, which only an impostor says.
    answers: everything that DNS said.
    """

    name: str
    form: HeloForm
    address: HeloAddress
    is_reverse_name: bool | None
    is_receiver: bool
    answers: tuple[Answer, ...] = ()

    @property
    def obeys(self) -> bool:
        """True where it is what RFC 5321 4.1.1.1 asks for: a name that has an address, or the client's own literal."""
        if self.form is HeloForm.LITERAL:
            return self.address is HeloAddress.SAME
        return self.form is HeloForm.NAME and self.address in {HeloAddress.SAME, HeloAddress.OTHER}


#: Top-level names that no host on the Internet has (RFC 6761, RFC 6762, RFC 8375, and what routers hand out).
_LOCAL_ENDS = frozenset("corp domain home internal intranet invalid lan local localdomain localhost private".split())
#: Characters of a name that are looked at (RFC 5321 4.5.3.1.2).
LONGEST_HELO = 255


def check_helo(
    name: str, client: IpAddress, own: Collection[str] = (), reverse: Reverse | None = None
) -> Inquiry[HeloCheck]:
    """Return what there is to say about ``name``, given by a client at ``client``.

    own: names (in the form of Question.name) and IP addresses (as text) of the receiver.
    reverse: the names of the client's address, from ``dns.reverse``; None where they were not asked for.
    """
    client = plain_ip(client)
    form, question_name, literal = _read(name)
    is_receiver = question_name in own or (literal is not None and str(literal) in own)
    check = HeloCheck(question_name or name[:LONGEST_HELO], form, HeloAddress.NOT_ASKED, None, is_receiver)
    if literal is not None:
        return check._replace(address=HeloAddress.SAME if literal == client else HeloAddress.OTHER)
    if form is not HeloForm.NAME:
        return check
    answers = yield Question(question_name, RecordType.A), Question(question_name, RecordType.AAAA)
    return check._replace(
        address=_belongs(answers, client), is_reverse_name=_is_reverse_name(question_name, reverse), answers=answers
    )


def _read(name: str) -> tuple[HeloForm, str, IpAddress | None]:
    """Return the form of a name, the name to ask for ("" for none), and the address that it is (None for none)."""
    if name.startswith("["):
        literal = _literal(name)
        return HeloForm.MALFORMED if literal is None else HeloForm.LITERAL, "", literal
    bare = _bare_ip(name)
    if bare is not None or is_ip_text(name):
        return HeloForm.BARE_IP, "", bare
    if not name or len(name) > LONGEST_HELO or not is_host_name(name.removesuffix(".")):
        return HeloForm.MALFORMED, "", None
    try:
        asked = to_question_name(name)
    except NameFault:
        return HeloForm.MALFORMED, "", None
    last = asked.rpartition(".")[2]
    # RFC 5321 2.3.5: only resolvable, fully qualified domain names are permitted; a top-level domain is no host.
    if "." not in asked:
        return HeloForm.UNQUALIFIED, asked, None
    return HeloForm.LOCAL if last in _LOCAL_ENDS or last.isdigit() else HeloForm.NAME, asked, None


def _literal(name: str) -> IpAddress | None:
    """Return the address of a literal (RFC 5321 4.1.3)."""
    try:
        host = Address.parse(f"x@{name}").host
    except AddressFault:
        return None
    return None if host is None else plain_ip(host)


def _bare_ip(name: str) -> IpAddress | None:
    """Return the IP address that a name is, without brackets; None where it is none."""
    if len(name) > LONGEST_HELO or "%" in name:
        return None
    try:
        found: IPv4Address | IPv6Address = ip_address(name)
    except ValueError:
        return None
    return plain_ip(found)


def _belongs(answers: tuple[Answer, ...], client: IpAddress) -> HeloAddress:
    """Return what the addresses of a name have to do with the client."""
    found = [record for answer in answers for record in answer.records if isinstance(record, str)]
    if any(plain_ip(ip_address(record)) == client for record in found):
        return HeloAddress.SAME
    # The family that did not tell may be the client's.
    family = RecordType.A if client.version == 4 else RecordType.AAAA
    if any(not answer.tells for answer in answers if answer.question.type is family or not found):
        return HeloAddress.UNKNOWN
    return HeloAddress.OTHER if any(answer.kind is Kind.FOUND for answer in answers) else HeloAddress.NONE


def _is_reverse_name(name: str, reverse: Reverse | None) -> bool | None:
    """Tell whether the name is one of the client's reverse names."""
    if reverse is None:
        return None
    if any(found.name == name for found in reverse.names):
        return True
    return None if reverse.verdict is ReverseVerdict.UNKNOWN and not reverse.names else False
