"""Replies of the server: each has a status of its class, and the fixed ones are what the writer would write."""

from __future__ import annotations

import pytest

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp import server_replies
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.server_replies import reply_bytes

OWN = {name: value for name, value in vars(server_replies).items() if isinstance(value, Reply)}
FIXED = {name: value for name, value in vars(server_replies).items() if isinstance(value, bytes)}


@pytest.mark.parametrize("name", OWN)
def test_every_own_reply_can_be_said(name: str) -> None:
    """Its status is of its code's class, and it fits into one line."""
    wire = reply_bytes(OWN[name])
    assert wire.startswith(f"{OWN[name].code} {OWN[name].enhanced} ".encode())
    assert wire.count(b"\n") == 1


@pytest.mark.parametrize("name", FIXED)
def test_every_fixed_reply_is_one_line_with_a_status(name: str) -> None:
    """What is ready for the wire looks as if it were written now (RFC 2034 4: 354 has no status)."""
    code, status, *_ = FIXED[name].split(b" ")
    assert FIXED[name].endswith(b"\r\n")
    assert FIXED[name].count(b"\n") == 1
    assert code == b"354" or status[:1] == code[:1]


@pytest.mark.parametrize(
    ("reply", "wire"),
    [
        (Reply(250, ("Ok",)), b"250 2.0.0 Ok\r\n"),
        (Reply(550, ("No", "Really")), b"550-5.0.0 No\r\n550 5.0.0 Really\r\n"),
        (Reply(354, ("Go on",)), b"354 Go on\r\n"),
        (Reply(451, ("",), EnhancedStatus(4, 3, 0)), b"451 4.3.0 \r\n"),
    ],
)
def test_a_status_is_added_where_there_is_none(reply: Reply, wire: bytes) -> None:
    """RFC 2034 4: every 2yz, 4yz and 5yz reply has one."""
    assert reply_bytes(reply) == wire


@pytest.mark.parametrize(
    "reply", [Reply(199, ("",)), Reply(600, ("",)), Reply(250, ()), Reply(450, ("",), EnhancedStatus(5, 0, 0))]
)
def test_what_is_no_reply_is_not_said(reply: Reply) -> None:
    """A code outside 200 to 599, no line, or a status of another class."""
    with pytest.raises(LocalProtocolError):
        reply_bytes(reply)


def test_words_cannot_break_a_reply() -> None:
    """Line ends in an application's words do not become lines of the reply."""
    assert reply_bytes(Reply(550, ("No\r\n250 2.0.0 Ok",))).count(b"\n") == 1
