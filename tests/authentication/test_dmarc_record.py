"""The DMARC policy record: what a text says, what is wrong with it, and what it is written as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.dmarc_policy import DmarcRecord, FailureOption, Mode, Policy, Psd, RemarkKind
from mailwright.authentication.dmarc_record import (
    DmarcFault,
    DmarcTrouble,
    is_dmarc_record,
    is_near_miss,
    parse_dmarc_record,
    write_dmarc_record,
)
from mailwright.authentication.report_uri import ReportUri
from mailwright.authentication.tags import LONGEST_LIST, MOST_TAGS

RUA = (ReportUri("mailto:dmarc-feedback@example.com"),)

RECORDS = [
    # RFC 9989 B.2.
    ("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com", DmarcRecord(aggregate=RUA)),
    (
        "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com",
        DmarcRecord(aggregate=RUA, failure=(ReportUri("mailto:auth-reports@example.com"),)),
    ),
    (
        "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net; t=y",
        DmarcRecord(
            Policy.QUARANTINE,
            aggregate=(*RUA, ReportUri("mailto:tld-test@thirdparty.example.net")),
            testing=True,
        ),
    ),
    ("v=DMARC1; p=reject; aspf=r; rua=mailto:dmarc-feedback@example.com", DmarcRecord(Policy.REJECT, aggregate=RUA)),
    # Realistic.
    (
        "v=DMARC1;p=reject;sp=quarantine;np=reject;adkim=s;aspf=s;psd=n;rua=mailto:dmarc-feedback@example.com;",
        DmarcRecord(Policy.REJECT, Policy.QUARANTINE, Policy.REJECT, Mode.STRICT, Mode.STRICT, RUA, psd=Psd.NO),
    ),
    ("v=DMARC1; p=Reject; rua=mailto:dmarc-feedback@example.com", DmarcRecord(Policy.REJECT, aggregate=RUA)),
    (
        "V=DMARC1; P=Reject; RUA=mailto:dmarc-feedback@example.com; T=Y",
        DmarcRecord(Policy.REJECT, aggregate=RUA, testing=True),
    ),
    ("v = DMARC1 ; p = reject ; rua=mailto:dmarc-feedback@example.com ;", DmarcRecord(Policy.REJECT, aggregate=RUA)),
    (
        "v=DMARC1; p=none; psd=y; rua=mailto:dmarc-feedback@example.com",
        DmarcRecord(psd=Psd.YES, aggregate=RUA),
    ),
    (
        "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:dmarc-feedback@example.com; fo=1:d:s",
        DmarcRecord(
            aggregate=RUA,
            failure=RUA,
            failure_options=(FailureOption.ANY_FAILS, FailureOption.DKIM, FailureOption.SPF),
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), RECORDS)
def test_a_record_is_read(text: str, expected: DmarcRecord) -> None:
    """Examples of RFC 9989 and of daily life give every tag its value, without a fault."""
    record = parse_dmarc_record(text)
    assert record._replace(remarks=()) == expected
    assert record.faults == ()


REMARKS = [
    # What breaks the syntax is left out in favour of the default (RFC 9989 4.8 MUST).
    ("adkim=x", DmarcRecord(Policy.REJECT), [(RemarkKind.VALUE, "adkim")]),
    ("psd=maybe", DmarcRecord(Policy.REJECT), [(RemarkKind.VALUE, "psd")]),
    ("t=1", DmarcRecord(Policy.REJECT), [(RemarkKind.VALUE, "t")]),
    ("rubbish", DmarcRecord(Policy.REJECT), [(RemarkKind.ITEM, "")]),
    ("9=1", DmarcRecord(Policy.REJECT), [(RemarkKind.ITEM, "")]),
    ("=1", DmarcRecord(Policy.REJECT), [(RemarkKind.ITEM, "")]),
    ("; adkim=s", DmarcRecord(Policy.REJECT, dkim=Mode.STRICT), [(RemarkKind.EMPTY_ITEM, "")]),
    ("adkim=\xe9", DmarcRecord(Policy.REJECT), [(RemarkKind.CHARACTER, "adkim")]),
    ("ruf=x@example.com", DmarcRecord(Policy.REJECT), [(RemarkKind.URI, "ruf")]),
    ("ruf=mailto:a@example.com; fo=0:1", None, [(RemarkKind.VALUE, "fo")]),
    ("ruf=mailto:a@example.com; fo=d:d", None, [(RemarkKind.VALUE, "fo")]),
    ("ruf=mailto:a@example.com; fo=x", None, [(RemarkKind.VALUE, "fo")]),
    ("ruf=mailto:a@example.com; fo=0:d:s:0:1", None, [(RemarkKind.VALUE, "fo")]),
    # Notes.
    ("newtag=1", DmarcRecord(Policy.REJECT), [(RemarkKind.UNKNOWN_TAG, "newtag")]),
    ("ADKIM=s", DmarcRecord(Policy.REJECT, dkim=Mode.STRICT), []),
    ("pct=50", DmarcRecord(Policy.REJECT, percent=50), [(RemarkKind.OLD_TAG, "pct")]),
    ("pct=101", DmarcRecord(Policy.REJECT), [(RemarkKind.OLD_TAG, "pct")]),
    ("rf=afrf; ri=3600", DmarcRecord(Policy.REJECT), [(RemarkKind.OLD_TAG, "rf"), (RemarkKind.OLD_TAG, "ri")]),
    ("fo=1", DmarcRecord(Policy.REJECT), [(RemarkKind.FO_WITHOUT_RUF, "fo")]),
    ("ruf=mailto:a@example.com!10m", None, [(RemarkKind.OLD_SIZE, "ruf")]),
]


@pytest.mark.parametrize(("tags", "expected", "remarks"), REMARKS)
def test_what_is_odd_is_said_and_the_rest_counts(
    tags: str, expected: DmarcRecord | None, remarks: list[tuple[RemarkKind, str]]
) -> None:
    """RFC 9989 4.7, 4.8 MUST: unknown tags and syntax errors are ignored, fo without ruf too."""
    record = parse_dmarc_record(f"v=DMARC1; p=reject; {tags}")
    found = [(remark.kind, remark.tag) for remark in record.remarks if remark.kind is not RemarkKind.NO_AGGREGATE]
    assert found == remarks
    if expected is not None:
        assert record._replace(remarks=()) == expected
    else:
        assert record.failure_options == (FailureOption.ALL_FAIL,)
    assert set(record.faults).isdisjoint(record.notes)
    assert len(record.faults) + len(record.notes) == len(record.remarks)


@pytest.mark.parametrize(
    ("text", "policy", "usable", "kind"),
    [
        ("v=DMARC1", Policy.NONE, True, RemarkKind.NO_POLICY),
        ("v=DMARC1; rua=mailto:a@example.com", Policy.NONE, True, RemarkKind.NO_POLICY),
        ("v=DMARC1; p=rejct; rua=mailto:a@example.com", Policy.NONE, True, RemarkKind.VALUE),
        ("v=DMARC1; p=; rua=mailto:a@example.com", Policy.NONE, True, RemarkKind.VALUE),
        ("v=DMARC1; p=rejct", Policy.NONE, False, RemarkKind.VALUE),
        ("v=DMARC1; p=r\xe9ject", Policy.NONE, False, RemarkKind.CHARACTER),
        ("v=DMARC1; p=reject; sp=x; rua=mailto:a@example.com", Policy.NONE, True, RemarkKind.VALUE),
        ("v=DMARC1; p=reject; np=x", Policy.NONE, False, RemarkKind.VALUE),
        ("v=DMARC1; p=reject; np=x; rua=a@example.com", Policy.NONE, False, RemarkKind.URI),
        ("v=DMARC1; sp=reject; p=reject; rua=mailto:a@example.com", Policy.REJECT, True, RemarkKind.POLICY_NOT_SECOND),
        ("v=DMARC1; p=none; t=y; rua=mailto:a@example.com", Policy.NONE, True, RemarkKind.TEST_WITHOUT_POLICY),
        ("v=DMARC1; p=reject", Policy.REJECT, True, RemarkKind.NO_AGGREGATE),
    ],
)
def test_a_policy_that_cannot_be_read_counts_as_none(text: str, policy: Policy, usable: bool, kind: RemarkKind) -> None:
    """RFC 9989 4.10.1 MUST: with a readable rua as if p=none, without it no DMARC; a missing p is none."""
    record = parse_dmarc_record(text)
    assert (record.policy_for(subdomain=False), record.usable) == (policy, usable)
    assert kind in {remark.kind for remark in record.remarks}


@pytest.mark.parametrize(
    ("tags", "own", "existing", "missing"),
    [
        ("p=reject", "reject", "reject", "reject"),
        ("p=reject; sp=none", "reject", "none", "none"),
        ("p=none; np=reject", "none", "none", "reject"),
        ("p=none; sp=quarantine; np=reject", "none", "quarantine", "reject"),
        ("p=reject; sp=bad; np=reject; rua=mailto:a@example.com", "none", "none", "none"),
    ],
)
def test_the_policy_depends_on_the_name(tags: str, own: str, existing: str, missing: str) -> None:
    """RFC 9989 4.7 MUST: np for names that do not exist, else sp, else p."""
    record = parse_dmarc_record(f"v=DMARC1; {tags}")
    found = (
        record.policy_for(subdomain=False),
        record.policy_for(subdomain=True),
        record.policy_for(subdomain=True, exists=False),
    )
    assert found == (own, existing, missing)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("", False),
        ("v=spf1 -all", False),
        ("v=DMARC1x; p=none", True),
        ("v=DMARC2; p=none", True),
        ("v=dmarc1; p=none", True),
        (" v=DMARC1; p=none", True),
        ('"v=DMARC1; p=none', True),
        ("DMARC1; p=none", True),
        ("p=none; v=DMARC1", True),
        ("v:DMARC1; p=none", True),
        ("v DMARC1", False),
        ("google-site-verification=x", False),
    ],
)
def test_what_does_not_begin_with_the_version_is_another_record(text: str, near: bool) -> None:
    """RFC 9989 4.7 MUST: v comes first and is DMARC1 in this case; what was meant to be one is told apart."""
    assert not is_dmarc_record(text)
    assert is_near_miss(text) is near
    with pytest.raises(DmarcFault) as caught:
        parse_dmarc_record(text)
    assert caught.value.why is DmarcTrouble.VERSION


def test_a_tag_that_stands_twice_spoils_the_record() -> None:
    """RFC 6376 3.2 MUST NOT: two programs could take either."""
    with pytest.raises(DmarcFault) as caught:
        parse_dmarc_record("v=DMARC1; p=none; p=reject")
    assert (caught.value.why, caught.value.tag) == (DmarcTrouble.DUPLICATE, "p")


def test_bounds_of_a_record() -> None:
    """Exactly the limits are read, one more is not."""
    tags = "".join(f"; x{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}=1" for number in range(MOST_TAGS - 1))
    assert len(parse_dmarc_record("v=DMARC1" + tags).notes) >= MOST_TAGS - 1
    with pytest.raises(DmarcFault) as caught:
        parse_dmarc_record("v=DMARC1" + tags + "; p=none")
    assert caught.value.why is DmarcTrouble.MANY
    filled = "v=DMARC1; x=" + "y" * (LONGEST_LIST - 12)
    parse_dmarc_record(filled)
    with pytest.raises(DmarcFault) as caught:
        parse_dmarc_record(filled + "y")
    assert caught.value.why is DmarcTrouble.LONG


def test_half_a_record_is_read_at_every_length() -> None:
    """A record cut anywhere is read or refused, and never gets a stricter policy than the whole one."""
    whole = "v=DMARC1; p=quarantine; sp=none; adkim=s; rua=mailto:a@example.com; ruf=mailto:a@example.com; fo=1; t=y"
    for end in range(len(whole)):
        try:
            record = parse_dmarc_record(whole[:end])
        except DmarcFault:
            continue
        assert record.policy in (Policy.NONE, Policy.QUARANTINE)


records = st.builds(
    DmarcRecord,
    policy=st.sampled_from(Policy),
    subdomains=st.none() | st.sampled_from(Policy),
    nonexistent=st.none() | st.sampled_from(Policy),
    dkim=st.sampled_from(Mode),
    spf=st.sampled_from(Mode),
    aggregate=st.just(()) | st.just(RUA) | st.just(RUA * 2),
    failure=st.just(RUA),
    failure_options=st.sampled_from(
        [
            (FailureOption.ALL_FAIL,),
            (FailureOption.DKIM, FailureOption.SPF),
            (FailureOption.SPF, FailureOption.ALL_FAIL),
        ]
    ),
    psd=st.sampled_from(Psd),
    testing=st.booleans(),
    percent=st.none(),
    damaged=st.just(False),
    remarks=st.just(()),
)


@given(records)
def test_what_is_written_is_read_again(record: DmarcRecord) -> None:
    """Writing and reading are a pair, and what is written has no fault."""
    again = parse_dmarc_record(write_dmarc_record(record))
    assert again._replace(remarks=()) == record
    assert again.faults == ()


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from("v=DMARC1 p= reject none ; sp np = rua mailto:a@b.c , ! \xff \n t=y".split(" ")), max_size=30
    ).map(lambda words: "v=DMARC1" + "".join(words))
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but DmarcFault comes out; remarks are bounded."""
    try:
        record = parse_dmarc_record(text)
    except DmarcFault:
        return
    assert len(record.remarks) <= 4 * MOST_TAGS
    assert all(len(remark.value) <= 200 for remark in record.remarks)
