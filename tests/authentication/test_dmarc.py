"""The DMARC verdict: what passes, what fails, which policy applies, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.authors import Authors, FromTrouble, author_domains
from mailwright.authentication.dmarc import (
    GOES_BY_DMARC_ALONE,
    MOST_AUTHORS,
    Disposition,
    DmarcVerdict,
    Reason,
    Receiver,
    Result,
    evaluate,
)
from mailwright.authentication.dmarc_alignment import (
    MOST_SIGNATURES,
    MOST_WALKS,
    Comparison,
    DkimOutcome,
    Mechanism,
    SpfOutcome,
)
from mailwright.authentication.dmarc_policy import Policy
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dmarc_zone import Entry, Zone, txt

REJECT = "v=DMARC1; p=reject; rua=mailto:a@example.com"
STRICT = REJECT + "; adkim=s; aspf=s"


def verdict(
    author: str,
    entries: dict[str, Entry],
    spf: str = "",
    dkim: tuple[str, ...] = (),
    receiver: Receiver = GOES_BY_DMARC_ALONE,
) -> DmarcVerdict:
    """Return the verdict on a message; ``spf`` is "result domain", ``dkim`` the same for each signature."""
    outcome = SpfOutcome(*spf.split(" ")) if spf else None
    signatures = tuple(DkimOutcome(text.split(" ")[1], text.split(" ")[0], "s1") for text in dkim)
    return settle(evaluate(author_domains(f"x@{author}"), outcome, signatures, receiver), Zone(entries))


EXAMPLES = [
    # RFC 9989 4.4, table 1, and B.1.1, B.1.2: relaxed, strict, none.
    ("news.example.com", "", ("pass foo.example.com",), Comparison.SAME_ORGANIZATION, Result.PASS),
    ("news.example.com", "", ("pass news.example.com",), Comparison.IDENTICAL, Result.PASS),
    ("news.example.com", "", ("pass foo.example.net",), Comparison.OTHER_ORGANIZATION, Result.FAIL),
    ("example.com", "pass example.com", (), Comparison.IDENTICAL, Result.PASS),
    ("example.com", "pass child.example.com", (), Comparison.SAME_ORGANIZATION, Result.PASS),
    ("child.example.com", "pass example.net", (), Comparison.OTHER_ORGANIZATION, Result.FAIL),
    ("example.com", "", ("pass example.com",), Comparison.IDENTICAL, Result.PASS),
    ("child.example.com", "", ("pass example.com",), Comparison.SAME_ORGANIZATION, Result.PASS),
    ("child.example.com", "", ("pass example.net",), Comparison.OTHER_ORGANIZATION, Result.FAIL),
    # The same top-level domain is not enough, nor is a name that ends alike.
    ("example.com", "pass other.com", (), Comparison.OTHER_ORGANIZATION, Result.FAIL),
    ("example.com", "pass evilexample.com", (), Comparison.OTHER_ORGANIZATION, Result.FAIL),
    # Case and a dot at the end do not count (RFC 4343).
    ("example.com", "pass Example.COM.", (), Comparison.IDENTICAL, Result.PASS),
    # What does not pass does not authenticate.
    ("example.com", "fail example.com", (), Comparison.IDENTICAL, Result.FAIL),
    ("example.com", "softfail example.com", (), Comparison.IDENTICAL, Result.FAIL),
    ("example.com", "", ("permerror example.com",), Comparison.IDENTICAL, Result.FAIL),
    ("example.com", "", ("fail a.example.com",), Comparison.NOT_LOOKED_UP, Result.FAIL),
    # A look-up that failed in SPF or DKIM of an aligned domain leaves it open (RFC 9989 5.3.6).
    ("example.com", "temperror example.com", (), Comparison.IDENTICAL, Result.TEMPERROR),
    ("example.com", "", ("temperror a.example.com",), Comparison.SAME_ORGANIZATION, Result.TEMPERROR),
    ("example.com", "", ("temperror example.net",), Comparison.OTHER_ORGANIZATION, Result.FAIL),
    # No domain at all.
    ("example.com", "pass -", (), Comparison.NO_DOMAIN, Result.FAIL),
    ("example.com", "", ("pass a..b",), Comparison.NO_DOMAIN, Result.FAIL),
]


@pytest.mark.parametrize(("author", "spf", "dkim", "comparison", "result"), EXAMPLES)
def test_alignment(author: str, spf: str, dkim: tuple[str, ...], comparison: Comparison, result: Result) -> None:
    """RFC 9989's examples, and what lies right beside them."""
    found = verdict(author, {"_dmarc.example.com": REJECT}, spf, dkim)
    assert ([alignment.comparison for alignment in found.alignments], found.result) == ([comparison], result)


