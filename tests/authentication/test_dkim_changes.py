"""What was done to a message: each change that is common on the way is made, and must be told and proven."""

from __future__ import annotations

import binascii
from base64 import encodebytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.authentication.body_changes import (
    LONGEST_BODY,
    LONGEST_EXCERPT,
    MOST_LINES_BEFORE,
    MOST_LINES_CUT,
    Change,
    ChangeKind,
)
from mailwright.authentication.canonical import Form
from mailwright.authentication.dkim_changes import LONGEST_SIGNED, MOST_CHANGES, explain_failure
from mailwright.authentication.dkim_sign import SigningKey, SigningOptions, sign_message
from mailwright.authentication.header_fields import split_message
from tests.authentication.dkim_zone import MESSAGE, NOW, ed25519_signer, rsa_signer, verdicts

SIMPLE = SigningOptions(header_form=Form.SIMPLE, body_form=Form.SIMPLE)
COPIED = SigningOptions(copied=(b"from", b"to", b"subject", b"date"))
LOOSE = SigningOptions(oversigned=())


def signed(options: SigningOptions | None = None, message: bytes = MESSAGE, key: SigningKey | None = None) -> bytes:
    """A message with a signature on top."""
    return sign_message(message, [key or rsa_signer()], NOW, options) + message


def changes(raw: bytes) -> tuple[Change, ...]:
    """What is told of a message with one signature."""
    (verdict,) = verdicts(raw)
    header, body = split_message(raw)
    return explain_failure(header, body, verdict)


def first(raw: bytes) -> tuple[ChangeKind, str, bool]:
    """Kind, field and proof of the first change."""
    found = changes(raw)[0]
    return found.kind, found.field, found.proven


TEXT = MESSAGE.replace(b"seven?", b"seven?\r\nFrom here it is near.\r\n.dot\r\n\xc3\xbc=")
MULTIPART = (
    b"From: Anna <anna@example.com>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
)
FOOTER = b"_______\r\nList mailing list\r\nhttps://lists.example.org/\r\n"


def body_of(raw: bytes) -> bytes:
    """What stands behind the header."""
    return raw.partition(b"\r\n\r\n")[2]


def with_body(raw: bytes, body: bytes) -> bytes:
    """The message with another body."""
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body


def with_fields(raw: bytes, fields: bytes) -> bytes:
    """The message with more fields at the end of its header."""
    head, _, body = raw.partition(b"\r\n\r\n")
    return head + b"\r\n" + fields + b"\r\n\r\n" + body


