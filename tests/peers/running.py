"""Mail servers of other people, run for tests from a folder of their own: processes, mailboxes, certificates."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
import trustme

from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.client_options import ConnectOptions, Target
from mailwright.smtp.client_state import ClientSettings
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transport import Connection, connect

Found = TypeVar("Found")

HOST = "mx.peer.test"
AUTHORITY = trustme.CA()
# OpenSMTPD 6.8 cannot use an elliptic key with OpenSSL 3.
CERTIFICATE = AUTHORITY.issue_cert(HOST, "127.0.0.1", "localhost", key_type=trustme.KeyType.RSA)
#: Whom every peer knows; all others are unknown.  Mail for all of them goes into one Maildir.
USERS = ("anna", *(f"user{number}" for number in range(30)), "用户")
PASSWORD = "correct horse"  # noqa: S105 - of servers that live for seconds
#: Octets of the largest message that every peer takes; told by SIZE.
LARGEST = 8_000_000
#: Programs of the system are looked for here too: a user's path may lack it.
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
FETCHED = Path(os.environ.get("MAILWRIGHT_PEERS") or Path(__file__).resolve().parents[2] / "build" / "peers")
#: Seconds until a server answers, a message is there, or a process has ended.
PATIENCE = 20.0
#: Seconds between two looks.
PAUSE = 0.01
#: Characters of a log that are told.
LOG_END = 6_000

WAYS = ("plain", "starttls", "implicit")


# ------------------------------------------------------------------------------------------------------- processes


def must_be_root() -> None:
    """Skip without the right to start servers that change their user."""
    if os.geteuid() != 0:
        pytest.skip("needs root: mail servers change their user and their root directory")


def program(name: str, package: str) -> str:
    """Return where a program is, or skip."""
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"needs {name} from the Debian package {package}")
    return found


def fetched(name: str) -> Path:
    """Return the root directory of a fetched server, or skip."""
    tree = FETCHED / name
    if not (tree / ".whole").exists():
        pytest.skip(f"needs {name} in {FETCHED}: python -m tools.peers")
    return tree


def free_ports(number: int) -> list[int]:
    """Return ports that were free a moment ago: these servers cannot tell which one the kernel chose."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """Make a folder that the users of a server can reach; with the certificates in it."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        CERTIFICATE.private_key_pem.write_to_path(str(path / "key.pem"))
        CERTIFICATE.cert_chain_pems[0].write_to_path(str(path / "cert.pem"))
        AUTHORITY.cert_pem.write_to_path(str(path / "ca.pem"))
        (path / "key.pem").chmod(0o600)
        yield path


