"""EnhancedStatus: the enhanced status code of a reply or report (RFC 3463, RFC 2034)."""

from __future__ import annotations

from typing import NamedTuple, Self


class EnhancedStatus(NamedTuple):
    """``category.subject.detail``, such as 5.1.1.

    category: 2, 4 or 5 (RFC 3463 3.1 calls it class).  subject, detail: 0 to 999 (RFC 3463 2).
    """

    category: int
    subject: int
    detail: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the code that ``text`` is, whole; None where it is none."""
        parts = text.split(".")
        if len(parts) != 3 or parts[0] not in ("2", "4", "5"):
            return None
        if not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
            return None
        return cls(*map(int, parts))

    def __str__(self) -> str:
        """Return it as it is written in a reply."""
        return f"{self.category}.{self.subject}.{self.detail}"
