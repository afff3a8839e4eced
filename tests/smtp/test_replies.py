"""Replies: read from any slicing of the octets, refused where they are none, written so that they read back equal."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.limits import DEFAULT_LIMITS, Limits
from mailwright.smtp.replies import LONGEST_WRITTEN_LINE, MOST_WRITTEN_LINES, ReplyReader, reply_to_bytes


def status(text: str) -> EnhancedStatus | None:
    return EnhancedStatus.parse(text)


GOOD = [
    # Realistic.
    (b"250 OK\r\n", Reply(250, ("OK",))),
    (b"250 2.1.5 Ok\r\n", Reply(250, ("Ok",), status("2.1.5"))),
    (b"354 End data with <CR><LF>.<CR><LF>\r\n", Reply(354, ("End data with <CR><LF>.<CR><LF>",))),
    (b"250-mx.example.test\r\n250-PIPELINING\r\n250 DSN\r\n", Reply(250, ("mx.example.test", "PIPELINING", "DSN"))),
    (
        b"550-5.1.1 The account\r\n550 5.1.1 does not exist\r\n",
        Reply(550, ("The account", "does not exist"), status("5.1.1")),
    ),
    (b"421 4.7.0 \r\n", Reply(421, ("",), status("4.7.0"))),
    (b"550 5.7.1 Rejected. 5.7.1 again\r\n", Reply(550, ("Rejected. 5.7.1 again",), status("5.7.1"))),
    (b"220 2.0.0.1 is no status\r\n", Reply(220, ("2.0.0.1 is no status",))),
    (b"550 4.7.1 the classes differ\r\n", Reply(550, ("the classes differ",), status("4.7.1"))),
    # RFC 5321 4.2: a code alone, with or without the space.
    (b"250\r\n", Reply(250, ("",))),
    (b"250 \r\n", Reply(250, ("",))),
    (b"250-\r\n250\r\n", Reply(250, ("", ""))),
    (b"250 2.0.0\r\n", Reply(250, ("",), status("2.0.0"))),
    # Enhanced codes that differ, or come late: the first is the reply's, others stay.
    (b"550-5.7.1 one\r\n550 5.7.2 two\r\n", Reply(550, ("one", "5.7.2 two"), status("5.7.1"))),
    (b"550-Blocked\r\n550 5.7.1 see there\r\n", Reply(550, ("Blocked", "see there"), status("5.7.1"))),
    # Words that are not ASCII.
    ("550 5.1.1 用户不存在\r\n".encode(), Reply(550, ("用户不存在",), status("5.1.1"))),
    ("550 用户不存在，请检查收件人地址\r\n".encode("gbk"), Reply(550, ("用户不存在，请检查收件人地址",))),
    (
        "550-邮箱空间已满\r\n550 请稍后再试\r\n".encode("gbk"),
        Reply(550, ("邮箱空间已满", "请稍后再试")),
    ),
    ("550 Boîte pleine\r\n".encode("latin-1"), Reply(550, ("Boîte pleine",))),
    # Synthetic: the ends of the range, the longest line.
    (b"200 a\r\n", Reply(200, ("a",))),
    (b"599 a\r\n", Reply(599, ("a",))),
    (b"250 " + b"x" * (DEFAULT_LIMITS.reply_line - 6) + b"\r\n", Reply(250, ("x" * (DEFAULT_LIMITS.reply_line - 6),))),
    (b"250 a\x00\x1bb\r\n", Reply(250, ("a\x00\x1bb",))),
]

BAD = [
    b"\r\n",
    b"25\r\n",
    b"2500\r\n",
    b"250\tOK\r\n",
    b"250_OK\r\n",
    b"150 ok\r\n",
    b"600 ok\r\n",
    b"099 ok\r\n",
    b"OK\r\n",
    b"+OK ready\r\n",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"250 bare\n",
    b"250-a\n250 b\r\n",
    b"250 a\rb\r\n",
    b"250 a\r\r\n",
    b"250-a\r\n251 b\r\n",
    b"250-a\r\nb\r\n",
    b"250-a\r\n\r\n",
    "２５０ ok\r\n".encode(),
    b"\xb2\xb5\xb0 ok\r\n",
    b"250 " + b"x" * (DEFAULT_LIMITS.reply_line - 5) + b"\r\n",
    b"250 " + b"x" * (DEFAULT_LIMITS.reply_line),
]


def read_all(pieces: list[bytes], reader: ReplyReader | None = None) -> tuple[list[Reply], bytes]:
    reader = reader or ReplyReader()
    replies = []
    for piece in pieces:
        reader.feed(piece)
        while (reply := reader.next_reply()) is not None:
            replies.append(reply)
    return replies, reader.held


@pytest.mark.parametrize(("raw", "expected"), GOOD, ids=[ascii(raw[:40]) for raw, _ in GOOD])
def test_replies_are_read_whole_byte_by_byte_and_with_more_behind(raw: bytes, expected: Reply) -> None:
    """The slicing of the octets never changes what is read, and what follows stays for the next."""
    assert read_all([raw]) == ([expected], b"")
    assert read_all([raw[place : place + 1] for place in range(len(raw))]) == ([expected], b"")
    assert read_all([raw + raw + b"22"]) == ([expected, expected], b"22")


@pytest.mark.parametrize("raw", BAD, ids=[ascii(raw[:40]) for raw in BAD])
def test_what_is_no_reply_is_refused(raw: bytes) -> None:
    """Garbage raises RemoteProtocolError, and only that, however it is sliced."""
    with pytest.raises(RemoteProtocolError):
        read_all([raw])
    with pytest.raises(RemoteProtocolError):
        read_all([raw[place : place + 1] for place in range(len(raw))])
    with pytest.raises(RemoteProtocolError):
        read_all([b"250 ok\r\n" + raw])


def test_garbage_is_refused_with_its_first_octet() -> None:
    """A TLS alert, which has no line end, is recognised at once."""
    reader = ReplyReader()
    reader.feed(b"\x15")
    with pytest.raises(RemoteProtocolError, match="no reply"):
        reader.next_reply()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"250 ok\n", ("ok",)),
        (b"250-a\n250 b\r\n", ("a", "b")),
        (b"250 a\r\r\n", ("a",)),
    ],
)
def test_bare_line_feeds_end_lines_where_that_is_asked_for(raw: bytes, expected: tuple[str, ...]) -> None:
    """The option lets in what is refused without it."""
    (reply,), rest = read_all([raw], ReplyReader(bare_line_feeds=True))
    assert (reply.lines, rest) == (expected, b"")


def test_a_bare_carriage_return_within_a_line_is_refused_with_the_option_too() -> None:
    """The option is about line feeds only."""
    with pytest.raises(RemoteProtocolError, match="bare CR"):
        read_all([b"250 a\rb\n"], ReplyReader(bare_line_feeds=True))


def test_lines_and_octets_of_a_reply_are_bounded() -> None:
    """Exactly the limit passes, one more does not."""
    limits = Limits(reply_lines=3, reply_octets=30)
    three = b"250-a\r\n250-b\r\n250 c\r\n"
    assert len(read_all([three], ReplyReader(limits))[0][0].lines) == 3
    with pytest.raises(RemoteProtocolError, match="3 lines"):
        read_all([b"250-z\r\n" + three], ReplyReader(limits))
    thirty = b"250-" + b"x" * 9 + b"\r\n250 " + b"y" * 9 + b"\r\n"
    assert len(thirty) == 30
    assert read_all([thirty], ReplyReader(limits))[0]
    with pytest.raises(RemoteProtocolError, match="30 octets"):
        read_all([thirty.replace(b"y", b"yy", 1)], ReplyReader(limits))


def test_a_hundred_thousand_lines_end_at_the_limit() -> None:
    """An endless reply is given up after the limit's lines, not collected."""
    reader = ReplyReader()
    reader.feed(b"250-more\r\n" * 100_000)
    with pytest.raises(RemoteProtocolError, match="100 lines"):
        reader.next_reply()


