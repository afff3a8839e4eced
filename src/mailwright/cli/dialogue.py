"""A dialogue with a server for a person: who says what, when, and where it went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.cli.interface import _
from mailwright.cli.screen import Line
from mailwright.smtp.transcript import Direction, Entry, TlsFacts, Transcript

#: What stands before a line: ours, theirs, and what happened.
_SIGNS = {Direction.SENT: "→", Direction.RECEIVED: "←", Direction.NOTE: "·"}
#: Columns before the text of an entry: the seconds, the mark and the sign.
_MARGIN = 14
#: Lines of one entry that are shown; the file has them all.
MOST_LINES = 40


def entry_lines(entry: Entry, *, failed: bool = False) -> Iterator[Line]:
    """Yield the lines of one entry: seconds, who speaks, and the words; ``failed`` marks where it went wrong."""
    text = entry.text
    if entry.direction is Direction.SENT and entry.step == "message":
        note = _("message, {octets} octets").format(octets=entry.octets)
        text = f"{text}\n[{note}]" if text else f"[{note}]"
    first, *others = text.split("\n")
    style = "trouble" if failed else {Direction.SENT: "title", Direction.RECEIVED: ""}.get(entry.direction, "quiet")
    mark = "✗" if failed else " "
    yield Line(0, f"{entry.seconds:9.3f} {mark} {_SIGNS[entry.direction]} {first}", style, hanging=_MARGIN)
    for line in others[:MOST_LINES]:
        yield Line(0, f"{'':9} {mark} {_SIGNS[entry.direction]} {line}", style, hanging=_MARGIN)
    if len(others) > MOST_LINES:
        yield Line(_MARGIN, _("and {count} more").format(count=len(others) - MOST_LINES), "quiet")


def transcript_lines(transcript: Transcript) -> Iterator[Line]:
    """Yield a whole transcript: whom it is with, the dialogue, and what went wrong in the end."""
    where = f"{transcript.address}:{transcript.port}"
    name = f"{transcript.host} [{where}]" if transcript.host else where
    yield Line(0, f"{name}, {transcript.began:%Y-%m-%d %H:%M:%S %Z}", "source")
    if transcript.tls is not None:
        yield Line(0, tls_words(transcript.tls), "quiet")
    for number, entry in enumerate(transcript.entries):
        yield from entry_lines(entry, failed=number == transcript.failed)
    if transcript.trouble:
        yield Line(0, _("It failed here: {trouble}").format(trouble=transcript.trouble), "trouble")
    elif transcript.failed is not None:
        step = transcript.entries[transcript.failed].step
        yield Line(0, _("The server refused at the step {step}.").format(step=step), "trouble")
    else:
        yield Line(0, _("Nothing went wrong in this connection."), "fine")


def tls_words(tls: TlsFacts) -> str:
    """Return what TLS came to, in one line."""
    proof = _("certificate verified") if tls.verified else _("certificate not verified")
    subject = f" {tls.certificate.subject}" if tls.certificate else ""
    why = f" ({tls.why})" if tls.why else ""
    return f"{tls.version} {tls.cipher}, {proof}{subject}{why}"
