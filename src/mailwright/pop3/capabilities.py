"""Capabilities: what a server lists in answer to CAPA, read and written (RFC 2449 5 and 6).

Tags are read in any case.  An argument that cannot be read counts as absent: a strange line is no reason to give up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailwright.pop3.commands import is_mechanism

#: Digits of days and seconds that are read (own choice).
LONGEST_NUMBER = 9
#: Octets of a line of CAPA with its CRLF (RFC 2449 5: 512).
LONGEST_LINE = 512


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is offered; the default is a server that answers CAPA with -ERR, which knows RFC 1939 alone.

    mechanisms: SASL mechanisms (RFC 5034 3), in capitals, in the server's order, each once.
    login_delay: seconds between two logins that the server asks for; None where it asks for none.
    login_delay_by_user: that the figure may be another one once the user is known.
    expire: days that messages are kept; 0 where none is kept after retrieval; None where nothing is said.
    expire_never: that messages are kept for ever.  expire_by_user: as login_delay_by_user.
    implementation: the server's name for its software; "" for none.
    utf8_user: that UTF-8 is good in names and passwords too (RFC 6856 2.2).
    others: lines with tags that are none of these, as they stand.
    """

    top: bool = False
    user: bool = False
    uidl: bool = False
    resp_codes: bool = False  # RFC 2449 6.4
    auth_resp_code: bool = False  # RFC 3206 6
    pipelining: bool = False  # RFC 2449 6.6
    stls: bool = False  # RFC 2595 4
    lang: bool = False  # RFC 6856 3
    utf8: bool = False  # RFC 6856 2
    utf8_user: bool = False
    mechanisms: tuple[str, ...] = ()
    login_delay: int | None = None
    login_delay_by_user: bool = False
    expire: int | None = None
    expire_never: bool = False
    expire_by_user: bool = False
    implementation: str = ""
    others: tuple[str, ...] = ()


#: Tags without arguments, and their fields, in the order in which they are written.
_FLAGS = {
    "TOP": "top",
    "USER": "user",
    "UIDL": "uidl",
    "RESP-CODES": "resp_codes",
    "AUTH-RESP-CODE": "auth_resp_code",
    "PIPELINING": "pipelining",
    "STLS": "stls",
    "LANG": "lang",
}


def parse_capabilities(lines: Iterable[str]) -> Capabilities:
    """Return what the lines of the answer to CAPA, without the first, offer."""
    flags: set[str] = set()
    mechanisms: list[str] = []
    others: list[str] = []
    delay: int | None = None
    expire: int | None = None
    implementation = ""
    for line in lines:
        tag, *arguments = line.upper().split() or [""]
        # RFC 2449 6: a tag that has another meaning for each user ends in USER.
        by_user = arguments[1:2] == ["USER"]
        if tag in _FLAGS:
            flags.add(_FLAGS[tag])
        elif tag == "SASL":
            mechanisms += filter(is_mechanism, arguments)
        elif tag == "IMPLEMENTATION":
            implementation = line.strip()[len(tag) :].strip()
        elif tag == "UTF8":
            flags.update(("utf8", "utf8_user") if "USER" in arguments else ("utf8",))
        elif tag == "LOGIN-DELAY":
            delay = _number(arguments)
            flags.update(("login_delay_by_user",) if by_user else ())
        elif tag == "EXPIRE":
            expire = _number(arguments)
            flags.update(("expire_never",) if arguments[:1] == ["NEVER"] else ())
            flags.update(("expire_by_user",) if by_user else ())
        elif tag:
            others.append(line)
    return Capabilities(
        mechanisms=tuple(dict.fromkeys(mechanisms)),
        login_delay=delay,
        expire=expire,
        implementation=implementation,
        others=tuple(others),
        **dict.fromkeys(flags, True),
    )


def _number(arguments: list[str]) -> int | None:
    text = arguments[0] if arguments else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def capability_lines(capabilities: Capabilities) -> tuple[str, ...]:
    """Return the lines that offer ``capabilities``: the other half of parse_capabilities."""
    lines = [tag for tag, field in _FLAGS.items() if getattr(capabilities, field)]
    if capabilities.mechanisms:
        lines.append(" ".join(("SASL", *capabilities.mechanisms)))
    if capabilities.utf8:
        lines.append("UTF8 USER" if capabilities.utf8_user else "UTF8")
    if capabilities.login_delay is not None:
        lines.append(f"LOGIN-DELAY {capabilities.login_delay}{' USER' if capabilities.login_delay_by_user else ''}")
    if capabilities.expire is not None or capabilities.expire_never:
        days = "NEVER" if capabilities.expire_never else capabilities.expire
        lines.append(f"EXPIRE {days}{' USER' if capabilities.expire_by_user else ''}")
    if capabilities.implementation:
        lines.append(f"IMPLEMENTATION {capabilities.implementation}")
    return (*lines, *capabilities.others)
