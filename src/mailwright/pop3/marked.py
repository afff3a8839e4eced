"""MarkedMaildrop: the messages of one session with their numbers and their marks (RFC 1939 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailwright.pop3.responses import DropListing
from mailwright.pop3.server_events import Entry


class MarkedMaildrop:
    """A list that stands still for the whole session; marking changes nothing but what is shown of it.

    Numbers begin with 1.  A message that is marked as deleted is no message for any command but RSET and QUIT.
    """

    __slots__ = ("_deleted", "_entries", "_octets")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._deleted: set[int] = set()
        self._octets = sum(entry.octets for entry in entries)

    def listing(self) -> DropListing:
        """Return what is left, and its size."""
        return DropListing(len(self._entries) - len(self._deleted), self._octets)

    def get(self, number: int) -> Entry | None:
        """Return the message of that number; None where there is none, or it is marked."""
        if not 0 < number <= len(self._entries) or number in self._deleted:
            return None
        return self._entries[number - 1]

    def left(self) -> Iterator[tuple[int, Entry]]:
        """Yield the messages that are not marked, with their numbers."""
        return ((number, entry) for number, entry in enumerate(self._entries, 1) if number not in self._deleted)

    def mark(self, number: int) -> bool:
        """Mark a message as deleted; return whether there was one."""
        entry = self.get(number)
        if entry is None:
            return False
        self._deleted.add(number)
        self._octets -= entry.octets
        return True

    def unmark_all(self) -> None:
        """Take all marks back."""
        self._octets += sum(self._entries[number - 1].octets for number in self._deleted)
        self._deleted.clear()

    def deleted(self) -> tuple[int, ...]:
        """Return the numbers of the marked messages, in order."""
        return tuple(sorted(self._deleted))
