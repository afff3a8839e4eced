"""Keys: the tables of a TOML file, taken key by key, with complaints that say where and what to write."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class KeyFault(Exception):
    """A key's value cannot be used.  key: where it stands.  why: what is wrong, and what to write."""

    def __init__(self, key: str, why: str) -> None:
        """Keep both."""
        super().__init__(f"{key}: {why}")
        self.key = key
        self.why = why


class Keys:
    """The keys of one table, each taken once; what is left in the end is misspelt.  Every method raises KeyFault."""

    def __init__(self, table: dict[str, Any], place: str) -> None:
        """Read ``table``, which stands at ``place`` of the file; "" is the top."""
        self._left = dict(table)
        self._known: list[str] = []
        self.place = place

    def key(self, name: str) -> str:
        """Return where a key stands."""
        quoted = f'"{name}"' if "." in name else name
        return f"{self.place}.{quoted}" if self.place else quoted

    def take(self, name: str, kind: type[T], default: T, hint: str) -> T:
        """Return a value of this type, or the default."""
        self._known.append(name)
        if name not in self._left:
            return default
        value = self._left.pop(name)
        # A bool is an int to Python, and an int is a float to whoever writes seconds.
        if kind is float and isinstance(value, int):
            value = float(value)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise KeyFault(self.key(name), f"write it as {hint}")
        return value

    def texts(self, name: str, hint: str) -> tuple[str, ...]:
        """Return a list of texts; nothing where the key is not there."""
        found: list[Any] = self.take(name, list, [], hint)
        if not all(isinstance(one, str) for one in found):
            raise KeyFault(self.key(name), f"write it as {hint}")
        return tuple(found)

    def word(self, name: str, words: type[E], default: E) -> E:
        """Return one of ``words``, or the default."""
        choice = ", ".join(words)
        text = self.take(name, str, default.value, f"one of {choice}")
        if text not in set(words):
            raise KeyFault(self.key(name), f"{text!r} is none of {choice}")
        return words(text)

    def tables(self, name: str) -> Keys:
        """Return a table in this one; an empty one where the key is not there."""
        empty: dict[str, Any] = {}
        return Keys(self.take(name, dict, empty, f"a table: [{self.key(name)}]"), self.key(name))

    def each(self) -> list[tuple[str, Any]]:
        """Return all keys and values, and take them."""
        left, self._left = self._left, {}
        return list(left.items())

    def done(self) -> None:
        """Complain about a key that nobody took."""
        from difflib import get_close_matches  # noqa: PLC0415 - for messages about mistakes only

        for name in self._left:
            near = get_close_matches(name, self._known, 1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(self._known)}"
            raise KeyFault(self.key(name), f"there is no such key; {meant}")

    def has(self, name: str) -> bool:
        """Tell whether a key is there and not taken yet."""
        return name in self._left
