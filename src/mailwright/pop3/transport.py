"""connect: a connection to a POP3 server.

``connect`` does all that comes before the login: the TCP connection, TLS, the greeting, CAPA, STLS by the policy, CAPA
again.  What the parts do stands in client_session and client_link.

    async with await connect(target, options) as connection:
        await connection.login(credentials)
        for number, uid in await connection.uidl():
            async for piece in connection.retrieve(number):
                ...
            await connection.delete(number)

Messages are deleted when ``quit`` returns, which leaving the block does, and not before: a block that is left by an
exception, ``abort`` and a lost connection delete nothing (RFC 1939 6).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Self, TypeVar

from mailwright.clock import Clock, SystemClock
from mailwright.pop3.apop import apop_digest, timestamp_of
from mailwright.pop3.capabilities import Capabilities, parse_capabilities
from mailwright.pop3.client import State
from mailwright.pop3.client_events import Answered, Challenged, Greeted, Listed, MessageBegun, MessageChunk
from mailwright.pop3.client_options import ConnectOptions
from mailwright.pop3.client_session import Session
from mailwright.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Dele,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from mailwright.pop3.responses import (
    DropListing,
    Response,
    ScanListing,
    UniqueId,
    parse_drop_listing,
    parse_scan_listing,
    parse_unique_id,
)
from mailwright.pop3.trouble import ConnectionLost, Pop3Trouble, ProtocolBroken, ServerRefused, TlsTrouble
from mailwright.smtp.certificate import certificate_facts, plain_faults
from mailwright.smtp.client_link import client_context
from mailwright.smtp.client_options import Target
from mailwright.smtp.errors import RemoteProtocolError
from mailwright.smtp.sasl import Credentials, Mechanism, SaslFault, choose
from mailwright.smtp.security import TlsMode, names_match
from mailwright.smtp.transcript import Entry, Step
from mailwright.smtp.trouble import TlsProblem

__all__ = ["ConnectOptions", "Connection", "Target", "connect"]

#: Octets of a nonce (RFC 7677 asks for at least 18).
_NONCE = 24

_Item = TypeVar("_Item")
_Given = TypeVar("_Given")


async def connect(
    target: Target,
    options: ConnectOptions,
    clock: Clock | None = None,
    watch: Callable[[Entry], None] | None = None,
) -> Connection:
    """Return a connection that is ready for ``login``.

    watch: called with each entry of the transcript as it happens.
    Raises Pop3Trouble, with the transcript so far, and OSError where the CA file cannot be read; nothing is left open
    then.
    """
    connection = Connection(target, options, clock or SystemClock(), watch)
    try:
        await connection.open()
    except BaseException:
        await connection.discard()
        raise
    return connection


class Connection(Session):
    """A connection to one server, made by ``connect``.  Not for more than one task at a time.

    What the server answers with -ERR raises ServerRefused and leaves the connection as it is.
    """

    # ---------------------------------------------------------------------------------------------- before the login

    async def open(self) -> None:
        """Do all that comes before the login; ``connect`` calls it once.  Raises Pop3Trouble."""
        target, options = self.target, self.options
        try:
            await self._link.open(target, options.local_address, options.timeouts.connect, deaf=options.policy.implicit)
        except Pop3Trouble as trouble:
            raise self._told(trouble) from trouble.__cause__
        self._recorder.note(Step.CONNECT, f"connected to {target.address} port {target.port}")
        if options.policy.implicit:
            await self._secure()
            self._engine.tls = True
        event = await self._next(Step.BANNER)
        if not isinstance(event, Greeted):
            raise self._told(ProtocolBroken(Step.BANNER, f"unexpected: {type(event).__name__}"))
        self.greeting = event.response
        if not event.response.ok:
            raise self._told(ServerRefused(Step.BANNER, event.response))
        await self._look_at_capabilities()
        if not self._engine.tls and await self._start_tls():
            # RFC 2595 4: what was offered in the clear MUST be forgotten.
            await self._look_at_capabilities()

    async def _look_at_capabilities(self) -> None:
        self.capabilities = Capabilities()
        try:
            event = await self._ask(Capa())
        except ServerRefused:
            # RFC 2449 5: a server that does not know CAPA knows RFC 1939 alone.
            return
        if isinstance(event, Listed):
            self.capabilities = parse_capabilities(event.lines)

    async def _start_tls(self) -> bool:
        """Do what the policy wants after CAPA; return whether TLS has begun."""
        policy = self.options.policy
        if policy.mode is TlsMode.NONE and not policy.demands_tls:
            return False
        if not self.capabilities.stls:
            if policy.demands_tls:
                raise self._told(TlsTrouble(Step.STARTTLS, TlsProblem.NOT_OFFERED, "the server offers no STLS"))
            return False
        try:
            await self._ask(Stls())
        except ServerRefused:
            if policy.demands_tls:
                raise
            return False
        await self._secure()
        self._engine.tls_established()
        self._link.hear_early()
        return True

    async def _secure(self) -> None:
        """Make the handshake, and look at the certificate as the policy wants."""
        options, demands = self.options, self.options.policy.mode is TlsMode.VERIFY
        context = options.ssl_context or client_context(options.ca_file, verify=demands)
        try:
            shake = await self._link.secure(context, self.names[0].rstrip("."), options.timeouts.tls_handshake)
        except Pop3Trouble as trouble:
            raise self._told(trouble) from trouble.__cause__
        self._handshake = shake
        self._recorder.note(Step.TLS, f"{shake.version}, {shake.cipher}")
        if not demands:
            return
        facts = certificate_facts(shake.certificate) if shake.certificate else None
        if facts is None:
            raise self._told(TlsTrouble(Step.TLS, TlsProblem.NO_CERTIFICATE, "the server sent none that can be read"))
        # RFC 9525 6: the certificate must be for one of the names.
        if not names_match(facts.names, self.names):
            (fault, *_) = plain_faults(facts, self.names, facts.not_before)
            raise self._told(TlsTrouble(Step.TLS, TlsProblem.WRONG_NAME, fault))
        self._verified = True

    # ------------------------------------------------------------------------------------------------------- the login

    async def login(self, credentials: Credentials, *, allow_clear: bool = False) -> Response:
        """Log in by the best way that both sides know: SASL, else USER and PASS.

        allow_clear: send a password or token also where the connection is not under TLS.
        Raises LoginRefused, after which another attempt is possible; SaslFault where there is no way; Pop3Trouble.
        """
        offered = self.capabilities.mechanisms
        nonce = secrets.token_urlsafe(_NONCE)
        try:
            mechanism = choose(offered, credentials, nonce=nonce, secure=self._engine.tls, allow_clear=allow_clear)
        except SaslFault as fault:
            # A server that lists no mechanism that can be used still knows USER and PASS.
            if fault.why != "none-offered" or credentials.password is None or credentials.authorization:
                raise
            if not (self._engine.tls or allow_clear):
                raise SaslFault("clear-text", "USER and PASS") from None
            return await self.user(credentials.user, credentials.password)
        return await self.authenticate(mechanism)

    async def user(self, name: str, password: str) -> Response:
        """Log in with USER and PASS, whatever the connection (RFC 1939 7).

        Raises LocalProtocolError for a name or password that no line can carry; otherwise as ``login``.
        """
        await self._ask(User(name))
        return (await self._ask(Pass(password))).response

    async def apop(self, name: str, password: str) -> Response:
        """Log in with APOP (RFC 1939 7); SaslFault none-offered where the greeting has no timestamp."""
        stamp = timestamp_of(self.greeting.text) if self.greeting is not None else None
        if stamp is None:
            raise SaslFault("none-offered", "APOP")
        return (await self._ask(Apop(name, apop_digest(stamp, password)))).response

    async def authenticate(self, mechanism: Mechanism) -> Response:
        """Log in with a mechanism of SASL (RFC 5034).

        Raises LoginRefused; SaslFault where the exchange cannot go on, after which the connection is of use only if the
        server did not accept; Pop3Trouble.
        """
        self._send(Auth(mechanism.name, mechanism.start()))
        fault: SaslFault | None = None
        while isinstance(event := await self._next(Step.AUTH), Challenged):
            try:
                # Deriving keys takes long; in a thread it holds up nobody else.
                self._engine.respond(await self._link.in_thread(mechanism.respond, event.data))
            except SaslFault as error:
                fault = error
                self._engine.cancel()
            self._recorder.sent(Step.AUTH, b"AUTH" if fault is None else b"*")
            self._link.flush()
        if fault is not None:
            raise fault
        if not isinstance(event, Answered):
            raise self._told(ProtocolBroken(Step.AUTH, f"unexpected: {type(event).__name__}"))
        response = self._accepted(Step.AUTH, event).response
        try:
            mechanism.finish()
        except SaslFault:
            # The server says yes and has not proven that it may.
            self.abort()
            raise
        return response

    async def enable_utf8(self) -> None:
        """Ask for headers and words in UTF-8 (RFC 6856 2.1); before the login, where ``capabilities.utf8``."""
        await self._ask(Utf8())

    # ---------------------------------------------------------------------------------------------------- the maildrop

    async def stat(self) -> DropListing:
        """Return how many messages there are, without those marked as deleted, and their octets."""
        self._recorder.begin_transaction()
        return self._read(parse_drop_listing, (await self._ask(Stat())).response)

    async def list(self) -> tuple[ScanListing, ...]:
        """Return the sizes of all messages."""
        self._recorder.begin_transaction()
        event = await self._ask(List())
        return tuple(self._read(parse_scan_listing, line) for line in _lines(event))

    async def uidl(self) -> tuple[UniqueId, ...]:
        """Return the unique-ids of all messages; ServerRefused where the server has none."""
        self._recorder.begin_transaction()
        event = await self._ask(Uidl())
        return tuple(self._read(parse_unique_id, line) for line in _lines(event))

    def retrieve(self, number: int) -> AsyncGenerator[bytes, None]:
        """Yield a message in pieces of any size, its lines ended as the server has them, most often by CRLF.

        A message is whole when the generator ends by itself.  Leaving it earlier closes the connection.
        Raises ServerRefused before the first piece, Pop3Trouble.
        """
        return self._text(Retr(number))

    def top(self, number: int, lines: int) -> AsyncGenerator[bytes, None]:
        """Yield a message's headers and so many lines of its body; otherwise as ``retrieve``."""
        return self._text(Top(number, lines))

    async def _text(self, command: Retr | Top) -> AsyncGenerator[bytes, None]:
        self._recorder.begin_transaction()
        step = self._send(command)
        event = await self._next(step)
        if isinstance(event, Answered):
            self._accepted(step, event)
        whole = False
        try:
            while isinstance(event, MessageBegun | MessageChunk):
                if isinstance(event, MessageChunk):
                    yield event.data
                event = await self._next(step)
            whole = True
        finally:
            if not whole:
                # The rest of it is on its way: what is read next could not be told from it.
                self.abort()

    async def delete(self, number: int) -> None:
        """Mark a message as deleted; it is when ``quit`` returns."""
        self._recorder.begin_transaction()
        await self._ask(Dele(number))
        self._deleting = True

    async def reset(self) -> None:
        """Take all marks back."""
        await self._ask(Rset())
        self._deleting = False

    async def noop(self) -> None:
        """Do nothing, so that the server does not take the connection for idle."""
        await self._ask(Noop())

    # --------------------------------------------------------------------------------------------------------- the end

    async def quit(self) -> None:
        """Say QUIT, and close: what was marked is deleted when this returns.

        Raises Pop3Trouble where messages were marked and nobody knows whether they are deleted, or ServerRefused where
        the server says that some are not; nothing where none was marked.
        """
        try:
            if self._engine.state in (State.AUTHORIZATION, State.TRANSACTION) and not self._engine.under_way:
                self._quitting = True
                await self._ask(Quit())
            elif self._deleting:
                # It ended before QUIT was sent, so nothing has been deleted.
                raise self._told(ConnectionLost(Step.QUIT, "the connection has ended, nothing was deleted"))
        except Pop3Trouble:
            if self._deleting:
                raise
        finally:
            await self._link.close(self.options.timeouts.quit)

    def abort(self) -> None:
        """Close at once; nothing is deleted."""
        self._link.abort()

    async def discard(self) -> None:
        """Close at once, and wait until that is done; nothing is deleted."""
        self._link.abort()
        await self._link.close(self.options.timeouts.quit)

    async def __aenter__(self) -> Self:
        """Return the connection."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Quit, or after an exception close without it, so that nothing is deleted."""
        if kind is None:
            await self.quit()
        else:
            await self.discard()

    def _read(self, reader: Callable[[_Given], _Item], given: _Given) -> _Item:
        """Return what ``reader`` makes of a part of an answer; raises ProtocolBroken where it cannot be read."""
        try:
            return reader(given)
        except RemoteProtocolError as error:
            raise self._told(ProtocolBroken(Step.OTHER, error.message)) from error


def _lines(event: Answered | Listed) -> tuple[str, ...]:
    return event.lines if isinstance(event, Listed) else ()
