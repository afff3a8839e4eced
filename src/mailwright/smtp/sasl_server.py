"""SASL, the server's side: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256 (RFC 4422).

An exchange hands out what is to be done next, as a value, and takes what came of it:

* ``Challenge``: send it, and give the client's answer to ``respond``.
* ``CheckPassword``: the exchange is over; whether the password is right, and whether this user may act as another, is
  for the caller to find out and to answer.
* ``NeedSecret``: look up what is kept of the user's password and give it to ``secret``.
* ``Accepted``, ``Rejected``: the end.

So nothing here waits, and how passwords are kept is nobody's business but the caller's.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Protocol

from scramp import ScramException, ScramMechanism  # type: ignore[import-untyped]

from mailwright.smtp.sasl import LONGEST_MESSAGE, LONGEST_NAME, LONGEST_PASSWORD, SaslFault


@dataclass(frozen=True, slots=True)
class Challenge:
    """Send ``data``, in base64, and wait for an answer."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """Find out whether ``password`` is that of ``user``.

    authorization: whom the user wants to act as; "" for the user's own.
    """

    user: str
    password: str = field(repr=False)
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class NeedSecret:
    """Look up the secret of ``user`` and give it to ``secret``: the password for CRAM-MD5, a ScramSecret for SCRAM."""

    user: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The client is ``user``."""

    user: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """It is not, or did not keep to the mechanism.

    why: malformed (what came is no message of the mechanism), too-long, unknown-user, wrong-password, out-of-step.  The
    client must not be told the difference between an unknown user and a wrong password.
    """

    why: str


Step = Challenge | CheckPassword | NeedSecret | Accepted | Rejected


@dataclass(frozen=True, slots=True)
class ScramSecret:
    """What a server keeps for SCRAM instead of the password (RFC 5802 3).

    salt: at least 12 octets.  stored_key, server_key: 32 octets each.  iterations: 4,096 or more.
    """

    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    iterations: int

    @classmethod
    def derive(cls, password: str, salt: bytes, iterations: int) -> ScramSecret:
        """Return what is to be kept of ``password``; takes long, as it should.

        Raises SaslFault for a password that SASLprep forbids, a short salt, or too few iterations.
        """
        try:
            kept, stored_key, server_key, rounds = ScramMechanism("SCRAM-SHA-256").make_auth_info(
                password, iterations, salt
            )
        except ScramException as error:
            raise SaslFault("character", str(error)) from error
        return cls(kept, stored_key, server_key, rounds)


class Exchange(Protocol):
    """One exchange of one client."""

    def start(self, initial: bytes | None) -> Step:
        """Begin; ``initial`` is the client's initial response, None where it sent none."""
        ...

    def respond(self, response: bytes) -> Step:
        """Take the client's answer to a Challenge."""
        ...

    def secret(self, secret: str | ScramSecret | None) -> Step:
        """Take the answer to NeedSecret; None where there is no such user."""
        ...


class _Base:
    """An exchange in which anything unexpected is a rejection."""

    def __init__(self) -> None:
        self._over = False

    def start(self, initial: bytes | None) -> Step:
        """See Exchange: a challenge of no octets asks for the initial response that was not sent (RFC 4954 4)."""
        return Challenge(b"") if initial is None else self.respond(initial)

    def respond(self, response: bytes) -> Step:
        """See Exchange."""
        if self._over:
            return Rejected("out-of-step")
        step: Step = Rejected("too-long") if len(response) > LONGEST_MESSAGE else self._take(response)
        self._over = not isinstance(step, Challenge | NeedSecret)
        return step

    def _take(self, response: bytes) -> Step:
        raise NotImplementedError

    def secret(self, secret: str | ScramSecret | None) -> Step:
        """See Exchange."""
        del secret
        self._over = True
        return Rejected("out-of-step")


def _text(raw: bytes, longest: int) -> str | None:
    """Return what a client sent as a name or a password; None where it cannot be one."""
    if not raw or len(raw) > longest or b"\x00" in raw:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


class PlainExchange(_Base):
    """PLAIN (RFC 4616)."""

    def _take(self, response: bytes) -> Step:
        parts = response.split(b"\x00")
        if len(parts) != 3:
            return Rejected("malformed")
        user, password = _text(parts[1], LONGEST_NAME), _text(parts[2], LONGEST_PASSWORD)
        authorization = _text(parts[0], LONGEST_NAME) if parts[0] else ""
        if user is None or password is None or authorization is None:
            return Rejected("malformed")
        return CheckPassword(user, password, "" if authorization == user else authorization)


class LoginExchange(_Base):
    """LOGIN: the user, then the password."""

    def __init__(self) -> None:
        super().__init__()
        self._user: str | None = None

    def start(self, initial: bytes | None) -> Step:
        """See Exchange; some clients send the user as initial response."""
        return Challenge(b"Username:") if initial is None else self.respond(initial)

    def _take(self, response: bytes) -> Step:
        if self._user is None:
            self._user = _text(response, LONGEST_NAME)
            return Rejected("malformed") if self._user is None else Challenge(b"Password:")
        password = _text(response, LONGEST_PASSWORD)
        return Rejected("malformed") if password is None else CheckPassword(self._user, password)


