"""Capabilities of POP3, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.pop3.capabilities import Capabilities, capability_lines, parse_capabilities

#: The example of RFC 2449 5.
RFC = ["TOP", "USER", "SASL CRAM-MD5 KERBEROS_V4", "RESP-CODES", "LOGIN-DELAY 900", "PIPELINING", "EXPIRE 60", "UIDL",
       "IMPLEMENTATION Shlemazle-Plotz-v302"]  # fmt: skip


def test_the_example_of_the_rfc_is_read() -> None:
    """RFC 2449 5."""
    assert parse_capabilities(RFC) == Capabilities(
        top=True,
        user=True,
        mechanisms=("CRAM-MD5", "KERBEROS_V4"),
        resp_codes=True,
        login_delay=900,
        pipelining=True,
        expire=60,
        uidl=True,
        implementation="Shlemazle-Plotz-v302",
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], Capabilities()),
        (["", "  "], Capabilities()),
        (["stls", "Utf8 user"], Capabilities(stls=True, utf8=True, utf8_user=True)),
        (["EXPIRE NEVER"], Capabilities(expire_never=True)),
        (["EXPIRE 5 USER", "LOGIN-DELAY 120 USER"],
         Capabilities(expire=5, expire_by_user=True, login_delay=120, login_delay_by_user=True)),
        (["EXPIRE", "LOGIN-DELAY soon", "SASL"], Capabilities()),
        (["EXPIRE 1234567890"], Capabilities()),
        (["SASL plain LOGIN PLAIN no!mechanism"], Capabilities(mechanisms=("PLAIN", "LOGIN"))),
        (["X-THING a b"], Capabilities(others=("X-THING a b",))),
        (["IMPLEMENTATION  Two Words "], Capabilities(implementation="Two Words")),
        (["AUTH-RESP-CODE", "LANG"], Capabilities(auth_resp_code=True, lang=True)),
    ],
    ids=repr,
)  # fmt: skip
def test_capabilities_are_read(lines: list[str], expected: Capabilities) -> None:
    """In any case, and what cannot be read counts as absent."""
    assert parse_capabilities(lines) == expected


WORDS = st.text(alphabet="ABCXYZ-09", min_size=1, max_size=12)


@given(
    st.builds(
        Capabilities,
        top=st.booleans(),
        stls=st.booleans(),
        pipelining=st.booleans(),
        utf8=st.just(True),
        utf8_user=st.booleans(),
        mechanisms=st.lists(WORDS, unique=True, max_size=4).map(tuple),
        login_delay=st.integers(0, 10**9 - 1),
        login_delay_by_user=st.booleans(),
        expire=st.integers(0, 10**9 - 1),
        expire_by_user=st.booleans(),
        implementation=st.sampled_from(["", "Mailwright 1.0"]),
        others=st.lists(WORDS.map("X-{}".format), max_size=3).map(tuple),
    )
)
def test_what_is_written_is_read_back(capabilities: Capabilities) -> None:
    """Writing and reading are two halves of a pair."""
    assert parse_capabilities(capability_lines(capabilities)) == capabilities


@given(st.lists(st.text(max_size=60), max_size=10))
def test_any_lines_can_be_read(lines: list[str]) -> None:
    """A strange line is no reason to give up."""
    parse_capabilities(lines)
