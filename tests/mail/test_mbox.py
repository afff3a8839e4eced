"""Mailboxes: split into the same messages whatever the line ends and however the file is cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail import mbox
from mailwright.mail.mbox import LONGEST_FROM_LINE, looks_like_mbox, split_mbox
from tests.samples import LINE_ENDS, with_ends

FROM = b"From anna@example.com Tue Nov  3 09:14:02 2026\n"
ONE = FROM + b"Subject: one\n\nFirst.\n"
TWO = FROM + b"Subject: two\n\nFrom here on it is text.\n>From quoted.\n"
EMPTY = FROM + b"Subject: three\n\n"

MAILBOXES = {
    # Realistic.
    "one message": ([ONE], ONE),
    "three messages": ([ONE, TWO, ONE], ONE + b"\n" + TWO + b"\n" + ONE),
    "no empty line at the end": ([ONE, ONE[:-1]], ONE + b"\n" + ONE[:-1]),
    "From without a time stays text": ([TWO + b"\nFrom then on 2026\n"], TWO + b"\nFrom then on 2026\n"),
    "From without an empty line before stays text": ([ONE + FROM + b"a: b\n"], ONE + FROM + b"a: b\n"),
    # Synthetic.
    "a body without lines": ([EMPTY[:-1], ONE], EMPTY + ONE),
    "no From on top": ([b"Subject: x\n\nhi\n", ONE], b"Subject: x\n\nhi\n\n" + ONE),
    "a From line that never ends": ([ONE + b"\n" + FROM[:-1]], ONE + b"\n" + FROM[:-1]),
    "a From line longer than any": (
        [ONE + b"\nFrom " + b"a" * LONGEST_FROM_LINE + b" 09:14:02 2026\n"],
        ONE + b"\nFrom " + b"a" * LONGEST_FROM_LINE + b" 09:14:02 2026\n",
    ),
    # Pathological.
    "nothing": ([], b""),
    "only empty lines": ([], b"\n" * 50),
    "only From lines": ([FROM] * 20, b"\n".join([FROM] * 20)),
    "From floods": ([b"From " * 500], b"From " * 500),
}


def chunks(raw: bytes, size: int) -> Iterator[bytes]:
    """Yield ``raw`` in pieces of ``size``."""
    for begin in range(0, len(raw), size):
        yield raw[begin : begin + size]


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize("name", MAILBOXES)
def test_a_mailbox_is_split_alike_whole_and_in_chunks_of_any_size(name: str, ends: str) -> None:
    """A separator may be cut anywhere between two chunks."""
    messages, raw = MAILBOXES[name]
    expected = [with_ends(message, ends) for message in messages]
    raw = with_ends(raw, ends)
    for size in (len(raw) or 1, 1, 7, 64, 1001):
        assert list(split_mbox(chunks(raw, size))) == expected, size


def test_line_ends_may_differ_from_message_to_message() -> None:
    """Mailboxes are joined by people from several systems."""
    parts = [with_ends(ONE, ends) for ends in LINE_ENDS]
    raw = b"".join(part + end for part, end in zip(parts, [*list(LINE_ENDS.values())[:2], b""], strict=True))
    assert list(split_mbox([raw])) == parts


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (FROM, True),
        (with_ends(FROM, "crlf"), True),
        (b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n", True),
        (b"From: anna@example.com\n", False),
        (b"From anna to leo\n", False),
        (b"From anna 09:14:02", False),
        (b"Subject: x\n", False),
        (b"", False),
    ],
)
def test_a_mailbox_is_known_by_its_first_line(head: bytes, expected: bool) -> None:
    """A line of text that begins with From is no mailbox."""
    assert looks_like_mbox(head) is expected


def test_a_message_without_end_is_cut_and_the_next_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than two messages and a chunk are held."""
    monkeypatch.setattr(mbox, "LONGEST_MESSAGE", 10_000)
    raw = FROM + b"\n" + b"x" * 99_999 + b"\n\n" + ONE
    first, second = split_mbox(chunks(raw, 5_000))
    assert len(first) <= 2 * 10_000 + 5_000
    assert first.startswith(FROM)
    assert second == ONE


def test_a_flood_of_messages_is_split_in_one_pass() -> None:
    """Eighty thousand messages in one chunk are no more work than their octets."""
    assert sum(1 for _ in split_mbox([b"From a 1:1\n\n" * 80_000])) == 80_000


@given(
    st.lists(st.sampled_from([FROM, b"\n", b"\r", b"\r\n", b"From ", b"x", b"1:1", b"\n\nFrom a 1:1\n"]), max_size=30),
    st.integers(1, 40),
)
def test_chunks_decide_nothing(pieces: list[bytes], size: int) -> None:
    """Any bytes are split alike whatever the chunks, and nothing but empty lines between messages is lost."""
    raw = b"".join(pieces)
    whole = list(split_mbox([raw]))
    assert list(split_mbox(chunks(raw, size))) == whole
    assert b"".join(whole).translate(None, b"\r\n") == raw.translate(None, b"\r\n")
