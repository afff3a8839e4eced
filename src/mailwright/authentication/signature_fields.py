"""What the header fields of signatures are made of: DKIM-Signature (RFC 6376 3.5), ARC-Message-Signature and ARC-Seal.

Each tag has a function that reads it and raises ``SignatureFault`` where a rule is broken that the field alone can
break.  What a signature field covers of itself, and how it is folded when it is written, stands here too.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

from mailwright.authentication.canonical import Form
from mailwright.authentication.dkim_key import KeyType, decode_base64
from mailwright.authentication.tags import TagFault, parse_tags, without_space
from mailwright.mail.address import LONGEST_DOMAIN, is_host_name

#: Octets of a signature field; with copied header fields (z=) real ones reach 10 kB.
LONGEST_SIGNATURE = 60_000
#: Names in h=; real ones have 5 to 60.
MOST_NAMES = 500
#: Octets of the signature and the hash: RSA of 16,384 bits, SHA-512.  What is longer is no signature.
LONGEST_B = 2_048
#: Digits of t= and x= (RFC 6376 3.5).
MOST_TIME_DIGITS = 12


class Algorithm(StrEnum):
    """The signing algorithms (a=; RFC 6376 3.3, RFC 8463 3)."""

    RSA_SHA256 = "rsa-sha256"
    ED25519_SHA256 = "ed25519-sha256"
    # RFC 8301 3.1: MUST NOT be used any more, neither to sign nor to verify.
    RSA_SHA1 = "rsa-sha1"

    @property
    def key_type(self) -> KeyType:
        """The type of key that it needs."""
        return KeyType.ED25519 if self is Algorithm.ED25519_SHA256 else KeyType.RSA


class SignatureTrouble(StrEnum):
    """What is wrong with a signature field."""

    LONG = "long"  # more octets or names than the limit
    TAGS = "tags"  # it is no tag=value list
    MISSING = "missing"  # a required tag is not there
    VERSION = "version"  # v= is not 1
    ALGORITHM = "algorithm"  # a= is none that is known
    FORM = "form"  # c= is none that is known
    QUERY = "query"  # q= has nothing that is known
    DOMAIN = "domain"  # d= or s= is no name
    IDENTITY = "identity"  # i= is no address or domain within d=
    HEADERS = "headers"  # h= is no list of names, or names the signature itself
    FROM = "from"  # h= leaves out From
    BASE64 = "base64"  # b= or bh= is no base64, empty, or of the wrong length
    NUMBER = "number"  # l=, t=, x= or i= is no number of the allowed range
    EXPIRY = "expiry"  # x= is not after t=


class SignatureFault(ValueError):
    """A field is no signature.  why: what is wrong.  tag: where; "" where that is not known."""

    def __init__(self, why: SignatureTrouble, tag: str = "") -> None:
        """Keep both."""
        self.why = why
        self.tag = tag
        super().__init__(f"{why}: {tag}=" if tag else str(why))


def read_tags(value: bytes) -> Mapping[str, str]:
    """Return the tags of a signature field; raises SignatureFault."""
    if len(value) > LONGEST_SIGNATURE:
        raise SignatureFault(SignatureTrouble.LONG)
    try:
        return parse_tags(value.decode("utf-8"), utf8=True)
    except TagFault as fault:
        raise SignatureFault(SignatureTrouble.TAGS, fault.name) from fault
    except UnicodeDecodeError:
        raise SignatureFault(SignatureTrouble.TAGS) from None


def required(tags: Mapping[str, str], name: str) -> str:
    """Return the value of a tag that MUST be there (RFC 6376 6.1.1)."""
    try:
        return tags[name]
    except KeyError:
        raise SignatureFault(SignatureTrouble.MISSING, name) from None


def algorithm_of(tags: Mapping[str, str]) -> Algorithm:
    """Return a=; an algorithm that is not known makes the signature one to be ignored (RFC 6376 3.3.4)."""
    algorithm = _ALGORITHMS.get(required(tags, "a").lower())
    if algorithm is None:
        raise SignatureFault(SignatureTrouble.ALGORITHM, "a")
    return algorithm


_ALGORITHMS = {str(algorithm): algorithm for algorithm in Algorithm}


def name_of(tags: Mapping[str, str], tag: str) -> str:
    """Return d= or s=: a domain name; a selector may be one label."""
    name = required(tags, tag)
    if len(name) > LONGEST_DOMAIN or not _is_name(name) or (tag == "d" and "." not in name):
        raise SignatureFault(SignatureTrouble.DOMAIN, tag)
    return name


_is_name = lru_cache(maxsize=1_024)(is_host_name)


def names_in(tags: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the names of h= in lower case."""
    # RFC 6376 3.5, h=: MUST NOT be empty.
    text = without_space(required(tags, "h")).lower()
    if not text.isascii():
        raise SignatureFault(SignatureTrouble.HEADERS, "h")
    names = tuple(text.encode("ascii").split(b":"))
    if len(names) > MOST_NAMES:
        raise SignatureFault(SignatureTrouble.LONG, "h")
    if b"" in names:
        raise SignatureFault(SignatureTrouble.HEADERS, "h")
    # RFC 6376 5.4: From MUST be signed; 6.1.1: a verifier MUST ignore a signature that leaves it out.
    if b"from" not in names:
        raise SignatureFault(SignatureTrouble.FROM, "h")
    return names


