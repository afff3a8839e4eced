"""Queries out, responses in: RFC 1035 4, RFC 2308, RFC 6891, RFC 8914; and hostile octets."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.dns.answer import Answer, Caa, Dnssec, Kind, Mx, Question, Raw, Record, RecordType, Soa, Srv, Tlsa, Txt
from mailwright.dns.names import NameFault
from mailwright.dns.wire import LONGEST_ERROR_TEXT, MOST_ALIASES, Fit, Reading, WireOptions, query, read

QUESTION = Question("example.test", RecordType.A)
IDENT = 0x1234
PLAIN = WireOptions()
SOA = "example.test. 600 IN SOA ns.example.test. host.example.test. 1 2 3 4 300"


def response(
    question: Question = QUESTION,
    *,
    answer: Sequence[str] = (),
    authority: Sequence[str] = (),
    rcode: int = 0,
    errors: Sequence[tuple[int, str]] = (),
    flags: int = dns.flags.QR | dns.flags.RD | dns.flags.RA,
    edns: bool = True,
) -> bytes:
    """Return a response message; records are lines of a zone file, names with their dot."""
    message = dns.message.make_query(f"{question.name}.", question.type.value, id=IDENT)
    message.flags = dns.flags.Flag(flags)
    if edns or errors:
        options: list[dns.edns.Option] = [dns.edns.EDEOption(dns.edns.EDECode(code), text) for code, text in errors]
        message.use_edns(0, payload=1232, options=options)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, lines in ((message.answer, answer), (message.authority, authority)):
        for line in lines:
            name, ttl, _, kind, text = line.split(" ", 4)
            new = dns.rrset.from_text(name, int(ttl), "IN", kind, text)
            same = next((old for old in section if (old.name, old.rdtype) == (new.name, new.rdtype)), None)
            if same is None:
                section.append(new)
            else:
                for rdata in new:
                    same.add(rdata)
    return message.to_wire(max_size=65_535)


def answer_of(wire: bytes, question: Question = QUESTION, options: WireOptions = PLAIN) -> Answer:
    """Return the answer of a response that must be ours."""
    reading = read(wire, question, IDENT, options)
    assert reading.fit is Fit.OURS
    return reading.answer


@pytest.mark.parametrize("kind", list(RecordType))
@pytest.mark.parametrize("name", ["example.test", "", "a" * 63 + ".test", "_25._tcp.mx.example.test"])
def test_queries_say_what_is_asked(name: str, kind: RecordType) -> None:
    """Another implementation reads back name, type, id and flags."""
    message = dns.message.from_wire(query(Question(name, kind), IDENT, WireOptions(payload=1400, dnssec_ok=True)))
    asked = message.question[0]
    assert (asked.name.to_text(omit_final_dot=True).removesuffix("."), asked.rdtype.name) == (name, kind.value)
    assert message.id == IDENT
    assert message.flags == dns.flags.RD | dns.flags.AD
    assert (message.edns, message.payload, message.ednsflags) == (0, 1400, dns.flags.DO)


def test_queries_may_be_plain() -> None:
    """RFC 6891 7: old servers are asked without EDNS."""
    message = dns.message.from_wire(query(QUESTION, IDENT, WireOptions(payload=None)))
    assert message.edns == -1


@pytest.mark.parametrize("name", ["a..b", "a" * 64, ".".join(["a" * 63] * 4), "ü.test", "a\\b", "test."])
def test_names_that_do_not_fit_are_told(name: str) -> None:
    """No query goes out for something else than what was asked."""
    with pytest.raises(NameFault):
        query(Question(name, RecordType.A), IDENT, PLAIN)


RECORDS: list[tuple[RecordType, str, Record]] = [
    (RecordType.A, "192.0.2.1", "192.0.2.1"),
    (RecordType.AAAA, "2001:db8:0::1", "2001:db8::1"),
    (RecordType.CAA, '128 ISSUE "ca.test; x=y"', Caa(128, "issue", "ca.test; x=y")),
    (RecordType.CNAME, "Other.Test.", "other.test"),
    (RecordType.DNSKEY, "257 3 8 aGVsbG8=", Raw("257 3 8 aGVsbG8=")),
    (RecordType.DS, "1 8 2 " + "ab" * 32, Raw("1 8 2 " + "ab" * 32)),
    (RecordType.MX, "10 MX.Test.", Mx(10, "mx.test")),
    (RecordType.MX, "0 .", Mx(0, "")),
    (RecordType.NS, "ns.test.", "ns.test"),
    (RecordType.PTR, "host.test.", "host.test"),
    (RecordType.SOA, "ns.test. host.test. 1 2 3 4 5", Soa("ns.test", "host.test", 1, 2, 3, 4, 5)),
    (RecordType.SRV, "1 2 3 .", Srv(1, 2, 3, "")),
    (RecordType.TLSA, "3 1 1 " + "ab" * 32, Tlsa(3, 1, 1, b"\xab" * 32)),
    (RecordType.TXT, '"v=spf1 " "-all"', Txt((b"v=spf1 ", b"-all"))),
    (RecordType.TXT, '"\\195\\188\\000"', Txt((b"\xc3\xbc\x00",))),
    (RecordType.MX, "10 a\\.b\\032c\\\\d.test.", Mx(10, "a\\046b c\\092d.test")),
]


@pytest.mark.parametrize(
    ("kind", "text", "record"), RECORDS, ids=[f"{kind}-{n}" for n, (kind, _, _) in enumerate(RECORDS)]
)
def test_records_become_values(kind: RecordType, text: str, record: Record) -> None:
    """Names in lower case without their dot, octets as they are, odd octets of names by number."""
    question = Question("example.test", kind)
    answer = answer_of(response(question, answer=[f"example.test. 300 IN {kind} {text}"]), question)
    assert answer == Answer(question, Kind.FOUND, (record,), ttl=300)


def test_names_are_compared_without_case() -> None:
    """RFC 4343: a server may write names as it likes."""
    wire = response(Question("EXAMPLE.test", RecordType.A), answer=["eXample.TEST. 300 IN A 192.0.2.1"])
    assert answer_of(wire).records == ("192.0.2.1",)


def test_aliases_are_followed() -> None:
    """RFC 1034 3.6.2: in whatever order they stand, with the shortest TTL."""
    lines = [
        "b.test. 300 IN A 192.0.2.1",
        "a.test. 60 IN CNAME b.test.",
        "example.test. 600 IN CNAME a.test.",
        "unrelated.test. 5 IN A 192.0.2.9",
    ]
    answer = answer_of(response(answer=lines))
    assert (answer.records, answer.aliases, answer.ttl) == (("192.0.2.1",), ("a.test", "b.test"), 60)


@pytest.mark.parametrize(("length", "kind"), [(MOST_ALIASES, Kind.FOUND), (MOST_ALIASES + 1, Kind.MALFORMED)])
def test_chains_have_a_limit(length: int, kind: Kind) -> None:
    """Exactly so many aliases, and no more."""
    names = ["example.test.", *(f"a{n}.test." for n in range(length))]
    lines = [f"{names[n]} 60 IN CNAME {names[n + 1]}" for n in range(length)]
    assert answer_of(response(answer=[*lines, f"{names[-1]} 60 IN A 192.0.2.1"])).kind is kind


@pytest.mark.parametrize(
    "lines",
    [
        ["example.test. 60 IN CNAME example.test."],
        ["example.test. 60 IN CNAME a.test.", "a.test. 60 IN CNAME example.test."],
        ["example.test. 60 IN CNAME a.test.", "a.test. 60 IN CNAME b.test.", "b.test. 60 IN CNAME a.test."],
    ],
    ids=["itself", "two", "later"],
)
def test_loops_are_malformed(lines: list[str]) -> None:
    """RFC 1034 3.6.2: loops should be signalled as an error."""
    answer = answer_of(response(answer=lines))
    assert answer.kind is Kind.MALFORMED
    assert "CNAME" in answer.detail


NOES = [
    # RFC 2308 5: the minimum of the SOA's MINIMUM field and its TTL.
    ("nxdomain", {"rcode": 3, "authority": [SOA]}, Kind.NXDOMAIN, 300),
    ("nodata", {"authority": [SOA]}, Kind.NODATA, 300),
    ("SOA TTL is shorter", {"authority": [SOA.replace(" 600 ", " 7 ")]}, Kind.NODATA, 7),
    ("SOA of the parent", {"authority": [SOA.replace("example.test. 600", "test. 600")]}, Kind.NODATA, 300),
    ("SOA of the root", {"authority": [SOA.replace("example.test. 600", ". 600")]}, Kind.NODATA, 300),
    # RFC 2308 5: without SOA it SHOULD NOT be cached; one of elsewhere counts as none.
    ("no SOA", {"rcode": 3}, Kind.NXDOMAIN, 0),
    ("SOA of elsewhere", {"authority": [SOA.replace("example.test. 600", "other.test. 600")]}, Kind.NODATA, 0),
    (
        "SOA of a name that only ends alike",
        {"authority": [SOA.replace("example.test. 600", "ple.test. 600")]},
        Kind.NODATA,
        0,
    ),
    ("alias to nothing", {"answer": ["example.test. 60 IN CNAME a.test."], "rcode": 3}, Kind.NXDOMAIN, 0),
    (
        "alias and SOA",
        {"answer": ["example.test. 60 IN CNAME a.test."], "authority": [SOA.replace("example.test. 600", "test. 600")]},
        Kind.NODATA,
        60,
    ),
    # RFC 2308 2.2: NS without SOA is a referral, and no statement about the name.
    ("referral", {"authority": ["test. 60 IN NS ns.test."]}, Kind.REFUSED, 0),
    ("SOA beside NS", {"authority": ["test. 60 IN NS ns.test.", SOA]}, Kind.NODATA, 300),
    ("end left open", {"answer": ["example.test. 60 IN CNAME a.b."], "flags": dns.flags.QR}, Kind.REFUSED, 0),
    (
        "records of a name that does not exist",
        {"answer": ["example.test. 60 IN A 192.0.2.1"], "rcode": 3},
        Kind.MALFORMED,
        0,
    ),
    ("records of another name only", {"answer": ["other.test. 60 IN A 192.0.2.1"]}, Kind.NODATA, 0),
]


@pytest.mark.parametrize(("parts", "kind", "ttl"), [row[1:] for row in NOES], ids=[row[0] for row in NOES])
def test_every_no_is_told_apart(parts: dict[str, object], kind: Kind, ttl: int) -> None:
    """NODATA, NXDOMAIN and "I do not know" are different answers."""
    answer = answer_of(response(**parts))  # type: ignore[arg-type]
    assert (answer.kind, answer.ttl, answer.records) == (kind, ttl, ())


@pytest.mark.parametrize(
    ("rcode", "kind", "detail"),
    [
        (1, Kind.REFUSED, "FORMERR"),
        (2, Kind.SERVFAIL, ""),
        (4, Kind.REFUSED, "NOTIMP"),
        (5, Kind.REFUSED, ""),
        (9, Kind.REFUSED, "NOTAUTH"),
        (15, Kind.REFUSED, "RCODE 15"),
        (16, Kind.REFUSED, "BADVERS"),
        (3841, Kind.REFUSED, "RCODE 3841"),
    ],
)
def test_codes_become_kinds(rcode: int, kind: Kind, detail: str) -> None:
    """Extended codes too (RFC 6891 6.1.3); what has no kind of its own is a refusal that says its name."""
    answer = answer_of(response(rcode=rcode))
    assert (answer.kind, answer.detail) == (kind, detail)


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_a_header_alone_can_say_no(rcode: int) -> None:
    """Servers that fail early send no question back."""
    wire = struct.pack("!6H", IDENT, 0x8180 | rcode, 0, 0, 0, 0)
    reading = read(wire, QUESTION, IDENT, PLAIN)
    assert reading.fit is (Fit.NO_EDNS if rcode in {1, 4} else Fit.OURS)
    assert reading.answer.kind is (Kind.SERVFAIL if rcode == 2 else Kind.REFUSED)
    assert read(wire, QUESTION, IDENT, WireOptions(payload=None)).fit is Fit.OURS


def test_a_server_without_edns_is_asked_again() -> None:
    """RFC 6891 7: FORMERR or NOTIMP without OPT; in answer to a plain query it is a refusal."""
    wire = response(rcode=1, edns=False)
    assert read(wire, QUESTION, IDENT, PLAIN).fit is Fit.NO_EDNS
    assert answer_of(wire, options=WireOptions(payload=None)).kind is Kind.REFUSED


ERRORS = [
    ([(6, "")], 2, Kind.SERVFAIL, Dnssec.BOGUS, "EDE 6"),
    ([(7, "expired")], 2, Kind.SERVFAIL, Dnssec.BOGUS, "EDE 7 expired"),
    ([(12, "")], 2, Kind.SERVFAIL, Dnssec.BOGUS, "EDE 12"),
    ([(22, ""), (9, "x")], 2, Kind.SERVFAIL, Dnssec.BOGUS, "EDE 22; EDE 9 x"),
    ([(22, "no reachable authority")], 2, Kind.SERVFAIL, Dnssec.UNKNOWN, "EDE 22 no reachable authority"),
    ([(5, "")], 2, Kind.SERVFAIL, Dnssec.UNKNOWN, "EDE 5"),
    ([(13, "")], 2, Kind.SERVFAIL, Dnssec.UNKNOWN, "EDE 13"),
    ([(3, "stale")], 0, Kind.FOUND, Dnssec.UNKNOWN, "EDE 3 stale"),
    # A resolver that does not tell the truth on purpose tells nothing.
    ([(15, "blocked")], 0, Kind.REFUSED, Dnssec.UNKNOWN, "EDE 15 blocked"),
    ([(17, "")], 3, Kind.REFUSED, Dnssec.UNKNOWN, "EDE 17"),
    ([(4, "")], 0, Kind.REFUSED, Dnssec.UNKNOWN, "EDE 4"),
    ([(18, "")], 5, Kind.REFUSED, Dnssec.UNKNOWN, "EDE 18"),
    ([(999, "a\nb\x1b[31m")], 2, Kind.SERVFAIL, Dnssec.UNKNOWN, "EDE 999 a?b?[31m"),
]


@pytest.mark.parametrize(("errors", "rcode", "kind", "dnssec", "detail"), ERRORS)
def test_extended_errors_are_kept(
    errors: list[tuple[int, str]], rcode: int, kind: Kind, dnssec: Dnssec, detail: str
) -> None:
    """RFC 8914: codes 6 to 12 tell that signatures are wrong; texts are for people, in one line."""
    lines = ["example.test. 60 IN A 192.0.2.1"] if rcode == 0 else []
    answer = answer_of(response(rcode=rcode, errors=errors, answer=lines))
    assert (answer.kind, answer.dnssec, answer.detail) == (kind, dnssec, detail)


def test_long_error_texts_are_cut() -> None:
    """A peer's text has a limit, and so has their number."""
    detail = answer_of(response(rcode=2, errors=[(22, "x" * 5_000)] * 8)).detail
    assert len(detail) <= 5 * (LONGEST_ERROR_TEXT + 10)


