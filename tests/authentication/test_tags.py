"""Tag=value lists: what is one, what is none, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.tags import (
    LONGEST_LIST,
    LONGEST_NAME,
    MOST_TAGS,
    TagFault,
    TagTrouble,
    join_tags,
    parse_tags,
    without_space,
)

LISTS = [
    # Realistic.
    ("v=DKIM1; k=rsa; p=AAAA", [("v", "DKIM1"), ("k", "rsa"), ("p", "AAAA")]),
    ("v=DMARC1;p=none;", [("v", "DMARC1"), ("p", "none")]),
    ("v=1; h=From:\r\n\tTo : Subject;\r\n b=AB\r\n CD", [("v", "1"), ("h", "From:\tTo : Subject"), ("b", "AB CD")]),
    ("p=", [("p", "")]),
    ("p=; ", [("p", "")]),
    # Synthetic.
    ("a=b=c", [("a", "b=c")]),
    (" a \t= b c ;B=d", [("a", "b c"), ("B", "d")]),
    ("a=1;A=2", [("a", "1"), ("A", "2")]),
    ("a_9=x", [("a_9", "x")]),
    ("a=\r\n b", [("a", "b")]),
]

FAULTS = [
    # RFC 6376 3.2: duplicates make the whole list invalid.
    ("a=1; a=1", TagTrouble.DUPLICATE, "a"),
    ("", TagTrouble.EMPTY, ""),
    (" ", TagTrouble.EMPTY, ""),
    (";", TagTrouble.EMPTY, ""),
    ("a=1;;b=2", TagTrouble.EMPTY, ""),
    (";a=1", TagTrouble.EMPTY, ""),
    ("a=1;;", TagTrouble.EMPTY, ""),
    ("a=1; b", TagTrouble.NO_EQUALS, "b"),
    ("=1", TagTrouble.NAME, ""),
    ("1a=1", TagTrouble.NAME, "1a"),
    ("_a=1", TagTrouble.NAME, "_a"),
    ("a-b=1", TagTrouble.NAME, "a-b"),
    ("a b=1", TagTrouble.NAME, "a b"),
    ("\u0105=1", TagTrouble.CHARACTER, ""),
    ("a=\u00fc", TagTrouble.CHARACTER, ""),
    ("a=\x00", TagTrouble.CHARACTER, ""),
    ("a=b\nc", TagTrouble.CHARACTER, ""),
    ("a=b\r\nc", TagTrouble.CHARACTER, ""),
    ("a=b\r c", TagTrouble.CHARACTER, ""),
    ("a=\x7f", TagTrouble.CHARACTER, ""),
    ("a=\u2028;a=1", TagTrouble.CHARACTER, ""),
]


@pytest.mark.parametrize(("text", "expected"), LISTS)
def test_lists_are_read_in_order(text: str, expected: list[tuple[str, str]]) -> None:
    """Names and values come out in order, without the whitespace around them."""
    assert list(parse_tags(text).items()) == expected


@pytest.mark.parametrize(("text", "why", "name"), FAULTS)
def test_a_list_with_a_fault_is_none(text: str, why: TagTrouble, name: str) -> None:
    """One fault makes the whole list invalid, and it is named."""
    with pytest.raises(TagFault) as raised:
        parse_tags(text)
    assert (raised.value.why, raised.value.name) == (why, name)


def test_limits_reached_and_passed_by_one() -> None:
    """What reaches a limit is read, what passes it by one is not."""
    assert len(parse_tags(";".join(f"t{n}=" for n in range(MOST_TAGS)))) == MOST_TAGS
    assert len(parse_tags(";".join(f"t{n}=" for n in range(MOST_TAGS)) + ";")) == MOST_TAGS
    assert len(parse_tags("a=" + "x" * (LONGEST_LIST - 2))["a"]) == LONGEST_LIST - 2
    assert parse_tags("a" * LONGEST_NAME + "=") == {"a" * LONGEST_NAME: ""}
    for text, why in (
        (";".join(f"t{n}=" for n in range(MOST_TAGS + 1)), TagTrouble.MANY),
        ("a=" + "x" * (LONGEST_LIST - 1), TagTrouble.LONG),
        ("a" * (LONGEST_NAME + 1) + "=", TagTrouble.NAME),
        (";".join(f"t{n}=" for n in range(3)), TagTrouble.MANY),
    ):
        with pytest.raises(TagFault) as raised:
            parse_tags(text, most_tags=2 if text.count(";") == 2 else MOST_TAGS)
        assert raised.value.why is why


def test_leniency_is_asked_for() -> None:
    """Characters beyond ASCII and empty items are taken only on request."""
    assert parse_tags("d=b\u00fccher.example", utf8=True) == {"d": "b\u00fccher.example"}
    assert parse_tags(";a=1;; b=2;;", empty_items=True) == {"a": "1", "b": "2"}
    for text in (";;", ""):
        with pytest.raises(TagFault):
            parse_tags(text, empty_items=True)
    for text in ("a=\x85", "a=\ud800", "\u00e4=1"):
        with pytest.raises(TagFault):
            parse_tags(text, utf8=True)


def test_whitespace_inside_a_value_can_be_dropped() -> None:
    """Only spaces and tabs are whitespace here."""
    assert without_space("AB \t CD") == "ABCD"
    assert without_space("ABCD") == "ABCD"


@pytest.mark.parametrize(
    "pairs", [[("a", "1;b=2")], [("a", "1"), ("a", "2")], [("a b", "1")], [("a", "x\r\ny")], [], [("a", "x\r\n y")]]
)
def test_what_cannot_be_read_is_not_written(pairs: list[tuple[str, str]]) -> None:
    """A value can not smuggle a tag in."""
    with pytest.raises(TagFault):
        join_tags(pairs)


NAMES = st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_]{0,8}\Z")
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=";"), max_size=20)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=MOST_TAGS))
def test_what_is_written_is_read(tags: dict[str, str]) -> None:
    """Writing and reading are a pair."""
    assert list(parse_tags(join_tags(tags.items())).items()) == list(tags.items())


@given(st.text(), st.booleans(), st.booleans())
def test_any_text_is_a_list_or_a_fault(text: str, utf8: bool, empty_items: bool) -> None:
    """Nothing but TagFault is ever raised."""
    try:
        tags = parse_tags(text, utf8=utf8, empty_items=empty_items)
    except TagFault:
        return
    assert tags
