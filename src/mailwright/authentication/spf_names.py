"""Names of SPF: which can be asked for, and what an answer says about addresses."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from mailwright.dns.answer import Answer, Kind
from mailwright.dns.names import LONGEST_LABEL, LONGEST_NAME, NameFault, to_question_name

#: Addresses in text form that stay read; 200 octets each.
REMEMBERED_ADDRESSES = 4_096

#: Names whose form stays known; 300 octets each.
REMEMBERED_NAMES = 4_096

#: Kinds that RFC 7208 4.6.4 calls void: RCODE 3, or RCODE 0 with no answer.
VOID = frozenset((Kind.NODATA, Kind.NXDOMAIN))


def is_askable(name: str) -> bool:
    r"""Tell whether DNS can be asked for ``name``, given without a dot at its end.

    Any printable character of ASCII may stand in it, since macros fill in what senders wrote; only "\" may not, which
    the presentation form of names gives a meaning (RFC 1035 5.1).
    """
    if not name or len(name) > LONGEST_NAME or not name.isascii() or not name.isprintable() or "\\" in name:
        return False
    # Short names are the rule, and have no long label.
    if len(name) <= LONGEST_LABEL:
        return name[0] != "." and ".." not in name and name[-1] != "."
    return all(0 < len(label) <= LONGEST_LABEL for label in name.split("."))


def is_domain(name: str) -> bool:
    """Tell whether a record can be looked for at ``name``.

    RFC 7208 4.3: not where it is malformed (a label of more than 63 characters, an empty one), an address literal, or
    no multi-label domain name.
    """
    return len(name) <= LONGEST_NAME and _is_domain(name)


@lru_cache(maxsize=REMEMBERED_NAMES)
def _is_domain(name: str) -> bool:
    return is_askable(name) and "." in name and name[0] != "["


def in_a_labels(domain: str) -> str:
    """Return ``domain`` in lower case, without a dot at its end; "" where it cannot be written in A-labels.

    RFC 7208 4.3: internationalized domain names MUST be encoded as A-labels.
    """
    if domain.isascii():
        return domain.removesuffix(".").lower()
    try:
        return to_question_name(domain)
    except NameFault:
        return ""


def holds(answer: Answer, number: int, version: int, prefix: int) -> bool:
    """Tell whether an address of ``answer`` agrees with the address ``number`` in its first ``prefix`` bits."""
    shift = (32 if version == 4 else 128) - prefix
    wanted = number >> shift
    for record in answer.records:
        if isinstance(record, str):
            found = address_number(record, version)
            if found is not None and found >> shift == wanted:
                return True
    return False


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def address_number(text: str, version: int) -> int | None:
    """Return the address ``text`` as a number; None where it is no address of ``version``."""
    try:
        return int(IPv4Address(text) if version == 4 else IPv6Address(text))
    except AddressValueError:
        return None
