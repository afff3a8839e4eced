"""Zone: DNS read from a file, so that a message can be judged without any resolver.

The file is TOML.  Each key is a name, its value a list of lines as ``lab.table`` has them, or one word that says what
becomes of every question about it:

    "example.com" = ["MX 10 mx.example.com", "TXT v=spf1 mx -all"]
    "slow.example.com" = "TIMEOUT"
"""

from __future__ import annotations

from pathlib import Path

from mailwright.lab.resolver import TableResolver
from mailwright.lab.stage_file import TomlFault, parse_toml, read_entry
from mailwright.lab.table import Table

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
        document = parse_toml(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ZoneFault(path, f"line {line}: not UTF-8") from error
    except TomlFault as fault:
        raise ZoneFault(path, str(fault)) from fault
    table = Table()
    for name, value in document.items():
        try:
            table[name] = read_entry(name, value)
        except ValueError as error:
            raise ZoneFault(path, str(error)) from error
    return TableResolver(table)
