"""Zone: DNS read from a file, so that a message can be judged without any resolver.

The file is TOML.  Each key is a name, its value a list of lines as ``lab.table`` has them, or one word that says what
becomes of every question about it:

    "example.com" = ["MX 10 mx.example.com", "TXT v=spf1 mx -all"]
    "slow.example.com" = "TIMEOUT"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rtoml

from mailwright.dns.answer import Kind
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry, Table

#: Octets of a zone file; the example has 6,000.
LARGEST_ZONE = 4 * 1024 * 1024


class ZoneFault(ValueError):
    """A file is no zone.  path: which.  why: "missing", "too-big", or where it is wrong and what stands there."""

    def __init__(self, path: str, why: str) -> None:
        """Keep both."""
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def read_zone(path: str) -> TableResolver:
    """Return who answers from the file at ``path``; raises ZoneFault."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST_ZONE + 1)
    except FileNotFoundError as error:
        raise ZoneFault(path, "missing") from error
    except OSError as error:
        raise ZoneFault(path, error.strerror or type(error).__name__) from error
    if len(raw) > LARGEST_ZONE:
        raise ZoneFault(path, "too-big")
    try:
        document: dict[str, Any] = rtoml.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ZoneFault(path, f"line {line}: not UTF-8") from error
    except rtoml.TomlParsingError as error:
        # The parser draws the place over several lines; the first names it, the last says what is wrong there.
        first, *others = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ZoneFault(path, ": ".join([first, *others[-1:]])) from error
    table = Table()
    for name, value in document.items():
        try:
            table[name] = _entry(name, value)
        except ValueError as error:
            raise ZoneFault(path, str(error)) from error
    return TableResolver(table)


def _entry(name: str, value: Any) -> Entry:
    """Return what a table says of a name; raises ValueError naming it."""
    if isinstance(value, str):
        if value.isupper() and value.lower() in set(Kind):
            return Kind(value.lower())
        raise ValueError(f"{name}: {value!r}: none of {', '.join(kind.upper() for kind in Kind)}")
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return [str(line) for line in value]
    # A name with dots and without quotes is a table in a table in TOML.
    hint = '; write names in quotes: "example.com" = […]' if isinstance(value, dict) else ""
    raise ValueError(f'{name}: no list of lines such as "A 192.0.2.1"{hint}')
