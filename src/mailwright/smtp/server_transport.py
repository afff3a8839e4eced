"""serve: the server's engine on asyncio's sockets."""

from __future__ import annotations

from dataclasses import replace

from mailwright.clock import Clock, SystemClock
from mailwright.smtp.limits import DEFAULT_TIMEOUTS, Timeouts
from mailwright.smtp.listening import Server
from mailwright.smtp.server_connection import Connection
from mailwright.smtp.server_reception import ApplicationFactory, Listener, Reception
from mailwright.smtp.server_settings import ServerSettings

__all__ = ["Server", "serve"]


async def serve(
    application_factory: ApplicationFactory,
    settings: ServerSettings,
    listener: Listener,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    clock: Clock | None = None,
) -> Server:
    """Listen, and return the server.

    application_factory: called once for each session.  Of ``settings``, ``starttls`` is set by the listener.
    Raises OSError where the address cannot be taken, ValueError for a listener that contradicts itself.
    """
    if listener.implicit_tls and (listener.ssl_context is None or listener.proxy_from):
        raise ValueError("implicit TLS needs a certificate, and goes with no PROXY header")
    offer = listener.ssl_context is not None and not listener.implicit_tls
    settings = replace(settings, starttls=offer)
    reception = Reception(listener, clock or SystemClock(), application_factory, settings, timeouts)
    server = Server(reception, lambda: Connection(reception), timeouts.tls_handshake)
    await server.start()
    return server
