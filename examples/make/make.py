#!/usr/bin/env python3
"""Make the example bounces again.

    python3 examples/make/make.py [--only postfix] [--out DIR] [--verbose]

Runs each mail system of Debian in a sandbox of its own (see sandbox.py) against
scripted peers (see catalogue.py), collects what it writes, and labels it.  Must
be root, on Debian, with access to Debian's packages.  A system that fails is
reported, and the others go on.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import tempfile
from pathlib import Path

from labels import Book
from sandbox import HERE, SandboxError, build_and_enter, run_sandbox, settle
from systems import SYSTEMS, debian_version


def merge(fresh: Path, out: Path, system: str) -> int:
    """Replace the examples and labels of one system by the fresh ones."""
    labels = out / "labels.jsonl"
    marker = f'"system": "{system}"'
    old = labels.read_text(encoding="utf-8").splitlines() if labels.exists() else []
    new = (fresh / f"{system}.labels").read_text(encoding="utf-8").splitlines()
    for stale in out.glob(f"{system}-*.eml"):
        stale.unlink()
    for one in fresh.glob("*.eml"):
        (out / one.name).write_bytes(one.read_bytes())
    lines = sorted([line for line in old if marker not in line] + new)
    labels.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(new)


def make_all(names: list[str], out: Path, verbose: bool) -> int:
    """Make the examples of these systems; the number of systems that failed."""
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names:
        packages = SYSTEMS[name]
        with tempfile.TemporaryDirectory(prefix="bounce-out-") as folder:
            try:
                if packages:
                    run_sandbox(name, packages, Path(folder), verbose)
                else:
                    in_lab(name, Path(folder))
                count = merge(Path(folder), out, name)
            except (SandboxError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                failed += 1
            else:
                print(f"{name}: {count} examples")
    return failed


def in_lab(system: str, out: Path) -> None:
    """The part that runs inside the sandbox."""
    if SYSTEMS[system]:
        settle()
    module = importlib.import_module(f"system_{system}")
    book = Book(out, system, debian_version(SYSTEMS[system]))
    try:
        module.run(book)
    finally:
        book.close()


def main() -> int:
    """Read the command line; the --step options are for the sandbox only."""
    parser = argparse.ArgumentParser(description="Make the example bounces again (as root).")
    parser.add_argument("--only", choices=sorted(SYSTEMS), action="append", help="one system")
    parser.add_argument("--out", type=Path, default=HERE.parent / "bounces", help="where to")
    parser.add_argument("--verbose", action="store_true", help="show what the systems say")
    for hidden in ("--step", "--root", "--packages"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    # Die as an exception does, so that the sandbox is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names: list[str] = options.only or list(SYSTEMS)
    try:
        if options.step == "build":
            build_and_enter(names[0], options.packages.split(), Path(options.root), options.out)
        elif options.step == "lab":
            in_lab(names[0], options.out)
        else:
            return 1 if make_all(names, options.out.resolve(), options.verbose) else 0
    except SandboxError as error:
        print(f"{names[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
