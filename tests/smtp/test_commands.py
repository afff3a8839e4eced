"""Commands: read from lines, written as lines, and nothing else to be smuggled in either way."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.mail.address import Address, AddressFault
from mailwright.mail.envelope import Body, Envelope, Notify, Recipient, Returned
from mailwright.smtp.command_reader import parse_command
from mailwright.smtp.commands import (
    Auth,
    Bdat,
    Command,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    StartTls,
    Unknown,
    Vrfy,
    to_bytes,
)
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.parameters import PARAMETERS

ANNA = Address("anna", "example.test")
CHINESE = Address("用户", "例子.test")


def mail(address: Address | None = ANNA, **parts: object) -> Mail:
    return Mail(Envelope(address, **parts))  # type: ignore[arg-type]


def rcpt(address: Address = ANNA, notify: frozenset[Notify] | None = None, original: str | None = None) -> Rcpt:
    return Rcpt(Recipient(address, notify, original))


PAIRS: list[tuple[bytes, Command]] = [
    # Realistic: the plain lines.
    (b"MAIL FROM:<anna@example.test>", mail()),
    (b"MAIL FROM:<anna@example.test> SIZE=4096", mail(size=4096)),
    (b"MAIL FROM:<>", mail(None)),
    (b"RCPT TO:<anna@example.test>", rcpt()),
    (b"RCPT TO:<postmaster>", rcpt(Address("postmaster", ""))),
    (b"DATA", Data()),
    (b"RSET", Rset()),
    (b"QUIT", Quit()),
    (b"NOOP", Noop()),
    (b"NOOP are you there", Noop("are you there")),
    (b"HELP", Help()),
    (b"HELP MAIL", Help("MAIL")),
    (b"STARTTLS", StartTls()),
    (b"EHLO client.example.test", Ehlo("client.example.test")),
    (b"EHLO [192.0.2.1]", Ehlo("[192.0.2.1]")),
    (b"HELO client", Helo("client")),
    (b"LHLO client", Lhlo("client")),
    (b"VRFY anna", Vrfy("anna")),
    (b"VRFY Anna Miller", Vrfy("Anna Miller")),
    ("VRFY 用户 SMTPUTF8".encode(), Vrfy("用户", smtputf8=True)),
    (b"EXPN friends", Expn("friends")),
    (b"BDAT 0", Bdat(0)),
    (b"BDAT 1000 LAST", Bdat(1000, last=True)),
    (b"AUTH LOGIN", Auth("LOGIN")),
    (b"AUTH PLAIN AGFubmEAc2VjcmV0", Auth("PLAIN", b"\x00anna\x00secret")),
    (b"AUTH EXTERNAL =", Auth("EXTERNAL", b"")),
    # Realistic: parameters.
    (
        b"MAIL FROM:<anna@example.test> SIZE=1 BODY=8BITMIME RET=HDRS ENVID=QQ+2B1",
        mail(size=1, body=Body.EIGHT_BIT, returned=Returned.HEADERS, identifier="QQ+1"),
    ),
    (b"MAIL FROM:<anna@example.test> BODY=BINARYMIME", mail(body=Body.BINARY)),
    (b"MAIL FROM:<anna@example.test> AUTH=<>", mail(submitter="")),
    (b"MAIL FROM:<anna@example.test> AUTH=leo+3Dx@example.test", mail(submitter="leo=x@example.test")),
    (b"MAIL FROM:<anna@example.test> REQUIRETLS", mail(require_tls=True)),
    ("MAIL FROM:<用户@例子.test> SMTPUTF8".encode(), mail(CHINESE, smtputf8=True)),
    ("RCPT TO:<用户@例子.test>".encode(), rcpt(CHINESE)),
    (b"RCPT TO:<anna@example.test> NOTIFY=NEVER", rcpt(notify=frozenset((Notify.NEVER,)))),
    (
        b"RCPT TO:<anna@example.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@example.test",
        rcpt(ANNA, frozenset((Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)), "rfc822;a+b@example.test"),
    ),
    (
        b"RCPT TO:<anna@example.test> ORCPT=utf-8;\\x{7528}@example.test",
        rcpt(original="utf-8;用@example.test"),
    ),
    # Synthetic: addresses that need the closer look.
    (b'RCPT TO:<"anna b"@example.test>', rcpt(Address('"anna b"', "example.test"))),
    (b'RCPT TO:<"a>b"@example.test>', rcpt(Address('"a>b"', "example.test"))),
    (b'RCPT TO:<"a\\"b"@example.test>', rcpt(Address('"a\\"b"', "example.test"))),
    (b"RCPT TO:<anna@[192.0.2.1]>", rcpt(Address("anna", "[192.0.2.1]"))),
    (b"RCPT TO:<anna@[IPv6:2001:db8::1]>", rcpt(Address("anna", "[IPv6:2001:db8::1]"))),
    (b"RCPT TO:<a{b}|c!d@example.test>", rcpt(Address("a{b}|c!d", "example.test"))),
    (b"MAIL FROM:<b=1+2_3-4@x> SIZE=99999999999999999999", mail(Address("b=1+2_3-4", "x"), size=10**20 - 1)),
]


@pytest.mark.parametrize(("line", "command"), PAIRS, ids=[pair[0][:40].decode() for pair in PAIRS])
def test_written_and_read_are_a_pair(line: bytes, command: Command) -> None:
    """Every command is read from its line and written as it."""
    assert parse_command(line) == command
    assert to_bytes(command) == line + b"\r\n"


SPELLINGS: list[tuple[bytes, Command]] = [
    (b"mail from:<anna@example.test>", mail()),
    (b"Mail From:<anna@example.test> size=5 body=8bitmime", mail(size=5, body=Body.EIGHT_BIT)),
    (b"rCpT tO:<anna@example.test>", rcpt()),
    (b"RCPT TO:<POSTMASTER>", rcpt(Address("POSTMASTER", ""))),
    (b"DATA  ", Data()),
    (b"quit \t", Quit()),
    (b"MAIL FROM:<anna@example.test>  SIZE=5 ", mail(size=5)),
    # As Postfix 3.7 writes what RFC 6533 3 wants under the type utf-8.
    (b"RCPT TO:<anna@example.test> ORCPT=rfc822;j+C3+BCrgen@example.test", rcpt(original="utf-8;jürgen@example.test")),
    # RFC 5321 F.2: source routes are forgotten.
    (b"RCPT TO:<@one.test,@two.test:anna@example.test>", rcpt()),
    (b"MAIL FROM:<@one.test:anna@example.test>", mail()),
    (b"bdat 5 last", Bdat(5, last=True)),
    (b"auth plain =", Auth("PLAIN", b"")),
    (b"XYZZY now", Unknown("XYZZY")),
    (b"GET / HTTP/1.1", Unknown("GET")),
    (b"", Unknown("")),
    (b"MAILFROM:<anna@example.test>", Unknown("MAILFROM:<ANNA@EXAMPLE.TEST>")),
]


@pytest.mark.parametrize(("line", "command"), SPELLINGS)
def test_other_spellings_are_read(line: bytes, command: Command) -> None:
    """Case, trailing space and source routes make no difference."""
    assert parse_command(line) == command


FAULTS = [
    # MAIL.
    (b"MAIL", 501, "5.5.2"),
    (b"MAIL <anna@example.test>", 501, "5.5.2"),
    (b"MAIL FROM anna@example.test", 501, "5.5.2"),
    (b"MAIL FROM:anna@example.test", 501, "5.5.2"),
    (b"MAIL FROM: <anna@example.test>", 501, "5.5.2"),
    (b"MAIL FROM:<anna@example.test", 501, "5.5.2"),
    (b"MAIL FROM:<anna@example.test>SIZE=5", 501, "5.5.2"),
    (b"MAIL FROM:<anna>", 553, "5.1.7"),
    (b"MAIL FROM:<postmaster>", 553, "5.1.7"),
    (b"MAIL FROM:<anna@>", 553, "5.1.7"),
    (b"MAIL FROM:<an na@example.test>", 553, "5.1.7"),
    (b"MAIL FROM:<a..b@example.test>", 553, "5.1.7"),
    (b"MAIL FROM:<a@-example.test>", 553, "5.1.7"),
    (b"MAIL FROM:<" + b"a" * 65 + b"@example.test>", 553, "5.1.7"),
    ("MAIL FROM:<用户@例子.test>".encode(), 553, "5.6.7"),
    (b"MAIL FROM:<@one.test>", 501, "5.1.3"),
    (b"MAIL FROM:<@:anna@example.test>", 501, "5.1.3"),
    (b"MAIL FROM:<anna@example.test> SIZE", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> SIZE=", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> SIZE=-1", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> SIZE=1.5", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> SIZE=" + b"9" * 21, 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> SIZE=1 SIZE=1", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> BODY=9BIT", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> SMTPUTF8=yes", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> RET=ALL", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> ENVID=a+0D+0Ab", 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> ENVID=" + b"a" * 101, 501, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> NOTIFY=NEVER", 555, "5.5.4"),
    (b"MAIL FROM:<anna@example.test> HOLDFOR=60", 555, "5.5.4"),
    # RCPT.
    (b"RCPT TO:<>", 553, "5.1.3"),
    (b"RCPT TO:<anna>", 553, "5.1.3"),
    (b"RCPT TO:<anna@example.test> NOTIFY=NEVER,DELAY", 501, "5.5.4"),
    (b"RCPT TO:<anna@example.test> NOTIFY=DELAY,DELAY", 501, "5.5.4"),
    (b"RCPT TO:<anna@example.test> NOTIFY=", 501, "5.5.4"),
    (b"RCPT TO:<anna@example.test> ORCPT=anna@example.test", 501, "5.5.4"),
    (b"RCPT TO:<anna@example.test> ORCPT=rfc822;a=b@example.test", 501, "5.5.4"),
    (b"RCPT TO:<anna@example.test> ORCPT=rfc822;a+FF@example.test", 501, "5.5.4"),
    (b"RCPT TO:<anna@example.test> SIZE=5", 555, "5.5.4"),
    (b'RCPT TO:<"a>@example.test>', 501, "5.5.2"),
    # The others.
    (b"EHLO", 501, "5.5.4"),
    (b"EHLO two words", 501, "5.5.4"),
    ("EHLO bücher.test".encode(), 501, "5.5.4"),
    (b"EHLO " + b"a" * 256, 501, "5.5.4"),
    (b"DATA now", 501, "5.5.4"),
    (b"RSET all", 501, "5.5.4"),
    (b"QUIT 0", 501, "5.5.4"),
    (b"STARTTLS please", 501, "5.5.4"),
    (b"VRFY", 501, "5.5.4"),
    ("VRFY 用户".encode(), 553, "5.6.7"),
    (b"BDAT", 501, "5.5.4"),
    (b"BDAT x", 501, "5.5.4"),
    (b"BDAT 5 FIRST", 501, "5.5.4"),
    (b"BDAT -5", 501, "5.5.4"),
    (b"AUTH", 501, "5.5.4"),
    (b"AUTH PLAIN not base64", 501, "5.5.4"),
    (b"AUTH PLAIN b2", 501, "5.5.2"),
    (b"AUTH PLAIN ====", 501, "5.5.2"),
    (b"AUTH PLAIN *", 501, "5.5.2"),
    # Pathological.
    (b"NOOP \x00", 500, "5.5.2"),
    (b"NOOP \xff", 500, "5.5.2"),
    (b"NOOP\rQUIT", 500, "5.5.2"),
    (b"MAIL FROM:<anna@example.test>\rRCPT", 500, "5.5.2"),
    (b"RCPT TO:<anna@example.test\n>", 500, "5.5.2"),
    (b"\tDATA", 500, "5.5.2"),
]


@pytest.mark.parametrize(("line", "code", "status"), FAULTS)
def test_a_fault_has_its_reply(line: bytes, code: int, status: str) -> None:
    """What breaks the grammar is answered with the code and status that the RFCs give."""
    with pytest.raises(RemoteProtocolError) as caught:
        parse_command(line)
    assert caught.value.reply is not None
    assert (caught.value.reply.code, str(caught.value.reply.enhanced)) == (code, status)


def test_blanks_after_the_colon_are_a_leniency_with_a_name() -> None:
    """Where it is asked for, what some devices send is read."""
    assert parse_command(b"MAIL FROM:  <anna@example.test>", spaces=True) == mail()
    assert parse_command(b"RCPT TO: <anna@example.test>", spaces=True) == rcpt()


@pytest.mark.parametrize("parameter", sorted(PARAMETERS))
def test_a_parameter_that_is_not_offered_is_unknown(parameter: str) -> None:
    """555 answers every parameter that is not offered, also SIZE on the quick way."""
    line = b"RCPT TO:<a@b>" if parameter in ("NOTIFY", "ORCPT") else b"MAIL FROM:<a@b>"
    with pytest.raises(RemoteProtocolError) as caught:
        parse_command(line + f" {parameter}=1".encode(), PARAMETERS - {parameter})
    assert caught.value.reply is not None
    assert caught.value.reply.code == 555


BREAKOUTS: list[Command] = [
    Ehlo("a b"),
    Ehlo("a\r\nQUIT"),
    Ehlo(""),
    Helo("ü"),
    Noop("a\nb"),
    Noop(" a"),
    Help("\x00"),
    Vrfy("a\r\nQUIT"),
    Vrfy("用户"),
    Vrfy("anna SMTPUTF8"),
    Expn(""),
    Bdat(-1),
    Auth("PLAIN x"),
    Auth("plain"),
    Auth(""),
    Auth("A" * 21),
    Unknown("XYZZY"),
    Rcpt(Recipient(Address("a>\r\nDATA", "b"))),
    Rcpt(Recipient(Address("a@b", "c"))),
    Rcpt(Recipient(Address("a", "b>"))),
    Rcpt(Recipient(Address("", "b"))),
    Rcpt(Recipient(Address("a b", "c"))),
    Rcpt(Recipient(Address("a", "\ud800"))),
    Rcpt(Recipient(Address("a", "b.c\x00"))),
    Mail(Envelope(Address("postmaster", ""))),
    Mail(Envelope(CHINESE)),
    Mail(Envelope(ANNA, size=-1)),
    Mail(Envelope(ANNA, identifier="a\r\nb")),
    Mail(Envelope(ANNA, identifier="")),
    Mail(Envelope(ANNA, identifier="a" * 101)),
    Mail(Envelope(ANNA, submitter="é")),
    Rcpt(Recipient(ANNA, frozenset())),
    Rcpt(Recipient(ANNA, frozenset((Notify.NEVER, Notify.DELAY)))),
    Rcpt(Recipient(ANNA, original="anna@example.test")),
    Rcpt(Recipient(ANNA, original="rfc822;a\nb")),
    Rcpt(Recipient(ANNA, original="utf-8;a\nb")),
    Rcpt(Recipient(ANNA, original="rfc 822;a")),
    Rcpt(Recipient(ANNA, original="rfc822;" + "a" * 500)),
]


@pytest.mark.parametrize("command", BREAKOUTS, ids=lambda command: type(command).__name__)
def test_nothing_breaks_out_of_a_line(command: Command) -> None:
    """A value that does not fit the grammar is not written at all."""
    with pytest.raises(LocalProtocolError):
        to_bytes(command)


def test_a_password_is_not_shown() -> None:
    """The text of a command for a log has no secret in it."""
    assert "secret" not in repr(parse_command(b"AUTH PLAIN AGFubmEAc2VjcmV0"))


def _mutations(line: bytes) -> st.SearchStrategy[bytes]:
    return st.tuples(st.integers(0, len(line)), st.integers(0, len(line)), st.binary(max_size=3)).map(
        lambda cut: line[: cut[0]] + cut[2] + line[cut[1] :]
    )


@given(st.binary(max_size=80) | st.sampled_from([pair[0] for pair in PAIRS]).flatmap(_mutations))
def test_whatever_is_read_is_written_and_read_again(line: bytes) -> None:
    """Any line is a command or a fault with a reply; a command that can be written reads back equal."""
    try:
        command = parse_command(line)
    except RemoteProtocolError as error:
        command = None
        reply = error.reply
    else:
        reply = None
    assert (command is None) is (reply is not None)
    if command is not None:
        with suppress(LocalProtocolError):
            assert parse_command(to_bytes(command)[:-2]) == command


@given(st.text(max_size=70), st.text(max_size=70))
def test_an_address_is_written_as_one_path_or_not_at_all(local_part: str, domain: str) -> None:
    """Whatever the halves of an Address are, its line is one RCPT that reads back equal."""
    command = Rcpt(Recipient(Address(local_part, domain)))
    try:
        line = to_bytes(command)
    except LocalProtocolError:
        return
    assert line.endswith(b">\r\n")
    assert line.count(b"\r") == line.count(b"\n") == 1
    assert parse_command(line[:-2]) == command


@given(st.text(alphabet='ab.-_@<>"\\[]:, 1é', max_size=20))
def test_quick_and_thorough_reading_agree(text: str) -> None:
    """The short way for plain addresses takes exactly what Address.parse takes."""
    try:
        expected: Command | None = Rcpt(Recipient(Address.parse(text)))
    except AddressFault:
        expected = None
    try:
        read: Command | None = parse_command(b"RCPT TO:<%b>" % text.encode())
    except RemoteProtocolError:
        read = None
    if not text.startswith("@") and ">" not in text:
        assert read == expected
