"""Reply: what a server answers to a command (RFC 5321 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

from mailwright.mail.status import EnhancedStatus


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of one or more lines.

    code: 200 to 599.
    lines: the text of every line, without code, separator and enhanced status code; at least one, which may be "".
    enhanced: the enhanced status code (RFC 2034) that the lines begin with; None where they begin with none.
    """

    code: int
    lines: tuple[str, ...]
    enhanced: EnhancedStatus | None = None

    @property
    def completes(self) -> bool:
        """True for 2yz, positive completion (RFC 5321 4.2.1)."""
        return 200 <= self.code < 300

    @property
    def continues(self) -> bool:
        """True for 3yz, positive intermediate: the server waits for more."""
        return 300 <= self.code < 400

    @property
    def refuses(self) -> bool:
        """True for 4yz and 5yz; whether waiting helps is for the cause to say."""
        return self.code >= 400

    @property
    def text(self) -> str:
        """The words alone, the lines joined by line feeds."""
        return "\n".join(self.lines)

    def __str__(self) -> str:
        """Return the reply as it stood on the wire, the lines joined by line feeds."""
        status = f"{self.enhanced} " if self.enhanced else ""
        *first, last = self.lines
        return "\n".join([*(f"{self.code}-{status}{line}" for line in first), f"{self.code} {status}{last}".rstrip()])
