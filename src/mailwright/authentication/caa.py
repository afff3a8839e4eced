"""CAA: which authorities may issue certificates for a name (RFC 8659, RFC 9495), as an Inquiry.

The records of the name itself count; where it has none, those of the nearest name above it that has some.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.dns.answer import Answer, Caa, Kind, Question, RecordType
from mailwright.dns.inquiry import Inquiry

#: Names that are asked for at the same time; most host names have three labels.
AT_ONCE = 4
#: Labels of a name that are climbed; a name of 253 octets could have 127.  Beyond it nothing is told.
MOST_LABELS = 32
#: Records of one set that are looked at.
MOST_RECORDS = 100
#: RFC 8659 4.1: bit 0, the most significant, of the flags: critical.
CRITICAL = 0x80

_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_WSP = " \t"


class CaaTag(StrEnum):
    """Properties that are known, by the kind of certificate that they are about."""

    ISSUE = "issue"  # TLS servers (RFC 8659 4.2)
    ISSUE_WILD = "issuewild"  # TLS servers, names with "*" (RFC 8659 4.3)
    ISSUE_MAIL = "issuemail"  # S/MIME (RFC 9495)
    ISSUE_VMC = "issuevmc"  # marks for BIMI
    IODEF = "iodef"  # where to report to (RFC 8659 4.4)
    CONTACT_EMAIL = "contactemail"  # for validation by mail (CA/Browser Forum)
    CONTACT_PHONE = "contactphone"  # the same by telephone


_TAGS = {tag.value: tag for tag in CaaTag}


class Issuer(NamedTuple):
    """The value of an issue property: ``name`` may issue; "" stands for nobody (RFC 8659 4.2)."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()


class CaaSet(NamedTuple):
    """The relevant record set of a name (RFC 8659 3).

    name: the name asked about.  found_at: where the records stand; "" where there are none up to the top.
    failed: the answer that did not tell, so that nobody knows what applies; None where all told.
    """

    name: str
    found_at: str = ""
    records: tuple[Caa, ...] = ()
    failed: Answer | None = None
    answers: tuple[Answer, ...] = ()


def look_up_caa(name: str) -> Inquiry[CaaSet]:
    """Return the relevant set of ``name`` (lower case, A-labels; "*." before it does not count)."""
    name = name.removeprefix("*.")
    labels = name.split(".")[-MOST_LABELS:] if name else []
    names = [name, *(".".join(labels[at:]) for at in range(1, len(labels)))] if name else []
    answers: tuple[Answer, ...] = ()
    for at in range(0, len(names), AT_ONCE):
        told = yield tuple(Question(one, RecordType.CAA) for one in names[at : at + AT_ONCE])
        answers += told
        for answer in told:
            # RFC 8659 3: climb from the name towards the top; the first non-empty set is the relevant one.
            if answer.kind is Kind.FOUND:
                records = tuple(record for record in answer.records if isinstance(record, Caa))
                return CaaSet(name, answer.question.name, records[:MOST_RECORDS], None, answers)
            # A name that did not tell may have the set that counts: nothing above it can be relied on.
            if not answer.tells:
                return CaaSet(name, failed=answer, answers=answers)
    return CaaSet(name, answers=answers)


class Permission(StrEnum):
    """Whether an authority may issue."""

    ALLOWED = "allowed"  # it is named
    UNRESTRICTED = "unrestricted"  # nothing restricts this kind of certificate
    DENIED = "denied"  # others are named, or nobody
    CRITICAL = "critical"  # a property that is critical and not known: nobody may issue
    UNKNOWN = "unknown"  # DNS did not tell


def may_issue(found: CaaSet, authority: str, tag: CaaTag = CaaTag.ISSUE) -> Permission:
    """Tell whether ``authority`` ("letsencrypt.org") may issue certificates of the kind that ``tag`` is about.

    For names with "*" ask with ISSUE_WILD, which falls back to ISSUE (RFC 8659 4.3).
    """
    if found.failed is not None:
        return Permission.UNKNOWN
    # RFC 8659 4.1: an authority MUST NOT issue if the set has a critical property that it does not understand.
    if any(record.flags & CRITICAL and record.tag.lower() not in _TAGS for record in found.records):
        return Permission.CRITICAL
    values = issuers(found, tag)
    # RFC 8659 4.3: issuewild takes precedence for wildcards; without any, issue counts.
    if not values and tag is CaaTag.ISSUE_WILD:
        values = issuers(found, CaaTag.ISSUE)
    # RFC 8659 4.2, RFC 9495 4: a set without a property of the kind restricts nothing of that kind.
    if not values:
        return Permission.UNRESTRICTED
    named = any(issuer is not None and issuer.name == authority.lower() for issuer in values)
    return Permission.ALLOWED if named and authority else Permission.DENIED


def issuers(found: CaaSet, tag: CaaTag) -> tuple[Issuer | None, ...]:
    """Return the values of one property, in order; None for a malformed one, which allows nobody (RFC 8659 4.2)."""
    return tuple(parse_issuer(record.value) for record in found.records if record.tag.lower() == tag)


def parse_issuer(value: str) -> Issuer | None:
    """Return the issuer that a value names (RFC 8659 4.2: issue-value); None where it is malformed."""
    name, _, rest = value.partition(";")
    name = name.strip(_WSP).lower()
    if name and not _is_domain(name):
        return None
    parameters: list[tuple[str, str]] = []
    for part in rest.split(";") if rest.strip(_WSP) else []:
        tag, equals, said = part.strip(_WSP).partition("=")
        tag, said = tag.rstrip(_WSP), said.lstrip(_WSP)
        if not equals or not _is_label(tag.lower()) or any(not "!" <= char <= "~" for char in said):
            return None
        parameters.append((tag.lower(), said))
    return Issuer(name, tuple(parameters))


def _is_domain(name: str) -> bool:
    """RFC 8659 4.2: issuer-domain-name = label *("." label)."""
    return all(map(_is_label, name.split(".")))


def _is_label(label: str) -> bool:
    """RFC 8659 4.2: label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT))."""
    return bool(label) and label[-1] != "-" and label[0] != "-" and _ALPHANUMERIC.issuperset(label.replace("-", ""))