@pytest.mark.parametrize(
    ("trust", "flag", "expected"),
    [(True, True, Dnssec.SECURE), (True, False, Dnssec.UNKNOWN), (False, True, Dnssec.UNKNOWN)],
)
def test_the_ad_bit_counts_where_it_is_trusted(trust: bool, flag: bool, expected: Dnssec) -> None:
    """RFC 4035 4.9.3: only over a way that is safe, from a resolver that is trusted."""
    flags = dns.flags.QR | dns.flags.RA | (dns.flags.AD if flag else 0)
    wire = response(answer=["example.test. 60 IN A 192.0.2.1"], flags=flags)
    assert answer_of(wire, options=WireOptions(trust_ad=trust)).dnssec is expected


GOOD = response(answer=["example.test. 60 IN A 192.0.2.1", "example.test. 60 IN A 192.0.2.2"])

STRANGERS = [
    ("empty", b""),
    ("eleven octets", GOOD[:11]),
    ("another id", struct.pack("!H", IDENT + 1) + GOOD[2:]),
    ("a query", response(flags=dns.flags.RD)),
    ("an update", GOOD[:2] + struct.pack("!H", 0xA800) + GOOD[4:]),
    ("another name", response(Question("other.test", RecordType.A))),
    ("another type", response(Question("example.test", RecordType.AAAA))),
    ("no question", struct.pack("!6H", IDENT, 0x8180, 0, 0, 0, 0)),
    ("two questions", struct.pack("!6H", IDENT, 0x8180, 2, 0, 0, 0) + GOOD[12:30] * 2),
]


