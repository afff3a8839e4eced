"""Quoted replies: the words of the refusing server inside what others say around them.

In nested reports the innermost reply is the cause; the wrapper is evidence of who gave up.
"""

from __future__ import annotations

from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from mailwright.mail.codes import find_status, is_reply_code
from mailwright.mail.decoding import lower_in_place

#: What stands before somebody else's words; searched case-blind in lower-cased text.  "{LED=" (last error detail) is
#: Exchange's.
_MARKERS = AhoCorasick([
    "said: ", "said:\n", "remote host said:", "remote server returned ", " returned '", ' returned "', "replied: ",
    "responded: ", "responded with: ", "response was:", "response from the remote server was:", "{led=",
    "error message: ", "following error: ", "error from remote mail server", "smtp error from remote", "<<< ",
    "error was:", "answered: ", "server response:", "reply was:", "error returned was:", "reason: ", "reason:\n",
    "diagnostic code: ", "response: ", "rejected with: ", "host responded:", "message was: ", "smtp; ", "-> ", "... ",
])  # fmt: skip

#: Lines that end a quoted reply.
_ENDS = (
    "giving up", "i'm not going to try", "(in reply to", "(in response to", ">>> ", "[rcpt_to]", "[mail_from]",
    "[data]", "reporting-mta:", "final-recipient:", "message headers", "----", "====", "####", "*****", "____",
    "for further assistance", "for more information", "please do not reply", "original message",
)  # fmt: skip

#: Longest reply kept, in characters; RFC 5321 4.5.3.1.5 allows 512 octets a line, replies of twenty lines are known.
LONGEST_REPLY = 2_000


class Quoted(NamedTuple):
    """A reply as quoted: its words in one line, and the host that is said to have spoken them (None: not said)."""

    text: str
    host: str | None


def quoted_reply(text: str) -> Quoted | None:
    """Return the innermost reply that ``text`` quotes; None where no line looks like one."""
    lines = text[: LONGEST_REPLY * 4].split("\n")
    bare: Quoted | None = None
    for number, line in enumerate(lines):
        if "5" not in line and "4" not in line:
            continue
        begin = reply_begin(line)
        if begin is not None and not _is_success(line[begin : begin + 3]):
            reply = _with_continuations(lines, number, begin)
            quoted = Quoted(innermost(reply), find_host(text[: LONGEST_REPLY * 2]))
            if any(char.isalpha() for char in quoted.text):
                return quoted
            # A code without words: the words may be quoted further down.
            bare = bare or quoted
    return bare


def _is_success(code: str) -> bool:
    return code[:1] == "2" and is_reply_code(code)


def reply_begin(line: str) -> int | None:
    """Return where a reply begins in ``line``: at its code, at the line's start or after a marker; None for none."""
    stripped = line.lstrip(" \t>|*(\"'[-#")
    if is_reply_code(stripped[:3]) and not stripped[3:4].isalnum() and stripped[3:4] not in (".", ""):
        return len(line) - len(stripped)
    for before in (
        ": ",
        "; ",
        "<<< ",
        ">>> ",
        "'",
        '"',
        "[",
        "(",
        "said:",
        ", ",
        " :",
        "code ",
        "Code ",
        "<",
        "error ",
    ):
        at = line.find(before)
        while at >= 0:
            begin = at + len(before)
            while line[begin : begin + 1] == " ":
                begin += 1
            if is_reply_code(line[begin : begin + 3]) and line[begin + 3 : begin + 4] in (" ", "-", "#", ":", ","):
                return begin
            at = line.find(before, begin)
    return None


def _with_continuations(lines: list[str], number: int, begin: int) -> str:
    """Return the reply that begins in a line with the lines that carry it on."""
    code = lines[number][begin : begin + 3]
    kept = [lines[number][begin:].strip()]
    size = len(kept[0])
    for line in lines[number + 1 :]:
        stripped = _without_mark(line.strip())
        if not stripped or stripped.lower().startswith(_ENDS) or size > LONGEST_REPLY:
            break
        if is_reply_code(stripped[:3]) and stripped[:3] != code:
            break
        kept.append(stripped)
        size += len(stripped)
    joined = " ".join(kept)
    # Postfix names the command behind the reply; it is not the peer's word.
    return (
        joined[: joined.rfind(" (in reply to ")]
        if joined.endswith("command)") and " (in reply to " in joined
        else joined
    )


def _without_mark(line: str) -> str:
    """Return ``line`` without the "<<<" or "|" of a dialogue; "<anna@example.com>" keeps its bracket."""
    words = line.lstrip("<>|")
    return words.strip() if words[:1] in ("", " ") or is_reply_code(words[:3]) else line


