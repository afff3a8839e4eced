"""SASL, the client's side: how SMTP and POP3 log in (RFC 4422; RFC 4954, RFC 5034).

A mechanism is asked for its initial response and then for an answer to each challenge; octets are decoded already, the
base64 belongs to the protocol.  ``finish`` is called once the server said that all is well: only then does a mechanism
that proves the server too say whether it did.  The server's side is in mailwright.smtp.sasl_server.

``choose`` picks the best mechanism that both sides can do.  It never picks one that shows the password or token to
whoever listens, unless the connection is secure or the caller allows it by name.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: Octets of one message of an exchange, decoded: what a line of 12,288 octets holds in base64 (RFC 4954 4).
LONGEST_MESSAGE = 9_214
#: Octets of a user or authorization identity and of a password: what RFC 4616 2 lets a server refuse above.
LONGEST_NAME = 255
LONGEST_PASSWORD = 255
#: Octets of an access token; what is left of a message beside a name (tokens in use have up to 4 KB).
LONGEST_TOKEN = 8_192
#: Rounds of PBKDF2 that a server may ask for (own choice: about a second of work; RFC 7677 4 recommends 4,096 or more).
MOST_ITERATIONS = 1_000_000
#: Octets of a refusal's details that are kept (own choice).
LONGEST_DETAIL = 1_000

_WHY = {
    "too-long": "a name, password, token or message is too long",
    "character": "a name, password or token has a character that the mechanism cannot carry",
    "no-credentials": "there is no password or token for it",
    "authorization": "the mechanism cannot carry another authorization identity",
    "out-of-step": "the server sent a challenge where none belongs",
    "bad-challenge": "the server's challenge cannot be read",
    "server-unproven": "the server did not prove that it knows the password",
    "none-offered": "the server offers no mechanism that can be used here",
    "clear-text": "the server offers only mechanisms that show the password, and the connection is not secure",
}


class SaslFault(Exception):
    """The exchange cannot begin, or not go on.

    why: a word: too-long, character, no-credentials, authorization, out-of-step, bad-challenge, server-unproven,
    none-offered, clear-text.  Neither it nor the message has anything secret in it.
    """

    def __init__(self, why: str, detail: str = "") -> None:
        """Keep both."""
        super().__init__(f"{_WHY[why]}: {detail}" if detail else _WHY[why])
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in, and with what.  What is secret is not shown by repr.

    user: the authentication identity.  password, token (OAuth 2): None where there is none.
    authorization: whom to act as, where that is another one than ``user``; "" for the same.
    """

    user: str
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    authorization: str = ""


class Mechanism(Protocol):
    """One exchange.  name: as in AUTH, such as "SCRAM-SHA-256"."""

    name: str

    def start(self) -> bytes | None:
        """Return the initial response; None where the server speaks first."""
        ...

    def respond(self, challenge: bytes) -> bytes:
        """Return the answer to a challenge; raises SaslFault.  SCRAM computes for up to a second here."""
        ...

    def finish(self) -> None:
        """Hear that the server accepted; raises SaslFault where it had to prove itself and did not."""
        ...


class _Base:
    """What the mechanisms have in common: credentials that fit, challenges that are not too long."""

    name = ""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._step = 0

    def respond(self, challenge: bytes) -> bytes:
        """See Mechanism."""
        if len(challenge) > LONGEST_MESSAGE:
            raise SaslFault("too-long", f"a challenge of {len(challenge)} octets")
        self._step += 1
        return self._answer(challenge)

    def _answer(self, challenge: bytes) -> bytes:
        del challenge
        raise SaslFault("out-of-step")

    def finish(self) -> None:
        """See Mechanism."""

    @property
    def _user(self) -> bytes:
        return _octets(self._credentials.user, LONGEST_NAME)

    @property
    def _password(self) -> bytes:
        if self._credentials.password is None:
            raise SaslFault("no-credentials")
        return _octets(self._credentials.password, LONGEST_PASSWORD)

    def _no_authorization(self) -> None:
        if self._credentials.authorization not in ("", self._credentials.user):
            raise SaslFault("authorization")


def _octets(text: str, longest: int) -> bytes:
    """Return ``text`` in UTF-8 where it can be carried; NUL separates the parts of PLAIN (RFC 4616 2)."""
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise SaslFault("character") from error
    if b"\x00" in raw:
        raise SaslFault("character")
    if len(raw) > longest:
        raise SaslFault("too-long", f"{len(raw)} octets where {longest} are allowed")
    return raw


