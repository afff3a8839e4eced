"""Limits and Timeouts of POP3: how much of anything a peer may send, and how long anything may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and counts; every one is the largest value that is still accepted."""

    # Octets of a command line with its CRLF (RFC 2449 4).
    command_line: int = 255
    # Octets of a line of a SASL exchange with its CRLF.  RFC 5034 4 frees them from the limits of other lines; the
    # figure is that of RFC 4954 4.  AUTH with an initial response counts as one, since clients send long tokens there.
    authentication_line: int = 12_288
    # Octets of a response line and of a line of a listing with its CRLF: RFC 2449 4 has 512, servers in use send more.
    response_line: int = 2_048
    # Octets and lines of a listing (CAPA, LIST, UIDL, LANG).  A line of UIDL has at most 89 octets (RFC 1939 7).
    listing_octets: int = 32 * 1024 * 1024
    listing_lines: int = 500_000
    # Octets of one message that a client takes (own choice: above what providers accept).
    message: int = 200 * 1024 * 1024
    # Octets that wait while an earlier command is being answered; reading stops above (own choice).
    pipelined: int = 65_536
    # Octets of answers that wait to be sent before a server reads no more commands: a short command such as LIST may
    # have a long answer (own choice).
    unsent: int = 65_536
    # Commands that a client may have under way at a time (own choice: 64 times 255 octets fit every socket's buffer).
    commands_under_way: int = 64
    # Messages that a server shows of one maildrop, the first ones (own choice: a UIDL listing of 9 MB at most).
    maildrop_messages: int = 100_000
    # Commands that fail one after the other before the server closes (own choice; the same as in SMTP).
    errors: int = 20
    # Logins that fail before the server closes (own choice).
    failed_logins: int = 3


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that something may take; RFC 1939 has a figure for the server only."""

    # A TCP connection; systems give up after about two minutes by themselves.
    connect: float = 30.0
    # The handshake after STLS or at connection (own choice).
    tls_handshake: float = 30.0
    # The greeting (own choice: servers look up the client's name first).
    greeting: float = 60.0
    # The response to a command (own choice: a maildrop of many messages takes long to open).
    command: float = 120.0
    # The next octets of a message or listing (own choice, as the data block of RFC 5321 4.5.3.2.5).
    block: float = 180.0
    # The response to QUIT where messages are to be deleted: they are gone only when it has come (own choice).
    update: float = 300.0
    # The response to QUIT where nothing depends on it (own choice).
    quit: float = 5.0
    # How long a server waits for the client.  RFC 1939 3: an autologout timer MUST be of at least 10 minutes.
    server_idle: float = 600.0
    # How long a server waits until the client takes what it is sent (own choice: as long).
    server_send: float = 600.0
    # How long a server waits before it answers a login that failed, so that guessing takes long (own choice).
    failed_login: float = 2.0


DEFAULT_LIMITS = Limits()
DEFAULT_TIMEOUTS = Timeouts()