@pytest.mark.parametrize(
    ("author", "spf", "dkim", "result"),
    [
        ("example.com", "pass example.com", (), Result.PASS),
        ("example.com", "pass a.example.com", (), Result.FAIL),
        ("example.com", "", ("pass a.example.com",), Result.FAIL),
        ("example.com", "", ("pass a.example.com", "pass example.com"), Result.PASS),
    ],
)
def test_strict_mode_wants_the_same_name(author: str, spf: str, dkim: tuple[str, ...], result: Result) -> None:
    """RFC 9989 4.4: strict alignment; the names alone are compared, so nothing more is asked."""
    zone = Zone({"_dmarc.example.com": STRICT})
    outcome = SpfOutcome(*spf.split(" ")) if spf else None
    signatures = tuple(DkimOutcome(text.split(" ")[1], text.split(" ")[0], "s1") for text in dkim)
    found = settle(evaluate(Authors((author,)), outcome, signatures), zone)
    assert (found.result, zone.names) == (result, ["_dmarc.example.com"])


def test_the_session_example() -> None:
    """RFC 9989 B.3.1: SPF for mail.example.com and DKIM for example.com both align with example.com."""
    found = verdict("example.com", {"_dmarc.example.com": REJECT}, "pass mail.example.com", ("pass example.com",))
    assert (found.result, found.disposition) == (Result.PASS, Disposition.ACCEPT)
    assert found.reasons == (Reason.DKIM_ALIGNED, Reason.SPF_ALIGNED, Reason.OWN_POLICY)
    assert found.passes(Mechanism.SPF)
    assert found.passes(Mechanism.DKIM)
    spf = found.alignments[0]
    assert (spf.author_organization, spf.organization) == ("example.com", "example.com")


@pytest.mark.parametrize(
    ("author", "identifier", "entries", "result"),
    [
        # A department that is an organisation of its own does not vouch for the rest (psd=n), nor the other way round.
        ("example.com", "dep.example.com", {"_dmarc.dep.example.com": REJECT + "; psd=n"}, Result.FAIL),
        ("dep.example.com", "example.com", {"_dmarc.dep.example.com": REJECT + "; psd=n"}, Result.FAIL),
        ("a.dep.example.com", "b.dep.example.com", {"_dmarc.dep.example.com": REJECT + "; psd=n"}, Result.PASS),
        # Registrants below one public suffix are strangers.
        ("a.co.example", "b.co.example", {"_dmarc.co.example": REJECT + "; psd=y"}, Result.FAIL),
        ("a.co.example", "x.a.co.example", {"_dmarc.co.example": REJECT + "; psd=y"}, Result.PASS),
        ("co.example", "b.co.example", {"_dmarc.co.example": REJECT + "; psd=y"}, Result.FAIL),
        # A registry's record without psd=y makes strangers one organisation (RFC 9989 11.8).
        ("a.co.example", "b.co.example", {"_dmarc.co.example": REJECT}, Result.PASS),
        (
            "a.co.example",
            "b.co.example",
            {"_dmarc.co.example": REJECT, "_dmarc.b.co.example": REJECT + "; psd=n"},
            Result.FAIL,
        ),
    ],
)
def test_organisations_decide(author: str, identifier: str, entries: dict[str, Entry], result: Result) -> None:
    """RFC 9989 4.10.2: relaxed alignment is one organisational domain, found by psd."""
    found = verdict(author, {"_dmarc.example.com": REJECT, **entries}, dkim=(f"pass {identifier}",))
    assert found.result is result


