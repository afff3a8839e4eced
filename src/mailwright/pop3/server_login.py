"""Login: one session's way from a name to a user, with whatever the client uses for it."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from mailwright.pop3.apop import apop_digest
from mailwright.pop3.server_application import APOP, Application
from mailwright.pop3.server_events import ApopGiven, AuthGiven, AuthResponse, LoginGiven
from mailwright.smtp.sasl_server import Accepted, Challenge, CheckPassword, Exchange, NeedSecret, Step, exchange
from mailwright.smtp.server_application import Peer


class Login:
    """Asks the application what it needs to know.

    timestamp: what the greeting showed for APOP.  host: the server's name.
    nonce: returns printable ASCII without comma, at least 18 random octets' worth, another one each time.
    """

    def __init__(
        self, application: Application, peer: Peer, timestamp: str, host: str, nonce: Callable[[], str]
    ) -> None:
        self._application = application
        self._peer = peer
        self._timestamp = timestamp
        self._host = host
        self._nonce = nonce
        self._exchange: Exchange | None = None
        self._mechanism = ""

    async def take(self, event: LoginGiven | ApopGiven | AuthGiven | AuthResponse) -> str | Challenge | None:
        """Return the user who has logged in, what to ask next, or None for a login that failed.

        Raises what the application raises, and SaslFault for a mechanism that is not known here.
        """
        match event:
            case LoginGiven(name, password):
                return await self._application.check(CheckPassword(name, password), self._peer)
            case ApopGiven(name, digest):
                return await self._apop(name, digest)
            case AuthGiven(mechanism, initial):
                self._mechanism = mechanism
                self._exchange = exchange(mechanism, self._nonce(), self._host)
                return await self._go_on(self._exchange, self._exchange.start(initial))
            case AuthResponse(response):
                return (
                    None
                    if self._exchange is None
                    else await self._go_on(self._exchange, self._exchange.respond(response))
                )

    async def _apop(self, name: str, digest: str) -> str | None:
        password = await self._application.secret(name, APOP)
        if not isinstance(password, str):
            return None
        return name if hmac.compare_digest(apop_digest(self._timestamp, password), digest) else None

    async def _go_on(self, going: Exchange, step: Step) -> str | Challenge | None:
        if isinstance(step, NeedSecret):
            step = going.secret(await self._application.secret(step.user, self._mechanism))
        if isinstance(step, Challenge):
            return step
        self._exchange = None
        if isinstance(step, CheckPassword):
            return await self._application.check(step, self._peer)
        return step.user if isinstance(step, Accepted) else None
