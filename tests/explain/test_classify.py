"""Classify: who wins where several rules match, shown with small sets of rules."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.explain.classify import Classifier, Context, codes_of, context_of
from mailwright.explain.deciders import CompiledRules, compile_rules
from mailwright.explain.rules import Rule, Speaker, Strength

SPEAKERS = (Speaker("acme", ("acme.example",), ("acme help",)), Speaker("other", ("other.example",), ()))


def rule(
    name: str,
    *says: str,
    unless: tuple[str, ...] = (),
    codes: tuple[str, ...] = (),
    speaker: str | None = None,
    step: str | None = None,
    strength: Strength = Strength.PLAIN,
) -> Rule:
    """Return a rule whose cause is its name."""
    kept = strength if says else Strength.CODE
    steps = frozenset((step,)) if step else frozenset()
    return Rule(name, name, says, unless, frozenset(codes), speaker, steps, kept, (), "test")


def classifier(*rules: Rule) -> Classifier:
    """Return a classifier over ``rules`` alone."""
    return Classifier(CompiledRules(compile_rules(rules, SPEAKERS)))


KEY = rule("key", "ab12", strength=Strength.KEY)
LONG = rule("long", "mailbox is full")
SHORT = rule("short", "full")
HINT = rule("hint", "full and very much so", strength=Strength.HINT)
ACME = rule("acme", "full", speaker="acme")
CODED = rule("coded", "full", codes=("5.2.2",))
SILENT = rule("silent", "mailbox is full now", unless=("not really",))
AT_RCPT = rule("at-rcpt", "mailbox is full today", step="rcpt")
CODE = rule("code", codes=("x.2.2",))
EXACT = rule("exact", codes=("5.2.2",))
SUBJECT = rule("subject", codes=("x.2",))
CLASS = rule("class", codes=("5",))
REPLY = rule("reply", codes=("552",))
ACME_CODE = rule("acme-code", codes=("x.2.2",), speaker="acme")

RANKED = [
    # Strength before everything.
    ([KEY, LONG, ACME, CODED], "552 5.2.2 AB12 mailbox is full, acme help", "key"),
    ([LONG, HINT], "mailbox is full and very much so", "long"),
    ([HINT, CODE], "552 5.2.2 full and very much so", "hint"),
    # Speaker before codes before length.
    ([ACME, CODED, LONG], "552 5.2.2 mailbox is full, acme help", "acme"),
    ([CODED, LONG], "552 5.2.2 mailbox is full", "coded"),
    ([LONG, SHORT], "mailbox is full", "long"),
    # Conditions that are not met leave the rule out.
    ([ACME, SHORT], "mailbox is full", "short"),
    ([CODED, SHORT], "552 5.2.3 mailbox is full", "short"),
    ([SILENT, SHORT], "mailbox is full now, not really", "short"),
    ([AT_RCPT, SHORT], "mailbox is full today", "short"),
    # Words beat codes, also in a text that holds both.
    ([SHORT, EXACT, REPLY, CLASS], "552 5.2.2 it is full", "short"),
    # Without words: the most exact code, then the one that names the speaker.
    ([CLASS, SUBJECT, CODE, EXACT, REPLY], "552 5.2.2", "exact"),
    ([CLASS, SUBJECT, CODE, REPLY], "552 5.2.2", "code"),
    ([CLASS, SUBJECT, REPLY], "552 5.2.2", "subject"),
    ([CLASS, REPLY], "552 5.2.2", "reply"),
    ([CLASS], "552 5.2.2", "class"),
    ([CODE, ACME_CODE], "552 5.2.2 acme help", "acme-code"),
    ([CODE, ACME_CODE], "552 5.2.2", "code"),
    # Nothing fits.
    ([KEY, LONG, CODED, EXACT], "550 5.1.1 unknown", None),
    ([LONG], "", None),
]


@pytest.mark.parametrize(("rules", "text", "expected"), RANKED)
def test_the_winner_is_the_same_in_every_order(rules: list[Rule], text: str, expected: str | None) -> None:
    """Strength, then speaker, then codes, then length decide; order never does."""
    for order in permutations(rules):
        decided = classifier(*order).classify(text).rule
        assert (decided.id if decided else None) == expected


def test_equal_rules_are_told_apart_by_their_id() -> None:
    """The answer is the same in every run, also where two rules say the same."""
    one, other = rule("a", "full"), rule("b", "full")
    assert {classifier(*order).classify("full").rule.id for order in ((one, other), (other, one))} == {"a"}  # type: ignore[union-attr]


def test_the_step_is_told_by_the_caller() -> None:
    """Which command was answered stands outside the words."""
    decided = classifier(AT_RCPT, SHORT).classify("mailbox is full today", context_of("", step="rcpt")).rule
    assert decided is not None
    assert decided.id == "at-rcpt"


@pytest.mark.parametrize(
    ("host", "text", "speaker"),
    [
        ("mx1.acme.example", "full", "acme"),
        ("mx1.other.example", "full", "other"),
        ("mx1.example.com", "full", None),
        (None, "full, see acme help", "acme"),
        (None, "full", None),
    ],
)
def test_a_speaker_is_heard_by_host_or_words(host: str | None, text: str, speaker: str | None) -> None:
    """A provider speaks through its own words, or through a host of its own."""
    assert classifier(ACME, SHORT).classify(text, Context(host=host)).speaker == speaker


def test_further_texts_are_asked_only_while_nothing_definite_is_known() -> None:
    """The reply's own words come first, then the letter's."""
    asked = classifier(SHORT, rule("gone", "gone away"))
    assert asked.classify("full", near=["gone away"]).rule.id == "short"  # type: ignore[union-attr]
    assert asked.classify("who knows", near=["nothing", "gone away"], far=["full"]).rule.id == "gone"  # type: ignore[union-attr]
    assert asked.classify("who knows", far=["nothing"]).rule is None


def test_codes_of_the_context_are_used_and_given_back() -> None:
    """Codes that stand in a field of their own count like those in the words."""
    verdict = classifier(CODE).classify("no words", Context("552", "5.2.2"))
    assert verdict.rule is not None
    assert (verdict.rule.id, verdict.reply_code, verdict.status) == ("code", "552", "5.2.2")


@pytest.mark.parametrize(
    ("reply", "status", "expected"),
    [
        ("552", "5.2.2", {"5.2.2", "x.2.2", "x.2", "552", "5"}),
        ("452", "4.0.0", {"452", "4"}),
        ("452", None, {"452", "4"}),
        (None, "5.2.2", {"5.2.2", "x.2.2", "x.2", "5"}),
        ("452", "5.2.2", {"5.2.2", "x.2.2", "x.2", "452", "5"}),
        (None, None, set()),
    ],
)
def test_codes_go_by_every_name_a_rule_may_use(reply: str | None, status: str | None, expected: set[str]) -> None:
    """The enhanced code gives the class where the two contradict each other."""
    names = codes_of(reply, status)
    assert set(names) == expected
    assert names[:1] == ((status,) if status and not status.endswith(".0.0") else names[:1])


@given(st.text(alphabet="fulmaiboxs kAB12.5 \n"), st.sampled_from([None, "552", "452"]))
def test_the_same_text_gets_the_same_answer(text: str, code: str | None) -> None:
    """A verdict depends on nothing but its input, also when it is remembered."""
    rules = (KEY, LONG, SHORT, HINT, CODED, CODE, CLASS)
    asked = classifier(*rules)
    first = asked.classify(text, Context(code))
    assert asked.classify(text, Context(code)) == first
    assert classifier(*reversed(rules)).classify(text, Context(code)).rule == first.rule
