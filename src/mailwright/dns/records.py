"""Records: dnspython's rdata and names, as the values of ``dns.answer``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mailwright.dns.answer import Caa, Mx, Raw, Record, RecordType, Soa, Srv, Tlsa, Txt

if TYPE_CHECKING:
    from dns.name import Name

#: Octets that stand for themselves in a name: printable ASCII but for the dot and the backslash.
_PLAIN = bytes(code for code in range(32, 127) if code not in b".\\")


def to_text(name: Name) -> str:
    """Return a name in the form of Question.name; other octets stand as in zone files, by number (RFC 1035 5.1)."""
    return ".".join(map(_label, name.labels[:-1] if name.is_absolute() else name.labels)).lower()


def _label(label: bytes) -> str:
    if not label.translate(None, _PLAIN):
        return label.decode("ascii")
    return "".join(chr(octet) if octet in _PLAIN else f"\\{octet:03}" for octet in label)


def _soa(rdata: Any) -> Record:
    times = (rdata.serial, rdata.refresh, rdata.retry, rdata.expire, rdata.minimum)
    return Soa(to_text(rdata.mname), to_text(rdata.rname), *times)


def _caa(rdata: Any) -> Record:
    # RFC 8659 4.1: tags are ASCII letters and digits, matched without regard to case.
    tag = rdata.tag.decode("ascii", "backslashreplace").lower()
    return Caa(rdata.flags, tag, rdata.value.decode("utf-8", "backslashreplace"))


def _raw(rdata: Any) -> Record:
    return Raw(rdata.to_text())


#: How the data of each type becomes a Record.
FORMS: Mapping[RecordType, Callable[[Any], Record]] = {
    RecordType.A: lambda rdata: str(rdata.address),
    RecordType.AAAA: lambda rdata: str(rdata.address),
    RecordType.CAA: _caa,
    RecordType.CNAME: lambda rdata: to_text(rdata.target),
    RecordType.DNSKEY: _raw,
    RecordType.DS: _raw,
    RecordType.MX: lambda rdata: Mx(rdata.preference, to_text(rdata.exchange)),
    RecordType.NS: lambda rdata: to_text(rdata.target),
    RecordType.PTR: lambda rdata: to_text(rdata.target),
    RecordType.SOA: _soa,
    RecordType.SRV: lambda rdata: Srv(rdata.priority, rdata.weight, rdata.port, to_text(rdata.target)),
    RecordType.TLSA: lambda rdata: Tlsa(rdata.usage, rdata.selector, rdata.mtype, rdata.cert),
    RecordType.TXT: lambda rdata: Txt(tuple(rdata.strings)),
}
