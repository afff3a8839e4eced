"""The header field Received-SPF (RFC 7208 9.1): written for a verdict, and read.

Written by a receiver, it is only to be believed where it stands above the Received field of a trusted host; a sender
can write it too.  It is read strictly unless asked otherwise: two programs must agree on what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailwright.authentication.spf_verdict import SpfResult, SpfVerdict
from mailwright.dns.names import IpAddress

NAME = "Received-SPF"
#: Characters of a field that is read, names of hosts and addresses being at most a few hundred each.
LONGEST_FIELD = 8_192
#: Pairs of key and value; RFC 7208 9.1 names eight keys.
MOST_PAIRS = 32
#: Parentheses within one another in a comment (RFC 5322 3.2.2 sets no limit).
DEEPEST_COMMENT = 16
#: Characters of one value that is written, of which a line of 998 octets (RFC 5322 2.1.1) holds one.
LONGEST_VALUE = 512
#: Characters of a line, where a field can be folded (RFC 5322 2.1.1).
WISE_LINE = 78

_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~")
_DOT_ATOM = _ATEXT | frozenset(".")
#: RFC 7208 12: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_VISIBLE = frozenset(map(chr, range(0x21, 0x7F))) - frozenset(";")
_SPACE = frozenset(" ")
_DQUOTE = '"'


class ReceivedSpfTrouble(StrEnum):
    """What is wrong with a field."""

    LONG = "long"  # more characters than the limit
    MANY = "many"  # more pairs than the limit
    RESULT = "result"  # it does not begin with a result
    COMMENT = "comment"  # a comment is not closed, or too deep
    KEY = "key"  # what stands before "=" is no key
    VALUE = "value"  # what stands after "=" is neither a dot-atom nor a quoted string
    END = "end"  # something other than ";" follows a value
    CHARACTER = "character"  # a control character


class ReceivedSpfFault(ValueError):
    """A text is no Received-SPF field.

    place: index of the character, in the unfolded field, where it is wrong.  why: what is wrong.
    """

    def __init__(self, place: int, why: ReceivedSpfTrouble) -> None:
        """Keep both."""
        super().__init__(place, why)
        self.place = place
        self.why = why

    def __str__(self) -> str:
        return f"at {self.place}: {self.why}"


@dataclass(frozen=True, slots=True)
class ReceivedSpf:
    """A Received-SPF field.

    result: what it says.  comment: what stands in parentheses after it, without them; "" without.  pairs: keys, in
    lower case, and values, in order; a key stands for what it says the first time.
    """

    result: SpfResult
    comment: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    def value(self, key: str) -> str | None:
        """Return the value of ``key`` ("client-ip", "envelope-from", "helo", "identity" …); None without."""
        return next((value for known, value in self.pairs if known == key), None)

    def __str__(self) -> str:
        """Return the field's body, folded; ``parse_received_spf`` makes the same of it.  Control characters become "?".

        RFC 7208 9.1: result FWS [comment FWS] [ key-value-list ].
        """
        pieces = [self.result.value]
        if self.comment:
            pieces.append(f"({_escaped(_printable(self.comment), '()')})")
        pieces += [f"{key}={_written(value)};" for key, value in self.pairs]
        return _folded(pieces)


def received_spf(verdict: SpfVerdict, ip: IpAddress, sender: str, helo: str, receiver: str) -> ReceivedSpf:
    """Return the field for the ``verdict`` on ``sender``; "" stands for the null reverse-path, or a check of HELO.

    receiver: the host name of whoever checked.  Values are cut at LONGEST_VALUE.
    RFC 7208 9.1: it SHOULD carry what is needed to repeat the check: client-ip, helo, and envelope-from.
    """
    pairs = [
        ("receiver", receiver),
        ("identity", "mailfrom" if sender else "helo"),
        ("client-ip", str(ip)),
        ("helo", helo),
    ]
    if sender:
        pairs.append(("envelope-from", sender))
    if verdict.mechanism:
        pairs.append(("mechanism", verdict.mechanism))
    if verdict.problem is not None:
        pairs.append(("problem", verdict.problem.value))
    return ReceivedSpf(verdict.result, "", tuple((key, value[:LONGEST_VALUE]) for key, value in pairs))


def parse_received_spf(body: str, *, lenient: bool = False) -> ReceivedSpf:
    """Return the field with ``body``, what stands after "Received-SPF:", folded or not.  Raises ReceivedSpfFault.

    lenient: take any visible characters up to ";" for a value, quoted or not, as programs in use write addresses
    ("envelope-from=anna@example.com", "receiver=<UNKNOWN>", "client-ip=2001:db8::1").
    """
    if len(body) > LONGEST_FIELD:
        raise ReceivedSpfFault(LONGEST_FIELD, ReceivedSpfTrouble.LONG)
    return _Reader(_unfolded(body), _VISIBLE if lenient else _DOT_ATOM).field()


class _Reader:
    """A place in a field's body that moves on.  bare: what a value without quotes may hold."""

    def __init__(self, body: str, bare: frozenset[str]) -> None:
        self.body = body
        self.bare = bare
        self.place = 0

    def field(self) -> ReceivedSpf:
        """Read the whole."""
        self._skip()
        word = self._while(_ATEXT).lower()
        if word not in {result.value for result in SpfResult}:
            raise ReceivedSpfFault(0, ReceivedSpfTrouble.RESULT)
        comments = self._skip()
        pairs: list[tuple[str, str]] = []
        while self.place < len(self.body):
            if len(pairs) == MOST_PAIRS:
                raise ReceivedSpfFault(self.place, ReceivedSpfTrouble.MANY)
            pairs.append(self._pair())
        return ReceivedSpf(SpfResult(word), comments[0] if comments else "", tuple(pairs))

    def _pair(self) -> tuple[str, str]:
        """RFC 7208 9.1: key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string ), by ";" [CFWS]."""
        begin = self.place
        key = self._while(_KEY)
        self._skip()
        if not key[:1].isalpha() or self._next() != "=":
            raise ReceivedSpfFault(begin, ReceivedSpfTrouble.KEY)
        self.place += 1
        # Neither key nor value may have spaces around it by RFC 7208, but a dot-atom brings its own (RFC 5322 3.2.3).
        self._skip()
        begin = self.place
        value = self._quoted() if self._next() == '"' else self._while(self.bare)
        if self.place == begin:
            raise ReceivedSpfFault(begin, ReceivedSpfTrouble.VALUE)
        self._skip()
        if self.place < len(self.body):
            if self._next() != ";":
                raise ReceivedSpfFault(self.place, ReceivedSpfTrouble.END)
            self.place += 1
            self._skip()
        return key.lower(), value

    def _next(self) -> str:
        """Return the next character; "" at the end."""
        return self.body[self.place : self.place + 1]

    def _while(self, allowed: frozenset[str]) -> str:
        """Return, and pass, what is made of ``allowed``."""
        begin = self.place
        while self._next() in allowed and self.place < len(self.body):
            self.place += 1
        return self.body[begin : self.place]

    def _skip(self) -> list[str]:
        """Pass spaces and comments (RFC 5322 3.2.2: CFWS); return the texts of the comments."""
        comments: list[str] = []
        while True:
            self._while(_SPACE)
            if self._next() != "(":
                return comments
            comments.append(self._comment())

    def _comment(self) -> str:
        """RFC 5322 3.2.2: comment = "(" *([FWS] ccontent) [FWS] ")"; comments may stand in one another."""
        text: list[str] = []
        depth, place = 1, self.place + 1
        while place < len(self.body) and depth <= DEEPEST_COMMENT:
            char = self.body[place]
            place += 1
            if char == "\\":
                text.append(self.body[place : place + 1])
                place += 1
                continue
            depth += (char == "(") - (char == ")")
            if depth == 0:
                self.place = place
                return "".join(text)
            text.append(char)
        raise ReceivedSpfFault(self.place, ReceivedSpfTrouble.COMMENT)

    def _quoted(self) -> str:
        """RFC 5322 3.2.4: quoted-string = DQUOTE *([FWS] qcontent) [FWS] DQUOTE."""
        text: list[str] = []
        place = self.place + 1
        while place < len(self.body):
            char = self.body[place]
            if char == '"':
                self.place = place + 1
                return "".join(text)
            if char == "\\":
                place += 1
                char = self.body[place : place + 1]
            text.append(char)
            place += 1
        raise ReceivedSpfFault(self.place, ReceivedSpfTrouble.VALUE)


