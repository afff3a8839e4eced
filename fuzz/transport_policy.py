"""Fuzz what strangers publish about secure connections: MTA-STS, DANE, BIMI, CAA, and the HTTP answer with a policy.

The invariants, whatever the octets:

* a reader returns a value of its kind or raises its own fault, nothing else;
* what was read and can be written reads back as the same; lenient reading takes all that strict reading takes;
* an HTTP answer is the same in one piece and octet by octet, and keeps within its limits;
* a damaged chain is never taken for the one that was pinned.

    python -m fuzz.transport_policy --rounds 1000 --seed 1

A seed makes a run repeatable; octets that break a promise are written to a file, whose name is shown.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path

from mailwright.authentication.bimi_certificate import check_mark
from mailwright.authentication.bimi_record import BimiFault, parse_bimi
from mailwright.authentication.bimi_svg import LONGEST_EVIDENCE, svg_faults
from mailwright.authentication.caa import parse_issuer
from mailwright.authentication.certificate import CertificateFault, key_of
from mailwright.authentication.dane import usable_records
from mailwright.authentication.dane_match import MatchStatus, match_chain
from mailwright.authentication.helo import check_helo
from mailwright.authentication.http_reply import PolicyReply
from mailwright.authentication.mtasts import FetchKind, FetchPolicy, PolicyFetch, read_fetch
from mailwright.authentication.mtasts_policy import LONGEST_POLICY, PolicyFault, parse_policy, write_policy
from mailwright.authentication.mtasts_record import RecordFault, parse_record, write_record
from mailwright.dns.answer import Answer, Kind, Tlsa
from mailwright.dns.inquiry import settle

NOW = datetime(2026, 11, 25, tzinfo=UTC)
FETCH = FetchPolicy("example.test", "1")
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.2"'
    b' baseProfile="tiny-ps" viewBox="0 0 9 9"><title>x</title><defs><g id="a"/></defs><use xlink:href="#a"/></svg>'
)
CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n10;x=y\r\nversion: STSv1\r\n\r\n0\r\nTrailer: x\r\n\r\n"
)
#: A self-signed certificate in DER (P-256, mx.example.test), made for this file.
CERTIFICATE = bytes.fromhex(
    "308201403081e8a0030201020214550ac868a210cdfafa3a839c6abad8834bd0bfbb300a06082a8648ce3d0403023011310f300d0603"
    "5504030c06736572766572301e170d3236303130313030303030305a170d3336303130313030303030305a3011310f300d0603550403"
    "0c067365727665723059301306072a8648ce3d020106082a8648ce3d03010703420004f326abd2cf66269e574b673950ce5cbec9882f"
    "e738ccfe9d5f1cc5f8b6af5a4182db3de92b380ebf253900a4c59b1992291a2a61eecfaff380151450e7944093a31e301c301a060355"
    "1d1104133011820f6d782e6578616d706c652e74657374300a06082a8648ce3d040302034700304402200d7257f6e0fc9cebcd36a328"
    "8694f1930f0d7fb3e72cf95acdbebf988ced80010220531425eea03e794e18fcba879d1d6f67ab40fe5d25ecf64490deac010e065b2c"
)

SEEDS = [
    *(b"v=STSv1; id=20261125T120000Z; x=1;", POLICY, LOGO, CHUNKED, CERTIFICATE),
    b"v=BIMI1; l=https://example.test/l.svg; a=https://example.test/m.pem; avp=brand; lps=a,b",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(POLICY), POLICY),
    b"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.test/\r\n\r\n",
    b"ca.test; accounturi=https://ca.test/1; validationmethods=dns-01",
    *(b"mail.example.test", b"[192.0.2.1]", b"[IPv6:2001:db8::1]"),
    b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
]

#: What hostile octets are made of; inserted anywhere.
TOKENS = [
    *(b"\r", b"\n", b"\r\n", b"\x00", b"\xff", b"\x80", b";", b"=", b":", b" ", b"\t", b"*.", b".", b"%", b'"'),
    *(b"v=STSv1;", b"id=", b"mx: ", b"max_age: 31557601\n", b"mode: none\n", b"version: STSv2\n", b"v=BIMI1;"),
    *(b"<script/>", b"<!DOCTYPE x [", b"&#0;", b"&a;", b"url(", b"javascript:", b"<g>", b"]]>", b"<![CDATA["),
    *(b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"ffffffff\r\n", b"0\r\n\r\n"),
    *(b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"\x02\x01\x00", b"\xc3\xa9", b"xn--", b"[IPv6:", b"]"),
]


def broken_promises(raw: bytes) -> list[str]:
    """Return what is wrong with what the readers make of ``raw``; nothing where all is well."""
    return [fault for check in CHECKS for fault in check(raw)]


def _record(raw: bytes) -> Iterator[str]:
    with suppress(RecordFault):
        read = parse_record(raw)
        if parse_record(write_record(read.id).encode()).id != read.id:
            yield f"record {read} reads back as another"


def _policy(raw: bytes) -> Iterator[str]:
    with suppress(PolicyFault):
        read = parse_policy(raw)
        if parse_policy(raw, lenient=True) != read:
            yield "lenient reading differs from strict reading"
        if parse_policy(write_policy(read)) != read:
            yield f"policy {read} reads back as another"
    policy, fault = read_fetch(PolicyFetch(FetchKind.FETCHED, raw, "text/plain"))
    if (policy is None) is (fault is None):
        yield "neither policy nor fault, or both"


def _bimi(raw: bytes) -> Iterator[str]:
    with suppress(BimiFault):
        parse_bimi(raw)
    for fault in svg_faults(raw):
        if len(fault.where) > LONGEST_EVIDENCE:
            yield f"evidence of {len(fault.where)} characters"
    check_mark(raw, "example.test", "default", NOW)


def _http(raw: bytes) -> Iterator[str]:
    whole, pieces = _answer(raw, len(raw) or 1), _answer(raw, 1)
    if (whole.kind, whole.body, whole.content_type) != (pieces.kind, pieces.body, pieces.content_type):
        yield f"{whole.kind} in one piece, {pieces.kind} octet by octet"
    if len(whole.body) > LONGEST_POLICY:
        yield f"a body of {len(whole.body)} octets"


def _answer(raw: bytes, size: int) -> PolicyFetch:
    """Return what comes of an answer in pieces of so many octets."""
    reply = PolicyReply(FETCH, "fuzz")
    for at in range(0, len(raw), size):
        result = reply.take(raw[at : at + size])
        if result is not None:
            return result
    return reply.take(b"") or PolicyFetch(FetchKind.PROTOCOL, detail="cut off")


def _chain(raw: bytes) -> Iterator[str]:
    with suppress(CertificateFault):
        if len(key_of(raw)) > len(raw):
            yield "a key longer than its certificate"
    pinned = usable_records([Tlsa(3, 0, 1, sha256(CERTIFICATE).digest()), Tlsa(2, 0, 0, CERTIFICATE)])
    found = match_chain([raw, CERTIFICATE], pinned, ("mx.example.test",), NOW)
    if found.status is MatchStatus.MATCHED and raw != CERTIFICATE:
        yield "another certificate matched"
    loose = (Tlsa(3, 0, 0, raw), Tlsa(2, 0, 0, raw), Tlsa(2, 1, 0, raw), Tlsa(3, 1, 1, raw))
    match_chain([CERTIFICATE], usable_records(loose), ("mx.example.test",), NOW)


def _texts(raw: bytes) -> Iterator[str]:
    text = raw.decode("utf-8", "surrogateescape")
    parse_issuer(text)
    for name in (text, raw.decode("latin-1")):
        found = settle(check_helo(name, IPv4Address("192.0.2.1")), lambda asked: Answer(asked, Kind.NXDOMAIN))
        if found.is_receiver:
            yield f"{name!r} is nobody's name"


CHECKS: Sequence[Callable[[bytes], Iterator[str]]] = (_record, _policy, _bimi, _http, _chain, _texts)


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Return ``raw`` cut, doubled, mixed with tokens or with single octets changed, in one to six places."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        begin = chance.randint(0, len(changed))
        end = min(len(changed), begin + chance.choice((1, 1, 4, 40)))
        match chance.randrange(5):
            case 0:
                del changed[begin:end]
            case 1:
                changed[begin:begin] = changed[begin:end] * chance.randint(1, 4)
            case 2:
                changed[begin:begin] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 30))
            case 3:
                changed[begin:end] = chance.randbytes(end - begin)
            case _:
                del changed[chance.choice((begin, len(changed))) :]
    return bytes(changed)


def run(rounds: int, seed: int) -> bool:
    """Mutate ``rounds`` times; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    kept = True
    for _ in range(rounds):
        raw = mutate(chance.choice(SEEDS), chance)
        try:
            faults = broken_promises(raw)
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}"]
        if faults:
            kept = False
            file = Path(f"fuzz-{sha256(raw).hexdigest()[:12]}.bin")
            file.write_bytes(raw)
            sys.stderr.write("".join(f"{file}: {fault}\n" for fault in faults))
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.transport_policy", description="Feed the readers rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many mutations to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries other mutations")
    known = parser.parse_args()
    return 0 if run(known.rounds, known.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
