"""The policy file of MTA-STS (RFC 8461 3.2), read and written.

    version: STSv1
    mode: enforce
    mx: mx1.example.com
    mx: *.mail.example.com
    max_age: 604800

It is read strictly: the receiving side reads the same file with other programs, and what one of them refuses protects
nobody.  ``lenient`` lets in a habit that many readers forgive, empty lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from mailwright.mail.address import LONGEST_DOMAIN, is_host_name

#: Octets of a policy file (RFC 8461 3.3: 64 kilobytes are the suggested maximum).
LONGEST_POLICY = 65_536
#: The longest time that a policy may be kept: a year, by RFC 8461 3.2.
LONGEST_MAX_AGE = timedelta(seconds=31_557_600)
#: Digits of max_age (RFC 8461 3.2: 1*10(DIGIT)).
MOST_DIGITS = 10
#: Patterns of one policy; a limit of our own, a hundred times what large providers publish.
MOST_PATTERNS = 1_000
#: Characters of the name of a field that is not known (RFC 8461 3.2: one and up to 31 more).
LONGEST_FIELD_NAME = 32

_VERSION = "STSv1"
_WSP = " \t"
_DIGITS = frozenset("0123456789")
_ALPHANUMERIC = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NAME = _ALPHANUMERIC | frozenset("_-.")
_CONTROLS = frozenset(map(chr, (*range(32), 127)))


class Mode(StrEnum):
    """What a sender is asked to do (RFC 8461 5)."""

    ENFORCE = "enforce"  # hosts that fail get no mail
    TESTING = "testing"  # failures are only reported
    NONE = "none"  # as though there were no policy


_MODES = {mode.value: mode for mode in Mode}


class PolicyTrouble(StrEnum):
    """What is wrong with a policy file."""

    LONG = "long"  # more octets than the limit
    CHARACTER = "character"  # not UTF-8, or a control character
    LINE = "line"  # a line that is no "name: value" of the grammar
    VERSION = "version"  # version missing, or another than STSv1
    MODE = "mode"  # mode missing, or none of the three
    MX = "mx"  # a pattern that is no host name, with or without "*." before it
    MX_MISSING = "mx-missing"  # no pattern, in a mode that needs one
    MX_MANY = "mx-many"  # more patterns than the limit
    MAX_AGE = "max-age"  # max_age missing, no number, or beyond the range


class PolicyFault(ValueError):
    """A text is no policy.

    why: what is wrong.  part: what stands there, cut; "" where something is missing.
    """

    def __init__(self, why: PolicyTrouble, part: str = "") -> None:
        """Keep both."""
        self.why = why
        self.part = part[:LONGEST_DOMAIN]
        super().__init__(f"{why}: {self.part!r}" if part else str(why))


class Policy(NamedTuple):
    """A policy.

    mode: what is asked for.
    patterns: host names in lower case, A-labels, or "*." and a name; empty only in mode none.
    max_age: 0 to LONGEST_MAX_AGE.
    extensions: fields that RFC 8461 does not know, in order.
    """

    mode: Mode
    patterns: tuple[str, ...]
    max_age: timedelta
    extensions: tuple[tuple[str, str], ...] = ()

    def names(self, host: str) -> bool:
        """Tell whether the MX host is one of those that the policy names (RFC 8461 4.1)."""
        return any(matches(pattern, host) for pattern in self.patterns)


def matches(pattern: str, host: str) -> bool:
    """Tell whether an MX name matches a pattern; case does not count (RFC 8461 4.1, RFC 6125 6.4)."""
    host = host.lower().removesuffix(".")
    if not pattern.startswith("*."):
        return bool(host) and pattern.lower() == host
    # RFC 8461 4.1: "*" may only stand for the entire left-most label: *.example.com is mail.example.com, and neither
    # example.com nor a.b.example.com.
    label, _, rest = host.partition(".")
    return bool(label) and rest == pattern[2:].lower()


def parse_policy(body: bytes, *, lenient: bool = False) -> Policy:
    """Return the policy that a file is; raises PolicyFault.

    lenient: empty lines are passed over.
    """
    if len(body) > LONGEST_POLICY:
        raise PolicyFault(PolicyTrouble.LONG)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise PolicyFault(PolicyTrouble.CHARACTER) from None
    fields: dict[str, str] = {}
    patterns: dict[str, None] = {}
    for name, value in _fields(text, lenient=lenient):
        if name == "mx":
            patterns[_pattern(value)] = None
        else:
            # RFC 8461 3.2: if any field other than mx is duplicated, all entries but the first SHALL be ignored.
            fields.setdefault(name, value)
        if len(patterns) > MOST_PATTERNS:
            raise PolicyFault(PolicyTrouble.MX_MANY)
    return _policy_of(fields, tuple(patterns))


def _fields(text: str, *, lenient: bool) -> Iterator[tuple[str, str]]:
    """Yield name and value of every line; a line ends with LF or CRLF (RFC 8461 3.2: sts-policy-term)."""
    lines = text.split("\n")
    # The last line may be without an end.
    if not lines[-1]:
        lines.pop()
    for line in lines:
        # RFC 8461 3.2: sts-policy-field *WSP: spaces and tabs at the end of a line are no part of the field.
        line = line.removesuffix("\r").rstrip(_WSP)  # noqa: PLW2901 - the line itself is meant from here on
        if line or not lenient:
            yield _field_of(line)


def _field_of(line: str) -> tuple[str, str]:
    """Return name and value of a line without white space at its end."""
    name, colon, value = line.partition(":")
    # RFC 8461 3.2: the delimiter is ":" *WSP; a value has no spaces at its ends and no control characters.
    value = value.lstrip(_WSP)
    named = 0 < len(name) <= LONGEST_FIELD_NAME and name[0] in _ALPHANUMERIC and _NAME.issuperset(name)
    if not colon or not named or not value:
        raise PolicyFault(PolicyTrouble.LINE, line)
    if not _CONTROLS.isdisjoint(value):
        raise PolicyFault(PolicyTrouble.CHARACTER, line)
    return name, value


def _pattern(value: str) -> str:
    """Return a pattern in lower case."""
    name = value.removeprefix("*.")
    # RFC 8461 3.2: sts-policy-mx-value = ["*."] Domain; names in A-labels, without the dot at the end.
    if not name.isascii() or len(name) > LONGEST_DOMAIN or not is_host_name(name):
        raise PolicyFault(PolicyTrouble.MX, value)
    return value.lower()


def _policy_of(fields: dict[str, str], patterns: tuple[str, ...]) -> Policy:
    """Return the policy with these fields, each of which RFC 8461 3.2 requires once."""
    if fields.pop("version", "") != _VERSION:
        raise PolicyFault(PolicyTrouble.VERSION)
    said = fields.pop("mode", "")
    mode = _MODES.get(said)
    if mode is None:
        raise PolicyFault(PolicyTrouble.MODE, said)
    # RFC 8461 3.2: mx is required at least once, except when the mode is none.
    if not patterns and mode is not Mode.NONE:
        raise PolicyFault(PolicyTrouble.MX_MISSING)
    max_age = _max_age(fields.pop("max_age", ""))
    # RFC 8461 3.2: unknown fields SHALL be ignored; they are kept for whoever looks at the file.
    return Policy(mode, patterns, max_age, tuple(fields.items()))


def _max_age(text: str) -> timedelta:
    """Return the time of max_age."""
    if not 0 < len(text) <= MOST_DIGITS or not _DIGITS.issuperset(text):
        raise PolicyFault(PolicyTrouble.MAX_AGE, text)
    seconds = int(text)
    if seconds > LONGEST_MAX_AGE.total_seconds():
        raise PolicyFault(PolicyTrouble.MAX_AGE, text)
    return timedelta(seconds=seconds)


def write_policy(policy: Policy) -> bytes:
    """Return the file to publish, with CRLF; raises PolicyFault where it could not be read as what went in."""
    lines = [
        f"version: {_VERSION}",
        f"mode: {policy.mode}",
        *(f"mx: {pattern}" for pattern in policy.patterns),
        f"max_age: {int(policy.max_age.total_seconds())}",
        *(f"{name}: {value}" for name, value in policy.extensions),
    ]
    body = "".join(line + "\r\n" for line in lines).encode("utf-8", "surrogatepass")
    if parse_policy(body) != policy:
        raise PolicyFault(PolicyTrouble.LINE, "what is written would be read as another policy")
    return body
