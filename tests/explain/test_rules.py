"""Rules: every example wins against all rules, and a broken rule file says what is wrong where."""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict

import pytest

from mailwright.causes.catalogue import catalogue
from mailwright.explain.classify import context_of
from mailwright.explain.deciders import CompiledRules, compile_rules, compiled_rules
from mailwright.explain.phrases import fragments
from mailwright.explain.reply import classifier
from mailwright.explain.rules import Rule, read_rules, rules_of
from mailwright.explain.stored import stored_part

RULES, SPEAKERS = read_rules()
BY_FILE: dict[str, list[Rule]] = defaultdict(list)
for each in RULES:
    BY_FILE[each.file].append(each)


@pytest.mark.parametrize("file", BY_FILE)
def test_every_example_is_won_by_its_own_rule(file: str) -> None:
    """All examples stand against all rules, so no order of files or rules decides anything."""
    lost = []
    for rule in BY_FILE[file]:
        for example in rule.examples:
            winner = classifier().classify(example.text, context_of(example.text, example.host, example.step)).rule
            if winner is None or winner.id != rule.id:
                lost.append(f"{file}: {rule.id} loses {example.text!r} to {winner.id if winner else 'nobody'}")
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize("file", BY_FILE)
def test_rules_name_causes_of_the_catalogue(file: str) -> None:
    """A misspelt cause would be found only when somebody's mail fails."""
    assert [rule.id for rule in BY_FILE[file] if rule.cause not in catalogue()] == []


@pytest.mark.parametrize("file", BY_FILE)
def test_no_phrase_stands_twice_in_a_rule(file: str) -> None:
    """Spellings that are matched alike are one phrase, and none both speaks and silences."""
    doubled = [
        f"{rule.id}: {phrase}"
        for rule in BY_FILE[file]
        for phrase, times in Counter(fragments(phrase) for phrase in rule.says + rule.unless).items()
        if times > 1
    ]
    assert doubled == []


def test_every_speaker_is_needed() -> None:
    """A speaker has hosts or words to be known by, and no host belongs to two."""
    assert [speaker.id for speaker in SPEAKERS if not speaker.hosts and not speaker.says] == []
    hosts = Counter(host.lower().lstrip(".") for speaker in SPEAKERS for host in speaker.hosts)
    assert [host for host, times in hosts.items() if times > 1] == []
    words = Counter(fragments(words) for speaker in SPEAKERS for words in speaker.says)
    assert [phrase for phrase, times in words.items() if times > 1] == []
    assert max(Counter(speaker.id for speaker in SPEAKERS).values()) == 1


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("gmail-smtp-in.l.google.com", "google"),
        ("GMAIL-SMTP-IN.L.GOOGLE.COM.", "google"),
        ("google.com.example.net", None),
        ("notgoogle.com", None),
        ("", None),
    ],
)
def test_a_speaker_is_known_by_the_suffix_of_its_host(host: str, expected: str | None) -> None:
    """Whole labels count, in any case, with or without the root's dot."""
    assert compiled_rules().speaker_of_host(host) == expected


GOOD = 'id = "a"\ncause = "mailbox-full"\nsays = ["full"]\nexamples = ["full"]\n'

