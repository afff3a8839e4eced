"""Outgoing: a message read in pieces, completed, and read again for each attempt."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailwright.app.outgoing import PIECE, OutgoingFault, completed, composed, read_outgoing

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MAIL = b"From: a@example.test\r\n\r\nHello\r\n"


def written(folder: Path, raw: bytes) -> str:
    path = folder / "message.eml"
    path.write_bytes(raw)
    return str(path)


@pytest.mark.parametrize("raw", [MAIL, MAIL + b"x" * 3 * PIECE, MAIL.replace(b"\r\n", b"\n")])
def test_a_file_is_read_anew_each_time_as_it_is(tmp_path: Path, raw: bytes) -> None:
    """Two attempts at the same time, and one after the other, get the same octets."""
    outgoing, file = read_outgoing(written(tmp_path, raw))
    with file:
        one, other = iter(outgoing.content.pieces), iter(outgoing.content.pieces)
        first = next(one)
        assert b"".join(other) == raw == first + b"".join(one)
    assert outgoing.content.size == len(raw) + outgoing.facts.bare_line_ends


@pytest.mark.parametrize(
    ("raw", "added"),
    [
        (MAIL, ("Date", "Message-ID")),
        (b"Date: x\r\n" + MAIL, ("Message-ID",)),
        (b"message-id: <x@y>\nDATE: x\n" + MAIL, ()),
        (b"Hello\r\n", ()),
        (b"\r\nHello\r\n", ()),
    ],
)
def test_what_is_missing_is_put_before_and_the_rest_stays(tmp_path: Path, raw: bytes, added: tuple[str, ...]) -> None:
    """Date and Message-ID (RFC 6409 8); a text without any header is left alone."""
    outgoing, file = read_outgoing(written(tmp_path, raw))
    with file:
        done = completed(outgoing, file, NOW, "<id@example.test>")
        octets = b"".join(done.content.pieces)
    assert done.added == added
    assert octets.endswith(raw)
    assert len(octets) + outgoing.facts.bare_line_ends == done.content.size
    names = [line.partition(b":")[0].decode() for line in octets.removesuffix(raw).splitlines()]
    assert names == list(added)


@pytest.mark.parametrize(("name", "why"), [("no-such-file", "missing"), ("", "Is a directory")])
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, why: str) -> None:
    """The source and the reason."""
    with pytest.raises(OutgoingFault) as fault:
        read_outgoing(str(tmp_path / name))
    assert (fault.value.source, fault.value.why) == (str(tmp_path / name), why)


def test_an_empty_file_is_no_message(tmp_path: Path) -> None:
    """Nothing is sent by mistake."""
    with pytest.raises(OutgoingFault, match="empty"):
        read_outgoing(written(tmp_path, b""))


def test_a_composed_message_is_its_own_content() -> None:
    """It stays in memory."""
    outgoing = composed(MAIL)
    assert (b"".join(outgoing.content), outgoing.source, outgoing.facts.fields) == (MAIL, "", ("from",))
