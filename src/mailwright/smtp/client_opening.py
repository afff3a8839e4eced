"""Opening: all that comes before the first message: TCP, TLS by the policy, banner, EHLO (RFC 5321 3.1, RFC 3207)."""

from __future__ import annotations

from mailwright.smtp.certificate import certificate_facts, plain_faults
from mailwright.smtp.client_events import TlsReady
from mailwright.smtp.client_link import client_context
from mailwright.smtp.client_session import ClientSession
from mailwright.smtp.security import TlsMode, names_match
from mailwright.smtp.transcript import Step
from mailwright.smtp.trouble import SmtpTrouble, TlsProblem, TlsTrouble


class Opening(ClientSession):
    """The part of a Connection that opens it."""

    async def open(self) -> None:
        """Do all of it; ``connect`` calls it once.  Raises SmtpTrouble."""
        await self._connect()
        if self.options.policy.implicit:
            await self._secure()
            self._engine.tls = True
        self.greeting = self._accepted(await self._answer(Step.BANNER))
        await self._hello()
        if not self._engine.tls and await self._start_tls():
            # RFC 3207 4.2: the client SHOULD send EHLO as the first command after the handshake.
            await self._hello()

    async def _connect(self) -> None:
        target, options = self.target, self.options
        try:
            await self._link.open(target, options.local_address, options.timeouts.connect, deaf=options.policy.implicit)
        except SmtpTrouble as trouble:
            raise self._told(trouble) from trouble.__cause__
        self._recorder.note(Step.CONNECT, f"connected to {target.address} port {target.port}")
        if options.proxy_header:
            self._link.write(options.proxy_header)

    async def _hello(self) -> None:
        self._ready_for(Step.EHLO)
        self._engine.hello(self.options.name)
        self._accepted(await self._answer(Step.EHLO))

    async def _start_tls(self) -> bool:
        """Do what the policy wants after EHLO; return whether TLS has begun."""
        policy = self.options.policy
        if policy.mode is TlsMode.NONE and not policy.demands_tls:
            return False
        if not self.capabilities.starttls:
            if policy.demands_tls:
                raise self._told(TlsTrouble(Step.STARTTLS, TlsProblem.NOT_OFFERED, "the server offers no STARTTLS"))
            return False
        self._ready_for(Step.STARTTLS)
        self._engine.start_tls()
        event = await self._answer(Step.STARTTLS)
        if isinstance(event, TlsReady):
            await self._secure()
            self._ready_for(Step.TLS)
            self._engine.tls_started()
            return True
        if policy.demands_tls:
            self._accepted(event)
        return False

    async def _secure(self) -> None:
        """Make the handshake, and look at the certificate as the policy wants."""
        options, policy = self.options, self.options.policy
        context = options.ssl_context or client_context(options.ca_file, verify=policy.demands_certificate)
        try:
            shake = await self._link.secure(context, self.names[0].rstrip("."), options.timeouts.tls_handshake)
        except SmtpTrouble as trouble:
            raise self._told(trouble) from trouble.__cause__
        self._handshake = shake
        self._recorder.note(Step.TLS, f"{shake.version}, {shake.cipher}")
        if policy.tlsa:
            self._check_records()
        elif policy.demands_certificate:
            self._check_names()

    def _check_records(self) -> None:
        """Compare the certificates with the TLSA records (RFC 7672 3)."""
        check = self.options.check_chain
        fault = check(self.chain) if check is not None else "nobody is there to compare it with the TLSA records"
        if fault is not None:
            raise self._told(TlsTrouble(Step.TLS, TlsProblem.DANE, fault))
        self._proof = "TLSA records"

    def _check_names(self) -> None:
        """Compare the names of a certificate whose authority OpenSSL has checked (RFC 9525 6)."""
        facts = certificate_facts(self.chain[0]) if self.chain else None
        if facts is None:
            raise self._told(TlsTrouble(Step.TLS, TlsProblem.NO_CERTIFICATE, "the server sent none that can be read"))
        if not names_match(facts.names, self.names):
            (fault, *_) = plain_faults(facts, self.names, facts.not_before)
            raise self._told(TlsTrouble(Step.TLS, TlsProblem.WRONG_NAME, fault))
        self._proof = "certificate authority"
