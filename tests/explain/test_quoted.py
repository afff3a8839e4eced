"""Quoted replies: the innermost words, the host that spoke, and the command it answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.explain.quoted import LONGEST_REPLY, find_host, find_step, innermost, quoted_reply

POSTFIX = """\
<anna@example.com>: host mx.example.com[192.0.2.9] said: 550 5.1.1
    <anna@example.com>: User unknown (in reply to RCPT TO command)
"""
QMAIL = """\
<anna@example.com>:
192.0.2.9 does not like recipient.
Remote host said: 550 no mailbox
Giving up on 192.0.2.9.
"""
EXIM = """\
  anna@example.com
    host mx.example.com [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:<anna@example.com>:
    550 User unknown
"""
SENDMAIL = """\
... while talking to mx.example.com.:
>>> RCPT To:<anna@example.com>
<<< 550 5.1.1 User unknown
550 5.1.1 anna... User unknown
"""
EXCHANGE = """\
mx.example.com gave this error:
Remote Server returned '550 5.1.1 User unknown'
"""

#: name -> (letter, words of the refusal, host that spoke).
LETTERS: dict[str, tuple[str, str | None, str | None]] = {
    # Realistic.
    "Postfix": (POSTFIX, "550 5.1.1 <anna@example.com>: User unknown", "mx.example.com"),
    "qmail": (QMAIL, "550 no mailbox", None),
    "Exim": (EXIM, "550 User unknown", "mx.example.com"),
    "Sendmail": (SENDMAIL, "550 5.1.1 User unknown 550 5.1.1 anna... User unknown", "mx.example.com"),
    "Exchange": (EXCHANGE, "550 5.1.1 User unknown'", None),
    "several lines": ("said: 550-No\n550-such\n550 user\n", "550-No 550-such 550 user", None),
    "nested": (
        "said: 554 5.4.0 Error: relay said: 550 5.1.1 unknown\n",
        "550 5.1.1 unknown",
        None,
    ),
    "success before failure": ("<<< 250 ok\n<<< 550 no\n", "550 no", None),
    # Synthetic: nothing quoted.
    "a sentence with a number": ("You have sent 550 messages today.\n", None, None),
    "a success": ("said: 250 2.0.0 Ok: queued\n", None, None),
    "nothing": ("", None, None),
}


@pytest.mark.parametrize("name", LETTERS)
def test_the_refusal_is_found_in_a_letter(name: str) -> None:
    """Mail systems differ in what they write around the words of the other side."""
    letter, words, host = LETTERS[name]
    found = quoted_reply(letter)
    assert (found.text if found else None) == words
    if found:
        assert found.host == host


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("550 5.1.1 User unknown", "550 5.1.1 User unknown"),
        ("554 5.4.14 Hop count exceeded -> 550 5.1.1 unknown", "550 5.1.1 unknown"),
        ("550 5.1.0 Address rejected: server said: 552 full", "552 full"),
        ("554 delivery error: dd Requested mail action aborted - mx said: 550", "550"),
        (
            '451 4.4.0 Primary target IP address responded with: "421 4.4.2 Connection dropped"',
            '421 4.4.2 Connection dropped"',
        ),
        ("550 said: nothing more", "550 said: nothing more"),
        ("550 5.1.0 error 550-'5.2.2 mailbox full'", "550-'5.2.2 mailbox full'"),
        ("İİİİ 554 x said: 550 y", "550 y"),
        ("", ""),
    ],
)
def test_the_innermost_reply_wins(reply: str, expected: str) -> None:
    """Who relayed a refusal is not who refused."""
    assert innermost(reply) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host mx.example.com[192.0.2.9] said: 550", "mx.example.com"),
        ("host mx.example.com [192.0.2.9]: 550", "mx.example.com"),
        ("mx.example.com[IPv6:2001:db8::1] said", "mx.example.com"),
        ("[192.0.2.1] refused; mx.example.com[192.0.2.9] said", "mx.example.com"),
        ("while talking to mx.example.com.:", "mx.example.com"),
        ("connect to mx.example.com: timeout", "mx.example.com"),
        ("the host anna@example.com", None),
        ("the server is down", None),
        ("İİİİ host mx.example.com said", "mx.example.com"),
        ("", None),
    ],
)
def test_the_host_that_spoke_is_named(text: str, expected: str | None) -> None:
    """The name before an address in brackets, or behind words that introduce a host."""
    assert find_host(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550 no (in reply to RCPT TO command)", "rcpt"),
        ("550 no (in reply to end of DATA command)", "data"),
        ("550 no (in reply to MAIL FROM command)", "mail"),
        ("SMTP error from remote mail server after initial connection", "connect"),
        ("failed after I sent the message", "data"),
        (">>> RCPT To:<anna@example.com>", "rcpt"),
        ("550 no", None),
        ("", None),
    ],
)
def test_the_command_that_was_answered_is_named(text: str, expected: str | None) -> None:
    """The same words mean different things at different steps."""
    assert find_step(text) == expected


PIECES = st.sampled_from(
    ["550 ", "said: ", "5.1.1 ", "'", "(", "<<< ", "\n", "[192.0.2.1]", "host ", "a.example ", "x", "İ"]
)


@given(st.lists(PIECES, max_size=40))
def test_what_is_quoted_stands_in_the_text(pieces: list[str]) -> None:
    """Words are never made up, and their length is bounded."""
    text = "".join(pieces)
    inner = innermost(text)
    assert inner in text
    assert len(inner) <= LONGEST_REPLY
    host = find_host(text)
    assert host is None or host in text
    quoted = quoted_reply(text)
    assert quoted is None or set(quoted.text.split()) <= {word for line in text.split("\n") for word in parts(line)}


def parts(line: str) -> set[str]:
    """Return every piece of the words of a line, since a reply may begin or end inside one."""
    return {
        word[begin:end]
        for word in line.split()
        for begin in range(len(word))
        for end in range(begin + 1, len(word) + 1)
    }
