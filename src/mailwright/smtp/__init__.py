"""smtp: the protocol (RFC 5321) without I/O: commands, data, a client and a server engine, and their transports."""
