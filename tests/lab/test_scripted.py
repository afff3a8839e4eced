"""Hosts of the lab over real sockets: what they say, how they end, and what they keep."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import ssl

import pytest
import trustme
import uvloop

from mailwright.lab.clock import VirtualClock
from mailwright.lab.reactions import Accepting, Reactions, Tls
from mailwright.lab.script import GARBAGE, read_answer, read_script
from mailwright.lab.scripted import ScriptedHost
from mailwright.lab.wire import OffScript
from mailwright.mail.address import Address
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.content import Content
from mailwright.smtp.security import TlsMode, TlsPolicy
from mailwright.smtp.transaction import Transaction
from mailwright.smtp.transport import ConnectOptions, Target, connect
from mailwright.smtp.trouble import ConnectionLost, ProtocolBroken, ServerRefused, SmtpTrouble

MAIL = b"Subject: x\r\n\r\n.Hello\r\n"
GREETED = "S: 220 mx.test ESMTP\nC: EHLO *\nS: 250 mx.test\n"


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    """The certificate of mx.test."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.test").configure_cert(made)
    return made


async def deliver(
    host: ScriptedHost, *recipients: str, content: bytes = MAIL, policy: TlsPolicy | None = None
) -> Transaction:
    """Hand a message to ``host`` with our own client."""
    to = tuple(Recipient(Address.parse(one)) for one in recipients or ("b@b.test",))
    options = ConnectOptions("me.test", policy=policy or TlsPolicy(TlsMode.NONE))
    async with await connect(Target("mx.test", host.address, host.port), options) as connection:
        return await connection.deliver(Envelope(Address.parse("a@a.test"), to), Content.of(content))


async def said(host: ScriptedHost, *lines: bytes) -> bytes:
    """Say ``lines`` to a host at once, and return all that it said until it closed."""
    reader, writer = await asyncio.open_connection(host.address, host.port)
    writer.write(b"".join(line + b"\r\n" for line in lines))
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


# ------------------------------------------------------------------------------------------------------------- scripts


async def test_a_pop3_session_by_script() -> None:
    """Any protocol of lines; what was heard is kept for each connection."""
    script = read_script("S: +OK ready\nC: USER *\nS: +OK\nC: quit\nS: +OK bye")
    async with ScriptedHost(script) as host:
        assert await said(host, b"USER anna", b"QUIT") == b"+OK ready\r\n+OK\r\n+OK bye\r\n"
        assert host.heard == [["USER anna", "QUIT"]]


async def test_smtplib_delivers_by_script() -> None:
    """The text is taken to its final dot, dots at the beginning of lines taken out."""
    script = read_script(
        GREETED + "C: mail FROM:*\nS: 250 ok\nC: RCPT TO:<b@b.test>\nS: 250 ok\nC: DATA\nS: 354 go\ntext\n"
        "S: 250 taken\nC: QUIT\nS: 221 bye"
    )
    async with ScriptedHost(script) as host:

        def send() -> dict[str, tuple[int, bytes]]:
            with smtplib.SMTP(host.address, host.port, local_hostname="me.test", timeout=30) as client:
                return client.sendmail("a@a.test", ["b@b.test"], MAIL)

        assert await asyncio.to_thread(send) == {}
        assert [message.content for message in host.messages] == [MAIL]


async def test_each_connection_has_its_script_and_the_last_one_stays() -> None:
    """The first is turned away, all others are served."""
    async with ScriptedHost(read_script("S: 421 busy"), read_script("S: 220 hello")) as host:
        assert [await said(host) for _ in range(3)] == [b"421 busy\r\n", b"220 hello\r\n", b"220 hello\r\n"]
        assert host.connections == 3


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("S-gbk: 550 5.1.1 用户不存在", "550 5.1.1 用户不存在\r\n".encode("gbk")),
        ("raw: 220\\x00\\xff\\\\x\\r\\n", b"220\x00\xff\\x\r\n"),
        ("garbage", GARBAGE),
        ("S: 220 a\nclose", b"220 a\r\n"),
    ],
    ids=["charset", "octets", "garbage", "close"],
)
async def test_octets_are_said_as_written(lines: str, expected: bytes) -> None:
    """Other charsets, single octets, and what is no protocol."""
    async with ScriptedHost(read_script(lines)) as host:
        assert await said(host) == expected


