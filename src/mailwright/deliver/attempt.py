"""Attempt: one connection to one address, and everything that can be done in it for some recipients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mailwright.causes.diagnosis import Evidence
from mailwright.clock import Clock
from mailwright.deliver.next_host import may_fall_back, split_off
from mailwright.deliver.outcome import Attempt, Delivery, Fate, Outcome, fate_of
from mailwright.mail.envelope import Envelope, Recipient
from mailwright.smtp.capabilities import capability_lines
from mailwright.smtp.content import Content
from mailwright.smtp.diagnose import (
    Place,
    Side,
    report_accepted,
    report_cause,
    report_obstacle,
    report_reply,
    report_trouble,
)
from mailwright.smtp.sasl import Mechanism, SaslFault
from mailwright.smtp.security import TlsMode
from mailwright.smtp.transaction import RecipientResult, Transaction
from mailwright.smtp.transcript import Entry, Step
from mailwright.smtp.transport import Connection, ConnectOptions, Target, connect
from mailwright.smtp.trouble import SmtpTrouble


@dataclass(frozen=True, slots=True)
class Job:
    """A message to hand over: who gets it, and what it is."""

    envelope: Envelope
    content: Content


@dataclass(frozen=True, slots=True)
class Way:
    """How to hand over.

    side: whose server is talked to.
    mechanism: returns how to log in on a connection; raises SaslFault where the server offers no way; None not to.
    watch: called with each entry of a transcript as it happens, and whom it is about.
    send: False ends after the login, to see whether it works.
    """

    options: ConnectOptions
    clock: Clock
    side: Side = Side.RECIPIENT
    mechanism: Callable[[Connection], Mechanism] | None = None
    watch: Callable[[Target, Entry], None] | None = None
    send: bool = True


#: Why an exchange of AUTH cannot even begin (SaslFault.why); other faults come in its midst.
_NO_WAY_IN = frozenset(("none-offered", "clear-text", "no-credentials", "authorization"))


async def attempt(target: Target, job: Job, way: Way, delivery: Delivery) -> tuple[Outcome, ...]:
    """Try one address for all recipients of ``job``, note all in ``delivery``, and return what became of them.

    After a cancellation ``delivery`` says how far it came.
    """
    return await _Attempt(target, job, way, delivery).run()


class _Attempt:
    """One attempt under way."""

    def __init__(self, target: Target, job: Job, way: Way, delivery: Delivery) -> None:
        self._target = target
        self._job = job
        self._way = way
        self._delivery = delivery
        self._outcomes: dict[Recipient, Outcome] = {}
        self._number = len(delivery.attempts)
        delivery.attempts.append(Attempt(target.host, target.address, target.port, None))

    async def run(self) -> tuple[Outcome, ...]:
        try:
            connection = await self._connected()
            try:
                await self._use(connection)
            except BaseException:
                # Also when it is cancelled: what was accepted so far is known.
                self._take(connection.transaction, connection)
                raise
            finally:
                self._keep(connection)
                if connection.is_usable:
                    await connection.quit()
                else:
                    connection.abort()
        except SmtpTrouble as trouble:
            self._failed(trouble)
        except SaslFault as fault:
            cause = "login-mechanism-unsupported" if fault.why in _NO_WAY_IN else "protocol-error"
            self._fill(cause, Evidence("ehlo", str(fault)), Step.AUTH)
        return tuple(self._outcomes.values())

    async def _connected(self) -> Connection:
        """Return a connection, in clear where TLS fails and is not demanded."""
        try:
            return await connect(self._target, self._way.options, self._way.clock, self._watch)
        except SmtpTrouble as trouble:
            policy = self._way.options.policy
            if not may_fall_back(trouble, policy):
                raise
            self._keep_transcript(trouble)
            self._number = len(self._delivery.attempts)
            self._delivery.attempts.append(Attempt(self._target.host, self._target.address, self._target.port, None))
            clear = replace(policy, mode=TlsMode.NONE, reason=f"TLS failed ({trouble.detail}) and is not demanded")
            options = replace(self._way.options, policy=clear)
            return await connect(self._target, options, self._way.clock, self._watch)

    async def _use(self, connection: Connection) -> None:
        if self._way.mechanism is not None:
            await connection.login(self._way.mechanism(connection))
        if not self._way.send:
            return
        await self._deliver(connection, self._job.envelope)
        # As long as some are taken in each transaction, those whom the server found too many are sent after.
        while rest := split_off(self._outcomes.values()):
            taken = self._accepted()
            most = connection.capabilities.recipient_max or max(1, taken)
            if not connection.is_usable:
                return
            await self._deliver(connection, replace(self._job.envelope, recipients=rest[:most]))
            if self._accepted() == taken:
                return

    async def _deliver(self, connection: Connection, envelope: Envelope) -> None:
        self._take(await connection.deliver(envelope, self._job.content), connection)

    def _accepted(self) -> int:
        return sum(outcome.fate is Fate.ACCEPTED for outcome in self._outcomes.values())

    # --------------------------------------------------------------------------------------------------------- noting

    def _watch(self, entry: Entry) -> None:
        if self._way.watch is not None:
            self._way.watch(self._target, entry)

    def _place(self, recipient: Recipient) -> Place:
        return Place(recipient.address, self._target.host or self._target.address, self._way.side)

    def _take(self, transaction: Transaction | None, connection: Connection) -> None:
        """Note what a transaction came to, be it in its midst."""
        if transaction is None:
            return
        if transaction.obstacle is not None:
            seen = "; ".join(capability_lines(connection.capabilities))
            for recipient in transaction.envelope.recipients:
                report = report_obstacle(transaction.obstacle, seen, self._place(recipient))
                self._note(Outcome(recipient, fate_of(report), report, Step.EHLO, self._number))
            return
        for result in transaction.results:
            outcome = self._outcome(result)
            if outcome is not None:
                self._note(outcome)

    def _outcome(self, result: RecipientResult) -> Outcome | None:
        """Return what a result means; None where the server has not decided anything."""
        place = self._place(result.recipient)
        if result.reply is not None and (result.accepted or result.reply.refuses):
            if result.accepted:
                report = report_accepted(result.reply, place)
                return Outcome(result.recipient, Fate.ACCEPTED, report, result.step, self._number)
            report = report_reply(result.reply, result.step, place)
            return Outcome(result.recipient, fate_of(report), report, result.step, self._number)
        if result.uncertain:
            seen = Evidence("connection", "the message was sent to its end and no answer came")
            report = report_cause("acceptance-unknown", seen, place)
            return Outcome(result.recipient, Fate.UNKNOWN, report, result.step, self._number)
        return None

    def _failed(self, trouble: SmtpTrouble) -> None:
        """Note a connection that cannot go on, for all recipients that nothing was decided for."""
        self._keep_transcript(trouble)
        for recipient in self._undecided():
            report = report_trouble(trouble, self._place(recipient))
            self._note(Outcome(recipient, fate_of(report), report, trouble.step, self._number))

    def _fill(self, cause_id: str, evidence: Evidence, step: Step) -> None:
        for recipient in self._undecided():
            report = report_cause(cause_id, evidence, self._place(recipient))
            self._note(Outcome(recipient, fate_of(report), report, step, self._number))

    def _undecided(self) -> tuple[Recipient, ...]:
        return tuple(one for one in self._job.envelope.recipients if one not in self._outcomes)

    def _note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.recipient] = outcome
        self._delivery.settle(outcome)

    def _keep(self, connection: Connection) -> None:
        known = self._delivery.attempts[self._number]
        self._delivery.attempts[self._number] = known._replace(transcript=connection.transcript)

    def _keep_transcript(self, trouble: SmtpTrouble) -> None:
        known = self._delivery.attempts[self._number]
        host = Place(None, self._target.host or self._target.address, self._way.side)
        self._delivery.attempts[self._number] = known._replace(
            transcript=trouble.transcript or known.transcript, trouble=report_trouble(trouble, host)
        )
