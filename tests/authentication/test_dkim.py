"""Verification: each result for its reason, and never another's."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.authentication.canonical import Form
from mailwright.authentication.dkim import (
    CLOCK_SKEW,
    MOST_SIGNATURES,
    DkimCheck,
    DkimPolicy,
    DkimReason,
    DkimResult,
    DkimVerdict,
    verify_message,
)
from mailwright.authentication.dkim_key import KeyTrouble
from mailwright.authentication.dkim_sign import SigningOptions, sign_message
from mailwright.authentication.header_fields import MOST_FIELDS, split_message
from mailwright.authentication.signature_fields import SignatureTrouble
from mailwright.dns.answer import Kind
from mailwright.dns.inquiry import settle
from tests.authentication.dkim_zone import (
    MESSAGE,
    NOW,
    Held,
    ed25519_signer,
    keys,
    p_of,
    rsa_key,
    rsa_signer,
    verdicts,
    zone,
)

#: RFC 8463 A.2, A.3: keys and a message signed with both.
RFC_KEYS: dict[str, Held] = {
    "brisbane._domainkey.football.example.com": (b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
    "test._domainkey.football.example.com": (
        b"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
        b"iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
        b"DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
        b"Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
    ),
}
RFC_MESSAGE = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    b" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    b" date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    b" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    b"From: Joe SixPack <joe@football.example.com>\r\n"
    b"To: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\n"
    b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    b"\r\n"
    b"Hi.\r\n"
    b"\r\n"
    b"We lost the game.  Are you hungry yet?\r\n"
    b"\r\n"
    b"Joe.\r\n"
)


def signed(message: bytes = MESSAGE, options: SigningOptions | None = None) -> bytes:
    """The message with one RSA signature on top."""
    return sign_message(message, [rsa_signer()], NOW, options) + message


def only(
    raw: bytes, table: dict[str, Held] | None = None, now: int = NOW, policy: DkimPolicy | None = None
) -> DkimVerdict:
    """The verdict on the only signature."""
    (verdict,) = verdicts(raw, table, now, policy)
    return verdict


def outcome(verdict: DkimVerdict) -> tuple[DkimResult, DkimReason | None]:
    """What it is and why."""
    return verdict.result, verdict.why


def test_the_message_of_rfc_8463_verifies() -> None:
    """Both signatures, with CRLF and as a file with LF."""
    for raw in (RFC_MESSAGE, RFC_MESSAGE.replace(b"\r\n", b"\n")):
        found = verdicts(raw, RFC_KEYS, 1_528_637_909)
        assert [outcome(verdict) for verdict in found] == [(DkimResult.PASS, None)] * 2


def test_no_signature_is_none() -> None:
    """RFC 8601: none is neither neutral nor a failure."""
    assert outcome(only(MESSAGE)) == (DkimResult.NONE, None)
    assert outcome(only(b"")) == (DkimResult.NONE, None)


CHANGED = [
    (b"seven", b"eight", DkimReason.BODY),
    (b"Dinner", b"Lunch", DkimReason.HEADER),
    (b"\r\n\r\nShall", b"\r\nX-New: 1\r\n\r\nShall", None),
    (b"From: Anna", b"from:  Anna", None),
    (b"meet  at", b"meet at", None),
    # Over-signing: a field that was not there must not be added.
    (b"Date:", b"Reply-To: eve@example.net\r\nDate:", DkimReason.HEADER),
    (b"Subject:", b"Subject: Other\r\nSubject:", DkimReason.HEADER),
]


@pytest.mark.parametrize(("now", "then", "why"), CHANGED)
def test_what_was_changed_decides(now: bytes, then: bytes, why: DkimReason | None) -> None:
    """Body and header are told apart, and what is not signed or does not count changes nothing."""
    verdict = only(signed().replace(now, then, 1) if now != b"From: Anna" else signed().replace(now, then))
    assert outcome(verdict) == (DkimResult.FAIL if why else DkimResult.PASS, why)


def test_both_changed() -> None:
    """Header and body are looked at, whatever the other is."""
    verdict = only(signed().replace(b"seven", b"eight").replace(b"Dinner", b"Lunch"))
    assert outcome(verdict) == (DkimResult.FAIL, DkimReason.BOTH)
    assert (verdict.body_matches, verdict.header_matches) == (False, False)


def test_forms_hold_what_they_promise() -> None:
    """Simple fails where relaxed passes."""
    simple = signed(options=SigningOptions(header_form=Form.SIMPLE, body_form=Form.SIMPLE))
    assert only(simple).result is DkimResult.PASS
    assert only(simple.replace(b"Dinner  tonight", b"Dinner tonight")).why is DkimReason.HEADER
    assert only(simple.replace(b"we  meet", b"we meet")).why is DkimReason.BODY
    assert only(simple + b"\r\n\r\n").result is DkimResult.PASS


KEY = b"v=DKIM1; p=" + p_of(rsa_key())

PROBLEMS: list[tuple[Held, DkimResult, KeyTrouble]] = [
    (Kind.NXDOMAIN, DkimResult.PERMERROR, KeyTrouble.NO_NAME),
    (Kind.NODATA, DkimResult.PERMERROR, KeyTrouble.NO_RECORD),
    (Kind.TIMEOUT, DkimResult.TEMPERROR, KeyTrouble.UNAVAILABLE),
    (Kind.SERVFAIL, DkimResult.TEMPERROR, KeyTrouble.UNAVAILABLE),
    (Kind.REFUSED, DkimResult.TEMPERROR, KeyTrouble.UNAVAILABLE),
    (Kind.UNREACHABLE, DkimResult.TEMPERROR, KeyTrouble.UNAVAILABLE),
    (b"v=DKIM1; p=", DkimResult.PERMERROR, KeyTrouble.REVOKED),
    (b"v=spf1 -all", DkimResult.PERMERROR, KeyTrouble.VERSION),
    ([KEY, KEY], DkimResult.PERMERROR, KeyTrouble.SEVERAL),
    (KEY + b"; s=tlsrpt", DkimResult.PERMERROR, KeyTrouble.SERVICE),
    (KEY + b"; h=sha1", DkimResult.PERMERROR, KeyTrouble.HASH),
    (b"v=DKIM1; k=ed25519; p=" + b64encode(bytes(32)), DkimResult.PERMERROR, KeyTrouble.KEY_TYPE),
]


@pytest.mark.parametrize(("held", "result", "trouble"), PROBLEMS)
def test_without_a_key(held: Held, result: DkimResult, trouble: KeyTrouble) -> None:
    """A key that could not be looked up is temperror, one that is not there permerror."""
    verdict = only(signed(), keys(r=held))
    assert outcome(verdict) == (result, DkimReason.KEY)
    assert verdict.problem is not None
    assert verdict.problem.trouble is trouble


def test_short_keys_are_refused_by_policy() -> None:
    """RFC 8301 3.2: a signature by a key of fewer than 1024 bits MUST NOT be considered valid."""
    record = (
        b"p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANmBe10IgY+u7h3enWTukkqtUD5PR52Tb/mPfjC0QJTocVBq6Za/PlzfV+Py92VaCak19F4W"
        b"rbVTK5Gg5tW220MCAwEAAQ=="
    )
    verdict = only(signed(), keys(r=record))
    assert outcome(verdict) == (DkimResult.POLICY, DkimReason.KEY)


def test_testing_and_strict_keys() -> None:
    """t=y is told and changes no result; t=s forbids an identity below the domain."""
    verdict = only(signed().replace(b"seven", b"eight"), keys(r=KEY + b"; t=y"))
    assert (verdict.result, verdict.testing) == (DkimResult.FAIL, True)
    strict = keys(r=KEY + b"; t=s")
    assert only(signed(), strict).result is DkimResult.PASS
    below = signed(options=SigningOptions(identity="@mail.example.com"))
    assert only(below).result is DkimResult.PASS
    assert outcome(only(below, strict)) == (DkimResult.PERMERROR, DkimReason.STRICT)


FIELDS = [
    (b"v=1;", b"v=2;", DkimResult.NEUTRAL, SignatureTrouble.VERSION),
    (b"a=rsa-sha256", b"a=rsa-sha3", DkimResult.NEUTRAL, SignatureTrouble.ALGORITHM),
    (b"d=example.com;", b"", DkimResult.NEUTRAL, SignatureTrouble.MISSING),
    (b"c=relaxed/relaxed", b"c=nowsp", DkimResult.NEUTRAL, SignatureTrouble.FORM),
    (b"v=1;", b"v=1; v=1;", DkimResult.NEUTRAL, SignatureTrouble.TAGS),
    (b"h=from:from:to", b"h=to", DkimResult.PERMERROR, SignatureTrouble.FROM),
    (b"s=r;", b"s=r; i=@example.net;", DkimResult.PERMERROR, SignatureTrouble.IDENTITY),
]


@pytest.mark.parametrize(("now", "then", "result", "trouble"), FIELDS)
def test_fields_that_break_a_rule(now: bytes, then: bytes, result: DkimResult, trouble: SignatureTrouble) -> None:
    """What cannot be read is neutral; From not signed and i= outside d= can never pass."""
    verdict = only(signed().replace(now, then, 1))
    assert outcome(verdict) == (result, DkimReason.SIGNATURE)
    assert verdict.trouble is trouble


def test_sha1_is_dead() -> None:
    """RFC 8301 3.1: rsa-sha1 MUST NOT be used to verify; no key is asked for."""
    field = b"DKIM-Signature: v=1; a=rsa-sha1; d=example.com; s=r; h=from; bh=" + b64encode(bytes(20)) + b"; b=AAAA\r\n"
    inquiry = verify_message(field + MESSAGE, NOW)
    with pytest.raises(StopIteration) as done:
        next(inquiry)
    assert outcome(done.value.value[0]) == (DkimResult.PERMERROR, DkimReason.ALGORITHM)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW, (DkimResult.PASS, None)),
        (NOW - CLOCK_SKEW, (DkimResult.PASS, None)),
        (NOW - CLOCK_SKEW - 1, (DkimResult.POLICY, DkimReason.FUTURE)),
        (NOW + 60 + CLOCK_SKEW, (DkimResult.PASS, None)),
        (NOW + 60 + CLOCK_SKEW + 1, (DkimResult.POLICY, DkimReason.EXPIRED)),
    ],
)
def test_time(now: int, expected: tuple[DkimResult, DkimReason | None]) -> None:
    """A signature counts from t= to x=, clocks being wrong by CLOCK_SKEW at most."""
    assert outcome(only(signed(options=SigningOptions(lifetime=60)), now=now)) == expected


def test_what_length_leaves_out() -> None:
    """A signature with l= passes alone, is refused with more behind it, and fails with less."""
    raw = signed(options=SigningOptions(partial=True))
    assert only(raw).result is DkimResult.PASS
    more = only(raw + b"Buy pills.\r\n")
    assert outcome(more) == (DkimResult.POLICY, DkimReason.PARTIAL)
    assert more.unsigned_octets == 12
    assert only(raw + b"Buy pills.\r\n", policy=DkimPolicy(partial=True)).result is DkimResult.PASS
    assert outcome(only(raw.removesuffix(b"Anna\r\n"))) == (DkimResult.FAIL, DkimReason.BODY_SHORTER)


def test_from_must_be_there_once() -> None:
    """Without From nothing can be said; with two, the one that people see need not be the one that was signed."""
    raw = signed(options=SigningOptions(oversigned=()))
    without = raw.replace(b"From: Anna <anna@example.com>\r\n", b"")
    assert outcome(only(without)) == (DkimResult.PERMERROR, DkimReason.NO_FROM)
    twice = raw.replace(b"Subject:", b"From: Eve <eve@example.net>\r\nSubject:", 1)
    assert outcome(only(b"From: eve@example.net\r\n" + raw)) == (DkimResult.POLICY, DkimReason.SEVERAL_FROM)
    assert outcome(only(twice)) == (DkimResult.POLICY, DkimReason.SEVERAL_FROM)


def test_fields_count_from_the_bottom() -> None:
    """RFC 6376 5.4.2: a name stands for the last field of it, named twice for the last two."""
    message = b"X: top\r\nX: bottom\r\n" + MESSAGE
    once = signed(message, SigningOptions(signed=(b"x", b"from"), oversigned=()))
    names = only(once).signature
    assert names is not None
    assert names.headers == (b"x", b"x", b"from")
    single = sign_message(
        message.replace(b"X: top\r\n", b""), [rsa_signer()], NOW, SigningOptions(signed=(b"x", b"from"), oversigned=())
    )
    assert only(single + message).result is DkimResult.PASS
    assert only(single + message.replace(b"bottom", b"other")).why is DkimReason.HEADER


def test_signatures_that_sign_signatures() -> None:
    """A name that is the field's own stands for the other fields of that name, not for itself."""
    first = sign_message(MESSAGE, [ed25519_signer()], NOW)
    table = keys()
    found = verdicts(sign_message(first + MESSAGE, [rsa_signer()], NOW) + first + MESSAGE, table)
    assert [verdict.result for verdict in found] == [DkimResult.PASS] * 2


