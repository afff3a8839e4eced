"""Phrases: whole words, gaps, open ends, scripts without spaces, and all of them at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.explain.normalise import normalise
from mailwright.explain.phrases import GAP, PhraseFault, PhraseSet, compile_phrases, fragments, number_phrases


def holds(phrase: str, text: str) -> bool:
    """Tell whether ``phrase`` is found in ``text``, whatever its form."""
    return PhraseSet(compile_phrases([phrase])).find(normalise(text)) == {0}


def filler(size: int) -> str:
    """Return one word of ``size`` characters."""
    return "x" * size


MEETS = [
    # Words.
    ("user unknown", "550 User unknown.", True),
    ("user unknown", "550 user-unknown", True),
    ("user unknown", "USER\n UNKNOWN", True),
    ("user unknown", "superuser unknown", False),
    ("user unknown", "user unknownst", False),
    ("user unknown", "user is unknown", False),
    ("user unknown", "unknown user", False),
    ("quota", "quotation", False),
    ("Příjemce", "prijemce", True),
    ("couldn't", "couldn’t", True),
    # Open ends.
    ("exceed~", "exceeded", True),
    ("exceed~", "exceed", True),
    ("exceed~", "exceeeds", False),
    ("~postfach", "Benutzerpostfach voll", True),
    ("~postfach~", "Benutzerpostfachs", True),
    ("~postfach", "postfachs", False),
    ("exceed~ quota", "exceeded your quota", True),
    ("exceed~ quota", "quota exceeded", False),
    # Gaps.
    ("mailbox * full", "mailbox is full", True),
    ("mailbox * full", "mailbox full", True),
    ("mailbox * full", "full mailbox", False),
    ("mailbox * full", "mailboxfull", False),
    ("mailbox * full", f"mailbox {filler(GAP - 1)} full", True),
    ("mailbox * full", f"mailbox {filler(GAP)} full", True),
    ("mailbox * full", f"mailbox {filler(GAP + 2)} full", False),
    ("full * mailbox", f"full {filler(GAP + 2)} mailbox", False),
    # Chains that need a later or an earlier occurrence.
    ("mailbox * is * full", "mailbox is here and is full", True),
    ("a * b * c", "a b b c", True),
    ("a * b * c", f"a b {filler(GAP // 2)} b {filler(GAP // 2)} c", True),
    ("a * b * c", f"a b {filler(GAP + 5)} c", False),
    ("a * b * c * d", "d c b a b c d", True),
    ("a * b * c", "c b a", False),
    ("mailbox * full", f"mailbox {filler(GAP + 5)} mailbox is full", True),
    ("mailbox * full", f"mailbox is full {filler(GAP + 5)} full", True),
    ("for * user * full", f"user for {filler(20)} the user full", True),
    # Scripts without spaces.
    ("用户不存在", "对不起，该用户不存在！", True),
    ("用户 * 存在", "用户名不存在", True),
    ("邮箱已满", "邮箱 已满", False),
    ("存在 * 用户", "用户不存在", False),
    ("용량 초과", "메일함 용량 초과 됨", True),
    ("quota 已满", "quota已满", False),
    ("quota 已满", "您的quota 已满了", False),
    # Hosts and addresses are one word.
    ("example.com", "mx.example.com said", False),
    ("~.example.com", "mx.example.com said", True),
    ("spam", "spam@example.com", False),
    # Pathological.
    ("a * a * a", "a a", False),
    ("a * a * a", "a a a", True),
    ("user unknown", "", False),
    ("user unknown", "\x00", False),
]


@pytest.mark.parametrize(("phrase", "text", "expected"), MEETS)
def test_a_phrase_meets_the_texts_it_says(phrase: str, text: str, expected: bool) -> None:
    """Words are whole, gaps bounded and in order, open ends open."""
    assert holds(phrase, text) is expected


@pytest.mark.parametrize("phrase", ["", " ", "*", "a *", "* a", "a * * b", "~", "a * ~", "a * ...", "a * ***"])
def test_a_phrase_with_an_empty_fragment_is_refused(phrase: str) -> None:
    """Such a phrase would meet everything; whoever writes it is told which one it is."""
    with pytest.raises(PhraseFault, match="fragment without a word") as raised:
        fragments(phrase)
    assert repr(phrase) in str(raised.value)


def test_phrases_found_together_are_found_alone() -> None:
    """One automaton over all phrases finds what each would find by itself."""
    phrases = list(dict.fromkeys(phrase for phrase, _, _ in MEETS))
    together = PhraseSet(compile_phrases(phrases))
    for text in dict.fromkeys(text for _, text, _ in MEETS):
        alone = {number for number, phrase in enumerate(phrases) if holds(phrase, text)}
        assert together.find(normalise(text)) == alone, text


def test_spellings_that_are_one_phrase_are_both_found() -> None:
    """Two authors may write an accent differently; neither phrase hides the other."""
    assert PhraseSet(compile_phrases(["plná", "plna", "a * b", "á * b"])).find(" plna a b ") == {0, 1, 2, 3}


def test_a_phrase_weighs_what_it_fixes() -> None:
    """The longer of two phrases says more."""
    weights = PhraseSet(compile_phrases(["full", "mailbox full", "mailbox * full"])).weights
    assert weights[0] < weights[1] <= weights[2]


def test_phrases_are_numbered_once_in_order() -> None:
    """A phrase in several rules is looked for once."""
    assert number_phrases([["b", "a"], ["a", "c"]]) == {"b": 0, "a": 1, "c": 2}


WORDS = st.sampled_from(["a", "b", "c", "ab", "full", "用户", "满"])


@given(st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, max_size=30))
def test_gaps_are_found_as_by_plain_search(pieces: list[str], words: list[str]) -> None:
    """What the automaton finds is what going through the text piece by piece finds."""
    text = normalise(" ".join(words))
    found = bool(PhraseSet(compile_phrases([" * ".join(pieces)])).find(text))
    assert found is chained(list(fragments(" * ".join(pieces))), text, 0, None)


def chained(pieces: list[str], text: str, begin: int, limit: int | None) -> bool:
    """Tell whether ``pieces`` stand in ``text`` from ``begin`` on in order, each within GAP of the one before."""
    if not pieces:
        return True
    piece = pieces[0]
    places = [at for at in range(begin, len(text)) if text.startswith(piece, at) and (limit is None or at <= limit)]
    return any(chained(pieces[1:], text, at + len(piece) - 1, at + len(piece) + GAP) for at in places)
