"""BIMI: the record that names a domain's logo, where to find it, and whether DMARC lets it count.

By draft-brand-indicators-for-message-identification, and what Google, Apple, Yahoo, Fastmail and La Poste have made
of it: "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/mark.pem".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from mailwright.authentication.tags import TagFault, join_tags, parse_tags
from mailwright.dns.answer import Answer, Kind, Question, Record, RecordType, Txt
from mailwright.dns.inquiry import Inquiry

LABEL = "_bimi"
DEFAULT_SELECTOR = "default"
#: Octets of a record that is read; a DNS answer ends at 65,535 (RFC 1035 4.2.2), real records have under 300.
LONGEST_RECORD = 4_096
#: Characters of a URI; what web servers and proxies take at least is 8,000 (RFC 9110 4.1), two of them fit a record.
LONGEST_URI = 2_000

_VERSION = "BIMI1"
_HEAD = b"v=BIMI1"


class BimiTrouble(StrEnum):
    """What is wrong with a record, or with the set of them."""

    LONG = "long"  # more octets than the limit
    TAGS = "tags"  # not a list of tags
    VERSION = "version"  # v=BIMI1 is not the first tag
    LOCATION_MISSING = "location-missing"  # no l=
    LOCATION = "location"  # l= is no https URI
    EVIDENCE = "evidence"  # a= is no https URI
    EVIDENCE_ALONE = "evidence-alone"  # a= has a value and l= has none
    PREFERENCE = "preference"  # avp= is neither brand nor personal
    SEVERAL = "several"  # more than one record of this version


class BimiFault(ValueError):
    """A text is no BIMI record.  why: what is wrong.  part: what stands there, cut; "" where it is the whole."""

    def __init__(self, why: BimiTrouble, part: str = "") -> None:
        """Keep both."""
        self.why = why
        self.part = part[:100]
        super().__init__(f"{why}: {self.part!r}" if part else str(why))


class Preference(StrEnum):
    """Whose picture is to be shown (avp=)."""

    BRAND = "brand"
    PERSONAL = "personal"


class BimiRecord(NamedTuple):
    """A record as read.

    location: the https URI of the logo; "" where the domain declines to take part.
    evidence: the https URI of the mark certificate; "" for none.
    prefix: local parts that select a logo (lps=), in order.
    extensions: tags that are not known, in order; they are ignored.
    """

    location: str = ""
    evidence: str = ""
    preference: Preference = Preference.BRAND
    prefix: tuple[str, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def declines(self) -> bool:
        """True where the domain says that no logo shall be shown for it."""
        return not self.location and not self.evidence


_KNOWN = frozenset(("v", "l", "a", "avp", "lps"))
_PREFERENCES = {preference.value: preference for preference in Preference}


def parse_bimi(text: bytes) -> BimiRecord:
    """Return the record that ``text`` is, the strings of the TXT record joined; raises BimiFault."""
    if len(text) > LONGEST_RECORD:
        raise BimiFault(BimiTrouble.LONG)
    try:
        tags = parse_tags(text.decode("ascii"))
    except (UnicodeDecodeError, TagFault) as fault:
        raise BimiFault(BimiTrouble.TAGS, str(fault) if isinstance(fault, TagFault) else "") from fault
    # The draft, 4.2: the version MUST be the first tag; the value is compared with its case.
    if next(iter(tags)) != "v" or tags["v"] != _VERSION:
        raise BimiFault(BimiTrouble.VERSION)
    # The draft, 4.2: l= is required, and may be empty.
    if "l" not in tags:
        raise BimiFault(BimiTrouble.LOCATION_MISSING)
    return _record_of(tags)


def _record_of(tags: Mapping[str, str]) -> BimiRecord:
    """Return the record with these tags."""
    location, evidence = tags["l"], tags.get("a", "")
    # The draft, 4.2: the only supported transport is https.
    if location and not is_https_uri(location):
        raise BimiFault(BimiTrouble.LOCATION, location)
    # "self" stood for "no certificate" in early drafts.
    evidence = "" if evidence.lower() == "self" else evidence
    if evidence and not is_https_uri(evidence):
        raise BimiFault(BimiTrouble.EVIDENCE, evidence)
    if evidence and not location:
        raise BimiFault(BimiTrouble.EVIDENCE_ALONE)
    preference = _PREFERENCES.get(tags.get("avp", "").lower() or Preference.BRAND)
    if preference is None:
        raise BimiFault(BimiTrouble.PREFERENCE, tags["avp"])
    prefix = tuple(part for part in map(str.strip, tags.get("lps", "").split(",")) if part)
    extensions = tuple((name, value) for name, value in tags.items() if name not in _KNOWN)
    return BimiRecord(location, evidence, preference, prefix, extensions)


def is_https_uri(text: str) -> bool:
    """Tell whether ``text`` is an https URI with a host: printable ASCII, no user, at most LONGEST_URI characters."""
    if len(text) > LONGEST_URI or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and port != 0


def select_bimi(records: Iterable[Record]) -> BimiRecord | None:
    """Return the one record among TXT records; None where there is none of this version; raises BimiFault."""
    # The draft, 7.2: records that do not start with a version tag of this version are discarded; if more than one is
    # left, there is none.
    ours = [record.joined for record in records if isinstance(record, Txt) and _is_ours(record.joined)]
    if len(ours) > 1:
        raise BimiFault(BimiTrouble.SEVERAL)
    return parse_bimi(ours[0]) if ours else None


def _is_ours(text: bytes) -> bool:
    head, _, _ = text[:LONGEST_RECORD].partition(b";")
    return bytes(head.translate(None, b" \t")) == _HEAD


class BimiStatus(StrEnum):
    """What the look-up came to."""

    FOUND = "found"  # a record; it may say that the domain declines
    NONE = "none"
    INVALID = "invalid"
    FAILED = "failed"  # DNS did not tell


class BimiLookup(NamedTuple):
    """The record for a domain.

    found_at: the domain at which it stands, the one asked about or its organisational domain; "" without a record.
    detail: why it is INVALID; "" otherwise.
    """

    domain: str
    status: BimiStatus
    record: BimiRecord | None = None
    found_at: str = ""
    detail: str = ""
    answers: tuple[Answer, ...] = ()


def look_up_bimi(domain: str, organizational: str, selector: str = DEFAULT_SELECTOR) -> Inquiry[BimiLookup]:
    """Ask for the record of the author's ``domain``, then of its organisational domain (both lower case, A-labels).

    selector: of the message's BIMI-Selector field where it has one and DKIM covers it.
    """
    answers: tuple[Answer, ...] = ()
    for place in dict.fromkeys((domain, organizational)):
        told = yield (Question(f"{selector}.{LABEL}.{place}", RecordType.TXT),)
        answers += told
        if not told[0].tells:
            return BimiLookup(domain, BimiStatus.FAILED, answers=answers)
        try:
            record = select_bimi(told[0].records) if told[0].kind is Kind.FOUND else None
        except BimiFault as fault:
            return BimiLookup(domain, BimiStatus.INVALID, None, place, str(fault), answers)
        if record is not None:
            return BimiLookup(domain, BimiStatus.FOUND, record, place, answers=answers)
    return BimiLookup(domain, BimiStatus.NONE, answers=answers)


def write_bimi(location: str, evidence: str = "", preference: Preference = Preference.BRAND) -> str:
    """Return the record to publish; "" as location declines; raises BimiFault where the record would be none."""
    tags = [("v", _VERSION), ("l", location), ("a", evidence)]
    if preference is not Preference.BRAND:
        tags.append(("avp", preference))
    try:
        text = join_tags(tags)
    except TagFault as fault:
        raise BimiFault(BimiTrouble.TAGS, str(fault)) from fault
    if parse_bimi(text.encode()) != BimiRecord(location, evidence, preference):
        raise BimiFault(BimiTrouble.TAGS, "it would be read as another record")
    return text
