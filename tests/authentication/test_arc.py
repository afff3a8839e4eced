"""ARC: chains that hold, chains that do not, and the set that a hop adds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.authentication.arc import ArcCheck, ArcResult, ArcVerdict, sealed_octets, verify_chain
from mailwright.authentication.arc_seal import may_seal, seal_message
from mailwright.authentication.arc_set import MOST_INSTANCES, ArcReason, ChainStatus, highest_instance, read_sets
from mailwright.authentication.canonical import Form, body_in_form, relaxed_header
from mailwright.authentication.dkim_key import KeyTrouble
from mailwright.authentication.dkim_sign import LATEST_TIME, SigningFault, SigningKey, sign_message
from mailwright.authentication.header_fields import MOST_FIELDS, Header, HeaderField, split_message
from mailwright.authentication.results_header import AuthenticationResults, MethodResult
from mailwright.authentication.signature_fields import SignatureTrouble, fill_in, without_signature
from mailwright.authentication.signed_octets import signed_octets
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dkim_zone import MESSAGE, NOW, Held, ed25519_signer, keys, rsa_signer, zone

RESULTS = AuthenticationResults("mx.example.org", (MethodResult("spf", "pass"), MethodResult("arc", "none")))


def verdict_on(raw: bytes, table: dict[str, Held] | None = None) -> ArcVerdict:
    """The verdict on a message's chain."""
    return settle(verify_chain(raw), zone(keys() if table is None else table))


def sealed(raw: bytes, key: SigningKey | None = None, verdict: ArcVerdict | None = None) -> bytes:
    """The message with one more set on top."""
    return seal_message(raw, verdict or verdict_on(raw), RESULTS, key or rsa_signer(), NOW) + raw


def chain(hops: int, message: bytes = MESSAGE) -> bytes:
    """The message after so many hops, whose keys take turns."""
    for hop in range(hops):
        message = sealed(message, ed25519_signer() if hop % 2 else rsa_signer())
    return message


def test_no_set_is_none() -> None:
    """RFC 8617 5.2 step 1."""
    assert verdict_on(MESSAGE) == ArcVerdict(ArcResult.NONE)


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_a_chain_that_holds(hops: int) -> None:
    """Each set says what it found, and all message signatures still fit."""
    verdict = verdict_on(chain(hops))
    assert (verdict.result, verdict.oldest_pass, len(verdict.sets)) == (ArcResult.PASS, 0, hops)
    assert [arc_set.seal.status for arc_set in verdict.sets] == [ChainStatus.NONE, *[ChainStatus.PASS] * (hops - 1)]
    assert AuthenticationResults.parse(verdict.sets[-1].results_value) == RESULTS


def test_a_change_on_the_way_leaves_a_chain_whole() -> None:
    """A list changes the message between two hops: older message signatures fit no more, and that is told."""
    raw = chain(2).replace(b"Dinner", b"[list] Dinner")
    assert verdict_on(raw).why is ArcReason.MESSAGE
    # The hop that changed it had verified it before.
    raw = sealed(sealed(raw, verdict=verdict_on(chain(2))))
    verdict = verdict_on(raw)
    assert (verdict.result, verdict.oldest_pass) == (ArcResult.PASS, 3)


Change = Callable[[bytes], bytes]


def swap(now: bytes, then: bytes, count: int = -1) -> Change:
    """Replace some octets."""
    return lambda raw: raw.replace(now, then, count)


def without(name: bytes, instance: int) -> Change:
    """Take a field of a set out."""

    def change(raw: bytes) -> bytes:
        header, body = split_message(raw)
        mark = b" i=%d;" % instance
        kept = [field.raw for field in header.fields if not (field.name == name and mark in field.raw)]
        return b"\r\n".join((*kept, b"", body))

    return change


def doubled(name: bytes) -> Change:
    """Put the first field of a name there once more."""

    def change(raw: bytes) -> bytes:
        field = split_message(raw)[0].all(name)[0]
        return field.raw + b"\r\n" + raw

    return change