def test_signatures_are_limited() -> None:
    """As many as the limit are tried; of more, the rest is told to be left out, and no look-up is made for it."""
    one = sign_message(MESSAGE, [rsa_signer()], NOW)
    exactly = verdicts(one * MOST_SIGNATURES + MESSAGE)
    assert [verdict.result for verdict in exactly] == [DkimResult.PASS] * MOST_SIGNATURES
    more = verdicts(one * (MOST_SIGNATURES + 1) + MESSAGE)
    assert more[:-1] == exactly
    assert outcome(more[-1]) == (DkimResult.NEUTRAL, DkimReason.NOT_TRIED)
    two = verdicts(one * 3 + MESSAGE, policy=DkimPolicy(most_signatures=2))
    assert [verdict.result for verdict in two] == [DkimResult.PASS, DkimResult.PASS, DkimResult.NEUTRAL]


def test_all_keys_are_asked_for_at_once_and_each_once() -> None:
    """Two signatures by one key and one by another are one step with two questions."""
    raw = sign_message(MESSAGE, [rsa_signer(), ed25519_signer(), rsa_signer()], NOW) + MESSAGE
    inquiry = verify_message(raw, NOW)
    questions = next(inquiry)
    assert [question.name for question in questions] == ["r._domainkey.example.com", "e._domainkey.example.com"]
    with pytest.raises(StopIteration) as done:
        inquiry.send(tuple(map(zone(keys()), questions)))
    assert [verdict.result for verdict in done.value.value] == [DkimResult.PASS] * 3


