"""``mailwright explain`` on reports of receivers: findings for people and programs, in every language, exit codes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mailwright.authentication.aggregate_findings import FindingKind
from mailwright.authentication.tls_findings import TlsTrouble
from mailwright.cli.report_words import source_sentences, tls_sentences
from tests.cli.conftest import Run


@pytest.fixture(scope="session")
def reports(repository: Path) -> Path:
    """The reports that ship with the project."""
    return repository / "examples" / "reports"


@pytest.fixture(scope="session")
def schema(repository: Path) -> Any:
    """The schema as it ships."""
    return json.loads((repository / "src/mailwright/schemas/report.schema.json").read_text(encoding="utf-8"))


def test_json_is_what_the_schema_says(run: Run, reports: Path, schema: Any) -> None:
    """One object a report, its sentences in it."""
    Draft202012Validator.check_schema(schema)
    ran = run("explain", "--json", reports)
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["kind"] for one in told] == ["dmarc-report", "dmarc-report", "tls-report"]
    assert [fault.message for one in told for fault in Draft202012Validator(schema).iter_errors(one)] == []
    assert [one["kind"] for one in told[0]["findings"]] == [
        "unknown-fails",
        "service-not-aligned",
        "forwarded",
        "aligned",
    ]
    assert (ran.code, ran.err) == (1, "")


def test_a_person_is_told_what_to_mend(run: Run, reports: Path) -> None:
    """Who reports, the counts, and for each source what is wrong and what to do, the worst first."""
    out = run("explain", reports / "aggregate.xml.gz").out
    assert "aggregate.xml.gz: a report about mail from example.com" in out
    assert "Messages: 482; pass: 421 (DKIM 421, SPF 412); junk or refused: 61" in out
    assert out.index("[unknown-fails]") < out.index("[service-not-aligned]") < out.index("[aligned]")
    assert "have it sign with d=example.com" in out


def test_exit_codes(run: Run, reports: Path, tmp_path: Path) -> None:
    """0 where every source is as it should be, 1 where one is not, 3 where the receiver could not tell, 2 damaged."""
    whole = gzip.decompress((reports / "aggregate.xml.gz").read_bytes())
    head, first, *others = whole.split(b"  <record>")
    tail = others[-1][others[-1].index(b"</feedback>") :]
    fine = head + b"  <record>" + first + tail
    undecided = fine.replace(b"<dkim>pass", b"<dkim>fail").replace(b"<spf>pass", b"<spf>fail")
    undecided = undecided.replace(b"<result>pass", b"<result>temperror")
    for name, octets, code in (("f.xml", fine, 0), ("u.xml", undecided, 3), ("b.xml", fine[:-30], 2)):
        (tmp_path / name).write_bytes(octets)
        assert run("explain", name).code == code, name


def test_a_summary_counts_reports(run: Run, reports: Path) -> None:
    """They have a kind, and no causes."""
    told = json.loads(run("explain", "--summary", "--json", reports).out)
    assert told["kinds"] == {"dmarc-report": 2, "tls-report": 1}
    assert "a report about TLS with a domain" in run("explain", "--summary", reports).out


def test_several_processes_give_the_same(run: Run, reports: Path) -> None:
    """Reports among many messages keep their place."""
    sources = [reports / "aggregate.xml.gz", *[reports / "aggregate-mail.eml"] * 70, reports / "tls.json.gz"]
    one, two = (run("explain", "--json", "--jobs", jobs, *sources) for jobs in "12")
    assert one.out.count("\n") == 72
    assert two == one


@pytest.mark.parametrize("kind", FindingKind)
def test_every_kind_of_source_has_its_sentences(kind: FindingKind) -> None:
    """With names and without, no field stays open."""
    for names in ([], ["a.example"]):
        finding = {
            "kind": kind,
            "source": "192.0.2.1",
            "header_from": names,
            "spf_domains": names,
            "dkim_domains": names,
        }
        for sentence in source_sentences(finding):
            assert sentence
            assert "{" not in sentence


@pytest.mark.parametrize("trouble", TlsTrouble)
def test_every_result_type_has_its_sentences(trouble: TlsTrouble) -> None:
    """With a host and without, no field stays open."""
    for host in ("", "mx.example.com"):
        for sentence in tls_sentences({"kind": trouble, "domain": "example.com", "mx_host": host, "detail": ""}):
            assert sentence
            assert "{" not in sentence
