"""The reader of the manual's code blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docblocks import blocks, commands, matches

PAGE = """\
# Page

```console
$ mailwright causes \\
    --json
[
…
]
$ make test
```

```python
x = 1
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_blocks_know_their_language_and_line(page: Path) -> None:
    """A failing block can be found in its page."""
    assert [(block.language, block.line) for block in blocks(page)] == [("console", 4), ("python", 13)]


def test_commands_are_joined_over_lines_and_followed_by_what_is_shown(page: Path) -> None:
    """A console block is a list of commands with their output."""
    console = next(iter(blocks(page)))
    found = [(command.line, command.command, command.shown) for command in commands(console)]
    assert found == [(4, "mailwright causes \\\n    --json", "[\n…\n]"), (9, "make test", "")]


def test_an_unclosed_block_is_a_fault(tmp_path: Path) -> None:
    """The rest of a page is not silently taken for code."""
    path = tmp_path / "page.md"
    path.write_text("```python\nx = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"page\.md:1: this block is never closed"):
        list(blocks(path))


@pytest.mark.parametrize(
    ("shown", "real", "expected"),
    [
        ("one\ntwo", "one  \ntwo\n", True),
        ("one", "one\ntwo", False),
        ("one…", "one\ntwo", True),
        ("…two", "one\ntwo", True),
        ("…", "", True),
        ("one…three…", "one two three four", True),
        ("one…two…two", "one two", False),
        ("one…ne", "one", False),
        ("one…four", "one two three", False),
    ],
)
def test_three_dots_match_anything(shown: str, real: str, expected: bool) -> None:
    """What is left out of a page may be of any length, but what is shown must be there in its order."""
    assert matches(shown, real) is expected
