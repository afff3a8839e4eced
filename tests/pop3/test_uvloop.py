"""Client and server under uvloop, which has its own transports."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import uvloop

from mailwright.lab.clock import VirtualClock
from mailwright.pop3.transport import ConnectOptions, connect
from mailwright.pop3.trouble import NoAnswer
from mailwright.smtp.sasl import Credentials
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.server_reception import Listener
from tests.pop3.serving import MESSAGES, maildrops, server_context, serving, write_authority


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "stls"])
def test_a_whole_session_under_uvloop(implicit: bool, tmp_path: Path) -> None:
    """TLS both ways, all messages, a deletion."""
    store = maildrops()
    options = ConnectOptions(TlsPolicy(TlsMode.VERIFY, implicit=implicit), ca_file=write_authority(tmp_path))

    async def talk() -> list[bytes]:
        listener = Listener(ssl_context=server_context(), implicit_tls=implicit)
        async with serving(store, listener=listener) as (_, target), await connect(target, options) as connection:
            await connection.login(Credentials("anna", "secret word"))
            texts = [b"".join([piece async for piece in connection.retrieve(number)]) for number in (1, 2, 3)]
            await connection.delete(1)
            return texts

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == list(MESSAGES)
    assert store.messages("anna") == MESSAGES[1:]


def test_virtual_time_under_uvloop() -> None:
    """A limit passes when nothing goes on, and not before."""
    clock = VirtualClock(quiet=0.01)

    async def wait() -> None:
        listener = Listener(ssl_context=server_context(), implicit_tls=True)
        async with serving(maildrops(), listener=listener) as (_, target):
            with pytest.raises(NoAnswer):
                await connect(target, ConnectOptions(TlsPolicy(TlsMode.NONE)), clock)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(wait())
    assert clock.monotonic() == 60
