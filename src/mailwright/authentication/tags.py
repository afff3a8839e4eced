"""Tag=value lists (RFC 6376 3.2): "v=1; a=rsa-sha256; d=example.com", in header fields and in DNS records.

DKIM signatures and keys, ARC sets, and the records of DMARC, BIMI, MTA-STS and TLS-RPT have this form.  It is read
strictly, because two programs must agree on it: a list with one fault is no list.  What a tag means, and which are
required, is left to whoever reads them.

Whitespace around names and values is dropped, and a folded line is unfolded; whitespace inside a value stays, since
only the meaning of the tag tells whether it counts (``without_space`` for those where it does not).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

#: Characters of one list; a DNS answer ends at 65,535 octets (RFC 1035 4.2.2), and z= of a signature may be long.
LONGEST_LIST = 65_535
#: Tags of one list; RFC 6376 3.5 names 14 for a signature, RFC 9989 has 11.
MOST_TAGS = 64
#: Characters of a tag's name; the longest registered ones have 5.
LONGEST_NAME = 64


class TagTrouble(StrEnum):
    """What is wrong with a list."""

    LONG = "long"  # more characters than the limit
    MANY = "many"  # more tags than the limit
    CHARACTER = "character"  # a control character, or one beyond ASCII where none may stand
    EMPTY = "empty"  # nothing stands between two semicolons, or in the whole list
    NO_EQUALS = "no-equals"  # an item without "="
    NAME = "name"  # what stands before "=" is no name
    DUPLICATE = "duplicate"  # a name stands twice


class TagFault(ValueError):
    """A text is no tag=value list.

    why: what is wrong.  name: the tag where it is wrong, cut at LONGEST_NAME characters; "" where that is not known.
    """

    def __init__(self, why: TagTrouble, name: str = "") -> None:
        """Keep both."""
        self.why = why
        self.name = name[:LONGEST_NAME]
        super().__init__(f"{why}: {self.name!r}" if name else str(why))


#: C0, DEL and C1; the tab is whitespace.
_CONTROLS = frozenset(map(chr, (*range(9), *range(10, 32), *range(127, 160))))
_SPACE = " \t"


def parse_tags(
    text: str,
    *,
    most_tags: int = MOST_TAGS,
    longest: int = LONGEST_LIST,
    utf8: bool = False,
    empty_items: bool = False,
) -> Mapping[str, str]:
    """Return the values of ``text`` by name, in the order in which they stand; raises TagFault.

    utf8: characters beyond ASCII may stand in values (RFC 8616 5).
    empty_items: more than one semicolon may stand between two tags, which no RFC allows and many records have.
    """
    if len(text) > longest:
        raise TagFault(TagTrouble.LONG)
    if "\n" in text:
        text = text.replace("\r\n ", " ").replace("\r\n\t", "\t")
    _check_characters(text, utf8=utf8)
    items = text.split(";", most_tags + 1) if not empty_items else [item for item in text.split(";") if item.strip()]
    # RFC 6376 3.2: one semicolon may end the list.
    if len(items) > 1 and not items[-1].strip(_SPACE):
        items.pop()
    if len(items) > most_tags:
        raise TagFault(TagTrouble.MANY)
    if not items:
        raise TagFault(TagTrouble.EMPTY)
    tags: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        name = name.strip(_SPACE)
        if not equals:
            raise TagFault(TagTrouble.NO_EQUALS if name else TagTrouble.EMPTY, name)
        if not is_tag_name(name):
            raise TagFault(TagTrouble.NAME, name)
        # RFC 6376 3.2: tags with duplicate names MUST NOT occur; if one does, the whole list is invalid.
        if name in tags:
            raise TagFault(TagTrouble.DUPLICATE, name)
        tags[name] = value.strip(_SPACE)
    return tags


def _check_characters(text: str, *, utf8: bool) -> None:
    """Raise TagFault for a control character, half a character, or one beyond ASCII where none may stand."""
    if text.isascii() and text.replace("\t", "").isprintable():
        return
    if not _CONTROLS.isdisjoint(text) or not (utf8 or text.isascii()):
        raise TagFault(TagTrouble.CHARACTER)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise TagFault(TagTrouble.CHARACTER) from None


def is_tag_name(name: str) -> bool:
    """Tell whether ``name`` is one: a letter, then letters, digits and underscores (RFC 6376 3.2)."""
    # Python's identifiers are the same but for the first character and what is beyond ASCII.
    return name.isidentifier() and name.isascii() and name[0] != "_" and len(name) <= LONGEST_NAME


def without_space(value: str) -> str:
    """Return a value without any whitespace, for tags where folding inside it does not count (b=, bh=, h=, p=)."""
    return "".join(value.split()) if " " in value or "\t" in value else value


def join_tags(tags: Iterable[tuple[str, str]]) -> str:
    """Return the list of these names and values, as DNS records write it: "v=DKIM1; p=…".

    Raises TagFault where what comes out could not be read as what went in.
    """
    pairs = [(name, value.strip(_SPACE)) for name, value in tags]
    text = "; ".join(f"{name}={value}" for name, value in pairs)
    if list(parse_tags(text, utf8=True).items()) != pairs:
        raise TagFault(TagTrouble.CHARACTER)
    return text
