"""Fuzz DMARC: records, From fields, verdicts, and the reports of strangers.

The invariants: nothing but the documented faults comes out; the same input gives the same answer; a message passes
only with an aligned domain that passes; no more names are asked for than the limits allow; what is unpacked and kept
stays within the limits; what a reader has read, the writer of the same thing writes so that it is read again.

    python -m fuzz.dmarc --rounds 1000 --seed 2

A seed makes a run repeatable; the input that breaks a promise is shown.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from mailwright.authentication.aggregate_findings import find, totals
from mailwright.authentication.aggregate_report import read_aggregate_report
from mailwright.authentication.authors import MOST_ADDRESSES, a_label, author_domains
from mailwright.authentication.dmarc import MOST_AUTHORS, Disposition, Result, evaluate
from mailwright.authentication.dmarc_alignment import MOST_WALKS, DkimOutcome, SpfOutcome
from mailwright.authentication.dmarc_discovery import MOST_NAMES
from mailwright.authentication.dmarc_record import DmarcFault, parse_dmarc_record, write_dmarc_record
from mailwright.authentication.report_container import ReportFault
from mailwright.authentication.tls_findings import find_tls
from mailwright.authentication.tls_report import read_tls_report, write_tls_report
from mailwright.authentication.tlsrpt_record import TlsRptFault, parse_tlsrpt_record
from mailwright.dns.answer import Answer, Kind, Question, Txt
from mailwright.dns.inquiry import settle

#: What hostile input is made of.
TOKENS = (
    *(
        b"v=DMARC1",
        b"; ",
        b"p=",
        b"reject",
        b"none",
        b"sp=",
        b"np=",
        b"psd=y",
        b"psd=n",
        b"t=y",
        b"rua=mailto:a@b.example",
    ),
    *(
        b"!10m",
        b",",
        b"%zz",
        b"=",
        b"fo=0:1:d:s",
        b"pct=50",
        b"\xff",
        b"\x00",
        b"\n",
        b"v=TLSRPTv1;",
        b"https://x.example/",
    ),
    *(
        b"<",
        b">",
        b"@",
        b'"',
        b"\\",
        b"(",
        b")",
        b"[",
        b"]",
        b":",
        b".",
        b"example.com",
        b"\xc3\xbc",
        b"=?utf-8?q?=40?=",
    ),
    *(
        b"<feedback>",
        b"</feedback>",
        b"<record>",
        b"<row>",
        b"<count>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"<![CDATA[",
    ),
    *(
        b'{"policies":[',
        b"]}",
        b'"policy":{',
        b"null",
        b"1e999",
        b'"\\ud800"',
        b"[[[[[[",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b\x08",
    ),
)

RECORD = (
    b"v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; rua=mailto:a@example.com!10m,https://x.example/; fo=1; t=y"
)
FROM = b'"Anna, N." (x) <anna@example.com>, Team: a@b.example, =?utf-8?q?x?= <c@[192.0.2.1]>;'
XML = (
    b'<?xml version="1.0"?><feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"><report_metadata><org_name>o</org_name>'
    b"<date_range><begin>1793491200</begin><end>1793577599</end></date_range></report_metadata><policy_published>"
    b"<domain>example.com</domain><p>none</p></policy_published><record><row><source_ip>192.0.2.1</source_ip>"
    b"<count>2</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>"
    b"</policy_evaluated></row><identifiers><header_from>example.com</header_from></identifiers><auth_results>"
    b"<dkim><domain>example.com</domain><selector>s</selector><result>pass</result></dkim></auth_results></record>"
    b"</feedback>"
)
JSON = (
    b'{"organization-name":"o","date-range":{"start-datetime":"2026-11-01T00:00:00Z"},"policies":[{"policy":'
    b'{"policy-type":"sts","policy-domain":"example.com"},"summary":{"total-failure-session-count":2},'
    b'"failure-details":[{"result-type":"certificate-expired","failed-session-count":2}]}]}'
)


def faults_of_record(raw: bytes) -> Iterator[str]:
    """Yield what is wrong with reading ``raw`` as a policy record, and writing it again."""
    try:
        record = parse_dmarc_record(raw.decode("latin-1"))
    except DmarcFault:
        return
    again = parse_dmarc_record(write_dmarc_record(record))
    plain = record._replace(remarks=(), percent=None, damaged=False)
    without_sizes = plain._replace(
        aggregate=tuple(uri._replace(size_limit=None) for uri in plain.aggregate),
        failure=tuple(uri._replace(size_limit=None) for uri in plain.failure),
    )
    if again._replace(remarks=()) != without_sizes:
        yield "written and read again, it says something else"


def faults_of_from(raw: bytes) -> Iterator[str]:
    """Yield what is wrong with reading ``raw`` as a From field."""
    authors = author_domains(raw.decode("utf-8", "replace"))
    if any(a_label(domain) != domain for domain in authors.domains):
        yield "a domain that is no name"
    if len(authors.domains) > MOST_ADDRESSES:
        yield "more domains than addresses are read"


def faults_of_verdict(raw: bytes) -> Iterator[str]:
    """Yield what is wrong with a verdict in a zone where ``raw`` stands at names that it chooses itself."""
    chance = random.Random(raw)  # noqa: S311 - rubbish for tests, no secret
    names = (
        "example.com",
        "a.example.com",
        "b.a.example.com",
        "c.b.a.example.com",
        "example.net",
        "com",
        raw.decode("latin-1"),
    )
    asked = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        kind = chance.choice((Kind.FOUND, Kind.FOUND, Kind.NODATA, Kind.NXDOMAIN, Kind.TIMEOUT))
        records = (Txt((chance.choice((raw, RECORD, b"v=DMARC1; psd=y", b"v=DMARC1; psd=n; p=reject")),)),)
        return Answer(question, kind, records if kind is Kind.FOUND else ())

    spf = SpfOutcome(chance.choice(("pass", "fail", "temperror")), chance.choice(names))
    dkim = [
        DkimOutcome(chance.choice(names), chance.choice(("pass", "fail")), "s") for _ in range(chance.randint(0, 3))
    ]
    verdict = settle(evaluate(author_domains("x@" + chance.choice(names)), spf, dkim), answer)
    if verdict.result is Result.PASS and not any(found.authenticates for found in verdict.alignments):
        yield "a pass without an aligned domain that passes"
    if verdict.disposition is not Disposition.ACCEPT and verdict.result is not Result.FAIL:
        yield f"{verdict.disposition} for {verdict.result}"
    if len(asked) > MOST_AUTHORS * (MOST_NAMES + 3) + MOST_WALKS * MOST_NAMES:
        yield f"{len(asked)} questions"


def faults_of_aggregate(raw: bytes) -> Iterator[str]:
    """Yield what is wrong with reading ``raw`` as an aggregate report."""
    try:
        report = read_aggregate_report(raw)
    except ReportFault:
        return
    findings = find(report)
    if sum(found.messages for found in findings) != totals(report).messages:
        yield "messages lost or counted twice"
    for found in findings:
        "".join((found.source, *found.header_from, *found.spf_domains, *found.dkim_domains)).encode()
    if read_aggregate_report(raw) != report:
        yield "the same octets gave another report"


def faults_of_tls(raw: bytes) -> Iterator[str]:
    """Yield what is wrong with reading ``raw`` as a TLS report and as a TLS-RPT record."""
    with suppress(TlsRptFault):
        parse_tlsrpt_record(raw.decode("latin-1"))
    try:
        report = read_tls_report(raw)
    except ReportFault:
        return
    for found in find_tls(report):
        f"{found.domain}{found.mx_host}{found.policy}{found.detail}".encode()
    if read_tls_report(write_tls_report(report)).policies != report.policies:
        yield "written and read again, it says something else"


#: What is fuzzed, and what it is made from.
TARGETS: tuple[tuple[Callable[[bytes], Iterator[str]], bytes], ...] = (
    (faults_of_record, RECORD),
    (faults_of_from, FROM),
    (faults_of_verdict, RECORD),
    (faults_of_aggregate, XML),
    (faults_of_aggregate, gzip.compress(XML, mtime=0)),
    (faults_of_tls, JSON),
    (faults_of_tls, b"v=TLSRPTv1; rua=mailto:a@example.com"),
)


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Return ``raw`` cut, doubled, mixed with tokens or with single octets changed, in one to six places."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        begin = chance.randint(0, len(changed))
        end = min(len(changed), begin + chance.choice((1, 4, 20, 100)))
        match chance.randrange(5):
            case 0:
                del changed[begin:end]
            case 1:
                changed[begin:begin] = changed[begin:end] * chance.randint(1, 4)
            case 2:
                changed[begin:begin] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 40))
            case 3:
                changed[begin:end] = chance.randbytes(end - begin)
            case _:
                del changed[begin:]
    return bytes(changed)


def run(rounds: int, seed: int) -> bool:
    """Mutate each target's input ``rounds`` times; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    kept = True
    for _ in range(rounds):
        for check, source in TARGETS:
            raw = mutate(source, chance)
            try:
                faults = list(check(raw))
            except Exception as error:  # noqa: BLE001 - any exception is what is looked for
                faults = [f"{type(error).__name__}: {error}"]
            if faults:
                kept = False
                sys.stderr.write(f"{check.__name__} {raw!r}: {faults}\n")
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.dmarc", description="Feed DMARC rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many mutations of each input to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries other mutations")
    known = parser.parse_args()
    return 0 if run(known.rounds, known.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
