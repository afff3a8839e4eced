"""Reply and EnhancedStatus: values of the protocol."""

from __future__ import annotations

import pytest

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        (Reply(250, ("",)), "250"),
        (Reply(250, ("OK",)), "250 OK"),
        (Reply(550, ("User unknown",), EnhancedStatus(5, 1, 1)), "550 5.1.1 User unknown"),
        (Reply(550, ("one", "two"), EnhancedStatus(5, 7, 1)), "550-5.7.1 one\n550 5.7.1 two"),
        (Reply(250, ("mx.example.test", "SIZE 100")), "250-mx.example.test\n250 SIZE 100"),
    ],
)
def test_a_reply_is_written_as_it_stands_on_the_wire(reply: Reply, written: str) -> None:
    """Code, separator, enhanced code and words of each line."""
    assert str(reply) == written


@pytest.mark.parametrize(
    ("code", "completes", "continues", "refuses"),
    [
        (220, True, False, False),
        (299, True, False, False),
        (354, False, True, False),
        (421, False, False, True),
        (550, False, False, True),
    ],
)
def test_the_first_digit_says_what_a_reply_is(code: int, completes: bool, continues: bool, refuses: bool) -> None:
    """RFC 5321 4.2.1."""
    reply = Reply(code, ("",))
    assert (reply.completes, reply.continues, reply.refuses) == (completes, continues, refuses)


@pytest.mark.parametrize("text", ["2.0.0", "4.7.26", "5.1.1", "5.999.999"])
def test_an_enhanced_code_is_read_and_written(text: str) -> None:
    """RFC 3463 2."""
    assert str(EnhancedStatus.parse(text)) == text


@pytest.mark.parametrize("text", ["", "5", "5.1", "5.1.1.1", "3.0.0", "5.1.1000", "5.+1.1", "5.1.", "5.1.¹", "5.1.1 "])
def test_what_is_no_enhanced_code_is_none(text: str) -> None:
    """Three numbers, the first 2, 4 or 5, the others of at most three digits."""
    assert EnhancedStatus.parse(text) is None
