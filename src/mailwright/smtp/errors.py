"""The errors of the protocol rooms: whose fault it is decides the class.

::

    ProtocolError
    ├── LocalProtocolError     this side was asked to do what the protocol forbids: a bug in the caller
    └── RemoteProtocolError    the other side did; carries the reply that a server should give

Whatever a peer sends can only raise the second; a caller's mistake only the first.
"""

from __future__ import annotations

from mailwright.mail.reply import Reply


class ProtocolError(Exception):
    """The conversation cannot go on as asked."""


class LocalProtocolError(ProtocolError):
    """The caller broke the protocol: a command out of order, or octets that no line may hold."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol.

    message: what it did, in words for a log.
    reply: what a server should answer; None where no answer would help, as when a server's own reply is unreadable.
    """

    def __init__(self, message: str, reply: Reply | None = None) -> None:
        """Keep both."""
        super().__init__(message)
        self.message = message
        self.reply = reply