POLICIES = [
    ("example.com", "p=reject; sp=none", Policy.REJECT, Policy.REJECT, Reason.OWN_POLICY),
    ("example.com", "p=none; sp=reject", Policy.NONE, Policy.NONE, Reason.OWN_POLICY),
    ("there.example.com", "p=reject; sp=quarantine", Policy.QUARANTINE, Policy.QUARANTINE, Reason.SUBDOMAIN_POLICY),
    ("there.example.com", "p=quarantine; np=reject", Policy.QUARANTINE, Policy.QUARANTINE, Reason.SUBDOMAIN_POLICY),
    ("gone.example.com", "p=none; np=reject", Policy.REJECT, Policy.REJECT, Reason.NONEXISTENT_POLICY),
    ("gone.example.com", "p=none; sp=quarantine", Policy.QUARANTINE, Policy.QUARANTINE, Reason.SUBDOMAIN_POLICY),
    (
        "gone.example.com",
        "p=none; sp=none; np=reject; t=y",
        Policy.REJECT,
        Policy.QUARANTINE,
        Reason.NONEXISTENT_POLICY,
    ),
    ("example.com", "p=reject; t=y", Policy.REJECT, Policy.QUARANTINE, Reason.OWN_POLICY),
    ("example.com", "p=quarantine; t=y", Policy.QUARANTINE, Policy.NONE, Reason.OWN_POLICY),
    ("example.com", "p=none; t=y", Policy.NONE, Policy.NONE, Reason.OWN_POLICY),
    ("example.com", "p=reject; pct=0", Policy.REJECT, Policy.REJECT, Reason.OWN_POLICY),
    ("example.com", "p=bad; rua=mailto:a@example.com", Policy.NONE, Policy.NONE, Reason.POLICY_DAMAGED),
    ("example.com", "rua=mailto:a@example.com", Policy.NONE, Policy.NONE, Reason.OWN_POLICY),
]


@pytest.mark.parametrize(("author", "tags", "policy", "applied", "reason"), POLICIES)
def test_the_policy_that_applies(author: str, tags: str, policy: Policy, applied: Policy, reason: Reason) -> None:
    """RFC 9989 4.7, 4.10.1: p, sp and np by the name, one step less with t=y; pct counts no longer."""
    found = verdict(author, {"_dmarc.example.com": f"v=DMARC1; {tags}", "there.example.com": ()})
    assert (found.result, found.policy, found.applied) == (Result.FAIL, policy, applied)
    assert reason in found.reasons
    assert (Reason.TEST_MODE in found.reasons) is (policy is not applied)


@pytest.mark.parametrize(
    ("tags", "receiver", "disposition", "reason"),
    [
        ("p=none", GOES_BY_DMARC_ALONE, Disposition.ACCEPT, Reason.OWN_POLICY),
        ("p=quarantine", GOES_BY_DMARC_ALONE, Disposition.QUARANTINE, Reason.OWN_POLICY),
        ("p=reject", GOES_BY_DMARC_ALONE, Disposition.QUARANTINE, Reason.REJECT_NOT_ALONE),
        ("p=reject", Receiver(rejects=True), Disposition.REJECT, Reason.OWN_POLICY),
        ("p=quarantine", Receiver(rejects=True), Disposition.QUARANTINE, Reason.OWN_POLICY),
        ("p=reject; t=y", Receiver(rejects=True), Disposition.QUARANTINE, Reason.TEST_MODE),
    ],
)
def test_what_a_receiver_does(tags: str, receiver: Receiver, disposition: Disposition, reason: Reason) -> None:
    """RFC 9989 7.4 MUST NOT: nothing is refused for p=reject alone; without other knowledge it is quarantine."""
    found = verdict("example.com", {"_dmarc.example.com": f"v=DMARC1; {tags}"}, receiver=receiver)
    assert (found.disposition, found.reasons[-1]) == (disposition, reason)


def test_a_message_that_passes_is_never_held_back() -> None:
    """The policy is for messages that fail."""
    found = verdict("example.com", {"_dmarc.example.com": REJECT}, "pass example.com", receiver=Receiver(rejects=True))
    assert (found.disposition, found.applied) == (Disposition.ACCEPT, Policy.REJECT)


