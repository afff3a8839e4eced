"""Bring a text into the one form in which phrases are matched.

Matching form: lower case, compatibility forms unified (full-width letters, ligatures), accents removed, apostrophes
dropped, other punctuation turned into single spaces, one space at each end.  Dots, ``@``, ``+`` and ``&`` inside a
word stay, so that a host name or an address is one word and ``spam@example.com`` never says "spam".  Texts and
phrases go through the same function; what it does to one it does to the other.
"""

from __future__ import annotations

import unicodedata

#: Longest text that is classified, in characters; replies are at most 512 octets a line (RFC 5321 4.5.3.1.5), letters longer.
LONGEST_TEXT = 20_000

_SPACES = " \t\r\n\"#$%()*,-/:;<=>[\\]^_{|}~!?\u00a0\u2010\u2011\u2012\u2013\u2014\u2015\u2026\u2022\u00b7"
_QUOTES_AS_SPACE = "\u00ab\u00bb\u201c\u201d\u201e\u201a\u2039\u203a"
_CJK_PUNCTUATION = "\u3000\u3001\u3002\u3008\u3009\u300a\u300b\u300c\u300d\u300e\u300f\u3010\u3011\u30fb"
_DROPPED = "'`\u2018\u2019\u02bc\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

_TABLE = str.maketrans(
    {char: " " for char in _SPACES + _QUOTES_AS_SPACE + _CJK_PUNCTUATION} | dict.fromkeys(_DROPPED, "")
)
_CONTROLS = {code: " " for code in range(32)}
_TABLE.update(_CONTROLS)


def normalise(text: str) -> str:
    """Return the matching form of ``text``, cut at LONGEST_TEXT characters; " " for a text without a word."""
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
    text = text.lower()
    if not text.isascii():
        text = fold_accents(text)
    words = text.translate(_TABLE)
    if ".." in words:
        words = words.replace("..", " ")
    words = " ".join(words.split())
    return f" {words} ".replace(". ", " ")


def fold_accents(text: str) -> str:
    """Return ``text`` in compatibility form without combining marks, so that "Příjemce" meets "prijemce"."""
    decomposed = unicodedata.normalize("NFKD", text)
    if decomposed.isascii():
        return decomposed
    return "".join([char for char in decomposed if not unicodedata.combining(char)])
