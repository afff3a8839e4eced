"""The survey of an SPF record: all it leads to, and what each term costs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.spf_survey import (
    MOST_ADDRESS_QUESTIONS,
    MOST_COUNTED,
    MOST_MX,
    MOST_NETWORKS,
    SpfSurvey,
    count_lookups,
    survey,
)
from mailwright.authentication.spf_verdict import SpfProblem
from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.inquiry import Inquiry, settle
from mailwright.lab.resolver import TableResolver
from mailwright.lab.table import Entry

PROVIDERS: dict[str, Entry] = {
    "_spf.mail.example": ["TXT v=spf1 include:_a.mail.example include:_b.mail.example ~all"],
    "_a.mail.example": ["TXT v=spf1 ip4:192.0.2.0/25 ~all"],
    "_b.mail.example": ["TXT v=spf1 a:relay.mail.example ip6:2001:db8::/48 ~all"],
    "relay.mail.example": ["A 192.0.2.200", "AAAA 2001:db8:1::1"],
    "example.com._spf.mail.example": ["TXT v=spf1 a ~all"],
    "news.example": ["TXT v=spf1 exists:%{i}.news.example ?all"],
    "slow.example": Kind.TIMEOUT,
    "broken.example": ["TXT v=spf1 moo"],
}


def surveyed(record: str, more: Mapping[str, Entry] | None = None, *, addresses: bool = False) -> SpfSurvey:
    """Return the survey of example.com with ``record``."""
    table = TableResolver({**PROVIDERS, "example.com": [f"TXT {record}"], **(more or {})})
    return settle(survey("Example.com.", addresses=addresses), table.answer)


COUNTS = [
    ("v=spf1 -all", 0, True),
    ("v=spf1 ip4:192.0.2.1 ip6:::1 exp=x.example -all", 0, True),
    ("v=spf1 a mx ptr a:x.example -all", 4, True),
    ("v=spf1 include:_spf.mail.example -all", 4, True),
    ("v=spf1 include:_spf.mail.example include:_spf.mail.example -all", 8, True),
    ("v=spf1 include:news.example mx -all", 3, True),
    ("v=spf1 redirect=_spf.mail.example", 4, True),
    # What is never reached does not count.
    ("v=spf1 -all a mx include:_spf.mail.example", 0, True),
    ("v=spf1 redirect=_spf.mail.example -all", 0, True),
    # Macros: the domain's own are known, others hide what they lead to.
    ("v=spf1 include:%{d}._spf.mail.example include:%{o2}._spf.mail.example -all", 4, True),
    ("v=spf1 a:%{h} exists:%{i}.x.example -all", 2, True),
    ("v=spf1 include:%{l}.example -all", 1, False),
    ("v=spf1 exists:%{p}.x.example a:%{p}.y.example -all", 3, True),
    # Dead ends: no record and a broken one lead no further; a failure of DNS may.
    ("v=spf1 include:nowhere.example -all", 1, True),
    ("v=spf1 include:broken.example -all", 1, True),
    ("v=spf1 include:slow.example -all", 1, False),
    ("v=spf1 include:x..example -all", 1, True),
    # Circles are cut.
    ("v=spf1 include:example.com a -all", 2, False),
]


@pytest.mark.parametrize(("record", "look_ups", "complete"), COUNTS, ids=[record for record, _, _ in COUNTS])
def test_all_look_ups_are_counted(record: str, look_ups: int, complete: bool) -> None:
    """As many as an evaluation needs that nothing ends early, and whether there may be more."""
    found = surveyed(record)
    assert (found.look_ups, found.complete) == (look_ups, complete)


def test_more_than_an_evaluation_allows_are_counted() -> None:
    """The number that people ask for when SPF fails with "too many look-ups"."""
    assert surveyed("v=spf1 " + "include:_spf.mail.example " * 7 + "-all").look_ups == 28


def test_each_term_says_what_it_costs_and_leads_to() -> None:
    """So that whoever has too many sees which provider takes them."""
    found = surveyed("v=spf1 mx include:_spf.mail.example include:broken.example -all")
    assert [(term.word, term.look_ups) for term in found.node.terms] == [
        ("mx", 1),
        ("include:_spf.mail.example", 4),
        ("include:broken.example", 1),
        ("-all", 0),
    ]
    assert [(node.domain, node.look_ups, node.problem) for node in found.nodes()] == [
        ("example.com", 6, None),
        ("_spf.mail.example", 3, None),
        ("_a.mail.example", 0, None),
        ("_b.mail.example", 1, None),
        ("broken.example", 0, SpfProblem.SYNTAX),
    ]


def test_a_circle_is_named() -> None:
    """Both records of a circle of two, each reached once."""
    more: dict[str, Entry] = {"x.example": ["TXT v=spf1 include:example.com ~all"]}
    found = surveyed("v=spf1 include:x.example -all", more)
    assert (found.circles, found.look_ups) == (("example.com",), 2)


def test_records_of_one_level_are_asked_for_at_the_same_time() -> None:
    """A survey takes as many steps as records lie within one another, not as there are."""
    table = TableResolver(
        {**PROVIDERS, "example.com": ["TXT v=spf1 include:_spf.mail.example include:news.example -all"]}
    )
    steps: list[int] = []

    def counting() -> Inquiry[SpfSurvey]:
        inquiry = count_lookups("example.com")
        questions = next(inquiry)
        while True:
            steps.append(len(questions))
            answers = yield questions
            try:
                questions = inquiry.send(answers)
            except StopIteration as done:
                found: SpfSurvey = done.value
                return found

    assert settle(counting(), table.answer).look_ups == 6
    assert steps == [1, 2, 2]


ADDRESSES = [
    ("a:relay.mail.example", ["192.0.2.200/32", "2001:db8:1::1/128"], True, False),
    ("a:relay.mail.example/24//64", ["192.0.2.0/24", "2001:db8:1::/64"], True, False),
    ("a:nowhere.example", [], True, True),
    ("a:slow.example", [], False, False),
    ("a:x..example", [], False, False),
    ("a:%{h}", [], False, False),
    ("mx:m.example", ["192.0.2.200/32", "2001:db8:1::1/128", "192.0.2.1/32"], True, False),
    ("mx:null.example", [], True, False),
    ("mx:nowhere.example", [], True, True),
    ("mx:slow.example", [], False, False),
    ("mx:half.example", ["192.0.2.1/32"], False, False),
    ("ip4:192.0.2.9/24", ["192.0.2.0/24"], True, False),
    ("ptr", [], False, False),
]


@pytest.mark.parametrize(("word", "networks", "whole", "void"), ADDRESSES, ids=[row[0] for row in ADDRESSES])
def test_networks_behind_names_are_found(word: str, networks: list[str], whole: bool, void: bool) -> None:
    """With the prefixes of the term; whether that is all that it matches; whether there is nothing at the name."""
    more: dict[str, Entry] = {
        "m.example": ["MX 10 relay.mail.example", "MX 20 h.example"],
        "h.example": ["A 192.0.2.1"],
        "half.example": ["MX 10 h.example", "MX 20 slow.example"],
        "null.example": ["MX 0 ."],
    }
    term = surveyed(f"v=spf1 {word} -all", more, addresses=True).node.terms[0]
    assert ([str(network) for network in term.networks], term.whole, term.void) == (networks, whole, void)


def test_no_domain_and_no_record_are_said() -> None:
    """A survey of nothing has the problem and no terms."""
    table = TableResolver({})
    for domain, problem in (("localhost", SpfProblem.BAD_DOMAIN), ("example.com", SpfProblem.NO_RECORD)):
        node = settle(survey(domain), table.answer).node
        assert (node.record, node.terms, node.problem) == (None, (), problem)


# ------------------------------------------------------------------------------------------------------------- limits


def test_a_hundred_terms_are_counted_and_one_more_is_not() -> None:
    """The survey's own limit; beyond it the count is the least that it can be."""
    for count, complete in ((MOST_COUNTED, True), (MOST_COUNTED + 1, False)):
        found = surveyed("v=spf1 " + "a:x.example " * count + "-all")
        assert (found.look_ups, found.complete) == (MOST_COUNTED, complete)


