"""New keys and the plan of a rotation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailwright.authentication.dkim_key import DkimKey, KeyProblem, KeyTrouble, KeyType, read_key
from mailwright.authentication.dkim_rotation import (
    LONGEST_STRING,
    MOST_SELECTORS,
    REVOKED_FOR,
    TRANSIT,
    RotationAction,
    RotationStep,
    key_record,
    new_key,
    new_selector,
    plan_rotation,
)
from mailwright.authentication.dkim_sign import SigningKey, sign_message
from tests.authentication.dkim_zone import MESSAGE, NOW, verdicts

MOMENT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("key_type", "bits", "strings"), [(KeyType.RSA, 1024, 1), (KeyType.RSA, 2048, 2), (KeyType.ED25519, 256, 1)]
)
def test_a_new_key_signs_and_its_record_verifies(key_type: KeyType, bits: int, strings: int) -> None:
    """The private half, the record in its strings, and the verifier belong together."""
    key = new_key(key_type, bits)
    assert (key.type, key.bits, len(key.strings)) == (key_type, bits, strings)
    assert all(len(string) <= LONGEST_STRING for string in key.strings)
    assert "".join(key.strings) == key.record
    assert key.zone_text == " ".join(f'"{string}"' for string in key.strings)
    raw = sign_message(MESSAGE, [SigningKey.load("example.com", "n", key.private_pem)], NOW) + MESSAGE
    (verdict,) = verdicts(raw, {"n._domainkey.example.com": key.record.encode()})
    assert verdict.result == "pass"
    assert verdict.key is not None
    assert not verdict.testing


def test_records() -> None:
    """v= stands first, testing is marked, and a key without octets is revoked."""
    record = key_record(KeyType.ED25519, bytes(32), testing=True)
    assert record.startswith("v=DKIM1; k=ed25519; t=y; p=")
    key = read_key(record.encode())
    assert isinstance(key, DkimKey)
    assert key.testing
    revoked = read_key(key_record(KeyType.RSA, b"").encode())
    assert isinstance(revoked, KeyProblem)
    assert revoked.trouble is KeyTrouble.REVOKED


@pytest.mark.parametrize("bits", [1023, 4097])
def test_keys_that_no_verifier_takes_are_not_made(bits: int) -> None:
    """RFC 8301 3.2."""
    with pytest.raises(ValueError, match="bits"):
        new_key(KeyType.RSA, bits)


def test_the_plan_of_a_rotation() -> None:
    """Published before it is used; the old one is revoked only when nothing it signed is on its way any more."""
    use = MOMENT + 2 * HOUR
    revoke = use + TRANSIT
    assert plan_rotation(MOMENT, "old", "new", ttl=HOUR / 2, negative_ttl=HOUR) == (
        RotationStep(MOMENT, RotationAction.PUBLISH, "new"),
        RotationStep(use, RotationAction.USE, "new"),
        RotationStep(use, RotationAction.STOP, "old"),
        RotationStep(revoke, RotationAction.REVOKE, "old"),
        RotationStep(revoke + HOUR / 2 + REVOKED_FOR, RotationAction.REMOVE, "old"),
    )
    first = plan_rotation(MOMENT, None, "new", ttl=HOUR, negative_ttl=HOUR)
    assert [step.action for step in first] == [RotationAction.PUBLISH, RotationAction.USE]


def test_selectors_are_never_used_again() -> None:
    """Year, month and kind of key, with a number where the month has one already."""
    assert new_selector(MOMENT, KeyType.RSA) == "202611r"
    assert new_selector(MOMENT, KeyType.ED25519, ["202611r"]) == "202611e"
    assert new_selector(MOMENT, KeyType.RSA, ["202611R", "202611r2"]) == "202611r3"
    taken = ["202611r", *(f"202611r{number}" for number in range(2, MOST_SELECTORS))]
    assert new_selector(MOMENT, KeyType.RSA, taken) == f"202611r{MOST_SELECTORS}"
    with pytest.raises(ValueError, match="taken"):
        new_selector(MOMENT, KeyType.RSA, [*taken, f"202611r{MOST_SELECTORS}"])
