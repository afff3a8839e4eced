"""Whether a logo is SVG Tiny Portable/Secure, as BIMI wants it (draft-svg-tiny-ps-abrotman)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

#: Octets of a logo (BIMI: at most 32 kilobytes, uncompressed).
LONGEST_LOGO = 32_768
#: Characters of a title (the draft recommends at most 64).
LONGEST_TITLE = 64
#: Characters of a name that are kept as evidence.
LONGEST_EVIDENCE = 100
#: How far from square a view box may be: sides differ by rounding in drawing programs.
SQUARE_WITHIN = 0.001

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SCRIPTS = frozenset(("script", "handler", "listener"))
_ANIMATIONS = frozenset(("animate", "animateColor", "animateMotion", "animateTransform", "discard", "mpath", "set"))
_MEDIA = frozenset(("audio", "foreignObject", "image", "video"))
#: What the profile leaves of SVG Tiny 1.2.
_ELEMENTS = frozenset(
    "circle defs desc ellipse g line linearGradient metadata path polygon polyline radialGradient rect solidColor"
    " stop svg switch tbreak text textArea title tspan use".split()
)


class SvgTrouble(StrEnum):
    """What is wrong with a logo."""

    LONG = "long"  # more octets than the limit
    ENCODING = "encoding"  # not UTF-8
    COMPRESSED = "compressed"  # gzip, as in .svgz
    NOT_XML = "not-xml"
    DOCTYPE = "doctype"  # a document type or entities, which can be made to explode
    NOT_SVG = "not-svg"  # the root is no svg of SVG's namespace
    VERSION = "version"  # not 1.2
    PROFILE = "profile"  # baseProfile is not tiny-ps
    TITLE_MISSING = "title-missing"  # no title right below the root, or an empty one
    TITLE_LONG = "title-long"  # advice only
    VIEW_BOX = "view-box"  # missing, or not four numbers with a size
    NOT_SQUARE = "not-square"  # advice only: receivers cut logos to squares and circles
    POSITION = "position"  # x= or y= at the root
    SCRIPT = "script"  # a script, an event handler, or a javascript: reference
    ANIMATION = "animation"
    REFERENCE = "reference"  # to something outside the file
    MEDIA = "media"  # pictures, sound, video or foreign objects inside
    STYLE = "style"  # style sheets, which Tiny has not
    ELEMENT = "element"  # any other element that the profile does not have


#: Troubles that keep no logo from being shown.
ADVICE = frozenset((SvgTrouble.TITLE_LONG, SvgTrouble.NOT_SQUARE))


class SvgFault(NamedTuple):
    """A trouble, and where: an element or attribute, or what was said; cut at LONGEST_EVIDENCE characters."""

    why: SvgTrouble
    where: str = ""


def svg_faults(logo: bytes) -> tuple[SvgFault, ...]:
    """Return what is wrong with a logo, each once, in the order in which it stands; empty for a good one."""
    try:
        root = _root_of(logo)
    except _Unreadable as wrong:
        return (wrong.fault,)
    if root.tag != f"{_SVG}svg":
        return (_fault(SvgTrouble.NOT_SVG, root.tag),)
    return tuple(dict.fromkeys((*_faults_of_root(root), *_faults_of_tree(root))))


class _Unreadable(Exception):
    """A logo that cannot be looked into.  fault: why."""

    def __init__(self, why: SvgTrouble, where: str = "") -> None:
        self.fault = _fault(why, where)
        super().__init__(why)


def _fault(why: SvgTrouble, where: str = "") -> SvgFault:
    return SvgFault(why, where.removeprefix(_SVG)[:LONGEST_EVIDENCE])


def _root_of(logo: bytes) -> Element:
    """Return the root element."""
    if logo[:2] == b"\x1f\x8b":
        raise _Unreadable(SvgTrouble.COMPRESSED)
    # BIMI: a logo has no more than 32 kilobytes.
    if len(logo) > LONGEST_LOGO:
        raise _Unreadable(SvgTrouble.LONG)
    try:
        # As text, so that no encoding that the file declares is looked up.
        text = logo.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unreadable(SvgTrouble.ENCODING) from None
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as wrong:
        raise _Unreadable(SvgTrouble.DOCTYPE, type(wrong).__name__) from wrong
    except (ParseError, ValueError) as wrong:
        raise _Unreadable(SvgTrouble.NOT_XML, str(wrong)) from wrong
    return root


def _faults_of_root(root: Element) -> Iterator[SvgFault]:
    """Yield what is wrong with the root's own attributes and its title."""
    # SVG Tiny PS 2: version MUST be 1.2, baseProfile MUST be tiny-ps.
    if root.get("version") != "1.2":
        yield _fault(SvgTrouble.VERSION, root.get("version", ""))
    if root.get("baseProfile") != "tiny-ps":
        yield _fault(SvgTrouble.PROFILE, root.get("baseProfile", ""))
    # SVG Tiny PS 2: x and y MUST NOT stand at the root.
    for name in ("x", "y"):
        if name in root.attrib:
            yield _fault(SvgTrouble.POSITION, name)
    # SVG Tiny PS 2: there MUST be a title.
    title = root.find(f"{_SVG}title")
    said = "" if title is None else "".join(title.itertext()).strip()
    if not said:
        yield _fault(SvgTrouble.TITLE_MISSING)
    elif len(said) > LONGEST_TITLE:
        yield _fault(SvgTrouble.TITLE_LONG, said)
    yield from _faults_of_view_box(root.get("viewBox"))


