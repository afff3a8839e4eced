"""Which policy applies, and which domain is the organisation's: the tree walk of RFC 9989 4.10."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.dmarc_discovery import MOST_NAMES, Discovery, Outcome, discover, walk_all, walk_names
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dmarc_zone import Entry, Zone, txt

NONE = "v=DMARC1; p=none"


def organization(domain: str, entries: dict[str, Entry]) -> str | None:
    """Return the organisational domain of ``domain`` in a zone."""
    return settle(walk_all((domain,), {}), Zone(entries))[0].organization


def found(author: str, entries: dict[str, Entry]) -> tuple[Discovery, Zone]:
    """Return what is discovered for ``author`` in a zone, and the zone."""
    zone = Zone(entries)
    return settle(discover(author), zone), zone


def test_names_of_the_example_with_thirteen_labels() -> None:
    """RFC 9989 4.10: the example's eight names."""
    assert list(walk_names("a.b.c.d.e.f.g.h.i.j.mail.example.com")) == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]


@pytest.mark.parametrize("depth", range(1, 41))
def test_no_more_than_eight_names_at_any_depth(depth: int) -> None:
    """RFC 9989 4.10: one name for each label up to eight, then always eight, the last being the top-level domain."""
    domain = ".".join(f"l{number}" for number in range(depth))
    names = walk_names(domain)
    assert len(names) == min(depth, MOST_NAMES)
    assert (names[0], names[-1]) == (domain, f"l{depth - 1}")
    _, zone = found(domain, {})
    assert zone.names == [f"_dmarc.{name}" for name in names]


ORGANIZATIONS = [
    # RFC 9989 4.10.2: its three examples.
    ("a.mail.example.com", {"_dmarc.mail.example.com": NONE, "_dmarc.example.com": NONE}, "example.com"),
    (
        "a.mail.example.com",
        {"_dmarc.mail.example.com": NONE + "; psd=n", "_dmarc.example.com": NONE},
        "mail.example.com",
    ),
    ("a.mail.example.com", {"_dmarc.com": NONE + "; psd=y"}, "example.com"),
    # The text beside rule 2: a public suffix one label above.
    ("mail.example.com", {"_dmarc.example.com": NONE + "; psd=y"}, "mail.example.com"),
    # Nothing found: the domain itself.
    ("a.mail.example.com", {}, "a.mail.example.com"),
    # psd=y where the walk starts says nothing of what is below it (rule 2), so rule 3 takes it.
    ("example.com", {"_dmarc.example.com": NONE + "; psd=y", "_dmarc.com": NONE}, "example.com"),
    ("example.com", {"_dmarc.example.com": NONE + "; psd=n", "_dmarc.com": NONE}, "example.com"),
    # psd=u is no word about anything.
    ("a.example.com", {"_dmarc.a.example.com": NONE + "; psd=u", "_dmarc.example.com": NONE}, "example.com"),
    # A registry that publishes without psd=y takes all in, unless psd=n stands below (RFC 9989 11.8).
    ("example.com", {"_dmarc.example.com": NONE, "_dmarc.com": NONE}, "com"),
    # Two public suffixes: the lower one ends the walk.
    ("a.b.co.example", {"_dmarc.co.example": NONE + "; psd=y", "_dmarc.example": NONE + "; psd=y"}, "b.co.example"),
    # What is discarded counts for nothing: several records, none of DMARC, none that can be read.
    ("a.example.com", {"_dmarc.a.example.com": txt(NONE + "; psd=n", NONE), "_dmarc.example.com": NONE}, "example.com"),
    ("a.example.com", {"_dmarc.a.example.com": NONE, "_dmarc.example.com": "v=spf1 -all"}, "a.example.com"),
    ("a.example.com", {"_dmarc.a.example.com": NONE, "_dmarc.example.com": NONE + "; p=none"}, "a.example.com"),
    # The names left out by the jump to seven labels are not seen (RFC 9989 5.1.8).
    (
        "mail.a.b.c.d.e.f.g.example.com",
        {"_dmarc.example.com": NONE, "_dmarc.b.c.d.e.f.g.example.com": NONE + "; psd=n"},
        "example.com",
    ),
    # One label below a public suffix, where the jump has left that name out.
    ("a.b.c.d.e.f.g.h.i.j", {"_dmarc.d.e.f.g.h.i.j": NONE + "; psd=y"}, "c.d.e.f.g.h.i.j"),
    # A failure above an answer that ends the walk is never seen; elsewhere nothing is known.
    ("a.example.com", {"_dmarc.a.example.com": NONE + "; psd=n", "_dmarc.example.com": Kind.TIMEOUT}, "a.example.com"),
    ("a.example.com", {"_dmarc.a.example.com": NONE, "_dmarc.com": Kind.SERVFAIL}, None),
    ("a.example.com", {"_dmarc.a.example.com": Kind.TIMEOUT, "_dmarc.example.com": NONE}, None),
]


