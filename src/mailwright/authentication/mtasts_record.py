"""The TXT record that says "there is a policy, and this is its version" (RFC 8461 3.1): "v=STSv1; id=20261103T0900Z".

It looks like a DKIM tag list and is none: no space may stand around "=", names may begin with a digit and hold dots
and hyphens, and of a field that stands twice the first one counts.  So it has a reader of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from mailwright.dns.answer import Record, Txt

#: Where the record of a domain stands (RFC 8461 3.1).
LABEL = "_mta-sts"
#: Characters of an id (RFC 8461 3.1: 1*32(ALPHA / DIGIT)).
LONGEST_ID = 32
#: Characters of the name of a field that is not known (RFC 8461 3.1: one and up to 31 more).
LONGEST_FIELD_NAME = 32
#: Octets of a record that is read; a DNS answer ends at 65,535 (RFC 1035 4.2.2), real records have under 100.
LONGEST_RECORD = 4_096

_VERSION = "v=STSv1"
_WSP = " \t"
_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_NAME = _ALPHANUMERIC | frozenset("_-.")
#: RFC 8461 3.1: %x21-3A / %x3C / %x3E-7E, that is, printable ASCII without space, ";" and "=".
_VALUE = frozenset(map(chr, range(0x21, 0x7F))) - frozenset(";=")


class RecordTrouble(StrEnum):
    """What is wrong with a record, or with the set of them."""

    LONG = "long"  # more octets than the limit
    CHARACTER = "character"  # an octet that is not ASCII
    VERSION = "version"  # it does not begin with v=STSv1
    FIELD = "field"  # a field that is no name=value of the grammar
    ID_MISSING = "id-missing"  # no id
    ID = "id"  # an id that is empty, too long, or not of letters and digits
    SEVERAL = "several"  # more than one record of this version


class RecordFault(ValueError):
    """A text is no MTA-STS record.

    why: what is wrong.  part: the field that is wrong, cut; "" where it is the whole.
    """

    def __init__(self, why: RecordTrouble, part: str = "") -> None:
        """Keep both."""
        self.why = why
        self.part = part[:LONGEST_FIELD_NAME]
        super().__init__(f"{why}: {self.part!r}" if part else str(why))


class StsRecord(NamedTuple):
    """A record as read.

    id: changes whenever the policy does; only equality counts.
    extensions: fields that RFC 8461 does not know, in order.
    """

    id: str
    extensions: tuple[tuple[str, str], ...] = ()


def parse_record(text: bytes) -> StsRecord:
    """Return the record that ``text`` is, the strings of the TXT record joined; raises RecordFault."""
    if len(text) > LONGEST_RECORD:
        raise RecordFault(RecordTrouble.LONG)
    try:
        plain = text.decode("ascii")
    except UnicodeDecodeError:
        raise RecordFault(RecordTrouble.CHARACTER) from None
    version, *fields = plain.split(";")
    # RFC 8461 3.1: the record MUST begin with the version; the order of other fields does not count.
    if version.rstrip(_WSP) != _VERSION:
        raise RecordFault(RecordTrouble.VERSION)
    if fields and not fields[-1].strip(_WSP):
        fields.pop()
    return _record_of([_field_of(field.strip(_WSP)) for field in fields])


def _field_of(field: str) -> tuple[str, str]:
    """Return name and value of one field."""
    name, equals, value = field.partition("=")
    if name == "id" and equals:
        if not is_id(value):
            raise RecordFault(RecordTrouble.ID, value)
        return name, value
    named = 0 < len(name) <= LONGEST_FIELD_NAME and name[0] in _ALPHANUMERIC and _NAME.issuperset(name)
    if not named or not value or not _VALUE.issuperset(value):
        raise RecordFault(RecordTrouble.FIELD, field)
    return name, value


def _record_of(fields: list[tuple[str, str]]) -> StsRecord:
    """Return the record with these fields."""
    # RFC 8461 3.2: of a field that is duplicated all entries but the first SHALL be ignored.
    first = dict(reversed(fields))
    if "id" not in first:
        raise RecordFault(RecordTrouble.ID_MISSING)
    # RFC 8461 3.2: unknown fields SHALL be ignored; they are kept for whoever looks at the record.
    known = dict.fromkeys(name for name, _ in fields if name != "id")
    return StsRecord(first["id"], tuple((name, first[name]) for name in known))


def is_id(text: str) -> bool:
    """Tell whether ``text`` can be an id: 1 to 32 letters and digits (RFC 8461 3.1)."""
    return 0 < len(text) <= LONGEST_ID and _ALPHANUMERIC.issuperset(text)


def select_record(records: Iterable[Record]) -> StsRecord | None:
    """Return the one record among the TXT records of ``_mta-sts.DOMAIN``; None where there is none of this version.

    Raises RecordFault where there are several of this version, or the one is malformed: then there is no policy.
    """
    # RFC 8461 3.1: records that do not begin with "v=STSv1;" are discarded.
    ours = [record.joined for record in records if isinstance(record, Txt) and _is_ours(record.joined)]
    # RFC 8461 3.1: if the number of resulting records is not one, senders MUST assume that there is no policy.
    if len(ours) > 1:
        raise RecordFault(RecordTrouble.SEVERAL)
    return parse_record(ours[0]) if ours else None


def _is_ours(text: bytes) -> bool:
    """Tell whether the record names this version, also where the semicolon after it is missing or stands apart."""
    head, _, _ = text[:LONGEST_RECORD].partition(b";")
    return head.rstrip(b" \t") == _VERSION.encode()


def write_record(policy_id: str) -> str:
    """Return the record with this id; raises RecordFault where it is none."""
    if not is_id(policy_id):
        raise RecordFault(RecordTrouble.ID, policy_id)
    return f"{_VERSION}; id={policy_id}"
