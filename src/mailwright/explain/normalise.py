"""Bring a text into the one form in which phrases are matched.

Matching form: lower case, compatibility forms unified (full-width letters, ligatures), accents removed, apostrophes
dropped, other punctuation turned into single spaces, one space at each end.  Dots, ``@``, ``+`` and ``&`` inside a
word stay, so that a host name or an address is one word and ``spam@example.com`` never says "spam".  Texts and
phrases go through the same function; what it does to one it does to the other.
"""

from __future__ import annotations

import unicodedata

#: Longest text that is classified, in characters; a reply has at most 512 octets a line (RFC 5321 4.5.3.1.5).
LONGEST_TEXT = 20_000

_SPACES = ' \t\r\n"#$%()*,-/:;<=>[\\]^_{|}~!?\u00a0\u2010\u2011\u2012\u2013\u2014\u2015\u2026\u2022\u00b7'
_QUOTES_AS_SPACE = "\u00ab\u00bb\u201c\u201d\u201e\u201a\u2039\u203a"
_CJK_PUNCTUATION = "\u3000\u3001\u3002\u3008\u3009\u300a\u300b\u300c\u300d\u300e\u300f\u3010\u3011\u30fb"
_DROPPED = "'`\u2018\u2019\u02bc\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

_TABLE = str.maketrans(dict.fromkeys(_SPACES + _QUOTES_AS_SPACE + _CJK_PUNCTUATION, " ") | dict.fromkeys(_DROPPED, ""))
_TABLE.update((code, " ") for code in range(32))

#: Combining marks: the general blocks, Cyrillic's and the kana's voicing marks.
_MARKS = ((0x300, 0x370), (0x483, 0x488), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0x3099, 0x309B))
_TABLE.update((code, "") for begin, end in _MARKS for code in range(begin, end))

#: Halves of characters, which JSON can hold and the automaton refuses.
_TABLE.update((code, " ") for code in range(0xD800, 0xE000))

#: A control character, which no matching form holds otherwise, for the end of a line.
LINE_END = "\x01"
_TABLE[ord(LINE_END)] = LINE_END

#: The same for texts in ASCII, with capitals lowered; the apostrophes are deleted on the way.
_ASCII_TABLE = bytes(ord(_TABLE.get(code, chr(code)).lower() or " ") for code in range(128)) + bytes(128)


def normalise(text: str) -> str:
    """Return the matching form of ``text``, cut at LONGEST_TEXT characters; " " for a text without a word."""
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
    if text.isascii():
        words = text.encode().translate(_ASCII_TABLE, b"'`").decode() + " "
    else:
        # Decomposed first, for signs such as "\u2122" and "\u2116" unfold into capitals.
        words = unicodedata.normalize("NFKD", text).lower().translate(_TABLE) + " "
    if ".." in words:
        words = words.replace("..", ". ")
    words = " ".join(words.replace(". ", " ").split())
    return f" {words} " if words else " "


def normalise_lines(text: str) -> str:
    """Return the matching form of ``text`` with LINE_END as a word of its own at the end of every line but the last.

    ``without_line_ends`` makes of it what ``normalise`` gives, so that a letter is brought into form once.
    """
    return normalise(text.replace(LINE_END, " ").replace("\n", f" {LINE_END} "))


def without_line_ends(normal: str) -> str:
    """Return the matching form of a text from that of its lines."""
    return normal.replace(f" {LINE_END}", "")
