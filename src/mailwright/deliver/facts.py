"""Facts: what must be known of a message before it is sent, found in one look through it, however large it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Octets of the header section that are looked at, as in mail.message.
LONGEST_HEADER = 128 * 1024
#: Octets of a line with its CRLF (RFC 5321 4.5.3.1.6); RFC 5322 2.1.1 allows 998 without.
LONGEST_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message is like.

    size: octets once every line ends in CRLF (RFC 1870 3).
    longest_line: octets of the longest line, with its CRLF.
    eight_bit: True where an octet is above 127.  nul: True where one is 0, which only BINARYMIME carries.
    bare_line_ends: how many lines end in a lone LF or a lone CR.
    fields: the names of the header fields, lower case, in order, as often as they stand there.
    utf8_header: True where the header section itself has octets above 127 (RFC 6532), which needs SMTPUTF8.
    """

    size: int
    longest_line: int
    eight_bit: bool
    nul: bool
    bare_line_ends: int
    fields: tuple[str, ...]
    utf8_header: bool


class _Scanner:
    """Counts while chunks pass."""

    def __init__(self) -> None:
        self.octets = 0
        self.bare = 0
        self.longest = 0
        self.eight_bit = False
        self.nul = False
        self.header = bytearray()
        self._open_line = 0
        self._held_cr = b""

    def take(self, chunk: bytes) -> None:
        """Count one chunk; a CR at its end waits for what follows, so that CRLF over two chunks stays one line end."""
        chunk = self._held_cr + chunk
        self._held_cr = b"\r" if chunk.endswith(b"\r") else b""
        self._count(chunk[:-1] if self._held_cr else chunk)

    def finish(self) -> None:
        """Count what is left."""
        self._count(self._held_cr)
        self._held_cr = b""
        self.longest = max(self.longest, self._open_line)

    def _count(self, chunk: bytes) -> None:
        self.octets += len(chunk)
        self.eight_bit = self.eight_bit or not chunk.isascii()
        self.nul = self.nul or b"\x00" in chunk
        whole = chunk.count(b"\r\n")
        self.bare += chunk.count(b"\n") + chunk.count(b"\r") - 2 * whole
        if len(self.header) < LONGEST_HEADER:
            self.header += chunk[: LONGEST_HEADER - len(self.header)]
        self._measure(chunk)

    def _measure(self, chunk: bytes) -> None:
        """Keep the longest line; a lone CR counts as part of one here, which can only make it longer."""
        first, *others = chunk.replace(b"\r\n", b"\n").split(b"\n")
        self._open_line += len(first)
        if others:
            # Every line is counted with CRLF, whatever its end is now.
            self.longest = max(self.longest, self._open_line + 2, *(len(line) + 2 for line in others[:-1]))
            self._open_line = len(others[-1])


def scan(chunks: Iterable[bytes]) -> Facts:
    """Return the facts of the message that ``chunks`` make up."""
    scanner = _Scanner()
    for chunk in chunks:
        scanner.take(chunk)
    scanner.finish()
    header = _header_section(bytes(scanner.header))
    return Facts(
        size=scanner.octets + scanner.bare,
        longest_line=scanner.longest,
        eight_bit=scanner.eight_bit,
        nul=scanner.nul,
        bare_line_ends=scanner.bare,
        fields=_field_names(header),
        utf8_header=not header.isascii(),
    )


def _header_section(beginning: bytes) -> bytes:
    """Return the header section with LF line ends, up to the empty line."""
    unified = beginning.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if unified.startswith(b"\n"):
        return b""
    end = unified.find(b"\n\n")
    return unified if end < 0 else unified[: end + 1]


def _field_names(header: bytes) -> tuple[str, ...]:
    """Return the names of the fields; reading ends at the first line that is neither a field nor folded."""
    names: list[str] = []
    for line in header.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            continue
        name, colon, _ = line.partition(b":")
        # RFC 5322 2.2: printable ASCII without colon; a space before the colon is obsolete syntax (4.5).
        name = name.rstrip(b" \t")
        if not colon or not name or not name.isascii() or any(octet <= 32 or octet == 127 for octet in name):
            break
        names.append(name.decode("ascii").lower())
    return tuple(names)
