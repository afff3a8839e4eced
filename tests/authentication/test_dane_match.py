"""A chain against TLSA records: what matches, and how near a failure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256, sha512

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.certificate import key_of
from mailwright.authentication.dane_match import MOST_CERTIFICATES, DaneMatch, MatchStatus, chain_check, match_chain
from mailwright.dns.answer import Tlsa
from mailwright.smtp.security import TlsMode, TlsPolicy
from tests.authentication.certificates import A_MONTH, NOW, Made, Wanted, make, make_authority, make_server

NAME = "mx.example.test"
NAMES = (NAME, "example.test")
ROOT = make_authority("root")
MIDDLE = make_authority("middle", ROOT)
SERVER = make_server([NAME], MIDDLE)
CHAIN = (SERVER.der, MIDDLE.der, ROOT.der)
OTHER = make_server([NAME])


def tlsa(usage: int, selector: int, matching: int, made: Made) -> Tlsa:
    """Return the TLSA record of a certificate."""
    data = key_of(made.der) if selector else made.der
    return Tlsa(usage, selector, matching, (lambda whole: whole, _sha256, _sha512)[matching](data))


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


def _sha512(data: bytes) -> bytes:
    return sha512(data).digest()


def match(
    records: Sequence[Tlsa], chain: Sequence[bytes] = CHAIN, names: Sequence[str] = NAMES, now: datetime = NOW
) -> DaneMatch:
    """Return the comparison, with the usual chain, names and time."""
    return match_chain(chain, records, names, now)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_the_servers_own_certificate_matches_in_every_form(selector: int, matching: int) -> None:
    """DANE-EE: certificate or key, whole or by digest (RFC 6698 2.1)."""
    record = tlsa(3, selector, matching, SERVER)
    assert match([tlsa(3, selector, matching, OTHER), record]) == DaneMatch(MatchStatus.MATCHED, record)
    assert match([tlsa(3, selector, matching, OTHER)]).status is MatchStatus.NO_MATCH


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("anchor", [MIDDLE, ROOT], ids=["middle", "root"])
def test_a_trust_anchor_matches_in_every_form(anchor: Made, selector: int, matching: int) -> None:
    """DANE-TA: any issuer in the chain."""
    record = tlsa(2, selector, matching, anchor)
    found = match([tlsa(2, selector, matching, OTHER), record])
    assert (found.status, found.record, found.name) == (MatchStatus.MATCHED, record, NAME)


def test_names_and_dates_do_not_count_with_dane_ee() -> None:
    """RFC 7672 3.1.1: neither name nor date nor issuer is looked at."""
    odd = make(Wanted(names=["elsewhere.test"], begins=NOW - 3 * A_MONTH, ends=NOW - 2 * A_MONTH, issuer=ROOT))
    record = tlsa(3, 1, 1, odd)
    assert match([record], [odd.der, b"garbage"], ()).status is MatchStatus.MATCHED


def test_an_issuer_does_not_match_as_dane_ee() -> None:
    """Usage 3 is about the server's own certificate alone."""
    assert match([tlsa(3, 1, 1, MIDDLE), tlsa(3, 0, 0, ROOT)]).status is MatchStatus.NO_MATCH


def test_a_server_may_be_its_own_trust_anchor() -> None:
    """Usage 2 may name the server's certificate itself; names and dates count all the same."""
    record = tlsa(2, 0, 1, SERVER)
    assert match([record]).status is MatchStatus.MATCHED
    assert match([record], names=("example.test",)).status is MatchStatus.WRONG_NAME
    assert match([record], now=NOW + 2 * A_MONTH).status is MatchStatus.EXPIRED


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ((NAME,), MatchStatus.MATCHED),
        (("MX.Example.TEST",), MatchStatus.MATCHED),
        (("other.test", NAME), MatchStatus.MATCHED),
        (("example.test",), MatchStatus.WRONG_NAME),
        (("a.mx.example.test",), MatchStatus.WRONG_NAME),
        ((), MatchStatus.WRONG_NAME),
        (("",), MatchStatus.WRONG_NAME),
        (("b\u00fccher.test",), MatchStatus.WRONG_NAME),
    ],
)
def test_names_count_with_dane_ta(names: tuple[str, ...], status: MatchStatus) -> None:
    """RFC 7672 3.2.2: the certificate must bear one of the accepted names."""
    assert match([tlsa(2, 1, 1, MIDDLE)], names=names).status is status


