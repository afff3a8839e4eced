"""docs/interop.md says what these tests show: no more, and no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.peers.contract import MECHANISMS, NEEDS, Feature, Receiving, Submitting
from tests.peers.test_dovecot import TestDovecot as Dovecot
from tests.peers.test_exim import TestExim as Exim
from tests.peers.test_opensmtpd import TestOpenSmtpd as OpenSmtpd
from tests.peers.test_postfix_contract import TestPostfix as Postfix

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "interop.md"
PEERS: dict[str, type[Receiving]] = {"Postfix": Postfix, "Exim": Exim, "OpenSMTPD": OpenSmtpd, "Dovecot LMTP": Dovecot}


def cell(peer: type[Receiving], test: str, feature: Feature | None) -> str:
    """Return what the table says about a peer and a test."""
    if not hasattr(peer, test):
        return "–"
    return "no" if feature in peer.lacks else "yes"


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """Return the table that is true."""
    lines = [line("what", *PEERS), line(*["---"] * (len(PEERS) + 1))]
    tests = {name: test for part in (Receiving, Submitting) for name, test in vars(part).items() if name[:5] == "test_"}
    for name, test in tests.items():
        words = (test.__doc__ or "").rstrip(".")
        features: tuple[Feature | None, ...] = MECHANISMS if name == "test_login" else (NEEDS.get(name),)
        for feature in features:
            title = f"{words}: {feature}" if len(features) > 1 else words
            lines.append(line(title, *(cell(peer, name, feature) for peer in PEERS.values())))
    lines.extend(
        line(
            (peer.__dict__["test_lmtp"].__doc__ or "").rstrip("."),
            *("yes" if other is peer else "–" for other in PEERS.values()),
        )
        for peer in PEERS.values()
        if "test_lmtp" in vars(peer)
    )
    return "\n".join(lines)


def test_the_table_of_mail_servers_is_true() -> None:
    """Where it fails, the table to paste into the page stands in the message."""
    right = table()
    if right not in PAGE.read_text(encoding="utf-8"):
        pytest.fail(f"the table must be\n{right}")


NAMED = re.findall(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("test", "file"), NAMED, ids=[test for test, _ in NAMED])
def test_the_tests_that_are_named_exist(test: str, file: str) -> None:
    """A program that is said to work with Mailwright has its test."""
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def test_each_program_names_its_test() -> None:
    """No line of the second table stands without one."""
    second = PAGE.read_text(encoding="utf-8").partition("| program |")[2].partition("\n\n")[0]
    rows = second.splitlines()[2:]
    assert rows
    assert len(NAMED) >= len(rows)
    assert all("[`test_" in row for row in rows)
