"""Mail hosts on addresses of their own and one port, that answer by a table; and what names lead to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.server_application import Answering, Application
from mailwright.smtp.server_events import Connected, HelloGiven, MailGiven, MessageGiven, RecipientGiven
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import ServerSettings
from mailwright.smtp.server_transport import Server, serve


def reply(text: str) -> Reply:
    """Return the reply that ``text`` is, on one line."""
    code, _, words = text.partition(" ")
    status, _, rest = words.partition(" ")
    enhanced = EnhancedStatus.parse(status)
    return Reply(int(code), (rest if enhanced else words,), enhanced)


@dataclass
class Host:
    """A host that accepts everything but what ``refuses`` says.

    refuses: by "connect", "hello", "mail", "message" or a recipient's address; the reply.
    taken: the messages it has accepted: recipients, content.  sessions: how many began.
    """

    name: str = "mx.example.test"
    refuses: dict[str, str] = field(default_factory=dict)
    settings: Callable[[ServerSettings], ServerSettings] = lambda settings: settings
    ssl_context: object = None
    taken: list[tuple[list[str], bytes]] = field(default_factory=list)
    sessions: int = 0


class _Session(Application):
    def __init__(self, host: Host) -> None:
        self._host = host
        host.sessions += 1

    def _answer(self, key: str) -> Reply | None:
        return reply(self._host.refuses[key]) if key in self._host.refuses else None

    def connected(self, event: Connected) -> Answering:  # noqa: ARG002
        return self._answer("connect")

    def hello(self, event: HelloGiven) -> Answering:  # noqa: ARG002
        return self._answer("hello")

    def mail(self, event: MailGiven) -> Answering:  # noqa: ARG002
        return self._answer("mail")

    def recipient(self, event: RecipientGiven) -> Answering:
        return self._answer(str(event.recipient.address))

    def message(self, event: MessageGiven) -> Answering:
        answer = self._answer("message")
        if answer is None:
            self._host.taken.append(([str(one.address) for one in event.envelope.recipients], event.content))
        return answer


@asynccontextmanager
async def serving(*hosts: tuple[str, Host], port: int = 0) -> AsyncIterator[int]:
    """Serve each host on its address, all on one port, which is yielded; 0 takes a free one."""
    servers: list[Server] = []
    try:
        for address, host in hosts:
            settings = host.settings(ServerSettings(host.name))
            listener = Listener(address, port, ssl_context=host.ssl_context)  # type: ignore[arg-type]
            server = await serve(lambda _peer, host=host: _Session(host), settings, listener)  # type: ignore[misc]
            servers.append(server)
            port = server.addresses[0][1]
        yield port
    finally:
        for server in servers:
            await server.close()