@pytest.mark.parametrize(("domain", "entries", "expected"), ORGANIZATIONS)
def test_the_organisational_domain(domain: str, entries: dict[str, Entry], expected: str | None) -> None:
    """RFC 9989 4.10.2: psd=n, else one below psd=y, else the record with the fewest labels, else the domain itself."""
    assert organization(domain, entries) == expected


POLICIES = [
    ("example.com", {"_dmarc.example.com": NONE}, "example.com", 1),
    # At the author domain: no walk, whatever psd says.
    ("a.example.com", {"_dmarc.a.example.com": NONE, "_dmarc.example.com": NONE}, "a.example.com", 1),
    ("a.example.com", {"_dmarc.example.com": NONE}, "example.com", 3),
    # The organisational domain's record, not the nearest one.
    ("a.b.example.com", {"_dmarc.b.example.com": NONE, "_dmarc.example.com": NONE}, "example.com", 4),
    # The public suffix's record, where the organisational domain has none.
    ("a.example.bank", {"_dmarc.bank": NONE + "; psd=y"}, "bank", 3),
    ("a.example.bank", {"_dmarc.bank": NONE + "; psd=y", "_dmarc.example.bank": NONE}, "example.bank", 3),
    # A record that stands neither at the author domain nor at the organisation's is not used.
    ("a.b.example.bank", {"_dmarc.bank": NONE + "; psd=y", "_dmarc.b.example.bank": NONE}, "bank", 4),
    ("a.example.com", {}, None, 3),
    ("a.example.com", {"_dmarc.a.example.com": txt(NONE, NONE)}, None, 3),
    ("a.example.com", {"_dmarc.a.example.com": txt(NONE, NONE), "_dmarc.example.com": NONE}, "example.com", 3),
    ("a.example.com", {"_dmarc.a.example.com": txt(NONE, "v=spf1 -all", "x")}, "a.example.com", 1),
]


@pytest.mark.parametrize(("author", "entries", "expected", "questions"), POLICIES)
def test_the_policy_record(author: str, entries: dict[str, Entry], expected: str | None, questions: int) -> None:
    """RFC 9989 4.10.1: of the author domain, else of its organisational domain, else of the public suffix."""
    discovery, zone = found(author, entries)
    assert (discovery.found.domain if discovery.found else None) == expected
    assert (discovery.failed, len(zone.asked)) == (False, questions)
    assert discovery.is_subdomain is (expected not in (None, author))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.FOUND, Kind.NODATA, Kind.NXDOMAIN)])
@pytest.mark.parametrize("name", ["_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com"])
def test_a_failed_look_up_is_no_missing_record(kind: Kind, name: str) -> None:
    """Time-outs and refusals leave the policy unknown, and the failed name is the last of the trace."""
    discovery, _ = found("a.example.com", {name: kind})
    assert (discovery.failed, discovery.record) == (True, None)
    assert discovery.steps[-1].outcome is Outcome.FAILED
    assert f"_dmarc.{discovery.steps[-1].domain}" == name


