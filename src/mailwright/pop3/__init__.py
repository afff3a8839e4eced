"""POP3 (RFC 1939) as state machines without I/O, and the asyncio transports that drive them."""
