"""The replies that a server gives by itself, and what it sees to in those of its application (RFC 2034)."""

from __future__ import annotations

from dataclasses import replace

from mailwright.mail.reply import Reply
from mailwright.mail.status import EnhancedStatus
from mailwright.smtp.errors import LocalProtocolError
from mailwright.smtp.replies import reply_to_bytes


def reply_bytes(reply: Reply) -> bytes:
    """Return the reply as it goes onto the wire, with the general status of its class where it has none.

    RFC 2034 4: where ENHANCEDSTATUSCODES is offered, every 2yz, 4yz and 5yz reply MUST have a status of its own class,
    but not the greeting and not the replies to EHLO, HELO and LHLO.
    Raises LocalProtocolError for a code that is none and for a status of another class.
    """
    category = reply.code // 100
    if not 2 <= category <= 5 or not reply.lines:
        raise LocalProtocolError(f"no reply: {reply.code} with {len(reply.lines)} lines")
    if reply.enhanced is None:
        reply = replace(reply, enhanced=EnhancedStatus(category, 0, 0))
    elif reply.enhanced.category != category:
        raise LocalProtocolError(f"{reply.enhanced} cannot stand in a reply {reply.code}")
    return reply_to_bytes(reply)


def own_reply(code: int, status: tuple[int, int, int], text: str) -> Reply:
    """Return a reply of one line with an enhanced status code."""
    return Reply(code, (text,), EnhancedStatus(*status))


#: What acceptance of each step is answered with, ready for the wire.
OK_MAIL = b"250 2.1.0 Sender ok\r\n"
OK_RECIPIENT = b"250 2.1.5 Recipient ok\r\n"
START_DATA = b"354 End data with <CR><LF>.<CR><LF>\r\n"
OK_MESSAGE = b"250 2.0.0 Message accepted\r\n"
OK_RESET = b"250 2.0.0 Ok\r\n"
OK_AUTHENTICATED = b"235 2.7.0 Authentication succeeded\r\n"
GO_TLS = b"220 2.0.0 Ready to start TLS\r\n"
CANNOT_VERIFY = b"252 2.5.0 Cannot verify, but will take the message and try to deliver\r\n"
OK_HELP = b"214 2.0.0 See RFC 5321\r\n"
BYE = b"221 2.0.0 Bye\r\n"

SEND_HELLO = own_reply(503, (5, 5, 1), "Send EHLO first")
SEND_LHLO = own_reply(503, (5, 5, 1), "Send LHLO first")
REFUSED_ALL = own_reply(503, (5, 5, 1), "This service was refused, send QUIT")
NESTED_MAIL = own_reply(503, (5, 5, 1), "A transaction is under way, send RSET first")
NO_MAIL = own_reply(503, (5, 5, 1), "Send MAIL first")
NO_RECIPIENT = own_reply(503, (5, 5, 1), "Send RCPT first")
NO_VALID_RECIPIENTS = own_reply(554, (5, 5, 1), "No valid recipients")
DURING_CHUNKS = own_reply(503, (5, 5, 1), "BDAT has begun, send BDAT or RSET")
BINARY_NEEDS_CHUNKS = own_reply(503, (5, 5, 1), "BINARYMIME needs BDAT")
UNRECOGNISED = own_reply(500, (5, 5, 1), "Command not recognised")
NOT_IMPLEMENTED = own_reply(502, (5, 5, 1), "Command not implemented")
TLS_FIRST = own_reply(530, (5, 7, 0), "Send STARTTLS first")
TLS_ALREADY = own_reply(503, (5, 5, 1), "TLS is active already")
AUTHENTICATE_FIRST = own_reply(530, (5, 7, 0), "Authentication required")
AUTHENTICATED_ALREADY = own_reply(503, (5, 5, 1), "Authenticated already")
ENCRYPT_FIRST = own_reply(538, (5, 7, 11), "Encryption required for authentication")
NO_MECHANISM = own_reply(504, (5, 5, 4), "Authentication mechanism not offered")
CANCELLED = own_reply(501, (5, 7, 0), "Authentication cancelled")
DURING_TRANSACTION = own_reply(503, (5, 5, 1), "Not allowed during a transaction")
LINE_TOO_LONG = own_reply(500, (5, 5, 2), "Line too long")
AUTHENTICATION_TOO_LONG = own_reply(500, (5, 5, 6), "Authentication exchange line is too long")
NOT_OFFERED_BODY = own_reply(555, (5, 5, 4), "This value of BODY is not offered")
NO_SMTPUTF8 = own_reply(553, (5, 6, 7), "Addresses beyond ASCII need SMTPUTF8")
TOO_MANY_RECIPIENTS = own_reply(452, (4, 5, 3), "Too many recipients")
TOO_MANY_DOMAINS = own_reply(452, (4, 5, 3), "Too many recipient domains")
TOO_MANY_MESSAGES = own_reply(452, (4, 5, 3), "Too many transactions in this session")

BARE_LINE_FEED = own_reply(421, (4, 5, 2), "Lines end in CRLF, closing")
TOO_MANY_ERRORS = own_reply(421, (4, 7, 0), "Too many errors, closing")
TOO_MANY_IDLE = own_reply(421, (4, 7, 0), "Too many commands without effect, closing")
TOO_MANY_LOGINS = own_reply(421, (4, 7, 0), "Too many failed authentications, closing")
NOT_SMTP = own_reply(421, (4, 5, 1), "This is a mail server, closing")
OUT_OF_STEP = own_reply(421, (4, 5, 0), "Commands sent before the reply they had to wait for, closing")
IDLE = own_reply(421, (4, 4, 2), "Idle for too long, closing")
TOO_LONG_SESSION = own_reply(421, (4, 4, 2), "Session lasted too long, closing")
SHUTTING_DOWN = own_reply(421, (4, 3, 2), "Service is being shut down, closing")
TOO_MANY_CONNECTIONS = own_reply(421, (4, 3, 2), "Too many connections, try again later")
FAILED = own_reply(451, (4, 3, 0), "Local error, try again later")
FAILED_CLOSING = own_reply(421, (4, 3, 0), "Local error, closing")
