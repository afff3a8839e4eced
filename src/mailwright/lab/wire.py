"""Wire: one connection of a lab host, and the steps of a script on it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from socket import SO_LINGER, SOL_SOCKET
from struct import pack

from mailwright.clock import Clock
from mailwright.lab.script import End, Handshake, Hear, HearText, Say, Secure, Slow, Step, Wait, matches

#: Octets of one line that is heard, with its end (own choice: more than any command may have).
LONGEST_LINE = 65_536
#: Octets of a message that is heard (as mailwright.smtp.limits.Limits.message).
LONGEST_TEXT = 50 * 1024 * 1024
#: Octets that are read at once.
READ = 65_536
#: Seconds that a handshake may take (as mailwright.smtp.limits.Timeouts.tls_handshake).
HANDSHAKE = 30.0


class Over(Exception):
    """The connection is at its end: the script wants it so, or the client has gone."""


class OffScript(Exception):
    """The client did not say what the script awaits."""


class Wire:
    """The host's end of one connection.

    heard: every line that came, without its end.  texts: the messages that ``text`` took, dots taken out.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.heard: list[str] = []
        self.texts: list[bytes] = []
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._context = context
        self._pace = 0.0

    @property
    def client(self) -> str:
        """The client's IP address."""
        return str((self._writer.get_extra_info("peername") or ("",))[0])

    async def perform(self, step: Step) -> None:
        """Do one step.

        Raises Over where the connection ends by it, or the client has gone; OffScript where the client says something
        else.
        """
        match step:
            case Say(octets):
                await self.say(octets)
            case Hear(pattern):
                await self._hear(pattern)
            case HearText():
                self.texts.append(await self._hear_text())
            case Wait(seconds):
                await self._clock.sleep(seconds)
            case Slow(seconds):
                self._pace = seconds
            case Secure(how):
                await self.secure(how)
            case End():
                await self._end(step)

    async def say(self, octets: bytes) -> None:
        """Send octets, one by one where the pace is slow; raises Over."""
        try:
            if not self._pace:
                self._writer.write(octets)
                await self._writer.drain()
                return
            for octet in octets:
                await self._clock.sleep(self._pace)
                self._writer.write(bytes((octet,)))
                await self._writer.drain()
        except (OSError, RuntimeError) as gone:
            # uvloop raises RuntimeError for a transport that is closed.
            raise Over from gone

    async def read(self) -> bytes:
        """Return what has come, b"" at the end of input; raises Over where the connection broke."""
        try:
            return await self._reader.read(READ)
        except OSError as gone:
            raise Over from gone

    async def secure(self, how: Handshake = Handshake.OK) -> None:
        """Begin TLS; raises Over where it fails, and ValueError where there is no certificate."""
        if how is Handshake.PLAINTEXT:
            return
        if how is Handshake.BROKEN:
            # A fatal alert, handshake_failure (RFC 8446 6.2), in place of the ServerHello.
            await self.read()
            await self.say(b"\x15\x03\x03\x00\x02\x02\x28")
            await self._end(End.CLOSE)
        if self._context is None:
            raise ValueError("TLS needs a certificate: give the host an ssl_context")
        try:
            await self._writer.start_tls(self._context, ssl_handshake_timeout=HANDSHAKE)
        except (OSError, RuntimeError) as failed:
            # ssl.SSLError and time-outs are OSErrors.
            self.abort()
            raise Over from failed

    async def close(self) -> None:
        """Close in order, after what is still to be sent."""
        self._writer.close()
        with contextlib.suppress(OSError, RuntimeError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()

    async def _end(self, how: End) -> None:
        match how:
            case End.CLOSE:
                await self.close()
            case End.DROP:
                self._reset()
            case End.SILENT:
                while await self.read():
                    pass
        raise Over

    def _reset(self) -> None:
        # Lingering for no time makes the kernel send RST in place of FIN.
        connection = self._writer.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self.abort()

    async def _hear(self, pattern: str) -> None:
        line = (await self._line()).rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        self.heard.append(line)
        if not matches(pattern, line):
            raise OffScript(f"{line!r} where {pattern!r} was awaited")

    async def _hear_text(self) -> bytes:
        text = bytearray()
        while (line := await self._line()) != b".\r\n":
            text += line.removeprefix(b".")
            if len(text) > LONGEST_TEXT:
                raise OffScript(f"a message of more than {LONGEST_TEXT} octets")
        return bytes(text)

    async def _line(self) -> bytes:
        """Return the next line with its end; raises Over at the end of input."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as long:
            raise OffScript(f"a line of more than {LONGEST_LINE} octets") from long
        except (OSError, asyncio.IncompleteReadError) as gone:
            raise Over from gone
