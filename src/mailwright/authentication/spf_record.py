"""SPF records (RFC 7208 4.5, 4.6, 5, 6, 12): text in, typed terms out, and back.

The grammar is held strictly and to the record's end: RFC 7208 4.6 wants a syntax error anywhere to be found.  Names of
mechanisms and modifiers are case-insensitive.  Nothing is looked up here, and no macro is filled in.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

from mailwright.authentication.spf_macros import VISIBLE, MacroString, SpfSyntaxFault, parse_macro_string
from mailwright.authentication.spf_terms import (
    VERSION,
    A,
    All,
    Exists,
    Exp,
    Include,
    Ip4,
    Ip6,
    Mechanism,
    Modifier,
    Mx,
    Ptr,
    Qualifier,
    Redirect,
    SpfRecord,
    Term,
    UnknownModifier,
)

#: Characters of a record: sixteen times the answer that RFC 7208 3.4 wants it to fit into.  DNS carries eight times as
#: many, of which reading costs a third of a second; such a record is a permerror.
LONGEST_RECORD = 8_192
#: Records that stay parsed, and the characters of the longest of them: hostile ones cost some 50 MB at most.
REMEMBERED = 1_024
LONGEST_REMEMBERED = 1_000

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_ALPHANUM = _LETTERS | _DIGITS
#: RFC 7208 12: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
_NAME = _ALPHANUM | frozenset("-_.")
_QUALIFIERS = {qualifier.value: qualifier for qualifier in Qualifier}


def is_record(octets: bytes) -> bool:
    """Tell whether a TXT record, its strings joined, is meant as an SPF record.

    RFC 7208 4.5: it begins with exactly "v=spf1" (in any case of letters), ended by a space or the end of the record.
    """
    return octets[:6].lower() == b"v=spf1" and octets[6:7] in (b"", b" ")


def parse_record(text: str) -> SpfRecord:
    """Return the record that ``text`` is.  Raises SpfSyntaxFault.

    RFC 7208 4.5, 12: record = version terms *SP; terms = *( 1*SP ( directive / modifier ) ).
    """
    if len(text) <= LONGEST_REMEMBERED:
        return _parse_remembered(text)
    if len(text) > LONGEST_RECORD:
        raise SpfSyntaxFault(LONGEST_RECORD, "long")
    return _parse(text)


def _parse(text: str) -> SpfRecord:
    if text[:6].lower() != VERSION or text[6:7] not in ("", " "):
        raise SpfSyntaxFault(0, "version")
    terms: list[Term] = []
    words: list[str] = []
    once: set[type] = set()
    place = 6
    # RFC 7208 4.6: syntax errors anywhere in the record MUST be detected, so nothing ends this loop early.
    for word in text[6:].split(" "):
        if word:
            term = _term(word, place)
            if isinstance(term, Redirect | Exp):
                # RFC 7208 6: redirect and exp MUST NOT appear in a record more than once each.
                if type(term) in once:
                    raise SpfSyntaxFault(place, "duplicate")
                once.add(type(term))
            terms.append(term)
            words.append(word)
        place += len(word) + 1
    return SpfRecord(tuple(terms), tuple(words))


_parse_remembered = lru_cache(maxsize=REMEMBERED)(_parse)


def _term(word: str, place: int) -> Term:
    """Return the term that ``word``, standing at ``place``, is.

    RFC 7208 4.6.1: a modifier has "=" right after its name, before any ":" or "/"; all else is a directive.
    """
    end = next((index for index, char in enumerate(word) if char in "=:/"), len(word))
    if word[end : end + 1] == "=":
        return _modifier(word[:end], word[end + 1 :], place)
    # RFC 7208 4.6.1: directive = [ qualifier ] mechanism; qualifier = "+" / "-" / "?" / "~"
    qualifier = _QUALIFIERS.get(word[0])
    begin = 0 if qualifier is None else 1
    return _mechanism(qualifier or Qualifier.PASS, word[begin:end].lower(), word[end:], place + end)


def _modifier(name: str, value: str, place: int) -> Modifier:
    """RFC 7208 6: redirect = "redirect" "=" domain-spec; explanation = "exp" "=" domain-spec; others: macro-string."""
    after = place + len(name) + 1
    match name.lower():
        case "redirect":
            return Redirect(parse_domain_spec(value, after))
        case "exp":
            return Exp(parse_domain_spec(value, after))
        case _:
            return _unknown_modifier(name, value, place)


def _unknown_modifier(name: str, value: str, place: int) -> UnknownModifier:
    """RFC 7208 12: unknown-modifier = name "=" macro-string."""
    after = place + len(name) + 1
    if name[:1] not in _LETTERS or not _NAME.issuperset(name):
        raise SpfSyntaxFault(place, "modifier")
    # RFC 7208 6: unrecognized modifiers MUST be ignored; their syntax is checked all the same, with every macro letter.
    return UnknownModifier(name, parse_macro_string(value, after, explanation=True))


def _mechanism(qualifier: Qualifier, name: str, rest: str, place: int) -> Mechanism:
    """Return the mechanism ``name`` with ``rest`` after the name, standing at ``place``.

    all = "all"; include = "include" ":" domain-spec; exists = "exists" ":" domain-spec;
    ptr = "ptr" [ ":" domain-spec ]; a = "a" [ ":" domain-spec ] [ dual-cidr-length ]; mx likewise;
    ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ]; ip6 likewise.
    """
    match name:
        case "all":
            if rest:
                raise SpfSyntaxFault(place, "argument")
            return All(qualifier)
        case "include":
            return Include(qualifier, _required(rest, place))
        case "exists":
            return Exists(qualifier, _required(rest, place))
        case "ptr":
            return Ptr(qualifier, _required(rest, place) if rest else None)
        case "a" | "mx":
            kind = A if name == "a" else Mx
            return kind(qualifier, *_domain_and_prefixes(rest, place))
        case "ip4":
            return Ip4(qualifier, _ip4_network(rest, place))
        case "ip6":
            return Ip6(qualifier, _ip6_network(rest, place))
        case _:
            raise SpfSyntaxFault(place - len(name), "mechanism")


def _required(rest: str, place: int) -> MacroString:
    """Return the domain-spec of ":" domain-spec."""
    if rest[:1] != ":":
        raise SpfSyntaxFault(place, "empty" if not rest else "domain")
    return parse_domain_spec(rest[1:], place + 1)


def parse_domain_spec(text: str, place: int = 0) -> MacroString:
    """Return ``text`` as a domain-spec.  place: where it stands in what is read, for the fault.  Raises SpfSyntaxFault.

    RFC 7208 7.1: domain-spec = macro-string domain-end; domain-end = ( "." toplabel [ "." ] ) / macro-expand.
    """
    if not text:
        raise SpfSyntaxFault(place, "empty")
    spec = parse_macro_string(text, place)
    if spec.ends_in_macro:
        return spec
    _, dot, toplabel = text.removesuffix(".").rpartition(".")
    if not dot or not _is_toplabel(toplabel):
        raise SpfSyntaxFault(place, "domain")
    return spec


def _is_toplabel(label: str) -> bool:
    """Tell whether ``label`` can stand last in a domain-spec.

    RFC 7208 7.1: toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum ):
    letters, digits and inner hyphens, not digits alone.
    """
    if not label or label[0] == "-" or label[-1] == "-":
        return False
    return _ALPHANUM.issuperset(label.replace("-", "")) and not _DIGITS.issuperset(label)


def _domain_and_prefixes(rest: str, place: int) -> tuple[MacroString | None, int, int]:
    """Return the parts of [ ":" domain-spec ] [ dual-cidr-length ].

    RFC 7208 5.6: dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ].  A domain-spec may hold "/" but cannot
    end in a "/" and digits, so the lengths are read from the right.
    """
    before, prefix6 = _cut_prefix(rest, "//", 128, place)
    before, prefix4 = _cut_prefix(before, "/", 32, place)
    if not before:
        return None, prefix4, prefix6
    return _required(before, place), prefix4, prefix6


def _cut_prefix(text: str, slashes: str, most: int, place: int) -> tuple[str, int]:
    """Return ``text`` without the prefix length after ``slashes`` at its end, and the length, ``most`` where none is.

    RFC 7208 5.6: ip4-cidr-length = "/" ( "0" / %x31-39 0*1DIGIT ); ip6-cidr-length = "/" ( "0" / %x31-39 0*2DIGIT ).
    """
    before = text.rstrip("0123456789")
    if len(before) == len(text) or not before.endswith(slashes):
        return text, most
    return before[: -len(slashes)], _prefix(text[len(before) :], most, place + len(before))


def _prefix(digits: str, most: int, place: int) -> int:
    """Return the prefix length that ``digits`` are: 0 to ``most``, without leading zeros."""
    if len(digits) > 3 or (digits[0] == "0" and digits != "0") or int(digits) > most:
        raise SpfSyntaxFault(place, "prefix")
    return int(digits)


def _ip4_network(rest: str, place: int) -> IPv4Network:
    """RFC 7208 5.6: ip4-network = qnum "." qnum "." qnum "." qnum, all four, without leading zeros."""
    address, prefix = _cut_prefix(rest, "/", 32, place)
    try:
        number = int(IPv4Address(_after_colon(address, place)))
    except AddressValueError:
        raise SpfSyntaxFault(place + 1, "address") from None
    return IPv4Network((number >> 32 - prefix << 32 - prefix, prefix))


def _ip6_network(rest: str, place: int) -> IPv6Network:
    """RFC 7208 5.6: ip6-network = <as per RFC 4291 2.2>."""
    address, prefix = _cut_prefix(rest, "/", 128, place)
    text = _after_colon(address, place)
    if "%" in text:
        # A zone index (RFC 4007) is nothing that another machine could read.
        raise SpfSyntaxFault(place + 1, "address")
    try:
        number = int(IPv6Address(text))
    except AddressValueError:
        raise SpfSyntaxFault(place + 1, "address") from None
    return IPv6Network((number >> 128 - prefix << 128 - prefix, prefix))


def _after_colon(text: str, place: int) -> str:
    """Return what follows the ":" that must stand first."""
    if text[:1] != ":" or len(text) == 1:
        raise SpfSyntaxFault(place, "empty" if text in ("", ":") else "address")
    if not VISIBLE.issuperset(text):
        raise SpfSyntaxFault(place, "character")
    return text[1:]
