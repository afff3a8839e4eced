"""Whether those who are to receive reports want them (RFC 9990 4)."""

from __future__ import annotations

from typing import Literal

import pytest

from mailwright.authentication.external_reports import Destination, Permission, verify_destinations
from mailwright.authentication.report_uri import MOST_URIS, ReportUri
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dmarc_zone import Entry, Zone, txt

#: RFC 9990 4: its example's name.
ASKED = "blue.example.com._report._dmarc.red.example.net"
URI = "mailto:reports@red.example.net"


def destination(
    uri: str, entries: dict[str, Entry], tag: Literal["rua", "ruf"] = "rua", domain: str = "blue.example.com"
) -> Destination:
    """Return what is found out about one address."""
    (found,) = settle(verify_destinations(domain, (ReportUri(uri),), tag), Zone(entries))
    return found


ROWS = [
    # Inside the organisation: nothing has to be asked.
    ("mailto:a@blue.example.com", {}, Permission.SAME_ORGANIZATION, ""),
    ("mailto:a@example.com", {"_dmarc.example.com": "v=DMARC1"}, Permission.SAME_ORGANIZATION, ""),
    ("mailto:a@red.example.com", {"_dmarc.example.com": "v=DMARC1"}, Permission.SAME_ORGANIZATION, ""),
    # RFC 9990 4: the example, and its variants.
    (URI, {ASKED: "v=DMARC1"}, Permission.PERMITTED, ASKED),
    (URI, {ASKED: "v=DMARC1;"}, Permission.PERMITTED, ASKED),
    (URI, {ASKED: txt("v=spf1 -all", "v=DMARC1")}, Permission.PERMITTED, ASKED),
    (URI, {ASKED: txt("v=DMARC1", "v=DMARC1")}, Permission.PERMITTED, ASKED),
    ("https://red.example.net/x", {ASKED: "v=DMARC1"}, Permission.PERMITTED, ASKED),
    (URI, {}, Permission.NOT_PERMITTED, ASKED),
    (URI, {ASKED: "v=dmarc1"}, Permission.NOT_PERMITTED, ASKED),
    (URI, {ASKED: "p=none; v=DMARC1"}, Permission.NOT_PERMITTED, ASKED),
    (URI, {ASKED: "v=DMARC1; a=1; a=2"}, Permission.NOT_PERMITTED, ASKED),
    (URI, {ASKED: "v=DMARC1; rua=mailto:other@red.example.net"}, Permission.REDIRECTED, ASKED),
    (URI, {ASKED: "v=DMARC1; ruf=mailto:other@red.example.net"}, Permission.PERMITTED, ASKED),
    (URI, {ASKED: "v=DMARC1; rua=mailto:victim@example.org"}, Permission.REDIRECTED_AWAY, ASKED),
    (URI, {ASKED: "v=DMARC1; rua=mailto:a@red.example.net,mailto:b@x.example"}, Permission.REDIRECTED_AWAY, ASKED),
    # Nothing is known.
    (URI, {ASKED: Kind.TIMEOUT}, Permission.UNKNOWN, ASKED),
    (URI, {"_dmarc.net": Kind.SERVFAIL}, Permission.UNKNOWN, ""),
    # No host to ask.
    ("urn:example:1", {}, Permission.NO_HOST, ""),
    ("mailto:a@[192.0.2.1]", {}, Permission.NO_HOST, ""),
    ("mailto:a@" + "x" * 63 + "." + "y" * 63 + "." + "z" * 63 + "." + "w" * 40, {}, Permission.TOO_LONG, None),
    # U-labels are asked for as A-labels.
    (
        "mailto:a@m%C3%BCller.example",
        {"blue.example.com._report._dmarc.xn--mller-kva.example": "v=DMARC1"},
        Permission.PERMITTED,
        "blue.example.com._report._dmarc.xn--mller-kva.example",
    ),
]


@pytest.mark.parametrize(("uri", "entries", "permission", "asked"), ROWS)
def test_permission(uri: str, entries: dict[str, Entry], permission: Permission, asked: str | None) -> None:
    """RFC 9990 4 MUST: an address outside is ignored unless its own domain confirms; a redirection keeps the host."""
    found = destination(uri, entries)
    assert found.permission is permission
    if asked is not None:
        assert found.asked == asked
    assert bool(found.targets) is (
        permission in (Permission.SAME_ORGANIZATION, Permission.PERMITTED, Permission.REDIRECTED)
    )


def test_a_redirection_takes_the_other_address() -> None:
    """RFC 9990 4 step 9, and RFC 9991 4 with ruf in the place of rua."""
    record = "v=DMARC1; rua=mailto:agg@red.example.net; ruf=mailto:fail@red.example.net"
    assert [uri.uri for uri in destination(URI, {ASKED: record}).targets] == ["mailto:agg@red.example.net"]
    assert [uri.uri for uri in destination(URI, {ASKED: record}, "ruf").targets] == ["mailto:fail@red.example.net"]


def test_addresses_are_bounded_and_asked_together() -> None:
    """However long the list, MOST_URIS are looked at, and one host is asked once."""
    uris = tuple(ReportUri(f"mailto:a{number}@red.example.net") for number in range(MOST_URIS + 5))
    zone = Zone({ASKED: "v=DMARC1"})
    found = settle(verify_destinations("blue.example.com", uris, "rua"), zone)
    assert len(found) == MOST_URIS
    assert zone.names.count(ASKED) == 1
    assert len(zone.names) == len(set(zone.names))


def test_nothing_is_asked_for_ones_own_domain() -> None:
    """The usual record costs no question."""
    zone = Zone({})
    settle(verify_destinations("example.com", (ReportUri("mailto:a@example.com"),), "rua"), zone)
    assert zone.asked == []