def octets_of(tags: Mapping[str, str], tag: str) -> bytes:
    """Return the octets of b= or bh=."""
    octets = decode_base64(required(tags, tag))
    if not octets or len(octets) > LONGEST_B:
        raise SignatureFault(SignatureTrouble.BASE64, tag)
    return octets


def body_hash_of(tags: Mapping[str, str]) -> bytes:
    """Return bh=, of 32 octets, or of 20 where the algorithm is the dead rsa-sha1."""
    body_hash = octets_of(tags, "bh")
    if len(body_hash) != (20 if tags.get("a", "").lower() == Algorithm.RSA_SHA1 else 32):
        raise SignatureFault(SignatureTrouble.BASE64, "bh")
    return body_hash


def number(tags: Mapping[str, str], tag: str, most_digits: int) -> int | None:
    """Return a decimal number; None where the tag is not there."""
    digits = tags.get(tag)
    if digits is None:
        return None
    if not (0 < len(digits) <= most_digits and digits.isascii() and digits.isdigit()):
        raise SignatureFault(SignatureTrouble.NUMBER, tag)
    return int(digits)


def time_of(tags: Mapping[str, str], tag: str) -> int | None:
    """Return t= or x=: seconds since 1970; None where the tag is not there."""
    return number(tags, tag, MOST_TIME_DIGITS)


def forms_of(tags: Mapping[str, str], default: str = "simple/simple") -> tuple[Form, Form]:
    """Return the forms of header and body (RFC 6376 3.5, c=); a body's form that is not said is simple."""
    forms = _FORMS.get(tags.get("c", default).lower())
    if forms is None:
        raise SignatureFault(SignatureTrouble.FORM, "c")
    return forms


_FORMS = {f"{header}/{body}": (header, body) for header in Form for body in Form} | {
    str(header): (header, Form.SIMPLE) for header in Form
}


def check_query(tags: Mapping[str, str]) -> None:
    """Raise SignatureFault where q= names no way to a key that is known."""
    # RFC 6376 3.5, q=: methods that are not known MUST be ignored; where none is known there is no way to a key.
    if "dns/txt" not in [method.strip(" \t").lower() for method in tags.get("q", "dns/txt").split(":")]:
        raise SignatureFault(SignatureTrouble.QUERY, "q")


def decode_quoted(value: str) -> bytes:
    """Return the octets of DKIM-Quoted-Printable (RFC 6376 2.11); a "=" without two hex digits stays."""
    first, *rest = without_space(value).split("=")
    out = [first.encode("utf-8")]
    for piece in rest:
        code = piece[:2]
        if len(code) == 2 and all(digit in "0123456789ABCDEFabcdef" for digit in code):
            out += (bytes((int(code, 16),)), piece[2:].encode("utf-8"))
        else:
            out.append(b"=" + piece.encode("utf-8"))
    return b"".join(out)


