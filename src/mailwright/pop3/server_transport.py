"""serve: the server's engine of POP3 on asyncio's sockets."""

from __future__ import annotations

from dataclasses import replace

from mailwright.clock import Clock, SystemClock
from mailwright.pop3.limits import DEFAULT_TIMEOUTS, Timeouts
from mailwright.pop3.server_application import Application
from mailwright.pop3.server_connection import Connection, Shared
from mailwright.pop3.server_settings import ServerSettings
from mailwright.smtp.listening import Server
from mailwright.smtp.server_reception import Listener

__all__ = ["Server", "serve"]


async def serve(
    application: Application,
    settings: ServerSettings,
    listener: Listener,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    clock: Clock | None = None,
) -> Server:
    """Listen, and return the server.

    Of ``settings``, ``stls`` is set by the listener.  Of ``listener``, ``proxy_from`` must be empty.
    Raises OSError where the address cannot be taken, ValueError for a listener that contradicts itself.
    """
    if listener.proxy_from or (listener.implicit_tls and listener.ssl_context is None):
        raise ValueError("implicit TLS needs a certificate, and there is no PROXY header in front of POP3")
    offer = listener.ssl_context is not None and not listener.implicit_tls
    shared = Shared(listener, clock or SystemClock(), application, replace(settings, stls=offer), timeouts)
    server = Server(shared, lambda: Connection(shared), timeouts.tls_handshake)
    await server.start()
    return server
