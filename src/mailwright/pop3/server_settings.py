"""ServerSettings: what a server is called, what it offers, and what it insists on."""

from __future__ import annotations

from dataclasses import dataclass

from mailwright.pop3.capabilities import Capabilities
from mailwright.pop3.limits import DEFAULT_LIMITS, Limits
from mailwright.smtp.server_settings import AuthOffer


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One listener's ways.

    host: the server's own name, in the greeting.
    implementation: what CAPA tells of the software; "" for nothing.
    stls: offer STLS; the transport sets it by whether it has a certificate.
    login: when logins that show the password, and AUTH, are offered.  APOP is not bound to it.
    apop: offer APOP, by a timestamp in the greeting; the transport makes it.
    user: offer USER and PASS.  mechanisms: SASL mechanisms of AUTH, best first.
    login_delay: seconds between logins that CAPA announces; None for none.  To hold to it is the application's part.
    expire: days that CAPA says messages are kept; None for "for ever" (RFC 2449 6.7).
    utf8: offer UTF8 and LANG (RFC 6856).
    """

    host: str
    implementation: str = ""
    stls: bool = False
    login: AuthOffer = AuthOffer.UNDER_TLS
    apop: bool = False
    user: bool = True
    mechanisms: tuple[str, ...] = ("PLAIN",)
    login_delay: int | None = None
    expire: int | None = None
    utf8: bool = True
    limits: Limits = DEFAULT_LIMITS

    def offers_login(self, *, tls: bool) -> bool:
        """Tell whether USER, PASS and AUTH are good in a session that is, or is not, under TLS."""
        return self.login is AuthOffer.ALWAYS or (self.login is AuthOffer.UNDER_TLS and tls)

    def capabilities(self, *, tls: bool) -> Capabilities:
        """Return what CAPA tells.

        RFC 2449 5: what is available before the login MUST be announced after it too, so both get the same.
        """
        login = self.offers_login(tls=tls)
        return Capabilities(
            top=True,
            user=self.user and login,
            uidl=True,
            resp_codes=True,
            auth_resp_code=True,
            pipelining=True,
            # RFC 2595 4: not once TLS is active.
            stls=self.stls and not tls,
            lang=self.utf8,
            utf8=self.utf8,
            utf8_user=self.utf8,
            mechanisms=self.mechanisms if login else (),
            login_delay=self.login_delay,
            expire=self.expire,
            expire_never=self.expire is None,
            implementation=self.implementation,
        )
