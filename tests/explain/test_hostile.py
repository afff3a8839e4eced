"""Hostile mail: floods, bombs and lies end in an honest answer, without an exception and within bounds."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.explain import SAMPLES, TOKENS, broken_promises, mutate, run
from mailwright.explain.explanation import Kind
from mailwright.explain.fields import MOST_RECIPIENTS
from mailwright.explain.message import explain_message
from mailwright.explain.reply import explain_reply
from tests.samples import group, mail, report

FAILED = "Your message could not be delivered.\n\n"
LETTERS = [file.read_bytes() for file in sorted(SAMPLES.rglob("*.eml"))]
MULTIPART = "Content-Type: multipart/mixed; boundary=b\n"
HTML = "Content-Type: text/html; charset=utf-8\n"


def flood(piece: str | bytes, octets: int = 1_000_000) -> bytes:
    """Return ``piece`` over and over, about ``octets`` long."""
    raw = piece if isinstance(piece, bytes) else piece.encode()
    return raw * (octets // len(raw))


def nested_multiparts(depth: int) -> bytes:
    """Return a message of multiparts in multiparts, each with a boundary of its own."""
    return (
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)) + b"\nhi\n"
    )


def bomb(depth: int, width: int) -> bytes:
    """Return a message that holds ``width`` messages, which hold ``width`` messages, ``depth`` times."""
    raw = mail("hi\n", subject="y")
    for level in range(depth):
        part = b"--q%d\nContent-Type: message/rfc822\n\n%b\n" % (level, raw)
        raw = mail(part * width, subject="y", fields=f"Content-Type: multipart/mixed; boundary=q{level}\n")
    return raw


MESSAGES = {
    "one line of 100 MB": lambda: b"a" * 100_000_000,
    "a body of 100 MB in one line": lambda: mail(b"a " * 50_000_000),
    "10,000 multiparts in each other": lambda: nested_multiparts(10_000),
    "1,000 messages in each other": lambda: flood("Content-Type: message/rfc822\n\n", 30_000),
    "messages that hold messages": lambda: bomb(3, 64),
    "100,000 header lines": lambda: mail("hi\n", fields="".join(f"X-{n}: y\n" for n in range(100_000))),
    "a header field of a million lines": lambda: mail("hi\n", fields="X: y\n" + " z\n" * 1_000_000),
    "encoded words without end": lambda: mail("hi\n", subject="=?a?q? " * 18_000),
    "encoded words of unknown charsets": lambda: mail(
        "hi\n", subject="".join(f"=?a{n}?q?=E9?= " for n in range(10_000))
    ),
    "boundaries": lambda: mail(flood("--b\n\n"), fields=MULTIPART),
    "boundaries that only begin alike": lambda: mail("--b\n" + "--bb\n" * 200_000, fields=MULTIPART),
    "tags": lambda: mail(flood("<"), fields=HTML),
    "tags that are closed": lambda: mail(flood("<p>"), fields=HTML),
    "scripts that are not": lambda: mail(flood("<script>"), fields=HTML),
    "comments that are not": lambda: mail(flood("<!--"), fields=HTML),
    "a number of a million digits": lambda: mail("&#" + "9" * 1_000_000 + ";", fields=HTML),
    "empty groups of a report": lambda: report(*[":\n"] * 200_000),
    "a diagnostic of markers": lambda: report(group(reply="550 " + "<<< " * 30_000)),
    "a diagnostic of codes": lambda: report(group(reply="550 5.1.1 " * 12_000)),
    "NULs": lambda: mail(b"\x00" * 1_000_000),
    "only NULs": lambda: b"\x00" * 1_000_000,
    "only carriage returns": lambda: b"\r" * 1_000_000,
    "only quote marks": lambda: b">" * 250_000,
    "UTF-8 that is none": lambda: mail(b"\xe4" * 1_000_000, fields="Content-Type: text/plain; charset=utf-8\n"),
    "characters that unfold": lambda: mail(FAILED + "\ufdfa" * 80_000),
    "JSON in JSON": lambda: mail('{"a":' * 50_000, subject="AWS Notification Message"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_gets_an_honest_answer(name: str) -> None:
    """Whatever it is, the answer comes, and nothing in it is made up: no failure has a cause that nobody named."""
    raw = MESSAGES[name]()
    explained = explain_message(raw)
    named = {found.diagnosis.cause.id for found in explained.reports}
    assert named <= {"undetermined", "address-unknown"}
    assert (explained.kind is Kind.OTHER) is not bool(explained.reports)


@pytest.mark.parametrize(
    "piece", ["(", "[", "[1", "{", "@", "a@", '"@', "<", "'550 ", "host ", ": 550 ", "5.", "said: ", "=", ". "]
)
def test_a_flood_in_a_letter_hides_nothing(piece: str) -> None:
    """What stands before the flood is still read."""
    letter = f"{FAILED}<anna@example.com>: host mx.example.com[192.0.2.9] said: 550 User unknown\n\n"
    explained = explain_message(mail(letter.encode() + flood(piece)))
    assert "anna@example.com" in [found.recipient for found in explained.reports]


@pytest.mark.parametrize(
    "charset",
    ["idna", "punycode", "undefined", "unicode_escape", "utf-16", "utf-7", "hz", "rot13", "base64", "\u00ff", "\x01"],
)
def test_a_charset_that_lies_hides_nothing(charset: str) -> None:
    """Labels are claims, also where Python knows a codec of that name."""
    fields = f"Content-Type: text/plain; charset={charset}\n"
    raw = mail(
        (f"{FAILED}<anna@example.com>:\n550 User unknown\n" + "Gr\u00fc\u00dfe \\x ~{ +\n" * 20).encode(), fields=fields
    )
    (found,) = explain_message(raw).reports
    assert (found.recipient, found.diagnosis.cause.id) == ("anna@example.com", "address-unknown")


def test_fifty_thousand_recipients_are_read_up_to_the_limit() -> None:
    """A report has as many answers as a message may have recipients, and a few more."""
    explained = explain_message(report(*[group(f"a{n}@example.com") for n in range(50_000)]))
    assert explained.kind is Kind.BOUNCE
    assert 100 < len(explained.reports) <= MOST_RECIPIENTS


def test_memory_does_not_follow_the_message() -> None:
    """Of a hundred megabytes some sixteen are looked at; the rest is never copied."""
    raw = mail(b"a " * 50_000_000)
    tracemalloc.start()
    explain_message(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 1024 * 1024


@pytest.mark.parametrize("name", ["postfix-report.eml", "exim-report.eml", "qmail-unknown.eml", "gmail-new-report.eml"])
def test_a_bounce_may_end_anywhere(name: str) -> None:
    """Cut at every octet, no promise is broken, and nothing is called a success."""
    raw = (SAMPLES / "letters" / name).read_bytes()
    for cut in range(len(raw)):
        assert broken_promises(raw[:cut]) == []
        assert explain_message(raw[:cut]).kind not in {Kind.DELIVERED, Kind.FEEDBACK}


@given(st.binary(max_size=500))
def test_any_bytes_are_explained(raw: bytes) -> None:
    """Bytes that were never mail get an answer too."""
    assert broken_promises(raw) == []


@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=8).map(str.encode)), max_size=40))
def test_anything_made_of_mail_is_explained(pieces: list[bytes]) -> None:
    """Pieces of headers, reports and charsets in any order keep every promise."""
    assert broken_promises(b"".join(pieces)) == []


@given(st.sampled_from(LETTERS), st.integers(0, 2**32))
def test_a_damaged_bounce_is_explained(letter: bytes, seed: int) -> None:
    """Bounces cut, doubled and mixed with rubbish keep every promise."""
    assert broken_promises(mutate(letter, random.Random(seed))) == []  # noqa: S311 - rubbish for a test


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_any_text_is_explained_as_a_reply(text: str) -> None:
    """Replies come from files that hold anything, also halves of characters."""
    found = explain_reply(text)
    assert found == explain_reply(text)
    assert found.diagnosis.evidence.text == text


def test_the_fuzzer_runs_without_atheris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rounds are the same for the same seed, and a promise that is kept leaves no file."""
    monkeypatch.chdir(tmp_path)
    assert run(50, 1, [])
    assert list(tmp_path.iterdir()) == []
