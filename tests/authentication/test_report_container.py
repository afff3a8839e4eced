"""Reports as they arrive: unpacked within limits, bombs and archives in archives refused."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.report_container import (
    CHUNK,
    HIGHEST_RATIO,
    MOST_MEMBERS,
    RATIO_COUNTS_FROM,
    Form,
    Limits,
    ReportFault,
    ReportTrouble,
    open_report,
    unpack_report,
)

XML = b'<?xml version="1.0"?>\n<feedback>' + b"<record/>" * 50 + b"</feedback>"
JSON = b'{"report-id": "1"}'


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, streamed: bool = False) -> bytes:
    """Return a zip file; ``streamed`` leaves the sizes to records behind the data, as pipes make it."""
    out = io.BytesIO()

    class Pipe(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return out.write(bytes(data))  # type: ignore[call-overload]

    with zipfile.ZipFile(Pipe() if streamed else out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


PACKED = [
    (XML, Form.XML),
    (b"\n " + XML, Form.XML),
    (b"\xef\xbb\xbf" + XML, Form.XML),
    (XML.decode().encode("utf-16"), Form.XML),
    (JSON, Form.JSON),
    (gzip.compress(XML), Form.XML),
    (gzip.compress(JSON), Form.JSON),
    (gzip.compress(XML[:40]) + gzip.compress(XML[40:]), Form.XML),
    (gzip.compress(XML) + b"\0\0\0\n", Form.XML),
    (zipped(("a!b!1!2.xml", XML)), Form.XML),
    (zipped(("report", XML)), Form.XML),
    (zipped(("a.xml", XML), method=zipfile.ZIP_STORED), Form.XML),
    (zipped(("a.xml", XML), streamed=True), Form.XML),
    (zipped(("a/", b""), ("a/b.xml", XML), ("__MACOSX/a/._b.xml", b"x"), ("readme.txt", b"x")), Form.XML),
    (zipped(("a.json", JSON)) + b"", Form.JSON),
]


@pytest.mark.parametrize(("packed", "form"), PACKED)
def test_a_report_is_unpacked(packed: bytes, form: Form) -> None:
    """Plain, gzip and zip in the ways in which they are sent."""
    found, content = unpack_report(packed)
    assert found is form
    assert content.strip() in (XML, b"\xef\xbb\xbf" + XML, XML.decode().encode("utf-16"), JSON)


def test_the_name_in_a_zip_file_is_kept() -> None:
    """It tells receiver, domain and time (RFC 9990 3.5.2)."""
    assert open_report(zipped(("a!b!1!2.xml", XML))).name == "a!b!1!2.xml"


REFUSED = [
    (b"", ReportTrouble.NOT_A_REPORT),
    (b"hello", ReportTrouble.NOT_A_REPORT),
    (b" " * (3 * CHUNK), ReportTrouble.NOT_A_REPORT),
    (b"[1]", ReportTrouble.NOT_A_REPORT),
    (b"BZh91AY", ReportTrouble.NOT_A_REPORT),
    (gzip.compress(b""), ReportTrouble.NOT_A_REPORT),
    (zipped(), ReportTrouble.NOT_A_REPORT),
    (zipped(("a/", b"")), ReportTrouble.NOT_A_REPORT),
    (zipped(("a.xml", b"")), ReportTrouble.NOT_A_REPORT),
    (gzip.compress(gzip.compress(XML)), ReportTrouble.NESTED),
    (gzip.compress(zipped(("a.xml", XML))), ReportTrouble.NESTED),
    (zipped(("a.zip", zipped(("a.xml", XML)))), ReportTrouble.NESTED),
    (zipped(("a.xml.gz", gzip.compress(XML))), ReportTrouble.NESTED),
    (zipped(("a.xml", zipped(("a.xml", XML)))), ReportTrouble.NESTED),
    (zipped(("a.xml", gzip.compress(XML))), ReportTrouble.NESTED),
    (zipped(("a.xml", XML), ("b.xml", XML)), ReportTrouble.MANY),
    (zipped(*((f"{number}.txt", XML) for number in range(MOST_MEMBERS + 1))), ReportTrouble.MANY),
    (gzip.compress(XML) * (MOST_MEMBERS + 1), ReportTrouble.MANY),
    (zipped(("a.xml", XML), method=zipfile.ZIP_BZIP2), ReportTrouble.NOT_A_REPORT),
    (zipped(("a.xml", XML))[:-30], ReportTrouble.BROKEN),
    (zipped(("a.xml", XML)).replace(b"PK\x01\x02", b"PK\x01\x03"), ReportTrouble.BROKEN),
    (gzip.compress(XML)[:-1], ReportTrouble.BROKEN),
    (gzip.compress(XML)[:30], ReportTrouble.BROKEN),
    (gzip.compress(XML)[:-6] + b"xxxxxx", ReportTrouble.BROKEN),
    (b"\x1f\x8b", ReportTrouble.BROKEN),
    (b"\x1f\x8bxxxxxxxxxxxxxxxx", ReportTrouble.BROKEN),
    (b"PK\x03\x04", ReportTrouble.BROKEN),
]


@pytest.mark.parametrize(("packed", "why"), REFUSED)
def test_what_is_no_report_is_refused(packed: bytes, why: ReportTrouble) -> None:
    """The fault says why; truncated gzip, nested archives and several files among them."""
    with pytest.raises(ReportFault) as caught:
        unpack_report(packed)
    assert caught.value.why is why


def test_an_encrypted_member_is_refused() -> None:
    """The flag in the central directory says so."""
    packed = bytearray(zipped(("a.xml", XML)))
    packed[packed.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ReportFault) as caught:
        unpack_report(bytes(packed))
    assert caught.value.why is ReportTrouble.ENCRYPTED


def test_a_wrong_checksum_is_found() -> None:
    """A stored member with one octet changed."""
    packed = zipped(("a.xml", XML), method=zipfile.ZIP_STORED).replace(b"<record/>", b"<rec0rd/>", 1)
    with pytest.raises(ReportFault) as caught:
        unpack_report(packed)
    assert caught.value.why is ReportTrouble.BROKEN


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("a.xml", content))])
def test_a_bomb_is_refused_before_it_goes_off(pack: object) -> None:
    """Fifty megabytes of nothing: what was unpacked until then stays near where the ratio counts."""
    bomb = pack(b"<feedback>" + b" " * 50_000_000)  # type: ignore[operator]
    opened = open_report(bomb)
    total = 0
    why = None
    try:
        for chunk in opened.chunks:
            total += len(chunk)
            assert len(chunk) <= CHUNK
    except ReportFault as fault:
        why = fault.why
    assert why is ReportTrouble.RATIO
    assert total <= max(len(bomb) * HIGHEST_RATIO, RATIO_COUNTS_FROM)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(packed=len(gzip.compress(XML)), unpacked=len(XML)), None),
        (Limits(packed=len(gzip.compress(XML)) - 1), ReportTrouble.TOO_BIG),
        (Limits(unpacked=len(XML) - 1), ReportTrouble.TOO_BIG),
    ],
)
def test_limits_are_exact(limits: Limits, why: ReportTrouble | None) -> None:
    """The limit itself is let in, one octet more is not."""
    if why is None:
        assert unpack_report(gzip.compress(XML), limits)[1] == XML
        return
    with pytest.raises(ReportFault) as caught:
        unpack_report(gzip.compress(XML), limits)
    assert caught.value.why is why


def test_half_of_an_archive_is_broken_at_every_length() -> None:
    """Wherever it is cut, nothing but ReportFault comes out, and never a shorter report."""
    for packed in (gzip.compress(XML), zipped(("a.xml", XML)), zipped(("a.xml", XML), streamed=True)):
        for end in range(len(packed)):
            with pytest.raises(ReportFault):
                unpack_report(packed[:end])


@given(
    st.sampled_from([gzip.compress(XML), zipped(("a.xml", XML)), zipped(("a.xml", XML), streamed=True)]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
)
def test_damaged_archives_give_the_report_or_a_fault(packed: bytes, changes: list[tuple[int, int]]) -> None:
    """Octets changed anywhere: the checksum holds, or ReportFault."""
    damaged = bytearray(packed)
    for place, octet in changes:
        # The first octets tell what it is; another beginning is another file.
        damaged[4 + place % (len(damaged) - 4)] = octet
    try:
        _, content = unpack_report(bytes(damaged))
    except ReportFault:
        return
    assert zlib.crc32(content) == zlib.crc32(XML)


@given(st.binary(max_size=200))
def test_any_octets_are_opened_or_refused(octets: bytes) -> None:
    """Nothing but ReportFault comes out."""
    for begin in (b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"<", b"{"):
        try:
            unpack_report(begin + octets)
        except ReportFault:
            continue
