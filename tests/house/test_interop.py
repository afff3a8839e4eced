"""docs/interop.md and the tests beside other people's programs name each other: none is missing, none is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "interop.md"
NAMED = sorted(set(re.findall(r"tests/[\w/]+\.py", PAGE.read_text(encoding="utf-8"))))
PEERS = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests" / "peers").glob("test_*.py"))


@pytest.mark.parametrize("file", NAMED)
def test_each_file_that_is_named_exists(file: str) -> None:
    """A test that was moved or removed is noticed on the page."""
    assert (ROOT / file).is_file()


@pytest.mark.parametrize("file", PEERS)
def test_each_test_of_a_peer_is_named(file: str) -> None:
    """A new peer does not stay out of the page."""
    assert file in NAMED
