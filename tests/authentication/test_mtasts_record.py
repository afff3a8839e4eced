"""The TXT record of MTA-STS: what it is, what it is not, and which of several counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.mtasts_record import (
    LONGEST_FIELD_NAME,
    LONGEST_ID,
    LONGEST_RECORD,
    RecordFault,
    RecordTrouble,
    StsRecord,
    is_id,
    parse_record,
    select_record,
    write_record,
)
from mailwright.dns.answer import Txt

LONG_ID = "a" * LONGEST_ID
LONG_NAME = "x" * LONGEST_FIELD_NAME

GOOD = [
    # Realistic.
    ("v=STSv1; id=20160831085700Z;", StsRecord("20160831085700Z")),
    ("v=STSv1; id=20160831085700Z", StsRecord("20160831085700Z")),
    ("v=STSv1;id=1", StsRecord("1")),
    # Spaces and tabs around a semicolon.
    ("v=STSv1 \t;\t id=1 ; ", StsRecord("1")),
    # The order of the other fields does not count, and unknown ones are ignored.
    ("v=STSv1; note=a:b/c; id=1", StsRecord("1", (("note", "a:b/c"),))),
    ("v=STSv1; 1.x-y_z=!; id=1", StsRecord("1", (("1.x-y_z", "!"),))),
    # The first of several counts.
    ("v=STSv1; id=1; id=2", StsRecord("1")),
    ("v=STSv1; n=a; id=1; n=b", StsRecord("1", (("n", "a"),))),
    # Limits reached.
    (f"v=STSv1; id={LONG_ID}", StsRecord(LONG_ID)),
    (f"v=STSv1; {LONG_NAME}=1; id=1", StsRecord("1", ((LONG_NAME, "1"),))),
]

BAD = [
    ("", RecordTrouble.VERSION),
    ("v=STSv2; id=1", RecordTrouble.VERSION),
    ("v=stsv1; id=1", RecordTrouble.VERSION),
    ("V=STSv1; id=1", RecordTrouble.VERSION),
    (" v=STSv1; id=1", RecordTrouble.VERSION),
    ("v = STSv1; id=1", RecordTrouble.VERSION),
    ("id=1; v=STSv1", RecordTrouble.VERSION),
    ("v=STSv1", RecordTrouble.ID_MISSING),
    ("v=STSv1;", RecordTrouble.ID_MISSING),
    ("v=STSv1; ID=1", RecordTrouble.ID_MISSING),
    ("v=STSv1; id=", RecordTrouble.ID),
    ("v=STSv1; id=a-b", RecordTrouble.ID),
    ("v=STSv1; id= 1", RecordTrouble.ID),
    (f"v=STSv1; id={LONG_ID}a", RecordTrouble.ID),
    ("v=STSv1; id =1", RecordTrouble.FIELD),
    ("v=STSv1; id", RecordTrouble.FIELD),
    ("v=STSv1;; id=1", RecordTrouble.FIELD),
    ("v=STSv1; id=1;;", RecordTrouble.FIELD),
    ("v=STSv1; id=1; n=", RecordTrouble.FIELD),
    ("v=STSv1; id=1; n=a b", RecordTrouble.FIELD),
    ("v=STSv1; id=1; n=a=b", RecordTrouble.FIELD),
    ("v=STSv1; id=1; -n=a", RecordTrouble.FIELD),
    (f"v=STSv1; {LONG_NAME}x=1; id=1", RecordTrouble.FIELD),
    ("v=STSv1; id=1\x00", RecordTrouble.ID),
    ("v=STSv1; id=\u0661", RecordTrouble.CHARACTER),
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_good_records_are_read(text: str, expected: StsRecord) -> None:
    """Whatever the grammar of RFC 8461 3.1 allows is read."""
    assert parse_record(text.encode()) == expected


@pytest.mark.parametrize(("text", "why"), BAD)
def test_bad_records_are_none(text: str, why: RecordTrouble) -> None:
    """A record with one fault is no record, and the fault has a name."""
    with pytest.raises(RecordFault) as fault:
        parse_record(text.encode())
    assert fault.value.why is why


def test_a_record_has_a_longest() -> None:
    """The limit can be reached and not passed."""
    head = b"v=STSv1; id=1; n="
    assert parse_record(head + b"x" * (LONGEST_RECORD - len(head))).id == "1"
    with pytest.raises(RecordFault) as fault:
        parse_record(head + b"x" * (LONGEST_RECORD - len(head) + 1))
    assert fault.value.why is RecordTrouble.LONG


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], None),
        (["hello", "v=spf1 -all", "v=STSv2; id=9", " v=STSv1; id=8"], None),
        (["other", "v=STSv1; id=1"], "1"),
        (["v=STSv10; id=2", "v=STSv1 ; id=1"], "1"),
    ],
    ids=["nothing", "others only", "one among others", "another version"],
)
def test_other_records_are_discarded(texts: list[str], expected: str | None) -> None:
    """Only records that begin with this version count (RFC 8461 3.1)."""
    found = select_record([Txt((text.encode(),)) for text in texts] + ["192.0.2.1"])
    assert (found and found.id) == expected


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["v=STSv1; id=1", "v=STSv1; id=1"], RecordTrouble.SEVERAL),
        (["v=STSv1; id=1", "v=STSv1; id="], RecordTrouble.SEVERAL),
        (["v=STSv1"], RecordTrouble.ID_MISSING),
        (["v=STSv1; id=\xff"], RecordTrouble.CHARACTER),
    ],
    ids=["twice", "good and bad", "without semicolon", "not ascii"],
)
def test_several_or_malformed_records_are_a_fault(texts: list[str], why: RecordTrouble) -> None:
    """If the number of records is not one, or the one is malformed, there is no policy (RFC 8461 3.1)."""
    with pytest.raises(RecordFault) as fault:
        select_record([Txt((text.encode("latin-1"),)) for text in texts])
    assert fault.value.why is why


def test_strings_are_joined() -> None:
    """A record that is cut into strings is read as one."""
    found = select_record([Txt((b"v=STS", b"v1; i", b"d=12"))])
    assert found == StsRecord("12")


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: b"v=STSv1; " + text.encode("utf-8", "replace")))
def test_any_octets_are_a_record_or_a_fault(text: bytes) -> None:
    """Nothing but RecordFault is raised."""
    try:
        record = parse_record(text)
    except RecordFault:
        return
    assert is_id(record.id)


@given(st.text(alphabet="abcXYZ019", min_size=1, max_size=LONGEST_ID))
def test_what_is_written_is_read(policy_id: str) -> None:
    """Write and read are a pair."""
    assert parse_record(write_record(policy_id).encode()) == StsRecord(policy_id)


@pytest.mark.parametrize("policy_id", ["", "a b", "1;x=2", LONG_ID + "1", "\u0661"])
def test_no_record_is_written_with_another_id(policy_id: str) -> None:
    """A record that nobody could read is not written."""
    with pytest.raises(RecordFault):
        write_record(policy_id)
