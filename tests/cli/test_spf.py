"""``mailwright spf`` from outside: what a record needs and leads to, and the simpler record in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mailwright.authentication.spf_simplify import ChangeKind
from mailwright.cli.spf_lines import simplify_words
from tests.cli.conftest import Run


@pytest.fixture(scope="session")
def zone(repository: Path) -> Path:
    """The zone that ships with the project."""
    return repository / "examples" / "auth" / "zone.toml"


def test_a_record_of_twelve_look_ups_is_made_to_fit(run: Run, zone: Path) -> None:
    """What it needs is counted at each record, and the simpler one keeps to ten."""
    ran = run("spf", "shop.example", "--simplify", "--zone", zone, "--json")
    told = json.loads(ran.out)
    schema = json.loads(run("spf", "--schema").out)
    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(told)] == []
    assert (ran.code, told["outcome"], told["look_ups"], told["complete"]) == (1, "trouble", 12, True)
    assert [term["look_ups"] for term in told["records"][0]["terms"]] == [4, 3, 3, 2, 0, 0]
    assert told["simplified"]["fits"]
    assert told["simplified"]["look_ups"] <= 10
    assert "".join(told["simplified"]["strings"]) == told["simplified"]["record"]


def test_a_person_sees_the_tree_and_the_record(run: Run, zone: Path) -> None:
    """With what each term needs, and what was done to make it simpler."""
    out = run("spf", "shop.example", "--simplify", "--zone", zone).out
    assert out.startswith("shop.example: 12 look-ups needed, 10 are allowed\n")
    assert "include:_spf.crm.example (needs 4)\n" in out
    assert 'shop.example. IN TXT "v=spf1 ' in out


@pytest.mark.parametrize(
    ("record", "code", "says"),
    [
        pytest.param('["TXT v=spf1 -all"]', 0, "0 look-ups needed", id="in-order"),
        pytest.param('["A 192.0.2.1"]', 1, "there is no SPF record", id="none"),
        pytest.param('["TXT v=spf1 include:a.test -all"]', 1, "leads back to itself", id="circle"),
        pytest.param('["TXT v=spf1 ip4:300 -all"]', 1, "the record is misspelt", id="misspelt"),
        pytest.param('"TIMEOUT"', 3, "a DNS question got no answer", id="timeout"),
    ],
)
def test_exit_codes(run: Run, tmp_path: Path, record: str, code: int, says: str) -> None:
    """0 in order, 1 to be mended, 3 where DNS did not answer; --simplify changes nothing about it."""
    (tmp_path / "zone.toml").write_text(f'"a.test" = {record}\n', "utf-8")
    for more in ((), ("--simplify",)):
        ran = run("spf", "a.test", "--zone", "zone.toml", *more)
        assert (ran.code, ran.err) == (code, "")
        assert says in ran.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], "DOMAIN nothing: this is no domain name"),
        (["a.test", "--zone", "none.toml"], "--zone none.toml: there is no such file"),
        (["a.test", "--resolver", "x"], "--resolver 'x' is no DNS server"),
        ([], "DOMAIN is missing"),
    ],
    ids=["one-label", "no-zone", "bad-resolver", "no-domain"],
)
def test_wrong_calls_are_told(run: Run, words: list[str], says: str) -> None:
    """One line on standard error, exit code 2."""
    ran = run("spf", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert says in ran.err


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_change_has_words(kind: ChangeKind) -> None:
    """What was done is always said."""
    assert simplify_words(kind)
