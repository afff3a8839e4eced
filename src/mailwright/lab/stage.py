"""Stage: hosts and a name server on loopback, as a file of scenes describes them.

    async with Stage.load("examples/lab/scenes.toml") as stage:
        ... send with stage.resolver and stage.port ...
        assert stage.messages("anna@accepted.test")

All hosts listen on one port, each on its own address, as mail hosts all listen on port 25.  Several stages may run side
by side: each has a port that is free at all its addresses.
"""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol, Self

from mailwright.clock import Clock
from mailwright.lab.certificates import Authority
from mailwright.lab.dead_ends import Filtered, Refused
from mailwright.lab.nameserver import NameServer
from mailwright.lab.reactions import Received
from mailwright.lab.scripted import ScriptedHost
from mailwright.lab.stage_file import Behaviour, HostScene, Scenes, load_scenes, read_scenes

#: Attempts to find a port that is free at all addresses.
PORT_TRIES = 20
#: Connections that may wait to be taken (as mailwright.smtp.server_reception.Listener).
BACKLOG = 1_024


class _Running(Protocol):
    """What holds a host's port."""

    async def close(self) -> None:
        """Give it back."""
        ...


class Stage:
    """The stage; ``async with`` has it run.

    scenes: what was read.  nameserver: its DNS, which may be changed while it runs.
    """

    def __init__(self, scenes: Scenes, *, port: int = 0, clock: Clock | None = None) -> None:
        """Make the stage of ``scenes``; port 0 takes a free one.  Raises ValueError for DNS that cannot be read."""
        self.scenes = scenes
        self.nameserver = NameServer(scenes.table())
        self._clock = clock
        self._port = port
        self._hosts: dict[str, ScriptedHost] = {}
        self._running: list[_Running] = []
        self._folder: TemporaryDirectory[str] | None = None

    @classmethod
    def load(cls, path: str | Path, *, port: int = 0, clock: Clock | None = None) -> Self:
        """Return the stage that a file describes; raises StageFault that names file, key and remedy."""
        return cls(load_scenes(path), port=port, clock=clock)

    @classmethod
    def read(cls, text: str, *, port: int = 0, clock: Clock | None = None) -> Self:
        """Return the stage that a text in TOML describes; raises StageFault that names key and remedy."""
        return cls(read_scenes(text), port=port, clock=clock)

    @property
    def resolver(self) -> str:
        """Address and port of the name server, as ``dns.servers.Server.parse`` reads them."""
        return self.nameserver.address

    @property
    def port(self) -> int:
        """The port of all hosts; 0 before they listen, unless it was given."""
        return self._port

    @property
    def authority_file(self) -> str:
        """The PEM file of the authority that vouches for the hosts' certificates; "" where none has one."""
        return str(Path(self._folder.name) / "authority.pem") if self._folder is not None else ""

    def host(self, name: str) -> ScriptedHost:
        """Return a running host that can be connected to; raises KeyError where there is none of this name."""
        return self._hosts[name.lower()]

    def messages(self, recipient: str) -> list[Received]:
        """Return the messages that any host accepted for a recipient, letters in either case."""
        asked = recipient.lower()
        kept = [one for host in self._hosts.values() for one in host.messages]
        return [one for one in kept if asked in map(str.lower, one.recipients)]

    async def __aenter__(self) -> Self:
        """Have all listen; raises OSError where no port is free for all."""
        try:
            await self.nameserver.start()
            self._running.append(self.nameserver)
            sockets = self._bind()
            authority = self._make_authority()
            for scene, sock in zip(self.scenes.hosts, sockets, strict=True):
                await self._start(scene, sock, authority)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all; what a host's script missed is raised where nothing else is."""
        await self._close()
        faults = [fault for host in self._hosts.values() for fault in host.faults]
        if faults and error is None:
            raise faults[0]

    async def _start(self, scene: HostScene, sock: socket.socket, authority: Authority | None) -> None:
        if scene.play is None:
            end = Filtered(sock) if scene.behaviour is Behaviour.FILTERED else Refused(sock)
            self._running.append(end)
            await end.start()
            return
        context = None
        if scene.quality is not None and authority is not None:
            context = authority.context(scene.name, scene.quality)
        host = ScriptedHost(scene.play, clock=self._clock, ssl_context=context)
        self._running.append(host)
        self._hosts[scene.name.lower()] = host
        await host.start(sock=sock)

    async def _close(self) -> None:
        running, self._running = self._running, []
        for one in reversed(running):
            await one.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _make_authority(self) -> Authority | None:
        """Return who signs the certificates, its own in a file; None where no host needs one."""
        if all(scene.quality is None for scene in self.scenes.hosts):
            return None
        # By the machine's time, whatever the stage's clock says: OpenSSL knows no other.
        authority = Authority()
        self._folder = TemporaryDirectory(prefix="mailwright-lab-")
        Path(self.authority_file).write_bytes(authority.pem)
        return authority

    def _bind(self) -> list[socket.socket]:
        """Return a bound socket for each host, all on one port; raises OSError."""
        for tries_left in reversed(range(PORT_TRIES)):
            port = self._port
            sockets: list[socket.socket] = []
            try:
                for scene in self.scenes.hosts:
                    sockets.append(_bound(scene, port))
                    port = sockets[-1].getsockname()[1]
            except OSError as error:
                for one in sockets:
                    one.close()
                if error.errno != errno.EADDRINUSE or self._port or not tries_left:
                    raise
            else:
                self._port = port
                return sockets
        return []


def _bound(scene: HostScene, port: int) -> socket.socket:
    # asyncio sends small writes at once (TCP_NODELAY) only where the socket itself says that it is TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Connections of a stage that ended must not keep its port from the next.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((scene.address, port))
    except OSError as error:
        sock.close()
        error.filename = f"{scene.name} ({scene.address}:{port})"
        raise
    sock.setblocking(False)  # noqa: FBT003 - the name of the call says what it is
    return sock
