"""Measure speed, memory and start: ``python -m bench [--json] [--corpus FOLDER] [--quick] [PART …]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.compiled import compiled_rows, running_compiled
from bench.dkim import dkim_rows
from bench.memory import memory_rows
from bench.peers import missing, peers
from bench.routing import routing_rows
from bench.row import Row, as_table
from bench.smtp import Pace, client_rows, server_rows
from bench.speed import message_rows, read_corpus, reply_rows
from bench.spf import spf_rows
from bench.start import help_rows, part_rows, start_rows

ROOT = Path(__file__).resolve().parent.parent
#: Where messages are taken from: the labelled corpus beside the repository, else the shipped examples.
CORPORA = (ROOT.parent / "shared/corpus/bounces/emails", ROOT / "examples/bounces")
#: What the cold start explains.
ONE = ROOT / "examples/bounces/postfix-user-unknown.eml"

PARTS = ("messages", "replies", "memory", "start", "smtp-server", "smtp-client", "routing", "spf", "dkim")

#: Messages after which memory is looked at.
MARKS = (1_000, 100_000)
QUICK_MARKS = (1_000, 5_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print it, and return the exit code."""
    arguments = _arguments(argv)
    parts = _parts(arguments.corpus, quick=arguments.quick)
    rows: list[Row] = []
    for name in arguments.part or parts:
        print(f"bench: {name}", file=sys.stderr)
        rows.extend(parts[name]())
    if not arguments.part and not running_compiled():
        rows.extend(compiled_rows(arguments.corpus, quick=arguments.quick))
    if arguments.json:
        print(json.dumps([row._asdict() | {"ratio": row.ratio} for row in rows], ensure_ascii=False, indent=1))
    else:
        print(f"messages from {_shown(arguments.corpus)}; ratio: how many times better ours is\n")
        print(*as_table(rows), sep="\n")
    hint = missing()
    if hint:
        print(f"bench: {hint}", file=sys.stderr)
    return 0


def _parts(folder: Path, *, quick: bool) -> dict[str, Callable[[], list[Row]]]:
    corpus = read_corpus(folder)
    rounds, runs = (2, 3) if quick else (5, 10)
    pace = Pace(1, 0.3) if quick else Pace(rounds, 1.0)
    return {
        "messages": lambda: message_rows(corpus, peers(), rounds),
        "replies": lambda: reply_rows(corpus, rounds),
        "memory": lambda: memory_rows(folder, QUICK_MARKS if quick else MARKS),
        "start": lambda: [*start_rows(ONE, runs), *part_rows(runs), *help_rows(runs)],
        "smtp-server": lambda: server_rows(pace),
        "smtp-client": lambda: client_rows(pace),
        "routing": lambda: routing_rows(rounds),
        "spf": lambda: spf_rows(rounds),
        "dkim": lambda: dkim_rows(rounds),
    }


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed, memory and start.")
    default = next((folder for folder in CORPORA if folder.is_dir()), CORPORA[-1])
    parser.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--corpus", type=Path, default=default, help="folder of messages (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: to see that it runs, not for figures")
    arguments = parser.parse_args(argv)
    unknown = sorted(set(arguments.part) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return arguments


def _shown(folder: Path) -> str:
    """Return a folder of this project as a path below it, so that figures can be passed on."""
    resolved = folder.resolve()
    return str(resolved.relative_to(ROOT)) if resolved.is_relative_to(ROOT) else folder.name


if __name__ == "__main__":
    sys.exit(main())
