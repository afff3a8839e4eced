"""The Authentication-Results header field (RFC 8601), written and read; ARC carries the same payload (RFC 8617 4.1.1).

Reading is strict: a field that does not follow the grammar tells nothing, and is taken for nobody's.  Whoever
receives mail from outside removes those that pretend to be its own (``claims``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from mailwright.authentication.header_fields import Header, HeaderField
from mailwright.authentication.results_text import ResultsFault, ResultsReader, quoted, written_value

#: Octets of a payload; real ones have up to 4 kB.
LONGEST_PAYLOAD = 32 * 1024
#: Results of one field, and properties of one result; real fields have up to 20 and 6.
MOST_RESULTS = 100
MOST_PROPERTIES = 50
#: RFC 8601 2.2: the version of what is written here, and the only one that is read.
VERSION = 1
#: Columns of a folded line; RFC 5322 2.1.1 advises at most 78.
_COLUMNS = 76

NAME = "Authentication-Results"
_LOWER_NAME = b"authentication-results"


class ResultProperty(NamedTuple):
    """A property: where it was found (ptype: smtp, header, body, policy, dns), its name, and its value."""

    ptype: str
    name: str
    value: str


class MethodResult(NamedTuple):
    """What a method found (RFC 8601 2.3): "dkim", "pass", and where and why.

    reason: for people; None where there is none.  comment: in brackets behind the result; "" for none; not read back.
    """

    method: str
    result: str
    reason: str | None = None
    properties: tuple[ResultProperty, ...] = ()
    comment: str = ""
    version: int = 1


class AuthenticationResults(NamedTuple):
    """A payload: who says it (authserv-id), and what; no results means "none": no authentication was tried."""

    authserv_id: str
    results: tuple[MethodResult, ...] = ()
    version: int = VERSION

    @classmethod
    def parse(cls, value: bytes) -> AuthenticationResults:
        """Return what a field's value says, folded or not; raises ResultsFault."""
        if len(value) > LONGEST_PAYLOAD:
            raise ResultsFault("long", 0)
        try:
            text = value.decode("utf-8").replace("\r\n ", " ").replace("\r\n\t", "\t")
        except UnicodeDecodeError as fault:
            raise ResultsFault("character", fault.start) from None
        reader = ResultsReader(text)
        authserv_id, version = _head(reader)
        results: list[MethodResult] = []
        while not reader.at_end():
            reader.expect(";")
            # Some receivers, Yahoo among them, write a semicolon behind the last result too.
            if results and reader.at_end():
                break
            if len(results) == MOST_RESULTS:
                raise ResultsFault("many", reader.place)
            result = _result(reader)
            if result is None:
                # RFC 8601 2.2: "none" stands alone.
                if results or not reader.at_end():
                    raise ResultsFault("none", reader.place)
                return cls(authserv_id, (), version)
            results.append(result)
        if not results:
            raise ResultsFault("empty", reader.place)
        return cls(authserv_id, tuple(results), version)

    def write(self) -> str:
        """Return the payload, folded by CRLF and a tab; raises ResultsFault for what the grammar has no place for."""
        head = written_value(self.authserv_id) + (f" {self.version}" if self.version != VERSION else "")
        if not self.results:
            return head + "; none"
        return ";\r\n\t".join((head, *map(_written, self.results)))

    def field(self) -> bytes:
        """Return the whole header field, without the CRLF at its end."""
        return f"{NAME}: {self.write()}".encode()


def _head(reader: ResultsReader) -> tuple[str, int]:
    """Read the authserv-id and the version."""
    authserv_id = reader.value()
    if reader.next_is_word():
        number = reader.word()
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise ResultsFault("version", reader.place)
        version = int(number)
        # RFC 8601 2.2: what has another version than is known MUST be ignored.
        if version != VERSION:
            raise ResultsFault("version", reader.place)
    return authserv_id, VERSION


