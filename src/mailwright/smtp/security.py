"""TlsPolicy: how a connection must be secured, and whether a certificate's names fit (RFC 3207, RFC 6125, RFC 9525)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from mailwright.dns.answer import Tlsa


class TlsMode(StrEnum):
    """How much security a connection must have."""

    NONE = "none"  # no TLS, also where it is offered
    OPPORTUNISTIC = "opportunistic"  # STARTTLS where it is offered; any certificate (RFC 7435)
    REQUIRED = "required"  # STARTTLS must work; any certificate
    VERIFY = "verify"  # STARTTLS must work, and the certificate be valid for one of the names


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What must be true before a message is sent.

    implicit: TLS begins right after the connection (RFC 8314 3), whatever the mode; VERIFY alone looks at certificates.
    names: reference identifiers (RFC 9525 1.5): host names or IP addresses, any of which the certificate may be for;
    empty for the host that is connected to.
    tlsa: DANE records (RFC 7672); where there are some they decide instead of certificate authorities.
    reason: where the policy comes from, for people: "MTA-STS of example.com", "--tls verify"; "" for the default.
    """

    mode: TlsMode = TlsMode.OPPORTUNISTIC
    implicit: bool = False
    names: tuple[str, ...] = ()
    tlsa: tuple[Tlsa, ...] = ()
    reason: str = ""

    @property
    def demands_tls(self) -> bool:
        """True where nothing may be sent in clear."""
        return self.implicit or bool(self.tlsa) or self.mode in (TlsMode.REQUIRED, TlsMode.VERIFY)

    @property
    def demands_certificate(self) -> bool:
        """True where a certificate authority must vouch for one of the names."""
        return self.mode is TlsMode.VERIFY and not self.tlsa


def names_match(presented: tuple[str, ...], references: tuple[str, ...]) -> bool:
    """Tell whether a certificate for ``presented`` is one for any of ``references``.

    presented: DNS names, which may begin with "*.", and IP addresses.
    """
    return any(_matches(name, reference) for reference in references for name in presented)


def _matches(presented: str, reference: str) -> bool:
    reference_ip, presented_ip = _address(reference), _address(presented)
    if reference_ip is not None or presented_ip is not None:
        # RFC 9525 6.4: IP addresses match only if they are identical; a DNS name never matches one.
        return reference_ip is not None and reference_ip == presented_ip
    wanted, given = _a_labels(reference), _a_labels(presented)
    if not wanted or not given:
        return False
    if given[:2] != "*.":
        return given == wanted
    # RFC 9525 6.3: the wildcard is the whole left-most label and stands for exactly one label.
    label, _, rest = wanted.partition(".")
    # RFC 9525 7.1 warns of wildcards right below a top-level domain.
    return bool(label) and "*" not in given[1:] and "." in given[2:] and rest == given[2:]


def _address(name: str) -> str | None:
    try:
        return str(ip_address(name.strip("[]").removeprefix("IPv6:")))
    except ValueError:
        return None


def _a_labels(name: str) -> str:
    """Return the name in lower case and A-labels, without a dot at its end; "" where it is no name."""
    name = name.removesuffix(".")
    if not name.isascii():
        # Its tables take long to read, and nearly all names are ASCII.
        import idna  # noqa: PLC0415

        try:
            # RFC 9525 6.3: names with U-labels are compared in A-labels.
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            return ""
    return name.lower()
