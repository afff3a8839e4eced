"""What to publish for DMARC, and in which steps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.dmarc_policy import Mode, Policy
from mailwright.authentication.dmarc_publish import (
    A_MONTH,
    A_WEEK,
    Description,
    Gate,
    PublishFault,
    PublishTrouble,
    StageKind,
    build_record,
    permission_records,
    split_strings,
    staged_plan,
)
from mailwright.authentication.dmarc_record import parse_dmarc_record
from mailwright.mail.address import Address

ME = (Address("dmarc", "example.com"),)
PLAIN = Description("example.com", Policy.REJECT, ME)


@pytest.mark.parametrize(
    ("description", "testing", "text"),
    [
        (PLAIN, False, "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"),
        (PLAIN, True, "v=DMARC1; p=reject; rua=mailto:dmarc@example.com; t=y"),
        (
            PLAIN._replace(subdomains=Policy.NONE, nonexistent=Policy.REJECT, dkim=Mode.STRICT, spf=Mode.STRICT),
            False,
            "v=DMARC1; p=reject; sp=none; np=reject; adkim=s; aspf=s; rua=mailto:dmarc@example.com",
        ),
        (
            PLAIN._replace(failure=ME),
            False,
            "v=DMARC1; p=reject; rua=mailto:dmarc@example.com; ruf=mailto:dmarc@example.com; fo=1",
        ),
        (PLAIN._replace(public_suffix=True), False, "v=DMARC1; p=reject; rua=mailto:dmarc@example.com; psd=y"),
        (PLAIN._replace(organization=True), False, "v=DMARC1; p=reject; rua=mailto:dmarc@example.com; psd=n"),
        (PLAIN._replace(aggregate=()), False, "v=DMARC1; p=reject"),
    ],
)
def test_a_record_is_built(description: Description, testing: bool, text: str) -> None:
    """RFC 9989 5.2 MUST: a public suffix says psd=y; nothing that RFC 9989 took away is written."""
    built = build_record(description, testing=testing)
    assert (built.name, built.text) == ("_dmarc.example.com", text)


@pytest.mark.parametrize(
    ("description", "testing", "why"),
    [
        (PLAIN._replace(domain="a b"), False, PublishTrouble.DOMAIN),
        (PLAIN._replace(domain=""), False, PublishTrouble.DOMAIN),
        (PLAIN._replace(domain=".".join(["a" * 49] * 5)), False, PublishTrouble.DOMAIN),
        (PLAIN._replace(policy=Policy.NONE), True, PublishTrouble.TEST_WITHOUT_POLICY),
        (PLAIN._replace(aggregate=(Address("postmaster", ""),)), False, PublishTrouble.ADDRESS),
    ],
)
def test_what_cannot_be_published_is_refused(description: Description, testing: bool, why: PublishTrouble) -> None:
    """The fault says what is wrong."""
    with pytest.raises(PublishFault) as caught:
        build_record(description, testing=testing)
    assert caught.value.why is why


def test_the_name_is_in_a_labels() -> None:
    """DNS knows no other."""
    assert build_record(PLAIN._replace(domain="Müller.example")).name == "_dmarc.xn--mller-kva.example"


def test_the_way_to_reject() -> None:
    """RFC 9989 7.4: a month with none, as long with quarantine; t=y before each step up."""
    stages = staged_plan(PLAIN)
    assert [
        (stage.kind, stage.record.text.split("; ")[1], "t=y" in stage.record.text, stage.stay) for stage in stages
    ] == [
        (StageKind.WATCH, "p=none", False, A_MONTH),
        (StageKind.TEST_QUARANTINE, "p=quarantine", True, A_WEEK),
        (StageKind.QUARANTINE, "p=quarantine", False, A_MONTH),
        (StageKind.TEST_REJECT, "p=reject", True, A_WEEK),
        (StageKind.REJECT, "p=reject", False, None),
    ]
    assert stages[-1].record == build_record(PLAIN)
    assert Gate.OWN_MAIL_ALIGNED in stages[0].gates
    assert Gate.DKIM_EVERYWHERE in stages[2].gates


@pytest.mark.parametrize(
    ("description", "kinds"),
    [
        (PLAIN._replace(policy=Policy.NONE), [StageKind.WATCH]),
        (
            PLAIN._replace(policy=Policy.QUARANTINE),
            [StageKind.WATCH, StageKind.TEST_QUARANTINE, StageKind.QUARANTINE],
        ),
        (PLAIN._replace(policy=Policy.NONE, nonexistent=Policy.REJECT), list(StageKind)),
    ],
)
def test_the_way_ends_at_the_aim(description: Description, kinds: list[StageKind]) -> None:
    """No stage is stricter than what is wanted, and what is wanted for subdomains counts too."""
    stages = staged_plan(description)
    assert [stage.kind for stage in stages] == kinds
    assert stages[-1].record == build_record(description)
    assert (stages[-1].stay, stages[-1].gates) == (None, ())


def test_people_on_mailing_lists_are_a_gate() -> None:
    """RFC 9989 7.4 SHOULD NOT: p=reject for domains whose people post to lists."""
    with_people = staged_plan(PLAIN)
    without = staged_plan(PLAIN._replace(people=False))
    assert any(Gate.NO_PEOPLE_ON_LISTS in stage.gates for stage in with_people)
    assert not any(Gate.NO_PEOPLE_ON_LISTS in stage.gates for stage in without)


def test_other_domains_have_to_permit_reports() -> None:
    """RFC 9990 4: one record for each host outside, none for one's own."""
    description = PLAIN._replace(
        aggregate=(*ME, Address("a", "reports.example.com"), Address("x", "third.example.net")),
        failure=(Address("y", "third.example.net"),),
    )
    assert [(record.name, record.text) for record in permission_records(description)] == [
        ("example.com._report._dmarc.third.example.net", "v=DMARC1"),
    ]


@given(st.text(alphabet="abc", max_size=800))
def test_strings_fit(text: str) -> None:
    """RFC 1035 3.3: no string has more than 255 octets, and joined they are the text."""
    strings = split_strings(text)
    assert "".join(strings) == text
    assert all(0 < len(string) <= 255 for string in strings)


@given(st.sampled_from(Policy), st.none() | st.sampled_from(Policy), st.none() | st.sampled_from(Policy), st.booleans())
def test_every_stage_can_be_read_and_none_steps_back(
    policy: Policy, subdomains: Policy | None, nonexistent: Policy | None, people: bool
) -> None:
    """What is published has no fault, and from stage to stage no policy in force gets milder."""
    stages = staged_plan(PLAIN._replace(policy=policy, subdomains=subdomains, nonexistent=nonexistent, people=people))
    records = [parse_dmarc_record(stage.record.text) for stage in stages]
    assert not any(record.faults for record in records)
    for one, other in pairwise(records):
        for name in ("policy", "subdomains", "nonexistent"):
            before, after = getattr(one, name), getattr(other, name)
            if before is not None:
                before = before.one_lower if one.testing else before
                after = after.one_lower if other.testing else after
                assert before.strictness <= after.strictness
