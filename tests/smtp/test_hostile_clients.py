"""Hostile clients: a short run of the fuzzer, which states the invariants."""

from __future__ import annotations

from fuzz.smtp_server import SETTINGS, broken_promises, run


def test_no_promise_is_broken() -> None:
    """Some hundred conversations that nobody should hold."""
    assert run(300, seed=1)


def test_the_fuzzer_gets_somewhere() -> None:
    """A good conversation is one of those it holds, and keeps every promise under all settings."""
    said = b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nSubject: a\r\n\r\nb\r\n.\r\nQUIT\r\n"
    for settings in SETTINGS:
        assert list(broken_promises(settings, 3, said, [10, 20])) == []
