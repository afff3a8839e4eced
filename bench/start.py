"""The cold start of the command, and where its time goes."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.row import Row

#: What happens between the start of Python and the first answer, in order; each is timed in a fresh process.
PARTS = (
    ("import the command", "import mailwright.cli.main"),
    ("read the catalogue", "from mailwright.causes.catalogue import catalogue; catalogue()"),
    ("read one language", "from mailwright.causes.texts import texts_in; texts_in('de')"),
    ("make the rules ready", "from mailwright.explain.reply import classifier; classifier()"),
    ("make the formats ready", "from mailwright.explain.formats import formats; formats()"),
)

CHILD = """
import sys, time
for statement in sys.argv[1:]:
    begun = time.process_time()
    exec(statement)
    print((time.process_time() - begun) * 1000)
"""


def start_rows(message: Path, runs: int) -> list[Row]:
    """Return wall and CPU time of ``mailwright explain`` on one message, beside a Python that does nothing."""
    ours = _times([sys.executable, "-m", "mailwright", "explain", str(message)], runs)
    bare = _times([sys.executable, "-c", "pass"], runs)
    best, theirs = min(wall for wall, _ in ours), min(wall for wall, _ in bare)
    cpu, their_cpu = min(cpu for _, cpu in ours), min(cpu for _, cpu in bare)
    median = statistics.median(wall for wall, _ in ours)
    their_median = statistics.median(wall for wall, _ in bare)
    peer = "python -c pass"
    return [
        Row(f"cold start, best of {runs}", "ms", best, peer, theirs, more_is_better=False),
        Row(f"cold start, median of {runs}", "ms", median, peer, their_median, more_is_better=False),
        Row(f"cold start, CPU, best of {runs}", "ms", cpu, peer, their_cpu, more_is_better=False),
    ]


def help_rows(runs: int) -> list[Row]:
    """Return wall and CPU time of ``mailwright send --help``."""
    found = _times([sys.executable, "-m", "mailwright", "send", "--help"], runs)
    wall, cpu = min(wall for wall, _ in found), min(cpu for _, cpu in found)
    what = "cold start of send --help"
    return [
        Row(f"{what}, best of {runs}", "ms", wall, more_is_better=False),
        Row(f"{what}, CPU, best of {runs}", "ms", cpu, more_is_better=False),
    ]


def part_rows(runs: int) -> list[Row]:
    """Return the CPU time of each part of the start, the best of ``runs`` fresh processes."""
    found: list[list[float]] = []
    for _ in range(runs):
        command = [sys.executable, "-c", CHILD, *(statement for _, statement in PARTS)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append([float(line) for line in done.stdout.split()])
    best = [min(times) for times in zip(*found, strict=True)]
    return [
        Row(f"of it: {name}", "ms", spent, more_is_better=False) for (name, _), spent in zip(PARTS, best, strict=True)
    ]


def _times(command: Sequence[str], runs: int) -> list[tuple[float, float]]:
    """Return (wall, CPU) in milliseconds of each run."""
    found = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        wall = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append((wall * 1000, cpu * 1000))
    return found
