"""Gettext catalogues (.po) as values: read, written, merged with new source texts, and judged.

A template is a babel Catalog with the English texts alone. Texts of the catalogue of causes carry a context
(``mailbox-full|title``), which stays the same when the English text changes; interface texts have none.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

# Nearer than this (0 to 1, difflib's ratio), and an old translation is offered, as fuzzy, for a changed text.
NEAR_ENOUGH = 0.6
WIDTH = 120
# One text, or the singular and the plurals of one.
Texts: TypeAlias = str | tuple[str, ...] | list[str]
PERCENT_FIELD = re.compile(r"%\(\w+\)[a-z]|%[a-z]")


def read(path: Path, language: str) -> Catalog:
    """Return the catalogue in ``path``, or an empty one where there is no such file. Raises PoFileError."""
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def write(path: Path, catalog: Catalog) -> bool:
    """Write ``catalog`` where that changes the file; return whether it did.

    The header holds no dates and no names: the same texts make the same file.
    """
    body = io.BytesIO()
    write_po(body, catalog, width=WIDTH, omit_header=True, include_lineno=False)
    text = _header(catalog) + body.getvalue().decode().lstrip("\n")
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def merge(template: Catalog, old: Catalog, *, prune: bool = False) -> Catalog:
    """Return the texts of ``template`` with the translations of ``old``.

    A text that changed keeps its former translation, marked fuzzy. A translation nobody asks for any more stays in
    the file as obsolete, unless ``prune``.
    """
    merged = Catalog(locale=old.locale)
    orphans = _orphans(template, old)
    for message in texts(template):
        known = old.get(message.id, message.context) or old.obsolete.get(_key(message))
        if known is not None and known.string:
            _add(merged, message, known.string, known.flags)
            continue
        near = _nearest(message, orphans)
        if near is None:
            _add(merged, message, "", set())
        else:
            _add(merged, message, near.string, near.flags | {"fuzzy"})
            orphans.remove(near)
    if not prune:
        merged.obsolete.update({_key(message): message for message in orphans if any(_strings(message))})
    return merged


def faults(template: Catalog, catalog: Catalog) -> Iterator[str]:
    """Yield one line for every text that is missing, empty, fuzzy, obsolete, or has other fields than the English."""
    for message in texts(template):
        found = catalog.get(message.id, message.context)
        fault = "missing" if found is None else _fault(found)
        if fault:
            yield f"{fault}: {name_of(message)}"
    for message in _orphans(template, catalog):
        yield f"obsolete: {name_of(message)}"


def texts(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages of ``catalog`` without its header, which gettext keeps as the message without a text."""
    return (message for message in catalog if message.id)


def name_of(message: Message) -> str:
    """Return what names a message in a report: its context and the beginning of its text."""
    text = _forms(message.id)[0]
    short = text if len(text) <= 60 else text[:57] + "..."
    return f"{message.context}: {short!r}" if message.context else repr(short)


def fields(text: str) -> frozenset[str]:
    """Return the fields to be filled in: ``{name}``, ``%(name)s``, ``%s``. Raises ValueError for a stray brace."""
    named = {f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name is not None}
    return frozenset(named | set(PERCENT_FIELD.findall(text)))


def _fault(message: Message) -> str | None:
    if not all(_strings(message)):
        return "empty"
    if message.fuzzy:
        return "fuzzy"
    try:
        # A singular may say "one message" where the plural says "{count} messages".
        allowed = {fields(form) for form in _forms(message.id)}
        wrong = [form for form in _strings(message) if fields(form) not in allowed]
    except ValueError as stray:
        return f"stray brace ({stray})"
    return f"other fields than the English in {wrong[0]!r}" if wrong else None


def _orphans(template: Catalog, catalog: Catalog) -> list[Message]:
    asked = {(message.id, message.context) for message in texts(template)}
    held = [*texts(catalog), *catalog.obsolete.values()]
    return [message for message in held if (message.id, message.context) not in asked]


def _nearest(message: Message, orphans: Iterable[Message]) -> Message | None:
    """Return the orphan whose text became ``message``: the same context, or without contexts the nearest text."""
    kin = [m for m in orphans if m.context == message.context and m.pluralizable == message.pluralizable and m.string]
    if message.context:
        return kin[0] if kin else None
    by_text = {_forms(m.id)[0]: m for m in kin}
    near = difflib.get_close_matches(_forms(message.id)[0], by_text, n=1, cutoff=NEAR_ENOUGH)
    return by_text[near[0]] if near else None


def _add(catalog: Catalog, message: Message, string: Texts | None, flags: Iterable[str]) -> None:
    catalog.add(
        message.id,
        string or None,
        locations=message.locations,
        flags=set(flags) | set(message.flags),
        auto_comments=message.auto_comments,
        context=message.context,
    )


def _key(message: Message) -> str | tuple[str, str]:
    """Return the key that babel files a message under."""
    text = _forms(message.id)[0]
    return (text, message.context) if message.context else text


def _forms(text: Texts) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _strings(message: Message) -> list[str]:
    return _forms(message.string or "")


def _header(catalog: Catalog) -> str:
    return (
        'msgid ""\n'
        'msgstr ""\n'
        f'"Language: {catalog.locale_identifier}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        "\n"
    )