async def test_off_script_is_told_at_the_end() -> None:
    """The line and what was awaited; the connection is cut."""
    with pytest.raises(OffScript, match=r"'HELO me' where 'EHLO \*' was awaited"):
        async with ScriptedHost(read_script(GREETED)) as host:
            assert await said(host, b"HELO me") == b"220 mx.test ESMTP\r\n"


@pytest.mark.parametrize("octets", [b"x" * 70_000, b"x" * 10])
async def test_lines_have_an_end(octets: bytes) -> None:
    """One that is too long goes against the script; a client that goes in the middle of one does not."""
    host = ScriptedHost(read_script("C: *\nS: 250 ok"))
    await host.start()
    reader, writer = await asyncio.open_connection(host.address, host.port)
    writer.write(octets)
    writer.write_eof()
    # Cut while octets are unread, it may be a reset.
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    await host.close()
    assert len(host.faults) == (len(octets) > 10)


@pytest.mark.parametrize(
    ("end", "trouble"),
    [("drop", ConnectionLost), ("close", ConnectionLost), ("garbage", ProtocolBroken), ("S: 421 busy", ServerRefused)],
)
async def test_our_client_tells_how_it_ended(end: str, trouble: type[SmtpTrouble]) -> None:
    """A reset, an orderly end, octets of no protocol and a refusal, in place of the greeting."""
    async with ScriptedHost(read_script(end)) as host:
        with pytest.raises(trouble):
            await deliver(host)


def test_a_reset_is_one_with_uvloop() -> None:
    """The same on the other event loop."""

    async def reset() -> None:
        async with ScriptedHost(read_script("S: 220 hello\nC: EHLO *\ndrop")) as host:
            reader, writer = await asyncio.open_connection(host.address, host.port)
            writer.write(b"EHLO me\r\n")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    uvloop.run(reset())
    asyncio.run(reset())


async def test_time_passes_by_the_clock() -> None:
    """Delays, and octets one by one, cost no time of the test."""
    clock = VirtualClock(quiet=0.002)
    async with ScriptedHost(read_script("delay 500\nslow 10\nS: 220 hello"), clock=clock) as host:
        assert await said(host) == b"220 hello\r\n"
    assert clock.monotonic() == 500 + 11 * 10


async def test_silence_lasts_until_the_client_goes() -> None:
    """Nothing is said, and closing the host ends what is open."""
    async with ScriptedHost(read_script("silent")) as host:
        _, gone = await asyncio.open_connection(host.address, host.port)
        gone.close()
        await gone.wait_closed()
        reader, writer = await asyncio.open_connection(host.address, host.port)
        await host.close()
        assert await reader.read() == b""
        writer.close()


async def test_tls_in_a_script(context: ssl.SSLContext, authority: trustme.CA) -> None:
    """STARTTLS, and the session after it."""
    script = read_script(
        "S: 220 mx.test\nC: EHLO *\nS: 250-mx.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nstarttls ok\n"
        "C: EHLO *\nS: 250 mx.test\nC: QUIT\nS: 221 bye"
    )
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with ScriptedHost(script, ssl_context=context) as host:

        def talk() -> int:
            with smtplib.SMTP(host.address, host.port, local_hostname="me.test", timeout=30) as client:
                # smtplib takes this name for the certificate.
                vars(client)["_host"] = "mx.test"
                client.starttls(context=trusting)
                return client.ehlo()[0]

        assert await asyncio.to_thread(talk) == 250
    with pytest.raises(ValueError, match="needs a certificate"):
        ScriptedHost(script)
    with pytest.raises(ValueError, match="something to play"):
        ScriptedHost()


