"""Peers: parsers that only read the message, and a bounce detector that only names the addresses."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from typing import Any, NamedTuple

#: How to get the peer that is no part of Python.
HOW_TO_GET = f"{sys.executable} -m pip install --require-hashes -r requirements/bench.txt"


class Peer(NamedTuple):
    """A parser: its name, and what it does with messages. A message that it fails on counts as done."""

    name: str
    take: Callable[[list[bytes]], None]


def peers() -> list[Peer]:
    """Return the peers that are here."""
    found = [
        Peer("email, compat32: parses", _parse_with(BytesParser(policy=policy.compat32))),
        Peer("email, default policy: parses", _parse_with(BytesParser(policy=policy.default))),
    ]
    detector = _detector()
    if detector is not None:
        found.append(Peer("flufl.bounce: addresses only", _detect_with(detector)))
    return found


def missing() -> str | None:
    """Return how to get the peer that is not here, in one line; None where all are."""
    return None if _detector() else f"flufl.bounce is not installed; to compare with it: {HOW_TO_GET}"


def _detector() -> Any:
    try:
        return importlib.import_module("flufl.bounce").all_failures
    except ImportError:
        return None


def _parse_with(parser: Any) -> Callable[[list[bytes]], None]:
    def take(messages: list[bytes]) -> None:
        for raw in messages:
            parser.parsebytes(raw)

    return take


def _detect_with(detector: Any) -> Callable[[list[bytes]], None]:
    parser = BytesParser(policy=policy.compat32)
    # It logs every message that one of its detectors fails on, with a traceback.
    logging.disable(logging.CRITICAL)

    def take(messages: list[bytes]) -> None:
        for raw in messages:
            try:
                detector(parser.parsebytes(raw))
            except Exception:  # noqa: BLE001, S112 - whatever it raises is its own; the time counts
                continue

    return take
