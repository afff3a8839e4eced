"""Reports of receivers among the sources: known by what they hold, whatever they are packed in, and nothing else is."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mailwright.app.batch import explain_sources
from mailwright.app.sources import SourceReport, SourceTrouble, read_sources


@pytest.fixture(scope="session")
def reports(repository: Path) -> Path:
    """The reports that ship with the project."""
    return repository / "examples" / "reports"


@pytest.fixture(scope="session")
def aggregate(reports: Path) -> bytes:
    """An aggregate report, unpacked."""
    return gzip.decompress((reports / "aggregate.xml.gz").read_bytes())


@pytest.fixture(scope="session")
def tls(reports: Path) -> bytes:
    """A TLS report, unpacked."""
    return gzip.decompress((reports / "tls.json.gz").read_bytes())


def explained(*paths: Path) -> list[Any]:
    """What is made of paths: the kind of each object, or the trouble's word."""
    found = explain_sources(read_sources([str(path) for path in paths], lambda why: why), "en", 1)
    return [one.why if isinstance(one, SourceTrouble) else one["kind"] for one in found]


def zipped(**files: bytes) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_report_is_known_in_every_packing(tmp_path: Path, aggregate: bytes, tls: bytes) -> None:
    """Gzip, zip, plain, with a byte order mark or white space before it, whatever the file is called."""
    for kind, report in (("dmarc-report", aggregate), ("tls-report", tls)):
        name = "r.xml" if kind == "dmarc-report" else "r.json"
        packed = (report, gzip.compress(report), zipped(**{name: report}), b"\xef\xbb\xbf" + report, b"\n  " + report)
        for number, octets in enumerate(packed):
            path = tmp_path / f"{kind}-{number}"
            path.write_bytes(octets)
            assert explained(path) == [kind]


@pytest.mark.parametrize(
    ("name", "octets", "told"),
    [
        pytest.param("a.gz", gzip.compress(b"From: a@example.com\n\nhello\n"), ["compressed"], id="mail-in-gzip"),
        pytest.param("a.zip", zipped(a=b"x", b=b"y"), ["compressed"], id="archive"),
        pytest.param("a.xml.gz", gzip.compress(b"<html></html>"), ["compressed"], id="other-xml-in-gzip"),
        pytest.param("a.json.gz", gzip.compress(b'{"a": 1}'), ["compressed"], id="other-json-in-gzip"),
        pytest.param("a.gz", b"\x1f\x8b\x08" + bytes(30), ["compressed"], id="damaged-from-the-start"),
        pytest.param("a.html", b"<html>\nfeedback\n</html>\n", ["other"], id="plain-xml"),
        pytest.param("a.json", b'{"policies": 1}\n', ["other"], id="plain-json"),
        pytest.param("a.bz2", b"BZh91AY&SY", ["compressed"], id="other-packing"),
    ],
)
def test_what_is_no_report_is_told_as_before(tmp_path: Path, name: str, octets: bytes, told: list[str]) -> None:
    """Compressed files that hold something else, and texts that only look like a report."""
    (tmp_path / name).write_bytes(octets)
    assert explained(tmp_path / name) == told


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_damaged_report_is_told(tmp_path: Path, aggregate: bytes, kept: float) -> None:
    """One that begins as a report and breaks off, packed or not, with where it broke."""
    rows = aggregate.replace(b"</feedback>", aggregate[aggregate.find(b"<record>") : -len(b"</feedback>\n")] * 50)
    for name, octets in (("a.xml", rows), ("a.xml.gz", gzip.compress(rows + b"</feedback>"))):
        (tmp_path / name).write_bytes(octets[: int(len(octets) * kept)])
        (told,) = explained(tmp_path / name)
        assert told.startswith("broken-report (broken")


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    """XML with a document type is refused, whatever it says."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "aaaa">]><feedback>&a;</feedback>'
    (tmp_path / "bomb.xml").write_bytes(bomb)
    (told,) = explained(tmp_path / "bomb.xml")
    assert told.startswith("broken-report (forbidden")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A report that unpacks to a thousand times its size is refused while it is read."""
    bomb = gzip.compress(b"<feedback><report_metadata>" + b" " * 30_000_000)
    (tmp_path / "bomb.xml.gz").write_bytes(bomb)
    (told,) = explained(tmp_path / "bomb.xml.gz")
    assert told.startswith("broken-report (ratio")


def test_a_mail_that_carries_reports(reports: Path, tmp_path: Path) -> None:
    """One object for each, by the attachment's name; an attachment that is none leaves ordinary mail."""
    mail = (reports / "aggregate-mail.eml").read_bytes()
    found = list(explain_sources(read_sources([str(reports / "aggregate-mail.eml")], str), "en", 1))
    assert [(one["kind"], one["name"]) for one in found if not isinstance(one, SourceTrouble)] == [
        ("dmarc-report", "example.net!example.com!1793577600!1793663999.xml.gz")
    ]
    start = mail.index(b"H4sI")
    (tmp_path / "other.eml").write_bytes(
        mail[:start] + b"bm90IGEgcmVwb3J0\r\n" + mail[mail.index(b"\r\n--=_", start) :]
    )
    assert explained(tmp_path / "other.eml") == ["other"]


def test_a_folder_of_reports(reports: Path, tmp_path: Path) -> None:
    """Reports and mail by name; what is packed and called otherwise is passed over like everything that is no mail."""
    for file in reports.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "photo.gz").write_bytes(gzip.compress(b"pixels"))
    (tmp_path / "backup.zip").write_bytes(zipped(a=b"x", b=b"y"))
    (tmp_path / "notes.json").write_text(json.dumps({"a": 1}), "utf-8")
    assert explained(tmp_path) == ["dmarc-report", "dmarc-report", "tls-report"]
    (tmp_path / "archives").mkdir()
    (tmp_path / "backup.zip").rename(tmp_path / "archives" / "backup.zip")
    assert explained(tmp_path / "archives") == ["no-mail"]


def test_a_report_waits_for_a_process_like_a_message(reports: Path) -> None:
    """Reading the source only takes it in; what it costs to read is spent where messages are explained."""
    (found,) = read_sources([str(reports / "tls.json.gz")], str)
    assert isinstance(found, SourceReport)
    assert found.otherwise == SourceTrouble(found.source, "compressed")
