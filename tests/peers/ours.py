"""Our server, to which a peer hands mail on: in a thread, because peers keep connections from one test to the next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.server_application import Answering, Application, TlsFacts
from mailwright.smtp.server_events import MessageGiven, RecipientGiven
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import Role, ServerSettings
from mailwright.smtp.server_transport import serve
from tests.peers.running import CERTIFICATE, HOST, LOG_END, PATIENCE, PAUSE


class OurServer:
    """Our server while it runs, and what came.

    log: of the peer, told where a message does not come.  secured: the sessions that were under TLS.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self.taken: list[MessageGiven] = []
        self.secured: list[TlsFacts] = []

    async def received(self, subject: str) -> MessageGiven:
        """Wait for the message with this subject."""
        for _ in range(int(PATIENCE / PAUSE)):
            for message in self.taken:
                if subject.encode() in message.content:
                    return message
            await asyncio.sleep(PAUSE)
        pytest.fail(f"the message has not come:\n{self.log.read_text(errors='replace')[-LOG_END:]}")


class TakesMail(Application):
    """Takes all mail except for recipients called nobody, and notes it."""

    def __init__(self, ours: OurServer) -> None:
        self._ours = ours

    def secured(self, tls: TlsFacts) -> None:
        self._ours.secured.append(tls)

    def recipient(self, event: RecipientGiven) -> Answering:
        if event.recipient.address.local_part.startswith("nobody"):
            return Reply(550, ("nobody of this name at Mailwright",), EnhancedStatus(5, 1, 1))
        return None

    def message(self, event: MessageGiven) -> Answering:
        self._ours.taken.append(event)
        return None


@contextmanager
def our_server(port: int, log: Path, role: Role = Role.SMTP) -> Iterator[OurServer]:
    """Run our server on a port, with STARTTLS, for as long as the block lasts."""
    context = SSLContext(PROTOCOL_TLS_SERVER)
    CERTIFICATE.configure_cert(context)
    ours = OurServer(log)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        listener = Listener(port=port, ssl_context=context)
        serving = serve(lambda _: TakesMail(ours), ServerSettings(HOST, role=role), listener)
        server = asyncio.run_coroutine_threadsafe(serving, loop).result(PATIENCE)
        try:
            yield ours
        finally:
            asyncio.run_coroutine_threadsafe(server.close(grace=0.1), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
