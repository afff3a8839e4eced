"""Address: a mailbox as the protocol writes it, read strictly (RFC 5321 4.1.2, RFC 6531 3.3).

The rules, and why they are as they are:

* An address comes out exactly as it was written; only ``Address.key`` folds what does not count.
* Nothing that could end a command line or a path gets in: no control character, no bare space, no angle bracket
  outside a quoted string.  An Address can therefore be written into ``RCPT TO:<…>`` as it is.
* Leniency is left to mail.finding, which looks for addresses in texts; here two programs must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

#: Octets of a local part, a domain and a path with its angle brackets (RFC 5321 4.5.3.1.1, 4.5.3.1.2, 4.5.3.1.3).
LONGEST_LOCAL_PART = 64
LONGEST_DOMAIN = 255
LONGEST_PATH = 256
#: Octets of one label of a domain (RFC 1035 2.3.4).
LONGEST_LABEL = 63

_LETTERS_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#: RFC 5322 3.2.3: atext, and the dot that joins atoms.
_ATEXT_AND_DOT = _LETTERS_DIGITS + "!#$%&'*+-/=?^_`{|}~."
#: RFC 5321 4.1.2: Let-dig and hyphen.  The underscore is none of the grammar and is in use, as in host names below it.
_DOMAIN_AND_DOT = _LETTERS_DIGITS + "-_."


class AddressFault(ValueError):
    """A text is no address.

    address: the text.  why: one of the words of ``WHY``, for whoever explains it to a person.
    """

    def __init__(self, address: str, why: str) -> None:
        """Keep both."""
        super().__init__(f"{address!r}: {WHY[why]}")
        self.address = address
        self.why = why


#: What can be wrong with an address.
WHY = {
    "no-at": "there is no @ in it",
    "no-local-part": "nothing stands before the @",
    "no-domain": "nothing stands after the @",
    "space": "there is a space or a control character in it",
    "character": "it has a character that must be quoted or is not allowed",
    "dots": "a dot stands at an end or two stand side by side",
    "quotes": "a quoted part is not closed or not whole",
    "domain": "the part after the @ is no domain name",
    "literal": "the part in square brackets is no IP address",
    "long-local-part": f"the part before the @ has more than {LONGEST_LOCAL_PART} octets",
    "long-domain": f"the part after the @ has more than {LONGEST_DOMAIN} octets",
    "long": f"it has more than {LONGEST_PATH - 2} octets",
    "not-ascii": "it has letters beyond ASCII, which only SMTPUTF8 carries",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: ``local_part@domain``.

    local_part: as written, with its quotes where it is a quoted string.
    domain: as written: a host name, in U-labels or A-labels, or an address literal such as ``[192.0.2.1]`` or
    ``[IPv6:2001:db8::1]``; "" only for ``postmaster`` (RFC 5321 4.1.1.3).
    """

    local_part: str
    domain: str

    @classmethod
    def parse(cls, text: str, *, utf8: bool = True) -> Address:
        """Return the address that ``text`` is; ``utf8`` lets in letters beyond ASCII (RFC 6531).

        Raises AddressFault, for anything else and also for spaces around it.
        """
        if not utf8 and not text.isascii():
            raise AddressFault(text, "not-ascii")
        at = _at_of(text)
        if at < 0:
            if text.lower() == "postmaster":
                return cls(text, "")
            raise AddressFault(text, "space" if _has_space(text) else "no-at")
        local_part, domain = text[:at], text[at + 1 :]
        _check_local_part(text, local_part)
        _check_domain(text, domain)
        if len(text) * 4 > LONGEST_PATH and octets(text) > LONGEST_PATH - 2:
            raise AddressFault(text, "long")
        return cls(local_part, domain)

    def __str__(self) -> str:
        """Return the address as it stands between angle brackets."""
        return f"{self.local_part}@{self.domain}" if self.domain else self.local_part

    @property
    def is_ascii(self) -> bool:
        """True where no SMTPUTF8 is needed to write it."""
        return self.local_part.isascii() and self.domain.isascii()

    @property
    def host(self) -> IPv4Address | IPv6Address | None:
        """The IP address of an address literal; None where the domain is a name."""
        return _literal(self.domain) if self.domain.startswith("[") else None

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of one mailbox have in common for sure: the domain folded, the local part as it is.

        RFC 5321 2.4: the local part MUST be treated as case sensitive.
        """
        return self.local_part, self.domain.lower()


def octets(text: str) -> int:
    """Return how many octets ``text`` takes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _at_of(text: str) -> int:
    """Return where the "@" between the halves stands; -1 where there is none."""
    if not text.startswith('"'):
        return text.find("@") if text.count("@") == 1 or "[" in text else text.rfind("@")
    closing = _closing_quote(text)
    return closing + 1 if closing and text[closing + 1 : closing + 2] == "@" else text.rfind("@")