@pytest.mark.parametrize("wire", [wire for _, wire in STRANGERS], ids=[name for name, _ in STRANGERS])
def test_what_answers_another_query_is_foreign(wire: bytes) -> None:
    """RFC 5452 9.1: id and question MUST match, else the message is dropped."""
    assert read(wire, QUESTION, IDENT, PLAIN).fit is Fit.FOREIGN


def test_truncation_is_seen_wherever_it_cuts() -> None:
    """RFC 2181 9: with TC set nothing but the question counts."""
    wire = response(answer=["example.test. 60 IN A 192.0.2.1"], flags=dns.flags.QR | dns.flags.TC)
    end = 12 + len("example.test") + 2 + 4
    assert {read(wire[:cut], QUESTION, IDENT, PLAIN).fit for cut in range(end, len(wire) + 1)} == {Fit.TRUNCATED}


@pytest.mark.parametrize("cut", range(12, len(GOOD)))
def test_half_a_response_is_malformed(cut: int) -> None:
    """Cut at any octet, it is no answer, and says why."""
    reading = read(GOOD[:cut], QUESTION, IDENT, PLAIN)
    assert reading.answer.kind is Kind.MALFORMED
    assert reading.answer.detail


@pytest.mark.parametrize(
    "counts", [(1, 5000, 0, 0), (1, 65535, 65535, 65535), (65535, 0, 0, 0)], ids=["answers", "all", "questions"]
)
def test_counts_do_not_make_work(counts: tuple[int, int, int, int]) -> None:
    """A header that promises thousands of records is not believed."""
    wire = struct.pack("!6H", IDENT, 0x8180, *counts) + GOOD[12:]
    assert read(wire, QUESTION, IDENT, PLAIN).answer.kind is Kind.MALFORMED


