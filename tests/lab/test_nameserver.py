"""The name server of the lab; what it answers is held by the contract of Resolver (test_resolver.py)."""

from __future__ import annotations

import asyncio
import struct

import dns.flags
import dns.message
import dns.rcode
import pytest

from mailwright.dns.answer import Kind, Question, RecordType
from mailwright.dns.wire import WireOptions, query
from mailwright.lab.nameserver import Asked, NameServer

QUESTION = Question("example.test", RecordType.A)


@pytest.mark.parametrize("packet", [b"", b"\x00" * 5, b"\xff" * 40, query(QUESTION, 1, WireOptions())[:-1]])
def test_rubbish_gets_no_response(packet: bytes) -> None:
    """What is no query is passed over."""
    server = NameServer({})
    assert server.respond(packet, tcp=False) is None
    assert server.asked == []


def test_a_response_is_not_responded_to() -> None:
    """A type that the table does not know is passed over too."""
    wire = dns.message.make_query("example.test.", "HINFO").to_wire()
    assert NameServer({}).respond(wire, tcp=False) is None


@pytest.mark.parametrize(("payload", "whole"), [(None, False), (512, False), (1232, True)])
def test_long_answers_are_truncated_by_udp(payload: int | None, whole: bool) -> None:
    """RFC 2181 9: what does not fit is left out, and TC says so; by TCP it is whole."""
    server = NameServer({"example.test": ["TXT " + "x" * 600]})
    packet = query(QUESTION._replace(type=RecordType.TXT), 1, WireOptions(payload=payload))
    udp, tcp = (server.respond(packet, tcp=tcp) for tcp in (False, True))
    assert udp is not None
    assert tcp is not None
    assert bool(dns.message.from_wire(udp).flags & dns.flags.TC) is not whole
    assert len(dns.message.from_wire(tcp).answer) == 1


def test_a_no_says_how_long_it_holds() -> None:
    """RFC 2308 3: the SOA stands in the authority section."""
    response = NameServer({}).respond(query(QUESTION, 1, WireOptions()), tcp=False)
    assert response is not None
    message = dns.message.from_wire(response)
    assert (message.rcode(), len(message.authority)) == (dns.rcode.NXDOMAIN, 1)


async def test_one_connection_serves_many_queries() -> None:
    """By TCP, one after the other; and closing ends what is open."""
    async with NameServer({"example.test": ["A 192.0.2.1"]}) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for ident in (1, 2):
            packet = query(QUESTION, ident, WireOptions())
            writer.write(struct.pack("!H", len(packet)) + packet)
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            assert struct.unpack("!H", (await reader.readexactly(length))[:2]) == (ident,)
        assert server.asked == [Asked(QUESTION, tcp=True)] * 2
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_server_comes_back_at_its_port() -> None:
    """Down and up again, as in an outage."""
    server = NameServer({})
    await server.close()
    await server.start()
    port = server.port
    await server.close()
    await server.start()
    assert server.port == port
    assert server.address == f"127.0.0.1:{port}"
    await server.close()


def test_a_silent_server_still_counts() -> None:
    """What it was asked is known."""
    server = NameServer({"example.test": ["A 192.0.2.1"], "slow.test": Kind.TIMEOUT})
    assert server.respond(query(Question("slow.test", RecordType.A), 1, WireOptions()), tcp=False) is None
    server.silent = True
    assert server.respond(query(QUESTION, 1, WireOptions()), tcp=False) is None
    assert server.counts == {QUESTION: 1, Question("slow.test", RecordType.A): 1}
