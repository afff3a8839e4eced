r"""The text of a message on the wire, both ways: dots made transparent and its end found (RFC 5321 4.5.2).

The rules, and why they are as they are:

* Only ``CRLF . CRLF`` ends a message, and the CRLF of the first may be the one that ended the DATA line.  Two programs
  that disagree about this let a sender smuggle a second message past the first program's checks.
* A bare CR or a bare LF is refused, on the way in as on the way out, because other programs take them for line ends.
  ``LineEnds.NORMALISE`` makes CRLF of them instead, after the end was found and the dots were taken out.
* Work is done on whole blocks by searching, never line by line.

Theory of operation of the reader: it begins as if a CRLF had been read, so that a first line needs no case of its own.
Of what it has read it keeps back only what could be the beginning of ``CRLF . CRLF``, at most four octets, and hands
out the rest; so a block's pieces never end within a line end or before a dot that must go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.limits import DEFAULT_LIMITS
from mailwright.smtp.parameters import fault

END = b"\r\n.\r\n"
#: What may be the beginning of END at the end of what was read, longest first.
_BEGINNINGS = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")


class LineEnds(StrEnum):
    """What is done with a CR or LF that stands alone."""

    STRICT = "strict"
    NORMALISE = "normalise"


def has_bare_line_ends(text: bytes) -> bool:
    """Tell whether a CR or an LF in ``text`` is not part of a CRLF."""
    return _has_bare(text, text.splitlines())


def _has_bare(text: bytes, lines: list[bytes]) -> bool:
    """Tell it from the lines that CR, LF and CRLF end: a CRLF takes two octets from the text, the others one.

    Splitting and joining is quicker than counting the three, and the lines are good for more.
    """
    ends = len(lines) - (text[-1:] not in _LINE_ENDS)
    return len(text) - len(b"".join(lines)) != 2 * ends


#: What the text may end with where its last line is ended.
_LINE_ENDS = (b"\n", b"\r", b"")


def _with_crlf(text: bytes, lines: list[bytes]) -> bytes:
    return b"\r\n".join((*lines, b"") if text[-1:] in _LINE_ENDS else lines)


def normalise_line_ends(text: bytes) -> bytes:
    """Return ``text`` with CRLF for every bare CR and every bare LF."""
    return _with_crlf(text, text.splitlines()) if text else b""


class DotStuffer:
    """The writing half: text in, octets for the wire out.

    line_ends: STRICT raises LocalProtocolError at a bare CR or LF, after which the connection must be given up, because
    what was sent already must not be ended; so look with has_bare_line_ends before DATA.
    """

    __slots__ = ("_at_line_start", "_held", "_strict")

    def __init__(self, line_ends: LineEnds = LineEnds.STRICT) -> None:
        self._strict = line_ends is LineEnds.STRICT
        self._at_line_start = True
        self._held = b""

    def stuff(self, text: bytes) -> bytes:
        """Return what to send for the next piece of the message; may be empty while a CR waits for its LF."""
        if self._held:
            text, self._held = self._held + text, b""
        if text[-1:] == b"\r":
            text, self._held = text[:-1], b"\r"
        if not text:
            return b""
        if has_bare_line_ends(text):
            if self._strict:
                raise LocalProtocolError("a CR or LF stands alone in the message")
            text = normalise_line_ends(text)
        # RFC 5321 4.5.2: before sending a line the client checks its first character; a period gets another one.
        stuffed = text.replace(b"\r\n.", b"\r\n..") if b"\r\n." in text else text
        if self._at_line_start and text[:1] == b".":
            stuffed = b"." + stuffed
        self._at_line_start = text[-2:] == b"\r\n"
        return stuffed

    def end(self) -> bytes:
        """Return what ends the message: a CRLF where its last line has none, a dot and a CRLF."""
        ending = b""
        if self._held:
            if self._strict:
                raise LocalProtocolError("a CR stands alone at the end of the message")
            self._held, ending, self._at_line_start = b"", b"\r\n", True
        # RFC 5321 4.1.1.4: the CRLF before the period is that of the last line; another one MUST NOT be added.
        return ending + (b".\r\n" if self._at_line_start else END)


def stuffed(pieces: Iterable[bytes], line_ends: LineEnds = LineEnds.STRICT) -> Iterator[bytes]:
    """Yield what to send for a whole message given in pieces, its end included."""
    stuffer = DotStuffer(line_ends)
    for piece in pieces:
        if out := stuffer.stuff(piece):
            yield out
    yield stuffer.end()


class TextChecker:
    """What text must keep to, checked piece by piece: size, line ends, length of lines.

    No piece may end with the CR of a CRLF; a CR at the end of a piece counts as bare.
    limit: octets of the message; None for no limit.  longest_line: octets with CRLF; None for no limit.
    line_ends: None takes any octets, for BINARYMIME, and knows of no lines.
    size: octets so far, as they came, also of what is not handed out.  fault: the first thing found wrong.
    """

    __slots__ = ("_limit", "_line", "_line_ends", "_longest_line", "fault", "size")

    def __init__(
        self,
        limit: int | None = DEFAULT_LIMITS.message,
        longest_line: int | None = DEFAULT_LIMITS.text_line,
        line_ends: LineEnds | None = LineEnds.STRICT,
    ) -> None:
        self._limit = limit
        self._longest_line = longest_line
        self._line_ends = line_ends
        self._line = 0
        self.size = 0
        self.fault: RemoteProtocolError | None = None

    def take(self, text: bytes) -> bytes:
        """Return the piece, its line ends put right where that was asked for; b"" once anything was found wrong."""
        self.size += len(text)
        if self.fault is not None:
            return b""
        if self._limit is not None and self.size > self._limit:
            # RFC 1870 6.1 (1): 552 where the message is larger than the server takes.
            return self._found(fault(552, (5, 3, 4), f"Message exceeds the fixed maximum size of {self._limit} octets"))
        return self._lines(text) if text and self._line_ends is not None else text

    def _lines(self, text: bytes) -> bytes:
        lines = text.splitlines()
        if _has_bare(text, lines):
            if self._line_ends is LineEnds.STRICT:
                # RFC 5321 2.3.8: CR and LF only as CRLF; servers MUST NOT recognise a bare one as a line end.
                return self._found(fault(554, (5, 5, 2), "A bare CR or LF is not allowed, lines end in CRLF"))
            text = _with_crlf(text, lines)
        if self._longest_line is not None and self._longest(text, lines) > self._longest_line - 2:
            return self._found(fault(554, (5, 5, 2), f"A line is longer than {self._longest_line} octets"))
        return text

    def _found(self, error: RemoteProtocolError) -> bytes:
        self.fault = error
        return b""

    def _longest(self, text: bytes, lines: list[bytes]) -> int:
        """Return the octets of the longest line, without its end; earlier pieces may have begun the first."""
        first = self._line + len(lines[0])
        if text[-1:] == b"\n":
            self._line = 0
        else:
            self._line = first if len(lines) == 1 else len(lines[-1])
        longest = max(map(len, lines))
        return max(first, longest)


class DataReader:
    """The reading half: octets after the reply 354 in, text out.

    Feed it until ``ended``; ``rest`` then is what came after the end.  ``fault`` says what was found wrong on the way:
    reading goes on to the end all the same, so that the session stays in step, but no more text is handed out.
    """

    __slots__ = ("_checker", "_held", "_skip", "ended", "rest")

    def __init__(self, checker: TextChecker | None = None) -> None:
        self._checker = checker or TextChecker()
        self._held = b"\r\n"
        # Octets of ``_held`` that are the end of the DATA line and no text.
        self._skip = 2
        self.ended = False
        self.rest = b""

    @property
    def size(self) -> int:
        """Octets of text so far, without the dots that made it transparent."""
        return self._checker.size

    @property
    def fault(self) -> RemoteProtocolError | None:
        """What must be answered once the message has ended; None where all is well so far."""
        return self._checker.fault

    def read(self, data: bytes) -> bytes:
        """Return the text in the next octets; b"" where there is none yet, or none any more.

        Raises LocalProtocolError after the end.
        """
        if self.ended:
            raise LocalProtocolError("the message has ended")
        window = self._held + data
        # Nearly always the first line that begins with a period is the end: one search tells that there is no other.
        dot = window.find(b"\r\n.")
        at = window.find(END, dot) if dot >= 0 else -1
        if at >= 0:
            self.ended = True
            text, self._held, self.rest = window[: at + 2], b"", window[at + 5 :]
        else:
            text, self._held = _without_beginning(window)
        # RFC 5321 4.5.2: of a line that begins with a period and is longer, the period is deleted.
        if dot != at:
            text = text.replace(b"\r\n.", b"\r\n")
        if self._skip and len(text) >= self._skip:
            text, self._skip = text[self._skip :], 0
        return self._checker.take(text) if text else b""


def _without_beginning(window: bytes) -> tuple[bytes, bytes]:
    """Return what can be handed out, and what may be the beginning of the end."""
    for beginning in _BEGINNINGS:
        if window.endswith(beginning):
            return window[: -len(beginning)], beginning
    return window, b""