BROKEN: list[tuple[Change, ArcReason, int]] = [
    (swap(b"seven", b"eight"), ArcReason.BODY, 2),
    (swap(b"Dinner", b"Lunch"), ArcReason.MESSAGE, 2),
    (swap(b"i=1; mx.example.org", b"i=1; mx.example.net"), ArcReason.SEAL, 2),
    # RFC 8617 5.2 3A: exactly one of each field in each set.
    (without(b"arc-seal", 1), ArcReason.INCOMPLETE, 1),
    (without(b"arc-message-signature", 2), ArcReason.INCOMPLETE, 2),
    (without(b"arc-authentication-results", 2), ArcReason.INCOMPLETE, 2),
    (doubled(b"arc-seal"), ArcReason.DUPLICATE, 2),
    (doubled(b"arc-message-signature"), ArcReason.DUPLICATE, 2),
    (doubled(b"arc-authentication-results"), ArcReason.DUPLICATE, 2),
    # RFC 8617 5.2 3B: from 1 on without gaps.
    (swap(b" i=1;", b" i=3;"), ArcReason.GAP, 3),
    (swap(b" i=2;", b" i=1;"), ArcReason.DUPLICATE, 1),
    # RFC 8617 4.2.1: 1 to 50.
    (swap(b" i=2;", b" i=0;"), ArcReason.INSTANCE, 0),
    (swap(b" i=2;", b" i=51;"), ArcReason.INSTANCE, 0),
    (swap(b" i=2;", b" i=002;"), ArcReason.INSTANCE, 0),
    (swap(b" i=2;", b" i=x;"), ArcReason.INSTANCE, 0),
    (swap(b"Results: i=2;", b"Results: "), ArcReason.INSTANCE, 0),
    (swap(b"Results: i=2;", b"Results: i=2 x;"), ArcReason.INSTANCE, 0),
    (swap(b"Seal: i=2;", b"Seal:"), ArcReason.INSTANCE, 0),
    (swap(b"Seal: i=2;", b"Seal: i=2; n=1; n=1;"), ArcReason.FORM, 0),
    # RFC 8617 5.2 2 and 3C: none in the first, pass in all others, fail ends it.
    (swap(b"cv=pass", b"cv=fail"), ArcReason.ENDED, 2),
    (swap(b"cv=none", b"cv=fail"), ArcReason.STATUS, 1),
    (swap(b"cv=none", b"cv=pass"), ArcReason.STATUS, 1),
    (swap(b"cv=pass", b"cv=none"), ArcReason.STATUS, 2),
    (swap(b"cv=pass", b"cv=good"), ArcReason.STATUS, 2),
    (swap(b" cv=pass;", b""), ArcReason.FORM, 2),
    # RFC 8617 4.1.3: h= is not allowed in a seal.
    (swap(b"cv=pass;", b"cv=pass; h=from;"), ArcReason.SEALED_H, 2),
    # RFC 8617 4.1.2: a message signature does not sign seals, and keeps the rules of DKIM.
    (swap(b"h=from:", b"h=arc-seal:from:"), ArcReason.SIGNED_SEAL, 2),
    (swap(b"h=from:from:", b"h="), ArcReason.FORM, 2),
    (swap(b"c=relaxed/relaxed", b"c=nowsp"), ArcReason.FORM, 2),
    (swap(b"a=ed25519-sha256; t", b"a=rsa-sha1; t"), ArcReason.ALGORITHM, 2),
    (swap(b"s=e;", b"s=none;"), ArcReason.KEY, 2),
    (swap(b"s=e;", b"s=r;"), ArcReason.KEY, 2),
]


@pytest.mark.parametrize(("change", "why", "instance"), BROKEN)
def test_a_chain_that_does_not_hold(change: Change, why: ArcReason, instance: int) -> None:
    """Each rule that is broken has its name, and the set where."""
    verdict = verdict_on(change(chain(2)))
    assert (verdict.result, verdict.why, verdict.instance) == (ArcResult.FAIL, why, instance)
    assert verdict.oldest_pass is None


def test_what_a_field_breaks_is_told() -> None:
    """The rule and the tag."""
    verdict = verdict_on(chain(1).replace(b"c=relaxed/relaxed", b"c=nowsp"))
    assert (verdict.trouble, verdict.tag) == (SignatureTrouble.FORM, "c")


def test_what_does_not_count() -> None:
    """RFC 8617 4.1.2: v= of a message signature MUST be ignored; order of fields and space around names count not."""
    raw = chain(2)
    header, body = split_message(raw)
    upside_down = b"\r\n".join((*(field.raw for field in reversed(header.fields)), b"", body))
    assert verdict_on(upside_down).result is ArcResult.PASS
    assert verdict_on(raw.replace(b"ARC-Seal:", b"arc-seal :")).result is ArcResult.PASS