BODY_CHANGES = [
    (signed() + FOOTER, ChangeKind.FOOTER),
    (signed() + b"\r\n\r\n" + FOOTER, ChangeKind.FOOTER),
    (signed(SIMPLE) + FOOTER, ChangeKind.FOOTER),
    (with_body(signed(), b"CAUTION: from outside\r\n\r\n" + body_of(MESSAGE)), ChangeKind.BANNER),
    (with_body(signed(None, TEXT), body_of(TEXT).replace(b"\r\nFrom", b"\r\n>From")), ChangeKind.FROM_QUOTED),
    (with_body(signed(None, TEXT), body_of(TEXT).replace(b"\r\n.", b"\r\n..")), ChangeKind.DOTS),
    (with_body(signed(SIMPLE), body_of(MESSAGE).replace(b"\r\n", b"  \r\n")), ChangeKind.TRAILING_SPACE),
    (with_body(signed(SIMPLE), body_of(MESSAGE).replace(b"\r\n", b"\n")), ChangeKind.LINE_ENDS),
    (
        with_body(signed(SIMPLE, MESSAGE.replace(b"meet", b"me\net")), body_of(MESSAGE).replace(b"meet", b"me\r\net")),
        ChangeKind.UNKNOWN,
    ),
    (
        with_fields(
            with_body(
                signed(LOOSE, TEXT), binascii.b2a_qp(body_of(TEXT).replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
            ),
            b"Content-Transfer-Encoding: quoted-printable",
        ),
        ChangeKind.TRANSFER_ENCODING,
    ),
    (
        with_fields(
            with_body(signed(LOOSE, TEXT), encodebytes(body_of(TEXT)).replace(b"\n", b"\r\n")),
            b"Content-Transfer-Encoding: base64",
        ),
        ChangeKind.TRANSFER_ENCODING,
    ),
    (
        with_body(signed(LOOSE, with_body(TEXT, encodebytes(body_of(TEXT)).replace(b"\n", b"\r\n"))), body_of(TEXT)),
        ChangeKind.TRANSFER_ENCODING,
    ),
    (signed(None, MULTIPART).replace(b"--b--\r\n", b"--b\r\n\r\nfooter\r\n--b--\r\n"), ChangeKind.PART_ADDED),
    (
        with_fields(
            with_body(
                signed(LOOSE),
                b"--x\r\nContent-Type: text/plain\r\n\r\n" + body_of(MESSAGE) + b"\r\n--x\r\n\r\nfooter\r\n--x--\r\n",
            ),
            b'Content-Type: multipart/mixed; boundary="x"',
        ),
        ChangeKind.WRAPPED,
    ),
    (signed().replace(b"seven", b"eight"), ChangeKind.UNKNOWN),
    (with_body(signed(), b""), ChangeKind.UNKNOWN),
    (with_body(signed(SigningOptions(partial=True)), b"Shall we"), ChangeKind.LENGTH),
    (with_body(signed(SigningOptions(partial=True)), body_of(MESSAGE).replace(b"seven", b"eight")), ChangeKind.UNKNOWN),
]


@pytest.mark.parametrize(("raw", "kind"), BODY_CHANGES, ids=lambda value: value if isinstance(value, str) else "")
def test_changes_of_the_body(raw: bytes, kind: ChangeKind) -> None:
    """A change that can be undone is proven; what cannot is unknown."""
    (change,) = changes(raw)
    assert (change.part, change.kind) == ("body", kind)
    assert change.proven is (kind not in (ChangeKind.UNKNOWN, ChangeKind.LENGTH))


def test_a_footer_is_quoted() -> None:
    """What was added is the evidence."""
    assert changes(signed() + FOOTER)[0].detail == "_______ List mailing list https://lists.example.org/"
    assert len(changes(signed() + b"x" * 900 + b"\r\n")[0].detail) == LONGEST_EXCERPT


HEADER_CHANGES = [
    (signed().replace(b"Dinner", b"[list] Dinner"), ChangeKind.SUBJECT_TAG, "subject"),
    (signed(SIMPLE).replace(b"Dinner", b"[list] Dinner"), ChangeKind.SUBJECT_TAG, "subject"),
    (signed().replace(b"Dinner", b"***SPAM*** Dinner"), ChangeKind.SUBJECT_TAG, "subject"),
    (
        signed(None, MESSAGE.replace(b"Dinner", b"Re: Dinner")).replace(b"Re: ", b"Re: [list] "),
        ChangeKind.SUBJECT_TAG,
        "subject",
    ),
    (with_fields(signed(), b"Reply-To: list@example.org"), ChangeKind.FIELD_ADDED, "reply-to"),
    (with_fields(signed(LOOSE), b"Subject: Pills"), ChangeKind.FIELD_ADDED, "subject"),
    (
        signed().replace(
            b"From: Anna <anna@example.com>", b"From: list@example.org\r\nX-Original-From: Anna <anna@example.com>"
        ),
        ChangeKind.FROM_REWRITTEN,
        "from",
    ),
    (
        signed(None, with_fields(MESSAGE, b"Content-Transfer-Encoding: 8bit")).replace(b": 8bit", b": 7bit"),
        ChangeKind.ENCODING_FIELD,
        "content-transfer-encoding",
    ),
    (signed(SIMPLE).replace(b"Dinner  tonight", b"Dinner\r\n  tonight"), ChangeKind.REFOLDED, ""),
    (signed(COPIED).replace(b"To: Bob", b"To: Eve"), ChangeKind.FIELD_CHANGED, "to"),
    (signed().replace(b"b=", b"b=AAAA"), ChangeKind.NOT_BY_KEY, ""),
    (signed(SIMPLE).replace(b"Dinner  ", b"Dinner "), ChangeKind.UNKNOWN, ""),
    (signed().replace(b"To: Bob", b"To: Eve"), ChangeKind.UNKNOWN, ""),
]


@pytest.mark.parametrize(("raw", "kind", "field"), HEADER_CHANGES)
def test_changes_of_the_header(raw: bytes, kind: ChangeKind, field: str) -> None:
    """The field is named, and the proof is the signature itself."""
    assert first(raw) == (kind, field, kind is not ChangeKind.UNKNOWN)


def test_ed25519_is_tried_too() -> None:
    """Its signature holds no hash, so that each trial is a verification."""
    raw = signed(None, MESSAGE, ed25519_signer())
    assert first(raw.replace(b"Dinner", b"[list] Dinner")) == (ChangeKind.SUBJECT_TAG, "subject", True)
    assert first(raw.replace(b"To: Bob", b"To: Eve")) == (ChangeKind.UNKNOWN, "", False)


def test_what_a_mailing_list_does_all_at_once() -> None:
    """Subject tag, Reply-To and footer are all found."""
    raw = with_fields(signed().replace(b"Dinner", b"[list] Dinner"), b"Reply-To: list@example.org") + FOOTER
    found = [(change.kind, change.proven) for change in changes(raw)]
    assert found == [(ChangeKind.FOOTER, True), (ChangeKind.SUBJECT_TAG, True), (ChangeKind.FIELD_ADDED, True)]


def test_copies_tell_even_what_they_cannot_prove() -> None:
    """A field that differs from its copy is named, though another change spoils the proof."""
    raw = signed(COPIED).replace(b"To: Bob", b"To: Eve").replace(b"<1@example.com>", b"<2@example.com>")
    assert changes(raw) == (Change("header", ChangeKind.FIELD_CHANGED, "to", "Bob <bob@example.org>"),)
    both = signed(COPIED).replace(b"To: Bob", b"To: Eve").replace(b": Dinner", b": Lunch")
    assert changes(both)[0][1:3] == (ChangeKind.FIELD_CHANGED, "to subject")
    assert changes(both)[0].proven


def test_signed_in_another_form_than_said() -> None:
    """A signer that says relaxed and signs simple is told so."""
    header_only = SigningOptions(header_form=Form.SIMPLE)
    raw = signed(header_only)
    # c= is itself signed, so that only a body's form can be proven by changing nothing else.
    assert changes(raw.replace(b"c=simple/relaxed", b"c=relaxed/relaxed"))[0].kind is ChangeKind.UNKNOWN
    body = with_body(signed(), body_of(MESSAGE))
    assert changes(body) == ()


def test_only_failures_are_explained() -> None:
    """A signature that passes, or has no key, was not changed as far as is known."""
    header, body = split_message(MESSAGE)
    assert explain_failure(header, body, verdicts(MESSAGE)[0]) == ()
    raw = signed()
    (verdict,) = verdicts(raw, {})
    assert explain_failure(*split_message(raw), verdict) == ()


def test_limits_reached_and_passed_by_one() -> None:
    """So many lines are cut and not one more; a body or header that is too long is not tried."""
    for extra, kind in ((0, ChangeKind.FOOTER), (1, ChangeKind.UNKNOWN)):
        assert changes(signed() + b"x\r\n" * (MOST_LINES_CUT + extra))[0].kind is kind
    for extra, kind in ((0, ChangeKind.BANNER), (1, ChangeKind.UNKNOWN)):
        lines = b"x\r\n" * (MOST_LINES_BEFORE + extra)
        assert changes(with_body(signed(), lines + body_of(MESSAGE)))[0].kind is kind
    short = signed()
    room = LONGEST_BODY - len(body_of(short)) - 2
    for extra, kind in ((0, ChangeKind.FOOTER), (1, ChangeKind.UNKNOWN)):
        assert changes(short + b"x" * (room + extra) + b"\r\n")[0].kind is kind
    large = with_fields(MESSAGE, b"X-Large: " + b"x" * LONGEST_SIGNED)
    options = SigningOptions(signed=(b"from", b"x-large", b"subject"))
    assert first(signed(options, large).replace(b"Dinner", b"[list] Dinner"))[0] is ChangeKind.UNKNOWN


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_damage_is_explained_in_bounds(data: st.DataObject) -> None:
    """Whatever is done to the message, a bounded number of changes is told, and nothing is raised."""
    raw = signed(data.draw(st.sampled_from([None, SIMPLE, COPIED])), data.draw(st.sampled_from([TEXT, MULTIPART])))
    begin = data.draw(st.integers(raw.index(b"From:"), len(raw)))
    end = data.draw(st.integers(begin, min(len(raw), begin + 20)))
    found = changes(raw[:begin] + data.draw(st.binary(max_size=10)) + raw[end:])
    assert len(found) <= MOST_CHANGES
