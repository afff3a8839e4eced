"""Write the examples and their labels.

The reason comes from the lab's script.  ``reply_code`` and ``enhanced_status``
are kept only if they stand in the message, because a reader of the message
cannot know more; if the peer's reply had no enhanced status, the one that the
mail system itself wrote in the Status field is the label.
"""

from __future__ import annotations

import email
import json
import re
from email.message import Message
from pathlib import Path

from cases import Case, Expected, codes


def readable(raw: bytes) -> bytes:
    """The raw message and, behind it, its decoded parts."""
    texts = [raw]
    for part in email.message_from_bytes(raw).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            texts.append(payload)
    return b"\n".join(texts)


def report_fields(raw: bytes, recipient: str) -> Message | None:
    """The group of delivery-status fields about one recipient."""
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() not in (
            "message/delivery-status",
            "message/global-delivery-status",
        ):
            continue
        text = readable(part.as_bytes()).replace(b"\r\n", b"\n")
        for block in text.split(b"\n\n"):
            if b"final-recipient" in block.lower() and recipient.lower().encode() in block.lower():
                return email.message_from_bytes(block.lstrip(b"\n"))
    return None


def find_fields(raw: bytes, expected: Expected) -> Message | None:
    """The fields of a recipient; some systems give only the address before the alias."""
    found = report_fields(raw, expected.recipient)
    if found is None and expected.original:
        found = report_fields(raw, expected.original)
    return found


def stands(code: str | None, text: bytes) -> bool:
    """Whether a code stands in the text as a word of its own."""
    pattern = rb"(?<![\d.])" + re.escape((code or "-").encode()) + rb"(?![\d.]\d)"
    return code is not None and re.search(pattern, text) is not None


def action_is_failure(expected: Expected) -> bool:
    """Whether the recipient did not get the message, or not yet."""
    return expected.action in ("failed", "delayed")


def report(raw: bytes, expected: Expected) -> dict[str, object]:
    """The label of one recipient."""
    text = readable(raw)
    code, status = codes(expected.reply)
    code = code if stands(code, text) else None
    own = re.search(rb"(?m)^([45]\d\d) [45]\.\d+\.\d+ ", text)
    if own and not expected.reply and action_is_failure(expected):
        code = own.group(1).decode()  # a refusal of the mail system itself, in its transcript
    status = status if stands(status, text) else None
    fields = find_fields(raw, expected)
    stated = str(fields["Status"]).split()[0] if fields is not None and fields["Status"] else None
    status = status or stated
    # Some systems write "delivered" where they relayed: their own word is the label.
    written = str(fields["Action"]).split()[0] if fields is not None and fields["Action"] else None
    action = written.lower() if written else expected.action
    number = stated or status or code
    permanent: bool | None = number[0] == "5" if number else action == "failed"
    if action in ("delivered", "relayed", "expanded", None):
        permanent = None
    return {
        "recipient": expected.recipient,
        "original_recipient": expected.original,
        "reason": expected.reason,
        "permanent": permanent,
        "action": action,
        "reply_code": code,
        "enhanced_status": status,
    }


class Book:
    """Collect the examples of one mail system."""

    def __init__(self, out: Path, system: str, version: str) -> None:
        self.out, self.system, self.version = out, system, version
        self.lines: list[str] = []

    def add(self, case: Case, raw: bytes, made_by: str = "run") -> None:
        """Save one message, byte for byte, and its label.

        A report about some of several recipients is labelled with those only.
        """
        truth = case.truth()
        if len(truth) > 1 and b"delivery-status" in raw:
            truth = tuple(one for one in truth if find_fields(raw, one) is not None)
        name = f"{self.system}-{case.name}.eml"
        (self.out / name).write_bytes(raw)
        label = {
            "file": name,
            "system": self.system,
            "version": self.version,
            "made_by": made_by,
            "kind": case.kind,
            "reports": [report(raw, one) for one in truth],
        }
        self.lines.append(json.dumps(label, ensure_ascii=False))

    def close(self) -> None:
        """Write this system's labels beside its examples."""
        text = "".join(line + "\n" for line in self.lines)
        (self.out / f"{self.system}.labels").write_text(text, encoding="utf-8")
