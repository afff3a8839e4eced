"""Authentication-Results: written, read, and whose it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.header_fields import Header, HeaderField
from mailwright.authentication.results_header import (
    LONGEST_PAYLOAD,
    MOST_PROPERTIES,
    MOST_RESULTS,
    AuthenticationResults,
    MethodResult,
    ResultProperty,
    claims,
    merged,
    results_by,
    without_claims,
)
from mailwright.authentication.results_text import DEEPEST_COMMENT, ResultsFault


def result(method: str, what: str, *properties: tuple[str, str, str], reason: str | None = None) -> MethodResult:
    """A result with its properties."""
    return MethodResult(method, what, reason, tuple(ResultProperty(*one) for one in properties))


PAYLOADS: list[tuple[bytes, str, list[MethodResult]]] = [
    # RFC 8601 B.
    (b"example.org 1; none", "example.org", []),
    (b"example.org; none", "example.org", []),
    (
        b"example.com;\r\n spf=pass smtp.mailfrom=example.net",
        "example.com",
        [result("spf", "pass", ("smtp", "mailfrom", "example.net"))],
    ),
    (
        b"example.com;\r\n\tauth=pass (cram-md5) smtp.auth=sender@example.net;\r\n\tspf=pass smtp.mailfrom=example.net",
        "example.com",
        [
            result("auth", "pass", ("smtp", "auth", "sender@example.net")),
            result("spf", "pass", ("smtp", "mailfrom", "example.net")),
        ],
    ),
    (
        b'example.com; dkim=pass reason="good signature" header.i=@mail-router.example.net',
        "example.com",
        [result("dkim", "pass", ("header", "i", "@mail-router.example.net"), reason="good signature")],
    ),
    (
        b"foo.example.net (a) 1 (b);\r\n dkim(c)/ 1 (d) = (e) fail\r\n policy (f) . (g) expired\r\n (h)=(i) 1362471462",
        "foo.example.net",
        [result("dkim", "fail", ("policy", "expired", "1362471462"))],
    ),
    # Realistic.
    (
        (
            b"mx.google.com; dkim=pass header.i=@example.com header.s=s1 header.b=aB/+c=;"
            b" dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com"
        ),
        "mx.google.com",
        [
            result("dkim", "pass", ("header", "i", "@example.com"), ("header", "s", "s1"), ("header", "b", "aB/+c=")),
            result("dmarc", "pass", ("header", "from", "example.com")),
        ],
    ),
    (
        b"mx.microsoft.com 1; dmarc=pass action=none header.from=example.com; arc=none",
        "mx.microsoft.com",
        [result("dmarc", "pass", ("header", "from", "example.com")), result("arc", "none")],
    ),
    (b"x; iprev=pass policy.iprev=2001:db8::1", "x", [result("iprev", "pass", ("policy", "iprev", "2001:db8::1"))]),
    # Synthetic.
    (b'"id with \\"quotes\\"" ; SPF = PASS', 'id with "quotes"', [result("spf", "pass")]),
    (
        b'x; auth=pass smtp.auth="an na"@example.net',
        "x",
        [result("auth", "pass", ("smtp", "auth", "an na@example.net"))],
    ),
    (b"x; dkim/2=pass", "x", [MethodResult("dkim", "pass", version=2)]),
    (b"x; none=pass", "x", [result("none", "pass")]),
    (b"x; spf=none (a (b) \\) c)", "x", [result("spf", "none")]),
    # Against the grammar, and common: a semicolon behind the last result, and the null reverse-path unquoted.
    (b"x; spf=pass;", "x", [result("spf", "pass")]),
    (b"x; spf=pass smtp.helo=a.example; (c) ", "x", [result("spf", "pass", ("smtp", "helo", "a.example"))]),
    (b"x; spf=none smtp.mailfrom=", "x", [result("spf", "none", ("smtp", "mailfrom", ""))]),
    (
        b"x; spf=none smtp.mailfrom= ; arc=none",
        "x",
        [result("spf", "none", ("smtp", "mailfrom", "")), result("arc", "none")],
    ),
    (
        b"x; spf=none smtp.mailfrom=<> smtp.helo=a",
        "x",
        [result("spf", "none", ("smtp", "mailfrom", ""), ("smtp", "helo", "a"))],
    ),
    (b"caf\xc3\xa9.example; none", "caf\u00e9.example", []),
]

FAULTS = [
    b"",
    b";",
    b"example.com",
    b"example.com;",
    b"example.com; ;spf=pass",
    b"example.com; spf=pass;;",
    b"example.com; none;",
    b"example.com; none; spf=pass",
    b"example.com; spf=pass; none",
    b"example.com; spf",
    b"example.com; spf=",
    b"example.com; spf=pass smtp",
    b"example.com; spf=pass smtp.=x",
    b"example.com; spf=pass smtp.mailfrom=<",
    b"example.com; spf=pass smtp.mailfrom=,",
    b"example.com; spf/x=pass",
    # RFC 8601 2.2: another version MUST be ignored.
    b"example.com 2; spf=pass",
    b"example.com 1x; spf=pass",
    b"example.com 1234567890; spf=pass",
    b"example.com; spf=pass (open",
    b'example.com; spf=pass reason="open',
    b'example.com; spf=pass reason="open\\',
    b"spf=pass smtp.mailfrom=example.com",
    b"example.com; spf=pass\x00",
    b"example.com; spf=pass\r\nX: y",
    b"\xff; none",
]


@pytest.mark.parametrize(("value", "authserv_id", "results"), PAYLOADS)
def test_payloads_are_read(value: bytes, authserv_id: str, results: list[MethodResult]) -> None:
    """Comments and white space may stand nearly everywhere."""
    parsed = AuthenticationResults.parse(value)
    assert (parsed.authserv_id, list(parsed.results), parsed.version) == (authserv_id, results, 1)


@pytest.mark.parametrize("value", FAULTS)
def test_what_breaks_the_grammar_tells_nothing(value: bytes) -> None:
    """A field is read whole or not at all."""
    with pytest.raises(ResultsFault):
        AuthenticationResults.parse(value)


def test_limits_reached_and_passed_by_one() -> None:
    """Octets, results, properties and depth of comments."""
    good = [
        b"x" + b"; spf=pass" * MOST_RESULTS,
        b"x; spf=pass" + b" a.b=c" * MOST_PROPERTIES,
        b"x; spf=pass " + b"(" * DEEPEST_COMMENT + b")" * DEEPEST_COMMENT,
        b"x; spf=pass (" + b"c" * (LONGEST_PAYLOAD - 14) + b")",
    ]
    bad = [
        b"x" + b"; spf=pass" * (MOST_RESULTS + 1),
        b"x; spf=pass" + b" a.b=c" * (MOST_PROPERTIES + 1),
        b"x; spf=pass " + b"(" * (DEEPEST_COMMENT + 1) + b")" * (DEEPEST_COMMENT + 1),
        good[-1] + b" ",
    ]
    for value in good:
        assert AuthenticationResults.parse(value).results
    for value in bad:
        with pytest.raises(ResultsFault):
            AuthenticationResults.parse(value)


def test_writing() -> None:
    """Folded by result, quotes where they are needed, and comments that cannot end early."""
    dkim = MethodResult(
        "dkim",
        "fail",
        'the "body" was changed',
        (ResultProperty("header", "d", "example.com"), ResultProperty("header", "i", "an na@example.com")),
        "2048-bit (key)\r\nX: y",
    )
    assert AuthenticationResults("mx.example.org", (result("spf", "pass"), dkim)).field() == (
        b"Authentication-Results: mx.example.org;\r\n\tspf=pass;\r\n"
        b'\tdkim=fail (2048-bit key  X: y) reason="the \\"body\\" was changed"\r\n'
        b'\theader.d=example.com header.i="an na@example.com"'
    )
    assert AuthenticationResults("a b").write() == '"a b"; none'


@pytest.mark.parametrize(
    "results",
    [
        AuthenticationResults("x\r\nY: z"),
        AuthenticationResults("x", (result("s pf", "pass"),)),
        AuthenticationResults("x", (result("spf", "pass; dkim=pass"),)),
        AuthenticationResults("x", (result("spf", "pass", ("smtp", "a=b", "c")),)),
        AuthenticationResults("x", (result("spf", "pass", ("smtp", "a", "c\r\nX: y")),)),
        AuthenticationResults("x", (result("spf", "pass", reason="\x00"),)),
    ],
)
def test_nothing_breaks_out_of_what_is_written(results: AuthenticationResults) -> None:
    """What the grammar has no place for is refused."""
    with pytest.raises(ResultsFault):
        results.write()


def field(value: bytes, name: bytes = b"Authentication-Results") -> HeaderField:
    """A field of that value."""
    return HeaderField.read(name + b": " + value)


CLAIMS = [
    (b"mx.example.org; none", True),
    (b"MX.Example.ORG. ; spf=pass", True),
    (b"(comment) mx.example.org; none", True),
    (b"\r\n mx.example.org\r\n ; none", True),
    (b'"mx.example.org"; none', True),
    # RFC 8601 5: what this program cannot read, another might.
    (b"mx.example.org garbage ===", True),
    (b"mx.example.org 2; none", True),
    (b"", True),
    (b"\xff", True),
    (b"(open mx.example.net", True),
    (b"mx.example.net; none", False),
    (b"mx.example.organisation; none", False),
    (b"spf=pass (mx.example.org)", False),
]


@pytest.mark.parametrize(("value", "claimed"), CLAIMS)
def test_whose_a_field_claims_to_be(value: bytes, claimed: bool) -> None:
    """The id is compared without case, comments and quotes."""
    assert claims(field(value), ["mx.example.org"]) is claimed
    assert not claims(field(value, b"X-Other"), ["mx.example.org"])


def test_forged_fields_are_removed_and_trusted_ones_read() -> None:
    """RFC 8601 5: what claims to be ours and came from outside MUST go, all else stays as it is."""
    own, other, broken = (
        field(b"mx.example.org; spf=pass"),
        field(b"mx.example.net; spf=fail"),
        field(b"mx.example.org;"),
    )
    subject = field(b"x", b"Subject")
    header = Header([own, subject, other, broken])
    assert without_claims(header, ["mx.example.org"]).fields == (subject, other)
    assert results_by(header, ["mx.example.org"]) == (
        AuthenticationResults("mx.example.org", (result("spf", "pass"),)),
    )
    assert results_by(header, []) == ()


def test_several_fields_make_one_payload() -> None:
    """RFC 8617 4.1.1, up to the limit."""
    many = AuthenticationResults("a", (result("spf", "pass"),) * MOST_RESULTS)
    whole = merged("b", [many, AuthenticationResults("a", (result("dkim", "pass"),))])
    assert whole == AuthenticationResults("b", many.results)
    assert merged("b", []) == AuthenticationResults("b")


KEYWORD = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\Z")
VALUE = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30).filter(
    str.isprintable
)


@given(
    VALUE,
    st.lists(
        st.builds(
            MethodResult,
            KEYWORD,
            KEYWORD,
            st.none() | VALUE,
            st.lists(
                st.builds(ResultProperty, KEYWORD.filter(lambda word: word != "reason"), KEYWORD, VALUE), max_size=4
            ).map(tuple),
            version=st.integers(1, 9),
            comment=st.just(""),
        ),
        max_size=4,
    ).map(tuple),
)
def test_what_is_written_is_read(authserv_id: str, results: tuple[MethodResult, ...]) -> None:
    """Writing and reading are a pair."""
    payload = AuthenticationResults(authserv_id, results)
    assert AuthenticationResults.parse(payload.write().encode()) == payload


@given(st.binary(max_size=200) | st.text(st.sampled_from('x=.;"()\\ \t/@1a')).map(str.encode))
def test_any_value_is_a_payload_or_a_fault(value: bytes) -> None:
    """Nothing but ResultsFault is ever raised."""
    claims(field(value), ["x"])
    try:
        AuthenticationResults.parse(value)
    except ResultsFault:
        return