def _closing_quote(text: str) -> int:
    """Return where the quoted string that begins ``text`` ends; 0 where it does not."""
    place = 1
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        if text[place] == '"':
            return place
        place += 1
    return 0


def _has_space(text: str) -> bool:
    return " " in text or not text.isprintable()


def _check_local_part(address: str, local_part: str) -> None:
    """RFC 5321 4.1.2: Local-part = Dot-string / Quoted-string."""
    if not local_part:
        raise AddressFault(address, "no-local-part")
    if octets(local_part) > LONGEST_LOCAL_PART:
        raise AddressFault(address, "long-local-part")
    if local_part[0] == '"':
        _check_quoted(address, local_part)
        return
    left = local_part.strip(_ATEXT_AND_DOT)
    if left and _has_space(local_part):
        raise AddressFault(address, "space")
    if left and any(char in _ASCII_OTHERS for char in left):
        raise AddressFault(address, "character")
    if local_part[0] == "." or local_part[-1] == "." or ".." in local_part:
        raise AddressFault(address, "dots")


#: What no dot-string may have: every printable character of ASCII that is no atext and no dot.
_ASCII_OTHERS = frozenset(chr(code) for code in range(33, 127)) - frozenset(_ATEXT_AND_DOT)


def _check_quoted(address: str, local_part: str) -> None:
    r"""RFC 5321 4.1.2: Quoted-string = DQUOTE *QcontentSMTP DQUOTE; only printable characters, ``\\`` before any."""
    if _closing_quote(local_part) != len(local_part) - 1:
        raise AddressFault(address, "quotes")
    if not local_part.isprintable():
        raise AddressFault(address, "space")


def _check_domain(address: str, domain: str) -> None:
    if not domain:
        raise AddressFault(address, "no-domain")
    if octets(domain) > LONGEST_DOMAIN:
        raise AddressFault(address, "long-domain")
    if domain[0] == "[":
        if _literal(domain) is None:
            raise AddressFault(address, "literal")
        return
    if _has_space(domain):
        raise AddressFault(address, "space")
    if not is_host_name(domain):
        raise AddressFault(address, "dots" if domain[0] == "." or domain[-1] == "." or ".." in domain else "domain")


def is_host_name(name: str) -> bool:
    """Tell whether ``name`` is a host name: labels of letters, digits, "-" and "_", or U-labels (RFC 5890)."""
    left = name.strip(_DOMAIN_AND_DOT)
    if left and any(char <= "\x7f" and char not in _DOMAIN_AND_DOT for char in left):
        return False
    if left and not left.isprintable():
        return False
    return all(
        label and label[0] != "-" and label[-1] != "-" and (len(label) * 4 <= LONGEST_LABEL or _fits(label))
        for label in name.split(".")
    )


def _fits(label: str) -> bool:
    return octets(label) <= LONGEST_LABEL


def _literal(domain: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address of an address literal (RFC 5321 4.1.3); None where it is none."""
    if not domain.endswith("]"):
        return None
    inside = domain[1:-1]
    try:
        if inside[:5].lower() == "ipv6:":
            # A zone index is nothing that another machine could read.
            return None if "%" in inside else IPv6Address(inside[5:])
        return IPv4Address(inside)
    except AddressValueError:
        return None
