"""The policy file of MTA-STS: grammar, limits, patterns, and the file that is written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.mtasts_policy import (
    LONGEST_FIELD_NAME,
    LONGEST_POLICY,
    MOST_PATTERNS,
    Mode,
    Policy,
    PolicyFault,
    PolicyTrouble,
    matches,
    parse_policy,
    write_policy,
)

GOOD = "version: STSv1\nmode: enforce\nmx: mx1.example.com\nmx: *.example.net\nmax_age: 604800\n"
WEEK = timedelta(days=7)
READ = Policy(Mode.ENFORCE, ("mx1.example.com", "*.example.net"), WEEK)
LONG_NAME = "x" * LONGEST_FIELD_NAME

SAME = {
    "line feeds": GOOD,
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "mixed": GOOD.replace("\n", "\r\n", 2),
    "no end": GOOD[:-1],
    "spaces at the ends of lines": GOOD.replace("\n", " \n"),
    "tabs at the ends of lines": GOOD.replace("\n", "\t \r\n"),
    "a space at the very end": GOOD[:-1] + " ",
    "no spaces": GOOD.replace(": ", ":"),
    "tabs": GOOD.replace(": ", ":\t \t"),
    "other order": "mx: mx1.example.com\nmax_age: 604800\nmx: *.example.net\nmode: enforce\nversion: STSv1\n",
    "upper case": GOOD.replace("mx1", "MX1"),
    "the first of several": GOOD + "mode: none\nmax_age: 1\nversion: STSv2\n",
    "a host twice": GOOD + "mx: MX1.example.com\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_one_policy_in_many_spellings(text: str) -> None:
    """What RFC 8461 3.2 leaves free makes no difference."""
    assert parse_policy(text.encode()) == READ


def with_line(name: str, value: str | None) -> str:
    """Return the good policy with another line ``name``, or without it."""
    kept = [line for line in GOOD.splitlines() if not line.startswith(name + ":")]
    return "\n".join([*kept, *([f"{name}: {value}"] if value is not None else [])])


BAD = [
    ("", PolicyTrouble.VERSION),
    (with_line("version", None), PolicyTrouble.VERSION),
    (with_line("version", "STSv2"), PolicyTrouble.VERSION),
    (with_line("version", "stsv1"), PolicyTrouble.VERSION),
    (with_line("mode", None), PolicyTrouble.MODE),
    (with_line("mode", "report"), PolicyTrouble.MODE),
    (with_line("mode", "Enforce"), PolicyTrouble.MODE),
    (with_line("mx", None), PolicyTrouble.MX_MISSING),
    (with_line("mx", "*"), PolicyTrouble.MX),
    (with_line("mx", "*.*.example.com"), PolicyTrouble.MX),
    (with_line("mx", "mx*.example.com"), PolicyTrouble.MX),
    (with_line("mx", "mx.*.com"), PolicyTrouble.MX),
    (with_line("mx", ".example.com"), PolicyTrouble.MX),
    (with_line("mx", "mx.example.com."), PolicyTrouble.MX),
    (with_line("mx", "[192.0.2.1]"), PolicyTrouble.MX),
    (with_line("mx", "b\u00fccher.example"), PolicyTrouble.MX),
    (with_line("mx", "mx1.example.com, mx2.example.com"), PolicyTrouble.MX),
    (with_line("mx", "a" * 64 + ".example.com"), PolicyTrouble.MX),
    (with_line("mx", "a." * 127 + "ab"), PolicyTrouble.MX),
    (with_line("max_age", None), PolicyTrouble.MAX_AGE),
    (with_line("max_age", "-1"), PolicyTrouble.MAX_AGE),
    (with_line("max_age", "1.5"), PolicyTrouble.MAX_AGE),
    (with_line("max_age", "1w"), PolicyTrouble.MAX_AGE),
    (with_line("max_age", "31557601"), PolicyTrouble.MAX_AGE),
    (with_line("max_age", "00000000001"), PolicyTrouble.MAX_AGE),
    (with_line("max_age", "\u0661"), PolicyTrouble.MAX_AGE),
    (GOOD + "\n", PolicyTrouble.LINE),
    (GOOD + "nothing\n", PolicyTrouble.LINE),
    (GOOD + "name : value\n", PolicyTrouble.LINE),
    (GOOD + " name: value\n", PolicyTrouble.LINE),
    (GOOD + "name:\n", PolicyTrouble.LINE),
    (GOOD + "name: \t\n", PolicyTrouble.LINE),
    (GOOD + " \n", PolicyTrouble.LINE),
    (GOOD + f"{LONG_NAME}x: value\n", PolicyTrouble.LINE),
    (GOOD + "-name: value\n", PolicyTrouble.LINE),
    (GOOD.replace("\n", "\r"), PolicyTrouble.CHARACTER),
    (GOOD + "name: a\tb\n", PolicyTrouble.CHARACTER),
    (GOOD + "name: a\x00\n", PolicyTrouble.CHARACTER),
    ("\ufeff" + GOOD, PolicyTrouble.LINE),
    ("<html><body>version: STSv1</body></html>", PolicyTrouble.LINE),
]


@pytest.mark.parametrize(("text", "why"), BAD)
def test_a_file_with_one_fault_is_no_policy(text: str, why: PolicyTrouble) -> None:
    """Each fault has its name."""
    with pytest.raises(PolicyFault) as fault:
        parse_policy(text.encode())
    assert fault.value.why is why


def test_octets_that_are_not_utf8_are_no_policy() -> None:
    """The file is UTF-8 (RFC 8461 3.2)."""
    with pytest.raises(PolicyFault) as fault:
        parse_policy(GOOD.encode() + b"name: \xff\n")
    assert fault.value.why is PolicyTrouble.CHARACTER


@pytest.mark.parametrize(
    ("seconds", "read"), [("0", 0), ("1", 1), ("31557600", 31_557_600), ("0000000060", 60)], ids=str
)
def test_the_range_of_max_age_is_reached(seconds: str, read: int) -> None:
    """Nothing up to a year is refused (RFC 8461 3.2)."""
    assert parse_policy(with_line("max_age", seconds).encode()).max_age == timedelta(seconds=read)


def test_mode_none_needs_no_host() -> None:
    """Whoever leaves MTA-STS names no host (RFC 8461 3.2)."""
    assert parse_policy(b"version: STSv1\nmode: none\nmax_age: 60") == Policy(Mode.NONE, (), timedelta(seconds=60))


def test_unknown_fields_are_kept_and_change_nothing() -> None:
    """Extensions are ignored (RFC 8461 3.2), the first of each kept."""
    read = parse_policy((GOOD + f"{LONG_NAME}: a b: \u00e9\nother: 1\nother: 2\n").encode())
    assert read == READ._replace(extensions=((LONG_NAME, "a b: \u00e9"), ("other", "1")))


def test_a_file_has_a_longest() -> None:
    """64 kilobytes are read, one octet more is not."""
    head = (GOOD + "note: ").encode()
    assert parse_policy(head + b"x" * (LONGEST_POLICY - len(head)))._replace(extensions=()) == READ
    with pytest.raises(PolicyFault) as fault:
        parse_policy(head + b"x" * (LONGEST_POLICY - len(head) + 1))
    assert fault.value.why is PolicyTrouble.LONG


def test_a_policy_has_a_greatest_number_of_patterns() -> None:
    """The limit is reached and not passed."""
    lines = [f"mx: m{number}.example.com\n" for number in range(MOST_PATTERNS + 1)]
    head = "version: STSv1\nmode: enforce\nmax_age: 1\n"
    assert len(parse_policy((head + "".join(lines[:-1])).encode()).patterns) == MOST_PATTERNS
    with pytest.raises(PolicyFault) as fault:
        parse_policy((head + "".join(lines)).encode())
    assert fault.value.why is PolicyTrouble.MX_MANY


@pytest.mark.parametrize(
    "text",
    ["\n" + GOOD + "\r\n\n", GOOD.replace("\n", "\n\n"), GOOD.replace("\n", "\n \t\n")],
    ids=["at the ends", "between", "of spaces"],
)
def test_leniency_forgives_empty_lines(text: str) -> None:
    """One habit is let in where that is asked for, and not otherwise."""
    assert parse_policy(text.encode(), lenient=True) == READ
    with pytest.raises(PolicyFault):
        parse_policy(text.encode())


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("mx.example.com", "mx.example.com", True),
        ("mx.example.com", "MX.Example.COM", True),
        ("mx.example.com", "mx.example.com.", True),
        ("mx.example.com", "a.mx.example.com", False),
        ("mx.example.com", "example.com", False),
        # RFC 8461 4.1, the RFC's own examples.
        ("*.example.com", "mail.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "foo.bar.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "mail.example.com.evil.test", False),
        ("*.example.com", "mailexample.com", False),
        ("example.com", "", False),
        ("*.example.com", "", False),
    ],
)
def test_patterns_match_as_the_rfc_says(pattern: str, host: str, expected: bool) -> None:
    """A wildcard is exactly one label."""
    assert matches(pattern, host) is expected
    assert Policy(Mode.ENFORCE, ("other.test", pattern), WEEK).names(host) is expected


@pytest.mark.parametrize("whole", [GOOD.encode(), GOOD.replace("\n", "\r\n").encode()], ids=["lf", "crlf"])
def test_every_beginning_of_a_file_is_a_policy_or_a_fault(whole: bytes) -> None:
    """A file that was cut off is taken for a whole one only where its last line happens to be whole."""
    for end in range(len(whole)):
        try:
            read = parse_policy(whole[:end])
        except PolicyFault:
            continue
        assert end >= whole.index(b"max_age: 6") + 10
        assert read.patterns == READ.patterns


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z][a-z0-9]{0,10}){1,3}", fullmatch=True)
POLICIES = st.builds(
    Policy,
    st.sampled_from((Mode.ENFORCE, Mode.TESTING)),
    st.lists(st.builds(str.__add__, st.sampled_from(("", "*.")), NAMES), min_size=1, max_size=5, unique=True).map(
        tuple
    ),
    st.integers(0, 31_557_600).map(lambda seconds: timedelta(seconds=seconds)),
    st.just(()),
)


@given(POLICIES)
def test_what_is_written_is_read(policy: Policy) -> None:
    """Write and read are a pair."""
    assert parse_policy(write_policy(policy)) == policy


@pytest.mark.parametrize(
    "policy",
    [
        Policy(Mode.ENFORCE, (), WEEK),
        Policy(Mode.ENFORCE, ("mx.example.com\r\nmode: none",), WEEK),
        Policy(Mode.ENFORCE, ("MX.example.com",), WEEK),
        Policy(Mode.ENFORCE, ("mx.example.com",), timedelta(days=400)),
        Policy(Mode.ENFORCE, ("mx.example.com",), timedelta(seconds=1.5)),
        Policy(Mode.ENFORCE, ("mx.example.com",), WEEK, (("mode", "none"),)),
        Policy(Mode.ENFORCE, ("mx.example.com",), WEEK, (("note", "\ud800"),)),
    ],
    ids=["no host", "line end", "upper case", "too long", "half a second", "a field again", "half a character"],
)
def test_nothing_is_written_that_would_be_read_otherwise(policy: Policy) -> None:
    """No line can be smuggled into the file."""
    with pytest.raises(PolicyFault):
        write_policy(policy)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (GOOD + text).encode("utf-8", "replace")))
def test_any_octets_are_a_policy_or_a_fault(body: bytes) -> None:
    """Nothing but PolicyFault is raised, and lenient never refuses what strict takes."""
    try:
        read = parse_policy(body)
    except PolicyFault:
        return
    assert parse_policy(body, lenient=True) == read
