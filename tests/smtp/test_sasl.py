"""SASL: the examples of the RFCs, both sides joined, what must never be sent in clear, and exchanges out of step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.smtp.sasl import (
    CLIENT_MECHANISMS,
    LONGEST_MESSAGE,
    CramMd5,
    Credentials,
    Login,
    Mechanism,
    OAuthBearer,
    Plain,
    SaslFault,
    ScramSha256,
    XOAuth2,
    choose,
)
from mailwright.smtp.sasl_server import (
    SERVER_MECHANISMS,
    Accepted,
    Challenge,
    CheckPassword,
    NeedSecret,
    Rejected,
    ScramSecret,
    Step,
    exchange,
)

NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = b"0123456789abcdef"
ANNA = Credentials("anna@example.com", "s3cret", "t0ken")


def test_plain_as_in_rfc_4616() -> None:
    """Both examples of section 4."""
    assert Plain(Credentials("tim", "tanstaaftanstaaf")).start() == b"\0tim\0tanstaaftanstaaf"
    assert Plain(Credentials("Kurt", "xipj3plmq", authorization="Ursel")).start() == b"Ursel\0Kurt\0xipj3plmq"


def test_cram_md5_as_in_rfc_2195() -> None:
    """The example of section 2."""
    client = CramMd5(Credentials("tim", "tanstaaftanstaaf"))
    client.start()
    answer = client.respond(b"<1896.697170952@postoffice.reston.mci.net>")
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_scram_as_in_rfc_7677() -> None:
    """The example of section 3, the server's proof included."""
    client = ScramSha256(Credentials("user", "pencil"), NONCE)
    assert client.start() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    final = client.respond(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    assert final == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    with pytest.raises(SaslFault, match="did not prove"):
        client.finish()
    assert client.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""
    client.finish()


def test_oauthbearer_as_in_rfc_7628() -> None:
    """The example of section 4.1, and the answer to a refusal of section 4.3."""
    example = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    client = OAuthBearer(Credentials("user@example.com", None, example), "server.example.com", 143)
    assert client.start() == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer %b\x01\x01" % example.encode()
    )
    assert client.respond(b'{"status":"invalid_token"}') == b"\x01"
    assert client.refusal == '{"status":"invalid_token"}'
    with pytest.raises(SaslFault):
        client.finish()


def test_oauthbearer_escapes_the_name() -> None:
    """A comma or equals sign in a name cannot end it."""
    assert OAuthBearer(Credentials("a=b,c", None, "t")).start() == b"n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01"


def test_xoauth2_answers_a_refusal_with_nothing() -> None:
    """User and token, then an empty line."""
    client = XOAuth2(ANNA)
    assert client.start() == b"user=anna@example.com\x01auth=Bearer t0ken\x01\x01"
    assert client.respond(b"{}") == b""
    with pytest.raises(SaslFault, match="none belongs"):
        client.respond(b"")


@pytest.mark.parametrize(
    ("offered", "credentials", "secure", "expected"),
    [
        (["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"], Credentials("a", "p"), True, "SCRAM-SHA-256"),
        (["LOGIN", "PLAIN"], Credentials("a", "p"), True, "PLAIN"),
        (["login"], Credentials("a", "p"), True, "LOGIN"),
        (["PLAIN", "CRAM-MD5"], Credentials("a", "p"), False, "CRAM-MD5"),
        (["PLAIN", "SCRAM-SHA-256"], Credentials("a", "p"), False, "SCRAM-SHA-256"),
        (["PLAIN", "XOAUTH2", "OAUTHBEARER"], ANNA, True, "OAUTHBEARER"),
        (["PLAIN", "XOAUTH2"], Credentials("a", None, "t"), True, "XOAUTH2"),
        (["SCRAM-SHA-256", "PLAIN"], Credentials("a", "p", authorization="b"), True, "PLAIN"),
        (["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"], ANNA, False, "clear-text"),
        (["NTLM", "GSSAPI"], ANNA, True, "none-offered"),
        ([], ANNA, True, "none-offered"),
        (["LOGIN"], Credentials("a", "p", authorization="b"), True, "none-offered"),
        (["PLAIN"], Credentials("a"), True, "no-credentials"),
        (["PLAIN"], Credentials("a", None, "t"), True, "none-offered"),
    ],
    ids=str,
)
def test_the_best_safe_mechanism_is_chosen(
    offered: list[str], credentials: Credentials, secure: bool, expected: str
) -> None:
    """What shows the secret is used under TLS only, and what both sides can do best comes first."""
    try:
        chosen = choose(offered, credentials, nonce=NONCE, secure=secure).name
    except SaslFault as fault:
        chosen = fault.why
    assert chosen == expected