@pytest.mark.parametrize(
    ("entries", "result", "reason"),
    [
        ({}, Result.NONE, Reason.NO_RECORD),
        ({"_dmarc.example.com": txt(REJECT, REJECT)}, Result.NONE, Reason.NO_RECORD),
        ({"_dmarc.example.com": "v=DMARC1; p=none; p=reject"}, Result.PERMERROR, Reason.RECORD_UNREADABLE),
        ({"_dmarc.example.com": "v=DMARC1; p=rejekt"}, Result.PERMERROR, Reason.RECORD_UNUSABLE),
        ({"_dmarc.example.com": Kind.TIMEOUT}, Result.TEMPERROR, Reason.POLICY_UNKNOWN),
        ({"_dmarc.example.com": Kind.SERVFAIL}, Result.TEMPERROR, Reason.POLICY_UNKNOWN),
        ({"_dmarc.com": Kind.REFUSED}, Result.TEMPERROR, Reason.POLICY_UNKNOWN),
    ],
)
def test_without_a_policy_nothing_is_judged(entries: dict[str, Entry], result: Result, reason: Reason) -> None:
    """RFC 9989 4.10.1 MUST NOT: no record, no DMARC; and a failed look-up is no missing record."""
    found = verdict("example.com", entries, "pass example.com", ("pass example.com",), Receiver(rejects=True))
    assert (found.result, found.reasons, found.disposition) == (result, (reason,), Disposition.ACCEPT)
    assert (found.policy, found.alignments) == (None, ())
    deferring = verdict("example.com", entries, receiver=Receiver(defers=True))
    expected = Disposition.DEFER if result is Result.TEMPERROR else Disposition.ACCEPT
    assert deferring.disposition is expected


@pytest.mark.parametrize(
    ("dkim", "name", "result"),
    [
        # Of two signatures the one that passes is enough, whatever happens to the other.
        (("pass a.example.com", "pass example.com"), "_dmarc.a.example.com", Result.PASS),
        (("pass a.example.com",), "_dmarc.a.example.com", Result.TEMPERROR),
        (("pass a.example.com",), "_dmarc.com", Result.TEMPERROR),
        (("pass example.com",), "_dmarc.com", Result.PASS),
        (("fail a.example.com",), "_dmarc.com", Result.FAIL),
        (("pass example.net",), "_dmarc.com", Result.FAIL),
    ],
)
def test_a_failed_look_up_of_an_organisation(dkim: tuple[str, ...], name: str, result: Result) -> None:
    """RFC 9989 5.3.6: where a query that was needed failed, the message neither passes nor fails."""
    entries: dict[str, Entry] = {"_dmarc.example.com": REJECT, name: Kind.TIMEOUT}
    assert verdict("example.com", entries, dkim=dkim).result is result


def test_existence_that_cannot_be_told_leaves_a_failure_open() -> None:
    """RFC 9989 5.3.6: np or sp is not known, so no policy is applied; a message that passes passes all the same."""
    entries: dict[str, Entry] = {
        "_dmarc.example.com": "v=DMARC1; p=none; np=reject",
        "a.example.com": Kind.TIMEOUT,
    }
    found = verdict("a.example.com", entries)
    assert (found.result, found.reasons[1]) == (Result.TEMPERROR, Reason.EXISTENCE_UNKNOWN)
    assert found.applied is Policy.NONE
    assert verdict("a.example.com", entries, "pass a.example.com").result is Result.PASS


@pytest.mark.parametrize(
    ("authors", "result", "reason"),
    [
        (Authors(()), Result.NONE, Reason.NO_AUTHOR),
        (Authors((), (FromTrouble.MISSING,)), Result.PERMERROR, Reason.FROM_BROKEN),
        (Authors(("example.com",), (FromTrouble.REPEATED,)), Result.PERMERROR, Reason.FROM_BROKEN),
        (author_domains("a@bank.example@evil.example"), Result.PERMERROR, Reason.FROM_BROKEN),
        (
            Authors(tuple(f"x{number}.example" for number in range(MOST_AUTHORS + 1))),
            Result.PERMERROR,
            Reason.MANY_AUTHORS,
        ),
    ],
)
def test_a_from_without_one_clear_domain(authors: Authors, result: Result, reason: Reason) -> None:
    """RFC 9989 5.3.1: without precisely one domain DMARC ends; why is said, and nothing is asked."""
    zone = Zone({})
    found = settle(evaluate(authors, SpfOutcome("pass", "example.com"), ()), zone)
    assert (found.result, found.reasons, zone.asked) == (result, (reason,), [])


