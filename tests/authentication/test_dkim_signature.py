"""The DKIM-Signature field: read with every rule of RFC 6376 3.5, written, and b= taken out."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.canonical import Form
from mailwright.authentication.dkim_signature import DkimSignature
from mailwright.authentication.header_fields import HeaderField
from mailwright.authentication.signature_fields import (
    LONGEST_B,
    LONGEST_SIGNATURE,
    MOST_NAMES,
    Algorithm,
    SignatureFault,
    SignatureTrouble,
    decode_quoted,
    encode_quoted,
    without_signature,
)

HASH = b64encode(bytes(32)).decode()
GOOD = {"v": "1", "a": "rsa-sha256", "d": "example.com", "s": "s1", "h": "from:to", "bh": HASH, "b": "AAAA"}


def value(**tags: str | None) -> bytes:
    """The value of a signature with some tags changed, None for taken out."""
    merged = {**GOOD, **tags}
    return "; ".join(f"{name}={text}" for name, text in merged.items() if text is not None).encode("utf-8")


def test_defaults() -> None:
    """What is not said is simple, the whole body, the domain, and no time."""
    signature = DkimSignature.parse(value())
    assert signature == DkimSignature(
        Algorithm.RSA_SHA256, "example.com", "s1", (b"from", b"to"), bytes(32), bytes(3), identity="@example.com"
    )
    assert (signature.header_form, signature.body_form, signature.length) == (Form.SIMPLE, Form.SIMPLE, None)


TAGS: list[tuple[dict[str, str | None], str, object]] = [
    ({"c": "relaxed"}, "body_form", Form.SIMPLE),
    ({"c": "relaxed/relaxed"}, "body_form", Form.RELAXED),
    ({"c": "simple/relaxed"}, "header_form", Form.SIMPLE),
    ({"a": "RSA-SHA256"}, "algorithm", Algorithm.RSA_SHA256),
    ({"h": "From :\r\n\tTO: to"}, "headers", (b"from", b"to", b"to")),
    ({"q": "http: dns/txt"}, "algorithm", Algorithm.RSA_SHA256),
    ({"i": "anna@mail.example.com"}, "identity", "anna@mail.example.com"),
    ({"i": "=61nna@EXAMPLE.com"}, "identity", "anna@EXAMPLE.com"),
    ({"l": "0"}, "length", 0),
    ({"l": "9" * 76}, "length", int("9" * 76)),
    ({"t": "9" * 12}, "created", 999_999_999_999),
    ({"x": "1"}, "expires", 1),
    ({"t": "5", "x": "6"}, "expires", 6),
    ({"new": "tag"}, "domain", "example.com"),
    ({"d": "b\u00fccher.example", "i": None}, "domain", "b\u00fccher.example"),
    ({"b": " A A\r\n\tA A "}, "signature", bytes(3)),
    (
        {"z": "From:=20Anna|Subject:a=3Bb|rubbish|To:"},
        "copied",
        ((b"from", b" Anna"), (b"subject", b"a;b"), (b"to", b"")),
    ),
]


@pytest.mark.parametrize(("tags", "name", "expected"), TAGS)
def test_tags_are_read(tags: dict[str, str | None], name: str, expected: object) -> None:
    """Each tag that RFC 6376 3.5 allows has its meaning."""
    assert getattr(DkimSignature.parse(value(**tags)), name) == expected


FAULTS: list[tuple[dict[str, str | None], SignatureTrouble, str]] = [
    ({"v": "2"}, SignatureTrouble.VERSION, "v"),
    ({"v": "1.0"}, SignatureTrouble.VERSION, "v"),
    ({"a": "rsa-sha512"}, SignatureTrouble.ALGORITHM, "a"),
    ({"a": ""}, SignatureTrouble.ALGORITHM, "a"),
    ({"c": ""}, SignatureTrouble.FORM, "c"),
    ({"c": "relaxed/"}, SignatureTrouble.FORM, "c"),
    ({"c": "nowsp"}, SignatureTrouble.FORM, "c"),
    ({"q": "http"}, SignatureTrouble.QUERY, "q"),
    ({"d": "com"}, SignatureTrouble.DOMAIN, "d"),
    ({"d": "example..com"}, SignatureTrouble.DOMAIN, "d"),
    ({"d": "legitimate.com(.attacker.com"}, SignatureTrouble.DOMAIN, "d"),
    ({"d": "x." * 127 + "xy", "i": None}, SignatureTrouble.DOMAIN, "d"),
    ({"s": ""}, SignatureTrouble.DOMAIN, "s"),
    ({"s": "a b"}, SignatureTrouble.DOMAIN, "s"),
    # RFC 6376 3.5: the domain of i= MUST be d= or below it.
    ({"i": "anna@example.org"}, SignatureTrouble.IDENTITY, "i"),
    ({"i": "anna@badexample.com"}, SignatureTrouble.IDENTITY, "i"),
    ({"i": "anna@com"}, SignatureTrouble.IDENTITY, "i"),
    ({"i": "example.com"}, SignatureTrouble.IDENTITY, "i"),
    ({"i": "a=0D=0Ab@example.com"}, SignatureTrouble.IDENTITY, "i"),
    # RFC 6376 3.5: h= MUST NOT be empty; 5.4: From MUST be signed.
    ({"h": ""}, SignatureTrouble.HEADERS, "h"),
    ({"h": "from::to"}, SignatureTrouble.HEADERS, "h"),
    ({"h": "from:\u00fc"}, SignatureTrouble.HEADERS, "h"),
    ({"h": "to:subject"}, SignatureTrouble.FROM, "h"),
    ({"b": ""}, SignatureTrouble.BASE64, "b"),
    ({"b": "A"}, SignatureTrouble.BASE64, "b"),
    ({"bh": "AAAA"}, SignatureTrouble.BASE64, "bh"),
    ({"l": ""}, SignatureTrouble.NUMBER, "l"),
    ({"l": "-1"}, SignatureTrouble.NUMBER, "l"),
    ({"l": "\u0661"}, SignatureTrouble.NUMBER, "l"),
    ({"l": "9" * 77}, SignatureTrouble.NUMBER, "l"),
    ({"t": "9" * 13}, SignatureTrouble.NUMBER, "t"),
    ({"x": "1e3"}, SignatureTrouble.NUMBER, "x"),
    # RFC 6376 3.5: x= MUST be greater than t=.
    ({"t": "5", "x": "5"}, SignatureTrouble.EXPIRY, "x"),
]


@pytest.mark.parametrize("tag", GOOD)
def test_required_tags(tag: str) -> None:
    """RFC 6376 6.1.1: a signature without one of them MUST be ignored."""
    with pytest.raises(SignatureFault) as raised:
        DkimSignature.parse(value(**{tag: None}))
    assert (raised.value.why, raised.value.tag) == (SignatureTrouble.MISSING, tag)


@pytest.mark.parametrize(("tags", "why", "tag"), FAULTS)
def test_a_broken_rule_is_named(tags: dict[str, str | None], why: SignatureTrouble, tag: str) -> None:
    """No signature breaks a rule of the field and is read."""
    with pytest.raises(SignatureFault) as raised:
        DkimSignature.parse(value(**tags))
    assert (raised.value.why, raised.value.tag) == (why, tag)


@pytest.mark.parametrize("raw", [b"", b"v=1; v=1", b"v", b"\xff"])
def test_no_list_is_no_signature(raw: bytes) -> None:
    """RFC 6376 3.2."""
    with pytest.raises(SignatureFault) as raised:
        DkimSignature.parse(raw)
    assert raised.value.why is SignatureTrouble.TAGS


def test_limits_reached_and_passed_by_one() -> None:
    """A signature as long as the limits is read, one octet or name more is refused."""
    names = ":".join(["from"] * MOST_NAMES)
    assert len(DkimSignature.parse(value(h=names)).headers) == MOST_NAMES
    longest_b = b64encode(bytes(LONGEST_B)).decode()
    assert DkimSignature.parse(value(b=longest_b)).signature == bytes(LONGEST_B)
    whole = value(n="")
    padded = value(n="x" * (LONGEST_SIGNATURE - len(whole)))
    assert DkimSignature.parse(padded).domain == "example.com"
    copies = "|".join(f"n{at}:" for at in range(MOST_NAMES + 1))
    assert len(DkimSignature.parse(value(z=copies)).copied) == MOST_NAMES
    for raw, why in (
        (value(h=names + ":to"), SignatureTrouble.LONG),
        (value(b=b64encode(bytes(LONGEST_B + 1)).decode()), SignatureTrouble.BASE64),
        (padded + b"x", SignatureTrouble.LONG),
    ):
        with pytest.raises(SignatureFault) as raised:
            DkimSignature.parse(raw)
        assert raised.value.why is why


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"D: v=1; b=AB; d=x", b"D: v=1; b=; d=x"),
        (b"D: v=1; b=AB", b"D: v=1; b="),
        (b"D: v=1; b = A\r\n B \r\n ;", b"D: v=1; b =;"),
        (b"D:b=AB; bh=CD", b"D:b=; bh=CD"),
        (b"D: bh=CD;\r\n\tb\r\n\t=AB;; ", b"D: bh=CD;\r\n\tb\r\n\t=;; "),
        (b"D: bh=b=x; B=1", b"D: bh=b=x; B=1"),
        (b"D", b"D"),
        (b"", b""),
    ],
)
def test_only_the_value_of_b_is_taken_out(raw: bytes, expected: bytes) -> None:
    """RFC 6376 3.5: with the white space around it, and nothing else."""
    assert without_signature(raw) == expected


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
LABEL = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\Z")
TIME = st.none() | st.integers(0, 10**11)


@given(
    st.builds(
        DkimSignature,
        st.sampled_from([Algorithm.RSA_SHA256, Algorithm.ED25519_SHA256]),
        st.builds("{}.{}".format, LABEL, LABEL),
        LABEL,
        st.lists(st.sampled_from([b"from", b"to", b"x-" + b"y" * 90]), max_size=40).map(
            lambda names: (b"from", *names)
        ),
        st.binary(min_size=32, max_size=32),
        st.binary(min_size=1, max_size=512),
        st.sampled_from(Form),
        st.sampled_from(Form),
        length=TIME,
        created=TIME,
        copied=st.lists(st.tuples(st.sampled_from([b"from", b"x"]), st.binary(max_size=200))).map(tuple),
    ),
    st.none() | TEXT,
    st.none() | st.integers(1, 10**6),
)
def test_what_is_written_is_read(signature: DkimSignature, local: str | None, lifetime: int | None) -> None:
    """Writing and reading are a pair, folded in lines that are short where words let them be."""
    identity = f"{local or ''}@{signature.domain}"
    expires = None if lifetime is None else (signature.created or 0) + lifetime
    signature = signature._replace(identity=identity, expires=expires)
    field = HeaderField.read(signature.write())
    assert field.name == b"dkim-signature"
    assert DkimSignature.parse(field.value) == signature
    unsigned = signature._replace(signature=b"").write()
    assert without_signature(field.raw) == unsigned


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_quoted_printable_is_a_pair(text: str) -> None:
    """RFC 6376 2.11; only octets that are safe in a tag stand as they are."""
    written = encode_quoted(text)
    assert not set(written) & set(" ;=|\r\n\t") - {"="}
    assert decode_quoted(written).decode("utf-8") == text


@given(st.binary(max_size=300))
def test_any_value_is_a_signature_or_a_fault(raw: bytes) -> None:
    """Nothing but SignatureFault is ever raised."""
    for candidate in (raw, value() + b"; z=" + raw, value(b=None) + b"; b=" + raw):
        try:
            DkimSignature.parse(candidate)
        except SignatureFault:
            continue