@pytest.mark.parametrize(
    ("presented", "name", "status"),
    [
        ("*.example.test", "mx.example.test", MatchStatus.MATCHED),
        ("*.example.test", "example.test", MatchStatus.WRONG_NAME),
        ("*.example.test", "a.mx.example.test", MatchStatus.WRONG_NAME),
        ("*.test", "example.test", MatchStatus.WRONG_NAME),
    ],
)
def test_wildcards_stand_for_one_label(presented: str, name: str, status: MatchStatus) -> None:
    """RFC 7672 3.2.3: only as the whole left-most label."""
    server = make_server([presented], ROOT)
    assert match([tlsa(2, 1, 1, ROOT)], (server.der, ROOT.der), (name,)).status is status


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (NOW - A_MONTH - timedelta(seconds=1), MatchStatus.EXPIRED),
        (NOW - A_MONTH, MatchStatus.MATCHED),
        (NOW + A_MONTH, MatchStatus.MATCHED),
        (NOW + A_MONTH + timedelta(seconds=1), MatchStatus.EXPIRED),
    ],
    ids=["too early", "first second", "last second", "too late"],
)
def test_dates_count_with_dane_ta(now: datetime, status: MatchStatus) -> None:
    """RFC 7672 3.1.2: to the second."""
    assert match([tlsa(2, 1, 1, ROOT)], now=now).status is status


def test_the_dates_of_issuers_count() -> None:
    """An issuer out of date is told from a chain that does not hang together."""
    old = make(Wanted("old", authority=True, issuer=ROOT, begins=NOW - 3 * A_MONTH, ends=NOW - A_MONTH))
    server = make_server([NAME], old)
    assert match([tlsa(2, 1, 1, ROOT)], (server.der, old.der, ROOT.der)).status is MatchStatus.EXPIRED


def chain_of(issuer: Made) -> tuple[bytes, ...]:
    """Return the chain of a server whose certificate ``issuer`` signed, with the root at its end."""
    return (make_server([NAME], issuer).der, issuer.der, ROOT.der)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


BROKEN = {
    "not below": (OTHER.der, MIDDLE.der, ROOT.der),
    "gap": (SERVER.der, ROOT.der),
    "issuer is no authority": chain_of(make(Wanted("fake", issuer=ROOT))),
    "issuer may not sign": chain_of(
        make(Wanted("limited", issuer=ROOT, authority=True, extensions=[_usage(signs=False)]))
    ),
    "same name, other key": (make_server([NAME], make_authority("middle", ROOT)).der, MIDDLE.der, ROOT.der),
    "another root of the same name": chain_of(
        make(Wanted("shallow", issuer=make(Wanted("root", authority=True)), authority=True))
    ),
}


@pytest.mark.parametrize("chain", BROKEN.values(), ids=BROKEN)
def test_a_chain_that_does_not_hang_together_is_not_trusted(chain: tuple[bytes, ...]) -> None:
    """A trust anchor beside a certificate proves nothing; it must have issued it."""
    found = match([tlsa(2, 1, 1, ROOT)], chain)
    assert found.status is MatchStatus.NOT_TRUSTED
    assert found.record == tlsa(2, 1, 1, ROOT)
    assert found.detail


def test_an_issuer_that_says_it_may_sign_may() -> None:
    """The other side of the boundary."""
    issuer = make(Wanted("able", issuer=ROOT, authority=True, extensions=[_usage(signs=True)]))
    assert match([tlsa(2, 1, 1, ROOT)], chain_of(issuer)).status is MatchStatus.MATCHED


