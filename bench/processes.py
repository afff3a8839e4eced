"""Processes of their own for what is measured and for what measures it, and their CPU time.  Linux only."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Service(NamedTuple):
    """A process that listens on loopback."""

    port: int
    pid: int


class Tally(NamedTuple):
    """What a process that was told to work for some seconds has done: how often, in how many seconds, of its CPU."""

    done: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """How often a second."""
        return self.done / self.seconds

    @property
    def cost(self) -> float:
        """CPU milliseconds for one."""
        return self.cpu * 1000 / self.done


@contextmanager
def service(module: str, *arguments: str) -> Iterator[Service]:
    """Run a module that writes its port, one line, and serves until its standard input ends."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        try:
            yield Service(int(process.stdout.readline()), process.pid)
        finally:
            process.stdin.close()


def work(module: str, *arguments: object) -> Tally:
    """Run a module that writes its tally with ``report``; raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Tally(*json.loads(done.stdout))


def report(tally: Tally) -> None:
    """Write a tally for ``work``."""
    print(json.dumps(tally))


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that another process has used, all its threads together (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)