def test_clear_text_can_be_allowed() -> None:
    """The caller may say so by name."""
    chosen = choose(["PLAIN"], Credentials("a", "p"), nonce=NONCE, secure=False, allow_clear=True)
    assert chosen.name == "PLAIN"


@pytest.mark.parametrize(
    ("mechanism", "why"),
    [
        (lambda: Plain(Credentials("a\0b", "p")).start(), "character"),
        (lambda: Plain(Credentials("a", "p\0")).start(), "character"),
        (lambda: Plain(Credentials("a", "\ud800")).start(), "character"),
        (lambda: Plain(Credentials("a" * 256, "p")).start(), "too-long"),
        (lambda: Plain(Credentials("a", "p" * 256)).start(), "too-long"),
        (lambda: Plain(Credentials("a")).start(), "no-credentials"),
        (lambda: Login(Credentials("a", "p", authorization="b")).start(), "authorization"),
        (lambda: ScramSha256(Credentials("a", "p", authorization="b"), NONCE), "authorization"),
        (lambda: ScramSha256(Credentials("", "p"), NONCE), "character"),
        (lambda: ScramSha256(Credentials("a\x07", "p"), NONCE), "character"),
        (lambda: XOAuth2(Credentials("a", None, "t t")).start(), "character"),
        (lambda: XOAuth2(Credentials("a", None, "t\r\nQUIT")).start(), "character"),
        (lambda: XOAuth2(Credentials("a\x01auth=x", None, "t")).start(), "character"),
        (lambda: XOAuth2(Credentials("a", None, "t" * 8_193)).start(), "too-long"),
        (lambda: OAuthBearer(Credentials("a\x01", None, "t")).start(), "character"),
        (lambda: OAuthBearer(Credentials("a", None, "t"), "h\x01").start(), "character"),
        (lambda: CramMd5(ANNA).respond(b""), "bad-challenge"),
        (lambda: CramMd5(ANNA).respond(b"x" * (LONGEST_MESSAGE + 1)), "too-long"),
        (lambda: Plain(ANNA).respond(b""), "out-of-step"),
    ],
)
def test_what_cannot_be_carried_is_a_fault(mechanism: object, why: str) -> None:
    """No credential can break out of its message, and every length has its limit."""
    assert callable(mechanism)
    with pytest.raises(SaslFault) as caught:
        mechanism()
    assert caught.value.why == why


def test_exactly_the_limits_pass() -> None:
    """One octet less than what is refused."""
    assert len(Plain(Credentials("a" * 255, "p" * 255)).start()) == 512
    assert XOAuth2(Credentials("a", None, "t" * 8_192)).start().endswith(b"t\x01\x01")


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"\xff",
        b"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=!!,i=4096",
        b"m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"e=unknown-user",
    ],
)
def test_bad_challenges_of_scram_are_refused(challenge: bytes) -> None:
    """A server cannot make the client accept another nonce, too little or too much work."""
    client = ScramSha256(Credentials("user", "pencil"), NONCE)
    client.start()
    with pytest.raises(SaslFault) as caught:
        client.respond(challenge)
    assert caught.value.why == "bad-challenge"


