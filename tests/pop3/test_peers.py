"""Other people's programs: poplib, curl and fetchmail against our server, our client against Dovecot.

Debian packages: curl, fetchmail, dovecot-core, dovecot-pop3d.
"""

from __future__ import annotations

import asyncio
import grp
import os
import poplib
import pwd
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailwright.pop3.responses import ResponseCode
from mailwright.pop3.transport import Connection, ConnectOptions, Target, connect
from mailwright.pop3.trouble import LoginRefused, ServerRefused
from mailwright.smtp.sasl import CramMd5, Credentials, Login, Mechanism, Plain, ScramSha256
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.server_reception import Listener
from mailwright.smtp.server_settings import AuthOffer
from tests.pop3.serving import (
    AUTHORITY,
    CERTIFICATE,
    HOST,
    MESSAGES,
    SETTINGS,
    maildrops,
    server_context,
    serving,
    write_authority,
)

#: Programs of the system are looked for here too: a user's path may lack it.
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
TLS_WAYS = ["clear", "stls", "implicit"]
UNDER_TLS = replace(SETTINGS, login=AuthOffer.UNDER_TLS)


def program(name: str, package: str) -> str:
    """Return where a program is, or skip."""
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"needs {name} from the Debian package {package}")
    return found


async def run(*arguments: str, home: Path) -> bytes:
    """Run a program that ends by itself; return what it printed.  It must be content."""
    environment = {"HOME": str(home), "FETCHMAILHOME": str(home), "PATH": PATH, "LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode(errors="replace") + out.decode(errors="replace")
    return out


def listener_for(way: str) -> Listener:
    """Return a listener for one of TLS_WAYS."""
    return Listener() if way == "clear" else Listener(ssl_context=server_context(), implicit_tls=way == "implicit")


# ------------------------------------------------------------------------------------------------------------- poplib


def use_poplib(target: Target, way: str) -> list[bytes]:
    """Do all that poplib can, delete the first message, and return all messages."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    client: poplib.POP3
    if way == "implicit":
        client = poplib.POP3_SSL(target.address, target.port, context=context, timeout=10)
    else:
        client = poplib.POP3(target.address, target.port, timeout=10)
    if way == "stls":
        client.stls(context)
    assert "TOP" in client.capa()
    client.utf8()
    if way == "clear":
        client.apop("anna", "secret word")
    else:
        client.user("anna")
        client.pass_("secret word")
    assert client.stat() == (3, sum(map(len, MESSAGES)))
    assert client.list()[1] == [b"%d %d" % (number, len(text)) for number, text in enumerate(MESSAGES, 1)]
    assert len(client.uidl()[1]) == 3
    assert client.top(3, 1)[1] == MESSAGES[2].split(b"\r\n")[:3]
    texts = [b"".join(line + b"\r\n" for line in client.retr(number)[1]) for number in (1, 2, 3)]
    client.dele(2)
    client.rset()
    client.dele(1)
    client.noop()
    with pytest.raises(poplib.error_proto):
        client.retr(1)
    client.quit()
    return texts


@pytest.mark.parametrize("way", TLS_WAYS)
async def test_poplib_understands_our_server(way: str) -> None:
    """Python's own client, with every command it has."""
    store = maildrops()
    async with serving(store, SETTINGS if way == "clear" else UNDER_TLS, listener_for(way)) as (_, target):
        assert await asyncio.to_thread(use_poplib, target, way) == list(MESSAGES)
    assert store.messages("anna") == MESSAGES[1:]


# --------------------------------------------------------------------------------------------------------------- curl


@pytest.mark.parametrize("way", TLS_WAYS)
async def test_curl_understands_our_server(way: str, tmp_path: Path) -> None:
    """A listing, a message, and a deletion."""
    curl = program("curl", "curl")
    store = maildrops()
    async with serving(store, SETTINGS if way == "clear" else UNDER_TLS, listener_for(way)) as (_, target):
        scheme = "pop3s" if way == "implicit" else "pop3"
        url = f"{scheme}://{target.address}:{target.port}/"
        always = [curl, "--silent", "--show-error", "--max-time", "20", "--user", "anna:secret word"]
        always += ["--cacert", write_authority(tmp_path), *(["--ssl-reqd"] if way == "stls" else [])]
        listing = await run(*always, url, home=tmp_path)
        assert listing.splitlines() == [b"%d %d" % (number, len(text)) for number, text in enumerate(MESSAGES, 1)]
        assert await run(*always, f"{url}1", home=tmp_path) == MESSAGES[0]
        assert await run(*always, f"{url}3", home=tmp_path) == MESSAGES[2]
        await run(*always, "--request", "DELE", "--list-only", f"{url}1", home=tmp_path)
    assert store.messages("anna") == MESSAGES[1:]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "+APOP"])
