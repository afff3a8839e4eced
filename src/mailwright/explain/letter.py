"""Letters: who failed and why, read from text that a mail system wrote for people.

Theory of operation.  Mail systems differ in their words and hardly in their layout.  The returned message is cut off
where a line says so or where header fields begin.  In what is left every address is weighed by where it stands: alone
on its line or at its beginning (as in ``<anna@example.com>: host … said: 550 …``), after a label ("Recipient:"), or
inside a sentence.  The best-placed addresses that are neither the sender's nor a contact's are the recipients; what
stands from one to the next is what is said about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mailwright.explain.formats import Formats
from mailwright.explain.normalise import LINE_END, normalise, normalise_lines, without_line_ends
from mailwright.explain.phrases import UNSPACED
from mailwright.explain.quoted import reply_begin
from mailwright.mail.codes import find_status, is_reply_code
from mailwright.mail.decoding import lower_in_place, narrow_punctuation, unescape_octal
from mailwright.mail.finding import find_addresses

#: Lines of a letter that are read, and characters of a line; the reason stands at the top.
MOST_LINES = 600
MOST_RECIPIENTS = 1_000
LONGEST_LINE = 4_000
LONGEST_LETTER = 240_000

_HEADER_LINES = (
    "Received:", "Return-Path:", "Return-path:", "Message-ID:", "Message-Id:", "Message-id:", "DKIM-Signature:",
    "MIME-Version:", "Mime-Version:", "X-Mailer:", "Delivered-To:", "ARC-Seal:", "X-Originating-IP:", "Content-Type:",
    "X-Received:", "Received-SPF:", "Authentication-Results:", "Content-Transfer-Encoding:", "DomainKey-Signature:",
)  # fmt: skip

_HEADER_INITIALS = frozenset(line[0] for line in _HEADER_LINES)

#: Local parts of addresses that letters offer for help.
_CONTACTS = ("postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "noreply", "no-reply")
_CONTACT_ENDINGS = ("-ctl", "-owner", "-request", "-bounces", "-admin", "-help")

_OPENING = " \t<>\"'`*-•·:([{=|#,;&.+"
_BULLETS = "0123456789.)#"

#: How well an address is placed.
ALONE, LEADING, LABELLED, TO, INSIDE, NOBODY, ORIGINAL = 5, 4, 4, 2, 1, 0, -1
_LABEL_RANKS = {"recipient": LABELLED, "sender": NOBODY, "original": ORIGINAL}


@dataclass
class Entry:
    """One recipient of a letter and the lines that speak about it; ``rank`` says how well its address is placed."""

    address: str
    rank: int
    line: int
    lines: list[str] = field(default_factory=list)
    original: str | None = None

    @property
    def text(self) -> str:
        """The lines about this recipient."""
        return "\n".join(self.lines).strip()


@dataclass
class Letter:
    """A letter without the message it returns; ``normal`` is its beginning in matching form."""

    entries: list[Entry]
    lines: list[str]
    normal: str
    returned: str

    @property
    def text(self) -> str:
        """The whole letter."""
        return "\n".join(self.lines)

    def about_all(self, recipients: int) -> str:
        """Return what the letter says about each of its recipients: all of it, or what stands before several."""
        if recipients <= 1 or not self.entries:
            return self.text
        return "\n".join(self.lines[: self.entries[0].line])


def read_letter(text: str, formats: Formats, excluded: frozenset[str]) -> Letter:
    """Return the letter in ``text``; addresses in ``excluded`` (lower case) are nobody's failure."""
    lines, normal, returned = cut_returned(text, formats)
    candidates = _candidates(lines, formats, excluded)
    others = [entry for entry in candidates if entry.address.lower() not in excluded]
    entries = _choose([entry for entry in others if not _is_contact(entry.address)] or others or candidates)
    _assign_lines(entries, lines)
    return Letter(_merge(entries), lines, normal, returned)


def cut_returned(text: str, formats: Formats) -> tuple[list[str], str, str]:
    """Return (lines of the letter, its matching form, text of the returned message).

    They are parted at a line that says so, or where header fields begin.
    """
    text = unescape_octal(narrow_punctuation(text[:LONGEST_LETTER]))
    lines = [line[:LONGEST_LINE] for line in text.split("\n")[:MOST_LINES]]
    begins = (
        n for n, line in enumerate(lines) if line[:1] in _HEADER_INITIALS and n and line.startswith(_HEADER_LINES)
    )
    end = begin = next(begins, len(lines))
    normal = normalise_lines("\n".join(lines[:end]))
    for tag, place in formats.original.places(normal):
        number = normal.count(LINE_END, 0, place)
        if number and _announces(lines[number].strip(), tag):
            end, begin = number, number + 1
            normal = normal[:place]
            break
    return lines[:end], without_line_ends(normal), "\n".join(lines[begin:])


def _announces(line: str, tag: str) -> bool:
    """Tell whether the returned message begins behind ``line``, which holds words of the kind ``tag``."""
    if "@" in line or len(line) > LONGEST_HEADING:
        return False
    if tag == "begins" or line[0] in _RULES or line[-1] in _RULES:
        return True
    if any(char >= UNSPACED for char in line):
        return len(line) <= LONGEST_UNSPACED_HEADING
    return line.count(" ") < (MOST_WORDS_BEFORE_COLON if line[-1] == ":" else MOST_WORDS_OF_HEADING)


