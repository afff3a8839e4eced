"""Mail addresses: where they stand in a text, and their two halves (RFC 5321 4.1.2, RFC 6531)."""

from __future__ import annotations

from typing import NamedTuple

#: Longest local part and domain (RFC 5321 4.5.3.1.1, 4.5.3.1.2), in octets; texts are cut to what these allow.
LONGEST_LOCAL_PART = 64
LONGEST_DOMAIN = 255

_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~."
_DOMAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"


class Found(NamedTuple):
    """An address in a text: text[begin:end] is what stands there, ``address`` is it without quirks."""

    begin: int
    end: int
    address: str


def find_addresses(text: str, most: int = 200) -> list[Found]:
    """Return up to ``most`` addresses in ``text``, in order; each "@" is looked at once, within the RFC's lengths."""
    found: list[Found] = []
    at = text.find("@")
    while at >= 0 and len(found) < most:
        begin = _local_begin(text, at)
        end = _domain_end(text, at)
        if begin < at and end > at + 1:
            found.append(Found(begin, end, text[begin:end]))
        at = text.find("@", max(at + 1, end))
    return found


def _local_begin(text: str, at: int) -> int:
    """Return where the local part before ``at`` begins; ``at`` itself where there is none."""
    if at and text[at - 1] == '"':
        opening = text.rfind('"', max(0, at - LONGEST_LOCAL_PART - 2), at - 1)
        return opening if opening >= 0 else at
    limit = max(0, at - LONGEST_DOMAIN)  # VERP and gateway addresses exceed 64 octets in practice
    # Runs of ASCII are stripped at once; characters beyond it are looked at one by one.
    begin = limit + len(text[limit:at].rstrip(_LOCAL))
    while begin > limit and text[begin - 1] > "\x7f" and _continues(text[begin - 1], text[begin]):
        begin = limit + len(text[limit : begin - 1].rstrip(_LOCAL))
    while begin < at and text[begin] in ".'*/=`|#-":
        begin += 1
    return begin


def _domain_end(text: str, at: int) -> int:
    """Return where the domain after ``at`` ends; ``at`` + 1 where there is none."""
    if text[at + 1 : at + 2] == "[":
        closing = text.find("]", at + 2, at + 60)
        return closing + 1 if closing >= 0 else at + 1
    limit = min(len(text), at + 1 + LONGEST_DOMAIN)
    end = limit - len(text[at + 1 : limit].lstrip(_DOMAIN))
    while end < limit and text[end] > "\x7f" and _continues(text[end], text[end - 1]):
        end = limit - len(text[end + 1 : limit].lstrip(_DOMAIN))
    while end > at + 1 and text[end - 1] in "._-":
        end -= 1
    return end


def _continues(char: str, neighbour: str) -> bool:
    """Tell whether ``char`` carries on an internationalised address (RFC 6531) from the character beside it.

    Letters beyond ASCII do, but for scripts without spaces right beside ASCII letters or digits: there a sentence
    begins or ends (``您发送到anna@example.com的邮件``).
    """
    if char <= "\x7f" or not char.isalnum():
        return False
    return char < UNSPACED or not (neighbour.isascii() and neighbour.isalnum())


#: Hangul and CJK: scripts whose words stand beside an address without a space.
UNSPACED = "\u1100"


def clean_address(text: str) -> str:
    """Return ``text`` without brackets, quotes, "rfc822;" or "smtp:" prefixes and trailing dots around the address."""
    address = text.strip()
    kind, separator, rest = address.partition(";")
    if separator and "@" not in kind:
        address = rest.strip()
    if "@" in address:
        found = find_addresses(address, 1)
        if found:
            return found[0].address
    return address.strip("<>\"' \t.")


def domain_of(address: str) -> str | None:
    """Return the domain of ``address`` in lower case; None where it has none."""
    domain = address.rpartition("@")[2] if "@" in address else ""
    return domain.lower() or None
