"""APOP: the timestamp of a greeting, and the digest of a password with it (RFC 1939 7).

Off by default on both sides.  MD5 is broken, the server must keep the password readable, and who stands between can
choose timestamps that bring the password to light; it is there for servers that know nothing better and for the lab.
"""

from __future__ import annotations

from hashlib import md5

#: Characters of a timestamp (RFC 5322 2.1.1: a line's).
LONGEST_TIMESTAMP = 998


def timestamp_of(greeting: str) -> str | None:
    """Return the timestamp in the words of a greeting, brackets included; None where the server does not do APOP.

    RFC 1939 7: its syntax MUST be that of a message identifier.  What is not, as timestamps chosen by an attacker often
    are not, is none.
    """
    begin = greeting.find("<")
    end = greeting.find(">", begin)
    if begin < 0 or end < 0:
        return None
    inner = greeting[begin + 1 : end]
    left, at, right = inner.partition("@")
    if not (left and at and right) or "@" in right or len(inner) > LONGEST_TIMESTAMP:
        return None
    if not inner.isascii() or not inner.isprintable() or " " in inner or "<" in inner:
        return None
    return greeting[begin : end + 1]


def apop_digest(timestamp: str, password: str) -> str:
    """Return the digest for APOP: MD5 of the timestamp, brackets included, and the password; lower-case hexadecimal."""
    return md5(timestamp.encode() + password.encode(), usedforsecurity=False).hexdigest()
