"""The same figures of the compiled wheel that ``make compiled`` unpacks, taken in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mailwright
from bench.row import Row

UNPACKED = Path(__file__).resolve().parent.parent / "build" / "compiled"

#: What is measured of it; memory and start hardly change.
PARTS = ("messages", "replies")


def running_compiled() -> bool:
    """Tell whether this very process runs the compiled wheel."""
    return Path(mailwright.__file__).is_relative_to(UNPACKED)


def compiled_rows(folder: Path, *, quick: bool) -> list[Row]:
    """Return the rows of the compiled wheel; none, and a hint on stderr, where it was not built."""
    if not UNPACKED.is_dir():
        print("bench: the compiled wheel is not built; to measure it too: make compiled", file=sys.stderr)
        return []
    print("bench: compiled", file=sys.stderr)
    command = [
        sys.executable,
        "-m",
        "bench",
        *PARTS,
        "--json",
        "--corpus",
        str(folder),
        *(["--quick"] if quick else []),
    ]
    environment = os.environ | {"PYTHONPATH": str(UNPACKED)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    rows = [Row(**{key: value for key, value in row.items() if key != "ratio"}) for row in json.loads(done.stdout)]
    return [row._replace(what=f"compiled: {row.what}") for row in rows]
