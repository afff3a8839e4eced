"""Authors: the domains in From, whose use DMARC judges (RFC 9989 5.3.1; RFC 5322 3.4, RFC 6532, RFC 6854).

A From that two programs read in two ways is how a forged message gets past DMARC: the receiver's filter judges one
domain, the reader sees another.  So the field is read by its grammar, from the raw value, before encoded words are
decoded: what stands in a display name, a comment or a quoted local part is no domain, and where the grammar leaves
doubt about which address is meant, the doubt is said (``FromTrouble``) and no domain is taken from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from mailwright.mail.address import LONGEST_DOMAIN, is_host_name

#: Characters of a From that are read; a field of RFC 5322 2.1.1 has lines of 998, one with 100 addresses has 6,000.
LONGEST_FROM = 16_384
#: Addresses of one From that are read.
MOST_ADDRESSES = 100
#: How deep comments may be nested (RFC 5322 3.2.2 has no bound).
DEEPEST_COMMENT = 20


class FromTrouble(StrEnum):
    """What is wrong with a From."""

    MISSING = "missing"  # no From at all; RFC 5322 3.6 wants exactly one
    REPEATED = "repeated"  # more than one From field
    SYNTAX = "syntax"  # no list of addresses, and not clear which address is meant
    DOMAIN = "domain"  # what follows the @ is no domain name
    LONG = "long"  # more characters or addresses than the limits; what follows was not read


class FromNote(StrEnum):
    """What a From has that misleads people, or no domain in it."""

    ADDRESS_IN_NAME = "address-in-name"  # an @ in the display name: what a person sees is not what is judged
    BARE_WORDS = "bare-words"  # words without an address between two commas
    LITERAL = "literal"  # an IP address in brackets instead of a domain
    EMPTY_GROUP = "empty-group"  # "undisclosed:;", which names nobody (RFC 6854)


class Authors(NamedTuple):
    """Whom a message names as its authors.

    domains: the domains of the addresses, as A-labels in lower case, each once, in order.
    troubles: why the domains may not be all, or not be meant; empty where From is what RFC 5322 wants.
    notes: what else is remarkable.
    """

    domains: tuple[str, ...]
    troubles: tuple[FromTrouble, ...] = ()
    notes: tuple[FromNote, ...] = ()


def author_domains(header_value: str) -> Authors:
    """Return the authors of one From field; ``header_value`` raw: unfolded or not, encoded words not decoded."""
    reading = _Reading()
    if len(header_value) > LONGEST_FROM:
        reading.trouble(FromTrouble.LONG)
    if not reading.tokens(header_value[:LONGEST_FROM]):
        # What cannot be split into words says nothing for sure.
        return Authors((), (FromTrouble.SYNTAX,))
    reading.items()
    return reading.authors()


def authors_of_fields(header_values: Sequence[str]) -> Authors:
    """Return the authors of all From fields of a message; RFC 5322 3.6 wants exactly one."""
    if not header_values:
        return Authors((), (FromTrouble.MISSING,))
    if len(header_values) == 1:
        return author_domains(header_values[0])
    read = [author_domains(value) for value in header_values[:MOST_ADDRESSES]]
    domains = dict.fromkeys(domain for authors in read for domain in authors.domains)
    troubles = dict.fromkeys(trouble for authors in read for trouble in authors.troubles)
    notes = dict.fromkeys(note for authors in read for note in authors.notes)
    return Authors(tuple(domains), (FromTrouble.REPEATED, *troubles), tuple(notes))


def a_label(domain: str) -> str | None:
    """Return a domain name as DNS has it, in A-labels and lower case (RFC 5890 2.3); None where it is none."""
    if not domain or len(domain) > LONGEST_DOMAIN:
        return None
    if not domain.isascii():
        import idna  # noqa: PLC0415 - slow to import, and few domains need it

        try:
            # RFC 9989 5.3.1: a U-label MUST be converted to an A-label.
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError:
            return None
    # A name in DNS has at most 253 characters in this form (RFC 1035 2.3.4: 255 octets with lengths and root).
    return domain.lower() if len(domain) <= LONGEST_DOMAIN - 2 and is_host_name(domain) else None


class _Kind(StrEnum):
    """What a token is."""

    ATOM = "atom"
    QUOTED = "quoted"
    LITERAL = "literal"
    SPECIAL = "special"


class _Token(NamedTuple):
    kind: _Kind
    text: str


_WORDS = (_Kind.ATOM, _Kind.QUOTED)
#: RFC 5322 3.2.3: what ends an atom.
_SPECIALS = frozenset('()<>[]:;@\\,."')
_SINGLES = frozenset("<>:;@,.")
_SPACE = frozenset(" \t\r\n")


class _Reading:
    """A From while it is read."""

    def __init__(self) -> None:
        self._tokens: list[_Token] = []
        self._domains: dict[str, None] = {}
        self._troubles: dict[FromTrouble, None] = {}
        self._notes: dict[FromNote, None] = {}
        self._count = 0

    def authors(self) -> Authors:
        """Return what was read."""
        return Authors(tuple(self._domains), tuple(self._troubles), tuple(self._notes))

    def trouble(self, kind: FromTrouble) -> None:
        """Keep in mind what is wrong, once."""
        self._troubles[kind] = None

    def tokens(self, text: str) -> bool:
        """Split ``text`` into tokens, without white space and comments; return whether it could be split whole."""
        place = 0
        text = text.replace("\r\n ", "  ").replace("\r\n\t", "  ").rstrip("\r\n")
        while place < len(text):
            char = text[place]
            if char in " \t":
                place += 1
            elif char == "(":
                place = _end_of_comment(text, place)
            elif char == '"':
                place = self._enclosed(text, place, '"', _Kind.QUOTED)
            elif char == "[":
                place = self._enclosed(text, place, "]", _Kind.LITERAL)
            elif char in _SINGLES:
                self._tokens.append(_Token(_Kind.SPECIAL, char))
                place += 1
            else:
                place = self._atom(text, place)
            if place < 0:
                return False
        return True

    def _enclosed(self, text: str, begin: int, closing: str, kind: _Kind) -> int:
        """Read a quoted string or a literal; return where it ends, -1 where it does not."""
        place = begin + 1
        while place < len(text):
            if text[place] == "\\":
                place += 2
            elif text[place] == closing:
                self._tokens.append(_Token(kind, text[begin : place + 1]))
                return place + 1
            elif text[place] < " " and text[place] != "\t":
                return -1
            else:
                place += 1
        return -1

    def _atom(self, text: str, begin: int) -> int:
        """Read an atom; return where it ends, -1 where a character stands that no atom has."""
        place = begin
        while place < len(text) and text[place] not in _SPECIALS and text[place] not in _SPACE:
            if text[place] < " " or text[place] == "\x7f":
                return -1
            place += 1
        if place == begin:
            return -1
        self._tokens.append(_Token(_Kind.ATOM, text[begin:place]))
        return place

    def items(self) -> None:
        """Read the list: mailboxes and groups, parted by commas (RFC 5322 3.4); empty items are let pass (4.4)."""
        in_group = False
        before = 0
        for item, ending in _split(self._tokens):
            if ending == ":":
                # A group begins: the item is its name.
                if in_group or not item or any(token.kind not in _WORDS and token.text != "." for token in item):
                    self.trouble(FromTrouble.SYNTAX)
                in_group, before = True, self._count
                continue
            self._item(item)
            if ending == ";":
                if not in_group:
                    self.trouble(FromTrouble.SYNTAX)
                elif self._count == before:
                    self._notes[FromNote.EMPTY_GROUP] = None
                in_group = False
        if in_group or (not self._tokens and not self._troubles):
            self.trouble(FromTrouble.SYNTAX)

    def _item(self, item: Sequence[_Token]) -> None:
        """Read a mailbox: addr-spec, or a name and an addr-spec in angle brackets."""
        if not item:
            return
        if self._count >= MOST_ADDRESSES:
            self.trouble(FromTrouble.LONG)
            return
        texts = [token.text if token.kind is _Kind.SPECIAL else "" for token in item]
        if "<" not in texts:
            if "@" in texts:
                self._address(item)
            else:
                self._notes[FromNote.BARE_WORDS] = None
            return
        opening = texts.index("<")
        if texts[-1] != ">" or texts.count("<") != 1 or texts.count(">") != 1:
            self.trouble(FromTrouble.SYNTAX)
            return
        if "@" in texts[:opening] or any("@" in token.text for token in item[:opening]):
            self._notes[FromNote.ADDRESS_IN_NAME] = None
        inside = item[opening + 1 : -1]
        if inside and inside[0].text == "@" and ":" in texts[opening:]:
            # RFC 5322 4.4: an obsolete route, "@a,@b:", stands before the address and is ignored.
            inside = item[texts.index(":", opening) + 1 : -1]
        self._address(inside)

    def _address(self, tokens: Sequence[_Token]) -> None:
        """Read an addr-spec (RFC 5322 3.4.1)."""
        self._count += 1
        ats = [place for place, token in enumerate(tokens) if token == _AT]
        if len(ats) != 1 or not _is_dotted(tokens[: ats[0]], _WORDS):
            self.trouble(FromTrouble.SYNTAX)
            return
        domain = tokens[ats[0] + 1 :]
        if len(domain) == 1 and domain[0].kind is _Kind.LITERAL:
            self._notes[FromNote.LITERAL] = None
            return
        name = a_label("".join(token.text for token in domain)) if _is_dotted(domain, (_Kind.ATOM,)) else None
        if name is None:
            self.trouble(FromTrouble.DOMAIN if domain else FromTrouble.SYNTAX)
        else:
            self._domains[name] = None


_AT = _Token(_Kind.SPECIAL, "@")


def _is_dotted(tokens: Sequence[_Token], words: Sequence[_Kind]) -> bool:
    """Tell whether ``tokens`` are words with dots between; dots too many are let pass, two words side by side not.

    Local parts with dots at their end or side by side are in use at Japanese providers, against RFC 5322.
    """
    before_is_word = False
    for token in tokens:
        if token.kind in words:
            if before_is_word:
                return False
            before_is_word = True
        elif token.kind is _Kind.SPECIAL and token.text == ".":
            before_is_word = False
        else:
            return False
    return bool(tokens)


def _end_of_comment(text: str, begin: int) -> int:
    """Return where the comment at ``begin`` ends; -1 where it does not, or is nested too deep."""
    depth = 0
    place = begin
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
        elif char == "(":
            depth += 1
            if depth > DEEPEST_COMMENT:
                return -1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    return -1


def _split(tokens: Sequence[_Token]) -> Iterator[tuple[Sequence[_Token], str]]:
    """Yield the items between the separators outside angle brackets, each with what ends it; "" for the end."""
    begin = 0
    in_angle = False
    for place, token in enumerate(tokens):
        if token.kind is not _Kind.SPECIAL:
            continue
        if token.text in "<>":
            in_angle = token.text == "<"
        elif token.text in ",;:" and not in_angle:
            yield tokens[begin:place], token.text
            begin = place + 1
    yield tokens[begin:], ""