def _unfolded(body: str) -> str:
    """Return ``body`` in one line, tabs as spaces (RFC 5322 2.2.3).

    Raises ReceivedSpfFault for control characters left in it.
    """
    for fold in ("\r\n ", "\n ", "\r\n\t", "\n\t"):
        body = body.replace(fold, fold[-1])
    body = body.rstrip("\r\n").replace("\t", " ")
    for place, char in enumerate(body):
        if char < " " or "\x7f" <= char < "\xa0":
            raise ReceivedSpfFault(place, ReceivedSpfTrouble.CHARACTER)
    return body


def _printable(text: str) -> str:
    """Return ``text`` with "?" for what is not printable: nothing that ends a line gets in, whoever wrote it."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _written(value: str) -> str:
    """Return ``value`` as a dot-atom, or quoted where it is none (RFC 7208 9.1, RFC 5322 3.2.3)."""
    value = _printable(value)
    if value and _DOT_ATOM.issuperset(value) and value[0] != "." and value[-1] != "." and ".." not in value:
        return value
    return f'"{_escaped(value, _DQUOTE)}"'


def _escaped(text: str, special: str) -> str:
    """Return ``text`` with a backslash before each backslash and each character of ``special``."""
    text = text.replace("\\", "\\\\")
    for char in special:
        text = text.replace(char, f"\\{char}")
    return text


def _folded(pieces: list[str]) -> str:
    """Return ``pieces`` by spaces, in lines of at most WISE_LINE characters where they are not longer themselves."""
    lines = [pieces[0]]
    room = WISE_LINE - len(NAME) - 2
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) <= room:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
            room = WISE_LINE - 1
    return "\r\n ".join(lines)