def test_an_include_bomb_costs_no_more_than_the_limit() -> None:
    """Ten includes in each of ten in each of ten."""
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        words = " ".join(f"include:{number}.{question.name}" for number in range(10))
        return TableResolver({question.name: [f"TXT v=spf1 {words} -all"]}).answer(question)

    found = settle(survey("example.com"), answer)
    assert (found.look_ups, found.complete) == (MOST_COUNTED, False)
    assert len(asked) == MOST_COUNTED + 1


def test_a_chain_as_long_as_the_limit_is_followed() -> None:
    """Depth is bounded by the same number."""

    def answer(question: Question) -> Answer:
        number = int(question.name.partition(".")[0])
        return TableResolver({question.name: [f"TXT v=spf1 redirect={number + 1}.example"]}).answer(question)

    found = settle(survey("0.example"), answer)
    assert (found.look_ups, found.complete, len(list(found.nodes()))) == (MOST_COUNTED, False, MOST_COUNTED + 1)


def test_questions_about_addresses_are_bounded() -> None:
    """Domains of mx with many hosts each; what was not asked for is not taken for known."""
    more: dict[str, Entry] = {
        f"m{number}.example": [f"MX 10 h{number}-{host}.example" for host in range(MOST_MX)] for number in range(30)
    }
    table = TableResolver(
        {**more, "example.com": ["TXT v=spf1 " + " ".join(f"mx:m{n}.example" for n in range(30)) + " -all"]}
    )
    found = settle(survey("example.com"), table.answer)
    kinds = [question.type for question in table.asked]
    assert kinds.count(RecordType.A) + kinds.count(RecordType.AAAA) == MOST_ADDRESS_QUESTIONS
    assert [term.whole for term in found.node.terms] == [True] * 10 + [False] * 21