#: What rules and headings are drawn with, and how many words a heading without rules may have.
_RULES = "-=_*#+<>"
MOST_WORDS_OF_HEADING = 4
MOST_WORDS_BEFORE_COLON = 8
LONGEST_UNSPACED_HEADING = 14
LONGEST_HEADING = 120


def _candidates(lines: list[str], formats: Formats, excluded: frozenset[str]) -> list[Entry]:
    found: list[Entry] = []
    for number, line in enumerate(lines):
        if "@" not in line or len(found) >= MOST_RECIPIENTS:
            continue
        previous_end = 0
        for place in find_addresses(line, 20):
            before, after = line[previous_end : place.begin], line[place.end :]
            beside = bool(previous_end and found and found[-1].line == number)
            if beside and before.strip(" \t\"'") == "<":
                # "anna@example.com <anna@example.org>": the first is only a name.
                previous_end = 0
                found[-1] = Entry(place.address, found[-1].rank, number)
                continue
            listed = beside and not before.strip(" ,;<>\t")
            previous_end = place.end
            rank = found[-1].rank if listed else _rank(place.address, before, after, formats)
            if rank == ALONE and not listed:
                rank = _LABEL_RANKS.get(_label_above(lines, number, formats) or "", rank)
            if rank == ORIGINAL:
                if found:
                    found[-1].original = found[-1].original or place.address
            elif rank >= LEADING or (rank > NOBODY and _may_fail(place.address, excluded)):
                found.append(Entry(place.address, rank, number))
    return found


def _may_fail(address: str, excluded: frozenset[str]) -> bool:
    """Tell whether an address inside a sentence can be the recipient: not the report's own, with a whole domain."""
    return address.lower() not in excluded and "." in address.rpartition("@")[2]


def _rank(address: str, before: str, after: str, formats: Formats) -> int:
    """Return how well an address is placed between ``before`` and ``after`` on its line."""
    lead = before.strip(_OPENING).strip()
    if not lead.strip(_BULLETS) or (is_reply_code(lead[:3]) and len(lead) < 14) or lead in ("<<<", ">>>"):
        rest = after.lstrip("\"'>)]} \t")
        alone = not rest or rest[0] in ":;," or (rest[0] in ".…" and len(rest) < 4)
        return ALONE if alone else LEADING
    label = formats.label_before(normalise(before[-120:]))
    if label in _LABEL_RANKS:
        return _LABEL_RANKS[label]
    if _is_contact(address):
        return NOBODY
    return TO if label == "to" else INSIDE


def _label_above(lines: list[str], number: int, formats: Formats) -> str | None:
    """Return the kind of the label that fills the line before ``number``, as in tables; None where it is no label."""
    above = next((line for line in reversed(lines[max(0, number - 2) : number]) if line.strip()), "")
    return formats.labels.get(normalise(above).strip()) if len(above) < LONGEST_LABEL_LINE else None


#: Characters of a line that may be a label of the one below it.
LONGEST_LABEL_LINE = 40


def _is_contact(address: str) -> bool:
    """Tell whether ``address`` is one that letters name for help: postmaster's, or the owner's of a list (RFC 2142)."""
    local = address.partition("@")[0].lower()
    return local in _CONTACTS or local.startswith("owner-") or local.endswith(_CONTACT_ENDINGS)


def _choose(candidates: list[Entry]) -> list[Entry]:
    """Return the best-placed candidates in order; an address that stands twice is one recipient with two stretches."""
    if not candidates:
        return []
    best = max(candidate.rank for candidate in candidates)
    if best < LEADING:
        return [next(candidate for candidate in candidates if candidate.rank == best)]
    return [candidate for candidate in candidates if candidate.rank >= LEADING]


def _assign_lines(entries: list[Entry], lines: list[str]) -> None:
    """Give every entry the lines from its own to the next entry's; entries in a bare list share what follows."""
    for index, entry in enumerate(entries):
        end = entries[index + 1].line if index + 1 < len(entries) else len(lines)
        first, *body = lines[entry.line : max(end, entry.line + 1)]
        at = lower_in_place(first).find(entry.address.lower())
        if at >= 0 and reply_begin(first[:at]) is None and find_status(first[:at]) is None:
            first = first[at + len(entry.address) :].lstrip("\"'>)]}:;, \t")
        entry.lines = [first, *body] if first.strip() != entry.address and first.strip() else body
    shared: list[str] = []
    for entry in reversed(entries):
        if entry.text:
            shared = entry.lines
        elif shared:
            entry.lines = shared


def _merge(entries: list[Entry]) -> list[Entry]:
    """Return one entry an address, with the lines of all its places; the first place decides the order."""
    merged: dict[str, Entry] = {}
    for entry in entries:
        known = merged.setdefault(entry.address.lower(), entry)
        if known is not entry:
            known.lines = known.lines + [line for line in entry.lines if line not in known.lines]
            known.original = known.original or entry.original
    return list(merged.values())
