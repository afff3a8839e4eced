"""Reading: one message with what is read from it on demand, each thing once."""

from __future__ import annotations

from mailwright.explain.formats import formats
from mailwright.explain.letter import Letter, read_letter
from mailwright.explain.outside import Outside, letter_tags, read_outside
from mailwright.mail.message import Message, Part

_NO_LETTER = ("message/", "image/", "application/", "audio/", "video/", "text/rfc822", "text/calendar")


class Reading:
    """A message being read.  A report with fields of its own is explained without its letter being looked at."""

    __slots__ = ("_letter", "_outside", "message")

    def __init__(self, message: Message) -> None:
        """Read nothing yet."""
        self.message = message
        self._outside: Outside | None = None
        self._letter: Letter | None = None

    @property
    def outside(self) -> Outside:
        """What the headers say."""
        if self._outside is None:
            self._outside = read_outside(self.message)
        return self._outside

    @property
    def letter(self) -> Letter:
        """The letter: the first text part with words in it, the returned message cut off."""
        if self._letter is None:
            part = self._letter_part()
            self._letter = read_letter(part.text if part else "", formats(), self.outside.excluded)
        return self._letter

    @property
    def tags(self) -> set[str]:
        """What sentences of the letter and words of the subject say the message is."""
        return letter_tags(self.letter) | self.outside.subject_tags

    def _letter_part(self) -> Part | None:
        readable = [part for part in self.message.parts if not part.media_type.startswith(_NO_LETTER)]
        return next((part for part in readable if part.text.strip()), readable[0] if readable else None)