def test_a_hundred_thousand_replies_are_read_in_one_go() -> None:
    """Many replies in one piece take linear work."""
    assert len(read_all([b"250 2.1.5 Ok\r\n" * 100_000])[0]) == 100_000


def test_is_empty_sees_begun_lines_and_begun_replies() -> None:
    """Both a held line and held lines of a reply count."""
    reader = ReplyReader()
    seen = []
    for piece in (b"", b"25", b"0-a\r\n", b"250 b\r\n"):
        reader.feed(piece)
        reply = reader.next_reply()
        seen.append((reader.is_empty, reader.held, reply is not None))
    assert seen == [(True, b"", False), (False, b"25", False), (False, b"", False), (True, b"", True)]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_octets_give_replies_or_the_one_error(raw: bytes, cuts: list[int]) -> None:
    """Hostile octets raise RemoteProtocolError and nothing else."""
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[begin:end] for begin, end in pairwise(places)]
    with suppress(RemoteProtocolError):
        read_all(pieces)


WRITTEN = [
    (Reply(250, ("Ok",)), b"250 Ok\r\n"),
    (Reply(250, ("",)), b"250 \r\n"),
    (Reply(250, ()), b"250 \r\n"),
    (Reply(250, ("Ok",), EnhancedStatus(2, 1, 5)), b"250 2.1.5 Ok\r\n"),
    (Reply(550, ("a", "b"), EnhancedStatus(5, 1, 1)), b"550-5.1.1 a\r\n550 5.1.1 b\r\n"),
    (Reply(354, ("go",), EnhancedStatus(2, 0, 0)), b"354 go\r\n"),
    (Reply(250, ("a\r\n250 injected",)), b"250 a  250 injected\r\n"),
    (Reply(250, ("a\x00\x1b[2J\x7f\x85b",)), b"250 a  [2J  b\r\n"),
    (Reply(250, ("naïve 用",)), b"250 na\\x{EF}ve \\x{7528}\r\n"),
    (Reply(250, ("half \ud800",)), b"250 half \\x{D800}\r\n"),
]


