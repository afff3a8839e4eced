"""A short run of the fuzzer for the client's engine; `python -m fuzz.smtp_client` runs longer ones."""

from __future__ import annotations

import pytest

from fuzz.smtp_client import SETTINGS, TOKENS, broken_promises, run
from mailwright.smtp.client_state import ClientSettings


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_server_breaks_the_promises(seed: int) -> None:
    """Random conversations with servers that say anything raise RemoteProtocolError at most."""
    assert run(300, seed)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_token_is_survived_at_every_place(settings: ClientSettings) -> None:
    """Each thing that a server can say, after each step of a session that goes well."""
    good = [TOKENS[0], TOKENS[6], b"250 a\r\n" * 4, b"354 go\r\n", b"250 a\r\n"]
    for place in range(len(good) + 1):
        for token in TOKENS:
            assert broken_promises(settings, ["message", "message"], [*good[:place], token, *good[place:]]) == []
