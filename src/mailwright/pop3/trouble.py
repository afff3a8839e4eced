"""What can go wrong with a connection to a POP3 server.

::

    Pop3Trouble
    ├── ConnectRefused          nobody listens there, or a firewall says so
    ├── ConnectTimeout          (TimeoutError) no answer to the attempt to connect
    ├── NetworkUnreachable      there is no way to the address, or none from ours
    ├── ConnectionLost          (ConnectionError) it ended while something was awaited
    ├── NoAnswer                (TimeoutError) an answer did not come in time
    ├── TlsTrouble              the connection could not be secured as it had to be
    ├── ServerRefused           the server answered -ERR
    │   └── LoginRefused        to name and password, or what stands for them
    └── ProtocolBroken          what the server sent is no POP3

The first five and ProtocolBroken end the connection, and so does ServerRefused in place of a greeting.  Whatever ends
it, nothing has been deleted unless ``uncertain`` says that it may have been.
"""

from __future__ import annotations

from mailwright.pop3.responses import Response
from mailwright.smtp.transcript import Step, Transcript
from mailwright.smtp.trouble import TlsProblem


class Pop3Trouble(Exception):
    """Something could not be done.

    step: where it was.  detail: what was seen, in words.  transcript: what was said so far.
    uncertain: QUIT was sent for messages to be deleted, and nobody knows whether they are (RFC 1939 6).
    """

    def __init__(self, step: Step, detail: str, *, uncertain: bool = False) -> None:
        """Keep them; the transcript is added where it is known."""
        super().__init__(f"{step}: {detail}")
        self.step = step
        self.detail = detail
        self.uncertain = uncertain
        self.transcript: Transcript | None = None


class ConnectRefused(Pop3Trouble):
    """The attempt to connect was turned down."""


class ConnectTimeout(Pop3Trouble, TimeoutError):
    """The attempt to connect was not answered."""


class NetworkUnreachable(Pop3Trouble):
    """The system knows no way to the address, or cannot use the local address."""


class ConnectionLost(Pop3Trouble, ConnectionError):
    """The server closed the connection, or the network did.

    last: what the server said before, unasked; None where it said nothing.
    """

    def __init__(self, step: Step, detail: str, *, last: Response | None = None, uncertain: bool = False) -> None:
        """See Pop3Trouble."""
        super().__init__(step, detail, uncertain=uncertain)
        self.last = last


class NoAnswer(Pop3Trouble, TimeoutError):
    """An answer, or the rest of one, did not come.  seconds: how long it was waited for."""

    def __init__(self, step: Step, seconds: float, *, uncertain: bool = False) -> None:
        """See Pop3Trouble."""
        super().__init__(step, f"no answer within {seconds:g} seconds", uncertain=uncertain)
        self.seconds = seconds


class TlsTrouble(Pop3Trouble):
    """The connection could not be secured as the policy demands, or a handshake failed."""

    def __init__(self, step: Step, problem: TlsProblem, detail: str) -> None:
        """See Pop3Trouble."""
        super().__init__(step, f"{problem}: {detail}")
        self.problem = problem


class ServerRefused(Pop3Trouble):
    """The server answered -ERR; with ``uncertain`` to QUIT, when some messages are not deleted (RFC 1939 6)."""

    def __init__(self, step: Step, response: Response, *, uncertain: bool = False) -> None:
        """See Pop3Trouble."""
        super().__init__(step, str(response), uncertain=uncertain)
        self.response = response


class LoginRefused(ServerRefused):
    """The server did not let the user in; ``response.code`` says more where it has one."""


class ProtocolBroken(Pop3Trouble):
    """The server broke the protocol; ``__cause__`` is the engine's RemoteProtocolError where it saw it."""
