"""Logos for BIMI: what SVG Tiny PS allows, and what it does not."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.authentication.bimi_svg import (
    ADVICE,
    LONGEST_EVIDENCE,
    LONGEST_LOGO,
    LONGEST_TITLE,
    SvgFault,
    SvgTrouble,
    svg_faults,
)

ROOT = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
GOOD_ROOT = f'<svg {ROOT} version="1.2" baseProfile="tiny-ps" viewBox="0 0 100 100">'
TITLE = "<title>Example</title>"
SHAPE = '<circle cx="50" cy="50" r="40" fill="#123456"/>'


def logo(inside: str = SHAPE, root: str = GOOD_ROOT, title: str = TITLE) -> bytes:
    """Return a logo."""
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{root}{title}{inside}</svg>".encode()


def with_root(old: str, new: str) -> bytes:
    """Return the good logo with another root."""
    return logo(root=GOOD_ROOT.replace(old, new))


GOOD = {
    "plain": logo(),
    "without declaration": logo().partition(b"\n")[2],
    "byte order mark": b"\xef\xbb\xbf" + logo(),
    "gradient inside": logo(
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs>'
        '<rect width="9" height="9" fill="url(#g)"/><use xlink:href="#g"/>'
    ),
    "quoted place": logo("<rect fill=\"url('#g')\"/>"),
    "commas": with_root("0 0 100 100", "0,0,100,100"),
    "fractions": with_root("0 0 100 100", "-1.5 0 1e2 100.0"),
    "nearly square": with_root("0 0 100 100", "0 0 1000 1000.9"),
    "prefix": logo()
    .replace(b"xmlns=", b"xmlns:s=")
    .replace(b"<svg", b"<s:svg")
    .replace(b"</svg", b"</s:svg")
    .replace(b"<title>Example</title>", b"<s:title>Example</s:title>")
    .replace(b"<circle", b"<s:circle"),
    "title of the greatest length": logo(title=f"<title>{'x' * LONGEST_TITLE}</title>"),
    "description and comment": logo("<desc>words</desc><!-- a note -->"),
}

BAD = [
    (b"", SvgTrouble.NOT_XML),
    (b"hello", SvgTrouble.NOT_XML),
    (logo()[:-3], SvgTrouble.NOT_XML),
    (logo() + b"<x/>", SvgTrouble.NOT_XML),
    (logo("\x00"), SvgTrouble.NOT_XML),
    (logo("<rect onload='a' onload='b'/>"), SvgTrouble.NOT_XML),
    (logo().decode().encode("utf-16"), SvgTrouble.ENCODING),
    (logo("<desc>\u00e9</desc>").decode().encode("latin-1"), SvgTrouble.ENCODING),
    (gzip.compress(logo()), SvgTrouble.COMPRESSED),
    (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x.dtd'>" + logo().partition(b"\n")[2], SvgTrouble.DOCTYPE),
    (b'<!DOCTYPE s [<!ENTITY a "b">]>' + logo("&a;").partition(b"\n")[2], SvgTrouble.DOCTYPE),
    (b"<html/>", SvgTrouble.NOT_SVG),
    (with_root('xmlns="http://www.w3.org/2000/svg"', ""), SvgTrouble.NOT_SVG),
    (with_root('version="1.2"', 'version="1.1"'), SvgTrouble.VERSION),
    (with_root('version="1.2"', ""), SvgTrouble.VERSION),
    (with_root('"tiny-ps"', '"tiny"'), SvgTrouble.PROFILE),
    (with_root('baseProfile="tiny-ps"', ""), SvgTrouble.PROFILE),
    (logo(title=""), SvgTrouble.TITLE_MISSING),
    (logo(title="<title> </title>"), SvgTrouble.TITLE_MISSING),
    (logo(title="<g><title>Inside</title></g>"), SvgTrouble.TITLE_MISSING),
    (logo(title=f"<title>{'x' * (LONGEST_TITLE + 1)}</title>"), SvgTrouble.TITLE_LONG),
    (with_root('viewBox="0 0 100 100"', ""), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 100"), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 100 100px"), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 0 0"), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 -5 -5"), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 nan nan"), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 1e999 1e999"), SvgTrouble.VIEW_BOX),
    (with_root("0 0 100 100", "0 0 100 50"), SvgTrouble.NOT_SQUARE),
    (with_root("0 0 100 100", "0 0 1000 1002"), SvgTrouble.NOT_SQUARE),
    (with_root("<svg ", '<svg x="0" '), SvgTrouble.POSITION),
    (with_root("<svg ", '<svg y="0px" '), SvgTrouble.POSITION),
    (logo("<script>alert(1)</script>"), SvgTrouble.SCRIPT),
    (logo("<handler/>"), SvgTrouble.SCRIPT),
    (logo('<rect onclick="x()"/>'), SvgTrouble.SCRIPT),
    (with_root("<svg ", '<svg onload="x()" '), SvgTrouble.SCRIPT),
    (logo('<use xlink:href="java\nscript:x()"/>'), SvgTrouble.SCRIPT),
    (logo("<animate/>"), SvgTrouble.ANIMATION),
    (logo("<g><set/></g>"), SvgTrouble.ANIMATION),
    (logo('<use xlink:href="https://example.test/a.svg#b"/>'), SvgTrouble.REFERENCE),
    (logo('<use href="other.svg#b"/>'), SvgTrouble.REFERENCE),
    (logo('<rect fill="url(https://example.test/#a)"/>'), SvgTrouble.REFERENCE),
    (logo('<rect fill="url(#a) url( //example.test)"/>'), SvgTrouble.REFERENCE),
    (logo('<image xlink:href="data:image/png;base64,AA"/>'), SvgTrouble.MEDIA),
    (logo("<foreignObject/>"), SvgTrouble.MEDIA),
    (logo("<style>a {}</style>"), SvgTrouble.STYLE),
    (logo('<rect style="fill:red"/>'), SvgTrouble.STYLE),
    (logo("<filter/>"), SvgTrouble.ELEMENT),
    (logo("<clipPath/>"), SvgTrouble.ELEMENT),
    (logo('<a xlink:href="#b"/>'), SvgTrouble.ELEMENT),
    (logo('<i:x xmlns:i="http://ns.adobe.test/"/>'), SvgTrouble.ELEMENT),
    (logo('<rect xmlns="http://other.test/"/>'), SvgTrouble.ELEMENT),
]


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_good_logos_have_no_fault(raw: bytes) -> None:
    """What the profile allows is let through."""
    assert svg_faults(raw) == ()


@pytest.mark.parametrize(("raw", "why"), BAD, ids=lambda value: value if isinstance(value, SvgTrouble) else "")
def test_every_fault_has_its_name(raw: bytes, why: SvgTrouble) -> None:
    """One thing is wrong, and it is what is told first."""
    assert why in {fault.why for fault in svg_faults(raw)}


def test_every_trouble_is_in_the_table() -> None:
    """No trouble is forgotten but the length, which has a test of its own."""
    assert {why for _, why in BAD} == set(SvgTrouble) - {SvgTrouble.LONG}


def test_all_faults_are_told_at_once_and_each_once() -> None:
    """Whoever draws the logo mends them in one go."""
    found = svg_faults(logo("<script/><script/><animate/>", root=GOOD_ROOT.replace("1.2", "1.1")))
    assert found == (
        SvgFault(SvgTrouble.VERSION, "1.1"),
        SvgFault(SvgTrouble.SCRIPT, "script"),
        SvgFault(SvgTrouble.ANIMATION, "animate"),
    )
    assert ADVICE.isdisjoint(fault.why for fault in found)


def test_a_logo_has_a_longest() -> None:
    """32 kilobytes are looked at, one octet more is not."""
    room = LONGEST_LOGO - len(logo("<desc></desc>"))
    assert svg_faults(logo(f"<desc>{'x' * room}</desc>")) == ()
    assert svg_faults(logo(f"<desc>{'x' * (room + 1)}</desc>")) == (SvgFault(SvgTrouble.LONG),)


def test_evidence_is_cut() -> None:
    """A long value is not carried around."""
    (fault,) = svg_faults(logo(f'<use href="{"x" * 5_000}"/>'))
    assert len(fault.where) == LONGEST_EVIDENCE


@pytest.mark.parametrize(
    "inside",
    ["<g>" * 4_000 + "</g>" * 4_000, '<g fill="' + "url(#" * 6_000 + '"/>', "<g/>" * 7_000],
    ids=["deep", "many places", "many elements"],
)
def test_a_logo_cannot_be_made_expensive(inside: str) -> None:
    """Depth, numbers and repetition are bounded by the length."""
    assert svg_faults(logo(inside)) == ()


@given(st.binary(max_size=100) | st.text(max_size=100).map(logo))
def test_any_octets_are_looked_at(raw: bytes) -> None:
    """Nothing is raised."""
    assert all(isinstance(fault.why, SvgTrouble) for fault in svg_faults(raw))