def _result(reader: ResultsReader) -> MethodResult | None:
    """Read one result; None for "none"."""
    method = reader.keyword()
    if method.lower() == "none" and not reader.peek("=") and not reader.peek("/"):
        return None
    version = 1
    if reader.take("/"):
        number = reader.word()
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise ResultsFault("version", reader.place)
        version = int(number)
    reader.expect("=")
    result = reader.keyword()
    reason, properties, words = None, list[ResultProperty](), 0
    while reader.next_is_word():
        words += 1
        if words > MOST_PROPERTIES:
            raise ResultsFault("many", reader.place)
        word = reader.keyword().lower()
        if reader.take("="):
            # "action=none" of Microsoft 365 has no place in the grammar; it tells nothing that is asked for here.
            value = reader.property_value()
            if word == "reason" and reason is None:
                reason = value
            continue
        reader.expect(".")
        name = reader.keyword().lower()
        reader.expect("=")
        properties.append(ResultProperty(word, name, reader.property_value()))
    return MethodResult(method.lower(), result.lower(), reason, tuple(properties), "", version)


def _written(result: MethodResult) -> str:
    """Return one result, folded."""
    version = f"/{result.version}" if result.version != 1 else ""
    words = [f"{_keyword(result.method)}{version}={_keyword(result.result)}"]
    if result.comment:
        words.append(f"({_comment(result.comment)})")
    if result.reason is not None:
        words.append(f"reason={quoted(result.reason)}")
    for ptype, name, value in result.properties:
        words.append(f"{_keyword(ptype)}.{_keyword(name)}={written_value(value, pvalue=True)}")
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _COLUMNS:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return "\r\n\t".join(lines)


def _keyword(word: str) -> str:
    """Return a keyword; raises ResultsFault where it is none."""
    reader = ResultsReader(word)
    if reader.keyword() != word:
        raise ResultsFault("keyword", 0)
    return word


def _comment(text: str) -> str:
    """Return a comment's text with what could end it taken out, and control characters as spaces."""
    return "".join(char if char.isprintable() else " " for char in text if char not in "()\\")


# ----------------------------------------------------------------------------------------------- whose a field is


def claims(field: HeaderField, authserv_ids: Collection[str]) -> bool:
    """Tell whether a field claims to be one of ``authserv_ids``'s (compared without case), or cannot be told not to.

    RFC 8601 5: a border MTA MUST delete such a field of a message from outside.  A field that cannot be read is taken
    for a claim: some other program may read in it what this one does not.
    """
    if field.name != _LOWER_NAME:
        return False
    value = field.value
    try:
        reader = ResultsReader(value[:LONGEST_PAYLOAD].decode("utf-8").replace("\r\n", ""))
        written = reader.value()
    except (ResultsFault, UnicodeDecodeError):
        return True
    return written.lower().rstrip(".") in {own.lower().rstrip(".") for own in authserv_ids}


def without_claims(header: Header, authserv_ids: Collection[str]) -> Header:
    """Return the header without the fields that claim to be one of ``authserv_ids``'s (RFC 8601 5)."""
    return Header([field for field in header.fields if not claims(field, authserv_ids)])


def results_by(header: Header, authserv_ids: Collection[str]) -> tuple[AuthenticationResults, ...]:
    """Return what the fields of ``authserv_ids`` say, from the top; fields that cannot be read are left out.

    RFC 8601 4.1: only of a message whose foreign claims were removed when it came in, and of ids that are trusted.
    """
    own = {authserv_id.lower().rstrip(".") for authserv_id in authserv_ids}
    found: list[AuthenticationResults] = []
    for field in header.all(_LOWER_NAME):
        try:
            results = AuthenticationResults.parse(field.value)
        except ResultsFault:
            continue
        if results.authserv_id.lower().rstrip(".") in own:
            found.append(results)
    return tuple(found)


def merged(authserv_id: str, parts: Iterable[AuthenticationResults]) -> AuthenticationResults:
    """Return all results of ``parts`` as one payload, as ARC wants them (RFC 8617 4.1.1); at most MOST_RESULTS."""
    results: Sequence[MethodResult] = [result for part in parts for result in part.results]
    return AuthenticationResults(authserv_id, tuple(results[:MOST_RESULTS]))
