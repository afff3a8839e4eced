"""Messages: parts, headers and text, read from whole, lying and damaged mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.message import DEEPEST_NESTING, LONGEST_HEADER, LONGEST_TEXT, MOST_PARTS, Message, parameter
from tests.samples import LINE_ENDS, group, report, with_ends

TOP = "Subject: x\nMIME-Version: 1.0\n"


def multipart(declared: str, body: str) -> str:
    """Return a multipart message with the Content-Type parameters ``declared``."""
    return f"{TOP}Content-Type: multipart/mixed; {declared}\n\n{body}"


TWO = "--b\n\none\n--b\nContent-Type: text/html\n\n<p>two\n--b--\n"
LONG = TWO.replace("--b", "--long-b").replace("--long-b\n\n", "--long-b\nContent-Type: text/plain\n\n")
NESTED = (
    "--b\nContent-Type: multipart/alternative; boundary=b2\n\n--b2\n\none\n--b2\n\ntwo\n--b2--\n--b\n\nthree\n--b--\n"
)

#: name -> (message, media type and text of every leaf).
TREES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    # Realistic.
    "no MIME": ("Subject: x\n\nhi\n", [("text/plain", "hi\n")]),
    "two parts": (multipart("boundary=b", TWO), [("text/plain", "one"), ("text/html", "\ntwo")]),
    "quoted boundary": (multipart('boundary="b"', TWO), [("text/plain", "one"), ("text/html", "\ntwo")]),
    "boundary on a folded line": (multipart('\n\tboundary="b"', TWO), [("text/plain", "one"), ("text/html", "\ntwo")]),
    "parameters in capitals": (multipart("BOUNDARY=b", TWO), [("text/plain", "one"), ("text/html", "\ntwo")]),
    "preamble and epilogue": (
        multipart("boundary=b", f"For old programs.\n{TWO}\nThe end.\n"),
        [("text/plain", "one"), ("text/html", "\ntwo")],
    ),
    "nested": (
        multipart("boundary=b", NESTED),
        [("text/plain", "one"), ("text/plain", "two"), ("text/plain", "three")],
    ),
    "spaces behind the boundary": (
        multipart("boundary=b", TWO.replace("--b\n", "--b \t\n")),
        [("text/plain", "one"), ("text/html", "\ntwo")],
    ),
    "attached message is a leaf": (
        multipart("boundary=b", "--b\nContent-Type: message/rfc822\n\nSubject: y\n\nhi\n--b--\n"),
        [("message/rfc822", "Subject: y\n\nhi")],
    ),
    "From line of a mailbox on top": (
        "From a@example.com Tue Nov  3 09:14:02 2026\nSubject: x\n\nhi\n",
        [("text/plain", "hi\n")],
    ),
    "empty lines on top": ("\n\nSubject: x\n\nhi\n", [("text/plain", "hi\n")]),
    # Damaged.
    "closing boundary missing": (
        multipart("boundary=b", TWO.removesuffix("--b--\n")),
        [("text/plain", "one"), ("text/html", "\ntwo\n")],
    ),
    "boundary that lies": (multipart("boundary=other", LONG), [("text/plain", "one"), ("text/html", "\ntwo")]),
    "boundary not declared": (multipart("charset=x", LONG), [("text/plain", "one"), ("text/html", "\ntwo")]),
    "boundary that lies, behind a preamble with rules": (
        multipart("boundary=other", f"-------\nFor old programs.\n--\n{LONG}"),
        [("text/plain", "one"), ("text/html", "\ntwo")],
    ),
    "boundary in two pieces (RFC 2231)": (
        multipart("boundary*0=long-; boundary*1=b", LONG),
        [("text/plain", "one"), ("text/html", "\ntwo")],
    ),
    "cut behind the first boundary": (multipart("boundary=b", "--b"), [("multipart/mixed", "--b")]),
    "boundary declared and absent": (multipart("boundary=b", "hi\n"), [("multipart/mixed", "hi\n")]),
    "a line that begins with the boundary": (
        multipart("boundary=b", "--b\n\none\n--b more\n--b2\n--b--\n"),
        [("text/plain", "one\n--b more\n--b2")],
    ),
    "inner boundary begins with the outer": (
        multipart("boundary=b", NESTED.replace("three", "three\n--bb")),
        [("text/plain", "one"), ("text/plain", "two"), ("text/plain", "three\n--bb")],
    ),
    "inner and outer boundary the same": (
        multipart("boundary=b", NESTED.replace("b2", "b")),
        [("multipart/alternative", ""), ("text/plain", "one"), ("text/plain", "two")],
    ),
    "the boundary twice in a row": (
        multipart("boundary=b", "--b\n--b\n\none\n--b--\n"),
        [("text/plain", ""), ("text/plain", "one")],
    ),
    "inner multipart never closed": (
        multipart("boundary=b", NESTED.replace("--b2--\n", "")),
        [("text/plain", "one"), ("text/plain", "two"), ("text/plain", "three")],
    ),
    "a part without an empty line": (multipart("boundary=b", "--b\none\n--b--\n"), [("text/plain", "one")]),
    "headers only": ("Subject: x", [("text/plain", "")]),
    "no headers": ("Hello Anna,\nhi\n\nLeo", [("text/plain", "Hello Anna,\nhi\n\nLeo")]),
    "nothing": ("", [("text/plain", "")]),
}


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize("name", TREES)
def test_parts_are_read_alike_with_every_line_end(name: str, ends: str) -> None:
    """Whole or damaged, a message gives the same leaves with LF, CRLF and CR."""
    source, expected = TREES[name]
    message = Message.parse(with_ends(source.encode(), ends))
    assert [(part.media_type, part.text) for part in message.parts] == expected


FIELDS = [
    # Realistic.
    (b"Subject: hi", b"subject", "hi"),
    (b"subject:hi", b"subject", "hi"),
    (b"SUBJECT : hi\nSubject: there", b"subject", "there"),
    (b"Subject: a\n b\n\tc", b"subject", "a b c"),
    (b"X: y\nSubject: hi", b"subject", "hi"),
    (b"Subject: =?utf-8?Q?Gr=C3?=\n =?utf-8?Q?=B6=C3=9Fe?=", b"subject", "Größe"),
    (b"Subject: one\nSubject: two", b"subject", "one"),
    ("Subject: Größe".encode(), b"subject", "Größe"),
    ("Subject: 系统退信".encode("gbk"), b"subject", "系统退信"),
    ("Subject: 郵件無法投遞".encode("big5"), b"subject", "郵件無法投遞"),
    (b"Subject: \x1b$B%a!<%k\x1b(B", b"subject", "メール"),
    # Synthetic.
    (b"X-Subject: hi", b"subject", ""),
    (b"Subject:\n\nhi", b"subject", ""),
    (b"Subject:\n hi", b"subject", "hi"),
    (b"Subject", b"subject", ""),
    (b"", b"subject", ""),
]


@pytest.mark.parametrize("ends", LINE_ENDS)
@pytest.mark.parametrize(("head", "name", "expected"), FIELDS)
def test_header_fields_are_unfolded_and_decoded(head: bytes, name: bytes, expected: str, ends: str) -> None:
    """Fields are found by name in any case, also with raw 8-bit text in them."""
    message = Message.parse(with_ends(b"A: b\n" + head + b"\n\nbody", ends))
    assert message.headers.get(name) == expected


def test_all_values_of_a_field_come_in_order() -> None:
    """Received and X-Failed-Recipients stand more than once."""
    headers = Message.parse(b"A: 1\nB: 2\na: 3\n 4\n\n").headers
    assert headers.get_all(b"a") == ["1", "3 4"]
    assert headers.get_all(b"a", most=1) == ["1"]
    assert headers.has(b"b")
    assert not headers.has(b"c")


@pytest.mark.parametrize(
    ("parameters", "name", "expected"),
    [
        ("charset=utf-8; format=flowed", "charset", "utf-8"),
        (' CHARSET="utf-8"', "charset", "utf-8"),
        (" x-charset=a; charset=b", "charset", "b"),
        ("charset=utf-8 (really)", "charset", "utf-8"),
        ("boundary=\"a; b='c'\"", "boundary", "a; b='c'"),
        ("\u0130=1; boundary=b", "boundary", "b"),
        ("charset", "charset", None),
        ("charset=", "charset", ""),
        ("", "charset", None),
    ],
)
def test_parameters_are_read_without_their_quotes(parameters: str, name: str, expected: str | None) -> None:
    """RFC 2045 5.1, and what senders make of it."""
    assert parameter(parameters, name) == expected


@pytest.mark.parametrize(
    ("fields", "body", "expected"),
    [
        ("Content-Transfer-Encoding: quoted-printable\n", b"User=\n unknown", "User unknown"),
        ("Content-Transfer-Encoding: BASE64\nContent-Type: text/html\n", b"PHA+aGk8L3A+", "\nhi\n"),
        ("Content-Transfer-Encoding: base64\n", b"YQ0KYg0KYw==", "a\nb\nc"),
        ("Content-Type: text/plain; charset=gb2312\n", "退信".encode("gbk"), "退信"),
        ("Content-Type: text/plain; charset=idna\n", b"no\xffplace", "noÿplace"),
        ("Content-Type: ;;;\n", b"hi", "hi"),
    ],
)
def test_the_text_of_a_part_is_decoded(fields: str, body: bytes, expected: str) -> None:
    """Transfer encoding and charset are undone, whatever the line ends inside."""
    assert Message.parse(f"A: b\n{fields}\n".encode() + body).parts[0].text == expected


def test_what_is_read_is_bounded() -> None:
    """Depth, parts, header and text of one message have limits that do not grow with it."""
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1000))
    many = "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 1000
    assert len(Message.parse(deep.encode()).parts) <= DEEPEST_NESTING
    assert len(Message.parse(many.encode()).parts) == MOST_PARTS
    assert len(Message.parse(b"A: b\n\n" + b"x" * LONGEST_TEXT * 2).parts[0].text) == LONGEST_TEXT
    assert Message.parse(b"A: " + b"x" * LONGEST_HEADER + b"\nB: c\n\n").headers.get(b"b") == ""


def test_a_message_may_end_anywhere() -> None:
    """Cut at every octet, a report is read up to the cut and never raises."""
    raw = report(group())
    for cut in range(len(raw)):
        assert Message.parse(raw[:cut]).parts


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message(raw: bytes) -> None:
    """There is always at least one part, and all of it can be asked for its text."""
    message = Message.parse(raw)
    assert [isinstance(part.text, str) for part in message.parts].count(True) >= 1


@given(st.lists(st.sampled_from(["--b", "--b--", "\n", "--b2", " ", "x: y", TWO, NESTED, "\u00e9", "=?"]), max_size=30))
def test_line_ends_decide_nothing(pieces: list[str]) -> None:
    """Whatever stands between boundaries, the three line ends give the same parts."""
    raw = multipart("boundary=b", "".join(pieces)).encode()
    shown = [[(p.media_type, p.text) for p in Message.parse(with_ends(raw, ends)).parts] for ends in LINE_ENDS]
    assert shown[0] == shown[1] == shown[2]
