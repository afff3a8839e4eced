"""Commands of POP3: what is written is read back, and nothing else is written or read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.pop3.command_reader import LONGEST_KEYWORD, decode_base64, parse_command
from mailwright.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    Unknown,
    User,
    Utf8,
    command_to_bytes,
)
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError

DIGEST = "c4c9334bac560ecc979e58001b3e22fb"

WRITTEN: list[tuple[Command, bytes]] = [
    (User("mrose"), b"USER mrose"),
    (User("annä@example.org"), "USER annä@example.org".encode()),
    (Pass("secret"), b"PASS secret"),
    (Pass(" two  words "), b"PASS  two  words "),
    (Apop("mrose", DIGEST), b"APOP mrose " + DIGEST.encode()),
    (Auth("PLAIN"), b"AUTH PLAIN"),
    (Auth("PLAIN", b""), b"AUTH PLAIN ="),
    (Auth("PLAIN", b"\x00a\x00b"), b"AUTH PLAIN AGEAYg=="),
    (Capa(), b"CAPA"),
    (Stls(), b"STLS"),
    (Quit(), b"QUIT"),
    (Stat(), b"STAT"),
    (List(), b"LIST"),
    (List(2), b"LIST 2"),
    (Uidl(), b"UIDL"),
    (Uidl(9_999_999_999), b"UIDL 9999999999"),
    (Retr(1), b"RETR 1"),
    (Top(1, 10), b"TOP 1 10"),
    (Top(1, 0), b"TOP 1 0"),
    (Dele(1), b"DELE 1"),
    (Noop(), b"NOOP"),
    (Rset(), b"RSET"),
    (Utf8(), b"UTF8"),
    (Lang(), b"LANG"),
    (Lang("de-AT"), b"LANG de-AT"),
    (Lang("*"), b"LANG *"),
]


@pytest.mark.parametrize(("command", "line"), WRITTEN, ids=lambda value: repr(value)[:40])
def test_what_is_written_is_read_back(command: Command, line: bytes) -> None:
    """Writing and reading are two halves of a pair."""
    assert command_to_bytes(command) == line + b"\r\n"
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"quit", Quit()),
        (b"Quit ", Quit()),
        (b"list   ", List()),
        (b"LIST 1 ", List(1)),
        (b"retr 007", Retr(7)),
        (b"auth plain AGEAYg==", Auth("PLAIN", b"\x00a\x00b")),
        (b"", Unknown("")),
        (b"XTND XMIT", Unknown("XTND")),
        (b"GET /index.html HTTP/1.1", Unknown("GET")),
        (b"a" * 300, Unknown("A" * LONGEST_KEYWORD)),
    ],
    ids=repr,
)
def test_other_spellings_are_read(line: bytes, command: Command) -> None:
    """Case and trailing spaces do not matter; what is no command is a value too."""
    assert parse_command(line) == command


@pytest.mark.parametrize(
    "line",
    [
        b"QUIT now",
        b"STAT 1",
        b"USER",
        b"USER ",
        b"USER two words",
        b"PASS",
        b"PASS ",
        b"RETR",
        b"RETR one",
        b"RETR -1",
        b"RETR 1 2",
        b"RETR 12345678901",
        "RETR ٣".encode(),
        b"RETR  1",
        b"TOP 1",
        b"TOP 1 -1",
        b"TOP 1 2 3",
        b"TOP",
        b"DELE",
        b"APOP mrose",
        b"APOP mrose " + DIGEST.upper().encode(),
        b"APOP mrose " + DIGEST.encode()[1:],
        b"AUTH",
        b"AUTH PL!AIN",
        b"AUTH AAAAAAAAAAAAAAAAAAAAA",
        b"AUTH PLAIN not base64",
        b"AUTH PLAIN AGE",
        "AUTH PLAIN ä".encode(),
        b"LANG not_a_tag",
        b"LANG " + b"a" * 36,
        b"USER a\x00b",
        b"PASS a\x7fb",
        b"USER \xff",
    ],
    ids=repr,
)
def test_faults_are_told_without_the_line(line: bytes) -> None:
    """What cannot be read raises the one error for it, in words that repeat nothing of what may be a password."""
    with pytest.raises(RemoteProtocolError) as raised:
        parse_command(line)
    assert raised.value.message.isascii()
    assert raised.value.message.isprintable()
    argument = line.partition(b" ")[2].decode("utf-8", "replace").strip()
    assert len(argument) < 3 or argument not in raised.value.message


@pytest.mark.parametrize(
    "command",
    [
        User("two words"),
        User(""),
        User("a\r\nDELE 1"),
        User("a" * 249),
        User("\ud800"),
        Pass(""),
        Pass("a\nb"),
        Pass("\x00"),
        Pass("ä" * 125),
        Apop("mrose", "no digest"),
        Apop("a b", DIGEST),
        Auth("plain"),
        Auth(""),
        Auth("A" * 21),
        Retr(-1),
        Retr(10_000_000_000),
        Top(1, -1),
        Dele(-1),
        List(-1),
        Lang("a b"),
        Lang(""),
        Unknown("XTND"),
    ],
    ids=lambda command: repr(command)[:40],
)
def test_what_cannot_be_written_is_the_callers_mistake(command: Command) -> None:
    """No line goes out that could be read as anything but the one command."""
    with pytest.raises(LocalProtocolError) as raised:
        command_to_bytes(command)
    if isinstance(command, Pass) and command.password:
        assert command.password not in str(raised.value)


def test_a_line_of_255_octets_is_the_longest() -> None:
    """RFC 2449 4, exactly reached."""
    assert len(command_to_bytes(User("a" * 248))) == 255
    assert len(command_to_bytes(Pass("ä" * 124))) == 255


@pytest.mark.parametrize("command", [Pass("hunter2"), Auth("PLAIN", b"hunter2"), Apop("a", DIGEST)], ids=type)
def test_secrets_are_not_shown(command: Command) -> None:
    """A command in a log or a traceback tells nothing."""
    assert "hunter2" not in repr(command)
    assert DIGEST not in repr(command)


@given(st.binary(max_size=300).filter(lambda line: b"\r" not in line and b"\n" not in line))
def test_any_line_is_a_command_or_a_fault(line: bytes) -> None:
    """Hostile input can only raise the one error; what was read can be written and read again."""
    try:
        command = parse_command(line)
    except RemoteProtocolError:
        return
    if not isinstance(command, Unknown):
        assert parse_command(command_to_bytes(command)[:-2]) == command


@given(st.binary(max_size=60))
def test_base64_is_read_strictly(text: bytes) -> None:
    """Anything but canonical characters in whole groups is refused."""
    try:
        decode_base64(text)
    except RemoteProtocolError:
        return
    assert len(text) % 4 == 0
    assert not text.translate(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
