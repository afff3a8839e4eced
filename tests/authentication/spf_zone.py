"""A zone for tests of SPF: names with their records, and names whose look-up fails.

    zone = Zone({"example.com": ["TXT v=spf1 mx -all", "MX 10 mx.example.com"], "slow.example": ["TIMEOUT"]})

It is called with a Question and returns the Answer.  A name that is not in the table does not exist; one that is has NODATA for the types it does not hold.  A list may hold
the name of a Kind, which then holds for every type of the name that it has no record of; "TXT TIMEOUT" for one type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailwright.dns.answer import Answer, Kind, Mx, Question, Record, RecordType, Txt

#: A line such as "A 192.0.2.1", or the name of a Kind, or a pair of a type and a record.
Line = str | tuple[RecordType, Record]

_KINDS = {kind.name: kind for kind in Kind}


class Zone:
    """Answers from a table; ``asked`` holds the questions so far."""

    def __init__(self, table: Mapping[str, Sequence[Line]]) -> None:
        self.records: dict[Question, list[Record]] = {}
        self.kinds: dict[Question, Kind] = {}
        self.failing: dict[str, Kind] = {}
        self.names = {name.lower() for name in table}
        self.asked: list[Question] = []
        for name, lines in table.items():
            for line in lines:
                self._add(name.lower(), line)

    def _add(self, name: str, line: Line) -> None:
        if not isinstance(line, str):
            self.records.setdefault(Question(name, line[0]), []).append(line[1])
        elif line in _KINDS:
            self.failing[name] = _KINDS[line]
        else:
            kind, _, value = line.partition(" ")
            question = Question(name, RecordType(kind))
            if value in _KINDS:
                self.kinds[question] = _KINDS[value]
            else:
                self.records.setdefault(question, []).append(_record(question.type, value))

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        records = self.records.get(question)
        if records:
            return Answer(question, Kind.FOUND, tuple(records))
        absent = Kind.NODATA if question.name in self.names else Kind.NXDOMAIN
        return Answer(question, self.kinds.get(question, self.failing.get(question.name, absent)))


def _record(kind: RecordType, value: str) -> Record:
    if kind is RecordType.TXT:
        return Txt((value.encode("utf-8"),))
    if kind is RecordType.MX:
        preference, _, exchange = value.partition(" ")
        return Mx(int(preference), exchange)
    return value
