"""Replies on the wire, both ways (RFC 5321 4.2): ``ReplyReader`` for the client, ``reply_to_bytes`` for the server.

The rules, and why they are as they are:

* Only CRLF ends a line of a reply.  One leniency has a name: ``bare_line_feeds`` lets a line feed alone end one.
* All lines of a reply have the same code, else nobody could say which counts.  Enhanced codes may differ from line to
  line, as they do in use: the first one is the reply's, another one stays in the text of its line.
* What cannot become a reply is refused with its first octets, before a line end: a server that speaks TLS where plain
  text is expected sends none.
* Words are decoded as a whole, so that a charset which is not told is guessed from all of them.
"""

from __future__ import annotations

from functools import lru_cache

from mailwright.mail.decoding import decode_bytes
from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.limits import DEFAULT_LIMITS, Limits

#: Octets of a written line with its CRLF (RFC 5321 4.5.3.1.5).
LONGEST_WRITTEN_LINE = 512
#: Lines of a written reply; what a reader such as ours takes (Limits.reply_lines).
MOST_WRITTEN_LINES = 100
#: Octets of a line that an error quotes.
_QUOTED = 60

_SEPARATORS = (b" ", b"-", b"")
_FIRST_DIGITS = b"2345"
_DIGITS = b"0123456789"
_CONTROLS_TO_SPACES = dict.fromkeys((*range(32), *range(127, 160)), " ")


class ReplyReader:
    """Octets in, replies out; keeps at most one reply and one line that are not whole.

    limits: ``reply_line``, ``reply_lines`` and ``reply_octets`` are used.
    bare_line_feeds: let a line feed without a carriage return end a line.
    last: the octets of the reply that ``next_reply`` returned last, each line with CRLF; b"" before the first.

    After RemoteProtocolError the reader is of no use any more, because nobody knows where the next reply would begin.
    """

    __slots__ = ("_bare", "_buffer", "_lines", "_octets", "_place", "last", "limits")

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, bare_line_feeds: bool = False) -> None:
        self.limits = limits
        self._bare = bare_line_feeds
        self._buffer = b""
        self._place = 0
        self._lines: list[bytes] = []
        self._octets = 0
        self.last = b""

    def feed(self, data: bytes) -> None:
        """Take octets; call ``next_reply`` until it returns None after each."""
        rest = self._buffer[self._place :]
        self._buffer = rest + data if rest else data
        self._place = 0

    @property
    def is_empty(self) -> bool:
        """True where nothing is held, neither a whole reply nor the beginning of one."""
        return self._place >= len(self._buffer) and not self._lines

    @property
    def held(self) -> bytes:
        """What was taken and has become no reply yet, of a reply begun only its line that is not whole."""
        return self._buffer[self._place :]

    def next_reply(self) -> Reply | None:
        """Return the next whole reply; None where more octets are needed.

        Raises RemoteProtocolError for what is no reply or passes a limit.
        """
        while (line := self._next_line()) is not None:
            if not self._lines and line[3:4] != b"-":
                self.last = line + b"\r\n"
                return _single(line)
            if self._add(line):
                whole, self._lines, self._octets = self._lines, [], 0
                self.last = b"\r\n".join((*whole, b""))
                return _joined(whole)
        return None

    def _next_line(self) -> bytes | None:
        """Return the next line without its end, checked; None where it is not whole."""
        start = self._place
        end = self._buffer.find(b"\n", start)
        if end < 0:
            self._check_beginning(self._buffer[start : start + self.limits.reply_line + 1])
            return None
        if end + 1 - start > self.limits.reply_line:
            raise RemoteProtocolError(f"a line of a reply has more than {self.limits.reply_line} octets")
        self._place = end + 1
        line = self._buffer[start:end]
        if line[-1:] == b"\r":
            line = line.rstrip(b"\r") if self._bare else line[:-1]
        elif not self._bare:
            # RFC 5321 2.3.8: line feeds MUST NOT be sent but as part of CRLF.
            raise RemoteProtocolError(f"a line of a reply ends without CRLF: {_quoted(line)}")
        if line[:1] not in _FIRST_BYTES or not line[:3].isdigit() or len(line) < 3 or line[3:4] not in _SEPARATORS:
            raise RemoteProtocolError(f"this is no reply: {_quoted(line)}")
        if b"\r" in line:
            raise RemoteProtocolError(f"a bare CR in a reply: {_quoted(line)}")
        return line

    def _check_beginning(self, held: bytes) -> None:
        """Refuse what no further octets could make a line of a reply."""
        if len(held) > self.limits.reply_line:
            raise RemoteProtocolError(f"a line of a reply has more than {self.limits.reply_line} octets")
        code = held[:3]
        if code and (code[0] not in _FIRST_DIGITS or code.translate(None, _DIGITS)):
            raise RemoteProtocolError(f"this is no reply: {_quoted(held)}")
        if held[3:4] not in _SEPARATORS_HELD:
            raise RemoteProtocolError(f"this is no reply: {_quoted(held)}")

    def _add(self, line: bytes) -> bool:
        """Keep a line of a reply of several; return whether it is the last."""
        if self._lines and line[:3] != self._lines[0][:3]:
            raise RemoteProtocolError(f"the code changes within a reply: {_quoted(self._lines[0])}, {_quoted(line)}")
        self._lines.append(line)
        self._octets += len(line) + 2
        if len(self._lines) > self.limits.reply_lines:
            raise RemoteProtocolError(f"a reply has more than {self.limits.reply_lines} lines")
        if self._octets > self.limits.reply_octets:
            raise RemoteProtocolError(f"a reply has more than {self.limits.reply_octets} octets")
        return line[3:4] != b"-"


