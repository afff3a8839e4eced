"""A Transcript as a JSON document, written and read (schemas/transcript.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from mailwright.smtp.transcript import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_ENTRIES,
    CertificateFacts,
    Direction,
    Entry,
    Step,
    TlsFacts,
    Transcript,
    cut,
)

#: Characters of a document that is read (own choice: every limit of a transcript used to the full fits in).
LONGEST_DOCUMENT = 64 * 1024 * 1024
#: Names of a certificate (own choice; certificates in use have up to some hundred).
MOST_NAMES = 1_000
_HIGHEST_PORT = 65_535
#: Seconds and octets that a transcript can hold (own choice: what a double holds exactly).
_HIGHEST_NUMBER = 2**53

_Enum = TypeVar("_Enum", bound=StrEnum)
_Value = TypeVar("_Value")


class TranscriptFault(ValueError):
    """A text is no transcript.  place: where, as in "entries[3].step"; "" for the whole."""

    def __init__(self, place: str, why: str) -> None:
        """Keep the place."""
        super().__init__(f"{place}: {why}" if place else why)
        self.place = place
        self.why = why


def transcript_json(transcript: Transcript) -> str:
    """Return the document, in one line."""
    tls = transcript.tls
    document = {
        "began": transcript.began.isoformat(),
        "local_name": _name(transcript.local_name),
        "host": _name(transcript.host),
        "address": _name(transcript.address),
        "port": transcript.port,
        "tls": None if tls is None else _tls_document(tls),
        "entries": [_entry_document(entry) for entry in transcript.entries[:MOST_ENTRIES]],
        "failed": transcript.failed,
        "trouble": _name(transcript.trouble),
    }
    return json.dumps(document, ensure_ascii=False)


def _name(text: str) -> str:
    return cut(text, LONGEST_NAME)


def _entry_document(entry: Entry) -> dict[str, Any]:
    return {
        "seconds": entry.seconds,
        "direction": entry.direction.value,
        "step": entry.step.value,
        "text": cut(entry.text, LONGEST_TEXT),
        "octets": entry.octets,
    }


def _tls_document(tls: TlsFacts) -> dict[str, Any]:
    certificate = tls.certificate
    return {
        "version": _name(tls.version),
        "cipher": _name(tls.cipher),
        "certificate": None
        if certificate is None
        else {
            "subject": _name(certificate.subject),
            "issuer": _name(certificate.issuer),
            "names": [_name(name) for name in certificate.names[:MOST_NAMES]],
            "not_before": certificate.not_before.isoformat(),
            "not_after": certificate.not_after.isoformat(),
        },
        "verified": tls.verified,
        "why": _name(tls.why),
    }


def parse_transcript(text: str) -> Transcript:
    """Return the Transcript that ``text`` is; raises TranscriptFault, which names the place, for anything else."""
    if len(text) > LONGEST_DOCUMENT:
        raise TranscriptFault("", f"more than {LONGEST_DOCUMENT} characters")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TranscriptFault("", f"this is no JSON: {str(error)[:LONGEST_NAME]}") from error
    fields = _Fields(document, "")
    transcript = Transcript(
        began=fields.moment("began"),
        local_name=fields.text("local_name"),
        host=fields.text("host"),
        address=fields.text("address"),
        port=int(fields.number("port", _HIGHEST_PORT, whole=True)),
        tls=fields.maybe("tls", _tls),
        entries=fields.each("entries", MOST_ENTRIES, _entry),
        failed=fields.maybe_count("failed"),
        trouble=fields.text("trouble"),
    )
    if transcript.failed is not None and transcript.failed >= len(transcript.entries):
        raise TranscriptFault("failed", "there is no such entry")
    return transcript


class _Fields:
    """An object of the document and the place where it stands."""

    def __init__(self, document: Any, place: str) -> None:
        if not isinstance(document, dict):
            raise TranscriptFault(place, "this must be an object")
        self._document = document
        self._place = place

    def where(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def get(self, name: str) -> Any:
        try:
            return self._document[name]
        except KeyError as error:
            raise TranscriptFault(self.where(name), "this is missing") from error

    def text(self, name: str, longest: int = LONGEST_NAME) -> str:
        return _checked_text(self.get(name), self.where(name), longest)

    def number(self, name: str, highest: int, *, whole: bool) -> float:
        value = self.get(name)
        is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        # Nothing is in the range that is not finite.
        if not is_number or not 0 <= value <= highest:
            raise TranscriptFault(self.where(name), f"this must be a number from 0 to {highest}")
        return float(value) if isinstance(value, float) else int(value)

    def maybe_count(self, name: str) -> int | None:
        return None if self.get(name) is None else int(self.number(name, _HIGHEST_NUMBER, whole=True))

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if not isinstance(value, bool):
            raise TranscriptFault(self.where(name), "this must be true or false")
        return value

    def word(self, name: str, words: type[_Enum]) -> _Enum:
        value = self.get(name)
        if not isinstance(value, str) or value not in tuple(words):
            raise TranscriptFault(self.where(name), f"this must be one of {', '.join(words)}")
        return words(value)

    def moment(self, name: str) -> datetime:
        text = self.text(name)
        try:
            moment = datetime.fromisoformat(text)
            if moment.utcoffset() is not None:
                return moment
        except (ValueError, OverflowError) as error:
            raise TranscriptFault(self.where(name), "this must be a date and time by ISO 8601") from error
        raise TranscriptFault(self.where(name), "this needs an offset from UTC")

    def maybe(self, name: str, reader: Callable[[_Fields], _Value]) -> _Value | None:
        value = self.get(name)
        return None if value is None else reader(_Fields(value, self.where(name)))

    def list(self, name: str, most: int) -> list[Any]:
        value = self.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise TranscriptFault(self.where(name), f"this must be a list of at most {most}")
        return value

    def each(self, name: str, most: int, reader: Callable[[_Fields], _Value]) -> tuple[_Value, ...]:
        where = self.where(name)
        return tuple(reader(_Fields(item, f"{where}[{index}]")) for index, item in enumerate(self.list(name, most)))


def _checked_text(value: Any, place: str, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise TranscriptFault(place, f"this must be a text of at most {longest} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TranscriptFault(place, "there is half a character in it") from error
    return value


def _entry(fields: _Fields) -> Entry:
    return Entry(
        seconds=float(fields.number("seconds", _HIGHEST_NUMBER, whole=False)),
        direction=fields.word("direction", Direction),
        step=fields.word("step", Step),
        text=fields.text("text", LONGEST_TEXT),
        octets=fields.maybe_count("octets"),
    )


def _tls(fields: _Fields) -> TlsFacts:
    return TlsFacts(
        version=fields.text("version"),
        cipher=fields.text("cipher"),
        certificate=fields.maybe("certificate", _certificate),
        verified=fields.flag("verified"),
        why=fields.text("why"),
    )


def _certificate(fields: _Fields) -> CertificateFacts:
    names = fields.list("names", MOST_NAMES)
    return CertificateFacts(
        subject=fields.text("subject"),
        issuer=fields.text("issuer"),
        names=tuple(
            _checked_text(name, fields.where(f"names[{index}]"), LONGEST_NAME) for index, name in enumerate(names)
        ),
        not_before=fields.moment("not_before"),
        not_after=fields.moment("not_after"),
    )
