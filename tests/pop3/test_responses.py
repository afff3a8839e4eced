"""Responses of POP3, and the listings in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.pop3.responses import (
    LONGEST_WRITTEN_LINE,
    DropListing,
    Response,
    ResponseCode,
    ScanListing,
    UniqueId,
    is_unique_id,
    parse_drop_listing,
    parse_response,
    parse_scan_listing,
    parse_unique_id,
    quoted,
    response_to_bytes,
)
from mailwright.smtp.errors import RemoteProtocolError


@pytest.mark.parametrize(
    ("line", "response"),
    [
        (b"+OK", Response(ok=True)),
        (b"+OK 2 320", Response(ok=True, text="2 320")),
        (b"-ERR no such message", Response(ok=False, text="no such message")),
        (b"-ERR [IN-USE] Do you have another POP session running?",
         Response(ok=False, text="Do you have another POP session running?", code=ResponseCode.IN_USE)),
        (b"-ERR [LOGIN-DELAY] minimum time between mail checks violation",
         Response(ok=False, text="minimum time between mail checks violation", code="LOGIN-DELAY")),
        (b"-ERR [sys/temp]later", Response(ok=False, text="later", code=ResponseCode.SYS_TEMP)),
        (b"-ERR [AUTH]", Response(ok=False, code=ResponseCode.AUTH)),
        (b"+OK [X-NEW/MORE] yes", Response(ok=True, text="yes", code="X-NEW/MORE")),
        (b"-ERR [not closed", Response(ok=False, text="[not closed")),
        (b"-ERR [] empty", Response(ok=False, text="[] empty")),
        (b"-ERR [two words] x", Response(ok=False, text="[two words] x")),
        (b"-ERR [" + b"A" * 41 + b"] x", Response(ok=False, text="[" + "A" * 41 + "] x")),
        (b"-ERR [" + b"A" * 40 + b"] x", Response(ok=False, text="x", code="A" * 40)),
        ("-ERR Passwort ungültig".encode(), Response(ok=False, text="Passwort ungültig")),
        ("-ERR 密码错误".encode("gbk"), Response(ok=False, text="密码错误")),
    ],
    ids=repr,
)  # fmt: skip
def test_responses_are_read(line: bytes, response: Response) -> None:
    """Indicator, code and words."""
    assert parse_response(line) == response


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"+ok",
        b"-err no",
        b"+OKAY",
        b"OK",
        b"+",
        b"+ Y2hhbGxlbmdl",
        b"220 smtp.example.org ESMTP",
        b"* OK IMAP4rev1",
    ],
    ids=repr,
)
def test_what_is_no_response_is_refused(line: bytes) -> None:
    """RFC 1939 3: two indicators, in upper case; other protocols on the port are told from it."""
    with pytest.raises(RemoteProtocolError):
        parse_response(line)


@pytest.mark.parametrize(
    ("response", "line"),
    [
        (Response(ok=True), b"+OK\r\n"),
        (Response(ok=True, text="2 320"), b"+OK 2 320\r\n"),
        (Response(ok=False, text="later", code="SYS/TEMP"), b"-ERR [SYS/TEMP] later\r\n"),
        (Response(ok=False, text="a\r\n+OK b"), b"-ERR a  +OK b\r\n"),
        (Response(ok=False, text="grün"), b"-ERR gr?n\r\n"),
    ],
    ids=repr,
)
def test_responses_are_written(response: Response, line: bytes) -> None:
    """Nothing breaks out of its line."""
    assert response_to_bytes(response) == line


def test_letters_beyond_ascii_go_out_once_the_client_asked_for_them() -> None:
    """RFC 6856 2.1."""
    assert response_to_bytes(Response(ok=False, text="grün"), utf8=True) == "-ERR grün\r\n".encode()


@given(st.text(max_size=600), st.booleans())
def test_a_written_line_is_one_line_within_its_limit(text: str, utf8: bool) -> None:
    """RFC 2449 4: 512 octets with the CRLF, and no half characters."""
    line = response_to_bytes(Response(ok=True, text=text), utf8=utf8)
    assert len(line) <= LONGEST_WRITTEN_LINE
    assert line.count(b"\r") == line.count(b"\n") == 1
    assert line.endswith(b"\r\n")
    line.decode()


@pytest.mark.parametrize(
    ("text", "listing"),
    [
        ("2 320", DropListing(2, 320)),
        ("0 0", DropListing(0, 0)),
        ("2 320 and more", DropListing(2, 320)),
        ("2  320", DropListing(2, 320)),
    ],
    ids=repr,
)
def test_drop_listings_are_read(text: str, listing: DropListing) -> None:
    """RFC 1939 5: what follows the two numbers is ignored."""
    assert parse_drop_listing(Response(ok=True, text=text)) == listing


@pytest.mark.parametrize(
    "text", ["", "2", "two messages", "2 x", "-1 5", "2 " + "9" * 20, "9" * 11 + " 1", "² 3"], ids=repr
)
def test_what_is_no_listing_is_refused(text: str) -> None:
    """Numbers of a bounded length, in ASCII."""
    with pytest.raises(RemoteProtocolError):
        parse_drop_listing(Response(ok=True, text=text))
    with pytest.raises(RemoteProtocolError):
        parse_scan_listing(text)


def test_a_line_of_list_is_read() -> None:
    """Number and size, the size up to its longest."""
    assert parse_scan_listing("1 120") == ScanListing(1, 120)
    assert parse_scan_listing("9999999999 " + "9" * 19) == ScanListing(9_999_999_999, int("9" * 19))


@pytest.mark.parametrize(
    ("line", "uid"),
    [("1 whqtswO00WBw418f9t5JxYwZ", "whqtswO00WBw418f9t5JxYwZ"), ("12 " + "u" * 255, "u" * 255), ("1 <a@b>", "<a@b>")],
    ids=["rfc", "longest", "message-id"],
)
def test_a_line_of_uidl_is_read(line: str, uid: str) -> None:
    """RFC 1939 7; longer unique-ids than it allows are taken up to a limit."""
    assert parse_unique_id(line) == UniqueId(int(line.partition(" ")[0]), uid)


@pytest.mark.parametrize("line", ["", "1", "1 ", "x y", "1 a b", "1 ü", "1 " + "u" * 256, "1 a\x7f"], ids=repr)
def test_what_is_no_unique_id_is_refused(line: str) -> None:
    """One word of visible ASCII."""
    with pytest.raises(RemoteProtocolError):
        parse_unique_id(line)


def test_a_written_unique_id_has_seventy_characters_at_most() -> None:
    """RFC 1939 7, exactly reached and passed."""
    assert is_unique_id("u" * 70)
    assert not is_unique_id("u" * 71)
    assert not is_unique_id("")


def test_an_error_quotes_what_no_terminal_obeys() -> None:
    """Escapes and rubbish from a peer are shown, not sent on."""
    assert quoted(b"\x1b[2J\xff") == "'\\x1b[2J\\\\xff'"
    assert quoted(b"a" * 100) == "'" + "a" * 60 + "'…"


def test_a_response_is_shown_as_it_stood_on_the_wire() -> None:
    """Its text is for people and logs."""
    assert str(Response(ok=False, text="in use", code="IN-USE")) == "-ERR [IN-USE] in use"
    assert str(Response(ok=True)) == "+OK"
