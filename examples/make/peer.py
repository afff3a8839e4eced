"""The refusing peer: an SMTP and LMTP server that says what it is told to say.

Why: a bounce is only as good an example as we know its cause.  Here every
refusal is scripted, so the label of each example is true by construction.

A :class:`Host` is one listening address with its own greeting and extensions;
a :class:`Rule` makes one recipient (or all of a host) fail at one stage.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """What the peer does to one recipient.

    ``stage`` is one of banner, ehlo, mail, rcpt, data, end, silent, drop, size.
    ``reply`` may hold several lines; they are sent as an SMTP multi-line reply.
    Bytes are sent as they are, so that replies in GBK or Latin-1 stay so.
    """

    recipient: str
    stage: str
    reply: bytes
    reason: str


@dataclass
class Host:
    """One listening address."""

    name: str
    address: str
    port: int = 25
    greeting: bytes = b""
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
    lmtp: bool = False
    rules: dict[str, Rule] = field(default_factory=dict)
    received: list[Delivery] = field(default_factory=list)


@dataclass(frozen=True)
class Delivery:
    """One message that the peer accepted."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


def as_lines(reply: bytes) -> bytes:
    """Write a reply as SMTP lines.

    The text after the first line repeats code and, if there is one, enhanced
    status, as most servers do.
    """
    lines = reply.split(b"\n")
    code = lines[0][:3]
    words = lines[0][4:].split(b" ")
    prefix = words[0] + b" " if words[0][:2] in (b"5.", b"4.", b"2.") else b""
    texts = [lines[0][4:]] + [prefix + line for line in lines[1:]]
    out = [code + b"-" + text for text in texts[:-1]] + [code + b" " + texts[-1]]
    return b"\r\n".join(out) + b"\r\n"


def path_of(argument: bytes) -> str:
    """The address out of ``FROM:<a@b> X=Y`` or ``TO:<a@b>``."""
    inside = argument.partition(b"<")[2].partition(b">")[0]
    return inside.decode("utf-8", "replace")


class Session:
    """One connection to a host."""

    def __init__(self, host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host, self.reader, self.writer = host, reader, writer
        self.sender = ""
        self.recipients: list[str] = []

    def rule(self, stage: str, recipient: str = "*") -> Rule | None:
        """The rule for this recipient, if it applies at this stage."""
        found = self.host.rules.get(recipient.lower())
        return found if found is not None and found.stage == stage else None

    async def say(self, reply: bytes) -> None:
        self.writer.write(as_lines(reply))
        await self.writer.drain()

    async def run(self) -> None:
        """Speak until the client goes away or a rule ends the connection."""
        if self.rule("silent"):
            await asyncio.sleep(3600)
        banner = self.rule("banner")
        greeting = self.host.greeting or b"220 %s ESMTP" % self.host.name.encode()
        await self.say(banner.reply if banner else greeting)
        while banner is None or banner.reply[:1] == b"2":
            line = await self.reader.readline()
            if not line or not await self.command(line.rstrip(b"\r\n")):
                return

    async def command(self, line: bytes) -> bool:
        """Answer one command; False ends the connection."""
        verb, _, argument = line.partition(b" ")
        name = verb.upper().decode("ascii", "replace")
        if name in ("EHLO", "HELO", "LHLO"):
            await self.hello(name)
        elif name == "MAIL":
            await self.mail(argument)
        elif name == "RCPT":
            await self.rcpt(argument)
        elif name == "DATA":
            return await self.data()
        elif name in ("RSET", "NOOP"):
            self.recipients = []
            await self.say(b"250 2.0.0 Ok")
        elif name == "QUIT":
            await self.say(b"221 2.0.0 Bye")
            return False
        else:
            await self.say(b"502 5.5.2 Command not recognized")
        return True

    async def hello(self, name: str) -> None:
        refusal = self.rule("ehlo")
        if refusal:
            await self.say(refusal.reply)
        elif name == "HELO":
            await self.say(b"250 " + self.host.name.encode())
        else:
            lines = (self.host.name, *self.host.extensions)
            await self.say(b"250 " + "\n".join(lines).encode())

    async def mail(self, argument: bytes) -> None:
        refusal = self.rule("mail")
        size = re.search(rb" SIZE=(\d+)", argument.upper())
        if size and self.too_big(int(size[1])):
            refusal = self.rule("size")
        if refusal is None:
            self.sender, self.recipients = path_of(argument), []
        await self.say(refusal.reply if refusal else b"250 2.1.0 Ok")

    def too_big(self, size: int) -> bool:
        """Whether a message is bigger than the limit that this host announces."""
        limits = [int(one.split()[1]) for one in self.host.extensions if one.startswith("SIZE ")]
        return any(0 < limit < size for limit in limits)

    async def rcpt(self, argument: bytes) -> None:
        recipient = path_of(argument)
        refusal = self.rule("rcpt", recipient) or self.rule("rcpt")
        if refusal is None:
            self.recipients.append(recipient)
        await self.say(refusal.reply if refusal else b"250 2.1.5 Ok")

    async def data(self) -> bool:
        """Take the message, or refuse it before or after it was sent."""
        if not self.recipients:
            await self.say(b"503 5.5.1 RCPT first")
            return True
        for recipient in self.recipients:
            refusal = self.rule("data", recipient)
            if refusal:
                await self.say(refusal.reply)
                return True
        await self.say(b"354 End data with <CR><LF>.<CR><LF>")
        data = await self.body()
        if data is None or any(self.rule("drop", one) for one in self.recipients):
            return False
        await self.finish(data)
        return True

    async def body(self) -> bytes | None:
        """The message with dot-stuffing undone and not one other byte changed."""
        lines: list[bytes] = []
        while True:
            line = await self.reader.readline()
            if not line:
                return None
            if line in (b".\r\n", b".\n"):
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)

    async def finish(self, data: bytes) -> None:
        """Answer the end of the message: once in SMTP, per recipient in LMTP."""
        refusals = [self.rule("end", one) or self.rule("end") for one in self.recipients]
        accepted = [one for one, no in zip(self.recipients, refusals, strict=True) if no is None]
        answers = [no.reply if no else b"250 2.0.0 Ok: queued" for no in refusals]
        if not self.host.lmtp:
            refused = [no for no in refusals if no]
            answers = [refused[0].reply] if refused else answers[:1]
            accepted = [] if refused else accepted
        if accepted:
            self.host.received.append(Delivery(self.sender, tuple(accepted), data))
        for one in answers:
            await self.say(one)
        self.recipients = []


async def serve(host: Host) -> asyncio.Server:
    """Listen for one host."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Session(host, reader, writer).run()
        except (ConnectionError, ValueError):
            pass  # A client that breaks off is part of the lab.
        finally:
            writer.close()

    return await asyncio.start_server(connected, host.address, host.port, limit=1 << 24)
