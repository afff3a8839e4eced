"""Capabilities: what a server offers in its reply to EHLO or LHLO, read and written (RFC 5321 4.1.1.1, 4.2.2).

Keywords are read in any case.  A parameter that cannot be read counts as absent: what a server offers is a hint for the
client, and a strange line is no reason to give up the session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailwright.mail.reply import Reply

#: Digits of the parameter of SIZE (RFC 1870 4) and of a limit (RFC 9422 4: one to six).
LONGEST_SIZE = 20
LONGEST_LIMIT = 6
#: Characters of a SASL mechanism's name (RFC 4422 3.1); longer words are none.
LONGEST_MECHANISM = 20


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is offered; the default is a server that knows only HELO.

    greeting: the first line, the server's domain and what it says; "" where there is none.
    size: the most octets of a message (RFC 1870); 0 where SIZE is offered without a maximum, None where it is not.
    mechanisms: SASL mechanisms of AUTH (RFC 4954), in capitals, in the server's order, each once.
    mail_max: transactions in one connection; recipient_max: recipients of one transaction; recipient_domain_max: their
    domains (RFC 9422 7); None where no such limit is told.
    others: lines with keywords that are none of these, as they stand.
    """

    greeting: str = ""
    size: int | None = None
    pipelining: bool = False  # RFC 2920
    eight_bit: bool = False  # 8BITMIME, RFC 6152
    smtputf8: bool = False  # RFC 6531
    dsn: bool = False  # RFC 3461
    starttls: bool = False  # RFC 3207
    chunking: bool = False  # RFC 3030
    binary: bool = False  # BINARYMIME, RFC 3030
    enhanced_codes: bool = False  # ENHANCEDSTATUSCODES, RFC 2034
    require_tls: bool = False  # REQUIRETLS, RFC 8689
    verify: bool = False  # VRFY, RFC 5321 3.5.2
    expand: bool = False  # EXPN
    help: bool = False
    etrn: bool = False  # RFC 1985
    mechanisms: tuple[str, ...] = ()
    mail_max: int | None = None
    recipient_max: int | None = None
    recipient_domain_max: int | None = None
    others: tuple[str, ...] = ()


#: Keywords without parameters, and their fields.
_FLAGS = {
    "PIPELINING": "pipelining",
    "8BITMIME": "eight_bit",
    "SMTPUTF8": "smtputf8",
    "DSN": "dsn",
    "STARTTLS": "starttls",
    "CHUNKING": "chunking",
    "BINARYMIME": "binary",
    "ENHANCEDSTATUSCODES": "enhanced_codes",
    "REQUIRETLS": "require_tls",
    "VRFY": "verify",
    "EXPN": "expand",
    "HELP": "help",
    "ETRN": "etrn",
}
#: Names of limits (RFC 9422 7), and their fields.
_LIMITS = {"MAILMAX": "mail_max", "RCPTMAX": "recipient_max", "RCPTDOMAINMAX": "recipient_domain_max"}


def parse_capabilities(reply: Reply) -> Capabilities:
    """Return what the 250 ``reply`` to EHLO or LHLO offers."""
    flags: set[str] = set()
    mechanisms: list[str] = []
    limits: dict[str, int] = {}
    others: list[str] = []
    size: int | None = None
    for line in reply.lines[1:]:
        keyword, *parameters = line.upper().split() or [""]
        if keyword in _FLAGS:
            flags.add(_FLAGS[keyword])
        elif keyword == "SIZE":
            size = _number(parameters[0], LONGEST_SIZE) or 0 if parameters else 0
        elif keyword == "AUTH":
            mechanisms += parameters
        elif keyword.startswith("AUTH="):
            # The form of drafts before RFC 2554, which old clients need and servers send beside the other.
            mechanisms += [keyword[5:], *parameters]
        elif keyword == "LIMITS":
            limits |= _limits(parameters)
        elif keyword:
            others.append(line)
    return Capabilities(
        greeting=reply.lines[0] if reply.lines else "",
        size=size,
        mechanisms=tuple(dict.fromkeys(filter(_is_mechanism, mechanisms))),
        others=tuple(others),
        mail_max=limits.get("mail_max"),
        recipient_max=limits.get("recipient_max"),
        recipient_domain_max=limits.get("recipient_domain_max"),
        **dict.fromkeys(flags, True),
    )


def _limits(parameters: Iterable[str]) -> dict[str, int]:
    """RFC 9422 4: name "=" value; limits that are not known MUST be ignored."""
    found = {}
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        number = _number(value, LONGEST_LIMIT)
        # RFC 9422 4: values are at least 1.
        if name in _LIMITS and number:
            found[_LIMITS[name]] = number
    return found


def _number(text: str, longest: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= longest else None


def _is_mechanism(word: str) -> bool:
    """RFC 4422 3.1: sasl-mech = 1*20mech-char, capitals, digits, hyphen and underscore."""
    return 0 < len(word) <= LONGEST_MECHANISM and word.isascii() and word.replace("-", "a").replace("_", "a").isalnum()


def capability_lines(capabilities: Capabilities) -> tuple[str, ...]:
    """Return the lines of the reply to EHLO that offer ``capabilities``: the other half of parse_capabilities.

    The first is the greeting, which the caller must have set to the server's domain (RFC 5321 4.1.1.1).
    """
    lines = [capabilities.greeting]
    lines += [keyword for keyword, field in _FLAGS.items() if getattr(capabilities, field)]
    if capabilities.size is not None:
        lines.append(f"SIZE {capabilities.size}")
    if capabilities.mechanisms:
        lines.append(" ".join(("AUTH", *capabilities.mechanisms)))
    limits = [(name, getattr(capabilities, field)) for name, field in _LIMITS.items()]
    if any(value is not None for _, value in limits):
        lines.append(" ".join(["LIMITS", *(f"{name}={value}" for name, value in limits if value is not None)]))
    return (*lines, *capabilities.others)