def test_one_broken_look_up_spoils_no_other_signature() -> None:
    """A temperror of one and pass of the other stand side by side."""
    raw = sign_message(MESSAGE, [rsa_signer(), ed25519_signer()], NOW) + MESSAGE
    found = verdicts(raw, keys(r=Kind.TIMEOUT))
    assert [verdict.result for verdict in found] == [DkimResult.TEMPERROR, DkimResult.PASS]


def test_a_header_beyond_the_limits() -> None:
    """It is refused as a whole, not read in part."""
    verdict = only(b"X: 1\r\n" * MOST_FIELDS + signed())
    assert outcome(verdict) == (DkimResult.PERMERROR, DkimReason.LONG_HEADER)


def test_a_name_that_dns_cannot_hold() -> None:
    """Nothing is asked, and there is no key."""
    raw = signed().replace(
        b"s=r;", b"s=" + b"r" * 63 + b"." + b"r" * 63 + b"." + b"r" * 63 + b"." + b"r" * 50 + b";", 1
    )
    verdict = only(raw)
    assert outcome(verdict) == (DkimResult.PERMERROR, DkimReason.KEY)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from([SigningOptions(), SigningOptions(header_form=Form.SIMPLE, body_form=Form.SIMPLE)]))
def test_a_changed_octet_fails(data: st.DataObject, options: SigningOptions) -> None:
    """Any letter of what is signed, made another one, breaks the signature."""
    raw = signed(options=options)
    start = raw.index(b"From:")
    letters = [at for at in range(start, len(raw)) if raw[at : at + 1].isalnum() and at > raw.index(b":", start)]
    at = data.draw(st.sampled_from(letters))
    changed = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
    if not changed[at : at + 1].isalnum():
        return
    found = verdicts(changed)[0]
    assert found.result is not DkimResult.PASS


WORD = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@settings(max_examples=60, deadline=None)
@given(WORD, st.binary(max_size=400), st.sampled_from(Form), st.sampled_from(Form), st.booleans())
def test_what_is_signed_verifies(subject: str, body: bytes, header_form: Form, body_form: Form, partial: bool) -> None:
    """Whatever the message, in every form, whole and in pieces."""
    message = f"From: a@example.com\r\nSubject: {subject}\r\n\r\n".encode() + body
    options = SigningOptions(header_form=header_form, body_form=body_form, partial=partial)
    raw = sign_message(message, [ed25519_signer()], NOW, options) + message
    assert only(raw).result is DkimResult.PASS
    header, rest = split_message(raw)
    check = DkimCheck(header)
    for at in range(0, len(rest), 7):
        check.update(rest[at : at + 7])
    (verdict,) = settle(check.verdicts(NOW), zone(keys()))
    assert verdict.result is DkimResult.PASS


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_message_gets_a_verdict(raw: bytes) -> None:
    """Nothing is ever raised."""
    assert verdicts(raw)
    assert verdicts(b"DKIM-Signature: " + raw + b"\r\n" + MESSAGE)