async def test_curl_logs_in_by_every_way_it_knows(mechanism: str, tmp_path: Path) -> None:
    """SASL with and without an initial response, and APOP."""
    curl = program("curl", "curl")
    store = maildrops()
    async with serving(store) as (_, target):
        url = f"pop3://{target.address}:{target.port}/1"
        options = ["--silent", "--show-error", "--max-time", "20", "--user", "anna:secret word"]
        for more in ([], ["--sasl-ir"]):
            said = await run(curl, *options, "--login-options", f"AUTH={mechanism}", *more, url, home=tmp_path)
            assert said == MESSAGES[0]


# ---------------------------------------------------------------------------------------------------------- fetchmail


@pytest.mark.parametrize("way", TLS_WAYS)
async def test_fetchmail_empties_our_maildrop(way: str, tmp_path: Path) -> None:
    """It fetches all, deletes all, and what it hands on is what was there."""
    fetchmail = program("fetchmail", "fetchmail")
    store = maildrops()
    async with serving(store, SETTINGS if way == "clear" else UNDER_TLS, listener_for(way)) as (_, target):
        tls = f'sslproto "auto" sslcertck sslcertfile "{write_authority(tmp_path)}" sslcommonname "{HOST}"'
        secure = {"clear": 'sslproto ""', "stls": tls, "implicit": f"ssl {tls}"}[way]
        script = tmp_path / "take"
        script.write_text(f'#!/bin/sh\ncat >> "{tmp_path}/taken"\necho END >> "{tmp_path}/taken"\n')
        script.chmod(0o700)
        configuration = tmp_path / "fetchmailrc"
        configuration.write_text(
            f"poll {target.address} protocol pop3 port {target.port} auth password\n"
            f'user "anna" password "secret word" no keep fetchall {secure} mda "{script}"\n'
        )
        configuration.chmod(0o600)
        arguments = [fetchmail, "--fetchmailrc", str(configuration), "--nodetach", "--nosyslog", "--invisible"]
        arguments += ["--pidfile", str(tmp_path / "pid"), "--idfile", str(tmp_path / "ids"), "--timeout", "20"]
        await run(*arguments, home=tmp_path)
    assert store.messages("anna") == ()
    taken = (tmp_path / "taken").read_bytes()
    assert taken.count(b"END\n") == 3
    assert b"\n.second\n..third\n.\n" in taken
    assert taken.count(b"line\n") == 50_000


