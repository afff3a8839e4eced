r"""Script: what a host of the lab does on a connection, written as a dialogue.

One step a line; empty lines and what begins with ``#`` are passed over:

    S: 220 mx.test ESMTP                 say a line, in UTF-8, with CRLF
    C: EHLO *                            hear a line; a * at the end stands for any rest, letters count in either case
    S-gbk: 550 5.1.1 用户不存在          say a line in another charset
    raw: \x16\x03\r\n                    say octets as they are; \r \n \t \\ and \xNN are understood
    text                                 hear all up to the line with a single dot (RFC 5321 4.1.1.4)
    delay 5                              wait so many seconds
    slow 0.5                             from now on, that many seconds before each octet
    garbage                              say octets that no line protocol knows
    starttls ok                          the TLS handshake; "broken" fails in it, "plaintext" goes on without it
    silent                               say nothing any more; the connection stays until the client goes
    close                                end the connection in order
    drop                                 end it with a reset

An answer is a shorter form for tables: a line that begins with a digit is said, any other is a step as above.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

#: What ``garbage`` says: octets of no line protocol, with a line end so that readers of lines see it at once.
GARBAGE = b"\x00\xff\xfe\x80garbage\xc3\x28\r\n"
#: Seconds of one ``delay`` or ``slow`` at most (own choice: a day).
LONGEST_WAIT = 86_400.0


class Handshake(StrEnum):
    """How a host begins TLS."""

    OK = "ok"
    # Octets that are no TLS, and the end.
    BROKEN = "broken"
    # Nothing: what follows is said and heard in clear.
    PLAINTEXT = "plaintext"


class End(StrEnum):
    """A step after which nothing follows."""

    CLOSE = "close"
    DROP = "drop"
    SILENT = "silent"


class Say(NamedTuple):
    """Octets to send."""

    octets: bytes


class Hear(NamedTuple):
    """A line to wait for; see ``matches``."""

    pattern: str


class HearText(NamedTuple):
    """The text of a message, up to its final dot."""


class Wait(NamedTuple):
    """Seconds that pass."""

    seconds: float


class Slow(NamedTuple):
    """Seconds before each octet that is said from now on; 0 ends it."""

    seconds: float


class Secure(NamedTuple):
    """The TLS handshake."""

    how: Handshake


Step = Say | Hear | HearText | Wait | Slow | Secure | End
Script = tuple[Step, ...]


class ScriptFault(ValueError):
    """A line of a script cannot be read.  line: its number, from 1.  why: what is wrong, and what to write."""

    def __init__(self, line: int, why: str) -> None:
        """Keep both."""
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


def read_script(text: str) -> Script:
    """Return the steps of a script; raises ScriptFault."""
    return _read(text.splitlines(), "utf-8", answers=False)


def read_answer(text: str | Sequence[str], charset: str = "utf-8") -> Script:
    """Return the steps of an answer, replies in ``charset``; raises ScriptFault, also where nothing is in it."""
    lines = text.splitlines() if isinstance(text, str) else list(text)
    steps = _read(lines, charset, answers=True)
    if not steps:
        raise ScriptFault(1, 'there is no answer; write one such as "550 5.1.1 No such user"')
    return steps


def matches(pattern: str, line: str) -> bool:
    """Tell whether a line is what ``pattern`` says; see the head of this file."""
    if pattern.endswith("*"):
        return line.upper().startswith(pattern[:-1].upper())
    return line.upper() == pattern.upper()


def reply_code(steps: Script) -> int | None:
    """Return the code of the last reply that is said; None where none is, or what is said is none."""
    code = None
    for step in steps:
        if isinstance(step, Say):
            last = step.octets.removesuffix(b"\r\n").rpartition(b"\n")[2]
            digits = last[:3]
            is_reply = len(digits) == 3 and digits.isdigit() and 200 <= int(digits) < 600
            code = int(digits) if is_reply else None
    return code


def _read(lines: Sequence[str], charset: str, *, answers: bool) -> Script:
    steps: list[Step] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if steps and isinstance(steps[-1], End):
            raise ScriptFault(number, f"nothing can follow {steps[-1].value}; take it out, or move it before")
        try:
            steps.append(_said(text, charset) if answers and text[0].isdigit() else _step(text))
        except ValueError as wrong:
            raise ScriptFault(number, str(wrong)) from wrong
    return tuple(steps)


def _step(text: str) -> Step:
    """Return the step that a line is; raises ValueError that says what to write."""
    head, colon, rest = text.partition(":")
    if colon:
        charset = head.removeprefix("S-")
        if head == "S":
            return _said(rest.removeprefix(" "), "utf-8")
        if head == "C":
            return Hear(rest.strip())
        if head == "raw":
            return Say(_unescaped(rest.removeprefix(" ")))
        if charset != head:
            return _said(rest.removeprefix(" "), charset)
    return _action(text)


def _action(text: str) -> Step:
    match text.split():
        case ["text"]:
            return HearText()
        case ["garbage"]:
            return Say(GARBAGE)
        case ["delay", seconds]:
            return Wait(_seconds(seconds))
        case ["slow", seconds]:
            return Slow(_seconds(seconds))
        case ["starttls", how] if how in set(Handshake):
            return Secure(Handshake(how))
        case [word] if word in set(End):
            return End(word)
        case _:
            raise ValueError(
                f"{text!r} is no step; write S: LINE, S-CHARSET: LINE, C: LINE, raw: OCTETS, text, delay SECONDS, "
                "slow SECONDS, garbage, starttls ok|broken|plaintext, silent, close or drop"
            )


def _said(text: str, charset: str) -> Say:
    try:
        return Say(text.encode(charset) + b"\r\n")
    except LookupError as wrong:
        raise ValueError(f"there is no charset {charset}; write one such as gbk, big5 or latin-1") from wrong
    except UnicodeEncodeError as wrong:
        raise ValueError(f"{text[wrong.start]!r} cannot be written in {charset}; choose another charset") from wrong


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_WAIT:
        raise ValueError(f"{text!r} is no number of seconds from 0 to {LONGEST_WAIT:g}")
    return seconds


_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}


def _unescaped(text: str) -> bytes:
    """Return the octets of a raw line."""
    octets = bytearray()
    first, *others = text.split("\\")
    octets += first.encode()
    rest = iter(others)
    for part in rest:
        if part[:1] == "x" and len(part) >= 3 and _is_hex(part[1:3]):
            octets.append(int(part[1:3], 16))
            octets += part[3:].encode()
        elif part == "":
            # Two backslashes side by side: what follows the second is plain.
            plain = next(rest, None)
            if plain is None:
                raise ValueError("a backslash at the end is no escape; write \\\\ for a backslash")
            octets += b"\\" + plain.encode()
        elif part[0] in _ESCAPES:
            octets += _ESCAPES[part[0]] + part[1:].encode()
        else:
            raise ValueError(f"\\{part[:1]} is no escape; write \\r, \\n, \\t, \\xNN, or \\\\ for a backslash")
    return bytes(octets)


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)
