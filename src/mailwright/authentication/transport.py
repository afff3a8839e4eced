"""Fetches MTA-STS policies over HTTPS (RFC 8461 3.3): the I/O of this room.

One GET per policy: the certificate is checked for the policy host, nothing is redirected, and everything that comes
has a limit.  ``PolicyFinder`` joins DNS, cache and fetching for whoever delivers.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from weakref import WeakValueDictionary

from mailwright.authentication.http_reply import PolicyReply
from mailwright.authentication.mtasts import (
    FetchKind,
    FetchPolicy,
    HandshakeFailure,
    PolicyFetch,
    StsState,
    look_up_record,
)
from mailwright.authentication.mtasts_cache import PolicyCache
from mailwright.clock import Clock
from mailwright.dns.answer import Answer, Question, RecordType
from mailwright.dns.names import IpAddress
from mailwright.dns.reach import is_public
from mailwright.dns.resolver import Resolver, ask

#: Seconds for the whole fetch (RFC 8461 3.3: a suggested timeout is one minute).
WHOLE_TIME = 60.0
#: Seconds for one connection with its TLS handshake, so that a dead address leaves time for the next.
CONNECT_TIME = 15.0
#: Addresses of a policy host that are tried.
MOST_ADDRESSES = 4
#: Octets that are read at once.
PIECE = 16_384
#: Characters of what a library said that are kept.
LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How policies are fetched.

    port: of the policy host; other than 443 only in a lab.
    whole_time, connect_time: seconds.
    may_reach: which addresses may be connected to: a stranger's DNS must not lead us into our own network.
    agent: what the User-Agent field says.
    """

    port: int = 443
    whole_time: float = WHOLE_TIME
    connect_time: float = CONNECT_TIME
    may_reach: Callable[[IpAddress], bool] = is_public
    agent: str = "mailwright"


class PolicyFetcher:
    """Carries out ``FetchPolicy`` requests."""

    def __init__(
        self,
        resolver: Resolver,
        clock: Clock,
        context: ssl.SSLContext | None = None,
        options: FetchOptions | None = None,
    ) -> None:
        """Keep what fetching needs; ``context``: whom to trust, by default the system's authorities."""
        self._resolver = resolver
        self._clock = clock
        self._context = context or ssl.create_default_context()
        self._options = options or FetchOptions()

    async def fetch(self, request: FetchPolicy) -> PolicyFetch:
        """Return what became of the request; raises nothing but what ends the task."""
        try:
            async with self._clock.timeout(self._options.whole_time):
                return await self._fetch(request)
        except TimeoutError:
            return PolicyFetch(FetchKind.TIMEOUT, detail=f"not complete after {self._options.whole_time:g} s")

    async def _fetch(self, request: FetchPolicy) -> PolicyFetch:
        """Try one address after the other; the first that lets itself be connected to settles it."""
        addresses, result = await self._addresses(request.host)
        for address in addresses:
            result = await self._fetch_from(address, request)
            if result.kind not in {FetchKind.UNREACHABLE, FetchKind.TIMEOUT}:
                break
        return result

    async def _addresses(self, host: str) -> tuple[list[str], PolicyFetch]:
        """Return the addresses to try, and what to say where there are none."""
        questions = Question(host, RecordType.AAAA), Question(host, RecordType.A)
        answers = await asyncio.gather(*map(self._resolver.resolve, questions))
        found = [record for answer in answers for record in answer.records if isinstance(record, str)]
        reachable = [address for address in found if self._options.may_reach(ip_address(address))]
        if found and not reachable:
            return [], PolicyFetch(FetchKind.NO_ADDRESS, detail=f"only addresses like {found[0]}, not of the Internet")
        return _in_turns(reachable)[:MOST_ADDRESSES], _no_address(answers)

    async def _fetch_from(self, address: str, request: FetchPolicy) -> PolicyFetch:
        """Return what became of the request at one address."""
        # RFC 8461 3.3: the certificate MUST be valid for the policy host, chain to a trusted root and not be expired;
        # the name is also sent as SNI.
        connecting = asyncio.open_connection(
            address, self._options.port, ssl=self._context, server_hostname=request.host, limit=PIECE
        )
        try:
            async with self._clock.timeout(self._options.connect_time):
                reader, writer = await connecting
        except TimeoutError:
            return PolicyFetch(FetchKind.TIMEOUT, detail=f"no connection to {address} in time")
        except ssl.SSLError as wrong:
            return _tls_failed(wrong)
        except (OSError, ValueError) as wrong:
            return PolicyFetch(FetchKind.UNREACHABLE, detail=f"{address}: {_said(wrong)}")
        try:
            return await _exchange(reader, writer, PolicyReply(request, self._options.agent))
        except ssl.SSLError as wrong:
            return _tls_failed(wrong)
        except OSError as wrong:
            return PolicyFetch(FetchKind.PROTOCOL, detail=f"{address}: {_said(wrong)}")
        finally:
            # The answer is whole or useless; there is nothing to say goodbye for.
            writer.transport.abort()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: PolicyReply) -> PolicyFetch:
    """Send the request and read the answer."""
    writer.write(reply.request)
    await writer.drain()
    while True:
        data = await reader.read(PIECE)
        result = reply.take(data)
        if result is not None:
            return result
        if not data:
            return PolicyFetch(FetchKind.PROTOCOL, detail="cut off")


