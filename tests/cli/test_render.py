"""An explanation for people: the fix before the forensics, and only what is known."""

from __future__ import annotations

from typing import Any

import pytest

from mailwright.cli.render import SHOWN_WORDS, explanation_lines

REPORT = {
    "recipient": "anna@example.com",
    "original_recipient": None,
    "cause": "address-unknown",
    "title": "The mailbox does not exist",
    "explanation": "It is not there.",
    "fixer": "sender",
    "fixes": ["Look.", "Ask."],
    "diagnostic": "550 5.1.1 no",
    "remote_host": "mx.example.com",
    "reply_code": "550",
    "enhanced_status": "5.1.1",
    "permanence": "permanent",
    "suppress": True,
    "confidence": "certain",
    "rule": "mailbox.unknown",
}


def lines(*, first: bool = True, kind: str = "bounce", **changed: Any) -> list[str]:
    """The lines for one message with one report, indented."""
    result = {"source": "one.eml", "kind": kind, "reports": [REPORT | changed]}
    return [" " * line.indent + line.text for line in explanation_lines(result, first=first)]


FACTS = (
    "Code: 550 5.1.1 · Does waiting help: no, it does not pass by itself · "
    "Write to this address again: no · Certainty: certain"
)


def test_the_whole_of_it_stands_in_order() -> None:
    """What happened, whose turn, what to do, and last what the server said."""
    assert lines() == [
        "one.eml: mail that was not delivered",
        "",
        "  anna@example.com",
        "  The mailbox does not exist  [address-unknown]",
        "  It is not there.",
        "  Whose turn: the sender",
        "  What to do:",
        "    1. Look.",
        "    2. Ask.",
        "  mx.example.com said: 550 5.1.1 no",
        f"  {FACTS}",
    ]


@pytest.mark.parametrize(
    ("changed", "expected", "absent"),
    [
        (
            {"original_recipient": "team@example.org"},
            "  anna@example.com (sent to team@example.org)",
            "  anna@example.com",
        ),
        ({"remote_host": None}, "  Said: 550 5.1.1 no", "  mx.example.com said: 550 5.1.1 no"),
        ({"recipient": None}, "  The mailbox does not exist  [address-unknown]", "  anna@example.com"),
        ({"diagnostic": None}, "    2. Ask.", "  mx.example.com said: 550 5.1.1 no"),
    ],
)
def test_what_is_not_known_leaves_no_trace(changed: dict[str, Any], expected: str, absent: str) -> None:
    """No empty label, no "None"."""
    shown = lines(**changed)
    assert expected in shown
    assert absent not in shown
    assert not any("None" in line for line in shown)


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        ({"reply_code": None}, "Code: 5.1.1 · "),
        ({"reply_code": None, "enhanced_status": None}, "Does waiting help: no"),
        ({"permanence": "temporary", "suppress": False}, "yes, it passes by itself · Write to this address again: yes"),
        ({"permanence": "depends"}, "Does waiting help: perhaps"),
        ({"confidence": "likely"}, "Certainty: likely"),
        ({"confidence": "unknown"}, "Certainty: not known"),
        ({"recipient": None, "suppress": False}, "no, it does not pass by itself · Certainty: certain"),
        ({"recipient": None, "suppress": True}, "Write to this address again: no"),
    ],
)
def test_the_last_line_holds_the_facts_that_are_known(changed: dict[str, Any], facts: str) -> None:
    """Where no address is concerned, nothing is said about writing to it."""
    assert facts in lines(**changed)[-1]


@pytest.mark.parametrize("kind", ["bounce", "delayed", "delivered", "vacation", "feedback", "other"])
def test_every_kind_has_words(kind: str) -> None:
    """The first line says what the message is."""
    assert lines(kind=kind)[0].startswith("one.eml: ")


def test_long_words_of_a_server_are_cut_and_say_so() -> None:
    """--json has them all."""
    shown = lines(diagnostic="x" * (SHOWN_WORDS + 1))
    assert "  mx.example.com said: " + "x" * SHOWN_WORDS + "…" in shown


def test_messages_are_set_apart_by_an_empty_line() -> None:
    """All but the first."""
    assert lines(first=False)[:2] == ["", "one.eml: mail that was not delivered"]


def test_a_reply_is_named_by_its_id() -> None:
    """Beside the line it stood in."""
    result = {"id": 7, "source": "-:3", "kind": "bounce", "reports": []}
    assert [line.text for line in explanation_lines(result, first=True)] == ["-:3 [7]: mail that was not delivered"]


@pytest.mark.parametrize("rule", ["dns", "connection"])
def test_what_nobody_said_was_seen(rule: str) -> None:
    """DNS and a connection that failed are no words of a server."""
    assert "  Seen: NXDOMAIN" in lines(rule=rule, diagnostic="NXDOMAIN")
