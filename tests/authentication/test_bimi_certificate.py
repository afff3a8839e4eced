"""Mark certificates: dates, purpose, domain, and the logo inside."""

from __future__ import annotations

import gzip
from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.bimi_certificate import (
    BRAND_INDICATOR,
    LOGOTYPE,
    LONGEST_PEM,
    MOST_CERTIFICATES,
    MarkCheck,
    MarkTrouble,
    check_mark,
    embedded_logo,
    read_pem,
)
from mailwright.authentication.bimi_svg import LONGEST_LOGO
from tests.authentication.certificates import A_MONTH, NOW, Made, Wanted, make, make_authority

LOGO = b"<svg/>"
PURPOSE = x509.ExtendedKeyUsage([BRAND_INDICATOR])


def logotype(logo: bytes, before: bytes = b"\x30\x82", behind: bytes = b"\x00\x16") -> bytes:
    """Return what stands in a logotype extension, as far as it is looked at."""
    return before + b"data:image/svg+xml;base64," + b64encode(logo) + behind


LOGOTYPE_IN = x509.UnrecognizedExtension(LOGOTYPE, logotype(gzip.compress(LOGO)))
AUTHORITY = make_authority()


def mark(*extensions: x509.ExtensionType, names: tuple[str, ...] = ("example.test",)) -> Made:
    """Return a mark certificate."""
    return make(Wanted(names=names, issuer=AUTHORITY, extensions=extensions))


GOOD = mark(PURPOSE, LOGOTYPE_IN)


def check(pem: bytes, domain: str = "example.test") -> MarkCheck:
    """Return what there is to say."""
    return check_mark(pem, domain, "default", NOW)


def test_a_good_certificate() -> None:
    """Names, end and logo are read; what was not looked at is said."""
    found = check(GOOD.pem + AUTHORITY.pem)
    assert found.faults == ()
    assert found.names == ("example.test",)
    assert found.expires == NOW + A_MONTH
    assert found.logo == LOGO
    assert found.unchecked


@pytest.mark.parametrize(
    ("pem", "faults"),
    [
        (mark(PURPOSE, LOGOTYPE_IN, names=("default._bimi.example.test",)).pem, ()),
        (mark(PURPOSE, LOGOTYPE_IN, names=("other._bimi.example.test",)).pem, (MarkTrouble.DOMAIN,)),
        (mark(PURPOSE, LOGOTYPE_IN, names=("www.example.test", "*.test")).pem, (MarkTrouble.DOMAIN,)),
        (mark(PURPOSE, LOGOTYPE_IN, names=()).pem, (MarkTrouble.DOMAIN,)),
        (mark(LOGOTYPE_IN).pem, (MarkTrouble.PURPOSE,)),
        (
            mark(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), LOGOTYPE_IN).pem,
            (MarkTrouble.PURPOSE,),
        ),
        (mark(PURPOSE).pem, (MarkTrouble.LOGOTYPE_MISSING,)),
        (b"", (MarkTrouble.NOT_PEM,)),
        (b"hello", (MarkTrouble.NOT_PEM,)),
        (GOOD.der, (MarkTrouble.NOT_PEM,)),
        (GOOD.pem[:-30], (MarkTrouble.NOT_PEM,)),
        (GOOD.pem.replace(b"A", b"!"), (MarkTrouble.NOT_PEM,)),
        (GOOD.pem[:40] + GOOD.pem[80:], (MarkTrouble.NOT_PEM,)),
    ],
    ids=[
        "selector",
        "other selector",
        "other names",
        "no name",
        "no purpose",
        "other purpose",
        "no logo",
        "empty",
        "text",
        "der",
        "cut off",
        "not base64",
        "hole",
    ],
)
def test_every_fault_has_its_name(pem: bytes, faults: tuple[MarkTrouble, ...]) -> None:
    """One thing is wrong at a time."""
    assert check(pem).faults == faults


@pytest.mark.parametrize(
    ("after", "faults"),
    [
        (-A_MONTH - timedelta(seconds=1), (MarkTrouble.NOT_YET_VALID,)),
        (-A_MONTH, ()),
        (A_MONTH, ()),
        (A_MONTH + timedelta(seconds=1), (MarkTrouble.EXPIRED,)),
    ],
    ids=["too early", "first second", "last second", "too late"],
)
def test_dates_count_to_the_second(after: timedelta, faults: tuple[MarkTrouble, ...]) -> None:
    """Before and behind are told apart."""
    assert check_mark(GOOD.pem, "example.test", "default", NOW + after).faults == faults


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (logotype(gzip.compress(LOGO)), LOGO),
        (logotype(LOGO), LOGO),
        (logotype(LOGO, b"", b""), LOGO),
        (logotype(b""), b""),
        (b"", None),
        (b"data:image/png;base64,AAAA", None),
        (b"data:image/svg+xml;base64,A", None),
        (b"data:image/svg+xml;base64,AA=A", None),
        (logotype(gzip.compress(LOGO)[:-1]), None),
        (logotype(b"\x1f\x8bgarbage"), None),
        (logotype(gzip.compress(b"x" * LONGEST_LOGO)), b"x" * LONGEST_LOGO),
        (logotype(gzip.compress(b"x" * (LONGEST_LOGO + 1))), None),
        (logotype(gzip.compress(bytes(50_000_000), 9)), None),
        (logotype(b"x" * LONGEST_LOGO), b"x" * LONGEST_LOGO),
        (logotype(b"x" * (LONGEST_LOGO + 1)), None),
    ],
    ids=[
        "packed",
        "plain",
        "alone",
        "empty",
        "nothing",
        "another type",
        "short base64",
        "bad base64",
        "cut off",
        "garbage",
        "longest packed",
        "too long packed",
        "bomb",
        "longest plain",
        "too long plain",
    ],
)
def test_the_logo_inside(value: bytes, expected: bytes | None) -> None:
    """It is unpacked within its limit, or not at all."""
    assert embedded_logo(value) == expected


def test_a_file_has_a_longest_and_a_most() -> None:
    """Limits are reached and not passed."""
    assert check(GOOD.pem + b"\n" * (LONGEST_PEM - len(GOOD.pem))).faults == ()
    assert check(GOOD.pem + b"\n" * (LONGEST_PEM - len(GOOD.pem) + 1)).faults == (MarkTrouble.LONG,)
    assert len(read_pem(AUTHORITY.pem * MOST_CERTIFICATES)) == MOST_CERTIFICATES
    assert len(read_pem(AUTHORITY.pem * (MOST_CERTIFICATES + 1))) == MOST_CERTIFICATES


@given(st.data())
def test_damaged_files_are_checked(data: st.DataObject) -> None:
    """Nothing is raised, whatever octet changes."""
    damaged = bytearray(GOOD.pem)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 127))
    assert isinstance(check(bytes(damaged)), MarkCheck)
