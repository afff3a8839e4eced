"""MarkedMaildrop: numbers stand still, marks hide."""

from __future__ import annotations

import pytest

from mailwright.pop3.marked import MarkedMaildrop
from mailwright.pop3.responses import DropListing
from mailwright.pop3.server_events import Entry

ENTRIES = [Entry(120, "a"), Entry(200, "b"), Entry(80, "c")]


def test_marking_hides_a_message_and_moves_no_number() -> None:
    """RFC 1939 5: any later reference to a marked message is an error."""
    maildrop = MarkedMaildrop(ENTRIES)
    assert maildrop.listing() == DropListing(3, 400)
    assert maildrop.mark(2)
    assert not maildrop.mark(2)
    assert maildrop.listing() == DropListing(2, 200)
    assert maildrop.get(2) is None
    assert maildrop.get(3) == ENTRIES[2]
    assert list(maildrop.left()) == [(1, ENTRIES[0]), (3, ENTRIES[2])]
    assert maildrop.mark(1)
    assert maildrop.deleted() == (1, 2)


def test_unmarking_brings_all_back() -> None:
    """RSET, which may come twice."""
    maildrop = MarkedMaildrop(ENTRIES)
    maildrop.mark(1)
    maildrop.unmark_all()
    maildrop.unmark_all()
    assert maildrop.listing() == DropListing(3, 400)
    assert maildrop.deleted() == ()


@pytest.mark.parametrize("number", [0, -1, 4, 10**10])
def test_there_is_no_such_message(number: int) -> None:
    """Numbers begin with one and end with the last."""
    maildrop = MarkedMaildrop(ENTRIES)
    assert maildrop.get(number) is None
    assert not maildrop.mark(number)