_FIRST_BYTES = (b"2", b"3", b"4", b"5")
_SEPARATORS_HELD = (*_SEPARATORS, b"\r")


def _quoted(line: bytes) -> str:
    """Return the beginning of ``line``, without anything that a terminal would obey."""
    return ascii(line[:_QUOTED].decode("utf-8", "backslashreplace")) + ("…" if len(line) > _QUOTED else "")


# Most replies of a server are the same few lines again and again; what is kept is bounded (256 lines of 2 KB).
@lru_cache(maxsize=256)
def _single(line: bytes) -> Reply:
    """Return the reply of one line."""
    text = _decoded(line[4:])
    status, rest = _split_status(text)
    return Reply(int(line[:3]), (text if status is None else rest,), status)


def _joined(lines: list[bytes]) -> Reply:
    """Return the reply of several lines."""
    texts = _decoded_lines([line[4:] for line in lines])
    reply_status: EnhancedStatus | None = None
    words = []
    for text in texts:
        status, rest = _split_status(text)
        reply_status = reply_status or status
        # RFC 2034 4: all lines of a reply carry the same code; where one has another, it stays with its words.
        words.append(rest if status is not None and status == reply_status else text)
    return Reply(int(lines[0][:3]), tuple(words), reply_status)


def _split_status(text: str) -> tuple[EnhancedStatus | None, str]:
    """Return the enhanced status code that begins ``text`` and what follows it; None and "" where none does."""
    if text[1:2] != ".":
        return None, ""
    word, _, rest = text.partition(" ")
    return EnhancedStatus.parse(word), rest


def _decoded(raw: bytes) -> str:
    if b"\x1b" not in raw:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            pass
    return decode_bytes(raw)


def _decoded_lines(raw: list[bytes]) -> list[str]:
    """Return the lines decoded in one charset; line by line where that would change their number."""
    together = _decoded(b"\n".join(raw)).split("\n")
    return together if len(together) == len(raw) else [_decoded(line).replace("\n", " ") for line in raw]


def reply_to_bytes(reply: Reply, *, enhanced: bool = True, utf8: bool = False) -> bytes:
    r"""Return the reply as it is sent, CRLF included.

    enhanced: write its enhanced status code; False for the greeting and the replies to EHLO, HELO and LHLO, which never
    have one (RFC 2034 4), and where ENHANCEDSTATUSCODES was not offered.  A 3yz reply never gets one.
    utf8: write letters beyond ASCII as UTF-8, for a client that asked for it (RFC 6531 3.7.4); else as ``\x{…}``.

    Long lines are folded at spaces; CR, LF and other control characters become spaces; lines past
    MOST_WRITTEN_LINES are left out.
    """
    code = b"%d" % reply.code
    status = b""
    # RFC 2034 4: codes go with 2yz, 4yz and 5yz replies only.
    if enhanced and reply.enhanced is not None and not reply.continues:
        status = b"%d.%d.%d " % reply.enhanced
    if len(reply.lines) == 1:
        text = reply.lines[0]
        if text.isascii() and text.isprintable() and len(text) <= LONGEST_WRITTEN_LINE - 6 - len(status):
            return b"%b %b%b\r\n" % (code, status, text.encode("ascii"))
    room = LONGEST_WRITTEN_LINE - 6 - len(status)
    texts = [piece for line in reply.lines for piece in _folded(_written(line, utf8=utf8), room)]
    *first, last = texts[:MOST_WRITTEN_LINES] or [b""]
    lines = [b"%b-%b%b\r\n" % (code, status, text) for text in first]
    return b"".join([*lines, b"%b %b%b\r\n" % (code, status, last)])


def _written(text: str, *, utf8: bool) -> bytes:
    r"""Return the words as octets; what is beyond ASCII as RFC 6533 3 writes it, ``\x{…}``, unless ``utf8``."""
    text = text.translate(_CONTROLS_TO_SPACES)
    if utf8:
        return text.encode("utf-8", "replace")
    return "".join(char if char < "\x80" else f"\\x{{{ord(char):X}}}" for char in text).encode("ascii")


def _folded(text: bytes, room: int) -> list[bytes]:
    """Return pieces of at most ``room`` octets, cut at a space where there is one, never within a character."""
    pieces = []
    while len(text) > room:
        cut = text.rfind(b" ", 1, room + 1)
        if cut < 0:
            cut = room
            # UTF-8: octets 10xxxxxx go on with a character.
            while cut > room - 4 and text[cut] & 0xC0 == 0x80:
                cut -= 1
        pieces.append(text[:cut])
        text = text[cut + 1 :] if text[cut : cut + 1] == b" " else text[cut:]
    return [*pieces, text]
