"""Fitting and Content: what is known before anything is sent, what stands in the way, what a server is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.address import Address
from mailwright.mail.envelope import Body, Envelope, Notify, Recipient, Returned
from mailwright.smtp.capabilities import Capabilities
from mailwright.smtp.content import PIECE, Content
from mailwright.smtp.fitting import Obstacle, Session, fitted, obstacle

BOB, CARL = Recipient(Address("bob", "b.test")), Recipient(Address("carl", "c.test"))
PLAIN = Envelope(Address("anna", "a.test"), (BOB,))
TEXT = Content.of(b"hello\r\n")
EIGHT_BIT = Content.of("hällo\r\n".encode())
ALL = Capabilities(
    size=0, eight_bit=True, smtputf8=True, dsn=True, chunking=True, binary=True, require_tls=True, mechanisms=("PLAIN",)
)

OBSTACLES = [
    ("nothing needed", PLAIN, TEXT, Session(Capabilities()), None),
    ("nobody", replace(PLAIN, recipients=()), TEXT, Session(ALL), Obstacle.NOBODY),
    ("eight bits", PLAIN, EIGHT_BIT, Session(Capabilities()), Obstacle.EIGHT_BIT),
    ("eight bits, offered", PLAIN, EIGHT_BIT, Session(Capabilities(eight_bit=True)), None),
    ("declared, not there", replace(PLAIN, body=Body.EIGHT_BIT), TEXT, Session(ALL), None),
    (
        "declared, not there, not offered",
        replace(PLAIN, body=Body.EIGHT_BIT),
        TEXT,
        Session(Capabilities()),
        Obstacle.EIGHT_BIT,
    ),
    ("denied, but there", replace(PLAIN, body=Body.SEVEN_BIT), EIGHT_BIT, Session(Capabilities()), Obstacle.EIGHT_BIT),
    ("binary", replace(PLAIN, body=Body.BINARY), EIGHT_BIT, Session(Capabilities(chunking=True)), Obstacle.BINARY),
    ("binary, offered", replace(PLAIN, body=Body.BINARY), EIGHT_BIT, Session(ALL), None),
    ("UTF-8 asked for", replace(PLAIN, smtputf8=True), TEXT, Session(Capabilities()), Obstacle.UTF8),
    (
        "UTF-8 recipient",
        replace(PLAIN, recipients=(Recipient(Address("böb", "b.test")),)),
        TEXT,
        Session(Capabilities()),
        Obstacle.UTF8,
    ),
    ("UTF-8 sender", replace(PLAIN, reverse_path=Address("änna", "a.test")), TEXT, Session(ALL), None),
    ("null sender", replace(PLAIN, reverse_path=None), TEXT, Session(Capabilities()), None),
    ("REQUIRETLS, unproven", replace(PLAIN, require_tls=True), TEXT, Session(ALL), Obstacle.REQUIRE_TLS),
    ("REQUIRETLS", replace(PLAIN, require_tls=True), TEXT, Session(ALL, verified=True), None),
    (
        "REQUIRETLS, not offered",
        replace(PLAIN, require_tls=True),
        TEXT,
        Session(Capabilities(), verified=True),
        Obstacle.REQUIRE_TLS,
    ),
    ("as big as allowed", PLAIN, TEXT, Session(Capabilities(size=7)), None),
    ("one octet too big", PLAIN, TEXT, Session(Capabilities(size=6)), Obstacle.SIZE),
    ("no maximum", PLAIN, TEXT, Session(Capabilities(size=0)), None),
    ("recipients", replace(PLAIN, recipients=(BOB, CARL)), TEXT, Session(Capabilities(recipient_max=2)), None),
    (
        "one recipient too many",
        replace(PLAIN, recipients=(BOB, CARL)),
        TEXT,
        Session(Capabilities(recipient_max=1)),
        Obstacle.RECIPIENTS,
    ),
    (
        "one domain too many",
        replace(PLAIN, recipients=(BOB, CARL)),
        TEXT,
        Session(Capabilities(recipient_domain_max=1)),
        Obstacle.DOMAINS,
    ),
    (
        "one domain in two spellings",
        replace(PLAIN, recipients=(BOB, Recipient(Address("carl", "B.TEST")))),
        TEXT,
        Session(Capabilities(recipient_domain_max=1)),
        None,
    ),
    ("last transaction", PLAIN, TEXT, Session(Capabilities(mail_max=2), transactions=1), None),
    ("one transaction too many", PLAIN, TEXT, Session(Capabilities(mail_max=2), transactions=2), Obstacle.MESSAGES),
]


@pytest.mark.parametrize(
    ("message", "content", "session", "expected"), [row[1:] for row in OBSTACLES], ids=[row[0] for row in OBSTACLES]
)
def test_obstacles_are_found(message: Envelope, content: Content, session: Session, expected: Obstacle | None) -> None:
    """Each limit exactly reached and passed by one, each extension offered and not."""
    assert obstacle(message, content, session) is expected


FULL = Envelope(
    Address("anna", "a.test"),
    (Recipient(Address("bob", "b.test"), frozenset((Notify.FAILURE,)), "rfc822;bob@b.test"),),
    body=Body.SEVEN_BIT,
    returned=Returned.HEADERS,
    identifier="X1",
    submitter="anna@a.test",
)


def test_a_server_without_extensions_is_told_no_parameters() -> None:
    """Nothing but the paths is left."""
    assert fitted(FULL, TEXT, Capabilities()) == PLAIN


def test_a_server_with_all_extensions_is_told_everything() -> None:
    """And the size as it is, whatever the envelope said."""
    assert fitted(replace(FULL, size=1), TEXT, ALL) == replace(FULL, size=7)


def test_what_the_octets_are_is_told() -> None:
    """Eight bits are declared, and UTF-8 in an address."""
    told = fitted(replace(PLAIN, recipients=(Recipient(Address("böb", "b.test")),)), EIGHT_BIT, ALL)
    assert (told.body, told.smtputf8) == (Body.EIGHT_BIT, True)
    assert fitted(replace(PLAIN, body=Body.SEVEN_BIT), EIGHT_BIT, ALL).body is Body.EIGHT_BIT
    assert fitted(replace(PLAIN, body=Body.BINARY), EIGHT_BIT, ALL).body is Body.BINARY


@pytest.mark.parametrize(
    ("message", "size", "eight_bit", "bare"),
    [
        (b"", 0, False, False),
        (b"a\r\n", 3, False, False),
        (b"a\n", 2, False, True),
        (b"a\r", 2, False, True),
        (b"\r\r\n", 3, False, True),
        (b"\xff\r\n", 3, True, False),
    ],
)
def test_content_knows_what_it_is(message: bytes, size: int, eight_bit: bool, bare: bool) -> None:
    """In one piece and looked through octet by octet."""
    whole = Content.of(message)
    sliced = Content.looked_through([message[place : place + 1] for place in range(len(message))])
    for content in (whole, sliced):
        assert (content.size, content.eight_bit, content.bare_line_ends) == (size, eight_bit, bare)
        assert b"".join(content) == message


@given(st.lists(st.binary(max_size=5) | st.sampled_from([b"\r", b"\n", b"\r\n"]), max_size=8))
def test_content_looked_through_is_as_if_whole(pieces: list[bytes]) -> None:
    """The slicing changes nothing."""
    sliced, whole = Content.looked_through(pieces), Content.of(b"".join(pieces))
    assert replace(sliced, pieces=()) == replace(whole, pieces=())


def test_long_pieces_are_cut() -> None:
    """No piece that goes out is longer than the limit; exactly the limit stays whole."""
    assert [len(piece) for piece in Content.of(b"x" * PIECE)] == [PIECE]
    assert [len(piece) for piece in Content.of(b"x" * (2 * PIECE + 1))] == [PIECE, PIECE, 1]
