"""Memory after few and after many messages, through the same batch that the command uses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.row import Row

#: Runs in a process of its own, so that nothing measured before is counted.
CHILD = """
import json, sys
from pathlib import Path
from bench.memory import resident
from bench.speed import read_corpus, varied
from mailwright.app.batch import explain_sources
from mailwright.app.sources import SourceMessage

corpus = read_corpus(Path(sys.argv[1]))
marks = [int(mark) for mark in sys.argv[2:]]
found = {}
messages = (SourceMessage(str(n), raw) for n, raw in enumerate(varied(corpus, marks[-1], 0)))
for number, result in enumerate(explain_sources(messages, "en", 1), 1):
    if number in marks:
        found[number] = resident()
print(json.dumps(found))
"""


def memory_rows(corpus: Path, marks: Sequence[int]) -> list[Row]:
    """Return the resident memory after each number of messages in ``marks``, rising; the first is the others' peer."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(corpus), *map(str, marks)], stdout=subprocess.PIPE, text=True, check=True
    )
    found = {int(mark): float(size) for mark, size in json.loads(done.stdout).items()}
    first = marks[0]
    rows = [Row(f"memory after {first:,} messages", "MiB", found[first], more_is_better=False)]
    for mark in marks[1:]:
        row = Row(f"memory after {mark:,} messages", "MiB", found[mark], f"after {first:,}", found[first])
        rows.append(row._replace(more_is_better=False))
    return rows


def resident() -> float:
    """Return the resident memory of this process in MiB. Linux only."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20
