"""Peers: who is here to be compared with, and those of ``explain``.

These are parsers that only read the message, and a bounce detector that only names the addresses.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from typing import Any, NamedTuple

#: Peers that are no part of Python: the module, and the package where that is called otherwise.
OUTSIDE = {"flufl.bounce": "", "aiosmtpd": "", "aiosmtplib": "", "dkim": "dkimpy", "spf": "pyspf"}
#: How to get them.
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
    bounces = peer_module("flufl.bounce")
    if bounces is not None:
        found.append(Peer("flufl.bounce: addresses only", _detect_with(bounces.all_failures)))
    return found


def missing() -> str | None:
    """Return how to get the peers that are not here, in one line; None where all are."""
    absent = [package or module for module, package in OUTSIDE.items() if not is_here(module)]
    return f"not installed: {', '.join(absent)}; to compare with them: {HOW_TO_GET}" if absent else None


def is_here(peer: str) -> bool:
    """Tell whether a peer can take part; what is not in OUTSIDE is."""
    return peer not in OUTSIDE or peer_module(peer) is not None


def peer_module(name: str) -> Any:
    """Return the module of a peer; None where it is not installed."""
    try:
        return importlib.import_module(name)
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
