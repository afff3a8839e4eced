"""Paths in, messages out: every kind of source gives its messages in order, and trouble in their place."""

from __future__ import annotations

import errno
import gzip
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from mailwright.app import sources
from mailwright.app.sources import Source, SourceMessage, SourceReport, SourceTrouble, read_sources

MAIL = b"From: a@example.com\nSubject: %d\n\nHello %d\n"
FROM = b"From a@example.com Mon Jan  5 10:00:00 2026\n"


def mail(number: int) -> bytes:
    """A small message that tells its number."""
    return MAIL % (number, number)


def read(*paths: Path | str) -> list[tuple[str, bytes | str]]:
    """What read_sources yields, with the trouble's word in place of the message."""
    found = read_sources([str(path) for path in paths], lambda why: why)
    # What is packed and no report comes to its trouble once somebody has tried to read it.
    plain = [item.otherwise if isinstance(item, SourceReport) else item for item in found]
    return [(item.source, item.why if isinstance(item, SourceTrouble) else item.raw) for item in plain]


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files, with folders as their names ask for."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \r\n\n", "empty", id="blanks"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(100), "binary", id="picture"),
        pytest.param(bytes(range(256)) * 20, "binary", id="all-bytes"),
        pytest.param(gzip.compress(mail(1)), "compressed", id="gzip"),
        pytest.param(b"PK\x03\x04" + bytes(60), "compressed", id="zip"),
    ],
)
def test_what_is_no_mail_is_told_and_the_rest_goes_on(tmp_path: Path, content: bytes, why: str) -> None:
    """One bad file never stops the others, wherever it stands."""
    fill(tmp_path, {"bad.eml": content, "good.eml": mail(1)})
    good, bad = tmp_path / "good.eml", tmp_path / "bad.eml"
    assert read(good, bad, good) == [(str(good), mail(1)), (str(bad), why), (str(good), mail(1))]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(mail(1), id="message"),
        pytest.param(b"\r\n" + mail(1), id="blank-line-first"),
        pytest.param("550 5.1.1 Přes kvótu\n".encode(), id="pasted-reply"),
        pytest.param("550 用户不存在".encode("gb18030"), id="raw-gbk"),
        pytest.param(b"Subject: x\n\n" + bytes(5000), id="header-then-nuls"),
        pytest.param(b"\x1b$B%f!<%6\x1b(B", id="iso-2022-jp"),
        pytest.param(mail(1) + b"x" * 10_000, id="longer-than-the-head"),
    ],
)
def test_a_message_comes_as_it_stands(tmp_path: Path, content: bytes) -> None:
    """Nothing is decoded or mended before it is explained."""
    file = fill(tmp_path, {"one.eml": content}) / "one.eml"
    assert read(file) == [(str(file), content)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_a_mailbox_gives_its_messages_numbered(tmp_path: Path, end: bytes) -> None:
    """The line end of the file does not matter, nor does a line that only begins like a separator."""
    messages = [mail(1), b"Subject: 2\n\nText\n\nFrom here on, nothing new.\n", mail(3)]
    file = tmp_path / "all.mbox"
    file.write_bytes(b"\n".join(FROM + message for message in messages).replace(b"\n", end))
    found = read(file)
    assert [source for source, _ in found] == [f"{file}#{number}" for number in (1, 2, 3)]
    assert [raw.count(b"Subject:") for _, raw in found if isinstance(raw, bytes)] == [1, 1, 1]


def test_a_mailbox_longer_than_what_is_read_at_a_time_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks end anywhere, in the middle of a separator too."""
    file = tmp_path / "all.mbox"
    file.write_bytes(b"\n".join(FROM + mail(number) for number in range(200)))
    for size in (7, 64, 1000):
        monkeypatch.setattr(sources, "CHUNK", size)
        subjects = [raw.split(b"Subject: ")[1].split(b"\n")[0] for _, raw in read(file) if isinstance(raw, bytes)]
        assert subjects == [b"%d" % number for number in range(200)]


def test_a_folder_gives_its_mail_by_name_and_passes_over_the_rest(tmp_path: Path) -> None:
    """Folders below come after the files; hidden files and what is no mail are no trouble."""
    files = {
        "b.eml": mail(2),
        "a.eml": mail(1),
        "without-ending": mail(3),
        "picture.png": b"\x89PNG" + bytes(50),
        "notes.log": b"no mail at all",
        "todo": b"TODO: write\n- to Anna\n",
        "labels.jsonl": b'{"file": "a.eml", "kind": "bounce"}\n{"file": "b.eml", "kind": "other"}\n',
        "settings": b"[mail]\nhost: mx.example.com\n",
        ".hidden.eml": mail(9),
        "below/deeper/c.eml": mail(4),
        "below/old.mbox": FROM + mail(5),
    }
    fill(tmp_path, files)
    expected = ["a.eml", "b.eml", "without-ending", "below/old.mbox#1", "below/deeper/c.eml"]
    assert [source for source, _ in read(tmp_path)] == [str(tmp_path / name) for name in expected]


def test_a_maildir_gives_new_and_cur_of_all_its_folders_and_never_tmp(tmp_path: Path) -> None:
    """What lies in tmp is still being written."""
    name = "1767600000.M1P1.host"
    fill(tmp_path, {f"cur/{name}:2,S": mail(1), f"new/{name}": mail(2), f"tmp/{name}": mail(9)})
    fill(tmp_path / ".Sent", {f"cur/{name}:2,S": mail(3), f"tmp/{name}": mail(9)})
    assert [raw for _, raw in read(tmp_path)] == [mail(3), mail(1), mail(2)]


@pytest.mark.parametrize(
    "files", [{}, {"notes.log": b"no mail"}, {"picture.jpg": bytes(9)}], ids=["empty", "text", "binary"]
)
def test_a_folder_without_mail_is_told(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Silence would look like good news."""
    fill(tmp_path, files)
    assert read(tmp_path) == [(str(tmp_path), "no-mail")]


def test_a_missing_path_is_told_as_it_was_given(tmp_path: Path) -> None:
    """Nothing is made absolute or tidied."""
    missing = f"{tmp_path}/./nothing/here.eml"
    assert read(missing) == [(missing, "missing")]


def test_what_may_not_be_read_is_told_with_the_systems_words(tmp_path: Path) -> None:
    """A closed file and a closed folder are trouble, not absence of mail; to root nothing is closed."""
    fill(tmp_path, {"closed.eml": mail(1), "folder/one.eml": mail(2), "open.eml": mail(3)})
    (tmp_path / "closed.eml").chmod(0)
    (tmp_path / "folder").chmod(0)
    try:
        found = read(tmp_path)
    finally:
        (tmp_path / "folder").chmod(0o700)
    root = os.geteuid() == 0
    assert found == [
        (str(tmp_path / "closed.eml"), mail(1) if root else "Permission denied"),
        (str(tmp_path / "open.eml"), mail(3)),
        (str(tmp_path / "folder/one.eml"), mail(2)) if root else (str(tmp_path / "folder"), "Permission denied"),
    ]


def test_a_file_that_fails_while_it_is_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A disk may fail after the file was opened; the others are read."""
    fill(tmp_path, {"a.eml": mail(1), "b.eml": mail(2)})
    reading = sources._from_stream

    def failing(source: str, stream: BinaryIO, words: Callable[[str], str]) -> Iterator[Source]:
        if source.endswith("a.eml"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        yield from reading(source, stream, words)

    monkeypatch.setattr(sources, "_from_stream", failing)
    assert read(tmp_path) == [(str(tmp_path / "a.eml"), os.strerror(errno.EIO)), (str(tmp_path / "b.eml"), mail(2))]


def test_standard_input_is_a_source_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message, or a mailbox; what is read once is empty the second time."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(mail(1))))
    assert read("-", "-") == [("-", mail(1)), ("-", "empty")]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(FROM + mail(1))))
    assert [source for source, _ in read("-")] == ["-#1"]


def test_a_message_is_read_up_to_the_limit_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the file is, memory is bounded."""
    monkeypatch.setattr(sources, "LONGEST_MESSAGE", 8192)
    file = fill(tmp_path, {"long.eml": mail(1) + b"x" * 100_000}) / "long.eml"
    (found,) = read_sources([str(file)], str)
    assert isinstance(found, SourceMessage)
    assert len(found.raw) == 8192