def test_a_ttl_with_its_highest_bit_is_zero() -> None:
    """RFC 2181 8: treated as if it were zero."""
    at = GOOD.index(b"\xc0\x00\x02\x01") - 6
    wire = GOOD[:at] + b"\x80\x00\x00\x01" + GOOD[at + 4 :]
    assert answer_of(wire).ttl == 0


def test_hundreds_of_records_are_read() -> None:
    """A large answer is an answer; what is done with it is for others to bound."""
    question = Question("example.test", RecordType.MX)
    lines = [f"example.test. 60 IN MX {n} mx{n}.example.test." for n in range(500)]
    assert len(answer_of(response(question, answer=lines), question).records) == 500


@given(st.binary(max_size=300))
def test_any_octets_are_read(wire: bytes) -> None:
    """Whatever comes, a Reading is made of it, and nothing is raised."""
    for raw in (wire, struct.pack("!H", IDENT) + wire, GOOD[:30] + wire):
        assert isinstance(read(raw, QUESTION, IDENT, PLAIN), Reading)


@given(st.integers(12, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_octet_is_no_catastrophe(place: int, octet: int) -> None:
    """One octet is enough to break a parser that trusts lengths and pointers."""
    wire = GOOD[:place] + bytes((octet,)) + GOOD[place + 1 :]
    assert isinstance(read(wire, QUESTION, IDENT, PLAIN), Reading)
