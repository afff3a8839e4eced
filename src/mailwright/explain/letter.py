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
from mailwright.explain.normalise import normalise
from mailwright.mail.address import find_addresses
from mailwright.mail.codes import is_reply_code

#: Lines of a letter that are read, and characters of a line; the reason stands at the top.
MOST_LINES = 600
LONGEST_LINE = 4_000

_HEADER_LINES = (
    "Received:", "Return-Path:", "Return-path:", "Message-ID:", "Message-Id:", "Message-id:", "DKIM-Signature:",
    "MIME-Version:", "Mime-Version:", "X-Mailer:", "Delivered-To:", "ARC-Seal:", "X-Originating-IP:", "Content-Type:",
    "X-Received:", "Received-SPF:", "Authentication-Results:", "Content-Transfer-Encoding:", "DomainKey-Signature:",
)  # fmt: skip

#: Local parts of addresses that letters offer for help.
_CONTACTS = ("postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "noreply", "no-reply")

_OPENING = " \t<>\"'`*-•·:([{=|#,;&.+"
_BULLETS = "0123456789.)#"

#: How well an address is placed.
ALONE, LEADING, LABELLED, TO, INSIDE, NOBODY, ORIGINAL = 5, 4, 4, 2, 1, 0, -1
_LABEL_RANKS = {"recipient": LABELLED, "sender": NOBODY, "original": ORIGINAL}


@dataclass(slots=True)
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


@dataclass(slots=True)
class Letter:
    """A letter without the message it returns."""

    entries: list[Entry]
    lines: list[str]
    returned: str

    @property
    def text(self) -> str:
        """The whole letter."""
        return "\n".join(self.lines)

    def about_all(self, recipients: int) -> str:
        """Return what the letter says about each of ``recipients``: all of it, or what stands before the first of several."""
        if recipients <= 1 or not self.entries:
            return self.text
        return "\n".join(self.lines[: self.entries[0].line])


def read_letter(text: str, formats: Formats, excluded: frozenset[str]) -> Letter:
    """Return the letter in ``text``; addresses in ``excluded`` (lower case) are nobody's failure."""
    lines, returned = cut_returned(text, formats)
    candidates = _candidates(lines, formats, excluded)
    entries = _choose([c for c in candidates if c.address.lower() not in excluded] or candidates)
    _assign_lines(entries, lines)
    return Letter(entries, lines, returned)


def cut_returned(text: str, formats: Formats) -> tuple[list[str], str]:
    """Return (lines of the letter, text of the returned message), parted at a separator or at header fields."""
    lines = text[: MOST_LINES * 400].split("\n")[:MOST_LINES]
    for number, line in enumerate(lines):
        if len(line) > LONGEST_LINE:
            lines[number] = line = line[:LONGEST_LINE]
        if line.startswith(_HEADER_LINES) and number:
            return lines[:number], "\n".join(lines[number:])
        stripped = line.strip()
        if 7 < len(stripped) < 120 and number and "@" not in stripped and _announces(stripped, formats):
            return lines[:number], "\n".join(lines[number + 1 :])
    return lines, ""


def _announces(line: str, formats: Formats) -> bool:
    """Tell whether ``line`` is the one behind which the returned message begins."""
    normal = normalise(line)
    tags = formats.original.tags(normal)
    if not tags or "begins" in tags:
        return bool(tags)
    return line[0] in _RULES or line[-1] in _RULES or normal.count(" ") <= MOST_WORDS_OF_HEADING + 1


#: What rules and headings are drawn with, and how many words a heading without rules may have.
_RULES = "-=_*#+<>:"
MOST_WORDS_OF_HEADING = 3


def _candidates(lines: list[str], formats: Formats, excluded: frozenset[str]) -> list[Entry]:
    found: list[Entry] = []
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        previous_end = 0
        for place in find_addresses(line, 20):
            before, after = line[previous_end : place.begin], line[place.end :]
            listed = previous_end and not before.strip(" ,;<>\t") and found and found[-1].line == number
            previous_end = place.end
            rank = found[-1].rank if listed else _rank(place.address, before, after, formats)
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
    if not lead.strip(_BULLETS) or is_reply_code(lead[:3]) and len(lead) < 14 or lead in ("<<<", ">>>"):
        rest = after.lstrip("\"'>)]} \t")
        alone = not rest or rest[0] in ":;," or rest[0] in ".…" and len(rest) < 4
        return ALONE if alone else LEADING
    label = formats.label_before(normalise(before[-120:]))
    if label in _LABEL_RANKS:
        return _LABEL_RANKS[label]
    if address.partition("@")[0].lower() in _CONTACTS:
        return NOBODY
    return TO if label == "to" else INSIDE


def _choose(candidates: list[Entry]) -> list[Entry]:
    """Return the best-placed candidates, each address once, in order."""
    if not candidates:
        return []
    best = max(candidate.rank for candidate in candidates)
    least = LEADING if best >= LEADING else best
    chosen: dict[str, Entry] = {}
    for candidate in candidates:
        if candidate.rank >= least:
            known = chosen.setdefault(candidate.address.lower(), candidate)
            known.original = known.original or candidate.original
    entries = list(chosen.values())
    if best < LEADING:
        return entries[:1]
    return entries


def _assign_lines(entries: list[Entry], lines: list[str]) -> None:
    """Give every entry the lines from its own to the next entry's; entries in a bare list share what follows."""
    for index, entry in enumerate(entries):
        end = entries[index + 1].line if index + 1 < len(entries) else len(lines)
        begin = entry.line
        body = lines[begin : max(end, begin + 1)]
        first = body[0]
        at = first.lower().find(entry.address.lower())
        after = first[at + len(entry.address) :].lstrip("\"'>)]}:;, \t") if at >= 0 else first
        entry.lines = [after, *body[1:]] if after.strip() else body[1:]
    shared: list[str] = []
    for entry in reversed(entries):
        if entry.text:
            shared = entry.lines
        elif shared:
            entry.lines = shared
