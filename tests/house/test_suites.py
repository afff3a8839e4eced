"""The public test-suites are fetched once, as they were pinned, or it is said why not."""

from __future__ import annotations

import tarfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from tools.suites import SUITES, Suite, SuiteTrouble, fetch, is_whole, provide


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A suite whose archive lies in ``tmp_path`` already."""
    archive = tmp_path / "some-suite-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo("some-suite-1.0/test/cases.yml")
        entry.size = 3
        tar.addfile(entry, BytesIO(b"one"))
    return Suite("some-suite", "1.0", sha256(archive.read_bytes()).hexdigest(), "a case")


def test_an_archive_that_is_there_is_unpacked_once(suite: Suite, tmp_path: Path) -> None:
    """Without a network, and the second time there is nothing to do."""
    assert provide(suite, tmp_path)
    assert (tmp_path / "some-suite-1.0" / "test" / "cases.yml").read_bytes() == b"one"
    assert not provide(suite, tmp_path)


def test_an_archive_that_was_changed_is_not_taken(suite: Suite, tmp_path: Path) -> None:
    """The hash decides."""
    archive = tmp_path / suite.archive
    assert is_whole(suite, tmp_path)
    archive.write_bytes(archive.read_bytes() + b"\0")
    assert not is_whole(suite, tmp_path)


def test_without_an_index_it_is_said_what_could_not_be_had(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name and what pip said, in one line."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SuiteTrouble, match=r"^some-suite 1\.0 could not be fetched") as raised:
        fetch(suite, tmp_path / "empty")
    assert "\n" not in str(raised.value)


def test_every_suite_is_pinned() -> None:
    """By version, and by a hash of 64 digits."""
    for known in SUITES:
        assert known.version
        assert len(known.sha256) == 64
        assert set(known.sha256) <= set("0123456789abcdef")
