"""A row of the table: what was measured, ours, and a peer's in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One figure.

    unit: "messages/s", "ms", "MiB" ….  peer, theirs: None where there is nothing to compare with.
    more_is_better: False for times and memory.
    """

    what: str
    unit: str
    ours: float
    peer: str | None = None
    theirs: float | None = None
    more_is_better: bool = True

    @property
    def ratio(self) -> float | None:
        """How many times better ours is; below 1 the peer is. None without a peer."""
        if not self.theirs or not self.ours:
            return None
        return self.ours / self.theirs if self.more_is_better else self.theirs / self.ours


def as_table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the rows as lines of text in columns, a heading first."""
    cells = [("what", "ours", "peer", "peer's", "ratio")]
    for row in rows:
        theirs = "" if row.theirs is None else f"{_figure(row.theirs)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells.append((row.what, f"{_figure(row.ours)} {row.unit}", row.peer or "", theirs, ratio))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for what, ours, peer, theirs, ratio in cells:
        yield (
            f"{what:{widths[0]}}  {ours:>{widths[1]}}  {peer:{widths[2]}}  {theirs:>{widths[3]}}  {ratio:>{widths[4]}}"
        ).rstrip()


def _figure(value: float) -> str:
    """Return a number with as many digits as it deserves."""
    digits = 0 if value >= 100 else 1 if value >= 1 else 3
    return f"{value:,.{digits}f}"
