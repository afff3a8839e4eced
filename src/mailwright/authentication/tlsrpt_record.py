"""The TLS-RPT record: where reports on TLS go, at _smtp._tls.DOMAIN (RFC 8460 3), read, written and looked up."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.report_uri import ReportUri, UriFault, parse_uri_list
from mailwright.authentication.tags import LONGEST_LIST, MOST_TAGS, is_tag_name, join_tags
from mailwright.dns.answer import Answer, Kind, Question, RecordType, Txt
from mailwright.dns.inquiry import Inquiry

_SPACE = " \t"
#: The schemes that RFC 8460 3 knows.
_SCHEMES = ("mailto", "https")


class TlsRptTrouble(StrEnum):
    """What is wrong with a record."""

    VERSION = "version"  # it does not begin with v=TLSRPTv1; and is another record
    LONG = "long"  # more characters or fields than the limits of tags
    FIELD = "field"  # a piece between semicolons is no name=value
    DUPLICATE = "duplicate"  # a field stands twice
    NO_ADDRESS = "no-address"  # rua is missing, or holds no mailto: and no https: that can be read


class TlsRptFault(ValueError):
    """A text is no TLS-RPT record.  why: what is wrong; text: the piece where, at most 200 characters."""

    def __init__(self, why: TlsRptTrouble, text: str = "") -> None:
        """Keep both."""
        self.why = why
        self.text = text[:200]
        super().__init__(f"{why}: {self.text!r}" if text else str(why))


class TlsRptRecord(NamedTuple):
    """Where reports go.

    addresses: of rua, those with mailto: and https: in order.  unused: addresses of other schemes.
    faults: what is no address.  unknown: names of fields that RFC 8460 does not have, which are ignored.
    """

    addresses: tuple[ReportUri, ...]
    unused: tuple[ReportUri, ...] = ()
    faults: tuple[UriFault, ...] = ()
    unknown: tuple[str, ...] = ()


def is_tlsrpt_record(text: str) -> bool:
    """Tell whether ``text`` begins with "v=TLSRPTv1;"."""
    # RFC 8460 3: records that do not begin with "v=TLSRPTv1;" are discarded.
    begin, semicolon, _ = text.partition(";")
    return bool(semicolon) and begin.rstrip(_SPACE) == "v=TLSRPTv1"


def parse_tlsrpt_record(text: str) -> TlsRptRecord:
    """Return the record that ``text`` is, the strings of its TXT record joined; raises TlsRptFault."""
    if not is_tlsrpt_record(text):
        raise TlsRptFault(TlsRptTrouble.VERSION, text[:200])
    items = text.split(";", MOST_TAGS + 1)[1:]
    if not items[-1].strip(_SPACE):
        items.pop()
    if len(text) > LONGEST_LIST or len(items) > MOST_TAGS:
        raise TlsRptFault(TlsRptTrouble.LONG)
    fields: dict[str, str] = {}
    for item in items:
        name, equals, value = (part.strip(_SPACE) for part in item.partition("="))
        if not equals or not is_tag_name(name):
            raise TlsRptFault(TlsRptTrouble.FIELD, item)
        if name in fields:
            raise TlsRptFault(TlsRptTrouble.DUPLICATE, name)
        fields[name] = value
    found, faults = parse_uri_list(fields.get("rua", ""))
    usable = tuple(uri for uri in found if uri.scheme in _SCHEMES)
    if not usable:
        raise TlsRptFault(TlsRptTrouble.NO_ADDRESS, fields.get("rua", ""))
    unused = tuple(uri for uri in found if uri.scheme not in _SCHEMES)
    # RFC 8460 3: what is not known is ignored.
    return TlsRptRecord(usable, unused, faults, tuple(name for name in fields if name != "rua"))


def write_tlsrpt_record(addresses: Sequence[ReportUri]) -> str:
    """Return the record that sends reports to ``addresses``; raises TlsRptFault where none is mailto: or https:."""
    if not addresses or any(uri.scheme not in _SCHEMES for uri in addresses):
        raise TlsRptFault(TlsRptTrouble.NO_ADDRESS)
    return join_tags((("v", "TLSRPTv1"), ("rua", ",".join(uri.uri for uri in addresses))))


class TlsRptOutcome(StrEnum):
    """What came of looking for the record."""

    RECORD = "record"
    NONE = "none"  # there is none: RFC 8460 has no reports then
    SEVERAL = "several"  # more than one, which counts as none
    UNREADABLE = "unreadable"  # one that breaks the grammar
    FAILED = "failed"  # nothing is known: the looking up failed


class TlsRptLookup(NamedTuple):
    """What was found.

    record: None unless RECORD.  text: the record as it stands, "" without.  fault: what is wrong, of UNREADABLE.
    """

    outcome: TlsRptOutcome
    answer: Answer
    record: TlsRptRecord | None = None
    text: str = ""
    fault: TlsRptFault | None = None


def look_up_tlsrpt(domain: str) -> Inquiry[TlsRptLookup]:
    """Return what ``domain``, in A-labels and lower case, publishes for TLS-RPT."""
    (answer,) = yield (Question(f"_smtp._tls.{domain}", RecordType.TXT),)
    if not answer.tells:
        return TlsRptLookup(TlsRptOutcome.FAILED, answer)
    records = answer.records if answer.kind is Kind.FOUND else ()
    texts = [record.joined.decode("latin-1") for record in records if isinstance(record, Txt)]
    texts = [text for text in texts if is_tlsrpt_record(text)]
    # RFC 8460 3: where there is not exactly one record, senders MUST assume that TLS-RPT is not wanted.
    if len(texts) != 1:
        return TlsRptLookup(TlsRptOutcome.SEVERAL if texts else TlsRptOutcome.NONE, answer)
    try:
        return TlsRptLookup(TlsRptOutcome.RECORD, answer, parse_tlsrpt_record(texts[0]), texts[0])
    except TlsRptFault as fault:
        return TlsRptLookup(TlsRptOutcome.UNREADABLE, answer, None, texts[0], fault)
