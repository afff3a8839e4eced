"""Reply codes (RFC 5321 4.2) and enhanced status codes (RFC 3463), found where they stand literally in a text.

Plain scanning, no pattern engine: each function reads its text once.
"""

from __future__ import annotations

#: Only this much of a text is searched for codes, in characters.
SEARCHED = 4_000
#: Highest subject of an enhanced code; the registry ends at 7, Yahoo goes up to 16.
HIGHEST_SUBJECT = 19


def find_status(text: str, start: int = 0) -> str | None:
    """Return the first enhanced status code ("5.1.1", "4.7.26") at or after ``start``; None where none stands.

    RFC 3463 2: class "." subject "." detail, class 2, 4 or 5, the others one to three digits.
    An IP address, a longer number, or a program's version ("Exim 4.96.2") is not one.
    """
    dot = text.find(".", start, SEARCHED)
    while dot > 0:
        if text[dot - 1] in "245" and (dot < 2 or not _joins(text[dot - 2])):
            end = _status_end(text, dot)
            if end:
                return text[dot - 1 : end]
        dot = text.find(".", dot + 1, SEARCHED)
    return None


def _joins(char: str) -> bool:
    """Tell whether ``char`` before the class digit makes it part of something longer."""
    return char.isalnum() or char in ".@_"


def _status_end(text: str, dot: int) -> int:
    """Return the end of the code whose first dot is at ``dot``; 0 where it is none."""
    second = _digits(text, dot + 1)
    if not second or text[second : second + 1] != "." or int(text[dot + 1 : second]) > HIGHEST_SUBJECT:
        return 0
    end = _digits(text, second + 1)
    if not end:
        return 0
    following = text[end : end + 2]
    if following[:1].isalnum() or following[:1] in ("@", "_") or (following[:1] == "." and following[1:].isalnum()):
        return 0
    return end


def _digits(text: str, start: int) -> int:
    """Return the end of one to three ASCII digits at ``start``; 0 where none or more than three stand there."""
    end = start
    limit = min(len(text), start + 4)
    while end < limit and "0" <= text[end] <= "9":
        end += 1
    return end if 0 < end - start <= 3 else 0


def find_reply_code(text: str) -> str | None:
    """Return the reply code of ``text``: at its beginning, else the first that stands alone and is followed by words.

    A number counts as a reply code only in the ranges in use (2xx-5xx with second digit 0-5 or the codes known to
    be used outside them), so that sizes, ports and years do not.
    """
    head = text[:3]
    if is_reply_code(head) and not text[3:4].isalnum() and text[3:4] != ".":
        # A greeting may stand before a refusal: "220-mx.example.com 421 4.2.1 …".
        return head if head[0] != "2" else _before_status(text) or head
    for before in _BEFORE_CODE:
        at = text.find(before, 0, SEARCHED)
        while at >= 0:
            begin = at + len(before)
            code = text[begin : begin + 3]
            if is_reply_code(code) and text[begin + 3 : begin + 4] in _AFTER_CODE:
                return code
            at = text.find(before, begin, SEARCHED)
    return _before_status(text)


#: What stands before a code that is quoted inside a sentence.
_BEFORE_CODE = (
    "said: ",
    "rror ",
    " :",
    "code ",
    "Code ",
    "smtp; ",
    "SMTP; ",
    "\n",
    ": ",
    "(",
    "[",
    "'",
    '"',
    "<<< ",
    "#",
)
_AFTER_CODE = frozenset((" ", "-", "\t", "\n", ",", ":", ";", "#", ")", "]", "'", '"', "<", ""))


def _before_status(text: str) -> str | None:
    """Return the three digits that stand right before an enhanced code of the same class ("… 550 5.1.1 …")."""
    status = find_status(text)
    if status is None:
        return None
    at = text.find(status)
    code = text[max(0, at - 6) : at].rstrip("'\"(< -#")[-3:]
    return code if is_reply_code(code) and code[0] == status[0] else None


def is_reply_code(text: str) -> bool:
    """Tell whether three characters can be a failure, success or challenge reply code."""
    return len(text) == 3 and text.isascii() and text.isdigit() and text[0] in "245" and text[1] in "0123457"


def status_class(code: str | None) -> bool | None:
    """Return True for class 5, False for class 4, None for anything else (also None)."""
    return {"5": True, "4": False}.get(code[0]) if code else None
