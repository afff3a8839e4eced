"""The text of one message as a server takes it in, by DATA or by BDAT, gathered or handed on."""

from __future__ import annotations

from mailwright.mail.envelope import Body
from mailwright.mail.reply import Reply
from mailwright.smtp.commands import Bdat
from mailwright.smtp.data import DataReader, TextChecker
from mailwright.smtp.server_settings import ServerSettings

#: Pieces of fewer octets are put together, so that a sender of single octets costs no object for each (own choice).
LEAST_PIECE = 16_384


def text_checker(settings: ServerSettings, body: Body | None = None) -> TextChecker:
    """Return what checks a message by the server's settings; with BINARYMIME its size is all there is to check."""
    return TextChecker(
        settings.limits.message,
        None if settings.long_lines else settings.limits.text_line,
        None if body is Body.BINARY else settings.line_ends,
    )


class Gathered:
    """Pieces of text, kept in few objects."""

    __slots__ = ("_pieces", "_small")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._small = bytearray()

    def add(self, piece: bytes) -> None:
        """Keep the next piece."""
        if len(piece) >= LEAST_PIECE or not self._pieces:
            self._flush()
            self._pieces.append(piece)
            return
        self._small += piece
        if len(self._small) >= LEAST_PIECE:
            self._flush()

    def _flush(self) -> None:
        if self._small:
            self._pieces.append(bytes(self._small))
            self._small.clear()

    def chunks(self) -> tuple[bytes, ...]:
        """Return all of it."""
        self._flush()
        return tuple(self._pieces)


class ChunkReader:
    """The text of a message that comes by BDAT (RFC 3030 2): chunks of known length, over many commands.

    ``refusal`` is the reply to a chunk that must be read and forgotten.
    """

    __slots__ = ("_checker", "_held", "last", "left", "refusal", "total")

    def __init__(self, checker: TextChecker) -> None:
        self._checker = checker
        self._held = b""
        self.left = self.total = 0
        self.last = False
        self.refusal: Reply | None = None

    def begin(self, command: Bdat) -> None:
        """Wait for the octets of one chunk."""
        self.left = self.total = command.size
        self.last = command.last

    def read(self, data: bytes) -> bytes:
        """Return the text in the next octets of the chunk, of which ``left`` tells how many there are to come."""
        self.left -= len(data)
        if self.refusal is not None:
            return b""
        text = self._held + data if self._held else data
        self._held = b""
        # A CR waits for what follows it, unless nothing can.
        if text[-1:] == b"\r" and not (self.last and not self.left):
            text, self._held = text[:-1], b"\r"
        text = self._checker.take(text)
        if self._checker.fault is not None:
            self.refusal = self._checker.fault.reply
        return text

    @property
    def size(self) -> int:
        """Octets of the message so far."""
        return self._checker.size


def data_reader(settings: ServerSettings) -> DataReader:
    """Return what reads the text after DATA."""
    return DataReader(text_checker(settings))