@pytest.mark.parametrize(
    ("second", "result", "applied"),
    [
        ("none.example.org", Result.NONE, None),
        ("weak.example.net", Result.FAIL, Policy.NONE),
        ("strong.example.net", Result.FAIL, Policy.REJECT),
        ("down.example.net", Result.TEMPERROR, None),
    ],
)
def test_several_authors_take_the_worst_verdict(second: str, result: Result, applied: Policy | None) -> None:
    """RFC 9989 11.5: each domain is judged, and the strictest policy of those that fail is applied."""
    entries: dict[str, Entry] = {
        "_dmarc.example.com": REJECT,
        "_dmarc.weak.example.net": "v=DMARC1; p=none",
        "_dmarc.strong.example.net": REJECT,
        "_dmarc.down.example.net": Kind.TIMEOUT,
    }
    authors = Authors(
        ("example.com", second, "weak.example.net") if applied is Policy.REJECT else ("example.com", second)
    )
    found = settle(evaluate(authors, SpfOutcome("pass", "example.com"), (), Receiver(rejects=True)), Zone(entries))
    assert (found.author, found.result, found.applied) == (second, result, applied)
    assert found.reasons[0] is Reason.SEVERAL_AUTHORS
    assert [one.author for one in found.others] == list(authors.domains)


def test_all_authors_pass_only_together() -> None:
    """Two domains of one organisation, both vouched for."""
    found = settle(
        evaluate(Authors(("a.example.com", "b.example.com")), SpfOutcome("pass", "example.com"), ()),
        Zone({"_dmarc.example.com": REJECT}),
    )
    assert (found.result, len(found.others)) == (Result.PASS, 2)


def test_a_sender_cannot_make_a_receiver_ask_without_end() -> None:
    """However many signatures of deep names: at most MOST_WALKS walks of eight names besides the author's own."""
    deep = ".".join(f"l{number}" for number in range(30))
    signatures = tuple(
        DkimOutcome(f"s{number}.{deep}.example.com", "pass", "s") for number in range(MOST_SIGNATURES + 50)
    )
    zone = Zone({"_dmarc.example.com": REJECT})
    found = settle(evaluate(Authors(("example.com",)), None, signatures), zone)
    assert len(found.alignments) == MOST_SIGNATURES
    assert len(zone.asked) <= 8 + 8 * MOST_WALKS
    assert len(set(zone.names)) == len(zone.names)
    assert found.result is Result.PASS
    assert found.alignments[-1].comparison is Comparison.NOT_LOOKED_UP


def test_signatures_of_strangers_cost_no_questions() -> None:
    """A domain that cannot be of the author's organisation is not looked up."""
    zone = Zone({"_dmarc.example.com": REJECT})
    strangers = tuple(DkimOutcome(f"x{number}.example.org", "pass", "s") for number in range(50))
    settle(evaluate(Authors(("example.com",)), None, strangers), zone)
    assert zone.names == ["_dmarc.example.com"]


domains = st.sampled_from(["example.com", "a.example.com", "b.a.example.com", "example.net", "com", "", "x y"])
results = st.sampled_from(["pass", "fail", "temperror", "permerror", "none", "PASS", ""])
entries_of = st.dictionaries(
    st.sampled_from(
        ["_dmarc.example.com", "_dmarc.a.example.com", "_dmarc.b.a.example.com", "_dmarc.com", "a.example.com"]
    ),
    st.sampled_from([REJECT, STRICT, REJECT + "; psd=y", REJECT + "; psd=n", "v=DMARC1; np=reject", Kind.TIMEOUT, "x"]),
)


@given(
    entries_of,
    st.lists(domains, max_size=2),
    st.none() | st.tuples(results, domains),
    st.lists(st.tuples(domains, results), max_size=4),
)
def test_promises_of_a_verdict(
    entries: dict[str, Entry],
    authors: list[str],
    spf: tuple[str, str] | None,
    dkim: list[tuple[str, str]],
) -> None:
    """A pass has an aligned identifier that passes; only a failure is held back, and only with a policy."""
    names = tuple(dict.fromkeys(name for name in authors if name and " " not in name))
    signatures = [DkimOutcome(domain, result, "s") for domain, result in dkim]
    outcome = SpfOutcome(*spf) if spf is not None else None
    found = settle(evaluate(Authors(names), outcome, signatures, Receiver(rejects=True)), Zone(entries))
    if found.result is Result.PASS:
        assert any(alignment.authenticates for alignment in found.alignments)
    if found.disposition is not Disposition.ACCEPT:
        assert found.result is Result.FAIL
        assert found.applied is not Policy.NONE
    assert (found.policy is None) is (found.applied is None)
    assert found.reasons