# ----------------------------------------------------------------------------------------------------------- reactions


def reacting(replies: dict[str, str | list[str]], charset: str = "utf-8") -> Accepting:
    return Accepting("mx.test", Reactions(replies, charset))


async def test_a_host_accepts_and_keeps() -> None:
    """Envelope and content as they came, over several connections and within one."""
    async with ScriptedHost(Accepting("mx.test")) as host:
        await deliver(host, "b@b.test", "c@b.test")
        await deliver(host, content=b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n")
        assert [(one.sender, one.recipients, len(one.content)) for one in host.messages] == [
            ("a@a.test", ("b@b.test", "c@b.test"), 22),
            ("a@a.test", ("b@b.test",), 88),
        ]
        assert host.messages[0].content == MAIL
        assert host.messages[0].client == "127.0.0.1"


@pytest.mark.parametrize("charset", ["utf-8", "gbk", "big5"])
async def test_replies_by_recipient(charset: str) -> None:
    """The longest beginning counts; words come in the charset that was asked for, and our client reads them."""
    host = ScriptedHost(reacting({"RCPT": "550 5.1.1 用戶不存在", "rcpt to:<full@*": "452 4.2.2 郵箱已滿"}, charset))
    async with host:
        transaction = await deliver(host, "nobody@b.test", "FULL@b.test")
        replies = [(one.reply.code, one.reply.text) for one in transaction.results if one.reply]
        assert replies == [(550, "用戶不存在"), (452, "郵箱已滿")]
        assert host.messages == []


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"CONNECT": "554 5.7.1 no"}, b"554 5.7.1 no\r\n503 "),
        ({"CONNECT": ["220-one", "220 two"]}, b"220-one\r\n220 two\r\n250-"),
        ({"CONNECT": "421 4.3.2 busy"}, b"421 4.3.2 busy\r\n"),
        ({"EHLO": "550 5.7.1 who"}, b"550 5.7.1 who\r\n"),
        ({"EHLO": ["250-mx.test", "250 SIZE 7"]}, b"250-mx.test\r\n250 SIZE 7\r\n"),
        ({"EHLO": "drop"}, b""),
        ({"EHLO": "close"}, b"220 "),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
async def test_any_step_may_be_answered_otherwise(replies: dict[str, str | list[str]], expected: bytes) -> None:
    """Replies of one line or several, and ends."""
    async with ScriptedHost(reacting(replies)) as host:
        try:
            heard = await talk(host)
        except ConnectionResetError:
            heard = b""
    assert expected in heard


async def talk(host: ScriptedHost) -> bytes:
    """Say EHLO and QUIT, each after a reply, and return all that was heard."""
    reader, writer = await asyncio.open_connection(host.address, host.port)
    heard = b""
    try:
        for line in (b"EHLO me\r\n", b"QUIT\r\n"):
            while not heard.endswith(b"\r\n") or heard.splitlines()[-1][3:4] == b"-":
                if not (piece := await reader.read(4096)):
                    return heard
                heard += piece
            writer.write(line)
            heard += await reader.read(4096)
        return heard + await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("answer", ["drop", "close", "554 5.7.1 Spam", "451 4.3.0 later"])
@pytest.mark.parametrize("step", ["MAIL", "DATA", "MESSAGE"])
async def test_what_is_not_accepted_is_not_kept(step: str, answer: str) -> None:
    """Connections that end and refusals at every step."""
    async with ScriptedHost(reacting({step: answer})) as host:
        try:
            transaction = await deliver(host)
        except ConnectionLost:
            assert not answer[0].isdigit()
        else:
            assert answer[0].isdigit()
            assert transaction.accepted == ()
        assert host.messages == []


