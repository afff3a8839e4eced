"""What can go wrong with a connection to a server.

::

    SmtpTrouble
    ├── ConnectRefused          nobody listens there, or a firewall says so
    ├── ConnectTimeout          (TimeoutError) no answer to the attempt to connect
    ├── NetworkUnreachable      there is no way to the address, or none from ours
    ├── ConnectionLost          (ConnectionError) it ended while something was awaited or sent
    ├── NoAnswer                (TimeoutError) a reply did not come in time
    ├── TlsTrouble              the connection could not be secured as it had to be
    ├── ServerRefused           the server refuses the session: banner, EHLO, STARTTLS, AUTH
    └── ProtocolBroken          what the server sent is no SMTP

What a server says about a message or a recipient is no trouble but a result: mailwright.smtp.transaction.
"""

from __future__ import annotations

from enum import StrEnum

from mailwright.mail.reply import Reply
from mailwright.smtp.transaction import Transaction
from mailwright.smtp.transcript import Step, Transcript


class SmtpTrouble(Exception):
    """The connection cannot go on.

    step: where it was.  detail: what was seen, in words.
    transcript: what was said so far.  transaction: the one that was going on; None where none was.
    """

    def __init__(self, step: Step, detail: str) -> None:
        """Keep both; the rest is added where it is known."""
        super().__init__(f"{step}: {detail}")
        self.step = step
        self.detail = detail
        self.transcript: Transcript | None = None
        self.transaction: Transaction | None = None


class ConnectRefused(SmtpTrouble):
    """The attempt to connect was turned down."""


class ConnectTimeout(SmtpTrouble, TimeoutError):
    """The attempt to connect was not answered."""


class NetworkUnreachable(SmtpTrouble):
    """The system knows no way to the address, or cannot use the local address."""


class ConnectionLost(SmtpTrouble, ConnectionError):
    """The server closed the connection, or the network did.

    uncertain: the message had been sent to its end; whether it was accepted nobody knows (RFC 5321 6.1).
    """

    def __init__(self, step: Step, detail: str, *, uncertain: bool = False) -> None:
        """See SmtpTrouble."""
        super().__init__(step, detail)
        self.uncertain = uncertain


class NoAnswer(SmtpTrouble, TimeoutError):
    """A reply did not come, or data were not taken.

    seconds: how long that was waited for.  uncertain: as in ConnectionLost.
    """

    def __init__(self, step: Step, seconds: float, *, uncertain: bool = False) -> None:
        """See SmtpTrouble."""
        super().__init__(step, f"no answer within {seconds:g} seconds")
        self.seconds = seconds
        self.uncertain = uncertain


class TlsProblem(StrEnum):
    """Why a connection could not be secured."""

    NOT_OFFERED = "not-offered"  # the server does not offer STARTTLS
    HANDSHAKE = "handshake"  # it failed for no reason that has its own word
    PLAINTEXT_ANSWER = "plaintext-answer"  # what came is no TLS
    OLD_VERSION = "old-version"  # the server speaks only versions that are not used any more
    NO_CERTIFICATE = "no-certificate"
    UNTRUSTED = "untrusted"  # no known authority vouches for the certificate
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_NAME = "wrong-name"  # the certificate is somebody else's
    DANE = "dane"  # it is not what the TLSA records say


class TlsTrouble(SmtpTrouble):
    """The connection could not be secured as the policy demands, or a handshake failed.

    After a handshake that failed the connection is gone; whether to try again in clear is for the caller to say.
    """

    def __init__(self, step: Step, problem: TlsProblem, detail: str) -> None:
        """See SmtpTrouble."""
        super().__init__(step, f"{problem}: {detail}")
        self.problem = problem


class ServerRefused(SmtpTrouble):
    """The server answered 4yz or 5yz where there is no going on."""

    def __init__(self, step: Step, reply: Reply) -> None:
        """See SmtpTrouble."""
        super().__init__(step, str(reply))
        self.reply = reply


class ProtocolBroken(SmtpTrouble):
    """The server broke the protocol; ``__cause__`` is the engine's RemoteProtocolError.

    uncertain: as in ConnectionLost.
    """

    def __init__(self, step: Step, detail: str, *, uncertain: bool = False) -> None:
        """See SmtpTrouble."""
        super().__init__(step, detail)
        self.uncertain = uncertain


#: OpenSSL's codes of a verification that failed (X509_V_ERR_…).
_BY_VERIFY_CODE = {9: TlsProblem.NOT_YET_VALID, 10: TlsProblem.EXPIRED, 62: TlsProblem.WRONG_NAME}
#: OpenSSL's reasons for a handshake that failed, by a part of them.
_BY_REASON = (
    ("WRONG_VERSION_NUMBER", TlsProblem.PLAINTEXT_ANSWER),
    ("PACKET_LENGTH_TOO_LONG", TlsProblem.PLAINTEXT_ANSWER),
    ("RECORD_LAYER_FAILURE", TlsProblem.PLAINTEXT_ANSWER),
    ("HTTP_REQUEST", TlsProblem.PLAINTEXT_ANSWER),
    ("UNKNOWN_PROTOCOL", TlsProblem.PLAINTEXT_ANSWER),
    ("PROTOCOL_VERSION", TlsProblem.OLD_VERSION),
    ("UNSUPPORTED_PROTOCOL", TlsProblem.OLD_VERSION),
    ("VERSION_TOO_LOW", TlsProblem.OLD_VERSION),
    # TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL 3 turns down by this name.
    ("LEGACY_SIGALG", TlsProblem.OLD_VERSION),
    ("CERTIFICATE_VERIFY_FAILED", TlsProblem.UNTRUSTED),
)


def tls_problem(reason: str, verify_code: int | None = None) -> TlsProblem:
    """Return what OpenSSL's reason, such as "WRONG_VERSION_NUMBER", and code of verification mean."""
    if verify_code:
        return _BY_VERIFY_CODE.get(verify_code, TlsProblem.UNTRUSTED)
    # Older releases of Python know fewer reasons by name and give OpenSSL's own words.
    name = reason.upper().replace(" ", "_")
    return next((problem for part, problem in _BY_REASON if part in name), TlsProblem.HANDSHAKE)
