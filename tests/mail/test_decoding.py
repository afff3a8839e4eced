"""Bytes to text: transfer encodings, charsets and encoded words, right, wrong and broken."""

from __future__ import annotations

import base64
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.decoding import (
    codec_name,
    decode_base64,
    decode_bytes,
    decode_header,
    decode_transfer,
    lower_in_place,
)

CHINESE = "您的邮件被退回，收件人地址不存在"
TRADITIONAL = "您的郵件無法投遞，收件人信箱不存在"
CZECH = "Zprávu nelze doručit: schránka příjemce je plná"
JAPANESE = "宛先のメールアドレスが見つかりません"

CHARSETS = [
    # Realistic: right labels.
    (CZECH.encode("iso-8859-2"), "iso-8859-2", CZECH),
    (CZECH.encode("cp1250"), "windows-1250", CZECH),
    (CHINESE.encode("gb18030"), "gb2312", CHINESE),
    (TRADITIONAL.encode("big5"), "Big5", TRADITIONAL),
    (JAPANESE.encode("iso2022_jp"), "ISO-2022-JP", JAPANESE),
    (JAPANESE.encode("shift_jis"), "x-sjis", JAPANESE),
    ("größer".encode(), "UTF8", "größer"),
    # Realistic: no label, a wrong one, or one nobody knows.
    (CZECH.encode(), None, CZECH),
    (CZECH.encode(), "us-ascii", CZECH),
    (CZECH.encode(), "iso-8859-1", CZECH),
    (CZECH.encode(), "x-no-such-charset", CZECH),
    (CHINESE.encode("gbk"), None, CHINESE),
    (CHINESE.encode("gbk"), "us-ascii", CHINESE),
    (CHINESE.encode("gbk"), "utf-8", CHINESE),
    (TRADITIONAL.encode("big5"), None, TRADITIONAL),
    (TRADITIONAL.encode("big5"), "iso-8859-1", TRADITIONAL),
    (JAPANESE.encode("iso2022_jp"), None, JAPANESE),
    (JAPANESE.encode("iso2022_jp"), "us-ascii", JAPANESE),
    ("Größe".encode("cp1252"), None, "Größe"),
    ("Größe".encode("cp1252"), "utf-8", "Größe"),
    ("Получатель не найден".encode("cp1251"), None, "Получатель не найден"),
    ("Получатель не найден".encode("koi8-r"), "us-ascii", "Получатель не найден"),
    ("user “anna”".encode("cp1252"), "iso-8859-1", "user “anna”"),
    # Synthetic: cut inside a character.
    (CZECH.encode()[:-1], "utf-8", CZECH[:-1] + "\ufffd"),
    (b"plain", "utf-16", "plain"),
    (b"+AOk-", "utf-7", "é"),
    (b"a+2AA-b", "utf-7", "a?b"),
    # Pathological: labels that are no charsets of mail.
    (b"plain\xff", "idna", "plainÿ"),
    (b"plain\xff", "punycode", "plainÿ"),
    (b"plain\xff", "undefined", "plainÿ"),
    (b"plain\xff", "unicode_escape", "plainÿ"),
    (b"plain\xff", "rot13", "plainÿ"),
    (b"plain\xff", "\x00", "plainÿ"),
    (b"plain\xff", "", "plainÿ"),
    (b"", "utf-8", ""),
]