def _in_turns(addresses: list[str]) -> list[str]:
    """Return addresses with the IP versions taking turns, so that a version that is not connected costs one try."""
    v6 = [address for address in addresses if ":" in address]
    v4 = [address for address in addresses if ":" not in address]
    mixed = [address for pair in zip(v6, v4, strict=False) for address in pair]
    return mixed + v6[len(v4) :] + v4[len(v6) :]


def _no_address(answers: list[Answer]) -> PolicyFetch:
    """Return the result for a host without an address."""
    failed = next((answer for answer in answers if not answer.tells), None)
    kind = FetchKind.NO_ADDRESS if failed is None else FetchKind.DNS_FAILED
    return PolicyFetch(kind, detail=(failed or answers[0]).evidence[:LONGEST_DETAIL])


#: X509_V_ERR_* of OpenSSL: not yet valid, expired, host name mismatch.
_VERIFY_CODES = {9: HandshakeFailure.EXPIRED, 10: HandshakeFailure.EXPIRED, 62: HandshakeFailure.WRONG_NAME}


def _tls_failed(wrong: ssl.SSLError) -> PolicyFetch:
    """Return the result for a connection that TLS broke."""
    if not isinstance(wrong, ssl.SSLCertVerificationError):
        return PolicyFetch(FetchKind.TLS_FAILED, tls=HandshakeFailure.OTHER, detail=_said(wrong))
    why = _VERIFY_CODES.get(wrong.verify_code, HandshakeFailure.NOT_TRUSTED)
    return PolicyFetch(FetchKind.TLS_FAILED, tls=why, detail=wrong.verify_message[:LONGEST_DETAIL])


def _said(wrong: Exception) -> str:
    """Return what an exception says, never empty."""
    return (str(wrong) or type(wrong).__name__)[:LONGEST_DETAIL]


class PolicyFinder:
    """Finds the policy of a domain: asks DNS, fetches where that is due, keeps what was fetched.

    Deliveries to one domain that come at the same time share one fetch.
    """

    def __init__(self, resolver: Resolver, fetcher: PolicyFetcher, cache: PolicyCache, clock: Clock) -> None:
        """Keep the parts."""
        self._resolver = resolver
        self._fetcher = fetcher
        self._cache = cache
        self._clock = clock
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def find(self, domain: str) -> StsState:
        """Return how MTA-STS stands for ``domain`` (lower case, A-labels); takes up to a minute for a first fetch."""
        lookup = await ask(look_up_record(domain), self._resolver)
        if self._cache.plan(lookup, self._clock.now()) is None:
            return self._cache.state(domain, self._clock.now())
        async with self._busy.setdefault(domain, asyncio.Lock()):
            # Whoever waited for the lock finds the work done.
            request = self._cache.plan(lookup, self._clock.now())
            if request is None:
                return self._cache.state(domain, self._clock.now())
            fetch = await self._fetcher.fetch(request)
            return self._cache.take(request, fetch, self._clock.now())
