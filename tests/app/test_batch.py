"""Batches: results in order, whatever the number of processes and the size of the lots."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from mailwright.app import batch
from mailwright.app.batch import explain_replies, explain_sources, usable_cores
from mailwright.app.replies import Reply
from mailwright.app.sources import SourceMessage, SourceTrouble

MAIL = b"From: a@example.com\nSubject: hello\n\nSee you tomorrow.\n"


def test_messages_and_trouble_come_in_the_order_of_the_input() -> None:
    """Trouble stands where its source stood."""
    found: list[SourceMessage | SourceTrouble] = [
        SourceMessage("1", MAIL),
        SourceTrouble("2", "gone"),
        SourceMessage("3", MAIL),
    ]
    first, second, third = explain_sources(found, "en", 1)
    assert second == SourceTrouble("2", "gone")
    assert [first, third] == [{"source": source, "kind": "other", "reports": []} for source in ("1", "3")]


@pytest.mark.parametrize("reply_id", ["a", 7, 0, 1.5])
def test_a_reply_keeps_its_id(reply_id: str | float) -> None:
    """Words stay words and numbers numbers; the id stands first in the line."""
    (result,) = explain_replies([Reply("-:1", reply_id, "550 5.1.1 User unknown")], "en", 1)
    assert isinstance(result, dict)
    assert next(iter(result.items())) == ("id", reply_id)


def test_a_reply_without_an_id_has_none() -> None:
    """An id is not invented."""
    (result,) = explain_replies([Reply("-:1", None, "550 5.1.1 User unknown")], "en", 1)
    assert isinstance(result, dict)
    assert "id" not in result


@pytest.mark.parametrize("language", ["en", "de", "cs", "zh"])
def test_texts_are_in_the_language_asked_for(language: str) -> None:
    """The same cause, other words."""
    (result,) = explain_replies([Reply("-:1", None, "550 5.1.1 User unknown")], language, 1)
    titles = {
        "en": "The mailbox does not exist",
        "de": "Das Postfach gibt es nicht",
        "cs": "Schránka neexistuje",
        "zh": "收件人邮箱不存在",
    }
    assert isinstance(result, dict)
    assert result["reports"][0]["title"] == titles[language]


def test_nothing_gives_nothing() -> None:
    """An empty input starts no process and yields no line."""
    assert list(explain_sources([], "en", 4)) == []


def test_a_batch_reads_no_further_ahead_than_a_lot() -> None:
    """Memory does not follow the input: whoever takes one result has caused one lot to be read."""
    read = []

    def endless() -> Iterator[SourceMessage]:
        number = 0
        while True:
            number += 1
            read.append(number)
            yield SourceMessage(str(number), MAIL)

    (result,) = islice(explain_sources(endless(), "en", 1), 1)
    assert isinstance(result, dict)
    assert len(read) <= batch.LOT + 1


def test_big_messages_make_small_lots() -> None:
    """A lot is bounded in octets as well as in messages."""
    big = SourceMessage("big", bytes(batch.LOT_OCTETS))
    small = SourceMessage("small", MAIL)
    assert [len(lot) for lot in batch._lots([big, big, small, big, small])] == [1, 1, 2, 1]
    assert [len(lot) for lot in batch._lots([small] * (2 * batch.LOT + 1))] == [batch.LOT, batch.LOT, 1]


def test_there_is_always_a_core() -> None:
    """The number of processes is never zero."""
    assert usable_cores() >= 1
