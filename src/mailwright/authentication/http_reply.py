"""What an HTTP server answers to one GET, read from bytes within bounds: no sockets here (RFC 9110, RFC 9112).

``h11`` reads the protocol; this adds the limits, and says in the words of ``FetchKind`` what came of it.
"""

from __future__ import annotations

import h11

from mailwright.authentication.mtasts import FetchKind, FetchPolicy, PolicyFetch
from mailwright.authentication.mtasts_policy import LONGEST_POLICY

#: Octets of the header section, and of one line of the chunked coding; web servers allow 8,000 and more.
LONGEST_HEADER = 16_384
#: Octets of the whole answer: the policy with what the chunked coding adds, the headers, provisional answers before.
LONGEST_ANSWER = 2 * LONGEST_POLICY
#: Chunks and provisional answers; web servers send a policy in one chunk or a few, each costs us 30 microseconds.
MOST_PIECES = 1_000

_GONE = frozenset((404, 410))


class PolicyReply:
    """Reads the answer to a request.

    Send ``request``; give ``take`` every piece that arrives, b"" at the end of input, until it returns a result.
    """

    def __init__(self, fetch: FetchPolicy, agent: str) -> None:
        """Begin the exchange; ``agent`` is what the User-Agent field says."""
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEADER)
        self._status = 0
        self._type = ""
        self._body = bytearray()
        self._taken = 0
        self._pieces = 0
        target = fetch.url.removeprefix("https://").removeprefix(fetch.host)
        # RFC 8461 3.3: HTTP caching MUST NOT be used: nothing between is to answer from memory.
        fields = [
            ("Host", fetch.host),
            ("User-Agent", agent),
            ("Accept", "text/plain"),
            ("Accept-Encoding", "identity"),
            ("Cache-Control", "no-cache, no-store"),
            ("Connection", "close"),
        ]
        request = h11.Request(method="GET", target=target, headers=fields)
        self.request = (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    def take(self, data: bytes) -> PolicyFetch | None:
        """Take what arrived, b"" for the end of input; return the result, None where more is needed."""
        self._taken += len(data)
        if self._taken > LONGEST_ANSWER:
            return PolicyFetch(FetchKind.TOO_BIG, detail=f"more than {LONGEST_ANSWER} octets")
        try:
            self._http.receive_data(data)
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return None
                result = self._on_event(event)
                if result is not None:
                    return result
        except h11.RemoteProtocolError as wrong:
            return PolicyFetch(FetchKind.PROTOCOL, detail=str(wrong))

    def _on_event(self, event: object) -> PolicyFetch | None:
        """Return the result that an event settles; None where it settles nothing."""
        match event:
            case h11.InformationalResponse():
                return self._count_piece()
            case h11.Response():
                return self._on_head(event)
            case h11.Data():
                self._body += event.data
                # RFC 8461 3.3: senders may limit the size; 64 kilobytes are suggested.
                if len(self._body) > LONGEST_POLICY:
                    return PolicyFetch(FetchKind.TOO_BIG, detail=f"more than {LONGEST_POLICY} octets")
                # h11 marks no chunk whose first octet arrives later than its size: then the network is what is slow.
                return self._count_piece() if event.chunk_start else None
            case h11.EndOfMessage():
                return PolicyFetch(FetchKind.FETCHED, bytes(self._body), self._type)
            case _:
                return PolicyFetch(FetchKind.PROTOCOL, detail="closed without an answer")

    def _count_piece(self) -> PolicyFetch | None:
        """Return the result where there are too many chunks or provisional answers (RFC 9110 15.2)."""
        self._pieces += 1
        return PolicyFetch(FetchKind.TOO_BIG, detail="too many pieces") if self._pieces > MOST_PIECES else None

    def _on_head(self, head: h11.Response) -> PolicyFetch | None:
        """Return the result where the status alone settles it."""
        fields = {name.lower(): value for name, value in reversed(list(head.headers))}
        said = f"{head.status_code} {head.reason.decode('ascii', 'replace')}".strip()
        # RFC 8461 3.3: redirects MUST NOT be followed.
        if 300 <= head.status_code < 400:
            where = fields.get(b"location", b"").decode("ascii", "replace")
            return PolicyFetch(FetchKind.REDIRECT, detail=f"{said} to {where}" if where else said)
        # RFC 8461 3.3: a policy is only valid if the status is 200.
        if head.status_code != 200:
            return PolicyFetch(FetchKind.NOT_FOUND if head.status_code in _GONE else FetchKind.STATUS, detail=said)
        coding = fields.get(b"content-encoding", b"identity").strip().lower()
        if coding not in {b"identity", b""}:
            return PolicyFetch(FetchKind.PROTOCOL, detail=f"content coding {coding.decode('ascii', 'replace')!r}")
        self._type = fields.get(b"content-type", b"").decode("ascii", "replace")
        return None
