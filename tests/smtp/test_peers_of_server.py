"""Programs that others wrote send mail to our server: what they expect of one, ours does."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from shutil import which

import aiosmtplib
import pytest
import trustme

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.sasl_server import Accepted, Challenge, CheckPassword, Exchange, NeedSecret, Step, exchange
from mailwright.smtp.server_application import Answering, Application
from mailwright.smtp.server_events import AuthGiven, AuthResponse, MessageGiven
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import AuthOffer, ServerSettings
from mailwright.smtp.server_transport import Server, serve

USER, PASSWORD = "anna", "correct horse"
SETTINGS = ServerSettings(
    "localhost",
    auth=AuthOffer.UNDER_TLS,
    mechanisms=("CRAM-MD5", "PLAIN", "LOGIN"),
)
WAYS = ("plain", "starttls", "implicit")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")

BODY = "Hello\r\n.\r\n..dots\r\nlong " + "x" * 900 + "\r\nend"


class Inbox(Application):
    """Takes every message, and knows one user."""

    def __init__(self, messages: list[MessageGiven], users: list[str]) -> None:
        self._messages = messages
        self._users = users
        self._exchange: Exchange | None = None

    def message(self, event: MessageGiven) -> Answering:
        self._messages.append(event)
        return None

    def authenticate(self, event: AuthGiven | AuthResponse) -> Answering:
        if isinstance(event, AuthGiven):
            self._exchange = exchange(event.mechanism, "1.2", "localhost")
            step = self._exchange.start(event.initial_response)
        else:
            assert self._exchange is not None
            step = self._exchange.respond(event.response)
        return self._answer(step)

    def _answer(self, step: Step) -> Answering:
        match step:
            case Challenge():
                return step
            case NeedSecret(user) if self._exchange is not None:
                return self._answer(self._exchange.secret(PASSWORD if user == USER else None))
            case CheckPassword(user, password) if (user, password) == (USER, PASSWORD):
                self._users.append(user)
                return None
            case Accepted(user):
                self._users.append(user)
                return None
            case _:
                return Reply(535, ("Authentication failed",), EnhancedStatus(5, 7, 8))


class Place:
    """A running server with what it took."""

    def __init__(self, server: Server, certificate: Path) -> None:
        self.port = server.addresses[0][1]
        self.certificate = certificate
        self.messages: list[MessageGiven] = []
        self.users: list[str] = []

    @property
    def contents(self) -> list[bytes]:
        return [message.content for message in self.messages]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


Opener = Callable[[str], AbstractAsyncContextManager[Place]]


@pytest.fixture
def place(authority: trustme.CA, certificate: Path) -> Opener:
    """Return what opens a server that is reached in one of WAYS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    @asynccontextmanager
    async def opened(way: str) -> AsyncIterator[Place]:
        listener = Listener(ssl_context=None if way == "plain" else context, implicit_tls=way == "implicit")
        settings = replace(SETTINGS, auth=AuthOffer.ALWAYS) if way == "plain" else SETTINGS
        server = await serve(lambda _: Inbox(found.messages, found.users), settings, listener)
        found = Place(server, certificate)
        try:
            yield found
        finally:
            await server.close(grace=0.1)

    return opened


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def letter() -> EmailMessage:
    """Return a message with dots where they hurt."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "anna@example.test", "leo@example.net", "Grüße"
    message.set_content("Hello\n.\n..dots\nend\n")
    return message


async def run(*command: str, given: bytes = b"") -> str:
    """Run a program to its end; its output where it failed is the test's."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate(given)
    text = output.decode("utf-8", "replace")
    assert process.returncode == 0, text
    return text


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where a Debian package is not installed."""
    return pytest.mark.skipif(which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize("mechanism", [None, *MECHANISMS])
@pytest.mark.parametrize("way", WAYS)
async def test_smtplib(place: Opener, client_context: ssl.SSLContext, way: str, mechanism: str | None) -> None:
    """The standard library's client: three ways of encryption, three ways to log in."""

    def send(port: int) -> None:
        client: smtplib.SMTP
        if way == "implicit":
            client = smtplib.SMTP_SSL("localhost", port, context=client_context, timeout=10)
        else:
            client = smtplib.SMTP("localhost", port, timeout=10)
        with client:
            client.ehlo()
            if way == "starttls":
                client.starttls(context=client_context)
                client.ehlo()
            if mechanism is not None:
                client.esmtp_features["auth"] = mechanism
                client.login(USER, PASSWORD)
            client.send_message(letter())

    async with place(way) as found:
        await asyncio.to_thread(send, found.port)
        (message,) = found.messages
        assert message.content.endswith(b"\r\n\r\nHello\r\n.\r\n..dots\r\nend\r\n")
        assert str(message.envelope.reverse_path) == "anna@example.test"
        assert found.users == ([USER] if mechanism else [])


async def test_smtplib_hears_a_refusal(place: Opener) -> None:
    """A wrong password is 535 with 5.7.8."""

    def login(port: int) -> smtplib.SMTPAuthenticationError | None:
        with smtplib.SMTP("localhost", port, timeout=10) as client:
            try:
                client.login(USER, "wrong")
            except smtplib.SMTPAuthenticationError as error:
                return error
        return None

    async with place("plain") as found:
        error = await asyncio.to_thread(login, found.port)
        assert error is not None
        assert (error.smtp_code, error.smtp_error) == (535, b"5.7.8 Authentication failed")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mechanism", [None, *MECHANISMS])
