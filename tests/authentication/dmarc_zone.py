"""A small zone for tests: names and what stands there; what is not there does not exist."""

from __future__ import annotations

from collections.abc import Mapping

from mailwright.dns.answer import Answer, Kind, Question, Record, RecordType, Txt

#: What stands at a name: a policy record, records, or what becomes of any question for it.
Entry = str | tuple[Record, ...] | Kind


class Zone:
    """Answers questions from a table, and keeps what was asked.

    A text is a TXT record.  A name that is there, or has one below it, exists (RFC 8020).
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> Answer:
        """Return what became of ``question``."""
        self.asked.append(question)
        entry = self.entries.get(question.name)
        if isinstance(entry, Kind):
            return Answer(question, entry)
        if entry is not None and question.type is RecordType.TXT:
            return Answer(question, Kind.FOUND, txt(entry) if isinstance(entry, str) else entry)
        there = entry is not None or any(name.endswith("." + question.name) for name in self.entries)
        return Answer(question, Kind.NODATA if there else Kind.NXDOMAIN)

    @property
    def names(self) -> list[str]:
        """The names asked for, in order."""
        return [question.name for question in self.asked]


def txt(*texts: str) -> tuple[Record, ...]:
    """Return TXT records of one string each."""
    return tuple(Txt((text.encode("latin-1"),)) for text in texts)