def _first_set(tag: bytes, key: SigningKey) -> bytes:
    """A message with one set, whose message signature has one more tag and is by ``key``, sealed over it by RSA."""
    header, body = split_message(sealed(MESSAGE, key))
    _, message, results = header.fields[:3]
    names = read_sets(header)[0].message.headers
    rest = Header(header.fields[3:])
    unsigned = HeaderField.read(without_signature(message.raw).replace(b" i=1;", b" i=1; " + tag))
    message = HeaderField.read(fill_in(unsigned.raw, key.sign(signed_octets(rest, names, Form.RELAXED, unsigned))))
    empty = HeaderField.read(b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.com; s=r; b=")
    octets = sealed_octets([relaxed_header(results), relaxed_header(message)], empty)
    fields = (fill_in(empty.raw, rsa_signer().sign(octets)), message.raw, results.raw)
    return b"\r\n".join((*fields, *(field.raw for field in rest.fields), b"", body))


def test_a_version_is_ignored_and_l_counts() -> None:
    """RFC 8617 4.1.2: an unknown v= changes nothing; l= means what it means for DKIM."""
    assert verdict_on(_first_set(b"v=9;", rsa_signer())).result is ArcResult.PASS
    assert verdict_on(_first_set(b"l=9999;", rsa_signer())).why is ArcReason.BODY


def test_how_far_back_may_stay_unknown() -> None:
    """Where the key of an old message signature cannot be looked up, the chain holds by its seals all the same."""
    raw = sealed(_first_set(b"", ed25519_signer()))
    assert verdict_on(raw).oldest_pass == 0
    verdict = verdict_on(raw, keys(e=Kind.TIMEOUT))
    assert (verdict.result, verdict.oldest_pass) == (ArcResult.PASS, None)
    verdict = verdict_on(raw, keys(e=Kind.NXDOMAIN))
    assert (verdict.result, verdict.oldest_pass) == (ArcResult.PASS, 2)


def test_the_body_is_not_hashed_for_each_length() -> None:
    """An old message signature with l= is not tried: 50 lengths would be 50 hashes of the body."""
    _, body = split_message(MESSAGE)
    length = len(body_in_form(body, Form.RELAXED))
    raw = _first_set(b"l=%d;" % length, rsa_signer())
    assert verdict_on(raw).result is ArcResult.PASS
    verdict = verdict_on(sealed(raw))
    assert (verdict.result, verdict.oldest_pass) == (ArcResult.PASS, 2)


UNAVAILABLE = [kind for kind in Kind if kind not in (Kind.FOUND, Kind.NODATA, Kind.NXDOMAIN)]


@pytest.mark.parametrize("kind", UNAVAILABLE)
def test_a_look_up_that_failed_is_no_failure_of_the_chain(kind: Kind) -> None:
    """Temperror, for any of the keys; but a fault that is certain goes first."""
    for selector, instance in (("e", 2), ("r", 1)):
        verdict = verdict_on(chain(2), keys(**{selector: kind}))
        assert (verdict.result, verdict.why, verdict.instance) == (ArcResult.TEMPERROR, ArcReason.KEY, instance)
        assert not may_seal(verdict)
    broken = verdict_on(chain(2).replace(b"seven", b"eight"), keys(r=kind))
    assert (broken.result, broken.why) == (ArcResult.FAIL, ArcReason.BODY)


def test_keys_that_are_not_there_break_the_chain() -> None:
    """A revoked key of an old seal breaks all of it."""
    verdict = verdict_on(chain(2), keys(r=b"v=DKIM1; p="))
    assert (verdict.result, verdict.why, verdict.instance) == (ArcResult.FAIL, ArcReason.KEY, 1)
    assert verdict.problem is not None
    assert verdict.problem.trouble is KeyTrouble.REVOKED


def test_all_keys_are_asked_for_at_once() -> None:
    """Two selectors in four signatures are two questions in one step."""
    inquiry = verify_chain(chain(2))
    assert {question.name for question in next(inquiry)} == {"r._domainkey.example.com", "e._domainkey.example.com"}


def test_names_that_dns_cannot_hold() -> None:
    """A selector that is too long has no key."""
    raw = chain(1).replace(b"s=r;", b"s=" + b".".join([b"r" * 60] * 4) + b";")
    verdict = verdict_on(raw)
    assert (verdict.result, verdict.why) == (ArcResult.FAIL, ArcReason.KEY)


def test_fifty_sets_and_not_one_more() -> None:
    """RFC 8617 4.2.1, 5.1: the fiftieth set verifies, and nobody adds another."""
    raw = chain(MOST_INSTANCES)
    verdict = verdict_on(raw)
    assert (verdict.result, len(verdict.sets)) == (ArcResult.PASS, MOST_INSTANCES)
    assert not may_seal(verdict)
    with pytest.raises(SigningFault):
        sealed(raw)


def test_a_failed_chain_is_sealed_alone_and_then_no_more() -> None:
    """RFC 8617 5.1.2: the seal of a failed chain covers its own set only, as if it were the only one; then none."""
    raw = chain(2).replace(b"seven", b"eight")
    failed = sealed(raw, ed25519_signer())
    header, _ = split_message(failed)
    seal, message, results = header.fields[:3]
    assert b"i=3;" in seal.raw
    assert b"cv=fail;" in seal.raw
    octets = sealed_octets(
        [relaxed_header(results), relaxed_header(message)], HeaderField.read(without_signature(seal.raw))
    )
    assert fill_in(without_signature(seal.raw), ed25519_signer().sign(octets)) == seal.raw
    verdict = verdict_on(failed)
    assert (verdict.result, verdict.why, verdict.instance) == (ArcResult.FAIL, ArcReason.ENDED, 3)
    assert not may_seal(verdict)
    with pytest.raises(SigningFault):
        sealed(failed)


def test_a_chain_without_form_is_sealed_above_its_highest_instance() -> None:
    """Where sets are missing or doubled, the new one's instance is one more than any that stands there."""
    raw = chain(3).replace(b" i=2;", b" i=7;")
    assert highest_instance(split_message(raw)[0]) == 7
    assert sealed(raw).startswith(b"ARC-Seal: i=8;")
    raw = chain(1).replace(b" i=1;", b" i=50;")
    with pytest.raises(SigningFault):
        sealed(raw)
    assert sealed(chain(1).replace(b" i=1;", b" i=x;")).startswith(b"ARC-Seal: i=1;")


def test_what_cannot_be_sealed() -> None:
    """A verdict about another chain, a time or a header beyond the limits, results that cannot be written."""
    with pytest.raises(SigningFault):
        sealed(chain(1), verdict=verdict_on(chain(2)))
    for now in (-1, LATEST_TIME + 1):
        with pytest.raises(SigningFault):
            seal_message(MESSAGE, verdict_on(MESSAGE), RESULTS, rsa_signer(), now)
    assert seal_message(MESSAGE, verdict_on(MESSAGE), RESULTS, rsa_signer(), LATEST_TIME)
    with pytest.raises(SigningFault):
        seal_message(MESSAGE, verdict_on(MESSAGE), AuthenticationResults("x\r\n"), rsa_signer(), NOW)
    long = AuthenticationResults("x", (MethodResult("spf", "pass", "x" * 40_000),))
    with pytest.raises(SigningFault):
        seal_message(MESSAGE, verdict_on(MESSAGE), long, rsa_signer(), NOW)
    with pytest.raises(SigningFault):
        seal_message(b"X: 1\r\n" * MOST_FIELDS + MESSAGE, verdict_on(MESSAGE), RESULTS, rsa_signer(), NOW)


def test_a_header_beyond_the_limits() -> None:
    """It is no chain, and gets no set."""
    verdict = verdict_on(b"X: 1\r\n" * MOST_FIELDS + chain(1))
    assert (verdict.result, verdict.why) == (ArcResult.FAIL, ArcReason.LONG_HEADER)
    assert not may_seal(verdict)


def test_dkim_signatures_are_signed_and_results_are_not() -> None:
    """RFC 8617 4.1.2: a DKIM-Signature that is there SHOULD be covered, Authentication-Results SHOULD NOT."""
    raw = sign_message(MESSAGE, [rsa_signer()], NOW) + b"Authentication-Results: x; none\r\n" + MESSAGE
    names = verdict_on(sealed(raw)).sets[0].message.headers
    assert b"dkim-signature" in names
    assert not {b"authentication-results", b"arc-seal", b"received"} & set(names)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_changed_octet_breaks_the_chain(data: st.DataObject) -> None:
    """Any letter of the sets, made another one, breaks it or leaves a value as it was."""
    raw = chain(2)
    end = raw.index(b"Received:")
    at = data.draw(st.sampled_from([at for at in range(end) if raw[at : at + 1].isalnum()]))
    changed = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
    verdict = verdict_on(changed)
    assert verdict.result is not ArcResult.PASS or changed.lower() == raw.lower()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100))
def test_any_message_gets_a_verdict(raw: bytes) -> None:
    """Nothing is ever raised."""
    for name in (b"ARC-Seal: i=1;", b"ARC-Message-Signature: i=1;", b"ARC-Authentication-Results: i=1;", b"ARC-Seal:"):
        assert verdict_on(name + raw + b"\r\n" + chain(1)).result in ArcResult


def test_a_body_in_pieces() -> None:
    """The check takes the body as it comes."""
    header, body = split_message(chain(2))
    check = ArcCheck(header)
    for at in range(len(body)):
        check.update(body[at : at + 1])
    assert settle(check.verdict(), zone(keys())).result is ArcResult.PASS
