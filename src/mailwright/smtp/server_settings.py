"""ServerSettings: what a server is called, what it offers, and what it insists on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailwright.smtp.data import LineEnds
from mailwright.smtp.limits import DEFAULT_LIMITS, Limits
from mailwright.smtp.parameters import PARAMETERS


class Role(StrEnum):
    """Which of the two protocols is spoken."""

    SMTP = "smtp"
    LMTP = "lmtp"


class AuthOffer(StrEnum):
    """When AUTH is offered."""

    NEVER = "never"
    UNDER_TLS = "under-tls"
    # For clients on the same machine only: passwords cross the wire readable.
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One listener's ways.

    host: the server's own name, in the greeting and in the reply to EHLO.
    software: words after "ESMTP" in the greeting; "" for none.
    starttls: offer STARTTLS; the transport sets it by whether it has a certificate.
    require_tls, require_authentication: refuse MAIL with 530 without it.
    auth, mechanisms: when AUTH is offered, and which SASL mechanisms, best first.
    chunking, binarymime, smtputf8, dsn, requiretls: offer the extension; binarymime only together with chunking.
    mail_max, recipient_domain_max: what LIMITS announces beside the recipients (RFC 9422); None for no limit.
    stream: hand the text out in pieces as it comes, with DataChunk, and do not gather it.
    line_ends: what is done with a bare CR or LF in a message.
    long_lines: take lines of text longer than Limits.text_line, which others may refuse.
    spaces: let blanks follow "FROM:" and "TO:".
    strict_pipelining: close on a client that does not wait where RFC 2920 3.1 makes it wait.
    """

    host: str
    role: Role = Role.SMTP
    software: str = ""
    starttls: bool = False
    require_tls: bool = False
    auth: AuthOffer = AuthOffer.NEVER
    mechanisms: tuple[str, ...] = ()
    require_authentication: bool = False
    chunking: bool = True
    binarymime: bool = True
    smtputf8: bool = True
    dsn: bool = True
    requiretls: bool = True
    mail_max: int | None = None
    recipient_domain_max: int | None = None
    stream: bool = False
    line_ends: LineEnds = LineEnds.STRICT
    long_lines: bool = False
    spaces: bool = False
    strict_pipelining: bool = True
    limits: Limits = DEFAULT_LIMITS

    def offers_auth(self, *, tls: bool) -> bool:
        """Tell whether AUTH is offered in a session that is, or is not, under TLS."""
        return bool(self.mechanisms) and (self.auth is AuthOffer.ALWAYS or (self.auth is AuthOffer.UNDER_TLS and tls))

    def parameters(self, *, tls: bool) -> frozenset[str]:
        """Return the parameters of MAIL and RCPT that are taken."""
        refused = set()
        if not self.smtputf8:
            refused.add("SMTPUTF8")
        if not self.dsn:
            refused.update(("RET", "ENVID", "NOTIFY", "ORCPT"))
        if not self.offers_auth(tls=tls):
            refused.add("AUTH")
        # RFC 8689 4.1: a server offers REQUIRETLS only in a session that is under TLS.
        if not (self.requiretls and tls):
            refused.add("REQUIRETLS")
        return PARAMETERS - refused

    def extensions(self, *, tls: bool) -> tuple[str, ...]:
        """Return the lines of the reply to EHLO after the first (RFC 5321 4.1.1.1)."""
        lines = ["PIPELINING", f"SIZE {self.limits.message}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        # RFC 3207 4.2: a server MUST NOT offer STARTTLS once TLS is active.
        if self.starttls and not tls:
            lines.append("STARTTLS")
        if self.offers_auth(tls=tls):
            lines.append(" ".join(("AUTH", *self.mechanisms)))
        if self.chunking:
            lines.append("CHUNKING")
            # RFC 3030 3: BINARYMIME MUST be offered together with CHUNKING.
            lines.extend(("BINARYMIME",) if self.binarymime else ())
        lines.extend(("SMTPUTF8",) if self.smtputf8 else ())
        lines.extend(("DSN",) if self.dsn else ())
        lines.extend(("REQUIRETLS",) if self.requiretls and tls else ())
        lines.append(" ".join(("LIMITS", *self._limits())))
        return tuple(lines)

    def _limits(self) -> tuple[str, ...]:
        """Return the words of LIMITS (RFC 9422 4)."""
        words = [f"RCPTMAX={self.limits.recipients}"]
        if self.mail_max is not None:
            words.insert(0, f"MAILMAX={self.mail_max}")
        if self.recipient_domain_max is not None:
            words.append(f"RCPTDOMAINMAX={self.recipient_domain_max}")
        return tuple(words)
