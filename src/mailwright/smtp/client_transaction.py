"""TransactionEngine: MAIL, RCPT and the message, one transaction after the other (RFC 5321 3.3, RFC 2920, RFC 3030).

The theory of operation stands at the head of mailwright.smtp.client.
"""

from __future__ import annotations

from mailwright.mail.envelope import Body, Envelope
from mailwright.mail.reply import Reply
from mailwright.smtp.client_core import EngineCore
from mailwright.smtp.client_events import Answered, ContentWanted, TransactionEnded
from mailwright.smtp.client_state import Awaited, Line, Role, State, TransactionState
from mailwright.smtp.commands import Data, Mail, Rcpt, Rset, to_bytes
from mailwright.smtp.errors import LocalProtocolError, RemoteProtocolError
from mailwright.smtp.transcript import Step


class TransactionEngine(EngineCore):
    """The part of the engine that carries messages."""

    def begin(self, envelope: Envelope, *, chunking: bool = False, whole: bytes | None = None) -> None:
        """Begin a transaction: MAIL, RCPT for every recipient, and DATA.

        envelope: must have been fitted to the capabilities (mailwright.smtp.fitting).
        chunking: use BDAT; needs CHUNKING.
        whole: the message, sent in the same group where ``sends_whole`` says that it can be; else None.
        Answered comes for each, then ContentWanted, without ``whole``, or TransactionEnded.
        """
        self._check("begin")
        if not envelope.recipients:
            raise LocalProtocolError("a transaction without recipients")
        if (chunking and not self.capabilities.chunking) or (envelope.body is Body.BINARY and not chunking):
            raise LocalProtocolError("CHUNKING is not offered, or not used where BINARYMIME needs it")
        if whole is not None and not (chunking and self.sends_whole):
            raise LocalProtocolError("a message cannot be sent with its envelope here")
        # Everything is written before anything is kept: an address that cannot be written changes nothing.
        lines = [Line(Step.MAIL, None, to_bytes(Mail(envelope)))]
        lines += [Line(Step.RCPT, index, to_bytes(Rcpt(to))) for index, to in enumerate(envelope.recipients)]
        if not chunking:
            lines.append(Line(Step.DATA, None, to_bytes(Data())))
        if self._begun:
            lines.insert(0, Line(Step.RESET, -1, to_bytes(Rset())))
        self._begun = True
        self.transactions += 1
        self._transaction = TransactionState(chunking=chunking, line_ends=self.settings.line_ends)
        self._transaction.lines.extend(lines)
        self.state = State.ENVELOPE
        self._go_on()
        if whole is not None:
            self._send_whole(whole, len(envelope.recipients))

    @property
    def sends_whole(self) -> bool:
        """Whether a message can go out with its envelope, in one round trip (RFC 3030 4.2).

        With LMTP it cannot: how many replies follow depends on those to RCPT.
        """
        offered = self.capabilities.chunking and self.capabilities.pipelining
        return offered and self.settings.pipelining and self.settings.role is Role.SMTP

    def _send_whole(self, message: bytes, recipients: int) -> None:
        current = self._current
        current.chunk = message
        current.unanswered = recipients
        if self._recorder is not None:
            self._recorder.content(message)
        self._send_chunk(last=True)
        if self._recorder is not None:
            self._recorder.content_ended(current.octets)
        self._await_end()

    def send_content(self, piece: bytes) -> None:
        """Send the next piece of the message.

        Raises LocalProtocolError at a bare CR or LF with LineEnds.STRICT; give up the connection then.
        """
        self._check("send_content", waiting=True)
        current = self._current
        if self._recorder is not None:
            self._recorder.content(piece)
        if not current.chunking:
            out = current.stuffer.stuff(piece)
            current.octets += len(out)
            self._out.append(out)
            return
        # One piece is held back, because the last must say that it is.
        self._send_chunk(last=False)
        current.chunk = piece

    def end_content(self) -> None:
        """Send the end of the message; Answered for the message, or each of its recipients with LMTP, follows."""
        self._check("send_content", waiting=True)
        current = self._current
        if current.chunking:
            self._send_chunk(last=True)
        else:
            out = current.stuffer.end()
            current.octets += len(out)
            self._out.append(out)
        if self._recorder is not None:
            self._recorder.content_ended(current.octets)
        self._await_end()

    def _go_on(self) -> None:
        """Send what the transaction can send now: everything, or the next line that still has a point."""
        lines = self._current.lines
        if self.settings.pipelining and self.capabilities.pipelining:
            while lines:
                line = lines.popleft()
                self._send(line.step, line.octets, line.place)
        elif lines and not self._awaited:
            line = lines.popleft()
            self._send(line.step, line.octets, line.place)

    def _send_chunk(self, *, last: bool) -> None:
        current = self._current
        chunk, current.chunk = current.chunk, b""
        if not chunk and not last:
            return
        line = b"BDAT %d%b\r\n" % (len(chunk), b" LAST" if last else b"")
        self._out += [line, chunk]
        current.octets += len(chunk)
        if self._recorder is not None:
            self._recorder.sent(Step.MESSAGE, line)
        if not last:
            self._awaited.append(Awaited(Step.MESSAGE, -1))

    def _await_end(self) -> None:
        self.state = State.ENDING
        if self.settings.role is Role.LMTP:
            # RFC 2033 4.2: one reply for each recipient that was accepted, in order.
            self._awaited.extend(Awaited(Step.MESSAGE, index) for index in self._current.accepted)
        else:
            self._awaited.append(Awaited(Step.MESSAGE))

    def _answer_transaction(self, awaited: Awaited, reply: Reply) -> None:
        match awaited.step:
            case Step.RCPT:
                self._on_rcpt(awaited, reply)
            case Step.MAIL:
                self._on_mail(reply)
            case Step.DATA:
                self._on_data(reply)
            case _:
                self._on_message(awaited, reply)

    def _on_mail(self, reply: Reply) -> None:
        current = self._current
        current.mail_accepted = reply.completes
        self._events.append(Answered(Step.MAIL, reply))
        if not reply.completes:
            # What has not been sent yet has no point any more.
            current.lines.clear()
            current.unanswered = 0
        self._envelope_goes_on()

    def _on_rcpt(self, awaited: Awaited, reply: Reply) -> None:
        current = self._current
        current.unanswered = max(0, current.unanswered - 1)
        if reply.completes and awaited.place is not None:
            if not current.mail_accepted:
                # DATA is on its way and could deliver an empty message to this recipient.
                raise RemoteProtocolError("RCPT accepted though MAIL was refused")
            current.accepted.append(awaited.place)
        self._events.append(Answered(Step.RCPT, reply, awaited.place))
        self._envelope_goes_on()

    def _envelope_goes_on(self) -> None:
        current = self._current
        if self.closing is not None:
            current.lines.clear()
        if not current.accepted and len(current.lines) == 1 and current.lines[0].step is Step.DATA:
            current.lines.clear()
        self._go_on()
        if not self._awaited:
            if current.chunking and current.accepted and self.closing is None:
                self._want_content()
            else:
                self._end_transaction()

    def _on_data(self, reply: Reply) -> None:
        if reply.completes:
            raise RemoteProtocolError(f"{reply.code} is no reply to DATA")
        self._events.append(Answered(Step.DATA, reply))
        if reply.refuses:
            self._end_transaction()
        elif self._current.accepted:
            self._want_content()
        else:
            self._end_empty_message()

    def _want_content(self) -> None:
        self.state = State.CONTENT
        self._events.append(ContentWanted(len(self._current.accepted)))

    def _end_empty_message(self) -> None:
        """RFC 2920 3.1: where 354 came though no recipient was accepted, the client SHOULD send a single dot."""
        # RFC 2033 4.2: with LMTP, DATA MUST fail there; how many replies would follow the dot nobody could say.
        if self.settings.role is Role.LMTP:
            raise RemoteProtocolError("354 though no recipient was accepted")
        self._send(Step.MESSAGE, b".\r\n", -1)
        self.state = State.ENDING

    def _on_message(self, awaited: Awaited, reply: Reply) -> None:
        current = self._current
        if self.state is State.CONTENT or (awaited.place == -1 and current.chunking):
            self._on_chunk(reply)
        elif awaited.place != -1:
            self._events.append(Answered(Step.MESSAGE, current.refused_chunk or reply, awaited.place))
            # RFC 5321 4.1.1.4: the end of the message ends the transaction; where it was refused, RSET makes it sure.
            self._begun = self._begun and not reply.completes
        if self.state is State.ENDING and not self._awaited:
            self._end_transaction()

    def _on_chunk(self, reply: Reply) -> None:
        """RFC 3030 2: once a chunk was refused the transaction has failed, and all that follows is refused too."""
        if not reply.refuses or self._current.refused_chunk is not None:
            return
        self._current.refused_chunk = reply
        if self.state is State.CONTENT:
            # What is still to come would be refused; the replies to what was sent already are awaited.
            self._current.chunk = b""
            self._await_refusal(reply)

    def _await_refusal(self, reply: Reply) -> None:
        for index in self._current.accepted if self.settings.role is Role.LMTP else (None,):
            self._events.append(Answered(Step.MESSAGE, reply, index))
        self._current.accepted.clear()
        self.state = State.ENDING

    def _end_transaction(self) -> None:
        self._transaction = None
        self.state = State.READY
        self._events.append(TransactionEnded())
