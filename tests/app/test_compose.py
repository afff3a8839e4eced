"""Compose: a message out of options, that no value can break out of."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.app.compose import ComposeFault, Draft, compose
from mailwright.deliver.facts import scan
from mailwright.mail.address import Address

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ANNA, BERT = Address.parse("anna@example.test"), Address.parse("bert@example.test")
PLAIN = Draft(ANNA, (BERT,), "Hello", "Body\n")


def composed(draft: Draft) -> bytes:
    return compose(draft, NOW, "<id@example.test>")


def test_a_message_has_what_every_message_must_have() -> None:
    """RFC 5322 3.6: From and Date; and what makes it readable and traceable."""
    raw = composed(PLAIN)
    message = message_from_bytes(raw, policy=default)
    assert (message["From"], message["To"], message["Subject"]) == (str(ANNA), str(BERT), "Hello")
    assert (message["Date"].datetime, message["Message-ID"]) == (NOW, "<id@example.test>")
    assert message.get_content().splitlines() == ["Body"]
    facts = scan((raw,))
    assert (facts.bare_line_ends, facts.eight_bit) == (0, False)


def test_the_null_reverse_path_is_no_author() -> None:
    """A From field must be there all the same."""
    message = message_from_bytes(composed(Draft(None, (ANNA,))), policy=default)
    assert message["From"] == "MAILER-DAEMON@localhost"


def test_text_and_html_are_alternatives_and_files_are_attached(tmp_path: Path) -> None:
    """As mail programs make it."""
    file = tmp_path / "Größe.txt"
    file.write_text("content", encoding="utf-8")
    raw = composed(Draft(ANNA, (BERT,), "x", "plain", "<b>html</b>", (file,)))
    message = message_from_bytes(raw, policy=default)
    assert message.get_content_type() == "multipart/mixed"
    assert [part.get_content_type() for part in message.walk()][1:] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/plain",
    ]
    assert [part.get_filename() for part in message.iter_attachments()] == ["Größe.txt"]


def test_html_alone_is_html() -> None:
    """Without a body there is no empty text before it."""
    message = message_from_bytes(composed(Draft(ANNA, (BERT,), html="<b>x</b>")), policy=default)
    assert message.get_content_type() == "text/html"


def test_a_field_that_is_given_replaces_the_one_that_is_made() -> None:
    """Swaks and curl users expect it."""
    message = message_from_bytes(
        composed(Draft(ANNA, (BERT,), fields=(("From", "Anna <a@b.test>"), ("X-One", "1")))), policy=default
    )
    assert (message.get_all("From"), message["X-One"]) == (["Anna <a@b.test>"], "1")


def test_letters_beyond_ascii_stand_in_a_header_as_they_are_only_where_an_address_needs_it() -> None:
    """RFC 2047 for words, RFC 6532 for addresses."""
    assert not scan((composed(Draft(ANNA, (BERT,), "Grüße")),)).utf8_header
    assert scan((composed(Draft(ANNA, (Address.parse("jürgen@example.test"),))),)).utf8_header


@pytest.mark.parametrize(
    ("draft", "what", "name"),
    [
        (Draft(ANNA, (BERT,), "a\r\nBcc: eve@example.test"), "header", "Subject"),
        (Draft(ANNA, (BERT,), fields=(("X", "a\nBcc: eve@example.test"),)), "header", "X"),
        (Draft(ANNA, (BERT,), fields=(("X:Y", "a"),)), "header", "X:Y"),
        (Draft(ANNA, (BERT,), fields=(("X Y", "a"),)), "header", "X Y"),
        (Draft(ANNA, (BERT,), fields=(("", "a"),)), "header", ""),
        (Draft(ANNA, (BERT,), attachments=(Path("no-such-file"),)), "attachment", "no-such-file"),
    ],
)
def test_what_cannot_be_put_in_is_named(draft: Draft, what: str, name: str) -> None:
    """Header injection is impossible, a missing file is told."""
    with pytest.raises(ComposeFault) as fault:
        composed(draft)
    assert (fault.value.what, fault.value.name) == (what, name)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_adds_a_field(subject: str, value: str) -> None:
    """Whatever stands in them, the message has the fields that were asked for, or is not made."""
    try:
        raw = composed(Draft(ANNA, (BERT,), subject, fields=(("X-Value", value),)))
    except ComposeFault:
        return
    allowed = {"from", "to", "subject", "date", "message-id", "x-value"}
    made = {"mime-version", "content-type", "content-transfer-encoding"}
    assert set(scan((raw,)).fields) <= allowed | made


EVIL = "=?utf-8?q?a=0D=0ABcc=3A_x=40y=2Etest?="


@pytest.mark.parametrize(
    "draft",
    [
        Draft(Address.parse("me@example.org"), (Address.parse("anna@example.com"),), EVIL),
        Draft(Address.parse("me@example.org"), (Address.parse("anna@example.com"),), "=?utf-8?b?YQpCY2M6IHhAeQ==?="),
        Draft(Address.parse("me@example.org"), (Address.parse("anna@example.com"),), fields=(("X-A", EVIL),)),
        Draft(Address.parse("me@example.org"), (Address.parse("anna@example.com"),), fields=(("Cc", f'"{EVIL}"'),)),
        Draft(Address.parse(f"{EVIL}@example.org"), (Address.parse("anna@example.com"),)),
        Draft(Address.parse("me@example.org"), (Address.parse(f"{EVIL}@example.com"),)),
    ],
    ids=["subject", "base64", "field", "addresses", "sender", "recipient"],
)
def test_an_encoded_word_brings_no_field_of_its_own(draft: Draft) -> None:
    """RFC 2047 lets any octet be written in plain letters; a line break among them does not become one."""
    with pytest.raises(ComposeFault) as caught:
        compose(draft, NOW, "<id@example.org>")
    assert caught.value.why in ("line-break", "field-value")


@pytest.mark.parametrize("name", [f"{EVIL}.txt", "a\r\nBcc: x", "a\nBcc: x"])
def test_the_name_of_an_attachment_brings_no_field_of_its_own(tmp_path: Path, name: str) -> None:
    """It is refused where it would."""
    (tmp_path / name).write_bytes(b"x")
    draft = Draft(Address.parse("me@example.org"), (Address.parse("anna@example.com"),), attachments=(tmp_path / name,))
    with pytest.raises(ComposeFault):
        compose(draft, NOW, "<id@example.org>")


def test_octets_of_a_command_line_that_are_no_text_are_marked() -> None:
    """Half letters become U+FFFD in body and HTML."""
    draft = Draft(Address.parse("me@example.org"), (Address.parse("anna@example.com"),), body="a\udcff", html="b\udcff")
    assert compose(draft, NOW, "<id@example.org>").count("\ufffd".encode()) == 2