def _faults_of_view_box(said: str | None) -> Iterator[SvgFault]:
    numbers = [_number(part) for part in (said or "").replace(",", " ").split()]
    if len(numbers) != 4:
        yield _fault(SvgTrouble.VIEW_BOX, said or "")
        return
    width, height = numbers[2:]
    if None in numbers or not width or not height or width < 0 or height < 0:
        yield _fault(SvgTrouble.VIEW_BOX, said or "")
    elif abs(width - height) > SQUARE_WITHIN * max(width, height):
        yield _fault(SvgTrouble.NOT_SQUARE, said or "")


_NUMBER = frozenset("0123456789+-.eE")


def _number(text: str) -> float | None:
    """Return a number as SVG writes it; None for anything else, also for infinity."""
    if not _NUMBER.issuperset(text):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None


def _faults_of_tree(root: Element) -> Iterator[SvgFault]:
    """Yield what stands in the tree that must not."""
    for element in root.iter():
        yield from _faults_of_element(element.tag)
        for name, value in element.items():
            yield from _faults_of_attribute(name, value)


def _faults_of_element(tag: str) -> Iterator[SvgFault]:
    name = tag.removeprefix(_SVG)
    if name in _SCRIPTS:
        yield _fault(SvgTrouble.SCRIPT, name)
    elif name in _ANIMATIONS:
        yield _fault(SvgTrouble.ANIMATION, name)
    elif name in _MEDIA:
        yield _fault(SvgTrouble.MEDIA, name)
    elif name == "style":
        yield _fault(SvgTrouble.STYLE, name)
    elif name not in _ELEMENTS or not tag.startswith(_SVG):
        yield _fault(SvgTrouble.ELEMENT, name)


def _faults_of_attribute(name: str, value: str) -> Iterator[SvgFault]:
    folded = "".join(value.split()).lower()
    if (name.lower().startswith("on") and name.isalpha()) or folded.startswith("javascript:"):
        yield _fault(SvgTrouble.SCRIPT, name)
    # SVG Tiny PS 2: references MUST stay within the file.
    elif (name in {"href", _LINK} and not folded.startswith("#")) or _leads_outside(folded):
        yield _fault(SvgTrouble.REFERENCE, value)
    if name == "style":
        yield _fault(SvgTrouble.STYLE, name)


def _leads_outside(folded: str) -> bool:
    """Tell whether a value has url(…) with anything but a place in this file."""
    at = folded.find("url(")
    while at >= 0:
        if not folded[at + 4 : at + 8].lstrip("'\"").startswith("#"):
            return True
        at = folded.find("url(", at + 4)
    return False