class Plain(_Base):
    """PLAIN (RFC 4616)."""

    name = "PLAIN"

    def start(self) -> bytes:
        """See Mechanism.  RFC 4616 2: [authzid] NUL authcid NUL passwd."""
        authorization = _octets(self._credentials.authorization, LONGEST_NAME)
        return b"\x00".join((authorization, self._user, self._password))


class Login(_Base):
    """LOGIN, never standardised: user and password, whatever the words of the two challenges."""

    name = "LOGIN"

    def start(self) -> None:
        """See Mechanism."""
        self._no_authorization()

    def _answer(self, challenge: bytes) -> bytes:
        # The words of the challenges differ from server to server; only their order is the same.
        del challenge
        if self._step > 2:
            raise SaslFault("out-of-step")
        return self._user if self._step == 1 else self._password


class CramMd5(_Base):
    """CRAM-MD5 (RFC 2195)."""

    name = "CRAM-MD5"

    def start(self) -> None:
        """See Mechanism."""
        self._no_authorization()

    def _answer(self, challenge: bytes) -> bytes:
        if self._step > 1:
            raise SaslFault("out-of-step")
        if not challenge:
            raise SaslFault("bad-challenge", "an empty one")
        # RFC 2195 2: user name, a space, and the digest in lower-case hexadecimal.
        return b"%b %b" % (self._user, hmac.new(self._password, challenge, "md5").hexdigest().encode("ascii"))


class ScramSha256(_Base):
    """SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.

    nonce: printable ASCII without comma, at least 18 random octets' worth, never used twice.
    """

    name = "SCRAM-SHA-256"

    def __init__(self, credentials: Credentials, nonce: str) -> None:
        # It takes long to import, and most sessions log in otherwise or not at all.
        from scramp import ScramClient, ScramException  # type: ignore[import-untyped] # noqa: PLC0415

        super().__init__(credentials)
        self._no_authorization()
        user, password = self._user.decode(), self._password.decode()
        try:
            self._scram = ScramClient([self.name], user, password, c_nonce=nonce)
        except ScramException as error:
            raise SaslFault("character") from error
        self._proven = False

    def start(self) -> bytes:
        """See Mechanism."""
        return str(self._scram.get_client_first()).encode()

    def _answer(self, challenge: bytes) -> bytes:
        from scramp import ScramException  # noqa: PLC0415 - as above

        if self._step > 2:
            raise SaslFault("out-of-step")
        try:
            text = challenge.decode()
            return self._answer_first(text) if self._step == 1 else self._answer_final(text)
        except UnicodeDecodeError as error:
            raise SaslFault("bad-challenge") from error
        except ScramException as error:
            # The library's words tell what is wrong with the server's message; none of them is secret.
            raise SaslFault("bad-challenge", str(error)[:LONGEST_DETAIL]) from error

    def _answer_first(self, challenge: str) -> bytes:
        self._scram.set_server_first(challenge)
        if int(self._scram.iterations) > MOST_ITERATIONS:
            raise SaslFault("bad-challenge", f"more than {MOST_ITERATIONS} iterations")
        return str(self._scram.get_client_final()).encode()

    def _answer_final(self, challenge: str) -> bytes:
        self._scram.set_server_final(challenge)
        self._proven = True
        return b""

    def finish(self) -> None:
        """See Mechanism.

        RFC 5802 5: the client MUST check the server's signature, and a server that sends none has not authenticated.
        """
        if not self._proven:
            raise SaslFault("server-unproven")


class _Bearer(_Base):
    """What the two mechanisms with an OAuth 2 token have in common: a refusal comes as a challenge with details.

    refusal: those details, JSON as the server wrote it; "" before.
    """

    refusal = ""
    #: What the client says after the details.
    acknowledgement = b""

    @property
    def _token(self) -> bytes:
        token = self._credentials.token
        if token is None:
            raise SaslFault("no-credentials")
        # RFC 6750 2.1: b64token, which has no control character and no space.
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise SaslFault("character")
        return _octets(token, LONGEST_TOKEN)

    @property
    def _plain_user(self) -> bytes:
        user = self._user
        if b"\x01" in user:
            raise SaslFault("character")
        return user

    def _answer(self, challenge: bytes) -> bytes:
        if self._step > 1:
            raise SaslFault("out-of-step")
        self.refusal = challenge[:LONGEST_DETAIL].decode("utf-8", "replace")
        return self.acknowledgement

    def finish(self) -> None:
        """See Mechanism: nothing can follow a refusal but a refusal."""
        if self._step:
            raise SaslFault("out-of-step")