def encode_quoted(value: str) -> str:
    """Return a value as DKIM-Quoted-Printable (RFC 6376 2.11); characters beyond ASCII stay (RFC 8616 5)."""
    return "".join(char if char not in _UNSAFE else f"={ord(char):02X}" for char in value)


def encode_octets(octets: bytes) -> str:
    """Return octets as DKIM-Quoted-Printable, those beyond ASCII encoded too (RFC 6376 2.11)."""
    return "".join(_QUOTED[octet] for octet in octets)


_UNSAFE = frozenset(map(chr, (*range(33), 127))) | {";", "=", "|"}

_QUOTED = [chr(octet) if 33 <= octet < 127 and chr(octet) not in ";=|" else f"={octet:02X}" for octet in range(256)]

#: Columns of a folded line; RFC 5322 2.1.1 advises at most 78.
_COLUMNS = 76


def write_field(
    name: str, tags: Sequence[tuple[str, str]], headers: tuple[bytes, ...], body_hash: bytes, copied: str = ""
) -> bytes:
    """Return a signature field with an empty b=, folded, to be given to ``fill_in``.

    It has ``tags``, then h= and bh= where there are ``headers``, z= where something is ``copied``, then b= on a line
    of its own.
    """
    words = [f"{tag}={value};" for tag, value in tags]
    field = _folded(f"{name}: {words[0]}", words[1:], " ")
    if headers:
        field += "\r\n\t" + _folded_names(headers) + f"\r\n\tbh={b64encode(body_hash).decode('ascii')};"
    if copied:
        # White space inside z= does not count.
        text = f"z={copied};"
        lines = (text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS))
        field += "".join("\r\n\t" + line for line in lines)
    return field.encode("utf-8") + b"\r\n\tb="


@lru_cache(maxsize=64)
def _folded_names(headers: tuple[bytes, ...]) -> str:
    """Return h=, folded."""
    first, *names = b":".join(headers).decode("ascii").split(":")
    return _folded(f"h={first}", [f":{name}" for name in names], "") + ";"


def _folded(line: str, words: Sequence[str], gap: str) -> str:
    """Return ``line`` and the words behind it, parted by ``gap``, in lines of _COLUMNS where the words let them."""
    lines = []
    for word in words:
        if len(line) + len(gap) + len(word) > _COLUMNS:
            lines.append(line)
            line = word
        else:
            line += gap + word
    return "\r\n\t".join((*lines, line))


def fill_in(field: bytes, signature: bytes) -> bytes:
    """Return a field of ``write_field`` with the value of b=, folded, without the CRLF at its end."""
    text = b64encode(signature)
    first = _COLUMNS - 2
    return field + b"\r\n\t".join(
        (text[:first], *(text[at : at + _COLUMNS] for at in range(first, len(text), _COLUMNS)))
    )


def without_signature(raw: bytes) -> bytes:
    """Return a signature field with the value of its b= taken out, and nothing else changed (RFC 6376 3.5, 3.7)."""
    # A name stands once only; most signers write this one last.
    begin = raw.rfind(b";", 0, len(raw.rstrip(b"; \t\r\n"))) + 1
    if not begin or not _is_b(raw, begin, len(raw)):
        begin = raw.find(b":") + 1
    while begin < len(raw):
        end = raw.find(b";", begin)
        if end < 0:
            end = len(raw)
        if _is_b(raw, begin, end):
            return raw[: raw.find(b"=", begin) + 1] + raw[end:]
        begin = end + 1
    return raw


def _is_b(raw: bytes, begin: int, end: int) -> bool:
    """Tell whether the tag between two places is b=."""
    equals = raw.find(b"=", begin, end)
    return equals >= 0 and raw[begin:equals].strip(b" \t\r\n") == b"b"
