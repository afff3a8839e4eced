"""Application and Maildrop: what stands behind a POP3 server's transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from mailwright.pop3.responses import Response
from mailwright.pop3.server_events import Entry
from mailwright.smtp.sasl_server import CheckPassword, ScramSecret
from mailwright.smtp.server_application import Peer

#: What ``Application.secret`` is asked for beside the names of SASL mechanisms.
APOP = "APOP"


class MaildropRefused(Exception):
    """A maildrop cannot be opened, read or changed; the client is told ``response``, an -ERR."""

    def __init__(self, response: Response) -> None:
        """Keep the response."""
        super().__init__(str(response))
        self.response = response


class Maildrop(Protocol):
    """The messages of one user, locked for one session (RFC 1939 4) and standing still as long as it lasts."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The messages; the first has number 1."""
        ...

    def read(self, number: int) -> AsyncGenerator[bytes, None]:
        """Yield the message in pieces of any size, lines ended by CRLF; closed once nothing more is wanted.

        Raises MaildropRefused where it cannot be read.  After the first piece the connection is cut for that.
        """
        ...

    async def remove(self, numbers: Sequence[int]) -> None:
        """Delete messages for good; called at most once, after QUIT (RFC 1939 6).

        Raises MaildropRefused where some of them are still there.
        """
        ...

    def release(self) -> None:
        """Give up the lock; called once, whatever happened before."""
        ...


class Application(Protocol):
    """Who may log in, and to what.

    Any other exception than those named is answered with [SYS/TEMP] and reported to the event loop's exception handler.
    """

    async def check(self, given: CheckPassword, peer: Peer) -> str | None:
        """Return the user whose maildrop this name and password open; None where they are not right.

        That is ``given.user``, its canonical name, or ``given.authorization`` where that one may be acted for.
        """
        ...

    async def secret(self, user: str, mechanism: str) -> str | ScramSecret | None:
        """Return what the mechanism needs to know of the user's password; None where there is no such user.

        mechanism: "SCRAM-SHA-256", for which it is a ScramSecret; "CRAM-MD5" and APOP, the password itself.  Asked only
        for mechanisms that ServerSettings offers.
        """
        ...

    async def open(self, user: str, peer: Peer) -> Maildrop:
        """Return the user's maildrop, locked.  Raises MaildropRefused, [IN-USE] where it is locked already."""
        ...
