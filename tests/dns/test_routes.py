"""The memory of routes."""

from __future__ import annotations

import random
from ipaddress import ip_address

import pytest

from mailwright.dns.answer import Answer, Kind, Question, RecordType
from mailwright.dns.routes import MailHost, RouteMemory, Routing, Verdict

CHANCE = random.Random(0)  # noqa: S311 - an order of hosts, no secret
ANSWER = Answer(Question("example.test", RecordType.MX), Kind.FOUND, ttl=60)


def routing(*preferences: int, ttl: int = 60, domain: str = "example.test", answers: int = 1) -> Routing:
    """Return a route with a host for each preference."""
    hosts = tuple(
        MailHost(f"mx{n}.test", preference, (ip_address(f"192.0.2.{n}"),)) for n, preference in enumerate(preferences)
    )
    return Routing(domain, Verdict.ROUTABLE, hosts, ttl=ttl, answers=(ANSWER,) * answers)


@pytest.mark.parametrize(("at", "known"), [(100.0, True), (159.9, True), (160.0, False)])
def test_routes_are_kept_for_their_ttl(at: float, known: bool) -> None:
    """Before the end there, at the end gone."""
    memory = RouteMemory()
    memory.put(routing(10), 100.0)
    assert (memory.get("example.test", at, CHANCE) is not None) is known
    assert len(memory) == int(known)


def test_a_route_without_ttl_is_not_kept() -> None:
    """What holds for the moment is not remembered."""
    memory = RouteMemory()
    memory.put(routing(10, ttl=0), 0.0)
    assert memory.get("example.test", 0.0, CHANCE) is None


def test_equals_are_shuffled_at_each_use() -> None:
    """All orders of equals come, none that breaks the preferences, and nothing else changes."""
    memory = RouteMemory()
    kept = routing(5, 10, 10, 20)
    memory.put(kept, 0.0)
    seen = [memory.get("example.test", 1.0, CHANCE) for _ in range(50)]
    orders = {tuple(host.name for host in route.hosts) for route in seen if route}
    assert orders == {
        ("mx0.test", "mx1.test", "mx2.test", "mx3.test"),
        ("mx0.test", "mx2.test", "mx1.test", "mx3.test"),
    }
    assert all(route is not None and route._replace(hosts=kept.hosts) == kept for route in seen)


def test_a_route_without_equals_is_given_as_it_is() -> None:
    """Nothing to shuffle, nothing to copy."""
    memory = RouteMemory()
    kept = routing(10, 20)
    memory.put(kept, 0.0)
    assert memory.get("example.test", 1.0, CHANCE) is kept


def test_the_longest_unused_go_first() -> None:
    """The number of domains is bounded."""
    memory = RouteMemory(most=2)
    for domain in ("a.test", "b.test"):
        memory.put(routing(10, domain=domain), 0.0)
    memory.get("a.test", 1.0, CHANCE)
    memory.put(routing(10, domain="c.test"), 1.0)
    assert [memory.get(f"{name}.test", 2.0, CHANCE) is not None for name in "abc"] == [True, False, True]


def test_a_longer_route_lasts_as_long_as_the_shorter_one_did() -> None:
    """What ``more`` adds does not make the first answers younger."""
    memory = RouteMemory()
    memory.put(routing(10), 0.0)
    memory.put(routing(10, 20, answers=2), 50.0)
    assert memory.get("example.test", 59.0, CHANCE) == routing(10, 20, answers=2)
    assert memory.get("example.test", 60.0, CHANCE) is None


def test_a_route_asked_for_anew_begins_anew() -> None:
    """The same number of answers is another look-up, not a longer one."""
    memory = RouteMemory()
    memory.put(routing(10), 0.0)
    memory.put(routing(10), 50.0)
    assert memory.get("example.test", 100.0, CHANCE) is not None


def test_a_route_can_be_forgotten() -> None:
    """Known or not."""
    memory = RouteMemory()
    memory.put(routing(10), 0.0)
    memory.forget("example.test")
    memory.forget("example.test")
    assert len(memory) == 0