@contextmanager
def own_root(name: str, accounts: Mapping[str, int]) -> Iterator[Path]:
    """Copy a fetched server's root directory, and give it accounts (user: ID), its certificates and devices."""
    tree = fetched(name)
    with own_folder(name) as folder:
        root = folder / "root"
        shutil.copytree(tree, root, symlinks=True)
        for part in ("etc", "dev", "tmp", "run", "var/spool", "var/log", "var/lib"):
            (root / part).mkdir(parents=True, exist_ok=True)
        (root / "tmp").chmod(0o1777)
        (root / "var/run").symlink_to("/run")
        users = {"root": 0, **accounts}
        (root / "etc/passwd").write_text("".join(f"{user}:x:{uid}:{uid}::/:/bin/sh\n" for user, uid in users.items()))
        (root / "etc/group").write_text("".join(f"{user}:x:{uid}:\n" for user, uid in users.items()))
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        try:
            os.mknod(root / "dev/null", stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            # A container may forbid devices; a file that is written to and never read does as well.
            (root / "dev/null").touch()
        (root / "dev/null").chmod(0o666)
        for file in ("key.pem", "cert.pem", "ca.pem"):
            shutil.copy2(folder / file, root / "etc" / file)
        yield root


def make_maildir(folder: Path, owner: int) -> Path:
    """Make an empty Maildir; the user and the group of it have the same number."""
    for part in ("", "cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        os.chown(folder / part, owner, owner)
    return folder


@contextmanager
def running(command: Iterable[str], ports: Iterable[int], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground for as long as the block lasts.

    log: where its output goes; it is told where the server does not start.
    """
    with log.open("ab") as output:
        # In a process group of its own: what the server leaves behind ends with it.
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        for port in ports:
            _wait_for(process, port, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until something listens on a port."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except OSError:
            time.sleep(PAUSE)
        else:
            return
    pytest.fail(f"{process.args!r} does not listen on port {port}:\n{log.read_text(errors='replace')}")


async def until(look: Callable[[], Found | None]) -> Found:
    """Return what ``look`` finds, once it finds something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        await asyncio.sleep(PAUSE)
    raise AssertionError("it has not come")


# ---------------------------------------------------------------------------------------------------------- a peer


class Inbox:
    """A Maildir that a server delivers into.  log: what the server writes, told where a message does not come."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log
        self._read: dict[str, bytes] = {}

    @property
    def texts(self) -> list[bytes]:
        """The messages, with CRLF."""
        for file in (self.folder / "new").iterdir():
            if file.name not in self._read:
                self._read[file.name] = file.read_bytes().replace(b"\n", b"\r\n")
        return list(self._read.values())

    async def holding(self, words: str, copies: int = 1) -> list[bytes]:
        """Wait until there are ``copies`` messages with ``words`` in them, and return them."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [text for text in self.texts if words.encode() in text]
            if len(found) >= copies:
                return found
            if time.monotonic() > end:
                log = self.log.read_text(errors="replace")[-LOG_END:]
                pytest.fail(f"{len(found)} of {copies} messages with {words!r} have arrived:\n{log}")
            await asyncio.sleep(PAUSE)

    async def received(self, letter: Letter, copies: int = 1) -> list[bytes]:
        """Wait for the copies of a letter, and return what arrived of each: from its own first field to its end."""
        found = await self.holding(letter.subject, copies)
        return [text[text.index(b"Subject: " + letter.subject.encode()) :] for text in found]


@dataclass(frozen=True)
class Peer:
    """A running server.

    version: in its own words.  plain, implicit: where it is.  domain: for which it has USERS.
    relay, lmtp: the ports to which it hands on what is for relayed.test, by SMTP, and for mailboxes.test, by LMTP.
    """

    version: str
    folder: Path
    plain: Target
    implicit: Target | None
    inbox: Inbox
    relay: int = 0
    lmtp: int = 0
    domain: str = "example.test"

    @property
    def authority(self) -> str:
        """The file with the authority for its certificate."""
        return str(self.folder / "ca.pem")


@asynccontextmanager
async def connected(
    peer: Peer, way: str = "plain", settings: ClientSettings | None = None, authority: str = ""
) -> AsyncIterator[Connection]:
    """Connect by one of WAYS, the certificate verified."""
    target = peer.implicit if way == "implicit" else peer.plain
    assert target is not None
    policy = TlsPolicy(TlsMode.NONE if way == "plain" else TlsMode.VERIFY, implicit=way == "implicit")
    options = ConnectOptions(
        "client.example.test",
        policy=policy,
        ca_file=authority or peer.authority,
        settings=settings or ClientSettings(),
    )
    async with await connect(target, options) as connection:
        yield connection


# --------------------------------------------------------------------------------------------------------- letters


@dataclass(frozen=True)
class Letter:
    """A message that can be told from all others.  subject: its only word."""

    subject: str
    octets: bytes


def letter(body: bytes = b"Hello\r\n") -> Letter:
    """Return a letter with all fields that a server might add."""
    word = uuid4().hex
    head = (
        f"Subject: {word}\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nFrom: Anna <anna@example.test>\r\n"
        f"To: user1@example.test\r\nMessage-ID: <{word}@client.example.test>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return Letter(word, head.encode() + body)


def envelope_to(*recipients: str, sender: str | None = "anna@example.test") -> Envelope:
    """Return an envelope; ``sender`` None is the null reverse-path."""
    reverse_path = Address.parse(sender) if sender is not None else None
    return Envelope(reverse_path, tuple(Recipient(Address.parse(address)) for address in recipients))
