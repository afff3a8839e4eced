r"""xtext and utf-8-addr-xtext: how values of ESMTP parameters are written (RFC 3461 4, RFC 6533 3).

Both are printable ASCII; xtext writes any other octet as "+" and two hexadecimal digits, utf-8-addr-xtext any other
character as ``\x{…}`` with its code point.
"""

from __future__ import annotations

#: RFC 3461 4: xchar = any character from "!" to "~" except "+" and "=".
_PLAIN = frozenset(range(33, 127)) - {ord("+"), ord("=")}
_HEX = frozenset("0123456789ABCDEF")
#: Hexadecimal digits of a code point (RFC 6533 3: HEXPOINT ends at 10FFFF).
_LONGEST_POINT = 6


class XtextFault(ValueError):
    """A text is not what the encoding allows."""


def encode_xtext(text: str) -> str:
    """Return ``text`` as xtext; raises XtextFault where it is not ASCII."""
    if not text.isascii():
        raise XtextFault(text)
    return "".join(char if ord(char) in _PLAIN else f"+{ord(char):02X}" for char in text)


def decode_xtext(text: str, *, utf8: bool = False) -> str:
    """Return what the xtext ``text`` says; raises XtextFault where it is none, or says anything but printable ASCII.

    utf8: also take octets that are printable characters in UTF-8.

    RFC 3461 4.4 asks for printable characters; a line end in a value would end the header line of a report.
    """
    if not text.isascii():
        raise XtextFault(text)
    head, *pieces = text.split("+")
    decoded = [head]
    for piece in pieces:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):
            raise XtextFault(text)
        decoded.extend((chr(int(piece[:2], 16)), piece[2:]))
    if not all(ord(char) in _PLAIN for piece in (head, *(piece[2:] for piece in pieces)) for char in piece):
        raise XtextFault(text)
    octets = "".join(decoded)
    if utf8 and not octets.isascii():
        try:
            return _printable(octets.encode("latin-1").decode("utf-8"), text)
        except UnicodeDecodeError as error:
            raise XtextFault(text) from error
    return _printable(octets, text, ascii_only=True)


def encode_unicode(text: str) -> str:
    """Return ``text`` as utf-8-addr-xtext, which is ASCII and good with and without SMTPUTF8 (RFC 6533 3)."""
    return "".join(
        char if ord(char) in _PLAIN and char != "\\" else f"\\x{{{ord(char):X}}}" for char in _printable(text, text)
    )


def decode_unicode(text: str) -> str:
    """Return what utf-8-addr-xtext or utf-8-addr-unitext says; raises XtextFault where it is none."""
    head, *pieces = text.split("\\")
    decoded = [head]
    for piece in pieces:
        digits, close, rest = piece[2:].partition("}")
        if piece[:2] != "x{" or not close or not 0 < len(digits) <= _LONGEST_POINT or not _HEX.issuperset(digits):
            raise XtextFault(text)
        point = int(digits, 16)
        if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise XtextFault(text)
        decoded.extend((chr(point), rest))
    if any(char in "+= " for char in text):
        raise XtextFault(text)
    return _printable("".join(decoded), text)


def _printable(decoded: str, text: str, *, ascii_only: bool = False) -> str:
    """Return ``decoded`` where a report could quote it in one line."""
    if not decoded.isprintable() or (ascii_only and not decoded.isascii()):
        raise XtextFault(text)
    return decoded
