"""The joined judgement: the examples made anew, what is asked and how often, what depends on what was not given."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from examples.auth.make_auth import NOW, make
from mailwright.app.authenticity import Inquest, Judgement, judge, judge_by, results_field
from mailwright.app.zone import read_zone
from mailwright.authentication.arc import ArcResult
from mailwright.authentication.dkim import DkimResult
from mailwright.authentication.dmarc import Disposition, Result
from mailwright.authentication.spf_verdict import SpfResult
from mailwright.lab.nameserver import NameServer
from mailwright.lab.resolver import TableResolver

CALLS = {
    "clean.eml": ("192.0.2.1", "mail.example.com", "anna@example.com"),
    "list-footer.eml": ("192.0.2.25", "lists.example.org", "bounces@lists.example.org"),
    "forwarded.eml": ("198.51.100.7", "mx.example.net", "anna@example.com"),
    "newsletter.eml": ("192.0.2.80", "web.shop.example", "news@shop.example"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, made anew with new keys."""
    folder = tmp_path_factory.mktemp("examples")
    make(folder)
    return folder / "auth"


def inquest(folder: Path, name: str) -> Inquest:
    """What is asked about one of the examples."""
    ip, helo, sender = CALLS[name]
    return Inquest((folder / name).read_bytes(), ip_address(ip), helo, sender, "mx.example.org", NOW + 10)


def summary(found: Judgement) -> tuple[SpfResult | None, list[DkimResult], ArcResult, Result, Disposition]:
    """The results alone."""
    spf = found.spf.verdict.result if found.spf is not None else None
    dkim = [one.verdict.result for one in found.signatures]
    return spf, dkim, found.arc.result, found.dmarc.result, found.dmarc.disposition


@pytest.mark.parametrize("name", CALLS)
async def test_examples_made_anew_are_judged_like_those_that_ship(made: Path, repository: Path, name: str) -> None:
    """The program that makes them makes what the manual shows."""
    shipped = repository / "examples" / "auth"
    both = [await judge_by(inquest(folder, name), read_zone(str(folder / "zone.toml"))) for folder in (made, shipped)]
    assert summary(both[0]) == summary(both[1])


@pytest.mark.parametrize("name", CALLS)
async def test_no_question_of_one_check_is_asked_again_by_another(made: Path, name: str) -> None:
    """What runs at the same time may ask twice, which a resolver's memory answers; nothing asks three times."""
    resolver = read_zone(str(made / "zone.toml"))
    await judge_by(inquest(made, name), resolver)
    assert max(Counter(resolver.asked).values()) <= 2


async def test_what_was_not_given_is_not_checked(made: Path) -> None:
    """None is not "none"; no question is asked for it."""
    resolver = read_zone(str(made / "zone.toml"))
    whole = inquest(made, "clean.eml")
    bare = Inquest(whole.raw, None, "", None, "", whole.now)
    found = await judge_by(bare, resolver)
    assert (found.spf, found.reverse, found.helo, found.bimi) == (None, None, None, None)
    assert {question.name for question in resolver.asked} == {
        "202611r._domainkey.example.com",
        "202611e._domainkey.example.com",
        "_dmarc.example.com",
    }
    written = results_field(bare, found)
    assert [result.method for result in written.results] == ["dkim", "dkim", "arc", "dmarc"]


async def test_a_zone_in_place_of_resolvers(made: Path) -> None:
    """``judge`` answers from the file and reaches nobody."""
    whole = inquest(made, "clean.eml")
    found = await judge(
        Inquest(whole.raw, whole.ip, whole.helo, whole.sender, "", whole.now, bimi=True, zone=str(made / "zone.toml"))
    )
    assert found.dmarc.result is Result.PASS
    assert found.bimi is not None


async def test_a_header_beyond_the_limits_is_nobody_s() -> None:
    """Each check says so in its own way, and nothing is raised."""
    raw = b"From: a@example.com\r\n" + b"X: y\r\n" * 3_000 + b"\r\nx\r\n"
    found = await judge_by(Inquest(raw, None, "", None, "", NOW), TableResolver())
    assert found.authors.domains == ()
    assert (found.dmarc.result, found.arc.result) == (Result.PERMERROR, ArcResult.FAIL)
    assert found.dmarc_diagnosis is not None
    assert found.dmarc_diagnosis.cause.id == "message-malformed"


async def test_real_resolvers_are_asked(made: Path) -> None:
    """The same judgement by DNS messages over a socket as from the file."""
    whole = inquest(made, "forwarded.eml")
    resolver = read_zone(str(made / "zone.toml"))
    async with NameServer(resolver.table) as server:
        found = await judge(replace(whole, resolvers=(server.address,)))
    assert summary(found) == summary(await judge_by(whole, resolver))
