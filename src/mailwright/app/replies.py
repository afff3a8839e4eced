"""Replies from a file or standard input: one a line, or JSON lines with ``id`` and ``text``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from mailwright.app.batch import Reply
from mailwright.app.sources import SourceTrouble
from mailwright.mail.decoding import decode_bytes

#: Longest line that is read, in octets; a reply has at most a few thousand.
LONGEST_LINE = 64 * 1024


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


def _lines(
    path: str, stream: BinaryIO, explain_trouble: Callable[[str], str]
) -> Iterator[Reply | SourceTrouble]:
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        source = f"{path}:{number}"
        if not line.strip():
            continue
        if not line.lstrip().startswith(b"{"):
            yield Reply(source, None, decode_bytes(line.strip()))
            continue
        reply = _from_json(source, line)
        yield reply if reply is not None else SourceTrouble(source, explain_trouble("bad-json"))


def _from_json(source: str, line: bytes) -> Reply | None:
    """Return the reply in a JSON line; None where the line is no object with a ``text``."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        return None
    reply_id = entry.get("id")
    return Reply(source, None if reply_id is None else str(reply_id), entry["text"])