class XOAuth2(_Bearer):
    """XOAUTH2, of Google and Microsoft: user and access token; an empty answer follows a refusal."""

    name = "XOAUTH2"

    def start(self) -> bytes:
        """See Mechanism."""
        self._no_authorization()
        return b"user=%b\x01auth=Bearer %b\x01\x01" % (self._plain_user, self._token)


class OAuthBearer(_Bearer):
    """OAUTHBEARER (RFC 7628).  host, port: where the client connected to; "" and 0 leave them out."""

    name = "OAUTHBEARER"
    # RFC 7628 3.2.3: the client MUST send a single control-A after the details.
    acknowledgement = b"\x01"

    def __init__(self, credentials: Credentials, host: str = "", port: int = 0) -> None:
        super().__init__(credentials)
        self._host = host
        self._port = port

    def start(self) -> bytes:
        """See Mechanism.  RFC 7628 3.1: GS2 header, then pairs ended by control-A, then one control-A more."""
        who = self._credentials.authorization or self._credentials.user
        identity = _octets(who, LONGEST_NAME)
        if b"\x01" in identity or not self._host.isascii() or not (self._host or "x").isprintable():
            raise SaslFault("character")
        # RFC 5801 4: comma and equals sign are written "=2C" and "=3D" in the header.
        escaped = identity.replace(b"=", b"=3D").replace(b",", b"=2C")
        host = b"host=%b\x01" % self._host.encode("ascii") if self._host else b""
        port = b"port=%d\x01" % self._port if self._port else b""
        return b"n,a=%b,\x01%b%bauth=Bearer %b\x01\x01" % (escaped, host, port, self._token)


#: With a token; the standard one first.
_WITH_TOKEN: Mapping[str, Callable[[Credentials, str], Mechanism]] = {
    "OAUTHBEARER": lambda credentials, _: OAuthBearer(credentials),
    "XOAUTH2": lambda credentials, _: XOAuth2(credentials),
}
#: With a password, best first: what never shows it, what is least often broken, what makes servers keep it in clear.
_WITH_PASSWORD: Mapping[str, Callable[[Credentials, str], Mechanism]] = {
    "SCRAM-SHA-256": ScramSha256,
    "PLAIN": lambda credentials, _: Plain(credentials),
    "LOGIN": lambda credentials, _: Login(credentials),
    "CRAM-MD5": lambda credentials, _: CramMd5(credentials),
}
#: What shows the secret to whoever listens.
CLEAR = frozenset(("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"))
#: What carries another authorization identity.
_WITH_AUTHORIZATION = frozenset(("PLAIN", "OAUTHBEARER"))
#: All that this side can do.
CLIENT_MECHANISMS = (*_WITH_TOKEN, *_WITH_PASSWORD)


def choose(
    offered: Iterable[str], credentials: Credentials, *, nonce: str, secure: bool, allow_clear: bool = False
) -> Mechanism:
    """Return the best mechanism for what the server offers.

    offered: names in any case.  nonce: as in ScramSha256.  secure: whether the connection is under TLS.
    allow_clear: use mechanisms that show the secret also where it is not.
    Raises SaslFault: no-credentials, none-offered, clear-text, or what making the mechanism raises.
    """
    makers: dict[str, Callable[[Credentials, str], Mechanism]] = {}
    if credentials.token is not None:
        makers |= _WITH_TOKEN
    if credentials.password is not None:
        makers |= _WITH_PASSWORD
    if not makers:
        raise SaslFault("no-credentials")
    names = {name.upper() for name in offered}
    able = [name for name in makers if name in names]
    if credentials.authorization not in ("", credentials.user):
        able = [name for name in able if name in _WITH_AUTHORIZATION]
    # RFC 4954 4, RFC 4616 4: mechanisms that show the password are for secure connections only.
    safe = [name for name in able if secure or allow_clear or name not in CLEAR]
    if not safe:
        raise SaslFault("clear-text" if able else "none-offered", " ".join(sorted(names))[:LONGEST_DETAIL])
    return makers[safe[0]](credentials, nonce)
