"""Replies from files and standard input: one a line or JSON lines, ids as they came, trouble in its place."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailwright.app.replies import LONGEST_LINE, Reply, read_replies
from mailwright.app.sources import SourceTrouble


def read(file: Path, content: bytes) -> list[Reply | SourceTrouble]:
    """What a file with this content gives, its path left out of the sources."""
    file.write_bytes(content)
    return [item._replace(source=item.source.removeprefix(str(file))) for item in read_replies(str(file), str)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a file of replies."""
    return tmp_path / "replies.txt"


@pytest.mark.parametrize(
    ("line", "reply_id", "text"),
    [
        pytest.param(b"550 5.1.1 User unknown", None, "550 5.1.1 User unknown", id="plain"),
        pytest.param(b"  550 x \r", None, "550 x", id="blanks-and-cr"),
        pytest.param("550 用户不存在".encode("gb18030"), None, "550 用户不存在", id="raw-gbk"),
        pytest.param(b'{"text": "550 x"}', None, "550 x", id="json-without-id"),
        pytest.param(b'{"id": null, "text": "550 x"}', None, "550 x", id="null-id"),
        pytest.param(b'{"id": "a7", "text": "550 x"}', "a7", "550 x", id="word-id"),
        pytest.param(b'{"id": "7", "text": "550 x"}', "7", "550 x", id="digits-in-a-word"),
        pytest.param(b'{"id": 7, "text": "550 x"}', 7, "550 x", id="number-id"),
        pytest.param(b'{"id": 0, "text": "550 x"}', 0, "550 x", id="zero"),
        pytest.param(b'{"id": 1.5, "text": "550 x"}', 1.5, "550 x", id="fraction"),
        pytest.param(b' {"text": "550-a\\r\\n550 b", "more": [1]}', None, "550-a\r\n550 b", id="two-lines-in-json"),
    ],
)
def test_a_line_is_a_reply_and_keeps_its_id(file: Path, line: bytes, reply_id: object, text: str) -> None:
    """Whoever sent an id looks for it as it was, a number as a number."""
    (reply,) = read(file, line + b"\n")
    assert reply == Reply(":1", reply_id, text)  # type: ignore[arg-type]
    assert isinstance(reply, Reply)
    assert type(reply.id) is type(reply_id)


@pytest.mark.parametrize(
    "line",
    [
        b'{"text": ',
        b'{"text": 550}',
        b'{"id": 7}',
        b'{"id": [7], "text": "550 x"}',
        b'{"id": true, "text": "550 x"}',
        b'{"id": NaN, "text": "550 x"}',
        b'{"id": 1e999, "text": "550 x"}',
        b'{"text": "\xff\xfe"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"id": ' + b"9" * 5000 + b', "text": "550 x"}',
    ],
    ids=lambda line: line[:24].decode("ascii", "replace"),
)
def test_a_bad_line_is_told_and_the_rest_goes_on(file: Path, line: bytes) -> None:
    """The number of the line says where to look."""
    found = read(file, b"550 a\n" + line + b"\n550 b\n")
    assert found == [Reply(":1", None, "550 a"), SourceTrouble(":2", "bad-json"), Reply(":3", None, "550 b")]


@pytest.mark.parametrize("begin", [b"550 ", b'{"text": "'], ids=["plain", "json"])
def test_a_line_past_the_limit_is_told_once_and_skipped(file: Path, begin: bytes) -> None:
    """Its end is not taken for a line of its own, and the lines after it keep their numbers."""
    found = read(file, begin + b"x" * (3 * LONGEST_LINE) + b"\n550 b\n")
    assert found == [SourceTrouble(":1", "long-line"), Reply(":2", None, "550 b")]


def test_empty_lines_count_and_give_nothing(file: Path) -> None:
    """Numbers are those that an editor shows; the last line may lack its end."""
    assert read(file, b"\n\n550 a\n \n550 b") == [Reply(":3", None, "550 a"), Reply(":5", None, "550 b")]


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    """In words of ours, or else of the operating system."""
    missing = str(tmp_path / "nothing")
    assert list(read_replies(missing, str)) == [SourceTrouble(missing, "missing")]
    assert list(read_replies(str(tmp_path), str)) == [SourceTrouble(str(tmp_path), "Is a directory")]


def test_standard_input_is_named_by_its_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of standard input have numbers too."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"550 a\n")))
    assert list(read_replies("-", str)) == [Reply("-:1", None, "550 a")]