def innermost(reply: str) -> str:
    """Return the part of ``reply`` after the last marker that a reply code follows; ``reply`` where none does."""
    best = begin = 0
    for _, _, end in _MARKERS.find_matches_as_indexes(lower_in_place(reply), overlapping=True):
        # Never back to what was skipped for the marker before: "<<< <<< <<<" is gone through once.
        begin = max(begin, end)
        while begin < len(reply) and reply[begin] in " '\"([<":
            begin += 1
        if begin > best and is_reply_code(reply[begin : begin + 3]):
            best = begin
    best = max(best, _code_pair(reply))
    return reply[best:][:LONGEST_REPLY] if best else reply[:LONGEST_REPLY]


def _code_pair(reply: str) -> int:
    """Return where a reply in brackets or quotes begins inside another, as in "… <421 4.4.2 …"; 0 where none does."""
    status = find_status(reply)
    at = reply.find(status) + len(status) if status else 0
    while status and (status := find_status(reply, at)) is not None:
        at = reply.find(status, at)
        lead = reply[max(0, at - 6) : at]
        code = lead.rstrip("'\"(< -#")
        begin = at - len(lead) + len(code) - 3
        opened = begin > 0 and (reply[begin - 1] in "<('\"[" or (reply[begin - 1] == " " and reply[at - 1] in "'\"(<"))
        if opened and is_reply_code(code[-3:]) and code[-3] == status[0]:
            return begin
        at += len(status)
    return 0


def find_host(text: str) -> str | None:
    """Return the host that is said to have spoken: the name before "[IP]", or after "host", "to" or "talking to"."""
    bracket = text.find("[")
    while bracket >= 0:
        inside = text[bracket + 1 : bracket + 2]
        if (
            inside.isdigit()
            or text[bracket + 1 : bracket + 6].lower() == "ipv6:"
            or ":" in text[bracket + 1 : bracket + 6]
        ):
            name = text[max(0, bracket - 256) : bracket].rstrip().rsplit(None, 1)[-1:] or [""]
            if _is_host(name[0].strip("<(")):
                return name[0].strip("<(").rstrip(".")
        bracket = text.find("[", bracket + 1)
    lowered = lower_in_place(text)
    for before in ("talking to ", "host ", "connect to ", "connection to ", "server ", "by "):
        at = lowered.find(before)
        while at >= 0:
            name = text[at + len(before) : at + len(before) + 256].split(None, 1)[:1] or [""]
            host = name[0].strip("<>()[]'\",;:").rstrip(".")
            if _is_host(host):
                return host
            at = lowered.find(before, at + 1)
    return None


def _is_host(name: str) -> bool:
    """Tell whether ``name`` can be a host name: dots, no "@", a last label with letters."""
    last = name.rstrip(".").rpartition(".")[2]
    return (
        "." in name
        and "@" not in name
        and "/" not in name
        and last.isalpha()
        and 2 <= len(last) <= 24
        and len(name) <= 255
    )


def find_step(text: str) -> str | None:
    """Return the command that was answered ("connect", "ehlo", "mail", "rcpt", "data", "auth"); None where not said."""
    found = [place[0] for place in _STEP_WORDS.find_matches_as_indexes(text.upper(), overlapping=True)]
    return _STEPS[min(found)][1] if found else None


#: How mail systems name the command, the exact forms before those that may stand for something else.
_STEPS = (
    ("IN REPLY TO RCPT TO", "rcpt"), ("IN REPLY TO END OF DATA", "data"), ("IN REPLY TO DATA", "data"),
    ("IN REPLY TO MAIL FROM", "mail"), ("IN REPLY TO EHLO", "ehlo"), ("IN REPLY TO HELO", "ehlo"),
    ("AFTER RCPT TO", "rcpt"), ("AFTER END OF DATA", "data"), ("AFTER DATA", "data"), ("AFTER MAIL FROM", "mail"),
    ("AFTER INITIAL CONNECTION", "connect"), ("DOES NOT LIKE RECIPIENT", "rcpt"), ("SENDER WAS REJECTED", "mail"),
    ("FAILED ON DATA COMMAND", "data"), ("FAILED AFTER I SENT THE MESSAGE", "data"), ("GREETING FAILED", "connect"),
    ("DID NOT LIKE OUR RCPT", "rcpt"), ("DID NOT LIKE OUR MAIL", "mail"), ("DID NOT LIKE OUR DATA", "data"),
    ("DID NOT LIKE OUR FINAL DATA", "data"), ("[RCPT_TO]", "rcpt"), ("[MAIL_FROM]", "mail"), ("SMTP:RCPT", "rcpt"),
    (">>> RCPT", "rcpt"), (">>> MAIL", "mail"), (">>> DATA", "data"), (">>> EHLO", "ehlo"), (">>> .", "data"),
    ("RCPT TO", "rcpt"), ("MAIL FROM", "mail"),
)  # fmt: skip
_STEP_WORDS = AhoCorasick([words for words, _ in _STEPS])
