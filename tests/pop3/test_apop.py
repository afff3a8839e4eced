"""APOP: timestamps and digests."""

from __future__ import annotations

import pytest

from mailwright.pop3.apop import LONGEST_TIMESTAMP, apop_digest, timestamp_of


def test_the_example_of_the_rfc() -> None:
    """RFC 1939 7."""
    stamp = timestamp_of("POP3 server ready <1896.697170952@dbc.mtview.ca.us>")
    assert stamp == "<1896.697170952@dbc.mtview.ca.us>"
    assert apop_digest(stamp, "tanstaaf") == "c4c9334bac560ecc979e58001b3e22fb"


@pytest.mark.parametrize(
    "greeting",
    [
        "",
        "ready",
        "<>",
        "<a>",
        "<@b>",
        "<a@>",
        "<a@b",
        "a@b>",
        "> <a",
        "<a@b@c>",
        "<a b@c>",
        "<a<@c>",
        "<ä@c>",
        "<\x80@c>",
        "<a\x00@c>",
        "<" + "a" * (LONGEST_TIMESTAMP - 1) + "@c>",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_message_identifier_is_no_timestamp(greeting: str) -> None:
    """Timestamps made to find out the password from the digest break the form."""
    assert timestamp_of(greeting) is None


def test_the_longest_timestamp_is_taken() -> None:
    """The bound, exactly reached."""
    assert timestamp_of("<" + "a" * (LONGEST_TIMESTAMP - 2) + "@c>") is not None
