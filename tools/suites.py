"""Fetch the public test-suites that tests hold the code against: ``python -m tools.suites``.

The suites lie in the source archives of other projects, which are fetched with pip (so that pip's own settings for
index and proxy hold), checked against the pinned hash before anything of them is run, and unpacked into
``build/suites``.  What is there already is left alone.  Nothing of them becomes part of Mailwright.

The tests look for them in the folder that MAILWRIGHT_SUITES names, else in ``build/suites``, and are skipped where they
are not there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "suites"
#: Seconds for one archive; each has less than 100 kB.
PATIENCE = 120


class Suite(NamedTuple):
    """A source archive on the package index.

    name, version: as on the index.  sha256: of ``name-version.tar.gz``.  holds: what the tests want of it.
    """

    name: str
    version: str
    sha256: str
    holds: str

    @property
    def archive(self) -> str:
        """The name of the archive, which unpacks into a folder of the same name without the ending."""
        return f"{self.name}-{self.version}.tar.gz"


SUITES = (
    Suite(
        "pyspf",
        "2.0.14",
        "57a7ef01bda090173aafb6af0106251686ed73f03db4e911fcd34c57fc347186",
        "the openspf suites for RFC 7208 and RFC 4408, in YAML",
    ),
    Suite(
        "dkimpy",
        "1.1.8",
        "b5f60fb47bbf5d8d762f134bcea0c388eba6b498342a682a21f1686545094b77",
        "signed messages and keys for DKIM and ARC",
    ),
)


class SuiteTrouble(Exception):
    """A suite could not be fetched; the text says why, for people."""


def is_whole(suite: Suite, folder: Path) -> bool:
    """Tell whether the archive of ``suite`` lies in ``folder``, as it was pinned."""
    archive = folder / suite.archive
    return archive.is_file() and sha256(archive.read_bytes()).hexdigest() == suite.sha256


def fetch(suite: Suite, folder: Path) -> None:
    """Download the archive of ``suite`` into ``folder``.  Raises SuiteTrouble."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        # pip compares the hash before it looks into the archive.
        wanted.write_text(f"{suite.name}=={suite.version} --hash=sha256:{suite.sha256}\n", encoding="ascii")
        options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--dest", str(folder)]
        command = [sys.executable, "-m", "pip", "download", *options, "--requirement", str(wanted)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as late:
            raise SuiteTrouble(f"{suite.name}: no answer from the package index in {PATIENCE} seconds") from late
    if not is_whole(suite, folder):
        said = (done.stderr.strip() or done.stdout.strip() or "pip said nothing").splitlines()[-1]
        raise SuiteTrouble(f"{suite.name} {suite.version} could not be fetched (is there a network?): {said}")


def unpack(suite: Suite, folder: Path) -> None:
    """Unpack the archive of ``suite`` beside itself."""
    with tarfile.open(folder / suite.archive) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            # Before Python 3.11.4 there is no filter; the hash of the archive was compared with ours all the same.
            archive.extractall(folder)  # noqa: S202


def provide(suite: Suite, folder: Path) -> bool:
    """See to it that ``suite`` lies in ``folder``, unpacked; return whether anything was to be done.

    Raises SuiteTrouble.
    """
    unpacked = folder / suite.archive.removesuffix(".tar.gz")
    whole = is_whole(suite, folder)
    if whole and unpacked.is_dir():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    if not whole:
        (folder / suite.archive).unlink(missing_ok=True)
        fetch(suite, folder)
    unpack(suite, folder)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch all suites; return 1 where one could not be had."""
    parser = argparse.ArgumentParser(prog="python -m tools.suites", description="Fetch the public test-suites.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they go (default: build/suites)")
    folder: Path = parser.parse_args(arguments).folder
    failed = False
    for suite in SUITES:
        try:
            state = "fetched" if provide(suite, folder) else "there already"
            print(f"{suite.name} {suite.version}: {state} ({suite.holds})")
        except SuiteTrouble as trouble:
            failed = True
            print(f"tools.suites: {trouble}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
