"""HTML to text: tags out, entities decoded, one line a block.  Linear, bounded, no parser tree."""

from __future__ import annotations

import html

from mailwright.mail.decoding import lower_in_place

#: Tags whose begin or end breaks a line for the reader.
_BREAKS = frozenset(
    "p br div tr td th li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre dd dt title body section article".split()
)
_HIDDEN = ("script", "style", "head")


def html_to_text(source: str) -> str:
    """Return the readable text of ``source``; never raises, whatever the markup."""
    out: list[str] = []
    place = 0
    lowered = lower_in_place(source)
    while True:
        begin = source.find("<", place)
        if begin < 0:
            out.append(source[place:])
            break
        out.append(source[place:begin])
        if source.startswith("<!--", begin):
            end = source.find("-->", begin + 4)
            place = end + 3 if end >= 0 else len(source)
            continue
        end = source.find(">", begin + 1)
        if end < 0:
            break
        name = _tag_name(lowered[begin + 1 : min(end, begin + 20)])
        if name is None:
            # Not a tag: "<anna@example.com>" and "a < b" are text.
            out.append(source[begin : end + 1])
            place = end + 1
            continue
        place = end + 1
        if name in _HIDDEN and lowered[begin + 1] != "/":
            closing = lowered.find("</" + name, place)
            place = closing if closing >= 0 else len(source)
        elif name in _BREAKS:
            out.append("\n")
    return _unescape("".join(out))


def _unescape(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:
        # A number of thousands of digits: no character, and more than int() takes.
        return text


def _tag_name(inside: str) -> str | None:
    """Return the lower-case name of a tag from what stands after "<"; None where it is no tag."""
    name = inside.lstrip("/!?")
    end = 0
    while end < len(name) and name[end].isalnum():
        end += 1
    if end == 0 or (end < len(name) and name[end] in "@.:_-+="):
        # "<o:p>" is a tag of Microsoft's, "<anna.b@…>" and "<x-y@…>" are addresses.
        return name[:end] if name[end : end + 2] == ":p" else None
    return name[:end]