@pytest.mark.parametrize(("count", "whole"), [(MOST_NETWORKS, True), (MOST_NETWORKS + 1, False)])
def test_addresses_of_a_term_are_bounded(count: int, whole: bool) -> None:
    """Beyond the limit the term is not whole, and so never flattened."""
    lines = [f"A 10.0.{number // 256}.{number % 256}" for number in range(count)]
    term = surveyed("v=spf1 a:many.example -all", {"many.example": lines}, addresses=True).node.terms[0]
    assert (len(term.networks), term.whole) == (MOST_NETWORKS, whole)


def test_eleven_mx_hosts_are_not_whole() -> None:
    """An evaluation of them is a permerror."""
    for count, whole in ((MOST_MX, True), (MOST_MX + 1, False)):
        more: dict[str, Entry] = {f"h{number}.example": ["A 192.0.2.1"] for number in range(count)}
        more["m.example"] = [f"MX 10 h{number}.example" for number in range(count)]
        assert surveyed("v=spf1 mx:m.example -all", more, addresses=True).node.terms[0].whole is whole


WORDS = [
    "a",
    "mx",
    "include:x.example",
    "include:y.example",
    "redirect=y.example",
    "a:%{p}",
    "-all",
    "moo",
    "ip4:10.0.0.0/8",
]


@given(
    st.dictionaries(st.sampled_from(["x.example", "y.example"]), st.lists(st.sampled_from(WORDS), max_size=9)),
    st.booleans(),
)
def test_any_records_give_a_survey_within_the_limits(records: dict[str, list[str]], addresses: bool) -> None:
    """Loops and broken records among them."""
    table = TableResolver({name: ["TXT " + " ".join(["v=spf1", *words])] for name, words in records.items()})
    found = settle(survey("x.example", addresses=addresses), table.answer)
    assert found.look_ups == found.node.look_ups <= MOST_COUNTED + 1
    assert len(table.asked) <= MOST_COUNTED * 2 + MOST_ADDRESS_QUESTIONS + 1