@pytest.mark.parametrize(("reply", "expected"), WRITTEN, ids=[ascii(raw[:40]) for _, raw in WRITTEN])
def test_replies_are_written(reply: Reply, expected: bytes) -> None:
    """What must not be in a reply is replaced, what belongs there stands there."""
    assert reply_to_bytes(reply) == expected


def test_enhanced_codes_and_utf8_are_left_to_the_caller() -> None:
    """A greeting has no enhanced code; UTF-8 goes to those who asked for it."""
    reply = Reply(250, ("用户",), EnhancedStatus(2, 1, 5))
    assert reply_to_bytes(reply, enhanced=False, utf8=True) == "250 用户\r\n".encode()


@pytest.mark.parametrize("text", ["word " * 400, "x" * 2_000, "用" * 700, "a" * 502 + " b", "a" * 505 + "用"])
def test_long_lines_are_folded_within_the_limit(text: str) -> None:
    """No written line passes 512 octets, no word and no character is lost."""
    raw = reply_to_bytes(Reply(550, (text,), EnhancedStatus(5, 1, 1)), utf8=True)
    lines = raw.decode().split("\r\n")
    assert lines.pop() == ""
    assert all(len(line.encode()) + 2 <= LONGEST_WRITTEN_LINE for line in lines)
    assert all(line[:3] == "550" and line[3] == "-" for line in lines[:-1])
    assert lines[-1].startswith("550 ")
    assert "".join(line[10:] for line in lines).replace(" ", "") == text.replace(" ", "")


def test_no_more_lines_are_written_than_a_reader_takes() -> None:
    """A reply of very many lines is cut."""
    raw = reply_to_bytes(Reply(250, ("a",) * 1_000))
    assert raw.count(b"\r\n") == MOST_WRITTEN_LINES
    assert len(read_all([raw])[0]) == 1


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).filter(
    lambda text: EnhancedStatus.parse(text.partition(" ")[0]) is None
)
STATUSES = st.none() | st.builds(EnhancedStatus, st.sampled_from((2, 4, 5)), st.integers(0, 999), st.integers(0, 999))


@given(st.integers(200, 599), st.lists(TEXTS, min_size=1, max_size=9), STATUSES)
def test_what_is_written_reads_back_equal(code: int, lines: list[str], enhanced: EnhancedStatus | None) -> None:
    """Writer and reader are a pair."""
    reply = Reply(code, tuple(lines), None if 300 <= code < 400 else enhanced)
    assert read_all([reply_to_bytes(reply)]) == ([reply], b"")


@given(st.lists(st.text(max_size=700), max_size=4), st.booleans())
def test_whatever_the_words_one_reply_is_written(lines: list[str], utf8: bool) -> None:
    """No text can end the reply early or break its form."""
    raw = reply_to_bytes(Reply(451, tuple(lines), EnhancedStatus(4, 3, 0)), utf8=utf8)
    replies, rest = read_all([raw])
    assert len(replies) == 1
    assert rest == b""
    assert all(len(line) + 2 <= LONGEST_WRITTEN_LINE for line in raw.split(b"\r\n"))
