"""Replies from a file or standard input: one a line, or JSON lines with ``id`` and ``text``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mailwright.app.sources import SourceTrouble
from mailwright.mail.decoding import decode_bytes

#: Longest line that is read, in octets; a reply has at most a few thousand.
LONGEST_LINE = 64 * 1024


class Reply(NamedTuple):
    """A reply to explain: where it came from, its own id just as it was given (None where it had none), its text."""

    source: str
    id: str | float | None
    text: str


def read_replies(path: str, explain_trouble: Callable[[str], str]) -> Iterator[Reply | SourceTrouble]:
    """Yield every reply in ``path`` ("-" is standard input); ``explain_trouble`` as in app.sources."""
    if path == "-":
        yield from _lines("-", sys.stdin.buffer, explain_trouble)
        return
    try:
        with Path(path).open("rb") as stream:
            yield from _lines(path, stream, explain_trouble)
    except FileNotFoundError:
        yield SourceTrouble(path, explain_trouble("missing"))
    except OSError as error:
        yield SourceTrouble(path, explain_trouble(error.strerror or type(error).__name__))


def _lines(path: str, stream: BinaryIO, explain_trouble: Callable[[str], str]) -> Iterator[Reply | SourceTrouble]:
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        source = f"{path}:{number}"
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            _skip_rest(stream)
            yield SourceTrouble(source, explain_trouble("long-line"))
            continue
        if not line.strip():
            continue
        if not line.lstrip().startswith(b"{"):
            yield Reply(source, None, decode_bytes(line.strip()))
            continue
        reply = _from_json(source, line)
        yield reply if reply is not None else SourceTrouble(source, explain_trouble("bad-json"))


def _skip_rest(stream: BinaryIO) -> None:
    """Read to the end of the line, so that what is left of it is not taken for a line of its own."""
    while (piece := stream.readline(LONGEST_LINE)) and not piece.endswith(b"\n"):
        pass


def _from_json(source: str, line: bytes) -> Reply | None:
    """Return the reply in a JSON line; None where it is no object with a ``text``, or its ``id`` is a structure."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        return None
    reply_id = entry.get("id")
    return Reply(source, reply_id, entry["text"]) if _can_be_id(reply_id) else None


def _can_be_id(value: object) -> bool:
    """Tell whether ``value`` can be given back as it came: a string, a number, or None for no id at all."""
    if isinstance(value, float):
        # Python reads NaN and 1e999, and would write what no other reader of JSON takes.
        return math.isfinite(value)
    return value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
