"""Canonical forms: RFC 6376 3.4 to the octet, and a body's hash however it is cut into pieces."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.canonical import (
    PIECE,
    BodyHash,
    Form,
    body_in_form,
    header_in_form,
    relaxed_header,
    relaxed_headers,
)
from mailwright.authentication.header_fields import Header, HeaderField

HEADERS = [
    # RFC 6376 3.4.5.
    (b"A: X", b"A: X", b"a:X"),
    (b"B : Y\t\r\n\tZ  ", b"B : Y\t\r\n\tZ  ", b"b:Y Z"),
    # Synthetic.
    (b"Subject:no space", b"Subject:no space", b"subject:no space"),
    (b"S: \t ", b"S: \t ", b"s:"),
    (b"S: a\r\n b: c", b"S: a\r\n b: c", b"s:a b: c"),
    (b"S: a\nb\x0bc\xff", b"S: a\nb\x0bc\xff", b"s:a\nb\x0bc\xff"),
    (b"S: a \r\n \r\n b", b"S: a \r\n \r\n b", b"s:a b"),
]

BODIES = [
    # RFC 6376 3.4.5.
    (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),
    # RFC 6376 3.4.3, 3.4.4: empty bodies.
    (b"", b"\r\n", b""),
    (b"\r\n", b"\r\n", b""),
    (b"\r\n\r\n", b"\r\n", b""),
    (b" \t", b" \t\r\n", b""),
    (b" \r\n", b" \r\n", b""),
    # The last CRLF is added where it is missing.
    (b"a", b"a\r\n", b"a\r\n"),
    (b"a\r\n", b"a\r\n", b"a\r\n"),
    (b"a \t ", b"a \t \r\n", b"a\r\n"),
    (b"\r\na\r\n", b"\r\na\r\n", b"\r\na\r\n"),
    (b"a\r\n \r\n\t\r\n", b"a\r\n \r\n\t\r\n", b"a\r\n"),
    # Lone CR and LF are content.
    (b"a\n", b"a\n\r\n", b"a\n\r\n"),
    (b"a\r", b"a\r\r\n", b"a\r\r\n"),
    (b"a \r", b"a \r\r\n", b"a \r\r\n"),
    (b"a\n\r\n\r\n", b"a\n\r\n", b"a\n\r\n"),
    (b"\r\r\n", b"\r\r\n", b"\r\r\n"),
    (b"\n\r\n", b"\n\r\n", b"\n\r\n"),
    # Only space and tab are white space.
    (b"a\x0b \x0c\xa0\r\n", b"a\x0b \x0c\xa0\r\n", b"a\x0b \x0c\xa0\r\n"),
]

#: What tells the forms apart, put together at random.
PIECES = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r\n", b"\r", b"\n"]), max_size=30)


@pytest.mark.parametrize(("raw", "simple", "relaxed"), HEADERS)
def test_header_forms(raw: bytes, simple: bytes, relaxed: bytes) -> None:
    """Simple leaves a field as it is; relaxed folds its name, unfolds it and makes white space one space."""
    field = Header.parse(raw).fields[0]
    assert header_in_form(field, Form.SIMPLE) == simple
    assert header_in_form(field, Form.RELAXED) == relaxed


@pytest.mark.parametrize(("body", "simple", "relaxed"), BODIES)
def test_body_forms(body: bytes, simple: bytes, relaxed: bytes) -> None:
    """Whole, and octet by octet."""
    for form, expected in ((Form.SIMPLE, simple), (Form.RELAXED, relaxed)):
        assert body_in_form(body, form) == expected
        pieces = BodyHash(form)
        for at in range(len(body)):
            pieces.update(body[at : at + 1])
        assert (pieces.digest(), pieces.length) == (sha256(expected).digest(), len(expected))


def _by_lines(body: bytes, form: Form) -> bytes:
    """The body in a form, taken from the RFC line by line."""
    lines = body.split(b"\r\n")
    if form is Form.RELAXED:
        lines = [b" ".join(line.replace(b"\t", b" ").split(b" ")) for line in lines]
        lines = [(b" " if line[:1] == b" " else b"") + b" ".join(filter(None, line.split(b" "))) for line in lines]
        lines = [line.rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join(lines) + b"\r\n" if lines or form is Form.SIMPLE else b""


@given(PIECES, st.sampled_from(Form), st.data())
def test_any_cut_gives_the_same_hash(parts: list[bytes], form: Form, data: st.DataObject) -> None:
    """Bulk work and pieces agree with the rule line by line."""
    body = b"".join(parts)
    expected = _by_lines(body, form)
    assert body_in_form(body, form) == expected
    body_hash, at = BodyHash(form), 0
    while at < len(body):
        size = data.draw(st.integers(1, len(body) - at))
        body_hash.update(body[at : at + size])
        at += size
    assert body_hash.digest() == sha256(expected).digest()
    assert body_hash.length == len(expected)


@given(PIECES, st.sampled_from(Form), st.integers(0, 40))
def test_a_limit_hashes_the_beginning(parts: list[bytes], form: Form, limit: int) -> None:
    """With l= only so many octets of the canonical body count, and the whole length is still told."""
    body_hash = BodyHash(form, limit)
    body_hash.update(b"".join(parts))
    canonical = body_in_form(b"".join(parts), form)
    assert body_hash.digest() == sha256(canonical[:limit]).digest()
    assert body_hash.length == len(canonical)


@given(PIECES, st.sampled_from(Form))
def test_forms_are_idempotent(parts: list[bytes], form: Form) -> None:
    """What is canonical stays as it is."""
    once = body_in_form(b"".join(parts), form)
    assert body_in_form(once, form) == once
    field = HeaderField.read(b"Name : " + b"".join(parts).replace(b"\r\n", b"\r\n "))
    form_once = header_in_form(field, form)
    assert header_in_form(HeaderField.read(form_once), form) == form_once


@given(st.lists(st.tuples(st.sampled_from([b"A:", b"b :", b"C\t:"]), PIECES, st.sampled_from([b"", b":", b" :"]))))
def test_fields_are_made_relaxed_one_by_one_or_at_once(parts: list[tuple[bytes, list[bytes], bytes]]) -> None:
    """Bulk work over all fields agrees with the rule field by field."""
    fields = [
        HeaderField.read(name + colon + b"".join(pieces).replace(b"\r\n", b"\r\n ")) for name, pieces, colon in parts
    ]
    assert relaxed_headers(fields) == b"\r\n".join(map(relaxed_header, fields))


def test_large_bodies_go_in_pieces() -> None:
    """A piece larger than PIECE, with runs of white space and of empty lines across its borders."""
    body = b"x" * (PIECE - 1) + b"\t" * PIECE + b"y" + b"\r\n" * PIECE + b"z " + b" \r\n" * PIECE
    for form in Form:
        body_hash = BodyHash(form)
        body_hash.update(body)
        assert body_hash.digest() == sha256(body_in_form(body, form)).digest()
        assert body_hash.digest() == body_hash.digest()
