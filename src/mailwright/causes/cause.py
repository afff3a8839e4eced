"""Cause: an entry of the catalogue, and the closed lists of words that describe one.

The words are those of the JSON output and of the TOML files, letter for letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where in the life of a message the cause arises."""

    CLIENT = "client"
    SUBMISSION = "submission"
    QUEUE = "queue"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    SESSION = "session"
    POLICY = "policy"
    CONTENT = "content"
    MAILBOX = "mailbox"
    RETRIEVAL = "retrieval"


class Scope(StrEnum):
    """What the cause is a property of; only a recipient is ever suppressed, and only for a recipient's cause."""

    RECIPIENT = "recipient"
    SENDER_DOMAIN = "sender-domain"
    IP = "ip"
    MESSAGE = "message"
    ACCOUNT = "account"
    NETWORK = "network"
    DESTINATION = "destination"


class Permanence(StrEnum):
    """Whether waiting helps: the only home of "temporary"."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    DEPENDS = "depends"


class Fixer(StrEnum):
    """Whose turn it is."""

    SENDER = "sender"
    SENDER_ADMINISTRATOR = "sender-administrator"
    RECIPIENT = "recipient"
    RECIPIENT_ADMINISTRATOR = "recipient-administrator"
    NETWORK = "network"
    NOBODY = "nobody"


class Remedy(StrEnum):
    """What a delivery engine does about the cause."""

    RETRY = "retry"
    NEXT_ROUTE = "next-route"
    SPLIT_RECIPIENTS = "split-recipients"
    SHRINK = "shrink"
    SLOW_DOWN = "slow-down"
    OTHER_SOURCE = "other-source"
    SUPPRESS = "suppress"
    GIVE_UP = "give-up"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of the catalogue.

    id: kebab-case, stable, unique.
    reason: the coarser word that several causes may share.
    codes: enhanced status codes (RFC 3463) that stand for it; the first is the one we would send. May be empty.
    boundary: where the neighbouring cause begins, for people who write rules.
    title, explanation, fixes: English; other languages are translations of these texts (causes.texts).
    """

    id: str
    reason: str
    stage: Stage
    scope: Scope
    permanence: Permanence
    fixer: Fixer
    remedy: Remedy
    codes: tuple[str, ...]
    boundary: str
    title: str
    explanation: str
    fixes: tuple[str, ...]

    @property
    def suppresses(self) -> bool:
        """True where a recipient with this cause should not be written to again."""
        return self.remedy is Remedy.SUPPRESS and self.scope is Scope.RECIPIENT
