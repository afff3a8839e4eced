"""The DMARC policy record, read and written (RFC 9989 4.7, 4.8); records written for RFC 7489 are understood.

A record is read as RFC 9989 4.8 wants it: what breaks the syntax is left out in favour of the default, and the rest
counts.  Only four things make a text no record at all (``DmarcFault``).  What was left out, and what is allowed but
will surprise somebody, comes with the record as remarks, faults and notes told apart.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from mailwright.authentication.dmarc_policy import (
    DmarcRecord,
    FailureOption,
    Mode,
    Policy,
    Psd,
    Remark,
    RemarkKind,
)
from mailwright.authentication.report_uri import MOST_URIS, ReportUri, parse_uri_list
from mailwright.authentication.tags import LONGEST_LIST, MOST_TAGS, is_tag_name, join_tags

Value = TypeVar("Value", bound=StrEnum)

#: Characters of a value that a remark shows.
LONGEST_SHOWN = 200
_SPACE = " \t"


class DmarcTrouble(StrEnum):
    """Why a text is no DMARC record."""

    VERSION = "version"  # it does not begin with v=DMARC1: another record, not a broken one
    LONG = "long"  # more characters than tags.LONGEST_LIST
    MANY = "many"  # more tags than tags.MOST_TAGS
    DUPLICATE = "duplicate"  # a tag stands twice


class DmarcFault(ValueError):
    """A text is no DMARC record.  why: the reason; tag: which tag stands twice, else ""."""

    def __init__(self, why: DmarcTrouble, tag: str = "") -> None:
        """Keep both."""
        self.why = why
        self.tag = tag
        super().__init__(f"{why}: {tag}" if tag else str(why))


def is_dmarc_record(text: str) -> bool:
    """Tell whether ``text`` begins with v=DMARC1."""
    name, equals, value = text.partition(";")[0].partition("=")
    # RFC 9989 4.7: v MUST be the first tag and its value, which is case sensitive, DMARC1; else the record MUST be
    # ignored.
    return bool(equals) and name.rstrip(_SPACE) in ("v", "V") and value.strip(_SPACE) == "DMARC1"


def is_near_miss(text: str) -> bool:
    """Tell whether ``text`` is no DMARC record and was probably meant to be one: " v=DMARC1", "v=dmarc1", "DMARC1;"."""
    begin = "".join(text[:64].split()).lower().lstrip("\"'")
    meant = begin.startswith(("v=dmarc", "v:dmarc", "dmarc", "p=none", "p=reject", "p=quarantine"))
    return meant and not is_dmarc_record(text)


def parse_dmarc_record(text: str) -> DmarcRecord:
    """Return the record that ``text`` is, the strings of its TXT record joined; raises DmarcFault."""
    if not is_dmarc_record(text):
        raise DmarcFault(DmarcTrouble.VERSION)
    if len(text) > LONGEST_LIST:
        raise DmarcFault(DmarcTrouble.LONG)
    items = text.split(";", MOST_TAGS + 1)[1:]
    # RFC 9989 4.8: one separator may end the record.
    if items and not items[-1].strip(_SPACE):
        items.pop()
    if len(items) >= MOST_TAGS:
        raise DmarcFault(DmarcTrouble.MANY)
    reading = _Reading()
    names = {"v"}
    for place, item in enumerate(items):
        name = reading.item(item, place)
        # RFC 6376 3.2: tags with duplicate names MUST NOT occur; if one does, the whole list is invalid.
        if name in names:
            raise DmarcFault(DmarcTrouble.DUPLICATE, name)
        names |= {name} if name else set()
    return reading.record(names)


class _Reading:
    """A record while its tags are read."""

    def __init__(self) -> None:
        self._record = DmarcRecord()
        self._remarks: list[Remark] = []

    def item(self, item: str, place: int) -> str:
        """Read one piece between semicolons, the ``place``-th behind v; return its tag, "" where it has none."""
        name, equals, value = (part.strip(_SPACE) for part in item.partition("="))
        # RFC 7489 6.4, RFC 5234 2.3: the grammar's names of tags are in any case of letters.  "P=reject" taken for an
        # unknown tag would leave a domain that asks for protection with none.
        name = name.lower()
        if not equals or not is_tag_name(name):
            self._remark(RemarkKind.ITEM if name or equals else RemarkKind.EMPTY_ITEM, "", item)
            return ""
        if name == "p" and place:
            self._remark(RemarkKind.POLICY_NOT_SECOND, name, "")
        # RFC 9989 4.8: a value is printable ASCII.
        if not (value.isascii() and value.isprintable()):
            self._remark(RemarkKind.CHARACTER, name, value)
            self._note_damage(name)
        elif (read := _READERS.get(name)) is not None:
            read(self, name, value)
        else:
            # RFC 9989 4.7: unknown tags MUST be ignored.
            self._remark(RemarkKind.OLD_TAG if name in ("rf", "ri") else RemarkKind.UNKNOWN_TAG, name, value)
        return name

    def record(self, names: set[str]) -> DmarcRecord:
        """Return what was read; ``names`` are the tags that stood there."""
        read = self._record
        if "p" not in names:
            # RFC 9989 4.7: a record without p is treated as if it said p=none.
            self._remark(RemarkKind.NO_POLICY, "p", "")
        if "rua" not in names:
            self._remark(RemarkKind.NO_AGGREGATE, "rua", "")
        if "fo" in names and "ruf" not in names:
            # RFC 9989 4.7: fo MUST be ignored without ruf.
            self._remark(RemarkKind.FO_WITHOUT_RUF, "fo", "")
            read = read._replace(failure_options=DmarcRecord().failure_options)
        policies = (read.policy, read.subdomains or Policy.NONE, read.nonexistent or Policy.NONE)
        if read.testing and not any(policy.strictness for policy in policies):
            self._remark(RemarkKind.TEST_WITHOUT_POLICY, "t", "y")
        return read._replace(remarks=tuple(self._remarks))

    def _remark(self, kind: RemarkKind, tag: str, value: str) -> None:
        self._remarks.append(Remark(kind, tag, value[:LONGEST_SHOWN]))

    def _note_damage(self, name: str) -> None:
        """Keep in mind that a policy stands there which cannot be read."""
        if name in ("p", "sp", "np"):
            self._record = self._record._replace(damaged=True)

    def _word(self, kind: type[Value], name: str, value: str) -> Value | None:
        """Return the word that ``value`` is, in any case (RFC 5234 2.3); None, and a remark, where it is none."""
        try:
            return kind(value.lower())
        except ValueError:
            # RFC 9989 4.8: syntax errors MUST be discarded in favour of default values.
            self._remark(RemarkKind.VALUE, name, value)
            self._note_damage(name)
            return None

    def policy(self, name: str, value: str) -> None:
        """Read p, sp or np."""
        if (word := self._word(Policy, name, value)) is not None:
            match name:
                case "p":
                    self._record = self._record._replace(policy=word)
                case "sp":
                    self._record = self._record._replace(subdomains=word)
                case _:
                    self._record = self._record._replace(nonexistent=word)

    def mode(self, name: str, value: str) -> None:
        """Read adkim or aspf."""
        if (word := self._word(Mode, name, value)) is not None:
            self._record = self._record._replace(dkim=word) if name == "adkim" else self._record._replace(spf=word)

    def psd(self, name: str, value: str) -> None:
        """Read psd."""
        if (word := self._word(Psd, name, value)) is not None:
            self._record = self._record._replace(psd=word)

    def testing(self, name: str, value: str) -> None:
        """Read t."""
        if value.lower() in ("y", "n"):
            self._record = self._record._replace(testing=value.lower() == "y")
        else:
            self._remark(RemarkKind.VALUE, name, value)

    def percent(self, name: str, value: str) -> None:
        """Read pct, which old readers obey."""
        self._remark(RemarkKind.OLD_TAG, name, value)
        if value.isdigit() and len(value) <= 3 and int(value) <= 100:
            self._record = self._record._replace(percent=int(value))

    def options(self, name: str, value: str) -> None:
        """Read fo: words between colons, each once, and not both 0 and 1."""
        words = [word.strip(_SPACE).lower() for word in value.split(":", len(FailureOption))]
        known = [FailureOption(word) for word in words if word in _OPTIONS]
        if len(known) != len(words) or len(set(words)) != len(words) or {"0", "1"} <= set(words):
            self._remark(RemarkKind.VALUE, name, value)
        else:
            self._record = self._record._replace(failure_options=tuple(known))

    def uris(self, name: str, value: str) -> None:
        """Read rua or ruf."""
        found, faults = parse_uri_list(value)
        for fault in faults:
            self._remark(RemarkKind.URI, name, fault.text)
        if value.count(",") >= MOST_URIS:
            self._remark(RemarkKind.MANY_URIS, name, "")
        if any(uri.size_limit is not None for uri in found):
            self._remark(RemarkKind.OLD_SIZE, name, value)
        self._record = self._record._replace(aggregate=found) if name == "rua" else self._record._replace(failure=found)


_OPTIONS = frozenset(option.value for option in FailureOption)
#: What reads the value of a tag.
_READERS: dict[str, Callable[[_Reading, str, str], None]] = {
    "p": _Reading.policy,
    "sp": _Reading.policy,
    "np": _Reading.policy,
    "adkim": _Reading.mode,
    "aspf": _Reading.mode,
    "rua": _Reading.uris,
    "ruf": _Reading.uris,
    "fo": _Reading.options,
    "psd": _Reading.psd,
    "t": _Reading.testing,
    "pct": _Reading.percent,
}


def write_dmarc_record(record: DmarcRecord) -> str:
    """Return the text that says what ``record`` says: RFC 9989's tags only, defaults left out, p right behind v.

    Old readers want p in that place (RFC 7489 6.4).  Sizes behind addresses, percent and remarks are not written.
    """
    tags = [("v", "DMARC1"), ("p", record.policy.value)]
    if record.subdomains is not None:
        tags.append(("sp", record.subdomains.value))
    if record.nonexistent is not None:
        tags.append(("np", record.nonexistent.value))
    if record.dkim is not Mode.RELAXED:
        tags.append(("adkim", record.dkim.value))
    if record.spf is not Mode.RELAXED:
        tags.append(("aspf", record.spf.value))
    tags += _list_tags("rua", record.aggregate) + _list_tags("ruf", record.failure)
    if record.failure and record.failure_options != (FailureOption.ALL_FAIL,):
        tags.append(("fo", ":".join(record.failure_options)))
    if record.psd is not Psd.UNKNOWN:
        tags.append(("psd", record.psd.value))
    if record.testing:
        tags.append(("t", "y"))
    return join_tags(tags)


def _list_tags(name: str, uris: tuple[ReportUri, ...]) -> list[tuple[str, str]]:
    return [(name, ",".join(uri.uri for uri in uris))] if uris else []
