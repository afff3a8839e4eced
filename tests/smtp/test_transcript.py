"""Transcripts: what is kept and what never is, and the document that reads back equal."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailwright.app.schemas import schema_text
from mailwright.mail.reply import Reply
from mailwright.smtp.transcript import (
    CUT,
    LONGEST_BEGINNING,
    LONGEST_TEXT,
    MOST_ENTRIES,
    CertificateFacts,
    Direction,
    Entry,
    Recorder,
    Step,
    TlsFacts,
    Transcript,
)
from mailwright.smtp.transcript_json import TranscriptFault, parse_transcript, transcript_json

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ticking() -> Iterator[float]:
    seconds = 0.0
    while True:
        yield seconds
        seconds += 0.25


def recorder(**options: Any) -> Recorder:
    ticks = ticking()
    return Recorder(lambda: next(ticks), **options)


def test_what_is_said_is_kept_in_order() -> None:
    """Both directions and notes, with times and octets."""
    kept = recorder()
    kept.note(Step.CONNECT, "connected")
    kept.received(Step.EHLO, b"250-a\r\n250 b\r\n")
    kept.sent(Step.MAIL, b"MAIL FROM:<>\r\n")
    assert kept.entries() == (
        Entry(0.0, Direction.NOTE, Step.CONNECT, "connected"),
        Entry(0.25, Direction.RECEIVED, Step.EHLO, "250-a\n250 b", 14),
        Entry(0.5, Direction.SENT, Step.MAIL, "MAIL FROM:<>", 14),
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"AUTH PLAIN AGFubmEAczNjcmV0\r\n", "AUTH PLAIN <removed>"),
        (b"AUTH LOGIN\r\n", "AUTH LOGIN"),
        (b"AUTH XOAUTH2 =\r\n", "AUTH XOAUTH2 <removed>"),
        (b"YW5uYQ==\r\n", "<removed>"),
        (b"AUTH\r\n", "AUTH"),
        (b"\r\n", "<removed>"),
        (b"*\r\n", "*"),
        (b"AUTHOR\r\n", "<removed>"),
        (b"auth PLAIN AGFubmEAczNjcmV0\r\n", "<removed>"),
    ],
)
def test_credentials_are_removed(line: bytes, shown: str) -> None:
    """Of a line of AUTH only the mechanism stays; the octets are those that were sent."""
    kept = recorder()
    kept.sent(Step.AUTH, line)
    assert kept.entries()[0][3:] == (shown, len(line))


def test_credentials_that_a_server_repeats_are_removed() -> None:
    """An error that quotes the response does not bring it into the transcript."""
    kept = recorder()
    kept.sent(Step.AUTH, b"AUTH PLAIN AGFubmEAczNjcmV0\r\n")
    kept.received(Step.AUTH, b"501 cannot decode AGFubmEAczNjcmV0\r\n")
    assert kept.entries()[1].text == "501 cannot decode <removed>"


def _sent(*lines: str) -> Recorder:
    kept = recorder()
    for line in lines:
        kept.sent(Step.AUTH, f"{line}\r\n".encode())
    return kept


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("lines", "secret"),
    [
        ((f"AUTH PLAIN {_base64(chr(0) + 'anna' + chr(0) + 'opensesame')}",), "opensesame"),
        (("AUTH PLAIN", _base64("\x00anna\x00opensesame")), "opensesame"),
        (("AUTH LOGIN", _base64("anna"), _base64("opensesame")), "opensesame"),
        ((f"AUTH LOGIN {_base64('anna')}", _base64("opensesame")), "opensesame"),
        (("AUTH LOGIN", _base64("anna"), "*", "AUTH LOGIN", _base64("anna"), _base64("opensesame")), "opensesame"),
        ((f"AUTH XOAUTH2 {_base64('user=anna' + chr(1) + 'auth=Bearer to.ken' + chr(1) * 2)}",), "to.ken"),
        ((f"AUTH OAUTHBEARER {_base64('n,a=anna,' + chr(1) + 'auth=Bearer to.ken' + chr(1) * 2)}",), "to.ken"),
    ],
)
def test_a_password_that_a_server_repeats_in_clear_is_removed(lines: tuple[str, ...], secret: str) -> None:
    """The decoded password or token is removed wherever it comes again, the user's name is not."""
    kept = _sent(*lines)
    kept.received(Step.AUTH, f"535 wrong password {secret} for anna".encode())
    kept.received(Step.MAIL, f"550 you said {lines[-1].split()[-1]}".encode())
    kept.note(Step.MAIL, f"this is no reply: {secret}")
    assert [entry.text for entry in kept.entries()[-3:]] == [
        "535 wrong password <removed> for anna",
        "550 you said <removed>",
        "this is no reply: <removed>",
    ]
    reply = kept.clean_reply(Reply(550, (f"a {secret}", "b")))
    assert reply == Reply(550, ("a <removed>", "b"))


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("AUTH PLAIN",),
        ("AUTH PLAIN", "*"),
        ("AUTH PLAIN", "="),
        ("AUTH PLAIN", "no base64!"),
        ("AUTH PLAIN", "////"),
        ("AUTH PLAIN", _base64("\x00anna\x00abc")),
        ("AUTH CRAM-MD5", _base64("anna 0123456789abcdef")),
        ("AUTH XOAUTH2", _base64("user=anna")),
    ],
)
def test_nothing_else_is_taken_for_a_password(lines: tuple[str, ...]) -> None:
    """Responses that cannot be read, that show no password, or one too short to be told from words, hide no words."""
    said = "535 abc anna user 0123456789abcdef"
    assert _sent(*lines).clean(said) == said


