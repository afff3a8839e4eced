"""Limits and Timeouts: how much of anything a peer may send, and how long anything may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and counts; every one is the largest value that is still accepted."""

    # Octets of a command line with its CRLF.  RFC 5321 4.5.3.1.4 demands 512; SIZE, 8BITMIME, AUTH, DSN and SMTPUTF8
    # each allow MAIL or RCPT some hundred more, which 2,048 covers together.
    command_line: int = 2_048
    # Octets of an AUTH command or response line with its CRLF (RFC 4954 4).
    authentication_line: int = 12_288
    # Octets of one reply line with its CRLF: RFC 5321 4.5.3.1.5 has 512, servers in use send more.
    reply_line: int = 2_048
    # Lines and octets of one whole reply.  RFC 5321 has no limit; EHLO replies in use stay below 40 lines.
    reply_lines: int = 100
    reply_octets: int = 65_536
    # Octets of a line of text with its CRLF, without the dot that makes it transparent (RFC 5321 4.5.3.1.6).
    text_line: int = 1_000
    # Recipients of one message; RFC 5321 4.5.3.1.8 demands at least 100.
    recipients: int = 1_000
    # Octets of a message (RFC 1870); announced by SIZE.  RFC 5321 4.5.3.1.7 demands at least 64 KiB.
    message: int = 50 * 1024 * 1024
    # Octets that may wait while an earlier command is being answered; reading stops above.
    pipelined: int = 262_144
    # Commands that the server itself refuses since the last message before it closes with 421 (own choice; Postfix's
    # hard limit is 20).  Recipients, and what is pipelined behind a refused command, are not counted.
    errors: int = 20
    # Commands without effect (NOOP, RSET, HELP, VRFY, EXPN) since the last message before the server closes with
    # 421 (own choice; Postfix slows down after 100).
    idle_commands: int = 100
    # AUTH commands that fail before the server closes with 421 (own choice).
    failed_authentications: int = 5


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that something may take; the client's are minima of RFC 5321 4.5.3.2."""

    # A TCP connection; RFC 5321 has no figure, systems give up after about two minutes by themselves.
    connect: float = 30.0
    # The handshake after STARTTLS or at connection (own choice).
    tls_handshake: float = 30.0
    # The 220 greeting (RFC 5321 4.5.3.2.1).
    banner: float = 300.0
    # The replies to EHLO, HELO, STARTTLS, AUTH, RSET, NOOP; without a figure of their own, as MAIL.
    command: float = 300.0
    # The reply to MAIL (RFC 5321 4.5.3.2.2).
    mail: float = 300.0
    # The reply to RCPT (RFC 5321 4.5.3.2.3).
    recipient: float = 300.0
    # The reply 354 to DATA (RFC 5321 4.5.3.2.4).
    data_initiation: float = 120.0
    # Until the system takes the next block of data (RFC 5321 4.5.3.2.5).
    data_block: float = 180.0
    # The reply to the final dot (RFC 5321 4.5.3.2.6).
    data_end: float = 600.0
    # The reply to QUIT; nothing depends on it (own choice).
    quit: float = 5.0
    # How long a server waits for the next command or data of the client (RFC 5321 4.5.3.2.7).
    server_idle: float = 300.0
    # How long one whole connection to a server may last (own choice: the longest wait of a client, six times).
    server_session: float = 3_600.0


DEFAULT_LIMITS = Limits()
DEFAULT_TIMEOUTS = Timeouts()
