"""Transaction: what became of a message for each of its recipients, told while it goes on and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mailwright.mail.envelope import Envelope, Recipient
from mailwright.mail.reply import Reply
from mailwright.smtp.client_events import Answered
from mailwright.smtp.fitting import Obstacle
from mailwright.smtp.transcript import Step, Transcript


class RecipientResult(NamedTuple):
    """What became of one recipient.

    step: where it was decided, or how far it came: MAIL, RCPT, DATA or MESSAGE.
    reply: the reply that decided, or the last one; None where none came.
    accepted: the server has taken the message for this recipient; it is the server's now (RFC 5321 6.1).
    uncertain: the message was sent to its end, and nobody knows what became of it; trying again may double it.
    """

    recipient: Recipient
    step: Step
    reply: Reply | None
    accepted: bool
    uncertain: bool = False


class Transaction:
    """One attempt to hand over one message.

    Filled while it goes on, so that whoever is interrupted sees how far it came.

    envelope: as it was given, not as it was fitted.  obstacle: why nothing was sent; None where something was.
    """

    def __init__(self, envelope: Envelope, obstacle: Obstacle | None = None) -> None:
        self.envelope = envelope
        self.obstacle = obstacle
        self._mail: Reply | None = None
        self._recipients: list[Reply | None] = [None] * len(envelope.recipients)
        self._data: Reply | None = None
        self._message: Reply | None = None
        self._messages: dict[int, Reply] = {}
        self._uncertain = False
        self._closing: Reply | None = None
        self._transcript: Callable[[], Transcript] | None = None

    def take(self, answer: Answered) -> None:
        """Note a reply."""
        match answer.step:
            case Step.RCPT:
                if answer.recipient is not None:
                    self._recipients[answer.recipient] = answer.reply
            case Step.MAIL:
                self._mail = answer.reply
            case Step.DATA:
                self._data = answer.reply
            case _:
                if answer.recipient is None:
                    self._message = answer.reply
                else:
                    self._messages[answer.recipient] = answer.reply

    def ended(self, *, uncertain: bool = False, closing: Reply | None = None) -> None:
        """Note that nothing more comes.

        uncertain: the message was sent to its end, and a reply is missing.
        closing: the 421 by which the server ended the session; it is the answer to all that has none.
        """
        self._uncertain = uncertain
        self._closing = closing

    def told_by(self, transcript: Callable[[], Transcript]) -> None:
        """Note who can write the transcript; it is written when somebody asks."""
        self._transcript = transcript

    @property
    def transcript(self) -> Transcript | None:
        """What was said; None where nothing was sent."""
        return self._transcript() if self._transcript is not None else None

    @property
    def mail(self) -> Reply | None:
        """The reply to MAIL."""
        return self._mail

    @property
    def data(self) -> Reply | None:
        """The reply to DATA; None also with BDAT."""
        return self._data

    @property
    def message(self) -> Reply | None:
        """The reply to the end of the message; None with LMTP, where each recipient has its own."""
        return self._message

    @property
    def uncertain(self) -> bool:
        """True where the message was sent to its end and at least one reply is missing (RFC 5321 4.5.3.2.6)."""
        return any(result.uncertain for result in self.results)

    @property
    def accepted(self) -> tuple[Recipient, ...]:
        """The recipients that the server has taken the message for."""
        return tuple(result.recipient for result in self.results if result.accepted)

    @property
    def results(self) -> tuple[RecipientResult, ...]:
        """One for each recipient, in the envelope's order."""
        return tuple(map(self._result, range(len(self._recipients)), self.envelope.recipients))

    def _result(self, index: int, recipient: Recipient) -> RecipientResult:
        reply = self._recipients[index]
        mail = self._mail
        if mail is not None and mail.refuses:
            return RecipientResult(recipient, Step.MAIL, mail, accepted=False)
        if reply is None:
            step = Step.RCPT if mail is not None else Step.MAIL
            return RecipientResult(recipient, step, self._closing, accepted=False, uncertain=self._uncertain)
        if reply.refuses:
            return RecipientResult(recipient, Step.RCPT, reply, accepted=False)
        if self._data is not None and self._data.refuses:
            return RecipientResult(recipient, Step.DATA, self._data, accepted=False)
        final = self._message or self._messages.get(index)
        if final is not None:
            return RecipientResult(recipient, Step.MESSAGE, final, accepted=final.completes)
        if self._uncertain:
            return RecipientResult(recipient, Step.MESSAGE, None, accepted=False, uncertain=True)
        return RecipientResult(recipient, Step.RCPT, self._closing or reply, accepted=False)