def test_a_quotation_is_left_out_once_credentials_were_sent() -> None:
    """A quotation that was cut may end within a secret, where it could not be recognised."""
    assert _sent().clean_fault("this is no reply: 'hello'") == "this is no reply: 'hello'"
    assert _sent("AUTH PLAIN AGFubmEAczNjcmV0").clean_fault("this is no reply: 'AGFub'…") == "this is no reply"


def test_of_messages_the_size_is_kept_and_the_first_lines_where_wanted() -> None:
    """Content is not kept unless that is asked for, and then within a limit."""
    kept = recorder()
    kept.content(b"Subject: x\r\n\r\nhello\r\n")
    kept.content_ended(21)
    some = recorder(beginning=2)
    some.content(b"Subject: x\r\nFr")
    some.content(b"om: y\r\nTo: z\r\n")
    some.content_ended(28)
    many = recorder(beginning=10_000)
    many.content(b"x" * 10_000)
    many.content_ended(10_000)
    assert [entry[3:] for entry in (*kept.entries(), *some.entries())] == [("", 21), ("Subject: x\nFrom: y", 28)]
    assert len(many.entries()[0].text) == LONGEST_BEGINNING


def test_of_transactions_the_last_is_kept_after_the_opening() -> None:
    """A connection for many messages does not grow."""
    kept = recorder()
    kept.note(Step.CONNECT, "connected")
    for number in range(3):
        kept.begin_transaction()
        kept.note(Step.MAIL, str(number))
    assert [entry.text for entry in kept.entries()] == ["connected", "2"]


def test_a_transcript_is_bounded() -> None:
    """Neither many entries nor a long text fill the memory."""
    kept = recorder()
    for _ in range(2):
        for _ in range(MOST_ENTRIES):
            kept.received(Step.OTHER, b"250 " + b"x" * 10)
        kept.begin_transaction()
    for _ in range(MOST_ENTRIES):
        kept.received(Step.OTHER, b"x" * (LONGEST_TEXT + 1))
    entries = kept.entries()
    assert len(entries) == MOST_ENTRIES
    assert len(entries[-1].text) == LONGEST_TEXT
    assert entries[-1].text.endswith(CUT)


def test_somebody_can_watch() -> None:
    """Each entry is told as it happens, without its secrets."""
    seen: list[Entry] = []
    kept = recorder(watch=seen.append)
    kept.sent(Step.AUTH, b"AUTH PLAIN AGFubmEAczNjcmV0\r\n")
    kept.received(Step.AUTH, b"235 ok\r\n")
    assert tuple(seen) == kept.entries()


def test_octets_that_are_not_utf_8_are_escaped() -> None:
    """Nothing is lost and nothing guessed."""
    kept = recorder()
    kept.received(Step.RCPT, "550 é用\r\n".encode() + b"\xff")
    assert kept.entries()[0].text == "550 é用\n\\xff"


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
MOMENT = st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds of hypothesis are naive
CERTIFICATE = st.builds(CertificateFacts, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), MOMENT, MOMENT)
TLS = st.builds(TlsFacts, TEXT, TEXT, st.none() | CERTIFICATE, st.booleans(), TEXT)
ENTRY = st.builds(
    Entry,
    st.floats(0, 1e6),
    st.sampled_from(Direction),
    st.sampled_from(Step),
    TEXT,
    st.none() | st.integers(0, 2**53),
)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    entries = tuple(draw(st.lists(ENTRY, max_size=4)))
    failed = draw(st.none() | st.integers(0, len(entries) - 1)) if entries else None
    port = draw(st.integers(0, 65_535))
    return Transcript(
        draw(MOMENT), draw(TEXT), draw(TEXT), draw(TEXT), port, draw(st.none() | TLS), entries, failed, draw(TEXT)
    )


