"""XML of strangers, read in pieces: small trees of the elements asked for, everything else passed over.

Document types, entities and references to other files are refused (defusedxml); depth, length of names and texts,
elements of one tree and the length of a single tag have limits, so that no input costs more than its own length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.etree.ElementTree import ParseError

from mailwright.authentication.report_container import ReportFault, ReportTrouble

#: How deep elements may be nested; RFC 9990's schema has 6, extensions a few more.
DEEPEST = 16
#: Characters of one text that are kept; names have at most 253, comments in use some hundreds.
LONGEST_TEXT = 2_000
#: Characters of an element's name that are kept; the schema's longest has 18.
LONGEST_NAME = 64
#: Elements of one tree; a record with RFC 9990's 100 signatures has 530.
MOST_ELEMENTS = 1_000
#: Octets of one tag or comment; the parser would scan a longer one again with every piece.
LONGEST_TAG = 1024 * 1024
#: Octets that are given to the parser at a time.
_PIECE = 64 * 1024


class Element:
    """One element of a tree: its name without name space and in lower case, its text, and what is in it.

    long: True where the text was longer than is kept.
    """

    __slots__ = ("children", "long", "name", "text")

    def __init__(self, name: str) -> None:
        """Begin an empty element."""
        self.name = name
        self.text = ""
        self.long = False
        self.children: list[Element] = []

    def all(self, name: str) -> list[Element]:
        """Return the elements of this name right inside, in order."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> Element:
        """Return the first element of this name right inside; an empty one where there is none."""
        for child in self.children:
            if child.name == name:
                return child
        return Element(name)

    def value(self, name: str) -> str:
        """Return the text of the first element of this name right inside; "" where there is none."""
        return self.first(name).text


class Trees:
    """What the parser tells its events to: builds a tree for each wanted element right below the root.

    root: the name that the root must have.  take: gets each tree as soon as it is whole.
    """

    def __init__(self, root: str, wanted: frozenset[str], take: Callable[[Element], None]) -> None:
        """Begin before the root."""
        self._root = root
        self._wanted = wanted
        self._take = take
        self._depth = 0
        self._open: list[Element] = []
        self._text: list[str] = []
        self._length = 0
        self._elements = 0
        self.whole = False

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition("}")[2].rpartition(":")[2].lower()[:LONGEST_NAME]
        self._depth += 1
        if self._depth > DEEPEST:
            raise ReportFault(ReportTrouble.BROKEN, f"elements nested more than {DEEPEST} deep")
        if self._depth == 1 and name != self._root:
            raise ReportFault(ReportTrouble.NOT_A_REPORT, f"<{name}>, where <{self._root}> is looked for")
        self._forget_text()
        if self._open:
            self._elements += 1
            child = Element(name)
            if self._elements <= MOST_ELEMENTS:
                self._open[-1].children.append(child)
            self._open.append(child)
        elif self._depth == 2 and name in self._wanted:
            self._elements = 1
            self._open.append(Element(name))

    def data(self, text: str) -> None:
        """Text inside of an element."""
        if self._open and self._length <= LONGEST_TEXT:
            self._text.append(text[: LONGEST_TEXT + 1])
            self._length += len(text)

    def end(self, _tag: str) -> None:
        """An element ends."""
        self._depth -= 1
        self.whole = self.whole or not self._depth
        if not self._open:
            return
        element = self._open.pop()
        if not element.children:
            text = "".join(self._text)
            element.long = len(text) > LONGEST_TEXT
            element.text = text[:LONGEST_TEXT].strip()
        self._forget_text()
        if not self._open:
            self._take(element)

    def close(self) -> None:
        """The input ends."""

    def _forget_text(self) -> None:
        self._text.clear()
        self._length = 0


def parse_trees(chunks: Iterable[bytes], trees: Trees) -> bool:
    """Read ``chunks`` of XML; return whether nothing follows the root.  Raises ReportFault, also from ``chunks``."""
    # Imported where it is used: a command that reads no report is not slowed down.
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import DefusedXMLParser  # noqa: PLC0415

    parser = DefusedXMLParser(target=trees, forbid_dtd=True)
    fed = 0
    try:
        for piece in _pieces(chunks):
            parser.feed(piece)
            fed += len(piece)
            _check_progress(fed, parser.parser.CurrentByteIndex)
        parser.close()
    except ReportFault:
        raise
    except DefusedXmlException as error:
        raise ReportFault(ReportTrouble.FORBIDDEN, type(error).__name__) from error
    except (ParseError, ValueError, LookupError) as error:
        if trees.whole:
            return False
        raise ReportFault(ReportTrouble.BROKEN, str(error)) from error
    return True


def _check_progress(fed: int, read: int) -> None:
    """Raise ReportFault where the parser is so far behind that it is inside of one very long tag."""
    if fed - max(0, read) > LONGEST_TAG:
        raise ReportFault(ReportTrouble.BROKEN, f"a tag of more than {LONGEST_TAG} octets")


def _pieces(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """Yield the octets in pieces of at most _PIECE, without white space before the first character."""
    begun = False
    for chunk in chunks:
        rest = chunk if begun else chunk.lstrip(b" \t\r\n")
        begun = begun or bool(rest)
        for begin in range(0, len(rest), _PIECE):
            yield rest[begin : begin + _PIECE]
