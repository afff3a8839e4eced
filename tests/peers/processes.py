"""Other people's servers as processes of ours: found, started in the foreground, waited for, ended by their id."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

Found = TypeVar("Found")

#: Programs of the system are looked for here too: a user's path may lack it.
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
#: Seconds between two looks, and how many looks something is given: 20 seconds.
PAUSE, LOOKS = 0.02, 1_000
#: Seconds in which a server must have ended that was told to.
LAST = 10


def program(name: str, package: str) -> str:
    """Return where a program is, or skip."""
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"needs {name} from the Debian package {package}")
    return found


def free_port() -> int:
    """Return a port that was free a moment ago: these servers do not tell which one the kernel chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], ports: Sequence[int], log: Path) -> Iterator[None]:
    """Run a server, in a process group of its own, for as long as the block lasts, which begins when it listens."""
    process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        for port in ports:
            if not asyncio.run(_listening(process, port)):
                said = log.read_text(errors="replace") if log.exists() else "nothing in its log"
                pytest.fail(f"{command[0]} does not answer: {said}")
        yield
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(LAST)


async def _listening(process: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(LOOKS):
        if process.poll() is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(PAUSE)
            continue
        writer.close()
        await writer.wait_closed()
        return True
    return False


async def until(look: Callable[[], Found | None]) -> Found:
    """Return what ``look`` finds, once it finds something."""
    for _ in range(LOOKS):
        if found := look():
            return found
        await asyncio.sleep(PAUSE)
    raise AssertionError("it has not come")
