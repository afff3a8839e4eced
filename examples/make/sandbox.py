"""A throw-away Linux for each mail system.

Why: Debian's mail systems exclude each other, have their paths built in
(/etc/courier, /etc/nullmailer, /usr/sbin/sendmail), want port 25 and their own
users, and read the machine's host name and resolver.  So each runs in its own
namespaces, as root:

* mount: an overlay over this machine's file system whose changes live in memory
  and vanish; the packages are installed there and nowhere else;
* PID: whatever a mail system starts ends when the sandbox ends;
* network: after the installation, a network that has only a loopback
  interface, so no message can leave, and ports 25 and 53 are free;
* UTS: the host is called mx.sender.test.

There are three steps, each a new process: ``run_sandbox`` (outside),
``build_and_enter`` (in the overlay, still with network, for apt),
``settle`` (in the lab, without network).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from catalogue import SENDER_HOST

HERE = Path(__file__).resolve().parent
NEEDED = ("unshare", "chroot", "mount", "apt-get")
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


class SandboxError(RuntimeError):
    """The sandbox could not be made; the text says why."""


def run_sandbox(system: str, packages: Sequence[str], out: Path, verbose: bool) -> None:
    """Make the examples of one system in a sandbox; they are left in ``out``."""
    if os.geteuid() != 0:
        raise SandboxError("must be root (namespaces, port 25, package installation)")
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        raise SandboxError(f"programs missing: {', '.join(missing)} (util-linux, coreutils, apt)")
    command = ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    command += [sys.executable, "-B", str(HERE / "make.py"), "--step", "build"]
    command += ["--only", system, "--out", str(out), "--packages", " ".join(packages)]
    with tempfile.TemporaryDirectory(prefix="bounce-lab-") as root:
        done = subprocess.run([*command, "--root", root], check=False, stdout=None if verbose else subprocess.DEVNULL)
    if done.returncode:
        raise SandboxError(f"the run ended with status {done.returncode}")


def build_and_enter(system: str, packages: Sequence[str], root: Path, out: Path) -> None:
    """Lay the overlay, install the packages there and go on inside it."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root))
    upper, work, top = (root / name for name in ("upper", "work", "top"))
    for folder in (upper, work, top):
        folder.mkdir()
    layers = f"lowerdir=/,upperdir={upper},workdir={work}"
    mount("-t", "overlay", "overlay", "-o", layers, str(top))
    mount("-t", "proc", "proc", str(top / "proc"))
    mount("--rbind", "/dev", str(top / "dev"))
    mount("-t", "tmpfs", "tmpfs", str(top / "tmp"))
    for source, name in ((HERE, "lab-make"), (out, "lab-out")):
        (top / name).mkdir()
        mount("--bind", str(source), str(top / name))
    install(top, packages)
    write_names(top)
    inner = [sys.executable, "-B", "/lab-make/make.py", "--step", "lab", "--only", system]
    os.execvp(
        "unshare",
        ["unshare", "--net", "--uts", "chroot", str(top), *inner, "--out", "/lab-out"],
    )


def mount(*arguments: str) -> None:
    """Mount, or say what failed."""
    subprocess.run(["mount", *arguments], check=True)


def install(top: Path, packages: Sequence[str]) -> None:
    """Install packages in the overlay without starting any service."""
    policy = top / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    # Package scripts take the mail name from here instead of the machine's.
    (top / "etc/mailname").write_text(SENDER_HOST + "\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    command = ["chroot", str(top), "apt-get", "-qq", "-y", "--no-install-recommends"]
    command += ["-o", "APT::Sandbox::User=root", "install", *packages]
    log = top / "var/log/lab-install.log"
    with log.open("wb") as stream:
        done = subprocess.run(command, check=False, env=environment, stdout=stream, stderr=stream)
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-8:]
        print("\n".join(tail), file=sys.stderr)
        needed = " ".join(packages)
        raise SandboxError(f"Debian package(s) could not be installed: {needed}")


def write_names(top: Path) -> None:
    """Names inside the sandbox: its own resolver, its own host name."""
    (top / "etc/hosts").write_text(f"127.0.0.1 {SENDER_HOST} mx localhost\n")
    (top / "etc/hostname").write_text(SENDER_HOST + "\n")
    resolver = top / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    (top / "etc/nsswitch.conf").write_text(
        "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n"
    )


def settle() -> None:
    """The last step: bring up the loopback interface and take the name."""
    socket.sethostname(SENDER_HOST)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        answer = fcntl.ioctl(control, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sH14s", answer)[1] | IFF_UP
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags, b""))
    os.environ.update(LC_ALL="C.UTF-8", TZ="UTC", HOME="/root")
