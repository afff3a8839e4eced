"""Names as DNS is asked for them: from what people write, from IP addresses, and within their lengths."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

#: Octets of one label, and of a name in text form without the dot at the end (RFC 1035 2.3.4: 255 in wire form).
LONGEST_LABEL = 63
LONGEST_NAME = 253

#: Characters of a text that are looked at: IDNA's mapping may shorten a text, by no more than this.
LONGEST_TEXT = 4 * LONGEST_NAME

#: Printable ASCII but for the dot between labels and the backslash, which is an escape in other programs' zone files.
#: Host names need far less; SPF macros put local parts into names (RFC 7208 7.3).
#: DNS itself takes any octet (RFC 2181 11), and a macro may well put in a space; the backslash is for escapes.
_LABEL = "".join(chr(code) for code in range(32, 127) if chr(code) not in ".\\")
_LABEL_AND_DOT = _LABEL + "."

IpAddress = IPv4Address | IPv6Address


class NameFault(ValueError):
    """A text is no name that DNS could be asked for.

    name: the text.  why: one of the words of ``WHY``.
    """

    def __init__(self, name: str, why: str) -> None:
        """Keep both."""
        super().__init__(f"{name[:LONGEST_NAME]!r}: {WHY[why]}")
        self.name = name
        self.why = why


#: What can be wrong with a name.
WHY = {
    "empty": "it has a label without characters, or none at all",
    "character": "it has a character that no name has",
    "long-label": f"one of its labels has more than {LONGEST_LABEL} octets",
    "long": f"it has more than {LONGEST_NAME} octets",
    "idna": "it is no internationalised domain name (RFC 5891)",
}


def to_question_name(text: str) -> str:
    """Return ``text`` in the form of Question.name: lower case, A-labels, no dot at the end.

    Letters beyond ASCII are mapped by UTS 46 (non-transitional) and encoded by IDNA 2008 (RFC 5891); "_dmarc" and the
    like stay as they are.  Raises NameFault.
    """
    name = text.lower() if text.isascii() else _to_ascii(text)
    name = name.removesuffix(".")
    if " " in name:
        raise NameFault(text, "character")
    check_name(name)
    return name


def check_name(name: str) -> None:
    """Raise NameFault where ``name`` cannot be put into a question as it is; "" is the root and can not."""
    if not name:
        raise NameFault(name, "empty")
    # RFC 1035 2.3.4: labels of 63 octets or less, names of 255 octets or less.
    if len(name) > LONGEST_NAME:
        raise NameFault(name, "long")
    if name.strip(_LABEL_AND_DOT) or not name.isascii() or not name.isprintable() or "\\" in name:
        raise NameFault(name, "character")
    for label in name.split("."):
        if not label:
            raise NameFault(name, "empty")
        if len(label) > LONGEST_LABEL:
            raise NameFault(name, "long-label")


def _to_ascii(text: str) -> str:
    """Return a name with U-labels in A-labels."""
    import idna  # noqa: PLC0415 - its tables are slow to import, and most names need none of them

    if len(text) > LONGEST_TEXT:
        raise NameFault(text, "long")
    try:
        # UTS 46 also makes dots of the full stops of other scripts.
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        labels = [label if label.isascii() else idna.alabel(label).decode("ascii") for label in mapped.split(".")]
    except (idna.IDNAError, UnicodeError) as wrong:
        raise NameFault(text, "idna") from wrong
    return ".".join(labels).lower()


def plain_ip(ip: IpAddress) -> IpAddress:
    """Return ``ip`` without a zone index, and an IPv4 address where one is mapped into IPv6 (RFC 4291 2.5.5.2)."""
    if isinstance(ip, IPv6Address):
        return ip.ipv4_mapped or IPv6Address(int(ip))
    return ip


def reverse_name(ip: IpAddress) -> str:
    """Return the name of an address's PTR record (RFC 1035 3.5, RFC 3596 2.5)."""
    return plain_ip(ip).reverse_pointer


def blocklist_name(ip: IpAddress, zone: str) -> str:
    """Return the name under which a blocklist's ``zone`` lists ``ip`` (RFC 5782 2.1, 2.4); raises NameFault."""
    reversed_ip = reverse_name(ip).removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return to_question_name(f"{reversed_ip}.{zone}")


def is_ip_text(name: str) -> bool:
    """Tell whether a name is an IPv4 address written where a name belongs, a frequent mistake in MX records."""
    parts = name.split(".")
    return len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts)


def is_onion(name: str) -> bool:
    """Tell whether a name belongs to Tor, and must not be asked for in DNS (RFC 7686 2)."""
    return name == "onion" or name.endswith(".onion")
