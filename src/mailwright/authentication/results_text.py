"""The words of Authentication-Results (RFC 8601 2.2): tokens, quoted strings, comments; read and written."""

from __future__ import annotations

#: How deep comments may stand in comments; RFC 5322 3.2.2 has no limit, real ones are one or two deep.
DEEPEST_COMMENT = 10

#: RFC 2045 5.1: what a token may not hold, beside controls and spaces.
_TSPECIALS = frozenset('()<>@,;:\\"/[]?=')
#: RFC 5321 4.1.2, Ldh-str; and "_", which methods in use have ("x_ms").
_KEYWORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
#: What an unquoted property value may hold beside a token: a local part, "@", a domain, base64, a URL.
_PVALUE_STOPS = frozenset('()<>,;\\"')
_SPACE = " \t"


class ResultsFault(ValueError):
    """A field is no Authentication-Results.  why: a word; place: the character where it was found."""

    def __init__(self, why: str, place: int) -> None:
        """Keep both."""
        super().__init__(f"{why} at {place}")
        self.why = why
        self.place = place


def is_token(text: str) -> bool:
    """Tell whether ``text`` may stand without quotes (RFC 2045 5.1; RFC 6532 adds letters beyond ASCII)."""
    return bool(text) and text.isprintable() and " " not in text and _TSPECIALS.isdisjoint(text)


def quoted(text: str) -> str:
    """Return a quoted string; raises ResultsFault for a control character."""
    if not text.replace("\t", " ").isprintable():
        raise ResultsFault("character", 0)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written_value(text: str, *, pvalue: bool = False) -> str:
    """Return a value, in quotes where it needs them; ``pvalue``: an address or a domain needs none."""
    if is_token(text):
        return text
    if pvalue and text and text.isprintable() and " " not in text:
        local, at, domain = text.rpartition("@")
        if at and is_token(domain) and (not local or is_token(local)):
            return text
    return quoted(text)


class ResultsReader:
    """Reads the words of a text from left to right, skipping white space and comments before each."""

    def __init__(self, text: str) -> None:
        """Begin at the beginning of ``text``, which is unfolded; raises ResultsFault for control characters."""
        if not text.replace("\t", " ").isprintable():
            raise ResultsFault("character", 0)
        self._text = text
        self.place = 0

    def _skip(self) -> None:
        """Go behind white space and comments (CFWS)."""
        text, size = self._text, len(self._text)
        while self.place < size:
            char = text[self.place]
            if char in _SPACE:
                self.place += 1
            elif char == "(":
                self._skip_comment()
            else:
                return

    def _skip_comment(self) -> None:
        text, depth = self._text, 0
        while self.place < len(text):
            char = text[self.place]
            if char == "\\":
                self.place += 1
            elif char == "(":
                depth += 1
                if depth > DEEPEST_COMMENT:
                    raise ResultsFault("deep", self.place)
            elif char == ")":
                depth -= 1
                if depth == 0:
                    self.place += 1
                    return
            self.place += 1
        raise ResultsFault("comment", len(text))

    def at_end(self) -> bool:
        """Tell whether nothing but white space and comments is left."""
        self._skip()
        return self.place >= len(self._text)

    def peek(self, char: str) -> bool:
        """Tell whether ``char`` comes next."""
        self._skip()
        return self._text.startswith(char, self.place)

    def take(self, char: str) -> bool:
        """Go behind ``char`` where it comes next; tell whether it did."""
        if not self.peek(char):
            return False
        self.place += 1
        return True

    def expect(self, char: str) -> None:
        """Go behind ``char``; raises ResultsFault where it does not come next."""
        if not self.take(char):
            raise ResultsFault(f"no {char}", self.place)

    def next_is_word(self) -> bool:
        """Tell whether a word comes next."""
        return not self.at_end() and self._text[self.place] != ";"

    def _run(self, *, stops: frozenset[str]) -> str:
        """Return the characters up to a space or one of ``stops``."""
        begin, text = self.place, self._text
        while self.place < len(text) and text[self.place] not in stops and text[self.place] not in _SPACE:
            self.place += 1
        return text[begin : self.place]

    def word(self) -> str:
        """Return the token that comes next (RFC 2045 5.1)."""
        self._skip()
        word = self._run(stops=_TSPECIALS)
        if not word:
            raise ResultsFault("word", self.place)
        return word

    def keyword(self) -> str:
        """Return the keyword that comes next: letters, digits and hyphens, not ending with a hyphen."""
        self._skip()
        begin, text = self.place, self._text
        while self.place < len(text) and text[self.place] in _KEYWORD:
            self.place += 1
        word = text[begin : self.place]
        if not word or word.endswith("-"):
            raise ResultsFault("keyword", begin)
        return word

    def value(self) -> str:
        """Return the token or quoted string that comes next."""
        return self._quoted() if self.peek('"') else self.word()

    def property_value(self) -> str:
        """Return a property's value: a token, a quoted string, or an address or domain (RFC 8601 2.2, pvalue).

        "/", ":", "=" and "[" are taken too: fields in use have base64 and IP addresses without quotes.  So is nothing
        at all, or "<>": common filters write the null reverse-path in these ways.
        """
        begin = self.place
        if not self.peek('"'):
            if self._text.startswith("<>", self.place):
                self.place += 2
                return ""
            value = self._run(stops=_PVALUE_STOPS)
            if value or self.at_end() or self._text[self.place] == ";":
                return value
            raise ResultsFault("value", begin)
        value = self._quoted()
        # The local part of an address may be quoted.
        if self._text.startswith("@", self.place):
            value += self._run(stops=_PVALUE_STOPS)
        return value

    def _quoted(self) -> str:
        """Return what stands in quotes, backslashes undone."""
        text = self._text
        self.place += 1
        out: list[str] = []
        while self.place < len(text):
            stop = self.place
            while stop < len(text) and text[stop] not in '"\\':
                stop += 1
            out.append(text[self.place : stop])
            self.place = stop + 1
            if text[stop : stop + 1] == '"':
                return "".join(out)
            # RFC 5322 3.2.1: a backslash takes the next character as it is.
            out.append(text[self.place : self.place + 1])
            self.place += 1
        raise ResultsFault("quotes", len(text))