#: name -> (lines of a [[rule]], what the message must name beside file and rule).
BROKEN = {
    "no id": (GOOD.replace('id = "a"\n', ""), "lacks 'id'"),
    "no cause": (GOOD.replace('cause = "mailbox-full"\n', ""), "lacks 'cause'"),
    "no example": (GOOD.replace('examples = ["full"]\n', ""), "lacks 'examples'"),
    "empty examples": (GOOD.replace('examples = ["full"]\n', "examples = []\n"), "lacks 'examples'"),
    "unknown key": (GOOD + 'sais = ["x"]\n', "unknown key 'sais'"),
    "text for a list": (GOOD.replace('says = ["full"]', 'says = "full"'), "'says' is no list"),
    "list for a text": (GOOD.replace('cause = "mailbox-full"', 'cause = ["mailbox-full"]'), "'cause' is no str"),
    "number for a text": (GOOD + "speaker = 5\n", "'speaker' is no str"),
    "unknown strength": (GOOD + 'strength = "huge"\n', "'strength' cannot be 'huge'"),
    "words of strength code": (GOOD + 'strength = "code"\n', "'strength' cannot be 'code'"),
    "codes of strength key": (
        GOOD.replace('says = ["full"]', 'codes = ["550"]') + 'strength = "key"\n',
        "'strength' cannot be 'key'",
    ),
    "neither words nor codes": (GOOD.replace('says = ["full"]\n', ""), "neither 'says' nor 'codes'"),
    "unknown step": (GOOD + 'step = ["rset"]\n', "'step' has a word outside"),
    "no code": (GOOD + 'codes = ["5.x.1"]\n', "'codes' has '5.x.1'"),
    "code out of range": (GOOD + 'codes = ["999"]\n', "'codes' has '999'"),
    "range backwards": (GOOD + 'codes = ["5.7.9-5"]\n', "'codes' has '5.7.9-5'"),
    "range of reply codes": (GOOD + 'codes = ["550-559"]\n', "'codes' has '550-559'"),
    "unknown key of an example": (GOOD.replace('["full"]\n', '[{text = "full", hots = "x"}]\n'), "'examples'"),
    "number for an example": (GOOD.replace('examples = ["full"]', "examples = [5]"), "'examples'"),
    "unknown speaker": (GOOD + 'speaker = "nobody"\n', "speaker 'nobody'"),
    "phrase without a word": (GOOD.replace('says = ["full"]', 'says = ["full * ..."]'), "phrase 'full * ...'"),
}


def compiled(text: str, file: str = "mailbox") -> CompiledRules:
    """Return the rules in the text of a rule file, compiled."""
    return CompiledRules(compile_rules(*rules_of([(file, tomllib.loads(text))])))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_named_with_file_and_key(name: str) -> None:
    """Whoever edits the rules is told which one is wrong and why."""
    lines, wanted = BROKEN[name]
    with pytest.raises(ValueError, match=r"rules/mailbox\.toml") as raised:
        compiled("[[rule]]\n" + lines)
    assert wanted in str(raised.value)
    assert ": a: " in str(raised.value) or name == "no id"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[[rules]]\n" + GOOD, "unknown key 'rules'"),
        ("[rule]\n" + GOOD, "'rule' is no list"),
        ("[[speaker]]\nhosts = ['x']", "lacks 'id'"),
        ("[[speaker]]\nid = 's'\nhosts = 'x'", "'hosts' is no list"),
        ("[[speaker]]\nid = 's'\nhost = ['x']", "unknown key 'host'"),
        (f"[[rule]]\n{GOOD}\n[[rule]]\n{GOOD}", "rule a stands in rules/mailbox.toml too"),
    ],
)
def test_a_broken_file_is_named(text: str, wanted: str) -> None:
    """A misspelt table is not silently left out."""
    with pytest.raises(ValueError, match=r"rules/mailbox\.toml") as raised:
        compiled(text)
    assert wanted in str(raised.value)


def test_a_rule_is_read_as_it_stands() -> None:
    """Ranges of codes are written out, and without words a rule is one of codes."""
    text = (
        '[[rule]]\nid = "a"\ncause = "c"\ncodes = ["5.7.8-10", "x.1.1", "4"]\nstep = ["rcpt"]\n'
        'examples = ["550", {text = "x", host = "h", step = "rcpt"}]\n'
    )
    rule = rules_of([("mailbox", tomllib.loads(text))])[0][0]
    assert rule.codes == {"5.7.8", "5.7.9", "5.7.10", "x.1.1", "4"}
    assert rule.strength.name == "CODE"
    assert [(e.text, e.host, e.step) for e in rule.examples] == [("550", None, None), ("x", "h", "rcpt")]


def test_a_phrase_in_two_spellings_speaks_for_both_its_rules() -> None:
    """Two rules may write one phrase differently; neither loses it."""
    first = GOOD.replace('["full"]\n', '["plná schránka"]\n', 1)
    second = first.replace('"a"', '"b"').replace("plná", "plna").replace("schránka", "schranka")
    rules = compiled(f"[[rule]]\n{first}\n[[rule]]\n{second}")
    found = rules.phrases.find(" plna schranka ")
    assert {rules.deciders[index].id for number in found for index in rules.by_phrase[number]} == {"a", "b"}


def test_what_is_stored_is_what_would_be_compiled() -> None:
    """A stored file that has the digest of the sources holds what the code of today makes of them."""
    stored = stored_part("rules")
    assert stored is None or stored == json.loads(json.dumps(compile_rules(RULES, SPEAKERS)))
