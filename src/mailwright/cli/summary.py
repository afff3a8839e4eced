"""Counts by kind, cause and destination, with a bar each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mailwright.cli.interface import _
from mailwright.cli.screen import Line, show, write_json
from mailwright.cli.words import kind_words

#: Columns of the longest bar, and how many destinations are listed.
WIDEST_BAR = 30
MOST_DESTINATIONS = 20


class Summary:
    """What a batch held."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.kinds: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.destinations: Counter[str] = Counter()
        self.titles: dict[str, str] = {}

    def add(self, result: dict[str, Any]) -> None:
        """Count one message's JSON object."""
        self.kinds[result["kind"]] += 1
        # A report of a receiver is about many sources, and no message that failed.
        for report in result.get("reports", ()):
            self.causes[report["cause"]] += 1
            self.titles[report["cause"]] = report["title"]
            domain = (report["recipient"] or "").rpartition("@")[2].lower()
            self.destinations[domain or "?"] += 1

    def show(self, *, as_json: bool) -> None:
        """Write the counts to standard output."""
        if as_json:
            counts = {"kinds": self.kinds, "causes": self.causes, "destinations": self.destinations}
            ordered = {name: dict(counter.most_common()) for name, counter in counts.items()}
            write_json(ordered)
            return
        show(self._lines())

    def _lines(self) -> Iterator[Line]:
        total = sum(self.kinds.values())
        yield Line(0, _("Messages: {count}").format(count=total), "title")
        yield from _bars({kind_words(kind): count for kind, count in self.kinds.most_common()})
        yield Line(0, "")
        yield Line(0, _("By cause"), "title")
        yield from _bars({f"{self.titles[cause]} [{cause}]": count for cause, count in self.causes.most_common()})
        yield Line(0, "")
        yield Line(0, _("By destination"), "title")
        yield from _bars(dict(self.destinations.most_common(MOST_DESTINATIONS)))
        left = len(self.destinations) - MOST_DESTINATIONS
        if left > 0:
            yield Line(2, _("and {count} more").format(count=left), "quiet")


def _bars(counts: dict[str, int]) -> Iterator[Line]:
    most = max(counts.values(), default=1)
    digits = len(str(most))
    for label, count in counts.items():
        bar = "█" * max(1, round(count * WIDEST_BAR / most))
        yield Line(2, f"{count:{digits}} {bar:{WIDEST_BAR}} {label}", hanging=digits + WIDEST_BAR + 2)
