"""Transcript: what was said in one connection, when, and where it went wrong.  Plain values.

A Transcript can be kept, sent to somebody else and looked at by them, so nothing secret is ever in it: the Recorder
removes credentials before anything is stored, and of a message it keeps the number of octets and, where that is asked
for, its first lines.  Everything is bounded.

Written and read as JSON by mailwright.smtp.transcript_json.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mailwright.mail.reply import Reply

#: Entries of one transcript (own choice: more than a transaction with all the recipients that Limits allows).
MOST_ENTRIES = 4_000
#: Characters of one entry's text (own choice: the longest reply that Limits allows has more, people read less).
LONGEST_TEXT = 8_192
#: Octets of the beginning of a message that may be kept (own choice).
LONGEST_BEGINNING = 4_096
#: Characters of names and of the text about the trouble (own choice).
LONGEST_NAME = 1_024
#: Characters of the shortest word that is taken for a secret (own choice): shorter ones stand in words that are none.
SHORTEST_SECRET = 4

#: What stands in the place of credentials.
REMOVED = "<removed>"
#: What ends a text that was cut.
CUT = "…"


class Step(StrEnum):
    """Where in the session something happens."""

    CONNECT = "connect"
    TLS = "tls"
    BANNER = "banner"
    EHLO = "ehlo"  # also HELO and LHLO
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    MESSAGE = "message"  # the text itself, by DATA or BDAT, and the reply to its end
    RESET = "reset"
    OTHER = "other"  # NOOP, VRFY, EXPN, HELP
    QUIT = "quit"


class Direction(StrEnum):
    """Who speaks."""

    SENT = "sent"
    RECEIVED = "received"
    NOTE = "note"  # nobody: something happened, as a connection or a look-up in DNS


class Entry(NamedTuple):
    """One thing that was said or happened.

    seconds: since the transcript began.
    text: the lines without the last CRLF, joined by line feeds; of a message only what may be kept, often nothing.
    octets: on the wire; None for a note.
    """

    seconds: float
    direction: Direction
    step: Step
    text: str
    octets: int | None = None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate as far as people ask about it.

    subject, issuer: distinguished names (RFC 4514).  names: the DNS names and IP addresses it is for.
    not_before, not_after: aware.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was agreed on.

    version, cipher: as OpenSSL names them, such as "TLSv1.3".
    certificate: the server's; None where it sent none that could be read.
    verified: whether the certificate was proven to be the server's.  why: why not, or what it rests on; "" for nothing.
    """

    version: str
    cipher: str
    certificate: CertificateFacts | None = None
    verified: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One connection, or the part of it that belongs to one transaction.

    began: aware; all seconds count from here.
    local_name: what we called ourselves; "" where we did not come to it.
    host, address, port: whom we talked to; the host is "" where only the address was known.
    tls: None in clear.
    failed: index of the entry at which it went wrong; None where it did not.
    trouble: what went wrong, in words; "" where nothing did.
    """

    began: datetime
    local_name: str
    host: str
    address: str
    port: int
    tls: TlsFacts | None = None
    entries: tuple[Entry, ...] = ()
    failed: int | None = None
    trouble: str = ""


_Raw = tuple[float, Direction, Step, "bytes | str", "int | None"]


class Recorder:
    """Keeps what happens in a connection, cheaply; a Transcript is made of it when somebody asks.

    elapsed: returns seconds since the connection began.
    watch: called with each Entry as it happens; None for nobody.
    beginning: lines of each message that are kept, within LONGEST_BEGINNING octets; 0 for none.

    Of several transactions in one connection only the last is kept, after what led to the first one.
    """

    __slots__ = (
        "_elapsed",
        "_hidden",
        "_lines",
        "_mechanism",
        "_opening",
        "_responses",
        "_text",
        "_transaction",
        "_watch",
    )

    def __init__(
        self, elapsed: Callable[[], float], watch: Callable[[Entry], None] | None = None, beginning: int = 0
    ) -> None:
        self._elapsed = elapsed
        self._watch = watch
        self._lines = beginning
        self._opening: list[_Raw] = []
        self._transaction: list[_Raw] | None = None
        self._text = b""
        self._hidden: list[str] = []
        self._mechanism = ""
        self._responses = 0

    def begin_transaction(self) -> Callable[[], tuple[Entry, ...]]:
        """Forget the last transaction; what comes belongs to the next.

        Returns who can tell its entries, with those of the opening, also when it is forgotten here.
        """
        opening = self._opening
        transaction: list[_Raw] = []
        self._transaction = transaction
        return lambda: tuple(map(_entry, (*opening, *transaction)))

    def sent(self, step: Step, line: bytes) -> None:
        """Keep a command line, or an answer in an exchange of AUTH, whose credentials are removed here."""
        self._keep(Direction.SENT, step, self._without_credentials(line) if step is Step.AUTH else line, len(line))

    def received(self, step: Step, reply: bytes) -> None:
        """Keep a reply as it came."""
        if self._hidden:
            self._keep(Direction.RECEIVED, step, self.clean(_text_of(reply)), len(reply))
        else:
            self._keep(Direction.RECEIVED, step, reply, len(reply))

    def note(self, step: Step, text: str) -> None:
        """Keep that something happened."""
        self._keep(Direction.NOTE, step, self.clean(text), None)

    def content(self, piece: bytes) -> None:
        """See a piece of a message go out; the first are kept as far as lines of it are wanted."""
        if self._lines and len(self._text) < LONGEST_BEGINNING:
            self._text += piece[: LONGEST_BEGINNING - len(self._text)]

    def content_ended(self, octets: int) -> None:
        """Keep that a message of so many octets was sent."""
        lines = self._text.split(b"\r\n", self._lines)[: self._lines]
        self._text = b""
        self._keep(Direction.SENT, Step.MESSAGE, b"\r\n".join(lines), octets)

    def entries(self) -> tuple[Entry, ...]:
        """Return what was kept."""
        return tuple(_entry(raw) for raw in (*self._opening, *(self._transaction or ())))

    def _keep(self, direction: Direction, step: Step, data: bytes | str, octets: int | None) -> None:
        raw = (self._elapsed(), direction, step, data, octets)
        kept = self._opening if self._transaction is None else self._transaction
        # Half of the room is for each part, so that none can use up the other's.
        if len(kept) < MOST_ENTRIES // 2:
            kept.append(raw)
        if self._watch is not None:
            self._watch(_entry(raw))

    def _without_credentials(self, line: bytes) -> str:
        words = line.decode("ascii", "replace").split()
        # The asterisk cancels (RFC 4954 4).
        if words == ["*"]:
            return "*"
        shown = words[:2] if words[:1] == ["AUTH"] else []
        secrets = words[len(shown) :]
        if shown:
            self._mechanism, self._responses = "".join(shown[1:]), 0
        for word in secrets:
            self._hidden += [one for one in (word, self._in_clear(word)) if len(one) >= SHORTEST_SECRET]
        return " ".join([*shown, REMOVED]) if secrets or not shown else " ".join(shown)

    def _in_clear(self, response: str) -> str:
        """Return the password or token in a response, decoded; "" where the mechanism shows none in it."""
        try:
            text = b64decode(response, validate=True).decode()
        except ValueError:
            return ""
        self._responses += 1
        match self._mechanism:
            case "PLAIN":
                return text.rpartition("\x00")[2]
            case "LOGIN":
                # The user's name comes first, and is no secret.
                return text if self._responses > 1 else ""
            case "XOAUTH2" | "OAUTHBEARER":
                return text.partition("auth=Bearer ")[2].partition("\x01")[0]
            case _:
                return ""

    def clean(self, text: str) -> str:
        """Return ``text`` without the credentials that were sent; some servers repeat them when they complain."""
        for secret in self._hidden:
            text = text.replace(secret, REMOVED)
        return text

    def clean_reply(self, reply: Reply) -> Reply:
        """Return ``reply`` without the credentials that were sent."""
        return replace(reply, lines=tuple(map(self.clean, reply.lines))) if self._hidden else reply

    def clean_fault(self, words: str) -> str:
        """Return what was wrong with octets; once credentials were sent without the quotation, which may be cut."""
        return words.partition(": ")[0] if self._hidden else words


def _entry(raw: _Raw) -> Entry:
    seconds, direction, step, data, octets = raw
    text = data if isinstance(data, str) else _text_of(data)
    return Entry(round(seconds, 6), direction, step, cut(text, LONGEST_TEXT), octets)


def _text_of(octets: bytes) -> str:
    """Return octets as text: UTF-8, else with what is not UTF-8 escaped, so that nothing is lost or guessed."""
    return octets.decode("utf-8", "backslashreplace").removesuffix("\n").removesuffix("\r").replace("\r\n", "\n")


def cut(text: str, longest: int) -> str:
    """Return ``text``, at its longest, with a mark where something is missing; half characters become U+FFFD."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= longest else text[: longest - 1] + CUT
