"""Fetch the mail servers that tests run beside the installed one: ``python -m tools.peers``.

Debian's mail servers exclude each other as packages.  Postfix is installed; the others are fetched with apt-get and
unpacked into ``build/peers``, each with the libraries that it needs, as a root directory of its own for chroot(8).
Nothing is installed and nothing outside that folder is changed; what is there already is left alone.

The tests copy such a tree, add a configuration, and run the server in the copy.  They look in the folder that
MAILWRIGHT_PEERS names, else in ``build/peers``, and are skipped where it is not there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "peers"
#: Written last into a tree: it is whole.
STAMP = ".whole"
#: What is of no use in a root directory for a test.
LEFT_OUT = ("usr/share", "etc/init.d", "etc/cron.daily", "lib/systemd")
#: Seconds for one call of apt-get; all packages of a server have a few MB.
PATIENCE = 300


class Peer(NamedTuple):
    """A mail server.

    name: of its folder.  package: Debian's.  programs: what it runs, relative to its root; their libraries are added.
    """

    name: str
    package: str
    programs: tuple[str, ...]


PEERS = (
    Peer("exim", "exim4-daemon-light", ("usr/sbin/exim4",)),
    Peer(
        "opensmtpd",
        "opensmtpd",
        ("usr/sbin/smtpd", "usr/sbin/smtpctl", "usr/libexec/opensmtpd/mail.maildir", "usr/libexec/opensmtpd/mail.mda"),
    ),
)
#: OpenSMTPD calls its own deliverers by a shell.
SHELL = "/bin/sh"


class PeerTrouble(RuntimeError):
    """A server could not be had; the message says why."""


def run(*command: str, folder: Path | None = None, libraries: str = "") -> str:
    """Run a program and return its output; raises PeerTrouble where it fails."""
    environment = os.environ | {"LC_ALL": "C"} | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout).strip().splitlines()
        raise PeerTrouble(f"{' '.join(command)}: {words[-1] if words else f'exit code {error.returncode}'}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerTrouble(str(error)) from error
    return done.stdout


def packages_of(package: str) -> list[str]:
    """Return the package and all that would have to be installed with it."""
    lines = run("apt-get", "--simulate", "-qq", "install", "--no-install-recommends", package).splitlines()
    needed = [line.split()[1] for line in lines if line.startswith("Inst ")]
    return [package, *(name for name in needed if name != package)]


def unpack(names: Sequence[str], tree: Path) -> None:
    """Download packages and unpack them into one tree."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        downloads = Path(name)
        # Where root's temporary folder is closed to apt's own user it downloads as root, and warns unless told to.
        run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *names, folder=downloads)
        for archive in sorted(downloads.glob("*.deb")):
            run("dpkg-deb", "--extract", str(archive), str(tree))
    for path in LEFT_OUT:
        shutil.rmtree(tree / path, ignore_errors=True)


def library_paths(tree: Path) -> str:
    """Return where libraries lie in a tree, as LD_LIBRARY_PATH."""
    folders = {file.parent for file in tree.rglob("lib*.so*")}
    return os.pathsep.join(map(str, sorted(folders)))


def libraries_of(program: Path, paths: str) -> Iterator[Path]:
    """Yield the libraries of a program, with the loader; raises PeerTrouble where one is missing."""
    for line in run("ldd", str(program), libraries=paths).splitlines():
        if "not found" in line:
            raise PeerTrouble(f"{program.name} needs a library that is not there: {line.split()[0]}")
        found = next((word for word in line.split() if word.startswith("/")), None)
        if found is not None:
            yield Path(found)


def add_libraries(peer: Peer, tree: Path) -> None:
    """Copy a shell, and what it and the programs need of this machine's libraries, into a tree."""
    paths = library_paths(tree)
    (tree / "bin").mkdir(exist_ok=True)
    shutil.copy2(SHELL, tree / SHELL.lstrip("/"))
    for program in (Path(SHELL), *(tree / name for name in peer.programs)):
        for library in libraries_of(program, paths):
            if not library.is_relative_to(tree):
                place = tree / str(library).lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(library, place)


def provide(peer: Peer, folder: Path) -> bool:
    """Fetch a server unless it is there; return whether that was needed.  Raises PeerTrouble."""
    tree = folder / peer.name
    if (tree / STAMP).exists():
        return False
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    unpack(packages_of(peer.package), tree)
    add_libraries(peer, tree)
    (tree / STAMP).touch()
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch all servers; return 1 where one could not be had."""
    parser = argparse.ArgumentParser(prog="python -m tools.peers", description="Fetch mail servers for tests.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they go (default: build/peers)")
    folder: Path = parser.parse_args(arguments).folder.resolve()
    failed = False
    for peer in PEERS:
        try:
            state = "fetched" if provide(peer, folder) else "there already"
            print(f"{peer.name} ({peer.package}): {state}")
        except PeerTrouble as trouble:
            failed = True
            print(f"tools.peers: {peer.package}: {trouble}", file=sys.stderr)
    if failed:
        print("tools.peers: needs Debian or Ubuntu, its mirror, and `apt-get update` before", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