def test_every_kind_of_no_stays_apart_in_the_trace() -> None:
    """The trace tells for every name what came of it."""
    entries: dict[str, Entry] = {
        "_dmarc.a.b.c.d.example": txt(NONE, NONE),
        "_dmarc.b.c.d.example": "v=spf1 -all",
        "_dmarc.c.d.example": (),
        "x._dmarc.d.example": NONE,
    }
    discovery, _ = found("a.b.c.d.example", entries | {"_dmarc.c.d.example": NONE + "; p=none"})
    outcomes = [step.outcome for step in discovery.steps]
    assert outcomes == [Outcome.SEVERAL, Outcome.OTHER_TXT, Outcome.UNREADABLE, Outcome.NO_TXT, Outcome.NO_NAME]
    assert all(step.answer is not None for step in discovery.steps)


def test_a_name_too_long_for_dns_is_not_asked() -> None:
    """With _dmarc. before it a name may have more than 253 characters; nothing can stand there."""
    author = ".".join(["a" * 61] * 4) + ".bc"
    assert len(author) == 250
    discovery, zone = found(author, {})
    assert discovery.steps[0].outcome is Outcome.TOO_LONG
    assert max(map(len, zone.names)) <= 253
    shorter = ".".join(["a" * 61] * 3) + "." + "a" * 57 + ".bc"
    assert len("_dmarc." + shorter) == 253
    assert found(shorter, {})[0].steps[0].outcome is Outcome.NO_NAME


EXISTENCE = [
    # np differs: the author domain is asked for, three types at once.
    ("a.example.com", "p=none; np=reject", {}, False, 6),
    ("a.example.com", "p=none; np=reject", {"a.example.com": ()}, True, 6),
    ("a.example.com", "p=none; np=reject", {"b.a.example.com": ()}, True, 6),
    ("a.example.com", "p=none; np=reject", {"a.example.com": Kind.TIMEOUT}, None, 6),
    # A name below it exists, so it does (RFC 8020).
    ("a.example.com", "p=none; np=reject", {"_dmarc.a.example.com": "v=spf1 -all"}, True, 3),
    # np makes no difference: not asked.
    ("a.example.com", "p=reject; np=reject", {}, None, 3),
    ("a.example.com", "p=none; sp=reject; np=reject", {}, None, 3),
    ("a.example.com", "p=none", {}, None, 3),
]


@pytest.mark.parametrize(("author", "tags", "entries", "exists", "questions"), EXISTENCE)
def test_existence_is_asked_for_where_np_counts(
    author: str, tags: str, entries: dict[str, Entry], exists: bool | None, questions: int
) -> None:
    """RFC 9989 3.2.13: a name that does not exist is one that gives NXDOMAIN; a failed look-up tells nothing."""
    discovery, zone = found(author, {"_dmarc.example.com": "v=DMARC1; " + tags, **entries})
    assert (discovery.exists, len(zone.asked)) == (exists, questions)
    assert discovery.needs_existence is (exists is None and questions == 6)


def test_strings_are_joined_before_they_are_read() -> None:
    """RFC 9989 4.5 MUST: the strings of one TXT record are one text."""
    from mailwright.dns.answer import Txt  # noqa: PLC0415 - used here only

    discovery, _ = found("example.com", {"_dmarc.example.com": (Txt((b"v=DMA", b"RC1; p=rej", b"ect")),)})
    assert discovery.record is not None
    assert discovery.record.policy == "reject"


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=12),
    st.dictionaries(
        st.integers(0, 12),
        st.sampled_from([NONE, NONE + "; psd=y", NONE + "; psd=n", Kind.TIMEOUT, "x"]),
    ),
)
def test_the_organisation_always_ends_the_domain(labels: list[str], places: dict[int, Entry]) -> None:
    """Whatever is published, the organisational domain is the domain or above it; at most eight names are asked."""
    domain = ".".join(labels)
    entries = {"_dmarc." + ".".join(labels[place:]): entry for place, entry in places.items() if place < len(labels)}
    zone = Zone(entries)
    (walked,) = settle(walk_all((domain,), {}), zone)
    assert len(zone.asked) <= MOST_NAMES
    assert walked.failed is (walked.organization is None)
    if walked.organization is not None:
        assert f".{domain}".endswith(f".{walked.organization}")