def test_a_wrong_proof_of_the_server_is_refused() -> None:
    """Who does not know the password cannot pretend to be the server."""
    client = ScramSha256(Credentials("user", "pencil"), NONCE)
    client.start()
    client.respond(b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    with pytest.raises(SaslFault):
        client.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(SaslFault):
        client.finish()


@given(st.lists(st.binary(max_size=200), max_size=4), st.sampled_from(CLIENT_MECHANISMS))
def test_hostile_servers_raise_nothing_else(challenges: list[bytes], name: str) -> None:
    """Any challenges end in answers or in SaslFault."""
    mechanism = choose([name], ANNA, nonce=NONCE, secure=True)
    mechanism.start()
    try:
        for challenge in challenges:
            mechanism.respond(challenge)
        mechanism.finish()
    except SaslFault as fault:
        text = str(fault)
    else:
        text = ""
    assert "s3cret" not in text
    assert "t0ken" not in text


SECRETS: dict[str, str | ScramSecret] = {
    "CRAM-MD5": "s3cret",
    "SCRAM-SHA-256": ScramSecret.derive("s3cret", SALT, 4_096),
}


def converse(mechanism: Mechanism, *, known: bool = True) -> Step:
    """Join a client with the server's side and return how it ends."""
    server = exchange(mechanism.name, SERVER_NONCE, "mx.example.test")
    step = server.start(mechanism.start())
    while True:
        match step:
            case Challenge(data):
                step = server.respond(mechanism.respond(data))
            case NeedSecret():
                step = server.secret(SECRETS[mechanism.name] if known else None)
            case _:
                return step


@pytest.mark.parametrize("name", SERVER_MECHANISMS)
def test_both_sides_understand_each_other(name: str) -> None:
    """The right password is accepted, or handed to the caller to check, and the server has proven itself."""
    mechanism = choose([name], Credentials("anna@example.com", "s3cret"), nonce=NONCE, secure=True)
    end = converse(mechanism)
    assert end in (Accepted("anna@example.com"), CheckPassword("anna@example.com", "s3cret"))
    mechanism.finish()


@pytest.mark.parametrize("name", ["CRAM-MD5", "SCRAM-SHA-256"])
def test_wrong_passwords_and_unknown_users_are_rejected(name: str) -> None:
    """The server's side says which it was, for its own log."""
    wrong = choose([name], Credentials("anna", "other"), nonce=NONCE, secure=True)
    assert converse(wrong) == Rejected("wrong-password")
    unknown = choose([name], Credentials("nobody", "s3cret"), nonce=NONCE, secure=True)
    assert converse(unknown, known=False) == Rejected("unknown-user")


def test_plain_may_ask_to_act_as_another() -> None:
    """The authorization identity reaches the caller; one's own counts as none."""
    step = exchange("PLAIN", NONCE, "h").start(b"ursel\0kurt\0x")
    assert step == CheckPassword("kurt", "x", "ursel")
    assert exchange("PLAIN", NONCE, "h").start(b"kurt\0kurt\0x") == CheckPassword("kurt", "x")


def test_login_takes_the_user_as_initial_response() -> None:
    """Some clients send it."""
    server = exchange("LOGIN", NONCE, "h")
    assert server.start(b"anna") == Challenge(b"Password:")
    assert server.respond(b"x") == CheckPassword("anna", "x")
    assert server.respond(b"y") == Rejected("out-of-step")


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("PLAIN", [b"a"]),
        ("PLAIN", [b"\0\0"]),
        ("PLAIN", [b"\0a\0"]),
        ("PLAIN", [b"\0a\0b\0c"]),
        ("PLAIN", [b"\0\xff\0b"]),
        ("PLAIN", [b"\0" + b"a" * 256 + b"\0b"]),
        ("LOGIN", [b""]),
        ("LOGIN", [b"anna", b""]),
        ("LOGIN", [b"anna", b"x" * 256]),
        ("CRAM-MD5", [b"anna 00"]),
        ("CRAM-MD5", [b"b913a602c7eda7a495b4e6e7334d3890"]),
        ("SCRAM-SHA-256", [b"n,,n=anna"]),
        ("SCRAM-SHA-256", [b"p=tls-unique,,n=anna,r=abc"]),
        ("SCRAM-SHA-256", [b"n,,n=,r=abc"]),
        ("SCRAM-SHA-256", [b"\xff"]),
    ],
    ids=str,
)
def test_malformed_messages_are_rejected(name: str, messages: list[bytes]) -> None:
    """A client that does not keep to the mechanism is rejected, and stays so."""
    server = exchange(name, NONCE, "h")
    step = server.start(None)
    for message in messages:
        step = server.respond(message)
    assert step == Rejected("malformed")
    assert server.respond(b"") == Rejected("out-of-step")


def test_messages_of_clients_are_bounded() -> None:
    """One octet past the limit is refused."""
    server = exchange("PLAIN", NONCE, "h")
    assert server.start(b"x" * (LONGEST_MESSAGE + 1)) == Rejected("too-long")


@given(st.lists(st.none() | st.binary(max_size=120), max_size=5), st.sampled_from(SERVER_MECHANISMS))
def test_hostile_clients_raise_nothing(messages: list[bytes | None], name: str) -> None:
    """Any messages end in steps; none of them accepts without the password."""
    server = exchange(name, NONCE, "h")
    step = server.start(None)
    for message in messages:
        step = server.secret(SECRETS.get(name)) if message is None else server.respond(message)
        assert not isinstance(step, Accepted)


def test_secrets_are_not_shown() -> None:
    """The repr of what holds a secret does not say it."""
    shown = repr([ANNA, CheckPassword("anna", "s3cret"), SECRETS["SCRAM-SHA-256"]])
    assert "s3cret" not in shown
    assert "t0ken" not in shown
    assert "key" not in shown


def test_unknown_mechanisms_are_a_fault() -> None:
    """There is no exchange for what is not offered."""
    with pytest.raises(SaslFault):
        exchange("NTLM", NONCE, "h")


@pytest.mark.parametrize(
    ("password", "salt", "rounds"), [("a\x07", SALT, 4_096), ("a", b"short", 4_096), ("a", SALT, 1)]
)
def test_secrets_that_cannot_be_derived_are_a_fault(password: str, salt: bytes, rounds: int) -> None:
    """Weak parameters are refused when the secret is made, not when it is used."""
    with pytest.raises(SaslFault):
        ScramSecret.derive(password, salt, rounds)
