"""The client that SPF is about: its address, its validated names (RFC 7208 5.5), and what macros make of it all."""

from __future__ import annotations

from mailwright.authentication.spf_macros import MacroValues
from mailwright.authentication.spf_names import holds, in_a_labels, is_askable
from mailwright.dns.answer import Answer, Question, RecordType
from mailwright.dns.inquiry import Inquiry
from mailwright.dns.names import IpAddress, plain_ip, reverse_name

#: PTR records of a client that are looked at (RFC 7208 4.6.4).
MOST_PTR = 10
#: Characters of a local part and of a HELO name that are looked at; no line of SMTP has more (RFC 5321 4.5.3.1.6).
LONGEST_ARGUMENT = 1_000


class Client:
    """Who connects, and what it said.

    ip: its address; number, version: the same for comparing.  address_type: the records that can hold it.
    """

    __slots__ = ("_helo", "_sender", "_validated", "address_type", "ip", "number", "version")

    def __init__(self, ip: IpAddress, sender: str, helo: str) -> None:
        # RFC 7208 5: an IPv4-mapped IPv6 address MUST still be considered an IPv4 address.
        self.ip = ip = plain_ip(ip)
        self.number = int(ip)
        self.version: int = ip.version
        self.address_type = RecordType.A if ip.version == 4 else RecordType.AAAA
        self._sender = sender
        self._helo = helo
        self._validated: tuple[str, ...] | None = None

    @property
    def has_asked(self) -> bool:
        """True once the validated names have been looked for."""
        return self._validated is not None

    def is_in(self, answer: Answer, prefix: int) -> bool:
        """Tell whether the first ``prefix`` bits of the client's address are those of an address in ``answer``."""
        return holds(answer, self.number, self.version, prefix)

    def validate(self) -> Inquiry[tuple[Answer, ...]]:
        """Find the client's validated names (RFC 7208 5.5), once; return what was asked for it now."""
        if self._validated is not None:
            return ()
        self._validated = ()
        asked = yield (Question(reverse_name(self.ip), RecordType.PTR),)
        names = [record.removesuffix(".").lower() for record in asked[0].records if isinstance(record, str)]
        # RFC 7208 4.6.4: if there are more than 10 names, all but the first 10 MUST be ignored.
        hosts = tuple(name for name in dict.fromkeys(names[:MOST_PTR]) if is_askable(name))
        if not hosts:
            return asked
        answers = yield tuple(Question(host, self.address_type) for host in hosts)
        # RFC 7208 5.5: a name whose look-up fails is skipped; where the PTR look-up fails there are none.
        self._validated = tuple(
            host
            for host, answer in zip(hosts, answers, strict=True)
            if self.is_in(answer, 32 if self.version == 4 else 128)
        )
        return asked + answers

    def is_called(self, domain: str) -> bool:
        """Tell whether a validated name is ``domain`` or below it."""
        below = f".{domain}"
        return any(name == domain or name.endswith(below) for name in self._validated or ())

    def name_for(self, domain: str) -> str:
        """Return what %{p} becomes in the record of ``domain``.

        RFC 7208 7.3: the domain itself SHOULD be used if it is validated, else a subdomain of it, else any name;
        "unknown" where there is none, also where DNS failed.
        """
        names = self._validated or ()
        if domain in names:
            return domain
        below = f".{domain}"
        return next((name for name in names if name.endswith(below)), names[0] if names else "unknown")

    def values(self, domain: str, receiver: str, seconds: int) -> MacroValues:
        """Return what the letters of macros stand for in the record of ``domain``."""
        local_part, _, sender_domain = self._sender.rpartition("@")
        helo = self._helo[:LONGEST_ARGUMENT]
        return MacroValues(
            self.ip,
            # RFC 7208 4.3: if the sender has no local-part, "postmaster" MUST be substituted.
            local_part[:LONGEST_ARGUMENT] or "postmaster",
            # RFC 8616 4: %{o}, %{d} and %{h} are A-labels.
            in_a_labels(sender_domain)[:LONGEST_ARGUMENT],
            domain,
            helo if helo.isascii() else in_a_labels(helo),
            self.name_for(domain),
            receiver,
            seconds,
        )
