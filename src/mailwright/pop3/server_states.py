"""The states of a server's session; the table of what moves between them is in mailwright.pop3.server."""

from __future__ import annotations

from enum import StrEnum

from mailwright.pop3.responses import Response


class State(StrEnum):
    """Where a session is."""

    BANNER = "banner"
    AUTHORIZATION = "authorization"
    SASL = "sasl"
    TLS = "tls"
    TRANSACTION = "transaction"
    TEXT = "text"
    UPDATE = "update"
    CLOSED = "closed"


BEFORE_LOGIN = (State.AUTHORIZATION,)
AFTER_LOGIN = (State.TRANSACTION,)
BOTH = (State.AUTHORIZATION, State.TRANSACTION)

#: The answer to a command in a state where it does not belong.
MISPLACED = {
    State.AUTHORIZATION: Response(ok=False, text="Log in first"),
    State.TRANSACTION: Response(ok=False, text="You are logged in already"),
}
