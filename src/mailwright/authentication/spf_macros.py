"""Macros of SPF (RFC 7208 7): "%{l}.%{d2}" read into parts, and filled in.

Reading and filling in are apart: a record is read once and filled in for every message.  What comes out may be
anything that the sender and the HELO name hold; whether it is a name that can be asked for, or a text that a reply can
carry, is for the caller to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from mailwright.dns.names import LONGEST_NAME, IpAddress

#: Characters of an explanation that are kept; a reply line has 512 octets (RFC 5321 4.5.3.1.5), some lines are enough.
LONGEST_EXPLANATION = 2_000
#: Parts of a macro's value that can be kept: RFC 7208 7.3 asks for at least 127, the most labels that a name has.
MOST_PARTS = 9_999

#: RFC 7208 7.2: the letters of every domain-spec, and those of the explanation's text alone.
LETTERS = frozenset("slodiphv")
EXPLANATION_LETTERS = LETTERS | frozenset("crt")
#: RFC 7208 7.1: delimiter = "." / "-" / "+" / "," / "/" / "_" / "="
DELIMITERS = frozenset(".-+,/_=")
#: RFC 7208 7.1: macro-literal = %x21-24 / %x26-7E; visible characters except "%".
VISIBLE = frozenset(map(chr, range(0x21, 0x7F)))
#: RFC 7208 7.1: the three that "%" makes without braces.
_ESCAPES = {"%": "%", "_": " ", "-": "%20"}
#: RFC 3986 2.3.
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_DIGITS = frozenset("0123456789")

#: What can be wrong with a record or a macro-string.
WHY = {
    "address": "this is no IP address of the kind that the mechanism takes",
    "argument": "this mechanism takes nothing after its name",
    "character": "only visible ASCII characters may stand here",
    "domain": "a domain must end in a top-level label, or in a macro",
    "duplicate": "redirect= and exp= may each stand once in a record",
    "empty": "something must stand after the name",
    "letter": "no macro has this letter here",
    "long": "it has more characters than are read",
    "macro": '"%" must begin a macro, "%%", "%_" or "%-"',
    "mechanism": "there is no mechanism of this name",
    "modifier": "this is no name of a modifier",
    "prefix": "this is no length of a network's prefix",
    "version": 'a record begins with "v=spf1" and a space',
    "zero": "a macro cannot keep zero parts",
}


class SpfSyntaxFault(ValueError):
    """A text breaks the grammar of RFC 7208.

    place: index of the character where it does.  why: one of the words of ``WHY``.
    """

    def __init__(self, place: int, why: str) -> None:
        """Keep both."""
        super().__init__(place, why)
        self.place = place
        self.why = why

    def __str__(self) -> str:
        return f"at {self.place}: {WHY[self.why]}"


class Macro(NamedTuple):
    """A macro: "%{d2r.-}".

    letter: in lower case.  keep: how many parts at the right are kept, None for all.  reverse: parts are turned round.
    delimiters: where the value is split, "." where none were written.  escape: the result is URL-escaped.
    """

    letter: str
    keep: int | None
    reverse: bool
    delimiters: str
    escape: bool


@dataclass(frozen=True, slots=True)
class MacroString:
    """A macro-string that has been read.

    text: as written.  parts: plain text and macros, in order.  letters: the letters of all macros, in lower case.
    ends_in_macro: it ends in a macro-expand, "%%", "%_" and "%-" among them.
    plain_name: the name that it means, as expand_name returns it, where it has no "%"; None where it has.
    """

    text: str
    parts: tuple[str | Macro, ...] = field(compare=False)
    letters: frozenset[str] = field(compare=False)
    ends_in_macro: bool = field(compare=False)
    plain_name: str | None = field(compare=False)

    def __str__(self) -> str:
        """Return it as written."""
        return self.text


class MacroValues(NamedTuple):
    """What the letters stand for.

    ip: c and i.  local_part, sender_domain: l and o, s together.  domain: d, the domain whose record is evaluated.
    helo: h.  validated: p, "unknown" where nothing was validated.  receiver: r, "unknown" likewise.  seconds: t, since
    1970.
    """

    ip: IpAddress
    local_part: str
    sender_domain: str
    domain: str
    helo: str
    validated: str = "unknown"
    receiver: str = "unknown"
    seconds: int = 0


def parse_macro_string(text: str, place: int = 0, *, explanation: bool = False) -> MacroString:
    """Return ``text`` read as a macro-string, or as an explain-string where ``explanation`` says so.

    place: where ``text`` stands in what is read, for the fault.  Raises SpfSyntaxFault.

    RFC 7208 7.1: macro-string = *( macro-expand / macro-literal ); 6.2: explain-string = *( macro-string / SP ).
    """
    letters = EXPLANATION_LETTERS if explanation else LETTERS
    parts: list[str | Macro] = []
    begin = 0
    while (percent := text.find("%", begin)) >= 0:
        _keep_literal(parts, text[begin:percent], place + begin, explanation=explanation)
        following = text[percent + 1 : percent + 2]
        if following == "{":
            closing = text.find("}", percent)
            parts.append(_macro(text[percent + 2 : max(closing, 0)], place + percent, letters))
            begin = closing + 1
        elif following in _ESCAPES:
            parts.append(_ESCAPES[following])
            begin = percent + 2
        else:
            # RFC 7208 7.1: a "%" that is not followed by "{", "%", "-" or "_" is a syntax error.
            raise SpfSyntaxFault(place + percent, "macro")
    _keep_literal(parts, text[begin:], place + begin, explanation=explanation)
    used = frozenset(part.letter for part in parts if isinstance(part, Macro))
    plain_name = None if begin else shortened(text)
    return MacroString(text, tuple(parts), used, 0 < begin == len(text), plain_name)


def _keep_literal(parts: list[str | Macro], literal: str, place: int, *, explanation: bool) -> None:
    """Append ``literal`` to ``parts`` unless it is empty; raise SpfSyntaxFault for what may not stand in it."""
    if not literal:
        return
    if not (literal.isascii() and literal.isprintable()) or (" " in literal and not explanation):
        wrong = next(index for index, char in enumerate(literal) if char not in VISIBLE and char != " " * explanation)
        raise SpfSyntaxFault(place + wrong, "character")
    parts.append(literal)


def _macro(inside: str, place: int, letters: frozenset[str]) -> Macro:
    """Return the macro with ``inside`` between its braces.

    RFC 7208 7.1: macro-expand = "%{" macro-letter transformers *delimiter "}"; transformers = *DIGIT [ "r" ].
    """
    if not inside:
        raise SpfSyntaxFault(place, "macro")
    letter = inside[0].lower()
    # RFC 7208 7.2: c, r and t are allowed only in the text of an explanation.
    if letter not in letters:
        raise SpfSyntaxFault(place, "letter")
    end = 1
    while end < len(inside) and inside[end] in _DIGITS:
        end += 1
    digits = inside[1:end]
    reverse = inside[end : end + 1] in ("r", "R")
    delimiters = inside[end + reverse :]
    if not DELIMITERS.issuperset(delimiters):
        raise SpfSyntaxFault(place, "macro")
    return Macro(letter, _kept(digits, place), reverse, delimiters or ".", inside[0].isupper())


def _kept(digits: str, place: int) -> int | None:
    """Return how many parts ``digits`` keep; None for "" (all)."""
    if not digits:
        return None
    significant = digits.lstrip("0")
    # RFC 7208 7.3: if transformers have a number, it MUST be nonzero.
    if not significant:
        raise SpfSyntaxFault(place, "zero")
    # RFC 7208 7.3: at least 127 MUST be supported; more than a value has parts means all of them.
    return int(significant) if len(significant) < 5 else MOST_PARTS


def expand(string: MacroString, values: MacroValues, longest: int) -> str:
    """Return ``string`` filled in, at most ``longest`` characters from its beginning."""
    filled: list[str] = []
    room = longest
    known: dict[Macro, str] = {}
    for part in string.parts:
        piece = part if isinstance(part, str) else _known(part, values, known)
        filled.append(piece[:room])
        room -= len(piece)
        if room <= 0:
            break
    return "".join(filled)


def expand_name(spec: MacroString, values: MacroValues) -> str:
    """Return the name that ``spec`` means, in lower case, without a dot at its end; at most LONGEST_NAME characters.

    RFC 7208 7.3: of a longer name, labels at the left are dropped until it fits.
    """
    if spec.plain_name is not None:
        return spec.plain_name
    # Filled in from the right: what could not be kept need not be made, however many macros there are.
    filled: list[str] = []
    length = 0
    known: dict[Macro, str] = {}
    for part in reversed(spec.parts):
        piece = part if isinstance(part, str) else _known(part, values, known)
        filled.append(piece)
        length += len(piece)
        if length > LONGEST_NAME + 1:
            break
    return shortened("".join(reversed(filled)))


def shortened(name: str) -> str:
    """Return ``name`` in the form in which it is asked for: see expand_name."""
    name = name.removesuffix(".").lower()
    if len(name) <= LONGEST_NAME:
        return name
    # RFC 7208 7.3: the left side is truncated by removing successive labels (and their dots) until the name fits.
    tail = name[-LONGEST_NAME - 1 :]
    _, dot, rest = tail.partition(".")
    # Without a dot it is one label, which is no name of any length.
    return rest if dot else ""


def _known(macro: Macro, values: MacroValues, known: dict[Macro, str]) -> str:
    """Return what ``macro`` becomes, made once however often it stands in a string."""
    filled = known.get(macro)
    if filled is None:
        filled = known[macro] = _filled(macro, values)
    return filled


def _filled(macro: Macro, values: MacroValues) -> str:
    """Return what ``macro`` becomes (RFC 7208 7.3)."""
    value = _VALUES[macro.letter](values)
    if macro.keep is not None or macro.reverse or macro.delimiters != ".":
        value = _transformed(value, macro)
    return _url_escaped(value) if macro.escape else value


def _transformed(value: str, macro: Macro) -> str:
    """Split, reverse, keep parts at the right, join by dots: in this order (RFC 7208 7.3)."""
    for delimiter in macro.delimiters[1:]:
        value = value.replace(delimiter, macro.delimiters[0])
    parts = value.split(macro.delimiters[0])
    if macro.reverse:
        parts.reverse()
    return ".".join(parts if macro.keep is None else parts[-macro.keep :])


def _url_escaped(value: str) -> str:
    """RFC 7208 7.3: characters not in the unreserved set of RFC 3986 MUST be escaped."""
    if _UNRESERVED.issuperset(value):
        return value
    octets = value.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if chr(octet) in _UNRESERVED else f"%{octet:02X}" for octet in octets)


def _dotted(values: MacroValues) -> str:
    """RFC 7208 7.3: the dotted quad of IPv4; of IPv6 the 32 nibbles, by dots."""
    ip = values.ip
    return str(ip) if ip.version == 4 else ".".join(f"{int(ip):032X}")


def _sender(values: MacroValues) -> str:
    return f"{values.local_part}@{values.sender_domain}"


#: RFC 7208 7.2: the letters.
_VALUES: dict[str, Callable[[MacroValues], str]] = {
    "s": _sender,
    "l": lambda values: values.local_part,
    "o": lambda values: values.sender_domain,
    "d": lambda values: values.domain,
    "i": _dotted,
    "p": lambda values: values.validated,
    "v": lambda values: "in-addr" if values.ip.version == 4 else "ip6",
    "h": lambda values: values.helo,
    "c": lambda values: str(values.ip),
    "r": lambda values: values.receiver,
    "t": lambda values: str(values.seconds),
}
