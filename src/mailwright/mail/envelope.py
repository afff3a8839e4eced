"""Envelope: who sends to whom, apart from the message itself (RFC 5321 2.3.1), with what the extensions add."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailwright.mail.address import Address


class Body(StrEnum):
    """What octets the message has (RFC 6152, RFC 3030): the values of the BODY parameter."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"
    BINARY = "BINARYMIME"


class Notify(StrEnum):
    """When a recipient's sender wants to hear of it (RFC 3461 4.1): the words of the NOTIFY parameter."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


class Returned(StrEnum):
    """What a report of failure gives back (RFC 3461 4.3): the values of the RET parameter."""

    FULL = "FULL"
    HEADERS = "HDRS"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient.

    notify: None where the sender did not ask, which means FAILURE and perhaps DELAY (RFC 3461 4.1).
    original: the ORCPT parameter, "type;address", decoded from xtext; None where not given.
    """

    address: Address
    notify: frozenset[Notify] | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MAIL and RCPT say.

    reverse_path: None is the null reverse-path ``<>`` of reports, which must not be answered (RFC 5321 4.5.5).
    size: octets of the message with CRLF line ends (RFC 1870); None where it was not told.
    identifier: the ENVID parameter (RFC 3461 4.4), decoded; None where not given.
    submitter: the AUTH parameter (RFC 4954 5), decoded, "" for ``<>``; None where not given.
    require_tls: REQUIRETLS (RFC 8689).
    """

    reverse_path: Address | None
    recipients: tuple[Recipient, ...] = ()
    size: int | None = None
    body: Body | None = None
    smtputf8: bool = False
    returned: Returned | None = None
    identifier: str | None = None
    submitter: str | None = None
    require_tls: bool = False
