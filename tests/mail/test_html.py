"""HTML to text: what a reader would see, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.html import html_to_text

PAGES = [
    # Realistic.
    ("<p>User unknown</p>", "\nUser unknown\n"),
    ("User<br>unknown", "User\nunknown"),
    ("User<BR />unknown", "User\nunknown"),
    ("<b>User</b> unknown", "User unknown"),
    ("a &lt;b&gt; &amp; &#233; &nbsp;c", "a <b> & é \u00a0c"),
    ("<html><head><title>x</title></head>hi", "hi"),
    ("<style>p { color: red }</style>hi", "hi"),
    ("<SCRIPT>var a = '<p>';</SCRIPT>hi", "hi"),
    ("a<!-- no --><!-- > -->b", "ab"),
    ("<o:p>hi</o:p>", "hi"),
    ("<!DOCTYPE html>hi", "hi"),
    ('<a href="https://example.com/?a=1>2">link</a>', '2">link'),
    # Realistic: addresses and comparisons that are no tags.
    ("to <anna@example.com>: no", "to <anna@example.com>: no"),
    ("<anna.b@example.com>", "<anna.b@example.com>"),
    ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    # Synthetic: broken, and letters that grow in lower case.
    ("hi<p", "hi"),
    ("hi<!-- never closed", "hi"),
    ("hi<script>never closed", "hi"),
    ("İİİİ<p>a</p>b", "İİİİ\na\nb"),
    ("İİİİ<style>x</style>b", "İİİİb"),
    ("", ""),
    # Pathological.
    ("<" * 100, ""),
    (">" * 5, ">>>>>"),
    ("<>" * 3, "<><><>"),
    pytest.param("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";", id="a number of 5000 digits"),
    ("&#0;&#x110000;", "\ufffd\ufffd"),
]


@pytest.mark.parametrize(("page", "expected"), PAGES)
def test_what_a_reader_would_see_remains(page: str, expected: str) -> None:
    """Tags go, blocks break lines, entities are decoded, and what only looks like a tag stays."""
    assert html_to_text(page) == expected


@given(st.text(alphabet="<>!-/&#;ps cript\u0130@x9\n", max_size=100))
def test_any_markup_becomes_text(page: str) -> None:
    """Nothing raises, and nothing is made up: a text is never longer than its page."""
    assert len(html_to_text(page)) <= len(page)


@given(st.text(alphabet=st.characters(blacklist_characters="<&", codec="utf-8")))
def test_text_without_markup_stays(text: str) -> None:
    """What has neither tags nor entities is already text."""
    assert html_to_text(text) == text
