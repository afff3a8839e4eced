"""Messages whose octets are easily lost on the way, and what a server may put before them."""

from __future__ import annotations

HEAD = b"From: me@sender.test\r\nSubject: odd\r\n\r\n"
MESSAGES = {
    "plain": HEAD + b"Hello\r\n",
    "leading dots": HEAD + b".one\r\n..two\r\n...three\r\nnot . one\r\n",
    "lone dots": HEAD + b".\r\n.\r\n\r\n.\r\nQUIT\r\n.\r\n",
    "no final line end": HEAD + b"the end",
    "dot without line end": HEAD + b"the end\r\n.",
    "empty body": HEAD,
    "blank lines at the end": HEAD + b"text\r\n\r\n\r\n\r\n",
    "longest lines": HEAD + b"x" * 998 + b"\r\n." + b"y" * 997 + b"\r\n",
    "blanks and tabs": HEAD + b" a \r\n\t\r\n \r\nb\t\r\n",
    "eight bit": HEAD + "Grüße\r\n.ä\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "controls": HEAD + bytes(one for one in range(1, 32) if one not in b"\r\n") + b"\x7f\r\n",
}
#: RFC 5321 4.4, and what servers in use write beside it.
TRACE = (b"return-path", b"delivered-to", b"x-original-to", b"received")


def whole(message: bytes) -> bytes:
    """Return a message as it must arrive: its last line has an end, because neither DATA nor a Maildir has others."""
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def without_trace(message: bytes) -> bytes:
    """Return what follows the trace fields, of which there must be one Received at least."""
    lines = message.splitlines(keepends=True)
    inside, names = False, []
    for place, line in enumerate(lines):
        if line[:1] in (b" ", b"\t") and inside:
            continue
        name = line.partition(b":")[0].lower()
        inside = name in TRACE
        if not inside:
            assert b"received" in names, message[:400]
            return b"".join(lines[place:])
        names.append(name)
    raise AssertionError(message[:400])


def from_maildir(octets: bytes) -> bytes:
    """Return a message of a Maildir, where lines end in LF, as it is on the wire; without its trace fields."""
    assert b"\r" not in octets
    return without_trace(octets).replace(b"\n", b"\r\n")