class CramMd5Exchange(_Base):
    """CRAM-MD5 (RFC 2195).  challenge: never the same twice, in the form of a message identifier."""

    def __init__(self, challenge: bytes) -> None:
        super().__init__()
        self._challenge = challenge
        self._user: str | None = None
        self._digest = b""

    def start(self, initial: bytes | None) -> Step:
        """See Exchange; the server speaks first."""
        self._over = initial is not None
        return Challenge(self._challenge) if initial is None else Rejected("malformed")

    def _take(self, response: bytes) -> Step:
        name, space, digest = response.rpartition(b" ")
        user = _text(name, LONGEST_NAME)
        if not space or user is None or len(digest) != 32 or self._user is not None:
            return Rejected("malformed")
        self._user, self._digest = user, digest
        return NeedSecret(user)

    def secret(self, secret: str | ScramSecret | None) -> Step:
        """See Exchange.

        Raises SaslFault for a secret that is no password.
        """
        if self._over or self._user is None:
            return Rejected("out-of-step")
        self._over = True
        if secret is None:
            return Rejected("unknown-user")
        if not isinstance(secret, str):
            raise SaslFault("no-credentials", "CRAM-MD5 needs the password itself")
        right = hmac.new(secret.encode(), self._challenge, "md5").hexdigest().encode("ascii")
        return Accepted(self._user) if hmac.compare_digest(right, self._digest) else Rejected("wrong-password")


class ScramExchange(_Base):
    """SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.  nonce: as in mailwright.smtp.sasl.ScramSha256.

    A caller that does not want unknown users to be told from known ones gives an invented secret, the same each time.
    """

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self._mechanism = ScramMechanism("SCRAM-SHA-256")
        self._nonce = nonce
        self._first: str | None = None
        self._user = ""
        self._kept: ScramSecret | None = None
        self._server = self._mechanism.make_server(self._look_up, s_nonce=nonce)
        self._proven = False

    def _look_up(self, user: str) -> tuple[bytes, bytes, bytes, int] | None:
        """Give the library what is known: at first nothing, so that it only tells the user's name."""
        self._user = user
        kept = self._kept
        return (kept.salt, kept.stored_key, kept.server_key, kept.iterations) if kept else None

    def _take(self, response: bytes) -> Step:
        if self._proven:
            # The client acknowledges the server's signature with nothing.
            return Accepted(self._user) if not response else Rejected("malformed")
        try:
            text = response.decode()
        except UnicodeDecodeError:
            return Rejected("malformed")
        if self._first is None:
            return self._take_first(text)
        if self._kept is None:
            return Rejected("out-of-step")
        try:
            self._server.set_client_final(text)
            final = str(self._server.get_server_final())
        except ScramException as error:
            wrong = error.server_error is not None and error.server_error.value == "invalid-proof"
            return Rejected("wrong-password" if wrong else "malformed")
        self._proven = True
        return Challenge(final.encode())

    def _take_first(self, text: str) -> Step:
        try:
            self._server.set_client_first(text)
        except ScramException:
            if not self._user or len(self._user.encode()) > LONGEST_NAME:
                return Rejected("malformed")
        self._first = text
        return NeedSecret(self._user)

    def secret(self, secret: str | ScramSecret | None) -> Step:
        """See Exchange.

        Raises SaslFault for a secret that is no ScramSecret.
        """
        if self._over or self._first is None or self._kept is not None:
            return Rejected("out-of-step")
        if secret is None:
            self._over = True
            return Rejected("unknown-user")
        if not isinstance(secret, ScramSecret):
            raise SaslFault("no-credentials", "SCRAM needs a ScramSecret")
        self._kept = secret
        self._server = self._mechanism.make_server(self._look_up, s_nonce=self._nonce)
        try:
            self._server.set_client_first(self._first)
            return Challenge(str(self._server.get_server_first()).encode())
        except ScramException as error:
            raise SaslFault("no-credentials", f"the kept secret is not usable: {error}") from error


#: What this side can do, best first.
SERVER_MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5")


def exchange(mechanism: str, nonce: str, host: str) -> Exchange:
    """Return an exchange of ``mechanism``, one of SERVER_MECHANISMS.

    nonce: as in ScramExchange.  host: the server's name, which CRAM-MD5 shows.
    Raises SaslFault for another mechanism.
    """
    match mechanism:
        case "PLAIN":
            return PlainExchange()
        case "LOGIN":
            return LoginExchange()
        case "CRAM-MD5":
            return CramMd5Exchange(f"<{nonce}@{host}>".encode())
        case "SCRAM-SHA-256":
            return ScramExchange(nonce)
        case _:
            raise SaslFault("none-offered", mechanism[:LONGEST_NAME])