async def test_aiosmtplib(place: Opener, client_context: ssl.SSLContext, way: str, mechanism: str | None) -> None:
    """The asynchronous client, with two messages over one connection."""
    async with place(way) as found:
        client = aiosmtplib.SMTP(
            hostname="localhost",
            port=found.port,
            use_tls=way == "implicit",
            start_tls=way == "starttls",
            tls_context=None if way == "plain" else client_context,
            timeout=10,
        )
        async with client:
            login = {
                "PLAIN": client.auth_plain,
                "LOGIN": client.auth_login,
                "CRAM-MD5": client.auth_crammd5,
            }
            if mechanism is not None:
                await client.ehlo()
                await login[mechanism](USER, PASSWORD)
            await client.send_message(letter())
            await client.send_message(letter())
        assert len(set(found.contents)) == 1
        assert len(found.contents) == 2
        assert found.users == ([USER] if mechanism else [])


@needs("swaks")
@pytest.mark.parametrize("mechanism", [None, *MECHANISMS])
@pytest.mark.parametrize("way", WAYS)
async def test_swaks(place: Opener, way: str, mechanism: str | None) -> None:
    """The tester's tool."""
    encryption = {"plain": (), "starttls": ("--tls",), "implicit": ("--tls-on-connect",)}[way]
    login = ("--auth", mechanism, "--auth-user", USER, "--auth-password", PASSWORD) if mechanism else ()
    async with place(way) as found:
        await run(
            *("swaks", "--server", "localhost", "--port", str(found.port), "--helo", "client.example.test"),
            *("--from", "anna@example.test", "--to", "leo@example.net,eve@example.net", "--body", ".\n..dots"),
            *encryption,
            *login,
        )
        (message,) = found.messages
        assert len(message.envelope.recipients) == 2
        assert b"\r\n.\r\n..dots\r\n" in message.content
        assert found.users == ([USER] if mechanism else [])


@needs("swaks")
async def test_swaks_pipelines(place: Opener) -> None:
    """MAIL, RCPT and DATA in one flight."""
    async with place("plain") as found:
        output = await run(
            *("swaks", "--server", "localhost", "--port", str(found.port), "--pipeline", "--helo", "client"),
            *("--from", "<>", "--to", "leo@example.net"),
        )
        assert "354 " in output
        assert found.messages[0].envelope.reverse_path is None


@needs("curl")
@pytest.mark.parametrize("mechanism", [None, *MECHANISMS])
@pytest.mark.parametrize("way", WAYS)
async def test_curl(place: Opener, way: str, mechanism: str | None) -> None:
    """The other tool that everybody has."""
    async with place(way) as found:
        scheme = "smtps" if way == "implicit" else "smtp"
        login = ("--user", f"{USER}:{PASSWORD}", "--login-options", f"AUTH={mechanism}") if mechanism else ()
        await run(
            *("curl", "--silent", "--show-error", "--max-time", "10", "--cacert", str(found.certificate)),
            *(f"{scheme}://localhost:{found.port}/client.example.test", "--upload-file", "-"),
            *("--mail-from", "anna@example.test", "--mail-rcpt", "leo@example.net"),
            *(("--ssl-reqd",) if way == "starttls" else ()),
            *login,
            given=BODY.encode(),
        )
        assert found.contents == [BODY.encode() + b"\r\n"]
        assert found.users == ([USER] if mechanism else [])


@needs("msmtp")
@pytest.mark.parametrize("mechanism", [None, *MECHANISMS])
@pytest.mark.parametrize("way", WAYS)
async def test_msmtp(place: Opener, way: str, mechanism: str | None) -> None:
    """A sendmail for machines without a server."""
    login = (f"--auth={mechanism.lower()}", f"--user={USER}", f"--passwordeval=echo {PASSWORD}") if mechanism else ()
    async with place(way) as found:
        await run(
            *("msmtp", "--file=/dev/null", "--host=localhost", f"--port={found.port}", "--domain=client.example.test"),
            *("--from=anna@example.test", f"--tls={'off' if way == 'plain' else 'on'}"),
            *(() if way == "plain" else (f"--tls-trust-file={found.certificate}",)),
            *(("--tls-starttls=off",) if way == "implicit" else ()),
            *login,
            "--",
            "leo@example.net",
            given=BODY.replace("\r\n", "\n").encode() + b"\n",
        )
        assert len(found.contents) == 1
        assert b"Hello\r\n.\r\n..dots\r\n" in found.contents[0]
        assert found.users == ([USER] if mechanism else [])


@needs("smtp-source")
async def test_smtp_source(place: Opener) -> None:
    """Postfix's load generator: many messages over several sessions, and none is lost."""
    async with place("plain") as found:
        await run(
            *("smtp-source", "-s", "5", "-m", "100", "-l", "4096", "-d", "-c"),
            *("-f", "anna@example.test", "-t", "leo@example.net", f"inet:127.0.0.1:{found.port}"),
        )
        assert len(found.messages) == 100
