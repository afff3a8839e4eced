"""ClientEngine: the client of SMTP (RFC 5321) and LMTP (RFC 2033) without I/O.

Four verbs join it to the world: ``receive_data`` and ``receive_eof`` take what the network brings, ``events`` says what
that meant, ``data_to_send`` is what to write.  In between the caller asks for what it wants: ``hello``, ``start_tls``,
``authenticate``, ``begin``, ``quit`` and so on.

Theory of operation
-------------------

Every line that is sent puts what it awaits at the end of a queue; every reply takes the first of that queue.  So one
rule serves commands sent one by one and in groups (RFC 2920), and a reply that nothing awaits is the server's fault;
except 421, which may come at any time (RFC 5321 3.8), and a refusal while the message is still being sent, after which
nothing more can be said.

A transaction is one call: ``begin`` sends MAIL, all RCPT and DATA together where the server offers PIPELINING, else one
after the other, and leaves out what has become pointless.  A transaction that did not come to its end leaves the server
with one begun; RSET then goes out before the next MAIL, in the same group.

With DATA the content is asked for by 354; with BDAT (RFC 3030) as soon as a recipient was accepted.  BDAT is used for
BINARYMIME, which needs it, or where ``prefer_chunking`` says so.

The states, and the table of what may be asked for in which, are in client_state.

* Nothing read before the handshake survives it: octets behind the reply to STARTTLS are an error, and capabilities and
  the name given in EHLO are forgotten (RFC 3207 4.2).
* Hostile octets raise RemoteProtocolError and nothing else, a caller's mistake LocalProtocolError; after the first the
  engine is of no use any more.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from mailwright.mail.reply import Reply
from mailwright.smtp.capabilities import Capabilities, parse_capabilities
from mailwright.smtp.client_events import (
    Answered,
    Challenged,
    TlsReady,
)
from mailwright.smtp.client_state import Awaited, Role, State
from mailwright.smtp.client_transaction import TransactionEngine
from mailwright.smtp.commands import (
    Auth,
    Command,
    Ehlo,
    Expn,
    Helo,
    Help,
    Lhlo,
    Noop,
    Quit,
    Rset,
    StartTls,
    Vrfy,
    to_bytes,
)
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.sasl import LONGEST_MESSAGE
from mailwright.smtp.transcript import Step

#: Octets of a command line with its CRLF; a longer AUTH sends its initial response alone (RFC 4954 4).
LONGEST_COMMAND = 512
#: Replies to EHLO that mean that it is not known: HELO may be (RFC 5321 3.2, 4.1.1.1; RFC 1869 4.5).
_NO_EHLO = frozenset((500, 501, 502, 504))


class ClientEngine(TransactionEngine):
    """One connection, seen from the client; its attributes are described at EngineCore."""

    def hello(self, name: str) -> None:
        """Send EHLO, or LHLO; HELO follows by itself where the server does not know EHLO.

        name: our host name, or an address literal (RFC 5321 4.1.3).
        """
        self._check("hello")
        self._hello_name = name
        command: Command = Lhlo(name) if self.settings.role is Role.LMTP else Ehlo(name)
        self._send(Step.EHLO, to_bytes(command))

    def start_tls(self) -> None:
        """Send STARTTLS; TlsReady or a refusal is the answer."""
        self._check("start_tls")
        if self.tls or not self.capabilities.starttls:
            raise LocalProtocolError("STARTTLS is not offered, or TLS has begun already")
        self._send(Step.STARTTLS, to_bytes(StartTls()))

    def tls_started(self) -> None:
        """Hear that the handshake is done; ``hello`` comes next."""
        self._check("tls_started")
        # RFC 3207 4.2: the client MUST discard any knowledge obtained from the server before the handshake.
        self.capabilities = Capabilities()
        self.authenticated = False
        self._reader = self._new_reader()
        self.tls = True
        self.state = State.HELLO

    def authenticate(self, mechanism: str, initial: bytes | None = None) -> None:
        """Send AUTH; Challenged or Answered follows.

        initial: the initial response, None for none; one that makes the line too long is sent after it.
        """
        self._check("authenticate")
        # RFC 4954 3: after a successful AUTH command no more may be issued in the session.
        if self.authenticated:
            raise LocalProtocolError("authenticated already")
        line = to_bytes(Auth(mechanism, initial))
        self._initial = None
        if len(line) > LONGEST_COMMAND:
            line, self._initial = to_bytes(Auth(mechanism)), initial
        self._send(Step.AUTH, line)
        self.state = State.AUTH

    def respond(self, response: bytes) -> None:
        """Answer Challenged."""
        self._check("respond")
        if len(response) > LONGEST_MESSAGE:
            raise LocalProtocolError(f"a response of {len(response)} octets")
        self._send(Step.AUTH, b64encode(response) + b"\r\n")

    def cancel(self) -> None:
        """Answer Challenged by giving up; the server then refuses AUTH with 501 (RFC 4954 4)."""
        self._check("respond")
        self._send(Step.AUTH, b"*\r\n")

    def reset(self) -> None:
        """Send RSET."""
        self._check("ask")
        self._begun = False
        self._send(Step.RESET, to_bytes(Rset()))

    def ask(self, command: Noop | Vrfy | Expn | Help) -> None:
        """Send a command that changes nothing."""
        self._check("ask")
        self._send(Step.OTHER, to_bytes(command))

    def quit(self) -> None:
        """Send QUIT; nothing else can be sent afterwards."""
        self._check("quit")
        self._send(Step.QUIT, to_bytes(Quit()))
        self.state = State.CLOSING

    def _answer(self, awaited: Awaited, reply: Reply) -> None:
        match awaited.step:
            case Step.MAIL | Step.RCPT | Step.DATA | Step.MESSAGE:
                self._answer_transaction(awaited, reply)
            case Step.BANNER:
                self._on_banner(reply)
            case Step.EHLO:
                self._on_hello(awaited, reply)
            case Step.STARTTLS:
                self._on_starttls(reply)
            case Step.AUTH:
                self._on_auth(reply)
            case _:
                self._on_other(awaited, reply)

    def _on_banner(self, reply: Reply) -> None:
        # RFC 5321 3.1: after 554 the client still sends QUIT before it closes.
        self.state = State.HELLO if reply.completes else State.CLOSING
        self._events.append(Answered(Step.BANNER, reply))

    def _on_hello(self, awaited: Awaited, reply: Reply) -> None:
        if reply.code in _NO_EHLO and awaited.place is None and self.settings.role is Role.SMTP:
            self._send(Step.EHLO, to_bytes(Helo(self._hello_name)), -1)
            return
        if reply.completes:
            offered = parse_capabilities(reply)
            # HELO has no extensions, whatever its reply looks like.
            self.capabilities = offered if awaited.place is None else Capabilities(greeting=offered.greeting)
            # RFC 5321 4.1.4: EHLO clears a transaction as RSET does.
            self._begun = False
            self.state = State.READY
        self._events.append(Answered(Step.EHLO, reply))

    def _on_starttls(self, reply: Reply) -> None:
        if not reply.completes:
            self._events.append(Answered(Step.STARTTLS, reply))
            return
        if not self._reader.is_empty:
            raise RemoteProtocolError("octets in clear after the reply to STARTTLS")
        self.state = State.HANDSHAKE
        self._events.append(TlsReady(reply))

    def _on_auth(self, reply: Reply) -> None:
        if not reply.continues:
            self.state = State.READY
            self.authenticated = reply.completes
            self._initial = None
            self._events.append(Answered(Step.AUTH, reply))
            return
        if reply.code != 334:
            raise RemoteProtocolError(f"{reply.code} is no reply to AUTH")
        if self._initial is not None:
            response, self._initial = self._initial, None
            self._send(Step.AUTH, b64encode(response) + b"\r\n")
            return
        self._events.append(Challenged(self._challenge(reply)))

    def _challenge(self, reply: Reply) -> bytes:
        """RFC 4954 4: a challenge is 334, a space, and base64."""
        # A status code would be taken from the text by the reader; no base64 looks like one.
        text = "".join(reply.lines).strip()
        try:
            return b64decode(text.encode("ascii"), validate=True)
        except (Base64Error, ValueError) as error:
            raise RemoteProtocolError("a challenge that is no base64") from error

    def _on_other(self, awaited: Awaited, reply: Reply) -> None:
        if awaited.place != -1:
            self._events.append(Answered(awaited.step, reply))
        elif self._transaction is not None:
            # RSET before MAIL; where it was refused, MAIL will be.
            self._envelope_goes_on()