HEADERS = [
    # Realistic.
    ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
    ("=?UTF-8?B?R3LDtsOfZQ==?=", "Größe"),
    ("=?utf-8?Q?Nicht_zustellbar=3A?= Test", "Nicht zustellbar: Test"),
    ("=?iso-8859-1?Q?Gr=F6=DFe?=", "Größe"),
    ("=?gb2312?B?" + "zcvQxQ==" + "?=", "退信"),
    ("=?utf-8*de?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
    # Realistic: words split inside a character, and spaces between words.
    ("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=B6=C3=9Fe?=", "Größe"),
    ("=?utf-8?B?R3LD?=\t=?utf-8?B?tsOfZQ==?=", "Größe"),
    ("=?utf-8?Q?a?= =?utf-8?Q?b?= c", "ab c"),
    ("=?utf-8?Q?a?= =?iso-8859-1?Q?b?=", "ab"),
    ("a =?utf-8?Q?b?= c =?utf-8?Q?d?=", "a b c d"),
    # Synthetic: inside other text, unknown charset, broken.
    ("(=?utf-8?Q?b?=)", "(b)"),
    ("=?x-none?Q?abc?=", "abc"),
    ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    ("=?utf-8?Q?abc", "=?utf-8?Q?abc"),
    ("=?utf-8?Q??=", ""),
    ("=?utf-8?B?!!!!?=", ""),
    ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
    # Pathological.
    ("=?" * 10, "=?" * 10),
    ("=?=?utf-8?Q?a?=", "=?a"),
    ("=?idna?Q?no=FFplace?=", "noÿplace"),
]

BODIES = [
    # Realistic: soft line breaks, both cases of digits, spaces at the end of a line.
    (b"User=\n unknown", "quoted-printable", b"User unknown"),
    (b"Gr=C3=b6=C3=9fe", "quoted-printable", "Größe".encode()),
    (b"a=3Db", "quoted-printable", b"a=b"),
    (b"VXNlciB1bmtub3du", "base64", b"User unknown"),
    (b"VXNlciB1\nbmtub3du\n", "base64", b"User unknown"),
    (b"begin 644 a.txt\n,57-E<B!U;FMN;W=N\n`\nend\n", "x-uuencode", b"User unknown"),
    (b"as it is", "7bit", b"as it is"),
    (b"as it is", "x-none", b"as it is"),
    # Synthetic: broken.
    (b"a=ZZb=", "quoted-printable", b"a=ZZb"),
    (b"VXNl!!ciB1\x00bmtub3du-*-", "base64", b"User unknown"),
    (b"VXNlciB1bmtub3", "base64", b"User unkno"),
    (b"VXNlciB1bmtub3d", "base64", b"User unknow"),
    (b"VXNlciB1bmtub3duV", "base64", b"User unknown"),
    (b"====", "base64", b""),
    (b"begin 644 a.txt\n\xff\xff\xff\n", "x-uuencode", b""),
    (b"", "base64", b""),
]


@pytest.mark.parametrize(("raw", "charset", "expected"), CHARSETS)
def test_text_is_read_whatever_its_label_says(raw: bytes, charset: str | None, expected: str) -> None:
    """A charset label is a claim: where it is absent, unknown or wrong, the bytes decide."""
    assert decode_bytes(raw, charset) == expected


@pytest.mark.parametrize(("value", "expected"), HEADERS)
def test_encoded_words_are_decoded_where_they_stand(value: str, expected: str) -> None:
    """RFC 2047 as senders write it, which is more loosely than it says."""
    assert decode_header(value) == expected


@pytest.mark.parametrize(("raw", "encoding", "expected"), BODIES)
def test_transfer_encodings_are_undone_as_far_as_they_go(raw: bytes, encoding: str, expected: bytes) -> None:
    """What is broken is skipped, what is cut short is read up to the cut."""
    assert decode_transfer(raw, encoding) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("UTF8", "utf-8"),
        (" 'Latin1' ", "cp1252"),
        ("gb2312", "gb18030"),
        ("rot13", None),
        ("idna", None),
        ("none", None),
    ],
)
def test_labels_of_any_spelling_name_a_codec(label: str, expected: str | None) -> None:
    """Codecs that are no charset, or raise what they like, are never used on mail."""
    assert codec_name(label) == expected


def test_lower_case_keeps_every_character_at_its_place() -> None:
    """Places found in the lower-cased text are used in the text itself."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert len(lower_in_place(every)) == len(every)
    assert lower_in_place("\u0130STANBUL") == "istanbul"


@given(
    st.binary(max_size=200),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from("utf-8 utf-16 gbk big5 hz".split())),
)
def test_any_bytes_become_text(raw: bytes, charset: str | None) -> None:
    """Nothing raises, and plain ASCII is what it says."""
    text = decode_bytes(raw, charset)
    assert isinstance(text, str)
    assert not (raw.isascii() and b"\x1b" not in raw) or charset == "utf-7" or text == raw.decode()


@given(st.text(alphabet="=?uftQBqb_ \n-8aG\u00e9", max_size=80))
def test_any_header_can_be_decoded(value: str) -> None:
    """Broken encoded words stay as they are, and nothing raises."""
    assert isinstance(decode_header(value), str)


@given(st.binary(max_size=100), st.integers(0, 140))
def test_base64_that_is_cut_anywhere_gives_its_beginning(raw: bytes, cut: int) -> None:
    """A message cut short still shows what came through."""
    assert raw.startswith(decode_base64(base64.b64encode(raw)[:cut]))


@given(st.binary(max_size=100), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "binary"]))
def test_any_bytes_can_be_undone(raw: bytes, encoding: str) -> None:
    """No encoding raises on bytes that are not encoded."""
    assert isinstance(decode_transfer(raw, encoding), bytes)