async def test_a_delay_goes_before_the_usual_answer() -> None:
    """An answer without words is the usual one, later."""
    clock = VirtualClock(quiet=0.002)
    host = ScriptedHost(reacting({"MESSAGE": "delay 700"}), clock=clock)
    async with host:
        await deliver(host)
        assert len(host.messages) == 1
    assert clock.monotonic() == 700


async def test_greylisting_lets_in_after_its_time() -> None:
    """By client, sender and recipient; the time runs from the first try on."""
    clock = VirtualClock()
    async with ScriptedHost(Accepting("mx.test", greylist=300), clock=clock) as host:
        for seconds, recipient, accepted in [(0, "b", 0), (299, "B", 0), (0, "c", 0), (1, "b", 1), (0, "c", 0)]:
            await clock.advance(seconds)
            transaction = await deliver(host, f"{recipient}@b.test")
            assert len(transaction.accepted) == accepted
        assert len(host.messages) == 1


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_hosts_encrypt(context: ssl.SSLContext, tls: Tls) -> None:
    """STARTTLS and TLS from the first octet, also with a message larger than any buffer."""
    big = b"Subject: big\r\n\r\n" + (b"x" * 76 + b"\r\n") * 20_000
    policy = TlsPolicy(TlsMode.REQUIRED, implicit=tls is Tls.IMPLICIT)
    async with ScriptedHost(Accepting("mx.test", tls=tls), ssl_context=context) as host:
        assert (await deliver(host, policy=policy, content=big)).accepted
        assert host.messages[0].content == big


@pytest.mark.parametrize("tls", [Tls.BROKEN, Tls.PLAINTEXT])
async def test_broken_tls_is_offered_and_fails(tls: Tls) -> None:
    """No certificate is needed for it."""
    async with ScriptedHost(Accepting("mx.test", tls=tls)) as host:
        with pytest.raises(SmtpTrouble):
            await deliver(host, policy=TlsPolicy(TlsMode.REQUIRED))
        assert host.messages == []


async def test_a_host_offers_what_it_is_told() -> None:
    """The extensions in place of the usual ones, STARTTLS where it goes with the host, and a largest message."""
    host = ScriptedHost(Accepting("mx.test", offers=("PIPELINING", "SIZE 30"), largest=30, tls=Tls.BROKEN))
    async with host:
        assert b"250-mx.test\r\n250-PIPELINING\r\n250-SIZE 30\r\n250 STARTTLS\r\n" in await talk(host)
    async with ScriptedHost(Accepting("mx.test", largest=10)) as host:
        assert b"250-SIZE 10\r\n" in await talk(host)


@pytest.mark.parametrize(
    ("replies", "charset", "complaint"),
    [
        ({"QUIT": "221 bye"}, "utf-8", "QUIT: keys begin with one of CONNECT"),
        ({"RCPT": "refuse"}, "utf-8", "RCPT: 'refuse' is no step; write"),
        ({"RCPT": ""}, "utf-8", "RCPT: there is no answer"),
        ({"RCPT": "550 用"}, "ascii", "RCPT: '用' cannot be written in ascii"),
        ({"RCPT": "550 x"}, "klingon", "RCPT: there is no charset klingon"),
        ({"RCPT": ["drop", "550 x"]}, "utf-8", "RCPT: nothing can follow drop"),
    ],
)
def test_a_table_that_cannot_be_read_is_told(replies: dict[str, str | list[str]], charset: str, complaint: str) -> None:
    """The key, and what to write."""
    with pytest.raises(ValueError, match=complaint):
        Reactions(replies, charset)


async def test_garbage_as_an_answer() -> None:
    """The engine goes on as after a success."""
    assert read_answer("garbage") == read_script("garbage")
    async with ScriptedHost(reacting({"RCPT": "garbage"})) as host:
        with pytest.raises(ProtocolBroken):
            await deliver(host)