def test_the_order_of_issuers_does_not_count() -> None:
    """Servers send them in any order (RFC 8446 4.4.2)."""
    assert match([tlsa(2, 1, 1, ROOT)], (SERVER.der, ROOT.der, MIDDLE.der)).status is MatchStatus.MATCHED


def test_a_whole_certificate_in_the_record_serves_where_the_server_does_not_send_it() -> None:
    """RFC 7671 5.2.2: 2 0 0 carries the trust anchor itself; a digest or a bare key cannot."""
    chain = CHAIN[:2]
    assert match([tlsa(2, 0, 0, ROOT)], chain).status is MatchStatus.MATCHED
    assert match([tlsa(2, 1, 0, ROOT), tlsa(2, 0, 1, ROOT)], chain).status is MatchStatus.NO_MATCH


def test_the_nearest_failure_is_told() -> None:
    """With several records the one that nearly matched says what to mend."""
    records = [tlsa(3, 1, 1, OTHER), tlsa(2, 1, 1, OTHER), tlsa(2, 1, 1, ROOT)]
    found = match(records, names=("other.test",))
    assert (found.status, found.record) == (MatchStatus.WRONG_NAME, records[2])
    assert NAME in found.detail


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        ((), MatchStatus.NO_CERTIFICATE),
        ((b"",), MatchStatus.NO_CERTIFICATE),
        ((b"garbage",), MatchStatus.NO_CERTIFICATE),
        ((SERVER.der[:-1],), MatchStatus.NO_CERTIFICATE),
        ((SERVER.der, b"garbage", ROOT.der), MatchStatus.NO_CERTIFICATE),
    ],
    ids=["none", "empty", "garbage", "cut off", "garbage behind"],
)
def test_what_cannot_be_read_matches_nothing(chain: tuple[bytes, ...], status: MatchStatus) -> None:
    """Nothing is raised, and nothing is trusted."""
    assert match([tlsa(2, 1, 1, ROOT)], chain).status is status


def test_a_chain_has_a_greatest_length() -> None:
    """The limit is reached; certificates beyond it are not looked at."""
    records = [tlsa(2, 1, 1, ROOT)]
    filling = [OTHER.der] * (MOST_CERTIFICATES - 3)
    assert match(records, (SERVER.der, MIDDLE.der, *filling, ROOT.der)).status is MatchStatus.MATCHED
    assert match(records, (SERVER.der, MIDDLE.der, *filling, OTHER.der, ROOT.der)).status is MatchStatus.NO_MATCH


def test_a_client_is_told_what_is_wrong() -> None:
    """The check that an SMTP client makes by a policy: nothing to say, or the reason in words."""
    policy = TlsPolicy(TlsMode.VERIFY, names=("example.test",), tlsa=(tlsa(2, 1, 1, ROOT),))
    said = chain_check(policy, lambda: NOW)(CHAIN)
    assert said is not None
    assert said.startswith("wrong-name: ")
    assert chain_check(replace(policy, names=NAMES), lambda: NOW)(CHAIN) is None
    assert chain_check(replace(policy, tlsa=(tlsa(3, 1, 1, OTHER),)), lambda: NOW)(CHAIN) == "no-match"


def test_no_record_matches_nothing() -> None:
    """Without records there is nothing to match; whether that matters is decided elsewhere."""
    assert match([]).status is MatchStatus.NO_MATCH


@given(st.data())
def test_a_damaged_chain_never_raises(data: st.DataObject) -> None:
    """Any octet of any certificate may change: a verdict comes back, and never for a changed server certificate."""
    chain = [bytearray(der) for der in CHAIN]
    which = data.draw(st.integers(0, 2))
    place = data.draw(st.integers(0, len(chain[which]) - 1))
    chain[which][place] ^= data.draw(st.integers(1, 255))
    damaged = list(map(bytes, chain))
    assert match([tlsa(3, 0, 1, SERVER)], damaged).status is not MatchStatus.MATCHED or which
    assert match([tlsa(2, 0, 1, ROOT)], damaged).status is not MatchStatus.MATCHED
