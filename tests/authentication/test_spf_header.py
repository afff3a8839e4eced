"""The Received-SPF field, written and read."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf_header import (
    DEEPEST_COMMENT,
    LONGEST_FIELD,
    LONGEST_VALUE,
    MOST_PAIRS,
    NAME,
    ReceivedSpf,
    ReceivedSpfFault,
    ReceivedSpfTrouble,
    parse_received_spf,
    received_spf,
)
from mailwright.authentication.spf_verdict import SpfProblem, SpfResult, SpfVerdict


def test_a_verdict_becomes_a_field() -> None:
    """What is needed to repeat the check stands in it, quoted where it must be, in lines of 78 characters."""
    verdict = SpfVerdict(SpfResult.PASS, "ip6:2001:db8::/32")
    field = received_spf(verdict, ip_address("2001:db8::1"), "anna@example.com", "mail.example.com", "mx.example.org")
    assert f"{NAME}: {field}" == (
        "Received-SPF: pass receiver=mx.example.org; identity=mailfrom;\r\n"
        ' client-ip="2001:db8::1"; helo=mail.example.com;\r\n'
        ' envelope-from="anna@example.com"; mechanism="ip6:2001:db8::/32";'
    )
    assert parse_received_spf(str(field)) == field


def test_a_field_says_why_there_is_no_answer() -> None:
    """And a check of the HELO name has no envelope-from."""
    verdict = SpfVerdict(SpfResult.PERMERROR, problem=SpfProblem.LOOK_UPS)
    field = received_spf(verdict, ip_address("192.0.2.1"), "", "mail.example.com", "mx.example.org")
    assert (field.value("identity"), field.value("problem")) == ("helo", "look-ups")
    assert field.value("envelope-from") is None


FIELDS = [
    # Realistic, as programs in use write them; all but the first need leniency.
    (
        "pass (mx.example.org: domain of example.com designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;",
        "mx.example.org: domain of example.com designates 192.0.2.1 as permitted sender",
        {"client-ip": "192.0.2.1"},
    ),
    (
        "Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.1; envelope-from=anna@example.com; receiver=<UNKNOWN> ",
        "mailfrom",
        {"identity": "mailfrom", "envelope-from": "anna@example.com", "receiver": "<UNKNOWN>"},
    ),
    (
        "Fail (mx.example: it does not designate\r\n 2001:db8::1)\r\n receiver=mx.example; client-ip=2001:db8::1; pr=C",
        "mx.example: it does not designate 2001:db8::1",
        {"client-ip": "2001:db8::1", "pr": "C"},
    ),
    # Synthetic.
    ("none", "", {}),
    ("NEUTRAL ()", "", {}),
    (" softfail (a (b) c\\)d) (second) X-Key.1 = \"a \\\"b\\\\\" ; y=z", "a (b) c)d", {"x-key.1": 'a "b\\', "y": "z"}),
    ('temperror k="";k=second', "", {"k": ""}),
    ("permerror\tk=v ", "", {"k": "v"}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "comment", "values"), FIELDS, ids=[row[0][:30] for row in FIELDS])
def test_fields_are_read(body: str, comment: str, values: dict[str, str]) -> None:
    """The comment without parentheses, the values without quotes, the first of two that have the same key."""
    field = parse_received_spf(body, lenient=True)
    assert field.comment == comment
    assert {key: field.value(key) for key in values} == values
    assert parse_received_spf(str(field)) == field


@pytest.mark.parametrize("value", ["anna@example.com", "<UNKNOWN>", "2001:db8::1"])
def test_what_must_be_quoted_is_refused_bare(value: str) -> None:
    """RFC 7208 9.1: a value is a dot-atom or a quoted string; leniency is an option."""
    with pytest.raises(ReceivedSpfFault):
        parse_received_spf(f"pass k={value}")
    assert parse_received_spf(f"pass k={value}", lenient=True).value("k") == value
    assert parse_received_spf(f'pass k="{value}"').value("k") == value


@pytest.mark.parametrize(
    ("body", "place", "why"),
    [
        ("", 0, ReceivedSpfTrouble.RESULT),
        ("passed", 0, ReceivedSpfTrouble.RESULT),
        ("pass (a", 5, ReceivedSpfTrouble.COMMENT),
        ("pass (a\\)", 5, ReceivedSpfTrouble.COMMENT),
        ("pass k", 5, ReceivedSpfTrouble.KEY),
        ("pass =v", 5, ReceivedSpfTrouble.KEY),
        ("pass 1k=v", 5, ReceivedSpfTrouble.KEY),
        ("pass k=v;;", 9, ReceivedSpfTrouble.KEY),
        ("pass k=", 7, ReceivedSpfTrouble.VALUE),
        ("pass k=;", 7, ReceivedSpfTrouble.VALUE),
        ('pass k="v', 7, ReceivedSpfTrouble.VALUE),
        ('pass k="v\\"', 7, ReceivedSpfTrouble.VALUE),
        ("pass k=v w", 9, ReceivedSpfTrouble.END),
        ('pass k="v"w', 10, ReceivedSpfTrouble.END),
        ("pass k=v\x00", 8, ReceivedSpfTrouble.CHARACTER),
        ("pass\r\nk=v", 4, ReceivedSpfTrouble.CHARACTER),
    ],
)
def test_what_breaks_the_grammar_is_refused(body: str, place: int, why: ReceivedSpfTrouble) -> None:
    """With its place and what is wrong."""
    with pytest.raises(ReceivedSpfFault) as raised:
        parse_received_spf(body)
    assert (raised.value.place, raised.value.why) == (place, why)
    assert why.value in str(raised.value)


def test_limits_are_reached_and_not_passed() -> None:
    """Length, pairs, and depth of comments."""
    assert parse_received_spf("pass" + " " * (LONGEST_FIELD - 4)).result is SpfResult.PASS
    assert len(parse_received_spf("pass " + "k=v;" * MOST_PAIRS).pairs) == MOST_PAIRS
    deep = "(" * DEEPEST_COMMENT + "x" + ")" * DEEPEST_COMMENT
    assert parse_received_spf(f"pass {deep}").comment == deep[1:-1]
    for body, why in (
        ("pass" + " " * (LONGEST_FIELD - 3), ReceivedSpfTrouble.LONG),
        ("pass " + "k=v;" * (MOST_PAIRS + 1), ReceivedSpfTrouble.MANY),
        (f"pass ({deep})", ReceivedSpfTrouble.COMMENT),
    ):
        with pytest.raises(ReceivedSpfFault) as raised:
            parse_received_spf(body)
        assert raised.value.why is why


def test_nothing_of_a_sender_can_end_a_line() -> None:
    """Line ends and other controls become "?", quotes and backslashes are escaped, length is bounded."""
    sender = 'a"\\\r\nX-Evil: 1\r\n\r\n' + "x" * 2_000 + "@example.com"
    field = received_spf(SpfVerdict(SpfResult.FAIL), ip_address("192.0.2.1"), sender, "he\rlo", "mx.example.org")
    for line in str(field).split("\r\n ")[1:]:
        assert "\r" not in line
        assert "\n" not in line
    read = parse_received_spf(str(field))
    assert read.value("helo") == "he?lo"
    assert len(read.value("envelope-from") or "") == LONGEST_VALUE


texts = st.text(max_size=40)
keys = st.from_regex(r"[a-z][a-z0-9._-]{0,12}", fullmatch=True)


@given(st.sampled_from(SpfResult), texts, st.lists(st.tuples(keys, texts), max_size=MOST_PAIRS))
def test_writing_and_reading_are_a_pair(result: SpfResult, comment: str, pairs: list[tuple[str, str]]) -> None:
    """What was written is read; read and written once more it is the same."""
    text = str(ReceivedSpf(result, comment, tuple(pairs)))
    read = parse_received_spf(text)
    assert str(read) == text
    assert read.result is result
    assert [key for key, _ in read.pairs] == [key for key, _ in pairs]


@given(st.text(alphabet=st.sampled_from('pas()="\\;k.v \r\n\t\x00\u00e9'), max_size=40), st.booleans())
def test_reading_raises_only_its_fault(tail: str, lenient: bool) -> None:
    """Whatever stands in the field."""
    try:
        field = parse_received_spf(f"pass {tail}", lenient=lenient)
    except ReceivedSpfFault:
        return
    assert parse_received_spf(str(field)) == parse_received_spf(str(field), lenient=True)