# ------------------------------------------------------------------------------------------------------------ Dovecot


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot: where it is, and the Maildir of its user anna, whose password is "secret word"."""

    clear: Target
    implicit: Target
    inbox: Path

    def count(self) -> int:
        """Return how many messages there are."""
        return len(list(self.inbox.iterdir()))


def free_port() -> int:
    """Return a port that was free a moment ago: Dovecot does not tell which one the kernel chose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(folder: Path, ports: tuple[int, int]) -> Path:
    """Write a configuration that touches nothing outside ``folder``, and return its file."""
    CERTIFICATE.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    (folder / "users").write_text("anna:{PLAIN}secret word::::::\n")
    mail_user, mail_group, internal, login = _users()
    file = folder / "dovecot.conf"
    file.write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-256
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {_group(internal)}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
pop3_uidl_format = %g
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={folder}/home
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {ports[0]}
  }}
  inet_listener pop3s {{
    port = {ports[1]}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
""")
    return file


def _users() -> tuple[int, int, str, str]:
    """Return who reads mail, and the names of Dovecot's own users; all the same without root."""
    me = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() != 0:
        return os.getuid(), os.getgid(), me, me
    mail = pwd.getpwnam("mail")
    return mail.pw_uid, grp.getgrnam("mail").gr_gid, "dovecot", "dovenull"


def _group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


@asynccontextmanager
async def running(program_file: str, configuration: Path, ports: tuple[int, int]) -> AsyncIterator[None]:
    """Run Dovecot in the foreground for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(program_file, "-F", "-c", str(configuration))
    try:
        for port in ports:
            await _answering(process, port)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answering(process: asyncio.subprocess.Process, port: int) -> None:
    for _ in range(1_000):
        if process.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise AssertionError("Dovecot does not answer")


def prepare(folder: Path) -> None:
    """Make a home and a Maildir with the three messages, in a folder that Dovecot's users can reach."""
    folder.chmod(0o755)
    user, group, *_ = _users()
    for part in ("home", "mail", "mail/cur", "mail/new", "mail/tmp", "state"):
        (folder / part).mkdir()
    for number, text in enumerate(MESSAGES, 1):
        # A Maildir has bare line feeds, to which Dovecot adds what is missing.
        (folder / "mail" / "cur" / f"{number}.M1.host:2,S").write_bytes(text.replace(b"\r\n", b"\n"))
    for path in (folder / "home", folder / "mail", *(folder / "mail").rglob("*")):
        os.chown(path, user, group)


@pytest.fixture
def dovecot_file() -> str:
    """Where Dovecot is; a skip where its POP3 is not."""
    if not Path("/usr/lib/dovecot/pop3").exists():
        pytest.skip("needs the Debian packages dovecot-core and dovecot-pop3d")
    return program("dovecot", "dovecot-core")


@pytest.fixture
async def dovecot(dovecot_file: str) -> AsyncIterator[Dovecot]:
    """A Dovecot of its own."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        prepare(folder)
        ports = (free_port(), free_port())
        async with running(dovecot_file, configure(folder, ports), ports):
            clear, implicit = (Target(HOST, "127.0.0.1", port) for port in ports)
            yield Dovecot(clear, implicit, folder / "mail" / "cur")


@asynccontextmanager
async def connected(dovecot: Dovecot, way: str, authority: str = "") -> AsyncIterator[Connection]:
    """Connect by one of TLS_WAYS, the certificate verified."""
    policy = TlsPolicy(TlsMode.NONE if way == "clear" else TlsMode.VERIFY, implicit=way == "implicit")
    target = dovecot.implicit if way == "implicit" else dovecot.clear
    async with await connect(target, ConnectOptions(policy, ca_file=authority or None)) as connection:
        yield connection


@pytest.mark.parametrize("way", TLS_WAYS)
async def test_our_client_understands_dovecot(dovecot: Dovecot, way: str, tmp_path: Path) -> None:
    """A whole session, by which one message is deleted."""
    async with connected(dovecot, way, write_authority(tmp_path)) as connection:
        assert connection.capabilities.pipelining
        assert connection.capabilities.stls is (way == "clear")
        assert connection.is_verified is (way != "clear")
        await connection.login(Credentials("anna", "secret word"), allow_clear=True)
        assert await connection.stat() == (3, sum(map(len, MESSAGES)))
        assert [listing.octets for listing in await connection.list()] == [len(text) for text in MESSAGES]
        numbers = [number for number, _ in await connection.uidl()]
        texts = [b"".join([piece async for piece in connection.retrieve(number)]) for number in numbers]
        assert texts == list(MESSAGES)
        top = b"".join([piece async for piece in connection.top(3, 1)])
        assert top == b"".join(line + b"\r\n" for line in MESSAGES[2].split(b"\r\n")[:3])
        with pytest.raises(ServerRefused):
            await connection.delete(4)
        await connection.delete(2)
        await connection.reset()
        await connection.delete(1)
        await connection.noop()
    assert dovecot.count() == 2


ANNA = Credentials("anna", "secret word")


async def test_every_login_that_dovecot_knows(dovecot: Dovecot) -> None:
    """USER and PASS, and four mechanisms; wrong passwords are told as such."""
    mechanisms: list[Mechanism] = [Plain(ANNA), Login(ANNA), CramMd5(ANNA), ScramSha256(ANNA, "n" * 24)]
    for mechanism in mechanisms:
        async with connected(dovecot, "clear") as connection:
            assert (await connection.authenticate(mechanism)).ok
    async with connected(dovecot, "clear") as connection:
        with pytest.raises(LoginRefused) as raised:
            await connection.user("anna", "wrong")
        assert raised.value.response.code == ResponseCode.AUTH
        assert (await connection.user("anna", "secret word")).ok


async def test_dovecot_deletes_nothing_without_quit(dovecot: Dovecot) -> None:
    """RFC 1939 6, on their side and on ours."""

    async def fail() -> None:
        async with connected(dovecot, "clear") as connection:
            await connection.login(ANNA, allow_clear=True)
            await connection.delete(1)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert dovecot.count() == 3