VALIDATOR = Draft202012Validator(json.loads(schema_text("transcript")))


@given(transcripts())
def test_what_is_written_is_valid_and_reads_back_equal(transcript: Transcript) -> None:
    """The document keeps to its schema, and nothing gets lost in it."""
    text = transcript_json(transcript)
    VALIDATOR.validate(json.loads(text))
    assert parse_transcript(text) == transcript


def test_too_long_texts_are_cut_when_written() -> None:
    """A value made by hand cannot make a document that nobody reads back."""
    entry = Entry(0.0, Direction.NOTE, Step.CONNECT, "x" * 10_000 + "\ud800")
    transcript = Transcript(BEGAN, "x" * 2_000, "h", "a", 25, entries=(entry,) * (MOST_ENTRIES + 1))
    read = parse_transcript(transcript_json(transcript))
    assert (len(read.entries), len(read.entries[0].text), len(read.local_name)) == (MOST_ENTRIES, LONGEST_TEXT, 1_024)


WHOLE: dict[str, Any] = json.loads(
    transcript_json(
        Transcript(
            BEGAN.astimezone(timezone(timedelta(hours=2))),
            "me.example.test",
            "mx.example.test",
            "192.0.2.1",
            25,
            TlsFacts("TLSv1.3", "X", CertificateFacts("CN=a", "CN=b", ("a",), BEGAN, BEGAN), verified=True),
            (Entry(0.5, Direction.SENT, Step.EHLO, "EHLO me", 9),),
            0,
            "bad",
        )
    )
)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("began", "yesterday"),
        ("began", "2026-03-01T12:00:00"),
        ("began", 5),
        ("host", "x" * 1_025),
        ("host", "\ud800"),
        ("host", None),
        ("port", -1),
        ("port", 65_536),
        ("port", True),
        ("port", 25.0),
        ("port", 10**400),
        ("failed", 1),
        ("failed", -1),
        ("tls", []),
        ("tls.verified", 1),
        ("tls.certificate", "a"),
        ("tls.certificate.names", "a"),
        ("tls.certificate.names[0]", 5),
        ("tls.certificate.not_after", "x"),
        ("entries", {}),
        ("entries", [[]] * (MOST_ENTRIES + 1)),
        ("entries[0]", 5),
        ("entries[0].seconds", float("nan")),
        ("entries[0].seconds", float("inf")),
        ("entries[0].seconds", -0.1),
        ("entries[0].seconds", "1"),
        ("entries[0].step", "dance"),
        ("entries[0].step", []),
        ("entries[0].direction", None),
        ("entries[0].text", "x" * (LONGEST_TEXT + 1)),
        ("entries[0].octets", 2**53 + 1),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_faults_name_their_place(place: str, value: object) -> None:
    """Whoever wrote the document by hand is told where to look."""
    document = json.loads(json.dumps(WHOLE))
    holder: Any = document
    *path, last = place.replace("[0]", ".0").split(".")
    for key in path:
        holder = holder[int(key) if isinstance(holder, list) else key]
    holder[int(last) if isinstance(holder, list) else last] = value
    with pytest.raises(TranscriptFault) as caught:
        parse_transcript(json.dumps(document))
    assert caught.value.place == place


@pytest.mark.parametrize("key", sorted(WHOLE))
def test_missing_keys_are_named(key: str) -> None:
    """Every key is required."""
    with pytest.raises(TranscriptFault, match=f"{key}: this is missing"):
        parse_transcript(json.dumps({name: value for name, value in WHOLE.items() if name != key}))


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "{", "null", "[" * 100_000, '{"a":' * 100_000, "9" * 5_000, '"\\ud800"', "\x00"]
)
def test_what_is_no_transcript_is_a_fault(text: str) -> None:
    """No text raises anything else."""
    with pytest.raises(TranscriptFault):
        parse_transcript(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(WHOLE)), inner, max_size=9),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), JSON, max_size=3))
def test_any_values_are_read_or_a_fault(changes: dict[str, object]) -> None:
    """Strange values in a document that is whole otherwise."""
    try:
        parse_transcript(json.dumps(WHOLE | changes))
    except TranscriptFault as fault:
        place = fault.place
    else:
        place = next(iter(WHOLE))
    assert place.partition(".")[0].partition("[")[0] in WHOLE
