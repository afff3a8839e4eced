"""The text after DATA: transparent both ways, one spelling of its end, however the octets are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.smtp.data import (
    DataReader,
    DotStuffer,
    LineEnds,
    TextChecker,
    has_bare_line_ends,
    normalise_line_ends,
    stuffed,
)
from mailwright.smtp.errors import LocalProtocolError

TEXTS = [
    # Realistic: text, and what goes over the wire.
    (b"Subject: a\r\n\r\nHello\r\n", b"Subject: a\r\n\r\nHello\r\n.\r\n"),
    (b"one\r\n.two\r\n..three\r\n.\r\nfour\r\n", b"one\r\n..two\r\n...three\r\n..\r\nfour\r\n.\r\n"),
    # Synthetic: dots at the edges.
    (b"", b".\r\n"),
    (b".\r\n", b"..\r\n.\r\n"),
    (b"..\r\n", b"...\r\n.\r\n"),
    (b"\r\n", b"\r\n.\r\n"),
    (b"\r\n.\r\n", b"\r\n..\r\n.\r\n"),
    (b"\r\n\r\n.\r\n\r\n", b"\r\n\r\n..\r\n\r\n.\r\n"),
    (b".a\r\n", b"..a\r\n.\r\n"),
    (b"a.\r\n", b"a.\r\n.\r\n"),
    (b"\x00\xff\r\n", b"\x00\xff\r\n.\r\n"),
]


def read(data: bytes, cuts: list[int] | None = None, checker: TextChecker | None = None) -> tuple[bytes, DataReader]:
    """Feed a reader ``data``, cut at ``cuts``, to its end and no further."""
    reader = DataReader(checker)
    edges = [0, *sorted(cuts or []), len(data)]
    text = b""
    for begin, end in pairwise(edges):
        if reader.ended:
            reader.rest += data[begin:end]
        else:
            text += reader.read(data[begin:end])
    return text, reader


@pytest.mark.parametrize(("text", "wire"), TEXTS)
def test_stuffed_and_read_are_a_pair(text: bytes, wire: bytes) -> None:
    """One table drives writer and reader: whole, byte by byte, cut in two everywhere, and with more behind it."""
    assert b"".join(stuffed([text])) == wire
    assert b"".join(stuffed(text[i : i + 1] for i in range(len(text)))) == wire
    behind = b"MAIL FROM:<>\r\n"
    for cuts in ([], list(range(len(wire) + len(behind))), *([cut] for cut in range(len(wire) + len(behind)))):
        given_text, reader = read(wire + behind, cuts)
        assert (given_text, reader.ended, reader.rest, reader.fault) == (text, True, behind, None)
        assert reader.size == len(text)


def test_a_last_line_without_end_gets_one() -> None:
    """The writer ends the last line; none is added where it has its own."""
    assert b"".join(stuffed([b"a"])) == b"a\r\n.\r\n"
    assert b"".join(stuffed([b"a\r", b"\n"])) == b"a\r\n.\r\n"


#: Spellings that some program has taken for the end of a message (CVE-2023-51764, -51765, -51766 and their kin).
SMUGGLED = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\r\n",
    b"\r\n.\r\x00\n",
    b"\r\n. \r\n",
    b"\r\n .\r\n",
    b"\r\n.\t\r\n",
    b"\r\n.\x0b\r\n",
    b"\r\n.\x85\r\n",
    "\r\n.\u2028".encode(),
]


@pytest.mark.parametrize("spelling", SMUGGLED)
@pytest.mark.parametrize("line_ends", list(LineEnds))
def test_nothing_else_ends_a_message_on_the_way_in(spelling: bytes, line_ends: LineEnds) -> None:
    """Only CRLF.CRLF ends it, whatever bare line ends are turned into; with STRICT they are refused at the end."""
    wire = b"one" + spelling + b"MAIL FROM:<evil@example.test>\r\n.\r\n"
    for cuts in ([], list(range(len(wire))), *([cut] for cut in range(len(wire)))):
        text, reader = read(wire, cuts, TextChecker(line_ends=line_ends))
        assert (reader.ended, reader.rest) == (True, b"")
        if reader.fault is None:
            assert b"MAIL FROM" in text
            assert not has_bare_line_ends(text)
        else:
            assert line_ends is LineEnds.STRICT
            assert reader.fault.reply is not None
            assert (reader.fault.reply.code, str(reader.fault.reply.enhanced)) == (554, "5.5.2")


@pytest.mark.parametrize("spelling", SMUGGLED)
def test_nothing_else_goes_out(spelling: bytes) -> None:
    """The writer refuses bare line ends, or makes line ends of them with the dots made transparent."""
    text = b"one" + spelling + b"two"
    if has_bare_line_ends(text):
        with pytest.raises(LocalProtocolError):
            list(stuffed([text]))
    wire = b"".join(stuffed([text], LineEnds.NORMALISE))
    assert not has_bare_line_ends(wire)
    assert wire.find(b"\r\n.\r\n") == len(wire) - 5
    assert read(wire)[0] == normalise_line_ends(text) + b"\r\n"


@pytest.mark.parametrize("line_ends", list(LineEnds))
def test_a_cr_at_the_very_end(line_ends: LineEnds) -> None:
    """A CR that nothing follows is bare."""
    stuffer = DotStuffer(line_ends)
    assert stuffer.stuff(b"a\r") == b"a"
    if line_ends is LineEnds.STRICT:
        with pytest.raises(LocalProtocolError):
            stuffer.end()
    else:
        assert stuffer.end() == b"\r\n.\r\n"


@pytest.mark.parametrize(("size", "fits"), [(9, True), (10, True), (11, False)])
@pytest.mark.parametrize("step", [1, 3, 100])
def test_the_size_limit_is_exact_and_the_rest_is_read(size: int, fits: bool, step: int) -> None:
    """A message of exactly the limit passes; one octet more is 552, and the reader still finds the end."""
    wire = b"".join(stuffed([b"." + b"x" * (size - 3) + b"\r\n"])) + b"QUIT\r\n"
    text, reader = read(wire, list(range(0, len(wire), step)), TextChecker(limit=10))
    assert (reader.ended, reader.rest) == (True, b"QUIT\r\n")
    assert reader.size == size
    if fits:
        assert (len(text), reader.fault) == (size, None)
    else:
        assert reader.fault is not None
        assert reader.fault.reply is not None
        assert (reader.fault.reply.code, str(reader.fault.reply.enhanced)) == (552, "5.3.4")


@pytest.mark.parametrize(("length", "fits"), [(19, True), (20, True), (21, False)])
@pytest.mark.parametrize("before", [b"", b"a\r\n" * 40, b"\r\n", b"x" * 18 + b"\r\n"])
@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_the_line_limit_is_exact(length: int, fits: bool, before: bytes, step: int) -> None:
    """A line of exactly the limit passes wherever it stands and is cut; one octet more does not."""
    text = before + b"y" * (length - 2) + b"\r\nz\r\n"
    wire = b"".join(stuffed([text]))
    got, reader = read(wire, list(range(0, len(wire), step)), TextChecker(longest_line=20))
    assert reader.ended
    assert (reader.fault is None) is fits
    assert not fits or got == text


def test_the_dot_that_makes_a_line_transparent_does_not_count() -> None:
    """RFC 5321 4.5.3.1.6: the limit of a line is without the leading dot duplicated for transparency."""
    text = b"." + b"y" * 17 + b"\r\n"
    assert read(b"".join(stuffed([text])), [], TextChecker(longest_line=20))[1].fault is None


def test_a_message_without_end_keeps_almost_nothing() -> None:
    """Of a message that was found faulty nothing is handed out or held any more."""
    reader = DataReader(TextChecker(limit=1000))
    assert [reader.read(b"x" * 1000) for _ in range(100)][1:] == [b""] * 99
    assert reader.fault is not None
    assert not reader.ended


def test_reading_after_the_end_is_the_callers_mistake() -> None:
    """What follows the end is in ``rest`` and no text."""
    reader = DataReader()
    reader.read(b".\r\n")
    with pytest.raises(LocalProtocolError):
        reader.read(b"a")


@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\r", b"\n", b"..", b"\r\n.", b"\x00"]), max_size=12),
    st.lists(st.integers(0, 30), max_size=6),
)
def test_any_text_comes_back(pieces: list[bytes], cuts: list[int]) -> None:
    """Whatever the text and however both sides cut it: it comes back as it was, but for bare line ends."""
    text = b"".join(pieces)
    wire = b"".join(stuffed(pieces, LineEnds.NORMALISE))
    ended = normalise_line_ends(text)
    ended += b"" if not ended or ended.endswith(b"\r\n") else b"\r\n"
    got, reader = read(wire, [min(cut, len(wire)) for cut in cuts])
    assert (got, reader.ended, reader.rest, reader.fault) == (ended, True, b"", None)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_how_it_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    """The same octets give the same text, end, rest and fault, whole and in pieces."""
    whole, first = read(data)
    pieces, second = read(data, [min(cut, len(data)) for cut in cuts])
    assert (first.ended, first.rest if first.ended else b"") == (second.ended, second.rest if second.ended else b"")
    assert (first.fault is None) == (second.fault is None)
    if first.fault is None:
        assert whole == pieces


@given(st.text(alphabet="\r\na", max_size=12))
def test_bare_line_ends_are_seen(text: str) -> None:
    """They are there exactly where taking out every CRLF leaves a CR or an LF."""
    raw = text.encode()
    left = raw.replace(b"\r\n", b"")
    assert has_bare_line_ends(raw) is (b"\r" in left or b"\n" in left)
    assert normalise_line_ends(raw) == raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
