"""What a message carries inside: a bounce forwarded as an attachment, forwarded inline, or quoted."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.explain.formats import formats
from mailwright.explain.normalise import normalise
from mailwright.mail.message import Message

#: Messages inside one message that are opened, at each depth; a forward carries one or a few.
MOST_INNER = 6

#: How many times a text may have been quoted.
DEEPEST_QUOTE = 5

#: Lines of a letter that are searched for the beginning of a forwarded message.
SEARCHED_LINES = 400

#: Characters of the longest field name that mail programs write over a forwarded message.
LONGEST_FIELD_NAME = 24


def inner_messages(message: Message) -> Iterator[Message]:
    """Yield the messages inside ``message``, each as if it had come alone; the caller bounds the depth."""
    attached = [part for part in message.parts if part.media_type in ("message/rfc822", "message/global")]
    for part in attached[:MOST_INNER]:
        yield Message.parse(part.decoded() if part.headers.get(b"content-transfer-encoding") else part.body)
    for part in message.parts:
        if part.media_type in ("text/plain", "text/html"):
            forwarded = forwarded_inline(part.text)
            if forwarded is not None:
                yield forwarded
            return


def forwarded_inline(text: str) -> Message | None:
    """Return the message that begins where a mail program wrote From and Subject over it; None where none does.

    Only a message whose From is a mail system's is returned: people forward ordinary mail too.
    """
    words = formats()
    lines = [_without_marks(line) for line in text.split("\n")[:SEARCHED_LINES]]
    for number, line in enumerate(lines):
        name, sender = _field(line)
        if name not in words.forward_from or "machine" not in words.sender.tags(normalise(sender)):
            continue
        head, rest = _header_block(lines, number)
        fields = [_field(other) for other in head]
        subject = next((value for field, value in fields if field in words.forward_subject), "")
        source = f"From: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n"
        return Message.parse((source + "\n".join(rest)).encode("utf-8", "replace"))
    return None


def _without_marks(line: str) -> str:
    """Return ``line`` without the marks of quoting before it; what the quoted line was indented by stays."""
    for _depth in range(DEEPEST_QUOTE):
        bare = line.lstrip()
        if bare[:1] not in _QUOTE_MARKS:
            break
        line = bare[1:].removeprefix(" ")
    return line.rstrip()


#: What mail programs put before quoted lines.
_QUOTE_MARKS = frozenset((">", "|", "\u200b"))


def unquote(text: str) -> str:
    """Return ``text`` without the ``> `` of a mail program where most of its lines have one, at any depth."""
    lines = text.split("\n")
    for _depth in range(DEEPEST_QUOTE):
        written = [line for line in lines if line.strip()]
        if not written or sum(line.lstrip().startswith(">") for line in written) * 2 < len(written):
            break
        lines = [line.lstrip()[1:].removeprefix(" ") if line.lstrip()[:1] == ">" else line for line in lines]
    return "\n".join(lines)


def _field(line: str) -> tuple[str, str]:
    """Return (name in matching form, value) of a line like ``*From:* Anna``; ("", "") for any other."""
    name, colon, value = line.replace("：", ":", 1).partition(":")
    if not colon or len(name) > LONGEST_FIELD_NAME:
        return "", ""
    return normalise(name).strip(), value.strip(" *\u00a0")


def _header_block(lines: list[str], number: int) -> tuple[list[str], list[str]]:
    """Return (fields, what follows) of the block around line ``number``: up to the first empty line after it."""
    begin = number
    while begin and lines[begin - 1].strip() and ":" in lines[begin - 1][:20]:
        begin -= 1
    end = number
    while end < len(lines) and lines[end].strip():
        end += 1
    return lines[begin:end], lines[end + 1 :]
