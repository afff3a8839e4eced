"""NameServer: a small DNS server on loopback, by UDP and TCP, that answers from a table and misbehaves as it says.

It recurses within its table, as a resolver does: CNAMEs are followed, and the AD bit says what the table says.
``Kind.TIMEOUT`` and ``Kind.UNREACHABLE`` are silence here: one socket cannot be out of reach for a single name.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from mailwright.dns.answer import Answer, Dnssec, Kind, Question, Record, RecordType, Txt
from mailwright.lab.table import TTL, Behaviour, Entry, Name, Table

if TYPE_CHECKING:
    from dns.message import Message, QueryMessage

#: Octets of a UDP response to a query without EDNS (RFC 1035 4.2.1).
PLAIN_PAYLOAD = 512
#: Attempts to find a port that is free for both UDP and TCP.
PORT_TRIES = 20
#: Seconds that a TCP connection may be idle.
IDLE = 10.0

#: Response codes of kinds (RFC 1035 4.1.1).
_RCODES = {Kind.FOUND: 0, Kind.NODATA: 0, Kind.NXDOMAIN: 3, Kind.SERVFAIL: 2, Kind.REFUSED: 5}
_SILENT = frozenset((Kind.TIMEOUT, Kind.UNREACHABLE))


class Asked(NamedTuple):
    """A query that came."""

    question: Question
    tcp: bool


class NameServer:
    """The server; ``async with NameServer(table) as server`` has it listen at ``server.address``.

    asked: every query that could be read, in order.  arrived: set by each of them, for whoever waits for one.
    silent: while True, nothing is answered at all.
    """

    def __init__(self, table: Mapping[str, Entry] | Table | None = None, *, host: str = "127.0.0.1") -> None:
        """Answer from ``table``; raises ValueError where it cannot be read."""
        self.table = table if isinstance(table, Table) else Table(table)
        self.asked: list[Asked] = []
        self.arrived = asyncio.Event()
        self.silent = False
        self._host = host
        self._port = 0
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @property
    def port(self) -> int:
        """The port of both sockets; kept over ``close`` and ``start``; 0 before the first ``start``."""
        return self._port

    @property
    def address(self) -> str:
        """Host and port as ``dns.servers.Server.parse`` reads them."""
        return f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    @property
    def counts(self) -> Counter[Question]:
        """How often each question came."""
        return Counter(asked.question for asked in self.asked)

    async def start(self) -> None:
        """Listen; on the port of the last time where there was one.  Raises OSError where none is free."""
        for tries_left in reversed(range(PORT_TRIES)):
            self._tcp = await asyncio.start_server(self._serve, self._host, self._port)
            port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self._host, port)
                )
            except OSError:
                self._tcp.close()
                await self._tcp.wait_closed()
                if self._port or not tries_left:
                    raise
            else:
                self._port = port
                return

    async def close(self) -> None:
        """Stop listening and end all connections."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            for writer in tuple(self._connections):
                writer.close()
            await self._tcp.wait_closed()
        # Closing is done in the next pass of the loop.
        await asyncio.sleep(0)

    def respond(self, packet: bytes, *, tcp: bool) -> bytes | None:
        """Return the response to a query; None for silence, and for what is no query."""
        asked = _read_query(packet)
        if asked is None:
            return None
        message, question = asked
        self.asked.append(Asked(question, tcp))
        self.arrived.set()
        answer = self.table.answer(question)
        entry = self.table.find(answer.aliases[-1] if answer.aliases else question.name) or Name()
        if self.silent or answer.kind in _SILENT:
            return None
        response = _misbehave(entry.behaviour, message, question, tcp=tcp)
        if response is None:
            response = _to_wire(_response(message, answer, entry), message, tcp=tcp)
        return response

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the queries of one TCP connection, one after the other."""
        self._connections.add(writer)
        try:
            async with asyncio.timeout(IDLE):
                while True:
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    response = self.respond(await reader.readexactly(length), tcp=True)
                    if response is not None:
                        writer.write(struct.pack("!H", len(response)) + response)
                        await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side of a server."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: the event loops' own transports are not all of the class that they act as.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._server.respond(data, tcp=False)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


def _read_query(packet: bytes) -> tuple[QueryMessage, Question] | None:
    from dns.exception import DNSException  # noqa: PLC0415 - slow to import
    from dns.message import QueryMessage, from_wire  # noqa: PLC0415 - slow to import

    from mailwright.dns.records import to_text  # noqa: PLC0415 - goes with it

    try:
        message = from_wire(packet)
    except (DNSException, ValueError):
        return None
    if not isinstance(message, QueryMessage) or len(message.question) != 1:
        return None
    asked = message.question[0]
    name = str(asked.rdtype.name) if hasattr(asked.rdtype, "name") else ""
    kind = RecordType.__members__.get(name)
    return None if kind is None else (message, Question(to_text(asked.name), kind))


def _misbehave(behaviour: Behaviour | None, query: QueryMessage, question: Question, *, tcp: bool) -> bytes | None:
    """Return the response of a misbehaving server; None where it behaves this time."""
    from dns.flags import TC  # noqa: PLC0415 - slow to import
    from dns.message import make_query, make_response  # noqa: PLC0415 - slow to import
    from dns.rcode import Rcode  # noqa: PLC0415 - slow to import
    from dns.rrset import from_text  # noqa: PLC0415 - slow to import

    response = make_response(query, recursion_available=True)
    match behaviour:
        case Behaviour.TRUNCATED if not tcp:
            response.flags |= TC
        case Behaviour.GARBAGE:
            return response.to_wire()[:12] + b"\xff" * 20
        case Behaviour.WRONG_ID:
            response.id ^= 1
        case Behaviour.WRONG_QUESTION:
            response.question = make_query("another.test", question.type).question
        case Behaviour.LOOP:
            response.answer.append(from_text(f"{question.name}.", TTL, "IN", "CNAME", f"{question.name}."))
        case Behaviour.NO_EDNS if query.opt is not None:
            response.use_edns(-1)
            response.set_rcode(Rcode.FORMERR)
        case _:
            return None
    return response.to_wire()


def _response(query: QueryMessage, answer: Answer, entry: Name) -> Message:
    from dns.edns import EDECode, EDEOption, Option  # noqa: PLC0415 - slow to import
    from dns.flags import AD  # noqa: PLC0415 - slow to import
    from dns.message import make_response  # noqa: PLC0415 - slow to import
    from dns.rcode import Rcode  # noqa: PLC0415 - slow to import
    from dns.rrset import from_text, from_text_list  # noqa: PLC0415 - slow to import

    response = make_response(query, recursion_available=True)
    response.set_rcode(Rcode(_RCODES.get(answer.kind, 2)))
    if query.opt is not None and entry.errors:
        options: list[Option] = [EDEOption(EDECode(code), text) for code, text in entry.errors]
        response.use_edns(0, payload=1232, options=options)
    if answer.dnssec is Dnssec.SECURE:
        response.flags |= AD
    owner = answer.question.name
    for alias in answer.aliases:
        response.answer.append(from_text(f"{owner}.", answer.ttl, "IN", "CNAME", f"{alias}."))
        owner = alias
    if answer.records:
        texts = [_text(record) for record in answer.records]
        response.answer.append(from_text_list(f"{owner}.", answer.ttl, "IN", answer.question.type, texts))
    elif answer.kind in {Kind.NODATA, Kind.NXDOMAIN}:
        # RFC 2308 2: a no carries the SOA of the zone, which says how long it may be kept.
        zone = f"{owner.rpartition('.')[2]}."
        soa = f"ns.{zone} hostmaster.{zone} 1 7200 900 86400 {answer.ttl}"
        response.authority.append(from_text(zone, answer.ttl, "IN", "SOA", soa))
    return response


def _text(record: Record) -> str:
    """Return a record as zone files write it, names with their dot at the end."""
    if isinstance(record, str):
        return record if _is_address(record) else f"{record}."
    if isinstance(record, Txt):
        return " ".join(f'"{"".join(f"{chr(92)}{octet:03}" for octet in string)}"' for string in record.strings)
    words = [part.hex() if isinstance(part, bytes) else str(part) for part in record]
    match type(record).__name__:
        case "Mx" | "Srv":
            words[-1] += "."
        case "Soa":
            words[:2] = [f"{word}." for word in words[:2]]
        case "Caa":
            words[-1] = f'"{words[-1]}"'
        case _:
            pass
    return " ".join(words)


def _is_address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


def _to_wire(response: Message, query: QueryMessage, *, tcp: bool) -> bytes:
    """Return the message; truncated where it is longer than UDP may carry (RFC 2181 9)."""
    from dns.flags import TC  # noqa: PLC0415 - slow to import

    packet = response.to_wire(max_size=65_535)
    most = 65_535 if tcp else query.payload if query.opt is not None else PLAIN_PAYLOAD
    if len(packet) <= max(most, PLAIN_PAYLOAD):
        return packet
    response.answer, response.authority, response.additional = [], [], []
    response.flags |= TC
    return response.to_wire()
